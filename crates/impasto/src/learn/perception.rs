//! How far a painted crop is from style and content, and the gradient of these distances with respect to its pixels.

use super::{GRAM, LearnLosses, LearnOptions, MOMENTS};
use crate::engine::gradient::{self, Pass, Wanted};
use crate::engine::{Engine, Executor};
use crate::graph::{NodeId, Shape};
use crate::optimizer::loss::content::{self, Place};
use crate::optimizer::loss::style;
use crate::optimizer::sums::{Statistics, Sums};
use crate::optimizer::{ContentLoss, OptimizeOptions, StyleLoss};
use crate::{Error, ErrorKind, Perceptual, Picture, Result};

/// The perceptual networks, cut off after the deepest layer that is compared, and the statistics of the style.
pub(super) struct Perception {
    networks: Vec<Network>,
    style_layers: f64,
    content_layers: f64,
}

struct Network {
    network: gradient::Network,
    layers: Vec<Layer>,
}

/// What is compared in a layer.
struct Layer {
    layer: NodeId,
    content: bool,
    /// Whether the style is compared here. `targets` are its statistics, once they are known.
    style: bool,
    targets: Option<[style::Target; 2]>,
}

/// Memory for one picture at a time.
pub(super) struct Sight(Vec<Pass>);

/// A content's features, by network and layer.
pub(super) struct Targets(Vec<Vec<Option<content::Target>>>);

impl Perception {
    /// Compiles the networks. Each layer of style and content is taken from the first network that has it.
    pub(super) fn new(networks: &[Perceptual], executor: Executor) -> Result<Self> {
        let find = |name: &str| networks.iter().position(|network| network.layer(name).is_ok());
        let missing = |name: &str| {
            let text = format!("the perceptual networks have no layer {name}, which learning needs; add a deeper network");
            Error::new(ErrorKind::Mismatch, text)
        };
        let mut wanted: Vec<(usize, NodeId, bool)> = Vec::new();
        for (names, is_style) in [(&OptimizeOptions::STYLE_LAYERS[..], true), (&OptimizeOptions::CONTENT_LAYERS[..], false)] {
            for name in names {
                let network = find(name).ok_or_else(|| missing(name))?;
                wanted.push((network, networks[network].layer(name)?, is_style));
            }
        }
        let mut compiled = Vec::new();
        for (i, perceptual) in networks.iter().enumerate() {
            let mut layers: Vec<Layer> = Vec::new();
            for &(_, layer, is_style) in wanted.iter().filter(|(network, ..)| *network == i) {
                let place = layers.iter().position(|known| known.layer == layer).unwrap_or_else(|| {
                    layers.push(Layer { layer, content: false, style: false, targets: None });
                    layers.len() - 1
                });
                if is_style { layers[place].style = true } else { layers[place].content = true }
            }
            if layers.is_empty() {
                continue;
            }
            let seen: Vec<NodeId> = layers.iter().map(|layer| layer.layer).collect();
            let pulled_back = Wanted { seen: &seen, picture: true, kernels: false };
            let network = gradient::Network::compile(perceptual.graph(), perceptual.weights(), &pulled_back, executor)?;
            compiled.push(Network { network, layers });
        }
        let count = |is_style: bool| wanted.iter().filter(|(.., own)| *own == is_style).count() as f64;
        Ok(Perception { networks: compiled, style_layers: count(true), content_layers: count(false) })
    }

    /// Allocates memory for pictures up to this size.
    pub(super) fn sight(&self, size: [usize; 2]) -> Result<Sight> {
        Ok(Sight(self.networks.iter().map(|network| network.network.pass(size)).collect::<Result<_>>()?))
    }

    /// Sets the style to the mean of these pictures' statistics.
    pub(super) fn set_style(&mut self, engine: &Engine, pictures: &[Picture]) -> Result<()> {
        for network in &mut self.networks {
            let mut found: Vec<Vec<(f64, Statistics)>> = network.layers.iter().map(|_| Vec::new()).collect();
            for picture in pictures {
                let extent = Shape { height: picture.height(), width: picture.width(), channels: 3 };
                let mut pass = network.network.pass([picture.width(), picture.height()])?;
                network.network.forwards(engine, &mut pass, (picture.rgb(), extent), &[])?;
                for (found, layer) in found.iter_mut().zip(&network.layers).filter(|(_, layer)| layer.style) {
                    found.extend(statistics(engine, &network.network, &mut pass, layer.layer).map(|own| (1.0, own)));
                }
            }
            for (found, layer) in found.iter().zip(&mut network.layers) {
                let Some(mean) = Statistics::mixture(found) else { continue };
                let target = |loss| style::Target::new(loss, mean.clone());
                layer.targets = Some([target(StyleLoss::Gram), target(StyleLoss::Moments)]);
            }
        }
        Ok(())
    }

