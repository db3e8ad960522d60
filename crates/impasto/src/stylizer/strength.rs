//! What a strength means: how a painting's look changes on the way from the photograph to the full style, measured on a thumbnail.
//!
//! The way has two parts in one. Style vectors are mixed, from the content's own to the style's; and at its beginning the painting fades in over
//! the photograph, because even in the content's own style the network paints. How much of the change happens where on the way is
//! different for every style and content. So it is measured: at a few places of the way the content's thumbnail is painted, and compared with
//! the thumbnail itself and with its painting in the full style, in Oklab. The way's place for strength s is where the
//! distance from the photograph is s of the sum of both distances: 0.5 looks equally far from both.

use crate::finish::distance;

/// Part of the way on which the painting fades in. Longer, and strokes shine through the photograph as a double exposure; shorter, and the
/// step from photograph to painting, which is mostly a loss of the finest detail, comes at once.
const FADE: f32 = 0.25;
/// Where the way is measured, besides its two ends.
pub(super) const PLACES: [f32; 5] = [0.0625, 0.125, 0.25, 0.5, 0.75];
/// Pixels of the longer side of the thumbnail: a painting of it takes a millisecond or two, and has strokes as the network draws them.
pub(super) const SIDE: usize = 128;

/// Where on the way from photograph to full style a strength is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Curve {
    /// Place and strength there, both rising from 0 to 1; none where the way is from the photograph to the painting in its full style.
    points: Vec<(f32, f32)>,
}

/// How a strength is painted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    /// How far the style vector is from the content's own style to the given one.
    pub(super) mix: f32,
    /// How much of the painting there is over the photograph.
    pub(super) fade: f32,
}

impl Place {
    fn at(mix: f32) -> Self {
        Place { mix, fade: (mix / FADE).min(1.0) }
    }
}

impl Curve {
    /// The way as it is: a strength is a place.
    pub(super) fn straight() -> Self {
        Curve { points: vec![(0.0, 0.0), (1.0, 1.0)] }
    }

    /// The painting in its full style, faded into the photograph.
    pub(super) fn fading() -> Self {
        Curve { points: Vec::new() }
    }

    /// From a thumbnail, its paintings at [`PLACES`], and that in the full style.
    pub(super) fn measured(photograph: &[f32], paintings: &[Vec<f32>], full: &[f32]) -> Self {
        let mut points = vec![(0.0, 0.0)];
        let mut greatest = 0.0f32;
        for (&mix, painting) in PLACES.iter().zip(paintings) {
            let fade = Place::at(mix).fade;
            let faded: Vec<f32> = photograph.iter().zip(painting).map(|(a, b)| a + (b - a) * fade).collect();
            let (from, to) = (distance(photograph, &faded), distance(&faded, full));
            // A style that changes nothing has no way to speak of.
            let share = if from + to > 0.0 { (from / (from + to)) as f32 } else { mix };
            // The way may turn back a little; a strength has one place only.
            greatest = greatest.max(share);
            points.push((mix, greatest));
        }
        points.push((1.0, 1.0));
        Curve { points }
    }

    /// Between this curve and another: 0 for this one, 1 for the other.
    pub(super) fn towards(&self, other: &Curve, share: f32) -> Self {
        let between = |(&(mix, from), &(_, to)): (&(f32, f32), &(f32, f32))| (mix, from + (to - from) * share);
        // Both were measured at the same places, or not at all.
        Curve { points: self.points.iter().zip(&other.points).map(between).collect() }
    }

    /// Where a strength of 0 to 1 is.
    pub(super) fn place(&self, strength: f32) -> Place {
        let Some(last) = self.points.len().checked_sub(1) else { return Place { mix: 1.0, fade: strength } };
        let next = self.points.iter().position(|&(_, s)| s >= strength).unwrap_or(last);
        let (mix, reached) = self.points[next];
        let mix = match next.checked_sub(1).map(|last| self.points[last]) {
            Some((from, s)) if reached > s && strength < reached => from + (mix - from) * (strength - s) / (reached - s),
            _ => mix,
        };
        Place::at(mix)
    }
}

#[cfg(test)]
mod tests {
    use super::{Curve, PLACES, Place};

    #[test]
    fn ends_are_the_photograph_and_the_full_style() {
        for curve in [
            Curve::straight(),
            Curve { points: vec![(0.0, 0.0), (0.2, 0.7), (0.5, 0.7), (1.0, 1.0)] },
            Curve { points: vec![(0.0, 0.0), (0.5, 0.0), (0.8, 1.0), (1.0, 1.0)] },
        ] {
            assert_eq!(curve.place(0.0), Place { mix: 0.0, fade: 0.0 }, "{curve:?}");
            assert_eq!(curve.place(1.0).fade, 1.0, "{curve:?}");
            let places: Vec<Place> = (0..=100).map(|i| curve.place(i as f32 / 100.0)).collect();
            assert!(places.windows(2).all(|p| p[0].mix <= p[1].mix && p[0].fade <= p[1].fade), "{curve:?}: {places:?}");
        }
        assert_eq!(Curve::fading().place(0.3), Place { mix: 1.0, fade: 0.3 });
        assert_eq!(Curve::straight().place(1.0).mix, 1.0);
        assert_eq!(Curve::straight().place(0.5).mix, 0.5);
    }

    #[test]
    fn what_changes_early_is_stretched() {
        // A way on which nearly all happens before a tenth of it.
        let photograph = vec![0.2; 300];
        let full = vec![0.8; 300];
        let paintings: Vec<Vec<f32>> = PLACES.iter().map(|&t| vec![0.2 + 0.6 * (t * 12.0).min(0.95); 300]).collect();
        let curve = Curve::measured(&photograph, &paintings, &full);
        assert!(curve.place(0.5).mix < 0.2, "{curve:?}");
        // One on which nearly all happens at its end.
        let paintings: Vec<Vec<f32>> = PLACES.iter().map(|&t| vec![0.2 + 0.6 * t.powi(6); 300]).collect();
        let curve = Curve::measured(&photograph, &paintings, &full);
        assert!(curve.place(0.5).mix > 0.8, "{curve:?}");
        // One without change.
        let curve = Curve::measured(&photograph, &vec![photograph.clone(); PLACES.len()], &photograph);
        assert!((curve.place(0.5).mix - 0.5).abs() < 1e-6, "{curve:?}");
    }
}
