//! The commands `styles` and `models`, for what is stored.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use impasto::Size;

use super::{LoudnessFlags, StylesLearn, downloads};

/// List the styles that come with models, and make styles from pictures.
#[derive(Debug, Subcommand)]
pub(crate) enum Styles {
    /// Print the styles that come with models: the built-in model's with descriptions, those of other models by number
    List(StylesList),
    /// Save the style of a picture as a small file that `-s` takes
    Extract(StylesExtract),
    Learn(Box<StylesLearn>),
}

#[derive(Debug, Args)]
pub(crate) struct StylesList {
    /// Print the styles of this model only; MODEL as for `impasto stylize`
    #[arg(long = "model", value_name = "MODEL", value_hint = ValueHint::AnyPath)]
    pub(crate) models: Vec<PathBuf>,

    /// Print it as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct StylesExtract {
    /// Picture whose style to save
    #[arg(value_name = "PICTURE", value_hint = ValueHint::FilePath)]
    pub(crate) picture: PathBuf,

    /// File to write, usually with the extension .style
    #[arg(short, long, value_name = "FILE.style", value_hint = ValueHint::FilePath)]
    pub(crate) output: PathBuf,

    /// Name of the style to show. Default: the picture's name without its extension
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// Pixels of the picture's shorter side for the style predictor
    #[arg(long, value_name = "PIXELS", default_value_t = 256, value_parser = super::style_side)]
    pub(crate) style_size: usize,

    /// File or folder with the style predictor's weights, as for
    /// `impasto stylize`. The style works with this model only
    #[arg(long = "model", value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) models: Vec<PathBuf>,

    /// Replace an existing file
    #[arg(long)]
    pub(crate) force: bool,

    #[command(flatten)]
    pub(crate) loudness: LoudnessFlags,
}

/// List, download and convert models, and inspect files of weights.
#[derive(Debug, Subcommand)]
pub(crate) enum Models {
    /// Print all models: built-in, imported, downloaded, and those that can be downloaded, with their licenses
    List(ModelsList),
    Pull(downloads::Pull),
    #[command(name = "rm", visible_alias = "remove")]
    Remove(downloads::Remove),
    Verify(downloads::Verify),
    /// Print what a model is: architecture, source, license, size, layers and their cost
    Info(ModelsInfo),
    /// Write a model of any known format as one safetensors file, or keep it under a name
    Import(ModelsImport),
}

#[derive(Debug, Args)]
pub(crate) struct ModelsList {
    /// Print it as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ModelsInfo {
    /// File or folder with weights, or a model's name or address; several if predictor
    /// and transformer are in different places. Default: the built-in model
    #[arg(value_name = "MODEL", value_hint = ValueHint::AnyPath)]
    pub(crate) paths: Vec<PathBuf>,

    /// Picture size for the shapes and costs. Default: 256x256 for a style
    /// predictor (TF-Hub's recommendation), 720x512 for a transformer
    #[arg(long, value_name = "WxH")]
    pub(crate) size: Option<Size>,

    /// Print it as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ModelsImport {
    /// File or folder with weights of any known format; several if predictor and transformer are in different places
    #[arg(value_name = "PATH", required = true, value_hint = ValueHint::AnyPath)]
    pub(crate) paths: Vec<PathBuf>,

    /// File to write; its name must end in .safetensors
    #[arg(short, long, value_name = "FILE.safetensors", value_hint = ValueHint::FilePath, required_unless_present = "name")]
    pub(crate) output: Option<PathBuf>,

    /// Keep the model among your own models instead, so that --model NAME finds it
    #[arg(long, value_name = "NAME", conflicts_with = "output")]
    pub(crate) name: Option<String>,

    /// Store float16 instead of float32: half the size, without visible differences
    #[arg(long)]
    pub(crate) half: bool,

    /// Replace an existing file
    #[arg(long)]
    pub(crate) force: bool,

    #[command(flatten)]
    pub(crate) loudness: LoudnessFlags,
}
