//! Ruler and compass: art-deco, op-art.

use std::f32::consts::{FRAC_PI_2, PI, TAU};

use crate::board::Board;
use crate::brush::Brush;
use crate::canvas::Canvas;
use crate::colour::{Palette, hex, mix, scaled};
use crate::noise::{fractal, hash};
use crate::random::Random;
use crate::shape::{Point, cover, distance, step, triangle, turned};

pub(super) fn art_deco(width: usize, height: usize, seed: u64) -> Canvas {
    let mut random = Random::new("art-deco", seed);
    let palette = Palette::new(
        &mut random,
        &[
            [0x0C1B1F, 0x0F4C4A, 0x1F7F78, 0xA63A2E, 0xE6D3A3, 0xF6EFDD],
            [0x14132B, 0x2B2F77, 0x7A2E5E, 0xC9655A, 0xE8CFA0, 0xF8F0E2],
            [0x16110E, 0x3A2A22, 0x6E1F2B, 0x2F6B63, 0xDCC48E, 0xF5ECD8],
        ],
    );
    let mut board = Board::new(width, height, palette.darkest());
    let pixel = board.pixel();
    let (bright, shade) = (hex(0xF3D58A), hex(0x9A6B1F));
    let (grain, metal) = (random.seed(), random.seed());
    let fan = random.vary(0.26, 0.17, 0.36);
    let (rays, rings) = (random.vary(9.0, 5.0, 15.0).floor(), random.vary(5.0, 3.0, 7.0).floor());
    let upside = random.whether(false, 0.3);
    let line = random.vary(0.0028, 0.002, 0.004);
    let kind = random.choose(&[0, 1, 2]);
    let inks: [usize; 4] = std::array::from_fn(|_| random.below(5));
    let inks = if random.canonical() { [0, 1, 2, 3] } else { inks };
    let high = board.high();
    let wide = board.wide();
    let (centre, horizon) = (random.vary(0.5, 0.25, 0.75) * wide, random.vary(0.62, 0.45, 0.8) * high);
    let scales = move |x: f32, y: f32| {
        // Discs in rows, like scales: each row covers the one above it, and only upper rims are visible.
        let row = (y / (fan * 0.25)).floor();
        for below in (-1..=2).rev() {
            let row = row + below as f32;
            let shift = if row.rem_euclid(2.0) < 1.0 { 0.0 } else { 0.5 };
            let column = (x / fan - shift).round();
            let foot = [(column + shift) * fan, row * fan * 0.25];
            let off = distance([x, y], foot);
            if off < fan * 0.5 {
                return (off, (foot[1] - y).atan2(x - foot[0]).rem_euclid(TAU), hash(column as i32, row as i32, 3));
            }
        }
        let foot = [(x / fan).round() * fan, (row + 1.0) * fan * 0.5];
        (distance([x, y], foot).min(fan * 0.499), FRAC_PI_2, 1)
    };
    board.fill(|x, y| {
        let y = if upside { high - y } else { y };
        let gold = mix(shade, bright, fractal(x * 5.0 + y * 7.0, y * 3.0, 3, metal) * 0.7 + 0.5 * triangle((x + y) * 1.7) - 0.1);
        let sunburst = kind == 1 || kind == 2 && y < horizon;
        let (off, turn, bits, size) = if sunburst {
            let (dx, dy) = (x - centre, horizon - y);
            (dx.hypot(dy), dy.atan2(dx).rem_euclid(TAU), 7, 1.0)
        } else {
            let (off, turn, bits) = scales(x, y);
            (off, turn, bits, fan * 0.5)
        };
        let mut colour;
        let mut edge: f32;
        if sunburst {
            let count = rays * 4.0;
            let place = turn / TAU * count * 2.0;
            let side = TAU * off / (count * 2.0);
            edge = (0.5 - (place - place.floor() - 0.5).abs()) * side;
            let ring = (off / (fan * 0.9)).floor();
            let ink = inks[((place.floor() as i64 + ring as i64 * 3).rem_euclid(4)) as usize];
            colour = mix(palette.0[ink], palette.darkest(), 0.45 * step(0.0, 0.9, off));
            let arc = (off / (fan * 0.9) - ring).min(ring + 1.0 - off / (fan * 0.9)) * fan * 0.9;
            edge = edge.min(arc);
            if off < fan * 0.45 {
                (colour, edge) = (palette.0[4], (fan * 0.45 - off).abs());
            }
        } else {
            let place = off / size * rings;
            let ring = place.floor();
            edge = (place - ring).min(ring + 1.0 - place) * size / rings;
            let ink = inks[((ring as u32 + bits % 2) % 4) as usize];
            colour = palette.0[ink];
            if (ring as u32).is_multiple_of(2) {
                // Every other ring is fluted with rays.
                let across = turn / PI * rays * 2.0;
                let side = off * PI / (rays * 2.0);
                edge = edge.min((0.5 - (across - across.floor() - 0.5).abs()) * side);
                let next = palette.0[inks[((ring as u32 + 1 + bits % 2) % 4) as usize]];
                colour = if across.floor().rem_euclid(2.0) < 1.0 { colour } else { mix(colour, next, 0.6) };
            }
        }
        colour = scaled(colour, 0.86 + 0.22 * off / size.max(off) + 0.10 * (fractal(x * 50.0, y * 50.0, 3, grain) - 0.5));
        mix(colour, gold, cover(edge - line, pixel))
    });
    // A border of stepped gold lines, in some variants.
    if random.whether(false, 0.3) {
        for i in 0..3 {
            let inset = 0.03 + 0.016 * i as f32;
            let frame =
                [[inset, inset], [wide - inset, inset], [wide - inset, high - inset], [inset, high - inset], [inset, inset]];
            board.stroke(&frame, &Brush::line(line * if i == 1 { 1.6 } else { 0.8 }, bright));
        }
    }
    board.finish()
}

