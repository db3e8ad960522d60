//! The pictures of each step. They depend only on the recipe and the step, so they are cut while the previous step is
//! still being computed, and a GPU need not wait for them.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use impasto::Result;
use rayon::prelude::*;

use crate::data::{self, Content, Pictures, StyleCrop};
use crate::recipe::{Recipe, Train};

/// Number of steps that are prepared ahead.
const AHEAD: usize = 2;

/// A step's pictures.
pub(super) struct Batch {
    /// Content crops. Either all have a thumbnail, or none.
    pub(super) content: Vec<Content>,
    /// The side of these thumbnails, if statistics come from them.
    pub(super) thumbnail: Option<usize>,
    /// The style crop that enters the bank.
    pub(super) style: StyleCrop,
    /// For each content crop, the place in the bank of the style that it is painted in.
    pub(super) places: Vec<usize>,
}

/// The pictures that batches are cut from.
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

    /// Returns the style crop that a step adds to the bank.
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

    /// Returns the batches from a step on, without end.
    pub(super) fn batches(self: &Arc<Self>, first: usize) -> Receiver<Result<Batch>> {
        let (send, receive) = sync_channel(AHEAD);
        let sources = Arc::clone(self);
        // The thread ends when the receiver is dropped.
        thread::spawn(move || (first..).try_for_each(|step| send.send(sources.batch(step))));
        receive
    }
}
