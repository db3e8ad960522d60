//! The flags of `impasto video`.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueHint};
use impasto_film::{Codec, FilmSize, Kind, Rate, time};

use crate::cli::{FilmFlags, LoudnessFlags};
use crate::failure::Result;
use crate::{values, web};

/// Paint a film in the style of a picture.
///
/// The film keeps its sound, subtitles, chapters, frame rate and size. Reading and writing films needs ffmpeg (the
/// programs ffmpeg and ffprobe). Folders of frames and animated GIF, WebP and PNG files are read without it, and
/// folders of frames and GIF files are written without it.
///
/// The work is kept in pieces in a folder beside the output. After an
/// interruption, the same command with --resume continues from there.
#[derive(Debug, Args)]
pub(crate) struct Video {
    /// Film to paint; a folder or pattern of frames; an animated GIF, WebP or PNG; - is standard input
    #[arg(value_name = "FILM", value_hint = ValueHint::AnyPath)]
    pub(super) film: PathBuf,

    /// Picture, built-in style or .style file, as for `impasto stylize`; repeat it to blend
    ///
    /// Networks that carry styles of their own take the number of one (-s 3
    /// with --model, or -s MODEL:3). A network of one style needs none.
    #[arg(short, long = "style", value_name = "STYLE[=WEIGHT|@MASK]", value_hint = ValueHint::FilePath)]
    pub(super) styles: Vec<OsString>,

    /// Change to another style: the film glides from the style before to
    /// this one, and reaches it at this time; may be repeated
    ///
    /// For example: -s waves.jpg --style-at 0:05=waves.jpg --style-at
    /// 0:08=starry glides from waves to starry between seconds 5 and 8.
    #[arg(long, value_name = "TIME=STYLE")]
    pub(super) style_at: Vec<OsString>,

    /// Film to write; the extension decides its kind. A folder or
    /// pattern (out/%05d.png) for frames; - is standard output
    ///
    /// .mp4, .mkv, .mov, .webm and .gif are written.
    #[arg(short, long, value_name = "OUT", value_hint = ValueHint::AnyPath, value_parser = values::output())]
    pub(super) output: PathBuf,

    /// Kind of film for standard output. Default: mkv
    #[arg(long, value_name = "KIND", value_parser = written())]
    pub(super) format: Option<Written>,

    /// Model, as for `impasto stylize`
    #[arg(long = "model", value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(super) models: Vec<PathBuf>,

    /// Keep this much of the last frame where the next one shows the same: more is steadier
    #[arg(long, value_name = "0..1", default_value = "0.8", allow_negative_numbers = true, value_parser = values::share, help_heading = LOOK)]
    pub(super) steady: f32,

    /// The flags of a painting that films support, from the library's table of options.
    #[command(flatten)]
    pub(super) paint: FilmFlags,

    /// Start at this time: seconds, minutes:seconds or hours:minutes:seconds
    #[arg(long, value_name = "TIME", value_parser = time, help_heading = FILM)]
    pub(super) start: Option<f64>,

    /// End at this time of the film
    #[arg(long, value_name = "TIME", value_parser = time, help_heading = FILM)]
    pub(super) end: Option<f64>,

    /// Frames per second. Default: the film's own; 25 for a folder of frames
    #[arg(long, value_name = "N[/N]", help_heading = FILM)]
    pub(super) fps: Option<Rate>,

    /// Size of the result: pixels of its longer side, or WxH
    #[arg(long, value_name = "LONGSIDE|WxH", help_heading = FILM)]
    pub(super) size: Option<FilmSize>,

    /// How the film is encoded. Default: h264; vp9 for .webm; prores for .mov with transparency
    #[arg(long, value_name = "CODEC", value_parser = codec(), help_heading = FILM)]
    pub(super) codec: Option<Codec>,

    /// Quality of the encoder: less gives better and larger films.
    /// Default: 18 for h264, 20 for h265, 28 for av1, 24 for vp9
    #[arg(long, value_name = "0..63", value_parser = clap::value_parser!(u8).range(0..=63), help_heading = FILM)]
    pub(super) crf: Option<u8>,

    /// Paint damaged films as far as they can be read; a warning says what is wrong
    #[arg(long, help_heading = FILM)]
    pub(super) salvage: bool,

    /// The program ffmpeg, or its folder. Default: where the system finds it
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(super) ffmpeg: Option<PathBuf>,

    /// Continue an interrupted run
    #[arg(long)]
    pub(super) resume: bool,

    /// Replace existing files, and the remains of an interrupted run
    #[arg(long)]
    pub(super) force: bool,

    /// Write the newest painted frame to this picture from time to time
    #[arg(long, value_name = "PICTURE", value_hint = ValueHint::FilePath)]
    pub(super) preview_frame: Option<PathBuf>,

    /// Memory to use at most, for example 512M
    #[arg(long, value_name = "BYTES", allow_negative_numbers = true, value_parser = values::bytes)]
    pub(super) max_memory: Option<u64>,

    /// Number of threads. Default: one per core. The result is the same with any number
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) threads: Option<u16>,

    /// Print a report as JSON on standard output
    #[arg(long)]
    pub(super) json: bool,

    #[command(flatten)]
    pub(super) loudness: LoudnessFlags,
}

impl Video {
    /// Downloads the pictures of styles and masks that are given by web address, of at most this many bytes each.
    pub(in crate::commands) fn fetch_pictures(&mut self, most: u64) -> Result {
        self.styles.iter_mut().try_for_each(|style| web::fetch_style(style, most))?;
        for change in &mut self.style_at {
            // An address may contain more `=`; the time contains none.
            if let Some((at, style)) = change.to_str().and_then(|text| text.split_once('=')) {
                let (at, mut style) = (at.to_owned(), OsString::from(style));
                web::fetch_style(&mut style, most)?;
                *change = [OsStr::new(&at), OsStr::new("="), &style].into_iter().collect();
            }
        }
        self.paint.0.files.iter_mut().try_for_each(|(_, mask)| web::fetch(mask, most))
    }
}

const LOOK: &str = "Look";
const FILM: &str = "Film";

/// What to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// A film, written by ffmpeg.
    Film(Kind),
    Gif,
}

/// Parses the names of these kinds for clap.
fn written() -> impl TypedValueParser<Value = Written> {
    let names = PossibleValuesParser::new(Kind::ALL.map(Kind::id).into_iter().chain(["gif"]));
    names.map(|name| name.parse().map_or(Written::Gif, Written::Film))
}

fn codec() -> impl TypedValueParser<Value = Codec> {
    let names = Codec::ALL.map(|codec| PossibleValue::new(codec.id()).help(codec.help()));
    PossibleValuesParser::new(names).try_map(|name| name.parse::<Codec>())
}
