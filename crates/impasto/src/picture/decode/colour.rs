//! Conversion from a file's colors to sRGB.

use std::sync::Arc;

use moxcms::{ColorProfile, DataColorSpace, Layout, TransformF32Executor, TransformOptions};

use super::raw::Colour;
use crate::{Error, ErrorKind, Result};

/// Returns whether a profile for such pixels is sRGB, as far as 8 bits can tell, or the reason that it cannot be used.
pub(in super::super) fn profile_is_srgb(icc: &[u8], colour: Colour) -> Result<bool, String> {
    // The profile is untrusted input, as the pixels are.
    let built = std::panic::catch_unwind(|| Profile::new(icc, (colour, false)));
    Ok(built.unwrap_or_else(|_| Err(CORRUPT.into()))?.is_none())
}

/// Returns how colors are converted. Of samples with more than 8 bits, curves are computed instead of looked up: in
/// linear light, the steps of a table are wider in the shadows than those of 8 bits. Computing is slower.
pub(in super::super) fn options(deep: bool) -> TransformOptions {
    // Floats instead of fixed point, so that 16-bit pictures keep their precision.
    TransformOptions { prefer_fixed_point: false, allow_extended_range_rgb_xyz: deep, ..TransformOptions::default() }
}

const CORRUPT: &str = "its tables are corrupt";

/// Converts rows of gray, RGB or CMYK floats to rows of sRGB floats.
pub(super) struct Converter {
    colour: Colour,
    profile: Option<Profile>,
}

struct Profile {
    transform: Arc<TransformF32Executor>,
    /// Gray pixels with an RGB profile are spread to three equal channels first.
    spread: bool,
}

impl Converter {
    /// Makes a converter for files with this profile, if any. A profile that cannot be used gives a warning and counts
    /// as sRGB. `deep` says that samples have more than 8 bits.
    pub(super) fn new(icc: Option<&[u8]>, (colour, deep): (Colour, bool), warnings: &mut Vec<String>) -> Self {
        let profile = icc.and_then(|icc| {
            let built = std::panic::catch_unwind(|| Profile::new(icc, (colour, deep)));
            match built.unwrap_or_else(|_| Err(CORRUPT.into())) {
                Ok(profile) => profile,
                Err(reason) => {
                    let instead = if colour == Colour::Cmyk { "uncalibrated CMYK" } else { "sRGB" };
                    warnings.push(format!("the embedded color profile is ignored ({reason}); colors are taken as {instead}"));
                    None
                }
            }
        });
        if colour == Colour::Cmyk && icc.is_none() {
            warnings.push("CMYK without a color profile; colors are approximate".into());
        }
        Converter { colour, profile }
    }

    /// Whether RGB stays as it is.
    pub(super) fn is_identity(&self) -> bool {
        self.profile.is_none() && self.colour == Colour::Rgb
    }

    /// Writes this row's pixels as RGB.
    pub(super) fn convert(&self, row: &[f32], rgb: &mut [f32]) -> Result<()> {
        if let Some(profile) = &self.profile {
            return profile.convert(row, rgb);
        }
        match self.colour {
            Colour::Rgb => rgb.copy_from_slice(row),
            Colour::Grey => rgb.chunks_exact_mut(3).zip(row).for_each(|(pixel, &v)| pixel.fill(v)),
            // What viewers do without a profile: each ink removes its share of the light.
            Colour::Cmyk => {
                for (pixel, p) in rgb.chunks_exact_mut(3).zip(row.chunks_exact(4)) {
                    pixel.iter_mut().zip(p).for_each(|(v, ink)| *v = (1.0 - ink) * (1.0 - p[3]));
                }
            }
        }
        Ok(())
    }
}

impl Profile {
    /// Returns `None` if the profile is sRGB, as far as 8 bits can tell.
    fn new(icc: &[u8], (colour, deep): (Colour, bool)) -> Result<Option<Self>, String> {
        let source = ColorProfile::new_from_slice(icc).map_err(|e| e.to_string())?;
        let (layout, spread) = match (colour, source.color_space) {
            (Colour::Grey, DataColorSpace::Gray) => (Layout::Gray, false),
            (Colour::Grey, DataColorSpace::Rgb) => (Layout::Rgb, true),
            (Colour::Rgb, DataColorSpace::Rgb) => (Layout::Rgb, false),
            (Colour::Cmyk, DataColorSpace::Cmyk) => (Layout::Rgba, false),
            (pixels, space) => {
                let pixels = match pixels {
                    Colour::Grey => "gray",
                    Colour::Rgb => "RGB",
                    Colour::Cmyk => "CMYK",
                };
                return Err(format!("it is for {space:?}, but the pixels are {pixels}"));
            }
        };
        let options = options(deep);
        let transform =
            source.create_transform_f32(layout, &ColorProfile::new_srgb(), Layout::Rgb, options).map_err(|e| e.to_string())?;
        let profile = Profile { transform, spread };
        let unchanged = colour != Colour::Cmyk && profile.is_srgb(colour).map_err(|e| e.to_string())?;
        Ok(if unchanged { None } else { Some(profile) })
    }

    /// Whether a grid of colors is converted to itself within half an 8-bit step. Most tagged files are tagged sRGB,
    /// and leaving them alone is exact as well as fast.
    fn is_srgb(&self, colour: Colour) -> Result<bool> {
        let steps = 9u8;
        let level = |i: u8| f32::from(i) / f32::from(steps - 1);
        let probes: Vec<f32> = match colour {
            Colour::Grey => (0..=255u8).map(|i| f32::from(i) / 255.0).collect(),
            _ => {
                let grid = (0..steps).flat_map(|r| (0..steps).flat_map(move |g| (0..steps).flat_map(move |b| [r, g, b])));
                grid.map(level).collect()
            }
        };
        let mut rgb = vec![0.0; probes.len() / colour.channels() * 3];
        self.convert(&probes, &mut rgb)?;
        let wanted: Vec<f32> = if colour == Colour::Grey { probes.iter().flat_map(|&v| [v; 3]).collect() } else { probes };
        Ok(rgb.iter().zip(&wanted).all(|(a, b)| (a - b).abs() < 0.5 / 255.0))
    }

    fn convert(&self, row: &[f32], rgb: &mut [f32]) -> Result<()> {
        let spread: Vec<f32>;
        let row = if self.spread {
            spread = row.iter().flat_map(|&v| [v; 3]).collect();
            &spread
        } else {
            row
        };
        self.transform.transform(row, rgb).map_err(|e| Error::new(ErrorKind::Malformed, e.to_string()))?;
        // Out-of-gamut colors are clipped. A NaN from a corrupt table becomes black instead of spreading through a
        // network.
        for v in rgb {
            *v = if v.is_nan() { 0.0 } else { v.clamp(0.0, 1.0) };
        }
        Ok(())
    }
}
