//! Writing: round trips, rounding, files that appear whole.

use crate::common::draw;

use std::fs;
use std::path::Path;

use draw::{Png, decode, distance, rgb8, rgb16, smooth};
use impasto::ErrorKind;
use impasto::picture::{Depth, EncodeOptions, Format, Limits, Picture, SaveOptions, Target};

const LOSSLESS: [Format; 3] = [Format::Png, Format::WebP, Format::Tiff];

fn options() -> EncodeOptions {
    EncodeOptions::default()
}

#[test]
fn eight_bits_come_back() {
    let pixels = rgb8(37, 23);
    let alpha: Vec<f32> = (0..37 * 23).map(|i| (1 + i % 255) as f32 / 255.0).collect();
    for format in LOSSLESS {
        let opaque = Picture::from_rgb8([37, 23], &pixels).unwrap();
        let back = decode(&opaque.encode(format, &options()).unwrap().bytes);
        assert!(back.to_rgb8().unwrap() == pixels, "{format}");
        assert!(back.alpha().is_none() && back.source().format == Some(format));
        let clear = opaque.with_alpha(alpha.clone()).unwrap();
        let back = decode(&clear.encode(format, &options()).unwrap().bytes);
        assert!(back.to_rgba8().unwrap() == clear.to_rgba8().unwrap(), "{format}");
    }
}

