//! Flung and sprayed: drip, graffiti.

use std::f32::consts::TAU;

use crate::board::Board;
use crate::brush::Brush;
use crate::canvas::Canvas;
use crate::colour::{Colour, Palette, mix, scaled};
use crate::noise::{fractal, value};
use crate::random::Random;
use crate::shape::{Point, outline, step};

/// Returns a thread of paint flung from a moving hand: a curve whose turning changes slowly.
fn fling(board: &Board, random: &mut Random, long: f32) -> Vec<Point> {
    let mut at = board.anywhere(0.1, random);
    let (mut heading, mut bend) = (random.unit() * TAU, random.normal() * 5.0);
    let pace = 0.008;
    (0..(long / pace) as usize)
        .map(|_| {
            bend += random.normal() * 3.2 - bend * 0.05;
            heading += bend * pace;
            at = [at[0] + heading.cos() * pace, at[1] + heading.sin() * pace];
            at
        })
        .collect()
}

/// Draws a drop, with smaller ones thrown out of it.
fn splat(board: &mut Board, random: &mut Random, at: Point, radius: f32, colour: Colour) {
    let (a, b, c) = (random.unit() * TAU, random.unit() * TAU, random.range(0.1, 0.3));
    let shape = outline(at, 40, |turn| radius * (1.0 + c * (turn * 3.0 + a).sin() + 0.14 * (turn * 7.0 + b).sin()));
    board.polygon_raised(&shape, Some(0.004), |_, _, _| colour);
    for _ in 0..random.below(14) {
        let (turn, far) = (random.unit() * TAU, radius * random.range(1.3, 4.5));
        let tip = [at[0] + turn.cos() * far, at[1] + turn.sin() * far];
        let size = radius * random.range(0.06, 0.22);
        if random.chance(0.4) {
            let from = [at[0] + turn.cos() * radius * 0.8, at[1] + turn.sin() * radius * 0.8];
            board.stroke(&[from, tip], &Brush { taper: 0.9, ..Brush::line(size * 0.8, colour) });
        }
        board.disc(tip, size, colour, 1.0);
    }
}

pub(super) fn drip(width: usize, height: usize, seed: u64) -> Canvas {
    let mut random = Random::new("drip", seed);
    let palette = Palette::new(
        &mut random,
        &[
            [0x14130F, 0x3B3A36, 0x1F5A73, 0xB5532A, 0xD9B25A, 0xF1EBDD],
            [0x10131A, 0x2B3F77, 0xA8233A, 0x2F8F83, 0xF0B03A, 0xF6F1E6],
            [0x1A1016, 0x5C1F3F, 0x0F6E6E, 0xD9603A, 0xE9C46A, 0xF7F0E0],
        ],
    );
    let dark = random.whether(false, 0.35);
    let ground = if dark { palette.darkest() } else { mix(palette.lightest(), palette.0[4], 0.35) };
    let mut board = Board::new(width, height, ground);
    let stain = random.seed();
    board.adjust(|x, y, c| {
        let weave = 0.05 * (value(x * 300.0, y * 60.0, 1) + value(x * 60.0, y * 300.0, 2) - 1.0);
        mix(c, palette.0[2], 0.30 * step(0.5, 0.7, fractal(x * 3.0, y * 3.0, 4, stain))).map(|v| v + weave)
    });
    let (threads, weight) = (random.vary(120.0, 60.0, 150.0) as usize, random.vary(1.0, 0.7, 1.4));
    for i in 0..threads {
        let ink = match random.below(9) {
            0..3 => {
                if dark {
                    5
                } else {
                    0
                }
            }
            any => any - 3,
        };
        // The color of the ground would be invisible.
        let colour = palette.0[if dark { ink.max(1) } else { ink }];
        let long = random.range(0.5, 2.2);
        let path = fling(&board, &mut random, long);
        let radius = weight * if i < threads / 3 { random.range(0.004, 0.009) } else { random.range(0.0012, 0.0042) };
        let phase = random.unit() * TAU;
        // The thread swells and thins as the hand slows down and speeds up.
        for (k, piece) in path.windows(7).step_by(6).enumerate() {
            let swell = 0.65 + 0.5 * (k as f32 * 0.7 + phase).sin() + random.range(0.0, 0.2);
            if swell > 0.22 {
                let brush = Brush { thick: 0.006, bristle: 0.1, seed: random.seed(), ..Brush::line(radius * swell, colour) };
                board.stroke(piece, &brush);
            }
            if random.chance(0.10) {
                let at = piece[0];
                let off = [at[0] + random.normal() * 0.02, at[1] + random.normal() * 0.02];
                board.disc(off, radius * random.range(0.3, 1.3), colour, 1.0);
            }
        }
        if random.chance(0.45) {
            let at = board.anywhere(0.0, &mut random);
            let size = 0.003 + 0.02 * random.unit().powi(4);
            splat(&mut board, &mut random, at, size * weight, colour);
        }
    }
    for _ in 0..900 {
        let at = board.anywhere(0.0, &mut random);
        let colour = palette.0[random.below(6)];
        board.disc(at, 0.0008 + 0.003 * random.unit().powi(5), colour, 1.0);
    }
    board.light(0.8, 0.35);
    board.finish()
}

