//! The colors of the hour and the weather.

use crate::colour::{Colour, hex, shifted};
use crate::random::Random;

pub(super) struct Mood {
    pub(super) zenith: Colour,
    pub(super) middle: Colour,
    pub(super) low: Colour,
    pub(super) sun: Colour,
    /// The lit and the shaded side of the clouds.
    pub(super) cloud: [Colour; 2],
    /// Sunlight and skylight on the land. Values may be above 1.
    pub(super) light: Colour,
    pub(super) shade: Colour,
    pub(super) haze: Colour,
    pub(super) deep: Colour,
    pub(super) meadow: Colour,
    pub(super) wood: Colour,
    pub(super) cover: f32,
}

/// Returns late light for the canonical picture, and any hour for others.
pub(super) fn choose(random: &mut Random) -> Mood {
    let hour = random.choose(&[0, 1, 2, 3]);
    let [zenith, middle, low, sun, lit, shaded, haze, deep, meadow, wood] = [
        [0x2C569A, 0x8FA9CE, 0xFFC890, 0xFFF3CF, 0xFFE9C9, 0x9C8FA6, 0xE3C6AC, 0x123C4E, 0xA99B4C, 0x2F4A38],
        [0x3A4A8C, 0xA08FBF, 0xFBB99A, 0xFFE6C4, 0xFFD6C2, 0x7F74A3, 0xD9B3B5, 0x1F3358, 0x8A8A5A, 0x2A4048],
        [0x2A6FB5, 0x7FB4DC, 0xDCEBEE, 0xFFFBEA, 0xFFFFFF, 0xA9B7C6, 0xC6D8E0, 0x0F4A5E, 0x8FA552, 0x2F5636],
        [0x28305F, 0x8A5C8C, 0xF59A5E, 0xFFD79A, 0xF9A981, 0x5B4A78, 0xB98A93, 0x1B2548, 0x7F6B4A, 0x26333F],
    ][hour]
        .map(hex);
    let (light, shade) = [
        ([1.36, 1.10, 0.80], [0.40, 0.46, 0.62]),
        ([1.25, 0.96, 0.82], [0.42, 0.42, 0.62]),
        ([1.20, 1.14, 1.02], [0.44, 0.52, 0.64]),
        ([1.28, 0.82, 0.58], [0.36, 0.34, 0.56]),
    ][hour];
    let (turn, canonical) = (random.normal() * 0.12, random.canonical());
    let autumn = random.whether(false, 0.35);
    let turned = |c: Colour| if canonical { c } else { shifted(c, turn, 1.0, 0.0) };
    let fallen = |c: Colour| if autumn { shifted(c, -0.75, 1.5, 0.03) } else { c };
    Mood {
        zenith: turned(zenith),
        middle: turned(middle),
        low: turned(low),
        sun,
        cloud: [lit, turned(shaded)],
        light,
        shade,
        haze: turned(haze),
        deep: turned(deep),
        meadow: fallen(meadow),
        wood: fallen(wood),
        cover: random.vary(0.85, 0.1, 1.0),
    }
}
