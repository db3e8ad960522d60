//! Drawn with a point: cross-hatching, charcoal.

use std::f32::consts::PI;

use crate::board::Board;
use crate::brush::Brush;
use crate::canvas::Canvas;
use crate::colour::{Palette, mix};
use crate::motif::{self, Kind, Motif, Raster};
use crate::noise::{fractal, value};
use crate::random::Random;
use crate::shape::{Point, step, trace};

/// Draws strokes along the scene's outlines, more than once in most places, like a hand.
fn outlines(board: &mut Board, raster: &Raster, random: &mut Random, count: usize, brush: Brush, sway: f32) {
    for _ in 0..count {
        let at = board.anywhere(0.0, random);
        let (_, edge) = raster.at(board, at[0], at[1]);
        if edge > 0.012 {
            continue;
        }
        // At right angles to the direction of the outline.
        let along = |x: f32, y: f32| {
            let d = 0.006;
            let (dx, dy) = (
                raster.at(board, x + d, y).1 - raster.at(board, x - d, y).1,
                raster.at(board, x, y + d).1 - raster.at(board, x, y - d).1,
            );
            dx.atan2(-dy)
        };
        let mut path = trace(at, random.range(0.06, 0.2), 0.006, along);
        path.iter_mut().for_each(|p| p[0] += random.normal() * sway);
        board.stroke(&path, &Brush { seed: random.seed(), radius: brush.radius * random.range(0.6, 1.3), ..brush });
    }
}

pub(super) fn cross_hatching(width: usize, height: usize, seed: u64) -> Canvas {
    let mut random = Random::new("cross-hatching", seed);
    let palette = Palette::new(
        &mut random,
        &[
            [0x1B1B20, 0x33343C, 0x8A3324, 0x77706A, 0xCFC4AE, 0xF4EDDD],
            [0x14213D, 0x2B3F6C, 0x5A6B8C, 0xA5683A, 0xD8CDB5, 0xF6F1E4],
            [0x3A1F14, 0x6B3A23, 0x94583A, 0x5E6B5A, 0xD9C7A6, 0xF7EFDF],
        ],
    );
    let mut board = Board::new(width, height, palette.lightest());
    let kinds = [Kind::Fruit, Kind::Hills, Kind::Village, Kind::Forest, Kind::Blossoms, Kind::Whirl];
    let scene = Motif::new(&kinds, &board, &mut random);
    let raster = Raster::new(&scene, &board);
    let (paper, washed) = (random.seed(), random.whether(true, 0.5));
    let wash = palette.0[4];
    raster.paint(&mut board, |x, y, look, _| {
        let stain = fractal(x * 5.0, y * 5.0, 4, paper) - 0.5;
        let shade = if washed { step(0.72, 0.35, look.tone + 0.3 * stain) * 0.8 } else { 0.15 };
        mix(palette.lightest(), wash, shade + 0.4 * stain)
    });
    let (first, pen) = (random.vary(0.75, 0.2, 2.6), random.vary(0.00145, 0.0011, 0.0021));
    let spacing = random.vary(0.0068, 0.0055, 0.0095);
    let second = random.pick(&[0, 1, 2]);
    for (layer, limit) in [0.80, 0.60, 0.42, 0.25].into_iter().enumerate() {
        let slant = first + [0.0, 1.25, 0.6, 1.9][layer] + random.normal() * 0.08;
        let count = (board.wide() * board.high() / (spacing * 0.055)) as usize;
        for _ in 0..count {
            let at = board.anywhere(0.02, &mut random);
            let (look, _) = raster.at(&board, at[0], at[1]);
            if look.tone > limit + random.normal() * 0.05 {
                continue;
            }
            // A line follows the form a little, and stops where the light or another thing begins.
            let (sway, region) = (random.normal() * 0.05, look.region);
            let path: Vec<Point> = trace(at, random.range(0.05, 0.11), 0.007, |x, y| {
                slant + sway + 0.30 * (raster.at(&board, x, y).0.angle - slant).sin()
            });
            let middle = path.len() / 2;
            let within = |p: &&Point| {
                let (look, _) = raster.at(&board, p[0], p[1]);
                look.region == region && look.tone < limit + 0.06
            };
            let before = path[..middle].iter().rev().take_while(within).count();
            let after = path[middle..].iter().take_while(within).count();
            let ink = if layer == 1 && second == 1 { palette.0[2] } else { palette.darkest() };
            let brush = Brush { opacity: 0.85, taper: 0.6, ..Brush::line(pen * random.range(0.75, 1.3), ink) };
            board.stroke(&path[middle - before..middle + after], &brush);
        }
    }
    let ink = Brush { opacity: 0.9, taper: 0.7, ..Brush::line(pen * 1.5, palette.darkest()) };
    outlines(&mut board, &raster, &mut random, 4200, ink, 0.0006);
    board.finish()
}

