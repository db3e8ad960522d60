//! Both executors do the same work through the public interface: the reference's plain loops paint what the CPU paints.

use crate::common;

use common::tiny;
use impasto::engine::{Engine, EngineOptions, Executor, Isa, isa_from_environment};
use impasto::eval::Yardstick;
use impasto::learn::{LearnOptions, Learner, Way};
use impasto::networks::magenta::Border;
use impasto::optimizer::{Initial, OptimizeOptions, Optimizer, StylePicture};
use impasto::{Colours, Model, Perceptual, Picture, StylizeOptions, Stylizer, picture::Mask};

const BOTH: fn() -> [Executor; 2] = || [isa_from_environment().unwrap().into(), Executor::Reference];

fn stylizers(model: fn() -> Model) -> [Stylizer; 2] {
    BOTH().map(|executor| Stylizer::builder().threads(2).executor(executor).build(model()).unwrap())
}

fn perceptual() -> Perceptual {
    Perceptual::untrained("vgg 2x4 2x4 2x6 1x6".parse().unwrap(), 3).unwrap()
}

/// The greatest difference between two pictures. They must not be identical, because two different executors painted
/// them.
fn apart([a, b]: [&Picture; 2]) -> f32 {
    assert_eq!([a.width(), a.height()], [b.width(), b.height()]);
    assert_ne!(a.rgb(), b.rgb(), "the same bytes: was one executor used twice?");
    a.rgb().iter().zip(b.rgb()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn an_engine_knows_its_executor() {
    let [cpu, reference] = BOTH().map(|executor| Engine::new(EngineOptions::default().threads(1).executor(executor)).unwrap());
    assert_eq!(cpu.executor(), Executor::Cpu(cpu.isa()));
    assert_eq!(cpu.executor().to_string(), cpu.isa().to_string(), "what records have always said");
    assert_eq!((reference.executor().to_string().as_str(), reference.isa()), ("reference", Isa::Portable));
    let [cpu, reference] = stylizers(|| tiny::model(Border::Reflect, 1));
    assert_eq!([&cpu, &reference].map(|stylizer| stylizer.engine().executor()), BOTH());
    assert_eq!(reference.with_threads(1).unwrap().engine().executor(), Executor::Reference);
}

#[test]
fn a_picture_in_one_piece() {
    let content = tiny::landscape(61, 45);
    let painted = stylizers(|| tiny::model(Border::Reflect, 1)).map(|stylizer| {
        let style = stylizer.style(&tiny::swirls(50, 40)).unwrap();
        stylizer.stylize(&content, &style).unwrap()
    });
    let error = apart(painted.each_ref());
    assert!(error < 1e-4, "{error}");
}

#[test]
fn bands_regions_strengths_and_colours() {
    let content = tiny::landscape(97, 83);
    let half: Vec<f32> = (0..97 * 83).map(|i| if i % 97 < 48 { 1.0 } else { 0.0 }).collect();
    let half = Mask::new([97, 83], &half).unwrap().feather(5.0).unwrap();
    let [plain, weaker] = [StylizeOptions::default(), StylizeOptions::default().strength(0.6).colours(Colours::Content)];
    for (name, options) in [("plain", &plain), ("weaker, with the photo's colours", &weaker)] {
        let painted = stylizers(|| tiny::native_model(48)).map(|stylizer| {
            let [one, other] = [tiny::swirls(50, 40), tiny::landscape(40, 60)].map(|picture| stylizer.style(&picture).unwrap());
            stylizer.stylize_with(&content, &one, &options.clone().region(other, half.clone()), &()).unwrap()
        });
        let error = apart(painted.each_ref());
        assert!(error < 2e-4, "{name}: {error}");
    }
}

#[test]
fn a_learning_step() {
    let contents = [tiny::landscape(130, 100)];
    let painting = tiny::swirls(96, 80);
    for way in [Way::Norms, Way::LowRank(2), Way::Whole] {
        let mut options = LearnOptions::default();
        (options.way, options.batch, options.crop) = (way, 1, 80);
        let found = stylizers(|| tiny::native_model(48)).map(|stylizer| {
            let start = stylizer.style(&painting).unwrap();
            let mut learner =
                Learner::new(&stylizer, &[perceptual()], std::slice::from_ref(&painting), start, &contents, options.clone())
                    .unwrap();
            let losses: Vec<_> = (0..2).map(|step| learner.step(f64::from(step) / 2.0, &()).unwrap()).collect();
            (losses, stylizer.stylize(&contents[0], &learner.style().unwrap()).unwrap())
        });
        for (a, b) in found[0].0.iter().zip(&found[1].0) {
            assert!(a.halo > 0.0 && a.steady > 0.0);
            let pairs = [
                (a.style, b.style),
                (a.moments, b.moments),
                (a.content, b.content),
                (a.lattice, b.lattice),
                (a.steady, b.steady),
                (a.halo, b.halo),
            ];
            for (a, b) in pairs {
                assert!((a - b).abs() < 1e-3 * b.abs().max(1e-3), "{way:?}: {a} and {b}");
            }
        }
        let error = apart(found.each_ref().map(|(_, painted)| painted));
        assert!(error < 0.01, "{way:?}: {error}");
    }
}

#[test]
fn features_and_distances() {
    let [content, painting, style] = [tiny::landscape(48, 40), tiny::swirls(48, 40), tiny::swirls(40, 32)];
    let found = BOTH().map(|executor| {
        let yardstick = Yardstick::new(&[deep()], EngineOptions::default().threads(1).executor(executor)).unwrap();
        let [painting, content, style] = [&painting, &content, &style].map(|picture| yardstick.see(picture, &()).unwrap());
        yardstick.distances(&painting, &content, &style).unwrap()
    });
    let [a, b] = found.map(|found| [found.style, found.moments, found.content]);
    for (a, b) in a.into_iter().zip(b) {
        assert!(a > 0.0 && (a - b).abs() < 1e-4 * b, "{a} and {b}");
    }
}

#[test]
fn steps_of_the_optimizer() {
    let content = tiny::landscape(56, 48);
    let found = BOTH().map(|executor| {
        let mut options = OptimizeOptions::default().steps(3);
        (options.threads, options.smallest_scale, options.executor) = (1, 512, Some(executor));
        let optimizer = Optimizer::new(&deep(), options).unwrap();
        assert_eq!(optimizer.executor(), executor);
        let styles = [StylePicture::new(tiny::swirls(50, 44))];
        let mut optimization = optimizer.start(&content, &styles, Initial::Content).unwrap();
        let mut losses = Vec::new();
        while let Some(step) = optimization.step(&()).unwrap() {
            losses.push(step.losses.total);
        }
        (losses, optimization.picture().unwrap())
    });
    for (a, b) in found[0].0.iter().zip(&found[1].0) {
        assert!((a - b).abs() < 1e-3 * b, "{a} and {b}");
    }
    let error = apart(found.each_ref().map(|(_, picture)| picture));
    assert!(error < 0.01, "{error}");
}

/// A network with all layers that distances are measured in.
fn deep() -> Perceptual {
    Perceptual::untrained("vgg 1x4 1x4 4x6 1x6".parse().unwrap(), 5).unwrap()
}
