//! Detects the format of the weights in a file or folder, and reads them.

use std::fmt;
use std::path::{Path, PathBuf};

use super::files::{self, Limits, Quota, Source};
use super::{Weights, deeplearn, onnx, safetensors, saved_model, tfjs, tflite, torch};
use crate::{Error, ErrorKind, Result};

/// The format of weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// TensorFlow Lite (`.tflite`).
    TfLite,
    /// TensorFlow.js (`model.json` and shards).
    TfJs,
    /// TensorFlow SavedModel: the folder of a TF-Hub module.
    SavedModel,
    /// TensorFlow checkpoint (`model.ckpt.index` and data files).
    Checkpoint,
    /// safetensors.
    SafeTensors,
    /// PyTorch checkpoint (`.pth`, `.pt`).
    Torch,
    /// ONNX (`.onnx`).
    Onnx,
    /// deeplearn.js (`manifest.json` and a file for each array).
    DeepLearnJs,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::TfLite => "TensorFlow Lite",
            Format::TfJs => "TensorFlow.js",
            Format::SavedModel => "TensorFlow SavedModel",
            Format::Checkpoint => "TensorFlow checkpoint",
            Format::SafeTensors => "safetensors",
            Format::Torch => "PyTorch checkpoint",
            Format::Onnx => "ONNX",
            Format::DeepLearnJs => "deeplearn.js",
        })
    }
}

/// Weights and their source.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Loaded {
    /// The arrays.
    pub weights: Weights,
    /// The format that they were read from.
    pub format: Format,
    /// Total bytes of the files that were read.
    pub bytes: u64,
}

/// Reads the weights at `path`, a folder or a file of any format. The format is detected
/// from the content, not the extension.
///
/// A folder is a SavedModel if it has `saved_model.pb`, `variables/` or `variables.index`, a TFJS model if it has
/// `model.json`, and a deeplearn.js model if it has `manifest.json`. Otherwise it may hold one weights file (or
/// one checkpoint) among other things. Files are read as in [`load_file`].
///
/// # Errors
/// One line that names the file and what is wrong with it: [`Io`](ErrorKind::Io) if it or a file that belongs to it is
/// missing, [`TooLarge`](ErrorKind::TooLarge) over the limits, [`Unsupported`](ErrorKind::Unsupported) if its format
/// or something in it is unknown, [`Malformed`](ErrorKind::Malformed) if it is damaged or holds a NaN or infinity,
/// [`InvalidArgument`](ErrorKind::InvalidArgument) if a folder holds several weights files.
pub fn load(path: &Path, limits: &Limits) -> Result<Loaded> {
    if !path.is_dir() {
        return load_file(path, limits);
    }
    if is_saved_model(path) {
        return read(Format::SavedModel, path, limits);
    }
    if path.join("model.json").is_file() {
        return read(Format::TfJs, &path.join("model.json"), limits);
    }
    if path.join(deeplearn::MANIFEST).is_file() {
        return read(Format::DeepLearnJs, &path.join(deeplearn::MANIFEST), limits);
    }
    load_file(&only_file(path)?, limits)
}

/// The extensions of files that look like weights.
const EXTENSIONS: [&str; 6] = ["tflite", "safetensors", "index", "pth", "pt", "onnx"];

/// The files in a folder that look like weights, sorted by name.
pub(crate) fn files_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let listing =
        std::fs::read_dir(folder).and_then(|entries| entries.map(|e| e.map(|e| e.path())).collect::<Result<Vec<_>, _>>());
    let mut found = listing.map_err(|e| Error::from(e).context(folder.display()))?;
    found.retain(|p| {
        // Some PyTorch checkpoints are named `.pth.tar` although they are not archives.
        let named = p.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.ends_with(".pth.tar"));
        named || p.extension().is_some_and(|e| EXTENSIONS.iter().any(|known| e == *known))
    });
    found.sort();
    Ok(found)
}

/// Whether the folder itself is a model (SavedModel, TFJS or deeplearn.js), rather than a place for weights files.
pub(crate) fn is_model_folder(path: &Path) -> bool {
    is_saved_model(path) || path.join("model.json").is_file() || path.join(deeplearn::MANIFEST).is_file()
}

fn is_saved_model(path: &Path) -> bool {
    path.join("saved_model.pb").is_file() || path.join("variables").is_dir() || path.join("variables.index").is_file()
}

