//! Where a picture goes: a file or standard output.

use std::io;
use std::path::Path;

use impasto::picture::{EncodeOptions, Format, Stored, Writer};
use impasto::{ErrorKind, Picture};

use super::place::Place;
use crate::failure::{Failure, Result};
use crate::files;
use crate::interrupt;
use crate::talk::{self, Loudness};

/// A checked destination for a picture, and how it is encoded there.
pub(in crate::commands) struct Destination {
    name: String,
    /// `None` for standard output.
    place: Option<Place>,
    format: Format,
    encode: EncodeOptions,
}

impl Destination {
    /// Checks format and place before any work is done.
    pub(in crate::commands) fn new(path: &Path, format: Option<Format>, force: bool, encode: &EncodeOptions) -> Result<Self> {
        let standard = super::is_standard(path);
        let format = match format {
            Some(format) => format,
            None if standard || is_nameless_stream(path) => Format::Png,
            None => by_extension(path)?,
        };
        encode.check(format)?;
        let place = if standard { None } else { Some(Place::new(path, force)?) };
        let name = if standard { "standard output".into() } else { path.display().to_string() };
        Ok(Destination { name, place, format, encode: *encode })
    }

    /// Does the same for a figure, which must not be the same file as the result.
    pub(in crate::commands) fn figure(path: &Path, result: &Destination, force: bool, encode: &EncodeOptions) -> Result<Self> {
        if super::is_standard(path) {
            return Err(Failure::usage("--figure needs a file; standard output is for the result"));
        }
        let figure = Self::new(path, None, force, encode)?;
        if result.place.is_some() && files::same(path, Path::new(&result.name)) {
            return Err(Failure::usage(format!("{}: the figure and the result cannot be the same file", path.display())));
        }
        Ok(figure)
    }

    /// Returns the file's bytes. Warns of what the format cannot hold.
    pub(in crate::commands) fn encode(&self, picture: &Picture, loudness: Loudness) -> Result<Vec<u8>> {
        let encoded = picture.encode(self.format, &self.encode).map_err(|e| e.context(&self.name))?;
        for warning in &encoded.warnings {
            loudness.warn(&format!("{}: {warning}", self.name));
        }
        Ok(encoded.bytes)
    }

    /// Returns the format to write.
    pub(in crate::commands) fn format(&self) -> Format {
        self.format
    }

    /// Writes a picture row by row. `work` passes the rows to the writer that it gets.
    pub(in crate::commands) fn stream(
        &self,
        content: &Stored,
        loudness: Loudness,
        work: impl FnOnce(&mut Writer) -> Result,
    ) -> Result {
        let (size, like) = ([content.width(), content.height()], (content.source(), content.has_alpha()));
        let named = |e: impasto::Error| e.context(&self.name);
        let writer = interrupt::while_streaming(|| {
            let target = self.place.as_ref().map(Place::target).transpose()?;
            let mut writer = Writer::new(target, self.format, &self.encode, size, like).map_err(named)?;
            for warning in writer.warnings() {
                loudness.warn(&format!("{}: {warning}", self.name));
            }
            work(&mut writer)?;
            if interrupt::asked() {
                return Err(Failure::Interrupted);
            }
            if self.place.as_ref().is_none_or(Place::is_special) {
                return Ok(Some(writer));
            }
            // Its errors name the file.
            writer.finish()?;
            Ok(None)
        })?;
        // The reader may be slow. Here, Ctrl-C ends the wait at once.
        writer.map_or(Ok(()), |writer| {
            if self.place.is_some() {
                return Ok(writer.finish()?);
            }
            writer.finish_to(&mut io::stdout().lock()).map_err(|e| {
                match std::error::Error::source(&e).and_then(|source| source.downcast_ref()) {
                    Some(source) => Failure::stdout(source),
                    None => named(e).into(),
                }
            })
        })
    }

    /// Writes to a file although the user has asked to stop. Call it while saving.
    pub(in crate::commands) fn write_anyway(&self, bytes: &[u8]) -> Result {
        self.place.as_ref().map_or(Ok(()), |place| Ok(place.target()?.write(bytes)?))
    }

    pub(in crate::commands) fn write(&self, bytes: &[u8]) -> Result {
        match &self.place {
            Some(place) if !place.is_special() => place.write(bytes),
            // The reader may be slow. Here, Ctrl-C ends the wait at once.
            Some(place) => Ok(place.target()?.write(bytes)?),
            None => talk::data(bytes),
        }
    }
}

/// Returns whether this is a pipe or an open file whose name does not tell
/// a format, such as `/dev/fd/63`, which shells make from `>(…)`.
fn is_nameless_stream(path: &Path) -> bool {
    let number = ["/dev/fd", "/proc/self/fd"].iter().any(|folder| path.parent() == Some(Path::new(folder)));
    let stream = || path.metadata().is_ok_and(|about| !about.is_file() && !about.is_dir());
    path.extension().is_none() && (number || stream())
}

/// Returns the format for a path's extension. If there is none, that is wrong usage, whatever the files contain.
pub(in crate::commands) fn by_extension(path: &Path) -> Result<Format> {
    Format::from_path(path).map_err(|error| match error.kind() {
        ErrorKind::InvalidArgument => Failure::usage(error),
        _ => error.into(),
    })
}

/// Refuses to replace an input by its own result, even with `--force`: a content or a style would be lost.
///
/// # Errors
/// Wrong usage if the output is one of the inputs, under any name.
pub(in crate::commands) fn keep_inputs<'a>(output: &Path, inputs: impl IntoIterator<Item = &'a Path>) -> Result {
    if super::is_standard(output) {
        return Ok(());
    }
    // A file may come through standard input, too.
    let named = |input| if super::is_standard(input) { Path::new("/dev/stdin") } else { input };
    match inputs.into_iter().map(named).find(|input| input.exists() && files::same(input, output)) {
        None => Ok(()),
        Some(input) if input == output => Err(Failure::usage(format!(
            "{}: the result would replace one of its own inputs, which --force does not allow; name another output",
            output.display()
        ))),
        Some(input) => Err(Failure::usage(format!(
            "{}: is the same file as the input {}, which --force does not replace; name another output",
            output.display(),
            input.display()
        ))),
    }
}
