//! Points: pointillism, dot-painting, halftone.

use std::f32::consts::TAU;

use crate::board::Board;
use crate::canvas::Canvas;
use crate::colour::{Palette, luma, mix, scaled, shifted};
use crate::motif::{self, Kind, Motif, Raster};
use crate::noise::{contrast, fractal};
use crate::random::Random;
use crate::shape::{Point, cover, distance, step, turned};

pub(super) fn pointillism(width: usize, height: usize, seed: u64) -> Canvas {
    let mut random = Random::new("pointillism", seed);
    let palette = Palette::new(
        &mut random,
        &[
            [0x1F2F5C, 0x3D5A98, 0x4F8F5B, 0xD96B4C, 0xF0BE52, 0xFBF1D5],
            [0x36215C, 0x6A4C93, 0x2F8F83, 0xE2725B, 0xF7B267, 0xFDF0DC],
        ],
    );
    let mut board = Board::new(width, height, mix(palette.lightest(), [0.93, 0.89, 0.80], 0.5));
    let scene = Motif::new(&motif::ALL, &board, &mut random);
    let point = random.vary(0.0072, 0.0055, 0.0105);
    let area = board.wide() * board.high();
    for (scale, coverage) in [(1.25, 1.5), (1.0, 1.9), (0.7, 0.9)] {
        let radius = point * scale;
        for _ in 0..(coverage * area / (2.6 * radius * radius)) as usize {
            let at = board.anywhere(0.0, &mut random);
            let look = scene.look(at[0], at[1]);
            let place = 0.55 * look.hue + 0.45 * look.tone;
            let mut colour = palette.at(place + random.normal() * 0.10);
            colour = shifted(colour, random.normal() * 0.35, 1.25, (look.tone - luma(colour)) * 0.45);
            // Shadows are mixed with their complement, as the divisionists did.
            if random.chance(0.16) {
                colour = shifted(colour, 3.0, 1.2, 0.05);
            }
            board.disc(at, radius * random.range(0.75, 1.2), colour, 0.94);
        }
    }
    board.finish()
}

pub(super) fn dot_painting(width: usize, height: usize, seed: u64) -> Canvas {
    let mut random = Random::new("dot-painting", seed);
    let palette = Palette::new(
        &mut random,
        &[
            [0x2A0F0A, 0x7A2413, 0xB8501E, 0xD98E2B, 0xEBC67A, 0xFBF3E2],
            [0x0D1B2A, 0x1B4965, 0x3E7C8F, 0xC8553D, 0xF2B950, 0xF7F3E3],
            [0x1C1A17, 0x5A2A1E, 0x6B7A3A, 0xC26B2E, 0xE2B25B, 0xF9F0DA],
        ],
    );
    let mut board = Board::new(width, height, palette.darkest());
    let (wide, high) = (board.wide(), board.high());
    let count = random.vary(6.0, 3.0, 11.0) as usize;
    let mut holes: Vec<Point> = Vec::new();
    for _ in 0..count {
        let clear = |at: &Point| holes.iter().map(|h| distance(*h, *at)).fold(f32::MAX, f32::min);
        let places: Vec<Point> = (0..8).map(|_| [random.range(0.05, 0.95) * wide, random.range(0.05, 0.95) * high]).collect();
        holes.push(places.into_iter().max_by(|a, b| clear(a).total_cmp(&clear(b))).unwrap_or([0.0; 2]));
    }
    let (ground, bend) = (random.seed(), random.seed());
    board.adjust(|x, y, colour| mix(colour, palette.0[1], 0.5 * contrast(x * 5.0, y * 5.0, 3, ground)));
    let dot = random.vary(0.0085, 0.006, 0.011);
    let pace = dot * 2.45;
    // Distances are bent, so that the rings look hand-drawn.
    let warp = random.vary(0.05, 0.0, 0.10);
    let off = |at: Point, hole: Point| distance(at, hole) + warp * (fractal(at[0] * 4.0, at[1] * 4.0, 2, bend) - 0.5);
    let bands: Vec<(f32, f32)> = (0..64).map(|_| (random.unit(), random.range(0.7, 1.15))).collect();
    for (i, &hole) in holes.iter().enumerate() {
        let rings = (0.75 / pace) as usize;
        for ring in 0..rings {
            let radius = ring as f32 * pace;
            let around = ((TAU * radius / pace) as usize).max(1);
            let (tint, size) = bands[(ring / 2 + i * 7) % bands.len()];
            let start = random.unit() * TAU;
            for k in 0..around {
                let angle = start + k as f32 / around as f32 * TAU;
                let (sin, cos) = angle.sin_cos();
                // Two steps towards the point where the bent distance is that of the ring.
                let mut r = radius;
                for _ in 0..2 {
                    let at = [hole[0] + r * cos, hole[1] + r * sin];
                    r = (r + radius - off(at, hole)).max(0.0);
                }
                let at = [hole[0] + r * cos, hole[1] + r * sin];
                let other = holes.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, h)| off(at, *h)).fold(f32::MAX, f32::min);
                if other < radius + dot * 0.6 {
                    continue;
                }
                let colour =
                    if ring < 4 { palette.nth(0.99 - 0.35 * (ring % 2) as f32) } else { palette.0[2 + (tint * 3.999) as usize] };
                let at = [at[0] + random.normal() * dot * 0.08, at[1] + random.normal() * dot * 0.08];
                board.disc(at, dot * size * random.range(0.88, 1.08), shifted(colour, 0.0, 1.0, random.normal() * 0.02), 1.0);
            }
        }
    }
    // Paths between the places: a band of ground with three rows of dots.
    for pair in holes.windows(2).step_by(2) {
        let (a, b) = (pair[0], pair[1]);
        let length = distance(a, b).max(1e-4);
        let side = [-(b[1] - a[1]) / length, (b[0] - a[0]) / length];
        let steps = (length / pace) as usize;
        let swing = random.range(-0.05, 0.05);
        let at = |t: f32, out: f32| {
            let out = out + swing * (t * TAU).sin();
            [a[0] + (b[0] - a[0]) * t + side[0] * out, a[1] + (b[1] - a[1]) * t + side[1] * out]
        };
        let path: Vec<Point> = (0..=40).map(|i| at(0.12 + 0.76 * i as f32 / 40.0, 0.0)).collect();
        board.stroke(&path, &crate::brush::Brush::line(pace * 1.9, palette.darkest()));
        for (row, tint) in [(-1.0, 5), (0.0, 3), (1.0, 5)] {
            for i in (steps / 8)..steps.saturating_sub(steps / 8) {
                let at = at((i as f32 + 0.5) / steps as f32, row * pace * 1.1);
                board.disc(at, dot * random.range(0.85, 1.05), palette.0[tint], 1.0);
            }
        }
    }
    board.finish()
}

