//! Compares every convolution kernel with the naive reference, on every
//! instruction set of the machine, at awkward shapes.

use impasto_kernels::conv::{Algorithm, Conv, InputGradient, Spec, reference, weight_gradient};
use impasto_kernels::{Activation, Affine, Border, Extent, Isa, Source, Strip, Threads};

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

fn greatest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, |m, d| if d.is_nan() { f32::INFINITY } else { m.max(d) })
}

const ALL: [Algorithm; 6] =
    [Algorithm::Direct, Algorithm::Wide, Algorithm::Spread, Algorithm::Tall, Algorithm::Winograd, Algorithm::Depthwise];

/// Largest error of a kernel relative to the largest output, as stated in the kernel's documentation.
fn tolerance(algorithm: Algorithm) -> f32 {
    match algorithm {
        Algorithm::Tall => 4e-6,
        Algorithm::Winograd => 1e-5,
        _ => 2e-6,
    }
}

/// A case: the convolution, the extent of its input, and its padding.
struct Case {
    spec: Spec,
    height: usize,
    width: usize,
    padding: [usize; 2],
    output: [usize; 2],
}

fn case(kernel: [usize; 2], stride: usize, channels: [usize; 2], size: [usize; 2], border: Border, upsample: usize) -> Case {
    let padding = [kernel[0] / 2, kernel[1] / 2];
    let out = |i: usize| (size[i] * upsample + 2 * padding[i] - kernel[i]) / stride + 1;
    Case {
        spec: Spec { in_channels: channels[0], out_channels: channels[1], kernel, stride, depthwise: false, border, upsample },
        height: size[0],
        width: size[1],
        padding,
        output: [out(0), out(1)],
    }
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let borders = [Border::Zero, Border::Reflect];
    for border in borders {
        for size in [[5, 5], [6, 7], [13, 4], [17, 31], [37, 26]] {
            cases.push(case([3, 3], 1, [8, 8], size, border, 1));
            cases.push(case([3, 3], 1, [17, 33], size, border, 1));
            cases.push(case([3, 3], 1, [32, 16], size, border, 2));
            cases.push(case([3, 3], 1, [7, 5], size, border, 2));
            cases.push(case([3, 3], 2, [16, 24], size, border, 1));
            cases.push(case([9, 9], 1, [3, 8], size, border, 1));
            cases.push(case([9, 9], 1, [8, 3], size, border, 1));
            cases.push(case([9, 9], 1, [5, 40], size, border, 1));
            cases.push(case([6, 5], 1, [4, 7], size, border, 1));
            cases.push(case([9, 1], 1, [6, 3], size, border, 1));
            cases.push(case([1, 7], 1, [5, 20], size, border, 1));
            cases.push(case([7, 1], 1, [20, 5], size, border, 1));
            cases.push(case([1, 1], 1, [40, 100], size, border, 1));
            cases.push(case([5, 5], 1, [4, 1], size, border, 1));
            cases.push(case([5, 5], 2, [9, 20], size, border, 1));
            cases.push(case([5, 5], 1, [18, 9], size, border, 2));
        }
    }
    for size in [[1, 1], [1, 9], [2, 3], [70, 3], [19, 30]] {
        cases.push(case([5, 5], 1, [16, 33], size, Border::Edge, 2));
        cases.push(case([3, 3], 1, [16, 8], size, Border::Edge, 2));
        cases.push(case([3, 3], 1, [16, 48], size, Border::Zero, 1));
        cases.push(case([3, 3], 1, [12, 4], size, Border::Edge, 1));
        cases.push(case([3, 3], 2, [3, 32], size, Border::Zero, 1));
        cases.push(case([1, 1], 1, [3, 3], size, Border::Zero, 1));
    }
    // With stride 2 and an even size, TensorFlow's SAME pads only at the bottom and the right.
    let mut same = case([3, 3], 2, [3, 16], [8, 6], Border::Zero, 1);
    (same.padding, same.output) = ([0, 0], [4, 3]);
    cases.push(same);
    let depthwise: Vec<Case> = cases
        .iter()
        .filter(|c| c.spec.out_channels >= c.spec.in_channels)
        .map(|c| Case {
            spec: Spec { depthwise: true, out_channels: c.spec.in_channels, ..c.spec },
            height: c.height,
            width: c.width,
            padding: c.padding,
            output: c.output,
        })
        .collect();
    cases.extend(depthwise);
    cases.retain(|c| {
        c.spec.border != Border::Reflect
            || (c.height * c.spec.upsample > c.padding[0] && c.width * c.spec.upsample > c.padding[1])
    });
    cases
}

