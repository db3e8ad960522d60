//! Liquids that set: marbled, agate.

use std::f32::consts::{FRAC_PI_2, PI, TAU};

use crate::board::Board;
use crate::canvas::Canvas;
use crate::colour::{Palette, mix, scaled, shifted};
use crate::noise::{cell, displace, fractal, fraction, ridged, value};
use crate::random::Random;
use crate::shape::{Point, step};

/// A manipulation of the bath, in reverse: where the paint at a place was before (Lu, Jaffer
/// and others 2012, mathematical marbling).
enum Deed {
    /// A drop of ink that pushes the others away.
    Drop { at: Point, square: f32, colour: usize },
    /// Tines, `pitch` apart, drawn along a direction.
    Comb { way: Point, pitch: f32, pull: f32, sharp: f32, from: f32 },
    /// A whirl made with a stylus.
    Whirl { at: Point, radius: f32, turn: f32 },
}

pub(super) fn marbled(width: usize, height: usize, seed: u64) -> Canvas {
    let mut random = Random::new("marbled", seed);
    let palette = Palette::new(
        &mut random,
        &[
            [0x14213D, 0x1F5C7A, 0xA8323E, 0x3FA39B, 0xE9B44C, 0xF8F1E3],
            [0x1A1A2E, 0x4B3F72, 0x1F7A8C, 0xD9596B, 0xF2B880, 0xF9F3EA],
            [0x17181C, 0x2E4057, 0x5C7D8A, 0x9FB8B5, 0xD8D3C4, 0xF5F1E8],
        ],
    );
    let mut board = Board::new(width, height, palette.lightest());
    let mut deeds = Vec::new();
    let rings = random.whether(false, 0.4);
    if rings {
        // Suminagashi: ink and water dropped on the same few places in turn.
        let places: Vec<Point> = (0..2 + random.below(3)).map(|_| board.anywhere(-0.1, &mut random)).collect();
        for i in 0..48 {
            let at = places[i % places.len()];
            let at = [at[0] + random.normal() * 0.004, at[1] + random.normal() * 0.004];
            let colour = if (i / places.len()).is_multiple_of(2) { 5 } else { random.below(4) };
            deeds.push(Deed::Drop { at, square: random.range(0.004, 0.012), colour });
        }
    } else {
        // Large drops first. Later ones press them into veins.
        let count = random.vary(58.0, 40.0, 62.0) as usize;
        for i in 0..count {
            let size = if i < count / 3 { random.range(0.08, 0.15) } else { random.range(0.025, 0.085) };
            let colour = if random.chance(0.16) { 5 } else { random.below(5) };
            deeds.push(Deed::Drop { at: board.anywhere(0.06, &mut random), square: size * size, colour });
        }
    }
    let slant = random.vary(0.0, 0.0, PI);
    let combs = if rings { random.below(2) } else { 2 + random.below(3) };
    let mut pitch = random.vary(0.20, 0.12, 0.26);
    for i in 0..combs {
        let turn = slant + FRAC_PI_2 * (i % 2) as f32;
        let pull = random.range(0.10, 0.22) * if random.chance(0.5) { 1.0 } else { -1.0 };
        let way = [turn.cos(), turn.sin()];
        deeds.push(Deed::Comb { way, pitch, pull, sharp: random.range(6.0, 14.0), from: random.unit() });
        pitch *= 0.55;
    }
    for _ in 0..if rings { 7 } else { random.below(7) } {
        let (radius, turn) = (random.range(0.06, 0.22), random.normal() * 1.8);
        deeds.push(Deed::Whirl { at: board.anywhere(0.0, &mut random), radius, turn });
    }
    let bath = random.seed();
    let (shake, tremble) = (random.seed(), if rings { 0.06 } else { 0.018 });
    let grain = random.seed();
    board.fill(|x, y| {
        let [dx, dy] = displace(x * 3.5, y * 3.5, 3, shake);
        let (mut x, mut y) = (x + tremble * dx, y + tremble * dy);
        for deed in deeds.iter().rev() {
            match *deed {
                Deed::Drop { at, square, colour } => {
                    let (rx, ry) = (x - at[0], y - at[1]);
                    let off = rx * rx + ry * ry;
                    if off < square {
                        // Ink is thinner in the middle of its drop.
                        let thin = 0.10 * (off / square - 0.5);
                        return scaled(palette.0[colour], 1.0 - thin);
                    }
                    let back = (1.0 - square / off).sqrt();
                    (x, y) = (at[0] + rx * back, at[1] + ry * back);
                }
                Deed::Comb { way, pitch, pull, sharp, from } => {
                    let across = (x * -way[1] + y * way[0]) / pitch + from;
                    let tine = (across - across.round()).abs();
                    let drag = pull / (1.0 + sharp * tine);
                    (x, y) = (x - way[0] * drag, y - way[1] * drag);
                }
                Deed::Whirl { at, radius, turn } => {
                    let (rx, ry) = (x - at[0], y - at[1]);
                    let off = (rx * rx + ry * ry).sqrt() / radius;
                    if off < 3.0 {
                        let (sin, cos) = (turn * (-off * off).exp()).sin_cos();
                        (x, y) = (at[0] + rx * cos - ry * sin, at[1] + rx * sin + ry * cos);
                    }
                }
            }
        }
        if rings { palette.lightest() } else { palette.0[(fraction(cell(x * 4.5, y * 4.5, 1.0, bath).hash, 1) * 5.4) as usize] }
    });
    board.adjust(|x, y, colour| {
        let fibre = 0.6 * fractal(x * 90.0, y * 90.0, 2, grain) + 0.4 * value(x * 30.0, y * 220.0, grain ^ 1);
        scaled(colour, 0.93 + 0.14 * fibre)
    });
    board.finish()
}

