//! The index of a bundle: the shape and type of each variable, and where its bytes are.
//!
//! Field numbers are those of TensorFlow's `tensor_bundle.proto`, `tensor_shape.proto` and `types.proto`.

use std::collections::BTreeMap;

use super::table;
use crate::Result;
use crate::weights::collect::{Budget, malformed, quoted, unsupported};
use crate::weights::element::Element;
use crate::weights::wire::{Fields, Value};

/// TensorFlow's number for strings.
pub(super) const STRING: u64 = 7;

/// One variable of the index.
#[derive(Debug, Clone, Default)]
pub(super) struct Record {
    pub(super) dtype: u64,
    pub(super) shape: Vec<usize>,
    pub(super) shard: usize,
    pub(super) offset: usize,
    pub(super) size: usize,
    /// Masked CRC-32C of the bytes.
    pub(super) checksum: u32,
    /// Whether the variable is stored in several pieces, each under its own key.
    partitioned: bool,
}

impl Record {
    /// How the values are stored; `None` if they are not floats.
    pub(super) fn element(&self) -> Option<Element> {
        match self.dtype {
            1 => Some(Element::F32),
            2 => Some(Element::F64),
            14 => Some(Element::Bf16),
            19 => Some(Element::F16),
            _ => None,
        }
    }

    fn parse(bytes: &[u8]) -> Result<Self> {
        let mut record = Record::default();
        for field in Fields(bytes) {
            match field? {
                (1, value) => record.dtype = value.number()?,
                (2, value) => record.shape = shape(value.bytes()?)?,
                (3, value) => record.shard = value.index()?,
                (4, value) => record.offset = value.index()?,
                (5, value) => record.size = value.index()?,
                (6, Value::Fixed32(checksum)) => record.checksum = checksum,
                (7, _) => record.partitioned = true,
                _ => {}
            }
        }
        Ok(record)
    }
}

fn shape(bytes: &[u8]) -> Result<Vec<usize>> {
    let mut shape = Vec::new();
    for field in Fields(bytes) {
        match field? {
            (2, dim) => {
                let mut len = 0;
                for field in Fields(dim.bytes()?) {
                    if let (1, value) = field? {
                        len = value.index()?;
                    }
                }
                shape.push(len);
            }
            (3, unknown) if unknown.number()? != 0 => return Err(malformed("has no known shape")),
            _ => {}
        }
    }
    Ok(shape)
}

/// A parsed index.
#[derive(Debug)]
pub(super) struct Index {
    /// The number of data files.
    pub(super) shards: usize,
    pub(super) records: BTreeMap<String, Record>,
}

impl Index {
    pub(super) fn parse(file: &[u8]) -> Result<Self> {
        let mut shards = None;
        let mut records = BTreeMap::new();
        // Keys share prefixes and are also compressed: in TensorFlow's own files, each takes about 9 bytes.
        let mut budget = Budget::for_file((file.len() as u64).saturating_mul(4));
        table::for_each(file, |key, value| {
            // The empty key, which is the first, belongs to the header.
            if shards.is_none() {
                if !key.is_empty() {
                    return Err(malformed("the index lacks its header"));
                }
                shards = Some(header(value)?);
                return Ok(());
            }
            let key = std::str::from_utf8(key).map_err(|_| malformed("a variable's key is not UTF-8"))?;
            let record = Record::parse(value).map_err(|e| e.context(quoted(key)))?;
            // Check for pieces here, because their own keys are not even UTF-8.
            if record.partitioned {
                return Err(unsupported(format!(
                    "{} is stored in several pieces (a partitioned variable), which is not supported",
                    quoted(key)
                )));
            }
            budget.spend(key.len() as u64 + 8 * record.shape.len() as u64 + size_of::<Record>() as u64)?;
            records.insert(key.to_owned(), record);
            Ok(())
        })?;
        Ok(Index { shards: shards.ok_or_else(|| malformed("the index is empty"))?, records })
    }
}

/// Reads the number of shards from the header.
fn header(bytes: &[u8]) -> Result<usize> {
    let mut shards = 0;
    for field in Fields(bytes) {
        match field? {
            (1, value) => shards = value.index()?,
            (2, value) if value.number()? != 0 => {
                return Err(unsupported("the variables are big-endian, which is not supported"));
            }
            _ => {}
        }
    }
    if shards == 0 || shards > 99_999 {
        return Err(malformed(format!("the index claims {shards} data files")));
    }
    Ok(shards)
}
