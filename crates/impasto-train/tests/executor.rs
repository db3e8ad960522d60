//! Both executors of a graph give the same numbers, and the trainer's gradients are those of its loss.

use burn::tensor::{Device, Tensor, TensorData};
use impasto::Model;
use impasto::engine::{Engine, EngineOptions, Isa, Program};
use impasto::graph::Graph;
use impasto::networks::{Architecture, native};
use impasto::weights::{self, Weights};
use impasto_train::executor::{Executor, Parameters, values};

/// Models as they are trained, each with its transformer as it is run: plain, with skips and filters to be
/// folded in, and with a branch at stride 8.
fn models() -> [(Model, native::Transformer); 3] {
    let branch = native::Deep { channels: 10, blocks: 1 };
    [(3, false, None), (5, true, None), (5, true, Some(branch))].map(|(resample, skips, deep)| {
        let widths = [6, 8, 12];
        let run = native::Transformer { widths, blocks: 1, kernel: 5, resample, skips, deep, style_len: 7, thumbnail: 32 };
        let trained = native::Transformer { resample: 3, ..run.clone() };
        let predictor = native::Predictor { widths: [4, 6, 8, 8], vector_len: 7 };
        let model =
            Model::untrained(Architecture::NativePredictor(predictor), Architecture::NativeTransformer(trained), 5).unwrap();
        (model, run)
    })
}

/// The weights as the engine runs them.
fn folded(weights: &Weights, run: &native::Transformer) -> Weights {
    let mut weights = weights.clone();
    for name in run.resampling().into_iter().filter(|_| run.resample == 5) {
        let kernel = weights.get(&name).unwrap();
        let &[side, _, inputs, outputs] = kernel.shape() else { panic!("{name} is no kernel") };
        let wide = native::folded(kernel.data(), side, inputs, outputs);
        weights.insert(name, weights::Tensor::new([side + 2, side + 2, inputs, outputs], wide).unwrap());
    }
    weights
}

fn picture(seed: u64, height: usize, width: usize) -> Vec<f32> {
    let mut rng = fastrand::Rng::with_seed(seed);
    (0..height * width * 3).map(|_| rng.f32()).collect()
}

fn tensor(values: &[f32], [height, width]: [usize; 2], device: &Device) -> Tensor<4> {
    Tensor::from_data(TensorData::new(values.to_vec(), [1, height, width, 3]), device)
}

fn greatest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, |m, d| if d.is_nan() { f32::INFINITY } else { m.max(d) })
}

/// Every device of this build. If a feature adds a device, it must be there.
fn devices() -> Vec<Device> {
    vec![
        Device::flex(),
        #[cfg(feature = "cuda")]
        Device::cuda(0),
        #[cfg(feature = "wgpu")]
        Device::wgpu(Default::default()),
    ]
}

#[test]
fn both_executors_give_the_same_numbers() {
    devices().iter().for_each(same_numbers);
}

fn same_numbers(device: &Device) {
    models().iter().for_each(|(model, run)| same_numbers_of(model, run, device));
}

fn same_numbers_of(model: &Model, transformer: &native::Transformer, device: &Device) {
    let (predictor, trained) = model.pair().unwrap();
    let graph = transformer.graph();
    let engine = Engine::new(EngineOptions::default().threads(2)).unwrap();
    let compile = |graph: &Graph, weights: &Weights| Program::compile(graph, weights.clone(), Isa::best()).unwrap();
    for [height, width] in [[48, 48], [43, 37]] {
        let picture = picture(1, height, width);
        let input = tensor(&picture, [height, width], device);
        let program = compile(&predictor.graph, &predictor.weights);
        let (vector, _) = program.run(&engine, (&picture, [width, height]), &program.condition(&[]).unwrap(), &()).unwrap();
        let parameters = Parameters::new(&predictor.weights, device, false);
        let run = Executor::new(&predictor.graph).unwrap().run(&parameters, input.clone(), None, None, &[]).unwrap();
        assert!(greatest_difference(&values(run.output).unwrap(), &vector) < 1e-4);

        let program = compile(&graph, &folded(&trained.weights, transformer));
        let (painted, _) = program.run(&engine, (&picture, [width, height]), &program.condition(&vector).unwrap(), &()).unwrap();
        let style = Tensor::<2>::from_data(TensorData::new(vector, [1, 7]), device);
        let parameters = Parameters::new(&trained.weights, device, false);
        let executor = Executor::new(&graph).unwrap();
        let run = executor.run(&parameters, input.clone(), Some(&style), None, &[]).unwrap();
        assert!(greatest_difference(&values(run.output).unwrap(), &painted) < 1e-4);

        // With the picture's own statistics, the result is the same; with another picture's, it is different.
        let again = executor.run(&parameters, input.clone(), Some(&style), Some(&run.statistics), &[]).unwrap();
        assert!(greatest_difference(&values(again.output).unwrap(), &painted) < 1e-5);
        let other = tensor(&picture.iter().map(|v| v * v).collect::<Vec<_>>(), [height, width], device);
        let other = executor.run(&parameters, other, Some(&style), None, &[]).unwrap();
        let frozen = executor.run(&parameters, input, Some(&style), Some(&other.statistics), &[]).unwrap();
        assert!(greatest_difference(&values(frozen.output).unwrap(), &painted) > 1e-3);
    }
}

