//! Every convolution kernel at the shapes of Magenta's networks, on one thread,
//! on every instruction set of the machine.
//!
//! `cargo bench -p impasto-kernels --bench conv -- 'residual.*avx2'` runs the benches that match a
//! pattern. Throughput counts the multiply-accumulates of a direct convolution, so kernels can be compared
//! with each other and with the machine's peak.
//!
//! The layers are those for a picture 720 pixels wide and 128 high. The usual height is 512; at a quarter of it
//! there are fewer blocks, but the same ones.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use impasto_kernels::conv::{Algorithm, Conv, Spec};
use impasto_kernels::{Activation, Border, Extent, Isa, Source, Threads};

const DENSE: [Algorithm; 5] = [Algorithm::Direct, Algorithm::Wide, Algorithm::Spread, Algorithm::Tall, Algorithm::Winograd];

/// A layer: its name, its convolution, and the height and width of its input.
struct Layer {
    name: String,
    spec: Spec,
    input: [usize; 2],
}

fn layer(name: String, kernel: usize, stride: usize, channels: [usize; 2], input: [usize; 2], upsample: usize) -> Layer {
    let [in_channels, out_channels] = channels;
    let spec =
        Spec { in_channels, out_channels, kernel: [kernel, kernel], stride, depthwise: false, border: Border::Reflect, upsample };
    Layer { name, spec, input }
}

/// The layers of a transformer with these widths. The residual layers of the TF-Hub
/// module and of the checkpoint are the same.
fn transformer(network: &str, [first, second, third]: [usize; 3]) -> Vec<Layer> {
    let name = |layer: &str| format!("{network}/{layer}");
    vec![
        layer(name("contract1 9x9"), 9, 1, [3, first], [128, 720], 1),
        layer(name("contract2 3x3 s2"), 3, 2, [first, second], [128, 720], 1),
        layer(name("contract3 3x3 s2"), 3, 2, [second, third], [64, 360], 1),
        layer(name("residual 3x3"), 3, 1, [third, third], [32, 180], 1),
        layer(name("expand1 3x3 up2"), 3, 1, [third, second], [32, 180], 2),
        layer(name("expand2 3x3 up2"), 3, 1, [second, first], [64, 360], 2),
        layer(name("expand3 9x9"), 9, 1, [first, 3], [128, 720], 1),
    ]
}

/// Further layers of the separable transformer and the predictors.
fn others() -> Vec<Layer> {
    let depthwise = |name: &str, kernel, stride, channels, input, upsample| {
        let mut layer = layer(name.into(), kernel, stride, [channels, channels], input, upsample);
        layer.spec.depthwise = true;
        layer
    };
    let mut row = layer("inception/mixed_6e 1x7".into(), 7, 1, [192, 192], [14, 14], 1);
    row.spec.kernel = [1, 7];
    vec![
        depthwise("separable/residual depthwise 3x3", 3, 1, 128, [32, 180], 1),
        depthwise("separable/expand1 depthwise 3x3 up2", 3, 1, 128, [32, 180], 2),
        depthwise("separable/expand3 depthwise 9x9", 9, 1, 32, [128, 720], 1),
        layer("separable/residual 1x1".into(), 1, 1, [128, 128], [32, 180], 1),
        row,
        layer("inception/mixed_6e 1x1".into(), 1, 1, [768, 192], [14, 14], 1),
        depthwise("mobilenet/depthwise 3x3 s2", 3, 2, 144, [64, 64], 1),
        layer("mobilenet/expand 1x1".into(), 1, 1, [24, 144], [64, 64], 1),
    ]
}

fn bench(c: &mut Criterion) {
    let threads = Threads::new(1).expect("one thread is this one");
    let layers = transformer("full", [32, 64, 128]).into_iter().chain(transformer("tflite", [8, 16, 32])).chain(others());
    for layer in layers {
        let spec = layer.spec;
        let [height, width] = layer.input;
        let input_extent = Extent { height, width, channels: spec.in_channels };
        let padding = spec.kernel.map(|k| k / 2);
        let out = |i: usize| (layer.input[i] * spec.upsample + 2 * padding[i] - spec.kernel[i]) / spec.stride + 1;
        let output_extent = Extent { height: out(0), width: out(1), channels: spec.out_channels };
        let inputs = if spec.depthwise { 1 } else { spec.in_channels };
        let weights = noise(1, spec.kernel[0] * spec.kernel[1] * inputs * spec.out_channels);
        let input = noise(2, input_extent.len());
        let mut output = vec![0.0; output_extent.len()];

        let mut group = c.benchmark_group(&layer.name);
        let pixels = (output_extent.height * output_extent.width) as u64;
        group.throughput(Throughput::Elements(pixels * spec.multiply_accumulates_per_pixel()));
        for isa in Isa::available() {
            let algorithms: &[Algorithm] = if spec.depthwise { &[Algorithm::Depthwise] } else { &DENSE };
            for &algorithm in algorithms.iter().filter(|algorithm| algorithm.suits(&spec)) {
                let conv = Conv::new(spec, &weights, None, Activation::None, isa, Some(algorithm));
                let chosen = if algorithm == Algorithm::choose(&spec, isa) { " (chosen)" } else { "" };
                let id = BenchmarkId::new(format!("{algorithm:?}{chosen}"), isa);
                group.bench_function(id, |bencher| {
                    bencher.iter(|| {
                        // Statistics are included because an instance norm follows nearly every layer.
                        let source = Source::plain(black_box(&input), input_extent);
                        conv.run(&threads, source, padding, (&mut output, output_extent), true, None)
                    });
                });
            }
        }
        group.finish();
    }
}

/// Reproducible values in -1..1.
fn noise(seed: u64, len: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..len).map(|_| next()).collect()
}

/// Layers take milliseconds, so few samples are enough. The whole list is long.
fn settings() -> Criterion {
    Criterion::default().sample_size(10).warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_secs(1))
}

criterion_group! { name = benches; config = settings(); targets = bench }
criterion_main!(benches);
