//! A loss for halos, and for blotches that follow nothing in the content.
//!
//! A painting may replace a color by any other, but it should do so near an edge as it does away from it. So, with
//! its strokes averaged out (as means of 8×8 pixels), a painting should be an affine function of the content's
//! colors in every small window. The loss is the part that such a function cannot explain. It is the quadratic
//! form of the matting Laplacian of Levin et al. (2008), here only over windows that contain an edge: elsewhere
//! there can be no halo, and the style is free.

use crate::graph::Shape;

/// Side of a cell in pixels.
const CELL: usize = 8;
/// Side of a window in cells: wider than the reach of a halo.
const WINDOW: usize = 9;
/// Added to the covariance of the content's colors, so that variances below it explain nothing.
const RIDGE: f64 = 1e-3;
/// The variance of the content's colors, summed over the three channels, at which a window's weight is one half.
const EDGE: f64 = 0.02;
/// Added to the mean square, because the square root has no slope at 0.
const EPSILON: f64 = 1e-6;

/// A content, prepared for comparison.
pub(super) struct Guide {
    cells: [usize; 2],
    windows: Vec<Window>,
}

/// A window of cells.
struct Window {
    /// The content's colors minus their mean, row by row.
    colors: Vec<[f64; 3]>,
    /// The inverse of their covariance, with the ridge added.
    inverse: [[f64; 3]; 3],
    weight: f64,
}

impl Guide {
    /// Prepares an RGB content.
    pub(super) fn new(content: &[f32], extent: Shape) -> Self {
        let cells = [extent.width / CELL, extent.height / CELL];
        let colors = means(content, extent);
        let windows = places(cells).map(|place| Window::new(members(place, cells).map(|i| colors[i]).collect())).collect();
        Guide { cells, windows }
    }

    /// Returns the root mean square of what the content's colors do not explain, for values in 0..1. Adds its
    /// derivative times `weight` to the gradient.
    pub(super) fn add(&self, painted: &[f32], extent: Shape, weight: f64, gradient: &mut [f32]) -> f64 {
        let colors = means(painted, extent);
        let all: f64 = self.windows.iter().map(|window| window.weight).sum();
        if all == 0.0 {
            return 0.0;
        }
        let count = (WINDOW * WINDOW * 3) as f64;
        let mut square = 0.0;
        let mut slopes = vec![[0.0; 3]; colors.len()];
        for (place, window) in places(self.cells).zip(&self.windows).filter(|(_, window)| window.weight > 0.0) {
            let own: Vec<[f64; 3]> = members(place, self.cells).map(|i| colors[i]).collect();
            let rest = window.unexplained(&own);
            let share = window.weight / all / count;
            for ((rest, own), i) in rest.iter().zip(&own).zip(members(place, self.cells)) {
                for c in 0..3 {
                    // The mean of `rest` is 0, so the mean of the colors need not be subtracted.
                    square += share * rest[c] * own[c];
                    slopes[i][c] += share * rest[c];
                }
            }
        }
        let root = (square.max(0.0) + EPSILON).sqrt();
        let step = weight / root / (CELL * CELL) as f64;
        for y in 0..self.cells[1] * CELL {
            for x in 0..self.cells[0] * CELL {
                let slope = &slopes[y / CELL * self.cells[0] + x / CELL];
                let pixel = &mut gradient[(y * extent.width + x) * 3..][..3];
                pixel.iter_mut().zip(slope).for_each(|(g, slope)| *g += (step * slope) as f32);
            }
        }
        root
    }
}

impl Window {
    fn new(mut colors: Vec<[f64; 3]>) -> Self {
        centre(&mut colors);
        let n = colors.len() as f64;
        let covariance = |a: usize, b: usize| colors.iter().map(|color| color[a] * color[b]).sum::<f64>() / n;
        let matrix: [[f64; 3]; 3] =
            std::array::from_fn(|a| std::array::from_fn(|b| covariance(a, b) + if a == b { RIDGE } else { 0.0 }));
        let variance = matrix[0][0] + matrix[1][1] + matrix[2][2] - 3.0 * RIDGE;
        let weight = variance / (variance + EDGE);
        Window { colors, inverse: inverse(&matrix), weight }
    }

    /// Returns the part of these colors that no affine function of the content's colors explains.
    fn unexplained(&self, painted: &[[f64; 3]]) -> Vec<[f64; 3]> {
        let mut rest = painted.to_vec();
        centre(&mut rest);
        let n = rest.len() as f64;
        for c in 0..3 {
            let shared: [f64; 3] =
                std::array::from_fn(|a| self.colors.iter().zip(&rest).map(|(color, rest)| color[a] * rest[c]).sum::<f64>() / n);
            let slope: [f64; 3] = std::array::from_fn(|a| (0..3).map(|b| self.inverse[a][b] * shared[b]).sum());
            for (rest, color) in rest.iter_mut().zip(&self.colors) {
                rest[c] -= (0..3).map(|a| slope[a] * color[a]).sum::<f64>();
            }
        }
        rest
    }
}

