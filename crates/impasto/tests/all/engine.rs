//! The engine computes what the framework does, on every instruction set of the machine.

use crate::common;

use common::parity;
use impasto::Model;
use impasto::engine::{Engine, EngineOptions, Program, reference};
use impasto::networks::{Architecture, native};
use impasto::weights::Tensor;
use impasto_kernels::Isa;

#[test]
fn the_engine_gives_the_frameworks_outputs() {
    let cases = parity::cases();
    Isa::available().into_iter().rev().for_each(|isa| gives(&cases, isa));
}

/// These cases are in every clone, so no change can pass without them.
#[test]
fn the_engine_gives_the_committed_outputs() {
    gives(&parity::committed_cases(), Isa::best());
}

fn gives(cases: &[parity::Case], isa: Isa) {
    println!("{isa}:");
    let engine = Engine::new(EngineOptions::default().threads(2).isa(isa)).unwrap();
    parity::check(cases, &|graph, weights, input, style| {
        let program = Program::compile(graph, weights.clone(), isa)?;
        let &[height, width, _] = input.shape() else { unreachable!("cases hold pictures") };
        let (data, shape) = program.run(&engine, (input.data(), [width, height]), &program.condition(style)?, &())?;
        Tensor::new([shape.height, shape.width, shape.channels], data)
    });
}

#[test]
fn the_engine_agrees_with_the_reference_on_our_own_networks() {
    let branch = Some(native::Deep { channels: 9, blocks: 2 });
    for (resample, skips, deep) in
        [(3, false, None), (5, false, None), (3, true, None), (5, true, None), (3, false, branch), (5, true, branch)]
    {
        let widths = [5, 8, 12];
        let transformer =
            native::Transformer { widths, blocks: 2, kernel: 5, resample, skips, deep, style_len: 7, thumbnail: 64 };
        agrees_with_the_reference(transformer);
    }
}

fn agrees_with_the_reference(transformer: native::Transformer) {
    let predictor = native::Predictor { widths: [3, 8, 9, 16], vector_len: 7 };
    let model =
        Model::untrained(Architecture::NativePredictor(predictor), Architecture::NativeTransformer(transformer), 3).unwrap();
    let (predictor, transformer) = model.pair().unwrap();
    let picture: Vec<f32> = (0..43 * 37 * 3).map(|i| (i as f32 * 0.37).sin() * 0.5 + 0.5).collect();
    let input = Tensor::new([43, 37, 3], picture.clone()).unwrap();
    let mut style = Vec::new();
    for network in [predictor, transformer] {
        let expected = reference::run(&network.graph, &network.weights, &input, &style).unwrap();
        for isa in Isa::available() {
            let engine = Engine::new(EngineOptions::default().threads(2).isa(isa)).unwrap();
            let program = Program::compile(&network.graph, network.weights.clone(), isa).unwrap();
            let (data, shape) = program.run(&engine, (&picture, [37, 43]), &program.condition(&style).unwrap(), &()).unwrap();
            assert_eq!([shape.height, shape.width, shape.channels], expected.shape());
            let error = data.iter().zip(expected.data()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(error <= 1e-4, "{}, {isa}: {error}", network.architecture);
        }
        style = expected.data().to_vec();
    }
}
