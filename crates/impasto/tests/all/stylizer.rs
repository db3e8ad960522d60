//! Painting: sizes, strength, sharing, canceling.

use crate::common;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::tiny;
use impasto::engine::{StepInfo, reference};
use impasto::networks::Family;
use impasto::networks::magenta::Border;
use impasto::weights::Tensor;
use impasto::{
    Control, Error, ErrorKind, Model, Picture, Result, Size, Style, StyleOptions, StyleSize, StylizeOptions, Stylizer,
};

fn style() -> Style {
    let vector = (0..tiny::STYLE_LEN).map(|i| 0.6 - 0.15 * i as f32).collect();
    Style::new(Family::Other("untrained-1".into()), vector).unwrap()
}

#[test]
fn everything_can_be_shared_between_threads() {
    fn check<T: Send + Sync>() {}
    check::<Stylizer>();
    check::<Style>();
    check::<Picture>();
    check::<Model>();
    check::<Error>();
    check::<impasto::StylizerBuilder>();
}

#[test]
fn the_result_has_the_contents_size() {
    let mut sizes = vec![[67, 93], [93, 67], [1, 5000], [5000, 1], [3, 400], [64, 64], [65, 63]];
    sizes.extend((1..=12).flat_map(|width| (1..=12).map(move |height| [width, height])));
    for border in [Border::Reflect, Border::Zero] {
        let stylizer = Stylizer::builder().build(tiny::model(border, 1)).unwrap();
        for [width, height] in sizes.iter().copied() {
            let painted = stylizer.stylize(&tiny::landscape(width, height), &style()).unwrap();
            assert_eq!([painted.width(), painted.height()], [width, height]);
            assert!(painted.rgb().iter().all(|v| (0.0..=1.0).contains(v)), "{width}×{height}: out of range");
        }
    }
}

#[test]
fn every_size_gives_a_style() {
    let stylizer = tiny::stylizer();
    for [width, height] in [[1, 1], [1, 5000], [5000, 1], [2, 3], [67, 93], [300, 300]] {
        let picture = tiny::swirls(width, height);
        for size in [StyleSize::default(), StyleSize::Original, StyleSize::Exact(Size::new(40, 30))] {
            let style = stylizer.style_with(&picture, &StyleOptions::default().size(size), &()).unwrap();
            assert_eq!(style.vector().len(), tiny::STYLE_LEN, "{width}×{height} as {size:?}");
        }
    }
    let nothing = StyleOptions::default().size(StyleSize::ShortSide(0));
    assert_eq!(stylizer.style_with(&tiny::swirls(9, 9), &nothing, &()).unwrap_err().kind(), ErrorKind::InvalidArgument);
}

#[test]
fn style_sizes_keep_proportions_within_bounds() {
    let size = StyleSize::ShortSide(256);
    let cases = [
        ([512, 1024], [256, 512]),
        ([1024, 512], [512, 256]),
        ([100, 100], [256, 256]),
        ([300, 200], [384, 256]),
        ([200, 800], [256, 1024]),
        // If one side is more than four times the other, the longer side decides.
        ([100, 800], [128, 1024]),
        ([1, 5000], [1, 1024]),
        ([usize::MAX, 1], [1024, 1]),
    ];
    for ([width, height], expected) in cases {
        assert_eq!(size.of([width, height]), expected.into(), "{width}×{height}");
    }
    assert_eq!(StyleSize::Original.of([7, 9]), Size::new(7, 9));
    assert_eq!(StyleSize::Exact(Size::new(512, 720)).of([7, 9]), Size::new(512, 720));
}

/// Runs the network on the unpadded picture with the naive executor, and returns the top left part of its output.
fn by_reference(model: &Model, content: &Picture, style: &Style) -> Picture {
    let network = model.transformer.as_ref().unwrap();
    let (width, height) = (content.width(), content.height());
    let input = Tensor::new([height, width, 3], content.rgb().to_vec()).unwrap();
    let output = reference::run(&network.graph, &network.weights, &input, style.vector()).unwrap();
    let from_width = output.shape()[1];
    let rows = output.data().chunks_exact(from_width * 3).take(height);
    Picture::from_rgb_f32([width, height], rows.flat_map(|row| &row[..width * 3]).copied().collect()).unwrap()
}

#[test]
fn pixels_are_just_the_networks() {
    let model = tiny::model(Border::Reflect, 1);
    let stylizer = Stylizer::builder().build(model.clone()).unwrap();
    for [width, height] in [[67, 93], [64, 48], [33, 34], [21, 9]] {
        let content = tiny::landscape(width, height);
        let painted = stylizer.stylize(&content, &style()).unwrap();
        let distance = tiny::distance(&painted, &by_reference(&model, &content, &style()));
        assert!(distance < 1e-4, "{width}×{height}: off by {distance}");
    }
}

