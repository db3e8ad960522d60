//! Ruler and compasses: art-deco, constructivist, cubist, op-art.

use std::f32::consts::{FRAC_PI_2, FRAC_PI_4, PI, TAU};

use crate::board::Board;
use crate::brush::Brush;
use crate::canvas::Canvas;
use crate::colour::{Palette, hex, luma, mix, scaled, shifted};
use crate::motif::{Kind, Motif};
use crate::noise::{cell, fractal, fraction, hash, value};
use crate::random::Random;
use crate::shape::{Point, cover, distance, outline, step, triangle, turned};

pub(super) fn art_deco(width: usize, height: usize, seed: u64) -> Canvas {
    let mut random = Random::new("art-deco", seed);
    let palette = Palette::new(
        &mut random,
        &[
            [0x0C1B1F, 0x0F4C4A, 0x1F7F78, 0xA63A2E, 0xE6D3A3, 0xF6EFDD],
            [0x14132B, 0x2B2F77, 0x7A2E5E, 0xC9655A, 0xE8CFA0, 0xF8F0E2],
            [0x16110E, 0x3A2A22, 0x6E1F2B, 0x2F6B63, 0xDCC48E, 0xF5ECD8],
        ],
    );
    let mut board = Board::new(width, height, palette.darkest());
    let pixel = board.pixel();
    let (bright, shade) = (hex(0xF3D58A), hex(0x9A6B1F));
    let (grain, metal) = (random.seed(), random.seed());
    let fan = random.vary(0.20, 0.13, 0.30);
    let (rays, rings) = (random.vary(9.0, 5.0, 15.0).floor(), random.vary(5.0, 3.0, 7.0).floor());
    let upside = random.whether(false, 0.3);
    let line = random.vary(0.0028, 0.002, 0.004);
    let kind = random.choose(&[0, 1, 2]);
    let inks: [usize; 4] = std::array::from_fn(|_| random.below(5));
    let inks = if random.canonical() { [0, 1, 2, 3] } else { inks };
    let high = board.high();
    let wide = board.wide();
    let (centre, horizon) = (random.vary(0.5, 0.25, 0.75) * wide, random.vary(0.62, 0.45, 0.8) * high);
    let scales = move |x: f32, y: f32| {
        // Fans in rows, each over the ones above it, as scales lie.
        let row = (y / (fan * 0.5)).floor();
        for below in (0..3).rev() {
            let row = row + below as f32;
            let shift = if row.rem_euclid(2.0) < 1.0 { 0.0 } else { 0.5 };
            let column = (x / fan - shift).round();
            let foot = [(column + shift) * fan, (row + 0.0) * fan * 0.5 + fan * 0.02];
            let off = distance([x, y], foot);
            if off < fan * 0.5 && y <= foot[1] + 1e-6 {
                return (off, (foot[1] - y).atan2(x - foot[0]), hash(column as i32, row as i32, 3));
            }
        }
        let foot = [(x / fan).round() * fan, (row + 1.0) * fan * 0.5];
        (distance([x, y], foot).min(fan * 0.499), FRAC_PI_2, 1)
    };
    board.fill(|x, y| {
        let y = if upside { high - y } else { y };
        let gold = mix(shade, bright, fractal(x * 5.0 + y * 7.0, y * 3.0, 3, metal) * 0.7 + 0.5 * triangle((x + y) * 1.7) - 0.1);
        let sunburst = kind == 1 || kind == 2 && y < horizon;
        let (off, turn, bits, size) = if sunburst {
            let (dx, dy) = (x - centre, horizon - y);
            (dx.hypot(dy), dy.atan2(dx).rem_euclid(TAU), 7, 1.0)
        } else {
            let (off, turn, bits) = scales(x, y);
            (off, turn, bits, fan * 0.5)
        };
        let mut colour;
        let mut edge: f32;
        if sunburst {
            let count = rays * 4.0;
            let place = turn / TAU * count * 2.0;
            let side = TAU * off / (count * 2.0);
            edge = (0.5 - (place - place.floor() - 0.5).abs()) * side;
            let ring = (off / (fan * 0.9)).floor();
            let ink = inks[((place.floor() as i64 + ring as i64 * 3).rem_euclid(4)) as usize];
            colour = mix(palette.0[ink], palette.darkest(), 0.45 * step(0.0, 0.9, off));
            let arc = (off / (fan * 0.9) - ring).min(ring + 1.0 - off / (fan * 0.9)) * fan * 0.9;
            edge = edge.min(arc);
            if off < fan * 0.45 {
                (colour, edge) = (palette.0[4], (fan * 0.45 - off).abs());
            }
        } else {
            let place = off / size * rings;
            let ring = place.floor();
            edge = (place - ring).min(ring + 1.0 - place) * size / rings;
            let ink = inks[((ring as u32 + bits % 2) % 4) as usize];
            colour = palette.0[ink];
            if (ring as u32).is_multiple_of(2) {
                // Every other ring is fluted with rays.
                let across = turn / PI * rays * 2.0;
                let side = off * PI / (rays * 2.0);
                edge = edge.min((0.5 - (across - across.floor() - 0.5).abs()) * side);
                let next = palette.0[inks[((ring as u32 + 1 + bits % 2) % 4) as usize]];
                colour = if across.floor().rem_euclid(2.0) < 1.0 { colour } else { mix(colour, next, 0.6) };
            }
        }
        colour = scaled(colour, 0.86 + 0.22 * off / size.max(off) + 0.10 * (fractal(x * 50.0, y * 50.0, 3, grain) - 0.5));
        mix(colour, gold, cover(edge - line, pixel))
    });
    // A border of stepped gold lines, if any.
    if random.whether(false, 0.3) {
        for i in 0..3 {
            let inset = 0.03 + 0.016 * i as f32;
            let frame =
                [[inset, inset], [wide - inset, inset], [wide - inset, high - inset], [inset, high - inset], [inset, inset]];
            board.stroke(&frame, &Brush::line(line * if i == 1 { 1.6 } else { 0.8 }, bright));
        }
    }
    board.finish()
}

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
    let count = random.vary(44.0, 26.0, 64.0) as usize;
    for i in 0..count {
        // Large things first, small ones on them.
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
                // Arcs around a common centre.
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
            [0x1E1B18, 0x4A3B2C, 0x7C6546, 0x5F7470, 0xC2A575, 0xEADFC4],
            [0x14213D, 0x2F4B7C, 0xA05195, 0xD45087, 0xF9A95A, 0xFBEBD3],
            [0x1B2A2F, 0x3A5A5E, 0x6B8A7A, 0xB5643C, 0xDDB67C, 0xF2E8D5],
        ],
    );
    let mut board = Board::new(width, height, palette.0[2]);
    let kinds = [Kind::Fruit, Kind::Village, Kind::Fruit, Kind::Blossoms, Kind::Forest, Kind::Hills];
    let scene = Motif::new(&kinds, &board, &mut random);
    let (coarse, split, weave, axis) = (random.vary(5.5, 4.0, 8.0), random.seed(), random.seed(), random.vary(0.5, 0.0, PI));
    let shift = random.vary(0.10, 0.04, 0.18);
    let stretch = random.vary(1.5, 1.0, 2.0);
    let pixel = board.pixel();
    let drawn = random.whether(true, 0.7);
    board.fill(|x, y| {
        let p = turned([x, y], axis);
        let big = cell(p[0] * coarse / stretch, p[1] * coarse * stretch, 1.0, split);
        // Each large facet is cut once more by its own line.
        let cut = fraction(big.hash, 1) * TAU;
        let (dx, dy) = (p[0] * coarse / stretch - big.centre[0], p[1] * coarse * stretch - big.centre[1]);
        let side = dx * cut.cos() + dy * cut.sin() - 0.15 * (fraction(big.hash, 2) - 0.5);
        let half = u32::from(side > 0.0);
        let bits = big.hash.wrapping_add(half.wrapping_mul(0x9E37_79B9));
        let edge = (big.edge.min(side.abs())) / (coarse * stretch.max(1.0));
        // A facet sees the scene from a little aside.
        let (sx, sy) = (x + shift * (fraction(bits, 3) - 0.5), y + shift * (fraction(bits, 4) - 0.5));
        let look = scene.look(sx, sy);
        let turn = fraction(bits, 5) * TAU;
        let slope = ((dx * turn.cos() + dy * turn.sin()) * 0.6).clamp(-0.6, 0.6);
        let tone = 0.55 * look.tone + 0.45 * fraction(bits, 6) + slope * 0.55;
        let base = palette.at(0.40 * look.hue + 0.60 * tone);
        let mut colour = shifted(base, 0.25 * (fraction(bits, 7) - 0.5), 1.05, 0.25 * (tone - luma(base)));
        // Stippled and brushed as on canvas.
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

pub(super) fn op_art(width: usize, height: usize, seed: u64) -> Canvas {
    let mut random = Random::new("op-art", seed);
    let palette = Palette::new(
        &mut random,
        &[
            [0x0D0D12, 0x14213D, 0xD7263D, 0x1B998B, 0xF5B82E, 0xFAF7F0],
            [0x10101A, 0x3A0CA3, 0xF72585, 0x4CC9F0, 0xF9C74F, 0xFFF9F0],
        ],
    );
    let mut board = Board::new(width, height, palette.lightest());
    let (wide, high) = (board.wide(), board.high());
    let bulges: Vec<(Point, f32, f32)> = (0..random.vary(4.0, 2.0, 7.0) as usize)
        .map(|_| ([random.unit() * wide, random.unit() * high], random.range(0.14, 0.34), random.range(-0.75, 0.75)))
        .collect();
    let kind = random.choose(&[0, 1, 2, 3]);
    let (pitch, lean) = (random.vary(0.038, 0.026, 0.052), random.vary(0.35, 0.0, PI));
    let (sway, wave) = (random.range(0.0, 0.06), random.range(4.0, 12.0));
    let (fold, grain) = (random.seed(), random.seed());
    let inks = if random.canonical() { [0, 2, 3] } else { [random.below(3), random.below(5), random.below(5)] };
    let light_ink = if random.whether(false, 0.3) { 4 } else { 5 };
    let pixel = board.pixel();
    board.fill(|x, y| {
        let (mut px, mut py, mut lift) = (x, y, 0.0);
        for &(at, radius, pull) in &bulges {
            let (dx, dy) = (px - at[0], py - at[1]);
            let off = dx.hypot(dy) / radius;
            if off < 1.0 {
                let dome = (1.0 - off * off).powi(2);
                (px, py) = (px - dx * pull * dome, py - dy * pull * dome);
                lift += pull * (dome - 0.3) + 0.35 * pull * (dx + dy) / radius * -1.0;
            }
        }
        let p = turned([px, py], lean);
        let bend = sway * (p[0] * wave).sin() + 0.03 * (fractal(px * 3.0, py * 3.0, 2, fold) - 0.5);
        let (u, v) = (p[0] / pitch, (p[1] + bend) / pitch);
        // `sign` is positive in the ink; its size is the way to the edge in stripes.
        let stripe = |v: f32| (triangle(v * 0.5) - 0.5) * 1.0;
        let sign = match kind {
            0 => {
                let (a, b) = (stripe(u), stripe(v));
                if a * b > 0.0 { a.abs().min(b.abs()) } else { -a.abs().min(b.abs()) }
            }
            1 => stripe(v),
            2 => stripe((u * u + v * v).sqrt() + 1.4 * (v.atan2(u) * 6.0).sin()),
            _ => {
                let off = ((u - u.round()).powi(2) + (v - v.round()).powi(2)).sqrt();
                0.30 + 0.12 * (u.round() * 0.9).sin() - off
            }
        };
        let ink = (sign * pitch / pixel * 0.8 + 0.5).clamp(0.0, 1.0);
        let zone = fractal(px * 2.2, py * 2.2, 2, fold ^ 1);
        let dark = palette.0[inks[if zone > 0.56 {
            1
        } else if zone < 0.43 {
            2
        } else {
            0
        }]];
        let light = palette.0[light_ink];
        let shade = 1.0 + 0.45 * lift.clamp(-0.8, 0.8);
        let paper = 0.96 + 0.08 * fractal(x * 80.0, y * 80.0, 2, grain);
        scaled(mix(scaled(light, shade.min(1.06)), mix(dark, light, 0.05), ink), paper)
    });
    board.finish()
}
