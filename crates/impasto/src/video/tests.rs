//! Films of drawn frames, painted with an untrained model.

use super::{Film, FilmOptions, Frame, KEY, Painted, Samples, State, Styles};
use crate::networks::{Architecture, FixedNorm, magenta::Transformer, mobilenet::MobileNet};
use crate::picture::Mask;
use crate::stylizer::{Palette, Part, StyleOptions, StyleSize};
use crate::{Error, ErrorKind, Model, Picture, Result, Style, StylizeOptions, Stylizer};

const SIZE: [usize; 2] = [72, 48];

fn as_it_is() -> StyleOptions {
    StyleOptions::default().size(StyleSize::Original)
}

fn stylizer() -> Stylizer {
    let predictor = MobileNet { vector_len: 8, norm: FixedNorm::Batch };
    let transformer = Transformer { widths: [4, 4, 8], blocks: 1, style_len: 8, ..Transformer::checkpoint() };
    let model = Model::untrained(Architecture::MobileNet(predictor), Architecture::Transformer(transformer), 1).unwrap();
    Stylizer::builder().threads(1).thumbnail(Some(32)).build(model).unwrap()
}

/// A scene that the camera pans over, and another scene from frame `cut` on.
fn frame(i: usize, cut: usize) -> Frame {
    let [width, height] = SIZE;
    let (scene, moved) = if i < cut { (0.0, i as f32 * 0.7) } else { (5.0, (i - cut) as f32 * -1.3) };
    let value = |at: usize| {
        let (x, y, c) = ((at / 3 % width) as f32 + moved, (at / 3 / width) as f32, (at % 3) as f32);
        let waves = (x * 0.21 + scene).sin() + (y * 0.17 + c * (1.0 + scene)).cos() + (x * 0.4 - y * 0.3 + scene * c).sin();
        (if scene == 0.0 { 150.0 } else { 60.0 } + 18.0 * waves) as u8
    };
    Frame::new([width, height], 3, Samples::Eight((0..width * height * 3).map(value).collect())).unwrap()
}

fn film(length: usize, cut: usize) -> impl Iterator<Item = Result<Frame>> {
    (0..length).map(move |i| Ok(frame(i, cut)))
}

fn style(stylizer: &Stylizer, level: f32) -> Style {
    Style::new(stylizer.model().family.clone(), (0..8).map(|i| level * (i as f32 - 2.0)).collect()).unwrap()
}

fn painted(film: &Film<'_>, frames: impl Iterator<Item = Result<Frame>>) -> Vec<Painted> {
    film.paint(frames, &()).collect::<Result<_>>().unwrap()
}

#[test]
fn frames_come_in_order_with_any_number_at_a_time() {
    let stylizer = stylizer();
    let styles = Styles::one(style(&stylizer, 0.1)).with(12, style(&stylizer, -0.2));
    for length in [1, KEY + 1, 18] {
        let with = |at_a_time| {
            let stylize = StylizeOptions::default().strength(0.7).colours(crate::Colours::Content);
            let options = FilmOptions::default().stylize(stylize).steady(0.8).at_a_time(at_a_time);
            painted(&Film::new(&stylizer, styles.clone(), options).unwrap(), film(length, 11))
        };
        let one = with(1);
        assert_eq!(one.iter().map(|painted| painted.index).collect::<Vec<_>>(), (0..length).collect::<Vec<_>>());
        assert!(one == with(3), "{length} frames differ with three at a time");
        let firsts: Vec<_> = one.iter().filter(|painted| painted.first_of_shot).map(|painted| painted.index).collect();
        assert_eq!(firsts, [0, 11].into_iter().filter(|&i| i < length).collect::<Vec<_>>());
    }
}

