//! The formats of the table: comparison with other programs on the same files, damaged files, and the documentation.

use std::collections::BTreeMap;
use std::io::Read;
use std::io::Write as _;
use std::panic::catch_unwind;

use crate::common::draw::{self, data};
use flate2::read::ZlibDecoder;
use impasto::ErrorKind;
use impasto::picture::{Depth, EncodeOptions, Format, Limits, Picture};

/// A file of `formats-corpus.bin`, which `formats_corpus.py` describes.
struct Case {
    name: String,
    file: Vec<u8>,
    size: [usize; 2],
    /// The greatest difference allowed on average, and of any sample.
    allowed: [f64; 2],
    /// RGBA.
    wanted: Vec<u16>,
}

fn corpus() -> Vec<Case> {
    let mut all = Vec::new();
    ZlibDecoder::new(&std::fs::read(data("formats-corpus.bin")).unwrap()[..]).read_to_end(&mut all).unwrap();
    let mut rest = &all[..];
    let mut cases = Vec::new();
    while !rest.is_empty() {
        let mut take = |len: usize| {
            let (taken, left) = rest.split_at(len);
            rest = left;
            taken
        };
        let [name, file, width, height, mean, most] = [(); 6].map(|()| u32::from_le_bytes(take(4).try_into().unwrap()) as usize);
        let name = String::from_utf8(take(name).to_vec()).unwrap();
        let file = take(file).to_vec();
        let wanted = take(width * height * 8).as_chunks().0.iter().map(|b| u16::from_le_bytes(*b)).collect();
        cases.push(Case { name, file, size: [width, height], allowed: [mean as f64, most as f64], wanted });
    }
    cases
}

