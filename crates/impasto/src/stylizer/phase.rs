//! Several runs under one progress bar.

use std::time::Duration;

use crate::Control;
use crate::engine::StepInfo;

/// One of several runs. Its progress is reported as a part of the whole work.
pub(super) struct Phase<'a> {
    pub(super) inner: &'a dyn Control,
    /// Work of the earlier phases.
    pub(super) before: u64,
    /// Work of this phase.
    pub(super) own: u64,
    /// Work of all phases.
    pub(super) total: u64,
}

impl<'a> Phase<'a> {
    /// Makes one of several runs that take equally long.
    pub(super) fn part(inner: &'a dyn Control, index: usize, count: usize) -> Self {
        // Fine enough for a bar that moves within a run.
        let own = 1000;
        Phase { inner, before: own * index as u64, own, total: own * count as u64 }
    }
}

impl Control for Phase<'_> {
    fn progress(&self, done: u64, total: u64) {
        // A run counts a little more work than its convolutions, from which the shares of the phases are computed.
        let share = u128::from(self.own) * u128::from(done) / u128::from(total.max(1));
        let share = u64::try_from(share).unwrap_or(u64::MAX).min(self.own);
        self.inner.progress(self.before.saturating_add(share), self.total);
    }

    fn step(&self, step: &StepInfo<'_>, elapsed: Duration) {
        self.inner.step(step, elapsed);
    }

    fn cancelled(&self) -> bool {
        self.inner.cancelled()
    }
}
