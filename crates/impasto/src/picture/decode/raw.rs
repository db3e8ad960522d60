//! The output of decoders.

use super::super::metadata::Metadata;

/// The meaning of the color channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::picture) enum Colour {
    Grey,
    Rgb,
    /// Ink: the greatest value is full ink.
    Cmyk,
}

impl Colour {
    pub(in crate::picture) fn channels(self) -> usize {
        match self {
            Colour::Grey => 1,
            Colour::Rgb => 3,
            Colour::Cmyk => 4,
        }
    }
}

/// Interleaved samples. The greatest whole number stands for 1.
#[derive(Debug)]
pub(in crate::picture) enum Samples {
    U8(Vec<u8>),
    U16(Vec<u16>),
    F32(Vec<f32>),
}

impl Samples {
    pub(in crate::picture) fn len(&self) -> usize {
        match self {
            Samples::U8(v) => v.len(),
            Samples::U16(v) => v.len(),
            Samples::F32(v) => v.len(),
        }
    }
}

/// A decoded file, before color management and orientation.
#[derive(Debug)]
pub(in crate::picture) struct Raw {
    pub(in crate::picture) width: usize,
    pub(in crate::picture) height: usize,
    pub(in crate::picture) colour: Colour,
    /// Whether there is an alpha channel, which is the last one.
    pub(in crate::picture) alpha: bool,
    /// Whether color has been multiplied by alpha.
    pub(in crate::picture) premultiplied: bool,
    pub(in crate::picture) samples: Samples,
    pub(in crate::picture) bit_depth: u8,
    pub(in crate::picture) icc: Option<Vec<u8>>,
    /// A profile to convert from in place of `icc`; written files do not keep it.
    pub(in crate::picture) convert_from: Option<Vec<u8>>,
    pub(in crate::picture) metadata: Metadata,
    pub(in crate::picture) orientation: u8,
    pub(in crate::picture) warnings: Vec<String>,
}

impl Raw {
    pub(in crate::picture) fn new(width: usize, height: usize, colour: Colour, alpha: bool, samples: Samples) -> Self {
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
            convert_from: None,
            metadata: Metadata::default(),
            orientation: 1,
            warnings: Vec::new(),
        }
    }
}

/// A sample that can be expressed as a share of its greatest value.
pub(in crate::picture) trait Unit: Copy {
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
