//! The command line: the one definition that parser, help, completions and man pages come from.

mod learn;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use impasto::networks::magenta;
use impasto::{optimizer, picture};

use crate::commands::models::flags as downloads;
use crate::encoding::Encoding;
use crate::fetching::Fetching;
use crate::memory;
use crate::talk::Loudness;
use crate::values::{self, Size, Stroke};
pub(crate) use learn::{StylesLearn, Tune};

/// Paints one picture in the style of another.
#[derive(Debug, Parser)]
#[command(name = "impasto", version, about, subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = SHORT_FORM, after_long_help = AFTER_HELP)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    #[command(flatten)]
    pub(crate) fetching: Fetching,
}

const SHORT_FORM: &str = "\
Short form: `impasto PHOTO STYLE OUT` is `impasto stylize PHOTO -s STYLE -o OUT`. For example: impasto photo.jpg painting.jpg out.png";

const AFTER_HELP: &str = "\
Short form: `impasto PHOTO STYLE OUT` is `impasto stylize PHOTO -s STYLE -o OUT`; further flags may follow. Write ./ before a photo that is \
named like a command.

Exit codes: 0 done; 1 failed; 2 the command line is wrong; 130 interrupted by Ctrl-C.

Data (pictures, tables, JSON) goes to standard output, everything else to standard error.

Environment:
  IMPASTO_MODEL     default for --model; separate several paths as in PATH
  IMPASTO_HOME      folder for imported and downloaded models. Default: the system's folders for data and caches
  IMPASTO_REGISTRY  files that name more models; separate several paths as in PATH
  IMPASTO_OFFLINE   1 turns downloads off
  IMPASTO_ISA       forces an instruction set: portable, avx2, avx512, neon
  IMPASTO_TOKEN     default for --token of `serve`
  HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY, SSL_CERT_FILE  as for other programs
  NO_COLOR          hides the progress bar";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Stylize(Box<Stylize>),
    Video(Box<crate::commands::video::Video>),
    Optimize(Box<Optimize>),
    Replay(Replay),
    Demo(Demo),
    Sheet(Sheet),
    Eval(Eval),
    #[command(subcommand)]
    Styles(Styles),
    #[command(subcommand)]
    Models(Models),
    #[cfg(feature = "serve")]
    Serve(Serve),
    Bench(Bench),
    Completions(Completions),
    Man(Man),
}

/// Paint a picture, or many, in the style of another.
///
/// The result has the content's exact size, transparency, color depth and orientation.
///
/// To paint many pictures, name files, folders or patterns ('holiday/*.jpg'), and a folder or a template as the output. A picture that fails does
/// not stop the others, and --resume continues an interrupted run.
#[derive(Debug, Args)]
pub(crate) struct Stylize {
    /// Pictures to paint: files, folders, patterns or web addresses; - is standard input
    #[arg(value_name = "CONTENT", required = true, value_hint = ValueHint::AnyPath, long_help = values::contents_help())]
    pub(crate) contents: Vec<PathBuf>,

    /// Picture (also by its web address), built-in style or .style file; repeat it to blend
    ///
    /// `impasto styles list` prints the names of the built-in styles. If a file has the same name, the file is taken. Networks that carry styles of
    /// their own take the number of one (-s 3 with --model, or -s MODEL:3). A network of one style needs none.
    ///
    /// Blend by weight with -s a.jpg=0.7 -s b.jpg=0.3. Weights are shares of their sum, and the default weight is 1.
    ///
    /// Paint regions with -s a.jpg@sky.png -s b.jpg: a.jpg where the mask sky.png is white, b.jpg elsewhere. Where no style is, the content stays. If a
    /// file's own name ends in =NUMBER or contains @, it is taken as that file.
    #[arg(short, long = "style", value_name = "STYLE[=WEIGHT|@MASK]", value_hint = ValueHint::FilePath)]
    pub(crate) styles: Vec<OsString>,

