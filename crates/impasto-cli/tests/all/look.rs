//! The flags of the look, alone and together, and what they refuse.

use crate::common;

use common::{Workshop, complaints, open, stderr};
use impasto::Picture;

const MODELS: [&str; 2] = ["model.safetensors", "native.safetensors"];

/// A workshop with masks: white on the left, white at the top, and one with other proportions.
fn workshop() -> Workshop {
    let workshop = Workshop::with_native();
    let mask = |width: usize, height: usize, white: &dyn Fn(usize, usize) -> bool| {
        let value = |i: usize| if white(i % width, i / width) { [255; 3] } else { [0; 3] };
        Picture::from_rgb8([width, height], &(0..width * height).flat_map(value).collect::<Vec<u8>>()).unwrap()
    };
    workshop.save("left.png", &mask(67, 93, &|x, _| x < 33));
    workshop.save("top.png", &mask(67, 93, &|_, y| y < 46));
    workshop.save("square.png", &mask(64, 64, &|x, _| x < 32));
    let clear = mask(67, 93, &|_, _| false).with_alpha((0..67 * 93).map(|i| if i % 67 < 33 { 1.0 } else { 0.0 }).collect());
    workshop.save("left-alpha.png", &clear.unwrap());
    workshop
}

fn paint(workshop: &Workshop, extra: &[&str]) -> Vec<u8> {
    let line = ["stylize", "content.png", "-o", "out.png", "--force"].iter().chain(extra).copied().collect::<Vec<_>>();
    let output = workshop.run(&line);
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""), "{extra:?}");
    open(workshop.path("out.png")).to_rgb8().unwrap()
}

/// Returns columns of a picture that is 67 pixels wide.
fn columns(rgb: &[u8], columns: std::ops::Range<usize>) -> Vec<u8> {
    rgb.chunks_exact(67 * 3).flat_map(|row| &row[columns.start * 3..columns.end * 3]).copied().collect()
}

#[test]
fn masks_keep_the_content() {
    let workshop = workshop();
    let content = open(workshop.path("content.png")).to_rgb8().unwrap();
    for model in MODELS {
        let with = |extra: &[&str]| paint(&workshop, &[&["-s", "style.png", "--model", model], extra].concat());
        let full = with(&[]);
        let left = with(&["--mask", "left.png"]);
        assert_eq!((columns(&left, 0..33), columns(&left, 33..67)), (columns(&full, 0..33), columns(&content, 33..67)));
        assert_eq!(with(&["--mask", "left-alpha.png"]), left, "a mask by its transparency");
        let right = with(&["--mask", "left.png", "--invert-mask"]);
        assert_eq!((columns(&right, 0..33), columns(&right, 33..67)), (columns(&content, 0..33), columns(&full, 33..67)));
        let soft = with(&["--mask", "left.png", "--feather", "6"]);
        assert_ne!(columns(&soft, 36..37), columns(&content, 36..37));
        assert_eq!(columns(&soft, 60..67), columns(&content, 60..67));
        // A single style with a mask does the same.
        let region = paint(&workshop, &["-s", "style.png@left.png", "--model", model]);
        assert_eq!(region, left);
        let weak = with(&["--strength-mask", "left.png"]);
        assert_eq!(columns(&weak, 34..67), columns(&content, 34..67));
    }
}

