//! Our own container: any file with named arrays and text metadata, as safetensors has. Arrays are canonical; the metadata says
//! what they are.
//!
//! | key | value |
//! | --- | --- |
//! | `impasto.format` | `1` |
//! | `impasto.family` | [`Family`] |
//! | `impasto.predictor`, `impasto.transformer` | [`Architecture`] of each network that is there |
//! | `impasto.predictor.source`, `impasto.transformer.source` | where its weights come from |
//! | `impasto.predictor.licence`, `impasto.transformer.licence` | under which terms |

use super::recognise::Found;
use super::{Architecture, Family, Kind, Model};
use crate::weights::Weights;
use crate::{Error, ErrorKind, Result};

const FORMAT: &str = "impasto.format";
const FAMILY: &str = "impasto.family";
const VERSION: &str = "1";

/// The networks that the metadata announces; `None` if the file is not a container.
pub(super) fn read_metadata(weights: &Weights) -> Result<Option<Vec<Found>>> {
    let Some(version) = weights.metadata.get(FORMAT) else { return Ok(None) };
    if version != VERSION {
        let text = format!("is a container of format {version:?}, and this version of Impasto reads format {VERSION}; update it");
        return Err(Error::new(ErrorKind::Unsupported, text));
    }
    let malformed = |text: String| Error::new(ErrorKind::Malformed, text);
    let family = weights.metadata.get(FAMILY).ok_or_else(|| malformed(format!("lacks the metadata {FAMILY:?}")))?;
    let family: Family = family.parse()?;
    let mut found = Vec::new();
    for kind in [Kind::Predictor, Kind::Transformer] {
        let key = key(kind);
        let Some(text) = weights.metadata.get(&key) else { continue };
        let architecture: Architecture = text.parse()?;
        if architecture.kind() != kind {
            return Err(malformed(format!("calls {text:?} its {}", kind.name())));
        }
        let about = |what: &str| weights.metadata.get(&format!("{key}.{what}")).cloned().unwrap_or_else(|| "unknown".into());
        found.push(Found { architecture, family: family.clone(), source: about("source"), licence: about("licence") });
    }
    Ok(Some(found))
}

/// The model's arrays, and the metadata that [`read_metadata`] reads.
pub(super) fn write(model: &Model) -> Weights {
    let mut out = Weights::new();
    out.metadata.insert(FORMAT.into(), VERSION.into());
    out.metadata.insert(FAMILY.into(), model.family.to_string());
    for network in model.networks() {
        let key = key(network.kind());
        out.metadata.insert(format!("{key}.source"), network.source.clone());
        out.metadata.insert(format!("{key}.licence"), network.licence.clone());
        out.metadata.insert(key, network.architecture.to_string());
        for (name, tensor) in network.weights.iter() {
            out.insert(name, tensor.clone());
        }
    }
    out
}

fn key(kind: Kind) -> String {
    match kind {
        Kind::Predictor => "impasto.predictor".into(),
        Kind::Transformer => "impasto.transformer".into(),
    }
}
