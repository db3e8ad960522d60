//! Truevision TGA. It has no signature, so a file is recognized if every field of its header makes sense.

use std::io::Cursor;

use image::codecs::tga::TgaDecoder;

use super::{Holds, Output, Read, Row, Write};
use crate::Result;
use crate::picture::decode::{Raw, library};
use crate::picture::encode::rows::{Alpha, Layout, NextRows, incomplete};
use crate::picture::encode::sides;
use crate::picture::{EncodeOptions, Format, Limits};

pub(super) const ROW: Row = Row {
    name: "TGA",
    id: "tga",
    media_type: "image/x-tga",
    extensions: &["tga", "icb", "vda", "vst"],
    only_read: &[],
    detect,
    read: Read::Bytes(decode),
    write: Some(Write { encode, whole: false, most: 65_535, holds: Holds { alpha: true, ..Holds::NOTHING } }),
};

/// The last bytes of newer files.
const FOOTER: &[u8] = b"TRUEVISION-XFILE.\0";

fn detect(head: &[u8]) -> bool {
    let Some(&[_, map, kind, f0, f1, l0, l1, entry, _, _, _, _, w0, w1, h0, h1, depth, flags]) = head.first_chunk::<18>() else {
        return false;
    };
    // Colors from a map, colors, gray; 8 more means run-length coded.
    let mapped = matches!(kind, 1 | 9);
    let sound_map = match map {
        0 => !mapped && [f0, f1, l0, l1, entry] == [0; 5],
        1 => mapped && (l0 != 0 || l1 != 0) && matches!(entry, 15 | 16 | 24 | 32),
        _ => false,
    };
    let sound_depth = match kind {
        1 | 9 => matches!(depth, 8 | 16),
        2 | 10 => matches!(depth, 15 | 16 | 24 | 32),
        3 | 11 => matches!(depth, 8 | 16),
        _ => false,
    };
    let sound_flags = matches!(flags & 0x0F, 0 | 1 | 8) && flags & 0xC0 == 0;
    sound_map && sound_depth && sound_flags && (w0 != 0 || w1 != 0) && (h0 != 0 || h1 != 0)
}

fn decode(bytes: &[u8], limits: &Limits) -> Result<Raw> {
    let decoder = TgaDecoder::new(Cursor::new(bytes)).map_err(library::error)?;
    let mut raw = library::decode(decoder, limits)?;
    // Most programs declare if there is no alpha, but not all.
    library::unhide(&mut raw);
    Ok(raw)
}

fn encode(layout: &Layout, _: &EncodeOptions, next: NextRows<'_>, out: &mut dyn Output) -> Result<()> {
    let (width, height): (u16, u16) = sides(layout, Format::Tga)?;
    let [w0, w1] = width.to_le_bytes();
    let [h0, h1] = height.to_le_bytes();
    // Colors without a map, starting at the top.
    let (depth, flags) = if layout.alpha == Alpha::Kept { (32, 0x28) } else { (24, 0x20) };
    out.write_all(&[0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, w0, w1, h0, h1, depth, flags])?;
    let mut left = layout.row_bytes() * layout.height;
    while left > 0 {
        let mut rows = next()?.ok_or_else(incomplete)?;
        left -= rows.len();
        rows.chunks_exact_mut(layout.channels()).for_each(|pixel| pixel.swap(0, 2));
        out.write_all(&rows)?;
    }
    // No extensions, no developer area.
    out.write_all(&[&[0; 8], FOOTER].concat())?;
    Ok(())
}