#[test]
fn sixteen_bits_come_back() {
    let values = rgb16(19, 13);
    let floats: Vec<f32> = values.iter().map(|&v| f32::from(v) / 65535.0).collect();
    let alpha: Vec<f32> = (0..19 * 13).map(|i| (1 + i * 211) as f32 / 65535.0).collect();
    for format in [Format::Png, Format::Tiff] {
        for with_alpha in [false, true] {
            let mut picture = Picture::from_rgb_f32([19, 13], floats.clone()).unwrap();
            if with_alpha {
                picture = picture.with_alpha(alpha.clone()).unwrap();
            }
            let back = decode(&picture.encode(format, &options().depth(Depth::Sixteen)).unwrap().bytes);
            assert!(back.to_rgb16().unwrap() == values, "{format}");
            assert_eq!(back.alpha().is_some(), with_alpha);
            assert!(back.alpha().is_none_or(|a| distance(a, &alpha) < 1e-3));
            // A 16-bit source is written at 16 bits, an 8-bit one at 8, unless requested otherwise.
            let again = decode(&back.encode(format, &options()).unwrap().bytes);
            assert_eq!((again.source().bit_depth, again.to_rgb16().unwrap()), (16, values.clone()));
            let less = decode(&back.encode(format, &options().depth(Depth::Eight)).unwrap().bytes);
            assert_eq!(less.source().bit_depth, 8);
        }
    }
    let error = smooth(4, 4).encode(Format::Jpeg, &options().depth(Depth::Sixteen)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
}

#[test]
fn jpeg_is_close_and_keeps_colour_edges() {
    let picture = smooth(90, 70);
    let close = |quality: u8| {
        let bytes = picture.encode(Format::Jpeg, &options().quality(quality)).unwrap().bytes;
        (bytes.len(), distance(decode(&bytes).rgb(), picture.rgb()))
    };
    let ((small, rough), (large, fine)) = (close(30), close(100));
    // libjpeg-turbo's numbers for this picture are 3.50 at 100, 3.83 at 95, 16.39 at 30: most of it is YCbCr's
    // rounding.
    assert!(fine < 4.0 && close(95).1 < 5.0 && small < large && rough > fine, "{fine} {rough} {small} {large}");
    // Red beside blue, one pixel each: subsampled chroma would make both purple.
    let edge = Picture::from_rgb8([32, 32], &[[255, 0, 0], [0, 0, 255]].concat().repeat(512)).unwrap();
    let back = decode(&edge.encode(Format::Jpeg, &options().quality(100)).unwrap().bytes);
    assert!(distance(back.rgb(), edge.rgb()) < 8.0, "{}", distance(back.rgb(), edge.rgb()));
    for quality in [0, 101] {
        let error = picture.encode(Format::Jpeg, &options().quality(quality)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    }
}

#[test]
fn jpeg_puts_transparency_on_white() {
    let picture = Picture::from_rgb_f32([16, 16], vec![0.0; 768]).unwrap().with_alpha(vec![0.25; 256]).unwrap();
    let encoded = picture.encode(Format::Jpeg, &options()).unwrap();
    assert!(encoded.warnings[0].contains("white"));
    assert!(distance(decode(&encoded.bytes).rgb(), &[0.75; 768]) < 2.0);
    assert!(picture.encode(Format::Png, &options()).unwrap().warnings.is_empty());
}

/// Values are rounded to nearest, not down, and clamped to the range. NaN is an error.
#[test]
fn values_are_rounded_clamped_and_checked() {
    let values = vec![0.5 / 255.0 - 1e-4, 0.5 / 255.0 + 1e-4, 254.4 / 255.0, 254.6 / 255.0, -3.0, f32::INFINITY];
    let picture = Picture::from_rgb_f32([2, 1], values).unwrap();
    assert_eq!(picture.to_rgb8().unwrap(), [0, 1, 254, 255, 0, 255]);
    let values = vec![0.4 / 65535.0, 0.6 / 65535.0, 65534.4 / 65535.0, 65534.6 / 65535.0, f32::NEG_INFINITY, 2.0];
    assert_eq!(Picture::from_rgb_f32([2, 1], values).unwrap().to_rgb16().unwrap(), [0, 1, 65534, 65535, 0, 65535]);
    let nan = Picture::from_rgb_f32([1, 1], vec![0.0, f32::NAN, 0.0]).unwrap();
    for format in [Format::Jpeg, Format::Png, Format::WebP, Format::Tiff] {
        let error = nan.encode(format, &options()).unwrap_err();
        assert!(error.kind() == ErrorKind::Malformed && error.to_string().contains("NaN"), "{error}");
    }
}

#[test]
fn awkward_sizes_come_back() {
    let mut sizes: Vec<(usize, usize)> = (1..=70).map(|n| (n, (n * 29) % 70 + 1)).collect();
    sizes.extend([(1, 1), (1, 5000), (5000, 1), (70, 1), (1, 70)]);
    for (w, h) in sizes {
        let picture = Picture::from_rgb8([w, h], &rgb8(w, h)).unwrap();
        for format in LOSSLESS {
            let back = decode(&picture.encode(format, &options()).unwrap().bytes);
            assert_eq!((back.width(), back.height()), (w, h), "{format}");
            assert!(back.rgb() == picture.rgb(), "{format} {w}×{h}");
        }
        let smooth = smooth(w, h);
        let back = decode(&smooth.encode(Format::Jpeg, &options().quality(100)).unwrap().bytes);
        assert_eq!((back.width(), back.height()), (w, h));
        assert!(distance(back.rgb(), smooth.rgb()) < 5.0, "JPEG {w}×{h}: {}", distance(back.rgb(), smooth.rgb()));
    }
}

#[test]
fn too_long_for_the_format() {
    let long = Picture::from_rgb_f32([20_000, 1], vec![0.5; 60_000]).unwrap();
    let error = long.encode(Format::WebP, &options()).unwrap_err();
    assert!(error.kind() == ErrorKind::Unsupported && error.to_string().contains("16384"), "{error}");
    assert!(long.encode(Format::Jpeg, &options()).is_ok());
}

#[test]
fn extensions() {
    for (path, format) in [("a.jpg", Format::Jpeg), ("b.JPEG", Format::Jpeg), ("c.d.Png", Format::Png), ("e.tif", Format::Tiff)] {
        assert_eq!(Format::from_path(path).unwrap(), format);
    }
    for path in ["a.gif", "a.xyz", "a", "", ".png", "folder.png/a"] {
        let error = Format::from_path(path).unwrap_err();
        assert!(error.kind() == ErrorKind::InvalidArgument && error.to_string().contains(".webp, .tif"), "{error}");
    }
    assert!(!Format::Gif.can_write() && Format::Png.can_write());
    assert_eq!(smooth(2, 2).encode(Format::Gif, &options()).unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
fn png_says_that_it_is_srgb() {
    let bytes = smooth(4, 4).encode(Format::Png, &options()).unwrap().bytes;
    assert!(bytes.windows(4).any(|w| w == b"sRGB"));
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn existing_files_are_safe() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.png");
    fs::write(&path, "precious").unwrap();
    let error = smooth(3, 3).save(&path, &SaveOptions::default()).unwrap_err();
    assert!(error.kind() == ErrorKind::AlreadyExists && error.to_string().contains("out.png"), "{error}");
    assert_eq!(Target::new(&path, false).unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(fs::read(&path).unwrap(), b"precious");

    // If the picture cannot be written, nothing is touched either.
    let overwrite = SaveOptions::default().overwrite(true);
    let nan = Picture::from_rgb_f32([1, 1], vec![f32::NAN; 3]).unwrap();
    assert!(nan.save(&path, &overwrite).unwrap_err().to_string().contains("out.png"));
    assert_eq!(fs::read(&path).unwrap(), b"precious");

    smooth(3, 3).save(&path, &overwrite).unwrap();
    assert_eq!(Picture::open(&path, &Limits::default()).unwrap().width(), 3);
    assert_eq!(files(folder.path()), ["out.png"]);
}

/// A file that appears between the check and the writing is safe, too.
#[test]
fn late_comers_are_safe() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.png");
    let target = Target::new(&path, false).unwrap();
    assert!(files(folder.path()).is_empty());
    fs::write(&path, "precious").unwrap();
    assert_eq!(target.write(b"new").unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(fs::read(&path).unwrap(), b"precious");
    assert_eq!(files(folder.path()), ["out.png"]);
}

#[test]
fn places_that_take_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("folder.png");
    fs::create_dir(&inside).unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    for path in [inside, folder.path().join("absent/out.png"), folder.path().join("file/out.png")] {
        let error = Target::new(&path, true).unwrap_err();
        assert!(error.kind() == ErrorKind::Io && error.to_string().contains(path.to_str().unwrap()), "{error}");
        assert!(!error.to_string().contains(".part"), "{error}");
    }
    let error = smooth(2, 2).save(folder.path().join("out.xyz"), &SaveOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    let named = SaveOptions::default().format(Some(Format::Png));
    smooth(2, 2).save(folder.path().join("out.xyz"), &named).unwrap();
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn permissions_are_those_of_any_file() {
        let folder = tempfile::tempdir().unwrap();
        let plain = folder.path().join("plain");
        fs::write(&plain, "").unwrap();
        let path = folder.path().join("out.png");
        smooth(2, 2).save(&path, &SaveOptions::default()).unwrap();
        assert_eq!(mode(&path), mode(&plain));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        smooth(2, 2).save(&path, &SaveOptions::default().overwrite(true)).unwrap();
        assert_eq!(mode(&path), 0o640);
    }

    #[test]
    fn links_are_followed_and_stay() {
        let folder = tempfile::tempdir().unwrap();
        let (link, real) = (folder.path().join("link.png"), folder.path().join("real.png"));
        symlink("real.png", &link).unwrap();
        smooth(2, 2).save(&link, &SaveOptions::default()).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink() && real.is_file());
        assert_eq!(Target::new(&link, false).unwrap_err().kind(), ErrorKind::AlreadyExists);
        let circle = folder.path().join("circle.png");
        symlink("circle.png", &circle).unwrap();
        assert_eq!(Target::new(&circle, true).unwrap_err().kind(), ErrorKind::Io);
    }

    #[test]
    fn devices_are_written_to_directly() {
        let null = SaveOptions::default().format(Some(Format::Png));
        smooth(2, 2).save("/dev/null", &null).unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }

    #[test]
    fn read_only_folders() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
        if fs::write(folder.path().join("probe"), "").is_ok() {
            // Root may write anywhere, except where the kernel itself refuses.
            if cfg!(target_os = "linux") {
                let error = Target::new("/proc/out.png", false).unwrap_err();
                assert!(error.kind() == ErrorKind::Io && error.to_string().contains("/proc"), "{error}");
            }
            return;
        }
        let error = Target::new(folder.path().join("out.png"), false).unwrap_err();
        assert!(error.kind() == ErrorKind::Io && error.to_string().contains("ermission"), "{error}");
    }
}

/// The properties of the source determine how its painting is written.
#[test]
fn a_painting_is_written_like_its_original() {
    let bytes: Vec<u8> = (0..4 * 4 * 4).flat_map(|i| [(i * 4) as u8, 7]).collect();
    let original = decode(&Png::default().write((4, 4), png::ColorType::Rgba, png::BitDepth::Sixteen, &bytes));
    let painted = original.repainted([4, 4], vec![0.3; 48]).unwrap();
    let back = decode(&painted.encode(Format::Png, &options()).unwrap().bytes);
    assert_eq!(back.source().bit_depth, 16);
    assert_eq!(back.alpha(), original.alpha());
}
