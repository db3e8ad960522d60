//! Metadata of picture files: Exif, XMP, IPTC, resolution.

pub(super) mod exif;
pub(super) mod iptc;
pub(super) mod tiff;
mod xmp;

use super::{Format, Source};

/// Keyword of the PNG text chunk that contains XMP.
pub(super) const XMP_KEYWORD: &str = "XML:com.adobe.xmp";

/// Keyword of a text that is a plain comment.
pub(super) const COMMENT: &str = "Comment";

/// The intended size of a pixel, in pixels per inch. Both are above 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Density {
    /// Horizontally.
    pub x: f64,
    /// Vertically.
    pub y: f64,
}

impl Density {
    /// `None` unless both are above 0 and below a million, which no printer or scanner reaches.
    pub(super) fn new(x: f64, y: f64) -> Option<Self> {
        let real = |v: f64| v > 0.0 && v < 1e6;
        (real(x) && real(y)).then_some(Density { x, y })
    }

    /// Converts from pixels per meter, as PNG stores them. Whole dots per inch that were rounded to such a number
    /// become whole again.
    pub(super) fn per_metre(x: u32, y: u32) -> Option<Self> {
        let per_inch = |v: u32| {
            let exact = f64::from(v) * 0.0254;
            if (exact.round() / 0.0254).round() == f64::from(v) { exact.round() } else { exact }
        };
        Density::new(per_inch(x), per_inch(y))
    }

    /// Converts to pixels per meter, rounded.
    pub(super) fn to_per_metre(self) -> [u32; 2] {
        [self.x, self.y].map(|v| (v / 0.0254).round() as u32)
    }

    /// Whether a JFIF header can hold it, rounded.
    pub(super) fn fits_jfif(self) -> bool {
        [self.x, self.y].iter().all(|v| (1.0..=65_535.0).contains(&v.round()))
    }

    /// The same for a picture whose rows have become columns.
    #[must_use]
    pub(super) fn turned(self) -> Self {
        Density { x: self.y, y: self.x }
    }
}

/// Metadata that a decoder finds.
#[derive(Debug, Clone, Default)]
pub(super) struct Metadata {
    /// The block, starting at its byte-order mark.
    pub(super) exif: Option<Vec<u8>>,
    pub(super) xmp: Option<Vec<u8>>,
    pub(super) iptc: Option<Vec<u8>>,
    pub(super) density: Option<Density>,
    /// Keywords and texts: see [`Source::texts`].
    pub(super) texts: Vec<(String, String)>,
}

/// Properties of a new picture that its metadata must match.
struct Facts<'a> {
    size: [usize; 2],
    /// Whether its pixels have another order than the old one's, because they were turned upright.
    turned: bool,
    density: Option<Density>,
    /// Whether its colors are in sRGB.
    srgb: bool,
    software: Option<&'a str>,
    settings: Option<&'a str>,
}

/// The metadata of a picture that will be written.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) exif: Option<exif::Block>,
    pub(super) xmp: Option<Vec<u8>>,
    /// The records, without the Adobe resource around them.
    pub(super) iptc: Option<Vec<u8>>,
    pub(super) density: Option<Density>,
    pub(super) software: Option<String>,
    /// Keywords and texts.
    pub(super) texts: Vec<(String, String)>,
}

/// Maximum bytes of Exif, XMP and IPTC in a JPEG segment, without the headers before them.
const JPEG_EXIF: usize = 65_533 - 6;
const JPEG_XMP: usize = 65_533 - 29;
const JPEG_IPTC: usize = 65_533 - 14 - 14;

impl Metadata {
    /// Whether a camera says that colors are in Adobe RGB.
    pub(super) fn is_adobe_rgb(&self) -> bool {
        self.exif.as_deref().is_some_and(|exif| exif::Block::parse(exif).is_ok_and(|block| block.is_adobe_rgb()))
    }
}