/// The picture is larger than the thumbnail for matching colors.
#[test]
fn matched_colours_are_the_same_with_a_figure() {
    let workshop = workshop();
    let pixel = |i: usize| [(i % 500 / 2) as u8, (i / 500 * 3) as u8, 90];
    workshop.save("wide.png", &Picture::from_rgb8([500, 60], &(0..500 * 60).flat_map(pixel).collect::<Vec<u8>>()).unwrap());
    let with = |extra: &[&str]| {
        let line =
            ["stylize", "wide.png", "-s", "style.png", "--colors", "match", "--model", "native.safetensors", "-o", "w.png"];
        let output = workshop.run(&[&line, extra, &["--force"]].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        open(workshop.path("w.png")).to_rgb8().unwrap()
    };
    assert_eq!(with(&[]), with(&["--figure", "f.png"]));
}

#[test]
fn every_look_is_the_same_in_any_memory() {
    let workshop = workshop();
    let looks: [&[&str]; 7] = [
        &["-s", "style.png", "--strength", "0.4"],
        &["-s", "style.png", "--colors", "content", "--color-strength", "0.5"],
        &["-s", "style.png", "--colours", "luminance", "--mask", "left.png", "--stroke", "2"],
        &["-s", "style.png", "--colors", "match"],
        &["-s", "style.png@left.png", "-s", "content.png=2", "-s", "style.png", "--feather", "5"],
        &["-s", "style.png", "--stroke", "2mm", "--dpi", "150"],
        &["-s", "style.png", "--preview-of", "134x186", "--strength-mask", "top.png"],
    ];
    let plain = paint(&workshop, &["-s", "style.png", "--model", "native.safetensors"]);
    for look in looks {
        let with = |extra: &[&str]| paint(&workshop, &[look, &["--model", "native.safetensors"], extra].concat());
        let expected = with(&[]);
        assert_ne!(expected, plain, "{look:?} changes nothing");
        assert_eq!(with(&["--max-memory", "60M", "--threads", "1"]), expected, "{look:?}");
        assert_eq!(with(&["--max-memory", "8G", "--threads", "2"]), expected, "{look:?}");
        // A figure needs the whole picture.
        assert_eq!(with(&["--figure", "f.png"]), expected, "{look:?}");
    }
}

#[test]
fn regions_have_a_style_each() {
    let workshop = workshop();
    let both = paint(&workshop, &["-s", "style.png@left.png", "-s", "content.png@top.png", "--model", "native.safetensors"]);
    let content = open(workshop.path("content.png")).to_rgb8().unwrap();
    let place = |x: usize, y: usize| (y * 67 + x) * 3..(y * 67 + x) * 3 + 3;
    // Neither mask is white at the bottom right.
    assert_eq!(both[place(60, 80)], content[place(60, 80)]);
    assert!([(5, 80), (60, 5)].iter().all(|&(x, y)| both[place(x, y)] != content[place(x, y)]));
}

#[test]
fn what_makes_no_sense_is_told() {
    let workshop = workshop();
    let cases: [(&[&str], i32, &[&str]); 17] = [
        (&["--mask", "square.png"], 1, &["square.png", "64×64", "67×93", "proportions"]),
        (&["--strength-mask", "square.png"], 1, &["square.png", "proportions"]),
        (&["--mask", "none.png"], 1, &["none.png"]),
        (&["--mask", "model.safetensors"], 1, &["model.safetensors"]),
        (&["--mask", "-"], 2, &["mask", "standard input"]),
        (&["-s", "style.png@square.png"], 1, &["square.png", "proportions"]),
        (&["-s", "style.png@none.png"], 1, &["none.png"]),
        (&["-s", "style.png@"], 2, &["style.png@", "STYLE@MASK"]),
        (&["--invert-mask"], 2, &["--mask"]),
        (&["--feather", "-1"], 2, &["--feather"]),
        (&["--colors", "purple"], 2, &["purple", "luminance"]),
        (&["--color-strength", "2"], 2, &["--color-strength", "0 to 1"]),
        (&["--stroke", "9"], 2, &["--stroke", "0.25 to 8"]),
        (&["--stroke", "3mm"], 2, &["dpi"]),
        (&["--stroke", "2", "--dpi", "300"], 2, &["dpi", "mm"]),
        (&["--stroke", "400mm", "--dpi", "300"], 2, &["400", "mm"]),
        (&["--preview-of", "0x10"], 2, &["--preview-of"]),
    ];
    let mut failures = Vec::new();
    for model in MODELS {
        for (extra, code, words) in &cases {
            let line = ["stylize", "content.png", "-s", "style.png", "-o", "out.png", "--model", model];
            let output = workshop.run(&line.iter().chain(*extra).copied().collect::<Vec<_>>());
            // The parser's own errors have more than one line.
            let own = !stderr(&output).starts_with("error:");
            let said = if own { complaints(&output, *code, words) } else { Vec::new() };
            let parser =
                !own && (output.status.code() != Some(*code) || words.iter().any(|word| !stderr(&output).contains(word)));
            if !said.is_empty() || parser {
                failures.push(format!("{model} {extra:?}: {said:?} {}", stderr(&output)));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(!workshop.path("out.png").exists());
}

#[test]
fn matched_colors_see_the_style_at_the_exact_size_as_others_do() {
    let workshop = workshop();
    let with = |extra: &[&str]| {
        paint(&workshop, &[&["-s", "style.png", "--model", "model.safetensors", "--exact", "24x20"], extra].concat())
    };
    let plain = with(&[]);
    assert_eq!(with(&["--colors", "match", "--color-strength", "0"]), plain, "the same filter");
    assert_ne!(with(&["--colors", "match"]), plain);
}
