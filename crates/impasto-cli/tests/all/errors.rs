//! Every way in which the input of `impasto stylize` and `impasto models` can
//! make them fail: one line, the right exit code, and nothing written.

use crate::common;

use std::collections::BTreeMap;

use common::{Workshop, complaints, gradient, models};
use impasto::networks::{Architecture, Kind};
use impasto::picture::{EncodeOptions, Format};
use impasto::weights::Tensor;
use impasto::weights::safetensors::{self, Precision};

/// A command line, its expected exit code, and words of its message.
struct Case {
    arguments: Vec<&'static str>,
    code: i32,
    words: &'static [&'static str],
}

/// `impasto stylize` on the workshop's good files, with these additional arguments.
fn stylize(extra: &[&'static str], code: i32, words: &'static [&'static str]) -> Case {
    let mut arguments = vec!["stylize", "content.png", "-s", "style.png", "-o", "out.png", "--model", "model.safetensors"];
    arguments.extend(extra);
    Case { arguments, code, words }
}

/// The same with one argument replaced.
fn with(old: &str, new: &'static str, code: i32, words: &'static [&'static str]) -> Case {
    let mut case = stylize(&[], code, words);
    let place = case.arguments.iter().position(|argument| *argument == old).unwrap();
    case.arguments[place] = new;
    case
}

fn case(arguments: &[&'static str], code: i32, words: &'static [&'static str]) -> Case {
    Case { arguments: arguments.to_vec(), code, words }
}

/// Runs all cases, and reports those that end wrongly or leave something behind.
fn check(workshop: &Workshop, cases: &[Case]) {
    assert!(!cases.is_empty());
    let before = snapshot(workshop);
    let mut failures = Vec::new();
    for case in cases {
        let output = workshop.run(&case.arguments);
        let mut wrong = complaints(&output, case.code, case.words);
        if snapshot(workshop) != before {
            wrong.push(format!("the folder has changed: {:?}", workshop.files()));
        }
        if !wrong.is_empty() {
            failures.push(format!("impasto {}\n    {}", case.arguments.join(" "), wrong.join("\n    ")));
        }
    }
    assert!(failures.is_empty(), "{} of {} cases:\n{}", failures.len(), cases.len(), failures.join("\n"));
}

/// Returns the name and bytes of every file.
fn snapshot(workshop: &Workshop) -> BTreeMap<String, Option<Vec<u8>>> {
    workshop.files().into_iter().map(|name| (name.clone(), std::fs::read(workshop.path(&name)).ok())).collect()
}

#[test]
fn wrong_usage_ends_with_2() {
    let workshop = Workshop::new();
    check(
        &workshop,
        &[
            case(&["frobnicate"], 2, &["frobnicate"]),
            case(&["stylize"], 2, &["required"]),
            case(&["stylize", "content.png", "-o", "out.png"], 2, &["--style"]),
            case(&["stylize", "content.png", "-s", "style.png"], 2, &["--output"]),
            case(&["models", "import", "model.safetensors", "--name", "a/b"], 2, &["a/b", "name"]),
            case(&["models", "import", "model.safetensors", "--name", "a", "-o", "b.safetensors"], 2, &["--name", "--output"]),
            case(&["styles", "extract", "style.png"], 2, &["--output"]),
            case(&["demo", "--style", "no-such-style", "-o", "demo.png"], 2, &["no-such-style", "mosaic"]),
            case(&["demo", "-o", "demo.xyz"], 2, &["demo.xyz", ".png"]),
            case(&["models", "import", "model.safetensors"], 2, &["--output"]),
            case(&["models", "import", "model.safetensors", "-o", "model.bin"], 2, &["model.bin", ".safetensors"]),
            case(&["completions", "tcsh-or-so"], 2, &["tcsh-or-so"]),
            case(&["bench", "--network", "resnet"], 2, &["resnet"]),
            case(&["bench", "--network", "hub", "--model", "model.safetensors"], 2, &["--network"]),
            case(&["bench", "--runs", "0"], 2, &["--runs"]),
            stylize(&["--strengh", "1"], 2, &["--strengh", "--strength"]),
            stylize(&["--strength", "1.5"], 2, &["--strength", "0 to 1"]),
            stylize(&["--strength", "nan"], 2, &["--strength"]),
            // A negative number is a wrong value, not a flag.
            stylize(&["--strength", "-1"], 2, &["--strength", "0 to 1"]),
            stylize(&["--size", "-5"], 2, &["--size", "from 1"]),
            stylize(&["--style-size", "-5"], 2, &["--style-size", "from 16 to 4096"]),
            stylize(&["--threads", "-1"], 2, &["--threads", "from 1"]),
            stylize(&["--quality", "-1"], 2, &["--quality"]),
            stylize(&["--max-pixels", "-1"], 2, &["--max-pixels"]),
            stylize(&["--max-memory", "-1"], 2, &["--max-memory", "for example 2G"]),
            stylize(&["--style-size", "0"], 2, &["--style-size"]),
            stylize(&["--style-size", "4097"], 2, &["--style-size", "4096"]),
            stylize(&["--size", "0"], 2, &["--size"]),
            stylize(&["--size", "64", "--exact", "64x64"], 2, &["--size", "--exact"]),
            stylize(&["--style-size", "64", "--exact", "64x64"], 2, &["--style-size", "--exact"]),
            stylize(&["--exact", "64"], 2, &["--exact", "WIDTHxHEIGHT"]),
            stylize(&["--threads", "0"], 2, &["--threads"]),
            stylize(&["--quality", "101"], 2, &["--quality"]),
            stylize(&["--max-pixels", "0"], 2, &["--max-pixels"]),
            stylize(&["--max-memory", "lots"], 2, &["--max-memory"]),
            stylize(&["--border", "wrap"], 2, &["--border"]),
            stylize(&["-q", "-v"], 2, &["--quiet", "--verbose"]),
            stylize(&["--json", "--preview"], 2, &["--json", "--preview"]),
            stylize(&["--figure", "out.png"], 2, &["out.png", "figure"]),
            stylize(&["--figure", "./out.png"], 2, &["figure"]),
            stylize(&["--figure", "-"], 2, &["--figure"]),
            stylize(&["--figure", "figure.gif"], 2, &["figure.gif"]),
            stylize(&["-s", "style.png=-1"], 2, &["style.png=-1", "weight"]),
            stylize(&["-s", "style.png=inf"], 2, &["weight"]),
            with("style.png", "style.png=0", 2, &["weight 0"]),
            with("content.png", "", 2, &["CONTENT"]),
            with("style.png", "", 2, &["--style"]),
            with("out.png", "", 2, &["--output"]),
            with("out.png", "out", 2, &["extension"]),
            with("out.png", "out.bmp", 2, &["out.bmp", ".png"]),
        ],
    );
    let dash = |flag: &'static str| {
        case(
            &["stylize", "content.png", "-s", "style.png", "-o", "-", "--model", "model.safetensors", flag],
            2,
            &["standard output", "name a file"],
        )
    };
    check(&workshop, &[dash("--json"), dash("--preview")]);
    check(&workshop, &[case(&["stylize", "-", "-s", "-", "-o", "out.png"], 2, &["standard input"])]);
}

#[test]
fn no_arguments_at_all_print_the_help() {
    let output = common::run(&[] as &[&str]);
    assert_eq!(output.status.code(), Some(2));
    assert!(common::stderr(&output).contains("Usage:"));
    assert!(output.stdout.is_empty());
}

#[test]
fn an_instruction_set_that_is_not_there_is_wrong_usage() {
    let workshop = Workshop::new();
    let arguments = stylize(&[], 2, &[]).arguments;
    let output = workshop.impasto(&arguments).env("IMPASTO_ISA", "mmx").output().unwrap();
    assert_eq!(complaints(&output, 2, &["IMPASTO_ISA", "mmx", "portable"]), [""; 0]);
}

#[test]
#[cfg(not(feature = "embedded"))]
fn without_a_model_the_public_ones_are_named() {
    let workshop = Workshop::new();
    let arguments = ["stylize", "content.png", "-s", "style.png", "-o", "out.png"];
    let words = ["--model", "IMPASTO_MODEL", "https://tfhub.dev/", "arbitrary_style_transfer.tar.gz", "_prediction_1.tflite"];
    for value in [None, Some("")] {
        let mut command = workshop.impasto(&arguments);
        command.envs(value.map(|value| ("IMPASTO_MODEL", value)));
        assert_eq!(complaints(&command.output().unwrap(), 1, &words), [""; 0]);
    }
}

/// Returns a PNG file whose header claims this size, with a correct checksum and almost no pixels.
fn claims(width: u32, height: u32) -> Vec<u8> {
    let mut png = gradient(1, 1).encode(Format::Png, &EncodeOptions::default()).unwrap().bytes;
    png[16..20].copy_from_slice(&width.to_be_bytes());
    png[20..24].copy_from_slice(&height.to_be_bytes());
    let checksum = crc32(&png[12..29]);
    png[29..33].copy_from_slice(&checksum.to_be_bytes());
    png
}

/// Returns PNG's checksum, computed bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 })
    })
}

#[test]
fn bad_pictures_end_with_1_wherever_they_stand() {
    let workshop = Workshop::new();
    let good = gradient(40, 30);
    let encode = |format| good.encode(format, &EncodeOptions::default()).unwrap().bytes;
    let (png, jpeg) = (encode(Format::Png), encode(Format::Jpeg));
    workshop.write("cut.png", &png[..png.len() / 2]);
    workshop.write("cut.jpg", &jpeg[..100]);
    workshop.write("empty.png", b"");
    // Their extensions do not matter.
    workshop.write("photo.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic");
    workshop.write("film.png", b"\0\0\0\x18ftypmp42\0\0\0\0isommp42");
    workshop.write("text.jpg", b"Dear sir or madam,\n");
    workshop.write("bomb.png", &claims(60_000, 60_000));
    workshop.write("zero.png", &claims(0, 5));
    workshop.write("line\nbreak.png", b"no picture");
    std::fs::create_dir(workshop.path("folder.png")).unwrap();
    let table: &[(&'static str, &'static [&'static str])] = &[
        ("missing.png", &["missing.png", "No such file"]),
        ("cut.png", &["cut.png", "PNG"]),
        ("cut.jpg", &["cut.jpg", "JPEG"]),
        ("empty.png", &["empty.png"]),
        ("text.jpg", &["text.jpg"]),
        ("bomb.png", &["bomb.png", "60000", "--max-pixels"]),
        ("zero.png", &["zero.png"]),
        ("folder.png", &["folder.png", "folder"]),
        ("photo.heic", &["photo.heic", "a HEIC picture", "heif-convert", "--features heic"]),
        ("film.png", &["film.png", "a video", "impasto video"]),
        ("line\nbreak.png", &["line?break.png"]),
    ];
    let cases: Vec<_> = table
        .iter()
        .flat_map(|&(file, words)| [with("content.png", file, 1, words), with("style.png", file, 1, words)])
        .chain([
            stylize(&["--max-pixels", "100"], 1, &["content.png", "--max-pixels"]),
            stylize(&["--max-bytes", "100"], 1, &["content.png", "--max-bytes"]),
            stylize(&["-s", "missing.png=0.5"], 1, &["missing.png"]),
        ])
        .collect();
    check(&workshop, &cases);
}

/// If a file is cut off, the error names `--salvage`. With `--salvage`, it becomes a warning.
#[test]
fn cut_jpegs_are_salvaged_on_request() {
    let workshop = Workshop::new();
    let jpeg = gradient(64, 64).encode(Format::Jpeg, &EncodeOptions::default()).unwrap().bytes;
    workshop.write("cut.jpg", &jpeg[..jpeg.len() - 400]);
    let mut case = with("content.png", "cut.jpg", 1, &["cut.jpg", "stops before the end", "--salvage"]);
    check(&workshop, &[with("content.png", "cut.jpg", 1, case.words)]);
    case.arguments.push("--salvage");
    let output = workshop.run(&case.arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && said.contains("cut.jpg") && said.contains("% of the picture is read"), "{said}");
    assert!(workshop.path("out.png").exists());
}

#[test]
fn bad_saved_styles_end_with_1() {
    let workshop = Workshop::new();
    workshop.write("empty.style", b"");
    workshop.write("text.style", b"swirly");
    workshop.write("picture.style", &std::fs::read(workshop.path("style.png")).unwrap());
    let other = impasto::Style::new(impasto::networks::Family::TfLite, vec![0.5; 100]).unwrap();
    other.save(workshop.path("other.style"), false).unwrap();
    let cases = [
        with("style.png", "missing.style", 1, &["missing.style"]),
        with("style.png", "empty.style", 1, &["empty.style"]),
        with("style.png", "text.style", 1, &["text.style"]),
        with("style.png", "picture.style", 1, &["picture.style"]),
        with("style.png", "other.style", 1, &["family"]),
        stylize(&["-s", "other.style"], 1, &["famil"]),
    ];
    check(&workshop, &cases);
}

#[test]
fn outputs_are_refused_before_any_work() {
    let workshop = Workshop::new();
    workshop.write("old.png", b"precious");
    workshop.write("old.safetensors", b"precious");
    std::fs::create_dir(workshop.path("folder.png")).unwrap();
    let cases = [
        with("out.png", "old.png", 1, &["old.png", "--force"]),
        with("out.png", "folder.png", 1, &["folder.png", "folder"]),
        with("out.png", "old.png/new/out.png", 1, &["old.png/new"]),
        with("out.png", "old.png/out.png", 1, &["old.png/out.png"]),
        stylize(&["--figure", "old.png"], 1, &["old.png", "--force"]),
        stylize(&["--figure", "old.png/new/figure.png"], 1, &["old.png/new"]),
        // Before any work: content and model are missing, too, but the error is about the output.
        case(&["stylize", "x.png", "-s", "y.png", "-o", "old.png", "--model", "z"], 1, &["old.png", "--force"]),
        case(&["models", "import", "x", "-o", "old.safetensors"], 1, &["old.safetensors", "--force"]),
        case(&["models", "import", "model.safetensors", "-o", "nowhere/m.safetensors"], 1, &["nowhere"]),
        case(&["man", "--dir", "nowhere"], 1, &["nowhere"]),
    ];
    check(&workshop, &cases);
}

#[test]
#[cfg(unix)]
fn what_a_result_is_made_of_is_never_replaced() {
    let workshop = Workshop::new();
    workshop.save("mask.png", &gradient(67, 93));
    workshop.save("extra.png", &gradient(67, 93));
    std::fs::create_dir(workshop.path("sub")).unwrap();
    std::fs::hard_link(workshop.path("content.png"), workshop.path("hard.png")).unwrap();
    std::os::unix::fs::symlink("content.png", workshop.path("soft.png")).unwrap();
    let absolute = workshop.path("content.png").to_str().unwrap().to_owned();
    let before = workshop.files();
    let read = |name: &str| std::fs::read(workshop.path(name)).unwrap();
    let (content, style, mask) = (read("content.png"), read("style.png"), read("mask.png"));
    let names =
        ["content.png", "./content.png", "sub/../content.png", &absolute, "hard.png", "soft.png", "style.png", "mask.png"];
    let mut wrong = Vec::new();
    for name in names {
        for force in [&["--force"][..], &[]] {
            let painted = ["stylize", "content.png", "-s", "style.png", "--mask", "mask.png", "--model", "model.safetensors"];
            let optimized = ["optimize", "content.png", "-s", "style.png@mask.png"];
            for line in [&painted[..], &optimized] {
                let output = workshop.run(&[line, &["-o", name], force].concat());
                wrong.extend(complaints(&output, 2, &[name, "--force", "name another output"]));
            }
            let figure = [&painted[..], &["-o", "new.png", "--figure", name], force].concat();
            wrong.extend(complaints(&workshop.run(&figure), 2, &[name, "name another output"]));
        }
    }
    let several = ["stylize", "content.png", "extra.png", "-s", "style.png", "--model", "model.safetensors", "--force"];
    std::fs::hard_link(workshop.path("content.png"), workshop.path("sub/extra.png")).unwrap();
    wrong.extend(complaints(&workshop.run(&[&several[..], &["-o", "sub"]].concat()), 2, &["sub/extra.png", "content.png"]));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(workshop.files(), before);
    assert_eq!((read("content.png"), read("style.png"), read("mask.png")), (content, style, mask));
}

/// Folders for results are made, but only when there is something to write.
#[test]
fn new_folders_are_made_for_results_only() {
    let workshop = Workshop::new();
    check(
        &workshop,
        &[
            case(
                &["stylize", "x.png", "-s", "style.png", "-o", "new/deep/out.png", "--model", "model.safetensors"],
                1,
                &["x.png"],
            ),
            case(&["stylize", "content.png", "-s", "x.png", "-o", "new/out.png", "--model", "model.safetensors"], 1, &["x.png"]),
            case(&["stylize", "content.png", "-s", "style.png", "-o", "new/out.png", "--model", "x"], 1, &["x"]),
            case(&["stylize", "x.png", "-s", "style.png", "-o", "new/", "--model", "model.safetensors"], 1, &["x.png"]),
            with("out.png", "new/out.xyz", 2, &["out.xyz"]),
            case(&["styles", "extract", "x.png", "-o", "new/x.style"], 1, &["x.png"]),
            case(&["sheet", "x.png", "-s", "style.png", "-o", "new/sheet.png", "--model", "model.safetensors"], 1, &["x.png"]),
        ],
    );
    let good = stylize(&[], 0, &[]).arguments;
    let out = |name: &'static str| good.iter().map(move |&word| if word == "out.png" { name } else { word }).collect::<Vec<_>>();
    for (arguments, files) in [
        (out("new/deep/out.png"), &["new/deep/out.png"][..]),
        ([&out("a/out.jpg")[..], &["--figure", "b/figure.png"]].concat(), &["a/out.jpg", "b/figure.png"]),
        ([&out("c/")[..]].concat(), &["c/content.png"]),
    ] {
        let output = workshop.run(&arguments);
        assert!(output.status.success(), "{arguments:?}: {}", common::stderr(&output));
        files.iter().for_each(|file| assert!(workshop.path(file).is_file(), "{file}"));
    }
}

#[test]
fn web_addresses_are_refused_where_nothing_is_downloaded() {
    let workshop = Workshop::new();
    const ADDRESS: &str = "https://example.org/a.jpg";
    let address = ADDRESS;
    let curl: &'static [&'static str] = &[ADDRESS, "Download it first: curl -LO https://example.org/a.jpg"];
    let offline: &'static [&'static str] = &[ADDRESS, "--offline"];
    let words = if cfg!(feature = "download") { offline } else { curl };
    let given = |arguments: &[&'static str]| case(&[arguments, &["--offline"]].concat(), 2, words);
    check(
        &workshop,
        &[
            given(&["stylize", address, "-s", "style.png", "-o", "out.png"]),
            given(&["stylize", "content.png", "-s", address, "-o", "out.png"]),
            given(&[address, "style.png", "out.png"]),
            given(&["optimize", address, "-s", "style.png", "-o", "out.png"]),
            given(&["optimize", "content.png", "-s", address, "-o", "out.png"]),
            given(&["sheet", address, "-o", "out.png"]),
            given(&["styles", "extract", address, "-o", "a.style"]),
            // Masks are files.
            with("style.png", "style.png@https://example.org/a.jpg", 2, curl),
            with("content.png", "file:///tmp/a.jpg", 2, &["file:///tmp/a.jpg", "Give the path alone: /tmp/a.jpg"]),
        ],
    );
}

#[test]
#[cfg(unix)]
fn read_only_folders_are_told_before_any_work() {
    use std::os::unix::fs::PermissionsExt;

    let workshop = Workshop::new();
    let locked = workshop.path("locked");
    std::fs::create_dir(&locked).unwrap();
    std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o555)).unwrap();
    let in_locked = [("locked/out.png", "locked/m.safetensors", "locked")];
    // Root may write anywhere, unless the kernel itself refuses.
    let in_kernels = [("/proc/out.png", "/proc/m.safetensors", "/proc")];
    let root = std::fs::write(locked.join("probe"), "").is_ok();
    for (picture, model, folder) in if root { in_kernels } else { in_locked } {
        let words = [folder, "cannot create a file"];
        for arguments in [
            // Content and model are missing, too, but the error is about the output.
            &["stylize", "x.png", "-s", "y.png", "-o", picture, "--model", "z"][..],
            &["stylize", "x.png", "-s", "y.png", "-o", "out.png", "--figure", picture, "--model", "z"],
            &["models", "import", "model.safetensors", "-o", model],
        ] {
            assert_eq!(complaints(&workshop.run(arguments), 1, &words), [""; 0], "{arguments:?}");
        }
    }
}

