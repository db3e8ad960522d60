//! What the tests of the program share: running it, and checking how it ended.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

#[path = "../../../impasto/tests/common/models.rs"]
#[allow(dead_code, reason = "shared with the tests of other crates")]
pub mod models;

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use impasto::Picture;
use impasto::weights::safetensors::{self, Precision};

/// The program, without anything in the tester's environment that would change what it does.
pub fn impasto() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_impasto"));
    command
        .env("XDG_DATA_HOME", "/nonexistent")
        .env("XDG_CACHE_HOME", "/nonexistent")
        .env_remove("IMPASTO_HOME")
        .env_remove("IMPASTO_REGISTRY")
        .env_remove("IMPASTO_MODEL")
        .env_remove("IMPASTO_ISA")
        .env_remove("RUST_BACKTRACE")
        .stdin(Stdio::null());
    command
}

/// Runs the program with these arguments.
pub fn run(arguments: &[impl AsRef<OsStr>]) -> Output {
    impasto().args(arguments).output().unwrap()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A folder with a model `model.safetensors`, a content picture `content.png` (67×93) and a style picture `style.png`.
pub struct Workshop {
    pub folder: tempfile::TempDir,
}

impl Workshop {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let workshop = Workshop { folder };
        let bytes = safetensors::to_bytes(&models::magenta().to_weights(), Precision::F32).unwrap();
        std::fs::write(workshop.path("model.safetensors"), bytes).unwrap();
        workshop.save("content.png", &gradient(67, 93));
        workshop.save("style.png", &gradient(64, 48));
        workshop
    }

    /// The same with a model `native.safetensors`, which paints in bands with the statistics of a thumbnail.
    pub fn with_native() -> Self {
        let workshop = Self::new();
        let bytes = safetensors::to_bytes(&models::native().to_weights(), Precision::F32).unwrap();
        workshop.write("native.safetensors", &bytes);
        workshop
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Makes a folder `in` with `count` different PNG pictures of this size.
    pub fn fill(&self, count: usize, [width, height]: [usize; 2]) {
        std::fs::create_dir(self.path("in")).unwrap();
        for i in 0..count {
            let mut picture = gradient(width, height);
            picture.rgb_mut().iter_mut().for_each(|v| *v *= 1.0 - i as f32 / (count + 1) as f32);
            self.save(&format!("in/{i:03}.png"), &picture);
        }
    }

    pub fn save(&self, name: &str, picture: &Picture) {
        picture.save(self.path(name), &impasto::picture::SaveOptions::default()).unwrap();
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    /// The program, started in the folder.
    pub fn impasto(&self, arguments: &[&str]) -> Command {
        let mut command = impasto();
        command.current_dir(self.folder.path()).args(arguments);
        command
    }

    /// Runs the program in the folder.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.impasto(arguments).output().unwrap()
    }

    /// Names of all files in the folder, sorted.
    pub fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// A picture that is different everywhere.
pub fn gradient(width: usize, height: usize) -> Picture {
    let pixel = |i: usize| [(i % width * 255 / width) as u8, (i / width * 255 / height) as u8, (i * 7 % 256) as u8];
    Picture::from_rgb8([width, height], &(0..width * height).flat_map(pixel).collect::<Vec<_>>()).unwrap()
}

pub fn open(path: impl AsRef<Path>) -> Picture {
    Picture::open(path, &impasto::picture::Limits::default()).unwrap()
}

/// Returns what is wrong with the end of a failed run. It must have this exit code, print one line on standard error
/// that names the program and contains these words, print nothing on standard output, and not panic.
pub fn complaints(output: &Output, code: i32, words: &[&str]) -> Vec<String> {
    let said = stderr(output);
    let mut complaints = Vec::new();
    if output.status.code() != Some(code) {
        complaints.push(format!("exit code {:?} instead of {code}", output.status.code()));
    }
    if said.lines().count() != 1 || !said.starts_with("impasto: ") || !said.ends_with('\n') {
        complaints.push("standard error is not one line that begins with `impasto: `".into());
    }
    if ["panicked", "RUST_BACKTRACE", "internal error", "src/"].iter().any(|sign| said.contains(sign)) {
        complaints.push("it panicked".into());
    }
    complaints.extend(words.iter().filter(|word| !said.contains(**word)).map(|word| format!("standard error lacks {word:?}")));
    if !output.stdout.is_empty() {
        complaints.push(format!("{} bytes on standard output", output.stdout.len()));
    }
    if !complaints.is_empty() {
        complaints.push(format!("it said: {said}"));
    }
    complaints
}

/// Returns a path in the folder of real weights beside the project (or in `IMPASTO_SHARED`). If
/// the folder is missing, prints a line on standard error and returns `None`.
pub fn shared(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("IMPASTO_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    if !root.is_dir() {
        let _ = writeln!(std::io::stderr(), "skipped: {path} (no folder {}; set IMPASTO_SHARED)", root.display());
        return None;
    }
    let full = root.join(path);
    assert!(full.exists(), "{} is absent", full.display());
    Some(full)
}
