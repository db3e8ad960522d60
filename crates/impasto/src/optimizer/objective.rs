//! The whole loss of a picture at one size, and its gradient.

use super::loss::content::{self, Place};
use super::loss::{style, variation};
use super::regions::Regions;
use super::sums::{Statistics, Sums};
use super::tiles::{self, Tile};
use super::{Losses, Network, OptimizeOptions};
use crate::engine::gradient::Pass;
use crate::engine::{Engine, check_cancelled};
use crate::graph::{NodeId, Shape};
use crate::{Control, Error, ErrorKind, Result};

/// Minimum side of a tile's own area in pixels. With smaller tiles, nearly all work would be for the halo. (In
/// tests, a small picture has several tiles.)
const SMALLEST_TILE: usize = if cfg!(test) { 32 } else { 128 };

/// The targets for a picture of one size.
pub(super) struct Objective<'a> {
    network: &'a Network,
    engine: &'a Engine,
    extent: Shape,
    tiles: Vec<Tile>,
    pass: Pass,
    layers: Vec<Layer>,
    weights: Weights,
    style_layers: f64,
    content_layers: f64,
}

/// The weight of each loss.
#[derive(Debug, Clone, Copy)]
struct Weights {
    content: f64,
    style: f64,
    variation: f64,
}

/// What is compared in one layer.
struct Layer {
    layer: NodeId,
    content: Option<content::Target>,
    /// One target for each region.
    style: Vec<style::Target>,
    /// Each region's share of every pixel; `None` if there is one region.
    shares: Option<Vec<Vec<f32>>>,
}

/// The sums over one layer's features.
struct Found {
    content: Option<content::Sums>,
    style: Vec<Sums>,
}

/// The derivatives with respect to one layer's features.
struct Slopes {
    content: Option<content::Slope>,
    style: Vec<Option<style::Slope>>,
}

/// A picture, and the tiles in which it is seen.
struct Seen<'a> {
    extent: Shape,
    tiles: &'a [Tile],
    picture: &'a [f32],
}

impl<'a> Objective<'a> {
    /// Computes the features of the content and the statistics of the styles. Each
    /// picture is given as its values and extent.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if a picture is too small for the network; [`ErrorKind::TooLarge`] if there is
    /// not enough memory; [`ErrorKind::Cancelled`].
    pub(super) fn new(
        network: &'a Network,
        engine: &'a Engine,
        options: &OptimizeOptions,
        content: (&[f32], Shape),
        styles: &[(Vec<f32>, Shape)],
        regions: &Regions,
        control: &dyn Control,
    ) -> Result<Self> {
        let (picture, extent) = content;
        network.check_size(extent)?;
        let budget = budget(network, options, extent);
        let cut = |extent: Shape| cut(network, extent, engine.threads(), budget);
        let tiles = cut(extent);
        let channels = |layer: NodeId| Ok::<_, Error>(network.network.graph().channels()?[layer.index()]);
        let mut statistics: Vec<Vec<Option<Statistics>>> = Vec::new();
        for (values, extent) in styles {
            network.check_size(*extent)?;
            let tiles = cut(*extent);
            let seen = Seen { extent: *extent, tiles: &tiles, picture: values };
            let mut sums: Vec<Sums> =
                network.style_layers.iter().map(|&layer| channels(layer).map(Sums::new)).collect::<Result<_>>()?;
            let mut pass = seen.pass(network)?;
            seen.each(network, engine, &mut pass, control, |pass, tile| {
                for (&layer, sums) in network.style_layers.iter().zip(&mut sums) {
                    let (features, scratch) = network.network.values(pass, layer);
                    let weights = weights_of(tile, tiles.len() == 1, network.stride(layer), features.1, None);
                    sums.add(engine, features, weights.as_deref(), scratch);
                }
                Ok(())
            })?;
            statistics.push(sums.iter().map(Sums::statistics).collect());
        }
        let targets = |at: usize| -> Result<Vec<style::Target>> {
            let target = |styles: &Vec<(usize, f64)>| {
                let parts: Vec<(f64, Statistics)> =
                    styles.iter().filter_map(|&(i, weight)| Some((weight, statistics[i][at].clone()?))).collect();
                let mixed = Statistics::mixture(&parts);
                let empty = || {
                    Error::new(ErrorKind::InvalidArgument, "a style picture is too small to take a style from; use a larger one")
                };
                Ok(style::Target::new(options.style_loss, mixed.ok_or_else(empty)?))
            };
            regions.styles().iter().map(target).collect()
        };
        let shapes = network.shapes(extent)?;
        let mut layers: Vec<Layer> = Vec::new();
        for &layer in network.used_layers() {
            let style = match network.style_layers.iter().position(|&l| l == layer) {
                Some(at) => targets(at)?,
                None => Vec::new(),
            };
            let shares = if style.is_empty() {
                None
            } else {
                regions.shares([shapes[layer.index()].width, shapes[layer.index()].height])?
            };
            layers.push(Layer { layer, content: None, style, shares });
        }
        let seen = Seen { extent, tiles: &tiles, picture };
        let mut pass = seen.pass(network)?;
        let mut kept: Vec<Vec<f32>> = network.content_layers.iter().map(|layer| vec![0.0; shapes[layer.index()].len()]).collect();
        seen.each(network, engine, &mut pass, control, |pass, tile| {
            for (&layer, kept) in network.content_layers.iter().zip(&mut kept) {
                let ((features, own), _) = network.network.values(pass, layer);
                let place = tile.place(network.stride(layer), own);
                let (channels, width) = (own.channels, shapes[layer.index()].width);
                for y in place.rows.clone() {
                    let from = &features
                        [(y * own.width + place.columns.start) * channels..(y * own.width + place.columns.end) * channels];
                    let to = (y + place.origin[0]) * width + place.columns.start + place.origin[1];
                    kept[to * channels..][..from.len()].copy_from_slice(from);
                }
            }
            Ok(())
        })?;
        for (&layer, kept) in network.content_layers.iter().zip(kept) {
            if let Some(found) = layers.iter_mut().find(|l| l.layer == layer) {
                found.content = Some(content::Target::new(options.content_loss, kept, shapes[layer.index()]));
            }
        }
        Ok(Objective {
            network,
            engine,
            extent,
            tiles,
            pass,
            layers,
            weights: Weights {
                content: options.content_weight,
                style: options.style_weight,
                variation: options.variation_weight,
            },
            style_layers: network.style_layers.len().max(1) as f64,
            content_layers: network.content_layers.len().max(1) as f64,
        })
    }

