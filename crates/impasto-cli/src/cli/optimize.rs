//! The flags of `impasto optimize`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};
use impasto::optimizer;

use super::{FileFlags, Limits, LoudnessFlags};
use crate::values;

/// Paint a picture by changing its pixels until a perceptual network
/// sees the content of one picture and the style of another.
///
/// The method of Gatys et al. 2015: slower than `impasto stylize`, with more of the style's strokes and textures. It
/// starts from a painting by `stylize` (see --initial), and works from coarse to fine. Ctrl-C writes the picture so far
/// and a checkpoint; the same command with --resume continues from it.
#[derive(Debug, Args)]
pub(crate) struct Optimize {
    /// Picture to paint; - for standard input
    #[arg(value_name = "CONTENT", value_hint = ValueHint::FilePath)]
    pub(crate) content: PathBuf,

    /// Picture whose style to paint in, or the name of a built-in style, which is then drawn; repeat it to blend
    ///
    /// A weight may follow: -s a.jpg=0.7 -s b.jpg=0.3; or a mask, white where the style is wanted: -s a.jpg@sky.png.
    #[arg(short, long = "style", value_name = "STYLE[=WEIGHT|@MASK]", required = true, value_hint = ValueHint::FilePath)]
    pub(crate) styles: Vec<OsString>,

    /// Where to write the result; the extension decides the format; - is standard output
    #[arg(short, long, value_name = "OUT", value_hint = ValueHint::FilePath, value_parser = values::output())]
    pub(crate) output: PathBuf,

    /// Pixels of the result's longer side; the content is resized to it
    #[arg(long, value_name = "LONGSIDE", default_value_t = 512, allow_negative_numbers = true, value_parser = super::side)]
    pub(crate) size: usize,

