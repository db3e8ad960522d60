//! Means and covariances of colors, and the linear map that gives one picture's colors those of another.

use super::oklab::Lab;

/// A 3×3 matrix, by rows.
pub(super) type Matrix = [[f64; 3]; 3];

/// Smallest variance of a color axis that is trusted: a deviation of 0.002, half a step of 8 bits.
const LEAST_VARIANCE: f64 = 4e-6;
/// Maximum factor by which color differences may grow. A nearly gray painting has too little color: larger factors
/// would amplify noise.
const MOST_GAIN: f64 = 4.0;

/// Mean and covariance of a picture's colors.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Moments {
    pub(super) mean: [f64; 3],
    pub(super) covariance: Matrix,
}

impl Moments {
    pub(super) fn of(colours: impl Iterator<Item = Lab> + Clone) -> Self {
        let count = colours.clone().count().max(1) as f64;
        let mut mean = [0.0; 3];
        for lab in colours.clone() {
            mean.iter_mut().zip(lab).for_each(|(sum, v)| *sum += f64::from(v));
        }
        mean.iter_mut().for_each(|sum| *sum /= count);
        let mut covariance = [[0.0; 3]; 3];
        for lab in colours {
            let off: [f64; 3] = std::array::from_fn(|i| f64::from(lab[i]) - mean[i]);
            for (row, a) in covariance.iter_mut().zip(off) {
                row.iter_mut().zip(off).for_each(|(sum, b)| *sum += a * b);
            }
        }
        covariance.as_flattened_mut().iter_mut().for_each(|sum| *sum /= count);
        Moments { mean, covariance }
    }

    /// Whether there is no color at all.
    fn grey(&self) -> bool {
        self.mean[1..].iter().chain(self.covariance[1..].as_flattened()).all(|&v| v == 0.0)
    }
}

/// `matrix · (color - from) + to`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Linear {
    matrix: [[f32; 3]; 3],
    from: [f32; 3],
    to: [f32; 3],
}

impl Linear {
    /// Returns the map that gives colors with the moments `from` the moments `to`. Of all linear maps, this one moves
    /// colors least (Monge's linear transport: Pitié and Kokaram 2007, "The linear Monge-Kantorovitch linear colour
    /// mapping"; in Gatys et al. 2016, arXiv 1606.05897, any root of the covariances would do). Gray maps to gray
    /// exactly.
    pub(super) fn between(from: &Moments, to: &Moments) -> Self {
        let root = on_eigenvalues(&from.covariance, |v| v.max(LEAST_VARIANCE).sqrt());
        let inverse = on_eigenvalues(&from.covariance, |v| v.max(LEAST_VARIANCE).sqrt().recip());
        let middle = on_eigenvalues(&product(&product(&root, &to.covariance), &root), |v| v.max(0.0).sqrt());
        let mut matrix = on_eigenvalues(&product(&product(&inverse, &middle), &inverse), |v| v.clamp(0.0, MOST_GAIN));
        if to.grey() {
            // Remove rounding errors.
            matrix[1..].iter_mut().for_each(|row| *row = [0.0; 3]);
        }
        Linear {
            matrix: matrix.map(|row| row.map(|v| v as f32)),
            from: from.mean.map(|v| v as f32),
            to: to.mean.map(|v| v as f32),
        }
    }

    /// Interpolates between this map and another: 0 for this one, 1 for the other.
    pub(super) fn towards(&self, other: &Linear, share: f32) -> Self {
        let between = |from: [f32; 3], to: [f32; 3]| std::array::from_fn(|i| from[i] + (to[i] - from[i]) * share);
        Linear {
            matrix: std::array::from_fn(|row| between(self.matrix[row], other.matrix[row])),
            from: between(self.from, other.from),
            to: between(self.to, other.to),
        }
    }

    pub(super) fn apply(&self, lab: Lab) -> Lab {
        let off: [f32; 3] = std::array::from_fn(|i| lab[i] - self.from[i]);
        std::array::from_fn(|i| {
            let [a, b, c] = self.matrix[i];
            a * off[0] + b * off[1] + c * off[2] + self.to[i]
        })
    }
}

fn product(a: &Matrix, b: &Matrix) -> Matrix {
    std::array::from_fn(|i| std::array::from_fn(|j| (0..3).map(|k| a[i][k] * b[k][j]).sum()))
}

