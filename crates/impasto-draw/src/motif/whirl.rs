//! Only currents, no things: folded noise with bands and eddies.

use super::Look;
use crate::noise::{displace, fractal};
use crate::random::Random;

pub(super) fn scene(_wide: f32, _high: f32, random: &mut Random) -> impl Fn(f32, f32) -> Look + use<> {
    let (pitch, fold, bands) = (random.vary(2.0, 1.2, 3.2), random.vary(0.5, 0.2, 0.8), random.vary(3.0, 1.5, 6.0));
    let seed = random.seed();
    let height = move |x: f32, y: f32| {
        let [dx, dy] = displace(x * pitch, y * pitch, 2, seed);
        fractal((x + fold * dx) * pitch, (y + fold * dy) * pitch, 3, seed ^ 1)
    };
    move |x, y| {
        let here = height(x, y);
        let (dx, dy) = (height(x + 0.006, y) - here, height(x, y + 0.006) - here);
        let band = here * bands * 2.0;
        let tone = 0.5 + 0.47 * (band * std::f32::consts::PI).sin();
        let region = band.floor().max(0.0) as u32;
        Look {
            tone: tone.clamp(0.02, 0.98),
            hue: (0.5 * tone + 1.4 * (here - 0.25)).clamp(0.0, 1.0),
            region,
            angle: dx.atan2(-dy),
        }
    }
}
