//! `optimize`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};
use impasto::optimizer;

use super::{FileFlags, Limits, LoudnessFlags};
use crate::values;

/// Paint a picture by changing its pixels until a perceptual network sees the content of one picture and the style of another.
///
/// The method of Gatys et al. 2015: slower than `impasto stylize`, with more of the style's strokes and textures. The picture begins as what
/// `stylize` makes (--initial), and is worked on from coarse to fine. Ctrl-C writes the picture so far and a checkpoint, from which the same command
/// with --resume goes on.
#[derive(Debug, Args)]
pub(crate) struct Optimize {
    /// Picture to paint; - for standard input
    #[arg(value_name = "CONTENT", value_hint = ValueHint::FilePath)]
    pub(crate) content: PathBuf,

    /// Picture whose style to paint in, or the name of a built-in style, which is drawn; several are blended
    ///
    /// A weight may follow: -s a.jpg=0.7 -s b.jpg=0.3; or a mask, white where the style is wanted: -s a.jpg@sky.png.
    #[arg(short, long = "style", value_name = "STYLE[=WEIGHT|@MASK]", required = true, value_hint = ValueHint::FilePath)]
    pub(crate) styles: Vec<OsString>,

    /// Where to write the result; the extension decides the format; - for standard output
    #[arg(short, long, value_name = "OUT", value_hint = ValueHint::FilePath, value_parser = values::output())]
    pub(crate) output: PathBuf,

    /// Pixels of the result's longer side; the content is made smaller or larger
    #[arg(long, value_name = "LONGSIDE", default_value_t = 512, allow_negative_numbers = true, value_parser = super::side)]
    pub(crate) size: usize,

    /// Steps at each scale, the coarsest first; the last number counts for all that follow
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

    /// Weight of the differences between neighbouring pixels: more makes smoother pictures
    #[arg(long, value_name = "WEIGHT", default_value_t = optimizer::OptimizeOptions::default().variation_weight,
          allow_negative_numbers = true, value_parser = values::weight)]
    pub(crate) variation_weight: f64,

    /// What is compared with the style's features
    #[arg(long, value_name = "LOSS", default_value = "gram")]
    pub(crate) style_loss: StyleLoss,

    /// How features are compared with the content's
    #[arg(long, value_name = "LOSS", default_value = "normalised")]
    pub(crate) content_loss: ContentLoss,

    /// Layers that style is compared in, such as relu1_1,relu2_1; relu1_1 to relu4_1 if not given, to which Gatys et al. add relu5_1
    #[arg(long, value_name = "LAYER,...", value_delimiter = ',')]
    pub(crate) style_layers: Vec<String>,

    /// Layers that content is compared in; relu3_2 and relu4_1 if not given
    #[arg(long, value_name = "LAYER,...", value_delimiter = ',')]
    pub(crate) content_layers: Vec<String>,

    /// Where to begin: fast (what `impasto stylize` makes), content, noise, or the name of a picture
    #[arg(long, value_name = "fast|content|noise|PICTURE", default_value = "fast", value_hint = ValueHint::FilePath)]
    pub(crate) initial: PathBuf,

    /// Another number gives other noise to begin at
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,

    /// Keep the content's colours
    #[arg(long, alias = "keep-colours", value_name = "HOW", num_args = 0..=1, default_missing_value = "luminance")]
    pub(crate) keep_colors: Option<KeepColors>,

    /// Give the result's colours the histograms of the style's
    #[arg(long, conflicts_with = "keep_colors")]
    pub(crate) match_histogram: bool,

    /// Soft edges for the styles' masks, this many pixels of the result to either side
    #[arg(long, value_name = "PIXELS", default_value = "0", allow_negative_numbers = true, value_parser = values::length)]
    pub(crate) feather: f32,

    /// Size of the style pictures, compared with the content's: less gives finer forms, more coarser ones
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, allow_negative_numbers = true, value_parser = values::positive)]
    pub(crate) style_scale: f32,

    /// Pixels of the longer side at the coarsest scale; those of --size or more for one scale
    #[arg(long, value_name = "LONGSIDE", default_value_t = optimizer::OptimizeOptions::default().smallest_scale,
          allow_negative_numbers = true, value_parser = super::side)]
    pub(crate) smallest_scale: usize,

    /// How the picture follows the gradient
    #[arg(long, value_name = "METHOD", default_value = "adam")]
    pub(crate) method: Method,

    /// How far a step of Adam goes, of values 0 to 1
    #[arg(long, value_name = "RATE", default_value_t = 0.02, allow_negative_numbers = true, value_parser = values::positive)]
    pub(crate) rate: f32,

    /// Steps that L-BFGS remembers
    #[arg(long, value_name = "N", default_value_t = 10, allow_negative_numbers = true, value_parser = super::threads)]
    pub(crate) history: usize,

    /// Perceptual network: the name or address of a published one (vgg19, vgg19-16x, …), or VGG-16 or VGG-19 as .pth, safetensors or TensorFlow.js
    /// folder; default: the built-in one
    #[arg(long, value_name = "NAME|PATH|URL", value_hint = ValueHint::AnyPath)]
    pub(crate) perceptual: Option<PathBuf>,

    /// What the network's weights expect, where that is not as their names say
    #[arg(long, value_name = "AS", requires = "perceptual")]
    pub(crate) preprocessing: Option<Preprocessing>,

    /// How the network halves its features
    #[arg(long, value_name = "POOLING", default_value = "max")]
    pub(crate) pooling: Pooling,

    /// Model of the fast method, for --initial fast; as for `impasto stylize`
    #[arg(long = "model", value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) models: Vec<PathBuf>,

    /// Write the picture so far, as OUT with the number of steps in its name, and the checkpoint after every so many steps
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = super::count)]
    pub(crate) save_every: Option<usize>,

    /// Go on from the checkpoint that an interrupted run has written; its picture is replaced
    #[arg(long)]
    pub(crate) resume: bool,

    /// The checkpoint's file; OUT.checkpoint if not given. It is removed when the picture is done
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) checkpoint: Option<PathBuf>,

    /// Write the losses of every step: numbers as .json, a plot as .png or .svg; may be repeated
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) trace: Vec<PathBuf>,

    /// Threads; one a core if not given. The result is the same with any number
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = super::threads)]
    pub(crate) threads: Option<usize>,

    /// Print what was done on standard output, as JSON
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
    /// Gram matrices: which features come together
    Gram,
    /// Means and standard deviations
    Moments,
    /// How far features must be moved to be distributed as the style's
    Wasserstein,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ContentLoss {
    /// Each channel's contrast apart: contrast and colour are the style's
    Normalised,
    /// As they are
    Features,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KeepColors {
    /// The content's own colour everywhere; only lightness is painted
    Luminance,
    /// The style pictures are given the content's palette first
    Match,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Method {
    /// Steady steps, averaged
    Adam,
    /// Longer steps by what the last ones have met; more memory
    Lbfgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Preprocessing {
    /// torchvision's: minus the mean colour, over its deviation
    Torch,
    /// Caffe's and Keras': BGR of 0..255 minus the mean colour
    Caffe,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Pooling {
    /// By the maximum, as it was trained
    Max,
    /// By the mean: smoother
    Average,
}
