//! A decoded file whose samples are converted only when they are read.

use std::ops::Range;

use moxcms::ColorProfile;

use super::super::rows::{self, Rows};
use super::super::transparency::{self, Hidden};
use super::super::{Format, Picture, Source, zeros};
use super::raw::{Colour, Raw, Samples, Unit};
use super::{code_points, colour, orientation, sample_count};
use crate::{Error, ErrorKind, Result, Size};

/// A decoded picture file in as many bytes as its samples take: 3 per pixel where a [`Picture`] takes 12.
///
/// [`Picture::open`] converts the whole picture (to upright, sRGB, straight color, floats). This converts only the rows
/// that are read, when they are read. [`crate::Stylizer::stylize_stored`] paints from it.
pub struct Stored {
    width: usize,
    height: usize,
    /// As in the file, before it is turned upright.
    stored_size: [usize; 2],
    colour: Colour,
    /// Whether there is an alpha channel, which is the last one.
    alpha_channel: bool,
    /// Whether any alpha is less than opaque. A plane that is opaque everywhere carries no information, but would cost
    /// memory, and a warning when a JPEG is written.
    transparent: bool,
    premultiplied: bool,
    samples: Samples,
    convert: colour::Converter,
    hidden: Option<Hidden>,
    source: Source,
    warnings: Vec<String>,
}

impl Stored {
    pub(in super::super) fn new(mut raw: Raw, format: Option<Format>) -> Result<Self> {
        let (w, h) = (raw.width, raw.height);
        let channels = raw.colour.channels() + usize::from(raw.alpha);
        let expected = sample_count(w, h, channels)?;
        let len = raw.samples.len();
        if len != expected {
            return Err(Error::new(ErrorKind::Malformed, format!("it holds {len} samples, but {w}×{h} pixels need {expected}")));
        }
        if let Samples::F32(v) = &raw.samples
            && v.iter().any(|v| v.is_nan())
        {
            return Err(Error::new(ErrorKind::Malformed, "it holds float samples that are not numbers (NaN)"));
        }
        let mut warnings = raw.warnings;
        if raw.icc.is_none() && raw.convert_from.is_none() && raw.colour == Colour::Rgb && raw.metadata.is_adobe_rgb() {
            raw.icc = code_points::encoded(&mut ColorProfile::new_adobe_rgb(), "Adobe RGB (1998)".into());
        }
        let profile = raw.convert_from.as_deref().or(raw.icc.as_deref());
        let deep = !matches!(raw.samples, Samples::U8(_));
        let convert = colour::Converter::new(profile, (raw.colour, deep), &mut warnings);
        let orientation = if (2..=8).contains(&raw.orientation) { raw.orientation } else { 1 };
        let (width, height) = if orientation >= 5 { (h, w) } else { (w, h) };
        let (least, transparent) = if raw.alpha { least_alpha(&raw.samples, channels) } else { (1.0, false) };
        let mut stored = Stored {
            width,
            height,
            stored_size: [w, h],
            colour: raw.colour,
            alpha_channel: raw.alpha,
            transparent,
            premultiplied: raw.premultiplied,
            samples: raw.samples,
            convert,
            hidden: None,
            source: Source {
                format,
                bit_depth: raw.bit_depth,
                grey: raw.colour == Colour::Grey,
                cmyk: raw.colour == Colour::Cmyk,
                icc: raw.icc,
                orientation,
                ..Source::default()
            }
            .with_metadata(raw.metadata),
            warnings,
        };
        if least <= 0.0 {
            let mut read = |rows, rgb: &mut [f32], alpha: &mut [f32]| stored.convert(rows, rgb, Some(alpha));
            stored.hidden = Some(Hidden::new(width, height, &mut read)?);
        }
        Ok(stored)
    }

    /// Width and height, upright.
    pub fn size(&self) -> Size {
        Size { width: self.width, height: self.height }
    }

    /// Pixels in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Whether any pixel is less than opaque.
    pub fn has_alpha(&self) -> bool {
        self.transparent
    }

    /// Properties of the file.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The same, mutable: this determines the metadata of files that a painting of it is written to.
    pub fn source_mut(&mut self) -> &mut Source {
        &mut self.source
    }

    /// As [`Picture::warnings`].
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Bytes of memory that the samples take.
    pub fn bytes(&self) -> u64 {
        let each = match self.samples {
            Samples::U8(_) => 1,
            Samples::U16(_) => 2,
            Samples::F32(_) => 4,
        };
        self.samples.len() as u64 * each
    }

