//! Compares element-wise steps, pools and means with their definitions, on every instruction set.

use impasto_kernels::elementwise::Last;
use impasto_kernels::{Activation, Affine, Extent, Isa, Source, Strip, Threads, elementwise, pool};

fn ramp(len: usize, step: f32) -> Vec<f32> {
    (0..len).map(|i| (i as f32 * step).sin() * 8.0).collect()
}

#[test]
fn finishing_applies_what_is_pending() {
    let threads = Threads::new(2).unwrap();
    for isa in Isa::available() {
        for (height, width, channels) in [(1, 1, 1), (1, 1, 3), (3, 7, 3), (17, 5, 8), (5, 31, 20), (64, 512, 3)] {
            let extent = Extent { height, width, channels };
            let (data, skip) = (ramp(extent.len(), 0.7), ramp(extent.len(), 0.3));
            let (scale, shift) = (ramp(channels, 1.3), ramp(channels, 2.1));
            for activation in [Activation::None, Activation::Relu, Activation::Relu6] {
                let source = Source {
                    affine: Some(Affine { scale: &scale, shift: &shift }),
                    activation,
                    skip: Some(Strip::whole(&skip)),
                    ..Source::plain(&data, extent)
                };
                for last in [Last::Nothing, Last::Sigmoid, Last::Tanh, Last::Clip] {
                    let mut output = vec![f32::NAN; extent.len()];
                    elementwise::finish(&threads, isa, source, last, 0..height, &mut output);
                    for (i, &found) in output.iter().enumerate() {
                        let x = f64::from(data[i]) * f64::from(scale[i % channels]) + f64::from(shift[i % channels]);
                        let x = match activation {
                            Activation::None => x,
                            Activation::Relu => x.max(0.0),
                            Activation::Relu6 => x.clamp(0.0, 6.0),
                        };
                        let x = x + f64::from(skip[i]);
                        let expected = match last {
                            Last::Nothing => x,
                            Last::Sigmoid => 1.0 / (1.0 + (-x).exp()),
                            Last::Tanh => (0.5 + 150.0 / 255.0 * x.tanh()).clamp(0.0, 1.0),
                            Last::Clip => x.clamp(0.0, 1.0),
                        };
                        let error = (f64::from(found) - expected).abs();
                        let bound = if last == Last::Sigmoid { 5e-6 } else { 1e-5 };
                        assert!(error < bound, "{isa} {extent:?} {activation:?} {last:?} at {i}: {found} for {expected}");
                    }
                }
            }
        }
    }
}

#[test]
fn blending_mixes_maps_at_each_pixel() {
    let threads = Threads::new(2).unwrap();
    for isa in Isa::available() {
        for (pixels, channels) in [(1, 1), (7, 3), (31, 8), (5, 20), (9000, 16), (1001, 67)] {
            let maps: Vec<_> = (1..=3).map(|i| (ramp(channels, 0.3 * i as f32), ramp(channels, 0.7 * i as f32))).collect();
            let shares: Vec<f32> = (0..pixels * 3).map(|i| (i % 5) as f32 * 0.2).collect();
            let data = ramp(pixels * channels, 0.11);
            let mut found = data.clone();
            let affines: Vec<_> = maps.iter().map(|(scale, shift)| Affine { scale, shift }).collect();
            elementwise::blend(&threads, isa, &affines, &shares, &mut found);
            for (i, &found) in found.iter().enumerate() {
                let (pixel, c) = (i / channels, i % channels);
                let mixed = |get: &dyn Fn(usize) -> f32| {
                    (0..3).map(|k| f64::from(shares[pixel * 3 + k]) * f64::from(get(k))).sum::<f64>()
                };
                let expected = f64::from(data[i]) * mixed(&|k| maps[k].0[c]) + mixed(&|k| maps[k].1[c]);
                assert!((f64::from(found) - expected).abs() < 5e-5, "{isa} {pixels}×{channels} at {i}: {found} for {expected}");
            }
        }
    }
}

/// The sigmoid alone, over all inputs that make a difference in float32, to the stated accuracy.
#[test]
fn the_sigmoid_is_as_exact_as_stated() {
    let threads = Threads::new(1).unwrap();
    let mut xs: Vec<f32> = (-4000..=4000).map(|i| i as f32 * 0.025).collect();
    xs.extend([0.0, -0.0, 1e-30, -1e-30, 88.0, -88.0, 1e30, -1e30, f32::MAX, f32::MIN, f32::INFINITY, f32::NEG_INFINITY]);
    let extent = Extent { height: 1, width: xs.len(), channels: 1 };
    for isa in Isa::available() {
        let mut output = vec![0.0; xs.len()];
        elementwise::finish(&threads, isa, Source::plain(&xs, extent), Last::Sigmoid, 0..1, &mut output);
        for (&x, &y) in xs.iter().zip(&output) {
            let expected = 1.0 / (1.0 + (-f64::from(x)).exp());
            assert!((f64::from(y) - expected).abs() < 2e-7, "{isa}: sigmoid({x}) gave {y}, expected {expected}");
            assert!((0.0..=1.0).contains(&y), "{isa}: sigmoid({x}) gave {y}");
        }
    }
}