#[test]
fn every_kernel_agrees_with_the_reference() {
    let threads = Threads::new(2).unwrap();
    let mut failures = Vec::new();
    let mut count = 0;
    for (i, case) in cases().iter().enumerate() {
        let spec = case.spec;
        let input_extent = Extent { height: case.height, width: case.width, channels: spec.in_channels };
        let output_extent = Extent { height: case.output[0], width: case.output[1], channels: spec.out_channels };
        let inputs = if spec.depthwise { 1 } else { spec.in_channels };
        let weights = noise(i as u64 + 1, spec.kernel[0] * spec.kernel[1] * inputs * spec.out_channels);
        let bias = noise(i as u64 + 1000, spec.out_channels);
        let input = noise(i as u64 + 2000, input_extent.len());
        let mut expected = reference::conv(&spec, &weights, Some(&bias), (&input, input_extent), case.padding, output_extent);
        for value in &mut expected {
            *value = value.max(0.0);
        }
        let scale = expected.iter().fold(1.0f32, |m, x| m.max(x.abs()));
        for isa in Isa::available() {
            for algorithm in ALL.into_iter().filter(|algorithm| algorithm.suits(&spec)) {
                if matches!(algorithm, Algorithm::Winograd) && spec.upsample == 2 && case.padding != [1, 1] {
                    continue;
                }
                let conv = Conv::new(spec, &weights, Some(&bias), Activation::Relu, isa, Some(algorithm));
                let mut output = vec![f32::NAN; output_extent.len()];
                let source = Source::plain(&input, input_extent);
                conv.run(&threads, source, case.padding, (&mut output, output_extent), false, None);
                let error = greatest_difference(&output, &expected) / scale;
                count += 1;
                if error > tolerance(algorithm) {
                    failures.push(format!("{isa} {algorithm:?} {spec:?} {}x{}: error {error:e}", case.height, case.width));
                }
            }
        }
    }
    assert!(count > 500, "only {count} comparisons");
    assert!(failures.is_empty(), "{} of {count} comparisons failed:\n{}", failures.len(), failures.join("\n"));
}

/// Mean and variance by their definitions.
fn moments(data: &[f32], channels: usize) -> Vec<(f64, f64)> {
    let n = (data.len() / channels) as f64;
    (0..channels)
        .map(|c| {
            let values = || data.iter().skip(c).step_by(channels).map(|&x| f64::from(x));
            let mean = values().sum::<f64>() / n;
            (mean, values().map(|x| (x - mean).powi(2)).sum::<f64>() / n)
        })
        .collect()
}

#[test]
fn statistics_are_those_of_the_output() {
    for isa in Isa::available() {
        for (channels, offset) in [(3, 0.0), (8, 100.0), (16, 0.0), (20, 1000.0), (32, 3.0), (100, -5.0)] {
            for size in [[5, 5], [37, 53], [64, 200]] {
                let spec = case([3, 3], 1, [channels, channels], size, Border::Reflect, 1).spec;
                let extent = Extent { height: size[0], width: size[1], channels };
                let weights: Vec<f32> = noise(1, 9 * channels * channels).iter().map(|w| w * 0.05).collect();
                let input = noise(2, extent.len());
                let bias = vec![offset; channels];
                let conv = Conv::new(spec, &weights, Some(&bias), Activation::None, isa, None);
                let mut output = vec![0.0; extent.len()];
                let threads = Threads::new(2).unwrap();
                let found = conv.run(&threads, Source::plain(&input, extent), [1, 1], (&mut output, extent), true, None).unwrap();
                for (c, (mean, variance)) in moments(&output, channels).into_iter().enumerate() {
                    let mean_error = (f64::from(found.mean[c]) - mean).abs();
                    let variance_error = (f64::from(found.variance[c]) - variance).abs() / variance;
                    assert!(
                        mean_error <= 1e-6 * (1.0 + mean.abs()),
                        "{isa} {channels} channels, {size:?}: mean off by {mean_error:e}"
                    );
                    assert!(
                        variance_error < 1e-4,
                        "{isa} {channels} channels, {size:?}: variance off by {variance_error:e} of itself"
                    );
                }
            }
        }
    }
}

