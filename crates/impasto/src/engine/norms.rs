//! Where the conditional norms of a run come from.

use std::sync::Arc;

use impasto_kernels::statistics::Statistics;

use super::Program;
use super::shares::Shares;
use super::step::Affine;
use crate::{Error, ErrorKind, Result};

/// Scale and shift, one of each a channel.
pub(super) type Map = (Vec<f32>, Vec<f32>);

/// By affine map of a program; nothing where it is not known.
pub(super) type Maps = Vec<Option<Map>>;

/// Scales and shifts of every conditional norm for one style vector, or for several that share the picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Conditioning(Styles);

/// What every conditional norm of a program comes to for one style vector, or several, and the statistics of one picture: `x · scale + shift` by
/// channel.
///
/// With norms frozen so, a network is local: an output pixel depends on the input pixels within the network's reach and on nothing
/// else, so that a picture can be painted in parts of any size ([`Program::paint_bands`]).
#[derive(Debug, Clone, PartialEq)]
pub struct Frozen(Styles);

#[derive(Debug, Clone, PartialEq)]
struct Styles {
    /// Those of each style: of a conditioning without the fixed ones.
    maps: Vec<Maps>,
    /// Where which style is, if there are several.
    shares: Option<Arc<Shares>>,
}

impl Conditioning {
    pub(super) fn new(maps: Maps) -> Self {
        Conditioning(Styles { maps: vec![maps], shares: None })
    }

    pub(super) fn shared(maps: Vec<Maps>, shares: Arc<Shares>) -> Self {
        Conditioning(Styles { maps, shares: Some(shares) })
    }
}

impl Frozen {
    /// Several styles that share a picture, each with the statistics that it has where it paints the whole picture. ([`Program::condition_shared`] normalises
    /// all of them with those of their mixture, in which styles that have little in common disturb each other.)
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if the shares are those of another number of styles, or a part is shared itself.
    pub fn shared(styles: Vec<Frozen>, shares: Arc<Shares>) -> Result<Self> {
        if styles.len() != shares.styles() || styles.iter().any(|style| style.0.shares.is_some()) {
            let text = format!("{} frozen styles and shares of {}", styles.len(), shares.styles());
            return Err(Error::new(ErrorKind::Mismatch, text));
        }
        let maps = styles.into_iter().flat_map(|style| style.0.maps).collect();
        Ok(Frozen(Styles { maps, shares: Some(shares) }))
    }

    /// Norms between these and others: 0 for these, 1 for the others. Scales and shifts glide linearly; where which style is stays as here.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if they are of different networks or numbers of styles.
    pub fn towards(&self, other: &Frozen, share: f32) -> Result<Self> {
        let different =
            || Error::new(ErrorKind::Mismatch, "norms of different networks or numbers of styles have nothing between them");
        let glide = |from: &[f32], to: &[f32]| -> Result<Vec<f32>> {
            if from.len() != to.len() {
                return Err(different());
            }
            Ok(from.iter().zip(to).map(|(from, to)| from + (to - from) * share).collect())
        };
        let map = |(from, to): (&Option<Map>, &Option<Map>)| match (from, to) {
            (None, None) => Ok(None),
            (Some(from), Some(to)) => Ok(Some((glide(&from.0, &to.0)?, glide(&from.1, &to.1)?))),
            _ => Err(different()),
        };
        let style = |(from, to): (&Maps, &Maps)| {
            if from.len() == to.len() { from.iter().zip(to).map(map).collect::<Result<Maps>>() } else { Err(different()) }
        };
        if self.0.maps.len() != other.0.maps.len() {
            return Err(different());
        }
        let maps = self.0.maps.iter().zip(&other.0.maps).map(style).collect::<Result<_>>()?;
        Ok(Frozen(Styles { maps, shares: self.0.shares.clone() }))
    }

    /// The same norms with other places for the styles.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if the shares are those of another number of styles.
    pub fn placed(&self, shares: Arc<Shares>) -> Result<Self> {
        if self.0.maps.len() != shares.styles() {
            let text = format!("{} frozen styles and shares of {}", self.0.maps.len(), shares.styles());
            return Err(Error::new(ErrorKind::Mismatch, text));
        }
        Ok(Frozen(Styles { maps: self.0.maps.clone(), shares: Some(shares) }))
    }
}

