//! Color spaces that a PNG file gives without an ICC profile: the chunks cICP, gAMA and cHRM.

use std::io::{BufRead, Seek};

use ::png::{Info, Reader};
use moxcms::{Chromaticity, ColorPrimaries, ColorProfile, ToneReprCurve, WHITE_POINT_D65, XyY};

use crate::Result;
use crate::picture::Limits;
use crate::picture::decode::Raw;
use crate::picture::decode::code_points::{self, encoded, set_curve};

/// gAMA of sRGB pictures: programs that do not know the sRGB chunk write this approximation of sRGB's curve.
const SRGB_GAMMA: f32 = 0.45455;
/// cHRM of sRGB pictures: white, red, green, blue.
const SRGB_PRIMARIES: [(f32, f32); 4] = [(0.3127, 0.3290), (0.64, 0.33), (0.30, 0.60), (0.15, 0.06)];

/// Sets the profile of a picture from the chunks of its file: cICP before iCCP before sRGB before gAMA and cHRM, as in
/// browsers. Pictures of high dynamic range become sRGB.
pub(super) fn apply(reader: &Reader<impl BufRead + Seek>, raw: &mut Raw, limits: &Limits) -> Result<()> {
    let info = reader.info();
    raw.icc = info.icc_profile.as_ref().map(|icc| icc.to_vec());
    if let Some(points) = info.coding_independent_code_points {
        if !points.is_video_full_range_image {
            raw.warnings.push("cICP: narrow-range samples are taken as full-range; contrast will be too low".into());
        }
        return code_points::apply(raw, "cICP", [points.color_primaries, points.transfer_function], limits);
    }
    if raw.icc.is_none() && info.srgb.is_none() {
        // Nothing is written in this color space: gAMA describes old displays, and 8 bits of linear samples would be
        // coarse.
        raw.convert_from = from_gamma(info);
    }
    Ok(())
}

/// Reads gAMA and cHRM. `None` if they describe sRGB or are missing.
fn from_gamma(info: &Info<'_>) -> Option<Vec<u8>> {
    let gamma = info.gama_chunk.map(|gamma| gamma.into_value()).filter(|gamma| (gamma - SRGB_GAMMA).abs() > 0.005);
    let named = info.chrm_chunk.map(|c| [c.white, c.red, c.green, c.blue].map(|(x, y)| (x.into_value(), y.into_value())));
    let differs = |named: &[(f32, f32); 4]| {
        let far = |((x, y), (sx, sy)): (&(f32, f32), &(f32, f32))| (x - sx).abs() > 0.002 || (y - sy).abs() > 0.002;
        named.iter().zip(&SRGB_PRIMARIES).any(far)
    };
    // Broken writers leave chromaticities that are not colors.
    let valid = |named: &[(f32, f32); 4]| named.iter().all(|&(x, y)| x >= 0.0 && y > 0.001 && x + y <= 1.0);
    let named = named.filter(|named| valid(named) && differs(named));
    if gamma.is_none() && named.is_none() {
        return None;
    }
    let mut profile = ColorProfile::new_srgb();
    if let Some([white, red, green, blue]) = named {
        let at = |(x, y): (f32, f32)| Chromaticity::new(x, y);
        let primaries = ColorPrimaries { red: at(red), green: at(green), blue: at(blue) };
        // Gray must stay gray: use the D65 white of sRGB's profile, to the last digit.
        let d65 = (white.0 - SRGB_PRIMARIES[0].0).abs() < 0.001 && (white.1 - SRGB_PRIMARIES[0].1).abs() < 0.001;
        let white = if d65 { WHITE_POINT_D65 } else { XyY { x: f64::from(white.0), y: f64::from(white.1), yb: 1.0 } };
        profile.update_rgb_colorimetry(white, primaries);
    }
    if let Some(gamma) = gamma {
        set_curve(&mut profile, ToneReprCurve::Parametric(vec![1.0 / gamma]));
    }
    encoded(&mut profile, "PNG gAMA and cHRM".into())
}