impl Written {
    /// Updates a source's metadata for a picture of this size in a file of this format. `warnings` gets a line for
    /// everything that is left out.
    pub(super) fn new(source: &Source, size: [usize; 2], (format, srgb): (Format, bool), warnings: &mut Vec<String>) -> Self {
        let software = source.settings.as_ref().map(|_| concat!("Impasto ", env!("CARGO_PKG_VERSION")));
        let turned = source.orientation > 1;
        let facts = Facts { size, turned, density: source.density, srgb, software, settings: source.settings.as_deref() };
        let mut block = source.exif.as_deref().and_then(|exif| {
            let parsed = exif::Block::parse(exif);
            parsed.map_err(|why| warnings.push(format!("the Exif data is left out: {why}"))).ok()
        });
        let bare = facts.density.is_some() || software.is_some();
        let holds = format.holds();
        let elsewhere = holds.density && facts.density.is_none_or(|density| !holds.segments || density.fits_jfif());
        if block.is_none() && bare && holds.exif && !elsewhere {
            // The format has no other place for them.
            block = Some(exif::Block::new(true));
        }
        if let Some(block) = &mut block {
            block.update(&facts);
        }
        let xmp = xmp::updated(source.xmp.as_deref(), &facts).unwrap_or_else(|why| {
            warnings.push(format!("the XMP data is left out: {}", why.split_whitespace().collect::<Vec<_>>().join(" ")));
            xmp::updated(None, &facts).unwrap_or_default()
        });
        let software = software.map(str::to_owned);
        let (iptc, texts) = (source.iptc.clone(), source.texts.clone());
        let mut written = Written { exif: block, xmp, iptc, density: source.density, software, texts };
        written.fit(format, &facts, warnings);
        written
    }

    /// Removes what the format cannot hold.
    fn fit(&mut self, format: Format, facts: &Facts<'_>, warnings: &mut Vec<String>) {
        let holds = format.holds();
        if !(holds.exif || holds.xmp || holds.iptc) {
            let found = self.exif.is_some() || self.xmp.is_some() || self.iptc.is_some() || !self.texts.is_empty();
            *self = Written { density: self.density.filter(|_| holds.density), ..Written::default() };
            if found {
                warnings.push(format!("{format} cannot hold metadata: it is left out, and with it what `replay` needs"));
            }
            return;
        }
        let mut left_out = |what: &str, why: &str| warnings.push(format!("the {what} data is left out: {why}"));
        let no_place = format!("{format} cannot hold it");
        if !holds.texts && !self.texts.is_empty() {
            let names: Vec<_> = std::mem::take(&mut self.texts).into_iter().map(|(keyword, _)| keyword).collect();
            left_out(&format!("text ({})", names.join(", ")), &no_place);
        }
        if !holds.iptc && self.iptc.take().is_some() {
            left_out("IPTC", &no_place);
        }
        if !holds.xmp && self.xmp.take().is_some() {
            left_out("XMP", &no_place);
        }
        if !holds.segments {
            return;
        }
        let large = "a JPEG segment holds at most 64 KiB";
        // The directory after the block takes a little more space.
        if self.exif.as_ref().is_some_and(|block| block.to_bytes().len() > JPEG_EXIF) {
            self.exif = None;
            left_out("Exif", large);
        }
        if self.iptc.as_ref().is_some_and(|records| records.len() > JPEG_IPTC) {
            self.iptc = None;
            left_out("IPTC", large);
        }
        if self.xmp.as_ref().is_some_and(|packet| packet.len() > JPEG_XMP) {
            self.xmp = xmp::updated(None, facts).unwrap_or_default().filter(|packet| packet.len() <= JPEG_XMP);
            left_out("XMP", large);
        }
    }

    /// Returns the Exif block with its header and all directories.
    pub(super) fn exif_bytes(&self) -> Option<Vec<u8>> {
        self.exif.as_ref().map(exif::Block::to_bytes)
    }
}

impl Source {
    /// Returns the settings that an Impasto picture was made with, as [`Source::settings`] recorded them; `None` if the
    /// file has none.
    ///
    /// Like everything in a file, they are untrusted input.
    pub fn recorded_settings(&self) -> Option<String> {
        xmp::settings(self.xmp.as_deref()?)
    }

    /// Stores the metadata that a decoder has found.
    pub(super) fn with_metadata(self, found: Metadata) -> Self {
        // If the format has no resolution of its own, or the file does not give it there, Exif may have one.
        let of_exif = || exif::Block::parse(found.exif.as_deref()?).ok()?.density();
        let density = found.density.or_else(of_exif).map(|d| if self.orientation >= 5 { d.turned() } else { d });
        Source { density, exif: found.exif, xmp: found.xmp, iptc: found.iptc, texts: found.texts, ..self }
    }
}
