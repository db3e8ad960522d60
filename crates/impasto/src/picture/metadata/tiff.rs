//! The metadata of a TIFF file. Its directories are like those of an Exif block, but also describe the picture itself.

use std::io::{Read, Seek, SeekFrom};

use super::exif::{Block, EXIF_DIRECTORY, Entry, GPS_DIRECTORY, ORIENTATION, RESOLUTION_UNIT, X_RESOLUTION, Y_RESOLUTION};
use super::{Metadata, iptc};

/// Tags of the first directory that are kept: description, camera, program, date, artist, host, rating, Microsoft's
/// titles, copyright.
const KEPT: [u16; 20] = [
    269,
    270,
    271,
    272,
    ORIENTATION,
    X_RESOLUTION,
    Y_RESOLUTION,
    RESOLUTION_UNIT,
    305,
    306,
    315,
    316,
    18246,
    18249,
    33432,
    40091,
    40092,
    40093,
    40094,
    40095,
];
const XMP: u16 = 700;
const IPTC: u16 = 33723;
const PHOTOSHOP: u16 = 34377;
/// Maker notes and similar data contain offsets in the file, and cannot be moved.
const IMMOVABLE: [u16; 2] = [37500, 40965];
const UNDEFINED: u16 = 7;
const LONG: u16 = 4;

/// Maximum bytes of an Exif value, and of XMP, IPTC and Adobe's resources. For comparison, a whole block in a JPEG is
/// at most 64 KiB.
const VALUE_BYTES: usize = 1 << 16;
const BLOCK_BYTES: usize = 64 << 20;
/// Maximum total bytes of the values that are kept: any number of entries may refer to the same offset or the same
/// directory.
const TAKEN_BYTES: usize = 1 << 20;
/// Maximum number of entries in a directory. Real ones have a few dozen.
const ENTRIES: u16 = 1024;

/// Reads the metadata of a classic TIFF file. Damaged or missing parts are skipped, because the pixels do not need
/// them.
pub(in super::super) fn read(input: &mut (impl Read + Seek)) -> Metadata {
    Reader::open(input).and_then(|mut reader| reader.metadata()).unwrap_or_default()
}

struct Reader<'a, R> {
    input: &'a mut R,
    block: Block,
}

impl<'a, R: Read + Seek> Reader<'a, R> {
    fn open(input: &'a mut R) -> Option<Self> {
        let mut header = [0; 4];
        input.rewind().ok()?;
        input.read_exact(&mut header).ok()?;
        let little = match &header {
            b"II*\0" => true,
            b"MM\0*" => false,
            _ => return None,
        };
        Some(Reader { input, block: Block::new(little) })
    }

    fn metadata(&mut self) -> Option<Metadata> {
        let first = self.bytes(4, 4)?;
        let entries = self.directory(self.block.long_of(first.try_into().ok()?))?;
        let mut found = Metadata::default();
        for entry in &entries {
            match entry.tag {
                XMP => found.xmp = self.value(entry, BLOCK_BYTES),
                IPTC => found.iptc = self.value(entry, BLOCK_BYTES),
                // This contains IPTC too: used if IPTC has no tag of its own.
                PHOTOSHOP if found.iptc.is_none() => {
                    found.iptc = self.value(entry, BLOCK_BYTES).and_then(|resources| iptc::of_resources(&resources));
                }
                EXIF_DIRECTORY | GPS_DIRECTORY => self.take_directory(entry),
                tag if KEPT.contains(&tag) => {
                    if let Some(value) = self.taken(entry) {
                        self.block.set(tag, entry.kind, entry.count, &value);
                    }
                }
                _ => {}
            }
        }
        found.density = self.block.density();
        if !self.block.entries.is_empty() {
            found.exif = Some(self.block.to_bytes());
        }
        Some(found)
    }

    /// Copies the directory that an entry refers to.
    fn take_directory(&mut self, pointer: &Entry) {
        if self.block.entries.iter().any(|entry| entry.tag == pointer.tag) {
            return;
        }
        let Some(entries) = self.block.number(pointer).and_then(|at| self.directory(at)) else { return };
        let mut taken = Vec::new();
        for entry in entries.into_iter().filter(|entry| !IMMOVABLE.contains(&entry.tag)) {
            if let Some(value) = self.taken(&entry) {
                taken.push(Entry { value: self.block.store(&value), ..entry });
            }
        }
        let directory = self.block.directory_bytes(&taken);
        let at = self.block.append(&directory);
        let at = self.block.long_bytes(at);
        self.block.set(pointer.tag, LONG, 1, &at);
    }

    /// Returns a value to keep, within the limits.
    fn taken(&mut self, entry: &Entry) -> Option<Vec<u8>> {
        self.value(entry, VALUE_BYTES.min(TAKEN_BYTES.saturating_sub(self.block.bytes.len())))
    }

    fn directory(&mut self, at: u32) -> Option<Vec<Entry>> {
        let count = self.bytes(at, 2)?;
        let count = self.block.short_of([count[0], count[1]]).min(ENTRIES);
        let bytes = self.bytes(at.checked_add(2)?, usize::from(count) * 12)?;
        Some(bytes.as_chunks::<12>().0.iter().map(|entry| self.block.entry(entry)).collect())
    }

    /// Returns an entry's value as it is in the file; `None` if it is longer than `most` or cut off.
    fn value(&mut self, entry: &Entry, most: usize) -> Option<Vec<u8>> {
        let len = entry.len().filter(|&len| len <= most)?;
        match entry.value.get(..len) {
            Some(inline) => Some(inline.to_vec()),
            None => self.bytes(self.block.long_of(entry.value), len),
        }
    }

    fn bytes(&mut self, at: u32, len: usize) -> Option<Vec<u8>> {
        self.input.seek(SeekFrom::Start(u64::from(at))).ok()?;
        let mut bytes = Vec::new();
        // Read only what is there, whatever a header claims.
        self.input.by_ref().take(len as u64).read_to_end(&mut bytes).ok()?;
        (bytes.len() == len).then_some(bytes)
    }
}

/// Tags and types of XMP and IPTC in a TIFF file.
pub(in super::super) const XMP_TAG: (u16, u16) = (XMP, 1);
pub(in super::super) const IPTC_TAG: (u16, u16) = (IPTC, UNDEFINED);

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::{ENTRIES, TAKEN_BYTES, VALUE_BYTES, read};

    /// Six hundred entries refer to one directory, whose thousand entries refer to one offset.
    #[test]
    fn what_is_named_often_is_not_taken_often() {
        let directories = 600u16;
        let at = 8 + 2 + u32::from(directories) * 12 + 4;
        let entry = |tag: u16, kind: u16, count: u32, value: u32| {
            [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &count.to_le_bytes(), &value.to_le_bytes()].concat()
        };
        let mut file = b"II*\0\x08\0\0\0".to_vec();
        file.extend(directories.to_le_bytes());
        (0..directories).for_each(|_| file.extend(entry(super::EXIF_DIRECTORY, 4, 1, at)));
        file.extend([0; 4]);
        file.extend(ENTRIES.to_le_bytes());
        (0..ENTRIES).for_each(|i| file.extend(entry(0x9000 + i, 7, VALUE_BYTES as u32, 0)));
        file.resize(file.len().max(VALUE_BYTES) + 4, 0);
        let exif = read(&mut Cursor::new(file)).exif.unwrap();
        // The values, and the entries that refer to them.
        assert!(exif.len() < TAKEN_BYTES + usize::from(ENTRIES) * 12 + 1024, "{} bytes", exif.len());
    }
}
