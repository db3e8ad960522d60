//! Element-wise operations that no convolution fuses: the last sigmoid, pending arithmetic
//! by itself, pools, means, concatenation.
//!
//! Memory is the limit here, so throughput is in bytes of the input.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use impasto_kernels::pool::{self, Pool, PoolKind};
use impasto_kernels::{Activation, Affine, Extent, Isa, Source, Strip, Threads, elementwise};

fn finish(c: &mut Criterion) {
    let threads = Threads::new(1).expect("one thread is this one");
    let picture = Extent { height: 512, width: 720, channels: 3 };
    let features = Extent { height: 128, width: 180, channels: 128 };
    for (name, extent, sigmoid) in [("sigmoid of a picture", picture, true), ("norm, relu and sum of features", features, false)]
    {
        let (data, skip) = (ramp(extent.len()), ramp(extent.len()));
        let last = if sigmoid { elementwise::Last::Sigmoid } else { elementwise::Last::Nothing };
        let (scale, shift) = (vec![1.5; extent.channels], vec![0.25; extent.channels]);
        let mut output = vec![0.0; extent.len()];
        let mut group = c.benchmark_group(name);
        group.throughput(Throughput::Bytes(4 * extent.len() as u64));
        for isa in Isa::available() {
            group.bench_function(BenchmarkId::from_parameter(isa), |bencher| {
                bencher.iter(|| {
                    let source = Source {
                        affine: Some(Affine { scale: &scale, shift: &shift }),
                        activation: if sigmoid { Activation::None } else { Activation::Relu },
                        skip: (!sigmoid).then(|| Strip::whole(&skip)),
                        ..Source::plain(black_box(&data), extent)
                    };
                    elementwise::finish(&threads, isa, source, last, 0..extent.height, &mut output);
                });
            });
        }
        group.finish();
    }
}

fn small_layers(c: &mut Criterion) {
    let threads = Threads::new(1).expect("one thread is this one");
    let from = Extent { height: 29, width: 29, channels: 288 };
    let data = ramp(from.len());
    let mut group = c.benchmark_group("small layers");
    group.throughput(Throughput::Bytes(4 * from.len() as u64));
    for (name, kind, stride, to) in [("maximum 3x3 s2", PoolKind::Max, 2, 14), ("mean 3x3", PoolKind::Average, 1, 29)] {
        let padding = if stride == 1 { [1, 1] } else { [0, 0] };
        let to = Extent { height: to, width: to, channels: from.channels };
        let mut output = vec![0.0; to.len()];
        let pool = Pool { kind, kernel: 3, stride, padding };
        group.bench_function(name, |b| b.iter(|| pool::pool(&threads, pool, (black_box(&data), from), (&mut output, to))));
    }
    group.bench_function("mean by channel", |b| b.iter(|| pool::mean(black_box(&data), from)));
    let mut joined = vec![0.0; 2 * from.len()];
    group.bench_function("joining", |b| {
        b.iter(|| pool::concat(&[(black_box(&data), from), (black_box(&data), from)], &mut joined));
    });
    group.finish();
}

fn ramp(len: usize) -> Vec<f32> {
    (0..len).map(|i| (i % 1009) as f32 / 1009.0 - 0.5).collect()
}

fn settings() -> Criterion {
    Criterion::default().sample_size(20).warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_secs(1))
}

criterion_group! { name = benches; config = settings(); targets = finish, small_layers }
criterion_main!(benches);
