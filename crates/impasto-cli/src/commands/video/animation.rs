//! Reads animated GIF, WebP and PNG files without ffmpeg.

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use image::AnimationDecoder;
use image::codecs::{gif::GifDecoder, png::PngDecoder, webp::WebPDecoder};
use impasto::{Error, ErrorKind, Picture};

use impasto::Size;
use impasto_film::{Rate, Timing};

use crate::failure::{Failure, Result};

/// In microseconds. Browsers show a frame with a shorter delay,
/// such as 0 or 1 hundredths in a GIF, for a tenth of a second.
const SHORTEST: u64 = 20_000;
const INSTEAD: u64 = 100_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Gif,
    Png,
    WebP,
}

/// The facts about an animation.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    pub(super) size: Size,
    pub(super) frames: usize,
    pub(super) timing: Timing,
    pub(super) alpha: bool,
}

type Decoded = Box<dyn Iterator<Item = image::ImageResult<image::Frame>>>;
/// Number of frames that are decoded in advance.
const AHEAD: usize = 2;

/// Examines a file; `None` if it is not an animation of these kinds. Reads all frames once, for their times.
pub(super) fn look(path: &Path) -> Result<Option<Facts>> {
    let about = |e: &dyn std::fmt::Display| Failure::failed(format!("{}: {e}", path.display()));
    let Some(kind) = File::open(path)
        .map_err(|e| about(&format!("cannot be read: {e}")))
        .and_then(|file| sniff(file).map_err(|e| about(&e)))?
    else {
        return Ok(None);
    };
    let mut facts = Facts { size: Size { width: 0, height: 0 }, frames: 0, timing: Timing::Variable(Vec::new()), alpha: false };
    let (mut time, mut times, mut delays) = (0, Vec::new(), Vec::new());
    for frame in decoded(path, kind).map_err(|e| about(&e))? {
        let frame = frame.map_err(|e| about(&format!("is damaged: {e}")))?;
        let (numerator, denominator) = frame.delay().numer_denom_ms();
        let delay = u64::from(numerator) * 1000 / u64::from(denominator.max(1));
        let delay = if delay < SHORTEST { INSTEAD } else { delay };
        let buffer = frame.buffer();
        facts.size = Size { width: buffer.width() as usize, height: buffer.height() as usize };
        facts.alpha |= buffer.pixels().any(|pixel| pixel.0[3] < 255);
        times.push(time);
        delays.push(delay);
        time += delay;
    }
    facts.frames = delays.len();
    facts.timing = match delays.first() {
        None => return Err(about(&"has no frames")),
        Some(&first) if delays.iter().all(|&delay| delay == first) => {
            Timing::Constant(Rate { frames: 1_000_000, seconds: first })
        }
        Some(_) => {
            // With the time at which the last frame ends.
            times.push(time);
            Timing::Variable(times)
        }
    };
    Ok(Some(facts))
}

/// Returns all frames, each a whole picture.
pub(super) fn frames(path: &Path) -> Result<impl Iterator<Item = impasto::Result<Picture>> + Send + use<>> {
    let about = |e: &dyn std::fmt::Display| Failure::failed(format!("{}: {e}", path.display()));
    let file = File::open(path).map_err(|e| about(&e))?;
    let kind = sniff(file).map_err(|e| about(&e))?.ok_or_else(|| about(&"is not an animation"))?;
    let (give, take) = std::sync::mpsc::sync_channel(AHEAD);
    let path = path.to_owned();
    // The decoders stay on one thread.
    std::thread::spawn(move || {
        let damaged = |e| Error::new(ErrorKind::Malformed, format!("{}: is damaged: {e}", path.display()));
        match decoded(&path, kind) {
            Ok(frames) => {
                for frame in frames {
                    // The receiver may be gone.
                    if give.send(frame.map_err(damaged).and_then(|frame| picture(&frame.into_buffer()))).is_err() {
                        break;
                    }
                }
            }
            Err(e) => drop(give.send(Err(damaged(e)))),
        }
    });
    Ok(take.into_iter())
}

fn picture(frame: &image::RgbaImage) -> impasto::Result<Picture> {
    let rgb: Vec<u8> = frame.pixels().flat_map(|pixel| [pixel.0[0], pixel.0[1], pixel.0[2]]).collect();
    let alpha: Vec<f32> = frame.pixels().map(|pixel| f32::from(pixel.0[3]) / 255.0).collect();
    Picture::from_rgb8([frame.width() as usize, frame.height() as usize], &rgb)?.with_alpha(alpha)
}

/// Detects the kind from the first bytes. PNG and WebP files that are not animated have none.
fn sniff(mut file: impl Read + Seek) -> std::io::Result<Option<Kind>> {
    let mut start = Vec::new();
    file.by_ref().take(4096).read_to_end(&mut start)?;
    let has = |sign: &[u8]| start.windows(sign.len()).any(|window| window == sign);
    Ok(match start.as_slice() {
        [b'G', b'I', b'F', b'8', ..] => Some(Kind::Gif),
        [0x89, b'P', b'N', b'G', ..] if has(b"acTL") => Some(Kind::Png),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] if has(b"ANIM") => Some(Kind::WebP),
        _ => None,
    })
}

fn decoded(path: &Path, kind: Kind) -> image::ImageResult<Decoded> {
    let file = BufReader::new(File::open(path)?);
    let frames = match kind {
        Kind::Gif => GifDecoder::new(file)?.into_frames(),
        Kind::Png => PngDecoder::new(file)?.apng()?.into_frames(),
        Kind::WebP => WebPDecoder::new(file)?.into_frames(),
    };
    Ok(Box::new(frames))
}
