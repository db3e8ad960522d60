//! Gradients against differences of the naive executor's results.

use impasto_kernels::{Extent, Isa, Threads};

use super::{Gradients, Network, Pass, Wanted, conditioned};
use crate::engine::reference;
use crate::graph::{Activation, Conv, Graph, Op, Padding};
use crate::networks::native::Transformer;
use crate::networks::random_weights;
use crate::weights::{Tensor, Weights};

/// Numbers without order, from -0.5 to 0.5.
fn scattered(len: usize, seed: usize) -> Vec<f32> {
    (0..len).map(|i| ((i * i * 31 + i * (17 + seed) + seed * 7) % 251) as f32 / 250.0 - 0.5).collect()
}

struct Case {
    graph: Graph,
    weights: Weights,
    picture: Tensor,
    vector: Vec<f32>,
    /// The loss is the sum of the result times these.
    slopes: Vec<f32>,
}

impl Case {
    fn new(graph: Graph, [height, width]: [usize; 2]) -> Self {
        let weights = random_weights(&graph, 3).unwrap();
        let channels = graph.channels().unwrap()[0];
        let pixels = scattered(height * width * channels, 1).into_iter().map(|v| v + 0.5).collect();
        let picture = Tensor::new([height, width, channels], pixels).unwrap();
        let vector = scattered(graph.style_len, 2);
        let count = reference::run(&graph, &weights, &picture, &vector).unwrap().data().len();
        Case { graph, weights, picture, vector, slopes: scattered(count, 5) }
    }

    fn loss(&self, weights: &Weights, picture: &Tensor) -> f64 {
        let result = reference::run(&self.graph, weights, picture, &self.vector).unwrap();
        result.data().iter().zip(&self.slopes).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    }

    fn gradients(&self, wanted: Wanted) -> (Vec<f32>, Gradients, Network) {
        let network = Network::compile(&self.graph, &self.weights, Isa::best()).unwrap();
        let norms = conditioned(&self.graph, &self.weights, &self.vector).unwrap();
        let threads = Threads::new(1).unwrap();
        let &[height, width, channels] = self.picture.shape() else { unreachable!() };
        let mut pass = Pass::default();
        let mut result = Vec::new();
        // Twice: what the first pass leaves must not matter to the second.
        for _ in 0..2 {
            let extent = Extent { height, width, channels };
            result = pass.forwards(&network, &threads, (self.picture.data(), extent), &norms).unwrap().0.to_vec();
        }
        (result, pass.backwards(&network, &threads, &self.slopes, wanted), network)
    }

    /// The loss's change along a direction, halved differences of both sides.
    fn difference(&self, change: &dyn Fn(f32, &mut Weights, &mut Tensor)) -> f64 {
        const STEP: f32 = 5e-4;
        let at = |step: f32| {
            let (mut weights, mut picture) = (self.weights.clone(), self.picture.clone());
            change(step, &mut weights, &mut picture);
            self.loss(&weights, &picture)
        };
        (at(STEP) - at(-STEP)) / f64::from(2.0 * STEP)
    }

