//! Checkpoints of learning: a safetensors file with the parameters, Adam's state and the number of steps.

use super::contents::Contents;
use super::{LearnOptions, Learner};
use crate::weights::safetensors::{self, Precision};
use crate::weights::{Tensor, Weights};
use crate::{Error, ErrorKind, Picture, Result, Style};

const FORMAT: &str = "impasto.learning";
const VERSION: &str = "1";
const FINGERPRINT: &str = "impasto.fingerprint";
const STEPS: &str = "impasto.steps";
const DRAWN: &str = "impasto.drawn";

/// Describes everything that decides what is learned, in few characters: options as text, pictures as checksums.
pub(super) fn fingerprint(
    options: &LearnOptions,
    model: &str,
    start: &Style,
    pictures: &[Picture],
    contents: &Contents,
) -> String {
    let sum = |values: &[f32]| values.iter().fold(0, |sum, v| crc32c::crc32c_append(sum, &v.to_le_bytes()));
    let sums = |pictures: &[Picture]| -> Vec<String> {
        pictures.iter().map(|picture| format!("{}×{}:{:08x}", picture.width(), picture.height(), sum(picture.rgb()))).collect()
    };
    let (styles, contents) = (sums(pictures).join(" "), sums(contents.pictures()).join(" "));
    format!("{options:?} {model} {:08x} {styles} on {contents}", sum(start.vector()))
}

pub(super) fn write(learner: &Learner) -> Result<Vec<u8>> {
    let mut file = Weights::new();
    let facts = [
        (FORMAT, VERSION.to_owned()),
        (FINGERPRINT, learner.fingerprint.clone()),
        (STEPS, learner.steps.to_string()),
        (DRAWN, learner.contents.drawn.to_string()),
    ];
    file.metadata.extend(facts.map(|(key, value)| (key.to_owned(), value)));
    let adam = &learner.adam;
    for (name, values) in
        [("values", &learner.parameters.values), ("first", &adam.first), ("second", &adam.second), ("average", &adam.average)]
    {
        file.insert(name, Tensor::new([values.len()], values.clone())?);
    }
    safetensors::to_bytes(&file, Precision::F32)
}

pub(super) fn restore(learner: &mut Learner, bytes: &[u8]) -> Result<()> {
    let malformed = |what: &str| Error::new(ErrorKind::Malformed, format!("is not a checkpoint of a style that learns: {what}"));
    let mut file = safetensors::read(bytes).map_err(|e| malformed(&e.to_string()))?;
    let fact = |name: &str| file.metadata.get(name).cloned().ok_or_else(|| malformed(&format!("it lacks {name:?}")));
    if fact(FORMAT)? != VERSION {
        let text = "is a checkpoint from another version of Impasto; start again without it";
        return Err(Error::new(ErrorKind::Unsupported, text));
    }
    if fact(FINGERPRINT)? != learner.fingerprint {
        let text = "is a checkpoint made with other pictures, contents or options; give the same ones, or start again without it";
        return Err(Error::new(ErrorKind::Mismatch, text));
    }
    let number = |name: &str| fact(name)?.parse::<u64>().map_err(|e| malformed(&format!("{name:?}: {e}")));
    let (steps, drawn) = (number(STEPS)?, number(DRAWN)?);
    let len = learner.parameters.values.len();
    let mut array = |name: &str| {
        let found = file.remove(name).map(Tensor::into_data).filter(|values| values.len() == len);
        found.ok_or_else(|| malformed(&format!("its {name:?} are incomplete")))
    };
    let (values, first, second, average) = (array("values")?, array("first")?, array("second")?, array("average")?);
    learner.parameters.values = values;
    learner.adam = super::Adam { steps, first, second, average };
    (learner.steps, learner.contents.drawn) = (steps, drawn);
    Ok(())
}
