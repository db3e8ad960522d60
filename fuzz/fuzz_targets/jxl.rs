//! JPEG XL files.
#![no_main]

#[path = "../reader.rs"]
mod reader;

use impasto::picture::Format;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| reader::read(Format::Jxl, bytes));
