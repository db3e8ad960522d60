//! A lake in the mountains, seen from its shore.
//!
//! The land is a height field that is scanned column by column, from near to far: each step that rises above everything
//! before it fills the pixels between (the "voxel space" of the first flight simulators). The lake mirrors a second
//! scan, from an eye as far below its surface as the first eye is above it.

mod mood;
mod shore;
mod sky;
mod terrain;

use crate::board::Board;
use crate::canvas::Canvas;
use crate::colour::{Colour, mix, scaled};
use crate::noise::{fractal, value};
use crate::random::Random;
use crate::shape::step;
use mood::Mood;
use sky::Sky;
use terrain::Terrain;

/// Half-columns: each pixel is sampled twice, side by side.
const ACROSS: usize = 2;
/// Focal length in picture heights.
const FOCAL: f32 = 1.15;
/// The eye's height above the lake.
const EYE: f32 = 1.0;
/// Distance at which the scan ends.
const FAR: f32 = 240.0;

/// Draws a lake in the mountains with a low sun, clouds, mist and firs, at any size.
/// Another seed gives another place and hour.
pub fn landscape(width: usize, height: usize, seed: u64) -> Canvas {
    let mut random = Random::new("landscape", seed);
    let mut board = Board::new(width, height, [0.0; 3]);
    let view = View::new(&board, &mut random);
    let mirrored = view.look(&board, -EYE, &[]);
    let pixels = view.look(&board, EYE, &mirrored);
    for (at, pixel) in board.pixels.iter_mut().enumerate() {
        let (row, column) = (at / board.width, at % board.width);
        let pair = &pixels[row * board.width * ACROSS + column * ACROSS..][..ACROSS];
        *pixel = std::array::from_fn(|i| pair.iter().map(|p| p[i]).sum::<f32>() / ACROSS as f32);
    }
    let tall = view.scale / board.unit;
    shore::draw(&mut board, &view.mood, tall, view.sun[0] > 0.0, &mut random);
    // Finishing touches of a photograph: a soft shoulder, slightly darker corners, a little grain.
    let (wide, high) = (board.wide(), board.high());
    board.adjust(|x, y, c| {
        let corner = ((x / wide - 0.5).powi(2) + (y / high - 0.5).powi(2)) * 0.36;
        let grain = 0.018 * (value(x * 420.0, y * 420.0, 5) - 0.5);
        c.map(|v| (v.max(0.0) * (1.0 - corner) + grain).clamp(0.0, 1.2))
            .map(|v| if v > 0.86 { 0.86 + 0.14 * ((v - 0.86) / 0.14).tanh() } else { v })
    });
    board.finish()
}

struct View {
    mood: Mood,
    sky: Sky,
    terrain: Terrain,
    /// Pixels per picture height (or per part of the width, for very wide pictures).
    scale: f32,
    /// Row of the horizon, in pixels.
    horizon: f32,
    middle: f32,
    /// Position in the picture, relative to the middle of the horizon, upward, in picture heights.
    sun: [f32; 2],
    ripples: u32,
}

impl View {
    fn new(board: &Board, random: &mut Random) -> Self {
        let scale = (board.height as f32).max(0.6 * board.width as f32);
        let side = if random.whether(true, 0.5) { 1.0 } else { -1.0 };
        let half = 0.5 * board.width as f32 / scale;
        let sun = [side * half * random.vary(0.46, 0.2, 0.8), random.vary(0.245, 0.13, 0.34)];
        let mood = mood::choose(random);
        let sky = Sky::new(random, sun, &mood);
        let terrain = Terrain::new(random, side);
        let horizon = board.height as f32 - random.vary(0.42, 0.36, 0.46) * (board.height as f32);
        View { mood, sky, terrain, scale, horizon, middle: 0.5 * board.width as f32, sun, ripples: random.seed() }
    }

