//! The table of picture formats. Each has a file or folder here, with a [`Row`] of everything about it: how files are
//! recognized, who reads and writes them, what they are called, what they can hold. Help texts, error texts, media
//! types and lists of extensions are made from the table, so that a new format is a file and a line of [`Format`].

mod avif;
mod bmp;
mod exr;
mod gif;
mod hdr;
mod heic;
mod ico;
mod jpeg;
mod jxl;
mod png;
mod pnm;
mod qoi;
mod tga;
mod tiff;
mod unread;
mod webp;

use std::fmt;
use std::io::{BufRead, Seek};
use std::path::Path;

use super::Limits;
use super::decode::Raw;
use super::encode::rows::{Layout, NextRows};
use super::encode::{EncodeOptions, sides};
use crate::{Error, ErrorKind, Result};

/// Number of bytes at a file's start that are enough to detect its format.
pub(super) const HEAD: usize = 4096;

/// A file that is read from disk while it is decoded.
pub(super) trait Input: BufRead + Seek {}
impl<T: BufRead + Seek> Input for T {}

/// A destination for a file that is written.
pub(super) trait Output: std::io::Write + Seek {}
impl<T: std::io::Write + Seek> Output for T {}

/// A format's row in the table.
pub(super) struct Row {
    /// The name for people.
    name: &'static str,
    /// The name in flags, JSON and cargo features: lower case.
    id: &'static str,
    /// The media type.
    media_type: &'static str,
    /// The extensions, in lower case. The first is the usual one.
    extensions: &'static [&'static str],
    /// Extensions of files that are read, but never written with such a name.
    only_read: &'static [&'static str],
    /// Whether a file that starts with these bytes ([`HEAD`] of them, or all of a shorter file) has this format.
    detect: fn(&[u8]) -> bool,
    pub(super) read: Read,
    pub(super) write: Option<Write>,
}

