//! The look of a painting: strength, colors, masks, regions, strokes. All of it must be the same in bands.

use crate::common;

use common::tiny;
use impasto::networks::Family;
use impasto::picture::Resize;
use impasto::picture::{EncodeOptions, Format, Limits, Mask, Stored};
use impasto::{Colours, ErrorKind, Picture, Size, Stroke, Style, StylizeOptions, Stylizer};

fn style(turn: f32) -> Style {
    let vector = (0..tiny::STYLE_LEN).map(|i| (i as f32 * 1.7 + turn).sin()).collect();
    Style::new(Family::Other("untrained-1".into()), vector).unwrap()
}

fn native(threads: usize) -> Stylizer {
    Stylizer::builder().threads(threads).build(tiny::native_model(48)).unwrap()
}

/// A mask that is white on the left, up to this part of the width.
fn left(width: usize, height: usize, part: f32) -> Mask {
    let values: Vec<f32> =
        (0..width * height).map(|i| if ((i % width) as f32) < part * width as f32 { 1.0 } else { 0.0 }).collect();
    Mask::new([width, height], &values).unwrap()
}

/// A mask of gray that rises from left to right.
fn ramp(width: usize, height: usize) -> Mask {
    Mask::new([width, height], &(0..width * height).map(|i| (i % width) as f32 / (width - 1).max(1) as f32).collect::<Vec<_>>())
        .unwrap()
}

fn paint(stylizer: &Stylizer, content: &Picture, options: &StylizeOptions) -> Picture {
    stylizer.stylize_with(content, &style(0.0), options, &()).unwrap()
}

/// Some columns of a picture.
fn columns(picture: &Picture, columns: std::ops::Range<usize>) -> Vec<f32> {
    let rows = picture.rgb().chunks_exact(picture.width() * 3);
    rows.flat_map(|row| &row[columns.start * 3..columns.end * 3]).copied().collect()
}

fn root_mean_square(a: &Picture, b: &Picture) -> f64 {
    let sum: f64 = a.rgb().iter().zip(b.rgb()).map(|(a, b)| f64::from(a - b).powi(2)).sum();
    (sum / a.rgb().len() as f64).sqrt()
}

/// Every option, alone and together.
fn all_options(width: usize, height: usize) -> Vec<(&'static str, StylizeOptions)> {
    let plain = StylizeOptions::default;
    let (half, soft) = (left(width, height, 0.5), left(width, height, 0.4).feather(9.0).unwrap());
    vec![
        ("strength", plain().strength(0.3)),
        ("strength mask", plain().strength(0.8).strength_mask(Some(ramp(width, height)))),
        ("colours of the content", plain().colours(Colours::Content)),
        ("some luminance", plain().colours(Colours::Luminance).colour_strength(0.6)),
        ("mask", plain().mask(Some(soft.clone()))),
        ("regions", plain().region(style(2.0), half.clone())),
        ("regions and content", plain().region(style(2.0), soft.clone()).keep_outside(true)),
        ("coarse", plain().stroke(2.0)),
        ("coarse in pixels", plain().stroke(Stroke::Native(2.0))),
        ("fine", plain().stroke(0.5)),
        ("preview", plain().preview_of(Some(Size::new(width * 3, height * 3))).stroke(2.0)),
        (
            "all",
            plain()
                .strength(0.7)
                .strength_mask(Some(ramp(width, height)))
                .mask(Some(soft))
                .region(style(4.0), half)
                .colours(Colours::Content)
                .stroke(1.5),
        ),
    ]
}

#[test]
fn neither_memory_nor_threads_nor_storage_change_a_byte() {
    let picture = tiny::landscape(131, 103);
    let bytes = picture.encode(Format::Png, &EncodeOptions::default()).unwrap().bytes;
    let stored = Stored::decode(&bytes, &Limits::default()).unwrap();
    let content = stored.to_picture().unwrap();
    let (one, two) = (native(1), native(2));
    let plain = paint(&one, &content, &StylizeOptions::default());
    for (name, options) in all_options(131, 103) {
        let expected = paint(&one, &content, &options);
        assert!(tiny::distance(&plain, &expected) > 0.01, "{name}: changes nothing");
        for (stylizer, memory) in [(&two, None), (&two, Some(0)), (&one, Some(1 << 20))] {
            let options = options.clone().max_memory(memory);
            assert!(paint(stylizer, &content, &options) == expected, "{name}, {memory:?} bytes");
            let mut rgb = Vec::new();
            let mut write = |rows: &[f32], _: Option<&[f32]>| {
                rgb.extend_from_slice(rows);
                Ok(())
            };
            stylizer.stylize_stored(&stored, &style(0.0), &options, &mut write, &()).unwrap();
            assert!(rgb == expected.rgb(), "{name}, {memory:?} bytes, stored");
        }
    }
}