    /// Returns the number of tiles.
    #[cfg(test)]
    pub(super) fn tiles(&self) -> usize {
        self.tiles.len()
    }

    /// Returns the losses of a picture, and the gradient of their weighted sum.
    ///
    /// # Errors
    /// [`ErrorKind::Cancelled`].
    pub(super) fn evaluate(&mut self, picture: &[f32], control: &dyn Control) -> Result<(Losses, Vec<f32>)> {
        let Objective { network, engine, extent, tiles, pass, layers, .. } = self;
        let (network, engine) = (*network, *engine);
        let single = tiles.len() == 1;
        let seen = Seen { extent: *extent, tiles, picture };
        let channels = network.network.graph().channels()?;
        let mut found: Vec<Found> = layers
            .iter()
            .map(|layer| Found {
                content: layer.content.as_ref().map(content::Target::sums),
                style: layer.style.iter().map(|_| Sums::new(channels[layer.layer.index()])).collect(),
            })
            .collect();
        seen.each(network, engine, pass, control, |pass, tile| {
            for (layer, found) in layers.iter().zip(&mut found) {
                let (features, scratch) = network.network.values(pass, layer.layer);
                let stride = network.stride(layer.layer);
                if let (Some(content), Some(sums)) = (&layer.content, &mut found.content) {
                    content.add(sums, features, &tile.place(stride, features.1));
                }
                for (region, sums) in found.style.iter_mut().enumerate() {
                    let weights = weights_of(tile, single, stride, features.1, layer.shares(region, *extent, stride));
                    sums.add(engine, features, weights.as_deref(), scratch);
                }
            }
            Ok(())
        })?;
        let mut losses = Losses::default();
        let slopes: Vec<Slopes> = layers
            .iter()
            .zip(&found)
            .map(|(layer, found)| {
                let content = layer.content.as_ref().zip(found.content.as_ref()).map(|(target, sums)| {
                    let (value, slope) = target.compare(sums, self.weights.content / self.content_layers);
                    losses.content += value / self.content_layers;
                    slope
                });
                let whole: f64 = found.style.iter().map(Sums::weight).sum();
                let style = layer.style.iter().zip(&found.style).map(|(target, sums)| {
                    // A region counts by its area. A region without pixels does not count.
                    let share = sums.weight() / whole / self.style_layers;
                    let own = sums.statistics()?;
                    let (value, slope) = target.compare(&own, self.weights.style * share, sums.weight());
                    losses.style += value * share;
                    Some(slope)
                });
                Slopes { content, style: style.collect() }
            })
            .collect();
        let mut gradient = vec![0.0; picture.len()];
        for tile in tiles.iter() {
            if !single {
                check_cancelled(control)?;
                network.network.forwards(engine, pass, (&tile.copy(picture, extent.width), tile.extent()), &[])?;
            }
            let found = network.network.backwards(engine, pass, &mut |at, features, gradient, scratch| {
                let Some((layer, slopes)) = layers.iter().zip(&slopes).find(|(layer, _)| layer.layer == at) else { return };
                let stride = network.stride(at);
                if let (Some(content), Some(slope)) = (&layer.content, &slopes.content) {
                    content.add_slope(slope, features, &tile.place(stride, features.1), gradient);
                }
                for (region, slope) in slopes.style.iter().enumerate() {
                    let Some(slope) = slope else { continue };
                    let weights = weights_of(tile, single, stride, features.1, layer.shares(region, *extent, stride));
                    slope.add(engine, features, weights.as_deref(), gradient, scratch);
                }
            });
            tile.add(&found.picture.unwrap_or_default(), &mut gradient, extent.width);
        }
        losses.variation = variation::add(engine, picture, *extent, self.weights.variation, &mut gradient);
        let Weights { content, style, variation } = self.weights;
        losses.total = content * losses.content + style * losses.style + variation * losses.variation;
        Ok((losses, gradient))
    }
}

