//! Draws two pictures from nothing: a landscape at dusk to paint, and a canvas of brush strokes to paint it like.
//!
//! `cargo run --release -p impasto --example draw -- FOLDER` writes `FOLDER/landscape.jpg` and `FOLDER/strokes.jpg`: what the
//! README's picture was made of, and something to try Impasto with where no photograph is at hand.

use std::f32::consts::{PI, TAU};
use std::path::PathBuf;

use impasto::Picture;
use impasto::picture::{EncodeOptions, SaveOptions};

type Colour = [f32; 3];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder: PathBuf = std::env::args_os().nth(1).ok_or("give a folder to write to")?.into();
    std::fs::create_dir_all(&folder)?;
    let save = SaveOptions { overwrite: true, encode: EncodeOptions::default().quality(85), ..SaveOptions::default() };
    for (name, canvas) in [("landscape.jpg", landscape(720, 512)), ("strokes.jpg", strokes(512, 512))] {
        let path = folder.join(name);
        Picture::from_rgb_f32(canvas.width, canvas.height, canvas.rgb)?.save(&path, &save)?;
        println!("{}", path.display());
    }
    Ok(())
}

/// A picture that is being drawn, in sRGB values.
struct Canvas {
    width: usize,
    height: usize,
    rgb: Vec<f32>,
}

impl Canvas {
    /// A colour for each pixel's centre, in pixels.
    fn new(width: usize, height: usize, colour: impl Fn(f32, f32) -> Colour) -> Self {
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x as f32 + 0.5, y as f32 + 0.5)));
        Canvas { width, height, rgb: pixels.flat_map(|(x, y)| colour(x, y)).collect() }
    }

    /// Lays a colour over the pixels around a point, each by `share` of its distance from there.
    fn dab(&mut self, x: f32, y: f32, radius: f32, colour: impl Fn(f32, f32) -> (Colour, f32)) {
        let span = |at: f32, end: usize| (at - radius - 1.0).max(0.0) as usize..((at + radius + 2.0).max(0.0) as usize).min(end);
        for row in span(y, self.height) {
            for column in span(x, self.width) {
                let (colour, share) = colour(column as f32 + 0.5 - x, row as f32 + 0.5 - y);
                let at = (row * self.width + column) * 3;
                let pixel = &mut self.rgb[at..at + 3];
                pixel.iter_mut().zip(colour).for_each(|(old, new)| *old += (new.clamp(0.0, 1.0) - *old) * share.clamp(0.0, 1.0));
            }
        }
    }
}

fn mix(a: Colour, b: Colour, share: f32) -> Colour {
    let share = share.clamp(0.0, 1.0);
    std::array::from_fn(|i| a[i] + (b[i] - a[i]) * share)
}

