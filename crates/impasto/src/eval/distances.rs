//! How far a painting is from its style and its content, in the features of perceptual networks.
//!
//! F are the features of a layer (channels × pixels), G = F Fᵀ / pixels is their Gram matrix, μ and σ are the mean
//! and standard deviation of each channel (σ with pixels − 1), N = (F − μ) / (σ + 10⁻⁵) are the normalized features,
//! and ‖·‖ is the root of the sum of squares:
//!
//! | distance | formula | mean over |
//! | --- | --- | --- |
//! | style | ‖G − Gₛ‖ / ‖Gₛ‖ (Gatys et al. 2015, arXiv 1508.06576) | `relu1_1`, `relu2_1`, `relu3_1`, `relu4_1` |
//! | moments | (‖μ − μₛ‖² + ‖σ − σₛ‖²) / (‖μₛ‖² + ‖σₛ‖²) (Huang and Belongie 2017, arXiv 1703.06868) | the same |
//! | content | ‖N − N꜀‖ / ‖N꜀‖ | `relu3_4`, `relu4_1` |
//!
//! No distance has a unit. All are 0 for equal pictures, and 1 for a picture that has nothing of the features.
//! For content, unrelated features have √2.

use crate::engine::gradient::{self, Wanted};
use crate::engine::{Engine, EngineOptions, Executor, check_cancelled};
use crate::graph::{NodeId, Shape};
use crate::{Control, Error, ErrorKind, Perceptual, Picture, Result};

/// Layers in which style and moments are compared.
const STYLE: [&str; 4] = ["relu1_1", "relu2_1", "relu3_1", "relu4_1"];
/// Layers in which content is compared. If a network's third block is shorter, its last layer is used.
const CONTENT: [&str; 2] = ["relu3_4", "relu4_1"];
const SHORTER: [&str; 3] = ["relu3_3", "relu3_2", "relu3_1"];

/// Norms below this count as 0.
const TINY: f64 = 1e-12;

/// How far a painting is from its style and content. Lower is nearer. [The module](self) has the formulas.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub struct Distances {
    /// Relative distance of the Gram matrices from the style's.
    pub style: f64,
    /// Relative squared distance of means and deviations from the style's.
    pub moments: f64,
    /// Relative distance of the normalized features from the content's.
    pub content: f64,
}

impl Distances {
    /// Returns the means over several paintings; 0 if there are none.
    pub fn mean(of: &[Distances]) -> Self {
        let mean = |one: fn(&Distances) -> f64| of.iter().map(one).sum::<f64>() / of.len().max(1) as f64;
        Distances { style: mean(|d| d.style), moments: mean(|d| d.moments), content: mean(|d| d.content) }
    }
}

/// A layer that is compared, and the network that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LayerSource {
    /// The layer's name.
    pub layer: String,
    /// Index of the network, in the order in which the networks were given.
    pub network: usize,
}

/// Perceptual networks, ready to compare pictures.
pub struct Yardstick {
    networks: Vec<Network>,
    engine: Engine,
    style: Vec<LayerSource>,
    content: Vec<LayerSource>,
}

/// A network, cut off after the deepest of its layers that are compared.
struct Network {
    network: gradient::Network,
    /// Its layers, each with its index among all that are compared.
    style: Vec<(usize, NodeId)>,
    content: Vec<(usize, NodeId)>,
}

/// What the networks see of a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    size: [usize; 2],
    style: Vec<Statistics>,
    /// Normalized features, pixel by pixel.
    content: Vec<Vec<f32>>,
}

#[derive(Debug, Clone, PartialEq, Default)]
struct Statistics {
    gram: Vec<f64>,
    moments: Moments,
}

#[derive(Debug, Clone, PartialEq, Default)]
struct Moments {
    mean: Vec<f64>,
    deviation: Vec<f64>,
}