/// Where a run takes its norms from.
#[derive(Clone, Copy)]
pub(super) enum Norms<'a> {
    /// The statistics of the picture itself.
    Measured(&'a Conditioning),
    /// They are known.
    Frozen(&'a Frozen),
}

/// What is known of a program's norms while it runs.
#[derive(Default)]
pub(super) struct Known {
    /// Maps that are the same at every pixel: whoever reads the features applies them.
    pub(super) everywhere: Maps,
    /// Norms of several styles, one map a style: they are applied where the features are made. Empty for others.
    pub(super) by_style: Vec<Vec<Map>>,
}

impl<'a> Norms<'a> {
    fn styles(self) -> &'a Styles {
        match self {
            Norms::Measured(conditioning) => &conditioning.0,
            Norms::Frozen(frozen) => &frozen.0,
        }
    }

    /// Where which style is, if there are several.
    pub(super) fn shares(self) -> Option<&'a Shares> {
        self.styles().shares.as_deref()
    }

    /// What is known of each affine map before the run.
    pub(super) fn known(self, program: &Program) -> Result<Known> {
        let Styles { maps: styles, .. } = self.styles();
        // The same number of maps, each of the right number of channels.
        let fits = |maps: &Maps| {
            maps.len() == program.affines.len()
                && maps.iter().zip(&program.affines).all(|(map, affine)| {
                    map.as_ref().is_none_or(|(scale, shift)| scale.len() == affine.channels() && shift.len() == affine.channels())
                })
        };
        if !styles.iter().all(fits) {
            return Err(Error::new(ErrorKind::Mismatch, "a style conditioned for another network"));
        }
        let mut known =
            Known { everywhere: vec![None; program.affines.len()], by_style: vec![Vec::new(); program.affines.len()] };
        for (i, affine) in program.affines.iter().enumerate() {
            match (affine, self) {
                (Affine::Fixed { scale, shift }, _) => known.everywhere[i] = Some((scale.clone(), shift.clone())),
                (Affine::Modulated { .. }, _) if styles.len() > 1 => {
                    let text = "the filters of this network depend on the style, so that it paints one style at a time: leave out \
                                regions and strength masks, or blend the styles";
                    return Err(Error::new(ErrorKind::Unsupported, text));
                }
                (Affine::Modulated { .. }, _) => known.everywhere[i] = styles.first().and_then(|maps| maps[i].clone()),
                (_, Norms::Measured(_)) => {}
                (_, Norms::Frozen(_)) => {
                    known.put(i, styles.iter().filter_map(|maps| maps[i].clone()).collect(), self.shares().is_some());
                }
            }
        }
        Ok(known)
    }

    /// What a conditional norm comes to with these statistics: `(x - mean) * rsqrt(variance + epsilon) * scale + shift` as a factor and a
    /// summand. Nothing where it is known anyway. The statistics are those of so many pixels.
    pub(super) fn measured(self, program: &Program, norm: usize, (statistics, pixels): (&Statistics, usize), known: &mut Known) {
        let Norms::Measured(Conditioning(Styles { maps, shares })) = self else { return };
        let Some((factor, epsilon)) = program.affines[norm].of_variance(pixels) else { return };
        let of_style = |maps: &Maps| {
            let (scale, shift) = maps[norm].as_ref()?;
            let factors: Vec<f64> = scale
                .iter()
                .zip(&statistics.variance)
                .map(|(&scale, &variance)| f64::from(scale) / (f64::from(variance) * factor + f64::from(epsilon)).sqrt())
                .collect();
            let summands = shift.iter().zip(&statistics.mean).zip(&factors);
            let summands =
                summands.map(|((&shift, &mean), factor)| (f64::from(shift) - f64::from(mean) * factor) as f32).collect();
            Some((factors.iter().map(|&f| f as f32).collect(), summands))
        };
        known.put(norm, maps.iter().filter_map(of_style).collect(), shares.is_some());
    }

    /// What was found in a run, for runs on other pictures.
    pub(super) fn freeze(self, known: Known) -> Frozen {
        let Styles { maps, shares } = self.styles();
        let of_style = |style: usize| {
            let by_style = known.by_style.iter().map(|maps| maps.get(style).cloned());
            by_style.zip(&known.everywhere).map(|(own, everywhere)| own.or_else(|| everywhere.clone())).collect()
        };
        Frozen(Styles { maps: (0..maps.len()).map(of_style).collect(), shares: shares.clone() })
    }
}

impl Known {
    fn put(&mut self, norm: usize, mut maps: Vec<Map>, shared: bool) {
        if shared {
            self.by_style[norm] = maps;
        } else {
            self.everywhere[norm] = maps.pop();
        }
    }
}
