//! JPEG. Most files are read by `zune-jpeg`, which is fast and streams. Files that it reads wrongly or refuses are read
//! by our own decoder (`coded.rs`). `survey.rs` reads the markers first and selects the decoder.

mod coded;
mod huffman;
mod planes;
mod read;
mod standard;
mod survey;
mod write;

use super::{Holds, Read, Row, Write};
use crate::{Error, ErrorKind};
pub(super) use read::ycc_to_rgb;

pub(super) const ROW: Row = Row {
    name: "JPEG",
    id: "jpeg",
    media_type: "image/jpeg",
    extensions: &["jpg", "jpeg", "jpe", "jfif"],
    only_read: &[],
    detect: |head| head.starts_with(b"\xFF\xD8\xFF"),
    read: Read::Stream(read::decode, |mut input, _, limits| read::decode_stream(&mut input, limits)),
    write: Some(Write {
        encode: write::encode,
        whole: false,
        most: 65_535,
        holds: Holds { profile: true, exif: true, xmp: true, iptc: true, density: true, segments: true, ..Holds::NOTHING },
    }),
};

/// Advice for a file that cannot be decoded.
const AGAIN: &str = "Open it in another program and save it again as JPEG or PNG";

/// The message for a file that is cut off.
const CUT_OFF: &str = "the file stops before the end of the picture; it was not copied or downloaded completely";

fn damaged(what: &str) -> Error {
    Error::new(ErrorKind::Malformed, format!("{what}. {AGAIN}"))
}
