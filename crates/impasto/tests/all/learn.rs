//! Learning styles, with small untrained networks.

use crate::common;

use common::tiny;
use impasto::engine::EngineOptions;
use impasto::eval::Yardstick;
use impasto::learn::{LearnOptions, Learner, Way};
use impasto::networks::{Architecture, native};
use impasto::style::Gallery;
use impasto::stylizer::{Palette, Part};
use impasto::weights::safetensors::{self, Precision};
use impasto::{ErrorKind, Model, Perceptual, Picture, Style, StylizeOptions, Stylizer, picture::Mask};

/// Options for a quick run, changed by `change`.
fn options(change: impl FnOnce(&mut LearnOptions)) -> LearnOptions {
    let mut options = LearnOptions::default();
    options.way = Way::LowRank(2);
    options.batch = 3;
    options.crop = 64;
    options.content_weight = 0.2;
    options.lattice_weight = 0.5;
    options.steady_weight = 0.5;
    options.halo_weight = 0.5;
    options.seed = 7;
    change(&mut options);
    options
}

fn quick() -> LearnOptions {
    options(|_| ())
}

fn stylizer(threads: usize) -> Stylizer {
    Stylizer::builder().threads(threads).build(tiny::native_model(48)).unwrap()
}

/// A stylizer whose network has filters folded into its kernels, and skips.
fn filtered() -> Stylizer {
    let shipped = native::Transformer::shipped();
    let transformer = native::Transformer { widths: [5, 8, 12], blocks: 1, style_len: 8, thumbnail: 48, ..shipped };
    let predictor = native::Predictor { widths: [3, 8, 9, 16], vector_len: 8 };
    let model = Model::untrained(Architecture::NativePredictor(predictor), Architecture::NativeTransformer(transformer), 1);
    Stylizer::builder().threads(2).build(model.unwrap()).unwrap()
}

fn perceptual() -> Perceptual {
    Perceptual::untrained("vgg 2x4 2x4 2x6 1x6".parse().unwrap(), 3).unwrap()
}

/// Stripes, which the untrained network does not paint by itself.
fn painting() -> Picture {
    let pixel = |i: usize| if ((i / 96 + i % 96) / 5).is_multiple_of(2) { [0.9, 0.2, 0.1] } else { [0.1, 0.2, 0.6] };
    Picture::from_rgb_f32([96, 80], (0..96 * 80).flat_map(pixel).collect()).unwrap()
}

fn learner(stylizer: &Stylizer, options: LearnOptions) -> Learner {
    let contents = [tiny::landscape(130, 100), tiny::landscape(90, 120)];
    let start = stylizer.style(&painting()).unwrap();
    Learner::new(stylizer, &[perceptual()], &[painting()], start, &contents, options).unwrap()
}

/// Returns the style after some steps, and the distance from the style at the first and last step.
fn learned(stylizer: &Stylizer, options: LearnOptions, steps: u32) -> (Style, [f64; 2]) {
    let mut learner = learner(stylizer, options);
    let step = |i: u32| learner.step(f64::from(i) / f64::from(steps), &()).unwrap();
    let losses: Vec<_> = (0..steps).map(step).collect();
    let mean =
        |losses: &[impasto::learn::LearnLosses]| losses.iter().map(|l| l.style + l.moments).sum::<f64>() / losses.len() as f64;
    (learner.style().unwrap(), [mean(&losses[..3]), mean(&losses[losses.len() - 3..])])
}

fn bits(picture: &Picture) -> Vec<u32> {
    picture.rgb().iter().map(|v| v.to_bits()).collect()
}

