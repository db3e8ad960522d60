//! Turns arguments into an optimization.

use std::path::{Path, PathBuf};

use impasto::optimizer::{self, Initial, OptimizeOptions, Optimizer, StylePicture};
use impasto::picture::{self, Resize};
use impasto::request::{Reference, Request};
use impasto::style::names_file;
use impasto::{Perceptual, Picture, graph, perceptual, weights};

use impasto_models::registry::Role;

use crate::cli::{ContentLoss, KeepColors, Method, Optimize, Pooling, Preprocessing, StyleLoss};
use crate::commands::stylize::destination::{self, Destination};
use crate::commands::stylize::place::Place;
use crate::commands::stylize::style::StyleArgument;
use crate::commands::stylize::{self, look, record};
use crate::failure::{Failure, Result};
use crate::progress::Progress;
use crate::{fetching, files, interrupt, memory, model, names, references};

/// All inputs of an optimization.
pub(super) struct Setup {
    pub(super) output: Destination,
    /// The checkpoint's file; `None` for standard output.
    pub(super) checkpoint: Option<PathBuf>,
    pub(super) perceptual: Perceptual,
    pub(super) optimizer: Optimizer,
    pub(super) content: Picture,
    pub(super) styles: Vec<StylePicture>,
    pub(super) initial: Initial,
    /// The record of how the result was made.
    pub(super) request: Request,
}

impl Setup {
    /// Reads everything. The styles come from `arguments`, not from `args`.
    pub(super) fn new(args: &Optimize, arguments: &[StyleArgument]) -> Result<Self> {
        let loudness = args.loudness.loudness();
        // Check everything that needs no work before the work begins.
        names::check_is_no_address(&args.content)?;
        let inputs = arguments.iter().map(|style| style.path.as_path()).chain([args.content.as_path()]);
        stylize::check_standard_streams(inputs, &args.output, args.json)?;
        let read = arguments.iter().flat_map(StyleArgument::files).chain([args.content.as_path(), args.initial.as_path()]);
        let read: Vec<&Path> = read.chain(args.perceptual.as_deref()).chain(args.models.iter().map(PathBuf::as_path)).collect();
        let checkpoint = (!stylize::is_standard(&args.output)).then(|| checkpoint(args));
        let written: Vec<&PathBuf> = std::iter::once(&args.output).chain(&args.trace).chain(&checkpoint).collect();
        for (i, output) in written.iter().enumerate() {
            destination::keep_inputs(output, read.iter().copied())?;
            if written[..i].iter().any(|other| !stylize::is_standard(other) && files::same(other, output)) {
                let text = format!("{}: is the name of two results: picture, trace or checkpoint; change one", output.display());
                return Err(Failure::usage(text));
            }
        }
        let encode = args.file.options.encoding();
        // An interrupted run has left its picture there.
        let output = Destination::new(&args.output, args.file.options.format, args.force || args.resume, &encode)?;
        for trace in &args.trace {
            super::trace::check(trace, args.force || args.resume)?;
        }
        if let Some(checkpoint) = &checkpoint {
            Place::new(checkpoint, args.force || args.resume)?;
        }
        if args.save_every.is_some() && !args.force && !args.resume {
            check_numbered(&args.output)?;
        }
        let ceiling = args.limits.max_memory.or_else(|| memory::share().map(|(bytes, _)| bytes));
        let (perceptual, network) = network(args)?;
        let optimizer = Optimizer::new(&perceptual, options(args, ceiling)?).map_err(|e| match &args.perceptual {
            Some(path) => e.context(path.display()),
            None => e,
        })?;

        let limits = args.limits.of_floats();
        let (photo, reference) = record::open_content(&args.content, &limits, loudness)?;
        let mut photo = photo.to_picture().map_err(|e| e.context(args.content.display()))?;
        // If the photo is itself by Impasto, it has a record. The result gets its own.
        photo.source_mut().settings = None;
        let content = photo.fit_long_side(args.size, Resize::PHOTO)?;
        let styles = styles(args, arguments, &limits)?;
        let initial = initial(args, &content, &styles, &limits)?;
        let uses = arguments.iter().zip(&styles).map(|(argument, style)| argument.used_by_optimizer(&style.picture));
        let mut request = super::record::request(args, &optimizer, (reference, network), content.size())?;
        request.styles = uses.collect::<Result<_>>()?;
        let request = request.in_format(output.format());
        Ok(Setup { output, checkpoint, perceptual, optimizer, content, styles, initial, request })
    }
}

/// Checks, before the work, that no picture has a name yet that `--save-every` uses: `out-00050.png`.
fn check_numbered(output: &Path) -> Result {
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
    let stem = format!("{}-", output.file_stem().unwrap_or_default().to_string_lossy());
    let is_numbered = |path: &Path| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let digits = name.strip_prefix(&stem).filter(|digits| digits.len() >= 5);
        path.extension() == output.extension() && digits.is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()))
    };
    match entries.filter_map(|entry| Some(entry.ok()?.path())).find(|path| is_numbered(path)) {
        None => Ok(()),
        Some(path) => Err(Failure::failed(format!(
            "{}: exists already, and --save-every could replace it; add --force to allow that",
            path.display()
        ))),
    }
}

/// Returns the checkpoint's path.
fn checkpoint(args: &Optimize) -> PathBuf {
    args.checkpoint.clone().unwrap_or_else(|| {
        let mut name = args.output.clone().into_os_string();
        name.push(".checkpoint");
        name.into()
    })
}