impl Yardstick {
    /// Prepares the networks. Each layer is taken from the first network that has it.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if a layer is in none of them; [`ErrorKind::Io`] if the system gives no threads.
    pub fn new(networks: &[Perceptual], options: EngineOptions) -> Result<Self> {
        let source = |name: &str| {
            let network = networks.iter().position(|network| network.layer(name).is_ok())?;
            Some(LayerSource { layer: name.into(), network })
        };
        let missing = |name: &str| {
            let text = format!(
                "the perceptual networks have no layer {name}, which is needed to compare pictures; add a deeper network with \
                 --perceptual"
            );
            Error::new(ErrorKind::Mismatch, text)
        };
        let style = STYLE.iter().map(|name| source(name).ok_or_else(|| missing(name))).collect::<Result<Vec<_>>>()?;
        let last_of_third = || SHORTER.iter().find_map(|name| source(name));
        let content = CONTENT
            .iter()
            .map(|name| source(name).or_else(last_of_third).ok_or_else(|| missing(name)))
            .collect::<Result<Vec<_>>>()?;
        let engine = Engine::new(options)?;
        let networks = networks
            .iter()
            .enumerate()
            .filter_map(|(i, perceptual)| {
                let own = |layers: &[LayerSource]| -> Result<Vec<(usize, NodeId)>> {
                    let own = layers.iter().enumerate().filter(|(_, source)| source.network == i);
                    own.map(|(place, source)| Ok((place, perceptual.layer(&source.layer)?))).collect()
                };
                let (style, content) = match (own(&style), own(&content)) {
                    (Ok(style), Ok(content)) => (style, content),
                    (Err(e), _) | (_, Err(e)) => return Some(Err(e)),
                };
                let any = !style.is_empty() || !content.is_empty();
                any.then(|| Network::compile(perceptual, style, content, engine.executor()))
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(Yardstick { networks, engine, style, content })
    }

    /// Returns the layers in which style and moments are compared.
    pub fn style_layers(&self) -> &[LayerSource] {
        &self.style
    }

    /// Returns the layers in which content is compared.
    pub fn content_layers(&self) -> &[LayerSource] {
        &self.content
    }

    /// Returns what the networks see of a picture at its own size. [`super::seen`] resizes pictures for comparison.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if the picture is too small for the networks;
    /// [`ErrorKind::Malformed`] if it holds values that are not finite; [`ErrorKind::TooLarge`] if there is
    /// not enough memory; [`ErrorKind::Cancelled`].
    pub fn see(&self, picture: &Picture, control: &dyn Control) -> Result<Features> {
        if picture.rgb().iter().any(|v| !v.is_finite()) {
            return Err(Error::new(ErrorKind::Malformed, "the picture holds values that are not finite"));
        }
        let extent = Shape { height: picture.height(), width: picture.width(), channels: 3 };
        let mut features = Features {
            size: [picture.width(), picture.height()],
            style: vec![Statistics::default(); self.style.len()],
            content: vec![Vec::new(); self.content.len()],
        };
        for network in &self.networks {
            check_cancelled(control)?;
            network.see(&self.engine, (picture.rgb(), extent), &mut features)?;
        }
        Ok(features)
    }

    /// Returns how far a painting is from its content, and from the style that it was painted in.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if painting and content differ in size.
    pub fn distances(&self, painting: &Features, content: &Features, style: &Features) -> Result<Distances> {
        if painting.size != content.size {
            let ([w, h], [cw, ch]) = (painting.size, content.size);
            let text = format!("a painting of {w}×{h} cannot be compared with a content of {cw}×{ch}");
            return Err(Error::new(ErrorKind::Mismatch, text));
        }
        let styles = || painting.style.iter().zip(&style.style);
        let contents = painting.content.iter().zip(&content.content);
        Ok(Distances {
            style: mean(styles().map(|(own, style)| relative(&own.gram, &style.gram))),
            moments: mean(styles().map(|(own, style)| own.moments.apart(&style.moments))),
            content: mean(contents.map(|(own, content)| relative_f32(own, content))),
        })
    }
}

impl Features {
    /// Keeps the style alone, which takes far less memory and is all that galleries are compared by.
    pub(super) fn without_content(self) -> Self {
        Features { content: Vec::new(), ..self }
    }

    /// Returns the distance between two paintings' Gram matrices, relative to both, as the mean over the layers:
    /// 2 ‖G − G′‖ / (‖G‖ + ‖G′‖).
    pub(super) fn apart(&self, other: &Features) -> f64 {
        let norm = |values: &[f64]| values.iter().map(|v| v.powi(2)).sum::<f64>().sqrt();
        let layer = |(a, b): (&Statistics, &Statistics)| {
            let apart: f64 = a.gram.iter().zip(&b.gram).map(|(a, b)| (a - b).powi(2)).sum();
            2.0 * apart.sqrt() / (norm(&a.gram) + norm(&b.gram)).max(TINY)
        };
        mean(self.style.iter().zip(&other.style).map(layer))
    }
}

impl Network {
    fn compile(
        perceptual: &Perceptual,
        style: Vec<(usize, NodeId)>,
        content: Vec<(usize, NodeId)>,
        executor: Executor,
    ) -> Result<Self> {
        let seen: Vec<NodeId> = style.iter().chain(&content).map(|(_, node)| *node).collect();
        let wanted = Wanted { seen: &seen, picture: false, kernels: false };
        let network = gradient::Network::compile(perceptual.graph(), perceptual.weights(), &wanted, executor)?;
        Ok(Network { network, style, content })
    }

    fn see(&self, engine: &Engine, picture: (&[f32], Shape), features: &mut Features) -> Result<()> {
        let (width, height) = (picture.1.width, picture.1.height);
        // Mirrored borders need a second pixel at the deepest layer.
        let graph = self.network.graph();
        let least = 2 * graph.stride(graph.output());
        if width.min(height) < least {
            let text = format!("a picture of {width}×{height} is too small to measure: each side needs at least {least} pixels");
            return Err(Error::new(ErrorKind::InvalidArgument, text));
        }
        let mut pass = self.network.pass([width, height])?;
        self.network.forwards(engine, &mut pass, picture, &[])?;
        for &(place, layer) in &self.style {
            let (found, _) = self.network.values(&mut pass, layer);
            features.style[place] = Statistics { gram: gram(engine, found), moments: Moments::of(found) };
        }
        for &(place, layer) in &self.content {
            let (found, _) = self.network.values(&mut pass, layer);
            features.content[place] = Moments::of(found).normalise(found.0);
        }
        Ok(())
    }
}

/// F Fᵀ / pixels. Products are added in float32 by blocks: the relative error is about 10⁻⁶.
fn gram(engine: &Engine, (features, extent): (&[f32], Shape)) -> Vec<f64> {
    let products = engine.products((features, extent), features);
    let pixels = (extent.height * extent.width) as f64;
    products.into_iter().map(|sum| f64::from(sum) / pixels).collect()
}

impl Moments {
    fn of((features, extent): (&[f32], Shape)) -> Self {
        let channels = extent.channels;
        let pixels = features.len() / channels.max(1);
        let mut mean = vec![0.0; channels];
        for pixel in features.chunks_exact(channels) {
            mean.iter_mut().zip(pixel).for_each(|(sum, &v)| *sum += f64::from(v));
        }
        mean.iter_mut().for_each(|sum| *sum /= pixels as f64);
        let mut deviation = vec![0.0; channels];
        for pixel in features.chunks_exact(channels) {
            let values = pixel.iter().zip(&mean);
            deviation.iter_mut().zip(values).for_each(|(sum, (&v, mean))| *sum += (f64::from(v) - mean).powi(2));
        }
        deviation.iter_mut().for_each(|sum| *sum = (*sum / pixels.saturating_sub(1).max(1) as f64).sqrt());
        Moments { mean, deviation }
    }

    fn apart(&self, style: &Moments) -> f64 {
        let apart = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
        let whole = |a: &[f64]| a.iter().map(|a| a.powi(2)).sum::<f64>();
        let difference = apart(&self.mean, &style.mean) + apart(&self.deviation, &style.deviation);
        difference / (whole(&style.mean) + whole(&style.deviation)).max(TINY)
    }

    fn normalise(&self, features: &[f32]) -> Vec<f32> {
        let channels = self.mean.len();
        let normal = |(v, (mean, deviation)): (&f32, (&f64, &f64))| ((f64::from(*v) - mean) / (deviation + 1e-5)) as f32;
        let moments = || self.mean.iter().zip(&self.deviation);
        features.chunks_exact(channels).flat_map(|pixel| pixel.iter().zip(moments()).map(normal)).collect()
    }
}

/// ‖a − b‖ / ‖b‖.
fn relative(a: &[f64], b: &[f64]) -> f64 {
    let apart = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
    apart.sqrt() / b.iter().map(|b| b.powi(2)).sum::<f64>().sqrt().max(TINY)
}

fn relative_f32(a: &[f32], b: &[f32]) -> f64 {
    let apart = a.iter().zip(b).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum::<f64>();
    apart.sqrt() / b.iter().map(|&b| f64::from(b).powi(2)).sum::<f64>().sqrt().max(TINY)
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), v| (sum + v, count + 1));
    sum / f64::from(count.max(1))
}

