//! JPEG files, whole and salvaged: our own decoder for unusual layouts, and the choice between it and the other.
#![no_main]

use impasto::Picture;
use impasto::picture::Limits;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let strict = Limits::default().max_pixels(1 << 16).max_bytes(1 << 20);
    let whole = Picture::decode(bytes, &strict);
    let salvaged = Picture::decode(bytes, &strict.salvage(true));
    // If a file can be read without salvage, the result with salvage is the same.
    if let Ok(whole) = whole {
        assert_eq!(salvaged.expect("a file that is read can be salvaged"), whole);
    }
});
