//! Painting with the statistics of a thumbnail.

use crate::common;

use common::tiny;
use impasto::engine::reference;
use impasto::networks::Family;
use impasto::networks::magenta::Border;
use impasto::picture::{EncodeOptions, Format, Limits, Resize, Stored};
use impasto::weights::Tensor;
use impasto::{ErrorKind, Picture, Stroke, Style, StylizeOptions, Stylizer};

const SIDE: usize = 48;

fn style() -> Style {
    let vector = (0..8).map(|i| 0.6 - 0.15 * i as f32).collect();
    Style::new(Family::Other("untrained-1".into()), vector).unwrap()
}

fn tensor(picture: &Picture) -> Tensor {
    Tensor::new([picture.height(), picture.width(), 3], picture.rgb().to_vec()).unwrap()
}

fn bits(picture: &Picture) -> Vec<u32> {
    picture.rgb().iter().map(|v| v.to_bits()).collect()
}

#[test]
fn a_small_picture_is_its_own_thumbnail() {
    // The same networks, once with statistics of the picture, once of a thumbnail.
    let plain = Stylizer::builder().threads(2).build(tiny::model(Border::Reflect, 1)).unwrap();
    let with = Stylizer::builder().threads(2).thumbnail(Some(SIDE)).build(tiny::model(Border::Reflect, 1)).unwrap();
    for [width, height] in [[SIDE, SIDE], [48, 31], [5, 48], [3, 17], [1, 1]] {
        let content = tiny::landscape(width, height);
        let expected = plain.stylize(&content, &style()).unwrap();
        assert_eq!(bits(&with.stylize(&content, &style()).unwrap()), bits(&expected), "{width}×{height}");
    }
    let content = tiny::landscape(97, 61);
    let differs = tiny::distance(&plain.stylize(&content, &style()).unwrap(), &with.stylize(&content, &style()).unwrap());
    assert!(differs > 1e-3, "the thumbnail makes no difference: {differs}");
}

#[test]
fn the_result_is_the_references() {
    let model = tiny::native_model(SIDE);
    let network = model.transformer.clone().unwrap();
    let stylizer = Stylizer::builder().threads(2).build(model).unwrap();
    for ([width, height], [small_width, small_height]) in
        [([97, 61], [48, 30]), ([61, 130], [23, 48]), ([49, 49], [48, 48]), ([200, 30], [48, 7])]
    {
        let content = tiny::landscape(width, height);
        let thumbnail = content.resized([small_width, small_height], Resize::NETWORK).unwrap();
        let norms = reference::measure(&network.graph, &network.weights, &tensor(&thumbnail), style().vector()).unwrap();
        let reference = |content: &Picture| {
            let painted = reference::paint(&network.graph, &network.weights, &tensor(content), &norms).unwrap();
            let [_, from_width, _] = painted.shape()[..] else { panic!("{:?}", painted.shape()) };
            let rows = painted.data().chunks_exact(from_width * 3).take(content.height());
            rows.map(|row| row[..content.width() * 3].to_vec()).collect::<Vec<_>>()
        };
        // With native strokes, the network runs on the picture itself. With others, the picture is mirrored around it.
        let native = reference(&content).concat();
        let framed = reference(&mirrored(&content, 16));
        let framed: Vec<f32> = framed[16..][..height].iter().flat_map(|row| row[16 * 3..][..width * 3].to_vec()).collect();
        for (stroke, expected) in [(Stroke::Native(1.0), native), (Stroke::Relative(1.0), framed)] {
            let expected = Picture::from_rgb_f32([width, height], expected).unwrap();
            let options = StylizeOptions::default().grain(0.0).stroke(stroke);
            let painted = stylizer.stylize_with(&content, &style(), &options, &()).unwrap();
            let error = tiny::distance(&painted, &expected);
            // The thumbnail is accurate to 2e-5, and the statistics amplify the error.
            assert!(error < 1e-3, "{width}×{height}, {stroke}: off by {error}");
        }
    }
}

/// A picture surrounded by its mirror images.
fn mirrored(picture: &Picture, margin: usize) -> Picture {
    let at = |place: usize, side: usize| {
        let place = (place as isize - margin as isize).unsigned_abs();
        place.min(2 * (side - 1) - place)
    };
    let size @ [width, height] = [picture.width() + 2 * margin, picture.height() + 2 * margin];
    let pixel = |x: usize, y: usize| {
        let place = at(y, picture.height()) * picture.width() + at(x, picture.width());
        picture.rgb()[place * 3..][..3].to_vec()
    };
    let rgb = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).flat_map(|(x, y)| pixel(x, y)).collect();
    Picture::from_rgb_f32(size, rgb).unwrap()
}