#[cfg(test)]
mod tests {
    use super::{Moments, Yardstick, relative};
    use crate::engine::EngineOptions;
    use crate::graph::Shape;
    use crate::weights::{Tensor, Weights};
    use crate::{ErrorKind, Perceptual, Picture};

    /// A network whose every layer has one channel: the picture's red (its center tap is 1), with
    /// the maximum of 2×2 from block to block.
    fn red() -> Perceptual {
        let mut weights = Weights::new();
        for (block, count) in [(1, 1), (2, 1), (3, 4), (4, 1)] {
            for place in 1..=count {
                let inputs = if (block, place) == (1, 1) { 3 } else { 1 };
                let mut kernel = vec![0.0; 9 * inputs];
                kernel[4 * inputs] = 1.0;
                weights.insert(format!("conv{block}_{place}/weights"), Tensor::new(vec![3, 3, inputs, 1], kernel).unwrap());
                weights.insert(format!("conv{block}_{place}/biases"), Tensor::new(vec![1], vec![0.0]).unwrap());
            }
        }
        Perceptual::new("vgg 1x1 1x1 4x1 1x1".parse().unwrap(), weights, "by hand".into(), "MIT".into()).unwrap()
    }

    /// A picture of 16×16 with a red of `low` in the left half and `high` in the right half.
    fn halves(low: f32, high: f32) -> Picture {
        let pixel = |i: usize| [if i % 16 < 8 { low } else { high }, 0.3, 0.9];
        Picture::from_rgb_f32([16, 16], (0..256).flat_map(pixel).collect()).unwrap()
    }

