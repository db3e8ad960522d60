//! Linear light and high dynamic range, brought into sRGB's range.
//!
//! 1 stands for white paper. Tones up to [`KNEE`] stay as they are. Brighter ones are compressed so that the brightest
//! one of the picture becomes white. The curve has no kink, and a picture without anything above white does not change
//! at all. Red, green and blue of a pixel are scaled by the same factor, so hues stay.

use super::super::{Limits, zeros};
use super::raw::Unit;
use super::{Colour, Raw, Samples};
use crate::{Error, ErrorKind, Result};

/// Where the compression of bright tones begins.
const KNEE: f32 = 0.8;
/// The tone that the average of a picture becomes if its exposure makes no sense.
const GREY: f32 = 0.18;
/// The luminance of white paper in pictures of high dynamic range, in candela per square meter (ITU-R BT.2408).
const WHITE: f32 = 203.0;
/// The luminance of the greatest HLG signal on its intended display.
const HLG_PEAK: f32 = 1000.0;

/// A transfer function of high dynamic range (ITU-R BT.2100).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::picture) enum Hdr {
    /// Absolute luminance, up to 10,000 candela per square meter.
    Pq,
    /// Relative to the display.
    Hlg,
}

impl Hdr {
    /// Returns the one with this code point of a transfer function in ITU-T H.273.
    pub(in crate::picture) fn of(transfer: u8) -> Option<Self> {
        match transfer {
            16 => Some(Hdr::Pq),
            18 => Some(Hdr::Hlg),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Hdr::Pq => "PQ",
            Hdr::Hlg => "HLG",
        }
    }

    /// Converts signals to linear light, with white paper at 1.
    fn to_light(self, pixel: [f32; 3]) -> [f32; 3] {
        match self {
            Hdr::Pq => pixel.map(|v| {
                let (m1, m2) = (1305.0 / 8192.0, 2523.0 / 32.0);
                let (c1, c2, c3) = (107.0 / 128.0, 2413.0 / 128.0, 2392.0 / 128.0);
                let root = v.powf(1.0 / m2);
                ((root - c1).max(0.0) / (c2 - c3 * root)).powf(1.0 / m1) * 10_000.0 / WHITE
            }),
            Hdr::Hlg => {
                let (a, b, c) = (0.178_832_77, 0.284_668_92, 0.559_910_7);
                let scene = pixel.map(|v: f32| if v <= 0.5 { v * v / 3.0 } else { (((v - c) / a).exp() + b) / 12.0 });
                // The display's gamma of 1.2 is applied to luminance.
                let luminance = 0.2627 * scene[0] + 0.6780 * scene[1] + 0.0593 * scene[2];
                scene.map(|v| v * luminance.max(0.0).powf(0.2) * HLG_PEAK / WHITE)
            }
        }
    }
}

