//! Water and pigment: ink-wash, watercolour.

use std::f32::consts::{FRAC_PI_2, TAU};

use crate::board::Board;
use crate::brush::Brush;
use crate::canvas::Canvas;
use crate::colour::{Colour, Palette, glazed, hex, mix};
use crate::noise::{displace, fractal, ridged, value};
use crate::random::Random;
use crate::shape::{Point, outline, step};

/// A piece of a branch.
#[derive(Clone, Copy)]
struct Limb {
    from: Point,
    angle: f32,
    length: f32,
    radius: f32,
}

/// Draws a branch that forks into finer and finer strokes, and collects its tips.
fn branch(board: &mut Board, random: &mut Random, limb: Limb, ink: Colour, tips: &mut Vec<Point>) {
    let Limb { from, angle, length, radius } = limb;
    let mut path = vec![from];
    let (mut here, mut heading) = (from, angle);
    for _ in 0..8 {
        heading += random.normal() * 0.14;
        here = [here[0] + heading.cos() * length / 8.0, here[1] + heading.sin() * length / 8.0];
        path.push(here);
    }
    let brush = Brush { dry: 0.35, bristle: 0.4, bristles: 6.0, taper: 0.3, seed: random.seed(), ..Brush::default() };
    board.stroke(&path, &Brush { radius, colours: [ink, mix(ink, [1.0; 3], 0.25)], ..brush });
    tips.extend(&path[3..]);
    if radius > 0.0016 && length > 0.03 {
        for (i, side) in [(8, 0.35), (6, -0.7), (4, 0.75)] {
            let turn = side * random.range(0.5, 1.3) * if random.chance(0.5) { 1.0 } else { -1.0 };
            let length = length * random.range(0.5, 0.72);
            branch(board, random, Limb { from: path[i], angle: heading + turn, length, radius: radius * 0.6 }, ink, tips);
        }
    }
}

