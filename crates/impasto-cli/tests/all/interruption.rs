//! Ends that come from outside: Ctrl-C, a full disk, a reader that has gone.
#![cfg(target_os = "linux")]

use crate::common;

use std::fs::OpenOptions;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{Workshop, complaints, gradient, stderr};

const TO_STDOUT: [&str; 8] = ["stylize", "content.png", "-s", "style.png", "-o", "-", "--model", "model.safetensors"];

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

/// Waits until the process has this many threads: those of the engine are there as soon as it paints.
fn wait_for_threads(child: &Child, count: usize) {
    let deadline = Instant::now() + Duration::from_secs(60);
    let tasks = format!("/proc/{}/task", child.id());
    while std::fs::read_dir(&tasks).map_or(0, Iterator::count) < count {
        assert!(Instant::now() < deadline, "the engine did not start");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn ctrl_c_stops_a_long_painting_and_leaves_nothing() {
    let workshop = Workshop::new();
    workshop.save("large.png", &gradient(4000, 3000));
    let before = workshop.files();
    for name in ["-INT", "-TERM"] {
        let arguments =
            ["stylize", "large.png", "-s", "style.png", "-o", "out.png", "--model", "model.safetensors", "--threads", "5"];
        let child = workshop.impasto(&arguments).stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        // The main thread, the one that waits for signals, and the engine's.
        wait_for_threads(&child, 7);
        signal(&child, name);
        let output = child.wait_with_output().unwrap();
        assert_eq!(complaints(&output, 130, &["interrupted"]), [""; 0], "{name}");
        assert_eq!(workshop.files(), before, "{name}");
    }
}

#[test]
fn ctrl_c_ends_the_wait_for_standard_input() {
    let workshop = Workshop::new();
    let mut command = workshop.impasto(&["stylize", "-", "-s", "style.png", "-o", "out.png", "--model", "model.safetensors"]);
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let _open = child.stdin.take();
    wait_for_threads(&child, 2);
    signal(&child, "-INT");
    let output = child.wait_with_output().unwrap();
    assert_eq!(complaints(&output, 130, &["interrupted"]), [""; 0]);
    assert!(!workshop.path("out.png").exists());
}

#[test]
fn a_full_disk_is_told() {
    let workshop = Workshop::new();
    for arguments in
        [&TO_STDOUT[..], &["--help"], &["--version"], &["models", "info", "model.safetensors"], &["completions", "zsh"]]
    {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = workshop.impasto(arguments).stdout(full).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(complaints(&output, 1, &["standard output", "No space left"]), [""; 0], "{arguments:?}");
    }
    let to_device =
        ["stylize", "content.png", "-s", "style.png", "-o", "/dev/full", "--format", "png", "--model", "model.safetensors"];
    assert_eq!(complaints(&workshop.run(&to_device), 1, &["/dev/full", "No space left"]), [""; 0]);
}

#[test]
fn a_file_limit_leaves_no_half_file() {
    let workshop = Workshop::new();
    let before = workshop.files();
    // A limit on file sizes is the nearest thing to a full disk that a test can have: writing fails in the middle of the file.
    let script = "ulimit -f 1; trap '' XFSZ; exec \"$0\" \"$@\"";
    for (name, arguments) in [
        ("out.png", &["stylize", "content.png", "-s", "style.png", "-o", "out.png", "--model", "model.safetensors"][..]),
        ("new.safetensors", &["models", "import", "model.safetensors", "-o", "new.safetensors"]),
    ] {
        let mut command = Command::new("sh");
        command.args(["-c", script, env!("CARGO_BIN_EXE_impasto")]).current_dir(workshop.folder.path()).args(arguments);
        let output = command.output().unwrap();
        assert_eq!(complaints(&output, 1, &[name, "File too large"]), [""; 0]);
        // The temporary file is nothing that the user knows of.
        assert!(!stderr(&output).contains(".impasto-"), "{}", stderr(&output));
        assert_eq!(workshop.files(), before);
    }
}

#[test]
fn a_reader_that_leaves_ends_it_quietly() {
    let workshop = Workshop::new();
    // The result must be larger than what a pipe holds.
    let mut arguments = TO_STDOUT.to_vec();
    arguments.extend(["--size", "400", "--format", "tiff"]);
    let mut child = workshop.impasto(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 10];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(1), ""));
}

#[test]
fn a_closed_standard_error_is_no_reason_to_panic() {
    let workshop = Workshop::new();
    let script = "exec \"$0\" \"$@\" 2>&-";
    let mut command = Command::new("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_impasto"), "stylize", "missing.png", "-s", "x.png", "-o", "out.png"]);
    command.current_dir(workshop.folder.path());
    assert_eq!(command.output().unwrap().status.code(), Some(1));
}
