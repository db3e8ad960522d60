//! A writer of TensorFlow's variable bundles: LevelDB table, protocol buffers, data files.

use std::collections::BTreeMap;
use std::path::Path;

/// The key of an object-based variable.
pub fn value_key(path: &str) -> String {
    format!("{path}/.ATTRIBUTES/VARIABLE_VALUE")
}

pub const OBJECT_GRAPH: &str = "_CHECKPOINTABLE_OBJECT_GRAPH";

/// One variable.
#[derive(Clone)]
pub struct Variable {
    pub dtype: u64,
    pub shape: Vec<i64>,
    pub bytes: Vec<u8>,
    pub shard: usize,
    /// Added to the true values in the index, to make them wrong.
    pub offset_lie: i64,
    pub size_lie: i64,
    pub checksum_lie: u32,
    pub partitioned: bool,
}

impl Variable {
    pub fn new(dtype: u64, shape: &[i64], bytes: Vec<u8>, shard: usize) -> Self {
        let shape = shape.to_vec();
        Variable { dtype, shape, bytes, shard, offset_lie: 0, size_lie: 0, checksum_lie: 0, partitioned: false }
    }

    pub fn floats(shape: &[i64], data: &[f32], shard: usize) -> Self {
        Self::new(1, shape, data.iter().flat_map(|v| v.to_le_bytes()).collect(), shard)
    }

    /// A string variable without axes.
    pub fn string(content: &[u8], shard: usize) -> Self {
        let length_checksum = masked(crc32c::crc32c(&(content.len() as u32).to_le_bytes()));
        let mut bytes = Vec::new();
        varint(&mut bytes, content.len() as u64);
        bytes.extend(length_checksum.to_le_bytes());
        bytes.extend(content);
        Self::new(7, &[], bytes, shard)
    }

    fn checksum(&self) -> u32 {
        let crc = if self.dtype == 7 {
            // Over the length as 4 bytes, not as the stored varint.
            let start = self.bytes.iter().position(|b| b & 0x80 == 0).unwrap() + 1;
            let len = (self.bytes.len() - start - 4) as u32;
            crc32c::crc32c_append(crc32c::crc32c(&len.to_le_bytes()), &self.bytes[start..])
        } else {
            crc32c::crc32c(&self.bytes)
        };
        masked(crc).wrapping_add(self.checksum_lie)
    }
}

/// A bundle's files.
#[derive(Clone)]
pub struct Files {
    pub index: Vec<u8>,
    pub shards: Vec<Vec<u8>>,
}

impl Files {
    pub fn shard_slices(&self) -> Vec<&[u8]> {
        self.shards.iter().map(Vec::as_slice).collect()
    }

    /// Writes `prefix.index` and the data files.
    pub fn write(&self, prefix: &Path) {
        std::fs::create_dir_all(prefix.parent().unwrap()).unwrap();
        let name = |suffix: String| format!("{}{suffix}", prefix.display());
        std::fs::write(name(".index".into()), &self.index).unwrap();
        for (i, shard) in self.shards.iter().enumerate() {
            std::fs::write(name(format!(".data-{i:05}-of-{:05}", self.shards.len())), shard).unwrap();
        }
    }
}

/// How a bundle is written.
#[derive(Clone, Copy)]
pub struct Style {
    pub snappy: bool,
    pub big_endian: bool,
    /// Size in bytes at which a block of the table ends.
    pub block: usize,
}

pub const SNAPPY: Style = Style { snappy: true, big_endian: false, block: 300 };
pub const PLAIN: Style = Style { snappy: false, big_endian: false, block: 300 };

pub fn build(variables: &BTreeMap<String, Variable>, shards: usize, style: Style) -> Files {
    let mut data = vec![Vec::new(); shards];
    let mut header = Vec::new();
    number(&mut header, 1, shards as u64);
    number(&mut header, 2, u64::from(style.big_endian));
    message(&mut header, 3, &[0x08, 0x01]);
    let mut entries = vec![(Vec::new(), header)];
    for (key, variable) in variables {
        let shard = &mut data[variable.shard];
        let mut entry = Vec::new();
        number(&mut entry, 1, variable.dtype);
        let mut shape = Vec::new();
        for len in &variable.shape {
            let mut dim = Vec::new();
            number(&mut dim, 1, len.cast_unsigned());
            message(&mut shape, 2, &dim);
        }
        message(&mut entry, 2, &shape);
        number(&mut entry, 3, variable.shard as u64);
        number(&mut entry, 4, (shard.len() as i64).wrapping_add(variable.offset_lie).cast_unsigned());
        number(&mut entry, 5, (variable.bytes.len() as i64).wrapping_add(variable.size_lie).cast_unsigned());
        varint(&mut entry, 6 << 3 | 5);
        entry.extend(variable.checksum().to_le_bytes());
        if variable.partitioned {
            message(&mut entry, 7, &[]);
        }
        shard.extend(&variable.bytes);
        entries.push((key.clone().into_bytes(), entry));
    }
    Files { index: table(&entries, style), shards: data }
}

