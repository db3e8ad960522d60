//! TIFF.

mod camera;
mod chunk;
mod directory;
mod fax;
mod lab;
mod read;
mod sample;
mod write;

use std::io;

use std::io::Cursor;

use super::{Holds, Read, Row, Write};
pub(super) use camera::camera;

/// Classic TIFF and BigTIFF, in either byte order.
const SIGNATURES: [&[u8]; 4] = [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"];

/// Whether a file is a TIFF file, either a picture or a camera's raw data.
pub(super) fn is_tiff(head: &[u8]) -> bool {
    SIGNATURES.iter().any(|signature| head.starts_with(signature))
}

pub(super) const ROW: Row = Row {
    name: "TIFF",
    id: "tiff",
    media_type: "image/tiff",
    extensions: &["tif", "tiff"],
    only_read: &[],
    // Most cameras' raw files are TIFF files whose first picture is a thumbnail, so a TIFF reader would read that.
    detect: |head| is_tiff(head) && camera(head).is_none(),
    read: Read::Stream(
        |bytes, limits| read::decode(Cursor::new(bytes), bytes.len(), limits),
        |input, len, limits| read::decode(input, usize::try_from(len).unwrap_or(usize::MAX), limits),
    ),
    write: Some(Write {
        encode: write::encode,
        whole: false,
        most: u32::MAX as usize,
        holds: Holds {
            alpha: true,
            deep: true,
            profile: true,
            exif: true,
            xmp: true,
            iptc: true,
            // Resolution is one of the tags that TIFF shares with Exif.
            density: false,
            texts: false,
            segments: false,
        },
    }),
};

/// The error for damaged files.
fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

fn corrupt<E>(_: E) -> io::Error {
    invalid("its compressed data is corrupt")
}
