//! Gives a mixture of two paintings the sharpness of one.
//!
//! Two paintings of the same place differ in small strokes. Their mixture has less of these than either, so a long pan
//! would become softer from frame to frame. So each part of the mixture is sharpened until its gradients are as strong
//! as those of the new painting.

use std::sync::{Mutex, PoisonError};

use super::side_by_side::side_by_side;
use crate::Result;

/// Side of the blocks that are measured, in pixels.
const BLOCK: usize = 32;
/// Most of the fine detail that is added. Whatever is added to a frame is also in all that follow.
const MOST: f32 = 0.15;
/// If a mixture has less than this share of a painting's squared gradients, its strokes do not belong together, and it
/// is not fine detail that it lacks: nothing is added. From the second share on, all that is missing is added.
const APART: f32 = 0.6;
const TOGETHER: f32 = 0.8;
/// Squared gradient per pixel below which there is nothing to sharpen.
const NOTHING: f32 = 1e-8;

/// Sums over a block of squared differences of neighboring pixels.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    /// Of the painting that is as sharp as it should be.
    wanted: f32,
    /// Of the mixture.
    own: f32,
    /// Of the fine detail in the mixture. `both` has the products of `own` and `fine` differences.
    fine: f32,
    both: f32,
}

impl Sums {
    fn add(&mut self, wanted: f32, own: f32, fine: f32) {
        self.wanted += wanted * wanted;
        self.own += own * own;
        self.fine += fine * fine;
        self.both += own * fine;
    }

    /// Returns how much of the fine detail to add.
    fn gain(self) -> f32 {
        let missing = self.wanted - self.own;
        if missing <= 0.0 || self.fine < NOTHING * (BLOCK * BLOCK) as f32 {
            return 0.0;
        }
        // own + 2 · gain · both + gain² · fine = wanted
        let gain = ((self.both * self.both + self.fine * missing).sqrt() - self.both) / self.fine;
        let trust = ((self.own / self.wanted - APART) / (TOGETHER - APART)).clamp(0.0, 1.0);
        trust * gain.clamp(0.0, MOST)
    }
}

/// Replaces `painting` with `mixed`, made as sharp as `painting`. Both are `height × width × 3`.
pub(super) fn restore(painting: &mut [f32], mixed: &[f32], width: usize, at_a_time: usize) -> Result<()> {
    let height = mixed.len() / (width * 3);
    let lines: Vec<usize> = (0..height.div_ceil(BLOCK)).collect();
    let new: &[f32] = painting;
    let gains = side_by_side(at_a_time, &lines, |&line| Ok(gains(new, mixed, [width, height], line)))?;
    let gains = smoothed(&gains);
    let parts: Vec<_> = painting.chunks_mut(BLOCK * width * 3).enumerate().map(Mutex::new).collect();
    side_by_side(at_a_time, &parts, |part| {
        let mut part = part.lock().unwrap_or_else(PoisonError::into_inner);
        let (line, rows) = &mut *part;
        let mut fine = vec![0.0; width * 3];
        let mut shares = vec![0.0; width];
        for (i, row) in rows.chunks_exact_mut(width * 3).enumerate() {
            let y = *line * BLOCK + i;
            between(&gains, y, &mut shares);
            detail(mixed, [width, height], y, &mut fine);
            let mixed = row_at(mixed, y, width * 3).as_chunks::<3>().0;
            for ((out, mixed), (fine, &share)) in
                row.as_chunks_mut::<3>().0.iter_mut().zip(mixed).zip(fine.as_chunks::<3>().0.iter().zip(&shares))
            {
                *out = std::array::from_fn(|c| mixed[c] + share * fine[c]);
            }
        }
        Ok(())
    })?;
    Ok(())
}

/// Computes a row minus its weighted mean over 3×3 pixels (1, 2, 1 along each axis). Border values continue outward.
fn detail(rgb: &[f32], [width, height]: [usize; 2], y: usize, out: &mut [f32]) {
    let length = width * 3;
    let (above, own, below) =
        (row_at(rgb, y.saturating_sub(1), length), row_at(rgb, y, length), row_at(rgb, (y + 1).min(height - 1), length));
    // With one more pixel on either side.
    let mut down = vec![0.0; length + 6];
    for (mean, ((a, b), c)) in down[3..].iter_mut().zip(above.iter().zip(own).zip(below)) {
        *mean = 0.25 * (a + c) + 0.5 * b;
    }
    down.copy_within(3..6, 0);
    down.copy_within(length..length + 3, length + 3);
    for (i, (out, own)) in out.iter_mut().zip(own).enumerate() {
        *out = own - (0.25 * (down[i] + down[i + 6]) + 0.5 * down[i + 3]);
    }
}

/// Returns row `y` of rows of this length.
fn row_at(values: &[f32], y: usize, length: usize) -> &[f32] {
    &values[y * length..][..length]
}

