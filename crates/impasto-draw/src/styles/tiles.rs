//! Pieces side by side: mosaic, stained-glass, terrazzo.

use std::f32::consts::{PI, TAU};

use crate::board::Board;
use crate::canvas::Canvas;
use crate::colour::{Colour, Palette, luma, mix, scaled, shifted};
use crate::motif::{self, Motif, Raster};
use crate::noise::{cell, displace, fractal, fraction, value};
use crate::random::Random;
use crate::shape::{Point, cover, distance, step, trace, turned};

pub(super) fn mosaic(width: usize, height: usize, seed: u64) -> Canvas {
    let mut random = Random::new("mosaic", seed);
    let palette = Palette::new(
        &mut random,
        &[
            [0x16324F, 0x2A628F, 0x3E9B8F, 0xC8573A, 0xE3B04B, 0xF4EBD3],
            [0x3B1C1C, 0x8A3324, 0x2F6F73, 0xCC8B3C, 0xE6CB8B, 0xF6EFE0],
            [0x14213D, 0x1F6E8C, 0x84A98C, 0xD4A017, 0xF2D06B, 0xFBF5E0],
        ],
    );
    let grout = mix(palette.lightest(), [0.48, 0.45, 0.40], random.vary(0.55, 0.3, 1.0));
    let mut board = Board::new(width, height, grout);
    let grain = random.seed();
    board.adjust(|x, y, colour| scaled(colour, 0.85 + 0.3 * fractal(x * 120.0, y * 120.0, 2, grain)));
    let scene = Motif::new(&motif::ALL, &board, &mut random);
    let raster = Raster::new(&scene, &board);
    let side = random.vary(0.0175, 0.0135, 0.026);
    let pace = side * 1.10;
    let (wide, high) = (board.wide(), board.high());
    // Stones are set in rows along the forms, where there is room. A grid keeps track of the taken places.
    let (columns, rows) = ((wide / (pace * 0.25)) as usize + 2, (high / (pace * 0.25)) as usize + 2);
    let mut taken: Vec<Option<Point>> = vec![None; columns * rows];
    let slot = |p: Point| {
        let (column, row) = ((p[0] / (pace * 0.25)).floor(), (p[1] / (pace * 0.25)).floor());
        let inside = column >= 0.0 && row >= 0.0 && (column as usize) < columns && (row as usize) < rows;
        inside.then_some((column as usize, row as usize))
    };
    let free = |taken: &[Option<Point>], p: Point, apart: f32| {
        let Some((column, row)) = slot(p) else { return false };
        for row in row.saturating_sub(4)..(row + 5).min(rows) {
            for column in column.saturating_sub(4)..(column + 5).min(columns) {
                if taken[row * columns + column].is_some_and(|q| distance(p, q) < apart) {
                    return false;
                }
            }
        }
        true
    };
    let mut stones: Vec<(Point, f32, f32)> = Vec::new();
    let starts = (wide * high / (pace * pace) * 1.3) as usize;
    for pass in 0..2 {
        for _ in 0..starts {
            let start = board.anywhere(0.0, &mut random);
            let apart = if pass == 0 { 0.97 } else { 0.80 };
            if !free(&taken, start, pace * apart) {
                continue;
            }
            let steps = if pass == 0 { 40.0 } else { 0.0 };
            for at in trace(start, steps * pace, pace, |x, y| raster.at(&board, x, y).0.angle) {
                let Some((column, row)) = slot(at) else { continue };
                if free(&taken, at, pace * apart * 0.98) {
                    taken[row * columns + column] = Some(at);
                    let angle = raster.at(&board, at[0], at[1]).0.angle;
                    stones.push((at, angle, if pass == 0 { 1.0 } else { 0.82 }));
                }
            }
        }
    }
    let gold = random.whether(true, 0.4);
    for (at, angle, scale) in stones {
        let (look, edge) = raster.at(&board, at[0], at[1]);
        let base = palette.at(0.5 * look.hue + 0.5 * look.tone + random.normal() * 0.03);
        let mut colour = shifted(base, random.normal() * 0.12, 1.1, (look.tone - luma(base)) * 0.35 + random.normal() * 0.035);
        if gold && random.chance(0.03) {
            colour = palette.0[4];
        }
        if edge < side * 0.55 && look.tone < 0.5 {
            colour = mix(colour, palette.darkest(), 0.55);
        }
        let half = side * 0.5 * scale;
        let corners: Vec<Point> = [[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]]
            .iter()
            .map(|c: &Point| {
                let p = turned([c[0] * half * random.range(0.82, 1.1), c[1] * half * random.range(0.82, 1.1)], angle);
                [at[0] + p[0], at[1] + p[1]]
            })
            .collect();
        // Each stone is tilted in its own direction in the mortar.
        let (tilt, glint) = (random.unit() * TAU, random.range(0.0, 0.16));
        let thick = random.range(0.0025, 0.0040);
        board.polygon_raised(&corners, Some(thick), |x, y, _| {
            let slope = ((x - at[0]) * tilt.cos() + (y - at[1]) * tilt.sin()) / half;
            scaled(colour, 1.0 + glint * slope + 0.10 * (value(x * 190.0, y * 190.0, grain) - 0.5))
        });
    }
    board.light(0.5, 0.15);
    board.finish()
}

