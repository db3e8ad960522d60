//! Windows icons: several pictures, of which the largest is read. Each is a PNG file, or a bitmap without its file
//! header and with a mask.

use std::io::Cursor;

use image::codecs::ico::IcoDecoder;

use super::{Read, Row, png};
use crate::picture::Limits;
use crate::picture::decode::{Raw, cut, library};
use crate::{Error, ErrorKind, Result};

pub(super) const ROW: Row = Row {
    name: "ICO",
    id: "ico",
    media_type: "image/vnd.microsoft.icon",
    extensions: &["ico"],
    only_read: &[],
    // An icon contains at least one picture. With a count of 0, it may be an MPEG stream.
    detect: |head| head.starts_with(b"\0\0\x01\0") && head.get(4..6).is_none_or(|count| count != [0, 0]),
    read: Read::Bytes(decode),
    write: None,
};

/// Bytes of the header, and of each picture's entry.
const HEADER: usize = 6;
const ENTRY: usize = 16;

/// Returns a bitmap with a mask of the right size. Some programs omit the mask, or write its rows without padding. Then
/// all pixels without an alpha of their own are opaque.
fn with_mask(bitmap: &[u8]) -> Vec<u8> {
    let number = |at: usize, len: usize| {
        let bytes = bitmap.get(at..at + len).unwrap_or_default();
        bytes.iter().rev().fold(0, |sum: usize, &byte| sum << 8 | usize::from(byte))
    };
    let (header, width, both, bits, used) = (number(0, 4), number(4, 4), number(8, 4), number(14, 2), number(32, 4));
    // The height counts both picture and mask. The sides of icons are small.
    let height = both / 2;
    if !(40..=256).contains(&header) || width > 1 << 12 || height > 1 << 12 || bits > 32 || used > 256 {
        return bitmap.to_vec();
    }
    let colours = if bits <= 8 && used == 0 { 1 << bits } else { used };
    let row = |bits: usize| (width * bits).div_ceil(32) * 4;
    let (pixels, mask) = (header + colours * 4 + row(bits) * height, row(1) * height);
    let short = (pixels..pixels + mask).contains(&bitmap.len());
    if short { [&bitmap[..pixels], &vec![0; mask]].concat() } else { bitmap.to_vec() }
}

fn decode(bytes: &[u8], limits: &Limits) -> Result<Raw> {
    let count = bytes.get(4..HEADER).map(|count| usize::from(u16::from_le_bytes([count[0], count[1]]))).ok_or_else(cut)?;
    let entries = bytes.get(HEADER..HEADER + count * ENTRY).ok_or_else(cut)?.as_chunks::<ENTRY>().0;
    // 0 stands for 256.
    let side = |byte: u8| if byte == 0 { 256 } else { u32::from(byte) };
    let rank = |entry: &&[u8; ENTRY]| (side(entry[0]) * side(entry[1]), u16::from_le_bytes([entry[6], entry[7]]));
    let best = entries.iter().max_by_key(rank).ok_or_else(|| Error::new(ErrorKind::Malformed, "it holds no picture"))?;
    let number = |at: usize| u32::from_le_bytes([best[at], best[at + 1], best[at + 2], best[at + 3]]) as usize;
    let data = bytes.get(number(12)..).ok_or_else(cut)?;
    let data = data.get(..number(8)).ok_or_else(cut)?;
    let mut raw = if data.starts_with(png::SIGNATURE) {
        png::decode(Cursor::new(data), limits)?
    } else {
        // An icon with only this picture, because the decoder would choose by depth before size.
        let bitmap = with_mask(data);
        let mut icon = [&[0, 0, 1, 0, 1, 0], &best[..], &bitmap].concat();
        icon[HEADER + 8..HEADER + 12].copy_from_slice(&(bitmap.len() as u32).to_le_bytes());
        icon[HEADER + 12..HEADER + ENTRY].copy_from_slice(&((HEADER + ENTRY) as u32).to_le_bytes());
        let decoder = IcoDecoder::new(Cursor::new(&icon)).map_err(library::error)?;
        library::decode(decoder, limits)?
    };
    if count > 1 {
        raw.warnings.push(format!("an icon of {count} pictures; only the largest is read"));
    }
    Ok(raw)
}
