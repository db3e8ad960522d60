//! The TFLite reader on any bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = impasto::weights::tflite::read(bytes);
});