/// Returns the files whose formats this build reads. The others are counted.
fn readable(cases: Vec<Case>) -> Vec<Case> {
    let of = |case: &Case| Format::detect(&case.file).unwrap_or_else(|| panic!("{} is of no format", case.name));
    let (read, off): (Vec<_>, Vec<_>) = cases.into_iter().partition(|case| of(case).can_read());
    if !off.is_empty() {
        let _ = writeln!(
            std::io::stderr(),
            "skipped: {} files of formats that are not part of this build (--features formats)",
            off.len()
        );
    }
    for case in &off {
        let error = Picture::decode(&case.file, &Limits::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{}", case.name);
        assert!(error.to_string().contains("--features") && error.to_string().contains("Convert it first"), "{error}");
    }
    read
}

#[test]
fn files_of_all_formats_are_what_other_programs_read() {
    let cases = readable(corpus());
    let mut counts = BTreeMap::new();
    let mut wrong = Vec::new();
    for case in cases {
        *counts.entry(Format::detect(&case.file).unwrap().id()).or_insert(0) += 1;
        let picture = match Picture::decode(&case.file, &Limits::default()) {
            Ok(picture) => picture,
            Err(e) => {
                wrong.push(format!("{}: {e}", case.name));
                continue;
            }
        };
        if [picture.width(), picture.height()] != case.size {
            wrong.push(format!("{}: {}×{}", case.name, picture.width(), picture.height()));
            continue;
        }
        let opaque = vec![1.0; picture.width() * picture.height()];
        let alphas = picture.alpha().unwrap_or(&opaque);
        let (mut sum, mut most) = (0.0f64, 0.0f64);
        for ((rgb, alpha), wanted) in picture.rgb().chunks_exact(3).zip(alphas).zip(case.wanted.chunks_exact(4)) {
            let level = |v: f32| (f64::from(v) * 65_535.0).round();
            // Invisible colors are made up by the library.
            let pixel = if wanted[3] == 0 { [0.0; 3] } else { [level(rgb[0]), level(rgb[1]), level(rgb[2])] };
            for (a, &b) in pixel.into_iter().chain([level(*alpha)]).zip(wanted) {
                let far = (a - f64::from(b)).abs();
                sum += far;
                most = most.max(far);
            }
        }
        let mean = sum / case.wanted.len() as f64;
        if mean > case.allowed[0] || most > case.allowed[1] {
            wrong.push(format!("{}: {mean:.1} in the mean, {most} at most; allowed are {:?}", case.name, case.allowed));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    println!("compared: {counts:?}");
    for (format, least) in [("qoi", 11), ("pnm", 40), ("pam", 40), ("tga", 16), ("ico", 4), ("hdr", 2), ("tiff", 18)] {
        assert!(counts.get(format).is_some_and(|&count| count >= least), "{format}: {counts:?}");
    }
    let by_feature =
        [("exr", 20, cfg!(feature = "exr")), ("jxl", 15, cfg!(feature = "jxl")), ("avif", 20, cfg!(feature = "avif"))];
    for (format, least, on) in by_feature {
        assert!(!on || counts.get(format).is_some_and(|&count| count >= least), "{format}: {counts:?}");
    }
}

/// One file of each kind, the smallest.
fn smallest() -> Vec<Case> {
    let mut found = BTreeMap::<String, Case>::new();
    for case in readable(corpus()) {
        let (kind, extension) = case.name.split_once('.').map_or((case.name.as_str(), ""), |(kind, end)| (kind, end));
        let key = format!("{} {extension}", kind.split(' ').next().unwrap_or_default());
        if found.get(&key).is_none_or(|other| case.file.len() < other.file.len()) {
            found.insert(key, case);
        }
    }
    found.into_values().collect()
}

/// Decodes a possibly damaged file. The result is a one-line error or a picture, but never a panic, not even one that
/// the guard catches.
fn harmless(what: &str, bytes: &[u8], limits: &Limits) -> Option<Picture> {
    match catch_unwind(|| Picture::decode(bytes, limits)) {
        Ok(Ok(picture)) => Some(picture),
        Ok(Err(error)) => {
            let text = error.to_string();
            assert!(!text.contains('\n') && !text.contains("crashed"), "{what}: {text}");
            None
        }
        Err(_) => panic!("{what}: a panic"),
    }
}

#[test]
fn cut_off_files_of_all_formats_are_refused_at_every_length() {
    for case in smallest() {
        let whole = Picture::decode(&case.file, &Limits::default()).unwrap();
        let step = (case.file.len() / 400).max(1);
        for len in (0..case.file.len()).step_by(step) {
            let what = format!("{} cut at {len} of {}", case.name, case.file.len());
            if let Some(picture) = harmless(&what, &case.file[..len], &Limits::default()) {
                // Text, trailers and metadata after the pixels may be missing.
                let same = picture.rgb() == whole.rgb() && picture.alpha() == whole.alpha();
                let text = case.file.starts_with(b"P1") || case.file.starts_with(b"P2") || case.file.starts_with(b"P3");
                let page = case.name.contains("ccitt") || case.name.contains("group");
                assert!(same || text || page, "{what}: another picture");
            }
        }
    }
}

#[test]
fn damaged_files_of_all_formats_do_no_harm() {
    let limits = Limits::default().max_pixels(1 << 16).max_decoded(1 << 22);
    for case in smallest() {
        let step = (case.file.len() / 150).max(1);
        for at in (0..case.file.len()).step_by(step) {
            for value in [0x00, 0xFF, 0x80, 0x01] {
                let mut bytes = case.file.clone();
                bytes[at] ^= if value == 1 { 1 } else { bytes[at] ^ value };
                harmless(&format!("{} with {value:#x} at {at}", case.name), &bytes, &limits);
            }
        }
    }
}

#[test]
fn headers_that_claim_too_much_are_refused_before_memory_is_taken() {
    let huge = u32::MAX.to_be_bytes();
    let files: Vec<(&str, Vec<u8>)> = vec![
        ("QOI", [b"qoif", &huge[..], &huge[..], &[4, 0]].concat()),
        ("QOI of a few bytes", [b"qoif", &[0, 0, 64, 0, 0, 0, 64, 0, 4, 0][..], &[0xFD; 9]].concat()),
        ("PPM", b"P6 4294967295 4294967295 255\n".to_vec()),
        ("PPM of a few bytes", b"P6 16000 16000 65535\nabc".to_vec()),
        ("text", b"P3 16000 16000 255\n1 2 3".to_vec()),
        ("PAM", b"P7\nWIDTH 99999999\nHEIGHT 99999999\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n".to_vec()),
        ("HDR", b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 70000 +X 70000\n".to_vec()),
    ];
    for (name, bytes) in files {
        let error = Picture::decode(&bytes, &Limits::default()).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::TooLarge | ErrorKind::Malformed), "{name}: {error}");
    }
    let small = Limits::default().max_pixels(10);
    let tight = Limits::default().max_decoded(10);
    for case in readable(corpus()).iter().filter(|case| case.size[0] * case.size[1] > 10) {
        for limits in [small, tight] {
            let error = Picture::decode(&case.file, &limits).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TooLarge, "{}: {error}", case.name);
        }
    }
}

#[test]
fn every_format_that_is_written_is_read_again() {
    let alpha = (0..40 * 30).map(|i| ((i % 7) as f32 / 6.0 * 255.0).round() / 255.0).collect();
    let picture = draw::smooth(40, 30).with_alpha(alpha).unwrap();
    let deep = EncodeOptions::default().depth(Depth::Sixteen);
    for format in Format::written() {
        let encoded = picture.encode(format, &EncodeOptions::default()).unwrap();
        assert_eq!(Format::detect(&encoded.bytes), Some(format));
        let again = Picture::decode(&encoded.bytes, &Limits::default()).unwrap();
        assert_eq!([again.width(), again.height()], [40, 30], "{format}");
        assert_eq!(again.alpha().is_some(), format.has_alpha(), "{format}");
        let white =
            encoded.warnings.iter().any(|warning| warning.contains("put on white") && warning.contains(&format.to_string()));
        assert_eq!(white, !format.has_alpha(), "{format}: {:?}", encoded.warnings);
        if format.has_alpha() && format.id() != "avif" {
            assert_eq!(again.to_rgba8().unwrap()[3], picture.to_rgba8().unwrap()[3], "{format}");
            let seen = |p: &Picture| -> Vec<[u8; 4]> {
                p.to_rgba8().unwrap().as_chunks().0.iter().filter(|p| p[3] > 0).copied().collect()
            };
            assert_eq!(seen(&again), seen(&picture), "{format}");
        }
        match picture.encode(format, &deep) {
            Ok(encoded) => {
                assert!(format.has_16_bits(), "{format}");
                let again = Picture::decode(&encoded.bytes, &Limits::default()).unwrap();
                assert_eq!(again.source().bit_depth, 16, "{format}");
            }
            Err(error) => {
                assert!(!format.has_16_bits() && error.to_string().contains("PNG or TIFF or PNM or PAM"), "{error}");
            }
        }
    }
}

#[test]
fn what_a_format_cannot_hold_is_said() {
    let mut picture = draw::smooth(20, 10);
    picture.source_mut().icc = Some(moxcms::ColorProfile::new_display_p3().encode().unwrap());
    picture.source_mut().exif = Some(draw::exif(1));
    for format in Format::written().filter(|format| matches!(format.id(), "qoi" | "pnm" | "pam" | "tga")) {
        let encoded = picture.encode(format, &EncodeOptions::default()).unwrap();
        let said = encoded.warnings.join("\n");
        assert!(said.contains("cannot hold metadata") && said.contains("profile: the result is sRGB"), "{format}: {said}");
        let again = Picture::decode(&encoded.bytes, &Limits::default()).unwrap();
        assert_eq!(again.to_rgb8().unwrap(), picture.to_rgb8().unwrap(), "{format}: sRGB");
    }
}

/// The guide must list every format, so that a new one is not forgotten there.
#[test]
fn the_guide_lists_every_format() {
    let guide = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guide/files.md")).unwrap();
    let (_, table) = guide.split_once("## Formats\n").expect("docs/guide/files.md has a section Formats");
    let table = table.split("\n## ").next().unwrap();
    for &format in Format::ALL {
        let row = table.lines().find(|line| line.starts_with(&format!("| {format} |")));
        let row = row.unwrap_or_else(|| panic!("docs/guide/files.md does not list {format}"));
        for extension in format.extensions() {
            assert!(row.contains(&format!("`{extension}`")), "{format}: the guide lacks {extension}");
        }
        if !format.can_read() {
            assert!(row.contains(&format!("feature `{}`", format.id())), "{format}: the guide does not name its feature");
        }
    }
}
