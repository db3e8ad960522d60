//! `impasto stylize` on many pictures.

use crate::common;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Output;

use common::{Workshop, complaints, gradient, open, stderr};
use serde_json::Value;

const MODEL: [&str; 4] = ["-s", "style.png", "--model", "model.safetensors"];

/// A workshop with `count` different pictures of 40×30 in `in/`.
fn workshop(count: usize) -> Workshop {
    let workshop = Workshop::new();
    workshop.fill(count, [40, 30]);
    workshop
}

fn stylize<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [&["stylize"], arguments, &MODEL].concat()
}

/// Runs a command that must succeed, and returns its output.
#[track_caller]
fn done(workshop: &Workshop, arguments: &[&str]) -> Output {
    let output = workshop.run(&stylize(arguments));
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    output
}

/// Returns paths and bytes of all files below a folder.
fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fn add(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                add(root, &path, files);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                files.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    let mut files = BTreeMap::new();
    add(folder, folder, &mut files);
    files
}

fn pictures(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = tree(folder);
    files.retain(|name, _| !name.ends_with(".jsonl"));
    files
}

fn lines(bytes: &[u8]) -> Vec<Value> {
    bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).map(|line| serde_json::from_slice(line).unwrap()).collect()
}

#[test]
fn a_folder_is_painted_as_each_picture_alone() {
    let workshop = workshop(5);
    std::fs::create_dir(workshop.path("in/sub")).unwrap();
    std::fs::copy(workshop.path("in/001.png"), workshop.path("in/sub/x.png")).unwrap();
    done(&workshop, &["in", "-o", "flat"]);
    assert_eq!(pictures(&workshop.path("flat")).len(), 5);
    for jobs in ["1", "2", "7"] {
        done(&workshop, &["in", "-r", "-o", "out", "--jobs", jobs, "--force"]);
        let painted = pictures(&workshop.path("out"));
        assert_eq!(painted.len(), 6, "{jobs} jobs: {:?}", painted.keys());
        for (name, bytes) in &painted {
            let alone = format!("alone-{jobs}.png");
            done(&workshop, &[&format!("in/{name}"), "-o", &alone, "--force"]);
            assert!(std::fs::read(workshop.path(&alone)).unwrap() == *bytes, "{name} with {jobs} jobs");
        }
    }
}

/// A folder that has results of an earlier run below it.
#[test]
fn results_of_other_runs_are_not_painted_again() {
    let workshop = workshop(2);
    done(&workshop, &["in", "-o", "in/first"]);
    let output = workshop.run(&stylize(&["in", "-r", "-o", "second", "--json"]));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(pictures(&workshop.path("second")).into_keys().collect::<Vec<_>>(), ["000.png", "001.png"]);
    let said = stderr(&output);
    assert!(said.contains("earlier runs") && said.contains("first"), "{said}");
    // Files of other programs are pictures, and results are if their folder is named.
    std::fs::copy(workshop.path("in/000.png"), workshop.path("in/first/mine.png")).unwrap();
    done(&workshop, &["in", "-r", "-o", "third", "--jobs", "1"]);
    assert_eq!(pictures(&workshop.path("third")).into_keys().collect::<Vec<_>>(), ["000.png", "001.png", "first/mine.png"]);
    done(&workshop, &["in/first", "-o", "fourth"]);
    assert_eq!(pictures(&workshop.path("fourth")).len(), 3);
}