    /// File, folder or template for the results; - is standard output
    ///
    /// A file's extension decides its format. Folders that do not exist are made.
    ///
    /// In a folder, results have the contents' names and formats; where a format cannot be written, it is PNG.
    ///
    /// A template names the results, for example 'out/{dir}/{stem}-{style}.{ext}': {stem} is the content's name without its extension, {name} with
    /// it, {ext} the extension (the content's, or that of --format), {style} the style's name (a+b for a blend), {number} the number of the picture
    /// (001, 002, …), and {dir} the sub-folder in which it was found. Write {{ and }} for braces.
    #[arg(short, long, value_name = "OUT", value_hint = ValueHint::AnyPath, value_parser = values::output())]
    pub(crate) output: PathBuf,

    /// Format of the result, whatever its extension. Default for standard output: png
    #[arg(long, value_name = "FORMAT", value_parser = values::format())]
    pub(crate) format: Option<picture::Format>,

    /// Model: a file, a folder, a name or a web address
    ///
    /// A TF-Hub module (SavedModel), TensorFlow checkpoint, TFLite pair, TensorFlow.js folder, or a file made by `impasto models import`; or the name
    /// of an imported or published model (`impasto models list`), or a web address. If a published model is not on this machine, the program asks
    /// before it downloads it. If the predictor and the transformer are in different places, give --model twice. Default: the environment
    /// variable IMPASTO_MODEL, or else the built-in model.
    #[arg(long = "model", value_name = "MODEL", value_hint = ValueHint::AnyPath)]
    pub(crate) models: Vec<PathBuf>,

    /// How strong the style is, from 0 (the photo) to 1
    ///
    /// 0.5 looks half-way between the photo and the painting at 1. The program measures on a thumbnail how the network responds to this content
    /// and style. It mixes the content's own style vector with the style's; weak paintings also fade into the photo.
    #[arg(long, value_name = "0..1", default_value = "1", allow_negative_numbers = true, value_parser = values::share)]
    pub(crate) strength: f32,

    /// Size at which the style is seen; less gives coarser forms
    #[arg(long, value_name = "PIXELS", default_value_t = 256, allow_negative_numbers = true, value_parser = style_side)]
    pub(crate) style_size: usize,

    /// Read damaged or cut-off JPEG files as far as possible. The rest is gray, and a warning says how much
    #[arg(long)]
    pub(crate) salvage: bool,

    /// Resize the content so that its longer side has this many pixels
    #[arg(long, value_name = "LONGSIDE", conflicts_with = "exact", allow_negative_numbers = true, value_parser = side)]
    pub(crate) size: Option<usize>,

    /// Resize content and styles to exactly this size, as TensorFlow's tf.image.resize does
    ///
    /// This reproduces notebooks that load both pictures with `tf.image.resize`: bilinear, without anti-aliasing, without keeping proportions. Width
    /// comes first here, but height there: --exact 720x512 is their (512, 720).
    #[arg(long, value_name = "WxH", conflicts_with = "style_size")]
    pub(crate) exact: Option<Size>,

    #[command(flatten)]
    pub(crate) look: Look,

    /// Also write a figure: content, styles and result side by side, with titles
    #[arg(long, value_name = "FIGURE", value_hint = ValueHint::FilePath)]
    pub(crate) figure: Option<PathBuf>,

    /// Replace existing files
    #[arg(long)]
    pub(crate) force: bool,

    /// What the transformer reads beyond the border. Default: what the model was published with
    #[arg(long, value_name = "BORDER")]
    pub(crate) border: Option<Border>,

    /// Take the norms' statistics from a thumbnail of this longer side, whatever the model says: for trials
    #[arg(long, value_name = "PIXELS", hide = true, value_parser = side)]
    pub(crate) thumbnail: Option<usize>,

    // The groups below come in the help's order; `help.rs` says which flag is in which.
    #[command(flatten)]
    pub(crate) batch: Batch,

    #[command(flatten)]
    pub(crate) encoding: Encoding,

    #[command(flatten)]
    pub(crate) limits: Limits,

    /// Number of threads. Default: one per core. The result is the same with any number
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = threads)]
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

/// What the painting looks like, and where it is.
#[derive(Debug, Args)]
pub(crate) struct Look {
    /// Whose colors the result has
    #[arg(long, aliases = ["colours", "colour", "color"], value_name = "COLORS", default_value = "style")]
    pub(crate) colors: Colors,

