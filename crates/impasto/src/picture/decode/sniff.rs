//! Which format some bytes are, by content.

use super::super::Format;
use crate::{Error, ErrorKind, Result};

/// Signatures of what is read.
const READ: [(&[u8], Format); 9] = [
    (b"\xFF\xD8\xFF", Format::Jpeg),
    (b"\x89PNG\r\n\x1A\n", Format::Png),
    (b"II*\0", Format::Tiff),
    (b"MM\0*", Format::Tiff),
    (b"II+\0", Format::Tiff),
    (b"MM\0+", Format::Tiff),
    (b"GIF87a", Format::Gif),
    (b"GIF89a", Format::Gif),
    (b"BM", Format::Bmp),
];

/// Signatures of what is not read but likely to be tried: offset, bytes, name.
const NOT_READ: [(usize, &[u8], &str); 22] = [
    (4, b"ftypavif", "an AVIF picture"),
    (4, b"ftypavis", "an AVIF sequence"),
    (4, b"ftyphei", "a HEIC picture"),
    (4, b"ftyphev", "a HEIC sequence"),
    (4, b"ftypmif1", "a HEIF picture"),
    (4, b"ftypcrx", "a Canon raw picture"),
    (4, b"ftyp", "a video"),
    (0, b"\xFF\x0A", "a JPEG XL picture"),
    (4, b"JXL \r\n", "a JPEG XL picture"),
    (4, b"jP  \r\n", "a JPEG 2000 picture"),
    (0, b"8BPS", "a Photoshop document"),
    (0, b"\x76\x2F\x31\x01", "an OpenEXR picture"),
    (0, b"#?RADIANCE", "a Radiance HDR picture"),
    (0, b"qoif", "a QOI picture"),
    (0, b"\0\0\x01\0", "an icon"),
    (0, b"FUJIFILMCCD-RAW", "a Fujifilm raw picture"),
    (0, b"%PDF", "a PDF document"),
    (0, b"PK\x03\x04", "a zip archive"),
    (0, b"\x1F\x8B", "a gzip archive"),
    (0, b"\x1A\x45\xDF\xA3", "a Matroska or WebM video"),
    (0, b"RIFF", "a RIFF file (AVI, WAV), but not WebP"),
    (0, b"\x7FELF", "a program"),
];

/// The format of these bytes, or an error that says what they look like instead.
pub(super) fn format(bytes: &[u8]) -> Result<Format> {
    if bytes.is_empty() {
        return Err(Error::new(ErrorKind::Malformed, "the file is empty"));
    }
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return Ok(Format::WebP);
    }
    if let Some((_, format)) = READ.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Ok(*format);
    }
    let what = describe(bytes);
    let text = format!("it looks like {what}; pictures are read from JPEG, PNG, WebP, TIFF, GIF and BMP");
    Err(Error::new(ErrorKind::Unsupported, text))
}

fn describe(bytes: &[u8]) -> &'static str {
    let hit = NOT_READ.iter().find(|(at, magic, _)| bytes.get(*at..).is_some_and(|rest| rest.starts_with(magic)));
    if let Some((_, _, name)) = hit {
        return name;
    }
    let head = &bytes[..bytes.len().min(512)];
    let text = match std::str::from_utf8(head) {
        Ok(text) => Some(text),
        // A character may be cut in two at the end of the head.
        Err(e) if e.valid_up_to() + 4 > head.len() => std::str::from_utf8(&head[..e.valid_up_to()]).ok(),
        Err(_) => None,
    };
    match text.map(str::to_lowercase) {
        Some(text) if text.contains("<svg") => "an SVG drawing",
        Some(text) if text.contains("<html") || text.contains("<!doctype html") => "a web page",
        Some(text) if !text.contains('\0') => "text",
        _ => "no known picture format",
    }
}
