//! Brush and chalk: flow, starry, fauve, impasto, pastel.

use std::f32::consts::{FRAC_PI_2, PI};

use crate::board::Board;
use crate::brush::Brush;
use crate::canvas::Canvas;
use crate::colour::{Colour, Palette, luma, mix, shifted};
use crate::motif::{self, Kind, Motif};
use crate::noise::{contrast, fractal, value};
use crate::random::Random;
use crate::shape::{Point, distance, trace};

/// Strokes of one size, which cover the board `coverage` times.
struct Layer {
    radius: f32,
    length: f32,
    coverage: f32,
}

fn layers(
    board: &mut Board,
    random: &mut Random,
    sizes: &[Layer],
    brush: Brush,
    angle: impl Fn(f32, f32) -> f32,
    mut colours: impl FnMut(Point, &mut Random) -> Option<[Colour; 2]>,
) {
    for size in sizes {
        let margin = size.length * 0.4;
        let area = (board.wide() + 2.0 * margin) * (board.high() + 2.0 * margin);
        let count = (size.coverage * area / (2.0 * size.radius * size.length)) as usize;
        for _ in 0..count {
            let at = board.anywhere(margin, random);
            let (length, radius) = (size.length * random.range(0.5, 1.4), size.radius * random.range(0.7, 1.25));
            let Some(colours) = colours(at, random) else { continue };
            let path = trace(at, length, (radius * 0.7).max(0.004), &angle);
            let thick = brush.thick * radius / 0.02;
            board.stroke(&path, &Brush { radius, colours, thick, seed: random.seed(), ..brush });
        }
    }
}

pub(super) fn flow(width: usize, height: usize, seed: u64) -> Canvas {
    let mut random = Random::new("flow", seed);
    let palette = Palette::new(
        &mut random,
        &[
            [0x0B2545, 0x13629B, 0x1F9EA8, 0xE4572E, 0xF6AE2D, 0xFFF1D0],
            [0x1D1128, 0x6A1E55, 0xC2306B, 0x2F8F9D, 0xF59E5B, 0xFBE8D3],
            [0x12261E, 0x245E4E, 0x6BA368, 0xD98E04, 0xEFD28D, 0xFAF5E4],
        ],
    );
    let mut board = Board::new(width, height, palette.at(0.25));
    let (bend, tint) = (random.seed(), random.seed());
    let (pitch, swing) = (random.vary(1.7, 0.9, 3.0), random.vary(1.25, 0.6, 2.0));
    let lean = random.vary(0.35, 0.0, PI);
    let broad = random.vary(0.024, 0.014, 0.036);
    let angle = |x: f32, y: f32| lean + swing * PI * (fractal(x * pitch, y * pitch, 2, bend) - 0.5) * 2.0;
    let shades = random.vary(1.8, 1.2, 3.4);
    let sizes = [
        Layer { radius: broad, length: broad * 16.0, coverage: 2.9 },
        Layer { radius: broad * 0.55, length: broad * 14.0, coverage: 1.0 },
        Layer { radius: broad * 0.28, length: broad * 10.0, coverage: 0.35 },
    ];
    let brush = Brush { bristle: 0.8, bristles: 10.0, taper: 0.5, thick: 0.010, dry: 0.22, ..Brush::default() };
    layers(&mut board, &mut random, &sizes, brush, angle, |at, random| {
        let place = contrast(at[0] * shades, at[1] * shades, 3, tint);
        Some([palette.dabbed(place, random), palette.dabbed(place + 0.08, random)])
    });
    board.light(1.0, 0.25);
    board.finish()
}

