//! QOI ("quite OK image"), as specified in 2021 (qoiformat.org). The format is simple enough for a reader and a writer
//! of our own, which work row by row.

use super::{Holds, Output, Read, Row, Write};
use crate::picture::decode::{Colour, Raw, Samples, cut, sample_count};
use crate::picture::encode::rows::{Alpha, Layout, NextRows, incomplete};
use crate::picture::encode::sides;
use crate::picture::{EncodeOptions, Format, Limits, reserved};
use crate::{Error, ErrorKind, Result};

pub(super) const ROW: Row = Row {
    name: "QOI",
    id: "qoi",
    media_type: "image/qoi",
    extensions: &["qoi"],
    only_read: &[],
    detect: |head| head.starts_with(MAGIC),
    read: Read::Bytes(decode),
    write: Some(Write { encode, whole: false, most: u32::MAX as usize, holds: Holds { alpha: true, ..Holds::NOTHING } }),
};

const MAGIC: &[u8] = b"qoif";
/// Follows the last pixel.
const END: [u8; 8] = [0, 0, 0, 0, 0, 0, 0, 1];
/// The header's last byte for linear samples; 0 is sRGB. Encoders set it needlessly, so decoders ignore it.
const LINEAR: u8 = 1;

const RGB: u8 = 0xFE;
const RGBA: u8 = 0xFF;
/// In the upper two bits; the lower six hold more data.
const INDEX: u8 = 0;
const DIFF: u8 = 1;
const LUMA: u8 = 2;
const RUN: u8 = 3;
/// The longest run. The next two values would be `RGB` and `RGBA`.
const LONGEST: u8 = 62;

type Pixel = [u8; 4];

/// What encoder and decoder remember of earlier pixels.
struct Memory {
    last: Pixel,
    seen: [Pixel; 64],
}

impl Memory {
    fn new() -> Self {
        Memory { last: [0, 0, 0, 255], seen: [[0; 4]; 64] }
    }

    fn place([r, g, b, a]: Pixel) -> usize {
        let sum = usize::from(r) * 3 + usize::from(g) * 5 + usize::from(b) * 7 + usize::from(a) * 11;
        sum % 64
    }
}

fn decode(bytes: &[u8], limits: &Limits) -> Result<Raw> {
    let (Some(&[_, _, _, _, w3, w2, w1, w0, h3, h2, h1, h0, channels, space]), Some(mut data)) =
        (bytes.first_chunk(), bytes.get(14..))
    else {
        return Err(cut());
    };
    let [width, height] = [[w3, w2, w1, w0], [h3, h2, h1, h0]].map(u32::from_be_bytes);
    limits.check_pixels(u64::from(width), u64::from(height))?;
    if !matches!(channels, 3 | 4) || space > LINEAR {
        return Err(Error::new(ErrorKind::Malformed, "its header is damaged"));
    }
    let (width, height, channels) = (width as usize, height as usize, usize::from(channels));
    limits.check_decoded(width, height, channels)?;
    let count = sample_count(width, height, channels)?;
    // A byte stands for at most 62 pixels. Do not allocate space for more than a short file can hold.
    if count / channels > data.len().saturating_mul(usize::from(LONGEST)) {
        return Err(cut());
    }
    let mut samples = reserved(count)?;
    let mut memory = Memory::new();
    let mut run = 0;
    while samples.len() < count {
        if run == 0 {
            let pixel;
            (pixel, run, data) = next(&memory, data).ok_or_else(cut)?;
            memory.seen[Memory::place(pixel)] = pixel;
            memory.last = pixel;
        }
        run -= 1;
        samples.extend_from_slice(&memory.last[..channels]);
    }
    let mut raw = Raw::new(width, height, Colour::Rgb, channels == 4, Samples::U8(samples));
    if run > 0 {
        return Err(Error::new(ErrorKind::Malformed, "it holds more pixels than its header says"));
    }
    if !data.starts_with(&END) {
        raw.warnings.push(crate::picture::decode::ENDS_EARLY.into());
    }
    if space == LINEAR {
        raw.warnings.push("its header says that it is in linear light; like other programs, Impasto takes it as sRGB".into());
    }
    Ok(raw)
}

