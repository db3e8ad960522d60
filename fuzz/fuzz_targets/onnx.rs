//! The ONNX reader on any bytes, and the recognizer on its result.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(weights) = impasto::weights::onnx::read(bytes) {
        let _ = impasto::Model::from_weights("fuzz.onnx", weights);
    }
});