    /// Steps at each scale, the coarsest first; the last number is also for all finer scales
    #[arg(long, value_name = "N,...", value_delimiter = ',', default_values_t = optimizer::OptimizeOptions::default().steps,
          allow_negative_numbers = true, value_parser = super::count)]
    pub(crate) steps: Vec<usize>,

    /// Weight of the content loss
    #[arg(long, value_name = "WEIGHT", default_value_t = optimizer::OptimizeOptions::default().content_weight,
          allow_negative_numbers = true, value_parser = values::weight)]
    pub(crate) content_weight: f64,

    /// Weight of the style loss
    #[arg(long, value_name = "WEIGHT", default_value_t = optimizer::OptimizeOptions::default().style_weight,
          allow_negative_numbers = true, value_parser = values::weight)]
    pub(crate) style_weight: f64,

    /// Weight of the differences between neighboring pixels (total variation): more makes smoother pictures
    #[arg(long, value_name = "WEIGHT", default_value_t = optimizer::OptimizeOptions::default().variation_weight,
          allow_negative_numbers = true, value_parser = values::weight)]
    pub(crate) variation_weight: f64,

    /// How features are compared with the style's
    #[arg(long, value_name = "LOSS", default_value = "gram")]
    pub(crate) style_loss: StyleLoss,

    /// How features are compared with the content's
    #[arg(long, value_name = "LOSS", default_value = "normalised")]
    pub(crate) content_loss: ContentLoss,

    /// Layers to compare the style in, such as relu1_1,relu2_1. Default: relu1_1 to relu4_1; Gatys et al. add relu5_1
    #[arg(long, value_name = "LAYER,...", value_delimiter = ',')]
    pub(crate) style_layers: Vec<String>,

    /// Layers to compare the content in. Default: relu3_2 and relu4_1
    #[arg(long, value_name = "LAYER,...", value_delimiter = ',')]
    pub(crate) content_layers: Vec<String>,

    /// Where to start: fast (a painting by `impasto stylize`), content, noise, or the name of a picture
    #[arg(long, value_name = "fast|content|noise|PICTURE", default_value = "fast", value_hint = ValueHint::FilePath)]
    pub(crate) initial: PathBuf,

    /// Random seed of the noise for --initial noise
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,

    /// Keep the content's colors
    #[arg(long, alias = "keep-colours", value_name = "HOW", num_args = 0..=1, default_missing_value = "luminance")]
    pub(crate) keep_colors: Option<KeepColors>,

    /// Match the histograms of the result's colors to the style's
    #[arg(long, conflicts_with = "keep_colors")]
    pub(crate) match_histogram: bool,

    /// Soften the edges of the styles' masks by this many pixels of the result on either side
    #[arg(long, value_name = "PIXELS", default_value = "0", allow_negative_numbers = true, value_parser = values::length)]
    pub(crate) feather: f32,

    /// Size of the style pictures relative to the content: less gives finer forms, more gives coarser ones
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, allow_negative_numbers = true, value_parser = values::positive)]
    pub(crate) style_scale: f32,

    /// Pixels of the longer side at the coarsest scale. If it is --size or more, there is one scale
    #[arg(long, value_name = "LONGSIDE", default_value_t = optimizer::OptimizeOptions::default().smallest_scale,
          allow_negative_numbers = true, value_parser = super::side)]
    pub(crate) smallest_scale: usize,

    /// How steps follow the gradient
    #[arg(long, value_name = "METHOD", default_value = "adam")]
    pub(crate) method: Method,

    /// Step size of Adam, for values from 0 to 1
    #[arg(long, value_name = "RATE", default_value_t = 0.02, allow_negative_numbers = true, value_parser = values::positive)]
    pub(crate) rate: f32,

    /// Number of steps that L-BFGS remembers
    #[arg(long, value_name = "N", default_value_t = 10, allow_negative_numbers = true, value_parser = super::threads)]
    pub(crate) history: usize,

    /// Perceptual network: the name or address of a published one (vgg19, vgg19-16x, …), or VGG-16 or VGG-19 as .pth,
    /// safetensors or TensorFlow.js folder. Default: the built-in one
    #[arg(long, value_name = "NAME|PATH|URL", value_hint = ValueHint::AnyPath)]
    pub(crate) perceptual: Option<PathBuf>,

    /// Input that the network's weights expect. Default: as their names say
    #[arg(long, value_name = "AS", requires = "perceptual")]
    pub(crate) preprocessing: Option<Preprocessing>,

    /// How the network halves its features
    #[arg(long, value_name = "POOLING", default_value = "max")]
    pub(crate) pooling: Pooling,

    /// Model of the fast method, for --initial fast; as for `impasto stylize`
    #[arg(long = "model", value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) models: Vec<PathBuf>,

    /// After every N steps, write the checkpoint, and the picture so far as OUT with the number of steps in its name
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = super::count)]
    pub(crate) save_every: Option<usize>,

    /// Continue from the checkpoint of an interrupted run, and replace its picture
    #[arg(long)]
    pub(crate) resume: bool,

    /// The checkpoint's file. Default: OUT.checkpoint. It is removed when the picture is done
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) checkpoint: Option<PathBuf>,

    /// Write the losses of every step: numbers as .json, a plot as .png or .svg; may be repeated
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) trace: Vec<PathBuf>,

    /// Number of threads. Default: one per core. The result is the same with any number
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = super::threads)]
    pub(crate) threads: Option<usize>,

    /// Print a report as JSON on standard output
    #[arg(long)]
    pub(crate) json: bool,

    /// Replace existing files
    #[arg(long)]
    pub(crate) force: bool,

    #[command(flatten)]
    pub(crate) loudness: LoudnessFlags,

    #[command(flatten)]
    pub(crate) file: FileFlags,

    #[command(flatten)]
    pub(crate) limits: Limits,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StyleLoss {
    /// Gram matrices: which features occur together
    Gram,
    /// Means and standard deviations
    Moments,
    /// How far features must be moved to have the style's distribution
    Wasserstein,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ContentLoss {
    /// Contrast normalized per channel: contrast and color come from the style
    Normalised,
    /// As they are
    Features,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KeepColors {
    /// Keep the content's own colors everywhere; paint only lightness
    Luminance,
    /// Give the style pictures the content's palette first
    Match,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Method {
    /// Steady, averaged steps
    Adam,
    /// Longer steps, chosen from the last ones; needs more memory
    Lbfgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Preprocessing {
    /// torchvision's: minus the mean color, divided by its standard deviation
    Torch,
    /// Caffe's and Keras': BGR of 0..255 minus the mean color
    Caffe,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Pooling {
    /// The maximum, as in training
    Max,
    /// The mean: smoother
    Average,
}
