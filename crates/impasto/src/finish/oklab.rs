//! Oklab, Björn Ottosson's perceptual color space (2020, <https://bottosson.github.io/posts/oklab>): lightness 0..1,
//! and two axes of chroma (green to red, blue to yellow). Equal distances in it look about equally different.

use moxcms::{Oklab, Rgb};

/// Lightness, a, b.
pub(crate) type Lab = [f32; 3];

/// How far light may exceed 0..1 and still count as inside, as a multiple of the lightness. This covers the rounding
/// errors of colors at the border, and is too little to show at 16 bits. If it did not scale with lightness, it would
/// be as much as the light of the darkest colors.
const TOLERANCE: f32 = 2e-5;
/// Bisection steps when searching for the greatest chroma: it is found to 1/4096 of the requested chroma.
const HALVINGS: usize = 12;

/// Converts from linear light, 0..1. Gray has a chroma of exactly 0.
pub(super) fn from_light([r, g, b]: [f32; 3]) -> Lab {
    let Oklab { l, a, b: yellow } = Oklab::from_linear_rgb(Rgb { r, g, b });
    if r == g && g == b { [l, 0.0, 0.0] } else { [l, a, yellow] }
}

/// Converts to linear light, 0..1. A color outside sRGB keeps its lightness and hue and gets the most chroma possible.
/// Clipping its channels would change all three.
pub(super) fn to_light([l, a, b]: Lab) -> [f32; 3] {
    let l = l.clamp(0.0, 1.0);
    if a == 0.0 && b == 0.0 {
        return [l * l * l; 3];
    }
    let with = |share: f32| {
        let Rgb { r, g, b } = Oklab { l, a: a * share, b: b * share }.to_linear_rgb();
        [r, g, b]
    };
    let beyond = TOLERANCE * l;
    let inside = |light: &[f32; 3]| light.iter().all(|v| (-beyond..=1.0 + beyond).contains(v));
    let whole = with(1.0);
    if inside(&whole) {
        return whole.map(|v| v.clamp(0.0, 1.0));
    }
    let (mut least, mut most) = (0.0f32, 1.0f32);
    for _ in 0..HALVINGS {
        let middle = (least + most) / 2.0;
        if inside(&with(middle)) {
            least = middle;
        } else {
            most = middle;
        }
    }
    with(least).map(|v| v.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::{from_light, to_light};

    #[test]
    fn known_colours() {
        // White and the primaries, as Ottosson's page and CSS Color 4 have them.
        for (light, expected) in [
            ([1.0, 1.0, 1.0], [1.0, 0.0, 0.0]),
            ([1.0, 0.0, 0.0], [0.62796, 0.22486, 0.12585]),
            ([0.0, 1.0, 0.0], [0.86644, -0.23389, 0.17950]),
            ([0.0, 0.0, 1.0], [0.45201, -0.03246, -0.31153]),
        ] {
            let found = from_light(light);
            let error = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(error < 2e-5, "{light:?}: {found:?} instead of {expected:?}");
        }
    }

    #[test]
    fn there_and_back() {
        for i in 0..1000 {
            let light = [i % 10, i / 10 % 10, i / 100].map(|v| v as f32 / 9.0);
            let back = to_light(from_light(light));
            let error = back.iter().zip(light).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(error < 1e-4, "{light:?} becomes {back:?}");
        }
    }

    #[test]
    fn colours_that_are_none_keep_lightness_and_hue() {
        for lab in [[0.5, 0.4, 0.1], [0.9, -0.3, 0.3], [0.2, 0.05, -0.4], [0.99, 0.1, 0.0], [0.02, 0.0, 0.2]] {
            let light = to_light(lab);
            assert!(light.iter().all(|v| (0.0..=1.0).contains(v)), "{light:?}");
            let found = from_light(light);
            assert!((found[0] - lab[0]).abs() < 2e-3, "{lab:?}: lightness becomes {}", found[0]);
            let chroma = |lab: [f32; 3]| lab[1].hypot(lab[2]);
            let turned = (found[1] * lab[2] - found[2] * lab[1]).abs() / chroma(lab);
            assert!(turned < 2e-3, "{lab:?}: hue turns to {found:?}");
            assert!(chroma(found) < chroma(lab));
        }
        // Beyond white and black, there are only white and black.
        assert_eq!(to_light([1.2, 0.1, 0.0]).map(|v| v > 0.99), [true; 3]);
        assert_eq!(to_light([-0.2, 0.1, 0.0]).map(|v| v < 0.01), [true; 3]);
    }
}
