//! Where the conditional norms of a run come from.

use impasto_kernels::statistics::Statistics;

use super::Program;
use super::step::Affine;
use crate::{Error, ErrorKind, Result};

/// Scale and shift, one of each a channel.
pub(super) type Map = (Vec<f32>, Vec<f32>);

/// Scales and shifts of every conditional norm for one style vector.
#[derive(Debug, Clone, PartialEq)]
pub struct Conditioning {
    /// By affine map of the program; nothing for fixed ones.
    pub(super) maps: Vec<Option<Map>>,
}

/// What every conditional norm of a program comes to for one style vector and the statistics of one picture: `x · scale + shift` by channel.
///
/// With norms frozen so, a network is local: an output pixel depends on the input pixels within the network's reach and on nothing
/// else, so that a picture can be painted in parts of any size ([`Program::paint_bands`]).
#[derive(Debug, Clone, PartialEq)]
pub struct Frozen {
    /// By affine map of the program, fixed ones included.
    pub(super) maps: Vec<Option<Map>>,
}

/// Where a run takes its norms from.
#[derive(Clone, Copy)]
pub(super) enum Norms<'a> {
    /// The statistics of the picture itself.
    Measured(&'a Conditioning),
    /// They are known.
    Frozen(&'a Frozen),
}

impl Norms<'_> {
    /// What is known of each affine map before the run.
    pub(super) fn maps(&self, program: &Program) -> Result<Vec<Option<Map>>> {
        let maps = match self {
            Norms::Measured(conditioning) => &conditioning.maps,
            Norms::Frozen(frozen) => &frozen.maps,
        };
        // The same number of maps, each of the right number of channels.
        let fits = maps.len() == program.affines.len()
            && maps.iter().zip(&program.affines).all(|(map, affine)| {
                map.as_ref().is_none_or(|(scale, shift)| scale.len() == affine.channels() && shift.len() == affine.channels())
            });
        if !fits {
            return Err(Error::new(ErrorKind::Mismatch, "a style conditioned for another network"));
        }
        if let Norms::Frozen(frozen) = self {
            return Ok(frozen.maps.clone());
        }
        let fixed = program.affines.iter().map(|affine| match affine {
            Affine::Fixed { scale, shift } => Some((scale.clone(), shift.clone())),
            Affine::Conditional { .. } => None,
        });
        Ok(fixed.collect())
    }

    /// What a conditional norm comes to with these statistics: `(x - mean) * rsqrt(variance + epsilon) * scale + shift` as a factor and a
    /// summand.
    pub(super) fn measured(&self, program: &Program, norm: usize, statistics: &Statistics) -> Option<Map> {
        let Norms::Measured(conditioning) = self else { return None };
        let Affine::Conditional { epsilon, .. } = program.affines[norm] else { return None };
        let (scale, shift) = conditioning.maps[norm].as_ref()?;
        let factors: Vec<f64> = scale
            .iter()
            .zip(&statistics.variance)
            .map(|(&scale, &variance)| f64::from(scale) / (f64::from(variance) + f64::from(epsilon)).sqrt())
            .collect();
        let summands = shift.iter().zip(&statistics.mean).zip(&factors);
        let summands = summands.map(|((&shift, &mean), factor)| (f64::from(shift) - f64::from(mean) * factor) as f32).collect();
        Some((factors.iter().map(|&f| f as f32).collect(), summands))
    }
}
