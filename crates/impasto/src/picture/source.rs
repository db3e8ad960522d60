//! Properties of a file besides its pixels.

use super::{Density, Format};

/// Properties of the file that a picture was read from, for writing them back. They are empty for a picture made from
/// pixels.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Source {
    /// The file's format; `None` if there was no file.
    pub format: Option<Format>,
    /// Bits per sample: 1, 2, 4, 8, 16 or 32 (float).
    pub bit_depth: u8,
    /// Whether the file has one color channel.
    pub grey: bool,
    /// Whether the file has ink channels (cyan, magenta, yellow, black).
    pub cmyk: bool,
    /// The embedded ICC profile as it is in the file. The picture's colors have been converted from it to sRGB. Writing
    /// a file converts them back (see [`crate::picture::Profile`]).
    pub icc: Option<Vec<u8>>,
    /// The raw Exif block, starting at its byte-order mark (for a TIFF file, built from its tags). Its orientation has
    /// already been applied to the picture.
    pub exif: Option<Vec<u8>>,
    /// The Exif orientation that was applied, 1 (none) to 8.
    pub orientation: u8,
    /// The XMP packet (ISO 16684-1), XML.
    pub xmp: Option<Vec<u8>>,
    /// IPTC records (IIM), without the wrapper that a format puts around them.
    pub iptc: Option<Vec<u8>>,
    /// The intended size of a pixel.
    pub density: Option<Density>,
    /// Texts with their keywords, such as `Title` and `Author` (PNG 3rd edition, section 11.3.3). A JPEG file's comment
    /// is one with the keyword `Comment`. Only PNG files are written with them.
    pub texts: Vec<(String, String)>,
    /// What written files say about how the picture was made: a text in the caller's format, stored in XMP. Reading
    /// never sets it; [`Source::recorded_settings`] returns what a file says.
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
            texts: Vec::new(),
            settings: None,
        }
    }
}
