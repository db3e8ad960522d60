//! Weights computed by a formula from each array's name and shape, so that a stored output needs no stored weights.
//!
//! A framework computed the stored outputs with weights from the same formula: FNV-1a of the name seeds a splitmix64
//! sequence, whose top 24 bits are a number in [0, 1). The last parts of the name determine what is done with it.

use impasto::graph::Graph;
use impasto::weights::{Tensor, Weights};

/// The array for this name and shape.
pub fn tensor(name: &str, shape: &[usize]) -> Tensor {
    let count: usize = shape.iter().product();
    let uniform = uniform(name);
    let values = (0..count as u64).map(|i| value(name, shape, uniform(i)) as f32).collect();
    Tensor::new(shape, values).unwrap()
}

/// All arrays that the graph needs.
pub fn weights(graph: &Graph) -> Weights {
    let mut weights = Weights::new();
    for parameter in graph.parameters().unwrap() {
        weights.insert(&parameter.name, tensor(&parameter.name, &parameter.shape));
    }
    weights
}

/// A picture without repetitions, in 0..1.
pub fn picture(name: &str, height: usize, width: usize) -> Tensor {
    let uniform = uniform(name);
    let values = (0..(height * width * 3) as u64).map(|i| uniform(i) as f32).collect();
    Tensor::new([height, width, 3], values).unwrap()
}

fn uniform(name: &str) -> impl Fn(u64) -> f64 {
    let hash = name.bytes().fold(0xCBF2_9CE4_8422_2325u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01B3));
    move |i| {
        let mut z = hash.wrapping_add((i + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        (z >> 40) as f64 / f64::from(1 << 24)
    }
}

fn value(name: &str, shape: &[usize], u: f64) -> f64 {
    let last = name.rsplit('/').next().unwrap();
    let fan_in = match (last, shape) {
        ("depthwise_weights", [height, width, ..]) => height * width,
        (_, [inputs @ .., _]) => inputs.iter().product(),
        _ => 1,
    } as f64;
    let signed = 2.0 * u - 1.0;
    if last == "weights" && name.contains("/StyleNorm/") {
        signed * (0.5 / fan_in).sqrt()
    } else if ["weights", "depthwise_weights", "pointwise_weights"].contains(&last) {
        signed * (6.0 / fan_in).sqrt()
    } else if name.ends_with("BatchNorm/gamma") {
        0.75 + 0.5 * u
    } else if name.ends_with("BatchNorm/moving_variance") {
        0.5 + u
    } else if name.ends_with("BatchNorm/Const") {
        1.0
    } else if name.ends_with("StyleNorm/Conv_1/biases") {
        1.0 + 0.1 * signed
    } else {
        0.1 * signed
    }
}
