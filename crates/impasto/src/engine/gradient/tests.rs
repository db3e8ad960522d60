//! Compares the gradients of both executors with finite differences of the reference's results.

use super::{Gradients, Network, Pass, Wanted, conditioned};
use crate::engine::{Engine, EngineOptions, Executor, reference};
use crate::graph::{Activation, Conv, Graph, NodeId, Op, Padding, Pool, PoolKind, Shape};
use crate::networks::native::{Deep, Transformer};
use crate::networks::random_weights;
use crate::weights::{Tensor, Weights};

/// Irregular numbers from -0.5 to 0.5.
fn scattered(len: usize, seed: usize) -> Vec<f32> {
    (0..len).map(|i| ((i * i * 31 + i * (17 + seed) + seed * 7) % 251) as f32 / 250.0 - 0.5).collect()
}

struct Case {
    graph: Graph,
    weights: Weights,
    picture: Tensor,
    vector: Vec<f32>,
    /// The loss is the sum of the result's values times these.
    slopes: Vec<f32>,
    /// Another node that adds to the loss: half the sum of its squared values.
    other: Option<NodeId>,
}

impl Case {
    fn new(graph: Graph, [height, width]: [usize; 2]) -> Self {
        let weights = random_weights(&graph, 3).unwrap();
        let channels = graph.channels().unwrap()[0];
        let pixels = scattered(height * width * channels, 1).into_iter().map(|v| v + 0.5).collect();
        let picture = Tensor::new([height, width, channels], pixels).unwrap();
        let vector = scattered(graph.style_len, 2);
        let count = reference::run(&graph, &weights, &picture, &vector).unwrap().data().len();
        Case { graph, weights, picture, vector, slopes: scattered(count, 5), other: None }
    }

    fn loss(&self, weights: &Weights, picture: &Tensor) -> f64 {
        let nodes = reference::run_all(&self.graph, weights, picture, &self.vector).unwrap();
        let result = nodes.last().unwrap().data().iter().zip(&self.slopes).map(|(a, b)| f64::from(*a) * f64::from(*b));
        let other = self.other.iter().flat_map(|node| nodes[node.index()].data()).map(|v| f64::from(*v).powi(2) / 2.0);
        result.chain(other).sum()
    }

    fn gradients(&self, [picture, kernels]: [bool; 2], executor: Executor) -> (Vec<f32>, Gradients, Network) {
        let seen: Vec<NodeId> = self.other.into_iter().chain([self.graph.output()]).collect();
        let network = Network::compile(&self.graph, &self.weights, &Wanted { seen: &seen, picture, kernels }, executor).unwrap();
        let norms = conditioned(&self.graph, &self.weights, &self.vector).unwrap();
        let engine = Engine::new(EngineOptions::default().threads(1).executor(executor)).unwrap();
        let &[height, width, channels] = self.picture.shape() else { unreachable!() };
        let mut pass = Pass::default();
        let mut result = Vec::new();
        // Twice: what the first pass leaves behind must not affect the second.
        for _ in 0..2 {
            let shape = Shape { height, width, channels };
            network.forwards(&engine, &mut pass, (self.picture.data(), shape), &norms).unwrap();
            result = network.values(&mut pass, self.graph.output()).0.0.to_vec();
            network.backwards(&engine, &mut pass, &mut |_, _, gradient, _| gradient.fill(1.0));
        }
        let found = network.backwards(&engine, &mut pass, &mut |node, (values, _), gradient, scratch| {
            assert_eq!([gradient.len(), scratch.len()], [values.len(); 2]);
            scratch.fill(f32::NAN);
            let own = if Some(node) == self.other { values } else { &self.slopes };
            gradient.iter_mut().zip(own).for_each(|(g, v)| *g += v);
        });
        (result, found, network)
    }

    /// The derivative of the loss along a direction, by central differences.
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
        let both = [Executor::default(), Executor::Reference].map(|executor| self.check_on(executor));
        let all = |found: &Gradients| -> Vec<f32> {
            let norms = found.norms.iter().flatten().flatten();
            found.picture.iter().flatten().chain(norms).chain(found.kernels.iter().flatten()).copied().collect()
        };
        let [cpu, naive] = both.each_ref().map(all);
        let most = naive.iter().fold(0.0f32, |most, v| most.max(v.abs()));
        assert_eq!(cpu.len(), naive.len());
        for (a, b) in cpu.iter().zip(&naive) {
            assert!((a - b).abs() < 1e-3 * most, "the executors differ: {a} and {b}");
        }
    }

    fn check_on(&self, executor: Executor) -> Gradients {
        let (result, gradients, network) = self.gradients([true, true], executor);
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
            // ReLUs that switch between the two ends leave an error of about a hundredth.
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
        // Gradients that are not wanted are not computed, which changes nothing else.
        let (_, fewer, _) = self.gradients([false, false], executor);
        assert!(fewer.picture.is_none() && fewer.kernels.iter().all(Vec::is_empty));
        assert_eq!(fewer.norms, gradients.norms);
        gradients
    }
}