#[test]
fn styles_take_the_colors_of_each_shot() {
    let stylizer = stylizer();
    let picture = |level: u8| {
        Picture::from_rgb8([40, 32], &(0..40 * 32 * 3).map(|i| level.wrapping_add((i % 77) as u8)).collect::<Vec<_>>())
    };
    let (first, second) = (picture(20).unwrap(), picture(120).unwrap());
    let seen = |picture: &Picture| stylizer.style_with(picture, &as_it_is(), &()).unwrap();
    let mask = Mask::new([2, 1], &[1.0, 0.0]).unwrap();
    let parts = vec![
        (Part { style: seen(&first), weight: 1.0, mask: None }, first.clone()),
        (Part { style: seen(&second), weight: 1.0, mask: Some(mask.clone()) }, second.clone()),
    ];
    let styles = Styles::matched(parts.clone(), 0.7).unwrap();
    let with = |at_a_time| {
        painted(&Film::new(&stylizer, styles.clone(), FilmOptions::default().at_a_time(at_a_time)).unwrap(), film(14, 5))
    };
    let one = with(1);
    assert!(one == with(3), "frames differ with three at a time");
    let plain = Palette::new(parts.iter().map(|(part, _)| part.clone())).unwrap();
    for painted in one.iter().filter(|painted| painted.first_of_shot || painted.index == KEY) {
        // Like a picture that is painted by itself.
        let content = frame(painted.index, 5).to_picture().unwrap();
        let matched = |picture: &Picture| crate::request::matched(&stylizer, (picture, None), &content, 0.7, &()).unwrap();
        let options = StylizeOptions::default().region(matched(&second), mask.clone());
        let alone = stylizer.stylize_with(&content, &matched(&first), &options, &()).unwrap();
        assert_eq!(painted.frame, Frame::of_picture(&alone, false).unwrap(), "frame {}", painted.index);
        let own = stylizer.stylize_with(&content, &plain.style, &plain.options(StylizeOptions::default()), &()).unwrap();
        assert_ne!(painted.frame, Frame::of_picture(&own, false).unwrap(), "frame {}", painted.index);
    }
    // Between two key frames, and toward another style, it glides.
    let other = styles.with_matched(2 * KEY as i64, seen(&second), second.clone()).unwrap();
    let glided = painted(&Film::new(&stylizer, other.clone(), FilmOptions::default()).unwrap(), film(14, 5));
    assert_eq!(glided[0].frame, one[0].frame);
    assert_ne!(glided[9].frame, one[9].frame);
    // Regions stay: both halves have the second style in the end.
    let ended = painted(&Film::new(&stylizer, other, FilmOptions::default()).unwrap(), film(2 * KEY + 1, 100));
    let content = frame(2 * KEY, 100).to_picture().unwrap();
    let matched = crate::request::matched(&stylizer, (&second, None), &content, 0.7, &()).unwrap();
    let options = StylizeOptions::default().region(matched.clone(), mask);
    let (painter, last) = (stylizer.stylize_with(&content, &matched, &options, &()).unwrap(), &ended[2 * KEY].frame);
    let far = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f32>() / a.len() as f32;
    assert!(far(painter.rgb(), last.to_picture().unwrap().rgb()) < 0.01);
}

#[test]
fn a_first_frame_is_painted_as_a_picture_is() {
    let stylizer = stylizer();
    let style = style(&stylizer, 0.1);
    let film = Film::new(&stylizer, style.clone(), FilmOptions::default()).unwrap();
    for painted in painted(&film, self::film(14, 5)).iter().filter(|painted| painted.first_of_shot) {
        let picture = frame(painted.index, 5).to_picture().unwrap();
        let alone = stylizer.stylize(&picture, &style).unwrap();
        assert_eq!(painted.frame, Frame::of_picture(&alone, false).unwrap(), "frame {}", painted.index);
    }
}

#[test]
fn resumed_films_are_the_same() {
    let stylizer = stylizer();
    let style = style(&stylizer, 0.15);
    let film = Film::new(&stylizer, style, FilmOptions::default().steady(1.0)).unwrap();
    for cut in [13, KEY] {
        let mut frames = film.paint(self::film(20, cut), &());
        let mut whole = Vec::new();
        let mut states = vec![State::default()];
        while let Some(painted) = frames.next() {
            whole.push(painted.unwrap());
            states.extend(frames.state());
        }
        let places: Vec<_> = states.iter().map(|state| state.frame).collect();
        assert_eq!(places, [0, KEY, 2 * KEY]);
        for state in states {
            let from = state.frame;
            let rest: Vec<_> = film.resume(self::film(20, cut), state, &()).collect::<Result<_>>().unwrap();
            assert!(rest == whole[from..], "resumed at {from}, with a cut at {cut}");
        }
    }
}

