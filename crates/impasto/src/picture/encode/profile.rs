//! Conversion from sRGB back to the color space of the picture's source.

use std::sync::Arc;

use moxcms::{ColorProfile, DataColorSpace, Layout, TransformF32Executor};

use super::super::Source;
use super::super::decode::{Colour, options, profile_is_srgb};
use super::Profile;
use crate::{Error, ErrorKind, Result};

/// The color space of a written file.
pub(in super::super) enum Space {
    /// sRGB, which needs no profile.
    Srgb,
    /// That of an embedded profile.
    Kept {
        /// The profile as it was in the source.
        icc: Vec<u8>,
        /// Converts from sRGB; `None` if the profile is sRGB.
        transform: Option<Arc<TransformF32Executor>>,
    },
}

impl Space {
    /// Selects the color space that the options ask for. `warnings` gets a line if that is impossible, unless the
    /// profile could not even be used for reading: then the decoder has said so. `deep` says that samples have more
    /// than 8 bits.
    pub(super) fn new(source: &Source, (profile, deep): (Profile, bool), warnings: &mut Vec<String>) -> Self {
        let Some(icc) = source.icc.as_deref().filter(|_| profile == Profile::Keep) else {
            if source.cmyk && profile == Profile::Keep {
                warnings.push("the content's inks (CMYK) became RGB: the result is sRGB".into());
            }
            return Space::Srgb;
        };
        // The profile is untrusted input.
        let built = std::panic::catch_unwind(|| transform(icc, deep)).unwrap_or_else(|_| Err("its tables are corrupt".into()));
        match built {
            Ok(transform) => Space::Kept { icc: icc.to_vec(), transform },
            Err(why) => {
                let colour = match (source.grey, source.cmyk) {
                    (true, _) => Colour::Grey,
                    (_, true) => Colour::Cmyk,
                    _ => Colour::Rgb,
                };
                if profile_is_srgb(icc, colour).is_ok() {
                    warnings.push(format!("the content's color profile is not kept ({why}): the result is sRGB"));
                }
                Space::Srgb
            }
        }
    }

    /// Converts a row from sRGB to this color space; `None` if it stays as it is.
    pub(super) fn convert(&self, row: &[f32]) -> Result<Option<Vec<f32>>> {
        let Space::Kept { transform: Some(transform), .. } = self else { return Ok(None) };
        // Networks paint a little beyond the range, where the tables end.
        let clamped: Vec<f32> = row.iter().map(|v| v.clamp(0.0, 1.0)).collect();
        let mut converted = vec![0.0; row.len()];
        transform.transform(&clamped, &mut converted).map_err(|e| Error::new(ErrorKind::Malformed, e.to_string()))?;
        converted.iter_mut().filter(|v| v.is_nan()).for_each(|v| *v = 0.0);
        Ok(Some(converted))
    }

    /// Returns the profile to embed.
    pub(in super::super) fn icc(&self) -> Option<&[u8]> {
        match self {
            Space::Srgb => None,
            Space::Kept { icc, .. } => Some(icc),
        }
    }

    /// Whether values are in sRGB.
    pub(super) fn is_srgb(&self) -> bool {
        matches!(self, Space::Srgb | Space::Kept { transform: None, .. })
    }
}

fn transform(icc: &[u8], deep: bool) -> Result<Option<Arc<TransformF32Executor>>, String> {
    let target = ColorProfile::new_from_slice(icc).map_err(|e| e.to_string())?;
    match target.color_space {
        DataColorSpace::Rgb => {}
        DataColorSpace::Gray => return Err("it is for gray pixels".into()),
        DataColorSpace::Cmyk => return Err("it is for CMYK inks".into()),
        _ => return Err("it is not for RGB".into()),
    }
    if profile_is_srgb(icc, Colour::Rgb)? {
        return Ok(None);
    }
    let transform = ColorProfile::new_srgb().create_transform_f32(Layout::Rgb, &target, Layout::Rgb, options(deep));
    transform.map(Some).map_err(|e| e.to_string())
}

impl std::fmt::Debug for Space {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Space::Srgb => "Srgb",
            Space::Kept { transform: None, .. } => "Kept (sRGB)",
            Space::Kept { .. } => "Kept",
        })
    }
}
