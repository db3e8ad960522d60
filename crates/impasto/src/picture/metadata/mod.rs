//! What a picture file says beside its pixels: Exif, XMP, IPTC, resolution.

pub(super) mod exif;
pub(super) mod iptc;
pub(super) mod tiff;
mod xmp;

use super::{Format, Source};

/// PNG's text with XMP has this name.
pub(super) const XMP_KEYWORD: &str = "XML:com.adobe.xmp";

/// How large a pixel is meant to be: pixels per inch, both above 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Density {
    /// Across.
    pub x: f64,
    /// Down.
    pub y: f64,
}

impl Density {
    /// If both are more than nothing and less than a million, which no printer or scanner reaches.
    pub(super) fn new(x: f64, y: f64) -> Option<Self> {
        let real = |v: f64| v > 0.0 && v < 1e6;
        (real(x) && real(y)).then_some(Density { x, y })
    }

    /// Of numbers per metre, as PNG has them. Whole dots per inch that became such a number come back whole.
    pub(super) fn per_metre(x: u32, y: u32) -> Option<Self> {
        let per_inch = |v: u32| {
            let exact = f64::from(v) * 0.0254;
            if (exact.round() / 0.0254).round() == f64::from(v) { exact.round() } else { exact }
        };
        Density::new(per_inch(x), per_inch(y))
    }

    /// In pixels per metre, rounded.
    pub(super) fn to_per_metre(self) -> [u32; 2] {
        [self.x, self.y].map(|v| (v / 0.0254).round() as u32)
    }

    /// The same for a picture whose rows have become columns.
    #[must_use]
    pub(super) fn turned(self) -> Self {
        Density { x: self.y, y: self.x }
    }
}

/// What a decoder finds.
#[derive(Debug, Clone, Default)]
pub(super) struct Metadata {
    /// The block from its byte-order mark on.
    pub(super) exif: Option<Vec<u8>>,
    pub(super) xmp: Option<Vec<u8>>,
    pub(super) iptc: Option<Vec<u8>>,
    pub(super) density: Option<Density>,
}

/// What is true of a new picture.
struct Facts<'a> {
    size: [usize; 2],
    density: Option<Density>,
    /// Whether its colours are sRGB's.
    srgb: bool,
    software: Option<&'a str>,
    settings: Option<&'a str>,
}

/// The metadata of a picture to be written.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) exif: Option<exif::Block>,
    pub(super) xmp: Option<Vec<u8>>,
    /// Records, without Adobe's resource around them.
    pub(super) iptc: Option<Vec<u8>>,
    pub(super) density: Option<Density>,
    pub(super) software: Option<String>,
}

/// Most bytes of Exif, of XMP and of IPTC in a JPEG's segment, less what stands before them there.
const JPEG_EXIF: usize = 65_533 - 6;
const JPEG_XMP: usize = 65_533 - 29;
const JPEG_IPTC: usize = 65_533 - 14 - 14;

impl Written {
    /// Brings a source's metadata up to date for a picture of this size in a file of this format. What has to be left out is said in `warnings`.
    pub(super) fn new(source: &Source, size: [usize; 2], (format, srgb): (Format, bool), warnings: &mut Vec<String>) -> Self {
        let software = source.settings.as_ref().map(|_| concat!("Impasto ", env!("CARGO_PKG_VERSION")));
        let facts = Facts { size, density: source.density, srgb, software, settings: source.settings.as_deref() };
        let mut block = source.exif.as_deref().and_then(|exif| {
            let parsed = exif::Block::parse(exif);
            parsed.map_err(|why| warnings.push(format!("the Exif data is left out: {why}"))).ok()
        });
        let bare = facts.density.is_some() || software.is_some();
        let holds = format.holds();
        if block.is_none() && bare && holds.exif && !holds.density {
            // There is no other place for them.
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
        let mut written = Written { exif: block, xmp, iptc: source.iptc.clone(), density: source.density, software };
        written.fit(format, &facts, warnings);
        written
    }

    /// Leaves out what the format cannot hold.
    fn fit(&mut self, format: Format, facts: &Facts<'_>, warnings: &mut Vec<String>) {
        let holds = format.holds();
        if !(holds.exif || holds.xmp || holds.iptc) {
            let found = self.exif.is_some() || self.xmp.is_some() || self.iptc.is_some();
            *self = Written { density: self.density.filter(|_| holds.density), ..Written::default() };
            if found {
                warnings.push(format!("{format} has no place for metadata: it is left out, and so is what replay needs"));
            }
            return;
        }
        let mut left_out = |what: &str, why: &str| warnings.push(format!("the {what} data is left out: {why}"));
        let no_place = format!("{format} has no place for it");
        if !holds.iptc && self.iptc.take().is_some() {
            left_out("IPTC", &no_place);
        }
        if !holds.xmp && self.xmp.take().is_some() {
            left_out("XMP", &no_place);
        }
        if !holds.segments {
            return;
        }
        let large = "a JPEG's segment holds 64 KiB";
        // A directory of entries takes a little more behind the block.
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

    /// The Exif block with its header and all directories.
    pub(super) fn exif_bytes(&self) -> Option<Vec<u8>> {
        self.exif.as_ref().map(exif::Block::to_bytes)
    }
}

impl Source {
    /// The settings that an Impasto picture was made with, as they were recorded by [`Source::settings`]; `None` if it says nothing of them.
    ///
    /// They come from a stranger, as all of a file does.
    pub fn recorded_settings(&self) -> Option<String> {
        xmp::settings(self.xmp.as_deref()?)
    }

    /// Takes what a decoder has found.
    pub(super) fn with_metadata(self, found: Metadata) -> Self {
        // Where the format has no resolution of its own, or the file says nothing there, Exif may know.
        let of_exif = || exif::Block::parse(found.exif.as_deref()?).ok()?.density();
        let density = found.density.or_else(of_exif).map(|d| if self.orientation >= 5 { d.turned() } else { d });
        Source { density, exif: found.exif, xmp: found.xmp, iptc: found.iptc, ..self }
    }
}