/// 0 below `from`, 1 above `to`, smooth between.
fn step(from: f32, to: f32, x: f32) -> f32 {
    let t = ((x - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// A number in 0..1 that belongs to a grid point.
fn hash(x: i32, y: i32, seed: u32) -> f32 {
    let mut h = (x as u32).wrapping_mul(0x9E37_79B1) ^ (y as u32).wrapping_mul(0x85EB_CA77) ^ seed.wrapping_mul(0xC2B2_AE3D);
    h = (h ^ (h >> 15)).wrapping_mul(0x2C1B_3C6D);
    h = (h ^ (h >> 12)).wrapping_mul(0x297A_2D39);
    ((h ^ (h >> 15)) >> 8) as f32 / (1u32 << 24) as f32
}

/// Value noise of several octaves, about 0..1.
fn noise(x: f32, y: f32, octaves: u32, seed: u32) -> f32 {
    let (mut sum, mut size, mut scale) = (0.0, 0.5, 1.0);
    for octave in 0..octaves {
        let (x, y) = (x * scale, y * scale);
        let (left, top) = (x.floor() as i32, y.floor() as i32);
        let corner = |dx, dy| hash(left + dx, top + dy, seed + octave);
        let (tx, ty) = (step(0.0, 1.0, x - x.floor()), step(0.0, 1.0, y - y.floor()));
        let along = |dy| corner(0, dy) * (1.0 - tx) + corner(1, dy) * tx;
        sum += size * (along(0) * (1.0 - ty) + along(1) * ty);
        (size, scale) = (size * 0.5, scale * 2.03);
    }
    sum / (1.0 - 0.5f32.powi(octaves as i32))
}

/// Mountains over a lake, the sun just above them.
fn landscape(width: usize, height: usize) -> Canvas {
    let (w, h) = (width as f32, height as f32);
    let shore = 0.62;
    Canvas::new(width, height, |px, py| {
        let (x, y) = (px / h, py / h);
        let near = near_shore(x, w / h);
        if y > near.ground {
            let blades = noise(x * 90.0, y * 22.0, 3, 40);
            return mix([0.07, 0.10, 0.06], [0.34, 0.36, 0.14], blades * step(near.ground, 1.05, y) + 0.12 * blades);
        }
        if near.tree(x, y) {
            return mix([0.03, 0.07, 0.06], [0.10, 0.17, 0.10], noise(x * 60.0, y * 60.0, 2, 50));
        }
        if y < shore {
            return above_water(x, y, shore);
        }
        // The lake: what is above mirrored, shaken by ripples that grow towards the viewer, darker and bluer.
        let depth = y - shore;
        let ripple = noise(x * 5.0 + 3.0, (depth + 0.02).ln() * 26.0, 3, 30) - 0.5;
        let mirrored = above_water(x + ripple * 0.10 * depth, shore - depth * 0.95 + ripple * (0.05 + 0.3 * depth), shore);
        let glint = step(0.60, 0.72, noise(x * 7.0, (depth + 0.03).ln() * 30.0, 2, 31)) * step(0.30, 0.0, (x - SUN[0]).abs());
        let water = mix(mirrored, [0.07, 0.20, 0.32], 0.22 + depth);
        mix(water, [1.0, 0.84, 0.58], glint * 0.75)
    })
}

const SUN: [f32; 2] = [0.98, 0.20];

/// Sky and mountains; heights are in parts of the picture's, downwards.
fn above_water(x: f32, y: f32, shore: f32) -> Colour {
    let from_sun = ((x - SUN[0]).powi(2) + (y - SUN[1]).powi(2)).sqrt();
    let mut colour = mix([0.13, 0.25, 0.52], [0.98, 0.72, 0.45], step(-0.05, 0.52, y));
    let cloud = step(0.48, 0.72, noise(x * 2.2 + 7.0, y * 7.5, 5, 10));
    colour = mix(colour, mix([0.97, 0.82, 0.72], [0.62, 0.42, 0.52], step(0.05, 0.40, y)), cloud * 0.8);
    colour = mix(colour, [1.0, 0.88, 0.60], 0.75 * (-from_sun * 5.5).exp());
    colour = mix(colour, [1.0, 0.96, 0.82], step(0.060, 0.054, from_sun));
    // Four ridges, each nearer, lower and darker than the one behind it.
    let ridges: [(f32, f32, f32, Colour); 4] = [
        (0.38, 0.42, 2.1, [0.55, 0.50, 0.63]),
        (0.46, 0.30, 2.9, [0.36, 0.39, 0.54]),
        (0.52, 0.15, 3.7, [0.19, 0.30, 0.38]),
        (0.585, 0.07, 6.0, [0.10, 0.20, 0.20]),
    ];
    for (i, (base, range, pitch, body)) in ridges.into_iter().enumerate() {
        let seed = 60 + 7 * i as u32;
        let crest = |x: f32| base - range * (noise(x * pitch, 0.5, 6, seed) - 0.38);
        let top = crest(x);
        if y < top {
            continue;
        }
        // Slopes that face the sun are lit.
        let towards_sun = ((x - SUN[0]) * 4.0).clamp(-1.0, 1.0);
        let slope = (crest(x + 0.012) - crest(x - 0.012)) / 0.024 * towards_sun;
        let rock = noise(x * 26.0 + y * 22.0, y * 34.0 - x * 15.0, 5, seed + 3);
        let lit = step(-0.8, 1.0, -slope + (rock - 0.5) * 2.0);
        let snow = step(0.09, 0.01, y - top + (rock - 0.5) * 0.10) * if i < 2 { 0.5 + 0.4 * lit } else { 0.0 };
        colour = mix(mix(body, [0.0, 0.04, 0.10], 0.35), mix(body, [0.98, 0.66, 0.42], 0.45), lit);
        colour = mix(colour, [0.96, 0.92, 0.92], snow);
        // Mist in the valleys.
        colour = mix(colour, [0.93, 0.74, 0.60], 0.55 * step(top + 0.02, shore + 0.06, y) * (1.0 - 0.25 * i as f32));
    }
    colour
}

/// The dark near shore and its firs, above one place.
struct NearShore {
    ground: f32,
    aspect: f32,
}

fn near_shore(x: f32, aspect: f32) -> NearShore {
    let left = 0.80 + 0.9 * (x - 0.02).max(0.0).powf(1.4);
    let right = 0.93 + 1.2 * (aspect - x).max(0.0).powf(1.6);
    NearShore { ground: left.min(right) - 0.05 * noise(x * 9.0, 2.5, 4, 90), aspect }
}

impl NearShore {
    fn tree(&self, x: f32, y: f32) -> bool {
        let firs =
            [(0.05, 0.46), (0.13, 0.33), (0.21, 0.38), (0.285, 0.24), (self.aspect - 0.04, 0.30), (self.aspect - 0.11, 0.19)];
        firs.iter().any(|&(middle, tall)| {
            let foot = near_shore(middle, self.aspect).ground + 0.02;
            let down = (y - foot + tall) / tall;
            // Boughs: a saw tooth that widens towards the ground.
            let bough = 0.55 + 0.45 * (down * 9.0).fract();
            let ragged = 0.7 + 0.6 * noise(x * 70.0, y * 70.0, 2, (middle * 100.0) as u32);
            (0.0..=1.0).contains(&down) && (x - middle).abs() < 0.17 * tall * (0.06 + down) * bough * ragged
        })
    }
}

/// Thick strokes along a field of whirls, on a blue ground: broad ones first, fine ones last.
fn strokes(width: usize, height: usize) -> Canvas {
    let palette: [Colour; 7] = [
        [0.06, 0.13, 0.36],
        [0.10, 0.30, 0.60],
        [0.14, 0.50, 0.62],
        [0.55, 0.75, 0.74],
        [0.98, 0.90, 0.62],
        [0.95, 0.68, 0.16],
        [0.84, 0.30, 0.12],
    ];
    let mut canvas = Canvas::new(width, height, |_, _| palette[1]);
    let mut count = 0;
    let mut random = move || {
        count += 1;
        hash(count, count >> 7, 200)
    };
    let side = height as f32;
    for (number, thickness, length) in [(1500, 11.0, 80.0), (2400, 6.5, 60.0), (2000, 3.8, 46.0)] {
        for _ in 0..number {
            let (mut x, mut y) = ((random() * 1.2 - 0.1) * width as f32, (random() * 1.2 - 0.1) * side);
            // Neighbouring strokes have neighbouring colours; now and then one jumps.
            let place = noise(x / side * 3.4 + 20.0, y / side * 3.4, 3, 210);
            let jump = if random() < 0.12 { random() * 3.0 } else { 0.0 };
            let tone = ((place - 0.27) * 12.0 + (random() - 0.5) * 1.8 + jump).clamp(0.0, 5.999);
            let paint = mix(palette[tone as usize], palette[tone as usize + 1], tone.fract());
            let (phase, full) = (random() * TAU, length * (0.5 + random()));
            let mut gone = 0.0;
            while gone < full {
                let angle = flow(x / side, y / side);
                let (dx, dy) = (angle.cos(), angle.sin());
                // Bristles: ridges of paint along the stroke, lit from the upper left; it tapers at both ends.
                let radius = thickness * (PI * (gone / full).clamp(0.04, 0.96)).sin().powf(0.35);
                canvas.dab(x, y, radius, |across_x, across_y| {
                    let across = across_y * dx - across_x * dy;
                    let along = across_x * dx + across_y * dy;
                    let bristle = (across * 2.3 + phase).sin() * 0.07 + (across * 0.9 - phase).sin() * 0.05;
                    let edge = -0.10 * (across / radius) * (dx - dy).signum();
                    let inside = 1.0 - step(radius - 0.9, radius + 0.4, (across * across + along * along).sqrt());
                    (paint.map(|v| v * (1.0 + bristle + edge) + 0.5 * bristle), inside)
                });
                (x, y, gone) = (x + dx * 1.5, y + dy * 1.5, gone + 1.5);
            }
        }
    }
    canvas
}

/// The direction of strokes: around three whirls, bent by noise.
fn flow(x: f32, y: f32) -> f32 {
    let (mut dx, mut dy) = (0.25, 0.10);
    for (cx, cy, turn) in [(0.30, 0.32, 1.0), (0.74, 0.62, -1.2), (0.22, 0.88, 0.7)] {
        let (rx, ry): (f32, f32) = (x - cx, y - cy);
        let near = turn * (-(rx * rx + ry * ry) * 9.0).exp() / (rx * rx + ry * ry).sqrt().max(0.02);
        (dx, dy) = (dx - ry * near, dy + rx * near);
    }
    dy.atan2(dx) + (noise(x * 3.0, y * 3.0, 2, 220) - 0.5) * 1.6
}
