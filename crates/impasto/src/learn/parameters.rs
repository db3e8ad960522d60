//! What is learned: one list of numbers, and where each belongs in the network.

use std::ops::Range;

use super::{LearnOptions, Way};
use crate::engine::gradient::{Gradients, Network};
use crate::networks::{Numbers, native};
use crate::style::{Correction, Learned};
use crate::stylizer::Base;
use crate::{Error, ErrorKind, Result};

/// Adam's rates at the beginning. Whole kernels move less, because each of their many numbers follows its own gradient.
const NORM_RATE: f32 = 0.01;
const FACTOR_RATE: f32 = 3e-3;
const WHOLE_RATE: f32 = 1e-3;
/// Standard deviation of the first values of left factors. Right factors begin at 0, so at first nothing is corrected.
const LEFT: f32 = 0.01;

/// The numbers, and where they go.
pub(super) struct Parameters {
    pub(super) values: Vec<f32>,
    /// For each norm, the ranges of its changes of scale and shift.
    norms: Vec<[Range<usize>; 2]>,
    /// One for each kernel of the network.
    kernels: Vec<Kernel>,
    way: Way,
}

/// How a kernel is corrected.
struct Kernel {
    /// Its values without correction, `[kh, kw, in, out]`.
    base: Vec<f32>,
    /// The shape that is corrected. If a filter is folded into the kernel, this is the shape
    /// without it: two rows and two columns less.
    shape: [usize; 4],
    folded: bool,
    part: Part,
}

enum Part {
    Nothing,
    /// `[kh·kw·in, rank]` and `[rank, out]`.
    Factors {
        rank: usize,
        left: Range<usize>,
        right: Range<usize>,
    },
    Whole(Range<usize>),
}

impl Kernel {
    /// Rows and columns of the kernel as a matrix.
    fn matrix(&self) -> [usize; 2] {
        let [kh, kw, inputs, outputs] = self.shape;
        [kh * kw * inputs, outputs]
    }
}

impl Parameters {
    pub(super) fn new(network: &Network, base: &Base, options: &LearnOptions) -> Result<Self> {
        let mut values = Vec::new();
        let zeros = |values: &mut Vec<f32>, len: usize| {
            let start = values.len();
            values.resize(start + len, 0.0);
            start..start + len
        };
        let norms = network.norms().iter().map(|norm| std::array::from_fn(|_| zeros(&mut values, norm.channels))).collect();
        let mut numbers = Numbers::seeded(options.seed);
        let mut kernels = Vec::new();
        for kernel in network.kernels() {
            let folded = base.folded.contains(&kernel.name);
            let [kh, kw, inputs, outputs] = kernel.shape;
            let shape = if folded { [kh - 2, kw - 2, inputs, outputs] } else { kernel.shape };
            let base = base.weights.require(&kernel.name, &kernel.shape)?.data().to_vec();
            let mut own = Kernel { base, shape, folded, part: Part::Nothing };
            let [rows, columns] = own.matrix();
            own.part = match options.way {
                Way::Norms => Part::Nothing,
                // These kernels are the largest. With them a style would be twice as
                // large, but no nearer to its pictures.
                Way::LowRank(_) if kernel.name.starts_with(native::DEEP) => Part::Nothing,
                Way::LowRank(rank) => {
                    let rank = rank.min(columns).min(rows);
                    let left = zeros(&mut values, rows * rank);
                    values[left.clone()].iter_mut().for_each(|v| *v = normal(&mut numbers) * LEFT);
                    Part::Factors { rank, left, right: zeros(&mut values, rank * columns) }
                }
                Way::Whole => Part::Whole(zeros(&mut values, rows * columns)),
            };
            kernels.push(own);
        }
        Ok(Parameters { values, norms, kernels, way: options.way })
    }

    /// Begins with what a style has learned, in the same way and for a network of this form. Parts of the network
    /// that the style lacks keep their values.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if the style is a blend, or has learned in another way or for a network of another form.
    pub(super) fn take(&mut self, network: &Network, learned: &Learned) -> Result<()> {
        let mismatch = |text: &str| Error::new(ErrorKind::Mismatch, text);
        let other_network =
            || mismatch("the style has learned for a network with another structure; learn it from the beginning");
        let Some((norms, kernels)) = learned.unblended() else {
            return Err(mismatch("the style is a blend; start from one that has learned by itself"));
        };
        let other_way = || mismatch("the style has learned in another way; learn it in the same way, with the same rank");
        if kernels.is_empty() != (self.way == Way::Norms) {
            return Err(other_way());
        }
        let norm = |name: &String| network.norms().iter().any(|norm| norm.name == *name);
        let kernel = |name: &String| network.kernels().iter().any(|kernel| kernel.name == *name);
        if !norms.keys().all(norm) || !kernels.keys().all(kernel) {
            return Err(other_network());
        }
        let mut taken = self.values.clone();
        for (named, own) in network.norms().iter().zip(&self.norms) {
            let Some(map) = norms.get(&named.name) else { continue };
            for (values, own) in map.iter().zip(own) {
                if values.len() != own.len() {
                    return Err(other_network());
                }
                taken[own.clone()].copy_from_slice(values);
            }
        }
        for (named, kernel) in network.kernels().iter().zip(&self.kernels) {
            let (found, ranges) = match (kernels.get(&named.name), &kernel.part) {
                // The network has grown. Its new parts begin as they do without a style.
                (None, _) => continue,
                (Some(found), Part::Whole(own)) if found.stored().1.is_none() => (found, [own.clone(), 0..0]),
                (Some(found), Part::Factors { rank, left, right }) if found.stored().1 == Some(*rank) => {
                    (found, [left.clone(), right.clone()])
                }
                _ => return Err(other_way()),
            };
            let (shape, _, numbers) = found.stored();
            if shape != kernel.shape || numbers.iter().zip(&ranges).any(|(numbers, own)| numbers.len() != own.len()) {
                return Err(other_network());
            }
            for (numbers, own) in numbers.into_iter().zip(ranges) {
                taken[own].copy_from_slice(numbers);
            }
        }
        self.values = taken;
        Ok(())
    }

