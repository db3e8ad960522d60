//! Trunks in front of a light sky, with their crowns and long shadows.

use std::f32::consts::FRAC_PI_2;

use super::Look;
use crate::noise::{fractal, value};
use crate::random::Random;
use crate::shape::step;

struct Tree {
    foot: [f32; 2],
    half: f32,
    lean: f32,
    crown: f32,
    near: f32,
    seed: u32,
}

pub(super) fn scene(wide: f32, high: f32, random: &mut Random) -> impl Fn(f32, f32) -> Look + use<> {
    let count = random.vary(11.0, 5.0, 20.0) as usize;
    let ground = random.vary(0.70, 0.6, 0.8) * high;
    let crown = random.vary(0.42, 0.12, 0.5) * high;
    let mut trees: Vec<Tree> = (0..count)
        .map(|i| {
            let near = random.unit();
            Tree {
                foot: [(i as f32 + random.unit()) / count as f32 * wide, ground + near * 0.2 * high],
                half: wide * (0.010 + 0.022 * near),
                lean: random.normal() * 0.06,
                crown: crown * random.range(0.8, 1.2),
                near,
                seed: random.seed(),
            }
        })
        .collect();
    trees.sort_by(|a, b| b.near.total_cmp(&a.near));
    let (sky, leaves, shade) = (random.seed(), random.seed(), random.vary(-0.8, -1.5, 1.5));
    let pitch = random.range(5.0, 10.0);
    move |x, y| {
        let canopy = fractal(x * pitch, y * pitch, 4, leaves);
        let edge = crown + 0.22 * high * (fractal(x * 4.0, 0.0, 3, leaves ^ 1) - 0.5);
        let foliage = canopy > 0.42 + 0.5 * step(edge * 0.4, edge, y);
        for tree in &trees {
            if y > tree.foot[1] {
                continue;
            }
            let up = tree.foot[1] - y;
            let bend = tree.lean * up + 0.02 * (value(up * 5.0, 0.0, tree.seed) - 0.5);
            let half = tree.half * (1.0 + 0.9 * (-up * 26.0).exp()) * (1.0 - 0.35 * up);
            let across = (x - tree.foot[0] - bend) / half.max(1e-4);
            if across.abs() < 1.0 && !(foliage && y < tree.crown * 0.8) {
                let bark = fractal(across * 2.5, y * 22.0, 3, tree.seed);
                let tone = 0.10 + 0.22 * (1.0 - tree.near) + 0.28 * step(0.1, -0.9, across) + 0.35 * (bark - 0.5);
                let region = 5 + u32::from(tree.near > 0.5);
                return Look { tone: tone.clamp(0.0, 0.8), hue: 0.05 + 0.3 * bark, region, angle: FRAC_PI_2 + (bark - 0.5) };
            }
        }
        if foliage && y < ground {
            let tone = 0.12 + 0.9 * (fractal(x * 24.0, y * 24.0, 2, leaves ^ 2) - 0.25) * step(0.3, 0.75, canopy);
            return Look { tone: tone.clamp(0.04, 0.8), hue: 0.2 + 0.6 * tone, region: 8, angle: canopy * 9.0 };
        }
        if y > ground {
            let down = y - ground;
            let bar = value((x + shade * down) * 9.0, 3.0, leaves ^ 7);
            let shadow = step(0.50, 0.56, bar);
            let grass = fractal(x * 40.0, y * 16.0, 3, sky ^ 4) - 0.5;
            let tone = 0.72 - 0.42 * shadow + 0.35 * grass;
            let region = 2 + u32::from(shadow > 0.5);
            return Look {
                tone: tone.clamp(0.05, 0.95),
                hue: 0.5 + 0.3 * grass - 0.25 * shadow,
                region,
                angle: shade * 0.3 + grass,
            };
        }
        let tone = 0.62 + 0.32 * (y / ground.max(1e-3)) + 0.3 * (fractal(x * 3.0, y * 8.0, 4, sky) - 0.5);
        Look { tone: tone.clamp(0.3, 1.0), hue: 0.55 + 0.4 * tone - 0.1, region: 1, angle: (canopy - 0.5) * 1.2 }
    }
}
