//! Detects the format of a file from its first bytes.

use super::super::Format;
use crate::{Error, ErrorKind, Result};

/// Signatures of the formats that are read.
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

/// Something that is not read: what it is, and what to do instead.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Other {
    what: &'static str,
    advice: Option<&'static str>,
}

const fn other(what: &'static str, advice: &'static str) -> Other {
    Other { what, advice: Some(advice) }
}

const HEIF: &str = "Convert it first: heif-convert photo.heic photo.jpg";
const AVIF: &str = "Convert it first: avifdec photo.avif photo.png";
const JXL: &str = "Convert it first: djxl photo.jxl photo.png";
const MAGICK: &str = "Convert it first: magick input output.png";
const RAW: &str = "Develop it first, for example with darktable: darktable-cli photo.raw photo.tif";
const PDF: &str = "Convert its pages first: pdftoppm -png -r 300 document.pdf page";
const PSD: &str = "Export it from its editor, or: magick 'drawing.psd[0]' drawing.png";
const SVG: &str = "Convert it first: rsvg-convert -o drawing.png drawing.svg";
const FILM: &str = "Cut it into frames and paint the folder: mkdir frames; ffmpeg -i film.mp4 frames/%05d.png; \
     impasto stylize frames -s STYLE -o painted/";
const ZIP: &str = "Unpack it first";
const PAGE: &str = "Save the picture itself, not the page that shows it";

/// Signatures of what is not read but likely to be tried.
const NOT_READ: [(usize, &[u8], Other); 34] = [
    (0, b"\xFF\x0A", other("a JPEG XL picture", JXL)),
    (4, b"JXL \r\n", other("a JPEG XL picture", JXL)),
    (4, b"jP  \r\n", other("a JPEG 2000 picture", "Convert it first: opj_decompress -i photo.jp2 -o photo.png")),
    (0, b"8BPS", other("a Photoshop document", PSD)),
    (0, b"gimp xcf", other("a GIMP document", "Export it from GIMP as PNG or TIFF")),
    (0, b"\x76\x2F\x31\x01", other("an OpenEXR picture", MAGICK)),
    (0, b"#?RADIANCE", other("a Radiance HDR picture", MAGICK)),
    (0, b"qoif", other("a QOI picture", MAGICK)),
    (0, b"\0\0\x01\0", other("an icon", MAGICK)),
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
    (0, b"RIFF", Other { what: "a RIFF file, but not WebP", advice: None }),
    (0, b"\x7FELF", Other { what: "a program", advice: None }),
];

/// How the brands of files that are made of boxes (`ftyp`) begin. A file lists its brands in no particular order: the first one here counts.
const BRANDS: [(&[u8], Other); 7] = [
    (b"crx ", other("a Canon raw picture (CR3)", RAW)),
    (b"avi", other("an AVIF picture", AVIF)),
    (b"hei", other("a HEIC picture", HEIF)),
    (b"hev", other("a HEIC sequence", HEIF)),
    (b"mif1", other("a HEIF picture", HEIF)),
    (b"msf1", other("a HEIF sequence", HEIF)),
    (b"qt  ", other("a QuickTime video", FILM)),
];

/// The format of these bytes, or an error that says what they are instead.
pub(super) fn format(bytes: &[u8]) -> Result<Format> {
    if bytes.is_empty() {
        return Err(Error::new(ErrorKind::Malformed, "the file is empty"));
    }
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return Ok(Format::WebP);
    }
    let found = READ.iter().find(|(magic, _)| bytes.starts_with(magic));
    let what = match found {
        Some((_, Format::Tiff)) => match raw(bytes) {
            Some(camera) => camera,
            None => return Ok(Format::Tiff),
        },
        Some((_, format)) => return Ok(*format),
        None => describe(bytes),
    };
    let Other { what, advice } = what;
    let text = match advice {
        Some(advice) => format!("this is {what}, which Impasto does not read. {advice}"),
        None => format!("it looks like {what}; pictures are read from JPEG, PNG, WebP, TIFF, GIF and BMP"),
    };
    Err(Error::new(ErrorKind::Unsupported, text))
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
        // A character may be cut in two at the end of the head.
        Err(e) if e.valid_up_to() + 4 > head.len() => std::str::from_utf8(&head[..e.valid_up_to()]).ok(),
        Err(_) => None,
    };
    match text.map(str::to_lowercase) {
        Some(text) if text.contains("<html") || text.contains("<!doctype html") => other("a web page", PAGE),
        Some(text) if text.contains("<svg") => other("an SVG drawing", SVG),
        Some(text) if !text.contains('\0') => plain("text"),
        _ => plain("no known picture format"),
    }
}

