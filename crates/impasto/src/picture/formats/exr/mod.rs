//! OpenEXR: linear light. With the cargo feature `exr`.

#[cfg(feature = "exr")]
mod read;

use super::{Read, Row};

pub(super) const ROW: Row = Row {
    name: "OpenEXR",
    id: "exr",
    media_type: "image/x-exr",
    extensions: &["exr"],
    only_read: &[],
    detect: |head| head.starts_with(b"\x76\x2F\x31\x01"),
    #[cfg(feature = "exr")]
    read: Read::Bytes(read::decode),
    #[cfg(not(feature = "exr"))]
    read: Read::Off("Convert it first: magick picture.exr picture.png"),
    write: None,
};