/// A `TrackableObjectGraph`: a root whose children are variables, each with its key and name.
pub fn object_graph(names: &[(String, &str)]) -> Vec<u8> {
    let mut graph = Vec::new();
    let mut root = Vec::new();
    for i in 0..names.len() {
        message(&mut root, 1, &child(i + 1, &i.to_string()));
    }
    message(&mut graph, 1, &root);
    for (key, name) in names {
        let mut attribute = Vec::new();
        message(&mut attribute, 1, b"VARIABLE_VALUE");
        message(&mut attribute, 2, name.as_bytes());
        message(&mut attribute, 3, key.as_bytes());
        let mut node = Vec::new();
        message(&mut node, 2, &attribute);
        message(&mut graph, 1, &node);
    }
    graph
}

/// A `saved_model.pb` whose root has an object with this name. The variables (local name, name) are that object's
/// children.
pub fn saved_model(holder: &str, variables: &[(&str, &str)]) -> Vec<u8> {
    let mut graph = Vec::new();
    let mut root = Vec::new();
    message(&mut root, 1, &child(1, holder));
    message(&mut graph, 1, &root);
    let mut list = Vec::new();
    for (i, (local_name, _)) in variables.iter().enumerate() {
        message(&mut list, 1, &child(i + 2, local_name));
    }
    // A reference back to the root, as in real graphs.
    message(&mut list, 1, &child(0, "parent"));
    message(&mut graph, 1, &list);
    for (_, name) in variables {
        let mut variable = Vec::new();
        number(&mut variable, 1, 1);
        message(&mut variable, 6, name.as_bytes());
        let mut node = Vec::new();
        message(&mut node, 7, &variable);
        message(&mut graph, 1, &node);
    }
    let mut meta = Vec::new();
    message(&mut meta, 7, &graph);
    let mut saved_model = Vec::new();
    number(&mut saved_model, 1, 1);
    message(&mut saved_model, 2, &meta);
    saved_model
}

fn child(id: usize, local_name: &str) -> Vec<u8> {
    let mut child = Vec::new();
    number(&mut child, 1, id as u64);
    message(&mut child, 2, local_name.as_bytes());
    child
}

/// A LevelDB table of sorted entries.
pub fn table(entries: &[(Vec<u8>, Vec<u8>)], style: Style) -> Vec<u8> {
    let mut file = Vec::new();
    let mut index = Vec::new();
    let mut pending: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    for (i, entry) in entries.iter().enumerate() {
        pending.push(entry.clone());
        let size: usize = pending.iter().map(|(k, v)| k.len() + v.len()).sum();
        if size >= style.block || i + 1 == entries.len() {
            let last = pending.last().unwrap().0.clone();
            index.push((last, append_block(&mut file, &block(&pending), style.snappy)));
            pending.clear();
        }
    }
    let meta = append_block(&mut file, &block(&[]), false);
    let index = append_block(&mut file, &block(&index), style.snappy);
    finish(file, [meta, index].concat())
}

fn finish(mut file: Vec<u8>, mut footer: Vec<u8>) -> Vec<u8> {
    footer.resize(40, 0);
    file.extend(footer);
    file.extend(0xdb47_7524_8b80_fb57_u64.to_le_bytes());
    file
}

/// A table whose only block has these bytes, declared as snappy.
pub fn table_of_block(block: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let handle = append_raw_block(&mut file, block.to_vec(), true);
    let index = append_block(&mut file, &self::block(&[(b"z".to_vec(), handle.clone())]), false);
    finish(file, [handle, index].concat())
}

fn block(entries: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut restarts = vec![0u32];
    let mut last: &[u8] = &[];
    for (i, (key, value)) in entries.iter().enumerate() {
        let mut shared = key.iter().zip(last).take_while(|(a, b)| a == b).count();
        if i > 0 && i % 4 == 0 {
            restarts.push(bytes.len() as u32);
            shared = 0;
        }
        varint(&mut bytes, shared as u64);
        varint(&mut bytes, (key.len() - shared) as u64);
        varint(&mut bytes, value.len() as u64);
        bytes.extend(&key[shared..]);
        bytes.extend(value);
        last = key;
    }
    bytes.extend(restarts.iter().flat_map(|r| r.to_le_bytes()));
    bytes.extend((restarts.len() as u32).to_le_bytes());
    bytes
}

/// Appends a block and returns its handle.
fn append_block(file: &mut Vec<u8>, block: &[u8], snappy: bool) -> Vec<u8> {
    let stored = if snappy { snap::raw::Encoder::new().compress_vec(block).unwrap() } else { block.to_vec() };
    append_raw_block(file, stored, snappy)
}

fn append_raw_block(file: &mut Vec<u8>, mut stored: Vec<u8>, snappy: bool) -> Vec<u8> {
    let mut handle = Vec::new();
    varint(&mut handle, file.len() as u64);
    varint(&mut handle, stored.len() as u64);
    stored.push(u8::from(snappy));
    let checksum = masked(crc32c::crc32c(&stored));
    file.extend(stored);
    file.extend(checksum.to_le_bytes());
    handle
}

pub fn masked(crc: u32) -> u32 {
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

pub fn varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn number(bytes: &mut Vec<u8>, field: u64, value: u64) {
    varint(bytes, field << 3);
    varint(bytes, value);
}

fn message(bytes: &mut Vec<u8>, field: u64, content: &[u8]) {
    varint(bytes, field << 3 | 2);
    varint(bytes, content.len() as u64);
    bytes.extend(content);
}
