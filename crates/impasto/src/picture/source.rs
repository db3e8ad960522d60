//! The facts about a file that pixels do not hold.

use super::{Density, Format};

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