#[test]
fn gradients_of_our_transformer_are_differences() {
    let small = Transformer { widths: [4, 5, 6], blocks: 1, style_len: 3, ..Transformer::shipped() };
    Case::new(small.graph(), [20, 16]).check();
}

#[test]
fn gradients_of_a_branch_at_stride_8_are_differences() {
    let deep = Some(Deep { channels: 7, blocks: 1 });
    let small = Transformer { widths: [4, 5, 6], blocks: 1, deep, style_len: 3, ..Transformer::shipped() };
    // Norms at stride 8 read 20 pixels. With fewer, one ReLU that switches between the
    // two ends can exceed the tolerance.
    Case::new(small.graph(), [40, 32]).check();
}

#[test]
fn gradients_without_filters_and_skips_are_differences() {
    let plain = Transformer {
        widths: [4, 4, 8],
        blocks: 2,
        kernel: 3,
        resample: 3,
        skips: false,
        deep: None,
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

/// Like perceptual networks: chains that are also observed in the middle.
#[test]
fn pools_and_what_is_seen_on_the_way_are_differences() {
    for kind in [PoolKind::Max, PoolKind::Average] {
        let mut graph = Graph::new(3, 0);
        let mut x = graph.input();
        let mut other = None;
        for (name, channels) in [("a", 4), ("b", 5), ("c", 6)] {
            let conv = Conv {
                weight: format!("{name}/weights"),
                bias: Some(format!("{name}/biases")),
                kernel: [3, 3],
                stride: 1,
                depthwise: false,
                channels,
                padding: Padding::Reflect(1),
            };
            x = graph.push(name, Op::Conv(conv), &[x]);
            x = graph.push(format!("{name}/relu"), Op::Activation(Activation::Relu), &[x]);
            if name == "a" {
                other = Some(x);
            }
            if name != "c" {
                let pool = Pool { kind, kernel: 2, stride: 2, padding: Padding::Valid };
                x = graph.push(format!("{name}/pool"), Op::Pool(pool), &[x]);
            }
        }
        // 13 and 18: the last rows and columns fill no window.
        let mut case = Case::new(graph, [13, 18]);
        case.other = other;
        case.check();
    }
}

#[test]
fn what_has_no_gradient_is_named() {
    let mut graph = Graph::new(3, 0);
    let pooled = graph.push("pooled", Op::Mean, &[graph.input()]);
    for executor in [Executor::default(), Executor::Reference] {
        let wanted = Wanted { seen: &[pooled], picture: true, kernels: false };
        let error = Network::compile(&graph, &Weights::new(), &wanted, executor).map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("\"pooled\""), "{error}");
    }
}

#[test]
fn memory_is_what_a_pass_takes() {
    let small = Transformer { widths: [4, 5, 6], blocks: 1, style_len: 3, ..Transformer::shipped() };
    let (graph, weights) = (small.graph(), random_weights(&small.graph(), 3).unwrap());
    let wanted = Wanted { seen: &[graph.output()], picture: true, kernels: true };
    let network = Network::compile(&graph, &weights, &wanted, Executor::default()).unwrap();
    let engine = Engine::new(EngineOptions::default().threads(1)).unwrap();
    let norms = conditioned(&graph, &weights, &[0.1, 0.2, 0.3]).unwrap();
    let mut pass = network.pass([32, 24]).unwrap();
    let floats = |pass: &Pass| pass.buffers.iter().map(Vec::len).sum::<usize>();
    let before = floats(&pass);
    assert!(network.memory([32, 24], 1).unwrap() >= before as u64 * 4);
    for (width, height) in [(32, 24), (16, 24)] {
        let shape = Shape { height, width, channels: 3 };
        network.forwards(&engine, &mut pass, (&scattered(shape.len(), 1), shape), &norms).unwrap();
        network.backwards(&engine, &mut pass, &mut |_, _, gradient, _| gradient.fill(1.0));
        assert_eq!(floats(&pass), before, "no buffer grows for a picture that was planned");
    }
}
