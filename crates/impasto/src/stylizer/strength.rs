//! What a strength means: how a painting's look changes on the way from the photograph to the full style, measured on a
//! thumbnail.
//!
//! Two things happen on the way. Style vectors are mixed, from the content's own to the style's. And at the beginning
//! the painting fades in over the photograph, because the network paints even in the content's own style. Where on the
//! way most of the change happens is different for every style and content, so it is measured: the content's thumbnail
//! is painted at a few places on the way. Each painting is compared, in Oklab, with the thumbnail itself and with its
//! painting in the full style. The place for strength s is where the distance from the photograph is s times the sum of
//! both distances: 0.5 looks equally far from both.

use crate::finish::distance;

/// Part of the way on which the painting fades in. If it is longer, strokes show through the photograph as a double
/// exposure. If it is shorter, the step from photograph to painting, which is mostly a loss of the finest detail, comes
/// at once.
const FADE: f32 = 0.25;
/// Places on the way that are measured, besides the two ends.
pub(super) const PLACES: [f32; 5] = [0.0625, 0.125, 0.25, 0.5, 0.75];
/// Longer side of the thumbnail in pixels. Painting it takes a millisecond or two, with strokes as the network draws
/// them.
pub(super) const SIDE: usize = 128;

/// Maps strengths to places on the way from the photograph to the full style.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Curve {
    /// Places and the strengths there, both rising from 0 to 1. Empty if the full painting just fades into the
    /// photograph.
    points: Vec<(f32, f32)>,
}

/// How a strength is painted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    /// How far the style vector is on the way from the content's own style to the given one.
    pub(super) mix: f32,
    /// How much of the painting covers the photograph.
    pub(super) fade: f32,
}

impl Place {
    fn at(mix: f32) -> Self {
        Place { mix, fade: (mix / FADE).min(1.0) }
    }
}

impl Curve {
    /// The identity: a strength is its place.
    pub(super) fn straight() -> Self {
        Curve { points: vec![(0.0, 0.0), (1.0, 1.0)] }
    }

    /// Fades the painting in its full style into the photograph.
    pub(super) fn fading() -> Self {
        Curve { points: Vec::new() }
    }

    /// Computes a curve from a thumbnail, its paintings at [`PLACES`], and its painting in the full style.
    pub(super) fn measured(photograph: &[f32], paintings: &[Vec<f32>], full: &[f32]) -> Self {
        let mut points = vec![(0.0, 0.0)];
        let mut greatest = 0.0f32;
        for (&mix, painting) in PLACES.iter().zip(paintings) {
            let fade = Place::at(mix).fade;
            let faded: Vec<f32> = photograph.iter().zip(painting).map(|(a, b)| a + (b - a) * fade).collect();
            let (from, to) = (distance(photograph, &faded), distance(&faded, full));
            // If a style changes nothing, there is nothing to measure.
            let share = if from + to > 0.0 { (from / (from + to)) as f32 } else { mix };
            // The look may turn back a little on the way, but a strength has only one place.
            greatest = greatest.max(share);
            points.push((mix, greatest));
        }
        points.push((1.0, 1.0));
        Curve { points }
    }

    /// Returns a curve between this one and another: 0 for this one, 1 for the other.
    pub(super) fn towards(&self, other: &Curve, share: f32) -> Self {
        let between = |(&(mix, from), &(_, to)): (&(f32, f32), &(f32, f32))| (mix, from + (to - from) * share);
        // Both were measured at the same places, or not at all.
        Curve { points: self.points.iter().zip(&other.points).map(between).collect() }
    }

    /// Returns the place of a strength from 0 to 1.
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
        // Nearly all of the change happens in the first tenth of the way.
        let photograph = vec![0.2; 300];
        let full = vec![0.8; 300];
        let paintings: Vec<Vec<f32>> = PLACES.iter().map(|&t| vec![0.2 + 0.6 * (t * 12.0).min(0.95); 300]).collect();
        let curve = Curve::measured(&photograph, &paintings, &full);
        assert!(curve.place(0.5).mix < 0.2, "{curve:?}");
        // Nearly all of it happens at the end.
        let paintings: Vec<Vec<f32>> = PLACES.iter().map(|&t| vec![0.2 + 0.6 * t.powi(6); 300]).collect();
        let curve = Curve::measured(&photograph, &paintings, &full);
        assert!(curve.place(0.5).mix > 0.8, "{curve:?}");
        // Nothing changes.
        let curve = Curve::measured(&photograph, &vec![photograph.clone(); PLACES.len()], &photograph);
        assert!((curve.place(0.5).mix - 0.5).abs() < 1e-6, "{curve:?}");
    }
}
