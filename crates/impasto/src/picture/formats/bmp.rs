//! Windows bitmaps.

use std::io::Cursor;

use image::codecs::bmp::BmpDecoder;

use super::{Read, Row};
use crate::Result;
use crate::picture::Limits;
use crate::picture::decode::{Raw, library};

pub(super) const ROW: Row = Row {
    name: "BMP",
    id: "bmp",
    media_type: "image/bmp",
    extensions: &["bmp", "dib"],
    only_read: &[],
    detect,
    read: Read::Bytes(decode),
    write: None,
};

/// Texts may also start with the two letters, but not with a valid size of the second header, which identifies its
/// version.
fn detect(head: &[u8]) -> bool {
    let second = head.get(14..18).map(|size| u32::from_le_bytes([size[0], size[1], size[2], size[3]]));
    head.starts_with(b"BM") && second.is_none_or(|size| (12..=256).contains(&size))
}

fn decode(bytes: &[u8], limits: &Limits) -> Result<Raw> {
    let decoder = BmpDecoder::new(Cursor::new(bytes)).map_err(library::error)?;
    let mut raw = library::decode(decoder, limits)?;
    library::unhide(&mut raw);
    Ok(raw)
}
