//! Block motion: where the pixels of a frame were in the frame before.
//!
//! The search goes from coarse to fine. At each level of a pyramid, every block tries the vectors that its neighborhood
//! found one level above, and steps around the best. At the finest level, the vectors are refined to fractions of a
//! pixel by the gradient (Lucas and Kanade 1981).

use crate::picture::rows::{self, Rows};
use crate::{Result, Size};

/// Longer side at which motion is estimated. At 640 it took a quarter of the time of a frame of 640×360, and at 320
/// vectors are already found to a few hundredths of a pixel.
const SIDE: usize = 320;
/// Shorter side at which the pyramid ends.
const COARSEST: usize = 24;
/// Side of a block, in pixels of its level.
const BLOCK: usize = 8;
/// Pixels around a block that are compared with it.
const AROUND: usize = 4;
/// Cost of each pixel by which a vector differs from what its neighborhood found, as a difference of luminance. In
/// smooth areas all vectors fit.
const STRAY: f32 = 0.0015;
/// Most steps by the gradient.
const REFINEMENTS: usize = 4;
/// Weight that holds a block near its neighbors, as the square of a gradient: in the first pass nearly nothing, in the
/// second that of noise.
const HOLD: [f32; 2] = [1e-7, 2e-5];
/// Greatest mean difference of luminance between a block and where it came from; above it the block is unmatched.
const UNMATCHED: f32 = 0.045;

/// The luminance of a picture, from 0 to 1.
#[derive(Debug, Clone)]
pub(super) struct Plane {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) values: Vec<f32>,
}

impl Plane {
    /// Converts a frame at its own size.
    pub(super) fn of(frame: &dyn Rows) -> Result<Self> {
        let Size { width, height } = frame.size();
        let mut rgb = crate::picture::zeros(width * height * 3)?;
        frame.read(0..height, &mut rgb)?;
        Ok(Self::of_values([width, height], &rgb))
    }

    fn of_values([width, height]: [usize; 2], rgb: &[f32]) -> Self {
        // ITU-R BT.601, on encoded values.
        let luminance = |pixel: &[f32; 3]| 0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2];
        Plane { width, height, values: rgb.as_chunks().0.iter().map(luminance).collect() }
    }

    /// Converts a frame, resized to at most [`SIDE`] pixels.
    fn small(frame: &dyn Rows) -> Result<Self> {
        let picture = rows::small(frame, SIDE)?;
        Ok(Self::of_values([picture.width(), picture.height()], picture.rgb()))
    }

    /// Returns the plane at half the size: means of 2×2 pixels.
    fn halved(&self) -> Self {
        let (width, height) = (self.width / 2, self.height / 2);
        let at = |x: usize, y: usize| self.values[y * self.width + x];
        let mean = |x: usize, y: usize| {
            (at(2 * x, 2 * y) + at(2 * x + 1, 2 * y) + at(2 * x, 2 * y + 1) + at(2 * x + 1, 2 * y + 1)) / 4.0
        };
        let values = (0..height).flat_map(|y| (0..width).map(move |x| mean(x, y))).collect();
        Plane { width, height, values }
    }

    /// Interpolates bilinearly; border values continue outward.
    pub(super) fn sample(&self, x: f32, y: f32) -> f32 {
        let (x, y) = (x.clamp(0.0, (self.width - 1) as f32), y.clamp(0.0, (self.height - 1) as f32));
        let (left, top) = (x as usize, y as usize);
        let (right, bottom) = ((left + 1).min(self.width - 1), (top + 1).min(self.height - 1));
        let (dx, dy) = (x - left as f32, y - top as f32);
        let row = |y: usize| {
            let row = &self.values[y * self.width..];
            row[left] + (row[right] - row[left]) * dx
        };
        let (above, below) = (row(top), row(bottom));
        above + (below - above) * dy
    }
}

/// A frame's luminance at falling resolutions.
#[derive(Debug, Clone)]
pub(super) struct Pyramid {
    levels: Vec<Plane>,
    /// Size of a pixel of the finest level, in pixels of the frame.
    scale: [f32; 2],
}

impl Pyramid {
    pub(super) fn of(frame: &dyn Rows) -> Result<Self> {
        let Size { width, height } = frame.size();
        let mut levels = vec![Plane::small(frame)?];
        while let Some(last) = levels.last()
            && last.width.min(last.height) >= 2 * COARSEST
        {
            levels.push(last.halved());
        }
        let scale = [width as f32 / levels[0].width as f32, height as f32 / levels[0].height as f32];
        Ok(Pyramid { levels, scale })
    }
}