    /// How far the colors go from the style's (0) to those of --colors (1)
    #[arg(long, alias = "colour-strength", value_name = "0..1", default_value = "1", allow_negative_numbers = true,
          value_parser = values::share)]
    pub(crate) color_strength: f32,

    /// Paint where this picture is white, keep the content where it is black
    ///
    /// Gray mixes the two. The mask may have any size with the content's proportions. If it has transparency, that is the mask: opaque counts as white.
    #[arg(long, value_name = "MASK", value_hint = ValueHint::FilePath)]
    pub(crate) mask: Option<PathBuf>,

    /// Paint where the mask is black instead
    #[arg(long, requires = "mask")]
    pub(crate) invert_mask: bool,

    /// Vary the strength by a picture: --strength times its values, from black (0) to white (1)
    #[arg(long, value_name = "MASK", value_hint = ValueHint::FilePath)]
    pub(crate) strength_mask: Option<PathBuf>,

    /// Soften the edges of all masks by this many pixels of the result on either side
    #[arg(long, value_name = "PIXELS", default_value = "0", allow_negative_numbers = true, value_parser = values::length)]
    pub(crate) feather: f32,

    /// Width of the strokes: 2 twice as wide; `native` as the network draws them; in millimetres, with --dpi: 3mm
    ///
    /// With the built-in model strokes keep their share of the picture: a large photograph is painted like a small one, and gets its fine
    /// detail back along its edges. `native` (or `native:2`) counts in pixels instead, whatever the picture's size. Finer strokes than 1 take
    /// longer.
    #[arg(long, value_name = "0.25..8|native|MM", default_value = "1", allow_negative_numbers = true)]
    pub(crate) stroke: Stroke,

    /// Faint noise that gives smooth areas strokes, in steps of 8 bits; 0 for none
    ///
    /// It hides the steps of 8 bits and the blocks of JPEG files, which would become rings and rows in a smooth sky. It has no effect on native
    /// strokes and with models by others.
    #[arg(long, value_name = "0..8", default_value = "1.5", allow_negative_numbers = true, value_parser = values::grain)]
    pub(crate) grain: f32,

    /// Pixels an inch that the result is printed with, for --stroke in millimetres
    #[arg(long, value_name = "DPI", allow_negative_numbers = true, value_parser = values::positive)]
    pub(crate) dpi: Option<f32>,

    /// Paint what a picture of this size would look like, scaled down to the result's size
    ///
    /// For --stroke in millimeters and `native`: the strokes are as fine as those of the large picture when it is scaled down, and it takes the
    /// large picture's time. Other strokes look the same at any size.
    #[arg(long, value_name = "WxH", conflicts_with = "exact")]
    pub(crate) preview_of: Option<Size>,
}

/// Whose colours a painting has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colors {
    /// The style's, as the network paints them
    Style,
    /// The painting's colors, moved to the mean and variance of the content's
    Content,
    /// The content's own color everywhere; only the lightness is painted
    Luminance,
    /// The style picture is given the content's palette first. Styles without a picture (built-in, .style): as content
    Match,
}

/// Make a picture again from the settings that Impasto has recorded in it.
///
/// The content, styles and model are looked for by their names beside the picture and in the current folder, and must be the same to the byte. If all
/// is as it was, so is the new picture. What is named with --content, --style or --model may be another file: that is the way to paint another
/// photograph with the same settings.
#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// Picture that Impasto has made
    #[arg(value_name = "PICTURE", value_hint = ValueHint::FilePath)]
    pub(crate) picture: PathBuf,

    /// Where to write the new picture, which must not exist; PICTURE-again if not given
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

    /// Folder to look for files in, instead of the picture's and the current one; may be repeated
    #[arg(long = "in", value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub(crate) folders: Vec<PathBuf>,

    /// Only print the command line that makes it, without its output
    #[arg(long)]
    pub(crate) dry_run: bool,

    #[command(flatten)]
    pub(crate) loudness: LoudnessFlags,

    #[command(flatten)]
    pub(crate) limits: Limits,
}