#[test]
fn every_option_takes_every_size() {
    let (native, plain) = (native(2), tiny::stylizer());
    let sizes = [[1, 1], [1, 70], [70, 1], [2, 3], [5, 4], [7, 49], [48, 48], [49, 50], [67, 13], [70, 70]];
    let walk = (1..70).step_by(11).map(|side| [side, 71 - side]);
    for [width, height] in sizes.into_iter().chain(walk) {
        let content = tiny::landscape(width, height);
        for (name, options) in all_options(width, height) {
            for stylizer in [&native, &plain] {
                let painted = paint(stylizer, &content, &options);
                assert_eq!([painted.width(), painted.height()], [width, height], "{name}");
                assert!(painted.rgb().iter().all(|v| (0.0..=1.0).contains(v)), "{name}, {width}×{height}: out of range");
            }
        }
    }
}

#[test]
fn strength_goes_from_the_content_to_the_style() {
    for stylizer in [native(2), tiny::stylizer()] {
        let content = tiny::landscape(120, 90);
        let full = stylizer.stylize(&content, &style(0.0)).unwrap();
        let at = |strength| paint(&stylizer, &content, &StylizeOptions::default().strength(strength));
        assert_eq!(at(0.0), content);
        assert_eq!(at(1.0), full);
        let share = |strength: f32| {
            let painted = at(strength);
            let (from, to) = (root_mean_square(&content, &painted), root_mean_square(&painted, &full));
            from / (from + to)
        };
        let shares: Vec<f64> = (0..=8).map(|i| share(i as f32 / 8.0)).collect();
        // The library measures in Oklab, but this test compares sRGB values, so the two need not agree exactly.
        assert!(shares.windows(2).all(|pair| pair[0] < pair[1] + 0.02), "not monotone: {shares:?}");
    }
}

/// With the model and styles that users have, at a size at which nothing was measured.
#[cfg(feature = "embedded")]
#[test]
fn half_the_strength_is_half_way() {
    let stylizer = Stylizer::new().unwrap();
    let content = tiny::landscape(300, 200);
    for name in ["starry", "mosaic", "waves"] {
        let style = Style::built_in(name).unwrap();
        let at = |strength| stylizer.stylize_with(&content, &style, &StylizeOptions::default().strength(strength), &()).unwrap();
        let full = at(1.0);
        for strength in [0.25, 0.5, 0.75] {
            let painted = at(strength);
            let (from, to) = (root_mean_square(&content, &painted), root_mean_square(&painted, &full));
            let found = from / (from + to);
            // The library measures in Oklab on a thumbnail of 128 pixels, but this test compares sRGB values of the
            // whole.
            assert!((found - f64::from(strength)).abs() < 0.12, "{name} at {strength}: {found}");
        }
    }
}

#[test]
fn a_strength_mask_is_a_strength_a_place() {
    let (stylizer, content) = (native(2), tiny::landscape(120, 90));
    let (all, none) = (Mask::new([4, 3], &[1.0; 12]).unwrap(), Mask::new([4, 3], &[0.0; 12]).unwrap());
    let with = |mask| paint(&stylizer, &content, &StylizeOptions::default().strength_mask(Some(mask)));
    assert_eq!(with(none), content);
    // The network mixes with shares of 1 and 0, which changes the rounding.
    let off = tiny::distance(&with(all), &stylizer.stylize(&content, &style(0.0)).unwrap());
    assert!(off < 1e-3, "off by {off}");
}

