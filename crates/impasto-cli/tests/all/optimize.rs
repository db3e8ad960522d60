//! `impasto optimize` as users run it: what it writes, that it continues after an interruption, and what it refuses.

use crate::common;

use common::{Workshop, complaints, gradient, open, stderr};
use impasto::Picture;
use serde_json::Value;

/// Few, small steps.
const QUICK: [&str; 6] = ["--size", "96", "--steps", "3,2", "--smallest-scale", "64"];

fn workshop() -> Workshop {
    let workshop = Workshop::new();
    let wave = |i: usize| if (i / 3 % 128 / 8 + i / 3 / 128 / 8).is_multiple_of(2) { 220 } else { 30 };
    workshop.save("checks.png", &Picture::from_rgb8([128, 96], &(0..128 * 96 * 3).map(wave).collect::<Vec<u8>>()).unwrap());
    workshop.save("photo.jpg", &gradient(150, 100));
    let left = |i: usize| if i / 3 % 30 < 15 { 255 } else { 0 };
    workshop.save("left.png", &Picture::from_rgb8([30, 20], &(0..30 * 20 * 3).map(left).collect::<Vec<u8>>()).unwrap());
    workshop.save("square.png", &gradient(20, 20));
    workshop
}

fn optimize(workshop: &Workshop, output: &str, extra: &[&str]) -> Vec<u8> {
    let quick = if extra.contains(&"--smallest-scale") { &QUICK[..4] } else { &QUICK[..] };
    let line = [&["optimize", "photo.jpg", "-o", output, "--force"], quick, extra].concat();
    let run = workshop.run(&line);
    assert_eq!((run.status.code(), stderr(&run).as_str()), (Some(0), ""), "{extra:?}");
    std::fs::read(workshop.path(output)).unwrap()
}

#[test]
fn it_paints_and_tells() {
    let workshop = workshop();
    let line = [
        &["optimize", "photo.jpg", "-s", "checks.png", "-o", "out.png", "--json"],
        &QUICK[..],
        &["--trace", "losses.json", "--trace", "losses.svg", "--trace", "losses.png"],
    ];
    let run = workshop.run(&line.concat());
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    let painted = open(workshop.path("out.png"));
    assert_eq!((painted.width(), painted.height()), (96, 64));
    let report: Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!((report["steps"].as_u64(), report["interrupted"].as_bool()), (Some(5), Some(false)));
    assert_eq!(report["perceptual"]["style_layers"][3], "relu4_1");
    let trace: Value = serde_json::from_slice(&std::fs::read(workshop.path("losses.json")).unwrap()).unwrap();
    let steps = trace["steps"].as_array().unwrap();
    let sizes: Vec<_> = steps.iter().map(|step| step["width"].as_u64().unwrap()).collect();
    assert_eq!(sizes, [68, 68, 68, 96, 96]);
    let total = |i: usize| steps[i]["total"].as_f64().unwrap();
    assert!(total(2) < total(0) && total(4) < total(3), "losses rise");
    assert!(std::fs::read_to_string(workshop.path("losses.svg")).unwrap().starts_with("<svg"));
    let plot = open(workshop.path("losses.png"));
    assert!(plot.rgb().iter().any(|&v| v < 0.5), "an empty plot");
    assert!(!workshop.path("out.png.checkpoint").exists());
}

#[test]
fn bytes_depend_on_what_is_asked_and_on_nothing_else() {
    let workshop = workshop();
    let style = ["-s", "checks.png"];
    // Only the pixels, because the records differ anyway.
    let with = |extra: &[&str]| optimize(&workshop, "out.png", &[&style[..], &["--strip"], extra].concat());
    let plain = with(&[]);
    // A folder with the name of a start.
    std::fs::create_dir(workshop.path("content")).unwrap();
    assert_eq!(with(&["--threads", "3"]), plain, "threads");
    let differing: [&[&str]; 16] = [
        &["--initial", "content"],
        &["--initial", "noise"],
        &["--initial", "noise", "--seed", "1"],
        &["--initial", "checks.png"],
        &["--style-loss", "moments"],
        &["--style-loss", "wasserstein"],
        &["--content-loss", "features"],
        &["--method", "lbfgs"],
        &["--rate", "0.01"],
        &["--style-weight", "1"],
        &["--style-layers", "relu1_1"],
        &["--content-layers", "relu2_1,relu3_1"],
        &["--pooling", "average"],
        &["--match-histogram"],
        &["--keep-colors", "match"],
        &["--style-scale", "0.5"],
    ];
    let mut all = vec![plain];
    for extra in differing {
        let found = with(extra);
        assert!(!all.contains(&found), "{extra:?} makes no difference");
        all.push(found);
    }
    let blend = optimize(&workshop, "out.png", &["-s", "checks.png=0.7", "-s", "starry=0.3", "--strip"]);
    assert!(!all.contains(&blend));
}