#[test]
fn options_that_change_nothing_are_named() {
    let workshop = workshop(1);
    let said = |arguments: &[&str]| {
        let output = workshop.run(&[&["stylize", "in/000.png", "-o", "o.png", "--force"], arguments].concat());
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        stderr(&output)
    };
    workshop.save("mask.png", &open(workshop.path("in/000.png")));
    assert!(said(&["-s", "starry", "--style-size", "400"]).contains("--style-size"));
    assert!(said(&["-s", "starry", "--feather", "3"]).contains("--feather"));
    let used = said(&["-s", "style.png", "-s", "starry", "--style-size", "400", "--feather", "3", "--mask", "mask.png"]);
    assert!(!used.contains("changes nothing"), "{used}");
    let output = workshop.run(&["stylize", "in/000.png", "-s", "starry", "-o", "p.png", "--preview-of", "4000x100"]);
    let found = complaints(&output, 1, &["proportions"]);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn templates_name_results_and_each_style_paints_its_own() {
    let workshop = workshop(2);
    workshop.save("other.png", &gradient(30, 60));
    std::fs::rename(workshop.path("in/001.png"), workshop.path("in/b.PNG")).unwrap();
    done(&workshop, &["in/*", "-s", "other.png", "--each-style", "-o", "out/{style}/{number}-{stem}.{ext}", "--format", "jpeg"]);
    let names: Vec<_> = pictures(&workshop.path("out")).into_keys().collect();
    assert_eq!(names, ["other/1-000.jpg", "other/3-b.jpg", "style/2-000.jpg", "style/4-b.jpg"]);
    // Without the flag, styles are blended.
    done(&workshop, &["in/000.png", "in/b.PNG", "-s", "other.png", "-o", "blend/{stem}-{style}.png"]);
    done(&workshop, &["in/000.png", "-s", "other.png", "-o", "blend.png"]);
    let blend = pictures(&workshop.path("blend"));
    assert_eq!(blend.keys().collect::<Vec<_>>(), ["000-other+style.png", "b-other+style.png"]);
    assert!(blend["000-other+style.png"] == std::fs::read(workshop.path("blend.png")).unwrap());
}

#[test]
fn one_that_fails_does_not_stop_the_rest() {
    let workshop = workshop(4);
    workshop.write("in/001.png", b"no picture");
    let cut = std::fs::read(workshop.path("in/002.png")).unwrap();
    workshop.write("in/002.png", &cut[..cut.len() / 2]);
    let output = workshop.run(&stylize(&["in", "missing.png", "-o", "out", "--json"]));
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(pictures(&workshop.path("out")).into_keys().collect::<Vec<_>>(), ["000.png", "003.png"]);
    for name in ["in/001.png", "in/002.png", "missing.png", "2 of 5 pictures painted", "3 failed"] {
        assert!(said.contains(name), "{name} in {said}");
    }
    assert!(!said.contains("in/000.png"), "{said}");
    let records = lines(&output.stdout);
    let count = |state: &str| records.iter().filter(|record| record["state"] == state).count();
    assert_eq!((count("done"), count("failed"), records.len()), (2, 3, 6));
    let summary = &records[5]["summary"];
    assert_eq!((summary["done"].as_u64(), summary["failed"].as_u64(), summary["left"].as_u64()), (Some(2), Some(3), Some(0)));
    // With --quiet, it prints errors and nothing else.
    let output = workshop.run(&stylize(&["in", "-o", "quiet", "-q", "--fail-fast", "--jobs", "1"]));
    assert_eq!(complaints(&output, 1, &["in/001.png"]), [""; 0]);
    assert_eq!(pictures(&workshop.path("quiet")).into_keys().collect::<Vec<_>>(), ["000.png"]);
}

#[test]
fn what_makes_no_sense_is_told_before_any_work() {
    let workshop = workshop(2);
    let before = tree(workshop.folder.path());
    let cases: &[(&[&str], i32, &[&str])] = &[
        (&["in", "-o", "out.png"], 2, &["out.png", "in/000.png", "in/001.png", "{number}"]),
        (&["in", "-o", "out/{colour}-{number}.png"], 2, &["{colour}", "{stem}"]),
        (&["in", "-o", "out/{stem}"], 2, &["extension"]),
        (&["in", "-o", "in"], 2, &["in/00", "its own painting"]),
        (&["in", "-", "-o", "out"], 2, &["standard input"]),
        (&["in", "-o", "-"], 2, &["standard output"]),
        (&["in", "-o", "out", "--figure", "f.png"], 2, &["--figure"]),
        (&["in", "-o", "out", "--jobs", "0"], 2, &["--jobs"]),
        (&["no*.png", "-o", "out"], 1, &["no*.png", "no pictures"]),
        (&[".", "-o", "out", "--manifest", "model.safetensors"], 1, &["model.safetensors", "not a manifest"]),
        (&["in", "-o", "style.png/x/"], 1, &["style.png"]),
        (&["in", "-s", "missing.png", "-o", "out"], 1, &["missing.png"]),
    ];
    let mut failures = Vec::new();
    for (arguments, code, words) in cases {
        let output = workshop.run(&stylize(arguments));
        let mut wrong = if arguments.contains(&"style.png/x/") {
            // Every picture fails, with a line each.
            if output.status.code() == Some(1) { Vec::new() } else { vec![format!("{:?}", output.status)] }
        } else {
            complaints(&output, *code, words)
        };
        if tree(workshop.folder.path()) != before {
            wrong.push("the folder has changed".into());
        }
        if !wrong.is_empty() {
            failures.push(format!("{arguments:?}\n    {}", wrong.join("\n    ")));
        }
    }
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), cases.len(), failures.join("\n"));
}