/// The only file in a folder that looks like weights.
fn only_file(folder: &Path) -> Result<PathBuf> {
    let mut found = files_in(folder)?;
    let names: Vec<_> = found.iter().filter_map(|p| p.file_name()).map(|n| n.display().to_string()).collect();
    let (kind, text) = match found.len() {
        1 => return Ok(found.remove(0)),
        0 => {
            let text = "no weights in this folder (looked for saved_model.pb, variables/, model.json, *.tflite, *.safetensors, *.index, *.pth, *.pt, *.onnx)";
            (ErrorKind::Unsupported, text.to_owned())
        }
        n => (ErrorKind::InvalidArgument, format!("the folder has {n} weights files; name one of {}", names.join(", "))),
    };
    Err(Error::new(kind, format!("{}: {text}", folder.display())))
}

/// Reads the weights in a file, and in the files beside it that it refers to.
///
/// The file may be:
///
/// - a TFLite, ONNX, safetensors or PyTorch file;
/// - a TFJS `model.json` or a deeplearn.js `manifest.json`;
/// - the index of a checkpoint or SavedModel, or a SavedModel's `saved_model.pb`;
/// - a checkpoint's prefix (`model.ckpt` if there is a `model.ckpt.index`).
///
/// # Errors
/// As [`load`].
pub fn load_file(path: &Path, limits: &Limits) -> Result<Loaded> {
    if !path.exists() {
        let mut index = path.as_os_str().to_owned();
        index.push(".index");
        if Path::new(&index).is_file() {
            return read(Format::Checkpoint, path, limits);
        }
    }
    let format = recognise(path)?;
    if format == Format::SavedModel && path.file_name().is_some_and(|name| name == "saved_model.pb") {
        return read(format, path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")), limits);
    }
    read(format, path, limits)
}

/// Detects the format of a file by its first and last bytes, and by its name where these are not enough.
fn recognise(path: &Path) -> Result<Format> {
    // Nothing of the file is kept, so no limit applies.
    let mut source = Source::open(path, &mut Quota::new(u64::MAX))?;
    let mut head = Vec::new();
    source.read_at(0, source.len().min(4096) as usize, &mut head)?;
    let text = head.trim_ascii_start();
    if head.get(4..8) == Some(tflite::IDENTIFIER) {
        return Ok(Format::TfLite);
    }
    if safetensors::is_header(&head, source.len()) {
        return Ok(Format::SafeTensors);
    }
    if torch::is_checkpoint(&head) {
        return Ok(Format::Torch);
    }
    if text.starts_with(b"{") || text.starts_with(b"\xef\xbb\xbf{") {
        let listed = path.file_name().is_some_and(|name| name == deeplearn::MANIFEST);
        return Ok(if listed { Format::DeepLearnJs } else { Format::TfJs });
    }
    let mut tail = Vec::new();
    source.read_at(source.len().saturating_sub(48), source.len().min(48) as usize, &mut tail)?;
    if saved_model::is_table(&tail) {
        let in_saved_model = path.file_name().is_some_and(|name| name == "variables.index");
        return Ok(if in_saved_model { Format::SavedModel } else { Format::Checkpoint });
    }
    if path.file_name().is_some_and(|name| name == "saved_model.pb") {
        return Ok(Format::SavedModel);
    }
    if onnx::is_model(&head, source.len()) {
        return Ok(Format::Onnx);
    }
    Err(Error::new(ErrorKind::Unsupported, format!("{}: {}", path.display(), files::describe(&head))))
}

fn read(format: Format, path: &Path, limits: &Limits) -> Result<Loaded> {
    let mut quota = Quota::new(limits.max_bytes);
    let weights = match format {
        Format::TfJs => tfjs::load(path, &mut quota)?,
        Format::SavedModel | Format::Checkpoint => saved_model::load(path, &mut quota)?,
        Format::TfLite => tflite::read(&files::read(path, &mut quota)?).map_err(|e| e.context(path.display()))?,
        Format::Torch => torch::load(path, &mut quota)?,
        Format::Onnx => onnx::read(&files::read(path, &mut quota)?).map_err(|e| e.context(path.display()))?,
        Format::DeepLearnJs => deeplearn::load(path, &mut quota)?,
        Format::SafeTensors => safetensors::read(&files::read(path, &mut quota)?).map_err(|e| e.context(path.display()))?,
    };
    Ok(Loaded { weights, format, bytes: quota.used })
}
