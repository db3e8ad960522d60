//! From a file's bytes to a [`Picture`].

mod colour;
mod jpeg;
mod orientation;
mod other;
mod png;
mod raw;
mod sniff;
mod space;
mod stored;
mod tiff;
mod webp;

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek};
use std::path::Path;

use super::{Format, Limits, Picture};
use crate::{Error, ErrorKind, Result};
pub(super) use colour::profile_is_srgb;
pub(super) use raw::{Colour, Raw, Samples};
pub use stored::Stored;

/// Files above this are decoded as they are read, where the decoder can: they would take as much memory again. Smaller ones are in
/// memory first, which is faster.
const LARGE: u64 = 64 << 20;

impl Picture {
    /// Reads a picture file. The format is detected from the content, not the name.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if the file cannot be read, otherwise as [`Picture::decode`]; the path is part of the text.
    pub fn open(path: impl AsRef<Path>, limits: &Limits) -> Result<Self> {
        let path = path.as_ref();
        open(path, limits).and_then(|stored| stored.to_picture()).map_err(|e| e.context(path.display()))
    }

    /// Reads a picture from a stream (standard input, a socket) to its end.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if the stream fails, [`ErrorKind::TooLarge`] as soon as it has given more than
    /// [`Limits::max_bytes`], otherwise as [`Picture::decode`].
    pub fn read(stream: impl Read, limits: &Limits) -> Result<Self> {
        Stored::read(stream, limits)?.to_picture()
    }

    /// Decodes a picture file: JPEG (grey, colour, CMYK), PNG, WebP, TIFF, GIF, BMP.
    ///
    /// Exif orientation is applied and an embedded ICC profile converted to sRGB; a profile that cannot be used is ignored
    /// with a line in [`Picture::warnings`]. Of animations and multi-page files the first frame is read. 16-bit samples keep
    /// their precision. Colour is un-premultiplied; the colour of fully transparent pixels is replaced by that of visible
    /// ones nearby, because files hold anything there and a network would see it.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`] for damaged or cut-off files, [`ErrorKind::Unsupported`] for other formats and rare variants,
    /// [`ErrorKind::TooLarge`] beyond the limits.
    pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Self> {
        Stored::decode(bytes, limits)?.to_picture()
    }
}

impl Stored {
    /// As [`Picture::open`]. Large JPEG, PNG and TIFF files are decoded as they are read, so that they are never in memory themselves.
    ///
    /// # Errors
    /// As [`Picture::open`].
    pub fn open(path: impl AsRef<Path>, limits: &Limits) -> Result<Self> {
        let path = path.as_ref();
        open(path, limits).map_err(|e| e.context(path.display()))
    }

    /// As [`Picture::read`].
    ///
    /// # Errors
    /// As [`Picture::read`].
    pub fn read(stream: impl Read, limits: &Limits) -> Result<Self> {
        let mut bytes = Vec::new();
        stream.take(limits.max_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
        Self::decode(&bytes, limits)
    }

    /// As [`Picture::decode`].
    ///
    /// # Errors
    /// As [`Picture::decode`].
    pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Self> {
        limits.check_bytes(bytes.len() as u64)?;
        let format = sniff::format(bytes)?;
        let decoded = guarded(|| match format {
            Format::Jpeg => jpeg::decode(bytes, limits),
            Format::Png => png::decode(Cursor::new(bytes), limits),
            Format::WebP => webp::decode(bytes, limits),
            Format::Tiff => tiff::decode(Cursor::new(bytes), bytes.len(), limits),
            Format::Gif => other::gif(bytes, limits),
            Format::Bmp => other::bmp(bytes, limits),
        });
        let raw = decoded.map_err(|e| e.context(format))?;
        Stored::new(raw, Some(format))
    }
}

fn open(path: &Path, limits: &Limits) -> Result<Stored> {
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(Error::new(ErrorKind::Io, "is a folder, not a picture"));
    }
    // The length of pipes and devices is 0: for them the limit on the stream holds.
    limits.check_bytes(metadata.len())?;
    if metadata.len() > LARGE {
        let mut head = Vec::new();
        file.by_ref().take(4096).read_to_end(&mut head)?;
        file.rewind()?;
        let format = sniff::format(&head)?;
        if matches!(format, Format::Jpeg | Format::Png | Format::Tiff) {
            return open_large(file, format, metadata.len(), limits);
        }
    }
    let mut bytes = super::reserved(usize::try_from(metadata.len()).unwrap_or(0))?;
    file.take(limits.max_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
    Stored::decode(&bytes, limits)
}

fn open_large(file: impl Read + Seek, format: Format, len: u64, limits: &Limits) -> Result<Stored> {
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let decoded = guarded(|| match format {
        Format::Jpeg => jpeg::decode_stream(&mut reader, limits),
        Format::Png => png::decode(reader, limits),
        _ => tiff::decode(reader, usize::try_from(len).unwrap_or(usize::MAX), limits),
    });
    Stored::new(decoded.map_err(|e| e.context(format))?, Some(format))
}

/// What reading failed with: a file that ends early is damaged, everything else the system's fault.
fn io_error(error: std::io::Error) -> Error {
    if error.kind() != std::io::ErrorKind::UnexpectedEof {
        return error.into();
    }
    cut().with_source(error)
}

/// The error for a file that ends early.
fn cut() -> Error {
    Error::new(ErrorKind::Malformed, "the file stops before the end of the picture; it was not copied or downloaded completely")
}

/// Runs a third-party decoder. All of them promise not to panic; this keeps a slip of theirs from ending a program that paints
/// strangers' files.
fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(Error::new(ErrorKind::Malformed, "the decoder broke down on it; the file is corrupt or very unusual"))
    })
}

/// The warning for a file that ends early with all of its pixels there.
const ENDS_EARLY: &str = "the file stops before its end, but the picture is complete";
/// The warning for an animation.
const ANIMATION: &str = "an animation; only its first frame is read";

/// A decoder's error as ours, on one line.
fn failed(kind: ErrorKind, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    let text = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    Error::new(kind, text).with_source(error)
}

/// The length in samples of a picture that the limits have already passed.
fn sample_count(width: usize, height: usize, channels: usize) -> Result<usize> {
    let count = width.checked_mul(height).and_then(|n| n.checked_mul(channels));
    count.ok_or_else(|| Error::new(ErrorKind::TooLarge, format!("{width}×{height} pixels cannot be addressed")))
}