/// With the model and styles that users have, because the response of an untrained model means nothing.
#[cfg(feature = "embedded")]
#[test]
fn a_strength_mask_that_rises_is_a_painting_that_grows() {
    let (stylizer, content) = (Stylizer::new().unwrap(), tiny::landscape(120, 90));
    let starry = Style::built_in("starry").unwrap();
    let options = StylizeOptions::default().strength_mask(Some(ramp(120, 90)));
    let ramped = stylizer.stylize_with(&content, &starry, &options, &()).unwrap();
    let full = stylizer.stylize(&content, &starry).unwrap();
    let change = |columns: std::ops::Range<usize>| {
        let part = |picture: &Picture| self::columns(picture, columns.clone());
        let from = |picture: &Picture| part(&content).iter().zip(part(picture)).map(|(a, b)| (a - b).abs()).sum::<f32>();
        from(&ramped) / from(&full)
    };
    assert!(change(0..20) < change(50..70) && change(50..70) < change(100..120));
}

#[test]
fn a_mask_says_where_the_painting_is() {
    for stylizer in [native(2), tiny::stylizer()] {
        let content = tiny::landscape(120, 90);
        let full = stylizer.stylize(&content, &style(0.0)).unwrap();
        let with = |mask| paint(&stylizer, &content, &StylizeOptions::default().mask(Some(mask)));
        let half = with(left(120, 90, 0.5));
        assert_eq!(columns(&half, 0..60), columns(&full, 0..60));
        assert_eq!(columns(&half, 60..120), columns(&content, 60..120));
        let other = with(left(120, 90, 0.5).inverted());
        assert_eq!(columns(&other, 60..120), columns(&full, 60..120));
        let soft = with(left(40, 30, 0.5).feather(10.0).unwrap());
        assert_eq!(columns(&soft, 0..30), columns(&full, 0..30));
        let between = |x: usize| {
            root_mean_square(
                &Picture::from_rgb_f32([1, 90], columns(&soft, x..x + 1)).unwrap(),
                &Picture::from_rgb_f32([1, 90], columns(&full, x..x + 1)).unwrap(),
            )
        };
        assert!(between(57) > 0.0 && between(57) < between(80), "no soft edge");
    }
}

#[test]
fn regions_are_painted_each_in_its_style() {
    for stylizer in [native(2), tiny::stylizer()] {
        let content = tiny::landscape(160, 60);
        let [first, second] = [0.0, 2.0].map(|turn| stylizer.stylize(&content, &style(turn)).unwrap());
        assert!(tiny::distance(&first, &second) > 0.05);
        let mask = left(160, 60, 0.5);
        let options = StylizeOptions::default().region(style(2.0), mask.clone());
        let painted = paint(&stylizer, &content, &options);
        let worst = |a: Vec<f32>, b: Vec<f32>| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        // Beyond the reach of the other half, each half looks as if it were alone, except for rounding.
        let off = worst(columns(&painted, 0..10), columns(&second, 0..10))
            .max(worst(columns(&painted, 150..160), columns(&first, 150..160)));
        assert!(off < 2e-3, "off by {off}");
        let kept = paint(&stylizer, &content, &options.keep_outside(true));
        assert_eq!(columns(&kept, 81..160), columns(&content, 81..160));
    }
}

#[cfg(feature = "embedded")]
#[test]
fn colours_are_whose_they_shall_be() {
    let (stylizer, starry) = (Stylizer::new().unwrap(), Style::built_in("starry").unwrap());
    let content = tiny::landscape(150, 100);
    let paint = |options: &StylizeOptions| stylizer.stylize_with(&content, &starry, options, &()).unwrap();
    let with = |colours| paint(&StylizeOptions::default().colours(colours));
    let mean = |picture: &Picture| -> Vec<f32> {
        let sum = |c: usize| picture.rgb().iter().skip(c).step_by(3).sum::<f32>() / (picture.rgb().len() / 3) as f32;
        (0..3).map(sum).collect()
    };
    let (own, styled, moved) = (mean(&content), mean(&with(Colours::Style)), mean(&with(Colours::Content)));
    let off = |a: &[f32]| a.iter().zip(&own).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(off(&moved) < 0.06 && off(&moved) < off(&styled) / 2.0, "{own:?}, styled {styled:?}, moved {moved:?}");
    // With a color strength of 0, the colors do not change.
    let none = StylizeOptions::default().colours(Colours::Luminance).colour_strength(0.0);
    assert_eq!(paint(&none), with(Colours::Style));
}

