//! Cloth: batik, kilim, plaid.

use std::f32::consts::{FRAC_PI_4, PI, TAU};

use crate::board::Board;
use crate::canvas::Canvas;
use crate::colour::{Colour, Palette, mix, scaled};
use crate::motif::{Kind, Motif, Raster};
use crate::noise::{cell, displace, fractal, fraction, hash, value};
use crate::random::Random;
use crate::shape::{cover, step, triangle, turned};

pub(super) fn batik(width: usize, height: usize, seed: u64) -> Canvas {
    let mut random = Random::new("batik", seed);
    let palette = Palette::new(
        &mut random,
        &[
            [0x1B1730, 0x1F3F77, 0x7A2E1D, 0xC2742E, 0xE6C27A, 0xF7EEDB],
            [0x0F2A3A, 0x14616B, 0x5B3A78, 0xC95B52, 0xEBB75A, 0xF5EEDF],
            [0x2A130C, 0x5A2A14, 0x8C4B1F, 0x2F5D62, 0xD9A45A, 0xF5E9D0],
        ],
    );
    let mut board = Board::new(width, height, palette.darkest());
    let kinds = [Kind::Blossoms, Kind::Whirl, Kind::Blossoms, Kind::Hills];
    let scene = Motif::new(&kinds, &board, &mut random);
    let raster = Raster::new(&scene, &board);
    let pixel = board.pixel();
    let (crack, blot, dye) = (random.seed(), random.seed(), random.seed());
    let (line, pitch) = (random.vary(0.0042, 0.003, 0.006), random.vary(11.0, 8.0, 16.0));
    let (dots, cracks) = (random.vary(0.017, 0.013, 0.026), random.vary(0.8, 0.3, 1.0));
    let slant = random.vary(FRAC_PI_4, 0.0, PI);
    raster.paint(&mut board, |x, y, look, edge| {
        let [wx, wy] = displace(x * 9.0, y * 9.0, 3, crack);
        let own = (look.region.wrapping_mul(0x9E37_79B1) >> 24) as f32 / 256.0;
        let cloth = fractal(x * 7.0, y * 7.0, 4, dye) - 0.5;
        let step_tone = (look.tone * 4.0 + 0.5 * cloth).floor().clamp(0.0, 3.0) / 3.0;
        let mut colour = palette.at((0.12 + 0.35 * own + 0.45 * step_tone * look.hue + 0.1 * cloth).clamp(0.0, 0.86));
        if look.region < 3 {
            // Dots of wax fill the field around the figures.
            let p = turned([x / dots, y / dots], slant);
            let off = (p[0] - p[0].round()).hypot(p[1] - p[1].round());
            let size = 0.16 + 0.16 * fraction(hash(p[0].round() as i32, p[1].round() as i32, dye), 1);
            colour = mix(palette.at(0.06 + 0.12 * own + 0.1 * cloth), palette.0[4], cover((off - size) * dots, pixel));
        } else {
            // Lines that echo the outline fill the figures.
            let echo = triangle(edge / (line * 4.5)) * line * 2.25;
            let fill = cover(line * 0.55 - echo, pixel) * step(0.0, line * 3.0, edge) * step(0.3, 0.7, own);
            colour = mix(colour, palette.0[5], fill * 0.7);
        }
        // Wax along the outlines leaves the cloth white. Its edges bleed.
        let wax = cover(edge - line * (0.75 + 0.5 * value(x * 60.0, y * 60.0, blot)), pixel.max(0.002));
        colour = mix(colour, palette.lightest(), wax);
        let mut net: f32 = 0.0;
        for (scale, weight) in [(1.0, 1.0), (2.3, 0.7)] {
            let at = cell((x + 0.05 * wx) * pitch * scale, (y + 0.05 * wy) * pitch * scale, 1.0, crack ^ scale as u32);
            let open = step(0.42, 0.62, fractal(x * 4.0, y * 4.0, 3, crack ^ 8));
            net = net.max(weight * open * cover(at.edge / (pitch * scale) - 0.0011, pixel.max(0.0016)));
        }
        colour = mix(colour, mix(palette.darkest(), palette.0[1], 0.3), net * cracks * 0.85);
        let thread = 0.5 * (x * 900.0_f32.min(PI / pixel * 0.6)).sin() + 0.5 * (y * 900.0_f32.min(PI / pixel * 0.6)).sin();
        colour.map(|v| v * (1.0 + 0.03 * thread + 0.12 * cloth))
    });
    board.finish()
}