/// Weights for a loss that reads every output.
fn numbers() -> Vec<f32> {
    picture(5, 16, 24).into_iter().map(|v| v - 0.5).collect()
}

/// Paints a picture with a thumbnail's statistics. Returns it with the parameters that it was painted with.
fn painted((model, run): &(Model, native::Transformer), changed: &Weights, device: &Device) -> (Tensor<4>, Parameters) {
    let (predictor, _) = model.pair().unwrap();
    let graph = run.graph();
    let parameters = Parameters::new(changed, device, true);
    let (content, style) = (picture(2, 16, 24), picture(3, 32, 32));
    let vector = Executor::new(&predictor.graph).unwrap();
    let vector = vector.run(&parameters, tensor(&style, [32, 32], device), None, None, &[]).unwrap().output.reshape([1, 7]);
    let executor = Executor::new(&graph).unwrap();
    let small = tensor(&picture(4, 32, 32), [32, 32], device);
    let statistics = executor.run(&parameters, small, Some(&vector), None, &[]).unwrap().statistics;
    let painted = executor.run(&parameters, tensor(&content, [16, 24], device), Some(&vector), Some(&statistics), &[]).unwrap();
    (painted.output, parameters)
}

#[test]
fn gradients_are_those_of_the_loss() {
    devices().into_iter().for_each(|device| right_gradients(&device.autodiff()));
}

fn right_gradients(device: &Device) {
    models().iter().for_each(|model| right_gradients_of(model, device));
}

fn right_gradients_of(model: &(Model, native::Transformer), device: &Device) {
    let mut all = Weights::new();
    for network in model.0.networks() {
        for (name, array) in network.weights.iter() {
            all.insert(name, array.clone());
        }
    }
    let (output, mut parameters) = painted(model, &all, device);
    let gradients = (output * tensor(&numbers(), [16, 24], device)).sum().backward();
    let mut checked = 0;
    for (name, tensor) in parameters.iter_mut() {
        let gradient = values(tensor.grad(&gradients).unwrap_or_else(|| panic!("{name} has no gradient"))).unwrap();
        let array = all.get(name).unwrap().clone();
        // Along the gradient, the loss must rise by the gradient's length. Otherwise its length or direction is wrong.
        let expected = gradient.iter().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt();
        let direction: Vec<f32> = gradient.iter().map(|g| g / expected.max(1e-12) as f32).collect();
        let at = |step: f32| {
            let moved = array.data().iter().zip(&direction).map(|(v, d)| v + step * d).collect();
            let mut changed = all.clone();
            changed.insert(name, weights::Tensor::new(array.shape().to_vec(), moved).unwrap());
            // Summed in float64, because the losses are nearly equal and their difference counts.
            let output = values(painted(model, &changed, device).0).unwrap();
            output.iter().zip(numbers()).map(|(v, n)| f64::from(*v) * f64::from(n)).sum::<f64>()
        };
        // ReLUs have kinks, and float32 has few digits. So the best of several steps counts. If a kink is at this very
        // point, the better of both sides counts.
        let here = at(0.0);
        let slopes = [1e-2f32, 3e-3, 1e-3, 3e-4].map(|step| {
            let [down, up] = [at(-step), at(step)];
            let wide = f64::from(step);
            [(up - down) / (2.0 * wide), (up - here) / wide, (here - down) / wide]
        });
        let error = slopes.as_flattened().iter().map(|slope| (slope - expected).abs()).fold(f64::INFINITY, f64::min);
        assert!(error <= 0.01 * expected + 1e-3, "{name}: {slopes:?}, gradient {expected}");
        checked += 1;
    }
    assert_eq!(checked, all.len());
}

#[test]
fn what_cannot_be_trained_is_refused() {
    use impasto::networks::magenta::Transformer;
    let separable = Transformer { widths: [4, 4, 8], blocks: 1, style_len: 3, ..Transformer::browser_separable() };
    let graph = separable.graph();
    let parameters = Parameters::new(&Weights::new(), &Device::flex(), false);
    let input = tensor(&picture(1, 8, 8), [8, 8], &Device::flex());
    let style = Tensor::<2>::zeros([1, 3], &Device::flex());
    let error = Executor::new(&graph).unwrap().run(&parameters, input, Some(&style), None, &[]).err().unwrap();
    assert!(error.to_string().contains("the weights lack"), "{error}");
}
