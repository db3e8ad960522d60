//! The transforms of F(4, 3) along one axis, at the points 0, ±1, ±2, ∞: four outputs of a 3-tap filter from six inputs
//! and six products. Two-dimensional transforms apply them to columns, then to rows.
//!
//! F(6×6, 3×3) needs a fifth fewer products, but its transforms cost what that saves. On the shapes of the
//! networks here, it was measured within 4% either way at 128 channels and slower elsewhere
//! (`docs/performance.md`), and it is three times less exact.

use crate::simd::Simd;

/// Inputs of a tile along one axis, and also products.
pub(super) const INPUTS: usize = 6;
/// Outputs of a tile along one axis.
pub(super) const OUTPUTS: usize = 4;

/// Transforms a filter's taps along one axis.
#[inline(always)]
pub(super) fn weights<S: Simd>(s: S, g: [S::V; 3]) -> [S::V; INPUTS] {
    let sixth = s.splat(1.0 / 6.0);
    let outer = s.mul(s.add(g[0], g[2]), s.splat(-1.0 / 6.0));
    let middle = s.mul(g[1], sixth);
    let outer_2 = s.mul_add(g[0], s.splat(1.0 / 24.0), s.mul(g[2], sixth));
    let middle_2 = s.mul(g[1], s.splat(1.0 / 12.0));
    [
        s.mul(g[0], s.splat(0.25)),
        s.sub(outer, middle),
        s.add(outer, middle),
        s.add(outer_2, middle_2),
        s.sub(outer_2, middle_2),
        g[2],
    ]
}

/// Transforms a tile's inputs along one axis.
#[inline(always)]
pub(super) fn input<S: Simd>(s: S, d: [S::V; INPUTS]) -> [S::V; INPUTS] {
    let (four, minus_four, minus_five, two, minus_two) =
        (s.splat(4.0), s.splat(-4.0), s.splat(-5.0), s.splat(2.0), s.splat(-2.0));
    let even = s.mul_add(d[2], minus_four, d[4]);
    let odd = s.mul_add(d[1], minus_four, d[3]);
    let even_2 = s.sub(d[4], d[2]);
    let odd_2 = s.sub(d[3], d[1]);
    [
        s.mul_add(d[0], four, s.mul_add(d[2], minus_five, d[4])),
        s.add(even, odd),
        s.sub(even, odd),
        s.mul_add(odd_2, two, even_2),
        s.mul_add(odd_2, minus_two, even_2),
        s.mul_add(d[1], four, s.mul_add(d[3], minus_five, d[5])),
    ]
}

/// Transforms products back to outputs along one axis.
#[inline(always)]
pub(super) fn output<S: Simd>(s: S, m: [S::V; INPUTS]) -> [S::V; OUTPUTS] {
    let (sum_1, difference_1) = (s.add(m[1], m[2]), s.sub(m[1], m[2]));
    let (sum_2, difference_2) = (s.add(m[3], m[4]), s.sub(m[3], m[4]));
    [
        s.add(m[0], s.add(sum_1, sum_2)),
        s.mul_add(difference_2, s.splat(2.0), difference_1),
        s.mul_add(sum_2, s.splat(4.0), sum_1),
        s.add(s.mul_add(difference_2, s.splat(8.0), difference_1), m[5]),
    ]
}