pub(super) fn kilim(width: usize, height: usize, seed: u64) -> Canvas {
    let mut random = Random::new("kilim", seed);
    let palette = Palette::new(
        &mut random,
        &[
            [0x1F1A2B, 0x7A1F1F, 0xB5432A, 0x2F5D73, 0xDDA448, 0xF0E3C8],
            [0x16302B, 0x1F6F6B, 0x8C2F39, 0xC9752E, 0xE6C67A, 0xF4EAD5],
            [0x2B2118, 0x5C3A21, 0x8A5A2B, 0x5E7D7A, 0xC9A66B, 0xF1E6CF],
        ],
    );
    let mut board = Board::new(width, height, palette.darkest());
    let knots = random.vary(110.0, 84.0, 150.0).floor();
    // Bands across the cloth, each with one repeated figure.
    struct Band {
        from: i32,
        to: i32,
        figure: usize,
        period: i32,
        inks: [usize; 4],
    }
    let mut bands = Vec::new();
    let mut row = 0;
    let end = (board.high() * knots * 1.5) as i32 + 60;
    while row < end.min(40_000) {
        let border = bands.len() % 2 == 0;
        let tall = if border { 4 + random.below(6) as i32 } else { 18 + random.below(30) as i32 };
        let ground = random.below(6);
        let other = |random: &mut Random| (ground + 1 + random.below(5)) % 6;
        let inks = [ground, other(&mut random), other(&mut random), other(&mut random)];
        let figure = if border { random.below(3) } else { 3 + random.below(5) };
        bands.push(Band { from: row, to: row + tall, figure, period: (tall + random.below(8) as i32).max(4), inks });
        row += tall;
    }
    let (abrash, yarn) = (random.seed(), random.seed());
    let quarter = random.whether(false, 0.4);
    let first = random.below(40) as i32;
    let pixel = board.pixel();
    board.fill(|x, y| {
        let (x, y) = if quarter { (y, x) } else { (x, y) };
        let (u, v) = (x * knots, y * knots * 1.5 + first as f32);
        let (column, row) = (u.floor() as i32, v.floor() as i32);
        let band = &bands[bands.partition_point(|b| b.to <= row).min(bands.len() - 1)];
        let tall = band.to - band.from;
        // Mirrored offsets from the middle of the band and of the figure, in steps like those of knots.
        let down = (2 * (row - band.from) - tall + 1).abs() / 2;
        let along = column.rem_euclid(band.period);
        let side = (2 * along - band.period + 1).abs() / 2;
        let (half, reach) = (tall / 2, band.period / 2);
        let stepped = side / 2 * 2 * half.max(1) / reach.max(1) + down;
        let ink = match band.figure {
            0 => (along * 2 / band.period) as usize,
            1 => usize::from((along + row - band.from).rem_euclid(4) < 2),
            2 => usize::from(side + down > reach.max(half)) * 2,
            3 => [1, 2, 0, 3, 0][(stepped * 5 / (half * 2).max(1)).clamp(0, 4) as usize],
            4 => match half - stepped {
                d if d < 0 => usize::from(d > -3) * 3,
                d => [1, 1, 2, 2, 3, 3, 0, 0][(d as usize) % 8],
            },
            5 => {
                let hook = (stepped - half).abs() < 2 || side < 2 && down < half - 2 || down == half / 2 && side < reach / 2;
                if hook {
                    1
                } else if stepped < half / 2 {
                    2
                } else {
                    0
                }
            }
            6 => [0, 1, 2, 1][((along + (row - band.from - half).abs()) / 3).rem_euclid(4) as usize],
            _ => {
                let cross = side.min(down) < 2 || (side - down).abs() < 2;
                if stepped > half {
                    3
                } else if cross {
                    1
                } else {
                    2
                }
            }
        };
        let base = palette.0[band.inks[ink]];
        // Each pass of weft has its own dye lot, each stitch its own light.
        let lot = 0.16 * (value(v * 0.09, 0.5, abrash) - 0.5) + 0.10 * (fraction(row as u32, yarn) - 0.5);
        let (fu, fv) = (u - u.floor() - 0.5, v - v.floor() - 0.5);
        let fine = step(0.9, 0.35, pixel * knots);
        let weave = 0.24 * (1.0 - 4.0 * fv * fv) + 0.14 * (1.0 - 4.0 * fu * fu) - 0.20;
        let ply = 0.10 * ((fu * 2.0 + fv * 1.5) * TAU).sin();
        let fuzz = 0.16 * (fractal(x * 160.0, y * 160.0, 2, yarn) - 0.5);
        base.map(|c| c * (1.0 + lot + fuzz + fine * (weave + ply)) + 0.02 * fine * weave)
    });
    board.finish()
}

