//! Writing files from rows as they arrive.

use crate::common::draw;

use impasto::picture::{Depth, EncodeOptions, Format, Limits, SaveOptions, Target, Writer};
use impasto::{ErrorKind, Picture};

const FORMATS: [(Format, &str); 4] =
    [(Format::Jpeg, "a.jpg"), (Format::Png, "a.png"), (Format::WebP, "a.webp"), (Format::Tiff, "a.tif")];

/// Opaque and transparent, with one and with several strips and bands.
fn pictures() -> Vec<Picture> {
    let sizes = [(1, 1), (67, 93), (300, 700)];
    let opaque: Vec<Picture> = sizes.iter().map(|&(width, height)| draw::smooth(width, height)).collect();
    let alpha = |n: usize| (0..n).map(|i| (i % 17) as f32 / 16.0).collect();
    let transparent = opaque.iter().map(|p| p.clone().with_alpha(alpha(p.width() * p.height())).unwrap()).collect::<Vec<_>>();
    opaque.into_iter().chain(transparent).collect()
}

fn give(writer: &mut Writer, picture: &Picture, rows: usize, until: usize) -> impasto::Result<()> {
    let width = picture.width();
    for start in (0..until).step_by(rows) {
        let end = (start + rows).min(until);
        let alpha = picture.alpha().map(|alpha| &alpha[start * width..end * width]);
        writer.write(&picture.rgb()[start * width * 3..end * width * 3], alpha)?;
    }
    Ok(())
}

fn writer(target: Option<Target>, format: Format, options: &EncodeOptions, picture: &Picture) -> Writer {
    let size = [picture.width(), picture.height()];
    Writer::new(target, format, options, size, (picture.source(), picture.alpha().is_some())).unwrap()
}

#[test]
fn the_file_is_that_of_the_whole_picture() {
    let folder = tempfile::tempdir().unwrap();
    for picture in pictures() {
        for (format, name) in FORMATS {
            for depth in [Depth::Eight, Depth::Sixteen] {
                let options = EncodeOptions::default().depth(depth);
                if options.check(format).is_err() {
                    continue;
                }
                let expected = picture.encode(format, &options).unwrap();
                for rows in [1, 10, 64, 1000] {
                    let path = folder.path().join(name);
                    let mut writer = writer(Some(Target::new(&path, true).unwrap()), format, &options, &picture);
                    assert_eq!(writer.warnings(), expected.warnings);
                    give(&mut writer, &picture, rows, picture.height()).unwrap();
                    writer.finish().unwrap();
                    let found = std::fs::read(&path).unwrap();
                    assert!(found == expected.bytes, "{format} {depth:?} {}×{}, {rows} rows", picture.width(), picture.height());
                }
                let size = [picture.width(), picture.height()];
                let like = (picture.source(), picture.alpha().is_some());
                let mut writer = Writer::in_memory(1 << 24, format, &options, size, like).unwrap();
                give(&mut writer, &picture, 10, picture.height()).unwrap();
                assert!(writer.finish_bytes().unwrap() == expected.bytes, "{format} {depth:?} in memory");
                // If nothing is lost, it is the same picture.
                if format == Format::Jpeg {
                    continue;
                }
                let back = Picture::decode(&expected.bytes, &Limits::default()).unwrap();
                let step = if depth == Depth::Sixteen { 65535.0 } else { 255.0 };
                let visible = |i: usize| picture.alpha().is_none_or(|alpha| alpha[i / 3] > 0.0);
                for (i, (a, b)) in back.rgb().iter().zip(picture.rgb()).enumerate().filter(|(i, _)| visible(*i)) {
                    assert!((a - b).abs() <= 0.51 / step, "{format} {depth:?} at {i}: {a} for {b}");
                }
            }
        }
    }
}

#[test]
fn what_is_not_finished_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let picture = draw::smooth(300, 700);
    for (format, name) in FORMATS {
        for until in [0, 1, 300, 699] {
            let target = Target::new(folder.path().join(name), false).unwrap();
            let mut writer = writer(Some(target), format, &EncodeOptions::default(), &picture);
            give(&mut writer, &picture, 50, until).unwrap();
            if until == 300 {
                drop(writer);
            } else {
                assert_eq!(writer.finish().unwrap_err().kind(), ErrorKind::InvalidArgument);
            }
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{format} after {until} rows");
        }
    }
}

#[test]
fn an_old_file_lives_until_the_new_one_is_complete() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    let (old, new) = (draw::smooth(9, 9), draw::smooth(40, 50));
    old.save(&path, &SaveOptions::default()).unwrap();
    let before = std::fs::read(&path).unwrap();
    let mut writer = writer(Some(Target::new(&path, true).unwrap()), Format::Png, &EncodeOptions::default(), &new);
    give(&mut writer, &new, 20, 50).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), before);
    writer.finish().unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), new.encode(Format::Png, &EncodeOptions::default()).unwrap().bytes);
}

#[test]
fn rows_that_cannot_be_are_refused() {
    let picture = draw::smooth(30, 20);
    let mut out = Vec::new();
    let mut one = writer(None, Format::Tiff, &EncodeOptions::default(), &picture);
    give(&mut one, &picture, 7, 20).unwrap();
    assert_eq!(one.write(&picture.rgb()[..90], None).unwrap_err().kind(), ErrorKind::InvalidArgument);
    one.finish_to(&mut out).unwrap();
    assert_eq!(out, picture.encode(Format::Tiff, &EncodeOptions::default()).unwrap().bytes);
    let mut one = writer(None, Format::Jpeg, &EncodeOptions::default(), &picture);
    assert_eq!(one.write(&[f32::NAN; 90], None).unwrap_err().kind(), ErrorKind::Malformed);
    let too_wide = Writer::new(None, Format::WebP, &EncodeOptions::default(), [20_000, 1], (picture.source(), false));
    let mut too_wide = too_wide.unwrap();
    let told = too_wide.write(&vec![0.5; 60_000], None).and_then(|()| too_wide.finish());
    assert_eq!(told.unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
fn a_file_in_memory_stays_within_its_bytes() {
    let picture = draw::smooth(300, 200);
    for (format, _) in FORMATS {
        let like = (picture.source(), false);
        let mut writer = Writer::in_memory(200, format, &EncodeOptions::default(), [300, 200], like).unwrap();
        let told = give(&mut writer, &picture, 10, 200).and_then(|()| writer.finish_bytes().map(drop));
        assert_eq!(told.map_err(|e| e.kind()), Err(ErrorKind::TooLarge), "{format}");
    }
}
