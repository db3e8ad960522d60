//! Paint laid on with a blade: palette-knife.

use std::f32::consts::{FRAC_PI_2, TAU};

use super::paint::seen;
use crate::board::Board;
use crate::brush::Brush;
use crate::canvas::Canvas;
use crate::colour::{Palette, mix};
use crate::motif::{Kind, Motif};
use crate::noise::value;
use crate::random::Random;
use crate::shape::{Point, step, turned};

pub(super) fn palette_knife(width: usize, height: usize, seed: u64) -> Canvas {
    let mut random = Random::new("palette-knife", seed);
    let palette = Palette::new(
        &mut random,
        &[
            [0x14202E, 0x2E5266, 0x6E8898, 0xC8553D, 0xF0A868, 0xF7F0E4],
            [0x1A1423, 0x3D314A, 0x684756, 0xAB7968, 0xE5B25D, 0xF7EBD7],
            [0x05323B, 0x0B6E6E, 0x45A29E, 0xE0607E, 0xF4C95D, 0xFDF7EC],
        ],
    );
    let mut board = Board::new(width, height, palette.0[2]);
    let kinds = [Kind::Hills, Kind::Village, Kind::Whirl, Kind::Blossoms, Kind::Forest];
    let scene = Motif::new(&kinds, &board, &mut random);
    let (broad, lean) = (random.vary(0.050, 0.034, 0.065), random.vary(0.15, -0.8, 0.8));
    for (scale, coverage) in [(1.5, 2.0), (0.9, 2.4), (0.5, 2.0)] {
        let size = broad * scale;
        let count = (coverage * (board.wide() + size) * (board.high() + size) / (2.4 * size * size)) as usize;
        for _ in 0..count {
            let at = board.anywhere(size, &mut random);
            let look = scene.look(at[0], at[1]);
            let quarter = if random.chance(0.3) { FRAC_PI_2 } else { 0.0 };
            let angle = 0.55 * look.angle.sin() + lean + quarter + random.normal() * 0.18;
            let (long, short) = (size * random.range(0.7, 1.3), size * random.range(0.3, 0.55));
            let corners: Vec<Point> =
                [[-1.0, -1.0], [-0.3, -1.1], [0.4, -0.95], [1.0, -1.0], [1.05, 0.0], [0.95, 1.0], [0.0, 1.05], [-1.0, 0.95]]
                    .iter()
                    .map(|c: &Point| {
                        let p = turned([c[0] * long * random.range(0.85, 1.15), c[1] * short * random.range(0.85, 1.15)], angle);
                        [at[0] + p[0], at[1] + p[1]]
                    })
                    .collect();
            let (one, two) =
                (seen(&palette, look, &mut random, 0.15), palette.dabbed(0.5 * (look.hue + look.tone) + 0.12, &mut random));
            let (streak, drag) = (random.seed(), random.unit() * TAU);
            let pitch = (1.6 / short).min(0.35 * board.unit);
            board.polygon_raised(&corners, Some(0.006 * scale), |x, y, under| {
                let p = turned([x - at[0], y - at[1]], -angle);
                // Paint that the blade drags out: streaks along its way, thinner at the end.
                let line = value(p[1] * pitch * 2.0 + drag, p[0] * pitch * 0.12, streak);
                let end = step(0.2, 1.0, p[0] / long);
                let paint = mix(one, two, 0.7 * step(0.5, 0.85, line) + 0.25 * p[0] / long);
                let bare = step(0.55, 0.8, value(p[1] * pitch * 3.0, p[0] * pitch * 0.3, streak ^ 3)) * end;
                mix(paint.map(|v| v * (0.92 + 0.16 * line)), under, bare * 0.8)
            });
            // The ridge that the blade leaves along its edge.
            let side = [corners[4], corners[5], corners[6], corners[7]];
            let ridge = Brush {
                radius: size * 0.035,
                thick: 0.012 * scale,
                colours: [mix(one, [1.0; 3], 0.15), two],
                taper: 0.6,
                ..Brush::default()
            };
            board.stroke(&side, &ridge);
        }
    }
    board.light(1.0, 0.25);
    board.finish()
}
