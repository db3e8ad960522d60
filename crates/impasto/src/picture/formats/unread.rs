//! File formats that are not in the table but likely to be tried: their names, and what to do instead.

use super::{Format, tiff};
use crate::{Error, ErrorKind};

/// Something that is not read: its name, and what to do instead.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Other {
    what: &'static str,
    advice: Option<&'static str>,
}

const fn other(what: &'static str, advice: &'static str) -> Other {
    Other { what, advice: Some(advice) }
}

const JP2: &str = "Convert it first: opj_decompress -i photo.jp2 -o photo.png";
const XCF: &str = "Export it from GIMP as PNG or TIFF";
const MAGICK: &str = "Convert it first: magick input output.png";
const RAW: &str = "Develop it first, for example with darktable: darktable-cli photo.raw photo.tif";
const PDF: &str = "Convert its pages first: pdftoppm -png -r 300 document.pdf page";
const PSD: &str = "Export it from its editor, or: magick 'drawing.psd[0]' drawing.png";
const SVG: &str = "Convert it first: rsvg-convert -o drawing.png drawing.svg";
const FILM: &str = "To paint a film: impasto video film.mp4 -s STYLE -o painted.mp4";
const ZIP: &str = "Unpack it first";
const PAGE: &str = "Save the picture itself, not the page that shows it";

/// Signatures of file formats that are not read but likely to be tried.
const NOT_READ: [(usize, &[u8], Other); 31] = [
    (4, b"jP  \r\n", other("a JPEG 2000 picture", JP2)),
    (0, b"8BPS", other("a Photoshop document", PSD)),
    (0, b"gimp xcf", other("a GIMP document", XCF)),
    (0, b"FUJIFILMCCD-RAW", other("a Fujifilm raw picture (RAF)", RAW)),
    (0, b"IIU\0", other("a Panasonic raw picture (RW2)", RAW)),
    (0, b"IIRO", other("an Olympus raw picture (ORF)", RAW)),
    (0, b"IIRS", other("an Olympus raw picture (ORF)", RAW)),
    (0, b"MMOR", other("an Olympus raw picture (ORF)", RAW)),
    (0, b"FOVb", other("a Sigma raw picture (X3F)", RAW)),
    (0, b"\0MRM", other("a Minolta raw picture (MRW)", RAW)),
    (6, b"HEAPCCDR", other("a Canon raw picture (CRW)", RAW)),
    (0, b"%PDF", other("a PDF document", PDF)),
    (0, b"%!PS", other("a PostScript document", MAGICK)),
    (0, b"PK\x03\x04", other("a zip archive", ZIP)),
    (0, b"\x1F\x8B", other("a gzip archive", ZIP)),
    (0, b"7z\xBC\xAF\x27\x1C", other("a 7z archive", ZIP)),
    (0, b"Rar!\x1A\x07", other("a RAR archive", ZIP)),
    (0, b"\x1A\x45\xDF\xA3", other("a Matroska or WebM video", FILM)),
    (8, b"AVI ", other("an AVI video", FILM)),
    (0, b"FLV\x01", other("a Flash video", FILM)),
    (0, b"\x30\x26\xB2\x75\x8E\x66\xCF\x11", other("a Windows Media video", FILM)),
    (0, b"\0\0\x01\xBA", other("an MPEG video", FILM)),
    (0, b"\0\0\x01\xB3", other("an MPEG video", FILM)),
    (4, b"moov", other("a QuickTime video", FILM)),
    (4, b"mdat", other("a QuickTime video", FILM)),
    (4, b"wide", other("a QuickTime video", FILM)),
    (0, b"\0\0\x02\0", other("a mouse cursor", MAGICK)),
    (0, b"Pf", other("a PFM picture (Netpbm's floats)", MAGICK)),
    (0, b"PF", other("a PFM picture (Netpbm's floats)", MAGICK)),
    (0, b"RIFF", Other { what: "a RIFF file, but not WebP", advice: None }),
    (0, b"\x7FELF", Other { what: "a program", advice: None }),
];

/// Prefixes of the brands of files made of boxes (`ftyp`). A file lists its brands in no particular order; the first
/// match here counts.
const BRANDS: [(&[u8], Other); 2] =
    [(b"crx ", other("a Canon raw picture (CR3)", RAW)), (b"qt  ", other("a QuickTime video", FILM))];