    #[test]
    fn distances_are_those_computed_by_hand() {
        let yardstick = Yardstick::new(&[red()], EngineOptions::default().threads(1)).unwrap();
        let see = |low, high| yardstick.see(&halves(low, high), &()).unwrap();
        let (content, style, painting) = (see(0.0, 1.0), see(0.5, 0.5), see(0.0, 0.5));
        let found = yardstick.distances(&painting, &content, &style).unwrap();
        // Every layer: the painting's Gram matrix is (0 + 0.25) / 2, the style's 0.25.
        assert!((found.style - 0.5).abs() < 1e-6, "{found:?}");
        // The mean is 0.25, and the deviation 0.25 √(n / (n − 1)) for n pixels. The style has 0.5 and 0.
        let layer = |n: f64| (0.25f64.powi(2) + 0.25f64.powi(2) * n / (n - 1.0)) / 0.25;
        let expected = [256.0, 64.0, 16.0, 4.0].map(layer).iter().sum::<f64>() / 4.0;
        assert!((found.moments - expected).abs() < 1e-6, "{found:?} {expected}");
        // Content does not depend on contrast.
        assert!(found.content < 1e-4, "{found:?}");
        // A negative has the content's normalized features with the opposite sign, twice as far away as no features.
        let negative = yardstick.distances(&see(1.0, 0.0), &content, &style).unwrap();
        assert!((negative.content - 2.0).abs() < 1e-4, "{negative:?}");
        let itself = yardstick.distances(&style, &style, &style).unwrap();
        assert_eq!((itself.style, itself.moments, itself.content), (0.0, 0.0, 0.0));
    }

