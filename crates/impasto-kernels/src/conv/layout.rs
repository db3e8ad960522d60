//! Cuts outputs into blocks.

use super::matrix::even_runs;
use crate::view::{Extent, Region};

/// An output, cut into rectangles of at most `block_height × block_width` pixels.
pub(crate) struct Blocks {
    rows: Vec<(usize, usize)>,
    columns: Vec<(usize, usize)>,
    pub(crate) block_height: usize,
    pub(crate) block_width: usize,
}

impl Blocks {
    /// Cuts an output evenly into blocks of at most this size. Their edges are at multiples of `grain` pixels.
    pub(crate) fn even(output: Extent, height: usize, width: usize, grain: [usize; 2]) -> Self {
        let cut = |length: usize, most: usize, grain: usize| -> Vec<(usize, usize)> {
            let grains = length.div_ceil(grain);
            let runs = even_runs(grains, (most / grain).max(1));
            runs.map(|(start, count)| (start * grain, (count * grain).min(length - start * grain))).collect()
        };
        let longest = |runs: &[(usize, usize)]| runs.iter().map(|r| r.1).max().unwrap_or(0);
        let rows = cut(output.height, height, grain[0]);
        let columns = cut(output.width, width, grain[1]);
        Blocks { block_height: longest(&rows), block_width: longest(&columns), rows, columns }
    }

    /// Returns the number of blocks.
    pub(crate) fn count(&self) -> usize {
        self.rows.len() * self.columns.len()
    }

    /// Returns the pixels of a block.
    pub(crate) fn region(&self, block: usize) -> Region {
        let (y, height) = self.rows[block / self.columns.len()];
        let (x, width) = self.columns[block % self.columns.len()];
        Region { rows: y..y + height, columns: x..x + width }
    }

    /// Returns the number of pixels of each block.
    pub(crate) fn pixel_counts(&self) -> Vec<usize> {
        (0..self.count()).map(|block| self.region(block)).map(|r| r.rows.len() * r.columns.len()).collect()
    }
}
