//! The foreground of the lake: a bank with grass, and firs.

use std::f32::consts::{FRAC_PI_2, PI};

use super::mood::Mood;
use crate::board::Board;
use crate::brush::Brush;
use crate::colour::{Colour, mix, scaled};
use crate::noise::fractal;
use crate::random::Random;
use crate::shape::{Point, step};

/// Draws a fir: drooping boughs in tiers, each hung with needles. Lengths are in units.
fn fir(board: &mut Board, foot: Point, tall: f32, mood: &Mood, right: bool, random: &mut Random) {
    let dark = mix(scaled(mood.wood, 0.35), [0.03, 0.05, 0.07], 0.4);
    let warm = mix(scaled(mood.wood, 1.15), mood.sun, 0.28);
    let lean = random.normal() * 0.015;
    let trunk = |t: f32| [foot[0] + lean * tall * t, foot[1] - tall * t];
    board.stroke(&[trunk(0.0), trunk(0.5), trunk(0.98)], &Brush { taper: 0.4, ..Brush::line(tall * 0.011, scaled(dark, 0.8)) });
    let tiers = 40;
    for tier in 0..tiers {
        // From the foot to the tip, so that upper boughs cover lower ones.
        let t = 0.07 + 0.92 * tier as f32 / tiers as f32;
        let reach = tall * 0.23 * (1.0 - t).powf(0.86) * random.range(0.7, 1.2) + tall * 0.006;
        for side in [-1.0f32, 1.0] {
            for _ in 0..3 {
                let reach = reach * random.range(0.45, 1.0);
                let (start, droop) = (trunk(t + random.range(-0.012, 0.012)), random.range(0.25, 0.5) * (1.0 - 0.6 * t));
                let bough = |s: f32| [start[0] + side * reach * s, start[1] + reach * (droop * s - 0.22 * s * s)];
                let path: Vec<Point> = (0..=6).map(|i| bough(i as f32 / 6.0)).collect();
                board.stroke(&path, &Brush { taper: 0.8, ..Brush::line(tall * 0.0035, dark) });
                let lit = if (side > 0.0) == right { 0.55 } else { 0.12 };
                for i in 0..11 {
                    let s = (i as f32 + random.unit()) / 11.0;
                    let from = bough(s);
                    let long = tall * random.range(0.010, 0.026) * (1.25 - 0.5 * s);
                    let turn = FRAC_PI_2 - side * random.range(-0.2, 0.95);
                    let tip = [from[0] + turn.cos() * long, from[1] + turn.sin() * long];
                    let colour = mix(dark, warm, (lit * s * random.range(0.3, 1.0) * (0.45 + 0.55 * t)).min(1.0));
                    board.stroke(&[from, tip], &Brush { taper: 1.0, ..Brush::line(tall * 0.0042, colour) });
                }
            }
        }
    }
    let tip = [trunk(0.94), trunk(1.02)];
    board.stroke(&tip, &Brush { taper: 1.0, ..Brush::line(tall * 0.005, dark) });
}

