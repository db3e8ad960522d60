//! Pictures of every small size, in every format: a painting has its content's size, whatever that is.

use crate::common;

use std::io::Cursor;

use common::tiny;
use image::ImageFormat;
use impasto::networks::{Architecture, native};
use impasto::picture::{EncodeOptions, Format, Limits, Stored};
use impasto::{Model, Picture, StylizeOptions, Stylizer};

/// Sides from 1 to this number are tested.
const LARGEST: usize = 70;

/// A model that takes statistics from a thumbnail of 32 pixels. Some of the tested sizes are painted whole, some in
/// bands.
fn native_stylizer(deep: Option<native::Deep>) -> Stylizer {
    let (widths, resample, skips) = ([4, 4, 8], 3, false);
    let transformer = native::Transformer { widths, blocks: 1, kernel: 5, resample, skips, deep, style_len: 8, thumbnail: 32 };
    let predictor = native::Predictor { widths: [3, 4, 4, 8], vector_len: 8 };
    let model = Model::untrained(Architecture::NativePredictor(predictor), Architecture::NativeTransformer(transformer), 1);
    Stylizer::builder().threads(1).build(model.unwrap()).unwrap()
}

/// A file in one of the formats that are read; `number` selects which.
fn file(picture: &Picture, number: usize) -> Vec<u8> {
    let format = match number % 6 {
        0 => Format::Jpeg,
        1 => Format::Png,
        2 => Format::WebP,
        3 => Format::Tiff,
        other => {
            let format = if other == 4 { ImageFormat::Gif } else { ImageFormat::Bmp };
            let mut bytes = Cursor::new(Vec::new());
            let image = picture.to_image().unwrap();
            // GIF has 8 bits and a palette.
            image::DynamicImage::from(image.to_rgb8()).write_to(&mut bytes, format).unwrap();
            return bytes.into_inner();
        }
    };
    picture.encode(format, &EncodeOptions::default()).unwrap().bytes
}

/// Returns what is wrong with the painting of a picture of this size, if anything.
fn check(stylizer: &Stylizer, style: &impasto::Style, [width, height]: [usize; 2], number: usize) -> Result<(), String> {
    let mut picture = tiny::landscape(width, height);
    if number.is_multiple_of(4) {
        picture = picture.with_alpha((0..width * height).map(|i| (i % 3) as f32 / 2.0).collect()).unwrap();
    }
    let stored = Stored::decode(&file(&picture, number), &Limits::default()).map_err(|e| format!("decode: {e}"))?;
    if (stored.width(), stored.height()) != (width, height) {
        return Err(format!("read as {}×{}", stored.width(), stored.height()));
    }
    let strength = if number.is_multiple_of(7) { 0.5 } else { 1.0 };
    let options = StylizeOptions::default().strength(strength);
    let (mut rgb, mut alpha) = (Vec::new(), Vec::new());
    let mut take = |rows: &[f32], alphas: Option<&[f32]>| {
        rgb.extend_from_slice(rows);
        alpha.extend_from_slice(alphas.unwrap_or_default());
        Ok(())
    };
    stylizer.stylize_stored(&stored, style, &options, &mut take, &()).map_err(|e| format!("paint: {e}"))?;
    if rgb.len() != width * height * 3 || stored.has_alpha() != (alpha.len() == width * height) {
        return Err(format!("{} colours, {} of alpha", rgb.len(), alpha.len()));
    }
    if let Some(value) = rgb.iter().find(|v| !v.is_finite()) {
        return Err(format!("a colour of {value}"));
    }
    let painted = stored.to_picture().unwrap().repainted([width, height], rgb).map_err(|e| format!("result: {e}"))?;
    for format in [Format::Jpeg, Format::Png, Format::WebP, Format::Tiff] {
        let bytes = painted.encode(format, &EncodeOptions::default()).map_err(|e| format!("encode {format}: {e}"))?.bytes;
        let back = Picture::decode(&bytes, &Limits::default()).map_err(|e| format!("read the {format}: {e}"))?;
        if (back.width(), back.height()) != (width, height) {
            return Err(format!("{format} of {}×{}", back.width(), back.height()));
        }
    }
    Ok(())
}

/// Checks every size whose index is a multiple of `every`.
fn check_all(stylizer: &Stylizer, every: usize) {
    let style = stylizer.style(&tiny::swirls(40, 30)).unwrap();
    let sizes = (1..=LARGEST).flat_map(|height| (1..=LARGEST).map(move |width| [width, height]));
    // An `every` that shares no factor with 70, or with the six formats, gives every format all sorts of sizes.
    let sizes: Vec<_> = sizes.enumerate().filter(|(i, _)| i % every == 0).collect();
    assert!(sizes.len() > 100);
    let failures: Vec<_> = sizes
        .iter()
        .filter_map(|&(number, size)| check(stylizer, &style, size, number).err().map(|why| format!("{size:?}, {number}: {why}")))
        .collect();
    assert!(failures.is_empty(), "{} of {} sizes:\n{}", failures.len(), sizes.len(), failures.join("\n"));
}

#[test]
fn every_size_is_painted_with_a_thumbnail() {
    check_all(&native_stylizer(None), 1);
}

#[test]
fn all_sorts_of_sizes_are_painted_with_a_branch_at_stride_8() {
    check_all(&native_stylizer(Some(native::Deep { channels: 6, blocks: 1 })), 11);
}

#[test]
fn all_sorts_of_sizes_are_painted_in_one_piece() {
    check_all(&tiny::stylizer(), 11);
}