#[test]
fn neither_memory_nor_threads_change_a_byte() {
    let content = tiny::landscape(131, 203);
    let paint = |threads: usize, max_memory: Option<u64>| {
        let stylizer = Stylizer::builder().threads(threads).build(tiny::native_model(SIDE)).unwrap();
        let options = StylizeOptions::default().strength(0.7).max_memory(max_memory);
        bits(&stylizer.stylize_with(&content, &style(), &options, &()).unwrap())
    };
    let expected = paint(1, None);
    for (threads, memory) in [(2, None), (5, Some(0)), (2, Some(1 << 20)), (1, Some(3 << 20))] {
        assert!(paint(threads, memory) == expected, "{threads} threads, {memory:?} bytes");
    }
}

#[test]
fn every_size_can_be_painted() {
    let stylizer = Stylizer::builder().threads(2).build(tiny::native_model(SIDE)).unwrap();
    let mut sizes = vec![[1, 500], [500, 1], [3, 90], [90, 4], [67, 93], [49, 5], [1000, 2]];
    sizes.extend((45..=52).flat_map(|width| [[width, 50], [50, width]]));
    for [width, height] in sizes {
        let painted = stylizer.stylize(&tiny::landscape(width, height), &style()).unwrap();
        assert_eq!([painted.width(), painted.height()], [width, height]);
        assert!(painted.rgb().iter().all(|v| (0.0..=1.0).contains(v)), "{width}×{height}: out of range");
    }
}

#[test]
fn a_stored_picture_is_painted_to_the_bit_as_the_picture() {
    let stylizer = Stylizer::builder().threads(2).build(tiny::native_model(SIDE)).unwrap();
    let plain = Stylizer::builder().threads(2).build(tiny::model(Border::Reflect, 1)).unwrap();
    for [width, height] in [[131, 203], [30, 40], [3, 100], [200, 4]] {
        let alpha = (0..width * height).map(|i| if i % 7 < 3 { 0.0 } else { 0.6 }).collect();
        for picture in [tiny::landscape(width, height), tiny::landscape(width, height).with_alpha(alpha).unwrap()] {
            let bytes = picture.encode(Format::Png, &EncodeOptions::default()).unwrap().bytes;
            let stored = Stored::decode(&bytes, &Limits::default()).unwrap();
            for (stylizer, strength) in [(&stylizer, 1.0), (&stylizer, 0.4), (&plain, 1.0)] {
                let options = StylizeOptions::default().strength(strength).max_memory(Some(1 << 20));
                let expected = stylizer.stylize_with(&stored.to_picture().unwrap(), &style(), &options, &()).unwrap();
                let (mut rgb, mut alpha) = (Vec::new(), Vec::new());
                let mut write = |colours: &[f32], plane: Option<&[f32]>| {
                    rgb.extend_from_slice(colours);
                    plane.into_iter().for_each(|plane| alpha.extend_from_slice(plane));
                    Ok(())
                };
                stylizer.stylize_stored(&stored, &style(), &options, &mut write, &()).unwrap();
                assert!(rgb == expected.rgb(), "{width}×{height} at {strength}");
                assert_eq!(alpha, expected.alpha().unwrap_or_default(), "{width}×{height} at {strength}");
            }
        }
    }
}

#[test]
fn what_cannot_be_painted_is_refused() {
    let stylizer = Stylizer::builder().threads(1).build(tiny::native_model(SIDE)).unwrap();
    let mut content = tiny::landscape(100, 80);
    content.rgb_mut()[9000] = f32::NAN;
    assert_eq!(stylizer.stylize(&content, &style()).unwrap_err().kind(), ErrorKind::Malformed);
    let foreign = Style::new(Family::Hub, vec![0.0; 8]).unwrap();
    let refused = stylizer.stylize(&tiny::landscape(100, 80), &foreign).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Mismatch);
}

#[test]
fn memory_is_told_beforehand_and_hardly_grows_with_the_height() {
    let stylizer = Stylizer::builder().threads(2).build(tiny::native_model(SIDE)).unwrap();
    let memory = |height: usize| stylizer.peak_memory([400, height]).unwrap() - 400 * height as u64 * 12;
    assert!(memory(8000) <= memory(4000), "{} and {} bytes", memory(8000), memory(4000));
}
