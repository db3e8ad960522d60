//! The losses that training minimizes.
//!
//! Style is compared by statistics of features at four depths: Gram matrices (Gatys et al. 2015, arXiv 1508.06576), and
//! means and standard deviations (Huang & Belongie 2017, arXiv 1703.06868). Content is compared by features after
//! instance normalization, so that contrast and color are free. Every distance is relative to the length of what it
//! compares with, so that depths weigh the same.

use burn::tensor::{Device, Tensor};
use impasto::Result;

use crate::ops;
use crate::perception::Encoder;
use crate::recipe;

/// Both perceptual networks.
pub struct Perception {
    vgg: Encoder,
    narrow: Encoder,
}

/// Layers of VGG-19 in which style is compared. The last of [`NARROW`] follows them.
const VGG_STYLE: [&str; 3] = ["relu1_1", "relu2_1", "relu3_1"];
/// Layers of the narrower encoder: the first for content alone, the second for content and style.
const NARROW: [&str; 2] = ["relu3_4", "relu4_1"];

/// Added under square roots and to divisors.
const EPSILON: f32 = 1e-5;

/// The statistics of style pictures: for each layer, one row per picture.
#[derive(Debug, Clone)]
pub struct Style {
    /// Gram matrices, `[n, channels, channels]`.
    pub grams: Vec<Tensor<3>>,
    /// Means and standard deviations, `[n, 2, channels]`.
    pub moments: Vec<Tensor<3>>,
}

impl Style {
    /// Joins the statistics of several pictures.
    pub fn cat(parts: &[&Style]) -> Style {
        let layers = |get: fn(&Style) -> &Vec<Tensor<3>>| -> Vec<Tensor<3>> {
            (0..get(parts[0]).len()).map(|layer| Tensor::cat(parts.iter().map(|p| get(p)[layer].clone()).collect(), 0)).collect()
        };
        Style { grams: layers(|s| &s.grams), moments: layers(|s| &s.moments) }
    }
}

/// The terms of the loss, not weighted, as means over the pictures.
#[derive(Debug, Clone)]
pub struct Terms {
    /// Distance of the features from the content's.
    pub content: Tensor<1>,
    /// Distance of the Gram matrices from the style's.
    pub gram: Tensor<1>,
    /// Distance of means and deviations from the style's.
    pub moments: Tensor<1>,
    /// Mean absolute difference between neighboring pixels.
    pub variation: Tensor<1>,
    /// Share of the fine contrast that the place within 4×4 cells explains.
    pub lattice: Tensor<1>,
    /// Halos along edges, if they are measured.
    pub halo: Option<Tensor<1>>,
    /// Unsteadiness, in the steps that measure it.
    pub steady: Option<Tensor<1>>,
}

impl Terms {
    /// Returns the weighted sum.
    pub fn total(&self, weights: &recipe::Loss) -> Tensor<1> {
        let sum = self.content.clone() * weights.content
            + self.gram.clone() * weights.gram
            + self.moments.clone() * weights.moments
            + self.variation.clone() * weights.variation
            + self.lattice.clone() * weights.lattice;
        let others = [(&self.steady, weights.steady), (&self.halo, weights.halo)];
        others.into_iter().fold(sum, |sum, (term, weight)| match term {
            Some(term) => sum + term.clone() * weight,
            None => sum,
        })
    }
}

impl Perception {
    /// Loads both networks.
    ///
    /// # Errors
    /// As [`Encoder::open`].
    pub fn open(recipe: &recipe::Perception, device: &Device) -> Result<Self> {
        Ok(Perception {
            vgg: Encoder::open(&recipe.vgg, &VGG_STYLE, device)?,
            narrow: Encoder::open(&recipe.narrow, &NARROW, device)?,
        })
    }

    /// Returns the statistics of style pictures `[n, h, w, 3]`.
    ///
    /// # Errors
    /// As [`Encoder::features`].
    pub fn style(&self, pictures: Tensor<4>) -> Result<Style> {
        let mut features = self.vgg.features(pictures.clone())?;
        features.extend(self.narrow.features(pictures)?.pop());
        Ok(statistics(features))
    }

