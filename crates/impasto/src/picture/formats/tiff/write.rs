//! Writing TIFF: Deflate with horizontal differences, which every reader since the 1990s supports.
//!
//! The file is written by hand, because the `tiff` crate does not compress when it writes strip by strip, and because
//! an Exif block fits best at the beginning of the file. The block is a TIFF file itself. At the beginning, all its
//! offsets stay valid, and so do its directories and maker notes. Only its first directory becomes part of the
//! picture's.

use std::io::{self, Seek, SeekFrom, Write};

use flate2::write::ZlibEncoder;

use super::super::Output;
use crate::picture::encode::rows::{Alpha, Layout, NextRows, incomplete};
use crate::picture::encode::{failed, sides};
use crate::picture::metadata::exif::{Block, Entry};
use crate::picture::metadata::tiff::{IPTC_TAG, XMP_TAG};
use crate::picture::{Compression, EncodeOptions, Format};
use crate::{Error, Result};

/// Classic TIFF addresses 4 GiB. A little is reserved for tags and for data that does not compress.
const CLASSIC_BYTES: usize = 4_000_000_000;
/// Approximate bytes of samples per strip.
const STRIP_BYTES: usize = 1_000_000;

const SHORT: u16 = 3;
const LONG: u16 = 4;
const UNDEFINED: u16 = 7;
/// BigTIFF's type for 64-bit numbers.
const LONG8: u16 = 16;

pub(super) fn encode(layout: &Layout, options: &EncodeOptions, next: NextRows<'_>, out: &mut dyn Output) -> Result<()> {
    let compression = options.compression;
    let (width, height): (u32, u32) = sides(layout, Format::Tiff)?;
    let big = layout.row_bytes().saturating_mul(layout.height) > CLASSIC_BYTES;
    let mut file = File::new(out, layout, big)?;
    let row = layout.row_bytes();
    let rows_per_strip = STRIP_BYTES.div_ceil(row).min(layout.height);
    let (mut offsets, mut lengths) = (Vec::new(), Vec::new());
    let (mut waiting, mut done) = (Vec::new(), 0);
    while done < layout.height {
        let strip = rows_per_strip.min(layout.height - done) * row;
        while waiting.len() < strip {
            waiting.extend(next()?.ok_or_else(incomplete)?);
        }
        let packed = compress(layout, (compression, file.little), &mut waiting[..strip])?;
        offsets.push(file.append(&packed)?);
        lengths.push(packed.len() as u64);
        waiting.drain(..strip);
        done += strip / row;
    }
    let channels = layout.channels();
    let bits = if layout.deep { 16 } else { 8 };
    file.number(256, LONG, width)?;
    file.number(257, LONG, height)?;
    file.shorts(258, &vec![bits; channels])?;
    // Deflate, RGB, number of samples, differences, unsigned numbers.
    file.number(259, SHORT, 8)?;
    file.number(262, SHORT, 2)?;
    file.places(273, &offsets)?;
    file.number(277, SHORT, channels as u32)?;
    file.number(278, LONG, rows_per_strip as u32)?;
    file.places(279, &lengths)?;
    file.number(317, SHORT, 2)?;
    if layout.alpha == Alpha::Kept {
        // Not premultiplied.
        file.number(338, SHORT, 2)?;
    }
    file.shorts(339, &vec![1; channels])?;
    let metadata = &layout.metadata;
    if let Some(xmp) = &metadata.xmp {
        file.value(XMP_TAG.0, XMP_TAG.1, xmp.len(), xmp)?;
    }
    if let Some(records) = &metadata.iptc {
        file.value(IPTC_TAG.0, IPTC_TAG.1, records.len(), records)?;
    }
    if let Some(icc) = layout.space.icc() {
        file.value(34675, UNDEFINED, icc.len(), icc)?;
    }
    file.finish()
}

/// Returns differences from the pixel to the left, compressed.
fn compress(layout: &Layout, (compression, little): (Compression, bool), strip: &mut [u8]) -> Result<Vec<u8>> {
    let channels = layout.channels();
    for row in strip.chunks_exact_mut(layout.row_bytes()) {
        if layout.deep {
            let at = |row: &[u8], i: usize| u16::from_ne_bytes([row[2 * i], row[2 * i + 1]]);
            for i in (0..row.len() / 2).rev() {
                let left = if i < channels { 0 } else { at(row, i - channels) };
                let difference = at(row, i).wrapping_sub(left);
                let bytes = if little { difference.to_le_bytes() } else { difference.to_be_bytes() };
                row[2 * i..2 * i + 2].copy_from_slice(&bytes);
            }
        } else {
            for i in (channels..row.len()).rev() {
                row[i] = row[i].wrapping_sub(row[i - channels]);
            }
        }
    }
    let level = match compression {
        Compression::Fast => flate2::Compression::fast(),
        Compression::Balanced => flate2::Compression::default(),
        Compression::High => flate2::Compression::best(),
    };
    let mut packed = ZlibEncoder::new(Vec::new(), level);
    packed.write_all(strip).and_then(|()| packed.finish()).map_err(Error::from)
}