#[test]
fn short_sides_are_extended_by_their_last_pixels() {
    let stylizer = tiny::stylizer();
    for ([width, height], [wide, high]) in [([4, 40], [8, 40]), ([40, 1], [40, 8]), ([3, 2], [8, 8])] {
        let content = tiny::landscape(width, height);
        let pixels = (0..high).flat_map(|y| (0..wide).map(move |x| (x, y)));
        let pixel = |(x, y): (usize, usize)| &content.rgb()[(y.min(height - 1) * width + x.min(width - 1)) * 3..][..3];
        let extended = Picture::from_rgb_f32([wide, high], pixels.flat_map(pixel).copied().collect()).unwrap();
        let expected = stylizer.stylize(&extended, &style()).unwrap();
        let painted = stylizer.stylize(&content, &style()).unwrap();
        for y in 0..height {
            let row = |picture: &Picture| picture.rgb()[y * picture.width() * 3..][..width * 3].to_vec();
            assert_eq!(row(&painted), row(&expected), "{width}×{height}, row {y}");
        }
    }
}

#[test]
fn alpha_and_source_are_kept() {
    let alpha: Vec<f32> = (0..20 * 11).map(|i| i as f32 / 220.0).collect();
    let opaque = tiny::landscape(20, 11);
    let content = opaque.clone().with_alpha(alpha.clone()).unwrap();
    let stylizer = tiny::stylizer();
    let painted = stylizer.stylize(&content, &style()).unwrap();
    assert_eq!(painted.alpha(), Some(alpha.as_slice()));
    assert_eq!(painted.source(), content.source());
    assert_eq!(painted.rgb(), stylizer.stylize(&opaque, &style()).unwrap().rgb(), "alpha plays a part in painting");
}

#[test]
fn strengths_out_of_range_are_refused() {
    let (stylizer, content) = (tiny::stylizer(), tiny::landscape(16, 16));
    for strength in [-0.01, 1.01, f32::NAN, f32::INFINITY] {
        let options = StylizeOptions::default().strength(strength);
        let error = stylizer.stylize_with(&content, &style(), &options, &()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{strength}");
        assert!(error.to_string().contains("strength"), "{error}");
    }
}

#[test]
fn the_contents_own_style_is_made_as_asked() {
    let stylizer = tiny::stylizer();
    let content = tiny::landscape(67, 93);
    let seen = StyleOptions::default().size(StyleSize::Exact(Size::new(50, 60)));
    let own = stylizer.style_with(&content, &seen, &()).unwrap();
    assert_ne!(own, stylizer.style(&content).unwrap());
    let paint = |seen| {
        let options = StylizeOptions::default().strength(0.5).style(seen);
        stylizer.stylize_with(&content, &style(), &options, &()).unwrap()
    };
    assert_ne!(paint(seen), paint(StyleOptions::default()));
}

#[test]
fn styles_of_other_models_are_refused() {
    let stylizer = tiny::stylizer();
    let content = tiny::landscape(16, 16);
    let other = Style::new(Family::TfLite, vec![0.0; tiny::STYLE_LEN]).unwrap().with_name("waves");
    let error = stylizer.stylize(&content, &other).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    for word in ["waves", "tflite", "untrained-1"] {
        assert!(error.to_string().contains(word), "{error}");
    }
    let longer = Style::new(Family::Other("untrained-1".into()), vec![0.0; tiny::STYLE_LEN + 1]).unwrap();
    let error = stylizer.stylize(&content, &longer).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(error.to_string().contains('9') && error.to_string().contains('8'), "{error}");
}

#[test]
fn pictures_that_are_no_numbers_are_refused() {
    let stylizer = tiny::stylizer();
    for value in [f32::NAN, f32::INFINITY] {
        let mut broken = tiny::landscape(64, 64);
        broken.rgb_mut()[777] = value;
        let as_it_is = StyleOptions::default().size(StyleSize::Original);
        let seen = stylizer.style_with(&broken, &as_it_is, &());
        assert_eq!(seen.unwrap_err().kind(), ErrorKind::Malformed, "{value}");
        assert_eq!(stylizer.stylize(&broken, &style()).unwrap_err().kind(), ErrorKind::Malformed, "{value}");
    }
}

#[test]
fn same_bytes_at_any_thread_count_and_from_concurrent_callers() {
    let contents: Vec<Picture> = [[67, 93], [120, 41], [256, 192], [5, 300]].map(|[w, h]| tiny::landscape(w, h)).into();
    let options = StylizeOptions::default().strength(0.7);
    let paint = |stylizer: &Stylizer, content: &Picture| {
        let style = stylizer.style(&tiny::swirls(90, 50))?;
        stylizer.stylize_with(content, &style, &options, &())
    };
    let with_threads = |n| Stylizer::builder().threads(n).build(tiny::model(Border::Reflect, 1)).unwrap();
    let alone = with_threads(1);
    let expected: Vec<Picture> = contents.iter().map(|content| paint(&alone, content).unwrap()).collect();
    for threads in [2, 3] {
        let shared = with_threads(threads);
        let painted: Vec<Vec<Result<Picture>>> = std::thread::scope(|scope| {
            let callers: Vec<_> =
                (0..4).map(|_| scope.spawn(|| contents.iter().map(|content| paint(&shared, content)).collect())).collect();
            callers.into_iter().map(|caller| caller.join().unwrap()).collect()
        });
        for pictures in painted {
            for (picture, expected) in pictures.into_iter().zip(&expected) {
                assert_eq!(&picture.unwrap(), expected, "{threads} threads");
            }
        }
    }
}

/// Counts steps, and asks to stop after a number of them.
struct Watch {
    stop_after: usize,
    steps: AtomicUsize,
    progress: Mutex<Vec<(u64, u64)>>,
}

impl Watch {
    fn new(stop_after: usize) -> Self {
        Watch { stop_after, steps: AtomicUsize::new(0), progress: Mutex::default() }
    }
}

impl Control for Watch {
    fn progress(&self, done: u64, total: u64) {
        self.progress.lock().unwrap().push((done, total));
    }

    fn step(&self, _: &StepInfo<'_>, _: Duration) {
        self.steps.fetch_add(1, Ordering::Relaxed);
    }

    fn cancelled(&self) -> bool {
        self.steps.load(Ordering::Relaxed) >= self.stop_after
    }
}

#[test]
fn work_can_be_cancelled_at_every_step() {
    let stylizer = tiny::stylizer();
    let (content, style) = (tiny::landscape(40, 30), style());
    let options = StylizeOptions::default().strength(0.5);
    let whole = Watch::new(usize::MAX);
    let expected = stylizer.stylize_with(&content, &style, &options, &whole).unwrap();
    let steps = whole.steps.into_inner();
    assert!(steps > 20, "{steps} steps");
    for stop_after in 0..steps {
        let watch = Watch::new(stop_after);
        let result = stylizer.stylize_with(&content, &style, &options, &watch);
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Cancelled, "after {stop_after}");
        assert_eq!(watch.steps.into_inner(), stop_after, "work went on");
    }
    assert_eq!(stylizer.stylize_with(&content, &style, &options, &()).unwrap(), expected, "cancelling left traces");
    let refused = stylizer.style_with(&content, &StyleOptions::default(), &Watch::new(0));
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Cancelled);
}

