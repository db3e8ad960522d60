//! [`crate::eval::lattice`] as a loss: patterns that repeat with the network's strides.

use crate::graph::Shape;

/// Period of the pattern in pixels.
const CELL: usize = 4;
/// The picture is cut into this many blocks in each direction. Each is measured alone,
/// so that strokes rarely agree by chance.
const BLOCKS: usize = 3;
/// Added to the energy of the fine contrast.
const EPSILON: f64 = 1e-5;

/// Returns the share of a picture's fine contrast that a pixel's place within its cell explains. Fine contrast is the
/// deviation from the mean of each cell. The share is the energy of the average cell over the energy of all cells,
/// averaged over blocks and channels. Adds its derivative times `weight` to the gradient.
pub(super) fn add(picture: &[f32], extent: Shape, weight: f64, gradient: &mut [f32]) -> f64 {
    let Shape { height, width, channels } = extent;
    let cells = [height / CELL / BLOCKS, width / CELL / BLOCKS];
    let count = cells[0] * cells[1];
    if count == 0 {
        return 0.0;
    }
    let share = 1.0 / (BLOCKS * BLOCKS * channels) as f64;
    let mut total = 0.0;
    let mut fine = vec![0.0f64; count * CELL * CELL];
    for (block, channel) in (0..BLOCKS * BLOCKS).flat_map(|block| (0..channels).map(move |channel| (block, channel))) {
        let (top, left) = (block / BLOCKS * cells[0] * CELL, block % BLOCKS * cells[1] * CELL);
        let at = |cell: usize, place: usize| {
            let y = top + cell / cells[1] * CELL + place / CELL;
            let x = left + cell % cells[1] * CELL + place % CELL;
            (y * width + x) * channels + channel
        };
        let mut pattern = [0.0f64; CELL * CELL];
        let mut all = 0.0;
        for (cell, fine) in fine.chunks_exact_mut(CELL * CELL).enumerate() {
            for (place, v) in fine.iter_mut().enumerate() {
                *v = f64::from(picture[at(cell, place)]);
            }
            let mean = fine.iter().sum::<f64>() / (CELL * CELL) as f64;
            for (v, pattern) in fine.iter_mut().zip(&mut pattern) {
                *v -= mean;
                *pattern += *v;
                all += *v * *v;
            }
        }
        // Energies are mean squares.
        pattern.iter_mut().for_each(|v| *v /= count as f64);
        let energy = pattern.iter().map(|v| v * v).sum::<f64>() / (CELL * CELL) as f64;
        let whole = all / (count * CELL * CELL) as f64 + EPSILON;
        total += energy / whole * share;
        // With p the mean cell and f the fine contrast, both with mean 0 in a cell, the derivative by each
        // pixel is d(E/W) = 2 (p - E/W · f) / (n W).
        let step = 2.0 * weight * share / ((count * CELL * CELL) as f64 * whole);
        let ratio = energy / whole;
        for (cell, fine) in fine.chunks_exact(CELL * CELL).enumerate() {
            for (place, (v, pattern)) in fine.iter().zip(&pattern).enumerate() {
                gradient[at(cell, place)] += (step * (pattern - ratio * v)) as f32;
            }
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use super::super::differences::{check, moved, scattered};
    use super::add;
    use crate::graph::Shape;

    const EXTENT: Shape = Shape { height: 48, width: 60, channels: 2 };

    #[test]
    fn a_grid_is_all_lattice_and_a_flat_picture_none() {
        let mut gradient = vec![0.0; EXTENT.len()];
        let grid: Vec<f32> = (0..EXTENT.len()).map(|i| if i / 2 % 60 % 4 == 1 { 0.9 } else { 0.2 }).collect();
        assert!(add(&grid, EXTENT, 1.0, &mut gradient) > 0.99);
        assert_eq!(add(&[0.5; EXTENT.height * EXTENT.width * EXTENT.channels], EXTENT, 1.0, &mut gradient), 0.0);
    }

    #[test]
    fn its_gradient_is_its_difference() {
        let [picture, direction] = [17, 5].map(|seed| scattered(EXTENT.len(), seed));
        let mut gradient = vec![0.0; EXTENT.len()];
        add(&picture, EXTENT, 3.0, &mut gradient);
        check(&gradient, &direction, &|step| {
            3.0 * add(&moved(&picture, &direction, step), EXTENT, 1.0, &mut vec![0.0; EXTENT.len()])
        });
    }
}