/// A file whose directory is written last.
struct File<W> {
    out: W,
    /// The current end of the file.
    end: u64,
    little: bool,
    big: bool,
    /// Tag, type, number of values, and the values or their offset.
    entries: Vec<(u16, u16, u64, Vec<u8>)>,
}

impl<W: Write + Seek> File<W> {
    /// Starts a file with the contents of the Exif block, and its tags. BigTIFF has different directories, so there
    /// only the values in the first directory are kept.
    fn new(out: W, layout: &Layout, big: bool) -> Result<Self> {
        let mut block = layout.metadata.exif.clone().unwrap_or_else(|| Block::new(true));
        block.complete_density();
        let little = block.little;
        let mut file = File { out, end: 0, little, big, entries: Vec::new() };
        if big {
            let header = file.words(&[if little { 0x4949 } else { 0x4D4D }, 43, 8, 0]);
            file.append(&header)?;
            file.append(&[0; 8])?;
        } else {
            file.append(&block.bytes)?;
        }
        for entry in &block.entries {
            file.take(&block, entry)?;
        }
        Ok(file)
    }

    fn take(&mut self, block: &Block, entry: &Entry) -> Result<()> {
        if !self.big {
            self.entries.push((entry.tag, entry.kind, u64::from(entry.count), entry.value.to_vec()));
        } else if let Some(value) = block.value(entry).filter(|_| !entry.is_directory()) {
            self.value(entry.tag, entry.kind, entry.count as usize, value)?;
        }
        Ok(())
    }

    /// Appends bytes at an even offset, and returns it.
    fn append(&mut self, bytes: &[u8]) -> Result<u64> {
        if !self.end.is_multiple_of(2) {
            self.out.write_all(&[0])?;
            self.end += 1;
        }
        let at = self.end;
        self.out.write_all(bytes)?;
        self.end += bytes.len() as u64;
        Ok(at)
    }

    fn number(&mut self, tag: u16, kind: u16, value: u32) -> Result<()> {
        let bytes = if kind == SHORT { self.words(&[value as u16]) } else { self.long(value).to_vec() };
        self.value(tag, kind, 1, &bytes)
    }

    fn shorts(&mut self, tag: u16, values: &[u16]) -> Result<()> {
        let bytes = self.words(values);
        self.value(tag, SHORT, values.len(), &bytes)
    }

    /// Adds an entry of offsets or lengths.
    fn places(&mut self, tag: u16, values: &[u64]) -> Result<()> {
        let bytes: Vec<u8> = values.iter().flat_map(|&value| self.place(value)).collect();
        self.value(tag, if self.big { LONG8 } else { LONG }, values.len(), &bytes)
    }

    /// Adds an entry whose value is in the file's byte order.
    fn value(&mut self, tag: u16, kind: u16, count: usize, value: &[u8]) -> Result<()> {
        let mut inline = value.to_vec();
        let room = if self.big { 8 } else { 4 };
        if inline.len() > room {
            let at = self.append(value)?;
            inline = self.place(at);
        }
        inline.resize(room, 0);
        self.entries.push((tag, kind, count as u64, inline));
        Ok(())
    }

    /// Writes the directory, and its offset in the header.
    fn finish(mut self) -> Result<()> {
        let mut entries = std::mem::take(&mut self.entries);
        entries.sort_by_key(|entry| entry.0);
        let mut bytes = if self.big { self.long8(entries.len() as u64).to_vec() } else { self.words(&[entries.len() as u16]) };
        for (tag, kind, count, value) in &entries {
            bytes.extend(self.words(&[*tag, *kind]));
            bytes.extend(self.place(*count));
            bytes.extend(value);
        }
        // There is no next directory.
        bytes.extend(self.place(0));
        let at = self.append(&bytes)?;
        if !self.big && u32::try_from(self.end).is_err() {
            return Err(failed(
                Format::Tiff,
                io::Error::other("the file would be larger than 4 GiB, the most that TIFF allows; use PNG"),
            ));
        }
        self.out.seek(SeekFrom::Start(if self.big { 8 } else { 4 }))?;
        let place = self.place(at);
        self.out.write_all(&place)?;
        Ok(self.out.flush()?)
    }

    fn words(&self, values: &[u16]) -> Vec<u8> {
        values.iter().flat_map(|value| if self.little { value.to_le_bytes() } else { value.to_be_bytes() }).collect()
    }

    fn long(&self, value: u32) -> [u8; 4] {
        if self.little { value.to_le_bytes() } else { value.to_be_bytes() }
    }

    fn long8(&self, value: u64) -> [u8; 8] {
        if self.little { value.to_le_bytes() } else { value.to_be_bytes() }
    }

    /// An offset or a number of values: 4 bytes, or 8 in BigTIFF.
    fn place(&self, value: u64) -> Vec<u8> {
        if self.big { self.long8(value).to_vec() } else { self.long(value as u32).to_vec() }
    }
}
