//! GIF: the first frame is read.

use std::io::Cursor;

use image::codecs::gif::GifDecoder;

use super::{Read, Row};
use crate::picture::Limits;
use crate::picture::decode::{ANIMATION, Raw, cut, library};
use crate::{ErrorKind, Result};

pub(super) const ROW: Row = Row {
    name: "GIF",
    id: "gif",
    media_type: "image/gif",
    extensions: &["gif"],
    only_read: &[],
    detect: |head| head.starts_with(b"GIF87a") || head.starts_with(b"GIF89a"),
    read: Read::Bytes(decode),
    write: None,
};

fn decode(bytes: &[u8], limits: &Limits) -> Result<Raw> {
    let frames = frames(bytes);
    let cut_short = |e| if frames == 0 { cut() } else { e };
    let decoder = GifDecoder::new(Cursor::new(bytes)).map_err(library::error).map_err(cut_short)?;
    let mut raw =
        library::decode(decoder, limits).map_err(|e| if e.kind() == ErrorKind::Malformed { cut_short(e) } else { e })?;
    if frames > 1 {
        raw.warnings.push(ANIMATION.into());
    }
    Ok(raw)
}

/// Returns how many complete frames a GIF has, counting at most 2.
fn frames(bytes: &[u8]) -> usize {
    let mut complete = 0;
    walk_frames(bytes, &mut complete);
    complete
}

/// Walks over a GIF's blocks up to its trailer, its second frame or the end of the bytes (`None`).
fn walk_frames(bytes: &[u8], complete: &mut usize) -> Option<()> {
    // The low bits of a descriptor's flags are the size of the color table after it.
    let table = |flags: u8| if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) };
    let mut at = 13 + table(*bytes.get(10)?);
    while *complete < 2 {
        let frame = match *bytes.get(at)? {
            b',' => true,
            b'!' => false,
            _ => return Some(()),
        };
        // Before its blocks of data, a frame has a descriptor and the width of its first code; an extension has its
        // kind.
        at += if frame { 11 + table(*bytes.get(at + 9)?) } else { 2 };
        loop {
            let len = usize::from(*bytes.get(at)?);
            at += 1 + len;
            if len == 0 {
                break;
            }
        }
        *complete += usize::from(frame);
    }
    Some(())
}
