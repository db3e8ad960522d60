//! Writing picture files row by row.

use std::fs::File;
use std::io::{self, BufWriter, Cursor, Seek, SeekFrom, Write};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use tempfile::NamedTempFile;

use super::encode::rows::Layout;
use super::{EncodeOptions, Format, Source, Target};
use crate::{Error, ErrorKind, Result, Size};

/// Writes a picture file from rows as they arrive, whole or not at all.
///
/// Most formats are encoded in a separate thread while the next rows are computed, into a temporary file
/// ([`Writer::new`]) or into memory ([`Writer::in_memory`]). Apart from that, only a few rows are in memory. The
/// encoders of WebP and AVIF need the whole picture, so its rows are collected first. If the writer is dropped before
/// it is finished, it leaves nothing behind.
pub struct Writer {
    /// The file's name in errors.
    name: Option<String>,
    layout: Arc<Layout>,
    /// Number of rows that are still to come.
    left: usize,
    sender: Option<SyncSender<Vec<u8>>>,
    thread: Option<JoinHandle<Result<Out>>>,
    place: Option<Place>,
}

/// Where the bytes go until the file is finished.
enum Out {
    File(BufWriter<File>),
    Memory { bytes: Cursor<Vec<u8>>, most: usize, full: bool },
}

impl Write for Out {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match self {
            Out::File(file) => file.write(buffer),
            Out::Memory { bytes, most, .. } if bytes.position() + buffer.len() as u64 <= *most as u64 => bytes.write(buffer),
            Out::Memory { full, .. } => {
                *full = true;
                Err(io::ErrorKind::FileTooLarge.into())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Out::File(file) => file.flush(),
            Out::Memory { .. } => Ok(()),
        }
    }
}

impl Seek for Out {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Out::File(file) => file.seek(to),
            Out::Memory { bytes, .. } => bytes.seek(to),
        }
    }
}

/// Where the finished file goes.
enum Place {
    /// A temporary file beside the target is renamed to it.
    Target(Target, NamedTempFile),
    /// The file is copied to a device, a pipe or an open file.
    Special(Target),
    /// The caller decides.
    Caller,
}

impl Writer {
    /// Starts a file for a picture of this size, at a checked target. `source` and `has_alpha` are those of the picture
    /// that it is made from: they determine depth, transparency, color space and metadata, as for
    /// [`crate::Picture::encode`].
    ///
    /// # Errors
    /// As [`EncodeOptions::check`]; [`ErrorKind::Io`] if no temporary file can be made.
    pub fn new(
        target: Option<Target>,
        format: Format,
        options: &EncodeOptions,
        size: impl Into<Size>,
        (source, has_alpha): (&Source, bool),
    ) -> Result<Self> {
        let layout = Layout::new(size.into(), source, has_alpha, format, options)?;
        let name = target.as_ref().map(|target| target.name().display().to_string());
        let (place, file) = match target {
            None => (Place::Caller, tempfile::tempfile()?),
            Some(target) if target.is_special() => (Place::Special(target), tempfile::tempfile()?),
            Some(target) => {
                let temporary = target.temporary().map_err(|e| e.context(target.name().display()))?;
                let file = temporary.as_file().try_clone()?;
                (Place::Target(target, temporary), file)
            }
        };
        Self::begin(name, layout, format, options, Out::File(BufWriter::with_capacity(1 << 18, file)), place)
    }

    /// The same in memory, for a file of at most `most` bytes, which [`Writer::finish_bytes`] returns. No file is
    /// created.
    ///
    /// # Errors
    /// As [`EncodeOptions::check`]. If the file becomes larger, [`Writer::write`] or the finishing call fails with
    /// [`ErrorKind::TooLarge`].
    pub fn in_memory(
        most: usize,
        format: Format,
        options: &EncodeOptions,
        size: impl Into<Size>,
        (source, has_alpha): (&Source, bool),
    ) -> Result<Self> {
        let layout = Layout::new(size.into(), source, has_alpha, format, options)?;
        let mut bytes = Vec::new();
        // Reserve address space once: a growing vector would hold its bytes twice while it moves.
        bytes
            .try_reserve_exact(most)
            .map_err(|_| Error::new(ErrorKind::TooLarge, format!("not enough memory for a file of up to {most} bytes")))?;
        Self::begin(None, layout, format, options, Out::Memory { bytes: Cursor::new(bytes), most, full: false }, Place::Caller)
    }

    fn begin(
        name: Option<String>,
        layout: Layout,
        format: Format,
        options: &EncodeOptions,
        out: Out,
        place: Place,
    ) -> Result<Self> {
        let layout = Arc::new(layout);
        let height = layout.height;
        let (sender, receiver) = sync_channel(1);
        let (options, given) = (*options, Arc::clone(&layout));
        let thread = std::thread::Builder::new()
            .name("impasto-encode".into())
            .spawn(move || encode(format, &options, &given, &receiver, out))?;
        Ok(Writer { name, layout, left: height, sender: Some(sender), thread: Some(thread), place: Some(place) })
    }

    /// What the file cannot hold, as [`super::Encoded::warnings`].
    pub fn warnings(&self) -> Vec<String> {
        self.layout.warnings.clone()
    }