/// Pending arithmetic is applied while staging, and its result is kept for a later reader on request.
#[test]
fn pending_arithmetic_is_applied_and_kept() {
    for isa in Isa::available() {
        for channels in [3, 8, 16, 24, 32] {
            for algorithm in [Algorithm::Direct, Algorithm::Wide, Algorithm::Winograd] {
                let extent = Extent { height: 29, width: 43, channels };
                let spec = case([3, 3], 1, [channels, 16], [29, 43], Border::Reflect, 1).spec;
                let out_extent = Extent { channels: 16, ..extent };
                let weights = noise(3, 9 * channels * 16);
                let (data, skip) = (noise(4, extent.len()), noise(5, extent.len()));
                let (scale, shift) = (noise(6, channels), noise(7, channels));
                let values: Vec<f32> = data
                    .iter()
                    .zip(&skip)
                    .enumerate()
                    .map(|(i, (x, s))| (x * scale[i % channels] + shift[i % channels]).max(0.0) + s)
                    .collect();
                let expected = reference::conv(&spec, &weights, None, (&values, extent), [1, 1], out_extent);
                let source = Source {
                    affine: Some(Affine { scale: &scale, shift: &shift }),
                    activation: Activation::Relu,
                    skip: Some(Strip::whole(&skip)),
                    ..Source::plain(&data, extent)
                };
                let conv = Conv::new(spec, &weights, None, Activation::None, isa, Some(algorithm));
                let mut output = vec![f32::NAN; out_extent.len()];
                let mut kept = vec![f32::NAN; extent.len()];
                let threads = Threads::new(2).unwrap();
                conv.run(&threads, source, [1, 1], (&mut output, out_extent), false, Some(&mut kept));
                assert!(greatest_difference(&kept, &values) < 1e-6, "{isa} {algorithm:?} {channels}: kept values");
                let error = greatest_difference(&output, &expected) / 30.0;
                assert!(error < tolerance(algorithm), "{isa} {algorithm:?} {channels}: error {error:e}");
            }
        }
    }
}

#[test]
fn bytes_do_not_depend_on_the_number_of_threads() {
    let extent = Extent { height: 61, width: 83, channels: 32 };
    for isa in Isa::available() {
        for algorithm in [Algorithm::Direct, Algorithm::Wide, Algorithm::Winograd] {
            let spec = case([3, 3], 1, [32, 32], [61, 83], Border::Reflect, 1).spec;
            let conv = Conv::new(spec, &noise(1, 9 * 32 * 32), None, Activation::None, isa, Some(algorithm));
            let input = noise(2, extent.len());
            let results: Vec<_> = [1, 2, 3, 7]
                .map(|count| {
                    let mut output = vec![0.0; extent.len()];
                    let threads = Threads::new(count).unwrap();
                    let found = conv.run(&threads, Source::plain(&input, extent), [1, 1], (&mut output, extent), true, None);
                    (output, found)
                })
                .into();
            assert!(results.windows(2).all(|pair| pair[0] == pair[1]), "{isa} {algorithm:?}");
        }
    }
}