pub(super) fn op_art(width: usize, height: usize, seed: u64) -> Canvas {
    let mut random = Random::new("op-art", seed);
    let palette = Palette::new(
        &mut random,
        &[
            [0x0D0D12, 0x14213D, 0xD7263D, 0x1B998B, 0xF5B82E, 0xFAF7F0],
            [0x10101A, 0x3A0CA3, 0xF72585, 0x4CC9F0, 0xF9C74F, 0xFFF9F0],
        ],
    );
    let mut board = Board::new(width, height, palette.lightest());
    let (wide, high) = (board.wide(), board.high());
    let bulges: Vec<(Point, f32, f32)> = (0..random.vary(4.0, 2.0, 7.0) as usize)
        .map(|_| ([random.unit() * wide, random.unit() * high], random.range(0.14, 0.34), random.range(-0.75, 0.75)))
        .collect();
    let kind = random.choose(&[0, 1, 2, 3]);
    let (pitch, lean) = (random.vary(0.038, 0.026, 0.052), random.vary(0.35, 0.0, PI));
    let (sway, wave) = (random.range(0.0, 0.06), random.range(4.0, 12.0));
    let (fold, grain) = (random.seed(), random.seed());
    let inks = if random.canonical() { [0, 2, 3] } else { [random.below(3), random.below(4), random.below(4)] };
    let light_ink = if random.whether(false, 0.3) { 4 } else { 5 };
    let pixel = board.pixel();
    board.fill(|x, y| {
        let (mut px, mut py, mut lift) = (x, y, 0.0);
        for &(at, radius, pull) in &bulges {
            let (dx, dy) = (px - at[0], py - at[1]);
            let off = dx.hypot(dy) / radius;
            if off < 1.0 {
                let dome = (1.0 - off * off).powi(2);
                (px, py) = (px - dx * pull * dome, py - dy * pull * dome);
                lift += pull * (dome - 0.3) + -(0.35 * pull * (dx + dy) / radius);
            }
        }
        let p = turned([px, py], lean);
        let bend = sway * (p[0] * wave).sin() + 0.03 * (fractal(px * 3.0, py * 3.0, 2, fold) - 0.5);
        let (u, v) = (p[0] / pitch, (p[1] + bend) / pitch);
        // `sign` is positive in the ink. For stripes, its size is the distance to the edge.
        let stripe = |v: f32| (triangle(v * 0.5) - 0.5) * 1.0;
        let sign = match kind {
            0 => {
                let (a, b) = (stripe(u), stripe(v));
                if a * b > 0.0 { a.abs().min(b.abs()) } else { -a.abs().min(b.abs()) }
            }
            1 => stripe(v),
            2 => stripe((u * u + v * v).sqrt() + 1.4 * (v.atan2(u) * 6.0).sin()),
            _ => {
                let off = ((u - u.round()).powi(2) + (v - v.round()).powi(2)).sqrt();
                0.30 + 0.12 * (u.round() * 0.9).sin() - off
            }
        };
        let ink = (sign * pitch / pixel * 0.8 + 0.5).clamp(0.0, 1.0);
        let zone = fractal(px * 2.2, py * 2.2, 2, fold ^ 1);
        let dark = palette.0[inks[if zone > 0.56 {
            1
        } else if zone < 0.43 {
            2
        } else {
            0
        }]];
        let light = palette.0[light_ink];
        let shade = 1.0 + 0.45 * lift.clamp(-0.8, 0.8);
        let paper = 0.96 + 0.08 * fractal(x * 80.0, y * 80.0, 2, grain);
        scaled(mix(scaled(light, shade.min(1.06)), mix(dark, light, 0.05), ink), paper)
    });
    board.finish()
}
