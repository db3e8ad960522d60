//! Scissors and paste: paper-cut.

use crate::board::Board;
use crate::canvas::Canvas;
use crate::colour::{Palette, mix, scaled};
use crate::noise::{displace, fractal, value};
use crate::random::Random;
use crate::shape::{cover, step};

pub(super) fn paper_cut(width: usize, height: usize, seed: u64) -> Canvas {
    let mut random = Random::new("paper-cut", seed);
    let palette = Palette::new(
        &mut random,
        &[
            [0x1B2845, 0x274C77, 0x3D8C95, 0xE4572E, 0xF3A65A, 0xFBF0DF],
            [0x3A1F4A, 0x7A3B69, 0xC05C7E, 0xF08A7A, 0xF7C59F, 0xFDF2E6],
            [0x12332B, 0x1F5F4A, 0x5A9367, 0xB8C480, 0xEAD7A4, 0xFBF6E6],
        ],
    );
    let mut board = Board::new(width, height, palette.lightest());
    let (wide, high) = (board.wide(), board.high());
    let sheets = random.vary(8.0, 5.0, 10.0) as usize;
    let (warp, fibre) = (random.seed(), random.seed());
    let pitch = random.vary(2.1, 1.3, 3.6);
    let centre = [random.vary(0.56, 0.3, 0.7) * wide, random.vary(0.46, 0.3, 0.7) * high];
    let lobes = random.vary(0.55, 0.2, 1.0);
    let (count, ripple) = (random.vary(5.0, 3.0, 9.0).floor(), random.vary(0.05, 0.0, 0.10));
    let rise = random.whether(false, 0.5);
    // One height field. Each sheet is the part above a level, so that sheets nest like the walls of a canyon.
    let field = |x: f32, y: f32| {
        let [dx, dy] = displace(x * pitch, y * pitch, 2, warp);
        let (px, py) = (x + 0.16 * dx - centre[0], y + 0.16 * dy - centre[1]);
        let off = px.hypot(py) + ripple * (py.atan2(px) * count).sin() * px.hypot(py).min(0.4) * 3.0;
        let land = if rise { 1.1 * (y / high.max(1e-3)) - 0.1 } else { 1.5 * off };
        land + lobes * 0.6 * (fractal(x * pitch, y * pitch, 2, warp ^ 7) - 0.5)
            + 0.03 * (fractal(x * 12.0, y * 12.0, 2, warp ^ 9) - 0.5)
    };
    let land = board.grid(0.03, field);
    let slope = board.grid(0.03, |x, y| {
        let (d, here) = (2.0 * board.pixel(), land.at(x, y));
        ((land.at(x + d, y) - here) / d).hypot((land.at(x, y + d) - here) / d).max(0.35)
    });
    let level = |i: usize| 0.08 + 0.92 * i as f32 / sheets as f32;
    let slots: Vec<(f32, f32, u32)> = (0..sheets).map(|_| (random.range(0.018, 0.04), random.unit(), random.seed())).collect();
    let order: Vec<f32> = (0..=sheets).map(|i| (i as f32 / sheets as f32 + 0.12 * random.normal()).clamp(0.0, 1.0)).collect();
    let down = random.whether(true, 0.5);
    let (light, pixel) = ([-0.010, -0.016], board.pixel());
    // The distance to a cut is computed from the field and its slope there.
    let inside = |x: f32, y: f32, i: usize| {
        let mut way = (land.at(x, y) - level(i)) / slope.at(x, y);
        // Some sheets are punched with leaves or holes.
        let (size, kind, seed) = slots[i.min(sheets - 1)];
        if kind > 0.45 && i < sheets {
            let (u, v) = (x / (size * 2.6), y / (size * 2.6));
            let jitter = |n: u32| crate::noise::lattice(u.floor() as i32, v.floor() as i32, seed ^ n) - 0.5;
            let (cu, cv) = (u - u.floor() - 0.5 + 0.3 * jitter(1), v - v.floor() - 0.5 + 0.3 * jitter(2));
            let p = crate::shape::turned([cu, cv], jitter(3) * 6.0);
            let leaf =
                if kind > 0.72 { (p[0] * p[0] + p[1] * p[1]).sqrt() - 0.16 } else { (p[0].abs() + 0.55).hypot(p[1]) - 0.64 };
            if jitter(4) > -0.2 && way > size * 1.3 {
                way = way.min(leaf * size * 2.6);
            }
        }
        way
    };
    board.fill(|x, y| {
        let tint = |i: usize| palette.at(if down { 1.0 - order[i] } else { order[i] });
        let texture = |i: usize| {
            let turn = i as f32 * 1.3;
            let (u, v) = (x * turn.cos() + y * turn.sin(), y * turn.cos() - x * turn.sin());
            0.90 + 0.10 * value(u * 60.0, v * 240.0, fibre ^ i as u32) + 0.13 * fractal(x * 130.0, y * 130.0, 2, fibre)
        };
        let mut colour = scaled(tint(0), texture(0));
        for i in 0..sheets {
            let way = inside(x, y, i);
            if way > -0.06 {
                // The shadow falls away from the light onto the sheet below.
                let cast = inside(x + light[0], y + light[1], i);
                let shade = step(-0.016, 0.012, cast);
                colour = scaled(colour, 1.0 - 0.55 * shade);
                let sheet = scaled(tint(i + 1), texture(i + 1));
                let rim = 0.35 * step(0.0045, 0.0, way);
                colour = mix(colour, mix(sheet, [1.0; 3], rim), cover(-way, pixel));
            }
        }
        colour
    });
    board.finish()
}