    #[test]
    fn layers_come_from_the_first_network_that_has_them() {
        let shallow = Perceptual::untrained("vgg 1x2 1x2 2x2".parse().unwrap(), 1).unwrap();
        let deep = Perceptual::untrained("vgg 1x2 1x2 4x2 1x2".parse().unwrap(), 2).unwrap();
        let alone = Yardstick::new(std::slice::from_ref(&shallow), EngineOptions::default().threads(1)).map(|_| ()).unwrap_err();
        assert_eq!(alone.kind(), ErrorKind::Mismatch);
        assert!(alone.to_string().contains("relu4_1"), "{alone}");
        let both = Yardstick::new(&[shallow.clone(), deep], EngineOptions::default().threads(1)).unwrap();
        let sources = |layers: &[super::LayerSource]| -> Vec<(String, usize)> {
            layers.iter().map(|source| (source.layer.clone(), source.network)).collect()
        };
        assert_eq!(sources(both.style_layers()).iter().map(|(_, network)| *network).collect::<Vec<_>>(), [0, 0, 0, 1]);
        assert_eq!(sources(both.content_layers()), [("relu3_4".into(), 1), ("relu4_1".into(), 1)]);
        // If no third block has four layers, its last layer is used.
        let other = Perceptual::untrained("vgg 1x2 1x2 1x2 1x2".parse().unwrap(), 3).unwrap();
        let short = Yardstick::new(&[shallow, other], EngineOptions::default().threads(1)).unwrap();
        assert_eq!(sources(short.content_layers()), [("relu3_2".into(), 0), ("relu4_1".into(), 1)]);
    }

    #[test]
    fn what_cannot_be_compared_is_refused() {
        let yardstick = Yardstick::new(&[red()], EngineOptions::default().threads(1)).unwrap();
        let small = Picture::from_rgb_f32([15, 40], vec![0.5; 15 * 40 * 3]).unwrap();
        let error = yardstick.see(&small, &()).unwrap_err();
        assert!(error.to_string().contains("15×40") && error.to_string().contains("16"), "{error}");
        let nan = Picture::from_rgb_f32([16, 16], vec![f32::NAN; 768]).unwrap();
        assert_eq!(yardstick.see(&nan, &()).unwrap_err().kind(), ErrorKind::Malformed);
        let other = yardstick.see(&Picture::from_rgb_f32([16, 17], vec![0.5; 16 * 17 * 3]).unwrap(), &()).unwrap();
        let seen = yardstick.see(&halves(0.0, 1.0), &()).unwrap();
        assert_eq!(yardstick.distances(&other, &seen, &seen).unwrap_err().kind(), ErrorKind::Mismatch);
    }

    #[test]
    fn moments_and_norms() {
        let moments = Moments::of((&[1.0, 5.0, 3.0, 5.0, 5.0, 5.0], Shape { height: 1, width: 3, channels: 2 }));
        assert_eq!((moments.mean, moments.deviation), (vec![3.0, 5.0], vec![2.0, 0.0]));
        assert!((relative(&[3.0, 0.0], &[0.0, 4.0]) - 1.25).abs() < 1e-12);
    }
}