impl Layer {
    /// Returns a region's share of every pixel of the layer, and the layer's number of columns.
    fn shares(&self, region: usize, picture: Shape, stride: usize) -> Option<(&[f32], usize)> {
        Some((&self.shares.as_ref()?[region], picture.width / stride))
    }
}

impl Seen<'_> {
    fn pass(&self, network: &Network) -> Result<Pass> {
        let side = |axis: usize| self.tiles.iter().map(|tile| tile.seen[axis].len()).max().unwrap_or(1);
        network.network.pass([side(1), side(0)])
    }

    /// Runs the network on each tile.
    fn each(
        &self,
        network: &Network,
        engine: &Engine,
        pass: &mut Pass,
        control: &dyn Control,
        mut look: impl FnMut(&mut Pass, &Tile) -> Result<()>,
    ) -> Result<()> {
        for tile in self.tiles {
            check_cancelled(control)?;
            if self.tiles.len() == 1 {
                network.network.forwards(engine, pass, (self.picture, self.extent), &[])?;
            } else {
                network.network.forwards(engine, pass, (&tile.copy(self.picture, self.extent.width), tile.extent()), &[])?;
            }
            look(pass, tile)?;
        }
        Ok(())
    }
}

/// Returns the weight of each of a tile's features; `None` if all weights are 1.
/// Features that belong to other tiles have 0.
fn weights_of(tile: &Tile, single: bool, stride: usize, features: Shape, shares: Option<(&[f32], usize)>) -> Option<Vec<f32>> {
    if single {
        return shares.map(|(shares, _)| shares.to_vec());
    }
    let Place { rows, columns, origin } = tile.place(stride, features);
    let mut weights = vec![0.0; features.height * features.width];
    for y in rows {
        let row = &mut weights[y * features.width..][columns.clone()];
        match shares {
            None => row.fill(1.0),
            Some((shares, width)) => {
                row.copy_from_slice(&shares[(y + origin[0]) * width + columns.start + origin[1]..][..columns.len()]);
            }
        }
    }
    Some(weights)
}

/// Returns how many bytes the network may take; `None` without a limit.
fn budget(network: &Network, options: &OptimizeOptions, extent: Shape) -> Option<u64> {
    Some(options.max_memory?.saturating_sub(standing(network, options, extent)))
}

/// Returns how many bytes are held while a picture is optimized, in addition to those of the network: the content's
/// features, and several pictures of floats.
pub(super) fn standing(network: &Network, options: &OptimizeOptions, extent: Shape) -> u64 {
    let bytes =
        |shapes: Vec<Shape>| network.content_layers.iter().map(|layer| content::Target::bytes(shapes[layer.index()])).sum();
    // A picture that is too small is refused later.
    let features: u64 = network.shapes(extent).map_or(0, bytes);
    // The picture, its gradient, the content, two temporary copies of it, and a tile's copy.
    let pictures = 6 + options.method.pictures();
    features + pictures as u64 * extent.len() as u64 * 4
}

/// Returns how many bytes the network takes for the smallest tiles.
pub(super) fn least_tile_memory(network: &Network, extent: Shape, threads: usize) -> u64 {
    let side = SMALLEST_TILE + 2 * network.halo();
    let tile = Shape { height: side.min(extent.height), width: side.min(extent.width), channels: 3 };
    network.memory(tile, threads)
}

/// Cuts a picture into tiles, as large as the budget allows.
fn cut(network: &Network, extent: Shape, threads: usize, budget: Option<u64>) -> Vec<Tile> {
    let whole = || tiles::cut([extent.height, extent.width], usize::MAX, 0, 1);
    let Some(budget) = budget else { return whole() };
    if network.memory(extent, threads) <= budget {
        return whole();
    }
    let fits = |side: usize| {
        let seen = side + 2 * network.halo();
        let tile = Shape { height: seen.min(extent.height), width: seen.min(extent.width), channels: 3 };
        network.memory(tile, threads) <= budget
    };
    let mut side = extent.height.max(extent.width);
    while side > SMALLEST_TILE && !fits(side) {
        side = side * 7 / 8;
    }
    tiles::cut([extent.height, extent.width], side.max(SMALLEST_TILE), network.halo(), network.deepest_stride())
}
