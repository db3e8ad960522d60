//! How far a painted crop is from style and content, and the gradient of that with respect to its pixels.

use impasto_kernels::{Extent, Isa, Threads};

use super::{GRAM, LearnLosses, LearnOptions, MOMENTS};
use crate::engine::chain::{Chain, Workspace};
use crate::graph::NodeId;
use crate::optimizer::loss::content::{self, Place};
use crate::optimizer::loss::style;
use crate::optimizer::sums::{Statistics, Sums};
use crate::optimizer::{ContentLoss, OptimizeOptions, StyleLoss};
use crate::{Error, ErrorKind, Perceptual, Picture, Result};

/// The perceptual networks, as deep as what is compared, and the style.
pub(super) struct Perception {
    isa: Isa,
    networks: Vec<Network>,
    style_layers: f64,
    content_layers: f64,
}

struct Network {
    chain: Chain,
    layers: Vec<Layer>,
}

/// What is compared in a layer of a chain.
struct Layer {
    layer: usize,
    content: bool,
    /// Whether its statistics are the style's, and what they are once that is known.
    style: bool,
    targets: Option<[style::Target; 2]>,
}

/// Memory for one picture at a time.
pub(super) struct Sight(Vec<Workspace>);

/// A content's features, by network and layer.
pub(super) struct Targets(Vec<Vec<Option<content::Target>>>);

impl Perception {
    /// Each layer is taken from the first network that has it: the style's layers, and as many of the content's as there are.
    pub(super) fn new(networks: &[Perceptual], isa: Isa) -> Result<Self> {
        let find = |name: &str| networks.iter().position(|network| network.layer(name).is_ok());
        let missing = |name: &str| {
            let text = format!("the perceptual networks have no layer {name}, which learning compares; add one that is deeper");
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
            let own: Vec<_> = wanted.iter().filter(|(network, ..)| *network == i).collect();
            let Some(last) = own.iter().map(|(_, node, _)| *node).max_by_key(|node| node.index()) else { continue };
            let chain = Chain::compile(perceptual.graph(), perceptual.weights(), last, isa)?;
            let mut layers: Vec<Layer> = Vec::new();
            for (_, node, is_style) in own {
                let Some(layer) = chain.layer(*node) else { continue };
                let place = layers.iter().position(|known| known.layer == layer).unwrap_or_else(|| {
                    layers.push(Layer { layer, content: false, style: false, targets: None });
                    layers.len() - 1
                });
                if *is_style { layers[place].style = true } else { layers[place].content = true }
            }
            compiled.push(Network { chain, layers });
        }
        let count = |is_style: bool| wanted.iter().filter(|(.., own)| *own == is_style).count() as f64;
        Ok(Perception { isa, networks: compiled, style_layers: count(true), content_layers: count(false) })
    }

    /// Memory for pictures up to this extent.
    pub(super) fn sight(&self, extent: Extent) -> Result<Sight> {
        Ok(Sight(self.networks.iter().map(|network| Workspace::new(&network.chain, extent)).collect::<Result<_>>()?))
    }