#[test]
fn bad_models_end_with_1() {
    let workshop = Workshop::new();
    let good = std::fs::read(workshop.path("model.safetensors")).unwrap();
    workshop.write("cut.safetensors", &good[..good.len() - 10]);
    workshop.write("head.safetensors", &good[..50]);
    workshop.write("empty.safetensors", b"");
    workshop.write("text.txt", b"not weights");
    workshop.write("page.html", b"<!DOCTYPE html><html>");
    std::fs::create_dir(workshop.path("folder")).unwrap();
    // A NaN as the last value of the last array, which our own writers never write.
    let mut nan = good.clone();
    let end = nan.len();
    nan[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    workshop.write("nan.safetensors", &nan);
    let mut huge = good.clone();
    huge[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    workshop.write("huge.safetensors", &huge);

    let save = |name: &str, change: &dyn Fn(&mut impasto::weights::Weights)| {
        let mut weights = models::magenta().to_weights();
        change(&mut weights);
        workshop.write(name, &safetensors::to_bytes(&weights, Precision::F32).unwrap());
    };
    let name = "transformer/contract/conv1/weights";
    save("shape.safetensors", &|weights| {
        weights.insert(name, Tensor::new([1, 2], vec![0.0; 2]).unwrap()).expect("the array is there");
    });
    save("lacking.safetensors", &|weights| {
        weights.remove(name).expect("the array is there");
    });
    let half = |kind: Kind| {
        let mut model = models::magenta();
        match kind {
            Kind::Predictor => model.transformer = None,
            Kind::Transformer | Kind::Perceptual => model.predictor = None,
        }
        safetensors::to_bytes(&model.to_weights(), Precision::F32).unwrap()
    };
    workshop.write("predictor.safetensors", &half(Kind::Predictor));
    workshop.write("transformer.safetensors", &half(Kind::Transformer));
    // This test must fail if the tiny model ever becomes something else.
    assert!(models::magenta().networks().any(|network| matches!(network.architecture, Architecture::Transformer(_))));

    let table: &[(&'static str, &'static [&'static str])] = &[
        ("missing", &["missing", "No such file"]),
        ("cut.safetensors", &["cut.safetensors"]),
        ("head.safetensors", &["head.safetensors"]),
        ("empty.safetensors", &["empty.safetensors", "empty"]),
        ("text.txt", &["text.txt"]),
        ("page.html", &["page.html", "web page"]),
        ("folder", &["folder"]),
        ("nan.safetensors", &["nan.safetensors"]),
        ("huge.safetensors", &["huge.safetensors"]),
        ("shape.safetensors", &["shape.safetensors", "transformer/contract/conv1/weights"]),
        ("lacking.safetensors", &["lacking.safetensors", "transformer/contract/conv1/weights"]),
        ("content.png", &["content.png"]),
    ];
    let mut cases = Vec::new();
    for &(file, words) in table {
        cases.push(with("model.safetensors", file, 1, words));
        cases.push(case(&["models", "info", file], 1, words));
        cases.push(case(&["models", "import", file, "-o", "new.safetensors"], 1, words));
        cases.push(case(&["bench", "--model", file], 1, words));
    }
    cases.extend([
        with("model.safetensors", "predictor.safetensors", 1, &["predictor.safetensors", "transformer"]),
        with("model.safetensors", "transformer.safetensors", 1, &["transformer.safetensors", "style predictor"]),
        stylize(&["--model", "predictor.safetensors"], 1, &["predictor"]),
        stylize(&["--max-bytes", "10K"], 1, &["limit"]),
    ]);
    check(&workshop, &cases);
}

#[test]
fn memory_is_refused_before_painting() {
    let workshop = Workshop::new();
    check(
        &workshop,
        &[
            stylize(&["--max-memory", "20K"], 1, &["67×93", "--size", "--max-memory allows"]),
            stylize(&["--exact", "900x900", "--max-memory", "10M"], 1, &["900×900", "--exact"]),
            stylize(&["--exact", "90x90", "--max-memory", "20K"], 1, &["90×90", "--exact"]),
            stylize(&["--style-size", "900", "--max-memory", "50M"], 1, &["style", "1200×900", "--style-size"]),
            case(
                &["bench", "--network", "tflite", "--size", "100000x100000", "--runs", "1"],
                1,
                &["tflite", "100000x100000", "this machine has free", "--size"],
            ),
            // More than any machine has: the error comes before the picture is resized.
            stylize(&["--size", "1000000"], 1, &["720430×1000000", "this machine has free", "--size", "--max-memory"]),
        ],
    );
}
