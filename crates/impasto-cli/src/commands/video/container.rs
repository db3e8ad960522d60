//! What is written: kinds of films, and which codecs and streams they hold.

use std::path::{Path, PathBuf};

use super::args::{Codec, Kind, Video};
use super::probe::{Facts, Stream};
use super::tools::Tools;
use crate::failure::{Failure, Result};
use crate::talk::Loudness;
use impasto::request::Size;

/// Where painted frames go.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Goal {
    /// A film that ffmpeg encodes.
    Film {
        kind: Kind,
        encoder: Encoder,
    },
    Gif,
    /// One picture a frame, named with the frame's number: before it, its least number of digits, after it.
    Pictures {
        before: String,
        digits: usize,
        after: String,
    },
}

/// An encoder of ffmpeg, and how it is asked.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Encoder {
    pub(super) codec: Codec,
    name: &'static str,
    crf: u8,
    /// Of the samples that it takes.
    pub(super) pixels: &'static str,
    pub(super) alpha: bool,
}

impl Goal {
    /// The kind of film that the output's name asks for; `None` for pictures.
    pub(super) fn kind(args: &Video) -> Result<Option<Kind>> {
        let path = &args.output;
        if path.as_os_str() == "-" {
            return Ok(Some(args.format.unwrap_or(Kind::Mkv)));
        }
        if args.format.is_some() {
            return Err(Failure::usage("--format is for standard output; a file's extension decides its kind"));
        }
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default();
        match extension.as_str() {
            "mp4" | "m4v" => Ok(Some(Kind::Mp4)),
            "mkv" => Ok(Some(Kind::Mkv)),
            "mov" => Ok(Some(Kind::Mov)),
            "webm" => Ok(Some(Kind::WebM)),
            "gif" => Ok(Some(Kind::Gif)),
            "" => Ok(None),
            _ if path.is_dir() || path.to_string_lossy().ends_with('/') || path.to_string_lossy().contains('%') => Ok(None),
            other => Err(Failure::usage(format!(
                "{}: .{other} is no kind of film that is written; use .mp4, .mkv, .mov, .webm or .gif, or a folder for frames",
                path.display()
            ))),
        }
    }

    /// A folder's or pattern's names.
    pub(super) fn pictures(path: &Path) -> Result<Self> {
        let wrong = || Failure::usage(format!("{}: a pattern has one %d, for example out/%05d.png", path.display()));
        let Some((before, rest)) = path.to_str().and_then(|text| text.split_once('%')) else {
            let before = path.join("").to_str().map(str::to_owned).ok_or_else(wrong)?;
            return Ok(Goal::Pictures { before, digits: 6, after: ".png".into() });
        };
        let (digits, after) = rest.split_once('d').ok_or_else(wrong)?;
        let digits =
            if digits.is_empty() { 1 } else { digits.parse().ok().filter(|n| (1..=12).contains(n)).ok_or_else(wrong)? };
        let format = impasto::picture::Format::from_path(format!("frame{after}")).map_err(Failure::usage)?;
        if after.contains('%') || !format.can_write() {
            return Err(wrong());
        }
        Ok(Goal::Pictures { before: before.to_owned(), digits, after: after.to_owned() })
    }

    /// The file of frame `number`, counted from 1.
    pub(super) fn picture(&self, number: usize) -> Option<PathBuf> {
        match self {
            Goal::Pictures { before, digits, after } => Some(format!("{before}{number:0digits$}{after}").into()),
            _ => None,
        }
    }
}

/// The encoder for a film of this kind. `alpha` and `deep` say what its frames have.
pub(super) fn encoder(
    (args, tools, loudness): (&Video, &Tools, Loudness),
    kind: Kind,
    size: Size,
    (alpha, deep): (bool, bool),
) -> Result<Encoder> {
    let codec = args.codec.unwrap_or(match kind {
        Kind::WebM => Codec::Vp9,
        Kind::Mov if alpha => Codec::ProRes,
        _ => Codec::H264,
    });
    let fits = match kind {
        Kind::Mp4 => !matches!(codec, Codec::ProRes),
        Kind::Mov => !matches!(codec, Codec::Vp9 | Codec::Av1),
        Kind::WebM => matches!(codec, Codec::Vp9 | Codec::Av1),
        Kind::Mkv | Kind::Gif => true,
    };
    if !fits {
        return Err(Failure::usage(format!(
            "{} files do not hold {}; choose another --codec or extension",
            name(kind),
            codec_name(codec)
        )));
    }
    let names: &[&'static str] = match codec {
        Codec::H264 => &["libx264"],
        Codec::H265 => &["libx265"],
        Codec::Av1 => &["libsvtav1", "libaom-av1"],
        Codec::Vp9 => &["libvpx-vp9"],
        Codec::ProRes => &["prores_ks"],
    };
    let mut found = None;
    for &name in names {
        if found.is_none() && tools.has_encoder(name)? {
            found = Some(name);
        }
    }
    let Some(encoder) = found else {
        return Err(Failure::failed(format!(
            "this ffmpeg has no encoder for {} ({}); choose another --codec, or install a full ffmpeg",
            codec_name(codec),
            names.join(" or ")
        )));
    };
    let keeps_alpha = matches!(codec, Codec::Vp9 | Codec::ProRes);
    if alpha && !keeps_alpha {
        loudness.warn(&format!("{} has no transparency: it is left out; .webm and .mov keep it", codec_name(codec)));
    }
    let alpha = alpha && keeps_alpha;
    let odd = size.width % 2 == 1 || size.height % 2 == 1;
    let pixels = match (codec, alpha, deep) {
        (Codec::ProRes, true, _) => "yuva444p10le",
        (Codec::ProRes, false, _) => "yuv444p10le",
        (Codec::Vp9, true, _) => "yuva420p",
        (Codec::H265 | Codec::H264, ..) if odd => "yuv444p",
        (Codec::H265 | Codec::Av1 | Codec::Vp9, _, true) => "yuv420p10le",
        _ => "yuv420p",
    };
    if odd && pixels == "yuv444p" {
        loudness.warn(&format!("{size}: an odd side needs 4:4:4 colors, which some players do not show; --size changes it"));
    }
    let crf = args.crf.unwrap_or(match codec {
        Codec::H264 | Codec::ProRes => 18,
        Codec::H265 => 20,
        Codec::Av1 => 28,
        Codec::Vp9 => 24,
    });
    if crf > 51 && matches!(codec, Codec::H264 | Codec::H265) {
        return Err(Failure::usage(format!("--crf {crf}: {} goes from 0 to 51", codec_name(codec))));
    }
    Ok(Encoder { codec, name: encoder, crf, pixels, alpha })
}

