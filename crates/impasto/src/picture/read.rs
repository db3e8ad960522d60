//! Reading a file's bytes into a [`Picture`].

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use super::decode::guarded;
use super::{Format, Limits, Picture, Stored, formats};
use crate::{Error, ErrorKind, Result};

/// Files above this size are decoded while they are read, if the decoder can: they would take as much memory again.
/// Smaller files are read into memory first, which is faster.
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
    /// [`ErrorKind::Io`] if the stream fails, [`ErrorKind::TooLarge`] as soon as it exceeds [`Limits::max_bytes`],
    /// otherwise as [`Picture::decode`].
    pub fn read(stream: impl Read, limits: &Limits) -> Result<Self> {
        Stored::read(stream, limits)?.to_picture()
    }

    /// Decodes a picture file of any format that [`Format::read`] lists.
    ///
    /// Applies the Exif orientation and converts an embedded ICC profile to sRGB. A profile that cannot be used is
    /// ignored, with a line in [`Picture::warnings`]. From animations and multi-page files, the first frame is read.
    /// 16-bit samples keep their precision. Linear light (Radiance HDR, OpenEXR) and high dynamic range are brought
    /// into sRGB's range. Color is un-premultiplied. The color of fully transparent pixels is replaced by that of
    /// visible ones nearby, because files can hold anything there and a network would see it.
    ///
    /// [`ErrorKind::Malformed`] for damaged or cut-off files, [`ErrorKind::Unsupported`] for other formats and rare
    /// variants, [`ErrorKind::TooLarge`] beyond the limits.
    pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Self> {
        Stored::decode(bytes, limits)?.to_picture()
    }
}

impl Stored {
    /// As [`Picture::open`]. Large files of formats that allow it (JPEG, PNG, TIFF) are decoded while they are read, so
    /// that the file itself is never in memory.
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
        let format = Format::of(&bytes[..bytes.len().min(formats::HEAD)])?;
        let decoded = guarded(|| match format.row().read {
            formats::Read::Bytes(decode) | formats::Read::Stream(decode, _) => decode(bytes, limits),
            formats::Read::Off(convert) => Err(format.is_off(convert)),
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
    // The length of pipes and devices is 0: for them, only the limit on the stream applies.
    limits.check_bytes(metadata.len())?;
    if metadata.len() > LARGE {
        let mut head = Vec::new();
        file.by_ref().take(formats::HEAD as u64).read_to_end(&mut head)?;
        file.rewind()?;
        let format = Format::of(&head)?;
        if let formats::Read::Stream(_, decode) = format.row().read {
            let mut reader = BufReader::with_capacity(1 << 20, file);
            let raw = guarded(|| decode(&mut reader, metadata.len(), limits)).map_err(|e| e.context(format))?;
            return Stored::new(raw, Some(format));
        }
    }
    let mut bytes = super::reserved(usize::try_from(metadata.len()).unwrap_or(0))?;
    file.take(limits.max_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
    Stored::decode(&bytes, limits)
}
