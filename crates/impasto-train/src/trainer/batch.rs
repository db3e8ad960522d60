//! What a step is given. It depends on the recipe and the step alone, so pictures are cut while the step before is still computed: a GPU need not
//! wait for them.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use impasto::Result;
use rayon::prelude::*;

use crate::data::{self, Content, Pictures, StyleCrop};
use crate::recipe::{Recipe, Train};

/// Steps that are prepared ahead.
const AHEAD: usize = 2;

/// A step's pictures.
pub(super) struct Batch {
    /// Content crops, all with a thumbnail or none.
    pub(super) content: Vec<Content>,
    /// The side of these thumbnails, if the statistics come from them.
    pub(super) thumbnail: Option<usize>,
    /// The style crop that comes into the bank.
    pub(super) style: StyleCrop,
    /// Which of the bank's styles each content crop is painted in.
    pub(super) places: Vec<usize>,
}

/// Where batches come from.
pub(super) struct Sources {
    pub(super) content: Pictures,
    pub(super) style: Pictures,
    seed: u64,
    train: Train,
}

impl Sources {
    /// Reads the recipe's pictures.
    ///
    /// # Errors
    /// As [`data::open`].
    pub(super) fn open(recipe: &Recipe) -> Result<Self> {
        let [content, style] = data::open(&recipe.data)?;
        Ok(Sources { content, style, seed: recipe.seed, train: recipe.train.clone() })
    }

    /// The style crop that a step brings into the bank.
    ///
    /// # Errors
    /// As [`data::style`].
    pub(super) fn style(&self, step: usize) -> Result<StyleCrop> {
        data::style(&self.style, self.train.style_crop, &mut data::rng(self.seed, step, 1))
    }

    fn batch(&self, step: usize) -> Result<Batch> {
        let Train { batch, crop, thumbnails, thumbnail, bank, skies, rounded, .. } = self.train;
        let spoil = data::Spoil { skies, rounded };
        let mut rng = data::rng(self.seed, step, 0);
        let thumbnail = (rng.f32() < thumbnails).then_some(thumbnail);
        let places = (0..batch).map(|_| rng.usize(0..bank)).collect();
        let cut = |i: usize| data::content(&self.content, crop, thumbnail, spoil, &mut data::rng(self.seed, step, 2 + i as u64));
        let content = (0..batch).into_par_iter().map(cut).collect::<Result<_>>()?;
        Ok(Batch { content, thumbnail, style: self.style(step)?, places })
    }

    /// The batches from a step on, without end.
    pub(super) fn batches(self: &Arc<Self>, first: usize) -> Receiver<Result<Batch>> {
        let (send, receive) = sync_channel(AHEAD);
        let sources = Arc::clone(self);
        // It ends when nobody receives any more.
        thread::spawn(move || (first..).try_for_each(|step| send.send(sources.batch(step))));
        receive
    }
}