/// Returns an error that says what these bytes are, if no format of the table recognizes them.
pub(super) fn error(bytes: &[u8]) -> Error {
    let Other { what, advice } = described(bytes);
    let text = match advice {
        Some(advice) => format!("this is {what}, which Impasto does not read. {advice}"),
        None => format!("it looks like {what}; supported formats are {}", Format::list(Format::read())),
    };
    Error::new(ErrorKind::Unsupported, text)
}

/// Whether the bytes are a picture of some kind: raw data, a drawing, a document of a painting program.
pub(super) fn is_picture(bytes: &[u8]) -> bool {
    matches!(described(bytes).advice, Some(RAW | PSD | SVG | JP2 | XCF))
}

fn described(bytes: &[u8]) -> Other {
    let camera = if tiff::is_tiff(bytes) { tiff::camera(bytes) } else { None };
    match camera {
        Some(what) => other(what, RAW),
        None => describe(bytes),
    }
}

fn describe(bytes: &[u8]) -> Other {
    if bytes.get(4..8) == Some(b"ftyp") {
        return boxed(bytes);
    }
    let hit = NOT_READ.iter().find(|(at, magic, _)| bytes.get(*at..).is_some_and(|rest| rest.starts_with(magic)));
    if let Some((.., other)) = hit {
        return *other;
    }
    let plain = |what| Other { what, advice: None };
    let head = &bytes[..bytes.len().min(4096)];
    let text = match std::str::from_utf8(head) {
        Ok(text) => Some(text),
        // The end of the head may cut a character in two.
        Err(e) if e.valid_up_to() + 4 > head.len() => std::str::from_utf8(&head[..e.valid_up_to()]).ok(),
        Err(_) => None,
    };
    match text.map(str::to_lowercase) {
        Some(text) if text.contains("<html") || text.contains("<!doctype html") => other("a web page", PAGE),
        Some(text) if text.contains("<svg") => other("an SVG drawing", SVG),
        Some(text) if !text.contains('\0') => plain("text"),
        _ => plain("a file of an unknown type"),
    }
}

/// Describes a file of boxes, by the brands in its first box.
fn boxed(bytes: &[u8]) -> Other {
    let hit = BRANDS.iter().find(|(brand, _)| brands(bytes).any(|word| word.starts_with(brand)));
    hit.map_or(other("a video", FILM), |(_, other)| *other)
}

/// Returns the brands in the first box, `ftyp`, of a file of boxes; nothing for other files.
pub(super) fn brands(bytes: &[u8]) -> impl Iterator<Item = &[u8; 4]> {
    let is_boxed = bytes.get(4..8) == Some(b"ftyp");
    let len = if is_boxed { usize::from(bytes[2]) * 256 + usize::from(bytes[3]) } else { 0 };
    // The second word of the box is a version.
    let words = bytes.get(8..len.clamp(8, bytes.len().max(8))).unwrap_or_default().as_chunks::<4>().0;
    words.iter().enumerate().filter(|(i, _)| *i != 1).map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::Format;

    fn said(bytes: &[u8]) -> String {
        Format::of(bytes).unwrap_err().to_string()
    }

    #[test]
    fn other_formats_are_named_with_what_to_do() {
        let cases: [(&[u8], &str, &str); 12] = [
            (b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom", "(CR3)", "darktable-cli"),
            (b"\0\0\0\x18ftypisom\0\0\x02\0isomavc1", "a video", "impasto video"),
            (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "a QuickTime video", "impasto video"),
            (b"\x1A\x45\xDF\xA3\x93\x42\x82", "Matroska", "impasto video"),
            (b"RIFF\0\0\0\0AVI LIST", "an AVI video", "impasto video"),
            (b"II*\0\x10\0\0\0CR\x02\0", "(CR2)", "darktable-cli"),
            (b"FUJIFILMCCD-RAW 0201", "(RAF)", "darktable-cli"),
            (b"IIU\0\x08\0\0\0", "(RW2)", "darktable-cli"),
            (b"8BPS\0\x01", "Photoshop", "magick"),
            (b"%PDF-1.7", "a PDF document", "pdftoppm"),
            (b"<?xml version=\"1.0\"?><!-- a drawing --><svg/>", "an SVG drawing", "rsvg-convert"),
            (b"<!doctype html><body><svg/>", "a web page", "the picture itself"),
        ];
        for (bytes, what, advice) in cases {
            let text = said(bytes);
            assert!(text.contains(what) && text.contains(advice) && !text.contains('\n'), "{text}");
        }
    }
}