pub(super) fn halftone(width: usize, height: usize, seed: u64) -> Canvas {
    let mut random = Random::new("halftone", seed);
    let palette = Palette::new(
        &mut random,
        &[
            [0x14121F, 0x1D4E9E, 0xE0272E, 0x2BA6C9, 0xFFD23F, 0xFFF8E7],
            [0x1A1423, 0x8E2DA8, 0xF0386B, 0x1FB5A8, 0xFFC145, 0xFFF6EA],
        ],
    );
    let mut board = Board::new(width, height, palette.lightest());
    let kinds = [Kind::Fruit, Kind::Village, Kind::Blossoms, Kind::Hills, Kind::Forest];
    let scene = Motif::new(&kinds, &board, &mut random);
    let raster = Raster::new(&scene, &board);
    let (pitch, slant) = (random.vary(0.0150, 0.011, 0.021), random.vary(0.4, 0.1, 1.4));
    let line = random.vary(0.0035, 0.002, 0.005);
    let pixel = board.pixel();
    let screen = |x: f32, y: f32, slant: f32, tone: f32| {
        let p = turned([x / pitch, y / pitch], slant);
        let off = ((p[0] - p[0].round()).powi(2) + (p[1] - p[1].round()).powi(2)).sqrt();
        cover((off - 0.72 * tone.clamp(0.0, 1.0).sqrt()) * pitch, pixel)
    };
    raster.paint(&mut board, |x, y, look, edge| {
        let own = (look.region.wrapping_mul(0x9E37_79B1) >> 24) as f32 / 256.0;
        let flat = palette.middle((0.6 * own + 0.4 * look.hue).fract());
        let paper = palette.lightest();
        let shade = step(0.75, 0.15, look.tone);
        let mut colour = if look.tone > 0.72 { mix(paper, flat, screen(x, y, slant, (1.0 - look.tone) * 2.0)) } else { flat };
        colour = mix(colour, mix(palette.darkest(), flat, 0.1), screen(x, y, slant + 0.5, shade * 0.75));
        if look.tone < 0.14 {
            colour = palette.darkest();
        }
        let ink = cover(edge - line, pixel.max(0.0015));
        mix(scaled(colour, 0.97 + 0.05 * fractal(x * 90.0, y * 90.0, 2, 3)), palette.darkest(), ink)
    });
    board.finish()
}
