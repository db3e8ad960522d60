//! Where the conditional norms of a run come from.

use std::sync::Arc;

use super::shares::Shares;
use crate::{Error, ErrorKind, Result};

/// Scale and shift, one of each a channel.
pub(super) type Map = (Vec<f32>, Vec<f32>);

/// A network's maps of channels, in an order of the executor that compiled it in which norms come as in the graph; nothing where a map is
/// not known yet.
pub(super) type Maps = Vec<Option<Map>>;

/// Scales and shifts of every conditional norm for one style vector.
#[derive(Debug, Clone, PartialEq)]
pub struct Conditioning(pub(super) Maps);

/// What every conditional norm of a program comes to for one style vector, or several, and the statistics of one picture: `x · scale + shift` by
/// channel.
///
/// With norms frozen so, a network is local: an output pixel depends on the input pixels within the network's reach and on nothing
/// else, so that a picture can be painted in parts of any size ([`super::Program::paint_bands`]).
#[derive(Debug, Clone, PartialEq)]
pub struct Frozen {
    /// By style.
    pub(super) maps: Vec<Maps>,
    /// Where which style is, if there are several.
    pub(super) shares: Option<Arc<Shares>>,
}

/// Where a run takes its norms from.
#[derive(Clone, Copy)]
pub(super) enum Norms<'a> {
    /// The statistics of the picture itself.
    Measured(&'a Conditioning),
    /// They are known.
    Frozen(&'a Frozen),
}

impl Frozen {
    /// Several styles that share a picture, each with the statistics that it has where it paints the whole picture: in those of their mixture, styles
    /// that have little in common would disturb each other. Each pixel of each layer is normalised with the mean of the styles' scales and
    /// shifts, weighted by their shares there. Where one style has all, the network paints in that style; where shares change smoothly,
    /// styles go over into each other within the network, not as one painting over another.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if the shares are those of another number of styles, or a part is shared itself.
    pub fn shared(styles: Vec<Frozen>, shares: Arc<Shares>) -> Result<Self> {
        if styles.len() != shares.styles() || styles.iter().any(|style| style.shares.is_some()) {
            let text = format!("{} frozen styles and shares of {}", styles.len(), shares.styles());
            return Err(Error::new(ErrorKind::Mismatch, text));
        }
        let maps = styles.into_iter().flat_map(|style| style.maps).collect();
        Ok(Frozen { maps, shares: Some(shares) })
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
        if self.maps.len() != other.maps.len() {
            return Err(different());
        }
        let maps = self.maps.iter().zip(&other.maps).map(style).collect::<Result<_>>()?;
        Ok(Frozen { maps, shares: self.shares.clone() })
    }

    /// The same norms with other places for the styles.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if the shares are those of another number of styles.
    pub(crate) fn placed(&self, shares: Arc<Shares>) -> Result<Self> {
        if self.maps.len() != shares.styles() {
            let text = format!("{} frozen styles and shares of {}", self.maps.len(), shares.styles());
            return Err(Error::new(ErrorKind::Mismatch, text));
        }
        Ok(Frozen { maps: self.maps.clone(), shares: Some(shares) })
    }
}

impl<'a> Norms<'a> {
    /// Those of each style.
    pub(super) fn styles(self) -> &'a [Maps] {
        match self {
            Norms::Measured(conditioning) => std::slice::from_ref(&conditioning.0),
            Norms::Frozen(frozen) => &frozen.maps,
        }
    }

    /// Where which style is, if there are several.
    pub(super) fn shares(self) -> Option<&'a Shares> {
        match self {
            Norms::Measured(_) => None,
            Norms::Frozen(frozen) => frozen.shares.as_deref(),
        }
    }
}

/// `z·W + b`, with `style_len × channels` numbers of `W`. Sums in float64: the cost is nothing and style vectors have up to 768 numbers.
pub(super) fn dense(weight: &[f32], bias: &[f32], style: &[f32]) -> Vec<f32> {
    let mut sums: Vec<f64> = bias.iter().map(|&b| f64::from(b)).collect();
    for (&z, row) in style.iter().zip(weight.chunks_exact(bias.len())) {
        for (sum, &w) in sums.iter_mut().zip(row) {
            *sum += f64::from(z) * f64::from(w);
        }
    }
    sums.into_iter().map(|sum| sum as f32).collect()
}

/// A style that was conditioned for another program.
pub(super) fn foreign() -> Error {
    Error::new(ErrorKind::Mismatch, "a style conditioned for another network")
}

/// A network whose style-dependent filters several styles cannot share.
pub(super) fn one_style_at_a_time() -> Error {
    let text = "the filters of this network depend on the style, so that it paints one style at a time: leave out regions and strength \
                masks, or blend the styles";
    Error::new(ErrorKind::Unsupported, text)
}
