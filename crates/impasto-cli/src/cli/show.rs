//! Commands that demonstrate and measure: `demo`, `sheet`, `eval`, `bench`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueHint};
use impasto::Size;

use super::LoudnessFlags;
use crate::values;

/// Paint a drawn landscape in a built-in style: a first picture without any files.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Where to write the figure: content, style and result
    #[arg(short, long, value_name = "FIGURE", default_value = "impasto-demo.png", value_hint = ValueHint::FilePath)]
    pub(crate) output: PathBuf,

    /// Drawn style to paint in; `impasto styles list` prints the names
    #[arg(short, long, value_name = "NAME", default_value = "starry")]
    pub(crate) style: String,

    /// Random seed: another number draws another landscape and another painting
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,

    /// Size of the landscape
    #[arg(long, value_name = "WxH", default_value = "960x640")]
    pub(crate) size: Size,

    /// File or folder with the networks' weights, as for `impasto stylize`; default: the built-in model
    #[arg(long = "model", value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) models: Vec<PathBuf>,

    /// Replace an existing file
    #[arg(long)]
    pub(crate) force: bool,

    #[command(flatten)]
    pub(crate) loudness: LoudnessFlags,
}

/// Paint one photo in many styles, as one picture with names.
///
/// Without --gif or --strip: the photo, then a painting for each style and strength, row by row. With them: a morph, in
/// which each style turns into the next by mixing their style vectors.
#[derive(Debug, Args)]
pub(crate) struct Sheet {
    /// Photo to paint
    #[arg(value_name = "PHOTO", value_hint = ValueHint::FilePath)]
    pub(crate) photo: PathBuf,

    /// Style to paint in, as for `impasto stylize`; may be repeated. Default: all built-in styles
    #[arg(short, long = "style", value_name = "STYLE", value_hint = ValueHint::FilePath)]
    pub(crate) styles: Vec<OsString>,

    /// Where to write the sheet; for --gif a .gif or, in full color, an animated .png
    #[arg(short, long, value_name = "SHEET", value_hint = ValueHint::FilePath)]
    pub(crate) output: PathBuf,

    /// Strengths to paint each style with
    #[arg(long, value_name = "0..1,...", value_delimiter = ',', default_value = "1", value_parser = values::share)]
    pub(crate) strengths: Vec<f32>,

    /// Pixels of the longer side of each painting
    #[arg(long, value_name = "LONGSIDE", default_value_t = 320, allow_negative_numbers = true, value_parser = super::side)]
    pub(crate) size: usize,

    /// Paintings in a row. Default: 6, or as many as make a row for each style
    #[arg(long, value_name = "N", conflicts_with_all = ["gif", "strip"], allow_negative_numbers = true,
          value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) columns: Option<u16>,

    /// Write an animation that goes from style to style and back to the first
    #[arg(long, conflicts_with = "strip")]
    pub(crate) gif: bool,

    /// Write one row of paintings that goes from style to style
    #[arg(long)]
    pub(crate) strip: bool,

    /// Paintings from one style to the next in a morph. Default: 12 for --gif, 3 for --strip
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) frames: Option<u16>,

    /// JPEG quality of the sheet
    #[arg(long, value_name = "1..100", default_value_t = 95, allow_negative_numbers = true,
          value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(crate) quality: u8,

    /// Pixels of a style picture's shorter side for the style predictor
    #[arg(long, value_name = "PIXELS", default_value_t = 256, allow_negative_numbers = true, value_parser = super::style_side)]
    pub(crate) style_size: usize,

    /// File or folder with the networks' weights, as for `impasto stylize`
    #[arg(long = "model", value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) models: Vec<PathBuf>,

    /// Replace an existing file
    #[arg(long)]
    pub(crate) force: bool,

    #[command(flatten)]
    pub(crate) loudness: LoudnessFlags,
}