/// A file of boxes, by the brands in the first one.
fn boxed(bytes: &[u8]) -> Other {
    let len = usize::from(bytes[2]) * 256 + usize::from(bytes[3]);
    let (words, _) = bytes.get(8..len.clamp(8, bytes.len())).unwrap_or_default().as_chunks::<4>();
    let hit = BRANDS.iter().find(|(brand, _)| words.iter().any(|word| word.starts_with(brand)));
    hit.map_or(other("a video", FILM), |(_, other)| *other)
}

const MAKE: u16 = 271;
const NEW_SUBFILE_TYPE: u16 = 254;
const PHOTOMETRIC: u16 = 262;
const SUB_IFDS: u16 = 330;
const DNG_VERSION: u16 = 50706;
/// Photometric interpretations of sensor data: color filter array, and linear raw.
const SENSOR: [u32; 2] = [32803, 34892];

/// What kind of raw picture a TIFF file is, if it is one. Most cameras' raw files are TIFF files whose first picture is a thumbnail, so
/// a TIFF reader would read that.
fn raw(bytes: &[u8]) -> Option<Other> {
    if bytes.get(8..10) == Some(b"CR") {
        return Some(other("a Canon raw picture (CR2)", RAW));
    }
    let little = bytes.starts_with(b"II");
    let short = |at: usize| {
        let word = *bytes.get(at..)?.first_chunk::<2>()?;
        Some(if little { u16::from_le_bytes(word) } else { u16::from_be_bytes(word) })
    };
    let long = |at: usize| {
        let word = *bytes.get(at..)?.first_chunk::<4>()?;
        Some(if little { u32::from_le_bytes(word) } else { u32::from_be_bytes(word) })
    };
    // BigTIFF has another header; no camera writes it.
    if short(2)? != 42 {
        return None;
    }
    let folder = long(4)? as usize;
    let entries = usize::from(short(folder)?);
    let place = |tag: u16| (0..entries).map(|i| folder + 2 + i * 12).find(|&at| short(at) == Some(tag));
    // A value of one short lies in the first half of its field.
    let value =
        |tag: u16| place(tag).and_then(|at| if short(at + 2)? == 3 { short(at + 8).map(u32::from) } else { long(at + 8) });
    let sensor = value(PHOTOMETRIC).is_some_and(|photometric| SENSOR.contains(&photometric));
    let thumbnail = value(NEW_SUBFILE_TYPE).is_some_and(|kind| kind & 1 == 1);
    let has_others = place(SUB_IFDS).is_some();
    if place(DNG_VERSION).is_some() && (sensor || has_others) {
        return Some(other("a raw picture (DNG)", RAW));
    }
    if !(sensor || thumbnail && has_others) {
        return None;
    }
    let make = value(MAKE).and_then(|at| bytes.get(at as usize..)).unwrap_or_default();
    let makers: [(&[u8], &str); 4] = [
        (b"NIKON", "a Nikon raw picture (NEF)"),
        (b"SONY", "a Sony raw picture (ARW)"),
        (b"PENTAX", "a Pentax raw picture (PEF)"),
        (b"SAMSUNG", "a Samsung raw picture (SRW)"),
    ];
    let maker = makers.iter().find(|(name, _)| make.starts_with(name));
    Some(other(maker.map_or("the raw data of a camera", |(_, what)| what), RAW))
}

#[cfg(test)]
mod tests {
    use super::{DNG_VERSION, MAKE, NEW_SUBFILE_TYPE, PHOTOMETRIC, SUB_IFDS, format};
    use crate::picture::Format;

    fn said(bytes: &[u8]) -> String {
        format(bytes).unwrap_err().to_string()
    }