#[test]
fn colours_and_regions_are_kept() {
    let workshop = workshop();
    let grey = Picture::from_rgb8([90, 60], &(0..90 * 60).flat_map(|i| [(i % 90 * 2) as u8; 3]).collect::<Vec<u8>>()).unwrap();
    workshop.save("grey.png", &grey);
    let line = ["optimize", "grey.png", "-s", "mosaic", "-o", "out.png", "--keep-colors"];
    let run = workshop.run(&[&line, &QUICK[..]].concat());
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    assert!(open(workshop.path("out.png")).rgb().chunks(3).all(|p| p[0] == p[1] && p[1] == p[2]));
    // Farther from its region than the layers see, a style changes nothing.
    let alone = ["--initial", "content", "--content-weight", "0", "--variation-weight", "0", "--style-layers", "relu1_1,relu2_1"];
    optimize(&workshop, "whole.png", &[&alone[..], &["--smallest-scale", "500", "-s", "checks.png@left.png"]].concat());
    let before = open(workshop.path("photo.jpg")).fit_long_side(96, impasto::picture::Resize::PHOTO).unwrap();
    let after = open(workshop.path("whole.png"));
    let change = |columns: std::ops::Range<usize>| {
        let rows = before.rgb().chunks(96 * 3).zip(after.rgb().chunks(96 * 3));
        let differences = rows.flat_map(|(a, b)| {
            a[columns.start * 3..columns.end * 3].iter().zip(&b[columns.start * 3..columns.end * 3]).map(|(a, b)| (a - b).abs())
        });
        differences.sum::<f32>() / (columns.len() * 64 * 3) as f32
    };
    // Half a step of 8 bits.
    assert!(change(4..40) > 0.01 && change(70..96) < 0.002, "{} and {}", change(4..40), change(70..96));
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_goes_on_to_the_same_bytes() {
    use std::process::Stdio;
    let workshop = workshop();
    let common = ["optimize", "photo.jpg", "-s", "checks.png", "--size", "96", "--smallest-scale", "64", "--steps", "60"];
    let run = workshop.run(&[&common[..], &["-o", "whole.png", "--trace", "whole.json"]].concat());
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    let begun = || {
        let line = [&common[..], &["-o", "out.png", "--save-every", "5"]].concat();
        workshop.impasto(&line).stderr(Stdio::piped()).spawn().unwrap()
    };
    let child = begun();
    // The first picture along the way shows that it is working.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(120);
    while !workshop.path("out-00005.png").exists() {
        assert!(std::time::Instant::now() < deadline, "no picture along the way");
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    let id = child.id().to_string();
    std::process::Command::new("kill").args(["-INT", &id]).status().unwrap();
    let ended = child.wait_with_output().unwrap();
    if ended.status.code() == Some(0) {
        // It was faster than the signal: nothing was interrupted.
        assert_eq!(std::fs::read(workshop.path("out.png")).unwrap(), std::fs::read(workshop.path("whole.png")).unwrap());
        return;
    }
    assert_eq!(ended.status.code(), Some(130));
    let said = stderr(&ended);
    if said.contains("--resume") {
        assert_eq!(open(workshop.path("out.png")).width(), 96);
    }
    assert!(workshop.path("out.png.checkpoint").exists(), "{said}");
    // It cannot be continued with another style.
    let other = [&common[..3], &["mosaic"], &common[4..], &["-o", "out.png", "--resume"]].concat();
    let found = complaints(&workshop.run(&other), 1, &["out.png.checkpoint", "other pictures or options"]);
    assert!(found.is_empty(), "{found:#?}");
    let run = workshop.run(&[&common[..], &["-o", "out.png", "--resume", "--trace", "out.json"]].concat());
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    // The steps before the interruption are in the trace, too.
    assert_eq!(
        std::fs::read_to_string(workshop.path("out.json")).unwrap(),
        std::fs::read_to_string(workshop.path("whole.json")).unwrap()
    );
    assert_eq!(std::fs::read(workshop.path("out.png")).unwrap(), std::fs::read(workshop.path("whole.png")).unwrap());
    assert!(!workshop.path("out.png.checkpoint").exists());
}

#[test]
fn what_makes_no_sense_is_one_line() {
    let workshop = workshop();
    workshop.write("cut.pth", b"PK\x03\x04 and no more");
    workshop.write("damaged.checkpoint", b"{}");
    let made = workshop.run(&["styles", "extract", "checks.png", "-o", "saved.style"]);
    assert_eq!(made.status.code(), Some(0), "{}", stderr(&made));
    workshop.save("tiny.png", &gradient(4, 3));
    workshop.save("there.png", &gradient(4, 3));
    let cases: &[(&[&str], i32, &[&str])] = &[
        (&["--style-layers", "relu9_1"], 1, &["relu9_1", "relu5_1"]),
        (&["--content-layers", "conv1_1"], 1, &["conv1_1"]),
        (&["--perceptual", "cut.pth"], 1, &["cut.pth"]),
        (&["--perceptual", "checks.png"], 1, &["checks.png"]),
        (&["--perceptual", "model.safetensors"], 1, &["model.safetensors", "not a perceptual network"]),
        (&["--perceptual", "none.pth"], 1, &["none.pth"]),
        (&["--preprocessing", "caffe"], 2, &["--perceptual"]),
        (&["-s", "checks.png@square.png"], 1, &["square.png", "proportions"]),
        (&["-s", "checks.png@none.png"], 1, &["none.png"]),
        (&["-s", "saved.style"], 1, &["saved.style", "has no picture"]),
        (&["-s", "none.png"], 1, &["none.png"]),
        (&["-s", "checks.png=0"], 2, &["weight"]),
        (&["-s", "tiny.png"], 1, &["too small"]),
        (&["--style-weight", "nan"], 2, &["--style-weight"]),
        (&["--content-weight", "-1"], 2, &["--content-weight"]),
        (&["--style-weight", "0", "--content-weight", "0"], 1, &["nothing to optimize"]),
        (&["--rate", "0"], 2, &["--rate"]),
        (&["--rate", "2"], 1, &["rate of 2"]),
        (&["--steps", "0"], 2, &["--steps"]),
        (&["--steps", "x"], 2, &["--steps"]),
        (&["--size", "0"], 2, &["--size"]),
        (&["--size", "8"], 1, &["too small"]),
        (&["--initial", "nothing"], 1, &["nothing", "fast, content, noise"]),
        (&["--trace", "losses.txt"], 2, &[".json"]),
        (&["--trace", "there.png"], 1, &["there.png"]),
        (&["--resume"], 1, &["out.png.checkpoint", "no checkpoint"]),
        (&["--resume", "--checkpoint", "damaged.checkpoint"], 1, &["damaged.checkpoint"]),
        (&["--max-memory", "1M"], 1, &["allow more"]),
        (&["--match-histogram", "--keep-colors"], 2, &["--match-histogram"]),
    ];
    let mut failures = Vec::new();
    for (extra, code, words) in cases {
        let style: &[&str] = if extra.contains(&"-s") { &[] } else { &["-s", "checks.png"] };
        let size: &[&str] = if extra.contains(&"--size") { &[] } else { &["--size", "96"] };
        let steps: &[&str] = if extra.contains(&"--steps") { &[] } else { &["--steps", "1"] };
        let line = [&["optimize", "photo.jpg", "-o", "out.png"], style, size, steps, extra].concat();
        let found = complaints(&workshop.run(&line), *code, words);
        if !found.is_empty() {
            failures.push(format!("{extra:?}: {found:#?}"));
        }
    }
    for (line, code, words) in [
        (&["optimize", "none.jpg", "-s", "checks.png", "-o", "out.png"][..], 1, "none.jpg"),
        (&["optimize", "photo.jpg", "-s", "checks.png", "-o", "there.png"], 1, "there.png"),
        (&["optimize", "photo.jpg", "-s", "checks.png", "-o", "out.xyz"], 2, "out.xyz"),
        (&["optimize", "-", "-s", "-", "-o", "o.png"], 2, "standard input"),
        (&["optimize", "photo.jpg", "-s", "checks.png", "-o", "-", "--json"], 2, "standard output"),
        (&["optimize", "photo.jpg", "-s", "checks.png", "-o", "-", "--save-every", "3"], 2, "need a file"),
    ] {
        let found = complaints(&workshop.run(line), code, &[words]);
        if !found.is_empty() {
            failures.push(format!("{line:?}: {found:#?}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(!workshop.path("out.png").exists());
    assert_eq!(open(workshop.path("there.png")).width(), 4, "nothing was overwritten");
}

#[test]
fn an_optimized_picture_is_made_again_byte_for_byte() {
    let workshop = workshop();
    let cases: [(&str, &[&str]); 6] = [
        ("fast.png", &["-s", "checks.png"]),
        ("drawn.jpg", &["-s", "mosaic", "--initial", "content", "--quality", "90", "--keep-colors"]),
        ("noise.png", &["-s", "checks.png=2", "-s", "photo.jpg", "--initial", "noise", "--seed", "7", "--method", "lbfgs"]),
        ("regions.png", &["-s", "checks.png@left.png", "-s", "photo.jpg", "--feather", "4", "--initial", "content"]),
        ("picture.png", &["-s", "checks.png", "--initial", "square.png", "--style-loss", "moments", "--pooling", "average"]),
        ("losses.png", &["-s", "checks.png", "--initial", "content", "--style-layers", "relu1_1,relu2_1", "--rate", "0.03"]),
    ];
    for (out, more) in cases {
        let bytes = optimize(&workshop, out, more);
        let again = workshop.run(&["replay", out, "-o", "again"]);
        assert!(again.status.success() && again.stdout.is_empty(), "{out}: {}", stderr(&again));
        assert!(stderr(&again).contains("the same, byte for byte"), "{out}: {}", stderr(&again));
        assert!(std::fs::read(workshop.path("again")).unwrap() == bytes, "{out}");
        std::fs::remove_file(workshop.path("again")).unwrap();
    }
    // The command line is for `optimize`, and paints the same picture.
    let dry = workshop.run(&["replay", "noise.png", "--dry-run"]);
    let line = String::from_utf8(dry.stdout).unwrap();
    let words: Vec<&str> = line.trim().split(' ').collect();
    assert_eq!(words[..2], ["impasto", "optimize"], "{line}");
    assert!(["--seed=7", "--method=lbfgs", "--initial=noise", "--size=96"].iter().all(|flag| words.contains(flag)), "{line}");
    let run = workshop.run(&[&words[1..2], &["-o", "line.png"], &words[2..]].concat());
    assert!(run.status.success(), "{}", stderr(&run));
    assert_eq!(open(workshop.path("line.png")).rgb(), open(workshop.path("noise.png")).rgb());
    // The result from an optimized picture has its own record. Without a record, there is nothing to replay.
    optimize(&workshop, "plain.png", &["-s", "checks.png", "--initial", "content", "--strip"]);
    complaints(&workshop.run(&["replay", "plain.png"]), 1, &["plain.png", "how it was made"]);
    // Another photo gives another picture.
    std::fs::remove_file(workshop.path("photo.jpg")).unwrap();
    workshop.save("photo.jpg", &gradient(120, 100));
    complaints(
        &workshop.run(&["replay", "fast.png", "-o", "again.png"]),
        1,
        &["fast.png", "photo.jpg differs from the original"],
    );
}

/// Only files that a run has written itself are removed or replaced.
#[test]
fn files_of_others_are_kept() {
    let workshop = workshop();
    workshop.write("notes.txt", b"notes");
    workshop.save("out-00002.png", &gradient(20, 20));
    let base = [&["optimize", "photo.jpg", "-s", "checks.png"], &QUICK[..]].concat();
    let before = |name: &str| std::fs::read(workshop.path(name)).unwrap();
    let kept = ["photo.jpg", "checks.png", "notes.txt", "out-00002.png"].map(|name| (name, before(name)));
    for (extra, code, words) in [
        (&["-o", "a.png", "--checkpoint", "photo.jpg", "--force"][..], 2, &["photo.jpg", "its own inputs"][..]),
        (&["-o", "a.png", "--checkpoint", "notes.txt"], 1, &["notes.txt", "--force"]),
        (&["-o", "a.png", "--trace", "a.png"], 2, &["a.png", "two results"]),
        (&["-o", "a.png", "--checkpoint", "a.png"], 2, &["a.png", "two results"]),
        (&["-o", "checks.png", "--initial", "checks.png", "--force"], 2, &["checks.png", "its own inputs"]),
        (&["-o", "out.png", "--save-every", "2"], 1, &["out-00002.png", "--force"]),
    ] {
        let found = complaints(&workshop.run(&[&base[..], extra].concat()), code, words);
        assert!(found.is_empty(), "{extra:?}: {found:#?}");
        assert!(!workshop.path("a.png").exists() && !workshop.path("out.png").exists(), "{extra:?}: it has painted");
    }
    // It may be replaced, but this run has no use for it.
    let run = workshop.run(&[&base[..], &["-o", "a.png", "--checkpoint", "notes.txt", "--force"]].concat());
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    for (name, bytes) in kept {
        assert!(before(name) == bytes, "{name} has changed");
    }
}
