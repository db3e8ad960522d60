//! Records of how pictures were made, of all versions; manifests of batches; and option values as text.
#![no_main]

use impasto::Size;
use impasto::request::{Entries, Request, table};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(record) = Request::from_json(text) {
        let json = record.to_json();
        let again = Request::from_json(&json).expect("a record that was written is read");
        assert_eq!(again, record);
        assert_eq!((again.to_json(), again.key()), (json, record.key()));
        for reference in record.references() {
            assert!(std::path::Path::new(&reference.os_name()).components().count() <= 1, "{reference:?} leads to another folder");
        }
        let _ = record.options.stylize(None, None);
        let _ = record.options.encoding();
        for size in [Size { width: 1, height: 1 }, Size { width: 6000, height: 1 }, Size { width: 33, height: 48 }] {
            let size = record.options.size_of(size);
            assert!(size.width > 0 && size.height > 0);
        }
    }
    if let Ok(entries) = Entries::read(text.as_bytes()) {
        let name = text.lines().next().unwrap_or_default().as_ref();
        assert!(entries.done(name).is_none() || entries.owns(name));
    }
    for row in table() {
        // In requests a value has one form, whatever the text looked like.
        if let Ok(value) = row.read(text) {
            assert_eq!(row.check(&value), Ok(value), "{}", row.name);
        }
    }
});