/// Measure paintings: how close they are to style and content, and how much of them is the network's own pattern.
///
/// Draws pairs of a content and a style, paints them, and prints means over the pairs. Lower is
/// better everywhere. A painting trades style for content, so read both, and compare with the two
/// controls: the content itself and the style itself. docs/guide/eval.md defines every measure.
#[derive(Debug, Args)]
pub(crate) struct Eval {
    /// Folder of contents
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) contents: PathBuf,

    /// Folder of styles
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, required_unless_present = "gallery")]
    pub(crate) styles: Option<PathBuf>,

    /// Model to measure, as for `impasto stylize`; default: the built-in one
    #[arg(long = "model", value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) models: Vec<PathBuf>,

    /// Measure only --outputs, no model
    #[arg(long, requires = "outputs", conflicts_with = "models")]
    pub(crate) no_model: bool,

    /// Folder of paintings by another program, named CONTENT--STYLE.png; may be repeated
    ///
    /// CONTENT and STYLE are the names of the two pictures without their
    /// extensions. Pairs are drawn from those that all of these folders have.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) outputs: Vec<PathBuf>,

    /// Perceptual network, as for `impasto optimize`; default: the built-in one
    ///
    /// If shallow and deep layers come from different networks, give it
    /// twice: each layer is taken from the first network that has it.
    #[arg(long, value_name = "NAME|PATH|URL", value_hint = ValueHint::AnyPath)]
    pub(crate) perceptual: Vec<PathBuf>,

    /// Folder of learned styles, to measure in addition to the
    /// model: STYLE.style for a style picture STYLE; may be repeated
    ///
    /// Pairs are drawn from the style pictures for which all of these folders have a style.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, conflicts_with = "no_model")]
    pub(crate) learned: Vec<PathBuf>,

    /// Number of pairs to measure
    #[arg(long, value_name = "N", default_value_t = 16, allow_negative_numbers = true, value_parser = super::count)]
    pub(crate) pairs: usize,

    /// Random seed: another number draws other pairs, and other noise
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,

    /// File with the pairs to measure: the output of an earlier run with --json
    #[arg(long, value_name = "FILE", conflicts_with = "pairs", value_hint = ValueHint::FilePath)]
    pub(crate) pairs_from: Option<PathBuf>,

    /// Pixels of the shorter side to paint and compare pictures at
    #[arg(long, value_name = "PIXELS", default_value_t = 384, allow_negative_numbers = true, value_parser = super::side)]
    pub(crate) size: usize,

    /// Number of pairs to measure artefacts on, each with twelve more paintings; 0 for none
    #[arg(long, value_name = "N", default_value_t = 4, allow_negative_numbers = true)]
    pub(crate) artefacts: usize,

    /// Instead, measure on this many contents how different the styles of
    /// a gallery look: those of --styles, or the built-in ones
    ///
    /// Prints each style's nearest neighbor after colors are matched, and how
    /// many paintings are matched to their styles' pictures in gray.
    #[arg(long, value_name = "N", conflicts_with_all = ["outputs", "pairs", "pairs_from", "artefacts", "sheet", "no_model", "witness"],
          allow_negative_numbers = true, value_parser = super::count)]
    pub(crate) gallery: Option<usize>,

    /// Another model, whose style predictor also judges the paintings: a
    /// network that the measured model was not trained with
    #[arg(long, value_name = "MODEL", value_hint = ValueHint::AnyPath)]
    pub(crate) witness: Option<PathBuf>,

    /// Write the compared pictures of the first 50 pairs, with their distances, as one picture
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) sheet: Option<PathBuf>,

    /// Print everything as JSON: every pair's values, and the list of pairs for --pairs-from
    #[arg(long)]
    pub(crate) json: bool,

    /// Number of threads. Default: one per core
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = super::threads)]
    pub(crate) threads: Option<usize>,

    /// Replace an existing sheet
    #[arg(long)]
    pub(crate) force: bool,

    #[command(flatten)]
    pub(crate) loudness: LoudnessFlags,
}

/// Time networks on this machine.
///
/// Without --model, the named networks are built with random weights of the right shapes: no
/// file is needed, and the time is the same. The peak speed of matrix products on this
/// machine is measured too, as the physical limit to compare a network with.
#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// File or folder with weights to time, instead of --network
    #[arg(long = "model", value_name = "PATH", conflicts_with = "networks", value_hint = ValueHint::AnyPath)]
    pub(crate) models: Vec<PathBuf>,

    /// Network to time; may be repeated
    #[arg(long = "network", value_name = "NAME", value_delimiter = ',', default_values = ["hub", "js", "tflite"], value_parser = network_names())]
    pub(crate) networks: Vec<String>,

    /// Picture size, for style predictors too; may be repeated [default: 720x512, predictors 256x256]
    #[arg(long = "size", value_name = "WxH", value_delimiter = ',')]
    pub(crate) sizes: Vec<Size>,

    /// Numbers of threads. Default: one per core
    #[arg(long, value_name = "N,...", value_delimiter = ',', value_parser = super::threads)]
    pub(crate) threads: Vec<usize>,

    /// Runs of each network, after a warm-up run that does not count
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub(crate) runs: u16,

    /// Also print the time of every layer
    #[arg(long)]
    pub(crate) layers: bool,

    /// Print it as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Returns the names of the published networks in the library's list of architectures.
fn network_names() -> PossibleValuesParser {
    PossibleValuesParser::new(impasto::networks::published().map(|(name, _)| *name))
}