    /// Returns the content pictures' features, normalized.
    ///
    /// # Errors
    /// As [`Encoder::features`].
    pub fn content(&self, pictures: Tensor<4>) -> Result<Vec<Tensor<4>>> {
        Ok(self.narrow.features(pictures)?.into_iter().map(normalised).collect())
    }

    /// Returns the distances of painted pictures from the content's features and the style's statistics.
    ///
    /// # Errors
    /// As [`Encoder::features`].
    pub fn terms(&self, painted: Tensor<4>, content: &[Tensor<4>], style: &Style) -> Result<Terms> {
        let mut features = self.vgg.features(painted.clone())?;
        let narrow = self.narrow.features(painted.clone())?;
        features.extend(narrow.last().cloned());
        let own = statistics(features);
        let count = |layers: usize| 1.0 / layers as f32;
        let content_terms = narrow.into_iter().zip(content).map(|(own, content)| {
            let own = normalised(own);
            relative(flat(own), flat(content.clone())).mean()
        });
        let gram_terms =
            own.grams.into_iter().zip(&style.grams).map(|(own, style)| relative(rows(own), rows(style.clone())).mean());
        let moment_terms = own.moments.into_iter().zip(&style.moments).map(|(own, style)| {
            let (own, style) = (rows(own), rows(style.clone()));
            let squares = (own - style.clone()).square().sum_dim(1) / (style.square().sum_dim(1) + EPSILON);
            squares.mean()
        });
        Ok(Terms {
            content: sum(content_terms) * count(content.len()),
            gram: sum(gram_terms) * count(style.grams.len()),
            moments: sum(moment_terms) * count(style.moments.len()),
            variation: variation(painted.clone()),
            lattice: lattice(painted),
            halo: None,
            steady: None,
        })
    }
}

fn sum(terms: impl Iterator<Item = Tensor<1>>) -> Tensor<1> {
    terms.reduce(|a, b| a + b).expect("there is at least one layer")
}

fn statistics(features: Vec<Tensor<4>>) -> Style {
    let grams = features.iter().map(|f| ops::gram(f.clone())).collect();
    let moments = features.into_iter().map(|f| {
        let moments = ops::moments(f);
        Tensor::cat(vec![moments.clone().narrow(1, 0, 1), (moments.narrow(1, 1, 1) + EPSILON).sqrt()], 1)
    });
    Style { grams, moments: moments.collect() }
}

/// Subtracts the mean of each channel of the features, and divides by its standard deviation.
fn normalised(features: Tensor<4>) -> Tensor<4> {
    let [n, _, _, channels] = features.dims();
    let moments = ops::moments(features.clone());
    let mean = moments.clone().narrow(1, 0, 1).reshape([n, channels]);
    let scale = (moments.narrow(1, 1, 1).reshape([n, channels]) + EPSILON).sqrt().recip();
    ops::affine(features, scale.clone(), -mean * scale, false)
}

fn flat(features: Tensor<4>) -> Tensor<2> {
    let [n, h, w, c] = features.dims();
    features.reshape([n, h * w * c])
}

fn rows(values: Tensor<3>) -> Tensor<2> {
    let [n, a, b] = values.dims();
    values.reshape([n, a * b])
}

/// Returns `|a - b| / |b|` of each row.
fn relative(a: Tensor<2>, b: Tensor<2>) -> Tensor<2> {
    let length = |x: Tensor<2>| (x.square().sum_dim(1) + 1e-8).sqrt();
    length(a - b.clone()) / length(b)
}

/// Moves pictures `[n, h, w, 3]` down and to the right by this many pixels. What
/// leaves on one side enters on the other.
pub fn rolled(pictures: Tensor<4>, by: [usize; 2]) -> Tensor<4> {
    by.into_iter().enumerate().fold(pictures, |pictures, (axis, by)| {
        let (axis, length) = (axis + 1, pictures.dims()[axis + 1]);
        let by = by % length;
        if by == 0 {
            return pictures;
        }
        Tensor::cat(vec![pictures.clone().narrow(axis, length - by, by), pictures.narrow(axis, 0, length - by)], axis)
    })
}

