//! The land: its heights, its plants, and its light.

use super::mood::Mood;
use crate::colour::{Colour, mix};
use crate::noise::{fractal, hash, ridged, value};
use crate::random::Random;
use crate::shape::step;

/// The height field. Lengths are in units of the eye's height above the lake, whose surface is at 0. `x`
/// is across, `z` is away from the viewer.
pub(super) struct Terrain {
    seed: u32,
    peaks: Vec<Peak>,
    /// Half the lake's width near the viewer, and how fast it widens.
    lake: [f32; 2],
    bend: f32,
    end: f32,
    /// The height above which there is snow where the ground is not too steep.
    snow: f32,
    /// Direction towards the light: across, up, away.
    light: [f32; 3],
}

/// A mountain, before crags are cut into it.
struct Peak {
    at: [f32; 2],
    tall: f32,
    girth: f32,
}

/// Distance between the firs of a stand.
const TREE: f32 = 0.62;

impl Terrain {
    pub(super) fn new(random: &mut Random, side: f32) -> Self {
        // The highest peak is away from the sun, the others on both sides of it.
        let mut peaks = vec![Peak {
            at: [-side * random.vary(17.0, 6.0, 30.0), random.vary(112.0, 95.0, 130.0)],
            tall: random.vary(31.0, 24.0, 38.0),
            girth: random.vary(30.0, 22.0, 38.0),
        }];
        for i in 0..5 {
            let away = if i % 2 == 0 { side } else { -side };
            peaks.push(Peak {
                at: [away * random.range(18.0, 80.0), random.range(95.0, 190.0)],
                tall: random.range(9.0, 22.0),
                girth: random.range(30.0, 48.0),
            });
        }
        Terrain {
            seed: random.seed(),
            peaks,
            lake: [random.vary(11.0, 8.0, 14.0), random.vary(0.13, 0.05, 0.2)],
            bend: random.vary(3.0, -8.0, 8.0) * side,
            end: random.vary(74.0, 58.0, 88.0),
            snow: random.vary(15.0, 10.0, 26.0),
            light: [side * 0.80, 0.50, 0.20],
        }
    }

    /// Returns the height without trees.
    fn ground(&self, x: f32, z: f32, octaves: u32) -> f32 {
        let seed = self.seed;
        // The shores of the lake wander.
        let middle = self.bend * (z * 0.035).sin();
        let wander = 9.0 * (fractal(x * 0.05, z * 0.05, 3, seed) - 0.5) + 1.2 * (value(x * 0.7, z * 0.7, seed ^ 2) - 0.5);
        let out = (x - middle).abs() - self.lake[0] - self.lake[1] * z + wander;
        let beyond = z - self.end + 2.0 * wander;
        let shore = out.max(beyond).max(0.0) + 0.9 * out.max(beyond).min(0.0);
        if shore < -3.0 {
            return shore;
        }
        // Hills by the lake, then the mountains.
        let mut height = 0.30 * shore.min(2.0) + 5.2 * step(1.0, 26.0, shore) * (0.35 + fractal(x * 0.06, z * 0.06, 4, seed ^ 5));
        let mut mountain = 0.0;
        for peak in &self.peaks {
            let off = ((x - peak.at[0]).powi(2) + ((z - peak.at[1]) * 0.8).powi(2)).sqrt() / peak.girth;
            if off < 1.9 {
                // Steeper towards the top, like old volcanic cones.
                let cone = (1.0 - off / 1.9).powi(2) * (1.0 + 0.40 * (-off * 2.6).exp());
                mountain += peak.tall * cone * 0.92;
            }
        }
        if mountain > 0.05 {
            let crags = ridged(x * 0.042, z * 0.042, octaves, seed ^ 7);
            height += mountain * (0.40 + 0.95 * crags) * step(0.0, 30.0, shore);
        }
        height
    }

    /// Firs on the slopes: cones on a grid, each moved within its square. Returns how far up a tree a place is.
    fn tree(&self, x: f32, z: f32, ground: f32) -> f32 {
        if !(0.10..12.0).contains(&ground) {
            return 0.0;
        }
        let stand = fractal(x * 0.16, z * 0.16, 3, self.seed ^ 11) - 0.030 * (ground - 5.0).max(0.0);
        if stand < 0.44 {
            return 0.0;
        }
        let (u, v) = (x / TREE, z / TREE);
        let (column, row) = (u.floor() as i32, v.floor() as i32);
        let mut best: f32 = 0.0;
        for dy in 0..2 {
            for dx in 0..2 {
                // The four squares nearest to the place.
                let column = column.wrapping_add(dx - i32::from(u.fract().abs() < 0.5));
                let row = row.wrapping_add(dy - i32::from(v.fract().abs() < 0.5));
                let bits = hash(column, row, self.seed);
                let part = |n: u32| (bits >> n & 255) as f32 / 255.0;
                let at = [column as f32 + 0.25 + 0.5 * part(0), row as f32 + 0.25 + 0.5 * part(8)];
                let off = ((u - at[0]).powi(2) + (v - at[1]).powi(2)).sqrt();
                let tall = (0.65 + 0.9 * part(16)) * step(0.43, 0.50, stand);
                best = best.max(tall * (1.0 - off / (0.34 + 0.22 * part(16))));
            }
        }
        best.max(0.0)
    }