#[test]
fn pools_and_means_follow_their_definitions() {
    let threads = Threads::new(2).unwrap();
    for (height, width, channels) in [(1, 1, 1), (2, 5, 3), (7, 8, 17), (13, 4, 32)] {
        let extent = Extent { height, width, channels };
        let data = ramp(extent.len(), 0.9);
        for (kernel, stride, padding) in [(1, 1, 0), (3, 1, 1), (3, 2, 1), (2, 2, 0)] {
            if height + padding < kernel || width + padding < kernel {
                continue;
            }
            let out = |n: usize| (n + 2 * padding - kernel) / stride + 1;
            let to = Extent { height: out(height), width: out(width), channels };
            for kind in [pool::PoolKind::Max, pool::PoolKind::Average] {
                let what = pool::Pool { kind, kernel, stride, padding: [padding; 2] };
                let mut output = vec![f32::NAN; to.len()];
                pool::pool(&threads, what, (&data, extent), (&mut output, to));
                for y in 0..to.height {
                    for x in 0..to.width {
                        for c in 0..channels {
                            let mut window = Vec::new();
                            for ky in 0..kernel {
                                for kx in 0..kernel {
                                    let at =
                                        |o: usize, k: usize, n: usize| (o * stride + k).checked_sub(padding).filter(|&i| i < n);
                                    if let (Some(y), Some(x)) = (at(y, ky, height), at(x, kx, width)) {
                                        window.push(data[(y * width + x) * channels + c]);
                                    }
                                }
                            }
                            let expected = match kind {
                                pool::PoolKind::Max => window.iter().copied().fold(f32::MIN, f32::max),
                                pool::PoolKind::Average => window.iter().sum::<f32>() / window.len() as f32,
                            };
                            let found = output[(y * to.width + x) * channels + c];
                            assert!(
                                (found - expected).abs() < 1e-5,
                                "{what:?} of {extent:?} at {y},{x},{c}: {found} for {expected}"
                            );
                        }
                    }
                }
            }
        }
        let means = pool::mean(&data, extent);
        for (c, mean) in means.iter().enumerate() {
            let values: Vec<f64> = data.iter().skip(c).step_by(channels).map(|&x| f64::from(x)).collect();
            assert!((f64::from(*mean) - values.iter().sum::<f64>() / values.len() as f64).abs() < 1e-6);
        }
    }
}

#[test]
fn concat_puts_channels_side_by_side() {
    let extent = |channels| Extent { height: 2, width: 3, channels };
    let (a, b) = (ramp(6, 1.0), ramp(12, 2.0));
    let mut output = vec![f32::NAN; 18];
    pool::concat(&[(&a, extent(1)), (&b, extent(2))], &mut output);
    for pixel in 0..6 {
        assert_eq!(output[pixel * 3..][..3], [a[pixel], b[pixel * 2], b[pixel * 2 + 1]]);
    }
}

#[test]
fn gradients_of_pools_agree_with_their_definition() {
    let threads = Threads::new(2).unwrap();
    for kind in [pool::PoolKind::Max, pool::PoolKind::Average] {
        for (height, width, channels) in [(2, 2, 1), (3, 5, 2), (8, 7, 5), (33, 64, 16)] {
            let from = Extent { height, width, channels };
            let to = Extent { height: height / 2, width: width / 2, channels };
            let pool = pool::Pool { kind, kernel: 2, stride: 2, padding: [0, 0] };
            let (input, gradient) = (ramp(from.len(), 0.7), ramp(to.len(), 1.9));
            let mut found = vec![f32::NAN; from.len()];
            pool::gradient(&threads, pool, (&input, from), (&gradient, to), &mut found);
            let mut expected = vec![0.0; from.len()];
            for (i, &gradient) in gradient.iter().enumerate() {
                let (y, x, c) = (i / channels / to.width, i / channels % to.width, i % channels);
                let place = |dy, dx| ((2 * y + dy) * width + 2 * x + dx) * channels + c;
                let window = [place(0, 0), place(0, 1), place(1, 0), place(1, 1)];
                let greatest = window.iter().map(|&p| input[p]).fold(f32::NEG_INFINITY, f32::max);
                match kind {
                    pool::PoolKind::Average => window.iter().for_each(|&p| expected[p] = gradient / 4.0),
                    pool::PoolKind::Max => {
                        expected[*window.iter().find(|&&p| input[p] == greatest).unwrap()] = gradient;
                    }
                }
            }
            assert_eq!(found, expected, "{kind:?} {from:?}");
        }
    }
}

#[test]
fn a_rectified_gradient_is_zero_where_the_output_is() {
    let threads = Threads::new(2).unwrap();
    for len in [1, 7, 65_537, 200_000] {
        let output: Vec<f32> = ramp(len, 0.37).into_iter().map(|x| x.max(0.0)).collect();
        let gradient = ramp(len, 0.91);
        let mut found = gradient.clone();
        elementwise::rectify_gradient(&threads, &output, &mut found);
        for ((&found, &gradient), &output) in found.iter().zip(&gradient).zip(&output) {
            assert_eq!(found, if output > 0.0 { gradient } else { 0.0 });
        }
    }
}

#[test]
fn depth_becomes_space() {
    let threads = Threads::new(2).unwrap();
    for (height, width, channels, factor) in [(1, 1, 1, 2), (3, 5, 3, 2), (4, 2, 7, 3), (9, 31, 16, 2)] {
        let from = Extent { height, width, channels: channels * factor * factor };
        let data = ramp(from.len(), 0.31);
        let first = height / 3;
        let rows = first * factor..height * factor;
        let strip = Strip { data: &data[first * width * from.channels..], first };
        let mut output = vec![f32::NAN; rows.len() * width * factor * channels];
        pool::depth_to_space(&threads, factor, (strip, from), rows.clone(), &mut output);
        for (i, &found) in output.iter().enumerate() {
            let (c, x) = (i % channels, i / channels % (width * factor));
            let y = rows.start + i / channels / (width * factor);
            let phase = y % factor * factor + x % factor;
            let expected = data[(y / factor * width + x / factor) * from.channels + phase * channels + c];
            assert_eq!(found, expected, "{from:?} by {factor} at {i}");
        }
    }
}
