//! The whole loss by its definition, in plain loops and float64.

use nalgebra::DMatrix;

use super::super::loss::wasserstein::LEAST;
use super::super::regions::Regions;
use crate::graph::{Op, PoolKind};
use crate::optimizer::{ContentLoss, OptimizeOptions, StyleLoss, StylePicture};
use crate::{Perceptual, Picture};

/// Values of `height × width × channels`.
#[derive(Clone)]
struct Features {
    size: [usize; 3],
    values: Vec<f64>,
}

/// Mean and second moments.
type Moments = (Vec<f64>, DMatrix<f64>);

pub(super) struct Objective<'a> {
    perceptual: &'a Perceptual,
    options: &'a OptimizeOptions,
    size: [usize; 2],
    content: Vec<Features>,
    /// By layer, then by region.
    styles: Vec<Vec<Moments>>,
    regions: Regions,
}

impl<'a> Objective<'a> {
    pub(super) fn new(
        perceptual: &'a Perceptual,
        options: &'a OptimizeOptions,
        content: &Picture,
        styles: &[StylePicture],
    ) -> Self {
        let size = [content.height(), content.width()];
        let regions = Regions::new(styles, [size[1], size[0]]).unwrap();
        let wide = |picture: &Picture| -> Vec<f64> { picture.rgb().iter().map(|&v| f64::from(v)).collect() };
        let statistics: Vec<Vec<Moments>> = styles
            .iter()
            .map(|s| {
                let [_, style] = features(perceptual, &wide(&s.picture), [s.picture.height(), s.picture.width()]);
                style.iter().map(|f| moments(f, None)).collect()
            })
            .collect();
        let [content, _] = features(perceptual, &wide(content), size);
        let mixed = |layer: usize| {
            let mix = |region: &Vec<(usize, f64)>| {
                let total: f64 = region.iter().map(|(_, weight)| weight).sum();
                let parts = region.iter().map(|&(i, weight)| (weight / total, &statistics[i][layer]));
                parts.fold(
                    (vec![0.0; statistics[0][layer].0.len()], statistics[0][layer].1.clone() * 0.0),
                    |(mean, second), (w, part)| {
                        (mean.iter().zip(&part.0).map(|(m, p)| m + w * p).collect(), second + &part.1 * w)
                    },
                )
            };
            regions.styles().iter().map(mix).collect()
        };
        let styles = (0..statistics[0].len()).map(mixed).collect();
        Objective { perceptual, options, size, content, styles, regions }
    }

    pub(super) fn total(&self, picture: &[f64]) -> f64 {
        let options = self.options;
        let [content, style] = features(self.perceptual, picture, self.size);
        let content_loss = content.iter().zip(&self.content).map(|(own, wanted)| match options.content_loss {
            ContentLoss::Features => {
                let squares = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>();
                squares(&mut own.values.iter().zip(&wanted.values).map(|(a, b)| a - b))
                    / squares(&mut wanted.values.iter().copied())
            }
            ContentLoss::Normalised => {
                let pairs = normalised(own).into_iter().zip(normalised(wanted));
                pairs.map(|(a, b)| (a - b).powi(2)).sum::<f64>() / own.values.len() as f64
            }
        });
        let content_loss = content_loss.sum::<f64>() / self.content.len() as f64;
        let style_loss = style.iter().zip(&self.styles).map(|(own, wanted)| {
            let shares = self.regions.shares([own.size[1], own.size[0]]).unwrap();
            let shares = shares.unwrap_or_else(|| vec![vec![1.0; own.size[0] * own.size[1]]]);
            let area = |share: &Vec<f32>| share.iter().map(|&v| f64::from(v)).sum::<f64>();
            let whole: f64 = shares.iter().map(area).sum();
            let regions = shares.iter().zip(wanted);
            regions
                .map(|(share, wanted)| area(share) / whole * distance(options.style_loss, &moments(own, Some(share)), wanted))
                .sum::<f64>()
        });
        let style_loss = style_loss.sum::<f64>() / self.styles.len() as f64;
        let [height, width] = self.size;
        let at = |y: usize, x: usize, c: usize| picture[(y * width + x) * 3 + c];
        let mut variation = 0.0;
        for (y, x, c) in (0..height).flat_map(|y| (0..width).flat_map(move |x| (0..3).map(move |c| (y, x, c)))) {
            variation += if x > 0 { (at(y, x, c) - at(y, x - 1, c)).powi(2) } else { 0.0 };
            variation += if y > 0 { (at(y, x, c) - at(y - 1, x, c)).powi(2) } else { 0.0 };
        }
        options.content_weight * content_loss
            + options.style_weight * style_loss
            + options.variation_weight * variation / picture.len() as f64
    }
}

