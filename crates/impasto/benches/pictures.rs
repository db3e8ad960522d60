//! Reading, writing and resizing picture files: the work of a painting besides the networks.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use impasto::Picture;
use impasto::picture::{EncodeOptions, Format, Limits, Resize};

const WIDTH: usize = 720;
const HEIGHT: usize = 512;

/// Smooth with some grain, as photos are. Noise alone would make every encoder look bad, and a flat picture would make
/// it look good.
fn picture() -> Picture {
    let mut state = 1u32;
    let values = (0..WIDTH * HEIGHT * 3).map(|i| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (pixel, channel) = (i / 3, i % 3);
        let (x, y) = ((pixel % WIDTH) as f32 / 90.0, (pixel / WIDTH) as f32 / 70.0);
        let grain = (state >> 24) as f32 / 255.0 - 0.5;
        (0.5 + 0.3 * (x + channel as f32).sin() * y.cos() + 0.05 * grain).clamp(0.0, 1.0)
    });
    Picture::from_rgb_f32([WIDTH, HEIGHT], values.collect()).expect("a picture")
}

fn files(c: &mut Criterion) {
    let picture = picture();
    for format in [Format::Jpeg, Format::Png, Format::WebP, Format::Tiff] {
        let mut group = c.benchmark_group(format.to_string());
        group.throughput(Throughput::Elements((WIDTH * HEIGHT) as u64));
        let options = EncodeOptions::default();
        group.bench_function("encode", |b| b.iter(|| black_box(&picture).encode(format, &options)));
        let bytes = picture.encode(format, &options).expect("a file").bytes;
        group.bench_function("decode", |b| b.iter(|| Picture::decode(black_box(&bytes), &Limits::default())));
        group.finish();
    }
}

fn resizing(c: &mut Criterion) {
    let picture = picture();
    let mut group = c.benchmark_group("resize");
    group.throughput(Throughput::Elements((WIDTH * HEIGHT) as u64));
    group.bench_function("photo to 1440x1024", |b| b.iter(|| black_box(&picture).resized([1440, 1024], Resize::PHOTO)));
    group.bench_function("photo to 360x256", |b| b.iter(|| black_box(&picture).resized([360, 256], Resize::PHOTO)));
    group.bench_function("network to 360x256", |b| b.iter(|| black_box(&picture).resized([360, 256], Resize::NETWORK)));
    group.bench_function("tensorflow to 512x720", |b| b.iter(|| black_box(&picture).resize_bilinear_tf([512, 720])));
    group.finish();
}

fn settings() -> Criterion {
    Criterion::default().sample_size(20).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2))
}

criterion_group! { name = benches; config = settings(); targets = files, resizing }
criterion_main!(benches);