    /// Returns ranges of the numbers, each with its rate.
    pub(super) fn rates(&self) -> Vec<(Range<usize>, f32)> {
        let norms = self.norms.last().map_or(0, |[_, last]| last.end);
        let rate = if self.way == Way::Whole { WHOLE_RATE } else { FACTOR_RATE };
        vec![(0..norms, NORM_RATE), (norms..self.values.len(), rate)]
    }

    /// Returns scales and shifts: those from the style vector, plus the changes.
    pub(super) fn norms(&self, given: &[[Vec<f32>; 2]]) -> Vec<[Vec<f32>; 2]> {
        let changed = |(given, own): (&[Vec<f32>; 2], &[Range<usize>; 2])| {
            std::array::from_fn(|i| given[i].iter().zip(&self.values[own[i].clone()]).map(|(a, b)| a + b).collect())
        };
        given.iter().zip(&self.norms).map(changed).collect()
    }

    /// Returns the corrected kernels, each with its index.
    pub(super) fn kernels(&self) -> Vec<(usize, Vec<f32>)> {
        let corrected = |(i, kernel): (usize, &Kernel)| {
            let correction = kernel.correction(&self.values)?;
            Some((i, kernel.base.iter().zip(correction).map(|(a, b)| a + b).collect()))
        };
        self.kernels.iter().enumerate().filter_map(corrected).collect()
    }

    /// Adds a loss's gradient, times `share`, to the gradient of the numbers.
    pub(super) fn pull_back(&self, found: &Gradients, share: f32, gradient: &mut [f32]) {
        for (found, own) in found.norms.iter().zip(&self.norms) {
            for (found, own) in found.iter().zip(own) {
                gradient[own.clone()].iter_mut().zip(found).for_each(|(g, v)| *g += share * v);
            }
        }
        for (found, kernel) in found.kernels.iter().zip(&self.kernels) {
            if found.is_empty() {
                continue;
            }
            let small;
            let found = if kernel.folded {
                let [side, _, inputs, outputs] = kernel.shape;
                small = native::gradient_before_folding(found, side, inputs, outputs);
                &small
            } else {
                found
            };
            let [rows, columns] = kernel.matrix();
            match &kernel.part {
                Part::Nothing => {}
                Part::Whole(own) => gradient[own.clone()].iter_mut().zip(found).for_each(|(g, v)| *g += share * v),
                Part::Factors { rank, left, right } => {
                    // For W = L·R, the gradient by L is G·Rᵀ, and by R it is Lᵀ·G.
                    for row in 0..rows {
                        let found = &found[row * columns..][..columns];
                        for k in 0..*rank {
                            let factors = &self.values[right.start + k * columns..][..columns];
                            let product: f32 = found.iter().zip(factors).map(|(a, b)| a * b).sum();
                            gradient[left.start + row * rank + k] += share * product;
                            let factor = share * self.values[left.start + row * rank + k];
                            let target = &mut gradient[right.start + k * columns..][..columns];
                            target.iter_mut().zip(found).for_each(|(t, v)| *t += factor * v);
                        }
                    }
                }
            }
        }
    }

    /// Adds the gradient of half the sum of all squares, times `weight`.
    pub(super) fn pull(&self, weight: f32, gradient: &mut [f32]) {
        gradient.iter_mut().zip(&self.values).for_each(|(g, v)| *g += weight * v);
    }

    /// Returns these numbers in the form that a style holds.
    pub(super) fn learned(&self, network: &Network, values: &[f32], model: String) -> Result<Learned> {
        if values.iter().any(|v| !v.is_finite()) {
            return Err(Error::new(
                ErrorKind::Malformed,
                "learning led to numbers that are not finite; use a smaller weight or fewer steps",
            ));
        }
        let of = |range: &Range<usize>| values[range.clone()].to_vec();
        let norms = network.norms().iter().zip(&self.norms).map(|(norm, own)| (norm.name.clone(), own.each_ref().map(of)));
        let kernels = network.kernels().iter().zip(&self.kernels).filter_map(|(named, kernel)| {
            let correction = match &kernel.part {
                Part::Nothing => return None,
                Part::Whole(own) => Correction::whole(kernel.shape, of(own)),
                Part::Factors { rank, left, right } => Correction::factors(kernel.shape, *rank, of(left), of(right)),
            };
            Some((named.name.clone(), correction))
        });
        Learned::new(model, norms.collect(), kernels.collect())
    }
}

impl Kernel {
    /// Returns what is added to the kernel; `None` if it is not corrected.
    fn correction(&self, values: &[f32]) -> Option<Vec<f32>> {
        let [_, _, inputs, outputs] = self.shape;
        let small = match &self.part {
            Part::Nothing => return None,
            Part::Whole(own) => values[own.clone()].to_vec(),
            Part::Factors { rank, left, right } => {
                crate::style::product(&values[left.clone()], &values[right.clone()], *rank, outputs)
            }
        };
        Some(if self.folded { native::folded(&small, self.shape[0], inputs, outputs) } else { small })
    }
}

/// Draws a standard normal number (Box & Muller 1958).
fn normal(numbers: &mut Numbers) -> f32 {
    let mut unit = || numbers.next().unwrap_or(0.0);
    let (a, b) = (1.0 - unit(), unit());
    (-2.0 * a.ln()).sqrt() * (2.0 * std::f32::consts::PI * b).cos()
}
