//! `impasto replay`: pictures that record how they were made, and pictures whose records lie.

use crate::common;

use common::{Workshop, complaints, gradient, open, stderr};
use impasto::Picture;
use impasto::picture::{EncodeOptions, Format};

const MAKE: [&str; 8] =
    ["stylize", "content.png", "-s", "style.png=0.7", "-s", "content.png=0.3", "--model", "native.safetensors"];

fn make(workshop: &Workshop, out: &str, more: &[&str]) {
    let output = workshop.run(&[&MAKE[..], &["-o", out], more].concat());
    assert!(output.status.success(), "{out}: {}", stderr(&output));
}

#[test]
fn a_picture_is_made_again_byte_for_byte() {
    let workshop = Workshop::with_native();
    let half = |i: usize| if i % 67 < 33 { [255; 3] } else { [0; 3] };
    workshop.save("half.png", &Picture::from_rgb8([67, 93], &(0..67 * 93).flat_map(half).collect::<Vec<u8>>()).unwrap());
    let cases: [(&str, &[&str]); 8] = [
        ("a.png", &[]),
        ("a.jpg", &["--quality", "80", "--subsampling", "420"]),
        ("a.webp", &["--strength", "0.6", "--threads", "1"]),
        ("a.tif", &["--size", "50", "--compression", "high", "--depth", "16"]),
        ("b.png", &["--exact", "40x30", "--border", "zero"]),
        ("c.png", &["-s", "style.png@half.png", "--feather", "5", "--colors", "content"]),
        ("d.png", &["--mask", "half.png", "--invert-mask", "--strength-mask", "half.png", "--stroke", "2mm", "--dpi", "120"]),
        ("odd", &["--format", "jpeg", "--max-memory", "200M", "--figure", "figure.png"]),
    ];
    for (out, more) in cases {
        make(&workshop, out, more);
        let again = workshop.run(&["replay", out, "-o", "again"]);
        assert!(again.status.success() && again.stdout.is_empty(), "{out}: {}", stderr(&again));
        assert!(stderr(&again).contains("the same, byte for byte"), "{out}: {}", stderr(&again));
        let [old, new] = [out, "again"].map(|name| std::fs::read(workshop.path(name)).unwrap());
        assert!(old == new, "{out}");
        std::fs::remove_file(workshop.path("again")).unwrap();
    }
    // From another folder: it also looks beside the picture. The new
    // picture has a name of its own, which is used only once.
    let path = workshop.path("a.png");
    let elsewhere = || common::run(&["replay".as_ref(), path.as_os_str()]);
    assert!(elsewhere().status.success());
    assert_eq!(std::fs::read(workshop.path("a-again.png")).unwrap(), std::fs::read(&path).unwrap());
    assert_eq!(complaints(&elsewhere(), 1, &["a-again.png", "exists already"]), [""; 0]);
    // The result is a single file of the same format.
    std::fs::create_dir(workshop.path("folder")).unwrap();
    assert_eq!(complaints(&workshop.run(&["replay", "a.png", "-o", "folder"]), 2, &["folder"]), [""; 0]);
    assert_eq!(complaints(&workshop.run(&["replay", "a.png", "-o", "other.jpg"]), 2, &["other.jpg", "png"]), [""; 0]);
    // The same content under another name: the same picture, but the record has another name.
    std::fs::copy(workshop.path("content.png"), workshop.path("folder/renamed.png")).unwrap();
    let renamed = workshop.run(&["replay", "a.png", "--content", "folder/renamed.png", "-o", "r.png"]);
    assert!(stderr(&renamed).contains("the same picture"), "{}", stderr(&renamed));
    let line = workshop.run(&["replay", "b.png", "--dry-run"]);
    let line = String::from_utf8(line.stdout).unwrap();
    assert!(line.starts_with("impasto stylize ") && line.contains("--exact=40x30") && line.ends_with("content.png\n"), "{line}");
}

/// The picture's folder comes first, even if the current folder has a file with the same name.
#[test]
fn files_beside_the_picture_come_first() {
    let workshop = Workshop::with_native();
    std::fs::create_dir(workshop.path("album")).unwrap();
    for name in ["content.png", "style.png", "native.safetensors"] {
        std::fs::copy(workshop.path(name), workshop.path(&format!("album/{name}"))).unwrap();
    }
    make(&workshop, "album/out.png", &[]);
    workshop.write("content.png", b"another");
    let line = workshop.run(&["replay", "album/out.png", "--dry-run"]);
    let line = String::from_utf8(line.stdout).unwrap();
    let files = ["album/style.png=0.7", "album/content.png=0.3", "--model album/native.safetensors", "-- album/content.png"];
    assert!(files.iter().all(|file| line.contains(file)), "{line}");
    // Then comes the current folder.
    std::fs::rename(workshop.path("album/style.png"), workshop.path("style.png")).unwrap();
    let line = workshop.run(&["replay", "album/out.png", "--dry-run"]);
    assert!(String::from_utf8(line.stdout).unwrap().contains("--style ./style.png=0.7 "));
    // A folder with the name of a built-in style does not matter.
    if impasto::Model::HAS_EMBEDDED {
        let starry = ["stylize", "album/content.png", "-s", "starry", "-o", "album/starry.png"];
        assert!(workshop.run(&starry).status.success());
        std::fs::create_dir(workshop.path("starry")).unwrap();
        let again = workshop.run(&["replay", "album/starry.png"]);
        assert!(stderr(&again).contains("the same, byte for byte"), "{}", stderr(&again));
    }
}