pub(super) fn starry(width: usize, height: usize, seed: u64) -> Canvas {
    let mut random = Random::new("starry", seed);
    let palette = Palette::new(
        &mut random,
        &[
            [0x08142E, 0x123A7A, 0x2A6FB0, 0x6FA8C7, 0xF2B632, 0xFFF0B0],
            [0x160B2B, 0x3B1F6B, 0x3F5FB5, 0x8E8AD0, 0xF49D5A, 0xFFE6B8],
            [0x04201F, 0x0C4B52, 0x1F7F7A, 0x74B9A0, 0xEFC94C, 0xFBF3C8],
        ],
    );
    let mut board = Board::new(width, height, palette.0[1]);
    let (wide, high) = (board.wide(), board.high());
    let land = random.vary(0.80, 0.68, 0.95) * high;
    let stars: Vec<(Point, f32)> = (0..random.vary(10.0, 5.0, 15.0) as usize)
        .map(|i| {
            let size = if i == 0 { random.range(0.06, 0.09) } else { random.range(0.012, 0.034) };
            ([random.unit() * wide, random.range(0.04, 0.75) * land], size)
        })
        .collect();
    let whirls: Vec<(Point, f32, f32)> = (0..2 + random.below(3))
        .map(|i| {
            let turn = if i % 2 == 0 { 1.0 } else { -1.0 };
            ([random.range(0.1, 0.9) * wide, random.range(0.15, 0.8) * land], turn, random.range(0.12, 0.24))
        })
        .collect();
    let (bend, crest_seed, tint) = (random.seed(), random.seed(), random.seed());
    let crest = |x: f32| land - 0.20 * high * (fractal(x * 2.3, 0.3, 3, crest_seed) - 0.4);
    let angle = |x: f32, y: f32| {
        if y > crest(x) {
            return (crest(x + 0.02) - crest(x - 0.02)).atan2(0.04) + 0.8 * (value(x * 9.0, y * 9.0, bend) - 0.5);
        }
        let lean = (value(x * 2.5, y * 2.5, bend) - 0.5) * 1.4;
        let (mut dx, mut dy) = (lean.cos() * 0.5, lean.sin() * 0.5);
        for &(at, turn, size) in &whirls {
            let (rx, ry) = (x - at[0], y - at[1]);
            let off = (rx * rx + ry * ry).sqrt().max(1e-4);
            let pull = 2.0 * turn * (-(off / size).powi(2)).exp();
            // A little inward, so that the strokes spiral.
            (dx, dy) = (dx + (-ry / off - 0.25 * rx / off) * pull, dy + (rx / off - 0.25 * ry / off) * pull);
        }
        for &(at, size) in &stars {
            let (rx, ry) = (x - at[0], y - at[1]);
            let off = (rx * rx + ry * ry).sqrt().max(1e-4);
            let pull = 4.0 * (-(off / (size * 2.4)).powi(2)).exp();
            (dx, dy) = (dx - ry / off * pull, dy + rx / off * pull);
        }
        dy.atan2(dx)
    };
    let colour = |at: Point, random: &mut Random| {
        let mut place = 0.10 + 0.42 * contrast(at[0] * 3.0, at[1] * 5.0, 3, tint);
        if at[1] > crest(at[0]) {
            place = 0.04 + 0.26 * contrast(at[0] * 6.0, at[1] * 9.0, 2, tint);
            return Some([palette.dabbed(place, random), shifted(palette.at(place + 0.12), -0.5, 1.1, 0.02)]);
        }
        for &(centre, _, size) in &whirls {
            let off = distance(at, centre) / size;
            place += 0.26 * (-(off * off)).exp() * (0.5 + 0.5 * (off * 11.0).sin());
        }
        for &(star, size) in &stars {
            let off = distance(at, star) / size;
            place = place.max(1.02 - 0.17 * off).max(if (2.4..3.2).contains(&off) { 0.72 } else { 0.0 });
        }
        let jitter = random.normal() * 0.06;
        let paint = shifted(palette.at(place + jitter), random.normal() * 0.1, random.range(0.9, 1.2), random.normal() * 0.025);
        Some([paint, palette.at(place + 0.13)])
    };
    let broad = random.vary(0.0125, 0.009, 0.017);
    let sizes = [
        Layer { radius: broad * 1.3, length: broad * 9.0, coverage: 3.2 },
        Layer { radius: broad * 0.7, length: broad * 7.0, coverage: 1.7 },
    ];
    let brush = Brush { bristle: 0.7, bristles: 6.0, taper: 0.7, thick: 0.016, ..Brush::default() };
    layers(&mut board, &mut random, &sizes, brush, angle, colour);
    // A cypress or two in front of everything.
    for _ in 0..random.vary(1.0, 0.0, 2.99) as usize {
        let foot = [random.vary(0.16, 0.08, 0.92) * wide, high * 1.02];
        let tall = random.range(0.5, 0.85) * high;
        for _ in 0..260 {
            let up = random.unit();
            let out = random.normal() * 0.032 * (1.0 - up).powf(0.7) * (0.4 + 2.2 * up.min(0.3));
            let at = [foot[0] + out + 0.012 * (up * 14.0).sin(), foot[1] - up * tall];
            let path = trace(at, 0.09, 0.006, |x, y| -FRAC_PI_2 + (x - foot[0]) * -3.0 + 0.5 * (y * 30.0 + x * 20.0).sin());
            let ink = palette.0[0];
            let colours = [mix(ink, [0.05, 0.12, 0.05], 0.5), shifted(palette.at(0.25), -0.8, 0.9, -0.05)];
            board.stroke(&path, &Brush { radius: 0.007, colours, seed: random.seed(), ..brush });
        }
    }
    board.light(1.1, 0.25);
    board.finish()
}

/// Returns a color for a place in the scene: its own hue, with the lightness of the scene there.
pub(super) fn seen(palette: &Palette, look: motif::Look, random: &mut Random, freedom: f32) -> Colour {
    let own = palette.dabbed(look.hue + random.normal() * 0.05, random);
    let lift = (look.tone - luma(own)) * (1.0 - freedom);
    shifted(own, 0.0, 1.05, lift * 0.8)
}

