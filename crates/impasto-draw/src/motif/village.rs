//! Houses stacked on a hill, with roofs and windows lit from one side.

use std::f32::consts::FRAC_PI_2;

use super::Look;
use crate::noise::fractal;
use crate::random::Random;
use crate::shape::step;

struct House {
    left: f32,
    foot: f32,
    wide: f32,
    wall: f32,
    roof: f32,
    hue: f32,
    tower: bool,
}

pub(super) fn scene(wide: f32, high: f32, random: &mut Random) -> impl Fn(f32, f32) -> Look + use<> {
    let rows = random.vary(5.0, 3.0, 7.0) as usize;
    let top = random.vary(0.42, 0.3, 0.55) * high;
    let summit = random.vary(0.55, 0.2, 0.8) * wide;
    let mut houses = Vec::new();
    for row in 0..rows {
        let near = (row as f32 + 0.5) / rows as f32;
        let width = wide * (0.085 + 0.07 * near);
        let mut x = -width * random.unit();
        while x < wide {
            let house = width * random.range(0.7, 1.3);
            let hill = 0.22 * high * ((x + 0.5 * house - summit) / wide.max(1e-3)).powi(2) * (1.0 - near);
            houses.push(House {
                left: x,
                foot: top + (high * 1.02 - top) * (near + 0.16) + hill + random.normal() * 0.01,
                wide: house,
                wall: high * random.range(0.10, 0.17),
                roof: high * random.range(0.03, 0.08),
                hue: random.unit(),
                tower: random.chance(0.08),
            });
            // The loop ends because each width is a positive part of the whole.
            x += (house * random.range(0.8, 1.05)).max(wide * 0.02).max(1e-3);
        }
    }
    houses.reverse();
    let (clouds, grain) = (random.seed(), random.seed());
    let moon = [random.unit() * wide, random.range(0.08, 0.22) * high];
    move |x, y| {
        for (i, house) in houses.iter().enumerate() {
            let u = (x - house.left) / house.wide;
            if !(0.0..1.0).contains(&u) || y > house.foot + 0.2 {
                continue;
            }
            let wall = if house.tower { house.wall * 1.7 } else { house.wall };
            let ridge = if house.tower { house.roof * 2.0 } else { house.roof };
            let up = house.foot - y;
            let rough = fractal(x * 30.0, y * 30.0, 3, grain ^ i as u32) - 0.5;
            let region = 10 + 4 * i as u32;
            if up < wall {
                let lit = u < 0.62;
                let columns = if house.tower { 1.0 } else { 3.0 };
                let (wx, wy) = ((u * columns).fract(), up / house.wall * 2.4);
                let window = (0.33..0.67).contains(&wx) && (0.35..0.8).contains(&wy.fract()) && wy < 2.2;
                let base = if lit { 0.80 } else { 0.42 };
                let tone = if window { 0.14 } else { base + 0.4 * rough - 0.18 * step(0.25, 1.0, wy - 1.0) };
                let hue = if window { 0.1 } else { house.hue * 0.6 + base * 0.4 };
                return Look { tone: tone.clamp(0.02, 1.0), hue, region: region + u32::from(window), angle: FRAC_PI_2 + rough };
            }
            if up < wall + ridge * (1.0 - (2.0 * u - 1.0).abs()) {
                let tiles = 0.1 * (u * 40.0).sin();
                let tone = if u < 0.5 { 0.58 } else { 0.24 } + tiles + 0.3 * rough;
                let slope = if u < 0.5 { -1.0 } else { 1.0 } * ridge / house.wide * 2.0;
                return Look {
                    tone: tone.clamp(0.02, 1.0),
                    hue: 0.35 + 0.3 * house.hue,
                    region: region + 2,
                    angle: slope.atan(),
                };
            }
        }
        let off = ((x - moon[0]).powi(2) + (y - moon[1]).powi(2)).sqrt();
        if off < 0.07 {
            return Look { tone: 0.97, hue: 0.95, region: 2, angle: 0.0 };
        }
        let cloud = fractal(x * 2.5, y * 6.0, 4, clouds);
        let tone = 0.30 + 0.4 * y / top.max(1e-3) + 0.9 * (cloud - 0.5) + 0.2 * (-off * 5.0).exp();
        Look { tone: tone.clamp(0.05, 0.95), hue: 0.2 + 0.5 * tone, region: 1, angle: (cloud - 0.5) * 3.0 }
    }
}
