//! `impasto sheet`: contact sheets and morphs.

use crate::common;

use std::fs::File;
use std::process::Output;

use common::{Workshop, complaints, gradient, open, stderr};
use impasto::{Picture, Style, StylizeOptions, Stylizer};

const STYLES: [&str; 6] = ["-s", "style.png", "-s", "other.png", "--model", "model.safetensors"];

/// A workshop with a second style that is very different from the first.
fn workshop() -> Workshop {
    let workshop = Workshop::new();
    let stripes = |i: usize| if i / 3 % 8 < 4 { 255 } else { 20 };
    workshop.save("other.png", &Picture::from_rgb8([80, 60], &(0..80 * 60 * 3).map(stripes).collect::<Vec<_>>()).unwrap());
    workshop
}

fn sheet(workshop: &Workshop, arguments: &[&str]) -> Output {
    workshop.run(&[&["sheet", "content.png"], arguments, &STYLES].concat())
}

#[track_caller]
fn done(workshop: &Workshop, arguments: &[&str]) {
    let output = sheet(workshop, arguments);
    assert_eq!((output.status.code(), stderr(&output).as_str(), output.stdout.len()), (Some(0), "", 0), "{arguments:?}");
}

/// Paints the workshop's photo with the library, at 48 pixels, in each style.
fn paintings(workshop: &Workshop, strength: f32) -> (Picture, Vec<Picture>, [Style; 2]) {
    let stylizer = Stylizer::open(workshop.path("model.safetensors")).unwrap();
    let photo = open(workshop.path("content.png")).fit_long_side(48, impasto::picture::Resize::PHOTO).unwrap();
    let styles = ["style.png", "other.png"].map(|name| stylizer.style(&open(workshop.path(name))).unwrap());
    let options = StylizeOptions::default().strength(strength);
    let painted = styles.iter().map(|style| stylizer.stylize_with(&photo, style, &options, &()).unwrap()).collect();
    (photo, painted, styles)
}

/// Returns where in a sheet a picture is, if it is there exactly.
fn find(sheet: &Picture, part: &Picture) -> Option<[usize; 2]> {
    let (whole, part_rgb) = (sheet.to_rgb8().unwrap(), part.to_rgb8().unwrap());
    let row = |left: usize, top: usize, y: usize| &whole[((top + y) * sheet.width() + left) * 3..][..part.width() * 3];
    let places =
        (0..=sheet.height() - part.height()).flat_map(|top| (0..=sheet.width() - part.width()).map(move |left| [left, top]));
    let fits = |left, top| (0..part.height()).all(|y| row(left, top, y) == &part_rgb[y * part.width() * 3..][..part.width() * 3]);
    places.into_iter().find(|&[left, top]| fits(left, top))
}

#[test]
fn a_sheet_shows_every_style_at_every_strength() {
    let workshop = workshop();
    done(&workshop, &["-o", "plain.png", "--size", "48"]);
    let plain = open(workshop.path("plain.png"));
    let (photo, full, _) = paintings(&workshop, 1.0);
    let places = [&photo, &full[0], &full[1]].map(|picture| find(&plain, picture).expect("it is on the sheet"));
    // In one row, from left to right.
    assert!(places.windows(2).all(|pair| pair[0][0] + 35 <= pair[1][0] && pair[0][1] == pair[1][1]), "{places:?}");
    done(&workshop, &["-o", "strengths.png", "--size", "48", "--strengths", "0.5,1", "--columns", "2"]);
    let sheet = open(workshop.path("strengths.png"));
    let (_, half, _) = paintings(&workshop, 0.5);
    let places =
        [&photo, &half[0], &full[0], &half[1], &full[1]].map(|picture| find(&sheet, picture).expect("it is on the sheet"));
    // The photo at the top, then a row for each style.
    assert!(places[0][1] < places[1][1] && places[1][1] == places[2][1] && places[1][0] < places[2][0], "{places:?}");
    assert!(places[2][1] < places[3][1] && places[3][1] == places[4][1], "{places:?}");
    done(&workshop, &["-o", "tower.jpg", "--size", "48", "--columns", "1"]);
    let tower = open(workshop.path("tower.jpg"));
    assert!(tower.height() > 3 * 48 && tower.width() < 200, "{}×{}", tower.width(), tower.height());
}

