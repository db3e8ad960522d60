//! The short form of `stylize`, and hints for habits from other programs.

use crate::common;

use common::{Workshop, complaints, stderr};

#[test]
fn three_files_are_painted() {
    let workshop = Workshop::new();
    let run = |arguments: &[&str]| workshop.impasto(arguments).env("IMPASTO_MODEL", "model.safetensors").output().unwrap();
    let short = run(&["content.png", "style.png", "short.png", "--strength", "0.5"]);
    assert_eq!((short.status.code(), stderr(&short).as_str(), short.stdout.len()), (Some(0), "", 0));
    let long = run(&["stylize", "content.png", "-s", "style.png", "-o", "long.png", "--strength", "0.5"]);
    assert!(long.status.success());
    let [short, long] = ["short.png", "long.png"].map(|name| std::fs::read(workshop.path(name)).unwrap());
    assert!(short == long);
    // With -v, it prints the full form.
    let told = run(&["-v", "content.png", "style.png", "told.png"]);
    let first = stderr(&told).lines().next().unwrap_or_default().to_owned();
    assert_eq!(first, "impasto: impasto stylize -v content.png -s style.png -o told.png");
    // A file named like a command.
    std::fs::copy(workshop.path("content.png"), workshop.path("sheet")).unwrap();
    assert!(run(&["./sheet", "style.png", "sheet.png"]).status.success());
}

#[test]
fn mistyped_commands_are_corrected() {
    let workshop = Workshop::new();
    let cases: [(&[&str], &[&str]); 6] = [
        (&["stylise"], &["'stylise'", "'stylize'"]),
        (&["stylise", "content.png", "-s", "style.png", "-o", "out.png"], &["'stylise'", "'stylize'"]),
        (&["shet", "content.png", "out.png"], &["'shet'", "'sheet'"]),
        (&["content.png"], &["content.png is not a command", "impasto PHOTO STYLE OUT"]),
        (&["content.png", "-s", "style.png", "-o", "out.png"], &["impasto stylize content.png -s STYLE -o OUT"]),
        (&["absent.jpg", "style.png", "out.png", "--overwrite"], &["--force"]),
    ];
    for (arguments, words) in cases {
        assert_eq!(complaints(&workshop.run(arguments), 2, words), [""; 0], "{arguments:?}");
    }
}

#[test]
fn habits_from_other_programs_are_corrected() {
    let workshop = Workshop::new();
    let cases: [(&[&str], &[&str]); 8] = [
        (&["--overwrite"], &["there is no --overwrite", "--force"]),
        (&["-y"], &["there is no -y", "--force"]),
        (&["--width", "800"], &["there is no --width", "--size LONGSIDE"]),
        (&["--resize=50%"], &["there is no --resize", "--size LONGSIDE"]),
        (&["--gpu"], &["there is no --gpu", "all cores", "--threads"]),
        (&["--styles", "mosaic"], &["there is no --styles", "--style"]),
        (&["--alpha", "0.5"], &["there is no --alpha", "--strength 0..1"]),
        // The parser's own hint.
        (&["--strengh", "0.5"], &["--strengh", "--strength"]),
    ];
    for (flags, words) in cases {
        let line = ["stylize", "content.png", "-s", "style.png", "-o", "out.png", "--model", "model.safetensors"];
        assert_eq!(complaints(&workshop.run(&[&line[..], flags].concat()), 2, words), [""; 0], "{flags:?}");
        let line = ["content.png", "style.png", "out.png", "--model", "model.safetensors"];
        assert_eq!(complaints(&workshop.run(&[flags, &line].concat()), 2, words), [""; 0], "{flags:?} first");
    }
    assert!(!workshop.path("out.png").exists());
    // British spelling is accepted.
    let line =
        ["stylize", "content.png", "-s", "style.png", "--model", "model.safetensors", "--colour", "content", "-o", "a.png"];
    assert!(workshop.run(&line).status.success());
}
