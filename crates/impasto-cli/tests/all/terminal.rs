//! What a user sees at a terminal. `script` provides one that answers nothing by itself.
#![cfg(target_os = "linux")]

use crate::common;

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::Workshop;

const GOOD: &str = "stylize content.png -s style.png -o out.png --model model.safetensors";

/// Runs the program at a terminal where `keys` are typed. Returns its exit
/// code and everything that it wrote; nothing if `script` is missing.
fn at_a_terminal(workshop: &Workshop, arguments: &str, keys: &[u8]) -> Option<(Option<i32>, String)> {
    let mut command = Command::new("script");
    command.args(["-qec", &format!("exec {} {arguments}", env!("CARGO_BIN_EXE_impasto")), "/dev/null"]);
    command.current_dir(workshop.folder.path()).env("TERM", "xterm-256color");
    for name in ["IMPASTO_MODEL", "IMPASTO_ISA", "NO_COLOR", "TERM_PROGRAM", "LC_TERMINAL"] {
        command.env_remove(name);
    }
    let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let Ok(mut child) = spawned else {
        let _ = writeln!(std::io::stderr(), "skipped: no program `script`");
        return None;
    };
    // Kept open, because `script` would type an end of file at its end.
    let mut keyboard = child.stdin.take().unwrap();
    keyboard.write_all(keys).unwrap();
    let mut screen = child.stdout.take().unwrap();
    let seen = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        screen.read_to_end(&mut bytes).map(|_| bytes)
    });
    let deadline = Instant::now() + Duration::from_secs(60);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("impasto {arguments}: waits for ever");
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    Some((status.code(), String::from_utf8_lossy(&seen.join().unwrap().unwrap()).into_owned()))
}

#[test]
fn a_silent_terminal_gets_coloured_blocks() {
    let workshop = Workshop::new();
    let Some((code, seen)) = at_a_terminal(&workshop, &format!("{GOOD} --preview"), b"") else { return };
    assert_eq!(code, Some(0), "{seen:?}");
    assert!(seen.contains('▄'), "{seen:?}");
    assert!(workshop.path("out.png").is_file());
}

#[test]
fn a_terminal_that_answers_is_sent_what_it_can_show() {
    let workshop = Workshop::new();
    // Once for the program, once for the library that draws: a terminal with sixel graphics (4).
    let answer = b"\x1b[?62;4;22c\x1b[?62;4;22c";
    let Some((code, seen)) = at_a_terminal(&workshop, &format!("{GOOD} --preview"), answer) else { return };
    assert_eq!(code, Some(0), "{seen:?}");
    assert!(seen.contains("\x1bP") && !seen.contains('▄'), "no sixel picture: {seen:?}");
}

#[test]
fn a_terminal_is_told_what_was_written() {
    let workshop = Workshop::new();
    let Some((code, seen)) = at_a_terminal(&workshop, GOOD, b"") else { return };
    assert_eq!(code, Some(0), "{seen:?}");
    let bytes = workshop.path("out.png").metadata().unwrap().len();
    assert!(bytes > 10 << 10, "{bytes}");
    let expected = format!("impasto: wrote out.png: 67×93 pixels, {:.0} KiB, in ", bytes as f64 / 1024.0);
    assert!(seen.contains(&expected) && seen.trim_end().ends_with(" s"), "{seen:?}");
    for quiet in ["-q", "--json"] {
        let line = format!("{GOOD} --force {quiet}");
        let Some((code, seen)) = at_a_terminal(&workshop, &line, b"") else { return };
        assert!(code == Some(0) && !seen.contains("wrote"), "{seen:?}");
    }
}

#[test]
fn a_terminal_is_not_sent_a_files_bytes() {
    let workshop = Workshop::new();
    let arguments = GOOD.replace("out.png", "-");
    let Some((code, seen)) = at_a_terminal(&workshop, &arguments, b"") else { return };
    assert_eq!(code, Some(2), "{seen:?}");
    assert!(seen.contains("terminal") && !seen.contains("PNG"), "{seen:?}");
}
