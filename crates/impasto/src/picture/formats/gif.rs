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
    let Blocks { frames, icc } = blocks(bytes);
    let cut_short = |e| if frames == 0 { cut() } else { e };
    let decoder = GifDecoder::new(Cursor::new(bytes)).map_err(library::error).map_err(cut_short)?;
    let mut raw =
        library::decode(decoder, limits).map_err(|e| if e.kind() == ErrorKind::Malformed { cut_short(e) } else { e })?;
    if frames > 1 {
        raw.warnings.push(ANIMATION.into());
    }
    raw.icc = icc;
    Ok(raw)
}

/// What is known of a GIF from its blocks.
#[derive(Default)]
struct Blocks {
    /// Complete frames; at most 2 are counted.
    frames: usize,
    /// The color profile, in an extension with this name.
    icc: Option<Vec<u8>>,
}

const PROFILE: &[u8] = b"ICCRGBG1012";

fn blocks(bytes: &[u8]) -> Blocks {
    let mut blocks = Blocks::default();
    walk(bytes, &mut blocks);
    blocks
}

/// Walks over a GIF's blocks up to its trailer, its second frame or the end of the bytes (`None`).
fn walk(bytes: &[u8], found: &mut Blocks) -> Option<()> {
    // The low bits of a descriptor's flags are the size of the color table after it.
    let table = |flags: u8| if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) };
    let mut at = 13 + table(*bytes.get(10)?);
    while found.frames < 2 {
        let frame = match *bytes.get(at)? {
            b',' => true,
            b'!' => false,
            _ => return Some(()),
        };
        // Before its blocks of data, a frame has a descriptor and the width of its first code; an extension has its
        // kind.
        at += if frame { 11 + table(*bytes.get(at + 9)?) } else { 2 };
        // The first block of an application's extension is its name.
        let profile = !frame && bytes.get(at - 1) == Some(&0xFF) && bytes.get(at + 1..)?.starts_with(PROFILE);
        let mut data = Vec::new();
        loop {
            let len = usize::from(*bytes.get(at)?);
            if profile {
                data.extend(bytes.get(at + 1..at + 1 + len)?);
            }
            at += 1 + len;
            if len == 0 {
                break;
            }
        }
        if profile && found.icc.is_none() {
            found.icc = data.get(PROFILE.len()..).map(<[u8]>::to_vec);
        }
        found.frames += usize::from(frame);
    }
    Some(())
}
