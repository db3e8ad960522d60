//! Compares the losses and their gradient with a naive network in float64. Checks that tiles, threads
//! and checkpoints do not change the result.

mod naive;

use std::io::Write as _;

use super::network::Network;
use super::objective::Objective;
use super::regions::Regions;
use super::{ContentLoss, Initial, KeepColours, Method, OptimizeOptions, Optimizer, StyleLoss, StylePicture};
use crate::engine::{Engine, EngineOptions, Executor};
use crate::graph::{PoolKind, Shape};
use crate::networks::vgg::Vgg;
use crate::picture::Mask;
use crate::{ErrorKind, Perceptual, Picture};

/// A small network with random weights.
fn network(pooling: PoolKind) -> Perceptual {
    Perceptual::untrained("vgg 2x8 2x12 2x16 1x16".parse::<Vgg>().unwrap(), 3).unwrap().pooling(pooling)
}

fn picture(width: usize, height: usize, seed: f32) -> Picture {
    let value = |i: usize| {
        let (x, y, c) = ((i / 3 % width) as f32, (i / 3 / width) as f32, (i % 3) as f32);
        0.5 + 0.25 * (x * 0.37 + seed + c).sin() * (y * 0.23 + 2.0 * seed).cos() + 0.2 * (x * y * 0.011 + c * seed).sin()
    };
    Picture::from_rgb_f32([width, height], (0..width * height * 3).map(value).collect()).unwrap()
}

fn options() -> OptimizeOptions {
    OptimizeOptions {
        threads: 2,
        variation_weight: 3.0,
        style_weight: 5.0,
        steps: vec![3],
        smallest_scale: 64,
        ..OptimizeOptions::default()
    }
}

/// White on the left, with a soft edge.
fn mask() -> Mask {
    let values: Vec<f32> = (0..100 * 80).map(|i| if i % 100 < 45 { 1.0 } else { 0.0 }).collect();
    Mask::new([100, 80], &values).unwrap().feather(6.0).unwrap()
}

fn styles(masked: bool) -> Vec<StylePicture> {
    let mask = masked.then(mask);
    vec![StylePicture::new(picture(90, 70, 5.0)).mask(mask), StylePicture::new(picture(64, 96, 9.0)).weight(2.0)]
}