pub(super) fn fauve(width: usize, height: usize, seed: u64) -> Canvas {
    let mut random = Random::new("fauve", seed);
    let palette = Palette::new(
        &mut random,
        &[
            [0x1B2A6B, 0xC81D4E, 0x119C8D, 0xFF6B2C, 0xF7C531, 0xFBE9D0],
            [0x2B1055, 0x0E7C7B, 0xD62246, 0x4DA167, 0xF4A259, 0xFFE8C9],
        ],
    );
    let mut board = Board::new(width, height, palette.0[4]);
    let scene = Motif::new(&motif::ALL, &board, &mut random);
    let turn = random.normal() * 0.4;
    let angle = |x: f32, y: f32| scene.look(x, y).angle + turn;
    let broad = random.vary(0.026, 0.018, 0.034);
    let sizes = [
        Layer { radius: broad, length: broad * 5.5, coverage: 2.0 },
        Layer { radius: broad * 0.6, length: broad * 5.0, coverage: 1.3 },
        Layer { radius: broad * 0.33, length: broad * 4.0, coverage: 0.8 },
    ];
    let brush = Brush { bristle: 0.5, bristles: 9.0, taper: 0.25, thick: 0.010, dry: 0.34, ..Brush::default() };
    layers(&mut board, &mut random, &sizes, brush, angle, |at, random| {
        let look = scene.look(at[0], at[1]);
        let own = (look.region.wrapping_mul(0x9E37_79B1) >> 24) as f32 / 256.0;
        let place = 0.45 * look.tone + 0.35 * look.hue + 0.30 * own - 0.05;
        Some([palette.nth(place + random.normal() * 0.03), palette.dabbed(place + 0.1, random)])
    });
    board.light(0.9, 0.12);
    board.finish()
}

pub(super) fn impasto(width: usize, height: usize, seed: u64) -> Canvas {
    let mut random = Random::new("impasto", seed);
    let palette = Palette::new(
        &mut random,
        &[
            [0x1F2A1C, 0x3F6B35, 0x2D7DA8, 0xD1495B, 0xF2A541, 0xFFF3DC],
            [0x2A1B3D, 0x4B5A9E, 0x8E6FA8, 0xE27396, 0xF6C667, 0xFDF3E7],
            [0x30251C, 0x7B4B2A, 0x5B8266, 0xC97B3B, 0xE7C27D, 0xF8EFDC],
        ],
    );
    let mut board = Board::new(width, height, palette.0[1]);
    let kinds = [Kind::Blossoms, Kind::Hills, Kind::Fruit, Kind::Forest, Kind::Village];
    let scene = Motif::new(&kinds, &board, &mut random);
    let angle = |x: f32, y: f32| scene.look(x, y).angle + 0.7 * (value(x * 15.0, y * 15.0, 5) - 0.5);
    let broad = random.vary(0.017, 0.012, 0.024);
    let sizes = [
        Layer { radius: broad, length: broad * 4.5, coverage: 2.3 },
        Layer { radius: broad * 0.65, length: broad * 4.0, coverage: 1.8 },
        Layer { radius: broad * 0.4, length: broad * 3.0, coverage: 0.8 },
    ];
    let brush = Brush { bristle: 0.7, bristles: 7.0, taper: 0.45, thick: 0.024, ..Brush::default() };
    layers(&mut board, &mut random, &sizes, brush, angle, |at, random| {
        let look = scene.look(at[0], at[1]);
        Some([seen(&palette, look, random, 0.3), seen(&palette, look, random, 0.4)])
    });
    board.light(1.3, 0.4);
    board.finish()
}

pub(super) fn pastel(width: usize, height: usize, seed: u64) -> Canvas {
    let mut random = Random::new("pastel", seed);
    let palette = Palette::new(
        &mut random,
        &[
            [0x3A3A5A, 0x6E7FA8, 0x8FB09A, 0xE59A8B, 0xF3CFA0, 0xFBF3EA],
            [0x4A3B4E, 0x8A6B8F, 0x7FA3B8, 0xE3A5A0, 0xE8D6A8, 0xFAF5F0],
        ],
    );
    let ground = mix(palette.at(random.vary(0.3, 0.1, 0.9)), [0.55, 0.50, 0.46], 0.5);
    let mut board = Board::new(width, height, ground);
    let kinds = [Kind::Fruit, Kind::Hills, Kind::Blossoms, Kind::Forest, Kind::Whirl];
    let scene = Motif::new(&kinds, &board, &mut random);
    let slant = random.vary(-0.8, -1.5, 1.5);
    let follow = random.vary(0.35, 0.1, 0.8);
    let angle = |x: f32, y: f32| slant + follow * (scene.look(x, y).angle - slant).sin();
    let broad = random.vary(0.014, 0.010, 0.020);
    let sizes = [
        Layer { radius: broad * 1.6, length: broad * 7.0, coverage: 1.6 },
        Layer { radius: broad, length: broad * 5.0, coverage: 2.0 },
        Layer { radius: broad * 0.4, length: broad * 3.5, coverage: 1.6 },
    ];
    let brush = Brush { bristle: 0.35, bristles: 9.0, taper: 0.3, dry: 0.66, opacity: 0.9, ..Brush::default() };
    layers(&mut board, &mut random, &sizes, brush, angle, |at, random| {
        let look = scene.look(at[0], at[1]);
        Some([seen(&palette, look, random, 0.05), seen(&palette, look, random, 0.15)])
    });
    board.finish()
}
