//! Ends from outside: Ctrl-C, a full disk, a reader that is gone.
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

/// Waits until the process has this many threads. Those of the engine start when it paints.
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
    for name in ["-INT", "-TERM", "-HUP", "-QUIT", "-XCPU"] {
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
    // A test cannot fill the disk. A limit on file sizes comes closest: writing fails in the middle of the file.
    let script = "ulimit -f 1; exec \"$0\" \"$@\"";
    for (name, arguments) in [
        ("out.png", &["stylize", "content.png", "-s", "style.png", "-o", "out.png", "--model", "model.safetensors"][..]),
        ("new.safetensors", &["models", "import", "model.safetensors", "-o", "new.safetensors"]),
    ] {
        let mut command = Command::new("sh");
        command.args(["-c", script, env!("CARGO_BIN_EXE_impasto")]).current_dir(workshop.folder.path()).args(arguments);
        let output = command.output().unwrap();
        assert_eq!(complaints(&output, 1, &[name, "File too large"]), [""; 0]);
        // The user does not know the temporary file.
        assert!(!stderr(&output).contains(".impasto-"), "{}", stderr(&output));
        assert_eq!(workshop.files(), before);
    }
}

#[test]
fn a_reader_that_leaves_ends_it_quietly() {
    let workshop = Workshop::new();
    // The result must be larger than the buffer of a pipe.
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

/// Names that a shell gives to standard output, pipes and open files are written to directly.
#[test]
fn pipes_and_open_files_are_written_to_by_name() {
    let workshop = Workshop::new();
    let script = "set -e; run() { \"$0\" stylize content.png -s style.png --model model.safetensors \"$@\"; }
        run -o direct.png
        run -o /dev/stdout | cmp - direct.png
        run -o /dev/fd/1 --format png | cmp - direct.png
        printf before > redirected; run -o /dev/stdout >> redirected; tail -c +7 redirected | cmp - direct.png
        run -o /dev/fd/5 5> opened; cmp opened direct.png
        run -o >(cat > substituted); i=0
        while ! cmp -s substituted direct.png; do sleep 0.1; i=$((i + 1)); [ $i -lt 100 ]; done
        mkfifo pipe.png; cat pipe.png > through & run -o pipe.png --force; wait; cmp through direct.png; [ -p pipe.png ]
        ln -s /dev/stdout link.png; run -o link.png | cmp - direct.png";
    let mut command = Command::new("bash");
    command.args(["-c", script, env!("CARGO_BIN_EXE_impasto")]).current_dir(workshop.folder.path());
    let output = command.output().unwrap();
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""), "{}", String::from_utf8_lossy(&output.stdout));
    let lost =
        ["stylize", "content.png", "-s", "style.png", "--model", "model.safetensors", "-o", "/dev/fd/77", "--format", "png"];
    assert_eq!(complaints(&workshop.run(&lost), 1, &["/dev/fd/77", "no open file"]), [""; 0]);
}

#[test]
fn nobody_reads_a_pipe_and_ctrl_c_ends_the_wait() {
    let workshop = Workshop::new();
    assert!(Command::new("mkfifo").arg(workshop.path("pipe.png")).status().unwrap().success());
    let arguments = ["stylize", "content.png", "-s", "style.png", "-o", "pipe.png", "--model", "model.safetensors"];
    let child = workshop.impasto(&arguments).stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_secs(3));
    signal(&child, "-INT");
    assert_eq!(complaints(&child.wait_with_output().unwrap(), 130, &["interrupted"]), [""; 0]);
}

/// `nohup` makes the program ignore SIGHUP.
#[test]
fn a_hangup_stops_it_unless_its_parent_ignores_it() {
    let workshop = Workshop::new();
    workshop.save("large.png", &gradient(2000, 1500));
    for (script, code) in [("exec \"$0\" \"$@\"", 130), ("trap '' HUP; exec \"$0\" \"$@\"", 0)] {
        let mut command = Command::new("sh");
        command.args(["-c", script, env!("CARGO_BIN_EXE_impasto"), "stylize", "large.png", "-s", "style.png", "-o", "out.png"]);
        command.args(["--model", "model.safetensors", "--threads", "5"]).current_dir(workshop.folder.path());
        let child = command.stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        wait_for_threads(&child, 7);
        signal(&child, "-HUP");
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{script}: {}", stderr(&output));
        assert_eq!(workshop.path("out.png").exists(), code == 0, "{script}");
    }
    // A server ends with code 0 when asked to.
    for (script, survives) in [("exec \"$0\" \"$@\"", false), ("trap '' HUP; exec \"$0\" \"$@\"", true)] {
        let mut command = Command::new("sh");
        command.args(["-c", script, env!("CARGO_BIN_EXE_impasto"), "serve", "--port", "0"]);
        let mut child = command.stderr(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdout.as_mut().unwrap().read_exact(&mut [0; 7]).unwrap();
        // Now it is serving. Before that, it would end at once and with another code.
        std::thread::sleep(Duration::from_millis(500));
        signal(&child, "-HUP");
        std::thread::sleep(Duration::from_secs(1));
        let runs = child.try_wait().unwrap().is_none();
        assert_eq!(runs, survives, "{script}");
        if runs {
            signal(&child, "-TERM");
        }
        assert_eq!(child.wait().unwrap().code(), Some(0), "{script}");
    }
}

/// A killed program cannot clean up; the next run in the folder does.
#[test]
fn what_killed_runs_have_left_is_removed_by_the_next() {
    let workshop = Workshop::new();
    workshop.write(".impasto-dead.part", b"half");
    workshop.write(".impasto-alive.part", b"half");
    workshop.write("other.part", b"whole");
    let alive = std::fs::File::open(workshop.path(".impasto-alive.part")).unwrap();
    alive.lock().unwrap();
    let before = workshop.files();
    let expected: Vec<_> = before.into_iter().filter(|name| name != ".impasto-dead.part").collect();
    let arguments = ["stylize", "missing.png", "-s", "style.png", "-o", "out.png", "--model", "model.safetensors"];
    assert_eq!(complaints(&workshop.run(&arguments), 1, &["missing.png"]), [""; 0]);
    assert_eq!(workshop.files(), expected);
}
