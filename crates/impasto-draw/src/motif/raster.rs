//! A scene evaluated once for each pixel, with the outlines of its things.

use super::{Look, Motif};
use crate::board::Board;
use crate::colour::Colour;

/// A scene at a board's size.
pub(crate) struct Raster {
    looks: Vec<Look>,
    /// The distance from each pixel to the nearest outline, in units. It is very large if there is no outline.
    edges: Vec<f32>,
}

impl Raster {
    pub(crate) fn new(motif: &Motif, board: &Board) -> Self {
        let (width, height) = (board.width, board.height);
        let pixel = board.pixel();
        let mut looks = Vec::with_capacity(width * height);
        for row in 0..height {
            looks.extend((0..width).map(|column| motif.look((column as f32 + 0.5) * pixel, (row as f32 + 0.5) * pixel)));
        }
        // Spreads the offsets to the nearest outline over the picture in two passes, there and back (Danielsson 1980).
        const FAR: [f32; 2] = [1e4, 1e4];
        let mut nearest = vec![FAR; width * height];
        for row in 0..height {
            for column in 0..width {
                let at = row * width + column;
                let differs = |other: usize| looks[other].region != looks[at].region;
                if column + 1 < width && differs(at + 1) {
                    nearest[at] = [0.5, 0.0];
                    nearest[at + 1] = [-0.5, 0.0];
                }
                if row + 1 < height && differs(at + width) {
                    nearest[at] = [0.0, 0.5];
                    nearest[at + width] = [0.0, -0.5];
                }
            }
        }
        let square = |v: [f32; 2]| v[0] * v[0] + v[1] * v[1];
        let mut relax = |at: usize, from: usize, dx: f32, dy: f32| {
            let through = [nearest[from][0] + dx, nearest[from][1] + dy];
            if square(through) < square(nearest[at]) {
                nearest[at] = through;
            }
        };
        for row in 0..height {
            for column in 0..width {
                let at = row * width + column;
                if row > 0 {
                    relax(at, at - width, 0.0, -1.0);
                    if column > 0 {
                        relax(at, at - width - 1, -1.0, -1.0);
                    }
                    if column + 1 < width {
                        relax(at, at - width + 1, 1.0, -1.0);
                    }
                }
                if column > 0 {
                    relax(at, at - 1, -1.0, 0.0);
                }
            }
            for column in (0..width.saturating_sub(1)).rev() {
                relax(row * width + column, row * width + column + 1, 1.0, 0.0);
            }
        }
        for row in (0..height).rev() {
            for column in (0..width).rev() {
                let at = row * width + column;
                if row + 1 < height {
                    relax(at, at + width, 0.0, 1.0);
                    if column > 0 {
                        relax(at, at + width - 1, -1.0, 1.0);
                    }
                    if column + 1 < width {
                        relax(at, at + width + 1, 1.0, 1.0);
                    }
                }
                if column + 1 < width {
                    relax(at, at + 1, 1.0, 0.0);
                }
            }
            for column in 1..width {
                relax(row * width + column, row * width + column - 1, -1.0, 0.0);
            }
        }
        let edges = nearest.into_iter().map(|v| square(v).sqrt() * pixel).collect();
        Raster { looks, edges }
    }

    /// Paints every pixel by a function of the place, what is visible there, and the distance to the outline.
    pub(crate) fn paint(&self, board: &mut Board, colour: impl Fn(f32, f32, Look, f32) -> Colour) {
        let pixel = board.pixel();
        for row in 0..board.height {
            for column in 0..board.width {
                let at = row * board.width + column;
                let (x, y) = ((column as f32 + 0.5) * pixel, (row as f32 + 0.5) * pixel);
                board.pixels[at] = colour(x, y, self.looks[at], self.edges[at]);
            }
        }
    }

    /// Returns what is visible at a place, and the distance to the outline. Places outside are moved to the border.
    pub(crate) fn at(&self, board: &Board, x: f32, y: f32) -> (Look, f32) {
        let clamp = |v: f32, end: usize| ((v * board.unit).max(0.0) as usize).min(end.saturating_sub(1));
        let at = clamp(y, board.height) * board.width + clamp(x, board.width);
        (self.looks[at], self.edges[at])
    }
}