/// Bands rely on this: the rows of a band have the same bytes as in the whole
/// output, and depend only on the stated rows.
#[test]
fn bands_are_the_same_bytes_as_the_whole() {
    let threads = Threads::new(2).unwrap();
    let (mut count, mut failures) = (0, Vec::new());
    for (i, case) in cases().iter().enumerate() {
        let spec = case.spec;
        let source_extent = Extent { height: case.height, width: case.width, channels: spec.in_channels };
        let extent = Extent { height: case.output[0], width: case.output[1], channels: spec.out_channels };
        let inputs = if spec.depthwise { 1 } else { spec.in_channels };
        let weights = noise(i as u64 + 1, spec.kernel[0] * spec.kernel[1] * inputs * spec.out_channels);
        let (data, skip) = (noise(2, source_extent.len()), noise(3, source_extent.len()));
        let (scale, shift) = (noise(4, spec.in_channels), noise(5, spec.in_channels));
        let pending = Source {
            affine: Some(Affine { scale: &scale, shift: &shift }),
            activation: Activation::Relu,
            skip: Some(Strip::whole(&skip)),
            ..Source::plain(&data, source_extent)
        };
        for isa in Isa::available() {
            for algorithm in ALL.into_iter().filter(|algorithm| algorithm.suits(&spec)) {
                if matches!(algorithm, Algorithm::Winograd) && spec.upsample == 2 && case.padding != [1, 1] {
                    continue;
                }
                let conv = Conv::new(spec, &weights, None, Activation::None, isa, Some(algorithm));
                let mut whole = vec![f32::NAN; extent.len()];
                conv.run(&threads, pending, case.padding, (&mut whole, extent), false, None);
                let grain = conv.row_grain();
                for height in [grain, 2 * grain, 5 * grain] {
                    let mut bands = Vec::new();
                    for start in (0..extent.height).step_by(height) {
                        let rows = start..(start + height).min(extent.height);
                        let read = conv.reads(rows.clone(), source_extent.height, case.padding[0]);
                        let part = |values: &[f32]| {
                            let row = source_extent.width * source_extent.channels;
                            values[read.start * row..read.end * row].to_vec()
                        };
                        let (data, skip) = (part(&data), part(&skip));
                        let source = Source {
                            data: Strip { data: &data, first: read.start },
                            skip: Some(Strip { data: &skip, first: read.start }),
                            ..pending
                        };
                        let mut band = vec![f32::NAN; rows.len() * extent.width * extent.channels];
                        conv.run_rows(&threads, source, case.padding, (rows, &mut band, extent), None);
                        bands.extend(band);
                    }
                    count += 1;
                    let same = bands.iter().zip(&whole).all(|(a, b)| a.to_bits() == b.to_bits());
                    if !same {
                        failures.push(format!("{isa} {algorithm:?} {spec:?} {source_extent:?} in bands of {height}"));
                    }
                }
            }
        }
    }
    assert!(count > 500, "{count} cases");
    assert!(failures.is_empty(), "{} of {count}:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn gradients_agree_with_the_reference() {
    // Largest error relative to the largest value, for sums of these sizes.
    const TOLERANCE: f32 = 1e-5;
    let mut wrong = Vec::new();
    let differentiable = |case: &&Case| !case.spec.depthwise;
    for (i, case) in cases().iter().filter(differentiable).enumerate() {
        let Case { spec, padding, .. } = case;
        let input = Extent { height: case.height, width: case.width, channels: spec.in_channels };
        let output = Extent { height: case.output[0], width: case.output[1], channels: spec.out_channels };
        let [kh, kw] = spec.kernel;
        let weights = noise(i as u64 + 1, kh * kw * spec.in_channels * spec.out_channels);
        let (values, gradient) = (noise(i as u64 + 2, input.len()), noise(i as u64 + 3, output.len()));
        let expected = reference::gradients(spec, &weights, (&values, input), *padding, (&gradient, output));
        for isa in Isa::available() {
            let mut results = Vec::new();
            for threads in [1, 3] {
                let threads = Threads::new(threads).unwrap();
                let mut by_input = vec![0.0; input.len()];
                let back = InputGradient::new(*spec, &weights, isa);
                back.run(&threads, *padding, (&gradient, output), (&mut by_input, input));
                let source = Source::plain(&values, input);
                let by_weights = weight_gradient(&threads, isa, spec, source, *padding, (&gradient, output));
                results.push((by_input, by_weights));
            }
            assert_eq!(results[0], results[1], "{spec:?} on {isa}: another result with more threads");
            for (what, got, expected) in [("input", &results[0].0, &expected.0), ("weights", &results[0].1, &expected.1)] {
                let largest = expected.iter().fold(0.0f32, |m, v| m.max(v.abs()));
                let error = greatest_difference(got, expected) / largest;
                if error > TOLERANCE {
                    wrong.push(format!("{what} of {spec:?}, {input:?}, {isa}: {error:e}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