#[test]
fn grey_contents_stay_grey() {
    let stylizer = native(2);
    let drawn = tiny::landscape(97, 71);
    let grey = drawn.rgb().as_chunks::<3>().0.iter().flat_map(|[r, g, b]| [0.3 * r + 0.6 * g + 0.1 * b; 3]).collect();
    let content = Picture::from_rgb_f32([97, 71], grey).unwrap();
    for colours in [Colours::Content, Colours::Luminance] {
        let painted = paint(&stylizer, &content, &StylizeOptions::default().colours(colours));
        assert!(painted.rgb().as_chunks::<3>().0.iter().all(|[r, g, b]| r == g && g == b), "{colours:?}: coloured");
        assert!(tiny::distance(&painted, &content) > 0.01, "{colours:?}: not painted");
    }
    let matched = tiny::swirls(50, 50).with_colours_of(&content);
    assert!(matched.rgb().as_chunks::<3>().0.iter().all(|[r, g, b]| r == g && g == b));
}

#[test]
fn strokes_are_painted_on_their_own_canvas() {
    let stylizer = native(2);
    let canvas = |options: StylizeOptions| -> [usize; 2] { stylizer.canvas(&options, [300, 200]).unwrap().into() };
    let plain = || StylizeOptions::default().stroke(Stroke::Native(1.0));
    let wide = |factor| StylizeOptions::default().stroke(Stroke::Native(factor));
    assert_eq!(canvas(plain()), [300, 200]);
    assert_eq!(canvas(wide(2.0)), [150, 100]);
    assert_eq!(canvas(wide(0.5)), [600, 400]);
    assert_eq!(canvas(plain().preview_of(Some(Size::new(3000, 2000)))), [3000, 2000]);
    assert_eq!(canvas(wide(4.0).preview_of(Some(Size::new(3000, 2000)))), [750, 500]);
    // A preview is the large picture made smaller. The content here has the same detail at both sizes.
    let small = tiny::landscape(75, 50);
    let large = small.resized([300, 200], Resize::NETWORK).unwrap();
    let expected = paint(&stylizer, &large, &plain()).resized([75, 50], Resize::NETWORK).unwrap();
    let preview = paint(&stylizer, &small, &plain().preview_of(Some(Size::new(300, 200))));
    let off = root_mean_square(&preview, &expected);
    assert!(off < 1e-3, "off by {off}");
    assert!(root_mean_square(&paint(&stylizer, &small, &plain()), &expected) > 10.0 * off);
}

/// The spread of each channel, and the mean contrast within 9×9 pixels.
fn from_afar(picture: &Picture) -> ([f64; 3], f64) {
    let [width, height] = [picture.width(), picture.height()];
    let pixels = picture.rgb().as_chunks::<3>().0;
    let deviation = |values: &[f64]| {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt()
    };
    let spread = [0, 1, 2].map(|c| deviation(&pixels.iter().map(|p| f64::from(p[c])).collect::<Vec<_>>()));
    let grey: Vec<f64> = pixels.iter().map(|[r, g, b]| f64::from(0.299 * r + 0.587 * g + 0.114 * b)).collect();
    let places = (0..height - 9).step_by(9).flat_map(|y| (0..width - 9).step_by(9).map(move |x| (x, y)));
    let contrasts: Vec<f64> =
        places.map(|(x, y)| deviation(&(0..81).map(|i| grey[(y + i / 9) * width + x + i % 9]).collect::<Vec<_>>())).collect();
    (spread, contrasts.iter().sum::<f64>() / contrasts.len() as f64)
}

/// The energy of lightness differences where the content has its strongest edges.
fn edges(content: &Picture, picture: &Picture) -> f64 {
    let energy = |picture: &Picture| -> Vec<f64> {
        let width = picture.width();
        let grey: Vec<f64> =
            picture.rgb().as_chunks::<3>().0.iter().map(|[r, g, b]| f64::from(0.299 * r + 0.587 * g + 0.114 * b)).collect();
        (width..grey.len()).map(|i| (grey[i] - grey[i - 1]).powi(2) + (grey[i] - grey[i - width]).powi(2)).collect()
    };
    let (of_content, of_picture) = (energy(content), energy(picture));
    let mut sorted = of_content.clone();
    sorted.sort_by(f64::total_cmp);
    let strong = sorted[sorted.len() * 95 / 100];
    let sum = |energy: &[f64]| of_content.iter().zip(energy).filter(|(c, _)| **c >= strong).map(|(_, e)| e).sum::<f64>();
    sum(&of_picture) / sum(&of_content)
}

