//! Flowers over leaves.

use std::f32::consts::{FRAC_PI_2, PI, TAU};

use super::Look;
use crate::noise::fractal;
use crate::random::Random;
use crate::shape::step;

struct Flower {
    centre: [f32; 2],
    radius: f32,
    petals: f32,
    turn: f32,
    hue: f32,
    layers: usize,
}

pub(super) fn scene(wide: f32, high: f32, random: &mut Random) -> impl Fn(f32, f32) -> Look + use<> {
    let count = random.vary(15.0, 6.0, 26.0) as usize;
    let size = (0.62 / (count as f32).sqrt()).min(0.2);
    let mut flowers: Vec<Flower> = Vec::new();
    for _ in 0..count {
        // Takes the best of a few places: the one farthest from the flowers so far.
        let clear = |at: &[f32; 2]| {
            flowers.iter().map(|f| (at[0] - f.centre[0]).powi(2) + (at[1] - f.centre[1]).powi(2)).fold(f32::MAX, f32::min)
        };
        let places: Vec<[f32; 2]> = (0..7).map(|_| [random.unit() * wide, random.unit() * high]).collect();
        let centre = places.into_iter().max_by(|a, b| clear(a).total_cmp(&clear(b))).unwrap_or([0.0; 2]);
        let radius = size * random.range(0.6, 1.35);
        let petals = random.range(5.0, 13.0).floor();
        let (turn, hue, layers) = (random.unit() * TAU, random.unit(), 1 + random.below(3));
        flowers.push(Flower { centre, radius, petals, turn, hue, layers });
    }
    let (leaves, lean) = (random.seed(), random.unit() * PI);
    move |x, y| {
        for (i, flower) in flowers.iter().enumerate().rev() {
            let (dx, dy) = (x - flower.centre[0], y - flower.centre[1]);
            let off = (dx * dx + dy * dy).sqrt() / flower.radius;
            if off > 1.0 {
                continue;
            }
            let round = dy.atan2(dx);
            if off < 0.2 {
                let tone = 0.25 + 0.3 * (off * 70.0).sin().abs();
                return Look { tone, hue: 0.7, region: 4 + i as u32 * 8, angle: round + FRAC_PI_2 };
            }
            for layer in 0..flower.layers {
                let reach = 1.0 - 0.26 * (flower.layers - 1 - layer) as f32;
                let petal = round * flower.petals / TAU + flower.turn + 0.5 * layer as f32;
                let across = (petal - petal.round()).abs() * 2.0;
                let edge = reach * (0.55 + 0.45 * (1.0 - across * across).max(0.0).sqrt());
                if off < edge {
                    let vein = 0.06 * (petal * 30.0).sin();
                    let tone =
                        0.92 - 0.5 * across * across - 0.35 * step(0.5, 0.1, off) + vein - 0.08 * (flower.layers - layer) as f32;
                    let region = 5 + i as u32 * 8 + layer as u32;
                    return Look { tone: tone.clamp(0.1, 1.0), hue: flower.hue * 0.55 + tone * 0.4, region, angle: round };
                }
            }
        }
        let bend = fractal(x * 3.0, y * 3.0, 2, leaves) * 4.0 + lean;
        let along = x * bend.cos() + y * bend.sin();
        let blade = ((along * 34.0).sin() * 0.5 + 0.5) * 0.3 + 0.25 * fractal(x * 12.0, y * 12.0, 3, leaves ^ 3);
        Look {
            tone: blade.clamp(0.02, 0.6),
            hue: 0.1 + 0.4 * blade,
            region: 1 + u32::from(blade > 0.28),
            angle: bend + FRAC_PI_2,
        }
    }
}
