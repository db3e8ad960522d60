//! `impasto styles learn`.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use super::{LoudnessFlags, count, style_side, threads};
use crate::values;

/// Tune the model to a painting, and save the result as a style that `-s` takes.
///
/// The program paints parts of contents, compares them with the painting, and changes a
/// copy of the network a little, a few hundred times. The style file holds the changes.
/// It works with this model only, and paints as fast as any other style.
///
/// The default takes a few minutes on two cores. Ctrl-C keeps what has been learned so far; --resume continues.
#[derive(Debug, Args)]
pub(crate) struct StylesLearn {
    /// Painting to learn; several by one painter are learned as one style
    #[arg(value_name = "PICTURE", required = true, value_hint = ValueHint::FilePath)]
    pub(crate) pictures: Vec<PathBuf>,

    /// File to write, usually with the extension .style
    #[arg(short, long, value_name = "FILE.style", value_hint = ValueHint::FilePath)]
    pub(crate) output: PathBuf,

    /// Name of the style to show. Default: the first picture's name without its extension
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// Folder of photos to paint while learning. Default: drawn landscapes and still lifes
    ///
    /// Photos like those that you will paint are best. Up to 48 are used.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) contents: Option<PathBuf>,

    /// Which part of the network to change
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = Tune::Corrections)]
    pub(crate) tune: Tune,

    /// Rank of the corrections: the file grows with it
    #[arg(long, value_name = "N", default_value_t = impasto::learn::Way::RANK, value_parser = rank)]
    pub(crate) rank: usize,

    /// Start from what this style has learned, even for an earlier version of the model: fewer steps are then enough
    ///
    /// A style file or the name of a built-in style. It must have been learned with the same --tune and --rank.
    #[arg(long, value_name = "STYLE", value_hint = ValueHint::FilePath)]
    pub(crate) start: Option<PathBuf>,

    /// Number of steps
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = count)]
    pub(crate) steps: usize,

    /// Learn for this many minutes instead of a number of steps; the result then depends on the machine
    #[arg(long, value_name = "MINUTES", value_parser = values::positive, conflicts_with = "steps")]
    pub(crate) minutes: Option<f32>,

    /// Weight of the content: more keeps it recognizable, less follows the style further
    #[arg(long, value_name = "WEIGHT", default_value_t = impasto::learn::LearnOptions::default().content_weight, value_parser = values::weight)]
    pub(crate) content_weight: f64,

    /// Weight against flicker: more makes films steadier, less keeps marks sharper; 0 saves time
    #[arg(long, value_name = "WEIGHT", default_value_t = impasto::learn::LearnOptions::default().steady_weight, value_parser = values::weight)]
    pub(crate) steady_weight: f64,

    /// Weight against halos along edges: more leaves fewer of them, less allows stronger colors
    #[arg(long, value_name = "WEIGHT", default_value_t = impasto::learn::LearnOptions::default().halo_weight, value_parser = values::weight)]
    pub(crate) halo_weight: f64,

    /// Random seed: another number draws other parts of the contents
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,

    /// Continue an interrupted run: the same command with this flag
    #[arg(long)]
    pub(crate) resume: bool,

    /// Paint a content in the style every few seconds, and write it to this file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) preview_picture: Option<PathBuf>,

    /// Pixels of the pictures' shorter side for the style predictor
    #[arg(long, value_name = "PIXELS", default_value_t = 256, value_parser = style_side)]
    pub(crate) style_size: usize,

    /// Perceptual network, as for `impasto eval`; default: the built-in one
    #[arg(long, value_name = "NAME|PATH|URL", value_hint = ValueHint::AnyPath)]
    pub(crate) perceptual: Vec<PathBuf>,

    /// File or folder of the model to tune, as for `impasto stylize`: one of Impasto's own; default: the built-in one
    #[arg(long = "model", value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) models: Vec<PathBuf>,

    /// Number of threads. Default: one per core
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = threads)]
    pub(crate) threads: Option<usize>,

    /// Replace existing files
    #[arg(long)]
    pub(crate) force: bool,

    #[command(flatten)]
    pub(crate) loudness: LoudnessFlags,
}

/// Which part of the network to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Tune {
    /// Only the norms: colors and contrast; 6 KB
    Norms,
    /// Norms, and low-rank corrections of the kernels: texture too; 100 KB
    Corrections,
    /// Norms and whole kernels; 700 KB
    All,
}

fn rank(text: &str) -> Result<usize, String> {
    let ranks = 1..=impasto::learn::Way::MAX_RANK;
    let number = text.parse().ok().filter(|n| ranks.contains(n));
    number.ok_or_else(|| format!("must be a whole number from {} to {}", ranks.start(), ranks.end()))
}