/// Returns the root mean square of the difference between pictures `[n, h, w, 3]`, as the mean over the
/// pictures. A margin around each does not count.
pub fn difference(a: Tensor<4>, b: Tensor<4>, margin: usize) -> Tensor<1> {
    let [n, h, w, c] = a.dims();
    let inner = |x: Tensor<4>| x.narrow(1, margin, h - 2 * margin).narrow(2, margin, w - 2 * margin);
    let squares = (inner(a) - inner(b)).square().reshape([n, (h - 2 * margin) * (w - 2 * margin) * c]);
    // The square root has no gradient at 0.
    (squares.mean_dim(1) + 1e-6).sqrt().mean()
}

/// Returns the share of the fine contrast of pictures `[n, h, w, 3]` that a pixel's place within 4×4 cells
/// explains: the rows and grids left by a network that works at a quarter of the resolution. Fine contrast is the
/// deviation from the mean of each cell. The share is the energy of the average cell over the energy of all cells.
/// If a side is a multiple of 12, it is cut into three blocks that are measured alone, so that strokes rarely agree
/// by chance. It is the lattice of `eval` as a loss.
fn lattice(pictures: Tensor<4>) -> Tensor<1> {
    const CELL: usize = 4;
    let [n, h, w, c] = pictures.dims();
    let parts = |side: usize| if side.is_multiple_of(3 * CELL) { 3 } else { 1 };
    let [down, across] = [parts(h), parts(w)];
    let cells = pictures.reshape([n, down, h / CELL / down, CELL, across, w / CELL / across, CELL, c]);
    let fine = cells.clone() - cells.mean_dim(3).mean_dim(6);
    let pattern = fine.clone().mean_dim(2).mean_dim(5).square().mean_dim(3).mean_dim(6).mean_dim(7);
    let all = fine.square().mean_dim(2).mean_dim(5).mean_dim(3).mean_dim(6).mean_dim(7);
    (pattern / (all + EPSILON)).mean()
}

/// As in `impasto::learn`: side of a cell in pixels; side of a window in cells, wider than the reach of a halo; what is
/// added to the covariance of colors; the variance at which a window counts half.
const CELL: usize = 8;
const WINDOW: usize = 9;
const RIDGE: f32 = 1e-3;
const EDGE: f32 = 0.02;

/// Returns halos along edges, and blotches that follow nothing in the content. This is the root mean square of the part
/// of a painting that no affine function of the content's colors explains, both without strokes (as means of 8×8
/// pixels), in windows of 9×9 cells that contain an edge. The quadratic form is that of the matting Laplacian (Levin et
/// al. 2008). The result is a mean over pictures `[n, h, w, 3]`, whose sides are at least 72 pixels.
pub fn halo(painted: Tensor<4>, content: Tensor<4>) -> Tensor<1> {
    let (painted, content) = (cells(painted), cells(content.detach()));
    let channel = |c: usize| content.clone().narrow(3, c, 1);
    let (mean, own) = (windows(content.clone()), windows(painted.clone()));
    let mean = |c: usize| mean.clone().narrow(3, c, 1);
    let covariance = |a: usize, b: usize| windows(channel(a) * channel(b)) - mean(a) * mean(b);
    let ridged = |a: usize, b: usize| if a == b { covariance(a, b) + RIDGE } else { covariance(a, b) };
    // The inverse by cofactors. The matrix is symmetric, so its inverse is too.
    let minor = |a: usize, b: usize| {
        let [r, s, c, d] = [(a + 1) % 3, (a + 2) % 3, (b + 1) % 3, (b + 2) % 3];
        ridged(r, c) * ridged(s, d) - ridged(r, d) * ridged(s, c)
    };
    let determinant = ridged(0, 0) * minor(0, 0) + ridged(0, 1) * minor(0, 1) + ridged(0, 2) * minor(0, 2);
    let shared: Vec<Tensor<4>> = (0..3).map(|c| windows(channel(c) * painted.clone()) - mean(c) * own.clone()).collect();
    let pairs = (0..3).flat_map(|a| (0..3).map(move |b| (a, b)));
    let explained = pairs.map(|(a, b)| minor(a, b) * shared[a].clone() * shared[b].clone()).reduce(|a, b| a + b);
    let all = windows(painted.square()) - own.square();
    let rest = all - explained.expect("there are nine pairs") / determinant;
    let variance = covariance(0, 0) + covariance(1, 1) + covariance(2, 2);
    let weight = variance.clone() / (variance + EDGE);
    let [n, h, w, _] = weight.dims();
    let sum = |x: Tensor<4>| x.reshape([n, h * w]).sum_dim(1);
    let squares = sum((rest * weight.clone()).mean_dim(3)) / (sum(weight) + EPSILON);
    (squares.clamp_min(0.0) + 1e-6).sqrt().mean()
}

