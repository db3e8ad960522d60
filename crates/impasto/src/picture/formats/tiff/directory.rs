//! A TIFF file's first directory: the properties of the picture, and where its pixels are.

use std::io::{Read, Seek, SeekFrom};

use crate::picture::decode::{cut, io_error};
use crate::{Error, ErrorKind, Result};

/// Maximum bytes of one tag: strip offsets, a color profile.
const TAG_BYTES: u64 = 64 << 20;
/// Maximum number of entries in a directory. Classic files cannot have more.
const ENTRIES: u64 = 0xFFFF;

pub(super) struct Directory {
    pub(super) little: bool,
    /// Whether another directory follows, which is another page.
    pub(super) more: bool,
    /// 4, or 8 in a BigTIFF.
    inline: usize,
    /// Bytes of the file.
    len: u64,
    entries: Vec<Entry>,
}

struct Entry {
    tag: u16,
    kind: u16,
    count: u64,
    value: [u8; 8],
}

impl Directory {
    pub(super) fn read(input: &mut (impl Read + Seek), len: u64) -> Result<Self> {
        let mut directory = Directory { little: true, more: false, inline: 4, len, entries: Vec::new() };
        let mut head = [0; 16];
        directory.fill(input, 0, &mut head[..8])?;
        directory.little = head[0] == b'I';
        let big = directory.number(&head[2..4]) == 43;
        let mut at = directory.number(&head[4..8]);
        if big {
            directory.fill(input, 0, &mut head)?;
            directory.inline = 8;
            at = directory.number(&head[8..16]);
        }
        let (count_len, entry_len) = if big { (8, 20) } else { (2, 12) };
        let mut word = [0; 8];
        directory.fill(input, at, &mut word[..count_len])?;
        let count = directory.number(&word[..count_len]);
        if count == 0 || count > ENTRIES {
            return Err(malformed("its directory is damaged"));
        }
        let mut bytes = vec![0; count as usize * entry_len];
        directory.fill(input, at.saturating_add(count_len as u64), &mut bytes)?;
        for entry in bytes.chunks_exact(entry_len) {
            let mut value = [0; 8];
            value[..directory.inline].copy_from_slice(&entry[entry_len - directory.inline..]);
            directory.entries.push(Entry {
                tag: directory.number(&entry[..2]) as u16,
                kind: directory.number(&entry[2..4]) as u16,
                count: directory.number(&entry[4..4 + directory.inline]),
                value,
            });
        }
        // A file that ends here has lost nothing that we read.
        let mut next = [0; 8];
        let after = at.saturating_add((count_len + bytes.len()) as u64);
        let inline = directory.inline;
        directory.more = directory.fill(input, after, &mut next[..inline]).is_ok() && next[..inline].iter().any(|&b| b != 0);
        Ok(directory)
    }

    fn number(&self, bytes: &[u8]) -> u64 {
        let join = |value: u64, &byte: &u8| value << 8 | u64::from(byte);
        if self.little { bytes.iter().rev().fold(0, join) } else { bytes.iter().fold(0, join) }
    }

    fn fill(&self, input: &mut (impl Read + Seek), at: u64, bytes: &mut [u8]) -> Result<()> {
        if at > self.len {
            return Err(cut());
        }
        input.seek(SeekFrom::Start(at)).map_err(io_error)?;
        input.read_exact(bytes).map_err(io_error)
    }

    /// Returns the bytes of a tag, its entry, and the size of one of its values.
    fn raw(&self, input: &mut (impl Read + Seek), tag: u16) -> Result<Option<(Vec<u8>, &Entry, usize)>> {
        let Some(entry) = self.entries.iter().find(|entry| entry.tag == tag) else { return Ok(None) };
        let size = match entry.kind {
            1 | 2 | 6 | 7 => 1,
            3 | 8 => 2,
            4 | 9 | 11 | 13 => 4,
            5 | 10 | 12 | 16..=18 => 8,
            _ => return Err(malformed(&format!("its tag {tag} is damaged"))),
        };
        let len = entry.count.saturating_mul(size as u64);
        if len <= self.inline as u64 {
            return Ok(Some((entry.value[..len as usize].to_vec(), entry, size)));
        }
        if len > self.len {
            return Err(cut());
        }
        if len > TAG_BYTES {
            return Err(Error::new(ErrorKind::TooLarge, format!("its tag {tag} has more than 64 MiB")));
        }
        let mut bytes = vec![0; len as usize];
        self.fill(input, self.number(&entry.value[..self.inline]), &mut bytes)?;
        Ok(Some((bytes, entry, size)))
    }

    /// Returns a tag's bytes, whatever they are.
    pub(super) fn bytes(&self, input: &mut (impl Read + Seek), tag: u16) -> Result<Option<Vec<u8>>> {
        Ok(self.raw(input, tag)?.map(|(bytes, ..)| bytes))
    }

    /// Returns a tag's whole numbers; empty if the tag is missing.
    pub(super) fn numbers(&self, input: &mut (impl Read + Seek), tag: u16) -> Result<Vec<u64>> {
        let Some((bytes, entry, size)) = self.raw(input, tag)? else { return Ok(Vec::new()) };
        if !matches!(entry.kind, 1 | 3 | 4 | 7 | 13 | 16 | 18) {
            return Err(malformed(&format!("its tag {tag} does not hold whole numbers")));
        }
        Ok(bytes.chunks_exact(size).map(|value| self.number(value)).collect())
    }

    /// Returns a tag's first whole number.
    pub(super) fn first(&self, input: &mut (impl Read + Seek), tag: u16) -> Result<Option<u64>> {
        Ok(self.numbers(input, tag)?.first().copied())
    }
}

pub(super) fn malformed(what: &str) -> Error {
    Error::new(ErrorKind::Malformed, what)
}
