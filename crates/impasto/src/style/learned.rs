//! What a style has learned for one model: changes of norms and kernels.

use std::collections::BTreeMap;
use std::sync::Arc;

use half::f16;

use crate::weights::{Tensor, Weights};
use crate::{Error, ErrorKind, Result};

const NORMS: &str = "norms/";
const KERNELS: &str = "kernels/";
const LEFT: &str = "/left";
const RIGHT: &str = "/right";

/// What a style adds to one model's transformer: to scale and shift of conditional norms, and to kernels of
/// convolutions.
///
/// [`crate::learn::Learner`] makes it. All of it is linear: a [blend](crate::Style::blend) has the weighted sum of what
/// its styles have learned. Numbers are kept at float16.
#[derive(Debug, Clone)]
pub struct Learned {
    /// Hash of the model that it belongs to.
    model: String,
    /// What was learned, each part with its share.
    parts: Vec<Part>,
}

/// A share, and the values that it applies to.
type Part = (f32, Arc<Values>);

/// Changes of scale and shift, by norm.
type Norms = BTreeMap<String, [Vec<f32>; 2]>;
/// Corrections, by kernel.
type Corrections = BTreeMap<String, Correction>;

#[derive(Debug, PartialEq)]
struct Values {
    norms: Norms,
    kernels: Corrections,
}

/// What is added to a kernel.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Correction {
    /// `[kh, kw, in, out]`. If a filter is folded into the kernel, the shape without the filter.
    shape: [usize; 4],
    sum: Sum,
}

#[derive(Debug, Clone, PartialEq)]
enum Sum {
    Whole(Vec<f32>),
    /// The product of `[kh·kw·in, rank]` and `[rank, out]`.
    Product {
        rank: usize,
        left: Vec<f32>,
        right: Vec<f32>,
    },
}

impl Correction {
    pub(crate) fn whole(shape: [usize; 4], values: Vec<f32>) -> Self {
        Correction { shape, sum: Sum::Whole(values) }
    }

    pub(crate) fn factors(shape: [usize; 4], rank: usize, left: Vec<f32>, right: Vec<f32>) -> Self {
        Correction { shape, sum: Sum::Product { rank, left, right } }
    }

    /// Its values. If it was read from a file, it may claim any shape: compare that with the kernel's first.
    fn values(&self) -> Vec<f32> {
        match &self.sum {
            Sum::Whole(values) => values.clone(),
            Sum::Product { rank, left, right } => product(left, right, *rank, self.shape[3]),
        }
    }

    /// Returns the shape `[kh, kw, in, out]`, the rank of a product, and the numbers. A product's left factor comes
    /// first.
    pub(crate) fn stored(&self) -> ([usize; 4], Option<usize>, [&[f32]; 2]) {
        match &self.sum {
            Sum::Whole(values) => (self.shape, None, [values, &[]]),
            Sum::Product { rank, left, right } => (self.shape, Some(*rank), [left, right]),
        }
    }

    fn rounded(mut self) -> Self {
        match &mut self.sum {
            Sum::Whole(values) => round(values),
            Sum::Product { left, right, .. } => [left, right].into_iter().for_each(|values| round(values)),
        }
        self
    }
}

/// Returns the matrix product of `left`, `[…, rank]`, and `right`, `[rank, columns]`.
pub(crate) fn product(left: &[f32], right: &[f32], rank: usize, columns: usize) -> Vec<f32> {
    let mut out = vec![0.0; left.len() / rank.max(1) * columns];
    for (row, factors) in out.chunks_exact_mut(columns).zip(left.chunks_exact(rank.max(1))) {
        for (factor, right) in factors.iter().zip(right.chunks_exact(columns)) {
            row.iter_mut().zip(right).for_each(|(v, r)| *v += factor * r);
        }
    }
    out
}

/// Rounds to the nearest float16.
pub(super) fn round(values: &mut [f32]) {
    values.iter_mut().for_each(|v| *v = f16::from_f32(*v).to_f32());
}

/// Equal if the same parts are in the same order.
impl PartialEq for Learned {
    fn eq(&self, other: &Self) -> bool {
        let same = |(a, b): (&Part, &Part)| a.0 == b.0 && (Arc::ptr_eq(&a.1, &b.1) || a.1 == b.1);
        self.model == other.model && self.parts.len() == other.parts.len() && self.parts.iter().zip(&other.parts).all(same)
    }
}