/// How the blocks of a frame have moved.
#[derive(Debug, Clone)]
pub(super) struct Motion {
    columns: usize,
    lines: usize,
    /// For each block, the vector to where it was in the frame before, in pixels of the finest level.
    vectors: Vec<[f32; 2]>,
    scale: [f32; 2],
    /// Share of blocks that were nowhere in the frame before.
    pub(super) unmatched: f32,
}

impl Motion {
    /// Estimates the motion from a frame to the one before. Both have the same size.
    pub(super) fn between(before: &Pyramid, now: &Pyramid) -> Self {
        let mut found: Option<Grid> = None;
        for (before, now) in before.levels.iter().zip(&now.levels).rev() {
            found = Some(Grid::search(before, now, found.as_ref()));
        }
        // A pyramid has at least one level.
        let mut grid = found.unwrap_or_default();
        let (before, now) = (&before.levels[0], now);
        grid.refine(before, &now.levels[0]);
        let residuals = grid.residuals(before, &now.levels[0]);
        let unmatched = residuals.iter().filter(|&&residual| residual > UNMATCHED).count() as f32 / residuals.len().max(1) as f32;
        Motion { columns: grid.columns, lines: grid.lines, vectors: grid.vectors, scale: now.scale, unmatched }
    }

    /// Returns how far most of the frame has moved since the one before, in pixels of the frame to the right and down:
    /// the camera's motion.
    pub(super) fn camera(&self) -> [f32; 2] {
        let median = |axis: usize| {
            let mut values: Vec<f32> = self.vectors.iter().map(|vector| vector[axis]).collect();
            values.sort_unstable_by(f32::total_cmp);
            values.get(values.len() / 2).copied().unwrap_or(0.0)
        };
        [0, 1].map(|axis| -median(axis) * self.scale[axis])
    }

    /// Writes, for each pixel of a row, the vector to where it was, in pixels of the frame.
    pub(super) fn row(&self, y: usize, out: &mut [[f32; 2]]) {
        let place = |at: usize, scale: f32, count: usize| {
            let at = ((at as f32 + 0.5) / scale / BLOCK as f32 - 0.5).clamp(0.0, (count - 1) as f32);
            let first = (at as usize).min(count - 1);
            (first, (first + 1).min(count - 1), at - first as f32)
        };
        let (above, below, dy) = place(y, self.scale[1], self.lines);
        for (x, out) in out.iter_mut().enumerate() {
            let (left, right, dx) = place(x, self.scale[0], self.columns);
            let at = |line: usize, column: usize| self.vectors[line * self.columns + column];
            let (a, b, c, d) = (at(above, left), at(above, right), at(below, left), at(below, right));
            *out = std::array::from_fn(|axis| {
                let (above, below) = (a[axis] + (b[axis] - a[axis]) * dx, c[axis] + (d[axis] - c[axis]) * dx);
                (above + (below - above) * dy) * self.scale[axis]
            });
        }
    }
}

/// The vectors of one level.
#[derive(Debug, Clone, Default)]
struct Grid {
    columns: usize,
    lines: usize,
    vectors: Vec<[f32; 2]>,
}

impl Grid {
    fn search(before: &Plane, now: &Plane, coarser: Option<&Grid>) -> Self {
        let (columns, lines) = (now.width.div_ceil(BLOCK), now.height.div_ceil(BLOCK));
        let mut vectors = Vec::with_capacity(columns * lines);
        for line in 0..lines {
            for column in 0..columns {
                let window = Window::around(now, column, line);
                let vector = match coarser {
                    None => {
                        // At the coarsest level a block may have come from anywhere near.
                        let reach = (BLOCK as i32) * 3 / 4;
                        let all = (-reach..=reach).flat_map(|y| (-reach..=reach).map(move |x| [x as f32, y as f32]));
                        window.best(before, all, [0.0; 2])
                    }
                    Some(coarser) => {
                        let parents = coarser.around(column / 2, line / 2);
                        let expected = median(&parents);
                        let mut best =
                            window.best(before, parents.into_iter().chain([[0.0; 2], expected]).map(rounded), expected);
                        for _ in 0..2 {
                            let near = (-1..=1).flat_map(|y| (-1..=1).map(move |x| [x as f32, y as f32]));
                            best = window.best(before, near.map(|[x, y]| [best[0] + x, best[1] + y]), expected);
                        }
                        best
                    }
                };
                vectors.push(vector);
            }
        }
        Grid { columns, lines, vectors }
    }

