//! TensorFlow.js models: a `model.json` (graph or layers model) whose `weightsManifest` lists
//! arrays, stored one after the other in shards beside it.

mod manifest;

use std::collections::BTreeSet;
use std::path::Path;

use self::manifest::{Group, Manifest};
use super::collect::{Collector, malformed, quoted};
use super::files::{self, Quota, Source};
use super::{Limits, Weights};
use crate::{Error, Result};

/// Reads the arrays of a model whose shards are already in memory: `shard` returns the
/// bytes of the file with this name.
///
/// float32 and float16 are read, and float32 quantized to uint8, uint16 or float16; integers and booleans are left out.
/// Axis orders are TensorFlow's: convolution kernels `[h, w, in, out]`, depthwise ones `[h, w, channels, multiplier]`.
///
/// # Errors
/// [`Malformed`](crate::ErrorKind::Malformed) if the manifest and the shards are inconsistent, if a shard's name is
/// not a plain file name, or if an array holds a NaN or infinity; [`Unsupported`](crate::ErrorKind::Unsupported) for
/// types of weights that no float network has; and the errors of `shard`.
pub fn read(model_json: &[u8], shard: impl FnMut(&str) -> Result<Vec<u8>>) -> Result<Weights> {
    read_groups(model_json.len(), &shard_groups(model_json)?, shard)
}

/// Reads a model from a folder, given the path of its `model.json`.
pub(super) fn load(model_json: &Path, quota: &mut Quota) -> Result<Weights> {
    let json = files::read(model_json, quota)?;
    let groups = shard_groups(&json).map_err(|e| e.context(model_json.display()))?;
    let folder = model_json.parent().unwrap_or(Path::new(""));
    // All sizes are counted before the first byte of weights is read.
    for path in groups.iter().flat_map(|group| &group.paths) {
        Source::open(&folder.join(path), quota).map_err(|e| missing(e, model_json))?;
    }
    let read = |name: &str| files::read(&folder.join(name), &mut quota.afresh());
    read_groups(json.len(), &groups, read).map_err(|e| e.context(model_json.display()))
}

/// Reads a model from a folder, given the path of its `model.json`. Skips groups of arrays whose shards are missing:
/// classifiers are published in parts, and the first parts are enough for many uses.
pub(crate) fn load_what_is_there(model_json: &Path, limits: &Limits) -> Result<Weights> {
    let mut quota = Quota::new(limits.max_bytes);
    let json = files::read(model_json, &mut quota)?;
    let mut groups = shard_groups(&json).map_err(|e| e.context(model_json.display()))?;
    let folder = model_json.parent().unwrap_or(Path::new(""));
    groups.retain(|group| group.paths.iter().all(|path| folder.join(path).is_file()));
    let read = |name: &str| files::read(&folder.join(name), &mut quota);
    read_groups(json.len(), &groups, read).map_err(|e| e.context(model_json.display()))
}

fn missing(error: Error, model_json: &Path) -> Error {
    error.context(format!("{} needs a shard beside it", model_json.display()))
}

/// Returns the manifest's groups, with the file names checked.
fn shard_groups(model_json: &[u8]) -> Result<Vec<Group>> {
    let groups = Manifest::parse(model_json)?.groups;
    let mut seen = BTreeSet::new();
    for path in groups.iter().flat_map(|group| &group.paths) {
        if !is_plain_name(path) {
            return Err(malformed(format!("the manifest's shard {} is not the plain name of a file beside it", quoted(path))));
        }
        if !seen.insert(path) {
            return Err(malformed(format!("the manifest names the shard {} twice", quoted(path))));
        }
    }
    Ok(groups)
}

/// Whether this can only be a file in the same folder, on any system. Manifests come from strangers.
pub(super) fn is_plain_name(name: &str) -> bool {
    let harmless = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ' | '+' | '@' | '=' | '(' | ')');
    !name.is_empty() && name.len() <= 255 && !name.starts_with('.') && name.chars().all(harmless)
}

fn read_groups(json_len: usize, groups: &[Group], mut shard: impl FnMut(&str) -> Result<Vec<u8>>) -> Result<Weights> {
    let mut found = Collector::new(json_len as u64);
    for group in groups {
        let mut bytes = Vec::new();
        for path in &group.paths {
            // Arrays may continue in the next shard.
            let mut next = shard(path)?;
            if bytes.is_empty() {
                bytes = next;
            } else {
                bytes.append(&mut next);
            }
        }
        found.add_file(bytes.len() as u64);
        group.decode(&bytes, &mut found)?;
    }
    found.finish()
}