/// How many pictures are painted.
#[derive(Debug, Args)]
#[command(next_help_heading = "Many pictures")]
pub(crate) struct Batch {
    /// Also look for pictures in sub-folders
    #[arg(short, long)]
    pub(crate) recursive: bool,

    /// Paint every picture in every style, not in their blend
    #[arg(long)]
    pub(crate) each_style: bool,

    /// Pictures to paint at a time. Default: as many as cores and memory allow
    #[arg(short, long, value_name = "N", allow_negative_numbers = true, value_parser = threads)]
    pub(crate) jobs: Option<usize>,

    /// Skip pictures that an earlier run has painted
    ///
    /// The manifest lists them, with hashes of content, styles, model and result, and with the settings; names and dates do not count. What is
    /// missing, damaged or has changed is painted. Only files that the manifest lists as results are replaced.
    #[arg(long)]
    pub(crate) resume: bool,

    /// File that lists the results, one JSON object per line. Default: impasto.jsonl in the output folder
    ///
    /// Every run adds to it. For each picture it has the inputs, the output, its size, hash and time, or the reason for the failure.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) manifest: Option<PathBuf>,

    /// Stop at the first picture that fails
    #[arg(long)]
    pub(crate) fail_fast: bool,
}

/// Ceilings that protect the machine.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct Limits {
    /// Largest picture to read, in pixels
    #[arg(long, value_name = "N", default_value_t = picture::Limits::default().max_pixels, allow_negative_numbers = true,
          value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_pixels: u64,

    /// Largest file to read, in bytes; also the limit for all weights together. Default: 2G
    #[arg(long, value_name = "BYTES", allow_negative_numbers = true, value_parser = values::bytes)]
    pub(crate) max_bytes: Option<u64>,

    /// Memory to use at most, for example 512M
    ///
    /// Default: a quarter of the machine's memory, or two thirds of what a container leaves. The built-in model, and others that take statistics
    /// from a thumbnail, paint any picture in bands that fit, and write them as they come. The content is held as decoded: 3 bytes per pixel at 8
    /// bits, 6 at 16 (progressive JPEG files take 6 more while they are read). Most formats are written band by band. WebP and AVIF, and results with
    /// --size, --exact, --figure or --preview, are held whole. Other models paint in one piece; their default is the memory that the machine has free.
    #[arg(long, value_name = "BYTES", allow_negative_numbers = true, value_parser = values::bytes)]
    pub(crate) max_memory: Option<u64>,
}

impl Limits {
    /// What picture files may ask of this machine.
    pub(crate) fn of_pictures(&self) -> picture::Limits {
        picture::Limits { max_decoded: self.max_memory.unwrap_or_else(memory::for_samples), ..self.of_files() }
    }

    /// The same for pictures that become floats at once.
    pub(crate) fn of_floats(&self) -> picture::Limits {
        let own = memory::limits_of_floats();
        picture::Limits { max_decoded: self.max_memory.unwrap_or(own.max_decoded), ..self.of_files() }
    }

    /// Of picture files, whatever memory there is to decode them.
    pub(crate) fn of_files(&self) -> picture::Limits {
        let own = picture::Limits::default();
        picture::Limits { max_pixels: self.max_pixels, max_bytes: self.max_bytes.unwrap_or(own.max_bytes), ..own }
    }
}

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

    /// Format of the result, whatever the extension
    #[arg(long, value_name = "FORMAT", value_parser = values::format())]
    pub(crate) format: Option<picture::Format>,

    /// Pixels of the result's longer side; the content is made smaller or larger
    #[arg(long, value_name = "LONGSIDE", default_value_t = 512, allow_negative_numbers = true, value_parser = side)]
    pub(crate) size: usize,

    /// Steps at each scale, the coarsest first; the last number counts for all that follow
    #[arg(long, value_name = "N,...", value_delimiter = ',', default_values_t = optimizer::OptimizeOptions::default().steps,
          allow_negative_numbers = true, value_parser = count)]
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
          allow_negative_numbers = true, value_parser = side)]
    pub(crate) smallest_scale: usize,

    /// How the picture follows the gradient
    #[arg(long, value_name = "METHOD", default_value = "adam")]
    pub(crate) method: Method,

    /// How far a step of Adam goes, of values 0 to 1
    #[arg(long, value_name = "RATE", default_value_t = 0.02, allow_negative_numbers = true, value_parser = values::positive)]
    pub(crate) rate: f32,

    /// Steps that L-BFGS remembers
    #[arg(long, value_name = "N", default_value_t = 10, allow_negative_numbers = true, value_parser = threads)]
    pub(crate) history: usize,

    /// Perceptual network: VGG-16 or VGG-19 as .pth, safetensors or TensorFlow.js folder; default: the built-in one
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
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
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = count)]
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
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = threads)]
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
    pub(crate) encoding: Encoding,

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

