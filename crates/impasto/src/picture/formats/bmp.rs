//! Windows bitmaps.

use std::borrow::Cow;
use std::io::Cursor;

use image::codecs::bmp::BmpDecoder;

use super::{Read, Row};
use crate::picture::decode::{Raw, cut, library};
use crate::picture::{Density, Limits};
use crate::{Error, ErrorKind, Result};

pub(super) const ROW: Row = Row {
    name: "BMP",
    id: "bmp",
    media_type: "image/bmp",
    extensions: &["bmp", "dib"],
    only_read: &[],
    detect,
    read: Read::Bytes(decode),
    write: None,
};

/// Texts may also start with the two letters, but not with a valid size of the second header, which identifies its
/// version.
fn detect(head: &[u8]) -> bool {
    let second = head.get(14..18).map(|size| u32::from_le_bytes([size[0], size[1], size[2], size[3]]));
    head.starts_with(b"BM") && second.is_none_or(|size| (12..=256).contains(&size))
}

fn decode(bytes: &[u8], limits: &Limits) -> Result<Raw> {
    let bytes = of_windows(bytes)?;
    let decoder = BmpDecoder::new(Cursor::new(&bytes[..])).map_err(library::error)?;
    let mut raw = library::decode(decoder, limits)?;
    library::unhide(&mut raw);
    colours(&bytes, &mut raw);
    Ok(raw)
}

/// Reads the resolution and, from the second header of Windows 95 and later, the color space.
fn colours(bytes: &[u8], raw: &mut Raw) {
    const HEADER: usize = 14;
    let number = |at: usize| Some(u32::from_le_bytes(*bytes.get(HEADER + at..)?.first_chunk()?));
    let size = number(0).unwrap_or(0);
    if size >= 40 {
        raw.metadata.density = number(24).zip(number(28)).and_then(|(x, y)| Density::per_metre(x, y));
    }
    let Some(space) = number(56).filter(|_| size >= 108) else { return };
    let embedded = || {
        let [at, len] = [number(112)?, number(116)?].map(|n| n as usize);
        bytes.get(HEADER.checked_add(at)?..)?.get(..len)
    };
    match &space.to_be_bytes() {
        b"MBED" if size >= 124 => match embedded() {
            Some(icc) => raw.icc = Some(icc.to_vec()),
            None => raw.warnings.push("the embedded color profile is cut off; colors are taken as sRGB".into()),
        },
        b"LINK" => raw.warnings.push("its color profile is in another file, which is not read; colors are taken as sRGB".into()),
        // Calibrated: the primaries' x, y and z in 2.30 fixed point. Many writers leave zeros or write sRGB's.
        [0, 0, 0, 0] => {
            let place = |i: usize| number(60 + 4 * i).map(|v| f64::from(v) / f64::from(1 << 30));
            let primaries = [(0, 0.64, 0.33), (3, 0.30, 0.60), (6, 0.15, 0.06)];
            let far = |v: Option<f64>, wanted: f64| v.is_some_and(|v| v > 0.0 && (v - wanted).abs() > 0.01);
            if primaries.iter().any(|&(i, x, y)| far(place(i), x) || far(place(i + 1), y)) {
                raw.warnings.push("its calibrated color space is not supported; colors are taken as sRGB".into());
            }
        }
        _ => {}
    }
}

/// Returns a file of OS/2 2.x as one of Windows. Its second header begins like the 40 bytes of Windows 3. It stops
/// after 16 of them, or has 24 more that say nothing about pixels.
fn of_windows(bytes: &[u8]) -> Result<Cow<'_, [u8]>> {
    let number = |at: usize| Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
    let Some(size @ (16 | 64)) = number(14) else { return Ok(bytes.into()) };
    let size = size as usize;
    let (Some(pixels), Some(header)) = (number(10), bytes.get(18..14 + size)) else { return Err(cut()) };
    // There, 3 and 4 are Huffman codes and runs of 24-bit pixels. Windows uses the same numbers for other things.
    if size == 64 && number(30).is_some_and(|compression| compression > 2) {
        return Err(Error::new(ErrorKind::Unsupported, "this compression of OS/2 is not supported; save it again as PNG"));
    }
    let pixels = pixels.wrapping_sub(size as u32).wrapping_add(40);
    let mut out = [&bytes[..10], &pixels.to_le_bytes(), &40u32.to_le_bytes(), &header[..header.len().min(36)]].concat();
    out.resize(14 + 40, 0);
    out.extend_from_slice(&bytes[14 + size..]);
    Ok(out.into())
}
