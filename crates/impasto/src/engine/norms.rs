//! Where the conditional norms of a run come from.

use std::sync::Arc;

use super::shares::Shares;
use crate::{Error, ErrorKind, Result};

/// Scale and shift, one of each per channel.
pub(super) type Map = (Vec<f32>, Vec<f32>);

/// The maps of a network, in an order that the executor chose when it compiled the network.
/// Norms are in graph order. `None` where a map is not known yet.
pub(super) type Maps = Vec<Option<Map>>;

/// Scales and shifts of every conditional norm for one style vector.
#[derive(Debug, Clone, PartialEq)]
pub struct Conditioning(pub(super) Maps);

/// The affine map (`x · scale + shift` per channel) of every conditional norm of a program, for
/// one or more style vectors and the statistics of one picture.
///
/// With frozen norms a network is local: an output pixel depends only on the input pixels within the network's reach.
/// So a picture can be painted in parts of any size ([`super::Program::paint_bands`]).
#[derive(Debug, Clone, PartialEq)]
pub struct Frozen {
    /// One for each style.
    pub(super) maps: Vec<Maps>,
    /// The share of each style at each place, if there are several styles.
    pub(super) shares: Option<Arc<Shares>>,
}

/// Where a run takes its norms from.
#[derive(Clone, Copy)]
pub(super) enum Norms<'a> {
    /// They are measured on the picture itself.
    Measured(&'a Conditioning),
    /// They are known beforehand.
    Frozen(&'a Frozen),
}

impl Frozen {
    /// Combines several styles that share a picture. Each keeps the statistics of painting the whole picture alone:
    /// with the statistics of a mixture, very different styles would disturb each other.
    ///
    /// Each pixel of each layer is normalized with the mean of the styles' scales and shifts, weighted by their shares
    /// at that pixel. Where one style has the whole share, the network paints in that style. Where shares change
    /// smoothly, the styles blend within the network, instead of one painting being overlaid on another.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if the shares are for another number of styles, or if one of the parts is itself shared.
    pub fn shared(styles: Vec<Frozen>, shares: Arc<Shares>) -> Result<Self> {
        if styles.len() != shares.styles() || styles.iter().any(|style| style.shares.is_some()) {
            let text = format!("{} frozen styles, but shares of {}", styles.len(), shares.styles());
            return Err(Error::new(ErrorKind::Mismatch, text));
        }
        let maps = styles.into_iter().flat_map(|style| style.maps).collect();
        Ok(Frozen { maps, shares: Some(shares) })
    }

    /// Interpolates scales and shifts linearly between these norms (`share` 0) and others
    /// (`share` 1). The places of the styles stay those of `self`.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if the norms are of different networks or numbers of styles.
    pub fn towards(&self, other: &Frozen, share: f32) -> Result<Self> {
        let different =
            || Error::new(ErrorKind::Mismatch, "cannot interpolate between norms of different networks or numbers of styles");
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
        if self.maps.len() != other.maps.len() {
            return Err(different());
        }
        let maps = self.maps.iter().zip(&other.maps).map(style).collect::<Result<_>>()?;
        Ok(Frozen { maps, shares: self.shares.clone() })
    }

    /// Returns the same norms with other places for the styles.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if the shares are for another number of styles.
    pub(crate) fn placed(&self, shares: Arc<Shares>) -> Result<Self> {
        if self.maps.len() != shares.styles() {
            let text = format!("{} frozen styles, but shares of {}", self.maps.len(), shares.styles());
            return Err(Error::new(ErrorKind::Mismatch, text));
        }
        Ok(Frozen { maps: self.maps.clone(), shares: Some(shares) })
    }
}

impl<'a> Norms<'a> {
    /// The maps of each style.
    pub(super) fn styles(self) -> &'a [Maps] {
        match self {
            Norms::Measured(conditioning) => std::slice::from_ref(&conditioning.0),
            Norms::Frozen(frozen) => &frozen.maps,
        }
    }

    /// The share of each style at each place, if there are several styles.
    pub(super) fn shares(self) -> Option<&'a Shares> {
        match self {
            Norms::Measured(_) => None,
            Norms::Frozen(frozen) => frozen.shares.as_deref(),
        }
    }
}

/// Computes `z·W + b`, where `W` has `style_len × channels` numbers. Sums are in float64: this
/// costs next to nothing, and style vectors have up to 768 numbers.
pub(super) fn dense(weight: &[f32], bias: &[f32], style: &[f32]) -> Vec<f32> {
    let mut sums: Vec<f64> = bias.iter().map(|&b| f64::from(b)).collect();
    for (&z, row) in style.iter().zip(weight.chunks_exact(bias.len())) {
        for (sum, &w) in sums.iter_mut().zip(row) {
            *sum += f64::from(z) * f64::from(w);
        }
    }
    sums.into_iter().map(|sum| sum as f32).collect()
}

/// Refuses norms whose numbers have overflowed. Activations turn NaN into 0, so the result would be one flat color.
pub(super) fn check_finite((scale, shift): &Map) -> Result<()> {
    if scale.iter().chain(shift).all(|v| v.is_finite()) {
        return Ok(());
    }
    let text = "the network computes numbers that are too large: the style or the model's weights are broken; use others";
    Err(Error::new(ErrorKind::Malformed, text))
}

/// The error for a style that was conditioned for another program.
pub(super) fn foreign() -> Error {
    Error::new(ErrorKind::Mismatch, "the style was conditioned for another network")
}

/// The error for a network whose style-dependent filters cannot be shared by several styles.
pub(super) fn one_style_at_a_time() -> Error {
    let text = "this network's filters depend on the style, so it paints one style at a time: leave out regions and strength \
                masks, or blend the styles";
    Error::new(ErrorKind::Unsupported, text)
}
