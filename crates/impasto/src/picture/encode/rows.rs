//! Rows of a picture, as they are stored in a file.

use super::super::convert::{Level, check_numbers};
use super::super::{Picture, reserved};
use super::profile::Space;
use super::{Depth, EncodeOptions, Format, Profile};
use crate::picture::Source;
use crate::picture::metadata::Written;
use crate::{Error, ErrorKind, Result, Size};

/// What happens to alpha.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Alpha {
    /// There is no alpha.
    Opaque,
    /// The file has alpha.
    Kept,
    /// The file cannot have alpha, so the picture is put on white paper. It is blended in sRGB-encoded values, as in
    /// browsers and editors.
    White,
}

/// Properties of a file that are known before its pixels.
#[derive(Debug)]
pub(in super::super) struct Layout {
    pub(in super::super) width: usize,
    pub(in super::super) height: usize,
    pub(in super::super) alpha: Alpha,
    /// Whether samples have 16 bits.
    pub(in super::super) deep: bool,
    /// The color space of the samples.
    pub(in super::super) space: Space,
    pub(in super::super) metadata: Written,
    /// What the file cannot hold, to show to users.
    pub(in super::super) warnings: Vec<String>,
}

impl Layout {
    pub(in super::super) fn new(
        Size { width, height }: Size,
        source: &Source,
        has_alpha: bool,
        format: Format,
        options: &EncodeOptions,
    ) -> Result<Self> {
        options.check(format)?;
        let deep = format.has_16_bits()
            && match options.depth {
                Depth::Auto => source.bit_depth > 8,
                Depth::Eight => false,
                Depth::Sixteen => true,
            };
        let alpha = match (has_alpha, format.has_alpha()) {
            (false, _) => Alpha::Opaque,
            (true, true) => Alpha::Kept,
            (true, false) => Alpha::White,
        };
        let mut warnings = Vec::new();
        if alpha == Alpha::White {
            warnings.push(format!("{format} has no transparency; the picture is put on white"));
        }
        let profile = if format.holds().profile { options.profile } else { Profile::Srgb };
        let space = Space::new(source, (profile, deep), &mut warnings);
        let metadata = if options.strip {
            Written::default()
        } else {
            Written::new(source, [width, height], (format, space.is_srgb()), &mut warnings)
        };
        let kept = Space::new(source, (options.profile, deep), &mut Vec::new());
        if !kept.is_srgb() && space.is_srgb() && profile != options.profile {
            warnings.push(format!("{format} cannot hold the content's color profile: the result is sRGB"));
        }
        Ok(Layout { width, height, alpha, deep, space, metadata, warnings })
    }

    /// Samples per pixel.
    pub(in super::super) fn channels(&self) -> usize {
        if self.alpha == Alpha::Kept { 4 } else { 3 }
    }

    /// Bytes per row.
    pub(in super::super) fn row_bytes(&self) -> usize {
        self.width * self.channels() * if self.deep { 2 } else { 1 }
    }

    /// Returns the samples of these rows, interleaved and rounded to nearest. 16-bit samples are in native byte order.
    pub(in super::super) fn pack(&self, rgb: &[f32], alpha: Option<&[f32]>) -> Result<Vec<u8>> {
        check_numbers(rgb)?;
        alpha.map_or(Ok(()), check_numbers)?;
        if self.deep {
            let samples: Vec<u16> = self.samples(rgb, alpha)?;
            return Ok(bytemuck::cast_slice(&samples).to_vec());
        }
        self.samples(rgb, alpha)
    }

    fn samples<T: Level>(&self, rgb: &[f32], alpha: Option<&[f32]>) -> Result<Vec<T>> {
        let mut out = reserved(rgb.len() / 3 * self.channels())?;
        let mut alphas = alpha.map(|alpha| alpha.chunks_exact(self.width));
        // Row by row, so that colors are converted identically however many rows are passed at a time.
        for mut row in rgb.chunks_exact(self.width * 3) {
            let alpha = alphas.as_mut().and_then(Iterator::next);
            let (on_white, converted);
            if let (Alpha::White, Some(alpha)) = (self.alpha, alpha) {
                let over = |v: f32, a: f32| v.clamp(0.0, 1.0) * a + (1.0 - a);
                on_white = row.iter().enumerate().map(|(i, &v)| over(v, alpha[i / 3])).collect::<Vec<_>>();
                row = &on_white;
            }
            if let Some(values) = self.space.convert(row)? {
                converted = values;
                row = &converted;
            }
            match (self.alpha, alpha) {
                (Alpha::Kept, Some(alpha)) => {
                    let pixels = row.as_chunks::<3>().0.iter().zip(alpha);
                    pixels.for_each(|(&[r, g, b], &a)| out.extend([r, g, b, a].map(T::from_unit)));
                }
                _ => out.extend(row.iter().map(|&v| T::from_unit(v))),
            }
        }
        Ok(out)
    }
}

/// Where an encoder gets rows from: some whole rows in the form of [`Layout::pack`], from top to bottom; `None` after
/// the last.
pub(in super::super) type NextRows<'a> = &'a mut dyn FnMut() -> Result<Option<Vec<u8>>>;

/// Number of rows to pack at a time if a picture is in memory.
const AT_A_TIME: usize = 64;

/// Returns a picture's rows.
pub(super) fn of_picture<'a>(picture: &'a Picture, layout: &'a Layout) -> impl FnMut() -> Result<Option<Vec<u8>>> + 'a {
    let band = layout.width * AT_A_TIME;
    let mut colours = picture.rgb().chunks(band * 3);
    let mut alphas = picture.alpha().map(|alpha| alpha.chunks(band));
    move || {
        let alpha = alphas.as_mut().and_then(Iterator::next);
        colours.next().map(|rgb| layout.pack(rgb, alpha)).transpose()
    }
}

/// Collects all rows, for formats that need them at once.
pub(in super::super) fn all(layout: &Layout, next: NextRows<'_>) -> Result<Vec<u8>> {
    let mut all = reserved(layout.row_bytes().saturating_mul(layout.height))?;
    while let Some(rows) = next()? {
        all.extend_from_slice(&rows);
    }
    if all.len() != layout.row_bytes() * layout.height {
        return Err(incomplete());
    }
    Ok(all)
}

/// The error of an encoder that runs out of rows.
pub(in super::super) fn incomplete() -> Error {
    Error::new(ErrorKind::Cancelled, "the picture ended early")
}