/// How a format is read.
pub(super) enum Read {
    /// From its bytes.
    Bytes(fn(&[u8], &Limits) -> Result<Raw>),
    /// From its bytes or, for a large file, while it is read. The second function gets the file's length.
    Stream(fn(&[u8], &Limits) -> Result<Raw>, fn(&mut dyn Input, u64, &Limits) -> Result<Raw>),
    /// Not by this build, because the cargo feature with the format's name is off. The text says how to convert such
    /// files.
    Off(&'static str),
}

/// How a format is written.
pub(super) struct Write {
    /// Writes the rows as they arrive.
    encode: fn(&Layout, &EncodeOptions, NextRows<'_>, &mut dyn Output) -> Result<()>,
    /// Whether the encoder needs the whole picture. Others have only a few rows in memory at a time.
    pub(super) whole: bool,
    /// Maximum pixels per side.
    most: usize,
    pub(super) holds: Holds,
}

/// What a written file can hold besides 8-bit colors.
#[derive(Clone, Copy)]
pub(super) struct Holds {
    pub(super) alpha: bool,
    /// 16 bits per sample.
    pub(super) deep: bool,
    /// An ICC profile.
    pub(super) profile: bool,
    pub(super) exif: bool,
    pub(super) xmp: bool,
    pub(super) iptc: bool,
    /// A resolution in its own place, not in Exif.
    pub(super) density: bool,
    /// Texts with keywords.
    pub(super) texts: bool,
    /// Metadata in segments of at most 64 KiB, one for each kind.
    pub(super) segments: bool,
}

impl Holds {
    /// Nothing but colors.
    const NOTHING: Self = Holds {
        alpha: false,
        deep: false,
        profile: false,
        exif: false,
        xmp: false,
        iptc: false,
        density: false,
        texts: false,
        segments: false,
    };
}

macro_rules! formats {
    ($($(#[$meta:meta])* $variant:ident = $row:path),* $(,)?) => {
        /// A picture file format.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Format {
            $($(#[$meta])* $variant,)*
        }

        impl Format {
            /// All formats, including those that this build can neither read nor write.
            pub const ALL: &[Format] = &[$(Format::$variant),*];
        }

        const TABLE: &[&Row] = &[$(&$row),*];
    };
}

// Files are recognized in this order: TGA, which has no signature, comes last.
formats! {
    /// JPEG, 8 bits: read and written.
    Jpeg = jpeg::ROW,
    /// PNG, 1 to 16 bits: read and written.
    Png = png::ROW,
    /// WebP, 8 bits: read; written lossless.
    WebP = webp::ROW,
    /// TIFF, 1 to 16 bits or float: read; written at 8 or 16 bits.
    Tiff = tiff::ROW,
    /// GIF: the first frame is read.
    Gif = gif::ROW,
    /// Windows bitmap: read.
    Bmp = bmp::ROW,
    /// QOI, 8 bits: read and written.
    Qoi = qoi::ROW,
    /// The Netpbm formats PBM, PGM and PPM, 1 to 16 bits: read; PPM is written.
    Pnm = pnm::ROW,
    /// Netpbm's PAM, 1 to 16 bits, which holds transparency: read and written.
    Pam = pnm::PAM,
    /// Windows icon: its largest picture is read.
    Ico = ico::ROW,
    /// Radiance HDR: linear light is read and tone-mapped.
    Hdr = hdr::ROW,
    /// OpenEXR: linear light is read and tone-mapped, with the cargo feature `exr`.
    Exr = exr::ROW,
    /// JPEG XL: read with the cargo feature `jxl`.
    Jxl = jxl::ROW,
    /// AVIF: read and written with the cargo feature `avif`.
    Avif = avif::ROW,
    /// HEIC: read with the cargo feature `heic`, by the system's libheif.
    Heic = heic::ROW,
    /// Truevision TGA, 8 bits: read and written.
    Tga = tga::ROW,
}

impl Format {
    pub(super) fn row(self) -> &'static Row {
        TABLE[self as usize]
    }

    /// Detects the format of a file that starts with these bytes (4096 of them, or all), whether this build reads it or
    /// not. `None` if it is none of [`Format::ALL`].
    pub fn detect(head: &[u8]) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| (format.row().detect)(head))
    }

    /// The same, or an error that says what the bytes are instead.
    pub(super) fn of(head: &[u8]) -> Result<Self> {
        if head.is_empty() {
            return Err(Error::new(ErrorKind::Malformed, "the file is empty"));
        }
        Self::detect(head).ok_or_else(|| unread::error(head))
    }

    /// Whether a file that starts with these bytes (4096 of them, or all) is a picture, or something else that people
    /// consider one: a camera's raw data, a drawing, a document of a painting program.
    pub fn looks_like_a_picture(head: &[u8]) -> bool {
        Self::detect(head).is_some() || unread::is_picture(head)
    }

    /// Returns the format to write to this path, from its extension in upper or lower case. It does not look at the
    /// file: call it before any expensive work.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`], listing the known extensions, if the extension is missing or not one of them.
    pub fn from_path(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        Self::from_extension(extension.as_deref().unwrap_or("")).ok_or_else(|| {
            let what = match &extension {
                Some(e) => format!("cannot write a .{e} file"),
                None => "the file name has no extension to say which format to write".into(),
            };
            let known: Vec<_> = Self::written().flat_map(Self::extensions).map(|name| format!(".{name}")).collect();
            Error::new(ErrorKind::InvalidArgument, format!("{}: {what}; use one of {}", path.display(), known.join(", ")))
        })
    }

    /// Returns the format that can be written with this extension (`png`, `jpg`, `jpeg`, …; no dot, lower case), if
    /// any.
    pub fn from_extension(extension: &str) -> Option<Self> {
        Self::written().find(|format| format.extensions().contains(&extension))
    }

    /// Returns the format with this [id](Format::id), if any.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.id() == id)
    }

    /// The name in flags, JSON and cargo features: lower case.
    pub fn id(self) -> &'static str {
        self.row().id
    }

