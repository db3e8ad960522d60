//! The safetensors reader on any bytes. What it accepts must survive being written and read again.
#![no_main]

use impasto::weights::safetensors::{Precision, read, to_bytes};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(weights) = read(bytes) else { return };
    let _ = to_bytes(&weights, Precision::F16);
    let again =
        read(&to_bytes(&weights, Precision::F32).expect("finite values can be written")).expect("what was written can be read");
    assert!(again.iter().eq(weights.iter()) && again.metadata == weights.metadata);
});