#[test]
fn results_are_never_taken_for_contents() {
    let workshop = workshop(3);
    // Three ways in which results are among the contents; each is run again with another strength.
    for arguments in [
        &["in", "-r", "-o", "in/painted"][..],
        &["in/*", "-o", "in/{stem}-{style}.{ext}"],
        &["in/**/*.png", "-o", "in/deep/er/{stem}.{ext}"],
    ] {
        for strength in ["1", "0.5"] {
            let arguments = [arguments, &["--strength", strength, "--json", "--force"]].concat();
            let output = done(&workshop, &arguments);
            let records = lines(&output.stdout);
            let inputs: Vec<_> = records.iter().filter_map(|record| record["input"].as_str()).collect();
            assert_eq!(inputs.len(), 3, "{arguments:?}: {inputs:?}");
            assert!(
                inputs.iter().all(|input| ["000.png", "001.png", "002.png"].iter().any(|name| *input == format!("in/{name}")))
            );
        }
        for folder in ["in/painted", "in/deep"] {
            let _ = std::fs::remove_dir_all(workshop.path(folder));
        }
        for name in ["000", "001", "002"] {
            let _ = std::fs::remove_file(workshop.path(&format!("in/{name}-style.png")));
        }
    }
    // Files that a shell has listed.
    done(&workshop, &["in/000.png", "in/001.png", "-o", "in/{stem}-{style}.{ext}"]);
    let all = ["in/000.png", "in/000-style.png", "in/001.png", "in/001-style.png"];
    let output = done(&workshop, &[&all[..], &["-o", "in/{stem}-{style}.{ext}", "--force"]].concat());
    assert!(stderr(&output).contains("2 of 2 pictures"), "{}", stderr(&output));
}

#[test]
fn resuming_skips_what_is_done_and_mends_the_rest() {
    let workshop = workshop(4);
    let resume = |extra: &[&str]| {
        let output = done(&workshop, &[&["in", "-o", "out", "--resume", "--json"], extra].concat());
        let records = lines(&output.stdout);
        let count = |state: &str| records.iter().filter(|record| record["state"] == state).count();
        [count("done"), count("skipped")]
    };
    assert_eq!(resume(&[]), [4, 0]);
    let first = pictures(&workshop.path("out"));
    assert_eq!(resume(&[]), [0, 4]);
    // These flags change how it is painted, not the result: nothing to do.
    assert_eq!(resume(&["--threads", "3", "--jobs", "2", "--max-memory", "500M"]), [0, 4]);
    // Damaged, cut off, missing; another content under the old name; a new one.
    let mut damaged = first["000.png"].clone();
    *damaged.last_mut().unwrap() ^= 1;
    workshop.write("out/000.png", &damaged);
    workshop.write("out/001.png", b"");
    std::fs::remove_file(workshop.path("out/002.png")).unwrap();
    assert_eq!(resume(&[]), [3, 1]);
    assert!(pictures(&workshop.path("out")) == first);
    std::fs::copy(workshop.path("in/000.png"), workshop.path("in/003.png")).unwrap();
    assert_eq!(resume(&[]), [1, 3]);
    let rgb = |name: &str| open(workshop.path(name)).to_rgb8().unwrap();
    assert!(rgb("out/003.png") == rgb("out/000.png"));
    // Other settings and styles.
    assert_eq!(resume(&["--strength", "0.5"]), [4, 0]);
    assert_eq!(resume(&["--strength", "0.5"]), [0, 4]);
    std::fs::remove_file(workshop.path("style.png")).unwrap();
    workshop.save("style.png", &gradient(48, 64));
    assert_eq!(resume(&["--strength", "0.5"]), [4, 0]);
    assert_eq!(resume(&[]), [4, 0]);
    // Files that the manifest does not list stay.
    std::fs::copy(workshop.path("in/000.png"), workshop.path("in/new.png")).unwrap();
    workshop.write("out/new.png", b"precious");
    let output = workshop.run(&stylize(&["in", "-o", "out", "--resume"]));
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("out/new.png: exists"), "{}", stderr(&output));
    assert_eq!(std::fs::read(workshop.path("out/new.png")).unwrap(), b"precious");
}

