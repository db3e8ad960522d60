//! Measures of paintings: how near they are to style and content, and how much of them is an artifact of the network.
//!
//! Every measure is a plain function of pictures, or of pictures and a closure that paints one, so paintings of any
//! program can be measured. Each file has one measure, with its formula, unit and source. No measure says by itself
//! whether a painting is good: a painting trades style for content, and noise hides a lattice. Read them together, and
//! beside two controls: the content itself and the style itself.
//!
//! ```
//! use impasto::eval::{Yardstick, seen};
//! use impasto::engine::EngineOptions;
//! # use impasto::{Perceptual, Picture};
//! # let network = Perceptual::untrained("vgg 1x4 1x4 1x4 1x4".parse()?, 1)?;
//! # let picture = |shift: usize| {
//! #     Picture::from_rgb8([32, 24], &(0..32 * 24 * 3).map(|i| (i * 7 + i / 96 * shift) as u8).collect::<Vec<_>>())
//! # };
//! # let (content, style) = (picture(3)?, picture(5)?);
//!
//! let yardstick = Yardstick::new(&[network], EngineOptions::default())?;
//! let content = seen::short_side(&content, 24)?;
//! let style = seen::short_side(&style, 24)?;
//! let (content, style) = (yardstick.see(&content, &())?, yardstick.see(&style, &())?);
//! // A control: the content itself is no nearer to the style than it was, and loses nothing of the content.
//! let distances = yardstick.distances(&content, &content, &style)?;
//! assert!(distances.style > 0.0 && distances.content == 0.0);
//! # Ok::<(), impasto::Error>(())
//! ```

pub mod banding;
pub mod difference;
pub mod distances;
pub mod films;
pub mod halo;
pub mod lattice;
mod numbers;
pub mod pairs;
mod plane;
pub mod repetition;
pub mod seen;
pub mod shifts;
pub mod spectrum;
pub mod tone;

use crate::{Error, ErrorKind, Picture, Result};
pub use distances::{Distances, Features, LayerSource, Yardstick};
pub use plane::median;

fn same_size(painting: &Picture, content: &Picture) -> Result<()> {
    let (size, of) = ([painting.width(), painting.height()], [content.width(), content.height()]);
    if size == of {
        return Ok(());
    }
    let text = format!("a painting of {}×{} cannot be compared with a content of {}×{}", size[0], size[1], of[0], of[1]);
    Err(Error::new(ErrorKind::Mismatch, text))
}

/// Returns the share of the values' variance that the means of their groups explain: R², from 0 to 1.
fn explained(values: impl Iterator<Item = (usize, f64)>, groups: usize) -> f64 {
    let (mut number, mut sum, mut squares) = (vec![0.0; groups], vec![0.0; groups], 0.0);
    for (group, v) in values {
        number[group] += 1.0;
        sum[group] += v;
        squares += v * v;
    }
    let count = number.iter().sum::<f64>().max(1.0);
    let mean = sum.iter().sum::<f64>() / count;
    let between: f64 = number.iter().zip(&sum).map(|(n, sum): (&f64, &f64)| n * (sum / n.max(1.0) - mean).powi(2)).sum();
    between / (squares - count * mean * mean).max(1e-12)
}

#[cfg(test)]
mod tests {
    use crate::Picture;

    /// A picture without order. Its formula is easy to write in other languages.
    pub(super) fn scattered(width: usize, height: usize, seed: usize) -> Picture {
        let value = |i: usize| ((i * i * 31 + i * 17 * seed + seed) % 251) as u8;
        Picture::from_rgb8([width, height], &(0..width * height * 3).map(value).collect::<Vec<_>>()).unwrap()
    }
}