pub(super) fn stained_glass(width: usize, height: usize, seed: u64) -> Canvas {
    let mut random = Random::new("stained-glass", seed);
    let palette = Palette::new(
        &mut random,
        &[
            [0x102B6A, 0x7A1230, 0x0F7B6C, 0xD9661F, 0x2E8FD0, 0xF6C945],
            [0x3A0F5C, 0x13507A, 0xB3213C, 0x2F9E5B, 0xF08A24, 0xFBE08A],
        ],
    );
    let mut board = Board::new(width, height, [0.0; 3]);
    let (wide, high) = (board.wide(), board.high());
    let scene = Motif::new(&motif::ALL, &board, &mut random);
    let rose = random.whether(true, 0.45);
    let pitch = random.vary(9.0, 6.0, 15.0);
    let (cells, warp, glass) = (random.seed(), random.seed(), random.seed());
    let jitter = random.vary(0.8, 0.4, 1.0);
    let lead = random.vary(0.0062, 0.0045, 0.0085);
    let petals = random.vary(12.0, 6.0, 16.0).floor();
    let (centre, reach) = ([0.5 * wide, random.vary(0.5, 0.4, 0.6) * high], 0.46 * wide.min(high));
    let pixel = board.pixel();
    // Returns a pane: its own bits, the distance to its lead, and the place of its color in the palette.
    let pane = |x: f32, y: f32| -> (u32, f32, f32) {
        let (dx, dy) = (x - centre[0], y - centre[1]);
        let off = (dx * dx + dy * dy).sqrt();
        if rose && off < reach {
            let rings = 5.0;
            let ring = (off / reach * rings).floor();
            let width = reach / rings;
            let count = if ring < 1.0 { 1.0 } else { petals * if ring > 2.0 { 2.0 } else { 1.0 } };
            let turn = dy.atan2(dx) / TAU * count + 0.5 * (ring % 2.0);
            let across = (turn - turn.floor() - 0.5).abs();
            let mut edge = (off - ring * width).min((ring + 1.0) * width - off);
            if ring >= 1.0 {
                let side = TAU * off / count;
                edge = edge.min((0.5 - across) * side);
                // An arch in every other ring.
                let arch = (across * side).hypot(off - (ring + 0.35) * width) - 0.42 * width.min(side);
                if ring % 2.0 == 1.0 {
                    let inner = u32::from(arch < 0.0);
                    let kind = ring as u32 * 97 + inner * 31 + (turn.floor().rem_euclid(2.0)) as u32 * 7;
                    return (kind, edge.min(arch.abs()), fraction(kind, 1));
                }
            }
            let alternate = if ring < 1.0 { 0 } else { turn.floor().rem_euclid(3.0) as u32 };
            let kind = ring as u32 * 97 + alternate * 13;
            return (kind, edge, fraction(kind, 1));
        }
        let [wx, wy] = displace(x * 3.0, y * 3.0, 2, warp);
        let pane = cell((x + 0.03 * wx) * pitch, (y + 0.03 * wy) * pitch, jitter, cells);
        let mut edge = pane.edge / pitch;
        if rose {
            edge = edge.min(off - reach);
        }
        let look = scene.look(pane.centre[0] / pitch, pane.centre[1] / pitch);
        (pane.hash, edge, 0.5 * look.tone + 0.4 * look.hue + 0.25 * (fraction(pane.hash, 2) - 0.5))
    };
    board.fill(|x, y| {
        let (bits, edge, place) = pane(x, y);
        let streak = fractal(x * 7.0 + fraction(bits, 3) * 90.0, y * 22.0, 4, glass) - 0.5;
        let seeds = step(0.86, 0.93, value(x * 75.0, y * 75.0, glass ^ 1)) * 0.12;
        let base = mix(palette.nth(place), palette.at(place), 0.25);
        let light = 0.80 + 0.55 * streak + 0.35 * (fraction(bits, 4) - 0.5) + seeds;
        let glow = 0.26 * step(0.0, 0.035, edge);
        let colour = shifted_light(base, light + glow);
        let came = cover(edge - lead, pixel);
        let round = (edge / lead).clamp(0.0, 1.0);
        let metal = 0.05 + 0.20 * (1.0 - round * round).max(0.0).sqrt() * value(x * 60.0, y * 60.0, 9);
        mix(colour, [metal * 0.95, metal, metal * 1.05], came)
    });
    board.finish()
}

