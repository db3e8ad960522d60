//! HEIC and HEIF, with the cargo feature `heic`. It needs libheif 1.17 or newer on the system: there is no decoder in
//! Rust.

#[cfg(feature = "heic")]
mod read;

use super::unread::brands;
use super::{Read, Row};

pub(super) const ROW: Row = Row {
    name: "HEIC",
    id: "heic",
    media_type: "image/heic",
    extensions: &["heic", "heif", "hif"],
    only_read: &[],
    // `avif/` comes first, because its files also list the common brands.
    detect: |head| {
        let is_raw = brands(head).any(|brand| brand == b"crx ");
        !is_raw && brands(head).any(|brand| matches!(brand, b"mif1" | b"msf1" | [b'h', b'e', b'i' | b'v', _]))
    },
    #[cfg(feature = "heic")]
    read: Read::Bytes(read::decode),
    #[cfg(not(feature = "heic"))]
    read: Read::Off("Convert it first: heif-convert photo.heic photo.jpg"),
    write: None,
};
