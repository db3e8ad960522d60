//! What the record of an optimized picture contains in addition: its pixels were optimized, not painted in one pass.

use serde::{Deserialize, Serialize};

use super::options::FEATHER;
use super::reference::Reference;
use super::stroke::number;
use crate::graph::PoolKind;
use crate::optimizer::OptimizeOptions;
use crate::perceptual::Preprocessing;
use crate::size::MAX_SIDE;

/// Most scales, and most layers of each kind; real requests have a handful.
const MOST: usize = 64;
/// Most steps at a scale.
const STEPS: usize = 1_000_000;

/// How a picture was optimized ([`crate::optimizer`]). Default values are written out, because defaults may change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Optimized {
    /// Longer side in pixels of the content and of the result.
    pub size: usize,
    /// Losses, steps, method. Threads are left out, and so is the executor, which the request names itself.
    pub settings: OptimizeOptions,
    /// Where the optimization began.
    pub initial: Beginning,
    /// The perceptual network's file.
    pub perceptual: Reference,
    /// What the network expects before its first layer, if its file does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preprocessing: Option<Preprocessing>,
    /// How the network halves its features.
    pub pooling: PoolKind,
    /// Pixels by which the edges of the styles' masks are softened, on either side.
    #[serde(serialize_with = "number::serialize")]
    pub feather: f32,
}

/// Where an optimization begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Beginning {
    /// With what the fast method paints.
    Fast,
    /// With the content.
    Content,
    /// With noise.
    Noise {
        /// Seed of the noise generator.
        seed: u64,
    },
    /// With a picture.
    Picture(Reference),
}

impl Optimized {
    /// Uses max pooling and sharp masks.
    pub fn new(size: usize, settings: OptimizeOptions, initial: Beginning, perceptual: Reference) -> Self {
        Optimized { size, settings, initial, perceptual, preprocessing: None, pooling: PoolKind::Max, feather: 0.0 }
    }

    /// Checks that everything is in range. Records come from strangers.
    pub(super) fn check(&self) -> Result<(), String> {
        let OptimizeOptions { steps, content_layers, style_layers, smallest_scale, .. } = &self.settings;
        let layers = content_layers.iter().chain(style_layers);
        if !(1..=MAX_SIDE).contains(&self.size) || !(1..=MAX_SIDE).contains(smallest_scale) {
            return Err(format!("sizes must be 1 to {MAX_SIDE} pixels"));
        }
        if steps.len() > MOST || steps.iter().any(|&count| count > STEPS) {
            return Err(format!("more than {MOST} scales of {STEPS} steps"));
        }
        if content_layers.len().max(style_layers.len()) > MOST || layers.clone().any(|name| name.len() > MOST) {
            return Err("too many layers, or a layer's name is too long".into());
        }
        if !(0.0..=FEATHER).contains(&self.feather) {
            return Err(format!("feather must be 0 to {FEATHER} pixels"));
        }
        self.settings.check().map_err(|e| e.to_string())
    }

    /// Returns everything that it names.
    pub(super) fn references(&self) -> impl Iterator<Item = &Reference> {
        let picture = if let Beginning::Picture(picture) = &self.initial { Some(picture) } else { None };
        std::iter::once(&self.perceptual).chain(picture)
    }

    /// The same, mutable: [`super::Request::key`] removes the names.
    pub(super) fn references_mut(&mut self) -> impl Iterator<Item = &mut Reference> {
        let picture = if let Beginning::Picture(picture) = &mut self.initial { Some(picture) } else { None };
        std::iter::once(&mut self.perceptual).chain(picture)
    }
}
