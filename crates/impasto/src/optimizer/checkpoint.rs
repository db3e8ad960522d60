//! Checkpoints of an optimization: a safetensors file with the picture, the method's state and the progress.

use std::collections::BTreeMap;

use super::{Initial, Losses, Optimization, OptimizeOptions, StylePicture};
use crate::picture::Mask;
use crate::weights::safetensors::{self, Precision};
use crate::weights::{Tensor, Weights};
use crate::{Error, ErrorKind, Perceptual, Picture, Result, Size};

const FORMAT: &str = "impasto.optimization";
/// Version 1 did not know the network and the steps, which decide the result, too.
const VERSION: &str = "2";
const FINGERPRINT: &str = "impasto.fingerprint";
const SCALE: &str = "impasto.scale";
const STEPS: &str = "impasto.steps";
const LOSSES: &str = "impasto.losses";
const PICTURE: &str = "picture";

/// Describes everything that decides the result, in few characters: options as text, pictures as checksums.
pub(super) fn fingerprint(
    options: &OptimizeOptions,
    (layers, network): (&[Vec<String>; 2], u32),
    content: &Picture,
    styles: &[StylePicture],
    initial: &Initial,
) -> String {
    // Threads and tiles are not part of it, nor are instruction sets, which differ only by rounding.
    let options = OptimizeOptions { max_memory: None, threads: 0, executor: None, ..options.clone() };
    let sum = |picture: &Picture| format!("{}×{}:{:08x}", picture.width(), picture.height(), checksum(picture.rgb()));
    let style = |style: &StylePicture| {
        let mask = style.mask.as_ref().map(|mask: &Mask| format!("{:08x}", mask.checksum()));
        format!("{}*{}@{}", sum(&style.picture), style.weight, mask.unwrap_or_default())
    };
    let initial = match initial {
        Initial::Picture(picture) => sum(picture),
        other => format!("{other:?}"),
    };
    let styles: Vec<String> = styles.iter().map(style).collect();
    format!("{options:?} {layers:?} {network:08x} {} {} {initial}", sum(content), styles.join(" "))
}

/// A checksum of a network: its graph, with the kind of pooling, and its weights.
pub(super) fn of_network(perceptual: &Perceptual) -> u32 {
    let graph = crc32c::crc32c(format!("{:?}", perceptual.graph()).as_bytes());
    perceptual.weights().iter().fold(graph, |sum, (name, tensor)| {
        let sum = crc32c::crc32c_append(sum, name.as_bytes());
        crc32c::crc32c_append(sum, &checksum(tensor.data()).to_le_bytes())
    })
}

fn checksum(values: &[f32]) -> u32 {
    values.iter().fold(0, |sum, v| crc32c::crc32c_append(sum, &v.to_le_bytes()))
}

/// Losses as text, four numbers for each step. They are read as exactly the same numbers, which JSON would not be.
fn text_of(losses: &[Losses]) -> String {
    let each = |l: &Losses| format!("{} {} {} {}", l.total, l.content, l.style, l.variation);
    losses.iter().map(each).collect::<Vec<_>>().join(" ")
}

fn losses_of(text: &str) -> Option<Vec<Losses>> {
    let numbers: Vec<f64> = text.split_whitespace().map(|number| number.parse().ok()).collect::<Option<_>>()?;
    let (steps, rest) = numbers.as_chunks::<4>();
    let losses = |&[total, content, style, variation]: &[f64; 4]| Losses { total, content, style, variation };
    rest.is_empty().then(|| steps.iter().map(losses).collect())
}

pub(super) fn write(optimization: &Optimization<'_>) -> Result<Vec<u8>> {
    let Size { width, height } = optimization.scales[optimization.scale];
    let mut file = Weights::new();
    file.metadata = BTreeMap::from([
        (FORMAT.into(), VERSION.into()),
        (FINGERPRINT.into(), optimization.fingerprint.clone()),
        (SCALE.into(), optimization.scale.to_string()),
        (STEPS.into(), optimization.steps.to_string()),
        (LOSSES.into(), text_of(&optimization.losses)),
    ]);
    file.insert(PICTURE, Tensor::new([height, width, 3], optimization.values.clone())?);
    for (name, values) in optimization.descent.state() {
        file.insert(name, Tensor::new([values.len()], values)?);
    }
    safetensors::to_bytes(&file, Precision::F32)
}

pub(super) fn restore(optimization: &mut Optimization<'_>, bytes: &[u8]) -> Result<()> {
    let malformed = |what: &str| Error::new(ErrorKind::Malformed, format!("is not a checkpoint of an optimization: {what}"));
    let mut file = safetensors::read(bytes).map_err(|e| malformed(&e.to_string()))?;
    let fact = |name: &str| file.metadata.get(name).cloned().ok_or_else(|| malformed(&format!("it lacks {name:?}")));
    if fact(FORMAT)? != VERSION {
        let text = "is a checkpoint from another version of Impasto; start again without it";
        return Err(Error::new(ErrorKind::Unsupported, text));
    }
    if fact(FINGERPRINT)? != optimization.fingerprint {
        let text = "is a checkpoint made with other pictures or options; give the same ones, or start again without it";
        return Err(Error::new(ErrorKind::Mismatch, text));
    }
    let number = |name: &str| fact(name)?.parse::<usize>().map_err(|e| malformed(&format!("{name:?}: {e}")));
    let (scale, steps) = (number(SCALE)?, number(STEPS)?);
    let &Size { width, height } = optimization.scales.get(scale).ok_or_else(|| malformed("its scale does not exist"))?;
    let losses = losses_of(&fact(LOSSES)?).ok_or_else(|| malformed("its losses are damaged"))?;
    let made = (0..scale).map(|scale| optimization.steps_at(scale)).sum::<usize>().saturating_add(steps);
    if losses.len() != made || steps > optimization.steps_at(scale) {
        return Err(malformed("it does not have the losses of each of its steps"));
    }
    let picture = file.remove(PICTURE).ok_or_else(|| malformed("it has no picture"))?;
    if picture.shape() != [height, width, 3] {
        return Err(malformed("its picture does not have the size of its scale"));
    }
    let names: Vec<String> = file.iter().map(|(name, _)| name.to_owned()).collect();
    let state = names.into_iter().filter_map(|name| file.remove(&name).map(|tensor| (name, tensor.into_data()))).collect();
    let values = picture.into_data();
    let mut descent = optimization.optimizer.descent(values.len());
    if !descent.restore(state, values.len()) {
        return Err(malformed("the state of its method is incomplete"));
    }
    (optimization.scale, optimization.steps, optimization.losses) = (scale, steps, losses);
    (optimization.values, optimization.descent, optimization.objective) = (values, descent, None);
    Ok(())
}