/// Calls `look` with an objective for a picture of 100×80.
fn with_objective<T>(
    perceptual: &Perceptual,
    options: &OptimizeOptions,
    masked: bool,
    look: impl FnOnce(&mut Objective<'_>) -> T,
) -> T {
    let engine = Engine::new(EngineOptions::default().threads(options.threads)).unwrap();
    let network = Network::compile(perceptual, options, Executor::default()).unwrap();
    let content = picture(100, 80, 1.0);
    let styles = styles(masked);
    let regions = Regions::new(&styles, [100, 80]).unwrap();
    let styles: Vec<_> = styles
        .iter()
        .map(|style| {
            let extent = Shape { height: style.picture.height(), width: style.picture.width(), channels: 3 };
            (style.picture.rgb().to_vec(), extent)
        })
        .collect();
    let extent = Shape { height: 80, width: 100, channels: 3 };
    let mut objective = Objective::new(&network, &engine, options, (content.rgb(), extent), &styles, &regions, &()).unwrap();
    look(&mut objective)
}

#[test]
fn the_gradient_is_that_of_finite_differences() {
    let mut failures = Vec::new();
    for (pooling, masked) in [(PoolKind::Max, false), (PoolKind::Average, true)] {
        let perceptual = network(pooling);
        for style_loss in [StyleLoss::Gram, StyleLoss::Moments, StyleLoss::Wasserstein] {
            for content_loss in [ContentLoss::Normalised, ContentLoss::Features] {
                let options = OptimizeOptions { style_loss, content_loss, ..options() };
                let at = picture(100, 80, 2.0).into_rgb();
                let (losses, gradient) = with_objective(&perceptual, &options, masked, |o| o.evaluate(&at, &()).unwrap());
                let exact = naive::Objective::new(&perceptual, &options, &picture(100, 80, 1.0), &styles(masked));
                // In float64, the step can be so small that it moves hardly any ReLU or pooling layer across its kink.
                let total = |h: f64, direction: &[f64]| -> f64 {
                    exact.total(&at.iter().zip(direction).map(|(&x, d)| f64::from(x) + h * d).collect::<Vec<f64>>())
                };
                let still = vec![0.0; at.len()];
                let error = (total(0.0, &still) - losses.total).abs() / losses.total;
                assert!(error < 1e-5, "{style_loss:?} {content_loss:?}: {} for {}", losses.total, total(0.0, &still));
                let size = gradient.iter().fold(0.0f64, |most, g| most.max(f64::from(g.abs())));
                let along: Vec<f64> = gradient.iter().map(|&g| f64::from(g) / size).collect();
                let across: Vec<f64> = picture(100, 80, 7.0).rgb().iter().map(|&v| f64::from(v) - 0.4).collect();
                for direction in [along, across] {
                    let expected = (total(1e-6, &direction) - total(-1e-6, &direction)) / 2e-6;
                    let found: f64 = gradient.iter().zip(&direction).map(|(&g, d)| f64::from(g) * d).sum();
                    let error = (found - expected).abs() / expected.abs();
                    println!("{style_loss:?} {content_loss:?} {pooling:?}: {found} for {expected}: {error:.1e}");
                    if error > 1e-3 {
                        failures.push(format!("{style_loss:?} {content_loss:?} {pooling:?}: {found} for {expected}"));
                    }
                }
            }
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// The results of PyTorch's autodiff with VGG-19's weights (`tests/data/perceptual/make.py`).
#[test]
fn losses_and_gradient_are_pytorchs() {
    let shared = std::env::var_os("IMPASTO_SHARED")
        .map_or_else(|| std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), std::path::PathBuf::from);
    if !shared.is_dir() {
        let _ = writeln!(std::io::stderr(), "skipped: models/vgg19 (no folder {}; set IMPASTO_SHARED)", shared.display());
        return;
    }
    let stored = crate::weights::safetensors::read(include_bytes!("../../tests/data/perceptual/vgg19.safetensors")).unwrap();
    let expected = |name: &str| stored.get(name).unwrap().data().to_vec();
    let options = OptimizeOptions {
        style_layers: ["relu1_1", "relu2_1", "relu3_1"].map(Into::into).to_vec(),
        content_layers: vec!["relu3_4".into()],
        ..options()
    };
    let perceptual = Perceptual::open(shared.join("models/vgg19")).unwrap();
    let engine = Engine::new(EngineOptions::default()).unwrap();
    let network = Network::compile(&perceptual, &options, Executor::default()).unwrap();
    let style = StylePicture::new(picture(36, 44, 5.0));
    let regions = Regions::new(std::slice::from_ref(&style), [40, 32]).unwrap();
    let extent = |width: usize, height: usize| Shape { height, width, channels: 3 };
    let styles = [(style.picture.into_rgb(), extent(36, 44))];
    let content = picture(40, 32, 1.0);
    let mut objective =
        Objective::new(&network, &engine, &options, (content.rgb(), extent(40, 32)), &styles, &regions, &()).unwrap();
    let (losses, gradient) = objective.evaluate(picture(40, 32, 2.0).rgb(), &()).unwrap();
    for (found, expected) in [losses.content, losses.style, losses.variation].into_iter().zip(expected("losses")) {
        assert!((found - f64::from(expected)).abs() < 1e-4 * f64::from(expected), "{found} for {expected}");
    }
    let wanted = expected("gradient");
    let length = |values: &mut dyn Iterator<Item = f32>| values.map(|v| f64::from(v).powi(2)).sum::<f64>().sqrt();
    let error = length(&mut gradient.iter().zip(&wanted).map(|(a, b)| a - b)) / length(&mut wanted.iter().copied());
    assert!(error < 1e-3, "{error}");
}

#[test]
fn tiles_give_what_the_whole_picture_gives() {
    let perceptual = network(PoolKind::Max);
    for masked in [false, true] {
        let evaluate = |options: &OptimizeOptions| {
            with_objective(&perceptual, options, masked, |objective| {
                (objective.tiles(), objective.evaluate(picture(100, 80, 2.0).rgb(), &()).unwrap())
            })
        };
        let (one, whole) = evaluate(&options());
        let (many, tiled) = evaluate(&OptimizeOptions { max_memory: Some(1), ..options() });
        assert_eq!(one, 1);
        assert!(many > 4, "{many} tiles");
        assert!((whole.0.total - tiled.0.total).abs() < 1e-5 * whole.0.total, "{:?} {:?}", whole.0, tiled.0);
        let size = whole.1.iter().fold(0.0f32, |most, g| most.max(g.abs()));
        let error = whole.1.iter().zip(&tiled.1).fold(0.0f32, |most, (a, b)| most.max((a - b).abs()));
        assert!(error < 1e-4 * size, "{error} of {size}");
    }
}

fn run(optimizer: &Optimizer, initial: Initial) -> Vec<f32> {
    let mut optimization = optimizer.start(&picture(100, 80, 1.0), &styles(true), initial).unwrap();
    while optimization.step(&()).unwrap().is_some() {}
    optimization.picture().unwrap().into_rgb()
}

#[test]
fn bytes_do_not_depend_on_the_number_of_threads() {
    let perceptual = network(PoolKind::Max);
    for method in [Method::default(), Method::Lbfgs { history: 5 }] {
        let [one, three] = [1, 3].map(|threads| {
            let optimizer = Optimizer::new(&perceptual, OptimizeOptions { threads, method, ..options() }).unwrap();
            run(&optimizer, Initial::Noise { seed: 4 })
        });
        assert_eq!(one, three, "{method:?}");
    }
}

#[test]
fn a_checkpoint_goes_on_to_the_same_bytes() {
    let perceptual = network(PoolKind::Average);
    let (content, styles) = (picture(100, 80, 1.0), styles(false));
    for method in [Method::default(), Method::Lbfgs { history: 3 }] {
        let optimizer = Optimizer::new(&perceptual, OptimizeOptions { method, ..options() }).unwrap();
        let expected = {
            let mut whole = optimizer.start(&content, &styles, Initial::Content).unwrap();
            let mut made = Vec::new();
            while let Some(step) = whole.step(&()).unwrap() {
                made.push(step);
            }
            assert_eq!(whole.history(), made);
            (whole.picture().unwrap(), made)
        };
        for stop in [1, 3, 5] {
            let mut first = optimizer.start(&content, &styles, Initial::Content).unwrap();
            for _ in 0..stop {
                first.step(&()).unwrap().unwrap();
            }
            let bytes = first.checkpoint().unwrap();
            let mut second = optimizer.resume(&content, &styles, Initial::Content, &bytes).unwrap();
            while second.step(&()).unwrap().is_some() {}
            assert!((second.picture().unwrap(), second.history()) == expected, "{method:?} after {stop}");
            // Checkpoints of other inputs, networks and steps, or damaged ones.
            let steps = Optimizer::new(&perceptual, OptimizeOptions { method, steps: vec![4], ..options() }).unwrap();
            let pooled = perceptual.clone().pooling(PoolKind::Max);
            let pooled = Optimizer::new(&pooled, OptimizeOptions { method, ..options() }).unwrap();
            for other in [steps, pooled] {
                let error = other.resume(&content, &styles, Initial::Content, &bytes).map(|_| ()).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Mismatch, "{error}");
            }
            let other = optimizer.resume(&styles[0].picture, &styles, Initial::Content, &bytes).unwrap_err();
            assert_eq!(other.kind(), ErrorKind::Mismatch);
            for end in [0, 7, bytes.len() / 2, bytes.len() - 1] {
                let error = optimizer.resume(&content, &styles, Initial::Content, &bytes[..end]).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Malformed, "{error}");
            }
        }
    }
}

#[test]
fn losses_fall() {
    let perceptual = network(PoolKind::Max);
    for method in [Method::Adam { rate: 0.01 }, Method::Lbfgs { history: 10 }] {
        let options = OptimizeOptions { method, steps: vec![40], smallest_scale: 1000, content_weight: 0.1, ..options() };
        let optimizer = Optimizer::new(&perceptual, options).unwrap();
        let mut optimization = optimizer.start(&picture(100, 80, 1.0), &styles(false), Initial::Content).unwrap();
        let mut losses = Vec::new();
        while let Some(step) = optimization.step(&()).unwrap() {
            losses.push(step.losses.total);
            assert_eq!(step.total, 40);
        }
        assert!(losses[39] < 0.5 * losses[0], "{method:?}: {} to {}", losses[0], losses[39]);
    }
}

#[test]
fn kept_colours_are_the_contents() {
    let optimizer =
        Optimizer::new(&network(PoolKind::Max), OptimizeOptions { keep_colours: KeepColours::Luminance, ..options() }).unwrap();
    let grey = Picture::from_rgb_f32([100, 80], picture(100, 80, 1.0).rgb().chunks(3).flat_map(|p| [p[0]; 3]).collect()).unwrap();
    let mut optimization = optimizer.start(&grey, &styles(false), Initial::Content).unwrap();
    while optimization.step(&()).unwrap().is_some() {}
    let painted = optimization.picture().unwrap();
    assert_ne!(painted.rgb(), grey.rgb());
    assert!(painted.rgb().chunks(3).all(|p| p[0] == p[1] && p[1] == p[2]), "a grey photograph stays grey");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let perceptual = network(PoolKind::Max);
    let content = picture(100, 80, 1.0);
    let refused = |options: OptimizeOptions| Optimizer::new(&perceptual, options).unwrap_err().to_string();
    for (options, expected) in [
        (OptimizeOptions { content_layers: vec!["relu9_1".into()], ..options() }, "relu9_1"),
        (OptimizeOptions { style_layers: vec!["conv1_1".into()], ..options() }, "conv1_1"),
        (OptimizeOptions { style_weight: f64::NAN, ..options() }, "style weight"),
        (OptimizeOptions { content_weight: -1.0, ..options() }, "content weight"),
        (OptimizeOptions { style_weight: 0.0, content_weight: 0.0, ..options() }, "nothing to optimize"),
        (OptimizeOptions { steps: vec![], ..options() }, "steps"),
        (OptimizeOptions { style_scale: 0.0, ..options() }, "style pictures at 0"),
        (OptimizeOptions { method: Method::Adam { rate: f32::INFINITY }, ..options() }, "rate"),
        (OptimizeOptions { method: Method::Lbfgs { history: 0 }, ..options() }, "history of 0"),
    ] {
        let text = refused(options);
        assert!(text.contains(expected), "{text:?} lacks {expected:?}");
    }
    let optimizer = Optimizer::new(&perceptual, options()).unwrap();
    let wrong_mask = Mask::new([3, 30], &[0.5; 90]).unwrap();
    let nan = Picture::from_rgb_f32([100, 80], vec![f32::NAN; 100 * 80 * 3]).unwrap();
    for (content, styles, kind) in [
        (&content, vec![], ErrorKind::InvalidArgument),
        (&content, vec![StylePicture::new(picture(90, 70, 5.0)).weight(0.0)], ErrorKind::InvalidArgument),
        (&content, vec![StylePicture::new(picture(90, 70, 5.0)).mask(Some(wrong_mask))], ErrorKind::Mismatch),
        (&content, vec![StylePicture::new(nan.clone())], ErrorKind::Malformed),
        (&nan, styles(false), ErrorKind::Malformed),
        (&picture(100, 3, 1.0), styles(false), ErrorKind::InvalidArgument),
        (&content, vec![StylePicture::new(picture(3, 3, 1.0))], ErrorKind::InvalidArgument),
    ] {
        assert_eq!(optimizer.start(content, &styles, Initial::Content).unwrap_err().kind(), kind);
    }
    let tiny = OptimizeOptions { max_memory: Some(1 << 20), ..options() };
    let error = Optimizer::new(&perceptual, tiny).unwrap().start(&content, &styles(false), Initial::Content).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
}