/// Returns the gains of a line of blocks.
fn gains(new: &[f32], mixed: &[f32], [width, height]: [usize; 2], line: usize) -> Vec<f32> {
    let mut sums = vec![Sums::default(); width.div_ceil(BLOCK)];
    let length = width * 3;
    let rows = |rgb, y, next| (row_at(rgb, y, length), row_at(rgb, next, length));
    let fine = |y: usize| {
        let mut fine = vec![0.0; length];
        detail(mixed, [width, height], y, &mut fine);
        fine
    };
    let mut below = fine(line * BLOCK);
    for y in line * BLOCK..((line + 1) * BLOCK).min(height) {
        let next = (y + 1).min(height - 1);
        let own = std::mem::replace(&mut below, fine(next));
        let ((new_own, new_below), (mixed_own, mixed_below)) = (rows(new, y, next), rows(mixed, y, next));
        for (block, sums) in sums.iter_mut().enumerate() {
            let range = block * BLOCK * 3..((block + 1) * BLOCK * 3).min(length);
            for i in range {
                sums.add(new_below[i] - new_own[i], mixed_below[i] - mixed_own[i], below[i] - own[i]);
                let right = if i + 3 < length { i + 3 } else { i };
                sums.add(new_own[right] - new_own[i], mixed_own[right] - mixed_own[i], own[right] - own[i]);
            }
        }
    }
    sums.into_iter().map(Sums::gain).collect()
}

/// Averages each gain with those of the blocks around it.
fn smoothed(gains: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let around = |at: usize, count: usize| at.saturating_sub(1)..(at + 2).min(count);
    let mean = |y: usize, x: usize| {
        let near = around(y, gains.len()).flat_map(|y| gains[y][around(x, gains[y].len())].iter());
        let (sum, count) = near.fold((0.0, 0.0), |(sum, count), gain| (sum + gain, count + 1.0));
        sum / count
    };
    (0..gains.len()).map(|y| (0..gains[y].len()).map(|x| mean(y, x)).collect()).collect()
}

/// Interpolates the gains of a row of pixels between the centers of blocks.
fn between(gains: &[Vec<f32>], y: usize, out: &mut [f32]) {
    let place = |at: usize, count: usize| {
        let at = ((at as f32 + 0.5) / BLOCK as f32 - 0.5).clamp(0.0, (count - 1) as f32);
        let first = at as usize;
        (first, (first + 1).min(count - 1), at - first as f32)
    };
    let (above, below, dy) = place(y, gains.len());
    let (above, below) = (&gains[above], &gains[below]);
    let line: Vec<f32> = above.iter().zip(below).map(|(a, b)| a + (b - a) * dy).collect();
    for (x, out) in out.iter_mut().enumerate() {
        let (left, right, dx) = place(x, line.len());
        *out = line[left] + (line[right] - line[left]) * dx;
    }
}

#[cfg(test)]
mod tests {
    use super::{detail, restore};

    fn energy(rgb: &[f32], width: usize) -> f32 {
        rgb.chunks_exact(width * 3).flat_map(|row| row.windows(4).map(|v| (v[3] - v[0]).powi(2))).sum()
    }

    /// Random strokes: what two paintings of one place do not have in common.
    fn strokes(width: usize, height: usize, mut seed: u32) -> Vec<f32> {
        let mut next = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as f32 / (1 << 24) as f32
        };
        (0..width * height * 3).map(|_| 0.5 + 0.2 * (next() - 0.5)).collect()
    }

    #[test]
    fn mixtures_become_as_sharp_as_a_painting() {
        for (width, height) in [(100, 70), (32, 32), (33, 5), (1, 40), (3, 1)] {
            let (new, old) = (strokes(width, height, 1), strokes(width, height, 2));
            let mixed: Vec<f32> = new.iter().zip(&old).map(|(a, b)| a + (b - a) * 0.05).collect();
            let mut out = new.clone();
            restore(&mut out, &mixed, width, 2).unwrap();
            let one = |at_a_time| {
                let mut out = new.clone();
                restore(&mut out, &mixed, width, at_a_time).unwrap();
                out
            };
            assert!(one(1) == out, "{width}×{height} differs by the number of threads");
            if width > 3 {
                let (before, after) = (energy(&mixed, width) / energy(&new, width), energy(&out, width) / energy(&new, width));
                assert!(before < 0.93 && (after - 1.0).abs() < 0.07, "{width}×{height}: from {before} to {after}");
            }
        }
    }

    #[test]
    fn strokes_that_do_not_belong_together_stay_mixed() {
        let (new, old) = (strokes(64, 64, 1), strokes(64, 64, 2));
        let mixed: Vec<f32> = new.iter().zip(&old).map(|(a, b)| (a + b) / 2.0).collect();
        let mut out = new;
        restore(&mut out, &mixed, 64, 1).unwrap();
        assert!(out == mixed);
    }

    #[test]
    fn what_is_sharp_enough_stays() {
        let new: Vec<f32> = vec![0.25; 40 * 40 * 3];
        let sharp = strokes(40, 40, 5);
        let mut out = new;
        restore(&mut out, &sharp, 40, 1).unwrap();
        assert!(out == sharp);
        let mut fine = vec![1.0; 30];
        detail(&[0.7; 90], [10, 3], 1, &mut fine);
        assert!(fine.iter().all(|v| v.abs() < 1e-6));
    }
}
