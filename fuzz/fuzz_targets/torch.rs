//! The reader of PyTorch checkpoints on any bytes. It reads files by path, so one
//! file is kept and rewritten for each input.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use impasto::weights::{Limits, load_file};
use libfuzzer_sys::fuzz_target;

static FILE: LazyLock<PathBuf> = LazyLock::new(|| std::env::temp_dir().join(format!("impasto-fuzz-{}.pth", std::process::id())));

fuzz_target!(|bytes: &[u8]| {
    std::fs::write(&*FILE, bytes).expect("the temporary folder can be written");
    let _ = load_file(&FILE, &Limits::default());
});