/// Draws a cloud of sprayed specks, dense in the middle.
fn spray(board: &mut Board, random: &mut Random, at: Point, radius: f32, colour: Colour, strength: f32) {
    board.around(at, radius * 1.6, |x, y, under| {
        let off = (x * x + y * y).sqrt() / radius;
        mix(under, colour, strength * (-off * off * 1.6).exp())
    });
    for _ in 0..(90.0 * strength) as usize {
        let off = [at[0] + random.normal() * radius * 0.7, at[1] + random.normal() * radius * 0.7];
        board.disc(off, random.range(0.0006, 0.0022), colour, 0.8);
    }
}

pub(super) fn graffiti(width: usize, height: usize, seed: u64) -> Canvas {
    let mut random = Random::new("graffiti", seed);
    let palette = Palette::new(
        &mut random,
        &[
            [0x17141F, 0x3F2B96, 0xE0218A, 0x00A8A8, 0xF9C80E, 0xF7F3EA],
            [0x101820, 0x0057B8, 0xE4002B, 0x2FB457, 0xFF9E1B, 0xFFF7E6],
        ],
    );
    let wall = mix([0.62, 0.58, 0.54], palette.at(random.vary(0.45, 0.1, 0.9)), 0.30);
    let mut board = Board::new(width, height, wall);
    let (wide, high) = (board.wide(), board.high());
    let (plaster, bricks) = (random.seed(), random.whether(true, 0.5));
    board.adjust(|x, y, colour| {
        let rough = fractal(x * 40.0, y * 40.0, 4, plaster) - 0.5;
        let patch = fractal(x * 3.0, y * 3.0, 4, plaster ^ 1) - 0.5;
        let mut light = 1.0 + 0.45 * rough + 0.5 * patch;
        if bricks {
            let row = (y / 0.05).floor();
            let (u, v) = ((x / 0.11 + 0.5 * row.rem_euclid(2.0)).fract(), (y / 0.05).fract());
            light *= 1.0 - 0.3 * step(0.06, 0.0, v.min(1.0 - v) * 0.9).max(step(0.03, 0.0, u.min(1.0 - u)));
        }
        scaled(colour, light)
    });
    // Clouds of color first.
    for _ in 0..random.vary(16.0, 8.0, 26.0) as usize {
        let (at, colour) = (board.anywhere(0.0, &mut random), palette.middle(random.unit()));
        let radius = random.range(0.05, 0.16);
        spray(&mut board, &mut random, at, radius, colour, 0.75);
    }
    // Illegible letters: fat bent strokes, filled and outlined, with a shadow to one side.
    let rows = random.vary(2.0, 1.0, 3.99) as usize;
    let throw = [random.range(-0.02, 0.02), random.range(0.012, 0.022)];
    for row in 0..rows {
        let size = high.min(1.2) / rows as f32 * random.range(0.55, 0.8);
        let middle = (row as f32 + 0.5) / rows as f32 * high + random.normal() * 0.02;
        let (lean, fat) = (random.range(-0.35, 0.35), size * random.range(0.085, 0.13));
        let letters = ((wide / (size * 0.62)) as usize).clamp(1, 60);
        let shapes: Vec<Vec<Point>> = (0..letters)
            .flat_map(|i| {
                let at = [(i as f32 + 0.5) / letters as f32 * wide, middle + random.normal() * 0.02];
                let strokes = 1 + random.below(2);
                (0..strokes)
                    .map(|_| {
                        let knots: Vec<Point> = (0..4)
                            .map(|k| {
                                let y = (k as f32 / 3.0 - 0.5) * size * 0.8;
                                [at[0] + random.range(-0.34, 0.34) * size + lean * -y, at[1] + y + random.normal() * size * 0.12]
                            })
                            .collect();
                        smooth(&knots)
                    })
                    .collect::<Vec<_>>()
            })
            .collect();
        let inks = [palette.darkest(), palette.middle(random.unit()), palette.lightest()];
        let second = palette.middle(random.unit());
        let moved = |path: &[Point], by: Point| path.iter().map(|p| [p[0] + by[0], p[1] + by[1]]).collect::<Vec<_>>();
        for path in &shapes {
            board.stroke(&moved(path, throw), &Brush::line(fat * 1.30, scaled(inks[0], 0.8)));
        }
        for path in &shapes {
            board.stroke(path, &Brush::line(fat * 1.28, inks[0]));
            board.stroke(
                path,
                &Brush {
                    colours: [inks[1], second],
                    bristle: 1.0,
                    bristles: 2.0,
                    seed: random.seed(),
                    ..Brush::line(fat, inks[1])
                },
            );
            let shine = moved(path, [-fat * 0.4, -fat * 0.35]);
            let third = shine.len() / 3;
            board.stroke(&shine[..third.max(2)], &Brush { taper: 0.8, ..Brush::line(fat * 0.14, inks[2]) });
        }
        for _ in 0..12 {
            let path = random.below(shapes.len());
            let at = shapes[path][random.below(shapes[path].len())];
            let long = random.range(0.04, 0.2);
            let radius = random.range(0.0016, 0.004);
            let colour = if random.chance(0.5) { inks[0] } else { inks[1] };
            let foot = [at[0] + random.normal() * 0.002, at[1] + long];
            board.stroke(&[at, foot], &Brush::line(radius, colour));
            board.disc(foot, radius * 1.5, colour, 1.0);
        }
    }
    // Tags, arrows and splashes on top.
    for _ in 0..random.vary(9.0, 4.0, 16.0) as usize {
        let colour = palette.0[random.pick(&[0, 0, 2, 4, 5])];
        let start = board.anywhere(0.0, &mut random);
        let size = random.range(0.02, 0.05);
        let knots: Vec<Point> = (0..9)
            .map(|k| [start[0] + k as f32 * size * 0.5 + random.normal() * size * 0.5, start[1] + random.normal() * size])
            .collect();
        board.stroke(&smooth(&knots), &Brush { opacity: 0.92, dry: 0.15, ..Brush::line(random.range(0.002, 0.005), colour) });
    }
    for _ in 0..random.vary(14.0, 6.0, 26.0) as usize {
        let (at, colour) = (board.anywhere(0.0, &mut random), palette.0[random.below(6)]);
        let radius = 0.005 + 0.028 * random.unit().powi(3);
        splat(&mut board, &mut random, at, radius, colour);
    }
    board.adjust(|x, y, colour| {
        let rough = fractal(x * 60.0, y * 60.0, 3, plaster) - 0.5;
        let bare = step(0.70, 0.80, fractal(x * 22.0, y * 22.0, 4, plaster ^ 5));
        mix(scaled(colour, 1.0 + 0.22 * rough), scaled(wall, 0.9 + rough), bare * 0.8)
    });
    board.finish()
}

/// Returns a Catmull-Rom curve through knots, with twelve points for each piece.
fn smooth(knots: &[Point]) -> Vec<Point> {
    let last = knots.len() - 1;
    let mut path = Vec::new();
    for i in 0..last {
        let [a, b, c, d] = [knots[i.saturating_sub(1)], knots[i], knots[i + 1], knots[(i + 2).min(last)]];
        for step in 0..12 {
            let t = step as f32 / 12.0;
            let along = |k: usize| {
                0.5 * (2.0 * b[k]
                    + (c[k] - a[k]) * t
                    + (2.0 * a[k] - 5.0 * b[k] + 4.0 * c[k] - d[k]) * t * t
                    + (3.0 * b[k] - a[k] - 3.0 * c[k] + d[k]) * t * t * t)
            };
            path.push([along(0), along(1)]);
        }
    }
    path.push(knots[last]);
    path
}