fn distance(loss: StyleLoss, (mean, second): &Moments, (style_mean, style_second): &Moments) -> f64 {
    let off = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
    let zeros = vec![0.0; mean.len()];
    let covariance =
        |mean: &[f64], second: &DMatrix<f64>| DMatrix::from_fn(mean.len(), mean.len(), |i, j| second[(i, j)] - mean[i] * mean[j]);
    let (own, style) = (covariance(mean, second), covariance(style_mean, style_second));
    match loss {
        StyleLoss::Gram => (second - style_second).norm_squared() / style_second.norm_squared(),
        StyleLoss::Moments => {
            let deviations = |m: &DMatrix<f64>| m.diagonal().iter().map(|v| (v.max(0.0) + 1e-5).sqrt()).collect::<Vec<f64>>();
            let (own, style) = (deviations(&own), deviations(&style));
            (off(mean, style_mean) + off(&own, &style)) / (off(&zeros, style_mean) + off(&zeros, &style))
        }
        StyleLoss::Wasserstein => {
            let more = DMatrix::identity(own.nrows(), own.nrows()) * (LEAST * style.trace());
            let (own, style) = (own + &more, style + more);
            // The product has the same eigenvalues as the symmetric form.
            let roots: f64 = (&style * &own).complex_eigenvalues().iter().map(|v| v.re.max(0.0).sqrt()).sum();
            let size = off(&zeros, style_mean) + style.trace();
            (off(mean, style_mean) + own.trace() + style.trace() - 2.0 * roots) / size
        }
    }
}

fn moments(features: &Features, share: Option<&[f32]>) -> Moments {
    let channels = features.size[2];
    let (mut mean, mut second, mut total) = (vec![0.0; channels], DMatrix::zeros(channels, channels), 0.0);
    for (i, pixel) in features.values.chunks_exact(channels).enumerate() {
        let weight = share.map_or(1.0, |share| f64::from(share[i]));
        total += weight;
        for a in 0..channels {
            mean[a] += weight * pixel[a];
            (0..channels).for_each(|b| second[(a, b)] += weight * pixel[a] * pixel[b]);
        }
    }
    mean.iter_mut().for_each(|m| *m /= total);
    (mean, second / total)
}

fn normalised(features: &Features) -> Vec<f64> {
    let (mean, second) = moments(features, None);
    let scale: Vec<f64> = (0..mean.len()).map(|c| (second[(c, c)] - mean[c] * mean[c] + 1e-5).sqrt().recip()).collect();
    features.values.iter().enumerate().map(|(i, v)| (v - mean[i % mean.len()]) * scale[i % mean.len()]).collect()
}

/// Computes the features in the default layers for content and style.
fn features(perceptual: &Perceptual, picture: &[f64], [height, width]: [usize; 2]) -> [Vec<Features>; 2] {
    let mut found: [Vec<Features>; 2] = Default::default();
    let mut x = Features { size: [height, width, 3], values: picture.to_vec() };
    for node in &perceptual.graph().nodes()[1..] {
        x = match &node.op {
            Op::Conv(conv) => convolved(perceptual, conv, &x),
            Op::Activation(_) => Features { values: x.values.iter().map(|v| v.max(0.0)).collect(), ..x },
            Op::Pool(pool) => pooled(pool.kind, &x),
            other => unreachable!("{other:?}"),
        };
        for (found, names) in found.iter_mut().zip([&OptimizeOptions::CONTENT_LAYERS[..], &OptimizeOptions::STYLE_LAYERS]) {
            if names.contains(&node.name.as_str()) {
                found.push(x.clone());
            }
        }
    }
    found
}

/// A convolution with mirrored borders.
fn convolved(perceptual: &Perceptual, conv: &crate::graph::Conv, x: &Features) -> Features {
    let [height, width, inputs] = x.size;
    let kernel = perceptual.weights().get(&conv.weight).unwrap();
    let bias = conv.bias.as_ref().map(|bias| perceptual.weights().get(bias).unwrap().data());
    let [kh, kw] = conv.kernel;
    let mirrored = |at: usize, offset: usize, half: usize, length: usize| {
        let at = (at + offset) as isize - half as isize;
        let last = length as isize - 1;
        (last - (last - at.abs()).abs()) as usize
    };
    let mut values = vec![0.0; height * width * conv.channels];
    for (i, pixel) in values.chunks_exact_mut(conv.channels).enumerate() {
        if let Some(bias) = bias {
            pixel.iter_mut().zip(bias).for_each(|(v, &b)| *v = f64::from(b));
        }
        for (ky, kx) in (0..kh).flat_map(|ky| (0..kw).map(move |kx| (ky, kx))) {
            let (from_y, from_x) = (mirrored(i / width, ky, kh / 2, height), mirrored(i % width, kx, kw / 2, width));
            for c in 0..inputs {
                let from = x.values[(from_y * width + from_x) * inputs + c];
                let row = &kernel.data()[((ky * kw + kx) * inputs + c) * conv.channels..][..conv.channels];
                pixel.iter_mut().zip(row).for_each(|(v, &w)| *v += from * f64::from(w));
            }
        }
    }
    Features { size: [height, width, conv.channels], values }
}

fn pooled(kind: PoolKind, x: &Features) -> Features {
    let [height, width, channels] = [x.size[0] / 2, x.size[1] / 2, x.size[2]];
    let value = |i: usize| {
        let (y, left, c) = (2 * (i / channels / width), 2 * (i / channels % width), i % channels);
        let window = [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(dy, dx)| x.values[((y + dy) * x.size[1] + left + dx) * channels + c]);
        match kind {
            PoolKind::Max => window.into_iter().fold(f64::NEG_INFINITY, f64::max),
            PoolKind::Average => window.iter().sum::<f64>() / 4.0,
        }
    };
    Features { size: [height, width, channels], values: (0..height * width * channels).map(value).collect() }
}