    /// Converts the whole picture to floats.
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`] if there is not enough memory; otherwise the errors of converting colors.
    pub fn to_picture(&self) -> Result<Picture> {
        let pixels = sample_count(self.width, self.height, 1)?;
        let mut rgb: Vec<f32> = zeros(sample_count(pixels, 3, 1)?)?;
        let mut alpha = if self.transparent { Some(zeros(pixels)?) } else { None };
        self.fill(0..self.height, &mut rgb, alpha.as_deref_mut())?;
        let mut picture = Picture::from_rgb_f32([self.width, self.height], rgb)?;
        picture.alpha = alpha;
        picture.source = self.source.clone();
        picture.warnings.clone_from(&self.warnings);
        Ok(picture)
    }

    /// Returns the picture without alpha, with its longer side at most `side`, resized as
    /// [`crate::picture::Resize::NETWORK`] does, row by row.
    ///
    /// # Errors
    /// As [`Stored::to_picture`]; [`ErrorKind::InvalidArgument`] if the side is 0.
    pub fn thumbnail(&self, side: usize) -> Result<Picture> {
        if side == 0 {
            return Err(Error::new(ErrorKind::InvalidArgument, "a thumbnail needs at least one pixel"));
        }
        rows::small(self, side)
    }

    /// Writes the colors of some rows, in the form of [`Picture::rgb`], and their alpha if there is any, to slices of
    /// exactly their lengths.
    ///
    /// # Errors
    /// As [`Stored::to_picture`].
    ///
    /// # Panics
    /// If the lengths of the slices do not match the rows.
    pub fn read_rows(&self, rows: Range<usize>, rgb: &mut [f32], alpha: Option<&mut [f32]>) -> Result<()> {
        assert_eq!(rgb.len(), rows.len() * self.width * 3, "colors of another length than the rows");
        assert!(
            alpha.as_ref().is_none_or(|alpha| alpha.len() == rows.len() * self.width),
            "alpha of another length than the rows"
        );
        let whole = |row: usize| row.is_multiple_of(transparency::BAND) || row == self.height;
        if self.hidden.is_none() || (whole(rows.start) && whole(rows.end)) {
            return self.fill(rows, rgb, alpha);
        }
        // Hidden colors are computed in whole bands.
        let start = rows.start / transparency::BAND * transparency::BAND;
        let end = rows.end.next_multiple_of(transparency::BAND).min(self.height);
        let pixels = (end - start) * self.width;
        let (mut more_rgb, mut more_alpha): (Vec<f32>, Vec<f32>) = (zeros(pixels * 3)?, zeros(pixels)?);
        self.fill(start..end, &mut more_rgb, Some(&mut more_alpha))?;
        let skipped = (rows.start - start) * self.width;
        rgb.copy_from_slice(&more_rgb[skipped * 3..][..rgb.len()]);
        if let Some(alpha) = alpha {
            alpha.copy_from_slice(&more_alpha[skipped..][..alpha.len()]);
        }
        Ok(())
    }

    /// Reads rows that start at a multiple of a band, with hidden colors filled in.
    fn fill(&self, rows: Range<usize>, rgb: &mut [f32], alpha: Option<&mut [f32]>) -> Result<()> {
        let Some(hidden) = &self.hidden else { return self.convert(rows, rgb, alpha) };
        let mut own;
        let alpha = match alpha {
            Some(alpha) => alpha,
            None => {
                own = zeros(rows.len() * self.width)?;
                &mut own[..]
            }
        };
        self.convert(rows.clone(), rgb, Some(alpha))?;
        hidden.fill(rows, rgb, alpha)
    }

    fn convert(&self, rows: Range<usize>, rgb: &mut [f32], alpha: Option<&mut [f32]>) -> Result<()> {
        match &self.samples {
            Samples::U8(v) => self.convert_samples(v, rows, rgb, alpha),
            Samples::U16(v) => self.convert_samples(v, rows, rgb, alpha),
            Samples::F32(v) => self.convert_samples(v, rows, rgb, alpha),
        }
    }

    fn convert_samples<T: Unit>(&self, data: &[T], rows: Range<usize>, rgb: &mut [f32], alpha: Option<&mut [f32]>) -> Result<()> {
        let inks = self.colour.channels();
        let channels = inks + usize::from(self.alpha_channel);
        let lines = orientation::rows(data, self.stored_size, channels, self.source.orientation, rows)?;
        if self.colour == Colour::Rgb && !self.alpha_channel && self.convert.is_identity() {
            rgb.iter_mut().zip(&*lines).for_each(|(target, v)| *target = v.unit());
            return Ok(());
        }
        let mut row: Vec<f32> = zeros(self.width * inks)?;
        let mut alpha = alpha.map(|alpha| alpha.chunks_exact_mut(self.width));
        for (line, rgb) in lines.chunks_exact(self.width * channels).zip(rgb.chunks_exact_mut(self.width * 3)) {
            if self.alpha_channel {
                let mut plane = alpha.as_mut().and_then(Iterator::next);
                for (x, pixel) in line.chunks_exact(channels).enumerate() {
                    let a = pixel[inks].unit();
                    if let Some(plane) = &mut plane {
                        plane[x] = a;
                    }
                    let scale = if self.premultiplied && a > 0.0 { 1.0 / a } else { 1.0 };
                    let target = row[x * inks..][..inks].iter_mut();
                    target.zip(pixel).for_each(|(target, v)| *target = (v.unit() * scale).min(1.0));
                }
            } else {
                row.iter_mut().zip(line).for_each(|(target, v)| *target = v.unit());
            }
            self.convert.convert(&row, rgb)?;
        }
        Ok(())
    }
}

impl Rows for Stored {
    fn size(&self) -> Size {
        Stored::size(self)
    }

    fn read(&self, rows: Range<usize>, rgb: &mut [f32]) -> Result<()> {
        self.read_rows(rows, rgb, None)
    }
}

impl std::fmt::Debug for Stored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Stored { width, height, source, warnings, .. } = self;
        f.debug_struct("Stored")
            .field("width", width)
            .field("height", height)
            .field("source", source)
            .field("warnings", warnings)
            .finish_non_exhaustive()
    }
}

/// Returns the smallest alpha, and whether it is below 1.
fn least_alpha(samples: &Samples, channels: usize) -> (f32, bool) {
    fn least<T: Unit>(data: &[T], channels: usize) -> f32 {
        data.iter().skip(channels - 1).step_by(channels).map(|v| v.unit()).fold(1.0, f32::min)
    }
    let least = match samples {
        Samples::U8(v) => least(v, channels),
        Samples::U16(v) => least(v, channels),
        Samples::F32(v) => least(v, channels),
    };
    (least, least < 1.0)
}
