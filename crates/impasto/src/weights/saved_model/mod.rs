//! TensorFlow's variables: SavedModels (TF-Hub modules) and checkpoints.
//!
//! Both are "bundles": an index, `variables.index`, which is a LevelDB table of what is stored where, and data files,
//! `variables.data-00000-of-00002` and so on. In a checkpoint of TensorFlow 1 the keys are the variables' names. In an
//! object-based one they are paths, and an object graph, stored as one more (string) variable, has the names.

mod index;
mod names;
mod shards;
mod table;

use std::path::{Path, PathBuf};

use self::index::{Index, Record, STRING};
use self::names::{Names, OBJECT_GRAPH_KEY};
use self::shards::{FileShards, Shards};
pub(super) use self::table::is_table;
use super::collect::{Collector, check_size, count, malformed, quoted};
use super::files::{self, Quota};
use super::{Limits, Weights, wire};
use crate::Result;

/// One variable as the index of a bundle lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// The name that the program that saved it gave it.
    pub name: String,
    /// Its key in the index.
    pub key: String,
    /// Lengths of its axes.
    pub shape: Vec<usize>,
    /// TensorFlow's number for its type (1 is float32, 7 is string, 9 is int64).
    pub dtype: u64,
    /// The number of the data file that holds it.
    pub shard: usize,
    /// Where it starts in that file, in bytes.
    pub offset: usize,
    /// Its size in bytes.
    pub size: usize,
}

/// Reads the variables of a bundle whose files are in memory: the index, its data files in order, and
/// `saved_model.pb` if there is one (it has the names if the bundle itself does not).
///
/// Variables of float32, float64, float16 and bfloat16 are read; integers and strings are left out. Axis
/// orders are TensorFlow's: convolution kernels `[h, w, in, out]`, depthwise ones `[h, w, channels,
/// multiplier]`. If several variables share a name, their paths are used instead.
///
/// # Errors
/// [`Malformed`](crate::ErrorKind::Malformed) if a file is damaged (all checksums are compared) or an array holds a
/// NaN or infinity; [`Unsupported`](crate::ErrorKind::Unsupported) for big-endian or partitioned variables.
pub fn read(index: &[u8], shards: &[&[u8]], saved_model: Option<&[u8]>) -> Result<Weights> {
    let index = Index::parse(index)?;
    if shards.len() != index.shards {
        return Err(malformed(format!("the index belongs to {} data files, but there are {}", index.shards, shards.len())));
    }
    let mut shards = shards;
    let names = settled_names(&index, Some(&mut shards), saved_model)?;
    collect(&index, &names, &mut shards)
}

/// Lists the variables in the index of a bundle, in the order of their keys, without reading the data.
///
/// `path` is a SavedModel's folder, a bundle's index, or a checkpoint's prefix (`model.ckpt` for `model.ckpt.index`).
/// Names come from the data file with the object graph if it exists, otherwise from `saved_model.pb`.
///
/// # Errors
/// If a required file is missing, too large or damaged.
pub fn entries(path: &Path, limits: &Limits) -> Result<Vec<Entry>> {
    let bundle = Bundle::locate(path)?;
    let mut quota = Quota::new(limits.max_bytes);
    let index = bundle.index(&mut quota)?;
    let graph_shard = index.records.get(OBJECT_GRAPH_KEY).map(|record| record.shard);
    let present = graph_shard.filter(|&shard| shards::path(&bundle.prefix, shard, index.shards).exists());
    let mut shards = FileShards::open(&bundle.prefix, index.shards, present.into_iter(), &mut quota)?;
    let saved_model = bundle.saved_model(&mut quota)?;
    let names = settled_names(&index, present.map(|_| &mut shards as &mut dyn Shards), saved_model.as_deref());
    let names = names.map_err(|e| e.context(bundle.prefix.display()))?;
    let entries = index.records.iter().map(|(key, record)| Entry {
        name: names[key].clone(),
        key: key.clone(),
        shape: record.shape.clone(),
        dtype: record.dtype,
        shard: record.shard,
        offset: record.offset,
        size: record.size,
    });
    Ok(entries.collect())
}

/// Reads a SavedModel's folder, or a bundle by its index or prefix.
pub(super) fn load(path: &Path, quota: &mut Quota) -> Result<Weights> {
    let bundle = Bundle::locate(path)?;
    let index = bundle.index(quota)?;
    let used = index.records.iter().filter(|(key, record)| record.element().is_some() || *key == OBJECT_GRAPH_KEY);
    let mut shards = FileShards::open(&bundle.prefix, index.shards, used.map(|(_, record)| record.shard), quota)?;
    let saved_model = bundle.saved_model(quota)?;
    let weights =
        settled_names(&index, Some(&mut shards), saved_model.as_deref()).and_then(|names| collect(&index, &names, &mut shards));
    weights.map_err(|e| e.context(bundle.prefix.display()))
}

/// The location of a bundle's files.
struct Bundle {
    prefix: PathBuf,
    saved_model: Option<PathBuf>,
}

