//! PNG.

mod read;
mod space;
mod write;

use std::io::Cursor;

use super::{Holds, Read, Row, Write};
pub(super) use read::decode;

/// The first bytes of a file.
pub(super) const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1A\n";

pub(super) const ROW: Row = Row {
    name: "PNG",
    id: "png",
    media_type: "image/png",
    extensions: &["png"],
    only_read: &[],
    detect: |head| head.starts_with(SIGNATURE),
    read: Read::Stream(|bytes, limits| decode(Cursor::new(bytes), limits), |input, _, limits| decode(input, limits)),
    write: Some(Write {
        encode: write::encode,
        whole: false,
        most: i32::MAX as usize,
        holds: Holds {
            alpha: true,
            deep: true,
            profile: true,
            exif: true,
            xmp: true,
            iptc: true,
            density: true,
            texts: true,
            segments: false,
        },
    }),
};