/// 0.7 stays 0.7 everywhere, not the nearest number of another type.
#[test]
fn numbers_are_written_as_they_were_typed() {
    let workshop = Workshop::with_native();
    let output =
        workshop.run(&[&MAKE[..], &["-o", "out.png", "--strength", "0.7", "--color-strength", "0.1", "--json"]].concat());
    let report = String::from_utf8(output.stdout).unwrap();
    let json: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!((&json["strength"], &json["styles"][0]["share"]), (&0.7.into(), &0.7.into()), "{report}");
    let recorded = open(workshop.path("out.png")).source().recorded_settings().unwrap();
    for text in ["\"weight\":0.7", "\"weight\":0.3", "\"strength\":0.7", "\"color_strength\":0.1"] {
        assert!(recorded.contains(text) && !recorded.contains("0.699"), "{text} in {recorded}");
    }
    let line = workshop.run(&["replay", "out.png", "--dry-run"]);
    let line = String::from_utf8(line.stdout).unwrap();
    assert!(line.contains("style.png=0.7 ") && line.contains("content.png=0.3 ") && line.contains("--strength=0.7 "), "{line}");
    assert!(workshop.run(&["replay", "out.png"]).status.success());
}

#[test]
fn what_is_not_as_it_was_is_said_in_one_line() {
    let workshop = Workshop::with_native();
    make(&workshop, "out.png", &[]);
    workshop.save("other.png", &gradient(31, 17));
    let replay = |more: &[&str]| workshop.run(&[&["replay", "out.png", "-o", "new.png"], more].concat());
    // Moved files: they are found where the user says, under any name.
    std::fs::create_dir(workshop.path("folder")).unwrap();
    std::fs::rename(workshop.path("style.png"), workshop.path("folder/style.png")).unwrap();
    assert_eq!(complaints(&replay(&[]), 1, &["out.png", "style.png is missing", "--style", "--in"]), [""; 0]);
    assert!(replay(&["--in", "folder", "--in", "."]).status.success());
    std::fs::remove_file(workshop.path("new.png")).unwrap();
    assert!(replay(&["--style", "folder/style.png"]).status.success());
    std::fs::remove_file(workshop.path("new.png")).unwrap();
    // Changed files: they are refused, unless the user names them.
    std::fs::copy(workshop.path("other.png"), workshop.path("content.png")).unwrap();
    let refused = replay(&["--in", "folder", "--in", "."]);
    assert_eq!(complaints(&refused, 1, &["content.png differs from the original", "--content"]), [""; 0]);
    let style = ["--style", "folder/style.png", "--style", "folder/style.png"];
    let anew = replay(&[&style[..], &["--content", "other.png"]].concat());
    assert!(anew.status.success() && stderr(&anew).contains("the same settings on another file"), "{}", stderr(&anew));
    assert_eq!(open(workshop.path("new.png")).width(), 31);
    assert_eq!(complaints(&replay(&[&style[..], &["--style", "other.png"]].concat()), 2, &["2 styles"]), [""; 0]);
    // Nothing is overwritten.
    let there = replay(&[&style[..], &["--content", "other.png", "-q"]].concat());
    assert_eq!(complaints(&there, 1, &["new.png", "exists already"]), [""; 0]);
    // No record, no such file, not a picture.
    std::fs::rename(workshop.path("folder/style.png"), workshop.path("style.png")).unwrap();
    make(&workshop, "bare.png", &["--strip"]);
    assert_eq!(complaints(&workshop.run(&["replay", "bare.png"]), 1, &["bare.png", "--strip"]), [""; 0]);
    assert_eq!(complaints(&workshop.run(&["replay", "absent.png"]), 1, &["absent.png"]), [""; 0]);
    assert_eq!(complaints(&workshop.run(&["replay", "model.safetensors"]), 1, &["model.safetensors"]), [""; 0]);
}

/// The file names none of the maker's folders.
#[test]
fn folders_are_not_told() {
    let workshop = Workshop::with_native();
    std::fs::create_dir(workshop.path("private")).unwrap();
    for name in ["content.png", "style.png", "native.safetensors"] {
        std::fs::copy(workshop.path(name), workshop.path(&format!("private/{name}"))).unwrap();
    }
    let folder = workshop.path("private");
    let at = |name: &str| folder.join(name).into_os_string().into_string().unwrap();
    let (content, style, model) = (at("content.png"), at("style.png"), at("native.safetensors"));
    for out in ["a.png", "a.jpg", "a.webp", "a.tif"] {
        let output = workshop.run(&["stylize", &content, "-s", &style, "--model", &model, "-o", out]);
        assert!(output.status.success(), "{}", stderr(&output));
        let bytes = std::fs::read(workshop.path(out)).unwrap();
        assert!(!bytes.windows(7).any(|window| window == b"private"), "{out}");
        assert!(open(workshop.path(out)).source().recorded_settings().unwrap().contains("\"content.png\""));
    }
}

