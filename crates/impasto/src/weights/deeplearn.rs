//! Checkpoints of deeplearn.js: a folder with `manifest.json`, which names a file of
//! plain float32 values for each array.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::Weights;
use super::collect::{Collector, check_size, count, malformed, quoted};
use super::element::Element;
use super::files::{self, Quota, Source};
use super::tfjs::is_plain_name;
use crate::Result;

/// The file that lists the others.
pub(super) const MANIFEST: &str = "manifest.json";

#[derive(Deserialize)]
struct Entry {
    filename: String,
    shape: Vec<usize>,
}

/// Reads all arrays, given the path of the manifest.
pub(super) fn load(path: &Path, quota: &mut Quota) -> Result<Weights> {
    let bytes = files::read(path, quota)?;
    let entries: BTreeMap<String, Entry> = serde_json::from_slice(&bytes)
        .map_err(|e| malformed(format!("is not a manifest of deeplearn.js: {e}")).context(path.display()))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut found = Collector::new(bytes.len() as u64);
    for (name, Entry { filename, shape }) in &entries {
        if !is_plain_name(filename) {
            let text = format!("{} is in {}, which is not a file in this folder", quoted(name), quoted(filename));
            return Err(malformed(text).context(path.display()));
        }
        let file = folder.join(filename);
        let mut source = Source::open(&file, quota)?;
        let mut read = || -> Result<()> {
            let count = count(name, shape)?;
            check_size(name, shape, count, Element::F32.size(), source.len())?;
            found.add_file(source.len());
            found.reserve(name, shape)?;
            let mut values = Vec::new();
            // This allocation is bounded: `reserve` has paid for the values.
            source.read_at(0, count * Element::F32.size(), &mut values)?;
            found.add(name, shape, Element::F32.decode(&values))
        };
        read().map_err(|e| e.context(file.display()))?;
    }
    found.finish()
}
