//! A sun over ranges of hills, and water or fields in front of them.

use std::f32::consts::FRAC_PI_2;

use super::Look;
use crate::noise::{contrast, fractal, value};
use crate::random::Random;
use crate::shape::step;

struct Range {
    crest: f32,
    swing: f32,
    pitch: f32,
    hue: f32,
    seed: u32,
}

pub(super) fn scene(wide: f32, high: f32, random: &mut Random) -> impl Fn(f32, f32) -> Look + use<> {
    let sun = [random.vary(0.68, 0.15, 0.85) * wide, random.vary(0.24, 0.12, 0.36) * high];
    let size = random.vary(0.11, 0.05, 0.17) * wide.min(high);
    let count = 2 + random.below(4);
    let count = if random.canonical() { 4 } else { count };
    let start = random.vary(0.36, 0.28, 0.52);
    let ranges: Vec<Range> = (0..count)
        .map(|i| Range {
            crest: (start + (0.95 - start) * i as f32 / count as f32) * high,
            swing: random.range(0.10, 0.34) * high * (1.0 - 0.6 * i as f32 / count as f32),
            pitch: random.range(1.6, 4.5),
            hue: random.unit(),
            seed: random.seed(),
        })
        .collect();
    let (clouds, furrow, dusk) = (random.seed(), random.range(18.0, 40.0), random.whether(false, 0.3));
    move |x, y| {
        for (i, range) in ranges.iter().enumerate().rev() {
            let crest = |x: f32| range.crest - range.swing * (contrast(x * range.pitch, 0.5, 4, range.seed) - 0.4);
            let top = crest(x);
            if y > top {
                let slope = (crest(x + 0.01) - crest(x - 0.01)) / 0.02;
                let side = slope * (sun[0] - x).signum();
                let near = (i + 1) as f32 / count as f32;
                // Depth below the crest without its jags, which would run down the slope as streaks.
                let down = (y - range.crest + range.swing * (contrast(x * range.pitch, 0.5, 1, range.seed) - 0.4)).max(0.0);
                let rough = fractal(x * 14.0, y * 14.0, 3, range.seed ^ 9) - 0.5;
                let fields = 0.10 * (1.0 - near * 0.3) * (down * furrow + rough * 3.0).sin();
                // Each range is darkest at its crest and pales into the haze below, so that the next one stands out.
                let haze = 0.36 * step(0.0, 0.26, down);
                let tone =
                    0.56 - 0.38 * near - 0.18 * side.clamp(-1.0, 1.0) * step(0.16, 0.0, down) + haze + 0.45 * rough + fields;
                let angle = slope.atan() * (1.0 - 0.7 * step(0.0, 0.25, down)) + rough * 1.2;
                let hue = (range.hue * 0.5 + tone * 0.5).clamp(0.0, 0.9);
                return Look { tone: tone.clamp(0.03, 0.95), hue, region: 10 + i as u32, angle };
            }
        }
        let off = ((x - sun[0]).powi(2) + (y - sun[1]).powi(2)).sqrt();
        if off < size {
            let angle = (y - sun[1]).atan2(x - sun[0]) + FRAC_PI_2;
            return Look { tone: 0.98, hue: 0.8, region: 1, angle };
        }
        let rays = 0.10 * (-off * 2.0).exp() * ((off - size) * 90.0).cos();
        let cloud = step(0.5, 0.66, fractal(x * 2.4, y * 6.5, 4, clouds));
        let sky = 0.38 + 0.40 * (y / (start * high).max(1e-3)).min(1.0) + 0.3 * (-off * 4.0).exp();
        let tone = if dusk { sky * 0.7 } else { sky } + rays + cloud * 0.25;
        let swirl = (value(x * 3.0, y * 3.0, clouds ^ 5) - 0.5) * 1.6;
        let around = (y - sun[1]).atan2(x - sun[0]) + FRAC_PI_2;
        let pull = step(size * 4.0, size, off);
        let hue = 0.25 + 0.5 * tone;
        Look { tone: tone.clamp(0.05, 0.97), hue, region: 2 + u32::from(cloud > 0.5), angle: swirl + (around - swirl) * pull }
    }
}