#[test]
#[cfg(feature = "embedded")]
fn without_styles_all_built_in_ones_are_shown() {
    let workshop = Workshop::new();
    let output = workshop.run(&["sheet", "content.png", "-o", "sheet.png", "--size", "48"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let sheet = open(workshop.path("sheet.png"));
    let rows = (impasto::style::Gallery::built_in().unwrap().styles().len() + 1).div_ceil(6);
    assert!(sheet.width() > 6 * 34 && sheet.height() > rows * 48, "{}×{}", sheet.width(), sheet.height());
}

#[test]
fn a_strip_goes_from_style_to_style() {
    let workshop = workshop();
    done(&workshop, &["-o", "strip.png", "--size", "48", "--strip", "--frames", "2"]);
    let strip = open(workshop.path("strip.png"));
    let (photo, full, [a, b]) = paintings(&workshop, 1.0);
    let stylizer = Stylizer::open(workshop.path("model.safetensors")).unwrap();
    let between = stylizer.stylize(&photo, &a.mix(&b, 0.5).unwrap()).unwrap();
    let places = [&full[0], &between, &full[1]].map(|picture| find(&strip, picture).expect("it is on the strip"));
    assert!(places[0][0] < places[1][0] && places[1][0] < places[2][0], "{places:?}");
}

#[test]
fn animations_have_all_frames_and_go_on_for_ever() {
    let workshop = workshop();
    let (photo, full, _) = paintings(&workshop, 1.0);
    for name in ["morph.png", "morph.gif"] {
        done(&workshop, &["-o", name, "--size", "48", "--gif", "--frames", "3"]);
    }
    // In full color, the frames are exactly the paintings.
    let mut reader =
        png::Decoder::new(std::io::BufReader::new(File::open(workshop.path("morph.png")).unwrap())).read_info().unwrap();
    let animation = *reader.info().animation_control().unwrap();
    assert_eq!((animation.num_frames, animation.num_plays), (6, 0));
    let mut frames = Vec::new();
    for _ in 0..6 {
        let mut frame = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut frame).unwrap();
        frames.push(frame);
    }
    assert!(frames[0] == full[0].to_rgb8().unwrap() && frames[3] == full[1].to_rgb8().unwrap());
    // Back and forth have the same mixtures.
    assert!(frames[1] == frames[5] && frames[2] == frames[4] && frames[1] != frames[2]);
    // With 256 colors, they are nearly the same.
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::RGBA);
    let mut decoder = options.read_info(File::open(workshop.path("morph.gif")).unwrap()).unwrap();
    assert_eq!((usize::from(decoder.width()), usize::from(decoder.height())), (photo.width(), photo.height()));
    let mut count = 0;
    while let Some(frame) = decoder.read_next_frame().unwrap() {
        let near = &frames[count];
        let difference: f64 = frame
            .buffer
            .chunks_exact(4)
            .zip(near.chunks_exact(3))
            .flat_map(|(a, b)| (0..3).map(move |c| f64::from(a[c].abs_diff(b[c]))))
            .sum();
        let mean = difference / near.len() as f64;
        // The colors of an untrained network are all over the cube. 256 of them are
        // off by a quarter of 255 / ∛256, which is 10, and dithering adds 3.5.
        assert!(mean < 13.5, "frame {count}: {mean} of 255 on average");
        assert_eq!(frame.delay, if count % 3 == 0 { 60 } else { 8 });
        count += 1;
    }
    assert_eq!((count, decoder.repeat()), (6, gif::Repeat::Infinite));
}

#[test]
fn what_makes_no_sense_is_told() {
    let workshop = workshop();
    workshop.save("tall.png", &gradient(3, 2000));
    let cases: &[(&[&str], i32, &[&str])] = &[
        (&["-o", "content.png", "--force"], 2, &["content.png", "another output"]),
        (&["-o", "tall.png"], 1, &["tall.png", "--force"]),
        (&["-o", "a.txt"], 2, &["a.txt", ".png"]),
        (&["-o", "a.jpg", "--gif"], 2, &["a.jpg", ".gif"]),
        (&["-o", "a.gif"], 2, &["a.gif"]),
        (&["-o", "a.gif", "--gif", "--strip"], 2, &["--strip"]),
        (&["-o", "a.gif", "--gif", "--strengths", "0.5,1"], 2, &["--strengths"]),
        (&["-o", "a.png", "--strengths", "0.5,2"], 2, &["--strengths"]),
        (&["-o", "a.png", "--frames", "3"], 2, &["--frames"]),
        (&["-o", "a.png", "-s", "style.png=0.5"], 2, &["style.png", "weight"]),
        (&["-o", "a.png", "-s", "missing.png"], 1, &["missing.png"]),
        (&["-o", "a.png", "--size", "0"], 2, &["--size"]),
    ];
    let before = workshop.files();
    let mut failures = Vec::new();
    for (arguments, code, words) in cases {
        let wrong = complaints(&sheet(&workshop, arguments), *code, words);
        if !wrong.is_empty() || workshop.files() != before {
            failures.push(format!("{arguments:?}\n    {}", wrong.join("\n    ")));
        }
    }
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), cases.len(), failures.join("\n"));
    let one = ["sheet", "content.png", "-s", "style.png", "--model", "model.safetensors", "-o", "a.gif", "--gif"];
    assert_eq!(complaints(&workshop.run(&one), 2, &["two styles"]), [""; 0]);
    let none = ["sheet", "content.png", "--model", "model.safetensors", "-o", "a.png"];
    assert_eq!(complaints(&workshop.run(&none), 2, &["-s"]), [""; 0]);
    let output =
        workshop.run(&["sheet", "tall.png", "-s", "style.png", "--model", "model.safetensors", "-o", "thin.png", "--size", "60"]);
    assert!(output.status.success(), "{}", stderr(&output));
}
