//! Shared by the targets of picture formats.

use impasto::Picture;
use impasto::picture::{Format, Limits};

/// Reads a file of this format. Files of other formats are skipped, because they have their own targets. The limits are
/// small, so that memory use beyond them shows.
///
/// A guard around the decoders turns their panics into errors. Here, panics should be seen:
/// libFuzzer's hook ends the program at once.
pub fn read(format: Format, bytes: &[u8]) {
    if Format::detect(&bytes[..bytes.len().min(4096)]) != Some(format) {
        return;
    }
    let limits = Limits::default().max_pixels(1 << 16).max_bytes(1 << 20);
    let Ok(picture) = Picture::decode(bytes, &limits) else { return };
    assert_eq!(picture.rgb().len(), picture.width() * picture.height() * 3);
    assert!(picture.rgb().iter().chain(picture.alpha().into_iter().flatten()).all(|value| (0.0..=1.0).contains(value)));
}
