//! Noise: functions of the plane that look random, and are the same for the same seed.

use crate::shape::step;

/// Returns 32 random bits for a grid point.
pub(crate) fn hash(x: i32, y: i32, seed: u32) -> u32 {
    let mut h = (x as u32).wrapping_mul(0x9E37_79B1) ^ (y as u32).wrapping_mul(0x85EB_CA77).rotate_left(13) ^ seed;
    h = (h ^ (h >> 16)).wrapping_mul(0x7FEB_352D);
    h = (h ^ (h >> 15)).wrapping_mul(0x846C_A68B);
    h ^ (h >> 16)
}

/// Returns a number in 0..1 for a grid point.
pub(crate) fn lattice(x: i32, y: i32, seed: u32) -> f32 {
    (hash(x, y, seed) >> 8) as f32 / (1u32 << 24) as f32
}

/// Returns another number in 0..1 for each `nth`, from the bits of a hash.
pub(crate) fn fraction(hash: u32, nth: u32) -> f32 {
    lattice(hash as i32, nth as i32, 0x51ED_270B)
}

/// Smooth value noise in 0..1, with one bump per unit.
pub(crate) fn value(x: f32, y: f32, seed: u32) -> f32 {
    let (left, top) = (x.floor(), y.floor());
    let (tx, ty) = (x - left, y - top);
    let (tx, ty) = (tx * tx * (3.0 - 2.0 * tx), ty * ty * (3.0 - 2.0 * ty));
    let (left, top) = (left as i32, top as i32);
    let along = |row: i32| {
        let (a, b) = (lattice(left, row, seed), lattice(left.wrapping_add(1), row, seed));
        a + (b - a) * tx
    };
    let (a, b) = (along(top), along(top.wrapping_add(1)));
    a + (b - a) * ty
}

/// Smooth gradient noise (Perlin 1985), about -0.6..0.6. Unlike value noise, it does not show its grid.
fn gradient(x: f32, y: f32, seed: u32) -> f32 {
    let (left, top) = (x.floor(), y.floor());
    let (fx, fy) = (x - left, y - top);
    let fade = |t: f32| t * t * t * (t * (t * 6.0 - 15.0) + 10.0);
    let (tx, ty) = (fade(fx), fade(fy));
    let (left, top) = (left as i32, top as i32);
    let corner = |dx: i32, dy: i32| {
        let bits = hash(left.wrapping_add(dx), top.wrapping_add(dy), seed);
        let part = |bits: u32| (bits & 0xFFFF) as f32 / 32768.0 - 1.0;
        part(bits) * (fx - dx as f32) + part(bits >> 16) * (fy - dy as f32)
    };
    let along = |dy: i32| {
        let (a, b) = (corner(0, dy), corner(1, dy));
        a + (b - a) * tx
    };
    let (a, b) = (along(0), along(1));
    a + (b - a) * ty
}

/// Gradient noise of several octaves in 0..1, with a mean of about 0.5.
pub(crate) fn fractal(x: f32, y: f32, octaves: u32, seed: u32) -> f32 {
    // Each octave is rotated by about 37 degrees, so that the grids do not show.
    let (mut x, mut y, mut sum, mut size, mut whole) = (x, y, 0.0, 1.0, 0.0);
    for octave in 0..octaves {
        sum += size * gradient(x, y, seed.wrapping_add(octave.wrapping_mul(0x9E37)));
        whole += size;
        size *= 0.5;
        (x, y) = (1.62 * x - 1.22 * y + 17.3, 1.22 * x + 1.62 * y - 5.9);
    }
    (0.5 + 0.85 * sum / whole).clamp(0.0, 1.0)
}

/// Fractal noise spread to use most of 0..1.
pub(crate) fn contrast(x: f32, y: f32, octaves: u32, seed: u32) -> f32 {
    step(0.22, 0.78, fractal(x, y, octaves, seed))
}

/// Noise with sharp crests: 1 along lines, falling off on both sides.
pub(crate) fn ridged(x: f32, y: f32, octaves: u32, seed: u32) -> f32 {
    let (mut x, mut y, mut sum, mut size, mut whole) = (x, y, 0.0, 1.0, 0.0);
    for octave in 0..octaves {
        let crest = 1.0 - (2.0 * value(x, y, seed.wrapping_add(octave.wrapping_mul(0x9E37))) - 1.0).abs();
        sum += size * crest * crest;
        whole += size;
        size *= 0.5;
        (x, y) = (1.62 * x - 1.22 * y + 17.3, 1.22 * x + 1.62 * y - 5.9);
    }
    sum / whole
}

/// Returns a displacement of -1..1 in each direction.
pub(crate) fn displace(x: f32, y: f32, octaves: u32, seed: u32) -> [f32; 2] {
    [fractal(x, y, octaves, seed) * 2.0 - 1.0, fractal(x + 31.7, y - 12.9, octaves, seed ^ 0x5555) * 2.0 - 1.0]
}

/// The Voronoi cell of a point. Distances are in grid units.
pub(crate) struct Cell {
    /// Bits that belong to the cell.
    pub(crate) hash: u32,
    /// Its center.
    pub(crate) centre: [f32; 2],
    /// The distance to its nearest edge.
    pub(crate) edge: f32,
}

/// Returns a Voronoi cell. There is about one per unit square; they are squares with a
/// `jitter` of 0, and entirely irregular with 1.
pub(crate) fn cell(x: f32, y: f32, jitter: f32, seed: u32) -> Cell {
    let (column, row) = (x.floor() as i32, y.floor() as i32);
    let centre = |dx: i32, dy: i32| {
        let (column, row) = (column.wrapping_add(dx), row.wrapping_add(dy));
        let bits = hash(column, row, seed);
        let offset = |bits: u32| 0.5 + jitter * ((bits & 0xFFFF) as f32 / 65536.0 - 0.5);
        ([column as f32 + offset(bits), row as f32 + offset(bits >> 16)], bits)
    };
    let (mut nearest, mut best, mut hash, mut home) = ([0.0, 0.0], f32::MAX, 0, (0, 0));
    for dy in -1..=1 {
        for dx in -1..=1 {
            let (at, bits) = centre(dx, dy);
            let square = (at[0] - x).powi(2) + (at[1] - y).powi(2);
            if square < best {
                (nearest, best, hash, home) = (at, square, bits, (dx, dy));
            }
        }
    }
    let mut edge = f32::MAX;
    let best = best.sqrt();
    // From the middle outward, because a square that is far away cannot have a nearer edge.
    for dy in [0, -1, 1, -2, 2].map(|d| home.1 + d) {
        for dx in [0, -1, 1, -2, 2].map(|d| home.0 + d) {
            let away = |d: i32, at: f32| (d as f32 - at).max(at - d as f32 - 1.0).max(0.0);
            let far = away(dx, x - column as f32).powi(2) + away(dy, y - row as f32).powi(2);
            if (dx, dy) == home || far > (best + 2.0 * edge).powi(2) {
                continue;
            }
            let (at, _) = centre(dx, dy);
            let apart = [at[0] - nearest[0], at[1] - nearest[1]];
            let length = (apart[0] * apart[0] + apart[1] * apart[1]).sqrt().max(1e-6);
            let middle = [(at[0] + nearest[0]) * 0.5 - x, (at[1] + nearest[1]) * 0.5 - y];
            edge = edge.min((middle[0] * apart[0] + middle[1] * apart[1]) / length);
        }
    }
    Cell { hash, centre: nearest, edge: edge.max(0.0) }
}