#[test]
fn every_way_comes_nearer_to_the_style() {
    let stylizer = filtered();
    let yardstick = Yardstick::new(&[perceptual()], EngineOptions::default().threads(1)).unwrap();
    let content = tiny::landscape(120, 96);
    let seen = |picture: &Picture| yardstick.see(picture, &()).unwrap();
    // Painted as usual, with the statistics of a thumbnail, on a content that was not in the learning set.
    let distance = |style: &Style| {
        let painted = stylizer.stylize(&content, style).unwrap();
        yardstick.distances(&seen(&painted), &seen(&content), &seen(&painting())).unwrap().style
    };
    let mut last = Vec::new();
    for way in [Way::Norms, Way::LowRank(2), Way::Whole] {
        let (style, [before, after]) = learned(&stylizer, options(|o| o.way = way), 30);
        assert!(after < 0.9 * before, "{way:?}: {before} and {after}");
        assert_eq!(style.learned().unwrap().corrects_kernels(), way != Way::Norms);
        // It is a style file like any other, and paints the same after saving and reading.
        let read = Style::from_bytes(&style.to_bytes().unwrap()).unwrap();
        assert_eq!(read, style);
        let painted = bits(&stylizer.stylize(&content, &style).unwrap());
        assert_eq!(painted, bits(&stylizer.stylize(&content, &read).unwrap()));
        let plain = Style::new(style.family().clone(), style.vector().to_vec()).unwrap();
        assert_ne!(painted, bits(&stylizer.stylize(&content, &plain).unwrap()), "{way:?} changes nothing");
        assert!(distance(&style) < 0.95 * distance(&plain), "{way:?}: {} and {}", distance(&style), distance(&plain));
        last.push(after);
    }
    assert!(last[1] < last[0], "kernels add nothing to norms: {last:?}");
}

#[test]
fn steadiness_and_halos_are_learned_where_they_are_asked_for() {
    let stylizer = filtered();
    let last = |options: &LearnOptions| {
        let mut learner = learner(&stylizer, options.clone());
        let losses: Vec<_> = (0..40).map(|i| learner.step(f64::from(i) / 40.0, &()).unwrap()).collect();
        let mean = |of: &dyn Fn(&impasto::learn::LearnLosses) -> f64| losses[30..].iter().map(of).sum::<f64>() / 10.0;
        [mean(&|losses| losses.steady), mean(&|losses| losses.halo)]
    };
    // The losses are measured even with a tiny weight.
    let changed = |change: fn(&mut LearnOptions)| {
        options(|o| {
            (o.crop, o.steady_weight, o.halo_weight) = (80, 1e-6, 1e-6);
            change(o);
        })
    };
    let [steady, halo] = last(&changed(|_| ()));
    assert!(steady > 0.0 && halo > 0.0);
    let [steadier, _] = last(&changed(|o| o.steady_weight = 20.0));
    assert!(steadier < 0.9 * steady, "{steadier} and {steady}");
    let [_, weaker] = last(&changed(|o| o.halo_weight = 20.0));
    assert!(weaker < 0.9 * halo, "{weaker} and {halo}");
    let [unseen, unlooked] = last(&changed(|o| (o.steady_weight, o.halo_weight) = (0.0, 0.0)));
    assert_eq!([unseen, unlooked], [0.0; 2]);
}

