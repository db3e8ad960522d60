//! Planes and facets: constructivist, cubist.

use std::f32::consts::{FRAC_PI_2, FRAC_PI_4, PI, TAU};

use crate::board::Board;
use crate::brush::Brush;
use crate::canvas::Canvas;
use crate::colour::{Palette, luma, mix, scaled, shifted};
use crate::motif::{Kind, Motif};
use crate::noise::{cell, fractal, fraction, value};
use crate::random::Random;
use crate::shape::{Point, cover, outline, step, turned};

pub(super) fn constructivist(width: usize, height: usize, seed: u64) -> Canvas {
    let mut random = Random::new("constructivist", seed);
    let palette = Palette::new(
        &mut random,
        &[
            [0x17161A, 0x1F3A5F, 0xC4281E, 0x8A8F8C, 0xE3A82B, 0xEFE4CB],
            [0x14202B, 0x2A5C52, 0xD4502A, 0x7C8894, 0xF0C04A, 0xF3EADA],
        ],
    );
    let mut board = Board::new(width, height, palette.lightest());
    let (wide, high) = (board.wide(), board.high());
    let paper = random.seed();
    board.adjust(|x, y, c| mix(c, palette.0[3], 0.22 * fractal(x * 3.0, y * 3.0, 5, paper)));
    let axis = random.vary(-0.62, -1.2, 1.2);
    let print = random.seed();
    let texture = |x: f32, y: f32, colour: [f32; 3], under: [f32; 3]| {
        let worn = step(0.66, 0.86, fractal(x * 70.0, y * 70.0, 3, print)) * 0.75;
        mix(scaled(colour, 0.94 + 0.12 * fractal(x * 16.0, y * 16.0, 3, print)), under, worn)
    };
    let count = random.vary(60.0, 40.0, 84.0) as usize;
    for i in 0..count {
        // Large things first, with small ones on top.
        let scale = 1.0 - 0.86 * (i as f32 / count as f32).powf(0.55);
        let at = [wide * (0.5 + 0.34 * random.normal()), high * (0.5 + 0.34 * random.normal())];
        let colour = palette.0[random.below(6)];
        let quarter = if random.chance(0.25) { FRAC_PI_2 } else { 0.0 };
        let angle = axis + quarter + if random.chance(0.1) { FRAC_PI_4 } else { 0.0 };
        let place = |p: Point| {
            let p = turned(p, angle);
            [at[0] + p[0], at[1] + p[1]]
        };
        let bar = |long: f32, short: f32| [[-long, -short], [long, -short], [long, short], [-long, short]].map(place);
        match random.below(8) {
            0 | 1 => {
                let (long, short) = (scale * random.range(0.2, 0.7), scale * random.range(0.01, 0.08) + 0.002);
                board.polygon(&bar(long, short), |x, y, under| texture(x, y, colour, under));
            }
            2 => {
                let radius = scale * random.range(0.06, 0.24);
                let disc = outline(at, 96, |_| radius);
                board.polygon(&disc, |x, y, under| texture(x, y, colour, under));
                if random.chance(0.5) {
                    let inner = outline(at, 96, |_| radius * 0.62);
                    let second = palette.0[random.below(6)];
                    board.polygon(&inner, |x, y, under| texture(x, y, second, under));
                }
            }
            3 => {
                let (long, short) = (scale * random.range(0.2, 0.6), scale * random.range(0.05, 0.2));
                let wedge = [[-long, -short], [long, 0.0], [-long, short]].map(place);
                board.polygon(&wedge, |x, y, under| texture(x, y, colour, under));
            }
            4 => {
                // Parallel lines.
                let (long, gap) = (scale * random.range(0.1, 0.4), random.range(0.010, 0.022));
                for k in 0..4 + random.below(7) {
                    let row = k as f32 * gap;
                    let path = [place([-long, row]), place([long, row])];
                    board.stroke(&path, &Brush { dry: 0.12, ..Brush::line(gap * 0.22, colour) });
                }
            }
            5 => {
                // Arcs around a common center.
                let (start, span) = (random.unit() * TAU, random.range(0.8, 3.5));
                for k in 0..2 + random.below(4) {
                    let radius = scale * 0.1 + 0.022 * k as f32;
                    let path: Vec<Point> = (0..=40)
                        .map(|i| {
                            let turn = start + span * i as f32 / 40.0;
                            [at[0] + radius * turn.cos(), at[1] + radius * turn.sin()]
                        })
                        .collect();
                    board.stroke(&path, &Brush::line(random.range(0.002, 0.006), colour));
                }
            }
            6 => {
                // A grid or a screen of dots.
                let pitch = random.range(0.018, 0.032);
                let (columns, rows) = (3 + random.below(7), 3 + random.below(5));
                let round = random.chance(0.5);
                for k in 0..columns * rows {
                    let p = place([(k % columns) as f32 * pitch, (k / columns) as f32 * pitch]);
                    if round {
                        board.disc(p, pitch * 0.3, colour, 0.95);
                    } else if (k % columns + k / columns) % 2 == 0 {
                        let half = pitch * 0.5;
                        let square = [[-half, -half], [half, -half], [half, half], [-half, half]].map(|c| {
                            let c = turned(c, angle);
                            [p[0] + c[0], p[1] + c[1]]
                        });
                        board.polygon(&square, |x, y, under| texture(x, y, colour, under));
                    }
                }
            }
            _ => {
                // A plane that fades out.
                let (long, short) = (scale * random.range(0.1, 0.4), scale * random.range(0.06, 0.2));
                let sprayed = random.seed();
                board.polygon(&bar(long, short), |x, y, under| {
                    let p = turned([x - at[0], y - at[1]], -angle);
                    let fade = step(-long, long, p[0]);
                    let speck = value(x * 240.0, y * 240.0, sprayed) * 0.6 + value(x * 130.0, y * 130.0, sprayed ^ 1) * 0.4;
                    mix(under, colour, step(fade - 0.1, fade + 0.1, speck))
                });
            }
        }
    }
    board.finish()
}