/// Returns the means of 8×8 pixels.
fn cells(pictures: Tensor<4>) -> Tensor<4> {
    let [n, h, w, c] = pictures.dims();
    let whole = pictures.narrow(1, 0, h / CELL * CELL).narrow(2, 0, w / CELL * CELL);
    whole.reshape([n, h / CELL, CELL, w / CELL, CELL, c]).mean_dim(2).mean_dim(4).reshape([n, h / CELL, w / CELL, c])
}

/// Returns the means over all windows of 9×9 cells.
fn windows(cells: Tensor<4>) -> Tensor<4> {
    [1, 2].into_iter().fold(cells, |cells, axis| {
        let places = cells.dims()[axis] - WINDOW + 1;
        let parts = (0..WINDOW).map(|i| cells.clone().narrow(axis, i, places));
        parts.reduce(|a, b| a + b).expect("windows are not empty") / WINDOW as f32
    })
}

fn variation(pictures: Tensor<4>) -> Tensor<1> {
    let [_, h, w, _] = pictures.dims();
    let down = pictures.clone().narrow(1, 1, h - 1) - pictures.clone().narrow(1, 0, h - 1);
    let across = pictures.clone().narrow(2, 1, w - 1) - pictures.narrow(2, 0, w - 1);
    down.abs().mean() + across.abs().mean()
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Tensor, TensorData};

    use super::{halo, lattice};
    use crate::executor::values;

    /// The same test as for the loss in `impasto::learn`.
    #[test]
    fn other_colors_are_no_halo_and_a_glow_is_one() {
        let device = Device::flex();
        let picture = |value: &dyn Fn(f32) -> [f32; 3]| {
            let pixels = (0..80 * 96).flat_map(|i| value((i % 96) as f32)).collect::<Vec<f32>>();
            Tensor::from_data(TensorData::new(pixels, [1, 80, 96, 3]), &device)
        };
        let edge = || picture(&|x| if x < 48.0 { [0.2, 0.25, 0.3] } else { [0.8, 0.75, 0.7] });
        let found = |painted| values(halo(painted, edge())).unwrap()[0];
        let dyed = found(picture(&|x| if x < 48.0 { [0.9, 0.1, 0.4] } else { [0.1, 0.3, 0.2] }));
        let glow = |x: f32| 0.3 * (1.0 - (x - 48.0).abs() / 24.0).max(0.0);
        let glowing = found(picture(&|x| if x < 48.0 { [0.9 - glow(x), 0.1, 0.4] } else { [0.1 + glow(x), 0.3, 0.2] }));
        assert!(dyed < 0.02 && glowing > 2.5 * dyed, "{dyed} and {glowing}");
    }

    #[test]
    fn a_grid_is_all_lattice_and_noise_is_none() {
        let device = Device::flex();
        let share = |value: &mut dyn FnMut(usize, usize) -> f32| {
            let pixels = (0..96 * 96).flat_map(|i| [value(i / 96, i % 96); 3]).collect::<Vec<f32>>();
            values(lattice(Tensor::from_data(TensorData::new(pixels, [1, 96, 96, 3]), &device))).unwrap()[0]
        };
        let grid = share(&mut |y, x| if y % 4 == 1 || x % 4 == 2 { 0.7 } else { 0.4 });
        assert!(grid > 0.99, "{grid}");
        let mut random = fastrand::Rng::with_seed(1);
        let noise = share(&mut |_, _| random.f32());
        // By chance, the share is one over the number of cells.
        assert!(noise < 0.03, "{noise}");
        assert_eq!(share(&mut |_, _| 0.5), 0.0);
    }
}
