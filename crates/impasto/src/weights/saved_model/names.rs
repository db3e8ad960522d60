//! The names of variables. The keys of an object-based bundle are only paths (`variables/17/.ATTRIBUTES/…`).
//!
//! Field numbers are those of TensorFlow's `trackable_object_graph.proto`,
//! `saved_model.proto`, `meta_graph.proto` and `saved_object_graph.proto`.

use std::collections::{BTreeMap, VecDeque};

use super::index::Record;
use crate::Result;
use crate::weights::collect::malformed;
use crate::weights::wire::{Fields, Value};

/// The key under which an object-based bundle stores its object graph.
pub(super) const OBJECT_GRAPH_KEY: &str = "_CHECKPOINTABLE_OBJECT_GRAPH";
/// The suffix of all keys that hold a variable's value.
const VALUE_SUFFIX: &str = "/.ATTRIBUTES/VARIABLE_VALUE";

/// Names by key.
pub(super) type Names = BTreeMap<String, String>;

/// Collects the names in a `TrackableObjectGraph`, for keys that are in the index.
pub(super) fn from_object_graph(graph: &[u8], records: &BTreeMap<String, Record>, names: &mut Names) -> Result<()> {
    for node in repeated(graph, 1) {
        for attribute in repeated(node?.bytes()?, 2) {
            let (mut full_name, mut key) = ("", "");
            for field in Fields(attribute?.bytes()?) {
                match field? {
                    (2, value) => full_name = value.str()?,
                    (3, value) => key = value.str()?,
                    _ => {}
                }
            }
            note(names, records, key, full_name);
        }
    }
    Ok(())
}

/// Collects the names in the object graph of a `saved_model.pb`. Walks it from the root, as the writer of the keys did.
pub(super) fn from_saved_model(saved_model: &[u8], records: &BTreeMap<String, Record>, names: &mut Names) -> Result<()> {
    for meta_graph in repeated(saved_model, 2) {
        for object_graph in repeated(meta_graph?.bytes()?, 7) {
            let nodes = repeated(object_graph?.bytes()?, 1).map(|node| node?.bytes()).collect::<Result<Vec<_>>>()?;
            walk(&nodes, records, names)?;
        }
    }
    Ok(())
}

/// Walks breadth first: an object's key is the shortest path to it, and the first among the shortest.
fn walk(nodes: &[&[u8]], records: &BTreeMap<String, Record>, names: &mut Names) -> Result<()> {
    // For each object that was reached: the object it was reached from, and its name there. Paths are built only
    // when they are needed, because all of them together could be long.
    let mut reached: Vec<Option<(usize, &str)>> = vec![None; nodes.len()];
    let mut queue = VecDeque::from([0]);
    while let Some(at) = queue.pop_front() {
        let Some(node) = nodes.get(at) else { continue };
        for field in Fields(node) {
            match field? {
                (1, child) => {
                    let (mut id, mut local_name) = (0, "");
                    for field in Fields(child.bytes()?) {
                        match field? {
                            (1, value) => id = value.index()?,
                            (2, value) => local_name = value.str()?,
                            _ => {}
                        }
                    }
                    let slot = reached.get_mut(id).ok_or_else(|| malformed("an object refers to one that is missing"))?;
                    if id != 0 && slot.is_none() {
                        *slot = Some((at, local_name));
                        queue.push_back(id);
                    }
                }
                (7, variable) => {
                    if let (Some(name), Some(key)) = (string_field(variable.bytes()?, 6)?, key_of(at, &reached)) {
                        note(names, records, &key, name);
                    }
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// The key of a variable: the path to it, with special characters escaped.
fn key_of(mut at: usize, reached: &[Option<(usize, &str)>]) -> Option<String> {
    const DEEPEST: usize = 64;
    let mut path = Vec::new();
    while at != 0 {
        let (parent, local_name) = reached[at]?;
        if path.len() == DEEPEST || local_name.len() > 1024 {
            return None;
        }
        path.push(local_name.replace('.', "..").replace('/', ".S"));
        at = parent;
    }
    path.reverse();
    Some(path.join("/") + VALUE_SUFFIX)
}

fn note(names: &mut Names, records: &BTreeMap<String, Record>, key: &str, name: &str) {
    if !name.is_empty() && records.contains_key(key) {
        names.entry(key.to_owned()).or_insert_with(|| name.to_owned());
    }
}

/// Decides the name of each key: its own name if no other key has the same one, otherwise its path.
pub(super) fn settle(names: &mut Names, records: &BTreeMap<String, Record>) {
    let mut uses: BTreeMap<String, usize> = BTreeMap::new();
    for name in names.values() {
        *uses.entry(name.clone()).or_default() += 1;
    }
    // Keras gives many variables the same name ("kernel"); paths are unique.
    names.retain(|_, name| uses[name.as_str()] == 1);
    for key in records.keys() {
        names.entry(key.clone()).or_insert_with(|| key.strip_suffix(VALUE_SUFFIX).unwrap_or(key).to_owned());
    }
}

/// The values of a repeated field.
fn repeated(message: &[u8], number: u64) -> impl Iterator<Item = Result<Value<'_>>> {
    Fields(message).filter_map(move |field| match field {
        Ok((found, value)) => (found == number).then_some(Ok(value)),
        Err(e) => Some(Err(e)),
    })
}

fn string_field(message: &[u8], number: u64) -> Result<Option<&str>> {
    repeated(message, number).last().map(|value| value?.str()).transpose()
}
