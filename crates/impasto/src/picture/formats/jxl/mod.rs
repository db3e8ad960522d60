//! JPEG XL. With the cargo feature `jxl`.

#[cfg(feature = "jxl")]
mod read;

use super::{Read, Row};

pub(super) const ROW: Row = Row {
    name: "JPEG XL",
    id: "jxl",
    media_type: "image/jxl",
    extensions: &["jxl"],
    only_read: &[],
    // A bare codestream, or one in boxes.
    detect: |head| head.starts_with(b"\xFF\x0A") || head.starts_with(b"\0\0\0\x0CJXL \r\n\x87\n"),
    #[cfg(feature = "jxl")]
    read: Read::Bytes(read::decode),
    #[cfg(not(feature = "jxl"))]
    read: Read::Off("Convert it first: djxl photo.jxl photo.png"),
    write: None,
};