/// Subtracts the mean.
fn centre(colors: &mut [[f64; 3]]) {
    let n = colors.len() as f64;
    let mean: [f64; 3] = std::array::from_fn(|c| colors.iter().map(|color| color[c]).sum::<f64>() / n);
    colors.iter_mut().for_each(|color| color.iter_mut().zip(mean).for_each(|(v, mean)| *v -= mean));
}

/// Inverts a symmetric, positive definite matrix.
fn inverse(m: &[[f64; 3]; 3]) -> [[f64; 3]; 3] {
    let minor = |a: usize, b: usize| {
        let [r, s] = [(a + 1) % 3, (a + 2) % 3];
        let [c, d] = [(b + 1) % 3, (b + 2) % 3];
        m[r][c] * m[s][d] - m[r][d] * m[s][c]
    };
    let determinant: f64 = (0..3).map(|b| m[0][b] * minor(0, b)).sum();
    std::array::from_fn(|a| std::array::from_fn(|b| minor(b, a) / determinant))
}

/// Returns the mean color of each cell.
fn means(picture: &[f32], extent: Shape) -> Vec<[f64; 3]> {
    let cells = [extent.width / CELL, extent.height / CELL];
    let mut means = vec![[0.0; 3]; cells[0] * cells[1]];
    for y in 0..cells[1] * CELL {
        for x in 0..cells[0] * CELL {
            let mean = &mut means[y / CELL * cells[0] + x / CELL];
            let pixel = &picture[(y * extent.width + x) * 3..][..3];
            mean.iter_mut().zip(pixel).for_each(|(mean, v)| *mean += f64::from(*v) / (CELL * CELL) as f64);
        }
    }
    means
}

/// Returns the first cell of each window.
fn places(cells: [usize; 2]) -> impl Iterator<Item = [usize; 2]> {
    let [columns, rows] = cells.map(|count| (count + 1).saturating_sub(WINDOW));
    (0..rows).flat_map(move |y| (0..columns).map(move |x| [x, y]))
}

/// Returns the indices of the cells in a window.
fn members([x, y]: [usize; 2], cells: [usize; 2]) -> impl Iterator<Item = usize> {
    (y..y + WINDOW).flat_map(move |y| (x..x + WINDOW).map(move |x| y * cells[0] + x))
}

#[cfg(test)]
mod tests {
    use super::super::differences::{check, moved, scattered};
    use super::{Guide, WINDOW};
    use crate::graph::Shape;

    const EXTENT: Shape = Shape { height: 80, width: 96, channels: 3 };

    /// Dark on the left, light on the right.
    fn edge() -> Vec<f32> {
        picture(|x, _| if x < 48 { [0.2, 0.25, 0.3] } else { [0.8, 0.75, 0.7] })
    }

    fn picture(color: impl Fn(usize, usize) -> [f32; 3]) -> Vec<f32> {
        (0..EXTENT.height * EXTENT.width).flat_map(|i| color(i % EXTENT.width, i / EXTENT.width)).collect()
    }

    fn halo(content: &[f32], painted: &[f32]) -> f64 {
        Guide::new(content, EXTENT).add(painted, EXTENT, 1.0, &mut vec![0.0; EXTENT.len()])
    }

    #[test]
    fn other_colors_are_none_and_a_glow_is_one() {
        let dyed = picture(|x, _| if x < 48 { [0.9, 0.1, 0.4] } else { [0.1, 0.3, 0.2] });
        assert!(halo(&edge(), &dyed) < 0.02);
        let glow = |x: usize| 0.3 * (1.0 - (x as f32 - 48.0).abs() / 24.0).max(0.0);
        let glowing = picture(|x, _| if x < 48 { [0.9 - glow(x), 0.1, 0.4] } else { [0.1 + glow(x), 0.3, 0.2] });
        assert!(halo(&edge(), &glowing) > 2.5 * halo(&edge(), &dyed));
        // Without an edge there is no halo. Pictures smaller than a window have none either.
        assert_eq!(halo(&picture(|_, _| [0.5; 3]), &glowing), 0.0);
        let small = Shape { height: WINDOW * 8 - 8, width: 96, channels: 3 };
        assert_eq!(Guide::new(&edge(), small).add(&glowing, small, 1.0, &mut vec![0.0; EXTENT.len()]), 0.0);
    }

    #[test]
    fn its_gradient_is_its_difference() {
        let content: Vec<f32> = edge().iter().zip(scattered(EXTENT.len(), 3)).map(|(a, b)| 0.8 * a + 0.2 * b).collect();
        // Varies slowly enough to be visible in cells.
        let painted = picture(|x, y| [x as f32 / 96.0, (x * y) as f32 / 7680.0, ((x / 9 + y / 7) % 3) as f32 / 2.0]);
        let direction = picture(|x, y| [(x * x % 97) as f32 / 96.0, y as f32 / 80.0, ((x + y) % 31) as f32 / 30.0]);
        let guide = Guide::new(&content, EXTENT);
        let mut gradient = vec![0.0; EXTENT.len()];
        guide.add(&painted, EXTENT, 3.0, &mut gradient);
        check(&gradient, &direction, &|step| {
            3.0 * guide.add(&moved(&painted, &direction, step), EXTENT, 1.0, &mut vec![0.0; EXTENT.len()])
        });
    }
}