    /// Computes the content's features for [`Perception::compare`].
    pub(super) fn content(&self, engine: &Engine, sight: &mut Sight, picture: (&[f32], Shape)) -> Result<Targets> {
        let networks = self.networks.iter().zip(&mut sight.0).map(|(network, pass)| {
            let any = network.layers.iter().any(|layer| layer.content);
            if any {
                network.network.forwards(engine, pass, picture, &[])?;
            }
            let mut target = |layer: &Layer| {
                layer.content.then(|| {
                    let ((features, extent), _) = network.network.values(pass, layer.layer);
                    content::Target::new(ContentLoss::Normalised, features.to_vec(), extent)
                })
            };
            Ok(network.layers.iter().map(&mut target).collect())
        });
        Ok(Targets(networks.collect::<Result<_>>()?))
    }

    /// Returns a painting's distances from its style and content, and the gradient of their
    /// weighted sum with respect to its pixels.
    pub(super) fn compare(
        &self,
        engine: &Engine,
        sight: &mut Sight,
        (painted, extent): (&[f32], Shape),
        targets: &Targets,
        options: &LearnOptions,
    ) -> Result<(LearnLosses, Vec<f32>)> {
        let mut losses = LearnLosses::default();
        let mut gradient = vec![0.0; painted.len()];
        for ((network, pass), targets) in self.networks.iter().zip(&mut sight.0).zip(&targets.0) {
            network.network.forwards(engine, pass, (painted, extent), &[])?;
            let slopes: Vec<Slopes> = network
                .layers
                .iter()
                .zip(targets)
                .map(|(layer, target)| self.slopes(engine, (network, pass), (layer, target.as_ref()), options, &mut losses))
                .collect();
            let own = network.network.backwards(engine, pass, &mut |layer, features, gradient, scratch| {
                let Some(place) = network.layers.iter().position(|own| own.layer == layer) else { return };
                for slope in &slopes[place].style {
                    slope.add(engine, features, None, gradient, scratch);
                }
                if let (Some(slope), Some(target)) = (&slopes[place].content, &targets[place]) {
                    target.add_slope(slope, features, &whole(features.1), gradient);
                }
            });
            gradient.iter_mut().zip(own.picture.unwrap_or_default()).for_each(|(g, v)| *g += v);
        }
        if options.lattice_weight > 0.0 {
            losses.lattice = super::lattice::add(painted, extent, options.lattice_weight, &mut gradient);
        }
        Ok((losses, gradient))
    }

    /// Adds a layer's part to the losses, and returns their derivatives.
    fn slopes(
        &self,
        engine: &Engine,
        (network, pass): (&Network, &mut Pass),
        (layer, target): (&Layer, Option<&content::Target>),
        options: &LearnOptions,
        losses: &mut LearnLosses,
    ) -> Slopes {
        let mut slopes = Slopes::default();
        if let (Some([gram, moments]), Some(own)) = (&layer.targets, statistics(engine, &network.network, pass, layer.layer)) {
            let ((_, extent), _) = network.network.values(pass, layer.layer);
            let pixels = (extent.height * extent.width) as f64;
            // The distance is the square root of what `compare` returns, so d√v = dv / 2√v.
            let (square, _) = gram.compare(&own, 1.0, pixels);
            let root = square.sqrt();
            losses.style += root / self.style_layers;
            let (_, slope) = gram.compare(&own, GRAM / self.style_layers / (2.0 * root.max(LEAST)), pixels);
            let (square, second) = moments.compare(&own, MOMENTS / self.style_layers, pixels);
            losses.moments += square / self.style_layers;
            slopes.style = vec![slope, second];
        }
        if let Some(target) = target {
            let (features, _) = network.network.values(pass, layer.layer);
            let mut sums = target.sums();
            target.add(&mut sums, features, &whole(features.1));
            let (square, _) = target.compare(&sums, 1.0);
            let root = square.max(0.0).sqrt();
            losses.content += root / self.content_layers;
            let scale = options.content_weight / self.content_layers / (2.0 * root.max(LEAST));
            slopes.content = Some(target.compare(&sums, scale).1);
        }
        slopes
    }
}

/// Roots below this value have the slope that they have here.
const LEAST: f64 = 1e-3;

#[derive(Default)]
struct Slopes {
    style: Vec<style::Slope>,
    content: Option<content::Slope>,
}

fn statistics(engine: &Engine, network: &gradient::Network, pass: &mut Pass, layer: NodeId) -> Option<Statistics> {
    let (features, scratch) = network.values(pass, layer);
    let mut sums = Sums::new(features.1.channels);
    sums.add(engine, features, None, scratch);
    sums.statistics()
}

/// The place of all features of a layer.
fn whole(extent: Shape) -> Place {
    Place { rows: 0..extent.height, columns: 0..extent.width, origin: [0, 0] }
}