    fn check(&self) {
        let (result, gradients, network) = self.gradients(Wanted { picture: true, kernels: true });
        let expected = reference::run(&self.graph, &self.weights, &self.picture, &self.vector).unwrap();
        for (a, b) in result.iter().zip(expected.data()) {
            assert!((a - b).abs() < 1e-3, "forwards: {a} and {b}");
        }
        let moved = |tensor: &Tensor, direction: &[f32], step: f32| {
            let values = tensor.data().iter().zip(direction).map(|(v, d)| v + step * d).collect();
            Tensor::new(tensor.shape().to_vec(), values).unwrap()
        };
        let compare = |name: &str, gradient: &[f32], direction: &[f32], change: &dyn Fn(f32, &mut Weights, &mut Tensor)| {
            let found: f64 = gradient.iter().zip(direction).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            let expected = self.difference(change);
            // ReLUs that change sides between the two ends leave about a hundredth.
            let scale =
                gradient.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt() * 0.29 * (direction.len() as f64).sqrt();
            assert!((found - expected).abs() < 0.03 * expected.abs() + 0.01 * scale + 1e-3, "{name}: {found} and {expected}");
            assert!(gradient.iter().any(|v| *v != 0.0), "{name}: no gradient");
        };
        let direction = scattered(self.picture.data().len(), 9);
        compare("picture", gradients.picture.as_ref().unwrap(), &direction, &|step, _, picture| {
            *picture = moved(picture, &direction, step);
        });
        for (kernel, gradient) in network.kernels().iter().zip(&gradients.kernels) {
            let direction = scattered(gradient.len(), 11);
            compare(&kernel.name, gradient, &direction, &|step, weights, _| {
                let tensor = moved(weights.get(&kernel.name).unwrap(), &direction, step);
                weights.insert(kernel.name.clone(), tensor);
            });
        }
        for (norm, gradients) in network.norms().iter().zip(&gradients.norms) {
            let Some(Op::InstanceNorm(parameters)) = self.graph.named(&norm.name).map(|id| &self.graph.node(id).op) else {
                panic!("no norm {}", norm.name)
            };
            for (dense, gradient) in [&parameters.scale, &parameters.shift].into_iter().zip(gradients) {
                let direction = scattered(gradient.len(), 13);
                compare(&dense.bias, gradient, &direction, &|step, weights, _| {
                    let tensor = moved(weights.get(&dense.bias).unwrap(), &direction, step);
                    weights.insert(dense.bias.clone(), tensor);
                });
            }
        }
        // What is not wanted is not computed, and changes nothing else.
        let (_, fewer, _) = self.gradients(Wanted { picture: false, kernels: false });
        assert!(fewer.picture.is_none() && fewer.kernels.iter().all(Vec::is_empty));
        assert_eq!(fewer.norms, gradients.norms);
    }
}

#[test]
fn gradients_of_our_transformer_are_differences() {
    let small = Transformer { widths: [4, 5, 6], blocks: 1, style_len: 3, ..Transformer::shipped() };
    Case::new(small.graph(), [20, 16]).check();
}

#[test]
fn gradients_without_filters_and_skips_are_differences() {
    let plain = Transformer {
        widths: [4, 4, 8],
        blocks: 2,
        kernel: 3,
        resample: 3,
        skips: false,
        style_len: 2,
        ..Transformer::shipped()
    };
    Case::new(plain.graph(), [28, 32]).check();
}

#[test]
fn gradients_of_magentas_transformer_are_differences() {
    let small = crate::networks::magenta::Transformer {
        widths: [4, 4, 8],
        blocks: 1,
        style_len: 3,
        ..crate::networks::magenta::Transformer::checkpoint()
    };
    Case::new(small.graph(), [20, 24]).check();
}

#[test]
fn biases_relus_and_zero_borders_are_supported() {
    let mut graph = Graph::new(2, 0);
    let conv = |name: &str, channels, padding| Conv {
        weight: format!("{name}/weights"),
        bias: Some(format!("{name}/biases")),
        kernel: [3, 3],
        stride: 1,
        depthwise: false,
        channels,
        padding,
    };
    let x = graph.push("a", Op::Conv(conv("a", 5, Padding::Same)), &[graph.input()]);
    let x = graph.push("a/relu", Op::Activation(Activation::Relu), &[x]);
    let y = graph.push("b", Op::Conv(conv("b", 5, Padding::Zero(1))), &[x]);
    let sum = graph.push("sum", Op::Add, &[x, y]);
    graph.push("c", Op::Conv(conv("c", 3, Padding::Valid)), &[sum]);
    Case::new(graph, [9, 11]).check();
}

#[test]
fn what_has_no_gradient_is_named() {
    let mut graph = Graph::new(3, 0);
    graph.push("pooled", Op::Mean, &[graph.input()]);
    let error = Network::compile(&graph, &Weights::new(), Isa::best()).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("\"pooled\""), "{error}");
}