/// Draws the bank, with firs at the side away from the sun and smaller ones at the
/// other. `height` is the picture's, in units.
pub(super) fn draw(board: &mut Board, mood: &Mood, height: f32, right: bool, random: &mut Random) {
    let (wide, high) = (board.wide(), board.high());
    let (seed, tufts) = (random.seed(), random.seed());
    let flip = |x: f32| if right { x } else { wide - x };
    // The bank falls from the firs to the water, and rises a little at the other side.
    let (steep, level) = (random.vary(0.17, 0.12, 0.22), random.vary(0.965, 0.94, 0.99));
    let bank = move |x: f32| {
        let (s, e) = (flip(x) / height, (wide - flip(x)) / height);
        let rise = steep * (-s * 3.4).exp() + 0.055 * (-e * 4.5).exp();
        high * level - height * (rise + 0.022 * (fractal(x / height * 3.0, 0.7, 3, seed) - 0.5))
    };
    let ground = mix(scaled(mood.meadow, 0.28), [0.06, 0.07, 0.05], 0.3);
    let ridge: Vec<Point> = (0..=160).map(|i| wide * (i as f32 / 160.0 * 1.04 - 0.02)).map(|x| [x, bank(x)]).collect();
    let shape: Vec<Point> = ridge.iter().copied().chain([[wide * 1.02, high * 1.1], [-0.02 * wide, high * 1.1]]).collect();
    board.polygon(&shape, |x, y, _| {
        let clump = fractal(x / height * 16.0, y / height * 26.0, 4, tufts);
        let deep = step(0.0, 0.16, (y - bank(x)) / height);
        scaled(mix(ground, scaled(mood.meadow, 0.62), 0.75 * step(0.40, 0.72, clump) * (1.0 - 0.5 * deep)), 1.0 - 0.35 * deep)
    });
    let mut trees: Vec<(f32, f32)> = vec![(0.035, 0.62), (0.135, 0.47), (0.225, 0.30), (0.295, 0.185)];
    trees.iter_mut().for_each(|(x, tall)| {
        *x += random.vary(0.0, -0.03, 0.05);
        *tall *= random.vary(1.0, 0.7, 1.15);
    });
    let far = wide / height;
    trees.extend([(far - 0.035, 0.27), (far - 0.105, 0.16)].map(|(x, tall)| (x, tall * random.vary(1.0, 0.5, 1.4))));
    if !random.whether(true, 0.8) {
        trees.truncate(3);
    }
    trees.sort_by(|a, b| a.1.total_cmp(&b.1));
    for (x, tall) in trees {
        let x = flip(x * height);
        fir(board, [x, bank(x) + 0.015 * height], tall * height, mood, right, random);
    }
    grass(board, mood, height, &bank, random);
    birds(board, mood, height, random);
}

fn grass(board: &mut Board, mood: &Mood, height: f32, bank: &impl Fn(f32) -> f32, random: &mut Random) {
    let (wide, high) = (board.wide(), board.high());
    let straw: Colour = mix(mood.meadow, mood.sun, 0.5);
    let mut blades: Vec<(f32, f32)> = Vec::new();
    for _ in 0..(2600.0 * (wide / height).min(3.0)) as usize {
        let x = random.range(-0.02, 1.02) * wide;
        let y = bank(x) + 0.25 * height * random.unit().powf(1.6);
        if y < high * 1.04 {
            blades.push((x, y));
        }
    }
    blades.sort_by(|a, b| a.1.total_cmp(&b.1));
    for (x, y) in blades {
        let near = ((y - bank(x)) / (0.2 * height)).clamp(0.0, 1.0);
        let long = height * random.range(0.014, 0.040) * (0.75 + 0.5 * near);
        let bow = random.normal() * 0.35 + 0.15;
        let path: Vec<Point> = (0..=4)
            .map(|i| i as f32 / 4.0)
            .map(|t| [x + long * bow * t * t, y - long * t * (1.0 - 0.15 * bow.abs() * t)])
            .collect();
        let shine = random.unit().powi(2);
        let colour = mix(scaled(mood.meadow, 0.30), straw, shine * (0.85 - 0.55 * near));
        board.stroke(&path, &Brush { taper: 1.0, ..Brush::line(height * 0.0011, colour) });
        if random.chance(0.035) {
            let bloom = random.pick(&[[0.93, 0.90, 0.82], [0.86, 0.45, 0.42], [0.90, 0.72, 0.30], [0.62, 0.52, 0.82]]);
            board.disc(path[4], height * random.range(0.0014, 0.003), scaled(bloom, 0.9), 0.9);
        }
    }
}

fn birds(board: &mut Board, mood: &Mood, height: f32, random: &mut Random) {
    let centre = [random.vary(0.40, 0.2, 0.8) * board.wide(), random.vary(0.17, 0.1, 0.3) * height];
    for _ in 0..random.vary(7.0, 0.0, 12.0) as usize {
        let at = [centre[0] + random.normal() * 0.06 * height, centre[1] + random.normal() * 0.025 * height];
        let (size, beat) = (height * random.range(0.004, 0.0075), random.range(0.2, 0.8));
        let wing: Vec<Point> = (0..=10)
            .map(|i| i as f32 / 5.0 - 1.0)
            .map(|t| [at[0] + size * t, at[1] - size * beat * (t.abs() * PI).sin() * 0.55 - size * 0.2 * t.abs()])
            .collect();
        board.stroke(&wing, &Brush { taper: 0.9, ..Brush::line(height * 0.0009, scaled(mood.zenith, 0.45)) });
    }
}
