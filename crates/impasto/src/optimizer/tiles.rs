//! Tiles that are processed one at a time, so that memory does not grow with the picture.
//!
//! Every feature belongs to one tile. Tiles overlap by everything that their features are computed from. So sums over
//! tiles equal those of the whole picture, except for rounding.

use std::ops::Range;

use super::loss::content::Place;
use crate::graph::Shape;

/// One tile.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tile {
    /// The rows and columns that are seen.
    pub(super) seen: [Range<usize>; 2],
    /// The rows and columns that belong to the tile.
    own: [Range<usize>; 2],
    /// Whether the tile reaches the bottom and the right end of the picture.
    last: [bool; 2],
}

/// Cuts a picture of `[height, width]` into tiles. Each has at most about `side` pixels of its own along a side, and
/// sees `halo` pixels around them. Tiles, and what they see, begin at multiples of `grain`.
pub(super) fn cut(size: [usize; 2], side: usize, halo: usize, grain: usize) -> Vec<Tile> {
    let side = (side / grain).max(1) * grain;
    let axis = |length: usize| -> Vec<(Range<usize>, Range<usize>, bool)> {
        // Tiles of similar size, because a narrow last one would be mostly halo.
        let count = length.div_ceil(side).max(1);
        let step = length.div_ceil(count).next_multiple_of(grain);
        (0..length)
            .step_by(step)
            .map(|start| {
                let own = start..(start + step).min(length);
                let seen = own.start.saturating_sub(halo)..(own.end + halo).min(length);
                (seen, own.clone(), own.end == length)
            })
            .collect()
    };
    let (rows, columns) = (axis(size[0]), axis(size[1]));
    let across = |row: &(Range<usize>, Range<usize>, bool)| {
        columns
            .iter()
            .map(|column| Tile {
                seen: [row.0.clone(), column.0.clone()],
                own: [row.1.clone(), column.1.clone()],
                last: [row.2, column.2],
            })
            .collect::<Vec<_>>()
    };
    rows.iter().flat_map(across).collect()
}

impl Tile {
    /// Returns the shape of what the tile sees.
    pub(super) fn extent(&self) -> Shape {
        Shape { height: self.seen[0].len(), width: self.seen[1].len(), channels: 3 }
    }

    /// Returns which features of a layer belong to the tile. `stride` is the layer's stride;
    /// `features` is the extent of the tile's features.
    pub(super) fn place(&self, stride: usize, features: Shape) -> Place {
        let axis = |i: usize, length: usize| {
            let start = (self.own[i].start - self.seen[i].start) / stride;
            // At the end of the picture, some pixels may be left that fill no whole feature.
            start..if self.last[i] { length } else { (self.own[i].end - self.seen[i].start) / stride }
        };
        Place {
            rows: axis(0, features.height),
            columns: axis(1, features.width),
            origin: [self.seen[0].start / stride, self.seen[1].start / stride],
        }
    }

    /// Copies what the tile sees from a picture of this width.
    pub(super) fn copy(&self, picture: &[f32], width: usize) -> Vec<f32> {
        let [rows, columns] = &self.seen;
        rows.clone().flat_map(|y| &picture[(y * width + columns.start) * 3..(y * width + columns.end) * 3]).copied().collect()
    }

    /// Adds values for what the tile sees to those of the whole picture.
    pub(super) fn add(&self, values: &[f32], picture: &mut [f32], width: usize) {
        let [rows, columns] = &self.seen;
        for (y, row) in rows.clone().zip(values.chunks_exact(columns.len() * 3)) {
            let target = &mut picture[(y * width + columns.start) * 3..(y * width + columns.end) * 3];
            target.iter_mut().zip(row).for_each(|(t, v)| *t += v);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn every_pixel_belongs_to_one_tile_and_is_seen_with_its_halo() {
        for (size, side, halo, grain) in
            [([100, 130], 48, 16, 8), ([7, 5], 64, 16, 8), ([33, 200], 8, 32, 16), ([64, 64], 64, 8, 4)]
        {
            let mut owners = vec![0; size[0] * size[1]];
            for tile in cut(size, side, halo, grain) {
                for ((own, seen), length) in tile.own.iter().zip(&tile.seen).zip(size) {
                    assert!(own.start.is_multiple_of(grain) && seen.start.is_multiple_of(grain));
                    assert!(seen.start == 0 || own.start - seen.start == halo);
                    assert!(seen.end == length || seen.end - own.end == halo);
                }
                for y in tile.own[0].clone() {
                    tile.own[1].clone().for_each(|x| owners[y * size[1] + x] += 1);
                }
            }
            assert!(owners.iter().all(|&n| n == 1), "{size:?} {side}");
        }
    }
}
