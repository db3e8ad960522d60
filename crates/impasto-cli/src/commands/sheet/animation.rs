//! Animated files: GIF, which every program shows, and PNG, in full color.

use std::path::Path;

use color_quant::NeuQuant;
use impasto::Picture;

use crate::failure::{Failure, Result};
use impasto::Size;

/// A format of animations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::commands) enum Kind {
    Gif,
    Png,
}

impl Kind {
    /// Detects the format from the extension.
    ///
    /// # Errors
    /// Wrong usage if the extension is of neither format.
    pub(in crate::commands) fn of(path: &Path) -> Result<Self> {
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
        match extension.as_deref() {
            Some("gif") => Ok(Kind::Gif),
            Some("png" | "apng") => Ok(Kind::Png),
            _ => Err(Failure::usage(format!("{}: an animation's name ends in .gif or .png", path.display()))),
        }
    }
}

/// An animation that repeats forever, written frame by frame.
pub(in crate::commands) enum Animation {
    Gif(gif::Encoder<Vec<u8>>),
    Png(Png),
}

/// A PNG encoder. It owns its writer, so the bytes are shared with it.
pub(in crate::commands) struct Png {
    writer: png::Writer<Shared>,
    bytes: Shared,
}

impl Animation {
    /// Starts an animation of `frames` frames.
    ///
    /// # Errors
    /// If the format has no room for pictures of this size.
    pub(in crate::commands) fn new(kind: Kind, size: Size, frames: usize) -> Result<Self> {
        let Size { width, height } = size;
        match kind {
            Kind::Gif => {
                let (Ok(wide), Ok(high)) = (u16::try_from(width), u16::try_from(height)) else {
                    return Err(Failure::failed(format!(
                        "{width}×{height} pixels are more than a GIF can hold (65535 a side); make it smaller with --size"
                    )));
                };
                let mut encoder = gif::Encoder::new(Vec::new(), wide, high, &[]).map_err(Failure::failed)?;
                encoder.set_repeat(gif::Repeat::Infinite).map_err(Failure::failed)?;
                Ok(Animation::Gif(encoder))
            }
            Kind::Png => {
                let side = |n: usize| u32::try_from(n).map_err(Failure::failed);
                let bytes = Shared::default();
                let mut encoder = png::Encoder::new(bytes.clone(), side(width)?, side(height)?);
                encoder.set_color(png::ColorType::Rgb);
                encoder.set_depth(png::BitDepth::Eight);
                encoder.set_animated(side(frames)?, 0).map_err(Failure::failed)?;
                encoder.set_source_srgb(png::SrgbRenderingIntent::Perceptual);
                Ok(Animation::Png(Png { writer: encoder.write_header().map_err(Failure::failed)?, bytes }))
            }
        }
    }

    /// Adds a picture that is shown for this many hundredths of a second. A GIF shows what is less than half opaque as
    /// fully transparent; a PNG is opaque.
    pub(in crate::commands) fn add(&mut self, picture: &Picture, hundredths: u16) -> Result {
        let rgb = picture.to_rgb8()?;
        match self {
            Animation::Gif(encoder) => {
                let mut frame = paletted(&rgb, picture.alpha(), picture.size());
                frame.delay = hundredths;
                encoder.write_frame(&frame).map_err(Failure::failed)
            }
            Animation::Png(Png { writer, .. }) => {
                writer.set_frame_delay(hundredths, 100).map_err(Failure::failed)?;
                writer.write_image_data(&rgb).map_err(Failure::failed)
            }
        }
    }

    /// Ends the animation, and returns the file's bytes.
    pub(in crate::commands) fn finish(self) -> Result<Vec<u8>> {
        match self {
            Animation::Gif(encoder) => encoder.into_inner().map_err(Failure::failed),
            Animation::Png(Png { writer, bytes }) => {
                writer.finish().map_err(Failure::failed)?;
                Ok(bytes.take())
            }
        }
    }
}

/// The palette is chosen from one in so many pixels: from all of them, because rare colors would be lost otherwise.
const SAMPLING: i32 = 1;
/// The whole range of the dithering, in steps of 255: about the distance between neighboring colors of a palette.
const SPREAD: i32 = 14;

/// Alpha from which on a pixel of a GIF is opaque.
const OPAQUE: f32 = 0.5;

