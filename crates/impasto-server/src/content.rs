//! Uploaded photos, and what is kept of each for previews.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use impasto::picture::{self, Format, Resize, Stored};
use impasto::stylizer::Strengths;
use impasto::{Control, Picture, Size, Style, StylizeOptions};

use crate::served::Served;

/// Longer side of the largest preview, in pixels.
pub(crate) const PREVIEW: usize = 2560;
/// Longer side of the copy that strengths are measured on. The network sees it with a shorter side of 256 pixels.
const MEASURED: usize = 768;
/// How many sizes are kept besides the largest.
const SIZES: usize = 3;
/// Copies with a longer side above this are large. Only one of them is kept at a time.
const LARGE: usize = 1024;
/// How many measured strengths are kept.
const STRENGTHS: usize = 8;

/// An uploaded photo.
pub(crate) struct Content {
    /// The uploaded file.
    pub(crate) bytes: Bytes,
    pub(crate) size: Size,
    pub(crate) format: Format,
    /// The copy at the size of the largest preview.
    largest: Arc<Compact>,
    /// Copies at the sizes requested last, with their longer sides.
    scaled: Mutex<Vec<(usize, Arc<Compact>)>>,
    /// Measured strengths, with what they were measured for.
    strengths: Mutex<Vec<(Measured, Arc<Strengths>)>>,
}

/// What strengths depend on: the model, the styles' vectors, and how the content's own style is computed.
#[derive(PartialEq)]
struct Measured {
    model: String,
    styles: Vec<Style>,
    seen: impasto::StyleOptions,
}

/// A picture at 8 bits: a quarter of the memory that floats take.
struct Compact {
    size: Size,
    rgb: Vec<u8>,
    alpha: Option<Vec<u8>>,
}

impl Compact {
    fn new(picture: &Picture) -> impasto::Result<Self> {
        let alpha = |alpha: &[f32]| alpha.iter().map(|a| (a * 255.0).round() as u8).collect();
        Ok(Compact { size: picture.size(), rgb: picture.to_rgb8()?, alpha: picture.alpha().map(alpha) })
    }

    fn picture(&self) -> impasto::Result<Picture> {
        let picture = Picture::from_rgb8(self.size, &self.rgb)?;
        match &self.alpha {
            Some(alpha) => picture.with_alpha(alpha.iter().map(|&a| f32::from(a) / 255.0).collect()),
            None => Ok(picture),
        }
    }

    fn memory(&self) -> u64 {
        (self.rgb.len() + self.alpha.as_ref().map_or(0, Vec::len)) as u64
    }
}

impl Content {
    /// Decodes a photo and makes the small copy.
    pub(crate) fn new(bytes: Bytes, limits: &picture::Limits) -> impasto::Result<Self> {
        let stored = Stored::decode(&bytes, limits)?;
        let small = stored.thumbnail(PREVIEW)?;
        let format = stored.source().format.unwrap_or(Format::Png);
        Self::of(stored.size(), format, bytes, &small)
    }

    /// A content from a file with this size and format, and its picture, which may be a smaller copy.
    pub(crate) fn of(size: Size, format: Format, bytes: Bytes, picture: &Picture) -> impasto::Result<Self> {
        let largest = Arc::new(Compact::new(picture)?);
        Ok(Content { bytes, size, format, largest, scaled: Mutex::default(), strengths: Mutex::default() })
    }

    /// Memory in bytes: the file, the largest copy, the same again for another large copy, and the small copies.
    pub(crate) fn memory(&self) -> u64 {
        self.bytes.len() as u64 + 2 * self.largest.memory() + (SIZES * LARGE * LARGE * 4) as u64 / 2
    }

    /// The size that [`Content::scaled`] needs: the longer side is at most `side`, the area at most `most_pixels`, and
    /// it is no larger than the copy that is kept.
    pub(crate) fn scaled_size(&self, side: usize, most_pixels: usize) -> Size {
        let Size { width, height } = self.largest.size;
        let fits = (most_pixels as f64 / (width * height) as f64).sqrt();
        let scale = (side as f64 / width.max(height) as f64).min(fits).min(1.0);
        let scaled = |length: usize| ((length as f64 * scale).round() as usize).max(1);
        Size { width: scaled(width), height: scaled(height) }
    }

    /// The photo at this size, which must come from [`Content::scaled_size`].
    pub(crate) fn scaled(&self, size: Size) -> impasto::Result<Picture> {
        if size == self.largest.size {
            return self.largest.picture();
        }
        let side = size.long_side();
        let known = {
            let mut scaled = self.scaled.lock().unwrap_or_else(PoisonError::into_inner);
            let found = scaled.iter().position(|(_, picture)| picture.size == size);
            found.map(|i| {
                // The newest is last.
                let entry = scaled.remove(i);
                scaled.push(entry);
                scaled[scaled.len() - 1].1.clone()
            })
        };
        if let Some(known) = known {
            return known.picture();
        }
        let made = self.largest.picture()?.resized(size, Resize::PHOTO)?;
        let compact = Arc::new(Compact::new(&made)?);
        let mut scaled = self.scaled.lock().unwrap_or_else(PoisonError::into_inner);
        if side > LARGE {
            scaled.retain(|(known, _)| *known <= LARGE);
        }
        if scaled.len() >= SIZES {
            scaled.remove(0);
        }
        scaled.push((side, compact.clone()));
        drop(scaled);
        // Go through 8 bits here too, so that the pixels are the same whether the copy was kept or not.
        compact.picture()
    }

    /// The strengths for this content with this style and the styles of the regions
    /// in the options. Measured once, then kept.
    pub(crate) fn strengths(
        &self,
        model: &Served,
        style: &Style,
        options: &StylizeOptions,
        control: &dyn Control,
    ) -> impasto::Result<Arc<Strengths>> {
        let regions = options.regions.iter().map(|region| region.style.clone());
        let key =
            Measured { model: model.name().to_owned(), styles: regions.chain([style.clone()]).collect(), seen: options.style };
        let own = {
            let known = self.strengths.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, found)) = known.iter().find(|(known, _)| *known == key) {
                return Ok(found.clone());
            }
            // The content's own style does not depend on the style it is painted in.
            known
                .iter()
                .find(|(known, _)| known.seen == key.seen && known.model == key.model)
                .map(|(_, found)| found.content_style().clone())
        };
        let picture = self.scaled(self.scaled_size(MEASURED, usize::MAX))?;
        let measured = Arc::new(model.stylizer().strengths(&picture, style, options, own.as_ref(), control)?);
        let mut known = self.strengths.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= STRENGTHS {
            known.remove(0);
        }
        known.push((key, measured.clone()));
        Ok(measured)
    }
}