    /// Returns the vectors around a block, at the resolution of the next finer level.
    fn around(&self, column: usize, line: usize) -> Vec<[f32; 2]> {
        let (column, line) = (column.min(self.columns - 1), line.min(self.lines - 1));
        let mut all = Vec::with_capacity(9);
        for y in line.saturating_sub(1)..=(line + 1).min(self.lines - 1) {
            for x in column.saturating_sub(1)..=(column + 1).min(self.columns - 1) {
                all.push(self.vectors[y * self.columns + x].map(|v| v * 2.0));
            }
        }
        all
    }

    /// Refines to fractions of pixels by the gradient: first each block by itself, then held by what its neighbors
    /// found.
    fn refine(&mut self, before: &Plane, now: &Plane) {
        for hold in HOLD {
            let found = self.clone();
            for (i, vector) in self.vectors.iter_mut().enumerate() {
                let (column, line) = (i % self.columns, i / self.columns);
                let expected = median(&found.around(column, line)).map(|v| v / 2.0);
                *vector = Window::around(now, column, line).refined(before, *vector, expected, hold);
            }
        }
    }

    fn residuals(&self, before: &Plane, now: &Plane) -> Vec<f32> {
        let each =
            |(i, &vector): (usize, &[f32; 2])| Window::around(now, i % self.columns, i / self.columns).difference(before, vector);
        self.vectors.iter().enumerate().map(each).collect()
    }
}

/// A block with its surroundings.
struct Window<'a> {
    now: &'a Plane,
    x: std::ops::Range<usize>,
    y: std::ops::Range<usize>,
}

impl<'a> Window<'a> {
    fn around(now: &'a Plane, column: usize, line: usize) -> Self {
        let range = |at: usize, side: usize| (at * BLOCK).saturating_sub(AROUND)..((at + 1) * BLOCK + AROUND).min(side);
        Window { now, x: range(column, now.width), y: range(line, now.height) }
    }

    fn count(&self) -> f32 {
        (self.x.len() * self.y.len()) as f32
    }

    fn best(&self, before: &Plane, candidates: impl Iterator<Item = [f32; 2]>, expected: [f32; 2]) -> [f32; 2] {
        let mut best = (f32::INFINITY, expected);
        for vector in candidates {
            let stray = (vector[0] - expected[0]).abs() + (vector[1] - expected[1]).abs();
            let cost = self.whole_difference(before, vector, (best.0 - stray * STRAY) * self.count()) + stray * STRAY;
            if cost < best.0 {
                best = (cost, vector);
            }
        }
        best.1
    }

    /// Returns the mean absolute difference at a vector of whole pixels. Gives up when the sum exceeds `most`.
    fn whole_difference(&self, before: &Plane, vector: [f32; 2], most: f32) -> f32 {
        let [dx, dy] = vector.map(|v| v as isize);
        let (width, height) = (before.width as isize, before.height as isize);
        let (start, end) = (self.x.start as isize + dx, self.x.end as isize + dx);
        let mut sum = 0.0;
        for y in self.y.clone() {
            let now = &self.now.values[y * self.now.width..][self.x.clone()];
            let row = &before.values[((y as isize + dy).clamp(0, height - 1) * width) as usize..][..width as usize];
            sum += if start >= 0 && end <= width {
                let old = &row[start as usize..end as usize];
                now.iter().zip(old).map(|(a, b)| (a - b).abs()).sum::<f32>()
            } else {
                let old = (start..end).map(|x| row[x.clamp(0, width - 1) as usize]);
                now.iter().zip(old).map(|(a, b)| (a - b).abs()).sum()
            };
            if sum > most {
                break;
            }
        }
        sum / self.count()
    }

    fn difference(&self, before: &Plane, vector: [f32; 2]) -> f32 {
        let mut sum = 0.0;
        for y in self.y.clone() {
            for x in self.x.clone() {
                let old = before.sample(x as f32 + vector[0], y as f32 + vector[1]);
                sum += (self.now.values[y * self.now.width + x] - old).abs();
            }
        }
        sum / self.count()
    }

