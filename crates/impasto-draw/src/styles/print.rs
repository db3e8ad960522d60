//! Relief and intaglio prints: woodcut, linocut, engraving.

use std::f32::consts::{FRAC_PI_2, FRAC_PI_4, PI};

use crate::board::Board;
use crate::brush::Brush;
use crate::canvas::Canvas;
use crate::colour::{Palette, mix};
use crate::motif::{self, Kind, Motif, Raster};
use crate::noise::{fractal, value};
use crate::random::Random;
use crate::shape::{cover, step, trace, triangle, turned};

/// Returns how well the ink took: nearly everywhere, with specks where it did not.
fn inked(x: f32, y: f32, seed: u32) -> f32 {
    0.94 + 0.12 * (fractal(x * 60.0, y * 60.0, 2, seed) - 0.5) - 0.5 * step(0.80, 0.88, value(x * 150.0, y * 150.0, seed ^ 1))
}

pub(super) fn woodcut(width: usize, height: usize, seed: u64) -> Canvas {
    let mut random = Random::new("woodcut", seed);
    let palette = Palette::new(
        &mut random,
        &[
            [0x14110F, 0x3B2A20, 0xA23B2A, 0xC98A4B, 0xDDBB86, 0xF1E6CC],
            [0x101820, 0x23395B, 0x40688A, 0xB56B45, 0xD8C39A, 0xF3EBDD],
            [0x1A120B, 0x2F4A36, 0x6A7F4F, 0xC0562F, 0xE0B96A, 0xF4ECD6],
        ],
    );
    let (ink, paper) = (palette.darkest(), palette.lightest());
    let mut board = Board::new(width, height, ink);
    let kinds = [Kind::Hills, Kind::Forest, Kind::Village, Kind::Whirl, Kind::Blossoms, Kind::Fruit];
    let scene = Motif::new(&kinds, &board, &mut random);
    let raster = Raster::new(&scene, &board);
    let gouge = random.vary(0.0062, 0.0048, 0.0085);
    let tinted = random.whether(true, 0.7);
    let (follow, line) = (random.vary(0.0, -0.3, 0.3), gouge * random.range(0.45, 0.8));
    // Cuts of the gouge, laid out in rows and moved at random. They are wider and denser in lighter places.
    let pace = gouge * 2.1;
    let rows = (board.high() / pace) as usize + 2;
    let columns = (board.wide() / (pace * 4.0)) as usize + 2;
    let mut places: Vec<[f32; 2]> = (0..rows * columns)
        .map(|i| {
            [
                (i % columns) as f32 * pace * 4.0 + random.normal() * pace * 1.6,
                (i / columns) as f32 * pace + random.normal() * pace * 0.4,
            ]
        })
        .collect();
    for i in (1..places.len()).rev() {
        places.swap(i, random.below(i + 1));
    }
    let bright = random.vary(0.10, -0.04, 0.16);
    for at in places {
        let (look, edge) = raster.at(&board, at[0], at[1]);
        let tone = look.tone + bright;
        if tone < 0.16 + 0.1 * random.unit() || edge < line * 1.2 {
            continue;
        }
        let long = gouge * (4.0 + 9.0 * tone) * random.range(0.7, 1.3);
        let radius = (gouge * (0.35 + 0.75 * tone) * random.range(0.85, 1.15)).min(edge);
        let path = trace(at, long.min(edge * 5.0 + gouge * 2.0), 0.006, |x, y| raster.at(&board, x, y).0.angle + follow);
        let own = (look.region.wrapping_mul(0x9E37_79B1) >> 24) as f32 / 256.0;
        let tint = palette.0[2 + (own * 2.999) as usize];
        let colour = if tinted { mix(paper, tint, if look.tone > 0.8 { 0.15 } else { 0.75 }) } else { paper };
        board.stroke(&path, &Brush { taper: 0.9, ..Brush::line(radius, colour) });
    }
    let (grain, lean) = (random.seed(), random.vary(0.04, -0.3, 0.3));
    board.adjust(|x, y, colour| {
        // The plank's grain shows in the black.
        let p = turned([x, y], lean);
        let ring = triangle(fractal(p[0] * 1.2, p[1] * 7.0, 3, grain) * 16.0);
        let wood = step(0.86, 1.0, ring) * 0.20 + 0.05 * value(p[0] * 12.0, p[1] * 240.0, grain ^ 1);
        mix(mix(paper, colour, inked(x, y, grain)), paper, wood * 0.55)
    });
    board.finish()
}

