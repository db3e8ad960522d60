//! Registry files, and the web addresses in them.
#![no_main]

use impasto_models::{Address, Registry, address};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(registry) = Registry::parse(text) {
        for entry in registry.entries() {
            // A name may look like another model's address, but looking it up must find its own model.
            assert!(registry.find(&entry.name).is_some_and(|found| found.name == entry.name));
            assert!(!entry.trust().is_empty());
            let addresses = entry.addresses.iter().chain(entry.files.iter().flat_map(|item| &item.mirrors));
            addresses.for_each(|address| _ = registry.find(address));
        }
        let _ = registry.suggest(&text.chars().take(20).collect::<String>());
    }
    if let Ok(read) = Address::parse(text) {
        let written = read.to_string();
        assert_eq!(Address::parse(&written).as_ref().map(ToString::to_string).ok(), Some(written), "{text:?}");
        assert!(!read.last_name().contains(['/', '\\', '\0']) && read.last_name() != "..");
        let _ = read.join(text);
    }
    let _ = address::comparable(text);
});