pub(super) fn plaid(width: usize, height: usize, seed: u64) -> Canvas {
    let mut random = Random::new("plaid", seed);
    let palette = Palette::new(
        &mut random,
        &[
            [0x0E1F2B, 0x14453D, 0x1F3F77, 0xA3262E, 0xDFA93A, 0xEFE8DA],
            [0x2B0F14, 0x7A1A24, 0xB52D33, 0x1F3B4D, 0xE0B23E, 0xF3EBDD],
            [0x22262B, 0x4A5560, 0x7C6A8A, 0x6F8F8A, 0xC9B79C, 0xEFEBE3],
        ],
    );
    let mut board = Board::new(width, height, palette.darkest());
    let threads = random.vary(150.0, 100.0, 190.0).floor();
    // The sett: stripes of several threads, mirrored at both ends.
    let stripes = 5 + random.below(5);
    let mut sett: Vec<usize> = Vec::new();
    let mut last = 9;
    for i in 0..stripes {
        let count = if i % 2 == 0 { 8 + random.below(14) } else { 1 + random.below(5) };
        let ink = if i % 2 == 0 { random.below(4) } else { random.below(6) };
        let ink = if ink == last { (ink + 1) % 6 } else { ink };
        last = ink;
        sett.extend(std::iter::repeat_n(ink, count));
    }
    let mirrored: Vec<usize> = sett.iter().chain(sett.iter().rev()).copied().collect();
    let slant = random.vary(0.0, -0.12, 0.12) + if random.whether(false, 0.35) { FRAC_PI_4 } else { 0.0 };
    let twill = random.choose(&[4, 2, 6]);
    let (start, yarn, fold) = ([random.below(90) as i32, random.below(90) as i32], random.seed(), random.seed());
    let drape = random.vary(0.02, 0.0, 0.05);
    let pixel = board.pixel();
    board.fill(|x, y| {
        let [wx, wy] = displace(x * 2.0, y * 2.0, 2, fold);
        let p = turned([x + drape * wx, y + drape * wy], slant);
        let (u, v) = (p[0] * threads, p[1] * threads);
        let (warp, weft) = (u.floor() as i32, v.floor() as i32);
        let ink = |thread: i32| mirrored[thread.rem_euclid(mirrored.len() as i32) as usize];
        let over = (warp + weft).rem_euclid(twill) < twill / 2;
        let (fu, fv) = (u - u.floor() - 0.5, v - v.floor() - 0.5);
        let (thread, across, along, shade): (usize, f32, f32, f32) = if over {
            (ink(warp + start[0]), fu, v, fraction(warp as u32, yarn))
        } else {
            (ink(weft + start[1]), fv, u, fraction(weft as u32, yarn ^ 1))
        };
        let fine = step(0.9, 0.35, pixel * threads);
        let round = (1.0 - 4.0 * across * across).max(0.0).sqrt() - 0.72;
        let twist = ((along * 0.9 + across * 1.6) * TAU * 0.5).sin();
        let fuzz = fractal(x * 170.0, y * 170.0, 2, yarn) - 0.5;
        let hang = fractal((x + y * 0.4) * 3.0, y * 0.8, 2, fold) - 0.5;
        let light = 1.0 + fine * (0.42 * round + 0.08 * twist) + 0.16 * (shade - 0.5) + 0.22 * fuzz + 0.35 * hang * drape / 0.05;
        let under: Colour = palette.0[if over { ink(weft + start[1]) } else { ink(warp + start[0]) }];
        // If threads are finer than pixels, both show at once.
        scaled(mix(mix(palette.0[thread], under, 0.5), palette.0[thread], 0.35 + 0.65 * fine), light)
    });
    board.finish()
}