pub(super) fn ink_wash(width: usize, height: usize, seed: u64) -> Canvas {
    let mut random = Random::new("ink-wash", seed);
    let palette = Palette::new(
        &mut random,
        &[
            [0x15171C, 0x343A42, 0x6C7478, 0xB23A2E, 0xC9C6BC, 0xF3EEE2],
            [0x101A24, 0x284255, 0x62808F, 0xC0533A, 0xC5D0D0, 0xF2F1E8],
            [0x1D1712, 0x463A2E, 0x7D6F5E, 0xA33B2B, 0xCFC3AC, 0xF5EDDB],
        ],
    );
    let (ink, paper, mid) = (palette.darkest(), palette.lightest(), palette.0[2]);
    let mut board = Board::new(width, height, paper);
    let (wide, high) = (board.wide(), board.high());
    let count = random.vary(5.0, 3.0, 7.0) as usize;
    let peaks: Vec<(f32, f32, f32, u32)> = (0..count)
        .map(|i| {
            let near = i as f32 / count as f32;
            (
                high * (0.34 + 0.52 * near),
                high * random.range(0.22, 0.55) * (1.1 - 0.6 * near),
                random.range(1.6, 3.8),
                random.seed(),
            )
        })
        .collect();
    let (mist, grain) = (random.seed(), random.seed());
    let sun = [random.unit() * wide, random.range(0.12, 0.3) * high];
    let sun_size = random.vary(0.075, 0.0, 0.11);
    board.fill(|x, y| {
        let fibre = 0.5 * value(x * 260.0, y * 40.0, grain) + 0.5 * fractal(x * 30.0, y * 30.0, 3, grain);
        let mut colour = mix(paper, palette.0[4], 0.45 * fractal(x * 2.5, y * 5.0, 4, mist) + 0.22 * fibre);
        let off = ((x - sun[0]).powi(2) + (y - sun[1]).powi(2)).sqrt();
        let bleed = sun_size * (1.0 + 0.16 * (fractal(x * 24.0, y * 24.0, 3, mist) - 0.5));
        colour = mix(colour, palette.0[3], 0.82 * step(bleed, bleed - 0.008, off));
        for (i, &(foot, rise, pitch, seed)) in peaks.iter().enumerate() {
            if y < foot - 0.76 * rise {
                continue;
            }
            let crest = foot - rise * (ridged(x * pitch, 0.3, 5, seed) - 0.25);
            let down = y - crest;
            if down < 0.0 {
                continue;
            }
            let near = (i + 1) as f32 / count as f32;
            // Dark at the crest, where the brush was laid, and thinner in the mist below.
            let fade = (-down / (0.09 + 0.13 * near)).exp();
            let cun = step(0.50, 0.86, ridged(x * 22.0 + down * 14.0, down * 9.0, 3, seed ^ 2));
            let pool = 0.25 * step(0.012, 0.0, down);
            let wet = 0.5 * (fractal(x * 9.0, y * 9.0, 4, seed ^ 4) - 0.5);
            let strength = ((fade * (0.45 + 0.5 * cun) + pool * fade) * (0.30 + 0.75 * near) + wet * fade).clamp(0.0, 1.0);
            let covered = step(0.0, 0.004, down) * (0.35 + 0.5 * fade);
            colour = mix(colour, mix(paper, palette.0[4], 0.4), covered * 0.5);
            colour = mix(colour, mix(mid, ink, strength), strength);
        }
        colour
    });
    // Firs on the near slopes.
    if let Some(&(foot, rise, pitch, seed)) = peaks.last() {
        for _ in 0..random.vary(60.0, 10.0, 110.0) as usize {
            let x = random.unit() * wide;
            let crest = foot - rise * (ridged(x * pitch, 0.3, 5, seed) - 0.25);
            let (y, tall) = (crest + random.unit().powi(2) * 0.10 * high, random.range(0.02, 0.05));
            for k in 0..7 {
                let t = k as f32 / 6.0;
                let half = tall * 0.30 * (0.15 + t);
                let row = y - tall * (1.0 - t);
                let bough = [[x - half, row + half * 0.5], [x, row], [x + half, row + half * 0.4]];
                board.stroke(&bough, &Brush { dry: 0.25, opacity: 0.85, taper: 0.5, ..Brush::line(0.0026, ink) });
            }
        }
    }
    // A branch with blossom, or bamboo, leaning in from one side.
    let left = random.whether(true, 0.5);
    let from = [if left { -0.02 } else { wide + 0.02 }, random.vary(0.30, 0.15, 0.8) * high];
    let into = if left { random.range(-0.5, 0.2) } else { std::f32::consts::PI - random.range(-0.5, 0.2) };
    if random.whether(true, 0.6) {
        let mut tips = Vec::new();
        let limb = Limb { from, angle: into, length: 0.34, radius: 0.011 };
        branch(&mut board, &mut random, limb, ink, &mut tips);
        for _ in 0..(tips.len() * 2 / 3).min(160) {
            let at = random.pick(&tips);
            let size = random.range(0.006, 0.012);
            for petal in 0..5 {
                let turn = petal as f32 / 5.0 * TAU + size * 900.0;
                let centre = [at[0] + turn.cos() * size * 0.8, at[1] + turn.sin() * size * 0.8];
                board.disc(centre, size * 0.62, palette.0[3], 0.55);
            }
            board.disc(at, size * 0.25, ink, 0.9);
        }
    } else {
        for _ in 0..3 + random.below(4) {
            let x = random.unit().powi(2) * 0.5 * wide;
            let x = if left { x } else { wide - x };
            let (radius, tint, lean) = (random.range(0.006, 0.016), random.range(0.0, 0.6), random.normal() * 0.05);
            let stem = mix(ink, palette.0[4], tint);
            let mut y = high * 1.05;
            while y > -0.05 {
                let long = random.range(0.11, 0.17);
                let along = |y: f32| [x + lean * (high - y), y];
                let brush = Brush { dry: 0.3, bristle: 0.5, seed: random.seed(), ..Brush::line(radius, stem) };
                board.stroke(&[along(y), along(y - long)], &brush);
                for _ in 0..random.below(4) {
                    let turn = random.range(0.2, 1.1) * if random.chance(0.5) { 1.0 } else { -1.0 };
                    let reach = random.range(0.06, 0.13);
                    let tip = [along(y)[0] + turn.sin() * reach * 1.2, y + turn.cos() * reach * 0.7];
                    let middle = [(along(y)[0] + tip[0]) * 0.5, (y + tip[1]) * 0.5 - 0.012];
                    let leaf = Brush { taper: 1.0, dry: 0.2, opacity: 0.92, ..Brush::line(random.range(0.005, 0.010), stem) };
                    board.stroke(&[along(y), middle, tip], &leaf);
                }
                y -= long + 0.006;
            }
        }
    }
    // The seal.
    let at = [if left { wide - 0.09 } else { 0.05 }, high - 0.11];
    let seal = [at, [at[0] + 0.045, at[1]], [at[0] + 0.045, at[1] + 0.055], [at[0], at[1] + 0.055]];
    let (cut, red) = (random.seed(), mix(hex(0xB5281E), palette.0[3], 0.3));
    board.polygon(&seal, |x, y, under| {
        let carved = value(x * 130.0, y * 130.0, cut) > 0.62 || value(x * 60.0, y * 150.0, cut ^ 1) > 0.75;
        mix(under, if carved { paper } else { red }, 0.9)
    });
    board.finish()
}