#[test]
fn a_torn_manifest_is_no_obstacle() {
    let workshop = workshop(3);
    done(&workshop, &["in", "-o", "out", "--manifest", "notes.jsonl", "--jobs", "1"]);
    assert!(!workshop.path("out/impasto.jsonl").exists());
    let whole = std::fs::read(workshop.path("notes.jsonl")).unwrap();
    workshop.write("notes.jsonl", &whole[..whole.len() - 30]);
    let output = done(&workshop, &["in", "-o", "out", "--manifest", "notes.jsonl", "--resume"]);
    assert!(stderr(&output).contains("1 of 3 pictures painted"), "{}", stderr(&output));
    let output = done(&workshop, &["in", "-o", "out", "--manifest", "notes.jsonl", "--resume"]);
    assert!(stderr(&output).contains("3 were done before"), "{}", stderr(&output));
}

#[test]
fn a_ceiling_holds_for_all_together() {
    let workshop = workshop(0);
    for i in 0..4 {
        workshop.save(&format!("in/{i}.png"), &gradient(900, 700 + i));
    }
    let output = done(&workshop, &["in", "-o", "out", "--max-memory", "150M", "--jobs", "4"]);
    assert!(stderr(&output).contains("4 of 4"), "{}", stderr(&output));
    // A picture that does not fit fails alone.
    workshop.save("in/large.png", &gradient(3000, 2000));
    let output = workshop.run(&stylize(&["in", "-o", "out", "--max-memory", "150M", "--jobs", "4", "--force"]));
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("4 of 5") && said.contains("3000×2000") && said.contains("--max-memory"), "{said}");
    assert_eq!(open(workshop.path("out/0.png")).width(), 900);
}

#[test]
#[cfg(unix)]
fn what_a_killed_run_left_is_removed_and_what_others_write_is_not() {
    let workshop = workshop(1);
    std::fs::create_dir(workshop.path("out")).unwrap();
    for name in ["out/.impasto-dead.part", "out/.impasto-alive.part", "out/.other.part"] {
        workshop.write(name, b"half a picture");
    }
    let alive = std::fs::File::open(workshop.path("out/.impasto-alive.part")).unwrap();
    alive.lock().unwrap();
    done(&workshop, &["in", "-o", "out"]);
    assert_eq!(
        pictures(&workshop.path("out")).into_keys().collect::<Vec<_>>(),
        [".impasto-alive.part", ".other.part", "000.png"]
    );
    drop(alive);
    done(&workshop, &["in", "-o", "out", "--resume"]);
    assert_eq!(pictures(&workshop.path("out")).into_keys().collect::<Vec<_>>(), [".other.part", "000.png"]);
}

/// On Unix, names are bytes.
#[test]
#[cfg(target_os = "linux")]
fn names_that_are_no_text_are_kept_exactly() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let workshop = Workshop::new();
    std::fs::create_dir(workshop.path("in")).unwrap();
    let name = |byte: u8| Path::new(OsStr::from_bytes(&[b'c', byte, b'.', b'p', b'n', b'g'])).to_owned();
    let (first, second) = (name(0xe8), name(0xe9));
    for (i, name) in [&first, &second].into_iter().enumerate() {
        gradient(40 + i, 30).save(workshop.path("in").join(name), &impasto::picture::SaveOptions::default()).unwrap();
    }
    let output = done(&workshop, &["in", "-o", "out", "--json"]);
    let records = lines(&output.stdout);
    let bytes = |field: &str| -> Vec<_> { records.iter().filter_map(|record| record[field].as_str()).collect() };
    let mut found = bytes("output_bytes");
    found.sort_unstable();
    assert_eq!(found, ["63e82e706e67", "63e92e706e67"]);
    assert_eq!(bytes("input_bytes").len(), 2);
    let said = stderr(&done(&workshop, &["in", "-o", "out", "--resume"]));
    assert!(said.contains("0 of 2 pictures") && said.contains("2 were done before"), "{said}");
    // The records in the pictures are exact, too, even those of styles with weights.
    let mut command = workshop.impasto(&["stylize", "style.png", "--model", "model.safetensors", "-s"]);
    let style = OsStr::from_bytes(b"in/c\xe8.png=0.25");
    let painted = command.arg(style).args(["-s", "content.png", "-o", "odd.png"]).output().unwrap();
    assert!(painted.status.success(), "{}", stderr(&painted));
    for picture in [&workshop.path("out").join(&second), &workshop.path("odd.png")] {
        let replayed = |more: &[&str]| {
            let mut command = workshop.impasto(&["replay", "--in", "in", "--in", "."]);
            command.args(more).arg(picture).output().unwrap()
        };
        let again = replayed(&["-o", "again.png"]);
        assert!(stderr(&again).contains("the same, byte for byte"), "{}", stderr(&again));
        std::fs::remove_file(workshop.path("again.png")).unwrap();
        // The command line that it prints works in a shell.
        let line = String::from_utf8(replayed(&["--dry-run"]).stdout).unwrap();
        let (options, content) = line.trim().strip_prefix("impasto ").and_then(|line| line.split_once(" -- ")).unwrap();
        let script = format!("\"$0\" {options} -o again.png -- {content}");
        let mut bash = std::process::Command::new("bash");
        bash.args(["-c", &script, env!("CARGO_BIN_EXE_impasto")]).current_dir(workshop.folder.path());
        let ran = bash.output().unwrap();
        assert!(ran.status.success(), "{script}: {}", stderr(&ran));
        assert_eq!(std::fs::read(workshop.path("again.png")).unwrap(), std::fs::read(picture).unwrap(), "{script}");
        std::fs::remove_file(workshop.path("again.png")).unwrap();
    }
}

