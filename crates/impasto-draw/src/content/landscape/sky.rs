//! Sky, sun and clouds.

use super::mood::Mood;
use crate::colour::{Colour, mix};
use crate::noise::{displace, fractal};
use crate::random::Random;
use crate::shape::step;

pub(super) struct Sky {
    sun: [f32; 2],
    seed: u32,
    cover: f32,
    streaks: f32,
}

impl Sky {
    pub(super) fn new(random: &mut Random, sun: [f32; 2], mood: &Mood) -> Self {
        Sky { sun, seed: random.seed(), cover: mood.cover, streaks: random.vary(0.5, 0.1, 0.9) }
    }

    /// Returns how thick the clouds are at a place in their layer, which is seen from below, in perspective.
    fn cloud(&self, across: f32, up: f32) -> f32 {
        let far = 1.0 / (up + 0.11);
        let (u, v) = (across * far * 1.25, far * 1.25);
        let [du, dv] = displace(u * 0.8, v * 0.8, 2, self.seed ^ 3);
        fractal(u + 0.55 * du, v * 1.5 + 0.55 * dv, 6, self.seed)
    }

    /// Returns the color of the sky. `across` is measured from the picture's middle and
    /// `up` from the horizon, in picture heights.
    pub(super) fn colour(&self, across: f32, up: f32, mood: &Mood) -> Colour {
        let mut colour = mix(mix(mood.low, mood.middle, step(0.0, 0.24, up)), mood.zenith, step(0.16, 0.66, up));
        let (dx, dy) = (across - self.sun[0], up - self.sun[1]);
        let off = dx.hypot(dy);
        // Light is added to the blue; mixing the two would give gray.
        let glow = 0.75 * (-off * 2.6).exp();
        colour = std::array::from_fn(|i| 1.0 - (1.0 - colour[i]) * (1.0 - glow * mood.low[i]));
        // High, thin streaks.
        let fibre = fractal(across * 1.6 + up * 2.4, up * 13.0 - across * 2.0, 5, self.seed ^ 9);
        colour = mix(colour, mood.cloud[0], self.streaks * 0.7 * step(0.46, 0.80, fibre) * step(0.10, 0.35, up));
        // Heaps of cloud: the side towards the sun is lit, and thick parts are in shade.
        let (thick, edge) = (self.cloud(across, up), 0.58 - 0.16 * self.cover);
        let body = step(edge, edge + 0.13, thick) * step(0.0, 0.07, up);
        if body > 0.0 {
            let reach = 0.035 / off.max(0.08);
            let towards = self.cloud(across - dx * reach, up - dy * reach);
            let lit = (0.55 + 5.0 * (thick - towards) - 1.1 * (thick - edge)).clamp(0.0, 1.0);
            let glow = 0.55 * (-off * 4.5).exp();
            let cloud = mix(mix(mood.cloud[1], mood.cloud[0], lit), mood.sun, glow);
            let cloud = mix(mix(colour, mood.low, 0.4), cloud, step(0.0, 0.30, up) * 0.6 + 0.4);
            colour = mix(colour, cloud, body * 0.92);
        }
        let veil = 1.0 - 0.6 * body;
        colour = mix(colour, mood.sun, veil * (1.45 * (-off * 8.0).exp()).min(1.0));
        let disc = step(0.030, 0.024, off) * (0.4 + 0.6 * veil);
        mix(colour, [1.15, 1.1, 1.0], disc)
    }
}
