//! Converts the arrays of other projects' files to the form of our own container.

use super::container;
use super::{Architecture, Family, Part};
use crate::weights::{Tensor, Weights};
use crate::{Error, ErrorKind, Result};

/// A file that is being converted: its arrays move to the container.
pub(super) struct Foreign {
    pub(super) file: String,
    from: Weights,
    to: Weights,
}

impl Foreign {
    pub(super) fn new(part: Part) -> Self {
        Foreign { file: part.file, from: part.weights, to: Weights::new() }
    }

    /// Adds the arrays of another file, with a prefix to their names.
    pub(super) fn and(mut self, part: Part, prefix: &str) -> Self {
        for (name, tensor) in part.weights.into_iter() {
            self.from.insert(format!("{prefix}{name}"), tensor);
        }
        self
    }

    /// A metadata value of the file.
    pub(super) fn fact(&self, key: &str) -> Option<&str> {
        self.from.metadata.get(key).map(String::as_str)
    }

    /// Returns an array of the file.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if it is absent.
    pub(super) fn get(&self, name: &str) -> Result<&Tensor> {
        self.from.get(name).ok_or_else(|| mismatch(format!("the weights lack {name:?}")))
    }

    /// Adds a vector of this length, times a factor, under a new name.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if it is absent or has another shape.
    pub(super) fn vector(&mut self, name: &str, length: usize, factor: f32, to: String) -> Result<()> {
        let values: Vec<f32> = self.from.require(name, &[length])?.data().iter().map(|v| v * factor).collect();
        self.put(to, [length], values)
    }

    /// Adds an array to the container.
    pub(super) fn put(&mut self, name: String, shape: impl Into<Vec<usize>>, values: Vec<f32>) -> Result<()> {
        self.to.insert(name, Tensor::new(shape, values)?);
        Ok(())
    }

    /// Returns PyTorch's kernel `[out, in, kh, kw]` as `[kh, kw, in, out]`, times a factor.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if it is absent or not a kernel of this side.
    pub(super) fn kernel(&self, name: &str, side: usize, factor: f32) -> Result<Tensor> {
        let tensor = self.get(name)?;
        match *tensor.shape() {
            [out, input, kh, kw] if [kh, kw] == [side, side] => turned(tensor, [out, input, kh, kw], factor),
            ref shape => Err(mismatch(format!("the weights' {name:?} has shape {shape:?}, not that of a {side}×{side} kernel"))),
        }
    }

    /// Adds one of PyTorch's convolutions, `name.weight` and `name.bias`, as `to/weights` and `to/biases`. If it
    /// has several groups, they become one kernel with zeros between them.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if an array is absent or has the wrong shape.
    pub(super) fn convolution(&mut self, name: &str, side: usize, [inputs, outputs]: [usize; 2], to: &str) -> Result<()> {
        let kernel = self.kernel(&format!("{name}.weight"), side, 1.0)?;
        let &[_, _, grouped, out] = kernel.shape() else { return Err(mismatch(format!("{name:?} is not a convolution"))) };
        let fits = grouped > 0 && out == outputs && inputs.is_multiple_of(grouped) && outputs.is_multiple_of(inputs / grouped);
        if !fits {
            let shape = kernel.shape();
            return Err(mismatch(format!("{name:?} has a kernel of {shape:?}, but {inputs} channels become {outputs}")));
        }
        let kernel = if grouped == inputs { kernel } else { dense(&kernel, inputs)? };
        self.to.insert(format!("{to}/weights"), kernel);
        self.vector(&format!("{name}.bias"), outputs, 1.0, format!("{to}/biases"))
    }

    /// Adds one of PyTorch's depthwise convolutions with its bias.
    ///
    /// # Errors
    /// As [`Foreign::convolution`].
    pub(super) fn depthwise(&mut self, name: &str, side: usize, channels: usize, to: &str) -> Result<()> {
        let kernel = self.from.require(&format!("{name}.weight"), &[channels, 1, side, side])?;
        let taps = side * side;
        let values = (0..taps * channels).map(|i| kernel.data()[i % channels * taps + i / channels]).collect();
        self.put(format!("{to}/weights"), [side, side, channels, 1], values)?;
        self.vector(&format!("{name}.bias"), channels, 1.0, format!("{to}/biases"))
    }

    /// Returns the container with everything that was added to it.
    pub(super) fn finish(mut self, networks: &[Architecture], family: Family, [source, licence]: [&str; 2]) -> Part {
        container::describe(&mut self.to, networks, &family, [source, licence]);
        Part { file: self.file, weights: self.to }
    }
}