/// How much is said.
#[derive(Debug, Args)]
pub(crate) struct LoudnessFlags {
    /// Print only errors
    #[arg(short, long, conflicts_with = "verbose")]
    quiet: bool,

    /// Print details: model, times, memory
    #[arg(short, long)]
    verbose: bool,
}

impl LoudnessFlags {
    /// Whether nothing but errors is said.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    pub(crate) fn loudness(&self) -> Loudness {
        match (self.quiet, self.verbose) {
            (true, _) => Loudness::Quiet,
            (_, true) => Loudness::Verbose,
            _ => Loudness::Normal,
        }
    }
}

/// Paint a drawn landscape in a built-in style: a first picture without any files.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Where to write the figure: content, style and result
    #[arg(short, long, value_name = "FIGURE", default_value = "impasto-demo.png", value_hint = ValueHint::FilePath)]
    pub(crate) output: PathBuf,

    /// Drawn style to paint in; `impasto styles list` has the names
    #[arg(short, long, value_name = "NAME", default_value = "starry")]
    pub(crate) style: String,

    /// Another number draws another landscape and another painting
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

/// Paint one photograph in many styles, as one picture with names.
///
/// Without --gif or --strip: the photograph, then a painting for each style and strength, row by row. With them: a morph, in which each style
/// turns into the next by mixing their style vectors.
#[derive(Debug, Args)]
pub(crate) struct Sheet {
    /// Photograph to paint
    #[arg(value_name = "PHOTO", value_hint = ValueHint::FilePath)]
    pub(crate) photo: PathBuf,

    /// Style to paint in, as for `impasto stylize`; repeat it. All built-in styles if not given
    #[arg(short, long = "style", value_name = "STYLE", value_hint = ValueHint::FilePath)]
    pub(crate) styles: Vec<OsString>,

    /// Where to write the sheet; for --gif a .gif or, in full colour, an animated .png
    #[arg(short, long, value_name = "SHEET", value_hint = ValueHint::FilePath)]
    pub(crate) output: PathBuf,

    /// Strengths to paint each style at
    #[arg(long, value_name = "0..1,...", value_delimiter = ',', default_value = "1", value_parser = values::share)]
    pub(crate) strengths: Vec<f32>,

    /// Pixels of the longer side of each painting
    #[arg(long, value_name = "LONGSIDE", default_value_t = 320, allow_negative_numbers = true, value_parser = side)]
    pub(crate) size: usize,

    /// Paintings in a row; 6 if not given, or as many as make a row for each style
    #[arg(long, value_name = "N", conflicts_with_all = ["gif", "strip"], allow_negative_numbers = true,
          value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) columns: Option<u16>,

    /// Write an animation that goes from style to style and back to the first
    #[arg(long, conflicts_with = "strip")]
    pub(crate) gif: bool,

    /// Write one row of paintings that goes from style to style
    #[arg(long)]
    pub(crate) strip: bool,

    /// Paintings from one style to the next in a morph; 12 for --gif and 3 for --strip if not given
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) frames: Option<u16>,

    /// JPEG quality of the sheet
    #[arg(long, value_name = "1..100", default_value_t = 95, allow_negative_numbers = true,
          value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(crate) quality: u8,

    /// Pixels of a style picture's shorter side for the network
    #[arg(long, value_name = "PIXELS", default_value_t = 256, allow_negative_numbers = true, value_parser = style_side)]
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

