//! The TFJS reader on a `model.json` and one shard, which is used for every shard that the manifest names.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // JSON contains no zero byte, so the first one separates the two.
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    let (json, shard) = (&bytes[..end], bytes.get(end + 1..).unwrap_or_default());
    let _ = impasto::weights::tfjs::read(json, |_| Ok(shard.to_vec()));
});
