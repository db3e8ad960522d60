//! The engine, on every instruction set of the machine, gives what the framework gives.

mod common;

use common::parity;
use impasto::engine::{Engine, EngineOptions, Program};
use impasto_kernels::Isa;

#[test]
fn the_engine_gives_the_frameworks_outputs() {
    let cases = parity::cases();
    for isa in Isa::available().into_iter().rev() {
        println!("{isa}:");
        let engine = Engine::new(EngineOptions::default().threads(2).isa(isa)).unwrap();
        parity::check(&cases, &|graph, weights, input, style| {
            let program = Program::compile(graph, weights.clone(), isa)?;
            let &[height, width, _] = input.shape() else { unreachable!("cases hold pictures") };
            let (data, shape) = program.run(&engine, (input.data(), height, width), &program.condition(style)?, &())?;
            impasto::weights::Tensor::new([shape.height, shape.width, shape.channels], data)
        });
    }
}