#[test]
fn learning_goes_on_from_another_style() {
    let model = |seed, deep| {
        let shipped =
            native::Transformer { widths: [5, 8, 12], blocks: 1, style_len: 8, thumbnail: 48, ..native::Transformer::shipped() };
        let predictor = native::Predictor { widths: [3, 8, 9, 16], vector_len: 8 };
        let transformer = native::Transformer { deep, ..shipped };
        Model::untrained(Architecture::NativePredictor(predictor), Architecture::NativeTransformer(transformer), seed).unwrap()
    };
    let built = |model| Stylizer::builder().threads(2).build(model).unwrap();
    let stylizer = built(model(1, None));
    for way in [Way::Norms, Way::LowRank(2), Way::Whole] {
        let options = options(|o| o.way = way);
        let (style, _) = learned(&stylizer, options.clone(), 30);
        let fresh = learner(&stylizer, options.clone()).step(0.0, &()).unwrap().style;
        let mut again = learner(&stylizer, options.clone());
        again.begin_with(&style).unwrap();
        // Before the first step it equals that style exactly.
        assert_eq!(again.style().unwrap().learned(), style.learned(), "{way:?}");
        let first = again.step(0.0, &()).unwrap().style;
        assert!(first < 0.9 * fresh, "{way:?}: {first} and {fresh}");
        assert_eq!(again.begin_with(&style).unwrap_err().kind(), ErrorKind::InvalidArgument);
    }
    // A start from another version of the model, even a larger one: the style then belongs to that model.
    let (style, _) = learned(&stylizer, quick(), 3);
    for other in [built(model(2, None)), built(model(1, Some(native::Deep { channels: 6, blocks: 1 })))] {
        let mut learner = learner(&other, quick());
        learner.begin_with(&style).unwrap();
        let own = learner.style().unwrap();
        other.stylize(&painting(), &own).unwrap();
        assert_eq!(stylizer.stylize(&painting(), &own).unwrap_err().kind(), ErrorKind::Mismatch);
        // The branch's kernels, the largest, stay as they are.
        learner.step(0.0, &()).unwrap();
        let file = safetensors::read(&learner.style().unwrap().to_bytes().unwrap()).unwrap();
        let names: Vec<&str> = file.iter().map(|(name, _)| name).filter(|name| name.starts_with("kernels/")).collect();
        assert!(names.len() > 10 && !names.iter().any(|name| name.contains("/deep/")), "{names:?}");
    }
    // If a style cannot be used as a start, everything stays as it was.
    let narrow =
        native::Transformer { widths: [4, 8, 12], blocks: 1, style_len: 8, thumbnail: 48, ..native::Transformer::shipped() };
    let predictor = native::Predictor { widths: [3, 8, 9, 16], vector_len: 8 };
    let narrow = Model::untrained(Architecture::NativePredictor(predictor), Architecture::NativeTransformer(narrow), 1).unwrap();
    let plain = stylizer.style(&painting()).unwrap();
    let (whole, _) = learned(&stylizer, options(|o| o.way = Way::Whole), 3);
    let (norms, _) = learned(&stylizer, options(|o| o.way = Way::Norms), 3);
    let (ranked, _) = learned(&stylizer, options(|o| o.way = Way::LowRank(3)), 3);
    let (foreign, _) = learned(&built(narrow), quick(), 3);
    for wrong in [&plain, &whole, &norms, &ranked, &foreign, &style.mix(&plain, 0.5).unwrap()] {
        let mut learner = learner(&stylizer, quick());
        let error = learner.begin_with(wrong).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch, "{error}");
        assert!(learner.style().unwrap().learned().is_none(), "{error}");
    }
}

#[test]
fn threads_and_interruptions_change_nothing() {
    let (one, three) = (stylizer(1), stylizer(3));
    let (expected, _) = learned(&one, quick(), 4);
    assert_eq!(learned(&three, quick(), 4).0, expected);
    assert_ne!(learned(&one, options(|o| o.seed = 8), 4).0, expected);
    let mut first = learner(&one, quick());
    for i in 0..2 {
        first.step(f64::from(i) / 4.0, &()).unwrap();
    }
    let checkpoint = first.checkpoint().unwrap();
    let mut second = learner(&three, quick());
    second.resume(&checkpoint).unwrap();
    assert_eq!(second.steps(), 2);
    for i in 2..4 {
        second.step(f64::from(i) / 4.0, &()).unwrap();
    }
    assert_eq!(second.style().unwrap(), expected);
    // A canceled step has no effect.
    struct Cancelled;
    impl impasto::Control for Cancelled {
        fn cancelled(&self) -> bool {
            true
        }
    }
    assert_eq!(second.step(0.5, &Cancelled).unwrap_err().kind(), ErrorKind::Cancelled);
    assert_eq!(second.style().unwrap(), expected);
    // Other options or pictures, and bytes that are not a checkpoint.
    let mut other = learner(&one, options(|o| o.seed = 8));
    assert_eq!(other.resume(&checkpoint).unwrap_err().kind(), ErrorKind::Mismatch);
    for bytes in [&checkpoint[..checkpoint.len() / 2], b"", b"{}"] {
        assert_eq!(second.resume(bytes).unwrap_err().kind(), ErrorKind::Malformed);
    }
}

