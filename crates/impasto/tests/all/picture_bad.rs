//! Invalid files: each gives one line that says what is wrong, and none causes a panic.

use crate::common::draw;

use std::panic::catch_unwind;

use draw::{Png, data, exif, jpeg, rgb8};
use impasto::picture::{Depth, EncodeOptions, Format, Limits, Picture};
use impasto::{Error, ErrorKind};

const FORMATS: [Format; 4] = [Format::Jpeg, Format::Png, Format::WebP, Format::Tiff];

/// One file of every format that is read.
fn samples() -> Vec<(String, Vec<u8>)> {
    let picture = draw::smooth(40, 30).with_alpha((0..1200).map(|i| (i % 7) as f32 / 7.0).collect()).unwrap();
    let mut all: Vec<_> = FORMATS
        .iter()
        .map(|&format| (format.to_string(), picture.encode(format, &EncodeOptions::default()).unwrap().bytes))
        .collect();
    let deep = EncodeOptions::default().depth(Depth::Sixteen);
    all.push(("16-bit TIFF".into(), picture.encode(Format::Tiff, &deep).unwrap().bytes));
    let icc = moxcms::ColorProfile::new_display_p3().encode().unwrap();
    let tagged = Png { icc: Some(&icc), exif: Some(&exif(6)), ..Png::default() };
    all.push(("tagged PNG".into(), tagged.rgb8(9, 8, &rgb8(9, 8))));
    all.push(("Exif JPEG".into(), jpeg(9, 8, &rgb8(9, 8), jpeg_encoder::ColorType::Rgb, Some(&exif(6)))));
    for name in [
        "420.jpg",
        "progressive.jpg",
        "cmyk_icc.jpg",
        "grey.jpg",
        "cmyk_icc.tif",
        "jpeg.tif",
        "bits.tif",
        "lossy_alpha.webp",
        "animated.webp",
        "animated.gif",
        "palette.bmp",
        "plain.bmp",
        "palette.png",
    ] {
        all.push((name.into(), std::fs::read(data(name)).unwrap()));
    }
    all
}

fn one_line(error: &Error) -> bool {
    let text = error.to_string();
    !text.contains('\n') && text.len() > 10
}

/// Whether the error says that a decoder panicked.
fn broke_down(error: &Error) -> bool {
    error.to_string().contains("crashed")
}

