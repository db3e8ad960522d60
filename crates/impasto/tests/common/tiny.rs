//! A small untrained model, and pictures drawn by formula: for tests of how pictures are painted, not how well.

use impasto::networks::magenta::{Border, Transformer};
use impasto::networks::mobilenet::MobileNet;
use impasto::networks::{Architecture, FixedNorm, native};
use impasto::{Model, Picture, Stylizer};

/// Length of the small model's style vectors.
pub const STYLE_LEN: usize = 8;

/// A model whose transformer needs a hundredth of the work of the real ones.
pub fn model(border: Border, seed: u64) -> Model {
    let predictor = MobileNet { vector_len: STYLE_LEN, norm: FixedNorm::Batch };
    let transformer = Transformer { widths: [8, 8, 16], blocks: 1, style_len: STYLE_LEN, border, ..Transformer::checkpoint() };
    Model::untrained(Architecture::MobileNet(predictor), Architecture::Transformer(transformer), seed).unwrap()
}

/// A stylizer with that model and two threads.
pub fn stylizer() -> Stylizer {
    Stylizer::builder().threads(2).build(model(Border::Reflect, 1)).unwrap()
}

/// A model with a thumbnail of this side, which paints in bands. Its style vectors have the same length as those of
/// [`model`].
pub fn native_model(thumbnail: usize) -> Model {
    let transformer = native::Transformer {
        widths: [5, 8, 12],
        blocks: 2,
        kernel: 5,
        resample: 3,
        skips: false,
        deep: None,
        style_len: STYLE_LEN,
        thumbnail,
    };
    let predictor = native::Predictor { widths: [3, 8, 9, 16], vector_len: STYLE_LEN };
    Model::untrained(Architecture::NativePredictor(predictor), Architecture::NativeTransformer(transformer), 1).unwrap()
}

/// A landscape: sky, a sun, hills, a fence of single pixels. It has no repetitions, and is the same at any size except
/// for detail.
pub fn landscape(width: usize, height: usize) -> Picture {
    draw(width, height, |x, y| {
        let hill = 0.6 + 0.1 * (x * 9.0).sin() + 0.05 * (x * 23.0).cos();
        let sun = ((x - 0.7).powi(2) + (y - 0.25).powi(2)).sqrt() < 0.12;
        match () {
            () if sun => [1.0, 0.85, 0.3],
            () if y < hill => [0.35 + 0.4 * y, 0.55 + 0.3 * y, 0.95 - 0.1 * x],
            () if ((x * 64.0) as usize).is_multiple_of(8) => [0.25, 0.15, 0.1],
            () => [0.2 + 0.2 * x, 0.5 - 0.3 * (y - hill), 0.15],
        }
    })
}

/// A painting: swirls of three colors.
pub fn swirls(width: usize, height: usize) -> Picture {
    draw(width, height, |x, y| {
        let wave = |shift: f32| 0.5 + 0.5 * (shift + 14.0 * x + 6.0 * (7.0 * y + 2.0 * (5.0 * x).sin()).sin()).sin();
        [wave(0.0), 0.7 * wave(1.3), 0.4 + 0.6 * wave(3.0)]
    })
}

fn draw(width: usize, height: usize, colour: impl Fn(f32, f32) -> [f32; 3]) -> Picture {
    let at = |i: usize, n: usize| (i as f32 + 0.5) / n as f32;
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let rgb = pixels.flat_map(|(x, y)| colour(at(x, width), at(y, height))).collect();
    Picture::from_rgb_f32([width, height], rgb).unwrap()
}

/// The greatest difference between two pictures of the same size; infinite if a value is NaN.
pub fn distance(a: &Picture, b: &Picture) -> f32 {
    assert_eq!((a.width(), a.height()), (b.width(), b.height()));
    let differences = a.rgb().iter().zip(b.rgb()).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, |worst, d| {
        if d <= worst {
            worst
        } else if d.is_nan() {
            f32::INFINITY
        } else {
            d
        }
    })
}