/// Transposes `[out, in, kh, kw]` to `[kh, kw, in, out]`, times a factor.
pub(super) fn turned(kernel: &Tensor, [out, input, kh, kw]: [usize; 4], factor: f32) -> Result<Tensor> {
    let mut data = vec![0.0; kernel.data().len()];
    for (at, &v) in kernel.data().iter().enumerate() {
        let (place, from) = (at % (kh * kw), at / (kh * kw) % input);
        data[(place * input + from) * out + at / (kh * kw * input)] = v * factor;
    }
    Tensor::new([kh, kw, input, out], data)
}

/// Turns a grouped kernel `[kh, kw, inputs per group, out]` into a kernel that reads all inputs.
fn dense(kernel: &Tensor, inputs: usize) -> Result<Tensor> {
    let &[kh, kw, grouped, out] = kernel.shape() else { return Err(mismatch("is not a kernel".into())) };
    let of_group = out / (inputs / grouped);
    let mut data = vec![0.0; kh * kw * inputs * out];
    for (at, &v) in kernel.data().iter().enumerate() {
        let (o, i, tap) = (at % out, at / out % grouped, at / (out * grouped));
        data[(tap * inputs + o / of_group * grouped + i) * out + o] = v;
    }
    Tensor::new([kh, kw, inputs, out], data)
}

/// A color transform before the first layer: an affine map of RGB in 0..1.
pub(super) struct Colours {
    /// For each input of the layer, the factors of the channels.
    pub(super) matrix: [[f64; 3]; 3],
    pub(super) summands: [f64; 3],
}

impl Colours {
    /// Returns kernel and bias of the first layer for RGB in 0..1. The layer's border
    /// must be mirrored, or the summands 0.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if the kernel does not read three channels.
    pub(super) fn fold(&self, kernel: &Tensor, bias: &Tensor) -> Result<[Tensor; 2]> {
        let &[kh, kw, 3, out] = kernel.shape() else {
            return Err(mismatch(format!("the first layer's kernel has shape {:?}", kernel.shape())));
        };
        let weight = |tap: usize, input: usize, o: usize| f64::from(kernel.data()[(tap * 3 + input) * out + o]);
        let mut folded = Vec::with_capacity(kernel.data().len());
        let mut shifted: Vec<f64> = bias.data().iter().map(|&b| f64::from(b)).collect();
        for tap in 0..kh * kw {
            for channel in 0..3 {
                let mixed = |o| (0..3).map(|input| weight(tap, input, o) * self.matrix[input][channel]).sum::<f64>() as f32;
                folded.extend((0..out).map(mixed));
            }
            for (o, shifted) in shifted.iter_mut().enumerate() {
                *shifted += (0..3).map(|input| weight(tap, input, o) * self.summands[input]).sum::<f64>();
            }
        }
        let bias = shifted.into_iter().map(|v| v as f32).collect::<Vec<f32>>();
        Ok([Tensor::new([kh, kw, 3, out], folded)?, Tensor::new([out], bias)?])
    }
}

/// Makes a family name from the weights, since the styles of one network mean nothing to
/// another: the FNV-1a hash of the bytes, folded to 32 bits.
pub(super) fn family(name: &str, tensor: &Tensor) -> Family {
    let bytes = tensor.data().iter().flat_map(|v| v.to_le_bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    Family::Other(format!("{name}-{:08x}", (hash >> 32) as u32 ^ hash as u32))
}

pub(super) fn mismatch(text: String) -> Error {
    Error::new(ErrorKind::Mismatch, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_become_one_kernel_with_zeros_between_them() {
        // Two groups of two inputs, one output each, 1×1.
        let kernel = Tensor::new([1, 1, 2, 2], vec![1.0, 3.0, 2.0, 4.0]).unwrap();
        let dense = dense(&kernel, 4).unwrap();
        assert_eq!((dense.shape(), dense.data()), (&[1, 1, 4, 2][..], &[1.0, 0.0, 2.0, 0.0, 0.0, 3.0, 0.0, 4.0][..]));
        // Two groups of one input, two outputs each.
        let kernel = Tensor::new([1, 1, 1, 4], vec![1.0, 2.0, 3.0, 4.0]).unwrap();
        let dense = super::dense(&kernel, 2).unwrap();
        assert_eq!(dense.data(), &[1.0, 2.0, 0.0, 0.0, 0.0, 0.0, 3.0, 4.0]);
    }
}