#[test]
fn cut_off_files() {
    let mut failures = Vec::new();
    for (name, bytes) in samples() {
        // Data after the pixels may be missing: trailers of a few bytes, further parts of TIFF files and animations.
        let keeps_pixels = |cut: usize| {
            let whole = Picture::decode(&bytes, &Limits::default()).unwrap();
            Picture::decode(&bytes[..cut], &Limits::default())
                .is_ok_and(|p| p.rgb() == whole.rgb() || p.warnings().iter().any(|w| w.contains("profile is ignored")))
        };
        for cut in (0..64).map(|i| bytes.len() * i / 64).chain([1, 2, 3, 8, 20]) {
            match Picture::decode(&bytes[..cut], &Limits::default()) {
                Ok(_) if keeps_pixels(cut) => {}
                Ok(_) => failures.push(format!("{name} cut at {cut} of {} is read", bytes.len())),
                Err(e) if !one_line(&e) || broke_down(&e) => failures.push(format!("{name} cut at {cut}: {e}")),
                Err(e) if !matches!(e.kind(), ErrorKind::Malformed | ErrorKind::Unsupported) => {
                    failures.push(format!("{name} cut at {cut}: {:?} {e}", e.kind()));
                }
                Err(_) => {}
            }
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// Randomly changed bytes: whatever happens, the result is a value within the limits.
#[test]
fn mutated_files() {
    let limits = Limits::default().max_pixels(1 << 16).max_bytes(1 << 20);
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let rounds = std::env::var("IMPASTO_MUTATIONS").ok().and_then(|v| v.parse().ok()).unwrap_or(300);
    let mut failures = Vec::new();
    for (name, original) in samples() {
        for _ in 0..rounds {
            let mut bytes = original.clone();
            for _ in 0..=random(4) {
                // Headers are short and decide most, so half of the changes are there.
                let reach = if random(2) == 0 { bytes.len().min(64) } else { bytes.len() };
                let at = random(reach);
                match random(4) {
                    0 => bytes[at] = random(256) as u8,
                    1 => bytes[at] ^= 1 << random(8),
                    2 => bytes[at] = [0, 1, 127, 128, 255][random(5)],
                    _ => bytes.truncate(at.max(1)),
                }
            }
            match catch_unwind(|| Picture::decode(&bytes, &limits)) {
                Err(_) => failures.push(format!("{name}: panic")),
                Ok(Ok(p)) if (p.width() * p.height()) as u64 > limits.max_pixels => failures.push(format!("{name}: too large")),
                Ok(Err(e)) if broke_down(&e) || !one_line(&e) => {
                    failures.push(format!("{name}: {e}"));
                    if let Some(folder) = std::env::var_os("IMPASTO_KEEP") {
                        let path = std::path::Path::new(&folder).join(format!("{}-{name}", failures.len()));
                        std::fs::write(path, &bytes).unwrap();
                    }
                }
                Ok(_) => {}
            }
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn what_is_no_picture_is_named() {
    let cases: [(&[u8], &str); 10] = [
        (b"", "empty"),
        (b"Dear diary, today I painted.", "text"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "web page"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"\0\0\0\x1Cftypavif\0\0\0\0", "AVIF"),
        (b"\0\0\0\x1Cftypheic\0\0\0\0", "HEIC"),
        (b"%PDF-1.7", "PDF"),
        (b"PK\x03\x04", "zip"),
        (b"\0\0\0\0", "a file of an unknown type"),
        (b"\xFF\xFE\xFD\xFC", "a file of an unknown type"),
    ];
    for (bytes, word) in cases {
        let error = Picture::decode(bytes, &Limits::default()).unwrap_err();
        assert!(error.to_string().contains(word) && one_line(&error), "{word}: {error}");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("text.jpg");
    std::fs::write(&path, "no picture at all").unwrap();
    let error = Picture::open(&path, &Limits::default()).unwrap_err();
    assert!(error.to_string().contains("text.jpg") && error.to_string().contains("looks like text"), "{error}");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

#[test]
fn folders_and_missing_files() {
    let folder = tempfile::tempdir().unwrap();
    let error = Picture::open(folder.path(), &Limits::default()).unwrap_err();
    assert!(error.kind() == ErrorKind::Io && error.to_string().contains("folder"), "{error}");
    let error = Picture::open(folder.path().join("absent.png"), &Limits::default()).unwrap_err();
    assert!(error.kind() == ErrorKind::Io && error.to_string().contains("absent.png"), "{error}");
}

/// Headers that claim gigabytes in a few bytes.
#[test]
fn large_claims_meet_the_limit() {
    let mut png = Png::default().rgb8(4, 4, &rgb8(4, 4));
    png[16..24].copy_from_slice(&[0, 1, 0x86, 0xA0, 0, 1, 0x86, 0xA0]);
    let crc = crc32(&png[12..29]);
    png[29..33].copy_from_slice(&crc.to_be_bytes());

    let mut jpeg = jpeg(8, 8, &rgb8(8, 8), jpeg_encoder::ColorType::Rgb, None);
    let frame = jpeg.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xFF, 0xFF, 0xFF, 0xFF]);

    let mut bmp = std::fs::read(data("plain.bmp")).unwrap();
    bmp[18..22].copy_from_slice(&60_000i32.to_le_bytes());
    bmp[22..26].copy_from_slice(&60_000i32.to_le_bytes());

    let mut gif = std::fs::read(data("animated.gif")).unwrap();
    gif[6..10].copy_from_slice(&[0xFF; 4]);

    let mut tiff = std::io::Cursor::new(Vec::new());
    let mut encoder = tiff::encoder::TiffEncoder::new(&mut tiff).unwrap();
    let mut folder = encoder.image_directory().unwrap();
    for (tag, value) in
        [(256u16, 100_000u32), (257, 100_000), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1), (278, 100_000), (279, 8)]
    {
        folder.write_tag(tiff::tags::Tag::from_u16_exhaustive(tag), value).unwrap();
    }
    folder.finish().unwrap();

    for (name, bytes) in [("PNG", png), ("JPEG", jpeg), ("BMP", bmp), ("GIF", gif), ("TIFF", tiff.into_inner())] {
        let error = Picture::decode(&bytes, &Limits::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge, "{name}: {error}");
        assert!(error.to_string().contains("--max-pixels"), "{name}: {error}");
    }
}

/// Small files that expand: the limit on pixels also limits memory.
#[test]
fn bombs_meet_the_limit() {
    let flat = Picture::from_rgb_f32([3000, 3000], vec![0.0; 3000 * 3000 * 3]).unwrap();
    for format in FORMATS {
        let bytes = flat.encode(format, &EncodeOptions::default().quality(50)).unwrap().bytes;
        let limits = Limits::default().max_pixels(1_000_000);
        let error = Picture::decode(&bytes, &limits).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge, "{format}: {error}");
        let exact = Limits::default().max_pixels(9_000_000).max_bytes(bytes.len() as u64);
        assert_eq!(Picture::decode(&bytes, &exact).unwrap().width(), 3000, "{format}");
        let error = Picture::decode(&bytes, &exact.max_bytes(bytes.len() as u64 - 1)).unwrap_err();
        assert!(error.kind() == ErrorKind::TooLarge && error.to_string().contains("--max-bytes"), "{format}: {error}");
        let error = Picture::read(bytes.as_slice(), &exact.max_bytes(10)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge, "{format}: {error}");
    }
}

/// A color profile of gigabytes, compressed to a few kilobytes, in a 1×1 picture.
#[test]
fn metadata_bombs_meet_the_limit() {
    let huge = vec![0u8; 200 << 20];
    let bytes = Png { icc: Some(&huge), ..Png::default() }.rgb8(1, 1, &[1, 2, 3]);
    assert!(bytes.len() < 1 << 20);
    match Picture::decode(&bytes, &Limits::default()) {
        Ok(picture) => assert!(picture.source().icc.as_ref().is_none_or(|icc| icc.len() <= 64 << 20)),
        Err(e) => assert_eq!(e.kind(), ErrorKind::TooLarge, "{e}"),
    }
}

#[test]
fn pixels_that_do_not_fit() {
    for result in [
        Picture::from_rgb8([2, 2], &[0; 11]),
        Picture::from_rgb8([0, 2], &[]),
        Picture::from_rgb_f32([usize::MAX, 2], vec![0.0; 6]),
        Picture::from_rgb8([1, 1], &[0; 3]).unwrap().with_alpha(vec![0.0; 2]),
    ] {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::InvalidArgument);
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |c, _| if c & 1 == 1 { 0xEDB8_8320 ^ (c >> 1) } else { c >> 1 })
    })
}
