//! The flags of `stylize` and `replay`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::{Limits, LoudnessFlags, PaintFlags};
use crate::values;

/// Paint a picture, or many, in the style of another.
///
/// The result has the content's exact size, transparency, color depth and orientation.
///
/// To paint many pictures, name files, folders or patterns ('holiday/*.jpg'), and a folder or a template as the output.
/// A picture that fails does not stop the others, and --resume continues an interrupted run.
#[derive(Debug, Args)]
pub(crate) struct Stylize {
    /// Pictures to paint: files, folders, patterns or web addresses; - is standard input
    #[arg(value_name = "CONTENT", required = true, value_hint = ValueHint::AnyPath, long_help = values::contents_help())]
    pub(crate) contents: Vec<PathBuf>,

    /// Picture (also by its web address), built-in style or .style file; repeat it to blend
    ///
    /// `impasto styles list` prints the names of the built-in styles. If a file has the same
    /// name, the file is used. If a network has styles of its own, give the number of one
    /// (-s 3 with --model, or -s MODEL:3). A network with a single style needs no -s.
    ///
    /// Blend by weight with -s a.jpg=0.7 -s b.jpg=0.3. Weights are shares of their sum, and the default weight is 1.
    ///
    /// Paint regions with -s a.jpg@sky.png -s b.jpg: a.jpg where the mask sky.png is white, b.jpg elsewhere. Where no
    /// style applies, the content stays. If a file's own name ends in =NUMBER or contains @, that file is used.
    #[arg(short, long = "style", value_name = "STYLE[=WEIGHT|@MASK]", value_hint = ValueHint::FilePath)]
    pub(crate) styles: Vec<OsString>,

    /// File, folder or template for the results; - is standard output
    ///
    /// A file's extension decides its format. Folders that do not exist are made.
    ///
    /// In a folder, results have the contents' names and formats; if a format cannot be written, the result is PNG.
    ///
    /// A template names the results, for example 'out/{dir}/{stem}-{style}.{ext}': {stem} is the content's
    /// name without its extension, {name} with it, {ext} the extension (the content's, or that of --format),
    /// {style} the style's name (a+b for a blend), {number} the number of the painting (001, 002, …), and
    /// {dir} the sub-folder in which it was found. Write {{ and }} for braces.
    #[arg(short, long, value_name = "OUT", value_hint = ValueHint::AnyPath, value_parser = values::output())]
    pub(crate) output: PathBuf,

    /// Model: a file, a folder, a name or a web address
    ///
    /// A TF-Hub module (SavedModel), TensorFlow checkpoint, TFLite pair, TensorFlow.js folder, or a file
    /// made by `impasto models import`; or the name of an imported or published model (`impasto models
    /// list`), or a web address. If a published model is not on this machine, the program asks before it
    /// downloads it. If the predictor and the transformer are in different places, give --model twice.
    /// Default: the environment variable IMPASTO_MODEL, or else the built-in model.
    #[arg(long = "model", value_name = "MODEL", value_hint = ValueHint::AnyPath)]
    pub(crate) models: Vec<PathBuf>,

    /// Also write a figure: content, styles and result side by side, with titles
    #[arg(long, value_name = "FIGURE", value_hint = ValueHint::FilePath)]
    pub(crate) figure: Option<PathBuf>,

    /// Replace existing files
    #[arg(long)]
    pub(crate) force: bool,

    /// The flags from the library's table of options.
    #[command(flatten)]
    pub(crate) paint: PaintFlags,

    // The groups below are in the order of the help; `help.rs` assigns the flags to groups.
    #[command(flatten)]
    pub(crate) batch: Batch,

    #[command(flatten)]
    pub(crate) limits: Limits,

    /// Number of threads. Default: one per core. The result is the same with any number
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = super::threads)]
    pub(crate) threads: Option<usize>,

    /// Show the result in the terminal (kitty, iTerm2, sixel, or colored blocks)
    #[arg(long, conflicts_with = "json")]
    pub(crate) preview: bool,

    /// Print a report as JSON on standard output. For many pictures: one line each, then a summary
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) loudness: LoudnessFlags,
}

/// How to paint many pictures.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Many pictures")]
pub(crate) struct Batch {
    /// Also look for pictures in sub-folders
    #[arg(short, long)]
    pub(crate) recursive: bool,

    /// Paint every picture in every style, not in their blend
    #[arg(long)]
    pub(crate) each_style: bool,

    /// Pictures to paint at a time. Default: as many as cores and memory allow
    #[arg(short, long, value_name = "N", allow_negative_numbers = true, value_parser = super::threads)]
    pub(crate) jobs: Option<usize>,

    /// Skip pictures that an earlier run has painted
    ///
    /// The manifest lists them, with hashes of content, styles, model and result, and with the settings; names and
    /// dates do not count. Pictures whose results are missing or damaged, or whose inputs have changed, are painted.
    /// Only files that the manifest lists as results are replaced.
    #[arg(long)]
    pub(crate) resume: bool,

    /// File that lists the results, one JSON object per line. Default: impasto.jsonl in the output folder
    ///
    /// Every run adds to it. For each picture it has the inputs, the
    /// output, its size, hash and time, or the reason for the failure.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) manifest: Option<PathBuf>,

    /// Stop at the first picture that fails
    #[arg(long)]
    pub(crate) fail_fast: bool,
}

/// Paint a picture again from the settings that are recorded in it.
///
/// The program looks for the content, styles and model by name, beside the picture and in the current folder. They must
/// be the same to the byte; then the new picture is, too. The files that you name with --content, --style or --model
/// may be different ones: this is how you paint another photo with the same settings.
#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// Picture that Impasto has painted
    #[arg(value_name = "PICTURE", value_hint = ValueHint::FilePath)]
    pub(crate) picture: PathBuf,

    /// Where to write the new picture; it must not exist. Default: PICTURE-again
    #[arg(short, long, value_name = "OUT", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,

    /// The content, whatever its name
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) content: Option<PathBuf>,

    /// The style, whatever its name; repeat it in the order in which they were blended
    #[arg(short, long = "style", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) styles: Vec<PathBuf>,

    /// The model's file or folder, whatever its name
    #[arg(long = "model", value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) models: Vec<PathBuf>,

    /// Folder to look for files in, instead of the picture's folder and the current one; may be repeated
    #[arg(long = "in", value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub(crate) folders: Vec<PathBuf>,

    /// Only print the command line that paints the picture, without the output
    #[arg(long)]
    pub(crate) dry_run: bool,

    #[command(flatten)]
    pub(crate) loudness: LoudnessFlags,

    #[command(flatten)]
    pub(crate) limits: Limits,
}
