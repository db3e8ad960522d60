//! Exif blocks, updated in place.
//!
//! An Exif block is a small TIFF file (CIPA DC-008, section 4.5): a header, and directories whose entries hold a value
//! or its offset from the start of the block. Camera maker notes contain such offsets too, in formats of their own, so
//! nothing may move. Therefore only the first directory, which has the tags that are wrong for a new picture, is
//! rewritten, after everything else. The rest is changed in place, or not at all.

use super::{Density, Facts};

/// Tags of the first directory that describe where and how pixels are stored, or that have a block of their own in
/// every format.
const NOT_KEPT: [u16; 30] = [
    254, 255, 256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 317, 320, 322, 323, 324, 325, 330, 338, 339, 347, 513, 514,
    529, 530, 700, 33723, 34675,
];
/// Adobe's resources: they contain a thumbnail, and IPTC a second time.
const PHOTOSHOP: u16 = 34377;
pub(super) const ORIENTATION: u16 = 274;
pub(super) const X_RESOLUTION: u16 = 282;
pub(super) const Y_RESOLUTION: u16 = 283;
pub(super) const RESOLUTION_UNIT: u16 = 296;
const SOFTWARE: u16 = 305;
/// Offsets of the directories with the camera's settings and the location.
pub(super) const EXIF_DIRECTORY: u16 = 34665;
pub(super) const GPS_DIRECTORY: u16 = 34853;
const COLOUR_SPACE: u16 = 40961;
/// Offset of the directory that names the rules that a camera follows.
const INTEROPERABILITY: u16 = 40965;
const PIXEL_WIDTH: u16 = 40962;
const PIXEL_HEIGHT: u16 = 40963;

const ASCII: u16 = 2;
const SHORT: u16 = 3;
const LONG: u16 = 4;
const RATIONAL: u16 = 5;

/// An entry of a directory. Its value, or the offset of the value, is in the block's byte order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Entry {
    pub(in super::super) tag: u16,
    pub(in super::super) kind: u16,
    pub(in super::super) count: u32,
    pub(in super::super) value: [u8; 4],
}

impl Entry {
    /// Whether the value is the offset of another directory.
    pub(in super::super) fn is_directory(&self) -> bool {
        [EXIF_DIRECTORY, GPS_DIRECTORY].contains(&self.tag)
    }

    /// Bytes of the value; `None` for a type that TIFF does not define.
    pub(super) fn len(&self) -> Option<usize> {
        let each = match self.kind {
            1 | 2 | 6 | 7 => 1,
            3 | 8 => 2,
            4 | 9 | 11 | 13 => 4,
            5 | 10 | 12 => 8,
            _ => return None,
        };
        usize::try_from(self.count).ok()?.checked_mul(each)
    }
}

/// Maximum number of thumbnail directories to look at. Real files have one.
const THUMBNAILS: usize = 4;

/// A block whose first directory has been taken out and is kept beside it.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Block {
    pub(in super::super) little: bool,
    /// From the header on. The header's offset of the first directory is filled in when that is written.
    pub(in super::super) bytes: Vec<u8>,
    /// Sorted by tag.
    pub(in super::super) entries: Vec<Entry>,
}

impl Block {
    /// Makes an empty block.
    pub(in super::super) fn new(little: bool) -> Self {
        let header: &[u8] = if little { b"II*\0\0\0\0\0" } else { b"MM\0*\0\0\0\0" };
        Block { little, bytes: header.to_vec(), entries: Vec::new() }
    }