/// Measure paintings: how near they are to style and content, and how much of them is the network's own pattern.
///
/// Draws pairs of a content and a style, paints them, and prints means over the pairs. Lower is better everywhere. A painting trades style for
/// content, so read both, and compare with the two controls: the content itself and the style itself. docs/guide/eval.md defines every measure.
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

    /// Measure no model, only --outputs
    #[arg(long, requires = "outputs", conflicts_with = "models")]
    pub(crate) no_model: bool,

    /// Folder of paintings that another program made, called CONTENT--STYLE.png; may be repeated
    ///
    /// CONTENT and STYLE are the names of the two pictures without their extensions. Pairs are drawn from those that all of these folders have.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) outputs: Vec<PathBuf>,

    /// Perceptual network, as for `impasto optimize`; default: the built-in one
    ///
    /// If shallow and deep layers come from different networks, give it twice: each layer is taken from the first network that has it.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) perceptual: Vec<PathBuf>,

    /// Folder of styles that have learned, to measure beside the model: STYLE.style for a style picture STYLE; may be repeated
    ///
    /// Pairs are drawn from the style pictures that all of these folders have a style of.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, conflicts_with = "no_model")]
    pub(crate) learned: Vec<PathBuf>,

    /// Number of pairs to measure
    #[arg(long, value_name = "N", default_value_t = 16, allow_negative_numbers = true, value_parser = count)]
    pub(crate) pairs: usize,

    /// Another number draws other pairs, and other noise
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,

    /// File with the pairs to measure: what an earlier run printed with --json
    #[arg(long, value_name = "FILE", conflicts_with = "pairs", value_hint = ValueHint::FilePath)]
    pub(crate) pairs_from: Option<PathBuf>,

    /// Pixels of the shorter side that pictures are painted and compared at
    #[arg(long, value_name = "PIXELS", default_value_t = 384, allow_negative_numbers = true, value_parser = side)]
    pub(crate) size: usize,

    /// Number of pairs to measure artefacts on, each with twelve more paintings; 0 for none
    #[arg(long, value_name = "N", default_value_t = 4, allow_negative_numbers = true)]
    pub(crate) artefacts: usize,

    /// Measure how different a gallery's styles look instead, on this many contents: --styles, or the built-in ones
    ///
    /// For each style, its nearest neighbour after colors are matched; and how many paintings are matched to their styles' pictures in gray.
    #[arg(long, value_name = "N", conflicts_with_all = ["outputs", "pairs", "pairs_from", "artefacts", "sheet", "no_model", "witness"],
          allow_negative_numbers = true, value_parser = count)]
    pub(crate) gallery: Option<usize>,

    /// Model by others whose style predictor also judges the paintings: a network that the measured model was not trained with
    #[arg(long, value_name = "MODEL", value_hint = ValueHint::AnyPath)]
    pub(crate) witness: Option<PathBuf>,

    /// Write the pictures that were compared, with their distances, as one picture; the first 50 pairs
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) sheet: Option<PathBuf>,

    /// Print everything as JSON: every pair's values, and the list of pairs for --pairs-from
    #[arg(long)]
    pub(crate) json: bool,

    /// Threads; one a core if not given
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = threads)]
    pub(crate) threads: Option<usize>,

    /// Replace an existing sheet
    #[arg(long)]
    pub(crate) force: bool,

    #[command(flatten)]
    pub(crate) loudness: LoudnessFlags,
}

/// List the built-in styles, and make styles of pictures.
#[derive(Debug, Subcommand)]
pub(crate) enum Styles {
    /// Print the built-in styles' names, and what they are like
    List(StylesList),
    /// Save the style of a picture as a small file that `-s` takes
    Extract(StylesExtract),
    Learn(Box<StylesLearn>),
}

#[derive(Debug, Args)]
pub(crate) struct StylesList {
    /// Print it as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct StylesExtract {
    /// Picture whose style to save
    #[arg(value_name = "PICTURE", value_hint = ValueHint::FilePath)]
    pub(crate) picture: PathBuf,

    /// File to write; by custom its name ends in .style
    #[arg(short, long, value_name = "FILE.style", value_hint = ValueHint::FilePath)]
    pub(crate) output: PathBuf,

    /// The style's name, for people; the picture's without its extension if not given
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// Pixels of the picture's shorter side for the network
    #[arg(long, value_name = "PIXELS", default_value_t = 256, value_parser = style_side)]
    pub(crate) style_size: usize,

