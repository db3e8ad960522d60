//! File formats, and the facts about a file that pixels do not hold.

use std::fmt;
use std::path::Path;

use super::Density;
use crate::{Error, ErrorKind, Result};

/// A picture file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// JPEG, 8 bits: read and written.
    Jpeg,
    /// PNG, 1 to 16 bits: read and written.
    Png,
    /// WebP, 8 bits: read; written lossless.
    WebP,
    /// TIFF, 1 to 16 bits or float: read; written at 8 or 16 bits.
    Tiff,
    /// GIF: the first frame is read.
    Gif,
    /// Windows bitmap: read.
    Bmp,
}

/// What can be written, and the names it goes by. The first extension of each is the usual one.
const WRITABLE: [(Format, &[&str]); 4] = [
    (Format::Jpeg, &["jpg", "jpeg", "jpe", "jfif"]),
    (Format::Png, &["png"]),
    (Format::WebP, &["webp"]),
    (Format::Tiff, &["tif", "tiff"]),
];

impl Format {
    /// The format to write to this path, by its extension, in any case. It looks at no file: ask before any expensive work.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`], listing the known extensions, if the extension is absent or not one of them.
    pub fn from_path(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        Self::from_extension(extension.as_deref().unwrap_or("")).ok_or_else(|| {
            let what = match &extension {
                Some(e) => format!("cannot write a .{e} file"),
                None => "the file name has no extension to tell the format by".into(),
            };
            Error::new(ErrorKind::InvalidArgument, format!("{}: {what}; known are {}", path.display(), known_extensions()))
        })
    }

    /// The format that can be written under this name (`png`, `jpg`, `jpeg`, …; no dot, lower case), if any.
    pub fn from_extension(extension: &str) -> Option<Self> {
        WRITABLE.iter().find(|(_, names)| names.contains(&extension)).map(|&(format, _)| format)
    }

    /// The usual extension of its files: `jpg`, `png`, …
    pub fn extension(self) -> &'static str {
        match self {
            Format::Gif => "gif",
            Format::Bmp => "bmp",
            _ => WRITABLE.iter().find(|&&(format, _)| format == self).map_or("", |(_, names)| names[0]),
        }
    }

    /// All formats that can be written.
    pub fn writable() -> impl Iterator<Item = Self> {
        WRITABLE.iter().map(|&(format, _)| format)
    }

    /// The extensions of files that are written, the usual one first; none for formats that are only read.
    pub fn extensions(self) -> &'static [&'static str] {
        WRITABLE.iter().find(|&&(format, _)| format == self).map_or(&[], |(_, names)| names)
    }

    /// Whether [`crate::picture::Picture::encode`] can write it.
    pub fn can_write(self) -> bool {
        WRITABLE.iter().any(|&(format, _)| format == self)
    }

    /// Whether a written file can hold transparency.
    pub fn has_alpha(self) -> bool {
        matches!(self, Format::Png | Format::WebP | Format::Tiff)
    }

    /// Whether a written file can hold 16 bits a sample.
    pub fn has_16_bits(self) -> bool {
        matches!(self, Format::Png | Format::Tiff)
    }
}

fn known_extensions() -> String {
    WRITABLE.iter().flat_map(|(_, names)| names.iter()).map(|name| format!(".{name}")).collect::<Vec<_>>().join(", ")
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Jpeg => "JPEG",
            Format::Png => "PNG",
            Format::WebP => "WebP",
            Format::Tiff => "TIFF",
            Format::Gif => "GIF",
            Format::Bmp => "BMP",
        })
    }
}

/// Facts about the file that a picture was read from, for writing them back. All empty for a picture made of pixels.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Source {
    /// The file's format; `None` if there was no file.
    pub format: Option<Format>,
    /// Bits of a sample: 1, 2, 4, 8, 16 or 32 (float).
    pub bit_depth: u8,
    /// Whether the file has one colour channel.
    pub grey: bool,
    /// Whether the file has ink channels (cyan, magenta, yellow, black).
    pub cmyk: bool,
    /// The embedded ICC profile as it stands in the file. The picture's colours have been converted from it to sRGB; files that are written get
    /// them back in it (see [`crate::picture::Profile`]).
    pub icc: Option<Vec<u8>>,
    /// The raw Exif block, from its byte-order mark on (of a TIFF: made of its tags). Its orientation has already been applied to the picture.
    pub exif: Option<Vec<u8>>,
    /// The Exif orientation that was applied, 1 (none) to 8.
    pub orientation: u8,
    /// The XMP packet (ISO 16684-1), XML.
    pub xmp: Option<Vec<u8>>,
    /// IPTC records (IIM), without what a format has around them.
    pub iptc: Option<Vec<u8>>,
    /// How large a pixel is meant to be.
    pub density: Option<Density>,
    /// What files that are written shall say about how the picture was made: a text in a form of the caller's, kept in XMP. Never set by
    /// reading; [`Source::recorded_settings`] is what a file says.
    pub settings: Option<String>,
}

impl Default for Source {
    fn default() -> Self {
        Source {
            format: None,
            bit_depth: 8,
            grey: false,
            cmyk: false,
            icc: None,
            exif: None,
            orientation: 1,
            xmp: None,
            iptc: None,
            density: None,
            settings: None,
        }
    }
}