    /// Parses a block. The thumbnail is removed, because it shows another picture.
    pub(super) fn parse(exif: &[u8]) -> Result<Self, &'static str> {
        let little = match exif.get(..4) {
            Some(b"II*\0") => true,
            Some(b"MM\0*") => false,
            _ => return Err("it has no header"),
        };
        let mut block = Block { little, bytes: exif.to_vec(), entries: Vec::new() };
        let first = block.long(4).ok_or("it has no directory")? as usize;
        let (entries, next) = block.directory(first).ok_or("its directory is cut off")?;
        block.wipe(first, 2 + entries.len() * 12 + 4);
        block.entries = entries.into_iter().filter(|e| !NOT_KEPT.contains(&e.tag) && e.tag != PHOTOSHOP).collect();
        block.entries.sort_by_key(|entry| entry.tag);
        block.entries.dedup_by_key(|entry| entry.tag);
        block.wipe_thumbnails(next);
        Ok(block)
    }

    /// Wipes a chain of directories and the pixels that they refer to: a JPEG file, or strips.
    fn wipe_thumbnails(&mut self, mut next: usize) {
        for _ in 0..THUMBNAILS {
            let Some((thumbnail, after)) = self.directory(next).filter(|_| next > 0) else { return };
            let numbers =
                |tag| thumbnail.iter().find(|entry| entry.tag == tag).map_or_else(Vec::new, |entry| self.numbers(entry));
            let pairs = [(513, 514), (273, 279)].map(|(offsets, lengths)| numbers(offsets).into_iter().zip(numbers(lengths)));
            let places: Vec<_> = pairs.into_iter().flatten().collect();
            self.wipe(next, 2 + thumbnail.len() * 12 + 4);
            places.into_iter().for_each(|(start, len)| self.wipe(start as usize, len as usize));
            next = after;
        }
    }

    /// Returns all numbers of an entry.
    fn numbers(&self, entry: &Entry) -> Vec<u32> {
        let Some(bytes) = self.value(entry) else { return Vec::new() };
        match entry.kind {
            SHORT => bytes.as_chunks::<2>().0.iter().map(|&number| self.short_of(number).into()).collect(),
            LONG => bytes.as_chunks::<4>().0.iter().map(|&number| self.long_of(number)).collect(),
            _ => Vec::new(),
        }
    }

    /// Updates the block for a new picture.
    pub(super) fn update(&mut self, facts: &Facts<'_>) {
        if self.entries.iter().any(|entry| entry.tag == ORIENTATION) {
            self.set(ORIENTATION, SHORT, 1, &self.short_bytes(1));
        }
        if let Some(density) = facts.density {
            self.set_density(density);
        }
        if let Some(software) = facts.software {
            let text = [software.as_bytes(), b"\0"].concat();
            self.set(SOFTWARE, ASCII, text.len() as u32, &text);
        }
        let settings = self.entries.iter().find(|entry| entry.tag == EXIF_DIRECTORY).and_then(|entry| self.number(entry));
        let Some(start) = settings.map(|start| start as usize) else { return };
        let Some((entries, _)) = self.directory(start) else { return };
        for (i, entry) in entries.iter().enumerate() {
            let (kind, value) = match entry.tag {
                COLOUR_SPACE if facts.srgb => (SHORT, self.short_bytes(1)),
                PIXEL_WIDTH => (LONG, self.long_bytes(facts.size[0] as u32)),
                PIXEL_HEIGHT => (LONG, self.long_bytes(facts.size[1] as u32)),
                _ => continue,
            };
            let entry = Entry { tag: entry.tag, kind, count: 1, value };
            let bytes = self.entry_bytes(&entry);
            let at = start + 2 + i * 12;
            self.bytes[at..at + 12].copy_from_slice(&bytes);
        }
    }

    /// Adds a resolution without a unit if there is none, because TIFF requires one.
    pub(in super::super) fn complete_density(&mut self) {
        if self.entries.iter().any(|entry| entry.tag == X_RESOLUTION) {
            return;
        }
        let one = [self.long_bytes(1), self.long_bytes(1)].concat();
        self.set(X_RESOLUTION, RATIONAL, 1, &one);
        self.set(Y_RESOLUTION, RATIONAL, 1, &one);
        self.set(RESOLUTION_UNIT, SHORT, 1, &self.short_bytes(1));
    }

    fn set_density(&mut self, density: Density) {
        let rational = |block: &Self, dpi: f64| {
            // Most are whole numbers. Four digits are enough for those converted from pixels per meter.
            let (n, d) = if dpi.fract() == 0.0 { (dpi, 1.0) } else { (dpi * 10_000.0, 10_000.0) };
            // Beyond 32 bits there are fewer digits.
            let (n, d) = if n.round() > f64::from(u32::MAX) { (n / 10_000.0, 1.0) } else { (n, d) };
            let n = n.round();
            [block.long_bytes(n as u32), block.long_bytes(d as u32)].concat()
        };
        let (x, y) = (rational(self, density.x), rational(self, density.y));
        self.set(X_RESOLUTION, RATIONAL, 1, &x);
        self.set(Y_RESOLUTION, RATIONAL, 1, &y);
        self.set(RESOLUTION_UNIT, SHORT, 1, &self.short_bytes(2));
    }

    /// Sets a tag of the first directory to this value, in the block's byte order.
    pub(super) fn set(&mut self, tag: u16, kind: u16, count: u32, value: &[u8]) {
        let value = self.store(value);
        let entry = Entry { tag, kind, count, value };
        match self.entries.binary_search_by_key(&tag, |entry| entry.tag) {
            Ok(i) => self.entries[i] = entry,
            Err(i) => self.entries.insert(i, entry),
        }
    }

    /// Stores a value and returns what goes into its entry: the value itself if it is short, otherwise its offset.
    pub(super) fn store(&mut self, value: &[u8]) -> [u8; 4] {
        let mut inline = [0; 4];
        match inline.get_mut(..value.len()) {
            Some(short) => short.copy_from_slice(value),
            None => {
                let at = self.append(value);
                inline = self.long_bytes(at);
            }
        }
        inline
    }

    /// Appends bytes at an even offset, as TIFF requires, and returns it.
    pub(super) fn append(&mut self, bytes: &[u8]) -> u32 {
        self.bytes.resize(self.bytes.len().next_multiple_of(2), 0);
        let at = self.bytes.len() as u32;
        self.bytes.extend(bytes);
        at
    }

    /// Returns these entries as the bytes of a directory, the last of a chain.
    pub(super) fn directory_bytes(&self, entries: &[Entry]) -> Vec<u8> {
        let mut bytes =
            if self.little { (entries.len() as u16).to_le_bytes() } else { (entries.len() as u16).to_be_bytes() }.to_vec();
        entries.iter().for_each(|entry| bytes.extend(self.entry_bytes(entry)));
        bytes.extend([0; 4]);
        bytes
    }

    /// Returns the block with its first directory.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut whole = self.clone();
        let at = whole.append(&self.directory_bytes(&self.entries));
        whole.bytes[4..8].copy_from_slice(&self.long_bytes(at));
        whole.bytes
    }

    /// Returns an entry's value, in the block's byte order; `None` if it is outside the block.
    pub(in super::super) fn value<'a>(&'a self, entry: &'a Entry) -> Option<&'a [u8]> {
        let len = entry.len()?;
        let at = self.long_of(entry.value) as usize;
        entry.value.get(..len).or_else(|| self.bytes.get(at..at.checked_add(len)?))
    }

    /// Whether colors are in Adobe RGB, as cameras say it (DCF 2.0, JEITA CP-3461B): uncalibrated, and the file
    /// follows rule R03. Some Canon cameras write 2 as color space instead.
    pub(super) fn is_adobe_rgb(&self) -> bool {
        let directory = |entry: &Entry| self.number(entry).and_then(|at| self.directory(at as usize)).map(|found| found.0);
        let Some(settings) = self.entries.iter().find(|entry| entry.tag == EXIF_DIRECTORY).and_then(directory) else {
            return false;
        };
        let find = |tag| settings.iter().find(|entry| entry.tag == tag);
        let rules = find(INTEROPERABILITY).and_then(directory).unwrap_or_default();
        let rule = rules.iter().find(|entry| entry.tag == 1).and_then(|entry| self.value(entry));
        match find(COLOUR_SPACE).and_then(|entry| self.number(entry)) {
            Some(2) => true,
            Some(0xFFFF) => rule.is_some_and(|rule| rule.starts_with(b"R03")),
            _ => false,
        }
    }

    /// Returns the resolution in the first directory.
    pub(super) fn density(&self) -> Option<Density> {
        let find = |tag| self.entries.iter().find(|entry| entry.tag == tag);
        let rational = |tag| {
            let entry = find(tag).filter(|entry| entry.kind == RATIONAL && entry.count == 1)?;
            let (n, d) = self.value(entry)?.split_at(4);
            let number = |bytes: &[u8]| Some(f64::from(self.long_of(bytes.try_into().ok()?)));
            Some(number(n)? / number(d)?)
        };
        let per_inch = match find(RESOLUTION_UNIT).and_then(|entry| self.number(entry)) {
            Some(3) => 2.54,
            Some(2) | None => 1.0,
            Some(_) => return None,
        };
        let x = rational(X_RESOLUTION)?;
        Density::new(x * per_inch, rational(Y_RESOLUTION).unwrap_or(x) * per_inch)
    }

    /// Returns the entries of the directory at an offset, and the offset of the next one.
    fn directory(&self, at: usize) -> Option<(Vec<Entry>, usize)> {
        let count = usize::from(self.short(at)?);
        let end = at.checked_add(2 + count * 12)?;
        let entries = self.bytes.get(at + 2..end)?.as_chunks::<12>().0;
        // Some writers omit the offset of the next directory.
        Some((entries.iter().map(|bytes| self.entry(bytes)).collect(), self.long(end).unwrap_or(0) as usize))
    }

    pub(super) fn entry(&self, b: &[u8; 12]) -> Entry {
        let short = |bytes| if self.little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) };
        let [tag, kind] = [[b[0], b[1]], [b[2], b[3]]].map(short);
        Entry { tag, kind, count: self.long_of([b[4], b[5], b[6], b[7]]), value: [b[8], b[9], b[10], b[11]] }
    }

    fn entry_bytes(&self, entry: &Entry) -> [u8; 12] {
        let mut bytes = [0; 12];
        let order = |v: u16| if self.little { v.to_le_bytes() } else { v.to_be_bytes() };
        bytes[..2].copy_from_slice(&order(entry.tag));
        bytes[2..4].copy_from_slice(&order(entry.kind));
        bytes[4..8].copy_from_slice(&self.long_bytes(entry.count));
        bytes[8..].copy_from_slice(&entry.value);
        bytes
    }

    /// Returns the value of an entry that is one whole number.
    pub(super) fn number(&self, entry: &Entry) -> Option<u32> {
        match (entry.kind, entry.count) {
            (SHORT, 1) => Some(u32::from(self.short_of([entry.value[0], entry.value[1]]))),
            (LONG | 13, 1) => Some(self.long_of(entry.value)),
            _ => None,
        }
    }

    /// Overwrites bytes that no longer apply with zeros, or cuts them off at the end of the block.
    fn wipe(&mut self, start: usize, len: usize) {
        let end = start.saturating_add(len).min(self.bytes.len());
        // The header stays.
        let start = start.max(8);
        if start >= end {
            return;
        }
        if end == self.bytes.len() {
            self.bytes.truncate(start);
        } else {
            self.bytes[start..end].fill(0);
        }
    }

    fn short(&self, at: usize) -> Option<u16> {
        let bytes = self.bytes.get(at..at.checked_add(2)?)?;
        Some(self.short_of([bytes[0], bytes[1]]))
    }

    fn long(&self, at: usize) -> Option<u32> {
        let bytes = self.bytes.get(at..at.checked_add(4)?)?;
        Some(self.long_of([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    pub(super) fn short_of(&self, bytes: [u8; 2]) -> u16 {
        if self.little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) }
    }

    pub(super) fn long_of(&self, bytes: [u8; 4]) -> u32 {
        if self.little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) }
    }

    fn short_bytes(&self, value: u16) -> [u8; 4] {
        let [a, b] = if self.little { value.to_le_bytes() } else { value.to_be_bytes() };
        [a, b, 0, 0]
    }

    pub(super) fn long_bytes(&self, value: u32) -> [u8; 4] {
        if self.little { value.to_le_bytes() } else { value.to_be_bytes() }
    }
}