pub(super) fn agate(width: usize, height: usize, seed: u64) -> Canvas {
    let mut random = Random::new("agate", seed);
    let palette = Palette::new(
        &mut random,
        &[
            [0x0B2B3C, 0x11576B, 0x2C9AA0, 0xC98B4E, 0xBFE0D8, 0xF7F4EA],
            [0x2B0F1F, 0x6B1F3F, 0xB84A62, 0xD98E6B, 0xEBC4A6, 0xFAF1E6],
            [0x1F1533, 0x4B2F7A, 0x7F5FB0, 0xB89AD0, 0xE3C9A0, 0xF7F0F4],
        ],
    );
    let mut board = Board::new(width, height, palette.lightest());
    let (wide, high) = (board.wide(), board.high());
    let nuclei: Vec<(Point, f32)> = (0..random.vary(3.0, 1.0, 5.99) as usize)
        .map(|_| ([random.range(0.1, 0.9) * wide, random.range(0.1, 0.9) * high], random.range(0.6, 1.3)))
        .collect();
    let (warp, bands, crystal) = (random.seed(), random.seed(), random.seed());
    let (fold, fine) = (random.vary(0.20, 0.12, 0.32), random.vary(34.0, 22.0, 50.0));
    let gold = random.whether(true, 0.5);
    let core = random.vary(0.10, 0.04, 0.14);
    let pixel = board.pixel();
    board.fill(|x, y| {
        let [dx, dy] = displace(x * 2.6, y * 2.6, 3, warp);
        let [ex, ey] = displace(x * 14.0, y * 14.0, 2, warp ^ 1);
        let (px, py) = (x + fold * dx + 0.008 * ex, y + fold * dy + 0.008 * ey);
        // Bands follow the distance to the nearest hollow, with smooth joins.
        let join: f32 = nuclei.iter().map(|(at, w)| (-((px - at[0]).hypot(py - at[1]) * w) * 14.0).exp()).sum();
        let depth = -join.max(1e-30).ln() / 14.0;
        if depth < core {
            // Crystals: facets that each catch the light in their own way.
            let pitch = 30.0 * (1.0 + 0.6 * fractal(x * 5.0, y * 5.0, 2, crystal));
            let facet = cell(x * pitch, y * pitch, 1.0, crystal);
            let turn = fraction(facet.hash, 1) * TAU;
            let slope = ((x * pitch - facet.centre[0]) * turn.cos() + (y * pitch - facet.centre[1]) * turn.sin()) * 0.6;
            let light = 0.35 + 0.65 * fraction(facet.hash, 2) + slope;
            let base = palette.at(0.12 + 0.75 * step(0.0, core, depth) * fraction(facet.hash, 3));
            let glint = step(0.92, 1.0, fraction(facet.hash, 4)) * 0.5;
            return mix(scaled(base, light), [1.0; 3], glint + 0.35 * step(0.12, 0.0, facet.edge) * light);
        }
        let place = (depth - core) * fine * (1.0 + 0.4 * (value(depth * 5.0, 0.5, bands) - 0.5));
        let band = place.floor();
        let within = place - band;
        let tint = |n: f32| {
            let pick = fraction(n as u32, bands);
            let wide = value(n * 0.21, 0.5, bands ^ 1);
            palette.at(0.55 * wide + 0.5 * pick - 0.02)
        };
        let soft = (pixel * fine).max(0.12);
        let mut colour = mix(tint(band), tint(band + 1.0), step(1.0 - soft, 1.0, within));
        colour = scaled(colour, 0.86 + 0.28 * within);
        let hair = 0.5 + 0.5 * (place * TAU * 3.0).sin();
        colour = mix(colour, palette.lightest(), 0.14 * hair * fraction(band as u32, 3));
        if gold && fraction(band as u32, 7) > 0.86 {
            let leaf = step(0.35, 0.6, fractal(x * 30.0, y * 30.0, 3, crystal));
            colour = mix(colour, shifted([0.86, 0.66, 0.28], 0.0, 1.0, 0.25 * (ridged(x * 50.0, y * 50.0, 2, 8) - 0.4)), leaf);
        }
        let cloud = fractal(x * 9.0, y * 9.0, 4, bands ^ 9) - 0.5;
        colour.map(|v| v + 0.16 * cloud)
    });
    board.finish()
}