#[test]
fn what_is_learned_is_blended_linearly() {
    let stylizer = stylizer(2);
    let content = tiny::landscape(80, 64);
    let style = learned(&stylizer, quick(), 6).0;
    let other = learned(&stylizer, options(|o| (o.seed, o.way) = (9, Way::Whole)), 6).0;
    let plain = stylizer.style(&tiny::landscape(70, 50)).unwrap();
    let painted = |style: &Style| stylizer.stylize(&content, style).unwrap();
    // A mixture that is entirely one style is that style.
    assert_eq!(bits(&painted(&style.mix(&other, 0.0).unwrap())), bits(&painted(&style)));
    assert_eq!(style.mix(&style, 0.3).unwrap().learned(), style.learned());
    assert!(style.mix(&plain, 1.0).unwrap().learned().is_none());
    let half = style.mix(&plain, 0.5).unwrap();
    assert!(tiny::distance(&painted(&half), &painted(&style)) > 1e-3 && tiny::distance(&painted(&half), &painted(&plain)) > 1e-3);
    // A blend can be saved, too: a sum of products, and of products and whole kernels.
    for blend in [half, Style::blend(&[(&style, 1.0), (&other, 2.0), (&plain, 1.0)]).unwrap()] {
        let read = Style::from_bytes(&blend.to_bytes().unwrap()).unwrap();
        let apart = tiny::distance(&painted(&read), &painted(&blend));
        assert!(apart < 2.0 / 255.0, "{apart}");
    }
    // A strength blends with the content's own style.
    let weak = stylizer.stylize_with(&content, &style, &StylizeOptions::default().strength(0.5), &()).unwrap();
    assert!(tiny::distance(&weak, &painted(&style)) > 1e-3 && tiny::distance(&weak, &content) > 1e-3);
    // Painted in bands and in any order, it is the same network each time.
    assert_eq!(bits(&painted(&style)), bits(&painted(&style)));
}

/// The left and right parts of a picture, without the middle, where one blends into the other.
fn sides(picture: &Picture) -> [Vec<f32>; 2] {
    let width = picture.width() * 3;
    let cut =
        |from: usize, to: usize| -> Vec<f32> { picture.rgb().chunks(width).flat_map(|row| row[from..to].to_vec()).collect() };
    [cut(0, width / 4), cut(width * 3 / 4, width)]
}

#[test]
fn styles_with_networks_of_their_own_share_a_picture() {
    let stylizer = stylizer(2);
    let content = tiny::landscape(96, 64);
    let one = learned(&stylizer, quick(), 6).0;
    let other = learned(&stylizer, options(|o| o.seed = 9), 9).0;
    let plain = stylizer.style(&painting()).unwrap();
    let halves = Mask::new([6, 4], &[1.0, 1.0, 1.0, 0.0, 0.0, 0.0].repeat(4)).unwrap();
    let paint = |style: &Style, options: StylizeOptions| stylizer.stylize_with(&content, style, &options, &()).unwrap();
    for right in [&plain, &other] {
        let everywhere = Part { style: right.clone(), weight: 1.0, mask: None };
        let palette = Palette::new([everywhere, Part { style: one.clone(), weight: 1.0, mask: Some(halves.clone()) }]).unwrap();
        let both = sides(&paint(right, palette.options(StylizeOptions::default())));
        let alone = [&one, right].map(|style| sides(&paint(style, StylizeOptions::default())));
        assert_eq!(both[0], alone[0][0]);
        assert_eq!(both[1], alone[1][1]);
        assert_ne!(both[0], alone[1][0]);
    }
    // A mask of strengths: the style on the left, the content on the right. The painter was prepared with another mask,
    // which is then replaced.
    let options = StylizeOptions::default().strength_mask(Some(halves.clone()));
    let masked = paint(&one, options.clone());
    let whole = paint(&one, StylizeOptions::default());
    assert_eq!(sides(&masked)[0], sides(&whole)[0]);
    assert!(common::draw::distance(&sides(&masked)[1], &sides(&content)[1]) < 0.5);
    let even = StylizeOptions::default().strength_mask(Some(Mask::new([3, 2], &[0.5; 6]).unwrap()));
    let painter = stylizer.prepare(&one, &even, &content, &()).unwrap();
    let replaced = painter.with_masks(None, Some(halves)).unwrap().paint(&content, &()).unwrap();
    assert!(tiny::distance(&replaced, &masked) < 1e-4, "{}", tiny::distance(&replaced, &masked));
    // Between two painters, both networks paint.
    let [from, to] = [&one, &other].map(|style| stylizer.prepare(style, &StylizeOptions::default(), &content, &()).unwrap());
    let painted = |painter: &impasto::Painter<'_>| painter.paint(&content, &()).unwrap();
    assert_eq!(painted(&from.towards(&to, 0.0).unwrap()).rgb(), painted(&from).rgb());
    assert_eq!(painted(&from.towards(&to, 1.0).unwrap()).rgb(), painted(&to).rgb());
    let between = painted(&from.towards(&to, 0.25).unwrap());
    let expected = painted(&from).rgb().iter().zip(painted(&to).rgb()).map(|(a, b)| 0.75 * a + 0.25 * b).collect::<Vec<_>>();
    assert!(common::draw::distance(between.rgb(), &expected) < 0.01);
}