    /// Takes the mean of these pictures' statistics for the style.
    pub(super) fn set_style(&mut self, threads: &Threads, pictures: &[Picture]) -> Result<()> {
        for network in &mut self.networks {
            let mut found: Vec<Vec<(f64, Statistics)>> = network.layers.iter().map(|_| Vec::new()).collect();
            for picture in pictures {
                let extent = Extent { height: picture.height(), width: picture.width(), channels: 3 };
                let mut workspace = Workspace::new(&network.chain, extent)?;
                network.chain.forwards(threads, &mut workspace, (picture.rgb(), extent));
                for (found, layer) in found.iter_mut().zip(&network.layers).filter(|(_, layer)| layer.style) {
                    found.extend(statistics(threads, self.isa, &mut workspace, layer.layer).map(|own| (1.0, own)));
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

    /// What a content is compared by.
    pub(super) fn content(&self, threads: &Threads, sight: &mut Sight, picture: (&[f32], Extent)) -> Targets {
        let networks = self.networks.iter().zip(&mut sight.0).map(|(network, workspace)| {
            let any = network.layers.iter().any(|layer| layer.content);
            if any {
                network.chain.forwards(threads, workspace, picture);
            }
            let target = |layer: &Layer| {
                layer.content.then(|| {
                    let (features, extent) = workspace.features(layer.layer);
                    content::Target::new(ContentLoss::Normalised, features.to_vec(), extent)
                })
            };
            network.layers.iter().map(target).collect()
        });
        Targets(networks.collect())
    }

    /// How far a painting is from its style and content, and the gradient of the weighted sum with respect to its pixels.
    pub(super) fn compare(
        &self,
        threads: &Threads,
        sight: &mut Sight,
        (painted, extent): (&[f32], Extent),
        targets: &Targets,
        options: &LearnOptions,
    ) -> (LearnLosses, Vec<f32>) {
        let mut losses = LearnLosses::default();
        let mut gradient = vec![0.0; painted.len()];
        for ((network, workspace), targets) in self.networks.iter().zip(&mut sight.0).zip(&targets.0) {
            network.chain.forwards(threads, workspace, (painted, extent));
            let slopes: Vec<Slopes> = network
                .layers
                .iter()
                .zip(targets)
                .map(|(layer, target)| self.slopes(threads, workspace, layer, target.as_ref(), options, &mut losses))
                .collect();
            let own = network.chain.backwards(threads, workspace, extent, |layer, features, gradient, scratch| {
                let Some(place) = network.layers.iter().position(|own| own.layer == layer) else { return false };
                for slope in &slopes[place].style {
                    slope.add(threads, self.isa, features, None, gradient, scratch);
                }
                if let (Some(slope), Some(target)) = (&slopes[place].content, &targets[place]) {
                    target.add_slope(slope, features, &whole(features.1), gradient);
                }
                true
            });
            gradient.iter_mut().zip(own).for_each(|(g, v)| *g += v);
        }
        if options.lattice_weight > 0.0 {
            losses.lattice = super::lattice::add(painted, extent, options.lattice_weight, &mut gradient);
        }
        (losses, gradient)
    }

    /// A layer's part of the losses, and their derivatives.
    fn slopes(
        &self,
        threads: &Threads,
        workspace: &mut Workspace,
        layer: &Layer,
        target: Option<&content::Target>,
        options: &LearnOptions,
        losses: &mut LearnLosses,
    ) -> Slopes {
        let mut slopes = Slopes::default();
        if let (Some([gram, moments]), Some(own)) = (&layer.targets, statistics(threads, self.isa, workspace, layer.layer)) {
            let (_, extent) = workspace.features(layer.layer);
            let pixels = (extent.height * extent.width) as f64;
            // The distance is the root of what is compared: so is its derivative, d√v = dv / 2√v.
            let (square, _) = gram.compare(&own, 1.0, pixels);
            let root = square.sqrt();
            losses.style += root / self.style_layers;
            let (_, slope) = gram.compare(&own, GRAM / self.style_layers / (2.0 * root.max(LEAST)), pixels);
            let (square, second) = moments.compare(&own, MOMENTS / self.style_layers, pixels);
            losses.moments += square / self.style_layers;
            slopes.style = vec![slope, second];
        }
        if let Some(target) = target {
            let features = workspace.features(layer.layer);
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

/// Roots below this have the slope that they have here.
const LEAST: f64 = 1e-3;

#[derive(Default)]
struct Slopes {
    style: Vec<style::Slope>,
    content: Option<content::Slope>,
}

fn statistics(threads: &Threads, isa: Isa, workspace: &mut Workspace, layer: usize) -> Option<Statistics> {
    let (features, scratch) = workspace.features_and_scratch(layer);
    let mut sums = Sums::new(features.1.channels);
    sums.add(threads, isa, features, None, scratch);
    sums.statistics()
}

/// All of a layer's features.
fn whole(extent: Extent) -> Place {
    Place { rows: 0..extent.height, columns: 0..extent.width, origin: [0, 0] }
}