pub(super) fn cubist(width: usize, height: usize, seed: u64) -> Canvas {
    let mut random = Random::new("cubist", seed);
    let palette = Palette::new(
        &mut random,
        &[
            [0x1B2A2F, 0x3A5A5E, 0x6B8A7A, 0xB5643C, 0xDDB67C, 0xF2E8D5],
            [0x14213D, 0x2F4B7C, 0xA05195, 0xD45087, 0xF9A95A, 0xFBEBD3],
            [0x1E1B18, 0x4A3B2C, 0x7C6546, 0x5F7470, 0xC2A575, 0xEADFC4],
        ],
    );
    let mut board = Board::new(width, height, palette.0[2]);
    let kinds = [Kind::Fruit, Kind::Village, Kind::Fruit, Kind::Blossoms, Kind::Forest, Kind::Hills];
    let scene = Motif::new(&kinds, &board, &mut random);
    let (coarse, split, weave, axis) = (random.vary(6.5, 5.0, 9.0), random.seed(), random.seed(), random.vary(0.5, 0.0, PI));
    let shift = random.vary(0.07, 0.03, 0.13);
    let stretch = random.vary(1.5, 1.0, 2.0);
    let pixel = board.pixel();
    let drawn = random.whether(true, 0.7);
    board.fill(|x, y| {
        let p = turned([x, y], axis);
        let big = cell(p[0] * coarse / stretch, p[1] * coarse * stretch, 1.0, split);
        // A line of its own cuts each large facet once more.
        let cut = fraction(big.hash, 1) * TAU;
        let (dx, dy) = (p[0] * coarse / stretch - big.centre[0], p[1] * coarse * stretch - big.centre[1]);
        let side = dx * cut.cos() + dy * cut.sin() - 0.15 * (fraction(big.hash, 2) - 0.5);
        let half = u32::from(side > 0.0);
        let bits = big.hash.wrapping_add(half.wrapping_mul(0x9E37_79B9));
        let edge = (big.edge.min(side.abs())) / (coarse * stretch.max(1.0));
        // Each facet shows the scene from slightly to the side.
        let (sx, sy) = (x + shift * (fraction(bits, 3) - 0.5), y + shift * (fraction(bits, 4) - 0.5));
        let look = scene.look(sx, sy);
        let turn = fraction(bits, 5) * TAU;
        let slope = ((dx * turn.cos() + dy * turn.sin()) * 0.6).clamp(-0.6, 0.6);
        let tone = 0.10 + 0.85 * look.tone + 0.40 * (fraction(bits, 6) - 0.35) + slope * 0.45;
        let base = palette.at(0.55 * look.hue + 0.45 * tone);
        let mut colour = shifted(base, 0.25 * (fraction(bits, 7) - 0.5), 1.05, 0.25 * (tone - luma(base)));
        // Stippled and brushed, as on canvas.
        let q = turned([x, y], turn);
        let bristle = value(q[0] * 110.0, q[1] * 22.0, weave) - 0.5;
        let dab = if fraction(bits, 8) > 0.72 {
            0.6 * (step(0.55, 0.7, value(q[0] * 70.0, q[1] * 70.0, weave ^ 1)) - 0.4)
        } else {
            0.0
        };
        colour = colour.map(|v| v * (1.0 + 0.24 * bristle + 0.25 * dab));
        // Light along one rim, shadow along the other.
        colour = mix(colour, palette.lightest(), 0.35 * step(0.016, 0.0, edge) * f32::from(u8::from(slope > 0.0)));
        colour = mix(colour, palette.darkest(), 0.45 * step(0.022, 0.0, edge) * f32::from(u8::from(slope <= 0.0)));
        if drawn { mix(colour, palette.darkest(), 0.85 * cover(edge - 0.0012, pixel.max(0.0014))) } else { colour }
    });
    // A few drawn lines and arcs that run over the facets.
    for _ in 0..random.vary(16.0, 6.0, 30.0) as usize {
        let at = board.anywhere(0.0, &mut random);
        let (turn, long, bow) =
            (axis + random.pick(&[0.0, FRAC_PI_2, 0.8]) + random.normal() * 0.1, random.range(0.08, 0.3), random.normal() * 0.5);
        let path: Vec<Point> = (0..=24)
            .map(|i| {
                let t = i as f32 / 24.0 - 0.5;
                let p = turned([t * long, bow * long * (t * t - 0.25)], turn);
                [at[0] + p[0], at[1] + p[1]]
            })
            .collect();
        let ink = if random.chance(0.7) { palette.darkest() } else { palette.lightest() };
        board.stroke(&path, &Brush { dry: 0.3, taper: 0.5, ..Brush::line(random.range(0.0016, 0.0034), ink) });
    }
    board.finish()
}