pub(super) fn linocut(width: usize, height: usize, seed: u64) -> Canvas {
    let mut random = Random::new("linocut", seed);
    let palette = Palette::new(
        &mut random,
        &[
            [0x102A33, 0x1F6470, 0xD8572A, 0x5FA8A0, 0xF0B04B, 0xF7F0DD],
            [0x2B1B2E, 0x6A2C70, 0xB83B5E, 0xF08A5D, 0xF9D976, 0xFBF6E9],
            [0x15251A, 0x2C5F34, 0x7A9E3F, 0xD46A3C, 0xEFC66B, 0xF8F3E3],
        ],
    );
    let mut board = Board::new(width, height, palette.lightest());
    let kinds = [Kind::Blossoms, Kind::Village, Kind::Fruit, Kind::Hills, Kind::Forest];
    let scene = Motif::new(&kinds, &board, &mut random);
    let raster = Raster::new(&scene, &board);
    let (ink, wear) = (random.seed(), random.vary(0.5, 0.2, 0.8));
    let cuts = [random.vary(0.70, 0.6, 0.78), random.vary(0.45, 0.36, 0.52), random.vary(0.26, 0.18, 0.3)];
    let line = random.vary(0.0055, 0.003, 0.008);
    let pixel = board.pixel();
    let flats = [palette.lightest(), palette.0[4], palette.0[2 + random.below(2)], palette.darkest()];
    let by_thing = random.whether(true, 0.5);
    raster.paint(&mut board, |x, y, look, edge| {
        let wander = 0.16 * (fractal(x * 40.0, y * 40.0, 2, ink) - 0.5);
        let own = (look.region.wrapping_mul(0x9E37_79B1) >> 24) as f32 / 256.0;
        let mut colour = flats[0];
        let half = if by_thing { palette.middle(own) } else { flats[2] };
        for (cut, flat) in cuts.iter().zip([if by_thing { mix(half, flats[0], 0.45) } else { flats[1] }, half, flats[3]]) {
            colour = mix(colour, flat, step(cut + 0.012, cut - 0.012, look.tone + wander));
        }
        let margin = cover(edge - line * (0.6 + value(x * 20.0, y * 20.0, ink)), pixel.max(0.0015));
        colour = mix(colour, if look.tone < 0.4 { flats[0] } else { flats[3] }, margin);
        mix(palette.lightest(), colour, 1.0 - wear * (1.0 - inked(x, y, ink)).max(0.0))
    });
    // Marks of the gouge: clearings in dark areas, chatter in light ones.
    let gouge = random.vary(0.0050, 0.0035, 0.0065);
    let count = (random.vary(0.9, 0.4, 1.2) * board.wide() * board.high() / (gouge * gouge * 26.0)) as usize;
    for _ in 0..count {
        let at = board.anywhere(0.0, &mut random);
        let (look, edge) = raster.at(&board, at[0], at[1]);
        if edge < gouge * 1.5 || !(look.tone > 0.78 && random.chance(0.45) || (0.1..0.55).contains(&look.tone)) {
            continue;
        }
        let colour = if look.tone > 0.7 { flats[3] } else { flats[0] };
        let long = gouge * random.range(3.0, 8.0);
        let path = trace(at, long.min(edge * 4.0), 0.006, |x, y| raster.at(&board, x, y).0.angle + 0.2);
        let radius = gouge * if look.tone > 0.7 { 0.35 } else { random.range(0.4, 0.9) };
        board.stroke(&path, &Brush { taper: 1.0, ..Brush::line(radius, colour) });
    }
    board.finish()
}

pub(super) fn engraving(width: usize, height: usize, seed: u64) -> Canvas {
    let mut random = Random::new("engraving", seed);
    let palette = Palette::new(
        &mut random,
        &[
            [0x1A1A22, 0x2E3A4F, 0x5B5F66, 0x8A6F4E, 0xD9C9A3, 0xF3EAD3],
            [0x2A1510, 0x5A2C1E, 0x7F4A32, 0xA8744A, 0xE0C8A0, 0xF5ECDA],
            [0x0E2A25, 0x1D4A40, 0x3B6F5E, 0x8A8F5A, 0xD6D3A8, 0xF2F0DC],
        ],
    );
    let mut board = Board::new(width, height, palette.lightest());
    let scene = Motif::new(&motif::ALL, &board, &mut random);
    let raster = Raster::new(&scene, &board);
    let pitch = random.vary(0.0105, 0.0085, 0.0150);
    let (slant, curl) = (random.vary(0.5, 0.0, PI), random.seed());
    let sway = random.vary(0.10, 0.0, 0.22);
    let pixel = board.pixel();
    let crossing = random.vary(FRAC_PI_4 * 1.3, 0.5, FRAC_PI_2);
    let two = random.whether(true, 0.4);
    raster.paint(&mut board, |x, y, look, edge| {
        // Each thing has its own set of lines, curved as if around it.
        let own = (look.region.wrapping_mul(0x85EB_CA6B) >> 24) as f32 / 256.0;
        let turn = slant + (own - 0.5) * 1.6;
        let bow = sway * (fractal(x * 2.5, y * 2.5, 2, curl) - 0.5) * 2.0 + 0.022 * look.tone;
        let lines = |turn: f32, dark: f32| {
            let p = turned([x, y], turn);
            let off = triangle((p[1] + bow) / pitch) * 0.5 * pitch;
            // `off` is 0 in the middle between lines, and half the pitch on a line.
            cover(0.5 * pitch * (1.0 - dark) - off, pixel) * step(0.0, 0.10, dark)
        };
        let dark = 1.0 - look.tone;
        let ink = lines(turn, (dark * 0.85).clamp(0.0, 0.8))
            .max(lines(turn + crossing, ((dark - 0.45) * 1.1).clamp(0.0, 0.6)))
            .max(lines(turn - crossing, ((dark - 0.72) * 1.6).clamp(0.0, 0.6)))
            .max(cover(edge - 0.0018, pixel.max(0.001)));
        let colour = if two && own > 0.6 { palette.0[3] } else { palette.darkest() };
        let paper = mix(palette.lightest(), palette.0[4], 0.35 * fractal(x * 6.0, y * 6.0, 4, curl ^ 3));
        mix(paper, colour, ink * (0.82 + 0.2 * value(x * 80.0, y * 80.0, curl ^ 1)))
    });
    board.finish()
}