/// Applies a function to the eigenvalues of a symmetric matrix, by Jacobi rotations.
fn on_eigenvalues(matrix: &Matrix, function: impl Fn(f64) -> f64) -> Matrix {
    let mut m = *matrix;
    let mut vectors: Matrix = std::array::from_fn(|i| std::array::from_fn(|j| f64::from(u8::from(i == j))));
    // Each sweep squares what is off the diagonal. Ten are far more than three dimensions need.
    for (p, q) in [(0, 1), (0, 2), (1, 2)].repeat(10) {
        if m[p][q] == 0.0 {
            continue;
        }
        let (sine, cosine) = (0.5 * (2.0 * m[p][q]).atan2(m[q][q] - m[p][p])).sin_cos();
        let rotation: Matrix = std::array::from_fn(|i| {
            std::array::from_fn(|j| match (i, j) {
                _ if (i, j) == (p, p) || (i, j) == (q, q) => cosine,
                _ if (i, j) == (p, q) => sine,
                _ if (i, j) == (q, p) => -sine,
                _ => f64::from(u8::from(i == j)),
            })
        });
        let turned: Matrix = std::array::from_fn(|i| std::array::from_fn(|j| rotation[j][i]));
        m = product(&product(&turned, &m), &rotation);
        vectors = product(&vectors, &rotation);
    }
    let values: [f64; 3] = std::array::from_fn(|i| function(m[i][i]));
    std::array::from_fn(|i| std::array::from_fn(|j| (0..3).map(|k| vectors[i][k] * values[k] * vectors[j][k]).sum()))
}

#[cfg(test)]
mod tests {
    use super::{Linear, Moments, on_eigenvalues, product};
    use crate::finish::oklab::Lab;

    fn cloud(n: usize, shape: [[f32; 3]; 3], mean: [f32; 3]) -> Vec<Lab> {
        let noise = |i: usize, k: usize| ((i * 7919 + k * 104_729 + i * i * 31) % 1009) as f32 / 1009.0 - 0.5;
        let point = |i| std::array::from_fn(|r| mean[r] + (0..3).map(|c| shape[r][c] * noise(i, c)).sum::<f32>());
        (0..n).map(point).collect()
    }

    #[test]
    fn roots_are_roots() {
        let m = [[2.0, -0.5, 0.3], [-0.5, 1.0, 0.2], [0.3, 0.2, 0.5]];
        let root = on_eigenvalues(&m, f64::sqrt);
        let square = product(&root, &root);
        let error = square.as_flattened().iter().zip(m.as_flattened()).map(|(a, b)| (a - b).abs());
        assert!(error.fold(0.0, f64::max) < 1e-12, "{root:?}");
    }

    #[test]
    fn mapped_colours_have_the_others_moments() {
        let from = cloud(5000, [[0.5, 0.1, 0.0], [0.0, 0.1, 0.05], [0.05, 0.0, 0.1]], [0.5, 0.02, -0.05]);
        let to = cloud(5000, [[0.3, 0.0, 0.1], [0.05, 0.05, 0.0], [0.0, -0.1, 0.1]], [0.7, -0.03, 0.04]);
        let (a, b) = (Moments::of(from.iter().copied()), Moments::of(to.iter().copied()));
        let map = Linear::between(&a, &b);
        let found = Moments::of(from.iter().map(|&lab| map.apply(lab)));
        for (found, expected) in found.mean.iter().zip(b.mean) {
            assert!((found - expected).abs() < 1e-4, "{found} instead of {expected}");
        }
        for (found, expected) in found.covariance.as_flattened().iter().zip(b.covariance.as_flattened()) {
            assert!((found - expected).abs() < 1e-5, "{found} instead of {expected}");
        }
        let same = Linear::between(&a, &a);
        from.iter().for_each(|&lab| same.apply(lab).iter().zip(lab).for_each(|(a, b)| assert!((a - b).abs() < 1e-4)));
    }

    #[test]
    fn extremes_stay_tame() {
        let grey = Moments::of(cloud(100, [[0.5, 0.0, 0.0], [0.0; 3], [0.0; 3]], [0.5, 0.0, 0.0]).into_iter());
        let vivid = Moments::of(cloud(100, [[0.3, 0.0, 0.0], [0.0, 0.3, 0.0], [0.0, 0.0, 0.3]], [0.5, 0.1, 0.0]).into_iter());
        let flat = Moments::of([[0.4, 0.1, 0.1]; 10].into_iter());
        let [_, a, b] = Linear::between(&vivid, &grey).apply([0.6, 0.2, -0.1]);
        assert_eq!([a, b], [0.0, 0.0]);
        for (from, to) in [(&grey, &vivid), (&flat, &vivid), (&flat, &grey), (&vivid, &flat)] {
            let found = Linear::between(from, to).apply([0.7, 0.01, -0.01]);
            assert!(found.iter().all(|v| v.is_finite() && v.abs() < 3.0), "{found:?}");
        }
    }
}