/// Paints one wash: a wet shape whose pigment pools at its rim.
fn wash(board: &mut Board, random: &mut Random, centre: Point, radius: f32, colour: Colour, strength: f32) {
    let (rough, seed) = (random.range(0.25, 0.6), random.seed());
    let stretch = random.range(0.7, 1.4);
    let bloom = [random.normal() * 0.4, random.normal() * 0.4];
    let run = [random.normal() * 0.6, random.normal() * 0.6];
    let rim = random.range(0.35, 0.9);
    let pixel = board.pixel().max(0.0015);
    board.around(centre, radius * 1.7, |x, y, under| {
        let (u, v) = (x / radius * stretch, y / radius / stretch);
        if u * u + v * v > (1.0 + 1.6 * rough).powi(2) {
            return under;
        }
        let [du, dv] = displace(u * 1.3 + 9.0, v * 1.3, 3, seed);
        let (u, v) = (u + rough * 1.6 * du, v + rough * 1.6 * dv);
        let inside = (1.0 - (u * u + v * v).sqrt()) * radius;
        if inside < -pixel {
            return under;
        }
        let edge = (inside / pixel + 0.5).clamp(0.0, 1.0);
        let pool = rim * (-inside / 0.006).exp() + 0.35 * rim * (-inside / 0.03).exp();
        // A backrun: a drop of clean water that pushed the pigment outward.
        let back =
            ((u - bloom[0]).powi(2) + (v - bloom[1]).powi(2)).sqrt() + 0.35 * (fractal(u * 5.0, v * 5.0, 3, seed ^ 1) - 0.5);
        let ring = 0.35 * step(0.09, 0.0, (back - 0.42).abs()) - 0.35 * step(0.42, 0.2, back);
        let flow = 0.45 * (u * run[0] + v * run[1]).clamp(-1.0, 1.0);
        let grain = 0.35 * (fractal(x * 120.0 + 50.0, y * 120.0, 2, 11) - 0.5);
        let load = (strength * (0.75 + flow + ring + grain) + pool * strength).clamp(0.0, 1.0);
        glazed(under, colour, edge * load)
    });
}

pub(super) fn watercolour(width: usize, height: usize, seed: u64) -> Canvas {
    let mut random = Random::new("watercolour", seed);
    let palette = Palette::new(
        &mut random,
        &[
            [0x1F3A5F, 0x2F7F9E, 0x3E9C7A, 0xD9527A, 0xF2A93B, 0xFBF8F0],
            [0x3B2A5E, 0x5A6FB5, 0x8C5FA8, 0xE0688A, 0xF2B56B, 0xFCF8F2],
            [0x23402E, 0x3F7A4E, 0x7FA650, 0xC9703A, 0xEBC04F, 0xFBF9EF],
        ],
    );
    let mut board = Board::new(width, height, [1.0; 3]);
    let (wide, high) = (board.wide(), board.high());
    let drift = random.seed();
    let pitch = random.vary(1.8, 1.0, 3.0);
    let big = random.vary(0.26, 0.16, 0.34);
    // Glazes multiply, so each wash is a color through which the paper shows.
    for (size, count, strength) in [(1.0, 14.0, 0.5), (0.5, 34.0, 0.6), (0.2, 70.0, 0.75), (0.07, 120.0, 0.85)] {
        for _ in 0..(count * random.range(0.7, 1.2)) as usize {
            let at = board.anywhere(0.05, &mut random);
            let place = fractal(at[0] * pitch, at[1] * pitch, 2, drift) * 1.5 - 0.25 + random.normal() * 0.12;
            let tint = palette.at(place.clamp(0.0, 0.88));
            let strength = strength * random.range(0.5, 1.1);
            let radius = big * size * random.range(0.6, 1.3);
            wash(&mut board, &mut random, at, radius, tint, strength * 0.72);
        }
    }
    // Stems and leaves, drawn with the point of a loaded brush.
    if random.whether(true, 0.6) {
        for _ in 0..random.vary(16.0, 6.0, 30.0) as usize {
            let from = [random.unit() * wide, random.range(0.3, 1.1) * high];
            let mut tips = Vec::new();
            let ink = palette.at(random.range(0.0, 0.3));
            let (angle, length) = (-FRAC_PI_2 + random.normal() * 0.5, random.range(0.08, 0.26));
            branch(&mut board, &mut random, Limb { from, angle, length, radius: 0.0028 }, ink, &mut tips);
            for tip in tips.into_iter().step_by(3) {
                let turn = random.unit() * TAU;
                let long = random.range(0.012, 0.03);
                let leaf = [tip, [tip[0] + turn.cos() * long, tip[1] + turn.sin() * long]];
                let colour = palette.at(random.range(0.1, 0.85));
                board.stroke(&leaf, &Brush { taper: 1.0, opacity: 0.6, ..Brush::line(long * 0.28, colour) });
            }
        }
    }
    // Spatter.
    for _ in 0..random.vary(240.0, 80.0, 420.0) as usize {
        let at = board.anywhere(0.0, &mut random);
        let radius = 0.0012 + 0.005 * random.unit().powi(4);
        let shape = outline(at, 9, |_| radius * random.range(0.8, 1.25));
        let colour = palette.at(random.range(0.0, 0.8));
        board.polygon(&shape, |_, _, under| glazed(under, colour, 0.8));
    }
    let (paper, tooth) = (palette.lightest(), random.seed());
    board.adjust(|x, y, colour| {
        let cold = fractal(x * 85.0, y * 85.0, 3, tooth) - 0.5;
        glazed(colour, paper, 1.0).map(|v| v + cold * (0.10 * (1.25 - v)))
    });
    board.raise(|x, y| 0.0035 * fractal(x * 85.0, y * 85.0, 2, tooth));
    board.light(0.22, 0.0);
    board.finish()
}
