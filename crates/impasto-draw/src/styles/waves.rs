//! Rows of crests: waves.

use std::f32::consts::PI;

use crate::board::Board;
use crate::canvas::Canvas;
use crate::colour::{Palette, mix, scaled};
use crate::noise::{fractal, fraction, hash, value};
use crate::random::Random;
use crate::shape::{cover, distance, outline, step};

pub(super) fn waves(width: usize, height: usize, seed: u64) -> Canvas {
    let mut random = Random::new("waves", seed);
    let palette = Palette::new(
        &mut random,
        &[
            [0x0E2148, 0x1F4F8C, 0x4F8FBF, 0xD96B4A, 0xB9D3DC, 0xF4EBD8],
            [0x0B2B2B, 0x14605C, 0x4FA08F, 0xE08A4F, 0xC6DFC9, 0xF6F0DE],
            [0x2B1B3D, 0x5A3F7F, 0x9F7FB8, 0xE0785A, 0xE3CDE0, 0xF8F1E8],
        ],
    );
    let mut board = Board::new(width, height, palette.lightest());
    let (wide, high) = (board.wide(), board.high());
    let (paper, block, drift) = (random.seed(), random.seed(), random.seed());
    let horizon = high * random.vary(0.24, 0.0, 0.4);
    let (sun, size) =
        ([random.vary(0.70, 0.15, 0.85) * wide, horizon * random.vary(0.75, 0.4, 1.0)], random.vary(0.13, 0.08, 0.18));
    // The grain of the block, and the fade that is wiped into the ink by hand (bokashi).
    let printed = |x: f32, y: f32| {
        0.94 + 0.10 * fractal(x * 9.0, y * 110.0, 3, block) - 0.10 * step(0.72, 0.85, value(x * 140.0, y * 140.0, block))
    };
    let bands = random.vary(5.0, 3.0, 8.0);
    let pixel = board.pixel();
    board.fill(|x, y| {
        let fade = step(0.0, 0.55, y / horizon.max(0.05));
        let mut sky = mix(palette.0[2], mix(palette.lightest(), palette.0[3], 0.25 * fade), fade);
        let cloud = fractal(x * 1.8, y * bands * 4.0, 4, drift);
        sky = mix(sky, palette.lightest(), 0.8 * step(0.52, 0.55, cloud));
        let disc = cover(distance([x, y], sun) - size, pixel);
        sky = mix(sky, palette.0[3], disc * (0.75 + 0.25 * step(sun[1] - size, sun[1] + size, y)));
        scaled(sky, printed(x, y) * (0.97 + 0.06 * fractal(x * 200.0, y * 60.0, 2, paper)))
    });
    let base = random.vary(0.095, 0.06, 0.15);
    let growth = random.vary(1.07, 1.0, 1.12);
    let rings = random.vary(5.0, 3.0, 7.0).floor();
    let (swell, pitch) = (random.vary(0.05, 0.0, 0.09), random.range(2.0, 5.0));
    let foam = random.whether(true, 0.7);
    let inks = [palette.0[0], palette.0[1], palette.0[2]];
    let mut y = horizon;
    let mut radius = base * random.range(0.55, 0.8);
    let mut row = 0;
    // From the horizon to the viewer: each row covers the one behind it.
    while y < high + radius * 1.2 && row < 200 {
        let shift = if row % 2 == 0 { 0.0 } else { 0.5 };
        let columns = ((wide / (2.0 * radius)) as i32 + 3).min(4000);
        for column in -1..columns {
            let x = (column as f32 + shift) * 2.0 * radius;
            let bits = hash(column, row, drift);
            let foot = [x, y + swell * (x * pitch + row as f32).sin()];
            let tall = 1.0 + 0.18 * (fraction(bits, 1) - 0.5);
            let shape = outline(foot, 56, |turn| radius * if turn.sin() < 0.0 { tall } else { 1.0 } * 1.005);
            let tone = fraction(bits, 2);
            let deep = (row as f32 * 0.05).min(0.5);
            board.polygon(&shape, |px, py, _| {
                let off = distance([px, foot[1] + (py - foot[1]) / tall], foot) / radius;
                let place = off * rings;
                let ring = place.floor();
                let edge = (place - place.round()).abs() / rings * radius;
                let wobble = 0.4 * (value(px * 70.0, py * 70.0, block) - 0.5);
                let ink = mix(inks[(ring as usize + bits as usize % 2) % 3], inks[2], 0.15 + 0.5 * tone * (1.0 - deep));
                let mut colour = if ring as usize % 2 == 1 { mix(palette.lightest(), palette.0[4], tone) } else { ink };
                // Fine lines in the dark bands, as if cut into the block.
                let hair = ((off * rings * 4.0 + wobble) * PI * 2.0).cos();
                colour = mix(
                    colour,
                    palette.lightest(),
                    0.30 * step(0.55, 0.9, hair) * step(2.2 * pixel, 5.0 * pixel, radius / rings / 4.0 * 2.0),
                );
                colour = mix(colour, palette.darkest(), cover(edge - 0.0014 - radius * 0.008, pixel));
                colour = mix(colour, palette.darkest(), 0.35 * step(0.25, 1.0, (py - foot[1] + radius) / radius));
                scaled(colour, printed(px, py))
            });
            // Foam on the crest: claws of round drops.
            if foam && fraction(bits, 3) > 0.45 {
                let count = 6 + bits as usize % 9;
                for k in 0..count {
                    let t = k as f32 / (count - 1) as f32;
                    let turn = -PI * (0.18 + 0.64 * t);
                    let far = radius * (1.0 + 0.12 * fraction(bits, 10 + k as u32));
                    let size = radius * (0.045 + 0.075 * fraction(bits, 40 + k as u32));
                    let at = [foot[0] + far * turn.cos(), foot[1] + far * tall * turn.sin()];
                    board.disc(at, size + 0.0016, palette.darkest(), 1.0);
                    board.disc(at, size, palette.lightest(), 1.0);
                    if fraction(bits, 70 + k as u32) > 0.6 {
                        let up =
                            [at[0] + radius * 0.12 * (t - 0.5), at[1] - radius * (0.10 + 0.3 * fraction(bits, 90 + k as u32))];
                        board.disc(up, size * 0.45, palette.lightest(), 0.95);
                    }
                }
            }
        }
        y += radius * 0.62;
        radius = (radius * growth).min(base * 1.6);
        row += 1;
    }
    board.finish()
}
