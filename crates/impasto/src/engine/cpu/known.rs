//! What is known about a program's norms while it runs.

use impasto_kernels::statistics::Statistics;

use super::Program;
use super::step::Affine;
use crate::Result;
use crate::engine::norms::{self, Conditioning, Frozen, Map, Maps, Norms};

/// The affine maps that are known so far.
#[derive(Default)]
pub(super) struct Known {
    /// Maps that are the same at every pixel: the readers of the features apply them.
    pub(super) everywhere: Maps,
    /// Norms of several styles, one map for each style, which are applied where the
    /// features are computed. Empty for other norms.
    pub(super) by_style: Vec<Vec<Map>>,
}

impl Known {
    /// Collects what is known before the run.
    pub(super) fn new(program: &Program, norms: Norms<'_>) -> Result<Self> {
        let styles = norms.styles();
        // The number of maps and the channels of each must match.
        let fits = |maps: &Maps| {
            maps.len() == program.affines.len()
                && maps.iter().zip(&program.affines).all(|(map, affine)| {
                    map.as_ref().is_none_or(|(scale, shift)| scale.len() == affine.channels() && shift.len() == affine.channels())
                })
        };
        if !styles.iter().all(fits) {
            return Err(norms::foreign());
        }
        styles.iter().flatten().flatten().try_for_each(norms::check_finite)?;
        let mut known =
            Known { everywhere: vec![None; program.affines.len()], by_style: vec![Vec::new(); program.affines.len()] };
        for (i, affine) in program.affines.iter().enumerate() {
            match (affine, norms) {
                (Affine::Fixed { scale, shift }, _) => known.everywhere[i] = Some((scale.clone(), shift.clone())),
                (Affine::Modulated { .. }, _) if styles.len() > 1 => return Err(norms::one_style_at_a_time()),
                (Affine::Modulated { .. }, _) => known.everywhere[i] = styles.first().and_then(|maps| maps[i].clone()),
                (_, Norms::Measured(_)) => {}
                (_, Norms::Frozen(frozen)) => {
                    let mut maps: Vec<Map> = styles.iter().filter_map(|maps| maps[i].clone()).collect();
                    if frozen.shares.is_some() {
                        known.by_style[i] = maps;
                    } else {
                        known.everywhere[i] = maps.pop();
                    }
                }
            }
        }
        Ok(known)
    }

    /// Records a conditional norm, `(x - mean) * rsqrt(variance + epsilon) * scale + shift`, as one factor and one
    /// summand per channel. The statistics are those of `pixels` pixels.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Malformed`] if they are not finite.
    pub(super) fn measured(
        &mut self,
        program: &Program,
        (norm, Conditioning(maps)): (usize, &Conditioning),
        (statistics, pixels): (&Statistics, usize),
    ) -> Result<()> {
        let Some((factor, epsilon)) = program.affines[norm].of_variance(pixels) else { return Ok(()) };
        let Some((scale, shift)) = maps[norm].as_ref() else { return Ok(()) };
        let factors: Vec<f64> = scale
            .iter()
            .zip(&statistics.variance)
            .map(|(&scale, &variance)| f64::from(scale) / (f64::from(variance) * factor + f64::from(epsilon)).sqrt())
            .collect();
        let summands = shift.iter().zip(&statistics.mean).zip(&factors);
        let summands = summands.map(|((&shift, &mean), factor)| (f64::from(shift) - f64::from(mean) * factor) as f32);
        let map = (factors.iter().map(|&f| f as f32).collect(), summands.collect());
        norms::check_finite(&map)?;
        self.everywhere[norm] = Some(map);
        Ok(())
    }

    /// Keeps what a run has found, for runs on other pictures.
    pub(super) fn freeze(self) -> Frozen {
        Frozen { maps: vec![self.everywhere], shares: None }
    }
}