/// The shipped model paints one scene at three resolutions. From afar the paintings look the same, and close up the
/// large ones are as sharp as the content.
#[test]
fn the_look_does_not_depend_on_the_resolution() {
    let stylizer = Stylizer::builder().threads(2).open().unwrap();
    let styles = ["mosaic", "starry", "engraving"].map(|name| Style::built_in(name).unwrap());
    let paint = |long: usize| {
        let drawn = impasto_draw::content::still_life(long, long * 2 / 3, 0);
        let content = Picture::from_rgb8([drawn.width, drawn.height], &drawn.to_rgb8()).unwrap();
        styles.each_ref().map(|style| {
            let painted = stylizer.stylize(&content, style).unwrap();
            // As people see it: a triangle filter alone would remove a tenth of the contrast of fine strokes.
            (from_afar(&painted.resized([512, 341], Resize::PHOTO).unwrap()), edges(&content, &painted))
        })
    };
    let small = paint(512);
    for long in [2048, 6000] {
        for (((spread, contrast), _), ((own_spread, own_contrast), sharp)) in small.iter().zip(paint(long)) {
            println!("{long}: spread {spread:.4?} {own_spread:.4?}, contrast {contrast:.4} {own_contrast:.4}, edges {sharp:.3}");
            for (own, wanted) in own_spread.iter().zip(spread).chain([(&own_contrast, contrast)]) {
                assert!(
                    (own / wanted - 1.0).abs() <= 0.15,
                    "{long} pixels: {own_spread:?}, {own_contrast} for {spread:?}, {contrast}"
                );
            }
            assert!(sharp >= 0.8, "{long} pixels: edges have {sharp} of the content's energy");
        }
    }
}

#[test]
fn strengths_that_were_measured_before_change_no_byte() {
    let stylizer = native(2);
    let content = tiny::landscape(150, 100);
    for (name, options) in all_options(150, 100) {
        let measured = stylizer.strengths(&content, &style(0.0), &options, None, &()).unwrap();
        let again = stylizer.strengths(&content, &style(0.0), &options, Some(measured.content_style()), &()).unwrap();
        assert_eq!(measured, again, "{name}");
        let plain = paint(&stylizer, &content, &options);
        let kept = paint(&stylizer, &content, &options.strengths(Some(measured.into())));
        assert!(plain == kept, "{name}: {}", root_mean_square(&plain, &kept));
    }
    // Strengths measured on another content give another painting. Strengths for fewer styles are refused.
    let options = StylizeOptions::default().strength(0.5);
    let other = tiny::landscape(80, 90).with_colours_of(&Picture::from_rgb8([2, 1], &[250, 10, 10, 40, 0, 90]).unwrap());
    let foreign = stylizer.strengths(&other, &style(0.0), &options, None, &()).unwrap();
    let painted = paint(&stylizer, &content, &options.clone().strengths(Some(foreign.clone().into())));
    assert!(root_mean_square(&painted, &paint(&stylizer, &content, &options)) > 1e-4);
    let two = options.region(style(2.0), left(150, 100, 0.5)).strengths(Some(foreign.into()));
    let error = stylizer.stylize_with(&content, &style(0.0), &two, &()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch, "{error}");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let (stylizer, content) = (native(1), tiny::landscape(90, 60));
    let plain = StylizeOptions::default;
    let square = Mask::new([5, 5], &[0.5; 25]).unwrap().named("square.png");
    let foreign = Style::new(Family::Hub, vec![0.0; 8]).unwrap();
    for (options, kind) in [
        (plain().mask(Some(square.clone())), ErrorKind::Mismatch),
        (plain().strength_mask(Some(square.clone())), ErrorKind::Mismatch),
        (plain().region(style(1.0), square), ErrorKind::Mismatch),
        (plain().region(foreign, left(90, 60, 0.5)), ErrorKind::Mismatch),
        (plain().keep_outside(true), ErrorKind::InvalidArgument),
        (plain().colour_strength(1.5), ErrorKind::InvalidArgument),
        (plain().colour_strength(f32::NAN), ErrorKind::InvalidArgument),
        (plain().stroke(0.0), ErrorKind::InvalidArgument),
        (plain().stroke(f32::NAN), ErrorKind::InvalidArgument),
        (plain().preview_of(Some(Size::new(0, 10))), ErrorKind::InvalidArgument),
    ] {
        let error = stylizer.stylize_with(&content, &style(0.0), &options, &()).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(!error.to_string().contains('\n'), "{error}");
    }
}