/// Returns the matrix from linear light with these primaries to linear sRGB. Primaries are code points of ITU-T H.273.
fn to_srgb_primaries(primaries: u8) -> [[f32; 3]; 3] {
    match primaries {
        9 => [[1.660_491, -0.587_641, -0.072_85], [-0.124_551, 1.132_9, -0.008_349], [-0.018_151, -0.100_579, 1.118_73]],
        12 => [[1.224_94, -0.224_94, 0.0], [-0.042_057, 1.042_057, 0.0], [-0.019_638, -0.078_636, 1.098_274]],
        _ => [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
    }
}

/// Converts samples of linear light with sRGB's primaries, in which 1 is white, to sRGB. Alpha, if there is any, is
/// straight.
pub(in crate::picture) fn encode(raw: &mut Raw, limits: &Limits) -> Result<()> {
    let light = floats(raw, limits)?;
    finish(raw, light, "linear light", true);
    Ok(())
}

/// Converts samples of high dynamic range to sRGB. `primaries` is a code point of ITU-T H.273. Alpha, if there is any,
/// is straight.
pub(in crate::picture) fn from_hdr(raw: &mut Raw, hdr: Hdr, primaries: u8, limits: &Limits) -> Result<()> {
    let mut light = floats(raw, limits)?;
    let channels = raw.colour.channels();
    let matrix = to_srgb_primaries(primaries);
    for pixel in light.chunks_exact_mut(channels + usize::from(raw.alpha)) {
        match pixel {
            [r, g, b, ..] if channels == 3 => {
                let light = hdr.to_light([*r, *g, *b]);
                [*r, *g, *b] = matrix.map(|row| row.iter().zip(light).map(|(a, v)| a * v).sum());
            }
            [v, ..] => *v = hdr.to_light([*v; 3])[0],
            [] => {}
        }
    }
    // The units are known: white paper is where it should be.
    finish(raw, light, &format!("high dynamic range ({})", hdr.name()), false);
    Ok(())
}

/// Returns all samples as floats, if the limits allow that much memory.
fn floats(raw: &mut Raw, limits: &Limits) -> Result<Vec<f32>> {
    let channels = raw.colour.channels() + usize::from(raw.alpha);
    if raw.colour == Colour::Cmyk {
        return Err(Error::new(ErrorKind::Unsupported, "inks in linear light are not supported; save it as RGB"));
    }
    limits.check_decoded(raw.width, raw.height, channels * 4)?;
    let samples = std::mem::replace(&mut raw.samples, Samples::U8(Vec::new()));
    fn spread<T: Unit>(values: &[T]) -> Result<Vec<f32>> {
        let mut out: Vec<f32> = zeros(values.len())?;
        out.iter_mut().zip(values).for_each(|(out, v)| *out = v.unit());
        Ok(out)
    }
    match samples {
        Samples::U8(v) => spread(&v),
        Samples::U16(v) => spread(&v),
        Samples::F32(v) => Ok(v),
    }
}

/// Converts linear light to sRGB and stores it as the picture's samples. `what` names the light in warnings; `expose`
/// says whether its units may be wrong.
fn finish(raw: &mut Raw, mut light: Vec<f32>, what: &str, expose: bool) {
    let colours = raw.colour.channels();
    let channels = colours + usize::from(raw.alpha);
    // NaN becomes 0. Infinity becomes the greatest 16-bit float, because such files have mostly 16-bit samples.
    let sound = |v: f32| if v.is_nan() { 0.0 } else { v.clamp(0.0, 65_504.0) };
    let (mut peak, mut logs) = (0.0f32, 0.0f64);
    for pixel in light.chunks_exact_mut(channels) {
        pixel.iter_mut().for_each(|v| *v = sound(*v));
        let brightest = pixel[..colours].iter().fold(0.0, |a: f32, &v| a.max(v));
        peak = peak.max(brightest);
        logs += f64::from(brightest.max(1e-6).ln());
    }
    // Radiance has units of its own, so files may be a thousand times too bright or too dark.
    let average = (logs / (light.len() / channels) as f64).exp() as f32;
    let unusual = expose && (average > 1.0 || (peak < 1.0 / 16.0 && peak > 0.0));
    let exposure = if unusual { GREY / average.max(1e-6) } else { 1.0 };
    if unusual {
        raw.warnings.push(format!("{what} of unusual brightness: it is multiplied by {exposure:.3}"));
    }
    let peak = peak * exposure;
    let bend = (1.0 / (1.0 - KNEE) - 1.0 / (peak - KNEE)).max(0.0);
    let compressed = peak > 1.0;
    for pixel in light.chunks_exact_mut(channels) {
        let pixel = &mut pixel[..colours];
        let brightest = pixel.iter().fold(0.0, |a: f32, &v| a.max(v)) * exposure;
        let above = brightest - KNEE;
        let scale = if compressed && above > 0.0 { (KNEE + above / (1.0 + above * bend)) / brightest } else { 1.0 };
        pixel.iter_mut().for_each(|v| *v = srgb(*v * exposure * scale));
    }
    if compressed {
        let percent = KNEE * 100.0;
        raw.warnings.push(format!(
            "{what}, up to {peak:.1} times as bright as white: values brighter than {percent:.0} % of white are compressed"
        ));
    }
    raw.samples = Samples::F32(light);
    raw.bit_depth = raw.bit_depth.max(16);
    raw.icc = None;
}

/// sRGB's curve (IEC 61966-2-1).
fn srgb(v: f32) -> f32 {
    if v <= 0.003_130_8 { v * 12.92 } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(values: &[f32]) -> Raw {
        Raw::new(values.len(), 1, Colour::Grey, false, Samples::F32(values.to_vec()))
    }

    fn samples(raw: &Raw) -> &[f32] {
        match &raw.samples {
            Samples::F32(v) => v,
            _ => &[],
        }
    }

    #[test]
    fn light_up_to_white_is_only_encoded() {
        let mut raw = grey(&[0.0, 0.002, 0.2140411, 1.0]);
        encode(&mut raw, &Limits::default()).unwrap();
        let wanted = [0.0, 0.02584, 0.5, 1.0];
        assert!(samples(&raw).iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-5), "{:?}", samples(&raw));
        assert!(raw.warnings.is_empty());
    }

    #[test]
    fn light_above_white_is_compressed_in_order_and_said() {
        let values = [0.1, 0.5, 0.8, 0.9, 1.0, 2.0, 8.0];
        let mut raw = grey(&values);
        encode(&mut raw, &Limits::default()).unwrap();
        let out = samples(&raw);
        assert!((out[1] - srgb(0.5)).abs() < 1e-6 && (out[6] - 1.0).abs() < 1e-5, "{out:?}");
        assert!(out.windows(2).all(|pair| pair[0] < pair[1]), "{out:?}");
        assert!(raw.warnings.len() == 1 && raw.warnings[0].contains("8.0 times"), "{:?}", raw.warnings);
    }

    #[test]
    fn what_is_no_number_or_absurdly_bright_does_no_harm() {
        let mut raw = grey(&[f32::NAN, -3.0, f32::INFINITY, 4000.0, 5000.0]);
        encode(&mut raw, &Limits::default()).unwrap();
        assert!(samples(&raw).iter().all(|v| (0.0..=1.001).contains(v)), "{:?}", samples(&raw));
    }

    #[test]
    fn white_paper_of_hdr_is_bright_and_black_is_black() {
        // The signals of 203 candela per square meter (BT.2408, table 1).
        for (hdr, white) in [(Hdr::Pq, 0.58), (Hdr::Hlg, 0.75)] {
            let light = hdr.to_light([white; 3]);
            assert!(light.iter().all(|v| (0.95..1.05).contains(v)), "{hdr:?} {light:?}");
            assert!(hdr.to_light([0.0; 3]).iter().all(|&v| v.abs() < 1e-6));
        }
        for primaries in [1, 9, 12] {
            for row in to_srgb_primaries(primaries) {
                assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-4, "white stays white");
            }
        }
    }
}
