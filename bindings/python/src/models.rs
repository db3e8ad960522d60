//! Models by name: `impasto.models`.

use std::path::PathBuf;

use impasto::ErrorKind;
use impasto_models::registry::Role;
use impasto_models::{Meaning, Models, PullOptions, Wanted};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::error::{OrRaise, error};
use crate::watch::Watch;

/// Reports a download to Python: the share of each file's bytes that has arrived.
struct Transfer<'a>(&'a Watch);

impl impasto_models::Watch for Transfer<'_> {
    fn progress(&self, _file: &str, done: u64, total: Option<u64>) {
        if let Some(total) = total {
            self.0.tell(done as f64 / total.max(1) as f64);
        }
    }

    fn cancelled(&self) -> bool {
        impasto::Control::cancelled(self.0)
    }
}

/// Resolves names or web addresses of models to paths, without downloading anything.
/// Models known to have another role are refused.
pub(crate) fn paths(words: Vec<PathBuf>, role: impl Into<Option<Role>>) -> impasto::Result<Vec<PathBuf>> {
    let role = role.into();
    if words.iter().all(|word| word.exists()) {
        return Ok(words);
    }
    let models = Models::from_environment()?;
    let mut found = Vec::new();
    for word in words {
        let meaning = models.find(&word)?;
        if let (Some(role), Some(known)) = (role, models.role(&word))
            && role != known
        {
            let names = models.registry.names(role).into_iter().take(3).collect::<Vec<_>>().join(", ");
            let text = format!(
                "{}: this is {}: give it to {}. {} takes {}, for example {names}",
                word.display(),
                known.described(),
                taker(known),
                taker(role),
                role.described(),
            );
            return Err(impasto::Error::new(ErrorKind::InvalidArgument, text));
        }
        match meaning {
            Meaning::Here(paths) => found.extend(paths),
            Meaning::Absent(wanted) => {
                // A model that no registry lists has no name that would resolve to it, only its address.
                let name = if wanted.listed { wanted.name().to_owned() } else { word.display().to_string() };
                let text = format!(
                    "{}: this model is not on this machine; download it with impasto.models.pull({name:?})",
                    word.display()
                );
                return Err(impasto::Error::new(ErrorKind::Unsupported, text));
            }
        }
    }
    Ok(found)
}

/// The argument that takes models with this role.
fn taker(role: Role) -> &'static str {
    match role {
        Role::Perceptual => "Optimizer(perceptual=…)",
        _ => "Stylizer(model=…)",
    }
}

/// Downloads a model into the cache, unless it is there already, and returns the paths to open.
#[pyfunction]
#[pyo3(signature = (name, *, offline=false, accept_non_commercial=false, progress=None))]
pub(crate) fn model_pull(
    py: Python<'_>,
    name: &str,
    offline: bool,
    accept_non_commercial: bool,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Vec<PathBuf>> {
    let watch = Watch::new(progress, "download")?;
    watch.run(py, || {
        let models = Models::from_environment()?;
        let wanted = match models.registry.find(name) {
            Some(entry) => Wanted::listed(entry.clone()),
            None => match models.find(name.as_ref())? {
                Meaning::Absent(wanted) => *wanted,
                Meaning::Here(paths) if paths.iter().all(|path| path.exists()) => return Ok(paths),
                Meaning::Here(_) => {
                    let text = format!("{name}: no model has this name; see impasto.models.list()");
                    return Err(impasto::Error::new(ErrorKind::InvalidArgument, text));
                }
            },
        };
        let options = PullOptions::default().offline(offline).accept_non_commercial(accept_non_commercial);
        Ok(models.pull(&wanted, &options, &Transfer(&watch))?.paths())
    })
}

/// The paths of a model on this machine, by its name or web address.
#[pyfunction]
pub(crate) fn model_path(name: PathBuf) -> PyResult<Vec<PathBuf>> {
    let found = paths(vec![name.clone()], None).or_raise()?;
    match found.iter().all(|path| path.exists()) {
        true => Ok(found),
        false => {
            Err(error(ErrorKind::Io, format!("{}: no file or model has this name; see impasto.models.list()", name.display())))
        }
    }
}

/// Published and downloaded models, as a dictionary each.
#[pyfunction]
pub(crate) fn model_list(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
    let models = Models::from_environment().or_raise()?;
    let list = PyList::empty(py);
    let add = |name: &str, facts: Facts<'_>| {
        let item = PyDict::new(py);
        item.set_item("name", name)?;
        item.set_item("title", facts.title)?;
        let role = match facts.role {
            Role::Perceptual => "perceptual",
            _ => "model",
        };
        item.set_item("role", role)?;
        item.set_item("licence", facts.licence)?;
        item.set_item("non_commercial", facts.non_commercial)?;
        item.set_item("bytes", facts.bytes)?;
        item.set_item("known", facts.known)?;
        item.set_item("downloaded", facts.downloaded)?;
        list.append(item)
    };
    let cached = models.cache().map(|cache| cache.all()).unwrap_or_default();
    for model in &cached {
        let receipt = &model.receipt;
        let facts = Facts {
            title: &receipt.title,
            role: receipt.role,
            licence: &receipt.licence,
            non_commercial: receipt.non_commercial,
            bytes: Some(receipt.bytes()),
            known: receipt.trust(),
            downloaded: true,
        };
        add(model.name(), facts)?;
    }
    for entry in models.registry.entries().iter().filter(|entry| models.cached(entry).is_none()) {
        let facts = Facts {
            title: &entry.title,
            role: entry.role,
            licence: &entry.licence,
            non_commercial: entry.non_commercial,
            bytes: entry.bytes(),
            known: entry.trust(),
            downloaded: false,
        };
        add(&entry.name, facts)?;
    }
    Ok(list)
}

/// What the list says about a model, apart from its name.
struct Facts<'a> {
    title: &'a str,
    role: Role,
    licence: &'a str,
    non_commercial: bool,
    bytes: Option<u64>,
    known: String,
    downloaded: bool,
}