/// Makes a frame with its own palette of 256 colors; of 255, and one for what is transparent, if there is alpha. The
/// dithering pattern is the same for every frame, so that areas without motion do not flicker. Error diffusion would
/// swim.
fn paletted(rgb: &[u8], alpha: Option<&[f32]>, Size { width, height }: Size) -> gif::Frame<'static> {
    let opaque = |i: usize| alpha.is_none_or(|alpha| alpha[i] >= OPAQUE);
    let colors = if alpha.is_some() { 255 } else { 256 };
    let pixels = rgb.as_chunks::<3>().0;
    let seen = pixels.iter().enumerate().filter(|(i, _)| opaque(*i));
    let mut rgba: Vec<u8> = seen.flat_map(|(_, [r, g, b])| [*r, *g, *b, 255]).collect();
    if rgba.is_empty() {
        rgba.extend([0, 0, 0, 255]);
    }
    let quantiser = NeuQuant::new(SAMPLING, colors, &rgba);
    let mut indices = Vec::with_capacity(width * height);
    for (i, pixel) in pixels.iter().enumerate() {
        if !opaque(i) {
            indices.push(colors as u8);
            continue;
        }
        let shift = (bayer(i % width, i / width) * 2 - 63) * SPREAD / 126;
        let [r, g, b] = pixel.map(|v| (i32::from(v) + shift).clamp(0, 255) as u8);
        indices.push(quantiser.index_of(&[r, g, b, 255]) as u8);
    }
    let mut palette = quantiser.color_map_rgb();
    palette.resize(256 * 3, 0);
    gif::Frame {
        // The encoder has checked that they fit.
        width: width as u16,
        height: height as u16,
        buffer: indices.into(),
        palette: Some(palette),
        transparent: alpha.map(|_| colors as u8),
        // What is transparent must not show the frame before.
        dispose: if alpha.is_some() { gif::DisposalMethod::Background } else { gif::DisposalMethod::Keep },
        ..gif::Frame::default()
    }
}

/// Returns an entry of the 8×8 matrix for ordered dithering (Bayer 1973), in
/// 0..64: the bits of x xor y and y, interleaved from the lowest.
fn bayer(x: usize, y: usize) -> i32 {
    let (a, b) = ((x ^ y) & 7, y & 7);
    (0..3).fold(0, |value, bit| value << 2 | (a >> bit & 1) << 1 | (b >> bit & 1)) as i32
}

/// Bytes that an encoder writes and its owner takes.
#[derive(Clone, Default)]
pub(in crate::commands) struct Shared(std::rc::Rc<std::cell::RefCell<Vec<u8>>>);

impl Shared {
    fn take(&self) -> Vec<u8> {
        self.0.take()
    }
}

impl std::io::Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Kind, bayer, paletted};

    #[test]
    fn every_step_of_the_pattern_is_there_once() {
        let mut steps: Vec<_> = (0..64).map(|i| bayer(i % 8, i / 8)).collect();
        assert_eq!(&steps[..4], [0, 32, 8, 40]);
        steps.sort_unstable();
        assert_eq!(steps, (0..64).collect::<Vec<_>>());
    }

    #[test]
    fn palettes_keep_smooth_ramps() {
        // A ramp of 256 × 64 colors, far more than a palette has.
        let (width, height) = (256, 64);
        let rgb: Vec<u8> = (0..width * height).flat_map(|i| [(i % width) as u8, (i / width * 4) as u8, 128]).collect();
        let frame = paletted(&rgb, None, impasto::Size { width, height });
        let palette = frame.palette.as_ref().unwrap();
        let mut errors = Vec::new();
        for block in 0..width / 8 * (height / 8) {
            let (left, top) = (block % (width / 8) * 8, block / (width / 8) * 8);
            for channel in 0..3 {
                let sum = |value: &dyn Fn(usize) -> u8| -> f64 {
                    (0..64).map(|i| f64::from(value((top + i / 8) * width + left + i % 8))).sum::<f64>() / 64.0
                };
                let before = sum(&|i| rgb[i * 3 + channel]);
                let after = sum(&|i| palette[usize::from(frame.buffer[i]) * 3 + channel]);
                errors.push((before - after).abs());
            }
        }
        let worst = errors.iter().copied().fold(0.0, f64::max);
        let mean = errors.iter().sum::<f64>() / errors.len() as f64;
        eprintln!("means of blocks are off by {mean:.2} on average, {worst:.2} at worst");
        // The largest errors are at the corners of the color cube, which the
        // quantizer's means do not reach: a sixteenth of the range.
        assert!(mean < 2.0 && worst < 16.0, "{mean} {worst}");
    }

    #[test]
    fn kinds_are_known_by_extension() {
        assert_eq!(Kind::of(Path::new("a.GIF")).unwrap(), Kind::Gif);
        assert_eq!(Kind::of(Path::new("a.png")).unwrap(), Kind::Png);
        assert!(Kind::of(Path::new("a.jpg")).is_err() && Kind::of(Path::new("gif")).is_err());
    }
}