/// Returns the next pixel, its number of repetitions, and the rest of the data.
fn next<'a>(memory: &Memory, data: &'a [u8]) -> Option<(Pixel, u8, &'a [u8])> {
    let [r, g, b, a] = memory.last;
    let (&first, rest) = data.split_first()?;
    let low = first & 0x3F;
    Some(match (first, first >> 6) {
        (RGB, _) => {
            let (&[r, g, b], rest) = rest.split_first_chunk()?;
            ([r, g, b, a], 1, rest)
        }
        (RGBA, _) => {
            let (pixel, rest) = rest.split_first_chunk()?;
            (*pixel, 1, rest)
        }
        (_, INDEX) => (memory.seen[usize::from(low)], 1, rest),
        (_, DIFF) => {
            let moved = |v: u8, shift: u8| v.wrapping_add(low >> shift & 3).wrapping_sub(2);
            ([moved(r, 4), moved(g, 2), moved(b, 0), a], 1, rest)
        }
        (_, LUMA) => {
            let (&second, rest) = rest.split_first()?;
            let green = low.wrapping_sub(32);
            let moved = |v: u8, by: u8| v.wrapping_add(green).wrapping_add(by).wrapping_sub(8);
            ([moved(r, second >> 4), g.wrapping_add(green), moved(b, second & 15), a], 1, rest)
        }
        _ => (memory.last, low + 1, rest),
    })
}

fn encode(layout: &Layout, _: &EncodeOptions, next: NextRows<'_>, out: &mut dyn Output) -> Result<()> {
    let (width, height): (u32, u32) = sides(layout, Format::Qoi)?;
    let channels = layout.channels();
    out.write_all(&[MAGIC, &width.to_be_bytes(), &height.to_be_bytes(), &[channels as u8, 0]].concat())?;
    let mut memory = Memory::new();
    let (mut run, mut left) = (0, layout.width * layout.height);
    while left > 0 {
        let rows = next()?.ok_or_else(incomplete)?;
        let mut packed = Vec::with_capacity(rows.len());
        for samples in rows.chunks_exact(channels) {
            let alpha = if layout.alpha == Alpha::Kept { samples[3] } else { 255 };
            let pixel = [samples[0], samples[1], samples[2], alpha];
            left -= 1;
            if pixel == memory.last {
                run += 1;
                if run == LONGEST || left == 0 {
                    packed.push(RUN << 6 | (run - 1));
                    run = 0;
                }
                continue;
            }
            if run > 0 {
                packed.push(RUN << 6 | (run - 1));
                run = 0;
            }
            put(&mut memory, pixel, &mut packed);
        }
        out.write_all(&packed)?;
    }
    out.write_all(&END)?;
    Ok(())
}

/// Writes a pixel that differs from the last one.
fn put(memory: &mut Memory, pixel: Pixel, packed: &mut Vec<u8>) {
    let place = Memory::place(pixel);
    let [r, g, b, a] = memory.last;
    memory.last = pixel;
    if memory.seen[place] == pixel {
        packed.push(INDEX << 6 | place as u8);
        return;
    }
    memory.seen[place] = pixel;
    if pixel[3] != a {
        packed.push(RGBA);
        packed.extend(pixel);
        return;
    }
    let [dr, dg, db] = [pixel[0].wrapping_sub(r), pixel[1].wrapping_sub(g), pixel[2].wrapping_sub(b)];
    let small = [dr, dg, db].map(|v| v.wrapping_add(2));
    let (green, red, blue) = (dg.wrapping_add(32), dr.wrapping_sub(dg).wrapping_add(8), db.wrapping_sub(dg).wrapping_add(8));
    if small.iter().all(|&v| v < 4) {
        packed.push(DIFF << 6 | small[0] << 4 | small[1] << 2 | small[2]);
    } else if green < 64 && red < 16 && blue < 16 {
        packed.extend([LUMA << 6 | green, red << 4 | blue]);
    } else {
        packed.push(RGB);
        packed.extend(&pixel[..3]);
    }
}