impl Bundle {
    fn locate(path: &Path) -> Result<Self> {
        if !path.is_dir() {
            let prefix = if path.extension().is_some_and(|e| e == "index") { path.with_extension("") } else { path.to_owned() };
            let saved_model = prefix.parent().and_then(Path::parent).map(|folder| folder.join("saved_model.pb"));
            let saved_model = saved_model.filter(|file| prefix.ends_with("variables/variables") && file.is_file());
            return Ok(Bundle { prefix, saved_model });
        }
        let saved_model = Some(path.join("saved_model.pb")).filter(|file| file.is_file());
        // The folder `variables` itself is accepted, too.
        let own = path.join("variables.index").is_file();
        let prefix = if own { path.join("variables") } else { path.join("variables").join("variables") };
        Ok(Bundle { prefix, saved_model })
    }

    fn index(&self, quota: &mut Quota) -> Result<Index> {
        let mut path = self.prefix.clone().into_os_string();
        path.push(".index");
        let path = PathBuf::from(path);
        let bytes = files::read(&path, quota)?;
        Index::parse(&bytes).map_err(|e| e.context(path.display()))
    }

    fn saved_model(&self, quota: &mut Quota) -> Result<Option<Vec<u8>>> {
        self.saved_model.as_deref().map(|path| files::read(path, quota)).transpose()
    }
}

/// Finds the name of each key: in the bundle's own object graph if it is available, then in `saved_model.pb`.
fn settled_names(index: &Index, shards: Option<&mut dyn Shards>, saved_model: Option<&[u8]>) -> Result<Names> {
    let mut names = Names::new();
    if let Some(record) = index.records.get(OBJECT_GRAPH_KEY) {
        if let Some(shards) = shards {
            let graph = object_graph(record, shards).map_err(|e| e.context(OBJECT_GRAPH_KEY))?;
            names::from_object_graph(&graph, &index.records, &mut names).map_err(|e| e.context(OBJECT_GRAPH_KEY))?;
        }
        let nameless = index.records.iter().any(|(key, record)| record.element().is_some() && !names.contains_key(key));
        if let Some(saved_model) = saved_model.filter(|_| nameless) {
            names::from_saved_model(saved_model, &index.records, &mut names).map_err(|e| e.context("saved_model.pb"))?;
        }
    }
    names::settle(&mut names, &index.records);
    Ok(names)
}

/// Reads the serialized object graph, a string variable without axes.
fn object_graph(record: &Record, shards: &mut dyn Shards) -> Result<Vec<u8>> {
    if record.dtype != STRING || !record.shape.is_empty() {
        return Err(malformed("is not a single string"));
    }
    let mut bytes = Vec::new();
    check_place(record, shards)?;
    shards.read(record.shard, record.offset, record.size, &mut bytes)?;
    // The string's length, the checksum of the length (over 4 bytes, if they suffice), then the string.
    let mut rest = &bytes[..];
    let len = wire::varint_usize(&mut rest)?;
    let stored = wire::take(&mut rest, 4)?;
    let crc =
        u32::try_from(len).map_or_else(|_| crc32c::crc32c(&(len as u64).to_le_bytes()), |n| crc32c::crc32c(&n.to_le_bytes()));
    let whole = crc32c::crc32c_append(crc32c::crc32c_append(crc, stored), rest);
    if table::masked_crc32c(crc).to_le_bytes() != stored || table::masked_crc32c(whole) != record.checksum || rest.len() != len {
        return Err(malformed("fails its checksum; the data file is damaged, or of another model"));
    }
    Ok(rest.to_vec())
}

/// Reads all float variables, in file order.
fn collect(index: &Index, names: &Names, shards: &mut dyn Shards) -> Result<Weights> {
    let floats = index.records.iter().filter_map(|(key, record)| Some((names[key].as_str(), record, record.element()?)));
    let mut floats: Vec<_> = floats.collect();
    floats.sort_by_key(|(_, record, _)| (record.shard, record.offset, record.size));
    let mut total = 0u64;
    let mut last = None;
    for (name, record, element) in &floats {
        check_place(record, shards).map_err(|e| e.context(quoted(name)))?;
        check_size(name, &record.shape, count(name, &record.shape)?, element.size(), record.size as u64)?;
        if last.is_some_and(|(shard, end)| shard == record.shard && end > record.offset) {
            return Err(malformed(format!("{} overlaps the variable before it in the data file", quoted(name))));
        }
        last = Some((record.shard, record.offset.saturating_add(record.size)));
        total = total.saturating_add((record.size + name.len()) as u64);
    }
    let mut found = Collector::new(total);
    let mut bytes = Vec::new();
    for (name, record, element) in floats {
        found.reserve(name, &record.shape)?;
        shards.read(record.shard, record.offset, record.size, &mut bytes)?;
        if table::masked_crc32c(crc32c::crc32c(&bytes)) != record.checksum {
            return Err(malformed(format!("{} fails its checksum; the data file is damaged, or of another model", quoted(name))));
        }
        found.add(name, &record.shape, element.decode(&bytes))?;
    }
    found.finish()
}

/// Checks that a variable is within its data file, before memory is allocated for it.
fn check_place(record: &Record, shards: &dyn Shards) -> Result<()> {
    let end = (record.offset as u64).checked_add(record.size as u64);
    let len = shards.len(record.shard)?;
    if end.is_none_or(|end| end > len) {
        let text = format!("takes {} bytes from {} on, but data file {} has {len}", record.size, record.offset, record.shard);
        return Err(malformed(text));
    }
    Ok(())
}
