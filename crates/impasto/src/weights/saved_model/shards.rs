//! The data files of a bundle.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::weights::collect::malformed;
use crate::weights::files::{Quota, Source};
use crate::{Error, ErrorKind, Result};

/// Access to data files by number.
pub(super) trait Shards {
    /// The size of a data file in bytes.
    fn len(&self, shard: usize) -> Result<u64>;

    /// Replaces `into` with `len` bytes from `offset` on. They must be within the data file.
    fn read(&mut self, shard: usize, offset: usize, len: usize, into: &mut Vec<u8>) -> Result<()>;
}

/// Data files in memory.
impl Shards for &[&[u8]] {
    fn len(&self, shard: usize) -> Result<u64> {
        let bytes = self.get(shard).ok_or_else(|| malformed(format!("data file {shard} was not given")))?;
        Ok(bytes.len() as u64)
    }

    fn read(&mut self, shard: usize, offset: usize, len: usize, into: &mut Vec<u8>) -> Result<()> {
        let bytes = self.get(shard).and_then(|bytes| bytes.get(offset..)?.get(..len));
        into.clear();
        into.extend_from_slice(bytes.ok_or_else(|| malformed(format!("data file {shard} is too short")))?);
        Ok(())
    }
}

/// Data files on disk. Only those in use are opened.
#[derive(Debug)]
pub(super) struct FileShards(BTreeMap<usize, Source>);

impl FileShards {
    /// Opens the data files with these numbers, out of `total`.
    pub(super) fn open(prefix: &Path, total: usize, used: impl Iterator<Item = usize>, quota: &mut Quota) -> Result<Self> {
        let mut sources = BTreeMap::new();
        for shard in used {
            if let std::collections::btree_map::Entry::Vacant(slot) = sources.entry(shard) {
                slot.insert(Self::open_one(prefix, shard, total, quota)?);
            }
        }
        Ok(FileShards(sources))
    }

    fn open_one(prefix: &Path, shard: usize, total: usize, quota: &mut Quota) -> Result<Source> {
        let path = path(prefix, shard, total);
        if !path.exists() {
            let name = path.file_name().unwrap_or_default().display();
            let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let text = format!("{}: {name} is missing; the variables need it beside their index", folder.display());
            return Err(Error::new(ErrorKind::Io, text));
        }
        Source::open(&path, quota)
    }
}

impl Shards for FileShards {
    fn len(&self, shard: usize) -> Result<u64> {
        self.0.get(&shard).map(Source::len).ok_or_else(|| malformed(format!("data file {shard} is missing")))
    }

    fn read(&mut self, shard: usize, offset: usize, len: usize, into: &mut Vec<u8>) -> Result<()> {
        let source = self.0.get_mut(&shard).ok_or_else(|| malformed(format!("data file {shard} is missing")))?;
        source.read_at(offset as u64, len, into)
    }
}

/// The path of the data file with this number: `prefix.data-00000-of-00002`.
pub(super) fn path(prefix: &Path, shard: usize, total: usize) -> PathBuf {
    let mut path = prefix.as_os_str().to_owned();
    path.push(format!(".data-{shard:05}-of-{total:05}"));
    PathBuf::from(path)
}