/// Versions 1 and 2 recorded a command line's options.
#[test]
fn pictures_of_older_versions_are_made_again() {
    let workshop = Workshop::with_native();
    let half = |i: usize| if i % 67 < 33 { [255; 3] } else { [0; 3] };
    workshop.save("half.png", &Picture::from_rgb8([67, 93], &(0..67 * 93).flat_map(half).collect::<Vec<u8>>()).unwrap());
    let options = ["--strength=0.6", "--stroke=native", "--mask", "half.png", "--invert-mask", "--size=60", "--colors=luminance"];
    make(&workshop, "new.png", &options);
    let picture = open(workshop.path("new.png"));
    let new: serde_json::Value = serde_json::from_str(&picture.source().recorded_settings().unwrap()).unwrap();
    let with = |reference: &serde_json::Value, name: &str, value: serde_json::Value| {
        let mut reference = reference.clone();
        reference[name] = value;
        reference
    };
    let style = |style: &serde_json::Value| with(&style["style"], "weight", style["weight"].clone());
    for (version, stroke) in [(1, "--strength=0.6"), (2, "--stroke=native")] {
        let mut old = serde_json::json!({
            "version": version, "program": new["program"], "isa": new["executor"], "format": "PNG",
            "options": ["--strength=0.6", stroke, "--invert-mask", "--size=60", "--colors=luminance"],
            "files": [with(&new["options"]["mask"], "option", "--mask".into())],
            "content": new["content"], "model": new["model"],
            "styles": new["styles"].as_array().unwrap().iter().map(style).collect::<Vec<_>>(),
        });
        if version == 1 {
            old.as_object_mut().unwrap().remove("version");
        }
        let mut picture = picture.clone();
        picture.source_mut().settings = Some(old.to_string());
        let bytes = picture.encode(Format::Png, &EncodeOptions::default()).unwrap().bytes;
        workshop.write("old.png", &bytes);
        let again = workshop.run(&["replay", "old.png", "-o", "again.png"]);
        assert!(stderr(&again).contains("the same picture"), "{version}: {}", stderr(&again));
        assert_eq!(std::fs::read(workshop.path("again.png")).unwrap(), std::fs::read(workshop.path("new.png")).unwrap());
        std::fs::remove_file(workshop.path("again.png")).unwrap();
    }
}

/// Records that ask for more than they may are refused.
#[test]
fn settings_that_ask_for_more_are_refused() {
    let workshop = Workshop::with_native();
    make(&workshop, "good.png", &[]);
    let good: serde_json::Value =
        serde_json::from_str(&open(workshop.path("good.png")).source().recorded_settings().unwrap()).unwrap();
    workshop.write("precious.png", b"precious");
    let before = workshop.files();
    let option = |name: &str, value: serde_json::Value| ("/options", serde_json::json!({ "format": "png", name: value }));
    let cases = [
        option("output", "precious.png".into()),
        option("force", true.into()),
        option("figure", "precious.png".into()),
        option("model", "/etc/passwd".into()),
        option("styles", "/etc/passwd".into()),
        option("json", true.into()),
        option("strength", 2.into()),
        option("size", "".into()),
        option("mask", "precious.png".into()),
        option("mask", serde_json::json!({ "name": "../precious.png", "sha256": "0".repeat(64) })),
        option("preview_of", "1000000x1000000".into()),
        ("/output", "precious.png".into()),
        ("/content/name", "../content.png".into()),
        ("/content/name", "/etc/passwd".into()),
        ("/styles/0/style/name", "..".into()),
        ("/styles/0/weight", (-1.0).into()),
        ("/model/0/name", "/etc".into()),
        ("/options/format", "exe".into()),
        ("/options/format", "--force".into()),
        ("/version", 4.into()),
    ];
    let mut wrong = Vec::new();
    for (place, value) in cases {
        let mut settings = good.clone();
        match settings.pointer_mut(place) {
            Some(old) => *old = value.clone(),
            None => settings[&place[1..]] = value.clone(),
        }
        let mut picture = gradient(8, 8);
        picture.source_mut().settings = Some(settings.to_string());
        workshop.write("bad.png", &picture.encode(Format::Png, &EncodeOptions::default()).unwrap().bytes);
        for more in [&["--dry-run"][..], &["-o", "new.png"]] {
            let output = workshop.run(&[&["replay", "bad.png"], more].concat());
            wrong
                .extend(complaints(&output, 1, &["bad.png"]).into_iter().map(|what| format!("{place} {value} {more:?}: {what}")));
        }
        std::fs::remove_file(workshop.path("bad.png")).unwrap();
        assert_eq!(workshop.files(), before, "{place} {value}");
        assert_eq!(std::fs::read(workshop.path("precious.png")).unwrap(), b"precious");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
