//! Fruit and a jug on a cloth, in the light of a window.

use crate::board::Board;
use crate::canvas::Canvas;
use crate::colour::{Colour, hex, mix, scaled, shifted};
use crate::motif::{Kind, Look, Motif};
use crate::noise::{fractal, value};
use crate::random::Random;
use crate::shape::step;

/// Draws fruit and a jug on a table, at any size. Another seed gives another arrangement.
pub fn still_life(width: usize, height: usize, seed: u64) -> Canvas {
    let mut random = Random::new("still-life", seed);
    let mut board = Board::new(width, height, [0.0; 3]);
    let scene = Motif::new(&[Kind::Fruit], &board, &mut random);
    let skins = [0xD9541E, 0xB3202A, 0xE8B62C, 0x7A8F2A, 0x4B2346, 0xE07B3A, 0xA8C03A].map(hex);
    let [jug, cloth, wall] = random.choose(&[
        [0x2F6C9C, 0xD8CDB8, 0x4A5A58],
        [0x8A4B2C, 0xB9C7CF, 0x5C4A3E],
        [0xD9D2C2, 0x9C3B32, 0x39424F],
        [0x3E7A5C, 0xE0CFA2, 0x5E4B5A],
    ]);
    let (jug, cloth, wall) = (hex(jug), hex(cloth), hex(wall));
    let turn = random.below(skins.len());
    let (grain, warm) = (random.seed(), [1.06, 1.0, 0.88]);
    let (wide, high) = (board.wide(), board.high());
    let threads = 700.0_f32.min(1.5 * board.unit);
    board.fill(|x, y| {
        let Look { tone, region, hue, .. } = scene.look(x, y);
        let mottle = fractal(x * 34.0, y * 34.0, 4, grain) - 0.5;
        let own: Colour = match region {
            1 => shifted(wall, 0.3 * mottle, 1.0, 0.10 * mottle),
            3 | 4 => {
                let thread = 0.02 * ((x * threads).sin() + (y * threads).sin());
                scaled(cloth, 1.0 + thread + 0.12 * mottle)
            }
            12 => {
                if hue < 0.12 {
                    scaled(jug, 0.45)
                } else {
                    shifted(jug, 0.12 * mottle, 1.0, 0.05 * mottle)
                }
            }
            _ => {
                let skin = skins[(region as usize * 5 + turn) % skins.len()];
                // A blush on one side, and pores.
                let blush = step(0.35, 0.7, fractal(x * 7.0 + region as f32, y * 7.0, 3, grain ^ 5));
                let pore = step(0.72, 0.9, value(x * 160.0, y * 160.0, grain)) * 0.12;
                scaled(mix(skin, shifted(skin, 0.3, 1.05, 0.05), blush), 1.0 - pore)
            }
        };
        // Shadows are cool and keep some color, and lights are warm. The brightest
        // lights are reflections of the window.
        let shade = scaled(mix(own, [0.16, 0.17, 0.27], 0.55), 0.42);
        let lit: Colour = std::array::from_fn(|i| own[i] * warm[i] * 1.22);
        let colour = mix(shade, lit, step(0.02, 0.82, tone));
        mix(colour, [1.0, 0.97, 0.90], step(0.66, 1.06, tone) * if region >= 12 { 0.80 } else { 0.2 })
    });
    board.adjust(|x, y, c| {
        let corner = ((x / wide - 0.45).powi(2) + (y / high - 0.5).powi(2)) * 0.55;
        let fine = 0.02 * (value(x * 400.0, y * 400.0, 3) - 0.5);
        c.map(|v| v * (1.0 - corner) + fine)
    });
    board.finish()
}
