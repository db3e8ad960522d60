//! Our own container: any file with named arrays and text metadata, such as safetensors.
//! Arrays are canonical, and the metadata describes them.
//!
//! | key | value |
//! | --- | --- |
//! | `impasto.format` | `1` |
//! | `impasto.family` | [`Family`] |
//! | `impasto.predictor`, `impasto.transformer`, `impasto.perceptual` | [`Architecture`] of each network in the file |
//! | `impasto.predictor.source`, … | the source of its weights |
//! | `impasto.predictor.licence`, … | their license |
//!
//! A file with only a perceptual network may lack the format and the family.

use super::recognise::Found;
use super::{Architecture, Family, Kind, Model};
use crate::weights::Weights;
use crate::{Error, ErrorKind, Result};

const FORMAT: &str = "impasto.format";
const FAMILY: &str = "impasto.family";
const VERSION: &str = "1";

/// Returns the networks that the metadata describes; `None` if the file is not a container.
pub(super) fn read_metadata(weights: &Weights) -> Result<Option<Vec<Found>>> {
    let Some(version) = weights.metadata.get(FORMAT) else {
        return match weights.metadata.contains_key(&key(Kind::Perceptual)) {
            true => networks(weights, &Family::Other("perceptual".into())).map(Some),
            false => Ok(None),
        };
    };
    if version != VERSION {
        let text =
            format!("is a container of format {version:?}, but this version of Impasto reads format {VERSION}; update Impasto");
        return Err(Error::new(ErrorKind::Unsupported, text));
    }
    let malformed = |text: String| Error::new(ErrorKind::Malformed, text);
    let family = weights.metadata.get(FAMILY).ok_or_else(|| malformed(format!("lacks the metadata {FAMILY:?}")))?;
    networks(weights, &family.parse()?).map(Some)
}

fn networks(weights: &Weights, family: &Family) -> Result<Vec<Found>> {
    let malformed = |text: String| Error::new(ErrorKind::Malformed, text);
    let mut found = Vec::new();
    for kind in Kind::ALL {
        let key = key(kind);
        let Some(text) = weights.metadata.get(&key) else { continue };
        let architecture: Architecture = text.parse()?;
        if architecture.kind() != kind {
            return Err(malformed(format!("lists {text:?} as its {}, which it is not", kind.name())));
        }
        let about = |what: &str| weights.metadata.get(&format!("{key}.{what}")).cloned().unwrap_or_else(|| "unknown".into());
        found.push(Found { architecture, family: family.clone(), source: about("source"), licence: about("licence") });
    }
    Ok(found)
}

/// Adds the metadata for arrays of networks from one source.
pub(super) fn describe(weights: &mut Weights, networks: &[Architecture], family: &Family, [source, licence]: [&str; 2]) {
    weights.metadata.insert(FORMAT.into(), VERSION.into());
    weights.metadata.insert(FAMILY.into(), family.to_string());
    for architecture in networks {
        let key = key(architecture.kind());
        weights.metadata.insert(format!("{key}.source"), source.into());
        weights.metadata.insert(format!("{key}.licence"), licence.into());
        weights.metadata.insert(key, architecture.to_string());
    }
}

/// Returns the model's arrays, with the metadata that [`read_metadata`] reads.
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
    format!("impasto.{}", kind.key())
}