#[test]
fn what_a_folder_leaves_out_is_counted_and_named() {
    let workshop = workshop(2);
    workshop.write("in/IMG_1.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic");
    std::fs::copy(workshop.path("in/000.png"), workshop.path("in/scan")).unwrap();
    workshop.write("in/notes.txt", b"nothing to see");
    std::fs::create_dir(workshop.path("in/sub")).unwrap();
    std::fs::copy(workshop.path("in/000.png"), workshop.path("in/sub/a.png")).unwrap();
    let output = done(&workshop, &["in", "-o", "out", "--json"]);
    let said = stderr(&output);
    for words in
        ["2 left out", "in/IMG_1.heic", "in/scan", "1 left out", "in/sub", "--recursive", "2 of 2 pictures", "3 left out"]
    {
        assert!(said.contains(words), "{words} in {said}");
    }
    assert!(!said.contains("notes.txt"), "{said}");
    let records = lines(&output.stdout);
    let left_out: Vec<_> = records.iter().filter(|record| record["state"] == "left out").collect();
    assert_eq!(left_out.len(), 3);
    assert_eq!(left_out[0]["input"], "in/IMG_1.heic");
    assert_eq!(records.last().unwrap()["summary"]["left_out"], 3);
    // If they are named, they are painted.
    let said = stderr(&done(&workshop, &["in", "in/scan", "-r", "-o", "all"]));
    assert!(said.contains("4 of 4 pictures") && said.contains("1 left out") && !said.contains("in/scan"), "{said}");
    assert_eq!(stderr(&done(&workshop, &["in", "-o", "quiet", "-q"])), "");
}

#[test]
fn a_style_is_never_replaced_by_a_picture_of_its_name() {
    let workshop = workshop(1);
    std::fs::rename(workshop.path("in/000.png"), workshop.path("in/style.png")).unwrap();
    let before = tree(workshop.folder.path());
    let output = workshop.run(&stylize(&["in", "-o", ".", "--force"]));
    assert_eq!(complaints(&output, 2, &["style.png", "--force", "another output"]), [""; 0]);
    assert!(tree(workshop.folder.path()) == before);
}

#[test]
fn a_mask_is_never_replaced_by_a_picture_of_its_name() {
    let workshop = workshop(1);
    std::fs::rename(workshop.path("in/000.png"), workshop.path("in/mask.png")).unwrap();
    workshop.save("mask.png", &gradient(20, 20));
    let before = tree(workshop.folder.path());
    let output = workshop.run(&stylize(&["in", "-o", ".", "--force", "--mask", "mask.png"]));
    assert_eq!(complaints(&output, 2, &["mask.png", "--force", "another output"]), [""; 0]);
    assert!(tree(workshop.folder.path()) == before);
}

#[test]
fn an_input_through_standard_input_is_kept() {
    let workshop = workshop(1);
    let before = tree(workshop.folder.path());
    let file = std::fs::File::open(workshop.path("in/000.png")).unwrap();
    let output = workshop.impasto(&stylize(&["-", "-o", "in/000.png", "--force"])).stdin(file).output().unwrap();
    assert_eq!(complaints(&output, 2, &["in/000.png", "--force", "another output"]), [""; 0]);
    assert!(tree(workshop.folder.path()) == before);
}
