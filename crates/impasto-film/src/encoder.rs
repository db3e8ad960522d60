//! Output: kinds of films, and the codecs and streams they can hold.

use std::fmt;
use std::str::FromStr;

use impasto::Size;
use impasto::{Error, ErrorKind, Result};

use crate::Note;
use crate::probe::{Facts, Stream};
use crate::tools::Tools;

/// A kind of film file to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// MPEG-4.
    Mp4,
    /// Matroska.
    Mkv,
    /// QuickTime.
    Mov,
    /// WebM.
    WebM,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 4] = [Kind::Mp4, Kind::Mkv, Kind::Mov, Kind::WebM];

    /// The extension, which is also the name in flags and requests.
    pub fn id(self) -> &'static str {
        match self {
            Kind::Mp4 => "mp4",
            Kind::Mkv => "mkv",
            Kind::Mov => "mov",
            Kind::WebM => "webm",
        }
    }

    /// The media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Kind::Mp4 => "video/mp4",
            Kind::Mkv => "video/x-matroska",
            Kind::Mov => "video/quicktime",
            Kind::WebM => "video/webm",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Mp4 => "MP4",
            Kind::Mkv => "MKV",
            Kind::Mov => "MOV",
            Kind::WebM => "WebM",
        })
    }
}

/// Parses a [`Kind::id`].
impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|kind| kind.id() == text).ok_or_else(|| one_of(Self::ALL.map(Kind::id)))
    }
}

/// How a film is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Codec {
    /// H.264.
    H264,
    /// H.265.
    H265,
    /// AV1.
    Av1,
    /// VP9.
    Vp9,
    /// ProRes 4444.
    ProRes,
}

impl Codec {
    /// All codecs.
    pub const ALL: [Codec; 5] = [Codec::H264, Codec::H265, Codec::Av1, Codec::Vp9, Codec::ProRes];

    /// The name in flags and requests.
    pub fn id(self) -> &'static str {
        match self {
            Codec::H264 => "h264",
            Codec::H265 => "h265",
            Codec::Av1 => "av1",
            Codec::Vp9 => "vp9",
            Codec::ProRes => "prores",
        }
    }

    /// What the codec is good for.
    pub fn help(self) -> &'static str {
        match self {
            Codec::H264 => "Plays everywhere",
            Codec::H265 => "Smaller files",
            Codec::Av1 => "Smaller still, slower",
            Codec::Vp9 => "For .webm and .mkv; keeps transparency",
            Codec::ProRes => "Large files for editing, in .mov and .mkv; keeps transparency",
        }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Codec::H264 => "H.264",
            Codec::H265 => "H.265",
            Codec::Av1 => "AV1",
            Codec::Vp9 => "VP9",
            Codec::ProRes => "ProRes",
        })
    }
}

/// Parses a [`Codec::id`].
impl FromStr for Codec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|codec| codec.id() == text).ok_or_else(|| one_of(Self::ALL.map(Codec::id)))
    }
}

fn one_of<const N: usize>(names: [&str; N]) -> String {
    format!("must be one of {}", names.join(", "))
}

/// One of ffmpeg's encoders, with its settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoder {
    codec: Codec,
    name: &'static str,
    crf: u8,
    /// The pixel format that it encodes.
    pub(crate) pixels: &'static str,
    /// Whether it keeps transparency.
    pub alpha: bool,
}

impl Encoder {
    /// Chooses the encoder for a film of this kind, and notes what is lost with it. `alpha` and `deep` say whether the
    /// frames have transparency and more than 8 bits. Without a codec, the kind decides. Without a quality (`crf`, from
    /// 0 to 63, or to 51 for H.264 and H.265; less is better), the codec decides.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if this kind of file does not hold the codec, or the quality is out of range;
    /// [`ErrorKind::Unsupported`] if this ffmpeg lacks the encoder.
    pub fn choose(
        tools: &Tools,
        kind: Kind,
        (codec, crf): (Option<Codec>, Option<u8>),
        size: Size,
        (alpha, deep): (bool, bool),
    ) -> Result<(Self, Vec<Note>)> {
        let invalid = |text: String| Err(Error::new(ErrorKind::InvalidArgument, text));
        let mut notes = Vec::new();
        let codec = codec.unwrap_or(match kind {
            Kind::WebM => Codec::Vp9,
            Kind::Mov if alpha => Codec::ProRes,
            _ => Codec::H264,
        });
        let fits = match kind {
            Kind::Mp4 => !matches!(codec, Codec::ProRes),
            Kind::Mov => !matches!(codec, Codec::Vp9 | Codec::Av1),
            Kind::WebM => matches!(codec, Codec::Vp9 | Codec::Av1),
            Kind::Mkv => true,
        };
        if !fits {
            return invalid(format!("{kind} files cannot hold {codec}; choose another codec or file type"));
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
            let text = format!("this ffmpeg has no encoder for {codec} ({})", names.join(" or "));
            return Err(Error::new(ErrorKind::Unsupported, text));
        };
        let keeps_alpha = matches!(codec, Codec::Vp9 | Codec::ProRes);
        if alpha && !keeps_alpha {
            notes.push(Note::Loss(format!("{codec} has no transparency, so it is left out; .webm and .mov keep it")));
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
            let text =
                format!("{size}: an odd side needs 4:4:4 colors, which some players cannot show; another size avoids this");
            notes.push(Note::Loss(text));
        }
        if crf.is_some() && codec == Codec::ProRes {
            return invalid("ProRes has a fixed quality and no crf; leave the crf out, or choose another codec".into());
        }
        let crf = crf.unwrap_or(match codec {
            Codec::H264 | Codec::ProRes => 18,
            Codec::H265 => 20,
            Codec::Av1 => 28,
            Codec::Vp9 => 24,
        });
        if crf > 51 && matches!(codec, Codec::H264 | Codec::H265) {
            return invalid(format!("a crf of {crf} is out of range; {codec} goes from 0 to 51"));
        }
        Ok((Encoder { codec, name: encoder, crf, pixels, alpha }, notes))
    }

    /// The arguments for ffmpeg.
    pub(crate) fn arguments(&self) -> Vec<String> {
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

    /// The extension of pieces of the film. Their container keeps the times of frames.
    pub fn piece(&self) -> &'static str {
        match self.codec {
            Codec::Vp9 => "webm",
            Codec::ProRes => "mov",
            _ => "mp4",
        }
    }

    pub(crate) fn codec(&self) -> Codec {
        self.codec
    }
}

/// What happens to another stream of the film.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Way {
    Copied,
    /// Encoded by this encoder.
    Converted(&'static str),
    LeftOut(&'static str),
}

/// What happens to each stream other than the painted one. Covers, data and streams that
/// no container holds are left out silently.
pub(crate) fn companions(facts: &Facts, kind: Kind) -> Vec<(Stream, Way)> {
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
            ("subtitle", Kind::Mp4 | Kind::Mov | Kind::WebM) => Way::LeftOut("bitmap subtitles"),
            ("attachment", Kind::Mkv) => Way::Copied,
            _ => Way::LeftOut(""),
        };
        (stream.clone(), way)
    };
    facts.others.iter().map(each).collect()
}