    pub(super) fn height(&self, x: f32, z: f32) -> f32 {
        let ground = self.ground(x, z, if z < 60.0 { 4 } else { 6 });
        if ground <= 0.0 { ground } else { ground + self.tree(x, z, ground) }
    }

    /// Returns how much sun reaches a place, 0 to 1.
    fn sunlit(&self, x: f32, z: f32, height: f32) -> f32 {
        let (mut open, mut gone) = (1.0f32, 0.6);
        for _ in 0..6 {
            let land = self.ground(x + self.light[0] * gone, z + self.light[2] * gone, 3);
            open = open.min(1.0 + (height + 0.25 + self.light[1] * 0.8 * gone - land) / (0.12 * gone + 0.25));
            gone *= 2.1;
        }
        open.clamp(0.0, 1.0)
    }

    pub(super) fn colour(&self, x: f32, z: f32, height: f32, across: f32, mood: &Mood, sun: [f32; 2]) -> Colour {
        let d = 0.003 * z + 0.03;
        let octaves = if z < 60.0 { 4 } else { 6 };
        let ground = self.ground(x, z, octaves);
        let soft = self.ground(x, z, 5);
        let (gx, gz) = ((self.ground(x + d, z, 5) - soft) / d, (self.ground(x, z + d, 5) - soft) / d);
        let length = (gx * gx + gz * gz + 1.0).sqrt();
        let normal = [-gx / length, 1.0 / length, -gz / length];
        let up = height - ground;
        // Also by height; otherwise cliffs would have streaks from top to foot.
        let (u, v) = (x + 0.35 * z, 1.6 * height + 0.5 * z);
        let detail = fractal(u * 0.7, v * 0.7, 5, self.seed ^ 21) - 0.5;
        let fine = value(u * 7.0, v * 7.0, self.seed ^ 22) - 0.5;
        let light = self.light;
        let facing = normal[0] * light[0] + normal[1] * light[1] + normal[2] * light[2];
        // Bare rock is rougher than the height field.
        let rough = (ridged(u * 0.55 + 3.0, v * 0.55, 4, self.seed ^ 41) - 0.36) * step(5.0, 12.0, height);
        let lit = (facing * 1.25 + 0.75 * rough).clamp(0.0, 1.0) * self.sunlit(x, z, height);
        let mut albedo;
        if up > 0.02 {
            // Tips of firs catch the light.
            let tip = step(0.0, 1.0, up);
            albedo = mix(mood.wood.map(|v| v * 0.30), mood.wood.map(|v| v * 0.85), tip);
            let stand = fractal(x * 0.3, z * 0.3, 2, self.seed ^ 31);
            albedo = mix(albedo, mood.meadow, tip * (0.45 * step(0.45, 0.7, stand) + 0.25 * fine));
        } else {
            let rock = mix([0.33, 0.31, 0.33], [0.60, 0.54, 0.49], 0.5 + 1.6 * detail + 0.6 * rough);
            let grass = mix(mood.meadow.map(|v| v * 0.62), mood.meadow, 0.5 + 1.5 * detail + 0.5 * fine);
            let steep = step(0.86, 0.62, normal[1] + 0.25 * detail);
            albedo = mix(grass, rock, steep.max(step(6.0, 13.0, height + 5.0 * detail)));
            albedo = mix([0.63, 0.57, 0.46], albedo, step(0.05, 0.30, height));
            let snow = step(-2.5, 2.5, height - self.snow + 10.0 * detail) * step(0.30, 0.50, normal[1] + 0.45 * detail);
            albedo = mix(albedo, [0.93, 0.95, 1.0], snow);
        }
        let sky = 0.55 + 0.45 * normal[1];
        let colour: Colour = std::array::from_fn(|i| albedo[i] * (mood.light[i] * lit + mood.shade[i] * sky));
        // Air: more of it farther away and lower down, and warmer towards the sun.
        let away = 1.0 - (-(z / 150.0).powf(1.35)).exp();
        let low = 0.62 * (-height / 4.5).exp() * step(24.0, 110.0, z);
        let towards = (-(across - sun[0]).abs() * 1.8).exp();
        let air = mix(mix(mood.haze, mood.middle, 0.55 * step(0.0, 1.0, away)), mood.low, 0.65 * towards);
        mix(colour, air, (away * 0.70 + low * (1.0 - away)).clamp(0.0, 0.94))
    }
}
