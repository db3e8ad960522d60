//! The record in an optimized picture of how it was made, and the arguments that a record stands for.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::ValueEnum;
use impasto::Size;
use impasto::graph::PoolKind;
use impasto::optimizer::{self, Optimizer};
use impasto::perceptual;
use impasto::request::{Beginning, Optimized, Reference, Request};
use impasto::style::names_file;
use serde_json::{Value, json};

use crate::cli::{FileFlags, KeepColors, Limits, LoudnessFlags, Method, Optimize, Pooling, Preprocessing};
use crate::failure::{Failure, Result};
use crate::{memory, model, references};

/// Returns the request of a command line, without its styles and format.
pub(super) fn request(
    args: &Optimize,
    optimizer: &Optimizer,
    (content, perceptual): (Reference, Reference),
    size: Size,
) -> Result<Request> {
    let path = args.initial.as_path();
    let initial = match path.to_str() {
        Some("fast") if !names_file(path) => Beginning::Fast,
        Some("content") if !names_file(path) => Beginning::Content,
        Some("noise") if !names_file(path) => Beginning::Noise { seed: args.seed },
        _ => Beginning::Picture(references::of_path(path)?),
    };
    // Only the fast method uses it.
    let models = if initial == Beginning::Fast { model::paths(&args.models)? } else { Vec::new() };
    let mut how = Optimized::new(args.size, optimizer.recorded(size), initial, perceptual);
    how.preprocessing = args.preprocessing.map(|preprocessing| match preprocessing {
        Preprocessing::Torch => perceptual::Preprocessing::Torch,
        Preprocessing::Caffe => perceptual::Preprocessing::Caffe,
    });
    how.pooling = match args.pooling {
        Pooling::Max => PoolKind::Max,
        Pooling::Average => PoolKind::Average,
    };
    how.feather = args.feather;
    let model = references::of_model(&models)?;
    let executor = optimizer.executor().to_string();
    Ok(Request::new(content, Vec::new(), model, args.file.options.clone(), &executor).optimized(how))
}

/// Current paths of the files that a record names.
pub(in crate::commands) struct Files {
    pub(in crate::commands) content: PathBuf,
    pub(in crate::commands) output: PathBuf,
    /// The model of the fast method; empty for the built-in one.
    pub(in crate::commands) models: Vec<PathBuf>,
    /// None for the built-in one.
    pub(in crate::commands) perceptual: Option<PathBuf>,
    /// The picture that the optimization started from, if it was one.
    pub(in crate::commands) initial: Option<PathBuf>,
}

/// Returns the arguments that a record stands for, without its styles.
pub(in crate::commands) fn arguments(
    request: &Request,
    how: &Optimized,
    files: Files,
    (mut limits, loudness): (Limits, LoudnessFlags),
) -> Result<Optimize> {
    let settings = &how.settings;
    if let Some(most) = settings.max_memory {
        // A stranger's picture gets no more memory than the user or this machine's default allows.
        let own = limits.max_memory.or_else(|| memory::share().map(|(bytes, _)| bytes));
        limits.max_memory = Some(own.map_or(most, |own| own.min(most)));
    }
    let (mut rate, mut history) = (0.02, 10);
    let method = match settings.method {
        optimizer::Method::Adam { rate: own } => {
            rate = own;
            Method::Adam
        }
        optimizer::Method::Lbfgs { history: own } => {
            history = own;
            Method::Lbfgs
        }
        _ => return Err(Failure::failed("it uses a method that this version of Impasto lacks; update impasto")),
    };
    let mut seed = 0;
    let initial = match (&how.initial, files.initial) {
        (Beginning::Content, _) => "content".into(),
        (Beginning::Noise { seed: own }, _) => {
            seed = *own;
            "noise".into()
        }
        (Beginning::Picture(_), Some(path)) => path,
        _ => "fast".into(),
    };
    Ok(Optimize {
        content: files.content,
        styles: Vec::new(),
        output: files.output,
        size: how.size,
        steps: settings.steps.clone(),
        content_weight: settings.content_weight,
        style_weight: settings.style_weight,
        variation_weight: settings.variation_weight,
        style_loss: named(&json!(settings.style_loss))?,
        content_loss: named(&json!(settings.content_loss))?,
        style_layers: settings.style_layers.clone(),
        content_layers: settings.content_layers.clone(),
        initial,
        seed,
        keep_colors: match settings.keep_colours {
            optimizer::KeepColours::No => None,
            kept => Some(named::<KeepColors>(&json!(kept))?),
        },
        match_histogram: settings.match_histogram,
        feather: how.feather,
        style_scale: settings.style_scale,
        smallest_scale: settings.smallest_scale,
        method,
        rate,
        history,
        perceptual: files.perceptual,
        preprocessing: how.preprocessing.map(|own| named(&json!(own))).transpose()?,
        pooling: named(&json!(how.pooling))?,
        models: files.models,
        save_every: None,
        resume: false,
        checkpoint: None,
        trace: Vec::new(),
        threads: None,
        json: false,
        force: false,
        loudness,
        file: FileFlags { options: request.options.clone() },
        limits,
    })
}

/// Returns the value of a flag by its name in the record.
fn named<T: ValueEnum>(value: &Value) -> Result<T> {
    let name = value.as_str().unwrap_or_default();
    T::from_str(name, false)
        .map_err(|_| Failure::failed(format!("this version of Impasto does not know {name:?}; update impasto")))
}

/// Returns the flags for these arguments that decide the picture, without content, styles and output.
pub(in crate::commands) fn flags(args: &Optimize) -> Vec<OsString> {
    fn value<T: ValueEnum>(value: &T) -> String {
        value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
    let list = |numbers: &[usize]| numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let mut texts = vec![
        ("size", args.size.to_string()),
        ("steps", list(&args.steps)),
        ("content-weight", args.content_weight.to_string()),
        ("style-weight", args.style_weight.to_string()),
        ("variation-weight", args.variation_weight.to_string()),
        ("style-loss", value(&args.style_loss)),
        ("content-loss", value(&args.content_loss)),
        ("seed", args.seed.to_string()),
        ("feather", args.feather.to_string()),
        ("style-scale", args.style_scale.to_string()),
        ("smallest-scale", args.smallest_scale.to_string()),
        ("method", value(&args.method)),
        ("rate", args.rate.to_string()),
        ("history", args.history.to_string()),
        ("pooling", value(&args.pooling)),
    ];
    for (name, layers) in [("style-layers", &args.style_layers), ("content-layers", &args.content_layers)] {
        if !layers.is_empty() {
            texts.push((name, layers.join(",")));
        }
    }
    texts.extend(args.keep_colors.as_ref().map(|kept| ("keep-colors", value(kept))));
    texts.extend(args.preprocessing.as_ref().map(|own| ("preprocessing", value(own))));
    texts.extend(args.limits.max_memory.map(|bytes| ("max-memory", bytes.to_string())));
    let mut flags: Vec<OsString> = texts.into_iter().map(|(name, text)| format!("--{name}={text}").into()).collect();
    if args.match_histogram {
        flags.push("--match-histogram".into());
    }
    let paths = args.perceptual.iter().map(|path| ("perceptual", path)).chain(args.models.iter().map(|path| ("model", path)));
    for (name, path) in paths.chain([("initial", &args.initial)]) {
        let mut flag = OsString::from(format!("--{name}="));
        flag.push(path);
        flags.push(flag);
    }
    flags
}
