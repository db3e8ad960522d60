//! The commands of README.md work, one after the other, in one folder.
#![cfg(all(unix, feature = "embedded"))]

use crate::common;

use std::process::Command;

use common::gradient;
use impasto::picture::SaveOptions;

/// Commands that need more than this program: the network, cargo, or a running server.
const LEFT_OUT: [&str; 4] = [
    "cargo run --release -- demo -o demo.png",
    "cargo test --workspace",
    "cargo install --locked --path crates/impasto-cli",
    "curl -F content=@photo.jpg -F style_name=starry http://127.0.0.1:8300/v1/stylize -o out.jpg",
];

/// Returns the lines of all blocks of shell commands. Continued lines are joined.
fn commands(text: &str) -> Vec<String> {
    let mut commands = Vec::new();
    let mut inside = false;
    let mut begun = String::new();
    for line in text.lines() {
        match line {
            "```sh" => inside = true,
            "```" => inside = false,
            _ if !inside || line.trim().is_empty() => {}
            _ => match line.strip_suffix('\\') {
                Some(line) => begun += line,
                None => commands.push(std::mem::take(&mut begun) + line),
            },
        }
    }
    commands
}

#[test]
fn all_commands_of_the_readme_work() {
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md");
    let (run, left): (Vec<_>, Vec<_>) =
        commands(&std::fs::read_to_string(readme).unwrap()).into_iter().partition(|line| line.starts_with("impasto "));
    assert_eq!(left, LEFT_OUT);
    assert!(run.len() >= 8, "{run:#?}");
    let folder = tempfile::tempdir().unwrap();
    // The mask has the photo's proportions.
    let pictures =
        [("photo.jpg", 96, 64), ("painting.jpg", 80, 70), ("waves.jpg", 70, 80), ("night.jpg", 90, 60), ("sky.png", 48, 32)];
    for (name, width, height) in pictures {
        gradient(width, height).save(folder.path().join(name), &SaveOptions::default()).unwrap();
    }
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_impasto"));
    let path = std::env::join_paths(
        std::iter::once(program.parent().unwrap().to_owned())
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
    );
    let path = path.unwrap();
    for line in run {
        let mut shell = Command::new("sh");
        shell.args(["-c", &line]).current_dir(folder.path()).env("PATH", &path);
        for name in ["IMPASTO_MODEL", "IMPASTO_ISA"] {
            shell.env_remove(name);
        }
        let output = shell.stdin(std::process::Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{line}\n{}", common::stderr(&output));
    }
}
