//! Picture files of all formats in the default build, and what happens to their metadata and profiles when they are
//! written again. The limits are small, so that memory use beyond them shows.
//!
//! A guard around the decoders turns their panics into errors. Here, panics should be seen:
//! libFuzzer's hook ends the program at once.
#![no_main]

use impasto::Picture;
use impasto::picture::{EncodeOptions, Format, Limits};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // It has its own target, and its decoder leaks.
    if Format::detect(&bytes[..bytes.len().min(4096)]) == Some(Format::Avif) {
        return;
    }
    let Ok(picture) = Picture::decode(bytes, &Limits::default().max_pixels(1 << 16).max_bytes(1 << 20)) else { return };
    assert_eq!(picture.rgb().len(), picture.width() * picture.height() * 3);
    assert!(picture.rgb().iter().chain(picture.alpha().into_iter().flatten()).all(|value| (0.0..=1.0).contains(value)));
    let _ = picture.source().recorded_settings();
    if picture.rgb().len() > 3 << 10 {
        return;
    }
    // One format for each input, so that ten times as many inputs are tried. Writing AVIF takes as long as all others.
    let formats: Vec<Format> = Format::written().filter(|&format| format != Format::Avif).collect();
    let sum = bytes.iter().fold(0usize, |sum, &byte| sum.wrapping_add(byte.into()));
    let format = formats[sum % formats.len()];
    // Bad metadata or profiles may only cause warnings.
    let written = picture.encode(format, &EncodeOptions::default()).expect("a picture that was read is written");
    let again = Picture::decode(&written.bytes, &Limits::default()).expect("a file that was written is read");
    assert_eq!((again.width(), again.height()), (picture.width(), picture.height()));
});
