//! Radiance HDR (RGBE): linear light.

use std::io::Cursor;

use image::codecs::hdr::HdrDecoder;

use super::{Read, Row};
use crate::Result;
use crate::picture::Limits;
use crate::picture::decode::{Raw, library, linear};

pub(super) const ROW: Row = Row {
    name: "Radiance HDR",
    id: "hdr",
    media_type: "image/vnd.radiance",
    extensions: &["hdr"],
    only_read: &[],
    detect: |head| head.starts_with(b"#?RADIANCE") || head.starts_with(b"#?RGBE"),
    read: Read::Bytes(decode),
    write: None,
};

fn decode(bytes: &[u8], limits: &Limits) -> Result<Raw> {
    // In strict mode, it would accept only one of the two signatures. It refuses other color spaces and orders of rows
    // in any case.
    let decoder = HdrDecoder::new_nonstrict(Cursor::new(bytes)).map_err(library::error)?;
    let mut raw = library::decode(decoder, limits)?;
    linear::encode(&mut raw, limits)?;
    Ok(raw)
}