/// Glass lit from behind: brighter glass is also a little paler.
fn shifted_light(colour: Colour, light: f32) -> Colour {
    mix(scaled(colour, light), [1.0; 3], (light - 1.0).clamp(0.0, 1.0) * 0.35)
}

pub(super) fn terrazzo(width: usize, height: usize, seed: u64) -> Canvas {
    let mut random = Random::new("terrazzo", seed);
    let palette = Palette::new(
        &mut random,
        &[
            [0x2B3A42, 0x3F6C6A, 0xC4583F, 0x8FB0A0, 0xE8B27A, 0xF3ECE2],
            [0x3A2E39, 0x1E555C, 0xD98E8A, 0xB8C4BB, 0xEDB183, 0xF4F0EA],
            [0x1D2733, 0x6D4C5F, 0xA66E4E, 0x7C9BA8, 0xD9C7A0, 0xEFEAE4],
        ],
    );
    let dark = random.whether(false, 0.3);
    let cement = if dark { mix(palette.darkest(), [0.2; 3], 0.3) } else { palette.lightest() };
    let mut board = Board::new(width, height, cement);
    let pixel = board.pixel();
    let grain = random.seed();
    let big = random.vary(6.5, 4.5, 10.0);
    // Chips of four sizes. Each is a shrunken Voronoi cell; some cells are left out.
    let sizes: Vec<(f32, f32, u32)> = [1.0, 1.9, 3.8, 8.0]
        .iter()
        .zip([0.50, 0.5, 0.55, 0.5])
        .map(|(s, keep)| (big * s, keep * random.range(0.8, 1.2), random.seed()))
        .collect();
    board.fill(|x, y| {
        // From the largest chips, which cover the others, down to the cement.
        let (mut colour, mut left) = ([0.0; 3], 1.0);
        for &(pitch, keep, seed) in &sizes {
            let [wx, wy] = displace(x * pitch * 0.8, y * pitch * 0.8, 2, seed ^ 1);
            let chip = cell(x * pitch + 0.22 * wx, y * pitch + 0.22 * wy, 0.95, seed);
            if fraction(chip.hash, 1) > keep {
                continue;
            }
            let gap = (0.10 + 0.12 * fraction(chip.hash, 2)) / pitch;
            let inside = chip.edge / pitch - gap;
            let share = cover(-inside, pixel) * left;
            if share <= 0.0 {
                continue;
            }
            let choice = fraction(chip.hash, 3);
            let stone = if choice > 0.86 { [0.93, 0.92, 0.89] } else { palette.0[(choice / 0.86 * 4.999) as usize] };
            // Veins of the marble that the chip was broken from.
            let turn = fraction(chip.hash, 4) * PI;
            let p = turned([x, y], turn);
            let vein = fractal(p[0] * 16.0 + fraction(chip.hash, 5) * 50.0, p[1] * 46.0, 4, seed ^ 7);
            let vein_line = step(0.06, 0.0, (vein - 0.5).abs());
            let body = scaled(stone, 0.82 + 0.36 * vein);
            let stone = mix(body, mix(body, [1.0; 3], 0.45), vein_line * 0.7);
            let rim = 0.12 * step(0.004, 0.0, inside);
            colour = std::array::from_fn(|i| colour[i] + share * (1.0 - rim) * stone[i]);
            left -= share;
            if left <= 0.0 {
                return colour;
            }
        }
        let ground = scaled(cement, 0.92 + 0.14 * fractal(x * 70.0, y * 70.0, 3, grain));
        std::array::from_fn(|i| colour[i] + left * ground[i])
    });
    board.finish()
}
