//! AVIF. With the cargo feature `avif`: read with `re_rav1d`, written with `ravif`, both without assembly.

#[cfg(feature = "avif")]
mod container;
#[cfg(feature = "avif")]
mod planes;
#[cfg(feature = "avif")]
mod read;
#[cfg(feature = "avif")]
mod write;

use super::unread::brands;
use super::{Read, Row};

pub(super) const ROW: Row = Row {
    name: "AVIF",
    id: "avif",
    media_type: "image/avif",
    extensions: &["avif"],
    only_read: &[],
    detect: |head| brands(head).any(|brand| matches!(brand, b"avif" | b"avis")),
    #[cfg(feature = "avif")]
    read: Read::Bytes(read::decode),
    #[cfg(not(feature = "avif"))]
    read: Read::Off("Convert it first: avifdec photo.avif photo.png"),
    #[cfg(feature = "avif")]
    write: Some(write::WRITE),
    #[cfg(not(feature = "avif"))]
    write: None,
};