#[test]
fn masks_may_be_films() {
    let stylizer = stylizer();
    let style = style(&stylizer, 0.1);
    let left = |i: usize| Mask::new([2, 1], if i.is_multiple_of(2) { &[1.0, 0.0] } else { &[0.0, 1.0] }).unwrap();
    // Steadying must not mix the photo with paintings, or paintings with the photo.
    for steady in [0.0, 0.8] {
        let film = Film::new(&stylizer, style.clone(), FilmOptions::default().steady(steady)).unwrap();
        let frames = (0..5).map(|i| Ok(frame(i, 100).with_mask(left(i))));
        for painted in painted(&film, frames) {
            let (content, result) = (frame(painted.index, 100).to_picture().unwrap(), painted.frame.to_picture().unwrap());
            let row = SIZE[0] * 3;
            // The content has the last columns in even frames, and the first ones in odd frames.
            let same = |columns: std::ops::Range<usize>| content.rgb()[columns.clone()] == result.rgb()[columns];
            let even = painted.index.is_multiple_of(2);
            assert_eq!((same(0..30), same(row - 30..row)), (!even, even), "frame {} at {steady}", painted.index);
        }
        let frames = (0..20).map(|i| Ok(frame(i, 100).with_strength_mask(left(i))));
        for painted in &painted(&film, frames) {
            let content = frame(painted.index, 100).to_picture().unwrap();
            let columns = if painted.index.is_multiple_of(2) { SIZE[0] * 3 - 30..SIZE[0] * 3 } else { 0..30 };
            let result = painted.frame.to_picture().unwrap();
            assert_eq!(content.rgb()[columns.clone()], result.rgb()[columns], "frame {} at {steady}", painted.index);
        }
        let stylize = StylizeOptions::default().strength(0.0);
        let film = Film::new(&stylizer, style.clone(), FilmOptions::default().stylize(stylize).steady(steady)).unwrap();
        for painted in painted(&film, self::film(5, 100)) {
            assert_eq!(painted.frame, frame(painted.index, 100), "frame {} at {steady}", painted.index);
        }
    }
}

/// A film whose mask keeps nothing is the film without the mask.
#[test]
fn masks_change_only_what_they_keep() {
    let stylizer = stylizer();
    let style = style(&stylizer, 0.1);
    let with = |mask: Option<&[f32; 2]>| {
        let mask = mask.map(|mask| Mask::new([2, 1], mask).unwrap());
        let stylize = StylizeOptions { mask, ..StylizeOptions::default() };
        let options = FilmOptions::default().stylize(stylize).steady(0.8);
        painted(&Film::new(&stylizer, style.clone(), options).unwrap(), film(10, 7))
    };
    let (none, all, half) = (with(None), with(Some(&[1.0, 1.0])), with(Some(&[1.0, 0.0])));
    assert!(none == all);
    for (whole, half) in none.iter().zip(&half) {
        let [whole, half] = [whole, half].map(|painted| painted.frame.to_picture().unwrap().rgb()[..30].to_vec());
        assert_eq!(whole, half);
    }
}

#[test]
fn trouble_comes_after_the_frames_before_it() {
    let stylizer = stylizer();
    let film = Film::new(&stylizer, style(&stylizer, 0.1), FilmOptions::default()).unwrap();
    let broken = self::film(11, 100).chain([Err(Error::new(ErrorKind::Malformed, "torn"))]);
    let results: Vec<_> = film.paint(broken, &()).collect();
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 11);
    assert_eq!(results.last().unwrap().as_ref().unwrap_err().kind(), ErrorKind::Malformed);
    let other = Frame::new([8, 8], 3, Samples::Eight(vec![0; 192]));
    let results: Vec<_> = film.paint(self::film(3, 100).chain([other]), &()).collect();
    assert_eq!(results.last().unwrap().as_ref().unwrap_err().kind(), ErrorKind::Mismatch);
    assert_eq!(film.paint(self::film(0, 0), &()).count(), 0);
    assert!(Film::new(&stylizer, style(&stylizer, 0.1), FilmOptions::default().steady(1.5)).is_err());
}
