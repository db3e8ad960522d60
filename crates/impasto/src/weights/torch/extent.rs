//! Checks the length of the pickles in a checkpoint before objects are made from them.
//!
//! An opcode of one byte becomes an object of about a hundred bytes, and compression can put a thousand
//! opcodes into one byte: a file of 90 KB can ask for 9 GB. The names and shapes of the largest networks'
//! tensors take a few hundred kilobytes; no more than the limit is read.

use std::io::{Read, Seek};

use zip::ZipArchive;

use super::super::collect::malformed;
use crate::{Error, Result};

/// The maximum number of bytes of a checkpoint's pickles.
const MOST: u64 = 1 << 20;
/// The first bytes of files that PyTorch wrote before version 1.6: a pickle of its magic number.
const MAGIC: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
/// The pickles of such a file: magic number, version, the writer's machine, the tensors, the order of their numbers.
const PICKLES: usize = 5;

/// Refuses a file whose pickles are too long, or that is not a checkpoint.
pub(super) fn check(mut file: impl Read + Seek) -> Result<()> {
    let mut head = Vec::new();
    (&mut file).take(MOST).read_to_end(&mut head)?;
    if head.starts_with(b"PK") {
        return check_archive(file);
    }
    if !head.starts_with(MAGIC) {
        return Err(malformed("is a Python pickle, not a PyTorch checkpoint: save the model's state_dict() with torch.save"));
    }
    let mut rest = &head[..];
    match (0..PICKLES).try_for_each(|_| skip_pickle(&mut rest)) {
        Some(()) => Ok(()),
        None if (head.len() as u64) < MOST => Err(malformed("is a damaged PyTorch checkpoint: its pickle does not end")),
        None => Err(too_long()),
    }
}

fn check_archive(file: impl Read + Seek) -> Result<()> {
    let damaged = |e: zip::result::ZipError| malformed(format!("is a damaged PyTorch checkpoint ({e})"));
    let mut archive = ZipArchive::new(file).map_err(damaged)?;
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(damaged)?;
        if entry.name().map_err(damaged)?.ends_with("data.pkl") && entry.size() > MOST {
            return Err(too_long());
        }
    }
    Ok(())
}

fn too_long() -> Error {
    malformed(format!(
        "has a pickle of more than {MOST} bytes, far more than a network's names need: save only the model's state_dict()"
    ))
}

/// Skips one pickle, including its last opcode. Returns `None` if the pickle does not end within
/// these bytes, or if it has an opcode that Python does not know.
fn skip_pickle(rest: &mut &[u8]) -> Option<()> {
    loop {
        let (&word, after) = rest.split_first()?;
        *rest = after;
        match word {
            b'.' => return Some(()),
            // Opcodes without arguments.
            _ if b"()012NQR]abdelostu}".contains(&word) => {}
            0x81 | 0x85..=0x89 | 0x8f..=0x94 | 0x97 | 0x98 => {}
            b'K' | b'q' | b'h' | 0x80 | 0x82 => skip(rest, 1)?,
            b'M' | 0x83 => skip(rest, 2)?,
            b'J' | b'r' | b'j' | 0x84 => skip(rest, 4)?,
            b'G' | 0x95 => skip(rest, 8)?,
            // Opcodes followed by one line, or by two.
            b'I' | b'L' | b'S' | b'V' | b'F' | b'P' | b'g' | b'p' => skip_line(rest)?,
            b'c' | b'i' => {
                skip_line(rest)?;
                skip_line(rest)?;
            }
            // Opcodes followed by a byte count, of 1, 4 or 8 bytes, and that many bytes.
            b'U' | b'C' | 0x8a | 0x8c => skip_counted(rest, 1)?,
            b'T' | b'B' | b'X' | 0x8b => skip_counted(rest, 4)?,
            0x8d | 0x8e | 0x96 => skip_counted(rest, 8)?,
            _ => return None,
        }
    }
}

fn skip(rest: &mut &[u8], count: usize) -> Option<()> {
    *rest = rest.get(count..)?;
    Some(())
}

fn skip_line(rest: &mut &[u8]) -> Option<()> {
    let end = rest.iter().position(|&b| b == b'\n')?;
    skip(rest, end + 1)
}

fn skip_counted(rest: &mut &[u8], width: usize) -> Option<()> {
    let mut count = [0; 8];
    count[..width].copy_from_slice(rest.get(..width)?);
    skip(rest, width)?;
    skip(rest, usize::try_from(u64::from_le_bytes(count)).ok()?)
}