    /// The media type: `image/jpeg`, …
    pub fn media_type(self) -> &'static str {
        self.row().media_type
    }

    /// The usual extension: `jpg`, `png`, …
    pub fn extension(self) -> &'static str {
        self.row().extensions[0]
    }

    /// The extensions, the usual one first, in lower case without a dot.
    pub fn extensions(self) -> &'static [&'static str] {
        self.row().extensions
    }

    /// Returns the extension for a painting. With a `format`, it is one of that format's extensions. Otherwise, it is
    /// the content's own in lower case if such files can be written, else `png`.
    pub fn result_extension(content: &Path, format: Option<Format>) -> String {
        let own = content.extension().and_then(|extension| extension.to_str()).map(str::to_lowercase);
        match format {
            Some(format) if own.as_deref().and_then(Format::from_extension) != Some(format) => format.extension().into(),
            _ => own.filter(|own| Format::from_extension(own).is_some()).unwrap_or_else(|| "png".into()),
        }
    }

    /// Returns the extensions of all files that this build reads, in lower case without a dot.
    pub fn read_extensions() -> impl Iterator<Item = &'static str> {
        Self::read().flat_map(|format| format.row().extensions.iter().chain(format.row().only_read).copied())
    }

    /// Whether this build reads the format.
    pub fn can_read(self) -> bool {
        !matches!(self.row().read, Read::Off(_))
    }

    /// Whether [`crate::picture::Picture::encode`] can write it in this build.
    pub fn can_write(self) -> bool {
        self.row().write.is_some()
    }

    /// Whether a written file can hold transparency.
    pub fn has_alpha(self) -> bool {
        self.holds().alpha
    }

    /// Whether a written file can hold 16 bits per sample.
    pub fn has_16_bits(self) -> bool {
        self.holds().deep
    }

    /// Returns the formats that this build reads.
    pub fn read() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|format| format.can_read())
    }

    /// Returns the formats that this build writes.
    pub fn written() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|format| format.can_write())
    }

    /// Joins the names of formats for a sentence: "JPEG, PNG and TIFF".
    pub fn list(formats: impl Iterator<Item = Self>) -> String {
        let mut names: Vec<_> = formats.map(|format| format.row().name).collect();
        match names.pop() {
            Some(last) if !names.is_empty() => format!("{} and {last}", names.join(", ")),
            last => last.unwrap_or_default().into(),
        }
    }

    /// What a written file can hold; nothing if the format is not written.
    pub(super) fn holds(self) -> Holds {
        self.row().write.as_ref().map_or(Holds::NOTHING, |write| write.holds)
    }

    /// Maximum pixels per side of a written file.
    pub(super) fn most_side(self) -> usize {
        self.row().write.as_ref().map_or(0, |write| write.most)
    }

    /// Lists the formats that can be written and can hold something, for errors that suggest one: "PNG or TIFF".
    pub(super) fn that_hold(what: fn(Holds) -> bool) -> String {
        let names: Vec<_> = Self::written().filter(|format| what(format.holds())).map(|format| format.row().name).collect();
        names.join(" or ")
    }

    /// Writes a file from rows as they arrive.
    pub(super) fn write(self, options: &EncodeOptions, layout: &Layout, next: NextRows<'_>, out: &mut dyn Output) -> Result<()> {
        match &self.row().write {
            Some(write) => {
                sides::<usize>(layout, self)?;
                (write.encode)(layout, options, next, out)
            }
            None => Err(Error::new(ErrorKind::Unsupported, format!("{self} files cannot be written"))),
        }
    }

    /// The error for a format that this build does not read although others do.
    pub(super) fn is_off(self, convert: &str) -> Error {
        let article = if self.row().name.starts_with(['A', 'O']) { "an" } else { "a" };
        let text = format!(
            "this is {article} {self} picture, which this build of Impasto does not read. {convert}, or build Impasto with \
             --features {} (see docs/guide/files.md)",
            self.id()
        );
        Error::new(ErrorKind::Unsupported, text)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.row().name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::Format;

    #[test]
    fn names_of_formats_are_each_for_one() {
        let (mut names, mut ids, mut extensions) = (HashSet::new(), HashSet::new(), HashSet::new());
        for &format in Format::ALL {
            assert!(names.insert(format.to_string()) && ids.insert(format.id()), "{format}");
            assert_eq!(Format::from_id(format.id()), Some(format));
            assert!(format.media_type().starts_with("image/"), "{format}");
            assert!(!format.extensions().is_empty(), "{format}");
            for extension in format.extensions() {
                assert!(extensions.insert(extension) && extension.to_lowercase() == **extension, "{extension}");
                assert_eq!(Format::from_extension(extension), format.can_write().then_some(format), "{extension}");
            }
            for extension in format.row().only_read {
                assert!(extensions.insert(extension) && Format::from_extension(extension).is_none(), "{extension}");
            }
            // Records of pictures use this name for the format.
            assert!(!format.can_write() || format.to_string().to_lowercase() == format.id(), "{format}");
        }
        assert!(Format::ALL.len() >= 16);
    }

    #[test]
    fn lists_are_sentences() {
        assert_eq!(Format::list([Format::Png].into_iter()), "PNG");
        assert_eq!(Format::list([Format::Jpeg, Format::Png, Format::Tiff].into_iter()), "JPEG, PNG and TIFF");
    }
}
