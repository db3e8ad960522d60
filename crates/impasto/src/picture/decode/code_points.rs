//! Color spaces that a file gives as code points of ITU-T H.273, without an ICC profile.

use moxcms::{
    CicpColorPrimaries, CicpProfile, ColorPrimaries, ColorProfile, LocalizableString, MatrixCoefficients, ProfileText,
    ToneReprCurve, TransferCharacteristics,
};

use super::Raw;
use super::linear::{self, Hdr};
use crate::Result;
use crate::picture::Limits;

/// Sets the profile of a picture with these code points of primaries and transfer function. A picture of high dynamic
/// range is converted to sRGB. `place` says where the file has them, for messages.
pub(in crate::picture) fn apply(raw: &mut Raw, place: &str, [primaries, transfer]: [u8; 2], limits: &Limits) -> Result<()> {
    let known = CicpColorPrimaries::try_from(primaries).ok().zip(TransferCharacteristics::try_from(transfer).ok());
    let chosen = known.and_then(|(primaries, transfer)| {
        ColorPrimaries::try_from(primaries).ok()?;
        Some((primaries, transfer, ToneReprCurve::try_from(transfer).ok()?))
    });
    if let Some(hdr) = Hdr::of(transfer) {
        return linear::from_hdr(raw, hdr, primaries, limits);
    }
    let Some((color_primaries, transfer_characteristics, curve)) = chosen else {
        let instead = if raw.icc.is_some() { "the embedded profile is used" } else { "colors are taken as sRGB" };
        raw.warnings.push(format!("{place}: primaries {primaries} with transfer {transfer} are not supported; {instead}"));
        return Ok(());
    };
    let matrix_coefficients = MatrixCoefficients::Bt709;
    let mut profile = match color_primaries {
        // The same primaries, with the same white as in our sRGB profile.
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
            return Ok(());
        }
        (CicpColorPrimaries::Smpte432, TransferCharacteristics::Srgb) => "Display P3".into(),
        (CicpColorPrimaries::Bt2020, _) => format!("BT.2020, transfer {transfer}"),
        _ => format!("H.273 primaries {primaries}, transfer {transfer}"),
    };
    raw.icc = encoded(&mut profile, name);
    Ok(())
}

/// Sets one curve for all three colors.
pub(in crate::picture) fn set_curve(profile: &mut ColorProfile, curve: ToneReprCurve) {
    profile.red_trc = Some(curve.clone());
    profile.green_trc = Some(curve.clone());
    profile.blue_trc = Some(curve);
}

/// Encodes a profile with this name.
pub(in crate::picture) fn encoded(profile: &mut ColorProfile, name: String) -> Option<Vec<u8>> {
    let text = |value: String| Some(ProfileText::Localizable(vec![LocalizableString::new("en".into(), "US".into(), value)]));
    profile.description = text(name);
    profile.copyright = text("Public Domain".into());
    // The profile is complete without it.
    profile.cicp = None;
    profile.encode().ok()
}
