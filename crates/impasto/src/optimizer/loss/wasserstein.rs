//! The 2-Wasserstein distance between Gaussians: the least mean square by which features must move until they are
//! distributed like the style's, if both have normal distributions (Givens & Shortt 1984, doi 10.1307/mmj/1029003026).
//!
//! The distance is `|m₁ - m₂|² + tr(C₁ + C₂ - 2 (R C₁ R)^½)` with `R = C₂^½`. Its
//! derivative by `C₁` is `1 - R (R C₁ R)^-½ R`.

use nalgebra::{DMatrix, DVector, SymmetricEigen};

use crate::optimizer::sums::Statistics;

/// Added to the variances of both distributions, as a share of the style's variance summed over all channels. Some
/// channels are nearly copies of others; without it, rounding would decide there.
pub(in crate::optimizer) const LEAST: f64 = 1e-6;

/// The style's distribution.
#[derive(Debug)]
pub(super) struct Wasserstein {
    mean: DVector<f64>,
    /// The root of the covariance.
    root: DMatrix<f64>,
    /// Trace of the covariance.
    trace: f64,
    size: f64,
    /// Added to variances.
    least: f64,
}

impl Wasserstein {
    pub(super) fn new(style: &Statistics) -> Self {
        let least = LEAST * (0..style.channels()).map(|c| style.variance(c)).sum::<f64>().max(f64::EPSILON);
        let (mean, covariance) = gaussian(style, least);
        let trace = covariance.trace();
        let size = mean.norm_squared() + trace;
        Wasserstein { mean, root: on_eigenvalues(covariance, |v| v.max(0.0).sqrt()), trace, size, least }
    }

    /// Returns the distance divided by the style's mean square. Writes its derivatives with respect
    /// to the other's means and second moments.
    pub(super) fn compare(&self, own: &Statistics, by_mean: &mut [f64], by_second: &mut [f64]) -> f64 {
        let (mean, covariance) = gaussian(own, self.least);
        let off = &mean - &self.mean;
        let between = &self.root * &covariance * &self.root;
        let eigen = SymmetricEigen::new(symmetric(between));
        // Only rounding makes an eigenvalue smaller than this.
        let roots = eigen.eigenvalues.map(|v| v.max(self.least * self.least).sqrt());
        let inverse = &eigen.eigenvectors * DMatrix::from_diagonal(&roots.map(f64::recip)) * eigen.eigenvectors.transpose();
        let by_covariance = DMatrix::identity(mean.len(), mean.len()) - &self.root * inverse * &self.root;
        let value = off.norm_squared() + covariance.trace() + self.trace - 2.0 * roots.sum();
        // The covariance is the second moments minus the products of the means.
        let shift = (&off - &by_covariance * &mean) * (2.0 / self.size);
        by_mean.copy_from_slice(shift.as_slice());
        by_second.iter_mut().zip(symmetric(by_covariance).iter()).for_each(|(by, v)| *by = v / self.size);
        value / self.size
    }
}

fn gaussian(statistics: &Statistics, least: f64) -> (DVector<f64>, DMatrix<f64>) {
    let channels = statistics.channels();
    let mean = DVector::from_column_slice(&statistics.mean);
    let second = DMatrix::from_column_slice(channels, channels, &statistics.second);
    let covariance = symmetric(second - &mean * mean.transpose()) + DMatrix::identity(channels, channels) * least;
    (mean, covariance)
}

/// Removes the asymmetry that rounding leaves.
fn symmetric(matrix: DMatrix<f64>) -> DMatrix<f64> {
    (&matrix + matrix.transpose()) * 0.5
}

fn on_eigenvalues(matrix: DMatrix<f64>, function: impl Fn(f64) -> f64) -> DMatrix<f64> {
    let eigen = SymmetricEigen::new(matrix);
    &eigen.eigenvectors * DMatrix::from_diagonal(&eigen.eigenvalues.map(function)) * eigen.eigenvectors.transpose()
}