    /// File or folder with the style predictor's weights, as for `impasto stylize`: the style is for this model only
    #[arg(long = "model", value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) models: Vec<PathBuf>,

    /// Replace an existing file
    #[arg(long)]
    pub(crate) force: bool,

    #[command(flatten)]
    pub(crate) loudness: LoudnessFlags,
}

/// List, download and convert models, and look into files of weights.
#[derive(Debug, Subcommand)]
pub(crate) enum Models {
    /// Print all models: built-in, imported, downloaded, and those that can be downloaded, with their licenses
    List(ModelsList),
    Pull(downloads::Pull),
    #[command(name = "rm", visible_alias = "remove")]
    Remove(downloads::Remove),
    Verify(downloads::Verify),
    /// Print what a model is: architecture, source, licence, size, layers and their cost
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
    /// File or folder with weights, or a model's name or address; several if predictor and transformer are in different places. Default: the
    /// built-in model
    #[arg(value_name = "MODEL", value_hint = ValueHint::AnyPath)]
    pub(crate) paths: Vec<PathBuf>,

    /// Picture size that shapes and costs are given for; default: the TF-Hub recommendation of 256x256 for a style predictor,
    /// 720x512 for a transformer
    #[arg(long, value_name = "WxH")]
    pub(crate) size: Option<Size>,

    /// Print it as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ModelsImport {
    /// File or folder with weights of any known format; several where predictor and transformer are apart
    #[arg(value_name = "PATH", required = true, value_hint = ValueHint::AnyPath)]
    pub(crate) paths: Vec<PathBuf>,

    /// File to write; its name ends in .safetensors
    #[arg(short, long, value_name = "FILE.safetensors", value_hint = ValueHint::FilePath, required_unless_present = "name")]
    pub(crate) output: Option<PathBuf>,

    /// Keep it under this name instead, among the user's models: --model NAME finds it
    #[arg(long, value_name = "NAME", conflicts_with = "output")]
    pub(crate) name: Option<String>,

    /// Store float16 instead of float32: half the size, differences below what one sees
    #[arg(long)]
    pub(crate) half: bool,

    /// Replace an existing file
    #[arg(long)]
    pub(crate) force: bool,

    #[command(flatten)]
    pub(crate) loudness: LoudnessFlags,
}

/// Time networks on this machine.
///
/// Without --model the named networks are built with random weights of the right shapes: no file is needed, and the time is the
/// same. The matrix-product peak of the machine is measured along, as the physical limit that a network is compared with.
#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// File or folder with weights to time, instead of --network
    #[arg(long = "model", value_name = "PATH", conflicts_with = "networks", value_hint = ValueHint::AnyPath)]
    pub(crate) models: Vec<PathBuf>,

    /// Network to time; may be repeated
    #[arg(long = "network", value_name = "NAME", value_delimiter = ',', default_values = ["hub", "js", "tflite"], value_parser = network_names())]
    pub(crate) networks: Vec<String>,

    /// Picture size; may be repeated. Style predictors are timed at it too [default: 720x512, predictors 256x256]
    #[arg(long = "size", value_name = "WxH", value_delimiter = ',')]
    pub(crate) sizes: Vec<Size>,

    /// Numbers of threads; one a core if not given
    #[arg(long, value_name = "N,...", value_delimiter = ',', value_parser = threads)]
    pub(crate) threads: Vec<usize>,

    /// Runs of each, after one that does not count
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub(crate) runs: u16,

    /// Print every layer's time, too
    #[arg(long)]
    pub(crate) layers: bool,

    /// Print it as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Serve an HTTP API, and a page to paint on in the browser.