#[test]
fn progress_goes_once_from_start_to_end() {
    let stylizer = tiny::stylizer();
    for strength in [1.0, 0.5] {
        let watch = Watch::new(usize::MAX);
        let options = StylizeOptions::default().strength(strength);
        stylizer.stylize_with(&tiny::landscape(67, 93), &style(), &options, &watch).unwrap();
        let progress = watch.progress.into_inner().unwrap();
        assert!(progress.is_sorted(), "strength {strength}: goes back: {progress:?}");
        let (done, total) = *progress.last().unwrap();
        assert!(done == total && total > 0, "strength {strength}: ends at {done} of {total}");
        assert!(progress.iter().all(|(_, t)| *t == total), "strength {strength}: the whole changes");
    }
}

#[test]
fn what_cannot_be_is_an_error() {
    let stylizer = tiny::stylizer();
    assert_eq!(stylizer.peak_memory([0, 5]).unwrap_err().kind(), ErrorKind::InvalidArgument);
    assert_eq!(stylizer.peak_memory([1 << 40, 1 << 40]).unwrap_err().kind(), ErrorKind::TooLarge);
    for missing in ["predictor", "transformer"] {
        let mut model = tiny::model(Border::Reflect, 1);
        match missing {
            "predictor" => model.predictor = None,
            _ => model.transformer = None,
        }
        let error = Stylizer::builder().build(model).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch);
        assert!(error.to_string().contains(missing), "{error}");
    }
}

#[test]
fn the_model_is_described_without_its_weights() {
    let model = tiny::model(Border::Reflect, 7);
    let count = |weights: &impasto::weights::Weights| weights.iter().map(|(_, t)| t.data().len() as u64).sum::<u64>();
    let parameters = model.networks().map(|network| count(&network.weights)).collect::<Vec<_>>();
    let stylizer = Stylizer::builder().threads(3).build(model).unwrap();
    let info = stylizer.model();
    assert_eq!(info.family.to_string(), "untrained-7");
    assert_eq!([info.predictor.as_ref().unwrap().parameters, info.transformer.parameters], parameters[..]);
    assert_eq!(info.transformer.architecture.style_len(), tiny::STYLE_LEN);
    assert_eq!(info.predictor.as_ref().unwrap().source, "random weights");
    assert_eq!(stylizer.engine().threads(), 3);
}