impl Learned {
    /// Makes it for the model of this hash: changes of scale and shift by norm name, and corrections by kernel name.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`] if a number is not finite.
    pub(crate) fn new(model: String, mut norms: Norms, kernels: Corrections) -> Result<Self> {
        norms.values_mut().flatten().for_each(|values| round(values));
        let kernels = kernels.into_iter().map(|(name, correction)| (name, correction.rounded())).collect();
        let learned = Learned { model, parts: vec![(1.0, Arc::new(Values { norms, kernels }))] };
        if learned.numbers().all(|v| v.is_finite()) {
            return Ok(learned);
        }
        Err(Error::new(ErrorKind::Malformed, "the style has learned a number that is not finite"))
    }

    /// Returns all of its numbers, in a fixed order.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = f32> {
        self.parts.iter().flat_map(|(_, values)| {
            let kernels = values.kernels.values().flat_map(|correction| correction.stored().2);
            let norms = values.norms.values().flatten().map(|values| &values[..]);
            norms.chain(kernels).flatten().copied()
        })
    }

    /// Returns how many bytes its numbers take in memory.
    pub fn memory(&self) -> u64 {
        4 * self.numbers().count() as u64
    }

    /// Returns the hash of the model that it belongs to, in hexadecimal digits. Only this model can paint the style.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Whether kernels are corrected. Such a style paints a whole picture, because only one network can run at a time.
    pub fn corrects_kernels(&self) -> bool {
        self.parts.iter().any(|(_, values)| !values.kernels.is_empty())
    }

    /// Returns its changes of norms and its corrections of kernels; `None` if it is a blend of what several styles have
    /// learned.
    pub(crate) fn unblended(&self) -> Option<(&Norms, &Corrections)> {
        match &self.parts[..] {
            [(1.0, values)] => Some((&values.norms, &values.kernels)),
            _ => None,
        }
    }

    /// Adds a norm's changes to its scale and shift.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if the norm has another number of channels.
    pub(crate) fn change_norm(&self, name: &str, map: [&mut [f32]; 2]) -> Result<()> {
        let [scale, shift] = map;
        for (share, values) in &self.parts {
            let Some([by_scale, by_shift]) = values.norms.get(name) else { continue };
            if by_scale.len() != scale.len() || by_shift.len() != shift.len() {
                return Err(other_model(name));
            }
            scale.iter_mut().zip(by_scale).for_each(|(v, d)| *v += share * d);
            shift.iter_mut().zip(by_shift).for_each(|(v, d)| *v += share * d);
        }
        Ok(())
    }

    /// Returns the names of the kernels that it corrects.
    pub(crate) fn kernels(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.parts.iter().flat_map(|(_, values)| values.kernels.keys().map(String::as_str)).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Returns what is added to a kernel of this shape.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if the kernel has another shape.
    pub(crate) fn correction(&self, name: &str, shape: [usize; 4]) -> Result<Vec<f32>> {
        let mut total = vec![0.0; shape.iter().product()];
        for (share, values) in &self.parts {
            let Some(correction) = values.kernels.get(name) else { continue };
            if correction.shape != shape {
                return Err(other_model(name));
            }
            total.iter_mut().zip(correction.values()).for_each(|(t, v)| *t += share * v);
        }
        Ok(total)
    }

    /// Returns the weighted sum of what several styles have learned for one model. Styles that have learned nothing are
    /// not in `learned`.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if they belong to different models.
    pub(super) fn blend(learned: &[(&Learned, f32)]) -> Result<Option<Learned>> {
        let Some(((first, _), _)) = learned.split_first() else { return Ok(None) };
        let mut parts: Vec<Part> = Vec::new();
        for (own, share) in learned {
            if own.model != first.model {
                let text = "the styles have learned for different models; learn them for one model";
                return Err(Error::new(ErrorKind::Mismatch, text));
            }
            for (part, values) in &own.parts {
                match parts.iter_mut().find(|(_, known)| Arc::ptr_eq(known, values)) {
                    Some((known, _)) => *known += share * part,
                    None => parts.push((share * part, values.clone())),
                }
            }
        }
        parts.retain(|(share, _)| *share != 0.0);
        Ok((!parts.is_empty()).then(|| Learned { model: first.model.clone(), parts }))
    }

    /// Adds its arrays to those of a file.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if parts contradict each other.
    pub(super) fn write(&self, file: &mut Weights) -> Result<()> {
        let mut norms: BTreeMap<&str, [Vec<f32>; 2]> = BTreeMap::new();
        for (_, values) in &self.parts {
            for (name, map) in &values.norms {
                norms.entry(name).or_insert_with(|| map.each_ref().map(|values| vec![0.0; values.len()]));
            }
        }
        for (name, [mut scale, mut shift]) in norms {
            self.change_norm(name, [&mut scale, &mut shift])?;
            let channels = scale.len();
            file.insert(format!("{NORMS}{name}"), Tensor::new([2, channels], [scale, shift].concat())?);
        }
        for name in self.kernels() {
            let own = self.parts.iter().filter_map(|(share, values)| Some((*share, values.kernels.get(name)?)));
            let own: Vec<(f32, &Correction)> = own.collect();
            let Some((_, first)) = own.first() else { continue };
            let [kh, kw, inputs, outputs] = first.shape;
            // A whole kernel really has the size that its shape says. A product may claim any shape.
            if let Some((_, whole)) = own.iter().find(|(_, correction)| matches!(correction.sum, Sum::Whole(_))) {
                file.insert(format!("{KERNELS}{name}"), Tensor::new(whole.shape, self.correction(name, whole.shape)?)?);
                continue;
            }
            // A sum of products is the product of the factors placed side by side.
            let rows = kh * kw * inputs;
            let (mut columns, mut right_rows) = (vec![Vec::new(); rows], Vec::new());
            for (share, correction) in &own {
                let Sum::Product { rank, left, right } = &correction.sum else { continue };
                if correction.shape != first.shape {
                    return Err(other_model(name));
                }
                for (row, values) in columns.iter_mut().zip(left.chunks_exact(*rank)) {
                    row.extend(values.iter().map(|v| share * v));
                }
                right_rows.extend_from_slice(right);
            }
            let rank = right_rows.len() / outputs;
            file.insert(format!("{KERNELS}{name}{LEFT}"), Tensor::new([kh, kw, inputs, rank], columns.concat())?);
            file.insert(format!("{KERNELS}{name}{RIGHT}"), Tensor::new([rank, outputs], right_rows)?);
        }
        Ok(())
    }

    /// Takes from a file's arrays what was learned for the model of this hash.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`] if there are other arrays.
    pub(super) fn read(file: &mut Weights, model: String) -> Result<Self> {
        let malformed =
            |name: &str| Error::new(ErrorKind::Malformed, format!("is a style file with an unexpected array {name:?}"));
        let names: Vec<String> = file.iter().map(|(name, _)| name.to_owned()).collect();
        let (mut norms, mut kernels) = (BTreeMap::new(), BTreeMap::new());
        for name in &names {
            // Already taken with its other half.
            let Some(tensor) = file.get(name) else { continue };
            if tensor.data().is_empty() {
                return Err(malformed(name));
            }
            if let Some(norm) = name.strip_prefix(NORMS) {
                let &[2, channels] = tensor.shape() else { return Err(malformed(name)) };
                let (scale, shift) = tensor.data().split_at(channels);
                norms.insert(norm.to_owned(), [scale.to_vec(), shift.to_vec()]);
            } else if let Some(kernel) = name.strip_prefix(KERNELS) {
                let &[kh, kw, inputs, last] = tensor.shape() else { return Err(malformed(name)) };
                if let Some(kernel) = kernel.strip_suffix(LEFT) {
                    let other = file.get(&format!("{KERNELS}{kernel}{RIGHT}")).ok_or_else(|| malformed(name))?;
                    let &[rank, outputs] = other.shape() else { return Err(malformed(name)) };
                    if rank != last || outputs == 0 {
                        return Err(malformed(name));
                    }
                    let (left, right) = (tensor.data().to_vec(), other.data().to_vec());
                    kernels.insert(kernel.to_owned(), Correction::factors([kh, kw, inputs, outputs], rank, left, right));
                    file.remove(&format!("{KERNELS}{kernel}{RIGHT}"));
                } else {
                    kernels.insert(kernel.to_owned(), Correction::whole([kh, kw, inputs, last], tensor.data().to_vec()));
                }
            } else {
                return Err(malformed(name));
            }
            file.remove(name);
        }
        Self::new(model, norms, kernels)
    }
}

fn other_model(name: &str) -> Error {
    Error::new(ErrorKind::Mismatch, format!("the style has learned for another network: its {name:?} has another shape"))
}
