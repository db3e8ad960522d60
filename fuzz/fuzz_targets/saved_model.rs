//! The SavedModel reader: index, one data file and `saved_model.pb`, in one input.
//!
//! The input is two little-endian 32-bit lengths (of the index and of the data file), then the three parts. Checksums
//! would reject nearly every change at once. So the checksums of the index's blocks are recomputed, if their handles
//! still make sense, before the index is read.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut rest = bytes;
    let (Some(index_len), Some(data_len)) = (length(&mut rest), length(&mut rest)) else { return };
    let (index, rest) = rest.split_at(index_len.min(rest.len()));
    let (data, saved_model) = rest.split_at(data_len.min(rest.len()));
    let mut index = index.to_vec();
    seal(&mut index);
    let saved_model = (!saved_model.is_empty()).then_some(saved_model);
    let _ = impasto::weights::saved_model::read(&index, &[data], saved_model);
    let _ = impasto::weights::saved_model::read(&index, &[data, data], saved_model);
});

fn length(bytes: &mut &[u8]) -> Option<usize> {
    let (length, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(u32::from_le_bytes(*length) as usize)
}

/// Recomputes the checksums of the index block and, if it is not compressed, of all blocks that it names.
fn seal(index: &mut [u8]) -> Option<()> {
    let footer = index.len().checked_sub(48)?;
    let mut handles = &index[footer..];
    varint(&mut handles)?;
    varint(&mut handles)?;
    let (offset, size) = (varint(&mut handles)?, varint(&mut handles)?);
    seal_block(&mut index[..footer], offset, size)?;
    let block = index.get(offset..)?.get(..size)?.to_vec();
    let mut entries = &block[..];
    while !entries.is_empty() {
        varint(&mut entries)?;
        let added = varint(&mut entries)?;
        let value = varint(&mut entries)?;
        let mut handle = entries.get(added..)?.get(..value)?;
        entries = entries.get(added.checked_add(value)?..)?;
        let (offset, size) = (varint(&mut handle)?, varint(&mut handle)?);
        seal_block(&mut index[..footer], offset, size)?;
    }
    Some(())
}

fn seal_block(blocks: &mut [u8], offset: usize, size: usize) -> Option<()> {
    let block = blocks.get_mut(offset..)?.get_mut(..size.checked_add(5)?)?;
    let (covered, checksum) = block.split_at_mut(size + 1);
    checksum.copy_from_slice(&crc32c::crc32c(covered).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes());
    Some(())
}

fn varint(bytes: &mut &[u8]) -> Option<usize> {
    let mut value = 0usize;
    for shift in (0..63).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= usize::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}
