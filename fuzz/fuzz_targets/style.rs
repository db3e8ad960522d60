//! The reader of style files on any bytes. What it accepts must be usable, and survive being written and read again.
#![no_main]

use impasto::Style;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(style) = Style::from_bytes(bytes) else { return };
    assert!(style.vector().iter().all(|v| v.is_finite()));
    let texts = [style.name(), style.provenance()];
    assert!(texts.iter().flatten().all(|text| !text.contains(char::is_control) && text.chars().count() <= 200));
    let again = Style::from_bytes(&style.to_bytes().expect("a style can be written")).expect("what was written can be read");
    assert_eq!(again, style);
    let blend = Style::blend(&[(&style, 1.0), (&again, 3.0)]).expect("a style can be blended with itself");
    assert_eq!(blend.vector().len(), style.vector().len());
});