#[test]
fn a_gallery_keeps_what_its_styles_have_learned() {
    let stylizer = stylizer(1);
    let (norms, kernels) = (learned(&stylizer, options(|o| o.way = Way::Norms), 3).0, learned(&stylizer, quick(), 3).0);
    let plain = stylizer.style(&painting()).unwrap();
    let named = |style: &Style, name: &str| style.clone().with_name(name).with_provenance(format!("about {name}"));
    let styles = vec![named(&norms, "norms"), named(&plain, "plain"), named(&kernels, "kernels")];
    let gallery = Gallery::new(styles).unwrap();
    let bytes = gallery.to_bytes().unwrap();
    let read = Gallery::from_bytes(&bytes).unwrap();
    assert_eq!(read, gallery);
    assert_eq!(read.to_bytes().unwrap(), bytes);
    assert_eq!(read.find("kernels").unwrap().learned(), kernels.learned());
    // A record distinguishes the style from one with the same vector that has learned something else.
    let twice = kernels.mix(&plain, 0.5).unwrap().mix(&kernels, 0.5).unwrap();
    let hashes = [&kernels, &twice, &plain].map(|style| impasto::request::Reference::of_style(style).sha256);
    assert!(hashes[0] != hashes[1] && hashes[0] != hashes[2] && hashes[1] != hashes[2]);
    assert!(read.find("plain").unwrap().learned().is_none());
    let change = |change: &dyn Fn(&mut impasto::weights::Weights)| {
        let mut file = safetensors::read(&bytes).unwrap();
        change(&mut file);
        Gallery::from_bytes(&safetensors::to_bytes(&file, Precision::F16).unwrap())
    };
    assert_eq!(change(&|_| ()).unwrap(), gallery);
    for damage in [
        &(|file: &mut impasto::weights::Weights| drop(file.remove("kernels"))) as &dyn Fn(&mut impasto::weights::Weights),
        &|file| drop(file.metadata.remove("impasto.styles.model")),
        &|file| drop(file.insert("plain/surprise", file.get("plain").unwrap().clone())),
    ] {
        assert_eq!(change(damage).unwrap_err().kind(), ErrorKind::Malformed);
    }
    // The same styles, but learned for another model.
    let mut model = tiny::native_model(48);
    let network = model.transformer.as_mut().unwrap();
    let tensor = network.weights.get("transformer/contract1/weights").unwrap().clone();
    let values = tensor.data().iter().map(|v| v * 1.01).collect();
    network
        .weights
        .insert("transformer/contract1/weights", impasto::weights::Tensor::new(tensor.shape().to_vec(), values).unwrap());
    let other = Stylizer::builder().threads(1).build(model).unwrap();
    let foreign = learned(&other, quick(), 3).0.with_name("foreign");
    let error = Gallery::new(vec![named(&kernels, "kernels"), foreign]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
}

#[test]
fn what_cannot_be_painted_is_refused() {
    let stylizer = stylizer(1);
    let content = tiny::landscape(64, 64);
    let (norms, kernels) = (learned(&stylizer, options(|o| o.way = Way::Norms), 6).0, learned(&stylizer, quick(), 6).0);
    let plain = stylizer.style(&painting()).unwrap();
    // Another model of the same family and shape.
    let mut model = tiny::native_model(48);
    let network = model.transformer.as_mut().unwrap();
    let name = "transformer/contract1/weights";
    let tensor = network.weights.get(name).unwrap().clone();
    let values = tensor.data().iter().map(|v| v * 1.01).collect();
    network.weights.insert(name, impasto::weights::Tensor::new(tensor.shape().to_vec(), values).unwrap());
    let other = Stylizer::builder().threads(1).build(model).unwrap();
    for style in [&norms, &kernels] {
        let error = other.stylize(&content, style).unwrap_err();
        assert!(error.kind() == ErrorKind::Mismatch && error.to_string().contains("another model"), "{error}");
    }
    other.stylize(&content, &plain).unwrap();
    let foreign = learned(&other, quick(), 3).0;
    assert_eq!(kernels.mix(&foreign, 0.5).unwrap_err().kind(), ErrorKind::Mismatch);
    // Magenta's networks have no thumbnail, so their styles cannot learn.
    let magenta = Stylizer::builder().threads(1).build(tiny::model(impasto::networks::magenta::Border::Reflect, 1)).unwrap();
    let start = magenta.style(&painting()).unwrap();
    let error = Learner::new(&magenta, &[perceptual()], &[painting()], start, &[content], quick()).map(|_| ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
}

#[test]
fn damaged_files_are_refused() {
    let stylizer = stylizer(1);
    let style = learned(&stylizer, quick(), 3).0;
    let bytes = style.to_bytes().unwrap();
    let change = |change: &dyn Fn(&mut impasto::weights::Weights)| {
        let mut file = safetensors::read(&bytes).unwrap();
        change(&mut file);
        Style::from_bytes(&safetensors::to_bytes(&file, Precision::F16).unwrap())
    };
    assert_eq!(change(&|_| ()).unwrap(), style);
    let kernel = "kernels/transformer/residual1/conv1/weights";
    let (left, right) = (format!("{kernel}/left"), format!("{kernel}/right"));
    let tensor = |shape: &[usize]| impasto::weights::Tensor::new(shape.to_vec(), vec![0.5; shape.iter().product()]).unwrap();
    let malformed: [&dyn Fn(&mut impasto::weights::Weights); 6] = [
        &|file| drop(file.remove(&left)),
        &|file| drop(file.remove(&right)),
        &|file| drop(file.insert(right.clone(), tensor(&[5, 3]))),
        &|file| drop(file.insert("norms/contract1/norm", tensor(&[3, 4]))),
        &|file| drop(file.insert("surprise", tensor(&[3]))),
        &|file| drop(file.metadata.remove("impasto.style.model")),
    ];
    for (i, damage) in malformed.iter().enumerate() {
        assert_eq!(change(damage).unwrap_err().kind(), ErrorKind::Malformed, "{i}");
    }
    // Well-formed, but for another network: the error comes when the style is painted, before anything large is
    // computed.
    let elsewhere: [&dyn Fn(&mut impasto::weights::Weights); 3] = [
        &|file| drop(file.insert("norms/contract1/norm", tensor(&[2, 77]))),
        &|file| {
            file.insert(left.clone(), tensor(&[1, 1, 40_000, 1]));
            file.insert(right.clone(), tensor(&[1, 40_000]));
        },
        &|file| drop(file.insert("kernels/nowhere", tensor(&[1, 1, 2, 2]))),
    ];
    for (i, damage) in elsewhere.iter().enumerate() {
        let style = change(damage).unwrap();
        let error = stylizer.stylize(&tiny::landscape(40, 40), &style).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch, "{i}: {error}");
    }
}

#[test]
fn options_out_of_range_are_refused() {
    let stylizer = stylizer(1);
    let start = stylizer.style(&painting()).unwrap();
    let new = |pictures: &[Picture], contents: &[Picture], options| {
        Learner::new(&stylizer, &[perceptual()], pictures, start.clone(), contents, options).map(|_| ()).unwrap_err().kind()
    };
    let (pictures, contents) = ([painting()], [tiny::landscape(90, 90)]);
    for options in [
        options(|o| o.batch = 0),
        options(|o| o.crop = 60),
        options(|o| o.crop = 72),
        options(|o| o.content_weight = -1.0),
        options(|o| o.pull = f64::NAN),
        options(|o| o.way = Way::LowRank(0)),
    ] {
        assert_eq!(new(&pictures, &contents, options.clone()), ErrorKind::InvalidArgument, "{options:?}");
    }
    assert_eq!(new(&[], &contents, quick()), ErrorKind::InvalidArgument);
    assert_eq!(new(&pictures, &[], quick()), ErrorKind::InvalidArgument);
    // A network that is not deep enough.
    let shallow = Perceptual::untrained("vgg 2x4 2x4".parse().unwrap(), 3).unwrap();
    let found = Learner::new(&stylizer, &[shallow], &pictures, start.clone(), &contents, quick()).map(|_| ());
    assert_eq!(found.unwrap_err().kind(), ErrorKind::Mismatch);
}