    /// Returns the most bytes of rows that are in memory besides those being written, if `rows` rows are written at a
    /// time.
    pub fn memory(format: Format, size: impl Into<Size>, rows: usize) -> u64 {
        let Size { width, height } = size.into();
        let bytes = |rows: usize| width as u64 * rows as u64 * 8;
        if format.row().write.as_ref().is_some_and(|write| write.whole) {
            // The samples twice: the encoder has its own copy.
            return bytes(height);
        }
        // Two bands wait, and one is being encoded. TIFF collects strips of a megabyte.
        bytes(rows).saturating_mul(3).saturating_add(4 << 20)
    }

    /// Writes the next rows: colors in the form of [`crate::Picture::rgb`], and alpha if there is any.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`] if a value is not a number; [`ErrorKind::InvalidArgument`] for rows beyond the
    /// picture's height; the error of writing the file if that failed.
    pub fn write(&mut self, rgb: &[f32], alpha: Option<&[f32]>) -> Result<()> {
        let rows = rgb.len() / (self.layout.width * 3);
        if rows > self.left {
            return Err(Error::new(ErrorKind::InvalidArgument, "more rows than the picture has"));
        }
        self.left -= rows;
        let packed = self.layout.pack(rgb, alpha)?;
        let gone = self.sender.as_ref().is_none_or(|sender| sender.send(packed).is_err());
        // The encoder ends before its rows do only if it failed.
        if gone { self.close().and_then(|_| Err(stopped())) } else { Ok(()) }
    }

    /// Finishes the file and moves it to its place.
    ///
    /// # Errors
    /// As [`Target::write`]; [`ErrorKind::InvalidArgument`] if rows are missing; the error of writing the file if that
    /// failed.
    pub fn finish(mut self) -> Result<()> {
        self.end(&mut io::sink())
    }

    /// Finishes the file and, if there is no target, copies it to `out`.
    ///
    /// # Errors
    /// As [`Writer::finish`]; [`ErrorKind::Io`] if `out` fails.
    pub fn finish_to(mut self, out: &mut dyn Write) -> Result<()> {
        self.end(out)
    }

    /// Finishes a file [in memory](Writer::in_memory), and returns its bytes.
    ///
    /// # Errors
    /// As [`Writer::finish_to`].
    pub fn finish_bytes(mut self) -> Result<Vec<u8>> {
        self.check_complete()?;
        match self.close()? {
            Out::Memory { bytes, .. } => {
                let mut bytes = bytes.into_inner();
                bytes.shrink_to_fit();
                Ok(bytes)
            }
            Out::File(file) => {
                let mut bytes = Vec::new();
                copy(&mut Out::File(file), &mut bytes)?;
                Ok(bytes)
            }
        }
    }

    fn check_complete(&self) -> Result<()> {
        match self.left {
            0 => Ok(()),
            left => Err(Error::new(ErrorKind::InvalidArgument, format!("{left} rows of the picture are missing"))),
        }
    }

    fn end(&mut self, out: &mut dyn Write) -> Result<()> {
        self.check_complete()?;
        let mut file = self.close()?;
        let placed = match self.place.take() {
            Some(Place::Target(target, temporary)) => {
                // Windows does not rename a file that is open elsewhere, unless it was opened to allow that.
                drop(file);
                return target.persist(temporary).map_err(|e| self.named(e));
            }
            Some(Place::Special(target)) => target.special().and_then(|special| match special {
                Some(mut special) => copy(&mut file, &mut special),
                None => Ok(()),
            }),
            Some(Place::Caller) | None => copy(&mut file, out),
        };
        placed.map_err(|e| self.named(e))
    }

    fn named(&self, error: Error) -> Error {
        match &self.name {
            Some(name) => error.context(name),
            None => error,
        }
    }

    /// Waits for the encoder.
    fn close(&mut self) -> Result<Out> {
        self.sender = None;
        let ended = self.thread.take().map(JoinHandle::join);
        ended.and_then(std::result::Result::ok).unwrap_or_else(|| Err(stopped())).map_err(|e| self.named(e))
    }
}

impl Drop for Writer {
    /// Waits, so that the temporary file is gone when this returns.
    fn drop(&mut self) {
        let _ = self.close();
    }
}

fn copy(file: &mut Out, out: &mut dyn Write) -> Result<()> {
    match file {
        Out::File(file) => {
            let file = file.get_mut();
            file.rewind()?;
            io::copy(file, out)?;
        }
        Out::Memory { bytes, .. } => out.write_all(bytes.get_ref())?,
    }
    Ok(out.flush()?)
}

fn stopped() -> Error {
    Error::new(ErrorKind::Io, "the encoder crashed")
}

fn encode(format: Format, options: &EncodeOptions, layout: &Layout, receiver: &Receiver<Vec<u8>>, mut out: Out) -> Result<Out> {
    let written = format.write(options, layout, &mut || Ok(receiver.recv().ok()), &mut out);
    let written = written.and_then(|()| Ok(out.flush()?));
    // Encoders word output errors differently, and PNG's ignores one at the end. The output itself knows whether it was
    // full.
    if let Out::Memory { most, full: true, .. } = &out {
        return Err(Error::new(ErrorKind::TooLarge, format!("the file would be larger than {most} bytes")));
    }
    written.map(|()| out)
}