    #[test]
    fn other_formats_are_named_with_what_to_do() {
        let cases: [(&[u8], &str, &str); 16] = [
            (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "a HEIC picture", "heif-convert"),
            (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heix", "a HEIC picture", "heif-convert"),
            (b"\0\0\0\x1Cftypmif1\0\0\0\0mif1avifmiaf", "an AVIF picture", "avifdec"),
            (b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom", "(CR3)", "darktable-cli"),
            (b"\0\0\0\x18ftypisom\0\0\x02\0isomavc1", "a video", "ffmpeg -i"),
            (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "a QuickTime video", "paint the folder"),
            (b"\x1A\x45\xDF\xA3\x93\x42\x82", "Matroska", "ffmpeg"),
            (b"RIFF\0\0\0\0AVI LIST", "an AVI video", "ffmpeg"),
            (b"II*\0\x10\0\0\0CR\x02\0", "(CR2)", "darktable-cli"),
            (b"FUJIFILMCCD-RAW 0201", "(RAF)", "darktable-cli"),
            (b"IIU\0\x08\0\0\0", "(RW2)", "darktable-cli"),
            (b"8BPS\0\x01", "Photoshop", "magick"),
            (b"%PDF-1.7", "a PDF document", "pdftoppm"),
            (b"<?xml version=\"1.0\"?><!-- a drawing --><svg/>", "an SVG drawing", "rsvg-convert"),
            (b"<!doctype html><body><svg/>", "a web page", "the picture itself"),
            (b"\xFF\x0A\xFA", "JPEG XL", "djxl"),
        ];
        for (bytes, what, advice) in cases {
            let text = said(bytes);
            assert!(text.contains(what) && text.contains(advice) && !text.contains('\n'), "{text}");
        }
    }

    /// A TIFF file's header and first directory, and after it a camera's maker.
    fn tiff(little: bool, entries: &[(u16, u16, u32)]) -> Vec<u8> {
        let short = |v: u16| if little { v.to_le_bytes() } else { v.to_be_bytes() };
        let long = |v: u32| if little { v.to_le_bytes() } else { v.to_be_bytes() };
        let mut bytes = if little { b"II".to_vec() } else { b"MM".to_vec() };
        bytes.extend(short(42));
        bytes.extend(long(8));
        bytes.extend(short(entries.len() as u16 + 1));
        let end = 8 + 2 + 12 * (entries.len() as u32 + 1) + 4;
        for &(tag, kind, value) in entries.iter().chain([&(MAKE, 2, end)]) {
            bytes.extend([short(tag), short(kind)].concat());
            bytes.extend(long(1));
            if kind == 3 { bytes.extend([short(value as u16), short(0)].concat()) } else { bytes.extend(long(value)) }
        }
        bytes.extend(long(0));
        bytes.extend(b"NIKON CORPORATION\0");
        bytes
    }

    #[test]
    fn raw_pictures_are_told_from_tiff() {
        for little in [true, false] {
            let thumbnail = [(NEW_SUBFILE_TYPE, 4, 1), (PHOTOMETRIC, 3, 2), (SUB_IFDS, 4, 500)];
            let text = said(&tiff(little, &thumbnail));
            assert!(text.contains("a Nikon raw picture (NEF)") && text.contains("darktable"), "{text}");
            assert!(said(&tiff(little, &[&thumbnail[..], &[(DNG_VERSION, 1, 1)]].concat())).contains("(DNG)"));
            assert!(said(&tiff(little, &[(PHOTOMETRIC, 3, 32803)])).contains("Nikon"));
            // A scan, and one with smaller versions of itself.
            for whole in [&[(PHOTOMETRIC, 3, 2)][..], &[(NEW_SUBFILE_TYPE, 4, 0), (PHOTOMETRIC, 3, 2), (SUB_IFDS, 4, 500)]] {
                assert_eq!(format(&tiff(little, whole)).unwrap(), Format::Tiff);
            }
            // Whatever is cut off is TIFF, for the decoder to judge.
            let bytes = tiff(little, &thumbnail);
            for cut in 4..bytes.len() {
                let _ = format(&bytes[..cut]);
            }
        }
    }
}