///
/// Requests and results are kept in memory only, for a while; nothing that a request names reaches the file system. The address that is served on is
/// printed on standard output. Ctrl-C ends it: pictures that are being painted have a few seconds.
#[cfg(feature = "serve")]
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Address to listen on; other than this machine's own needs a token
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub(crate) bind: std::net::IpAddr,

    /// Port to listen on; 0 for any that is free
    #[arg(long, value_name = "PORT", default_value_t = 8300, allow_negative_numbers = true)]
    pub(crate) port: u16,

    /// Open the page in the browser
    #[arg(long)]
    pub(crate) open: bool,

    /// What clients must send as `Authorization: Bearer TOKEN`, of at least 16 characters; better in the environment, where other users do not see it
    #[arg(long, value_name = "TOKEN", env = "IMPASTO_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,

    /// A page's origin whose scripts may use the API, for example <https://example.org>
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) cors: Option<String>,

    /// File or folder with the networks' weights, as for `impasto stylize`
    #[arg(long = "model", value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) models: Vec<PathBuf>,

    /// Threads that paint; one a core if not given
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = threads)]
    pub(crate) threads: Option<usize>,

    /// Pictures painted at a time
    #[arg(short, long, value_name = "N", default_value_t = 2, allow_negative_numbers = true, value_parser = threads)]
    pub(crate) jobs: usize,

    /// Pictures that may wait; more are turned away
    #[arg(long, value_name = "N", default_value_t = 16, allow_negative_numbers = true, value_parser = clap::value_parser!(u16).range(0..=10_000))]
    pub(crate) queue: u16,

    /// Most bytes of a request
    #[arg(long, value_name = "BYTES", default_value = "64M", allow_negative_numbers = true, value_parser = values::bytes)]
    pub(crate) max_body: u64,

    /// Most pixels of a picture
    #[arg(long, value_name = "N", default_value_t = 50_000_000, allow_negative_numbers = true, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_pixels: u64,

    /// Most memory for all requests and what is kept; a quarter of the machine's or the container's if not given
    #[arg(long, value_name = "BYTES", allow_negative_numbers = true, value_parser = values::bytes)]
    pub(crate) max_memory: Option<u64>,

    /// Seconds that a request may take
    #[arg(long, value_name = "SECONDS", default_value_t = 120, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub(crate) timeout: u32,

    /// Seconds after their last use that uploads, styles and results are kept
    #[arg(long, value_name = "SECONDS", default_value_t = 1800, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=604_800))]
    pub(crate) expire: u32,

    /// Seconds that requests may take to finish after Ctrl-C or SIGTERM
    #[arg(long, value_name = "SECONDS", default_value_t = 2, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(0..=86_400))]
    pub(crate) drain: u32,

    #[command(flatten)]
    pub(crate) loudness: LoudnessFlags,
}

/// Print a completion script for a shell.
///
/// For example: impasto completions bash > ~/.local/share/bash-completion/completions/impasto
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// Shell to complete in
    pub(crate) shell: clap_complete::Shell,
}

/// Print the manual page, or write a page for every command.
#[derive(Debug, Args)]
pub(crate) struct Man {
    /// Folder to write impasto.1 and a page for every command to; pages that are there are replaced
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) dir: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Border {
    /// Mirrored pixels, as Magenta trained its networks
    Reflect,
    /// Zeros, as the browser port was published; draws a faint frame
    Zero,
}

impl From<Border> for magenta::Border {
    fn from(border: Border) -> Self {
        match border {
            Border::Reflect => magenta::Border::Reflect,
            Border::Zero => magenta::Border::Zero,
        }
    }
}

/// The published networks of the library's list of architectures.
fn network_names() -> PossibleValuesParser {
    PossibleValuesParser::new(impasto::networks::published().map(|(name, _)| *name))
}

fn side(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|n| (1..=1_000_000).contains(n));
    number.ok_or_else(|| "must be a whole number of pixels from 1 to 1000000".into())
}

fn style_side(text: &str) -> Result<usize, String> {
    let sides = impasto::StyleSize::SIDES;
    let number = text.parse().ok().filter(|n| sides.contains(n));
    number.ok_or_else(|| format!("must be a whole number of pixels from {} to {}", sides.start(), sides.end()))
}

fn count(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|n| (1..=1_000_000).contains(n));
    number.ok_or_else(|| "must be a whole number from 1 to 1000000".into())
}

fn threads(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|n| (1..=1024).contains(n)).ok_or_else(|| "must be a whole number from 1 to 1024".into())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        super::Cli::command().debug_assert();
    }
}
