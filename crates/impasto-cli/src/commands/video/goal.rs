//! What is written: a film, a GIF file, or pictures.

use std::path::{Path, PathBuf};

use impasto::picture::Format;
use impasto::{ErrorKind, Size};
use impasto_film::{Encoder, Kind, Tools};

use super::args::{Video, Written};
use crate::failure::{Failure, Result};

/// Where painted frames go.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Goal {
    /// A film that ffmpeg encodes.
    Film {
        kind: Kind,
        encoder: Encoder,
    },
    Gif,
    /// One picture per frame. Its name is `before`, then the frame's
    /// number with at least `digits` digits, then `after`.
    Pictures {
        before: String,
        digits: usize,
        after: String,
    },
}

impl Goal {
    /// Returns the kind of film that the output's name asks for; `None` for pictures.
    pub(super) fn kind(args: &Video) -> Result<Option<Written>> {
        let path = &args.output;
        if path.as_os_str() == "-" {
            return Ok(Some(args.format.unwrap_or(Written::Film(Kind::Mkv))));
        }
        if args.format.is_some() {
            return Err(Failure::usage("--format is only for standard output; a file's extension decides its format"));
        }
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default();
        if let Ok(kind) = extension.parse() {
            return Ok(Some(Written::Film(kind)));
        }
        match extension.as_str() {
            "m4v" => Ok(Some(Written::Film(Kind::Mp4))),
            "gif" => Ok(Some(Written::Gif)),
            "" => Ok(None),
            _ if path.is_dir() || path.to_string_lossy().ends_with('/') || path.to_string_lossy().contains('%') => Ok(None),
            other => Err(Failure::usage(format!(
                "{}: .{other} films cannot be written; use .mp4, .mkv, .mov, .webm or .gif, or a folder for frames",
                path.display()
            ))),
        }
    }

    /// Parses the name of a folder or a pattern.
    pub(super) fn pictures(path: &Path) -> Result<Self> {
        let wrong = || Failure::usage(format!("{}: a pattern needs exactly one %d, for example out/%05d.png", path.display()));
        let Some((before, rest)) = path.to_str().and_then(|text| text.split_once('%')) else {
            let before = path.join("").to_str().map(str::to_owned).ok_or_else(wrong)?;
            return Ok(Goal::Pictures { before, digits: 6, after: ".png".into() });
        };
        let (digits, after) = rest.split_once('d').ok_or_else(wrong)?;
        let digits =
            if digits.is_empty() { 1 } else { digits.parse().ok().filter(|n| (1..=12).contains(n)).ok_or_else(wrong)? };
        let format = Format::from_path(format!("frame{after}")).map_err(Failure::usage)?;
        if after.contains('%') || !format.can_write() {
            return Err(wrong());
        }
        Ok(Goal::Pictures { before: before.to_owned(), digits, after: after.to_owned() })
    }

    /// Returns the file of frame `number`, counted from 1.
    pub(super) fn picture(&self, number: usize) -> Option<PathBuf> {
        match self {
            Goal::Pictures { before, digits, after } => Some(format!("{before}{number:0digits$}{after}").into()),
            _ => None,
        }
    }

    /// Returns whether what is written can have transparency.
    pub(super) fn has_alpha(&self) -> bool {
        match self {
            Goal::Film { encoder, .. } => encoder.alpha,
            Goal::Gif => true,
            Goal::Pictures { after, .. } => Format::from_path(format!("frame{after}")).is_ok_and(Format::has_alpha),
        }
    }
}

/// Returns the encoder that is asked for, and says what is lost with it.
pub(super) fn encoder(args: &Video, tools: &Tools, kind: Kind, size: Size, frames: (bool, bool)) -> Result<Encoder> {
    let chosen = Encoder::choose(tools, kind, (args.codec, args.crf), size, frames).map_err(|e| match e.kind() {
        ErrorKind::InvalidArgument => Failure::usage(e),
        ErrorKind::Unsupported => Failure::failed(format!("{e}; choose another --codec, or install a full ffmpeg")),
        _ => e.into(),
    });
    let (encoder, notes) = chosen?;
    super::say(&notes, None, args.loudness.loudness());
    Ok(encoder)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Goal;

    #[test]
    fn frames_are_named_by_pattern() {
        let name = |path: &str, number| Goal::pictures(Path::new(path)).unwrap().picture(number).unwrap().display().to_string();
        assert_eq!(name("out", 7), "out/000007.png");
        assert_eq!(name("out/f%04d.jpg", 12), "out/f0012.jpg");
        assert_eq!(name("f%d.png", 12), "f12.png");
        for path in ["out/%04x.png", "out/%d.bmp", "out/%d", "%d%d.png"] {
            assert!(Goal::pictures(Path::new(path)).is_err(), "{path}");
        }
    }
}
