//! Colour spaces that a PNG names without an ICC profile: the chunks cICP, gAMA and cHRM.

use std::io::{BufRead, Seek};

use ::png::{Info, Reader};
use moxcms::{
    Chromaticity, CicpColorPrimaries, CicpProfile, ColorPrimaries, ColorProfile, LocalizableString, MatrixCoefficients,
    ProfileText, ToneReprCurve, TransferCharacteristics, WHITE_POINT_D65, XyY,
};

use super::raw::Raw;

/// gAMA of sRGB pictures: programs that know no sRGB chunk write this approximation of sRGB's curve.
const SRGB_GAMMA: f32 = 0.45455;
/// cHRM of sRGB pictures: white, red, green, blue.
const SRGB_PRIMARIES: [(f32, f32); 4] = [(0.3127, 0.3290), (0.64, 0.33), (0.30, 0.60), (0.15, 0.06)];
/// Transfer functions of high dynamic range.
const HDR: [(u8, &str); 2] = [(16, "PQ"), (18, "HLG")];

/// Sets the profile of a picture from the chunks of its file: cICP before iCCP before sRGB before gAMA and cHRM, as browsers do.
pub(super) fn apply(reader: &Reader<impl BufRead + Seek>, raw: &mut Raw) {
    let info = reader.info();
    raw.icc = info.icc_profile.as_ref().map(|icc| icc.to_vec());
    if info.coding_independent_code_points.is_some() {
        from_code_points(info, raw);
    } else if raw.icc.is_none() && info.srgb.is_none() {
        // Nothing written is in this space: gAMA is about old displays, and 8 bits of linear samples would be coarse.
        raw.convert_from = from_gamma(info);
    }
}

/// cICP: numbers of ITU-T H.273.
fn from_code_points(info: &Info<'_>, raw: &mut Raw) {
    let Some(points) = info.coding_independent_code_points else { return };
    let (primaries, transfer) = (points.color_primaries, points.transfer_function);
    let known = CicpColorPrimaries::try_from(primaries).ok().zip(TransferCharacteristics::try_from(transfer).ok());
    let chosen = known.and_then(|(primaries, transfer)| {
        ColorPrimaries::try_from(primaries).ok()?;
        Some((primaries, transfer, ToneReprCurve::try_from(transfer).ok()?))
    });
    if !points.is_video_full_range_image {
        raw.warnings.push("cICP: narrow-range samples are taken as full-range; contrast is too low".into());
    }
    if let Some((_, name)) = HDR.iter().find(|(number, _)| *number == transfer) {
        raw.icc = None;
        raw.warnings.push(format!("cICP: a high dynamic range picture ({name}) is taken as sRGB; its colours will be off"));
        return;
    }
    let Some((color_primaries, transfer_characteristics, curve)) = chosen else {
        let instead = if raw.icc.is_some() { "the embedded profile is used" } else { "colours are taken as sRGB" };
        raw.warnings.push(format!("cICP: primaries {primaries} with transfer {transfer} are not supported; {instead}"));
        return;
    };
    let matrix_coefficients = MatrixCoefficients::Bt709;
    let mut profile = match color_primaries {
        // The same, with white where sRGB's profile has it too.
        CicpColorPrimaries::Bt709 => ColorProfile::new_srgb(),
        CicpColorPrimaries::Smpte432 => ColorProfile::new_display_p3(),
        CicpColorPrimaries::Bt2020 => ColorProfile::new_bt2020(),
        _ => ColorProfile::new_from_cicp(CicpProfile {
            color_primaries,
            transfer_characteristics,
            matrix_coefficients,
            full_range: true,
        }),
    };
    set_curve(&mut profile, curve);
    let name = match (color_primaries, transfer_characteristics) {
        (CicpColorPrimaries::Bt709, TransferCharacteristics::Srgb) => {
            // sRGB needs no profile.
            raw.icc = None;
            return;
        }
        (CicpColorPrimaries::Smpte432, TransferCharacteristics::Srgb) => "Display P3".into(),
        (CicpColorPrimaries::Bt2020, _) => format!("BT.2020, transfer {transfer}"),
        _ => format!("H.273 primaries {primaries}, transfer {transfer}"),
    };
    raw.icc = encoded(&mut profile, name);
}

/// gAMA and cHRM. `None` if they say sRGB, or nothing.
fn from_gamma(info: &Info<'_>) -> Option<Vec<u8>> {
    let gamma = info.gama_chunk.map(|gamma| gamma.into_value()).filter(|gamma| (gamma - SRGB_GAMMA).abs() > 0.005);
    let named = info.chrm_chunk.map(|c| [c.white, c.red, c.green, c.blue].map(|(x, y)| (x.into_value(), y.into_value())));
    let differs = |named: &[(f32, f32); 4]| {
        let far = |((x, y), (sx, sy)): (&(f32, f32), &(f32, f32))| (x - sx).abs() > 0.002 || (y - sy).abs() > 0.002;
        named.iter().zip(&SRGB_PRIMARIES).any(far)
    };
    // Chromaticities that are no colours are what broken writers leave.
    let valid = |named: &[(f32, f32); 4]| named.iter().all(|&(x, y)| x >= 0.0 && y > 0.001 && x + y <= 1.0);
    let named = named.filter(|named| valid(named) && differs(named));
    if gamma.is_none() && named.is_none() {
        return None;
    }
    let mut profile = ColorProfile::new_srgb();
    if let Some([white, red, green, blue]) = named {
        let at = |(x, y): (f32, f32)| Chromaticity::new(x, y);
        let primaries = ColorPrimaries { red: at(red), green: at(green), blue: at(blue) };
        // Grey must stay grey: D65 is the white of sRGB's profile, to the last digit.
        let d65 = (white.0 - SRGB_PRIMARIES[0].0).abs() < 0.001 && (white.1 - SRGB_PRIMARIES[0].1).abs() < 0.001;
        let white = if d65 { WHITE_POINT_D65 } else { XyY { x: f64::from(white.0), y: f64::from(white.1), yb: 1.0 } };
        profile.update_rgb_colorimetry(white, primaries);
    }
    if let Some(gamma) = gamma {
        set_curve(&mut profile, ToneReprCurve::Parametric(vec![1.0 / gamma]));
    }
    encoded(&mut profile, "PNG gAMA and cHRM".into())
}

fn set_curve(profile: &mut ColorProfile, curve: ToneReprCurve) {
    profile.red_trc = Some(curve.clone());
    profile.green_trc = Some(curve.clone());
    profile.blue_trc = Some(curve);
}

fn encoded(profile: &mut ColorProfile, name: String) -> Option<Vec<u8>> {
    let text = |value: String| Some(ProfileText::Localizable(vec![LocalizableString::new("en".into(), "US".into(), value)]));
    profile.description = text(name);
    profile.copyright = text("Public Domain".into());
    // What the profile says is complete without.
    profile.cicp = None;
    profile.encode().ok()
}
