//! LevelDB's sorted table, the format of a bundle's index: blocks of keys and values, and
//! a block that lists the blocks.
//!
//! Layout (LevelDB, `doc/table_format.md`): a 48-byte footer at the end points to the index block.
//! Each block is followed by its compression type and the masked CRC-32C of both. Within a block,
//! each key is stored as its difference from the previous key.

use crate::Result;
use crate::weights::collect::{malformed, unsupported};
use crate::weights::wire::{take, varint, varint_usize};

const FOOTER: usize = 48;
const MAGIC: [u8; 8] = 0xdb47_7524_8b80_fb57_u64.to_le_bytes();
/// Compression type and checksum after each block.
const TRAILER: usize = 5;
/// The maximum length of a key in bytes. TensorFlow's keys are paths of a few hundred bytes at most.
const MAX_KEY: usize = 4096;
/// Snappy's densest element is a copy of 64 bytes in 3, so no honest block grows by more than this.
const MAX_EXPANSION: usize = 22;

/// Whether these bytes end like a table.
pub(in crate::weights) fn is_table(bytes: &[u8]) -> bool {
    bytes.len() >= FOOTER && bytes.ends_with(&MAGIC)
}

/// The checksum as LevelDB stores it. It is rotated and offset, so that checksums of data
/// that contains checksums stay strong.
pub(super) fn masked_crc32c(crc: u32) -> u32 {
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

/// Calls `entry` with every key and value, in order.
pub(super) fn for_each(file: &[u8], mut entry: impl FnMut(&[u8], &[u8]) -> Result<()>) -> Result<()> {
    if !is_table(file) {
        return Err(malformed("not an index of TensorFlow variables (a LevelDB table), or cut off"));
    }
    let (blocks, mut footer) = file.split_at(file.len() - FOOTER);
    // The first handle is that of a block of statistics, which TensorFlow leaves empty.
    Handle::read(&mut footer)?;
    let index = Handle::read(&mut footer)?;
    let mut scratch = Vec::new();
    let mut end = 0;
    let mut last_key: Option<Vec<u8>> = None;
    let mut index_scratch = Vec::new();
    let index_block = index.block(blocks, &mut index_scratch)?;
    for_each_in_block(index_block, |_, mut handle| {
        let handle = Handle::read(&mut handle)?;
        // Blocks must be in order. If one block could be listed many times, a small file could take a long time.
        if handle.offset < end {
            return Err(malformed("the table's blocks overlap"));
        }
        end = handle.offset.saturating_add(handle.size);
        for_each_in_block(handle.block(blocks, &mut scratch)?, |key, value| {
            if last_key.as_deref().is_some_and(|last| last >= key) {
                return Err(malformed("the table's keys are not in order"));
            }
            let last = last_key.get_or_insert_default();
            last.clear();
            last.extend_from_slice(key);
            entry(key, value)
        })
    })
}

/// The location of a block.
struct Handle {
    offset: usize,
    size: usize,
}

impl Handle {
    fn read(bytes: &mut &[u8]) -> Result<Self> {
        Ok(Handle { offset: varint_usize(bytes)?, size: varint_usize(bytes)? })
    }

    /// Returns the block's content, verified by its checksum and, if necessary, decompressed into `scratch`.
    fn block<'a>(&self, blocks: &'a [u8], scratch: &'a mut Vec<u8>) -> Result<&'a [u8]> {
        let with_trailer = blocks.get(self.offset..).and_then(|rest| rest.get(..self.size.checked_add(TRAILER)?));
        let with_trailer = with_trailer.ok_or_else(|| malformed("a block of the table lies outside the file"))?;
        let (covered, stored) = with_trailer.split_at(self.size + 1);
        if masked_crc32c(crc32c::crc32c(covered)).to_le_bytes() != stored {
            return Err(malformed("a block of the table fails its checksum; the file is damaged"));
        }
        let (content, compression) = covered.split_at(self.size);
        match compression {
            [0] => Ok(content),
            [1] => decompress(content, scratch),
            _ => Err(unsupported(format!("a block of the table is compressed in an unknown way ({compression:?})"))),
        }
    }
}

fn decompress<'a>(content: &[u8], scratch: &'a mut Vec<u8>) -> Result<&'a [u8]> {
    let damaged = |e: snap::Error| malformed(format!("a block of the table does not decompress ({e})"));
    let len = snap::raw::decompress_len(content).map_err(damaged)?;
    if len > content.len().saturating_mul(MAX_EXPANSION) {
        return Err(malformed(format!("a block of {} bytes claims to decompress to {len}", content.len())));
    }
    scratch.clear();
    scratch.resize(len, 0);
    let len = snap::raw::Decoder::new().decompress(content, scratch).map_err(damaged)?;
    Ok(&scratch[..len])
}

fn for_each_in_block(block: &[u8], mut entry: impl FnMut(&[u8], &[u8]) -> Result<()>) -> Result<()> {
    // At the end of a block: the positions of whole keys, for binary search, and their number.
    let (rest, count) = block.split_last_chunk().ok_or_else(|| malformed("a block of the table is cut off"))?;
    let restarts = (u32::from_le_bytes(*count) as usize).checked_mul(4);
    let len = restarts.and_then(|restarts| rest.len().checked_sub(restarts));
    let mut entries = &rest[..len.ok_or_else(|| malformed("a block of the table is cut off"))?];
    let mut key = Vec::new();
    while !entries.is_empty() {
        let shared = varint_usize(&mut entries)?;
        let added = varint_usize(&mut entries)?;
        let value_len = varint(&mut entries)?;
        if shared > key.len() {
            return Err(malformed("a key of the table shares more bytes than the key before it has"));
        }
        key.truncate(shared);
        key.extend_from_slice(take(&mut entries, added)?);
        if key.len() > MAX_KEY {
            return Err(malformed(format!("a key of the table has {} bytes", key.len())));
        }
        let value_len = usize::try_from(value_len).map_err(|_| malformed("a value of the table is too long"))?;
        entry(&key, take(&mut entries, value_len)?)?;
    }
    Ok(())
}
