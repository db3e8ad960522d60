//! What is known of a program's norms while it runs.

use impasto_kernels::statistics::Statistics;

use super::Program;
use super::step::Affine;
use crate::Result;
use crate::engine::norms::{self, Conditioning, Frozen, Map, Maps, Norms};

/// Maps of channels, as far as they are known by now.
#[derive(Default)]
pub(super) struct Known {
    /// Maps that are the same at every pixel: whoever reads the features applies them.
    pub(super) everywhere: Maps,
    /// Norms of several styles, one map a style: they are applied where the features are made. Empty for others.
    pub(super) by_style: Vec<Vec<Map>>,
}

impl Known {
    /// What is known before the run.
    pub(super) fn new(program: &Program, norms: Norms<'_>) -> Result<Self> {
        let styles = norms.styles();
        // The same number of maps, each of the right number of channels.
        let fits = |maps: &Maps| {
            maps.len() == program.affines.len()
                && maps.iter().zip(&program.affines).all(|(map, affine)| {
                    map.as_ref().is_none_or(|(scale, shift)| scale.len() == affine.channels() && shift.len() == affine.channels())
                })
        };
        if !styles.iter().all(fits) {
            return Err(norms::foreign());
        }
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

    /// Notes what a conditional norm comes to with these statistics: `(x - mean) * rsqrt(variance + epsilon) * scale + shift` as a factor and a
    /// summand. The statistics are those of so many pixels.
    pub(super) fn measured(
        &mut self,
        program: &Program,
        (norm, Conditioning(maps)): (usize, &Conditioning),
        (statistics, pixels): (&Statistics, usize),
    ) {
        let Some((factor, epsilon)) = program.affines[norm].of_variance(pixels) else { return };
        let Some((scale, shift)) = maps[norm].as_ref() else { return };
        let factors: Vec<f64> = scale
            .iter()
            .zip(&statistics.variance)
            .map(|(&scale, &variance)| f64::from(scale) / (f64::from(variance) * factor + f64::from(epsilon)).sqrt())
            .collect();
        let summands = shift.iter().zip(&statistics.mean).zip(&factors);
        let summands = summands.map(|((&shift, &mean), factor)| (f64::from(shift) - f64::from(mean) * factor) as f32).collect();
        self.everywhere[norm] = Some((factors.iter().map(|&f| f as f32).collect(), summands));
    }

    /// What was found in a run, for runs on other pictures.
    pub(super) fn freeze(self) -> Frozen {
        Frozen { maps: vec![self.everywhere], shares: None }
    }
}