impl Encoder {
    /// As arguments of ffmpeg.
    pub(super) fn arguments(&self) -> Vec<String> {
        let crf = self.crf.to_string();
        let own: &[&str] = match self.name {
            "libx264" => &["-crf", &crf, "-preset", "medium"],
            "libx265" => &["-crf", &crf, "-preset", "medium", "-tag:v", "hvc1", "-x265-params", "log-level=error"],
            "libsvtav1" => &["-crf", &crf, "-preset", "8"],
            "libaom-av1" => &["-crf", &crf, "-b:v", "0", "-cpu-used", "6", "-row-mt", "1"],
            "libvpx-vp9" if self.alpha => &["-crf", &crf, "-b:v", "0", "-cpu-used", "4", "-row-mt", "1", "-auto-alt-ref", "0"],
            "libvpx-vp9" => &["-crf", &crf, "-b:v", "0", "-cpu-used", "4", "-row-mt", "1"],
            _ => &["-profile:v", "4444", "-vendor", "apl0"],
        };
        ["-c:v", self.name].iter().chain(own).map(|&argument| argument.to_owned()).collect()
    }

    /// The extension of pieces of the film, in a container that keeps their times.
    pub(super) fn piece(&self) -> &'static str {
        match self.codec {
            Codec::Vp9 => "webm",
            Codec::ProRes => "mov",
            _ => "mp4",
        }
    }

    pub(super) fn describe(&self) -> &'static str {
        codec_name(self.codec)
    }
}

/// What becomes of a stream that goes with the film.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Way {
    Copied,
    /// By this encoder.
    Converted(&'static str),
    LeftOut(&'static str),
}

/// What becomes of each stream besides the film's own. Covers, data and what no container holds are left out silently.
pub(super) fn companions(facts: &Facts, kind: Kind) -> Vec<(Stream, Way)> {
    let each = |stream: &Stream| {
        let codec = stream.codec.as_str();
        let way = match (stream.kind.as_str(), kind) {
            ("audio", Kind::Mkv) => Way::Copied,
            ("audio", Kind::Mp4) if ["aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"].contains(&codec) => Way::Copied,
            ("audio", Kind::Mov) if ["aac", "mp3", "ac3", "eac3", "alac"].contains(&codec) || codec.starts_with("pcm_s") => {
                Way::Copied
            }
            ("audio", Kind::WebM) if ["opus", "vorbis"].contains(&codec) => Way::Copied,
            ("audio", Kind::WebM) => Way::Converted("libopus"),
            ("audio", Kind::Mp4 | Kind::Mov) => Way::Converted("aac"),
            ("subtitle", Kind::Mkv) if codec == "mov_text" => Way::Converted("srt"),
            ("subtitle", Kind::Mkv) => Way::Copied,
            ("subtitle", Kind::Mp4 | Kind::Mov) if codec == "mov_text" => Way::Copied,
            ("subtitle", Kind::WebM) if codec == "webvtt" => Way::Copied,
            ("subtitle", Kind::Mp4 | Kind::Mov | Kind::WebM)
                if ["subrip", "ass", "ssa", "webvtt", "mov_text", "text"].contains(&codec) =>
            {
                Way::Converted(if kind == Kind::WebM { "webvtt" } else { "mov_text" })
            }
            ("subtitle", Kind::Mp4 | Kind::Mov | Kind::WebM) => Way::LeftOut("subtitles that are pictures"),
            ("attachment", Kind::Mkv) => Way::Copied,
            _ => Way::LeftOut(""),
        };
        (stream.clone(), way)
    };
    facts.others.iter().map(each).collect()
}

pub(super) fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Mp4 => "MP4",
        Kind::Mkv => "MKV",
        Kind::Mov => "MOV",
        Kind::WebM => "WebM",
        Kind::Gif => "GIF",
    }
}

fn codec_name(codec: Codec) -> &'static str {
    match codec {
        Codec::H264 => "H.264",
        Codec::H265 => "H.265",
        Codec::Av1 => "AV1",
        Codec::Vp9 => "VP9",
        Codec::ProRes => "ProRes",
    }
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