#[cfg(test)]
mod tests {
    use super::Block;

    /// A thumbnail in two strips, and another one after it.
    #[test]
    fn thumbnails_are_wiped_in_all_their_strips() {
        let entry = |tag: u16, count: u32, value: u32| {
            [&tag.to_le_bytes()[..], &4u16.to_le_bytes(), &count.to_le_bytes(), &value.to_le_bytes()].concat()
        };
        let long = |value: u32| value.to_le_bytes().to_vec();
        let parts = [
            b"II*\0\x08\0\0\0".to_vec(),
            // At 8: nothing, and the next at 14.
            [vec![0, 0], long(14)].concat(),
            [vec![2, 0], entry(273, 2, 74), entry(279, 2, 82), long(44)].concat(),
            // At 44.
            [vec![2, 0], entry(513, 1, 104), entry(514, 1, 6), long(0)].concat(),
            [long(90), long(97), long(6), long(6)].concat(),
            b"SECRETxSECRETxSECRET".to_vec(),
        ];
        let bytes = parts.concat();
        assert_eq!(bytes.windows(6).filter(|window| window == b"SECRET").count(), 3);
        let block = Block::parse(&bytes).unwrap();
        assert!(!block.bytes.windows(6).any(|window| window == b"SECRET"), "{:?}", block.bytes);
    }
}