    /// Steps to the least sum of squared differences. Where there is little to see, the vector is held near `expected`.
    fn refined(&self, before: &Plane, start: [f32; 2], expected: [f32; 2], hold: f32) -> [f32; 2] {
        let hold = hold * self.count();
        let mut vector = start;
        for _ in 0..REFINEMENTS {
            let (mut xx, mut xy, mut yy) = (hold, 0.0, hold);
            let (mut bx, mut by) = (hold * (expected[0] - vector[0]), hold * (expected[1] - vector[1]));
            for y in self.y.clone() {
                for x in self.x.clone() {
                    let (px, py) = (x as f32 + vector[0], y as f32 + vector[1]);
                    let gx = (before.sample(px + 0.5, py) - before.sample(px - 0.5, py)).clamp(-0.25, 0.25);
                    let gy = (before.sample(px, py + 0.5) - before.sample(px, py - 0.5)).clamp(-0.25, 0.25);
                    let off = self.now.values[y * self.now.width + x] - before.sample(px, py);
                    xx += gx * gx;
                    xy += gx * gy;
                    yy += gy * gy;
                    bx += gx * off;
                    by += gy * off;
                }
            }
            let determinant = xx * yy - xy * xy;
            let step = [(bx * yy - by * xy) / determinant, (by * xx - bx * xy) / determinant];
            if !step.iter().all(|v| v.is_finite()) {
                break;
            }
            // No further than the search can have been wrong.
            vector = std::array::from_fn(|i| (vector[i] + step[i].clamp(-0.75, 0.75)).clamp(start[i] - 1.5, start[i] + 1.5));
            if step.iter().all(|v| v.abs() < 0.01) {
                break;
            }
        }
        // If the steps made it worse, the search was right.
        if self.difference(before, vector) <= self.difference(before, start) { vector } else { start }
    }
}

fn rounded(vector: [f32; 2]) -> [f32; 2] {
    vector.map(f32::round)
}

fn median(vectors: &[[f32; 2]]) -> [f32; 2] {
    [0, 1].map(|axis| {
        let mut values: Vec<f32> = vectors.iter().map(|vector| vector[axis]).collect();
        values.sort_unstable_by(f32::total_cmp);
        values[values.len() / 2]
    })
}

#[cfg(test)]
mod tests {
    use super::{Motion, Pyramid};
    use crate::Picture;

    /// A smooth scene without repetition, seen from (left, top).
    fn scene(width: usize, height: usize, left: f32, top: f32) -> Picture {
        let value = |i: usize| {
            let (x, y) = ((i / 3 % width) as f32 + left, (i / 3 / width) as f32 + top);
            let waves = [(0.11, 0.07, 0.3), (0.043, -0.19, 1.1), (0.31, 0.13, 2.0), (-0.27, 0.35, 0.7), (0.017, 0.023, 0.1)];
            0.5 + waves.iter().map(|(a, b, c)| 0.09 * (a * x + b * y + c).sin()).sum::<f32>()
        };
        Picture::from_rgb_f32([width, height], (0..width * height * 3).map(value).collect()).unwrap()
    }

    #[test]
    fn pans_are_found_to_fractions_of_a_pixel() {
        let (width, height) = (160, 120);
        let before = Pyramid::of(&scene(width, height, 0.0, 0.0)).unwrap();
        for (x, y) in [(0.0, 0.0), (1.0, 0.0), (0.5, 0.25), (-2.3, 1.6), (9.4, -5.7), (-14.0, 3.0)] {
            let now = Pyramid::of(&scene(width, height, x, y)).unwrap();
            let motion = Motion::between(&before, &now);
            let [right, down] = motion.camera();
            assert!((right + x).abs() < 0.06 && (down + y).abs() < 0.06, "({x}, {y}) is seen as {right} {down}");
            assert!(motion.unmatched < 0.25, "{} of ({x}, {y}) is unmatched", motion.unmatched);
            let mut row = vec![[0.0; 2]; width];
            motion.row(height / 2, &mut row);
            for vector in &row[40..width - 40] {
                assert!((vector[0] - x).abs() < 0.15 && (vector[1] - y).abs() < 0.15, "({x}, {y}): {vector:?}");
            }
        }
    }

    #[test]
    fn another_picture_is_matched_nowhere() {
        let black = Picture::from_rgb_f32([96, 64], vec![0.0; 96 * 64 * 3]).unwrap();
        let other = scene(96, 64, 300.0, 900.0);
        let found = Motion::between(&Pyramid::of(&black).unwrap(), &Pyramid::of(&other).unwrap());
        assert!(found.unmatched > 0.9, "{}", found.unmatched);
        // Sizes with only one level, or a single block.
        for (width, height) in [(1, 1), (7, 3), (20, 300)] {
            let picture = Pyramid::of(&scene(width, height, 0.0, 0.0)).unwrap();
            assert_eq!(Motion::between(&picture, &picture).camera(), [0.0, 0.0], "{width}×{height}");
        }
    }
}