    /// Scans the land from a height. `mirror` is what the lake mirrors; if it is empty, the lake is not drawn.
    fn look(&self, board: &Board, eye: f32, mirror: &[Colour]) -> Vec<Colour> {
        let (width, height) = (board.width * ACROSS, board.height);
        let mut pixels = vec![[0.0; 3]; width * height];
        let mut column_of = vec![[0.0f32; 3]; height];
        let (focal, pixel) = (FOCAL * self.scale, 1.0 / self.scale);
        // The nearest point: the lake at the lower border of the picture.
        let near = (0.97 * EYE * focal / (height as f32 - self.horizon).max(1.0)).clamp(0.5, 40.0);
        for column in 0..width {
            let across = ((column as f32 + 0.5) / ACROSS as f32 - self.middle) / self.scale;
            let slope = across / FOCAL;
            column_of.fill([0.0; 3]);
            // The lowest row boundary that is still free, and the last sample drawn.
            let mut free = if eye < 0.0 { self.horizon.min(height as f32) } else { height as f32 };
            let mut z = near;
            let mut last: Option<Colour> = None;
            while z < FAR && free > 0.0 {
                let x = slope * z;
                let land = self.terrain.height(x, z);
                let top = self.horizon - (land.max(0.0) - eye) * focal / z;
                if top < free {
                    let colour = if land <= 0.0 {
                        if mirror.is_empty() { None } else { Some(self.water(board, mirror, column, across, x, z)) }
                    } else {
                        Some(self.terrain.colour(x, z, land, across, &self.mood, self.sun))
                    };
                    if let Some(colour) = colour {
                        let before = if free - top > 1.5 { last.unwrap_or(colour) } else { colour };
                        fill(&mut column_of, top, free, before, colour);
                        free = top;
                        last = Some(colour);
                    }
                }
                z += z * 0.0055;
            }
            // The rest is sky: down to the horizon, and in the remaining part of a row that a crest only partly covers.
            for (row, sum) in column_of.iter_mut().enumerate() {
                let open = (free - row as f32).clamp(0.0, 1.0);
                if open > 0.0 {
                    let up = (self.horizon - row as f32 - 0.5) * pixel;
                    let sky = self.sky.colour(across, up.max(0.0), &self.mood);
                    *sum = std::array::from_fn(|i| sum[i] + open * sky[i]);
                }
            }
            for (row, colour) in column_of.iter().enumerate() {
                pixels[row * width + column] = *colour;
            }
        }
        pixels
    }

    fn water(&self, board: &Board, mirror: &[Colour], column: usize, across: f32, x: f32, z: f32) -> Colour {
        let width = board.width * ACROSS;
        let down = EYE * FOCAL / z;
        // Long low swells, finer towards the viewer, and patches of calm.
        let calm = 0.25 + 0.75 * step(0.40, 0.62, fractal(x * 0.05, z * 0.16, 3, self.ripples));
        let swell = fractal(x * 0.55, z * 1.5, 3, self.ripples ^ 1) - 0.5;
        let fine = fractal(x * 2.2, z * 5.0, 2, self.ripples ^ 2) - 0.5;
        let shake = calm * (swell * 0.030 + fine * 0.016) * (down * 2.2).min(1.0).sqrt();
        let row = self.horizon - (down + shake * 1.2) * self.scale;
        let column = column as f32 + shake * 0.35 * self.scale * ACROSS as f32;
        let column = column.clamp(0.0, (width - 1) as f32) as usize;
        // Outside the mirrored picture, its border pixels are repeated.
        let (last, row) = (board.height - 1, (row - 0.5).max(0.0));
        let above = mirror[(row as usize).min(last) * width + column];
        let below = mirror[(row as usize + 1).min(last) * width + column];
        let seen = mix(above, below, row.fract());
        // Fresnel: one looks more steeply into nearer water.
        let clear = 0.10 + 0.62 * step(0.05, 0.55, down);
        let mut colour = mix(scaled(seen, 0.94), self.mood.deep, clear * 0.8);
        let lane = (-((across - self.sun[0]) / (0.03 + 0.35 * down)).powi(2)).exp();
        let spark = step(0.10, 0.26, fine + 0.5 * swell) * lane * calm * step(0.0, 0.05, down);
        colour = mix(colour, self.mood.sun, 0.75 * spark);
        // Mist over the far water.
        mix(colour, self.mood.haze, 0.55 * step(26.0, 75.0, z))
    }
}

/// Fills a column from `top` to `bottom`, blending from the color below to the color above. Both are in
/// rows; fractions count as parts of a row.
fn fill(column: &mut [Colour], top: f32, bottom: f32, low: Colour, high: Colour) {
    let from = top.max(0.0) as usize;
    let to = (bottom.ceil().max(0.0) as usize).min(column.len());
    for (row, sum) in column.iter_mut().enumerate().take(to).skip(from) {
        let share = bottom.min(row as f32 + 1.0) - top.max(row as f32);
        if share > 0.0 {
            let colour = mix(low, high, (bottom - row as f32 - 0.5) / (bottom - top).max(1e-6));
            *sum = std::array::from_fn(|i| sum[i] + share * colour[i]);
        }
    }
}
