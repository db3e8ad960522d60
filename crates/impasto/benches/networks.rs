//! Whole networks with random weights of the right shapes. They take as long as trained ones.
//!
//! Run with `cargo bench -p impasto --bench networks`. `impasto bench` measures sizes, threads, layers and the
//! machine's peak.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use impasto::engine::{Engine, EngineOptions, Program, isa_from_environment};
use impasto::networks::inception::Inception;
use impasto::networks::magenta::Transformer;
use impasto::networks::mobilenet::MobileNet;
use impasto::networks::{Architecture, FixedNorm};
use impasto::{Model, Picture};

fn networks(c: &mut Criterion) {
    let isa = isa_from_environment().expect("IMPASTO_ISA names an instruction set of this machine");
    let engine = Engine::new(EngineOptions::default().isa(isa)).expect("the system gives threads");
    let content = Picture::from_rgb_f32([720, 512], ramp(720 * 512)).expect("a picture");
    let painting = Picture::from_rgb_f32([256, 256], ramp(256 * 256)).expect("a picture");

    let mobilenet = Architecture::MobileNet(MobileNet { vector_len: 100, norm: FixedNorm::Folded });
    let inception = Architecture::Inception(Inception { bottleneck: None });
    let pairs = [
        ("tflite", mobilenet, Transformer::tflite()),
        ("hub", inception, Transformer::hub()),
        ("separable", Architecture::Inception(Inception { bottleneck: Some(100) }), Transformer::browser_separable()),
    ];
    for (name, predictor, transformer) in pairs {
        let model = Model::untrained(predictor, Architecture::Transformer(transformer), 1).expect("a pair that fits");
        let (predictor, transformer) = model.pair().expect("both are there");
        let mut group = c.benchmark_group(name);

        let program = Program::compile(&predictor.graph, predictor.weights.clone(), isa).expect("weights that fit");
        let nothing = program.condition(&[]).expect("a predictor reads no style");
        let (vector, _) = program.run(&engine, (painting.rgb(), [256, 256]), &nothing, &()).expect("a style");
        group.bench_function(format!("predictor 256x256, {} threads, {isa}", engine.threads()), |b| {
            b.iter(|| program.run(&engine, (black_box(painting.rgb()), [256, 256]), &nothing, &()));
        });

        let program = Program::compile(&transformer.graph, transformer.weights.clone(), isa).expect("weights that fit");
        group.bench_function("conditioning", |b| b.iter(|| program.condition(black_box(&vector))));
        let style = program.condition(&vector).expect("a vector of the right length");
        group.bench_function(format!("transformer 720x512, {} threads, {isa}", engine.threads()), |b| {
            b.iter(|| program.run(&engine, (black_box(content.rgb()), [720, 512]), &style, &()));
        });
        group.finish();
        engine.release_memory();
    }
}

fn ramp(pixels: usize) -> Vec<f32> {
    (0..pixels * 3).map(|i| (i * 7919 % 65521) as f32 / 65521.0).collect()
}

/// A run takes up to seconds.
fn settings() -> Criterion {
    Criterion::default().sample_size(10).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(3))
}

criterion_group! { name = benches; config = settings(); targets = networks }
criterion_main!(benches);
