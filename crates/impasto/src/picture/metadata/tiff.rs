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

/// Tags by which maps place a picture on the earth: scale, points, matrix, and keys of GeoTIFF.
const GEO: [u16; 6] = [33550, 33922, 34264, 34735, 34736, 34737];

/// Reads the metadata of a TIFF file, and what of it is left out. Damaged or missing parts are skipped, because the
/// pixels do not need them.
pub(in super::super) fn read(input: &mut (impl Read + Seek)) -> (Metadata, Vec<String>) {
    let Some(mut reader) = Reader::open(input) else { return Default::default() };
    let found = reader.metadata().unwrap_or_default();
    let mut left_out = Vec::new();
    if let Some(tag) = reader.too_large.first() {
        let more = if reader.too_large.len() > 1 { " and others" } else { "" };
        left_out.push(format!("metadata is left out because it is too large (tag {tag}{more})"));
    }
    if reader.geographic {
        left_out.push("its geographic position (GeoTIFF) is left out".into());
    }
    (found, left_out)
}

/// An entry of a directory in the file.
struct Found {
    tag: u16,
    kind: u16,
    count: u64,
    /// The value, or its offset: 4 bytes, or 8 in a BigTIFF.
    value: Vec<u8>,
}

impl Found {
    /// Bytes of the value; `None` for a type that TIFF does not define.
    fn len(&self) -> Option<usize> {
        let each = match self.kind {
            1 | 2 | 6 | 7 => 1,
            3 | 8 => 2,
            4 | 9 | 11 | 13 => 4,
            5 | 10 | 12 | 16..=18 => 8,
            _ => return None,
        };
        usize::try_from(self.count).ok()?.checked_mul(each)
    }
}

struct Reader<'a, R> {
    input: &'a mut R,
    /// Whether offsets and counts have 64 bits.
    big: bool,
    block: Block,
    /// Tags whose values are too large to keep.
    too_large: Vec<u16>,
    /// Whether it has tags of GeoTIFF.
    geographic: bool,
}

impl<'a, R: Read + Seek> Reader<'a, R> {
    fn open(input: &'a mut R) -> Option<Self> {
        let mut header = [0; 4];
        input.rewind().ok()?;
        input.read_exact(&mut header).ok()?;
        let (little, big) = match &header {
            b"II*\0" => (true, false),
            b"MM\0*" => (false, false),
            b"II+\0" => (true, true),
            b"MM\0+" => (false, true),
            _ => return None,
        };
        Some(Reader { input, big, block: Block::new(little), too_large: Vec::new(), geographic: false })
    }

    fn metadata(&mut self) -> Option<Metadata> {
        let first = if self.big { self.bytes(8, 8)? } else { self.bytes(4, 4)? };
        let entries = self.directory(self.whole(&first))?;
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
                    if let Some((count, value)) = self.taken(entry) {
                        self.block.set(tag, entry.kind, count, &value);
                    }
                }
                _ => {}
            }
        }
        self.geographic = entries.iter().any(|entry| GEO.contains(&entry.tag));
        found.density = self.block.density();
        if !self.block.entries.is_empty() {
            found.exif = Some(self.block.to_bytes());
        }
        Some(found)
    }

    /// Copies the directory that an entry refers to.
    fn take_directory(&mut self, pointer: &Found) {
        if self.block.entries.iter().any(|entry| entry.tag == pointer.tag) {
            return;
        }
        let at = (pointer.count == 1 && matches!(pointer.kind, 4 | 13 | 16 | 18)).then(|| self.number_of(pointer));
        let Some(entries) = at.and_then(|at| self.directory(at)) else { return };
        let mut taken = Vec::new();
        for entry in entries.into_iter().filter(|entry| !IMMOVABLE.contains(&entry.tag)) {
            if let Some((count, value)) = self.taken(&entry) {
                taken.push(Entry { tag: entry.tag, kind: entry.kind, count, value: self.block.store(&value) });
            }
        }
        let directory = self.block.directory_bytes(&taken);
        let at = self.block.append(&directory);
        let at = self.block.long_bytes(at);
        self.block.set(pointer.tag, LONG, 1, &at);
    }

    /// Returns a value to keep, and how many numbers it has, within the limits. Classic files have no numbers of 64
    /// bits, so neither has an Exif block.
    fn taken(&mut self, entry: &Found) -> Option<(u32, Vec<u8>)> {
        let most = VALUE_BYTES.min(TAKEN_BYTES.saturating_sub(self.block.bytes.len()));
        let count = u32::try_from(entry.count).ok()?;
        Some((count, self.value(entry, most).filter(|_| entry.kind < 16)?))
    }

    fn directory(&mut self, at: u64) -> Option<Vec<Found>> {
        let (counted, length, inline) = if self.big { (8, 20, 8) } else { (2, 12, 4) };
        let count = self.bytes(at, counted)?;
        let count = self.whole(&count).min(ENTRIES.into()) as usize;
        let bytes = self.bytes(at.checked_add(counted as u64)?, count * length)?;
        let entry = |bytes: &[u8]| Found {
            tag: self.whole(&bytes[..2]) as u16,
            kind: self.whole(&bytes[2..4]) as u16,
            count: self.whole(&bytes[4..4 + inline]),
            value: bytes[length - inline..].to_vec(),
        };
        Some(bytes.chunks_exact(length).map(entry).collect())
    }

    /// Returns an entry's value as it is in the file; `None` if it is longer than `most` or cut off.
    fn value(&mut self, entry: &Found, most: usize) -> Option<Vec<u8>> {
        let len = entry.len()?;
        if len > most {
            self.too_large.push(entry.tag);
            return None;
        }
        match entry.value.get(..len) {
            Some(inline) => Some(inline.to_vec()),
            None => self.bytes(self.whole(&entry.value), len),
        }
    }

    /// Returns the value of an entry that is one whole number.
    fn number_of(&self, entry: &Found) -> u64 {
        self.whole(&entry.value[..entry.len().unwrap_or(0).min(entry.value.len())])
    }

    /// Returns a whole number in the file's byte order.
    fn whole(&self, bytes: &[u8]) -> u64 {
        let join = |value: u64, &byte: &u8| value << 8 | u64::from(byte);
        if self.block.little { bytes.iter().rev().fold(0, join) } else { bytes.iter().fold(0, join) }
    }

    fn bytes(&mut self, at: u64, len: usize) -> Option<Vec<u8>> {
        self.input.seek(SeekFrom::Start(at)).ok()?;
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
        let (found, left_out) = read(&mut Cursor::new(file));
        let exif = found.exif.unwrap();
        assert_eq!(left_out.len(), 1);
        // The values, and the entries that refer to them.
        assert!(exif.len() < TAKEN_BYTES + usize::from(ENTRIES) * 12 + 1024, "{} bytes", exif.len());
    }
}
