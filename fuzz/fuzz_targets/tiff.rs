//! TIFF files: our own reader, with fax, Zstandard and WebP inside.
#![no_main]

#[path = "../reader.rs"]
mod reader;

use impasto::picture::Format;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| reader::read(Format::Tiff, bytes));
