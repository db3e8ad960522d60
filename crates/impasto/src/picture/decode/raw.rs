//! What decoders give, and the one way from there to a [`Picture`].

use super::super::transparency::fill_hidden;
use super::super::{Format, Picture, Source, reserved};
use super::{colour, orientation, sample_count};
use crate::{Error, ErrorKind, Result};

/// What the colour channels mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Colour {
    Grey,
    Rgb,
    /// Ink: the greatest value is full ink.
    Cmyk,
}

impl Colour {
    pub(super) fn channels(self) -> usize {
        match self {
            Colour::Grey => 1,
            Colour::Rgb => 3,
            Colour::Cmyk => 4,
        }
    }
}

/// Interleaved samples. The greatest whole number stands for 1.
#[derive(Debug)]
pub(in super::super) enum Samples {
    U8(Vec<u8>),
    U16(Vec<u16>),
    F32(Vec<f32>),
}

/// A decoded file, before colour management and orientation.
#[derive(Debug)]
pub(in super::super) struct Raw {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) colour: Colour,
    /// Whether a last channel is alpha.
    pub(super) alpha: bool,
    /// Whether colour has been multiplied by alpha.
    pub(super) premultiplied: bool,
    pub(super) samples: Samples,
    pub(super) bit_depth: u8,
    pub(super) icc: Option<Vec<u8>>,
    pub(super) exif: Option<Vec<u8>>,
    pub(super) orientation: u8,
    pub(super) warnings: Vec<String>,
}

impl Raw {
    pub(in super::super) fn new(width: usize, height: usize, colour: Colour, alpha: bool, samples: Samples) -> Self {
        let bit_depth = match samples {
            Samples::U8(_) => 8,
            Samples::U16(_) => 16,
            Samples::F32(_) => 32,
        };
        Raw {
            width,
            height,
            colour,
            alpha,
            premultiplied: false,
            samples,
            bit_depth,
            icc: None,
            exif: None,
            orientation: 1,
            warnings: Vec::new(),
        }
    }
}

/// A sample as a share of the greatest.
trait Unit: Copy {
    fn unit(self) -> f32;
}

impl Unit for u8 {
    fn unit(self) -> f32 {
        f32::from(self) / 255.0
    }
}

impl Unit for u16 {
    fn unit(self) -> f32 {
        f32::from(self) / 65535.0
    }
}

impl Unit for f32 {
    fn unit(self) -> f32 {
        self.clamp(0.0, 1.0)
    }
}

/// Turns the samples upright, to float, to sRGB.
pub(in super::super) fn assemble(raw: Raw, format: Option<Format>) -> Result<Picture> {
    let (w, h) = (raw.width, raw.height);
    let channels = raw.colour.channels() + usize::from(raw.alpha);
    let expected = sample_count(w, h, channels)?;
    let mut warnings = raw.warnings;
    let len = match &raw.samples {
        Samples::U8(v) => v.len(),
        Samples::U16(v) => v.len(),
        Samples::F32(v) => v.len(),
    };
    if len != expected {
        return Err(Error::new(ErrorKind::Malformed, format!("it holds {len} samples where {w}×{h} pixels need {expected}")));
    }
    let convert = colour::Converter::new(raw.icc.as_deref(), raw.colour, &mut warnings);
    let planes = Planes { colour: raw.colour, alpha: raw.alpha, premultiplied: raw.premultiplied, convert };
    // Turning comes first because samples are smaller than floats.
    let (rgb, alpha, width, height) = match raw.samples {
        Samples::U8(v) => planes.split(orientation::upright(v, w, h, channels, raw.orientation)?)?,
        Samples::U16(v) => planes.split(orientation::upright(v, w, h, channels, raw.orientation)?)?,
        Samples::F32(v) => {
            if v.iter().any(|v| v.is_nan()) {
                return Err(Error::new(ErrorKind::Malformed, "it holds float samples that are not numbers (NaN)"));
            }
            planes.split(orientation::upright(v, w, h, channels, raw.orientation)?)?
        }
    };
    let mut picture = Picture::from_rgb_f32(width, height, rgb)?;
    // A plane that is opaque everywhere says nothing, and would cost memory and a warning when a JPEG is written.
    if let Some(alpha) = alpha.filter(|alpha| alpha.iter().any(|&a| a < 1.0)) {
        fill_hidden(&mut picture.rgb, &alpha, width, height)?;
        picture.alpha = Some(alpha);
    }
    picture.source = Source {
        format,
        bit_depth: raw.bit_depth,
        grey: raw.colour == Colour::Grey,
        cmyk: raw.colour == Colour::Cmyk,
        icc: raw.icc,
        exif: raw.exif,
        orientation: if (2..=8).contains(&raw.orientation) { raw.orientation } else { 1 },
    };
    picture.warnings = warnings;
    Ok(picture)
}

struct Planes {
    colour: Colour,
    alpha: bool,
    premultiplied: bool,
    convert: colour::Converter,
}

/// RGB, alpha, width, height.
type Split = (Vec<f32>, Option<Vec<f32>>, usize, usize);

impl Planes {
    fn split<T: Unit>(&self, (data, width, height): (Vec<T>, usize, usize)) -> Result<Split> {
        let pixels = width * height;
        let mut rgb = reserved(pixels * 3)?;
        if self.colour == Colour::Rgb && !self.alpha && self.convert.is_identity() {
            rgb.extend(data.iter().map(|v| v.unit()));
            return Ok((rgb, None, width, height));
        }
        let inks = self.colour.channels();
        let channels = inks + usize::from(self.alpha);
        let mut alpha = if self.alpha { Some(reserved(pixels)?) } else { None };
        let mut row: Vec<f32> = reserved(width * inks)?;
        for line in data.chunks_exact(width * channels) {
            row.clear();
            match &mut alpha {
                None => row.extend(line.iter().map(|v| v.unit())),
                Some(alpha) => {
                    for pixel in line.chunks_exact(channels) {
                        let a = pixel[inks].unit();
                        alpha.push(a);
                        let scale = if self.premultiplied && a > 0.0 { 1.0 / a } else { 1.0 };
                        row.extend(pixel[..inks].iter().map(|v| (v.unit() * scale).min(1.0)));
                    }
                }
            }
            self.convert.append(&row, &mut rgb)?;
        }
        Ok((rgb, alpha, width, height))
    }
}