pub(super) fn charcoal(width: usize, height: usize, seed: u64) -> Canvas {
    let mut random = Random::new("charcoal", seed);
    let palette = Palette::new(
        &mut random,
        &[
            [0x17161A, 0x3A383C, 0x6B6762, 0x9C958B, 0xCBC3B4, 0xEFE8DA],
            [0x2A120C, 0x5C2A1C, 0x8E4B33, 0xB98263, 0xDDBFA0, 0xF3E6D2],
            [0x14181F, 0x34404E, 0x667585, 0x97A2A8, 0xC3C6BF, 0xECE9DD],
        ],
    );
    let mut board = Board::new(width, height, palette.lightest());
    let scene = Motif::new(&[motif::ALL.as_slice(), &[Kind::Forest]].concat(), &board, &mut random);
    let raster = Raster::new(&scene, &board);
    let (grain, smear) = (random.seed(), random.seed());
    let ribs = random.vary(170.0, 110.0, 240.0).min(0.4 * board.unit);
    let laid = random.whether(true, 0.5);
    let lean = random.vary(0.7, 0.0, PI);
    let ground = palette.0[4 + random.below(2)];
    // Rubbed tone, which the paper's tooth catches.
    let tooth = |x: f32, y: f32| {
        let rib = if laid { 0.22 * (x * ribs * PI).sin() } else { 0.0 };
        fractal(x * ribs * 1.3, y * ribs * 1.3, 2, grain) + rib * 0.6
    };
    raster.paint(&mut board, |x, y, look, _| {
        let (sin, cos) = lean.sin_cos();
        let smudge = fractal((x * cos + y * sin) * 4.0, (y * cos - x * sin) * 26.0, 3, smear) - 0.5;
        let dark = (1.0 - look.tone + 0.45 * smudge - 0.12).clamp(0.0, 1.0);
        let catch = step(1.05 - dark, 1.35 - dark, tooth(x, y) + 0.42);
        mix(mix(ground, palette.0[2], dark * 0.55), palette.darkest(), catch * (0.25 + 0.7 * dark))
    });
    let stick = random.vary(0.0065, 0.0045, 0.009);
    for (scale, limit, count) in [(1.8, 0.5, 900), (1.0, 0.36, 1300), (0.5, 0.3, 1200)] {
        for _ in 0..count {
            let at = board.anywhere(0.02, &mut random);
            let (look, _) = raster.at(&board, at[0], at[1]);
            if look.tone > limit {
                continue;
            }
            let own = lean + random.normal() * 0.12;
            let path = trace(at, random.range(0.05, 0.16), 0.008, |x, y| {
                let (form, _) = raster.at(&board, x, y);
                own + 0.75 * (form.angle - own).sin()
            });
            let radius = stick * scale * random.range(0.6, 1.3);
            let brush =
                Brush { dry: 0.78, taper: 0.5, opacity: 0.85, seed: random.seed(), ..Brush::line(radius, palette.darkest()) };
            board.stroke(&path, &brush);
        }
    }
    let edge = Brush { dry: 0.55, taper: 0.6, opacity: 0.9, ..Brush::line(stick * 0.5, palette.darkest()) };
    outlines(&mut board, &raster, &mut random, 2600, edge, 0.0012);
    // Lights, lifted out with a kneaded eraser.
    for _ in 0..260 {
        let at = board.anywhere(0.0, &mut random);
        let (look, _) = raster.at(&board, at[0], at[1]);
        if look.tone > 0.8 {
            let path = trace(at, random.range(0.04, 0.12), 0.008, |x, y| raster.at(&board, x, y).0.angle);
            let brush =
                Brush { dry: 0.4, taper: 0.7, opacity: 0.6, seed: random.seed(), ..Brush::line(stick * 1.1, palette.lightest()) };
            board.stroke(&path, &brush);
        }
    }
    board.adjust(|x, y, colour| colour.map(|v| v * (0.97 + 0.06 * value(x * 300.0, y * 300.0, 3))));
    board.finish()
}