/// Opens the perceptual network, and returns its reference for records.
fn network(args: &Optimize) -> Result<(Perceptual, Reference)> {
    let limits = weights::Limits::default();
    let limits = args.limits.max_bytes.map_or(limits.clone(), |bytes| limits.max_bytes(bytes));
    let preprocessing = args.preprocessing.map(|preprocessing| match preprocessing {
        Preprocessing::Torch => perceptual::Preprocessing::Torch,
        Preprocessing::Caffe => perceptual::Preprocessing::Caffe,
    });
    let (network, reference) = match &args.perceptual {
        Some(word) => {
            let paths = fetching::resolve(std::slice::from_ref(word), Some(Role::Perceptual))?;
            let network = model::perceptual(&paths, &limits, preprocessing)?.swap_remove(0);
            (network, references::of_path(&paths[0])?)
        }
        None => (model::embedded_perceptual()?, Reference::of_embedded_perceptual()),
    };
    let pooling = match args.pooling {
        Pooling::Max => graph::PoolKind::Max,
        Pooling::Average => graph::PoolKind::Average,
    };
    Ok((network.pooling(pooling), reference))
}

fn options(args: &Optimize, max_memory: Option<u64>) -> Result<OptimizeOptions> {
    let mut options = OptimizeOptions::default();
    options.content_layers = args.content_layers.clone();
    options.style_layers = args.style_layers.clone();
    options.content_loss = match args.content_loss {
        ContentLoss::Normalised => optimizer::ContentLoss::Normalised,
        ContentLoss::Features => optimizer::ContentLoss::Features,
    };
    options.style_loss = match args.style_loss {
        StyleLoss::Gram => optimizer::StyleLoss::Gram,
        StyleLoss::Moments => optimizer::StyleLoss::Moments,
        StyleLoss::Wasserstein => optimizer::StyleLoss::Wasserstein,
    };
    options.content_weight = args.content_weight;
    options.style_weight = args.style_weight;
    options.variation_weight = args.variation_weight;
    options.method = match args.method {
        Method::Adam => optimizer::Method::Adam { rate: args.rate },
        Method::Lbfgs => optimizer::Method::Lbfgs { history: args.history },
    };
    options.steps = args.steps.clone();
    options.smallest_scale = args.smallest_scale;
    options.style_scale = args.style_scale;
    options.keep_colours = match args.keep_colors {
        None => optimizer::KeepColours::No,
        Some(KeepColors::Luminance) => optimizer::KeepColours::Luminance,
        Some(KeepColors::Match) => optimizer::KeepColours::Matched,
    };
    options.match_histogram = args.match_histogram;
    options.max_memory = max_memory;
    options.threads = args.threads.unwrap_or(0);
    options.executor = Some(model::isa()?.into());
    Ok(options)
}

/// Reads the style pictures. A built-in style is drawn.
fn styles(args: &Optimize, arguments: &[StyleArgument], limits: &picture::Limits) -> Result<Vec<StylePicture>> {
    let loudness = args.loudness.loudness();
    let style = |argument: &StyleArgument| {
        let drawn = argument.path.to_str().filter(|_| !names_file(&argument.path)).and_then(impasto_draw::styles::find);
        let picture = match drawn {
            Some(style) => {
                let canvas = style.painting((args.size as f32 * args.style_scale) as usize);
                Picture::from_rgb_f32([canvas.width, canvas.height], canvas.rgb)?
            }
            None => {
                let seen = argument.read(limits, loudness)?;
                let saved = || {
                    Failure::failed(format!(
                        "{}: a saved style has no picture, and optimizing needs one; give the picture itself, or use `impasto stylize`",
                        argument.path.display()
                    ))
                };
                seen.picture().cloned().ok_or_else(saved)?
            }
        };
        let mask = argument.mask.as_ref().map(|path| look::mask(path, args.feather, limits, loudness)).transpose()?;
        if argument.weight == 0.0 {
            return Err(Failure::usage(format!("{}: this style has weight 0; leave it out", argument.path.display())));
        }
        Ok(StylePicture::new(picture).weight(argument.weight).mask(mask))
    };
    arguments.iter().map(style).collect()
}

/// Returns where the optimization starts.
fn initial(args: &Optimize, content: &Picture, styles: &[StylePicture], limits: &picture::Limits) -> Result<Initial> {
    let loudness = args.loudness.loudness();
    let path = args.initial.as_path();
    match path.to_str() {
        Some("content") if !names_file(path) => Ok(Initial::Content),
        Some("noise") if !names_file(path) => Ok(Initial::Noise { seed: args.seed }),
        Some("fast") if !names_file(path) => fast(args, content, styles),
        _ => open(path, limits, args).map(|picture| Initial::Picture(Box::new(picture))).map_err(|failure| match failure {
            Failure::Failed(text) if path.components().count() == 1 && !path.exists() => {
                Failure::failed(format!("{text}; --initial takes fast, content, noise or the name of a picture"))
            }
            other => other,
        }),
    }
    .inspect(|_| loudness.detail("ready to begin"))
}

fn open(path: &Path, limits: &picture::Limits, args: &Optimize) -> Result<Picture> {
    let stored = stylize::open(path, limits, args.loudness.loudness())?;
    Ok(stored.to_picture().map_err(|e| e.context(path.display()))?)
}

/// Paints the start with the fast method.
fn fast(args: &Optimize, content: &Picture, styles: &[StylePicture]) -> Result<Initial> {
    let stylizer = model::stylizer(&args.models, args.threads)?;
    let progress = Progress::new("begin", args.loudness.loudness());
    let painted = interrupt::while_running(|| Initial::painted(&stylizer, content, styles, &progress))?;
    Ok(painted)
}
