//! A still life: fruit and a jug on a table, lit from the upper left.

use std::f32::consts::FRAC_PI_2;

use super::Look;
use crate::noise::fractal;
use crate::random::Random;
use crate::shape::step;

struct Fruit {
    centre: [f32; 2],
    radius: f32,
    tall: f32,
    hue: f32,
}

pub(super) fn scene(wide: f32, high: f32, random: &mut Random) -> impl Fn(f32, f32) -> Look + use<> {
    let table = random.vary(0.56, 0.45, 0.66) * high;
    let count = 4 + random.below(6);
    let side = wide.min(high);
    let mut fruits: Vec<Fruit> = (0..count)
        .map(|i| {
            let radius = side * random.range(0.075, 0.14);
            let x = (0.12 + 0.76 * (i as f32 + random.range(0.1, 0.9)) / count as f32) * wide;
            let tall = random.range(0.85, 1.15);
            let foot = table + random.range(0.05, 0.9) * (high - table) * 0.75 + 0.06 * high;
            Fruit { centre: [x, foot - radius * tall], radius, tall, hue: random.unit() }
        })
        .collect();
    fruits.sort_by(|a, b| (a.centre[1] + a.radius * a.tall).total_cmp(&(b.centre[1] + b.radius * b.tall)));
    let jug = [random.vary(0.33, 0.2, 0.8) * wide, table + 0.06 * high];
    let (body, jug_hue) = (side * random.range(0.15, 0.2), random.unit());
    let (wall, cloth, stripes) = (random.seed(), random.seed(), random.range(14.0, 40.0));
    move |x, y| {
        for (i, fruit) in fruits.iter().enumerate().rev() {
            let (u, v) = ((x - fruit.centre[0]) / fruit.radius, (y - fruit.centre[1]) / (fruit.radius * fruit.tall));
            let off = u * u + v * v;
            if off < 1.0 {
                let depth = (1.0 - off).sqrt();
                let lit = (-0.55 * u - 0.6 * v + 0.58 * depth).max(0.0);
                let skin = 0.12 * (fractal(x * 22.0, y * 22.0, 3, wall ^ i as u32) - 0.5);
                let bounce = 0.14 * step(0.5, 1.0, v);
                let tone = 0.10 + 0.72 * lit + 0.5 * lit.powi(12) + bounce + skin;
                let hue = 0.3 + fruit.hue * 0.35 + 0.3 * (lit - 0.5);
                return Look { tone: tone.clamp(0.02, 1.0), hue, region: 20 + i as u32, angle: v.atan2(u) + FRAC_PI_2 };
            }
        }
        // The jug has a width for each height above its foot.
        let (up, out) = ((jug[1] - y) / body, (x - jug[0]) / body);
        if (0.0..2.5).contains(&up) {
            let belly = 0.95 * (1.0 - ((up - 0.85) / 1.15).powi(2)).max(0.0).sqrt();
            let girth = belly.max(0.36 + 0.16 * step(2.0, 2.5, up));
            let handle = ((out - 0.75).powi(2) + ((up - 1.7) / 1.25).powi(2)).sqrt();
            if out.abs() < girth || (handle - 0.42).abs() < 0.09 && out > 0.0 {
                let across = (out / girth).clamp(-1.0, 1.0);
                let lit = (0.75 - 0.65 * (across + 0.35)).clamp(0.05, 1.0) + 0.5 * step(0.10, 0.0, (across + 0.45).abs());
                let band = if (1.05..1.25).contains(&up) || (0.4..0.5).contains(&up) { -0.3 } else { 0.0 };
                let hue = (0.2 + 0.5 * jug_hue + band).clamp(0.0, 1.0);
                return Look { tone: (0.8 * lit + band).clamp(0.05, 1.0), hue, region: 12, angle: FRAC_PI_2 + across * 0.5 };
            }
        }
        let shadow = fruits
            .iter()
            .map(|f| {
                let (foot, width) = (f.centre[1] + f.radius * f.tall * 0.86, f.radius * 1.25);
                let (u, v) = ((x - f.centre[0] - 0.5 * f.radius) / width, (y - foot) / (width * 0.34));
                step(1.15, 0.75, (u * u + v * v).sqrt())
            })
            .fold(0.0, f32::max);
        if y > table {
            let fold = fractal(x * 4.0 + y * 2.0, y * 7.0, 3, cloth) - 0.5;
            let stripe = 0.09 * ((x * 0.6 + (y - table) * 0.9) * stripes + fold * 5.0).sin().signum();
            let tone = (0.66 + 0.5 * fold + stripe) * (1.0 - 0.68 * shadow);
            let region = 3 + u32::from(shadow > 0.5);
            return Look {
                tone: tone.clamp(0.02, 0.95),
                hue: 0.75 + 0.3 * fold - 0.45 * shadow,
                region,
                angle: fold * 1.5 - 0.15,
            };
        }
        let stain = fractal(x * 3.0, y * 3.0, 4, wall) - 0.5;
        let tone = 0.22 + 0.34 * (1.0 - x / wide.max(1e-3)) + 0.55 * stain;
        Look { tone: tone.clamp(0.03, 0.8), hue: 0.15 + 0.3 * tone, region: 1, angle: FRAC_PI_2 + stain * 3.0 }
    }
}
