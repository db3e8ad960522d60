//! Painted and glazed: azulejo.

use std::f32::consts::{FRAC_PI_4, PI, TAU};

use crate::board::Board;
use crate::canvas::Canvas;
use crate::colour::{Colour, Palette, mix, scaled};
use crate::noise::{cell, displace, fractal, fraction, hash};
use crate::random::Random;
use crate::shape::{cover, step, turned};

pub(super) fn azulejo(width: usize, height: usize, seed: u64) -> Canvas {
    let mut random = Random::new("azulejo", seed);
    let palette = Palette::new(
        &mut random,
        &[
            [0x0C2A6B, 0x1F4FA3, 0x4F86C6, 0xE0A62E, 0xB7D0E8, 0xF6F5EE],
            [0x123524, 0x1F6F54, 0x3E9C88, 0xD98A3D, 0xE9D9A6, 0xF7F4EA],
            [0x4A1410, 0x9C2F1F, 0x1F5A8C, 0xD98E2B, 0xEBD3A6, 0xF8F3E6],
        ],
    );
    let mut board = Board::new(width, height, palette.lightest());
    let pixel = board.pixel();
    let count = random.vary(4.0, 3.0, 6.99).floor();
    let side = 1.0 / count;
    let shift = if random.canonical() { [0.0, 0.0] } else { [random.unit(), random.unit()] };
    let kinds: Vec<[f32; 8]> = (0..3).map(|_| std::array::from_fn(|_| random.unit())).collect();
    let (choice, hand, glaze) = (random.seed(), random.seed(), random.seed());
    let mixed = random.whether(false, 0.5);
    let diagonal = random.whether(false, 0.3);
    board.fill(|x, y| {
        let p = if diagonal { turned([x, y], FRAC_PI_4) } else { [x, y] };
        let (u, v) = (p[0] / side + shift[0], p[1] / side + shift[1]);
        let (column, row) = (u.floor(), v.floor());
        let bits = hash(column as i32, row as i32, choice);
        let kind = &kinds[if mixed { bits as usize % 3 } else { (column + row).rem_euclid(2.0) as usize }];
        // Lines wander a little, as if painted by hand.
        let [wx, wy] = displace(x * 22.0, y * 22.0, 2, hand ^ bits);
        let (cx, cy) = (u - column - 0.5 + 0.016 * wx, v - row - 0.5 + 0.016 * wy);
        let line = |d: f32, half: f32| cover((d.abs() - half) * side, pixel);
        let area = |d: f32| cover(d * side, pixel);
        let off = (cx * cx + cy * cy).sqrt();
        let turn = cy.atan2(cx);
        let (deep, blue, pale, gold) = (palette.0[0], palette.0[1 + (kind[0] * 1.999) as usize], palette.0[4], palette.0[3]);
        let mut colour = palette.lightest();
        let brush = 0.75 + 0.5 * fractal(x * 50.0, y * 50.0, 3, hand);
        let tint = |c: Colour| mix(palette.lightest(), c, brush.min(1.0));
        // Quarter circles from the corners, which the neighboring tiles complete.
        let corner = (cx.abs() - 0.5).hypot(cy.abs() - 0.5);
        let ring = 0.26 + 0.16 * kind[1];
        colour = mix(colour, tint(pale), area(corner - ring));
        let scallop =
            ring - 0.05 + 0.018 * ((cy.abs() - 0.5).atan2(cx.abs() - 0.5) * (16.0 + 8.0 * (kind[2] * 3.0).floor())).cos();
        colour = mix(colour, tint(blue), area(corner - scallop + 0.03));
        colour = mix(colour, palette.lightest(), area(corner - ring * 0.55));
        colour = mix(colour, tint(gold), area(corner - ring * 0.40));
        colour = mix(colour, deep, line(corner - ring, 0.011).max(line(corner - ring * 0.55, 0.008)));
        // A rosette in the middle.
        let petals = 4.0 + 4.0 * (kind[3] * 2.0).floor();
        let wave = (turn * petals + if kind[4] > 0.5 { PI } else { 0.0 }).cos();
        let petal = 0.20 + 0.11 * wave - 0.03 * (turn * petals * 2.0).cos();
        if kind[5] > 0.35 {
            let star = 0.30 + 0.08 * (turn * 4.0).cos();
            colour = mix(colour, deep, line(off - star, 0.012));
        }
        colour = mix(colour, tint(if kind[6] > 0.5 { blue } else { gold }), area(off - petal));
        colour = mix(colour, deep, line(off - petal, 0.010));
        let vein = (turn * petals / TAU * 2.0 + 0.25).fract() - 0.5;
        colour = mix(colour, deep, line(vein * off, 0.004) * step(0.30, 0.08, off) * 0.8);
        colour = mix(colour, tint(gold), area(off - 0.075));
        colour = mix(colour, deep, line(off - 0.075, 0.010).max(area(off - 0.025)));
        // Crosses along the sides.
        let rim = cx.abs().max(cy.abs());
        colour = mix(colour, blue, line(rim - 0.445, 0.007) * kind[7].round());
        // The joint, and an uneven, crazed and chipped glaze.
        let cloud = fractal(x * 8.0 + fraction(bits, 1) * 40.0, y * 8.0, 4, glaze) - 0.5;
        colour = scaled(colour, 1.0 + 0.16 * cloud + 0.06 * (fraction(bits, 2) - 0.5));
        let craze = cell(x * 26.0, y * 26.0, 1.0, glaze).edge / 26.0;
        colour = mix(colour, scaled(colour, 0.8), cover(craze - 0.0004, pixel) * 0.6);
        let joint = 0.5 - (u - column - 0.5).abs().max((v - row - 0.5).abs());
        let shine = 0.10 * step(0.05, 0.015, joint) * if cx + cy < 0.0 { 1.0 } else { -1.0 };
        mix(colour.map(|v| v + shine), [0.55, 0.52, 0.46], cover((joint - 0.011) * side, pixel))
    });
    board.finish()
}
