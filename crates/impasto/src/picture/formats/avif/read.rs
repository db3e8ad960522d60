//! Reading AVIF: the primary picture, whole or in tiles, with alpha.

use re_rav1d::dav1d::{Decoder, Error as Av1Error, Picture, PixelLayout, Settings};

use super::container::{Container, Item, Property, malformed};
use super::planes::{self, Coding, unsupported};
use super::sequence::{self, Stated};
use crate::picture::convert::Level;
use crate::picture::decode::linear::{self, Hdr};
use crate::picture::decode::{ANIMATION, Colour, Raw, Samples, code_points, cut, orientation, sample_count};
use crate::picture::metadata::Metadata;
use crate::picture::{Limits, zeros};
use crate::{Error, ErrorKind, Result};

/// Names of the alpha picture's type.
const ALPHA: [&[u8]; 2] = [b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1"];
/// The item type of a picture made of tiles in ISO/IEC 23008-12.
const GRID: &[u8; 4] = b"grid";

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Raw> {
    let container = Container::read(bytes)?;
    let primary = container.primary()?;
    let properties = container.properties(primary)?;
    for property in &properties {
        if let Property::Size([width, height]) = property {
            limits.check_pixels(u64::from(*width), u64::from(*height))?;
        }
    }
    let tiles = Tiles::decode(&container, primary, limits)?;
    let is_alpha = |item: &&Item| {
        let of = container.properties(item).unwrap_or_default();
        of.iter().any(|property| matches!(property, Property::Auxiliary(kind) if ALPHA.contains(&kind.as_slice())))
    };
    let alpha = container.referring(b"auxl", primary.id).find(is_alpha);
    let premultiplied = alpha.is_some_and(|alpha| container.referred(b"prem", primary.id).contains(&alpha.id));
    let alpha = alpha.map(|alpha| Tiles::decode(&container, alpha, limits)).transpose()?;
    let named = properties.iter().find_map(|property| match property {
        Property::Colour(points, full_range) => Some((*points, *full_range)),
        _ => None,
    });
    let coding = named.map(|([.., matrix], full_range)| Coding { matrix, full_range });

    let deep = tiles.deep() || alpha.as_ref().is_some_and(Tiles::deep);
    let mut raw = if deep {
        let (samples, colour) = samples::<u16>(&tiles, alpha.as_ref(), coding, limits)?;
        Raw::new(tiles.size[0], tiles.size[1], colour, alpha.is_some(), Samples::U16(samples))
    } else {
        let (samples, colour) = samples::<u8>(&tiles, alpha.as_ref(), coding, limits)?;
        Raw::new(tiles.size[0], tiles.size[1], colour, alpha.is_some(), Samples::U8(samples))
    };
    raw.premultiplied = premultiplied;
    raw.metadata = Metadata { exif: container.exif(primary.id), xmp: container.xmp(primary.id), ..Metadata::default() };
    raw.metadata.exif = raw.metadata.exif.take().map(orientation::exif_block);
    if container.is_sequence {
        raw.warnings.push(ANIMATION.into());
    }
    place(&properties, &mut raw)?;
    let icc = properties.iter().find_map(|property| match property {
        Property::Icc(icc) => Some(icc.clone()),
        _ => None,
    });
    let stated = tiles.frames[0].stated;
    let [primaries, transfer] =
        named.map_or([stated.primaries, stated.transfer], |([primaries, transfer, _], _)| [primaries, transfer]);
    match icc {
        Some(icc) => raw.icc = Some(icc),
        None => colour_space(&mut raw, primaries, transfer, limits)?,
    }
    Ok(raw)
}

/// Sets the color space. Television curves are taken as sRGB's, as in browsers.
fn colour_space(raw: &mut Raw, primaries: u16, transfer: u16, limits: &Limits) -> Result<()> {
    let [primaries, transfer] = [primaries, transfer].map(|number| u8::try_from(number).unwrap_or(2));
    let primaries = if primaries == 2 { 1 } else { primaries };
    if let Some(hdr) = Hdr::of(transfer) {
        return linear::from_hdr(raw, hdr, primaries, limits);
    }
    let transfer = if matches!(transfer, 1 | 2 | 6 | 14 | 15) { 13 } else { transfer };
    code_points::apply(raw, "nclx", [primaries, transfer], limits)
}

/// Applies crop, turn and mirror, in the order of the file, which must be this one.
fn place(properties: &[&Property], raw: &mut Raw) -> Result<()> {
    let (mut turns, mut mirrored) = (0, None);
    for property in properties {
        match **property {
            Property::Part(part) if turns == 0 && mirrored.is_none() => crop(raw, part)?,
            Property::Turned(by) if mirrored.is_none() => turns = by,
            Property::Mirrored(sides) => mirrored = Some(sides),
            Property::Part(_) | Property::Turned(_) => {
                return Err(unsupported("the order in which it is cropped, turned and mirrored"));
            }
            _ => {}
        }
    }
    // Exif's numbers.
    raw.orientation = match (turns, mirrored) {
        (0, None) => 1,
        (1, None) => 8,
        (2, None) => 3,
        (_, None) => 6,
        (0, Some(true)) | (2, Some(false)) => 2,
        (0, Some(false)) | (2, Some(true)) => 4,
        (1, Some(false)) | (3, Some(true)) => 5,
        (_, Some(_)) => 7,
    };
    Ok(())
}

/// Crops the picture to the part that is shown.
fn crop(raw: &mut Raw, part: [(i64, i64); 4]) -> Result<()> {
    let wrong = || malformed("its visible part lies outside the picture");
    let whole = [raw.width, raw.height];
    let mut found = [(0, 0); 2];
    for axis in 0..2 {
        let ((size, of), (offset, offset_of)) = (part[axis], part[axis + 2]);
        if of == 0 || offset_of == 0 || size % of != 0 {
            return Err(wrong());
        }
        // Twice the start: what is cut off, plus the offset of the center times two.
        let size = size / of;
        let twice = i64::try_from(whole[axis]).unwrap_or(0) - size + 2 * offset / offset_of;
        let start = twice.div_euclid(2);
        if start < 0 || size < 1 || start + size > whole[axis] as i64 {
            return Err(wrong());
        }
        found[axis] = (start as usize, size as usize);
    }
    let [(left, width), (top, height)] = found;
    let channels = raw.colour.channels() + usize::from(raw.alpha);
    fn kept<T: Copy>(v: &[T], stride: usize, [left, top]: [usize; 2], [width, height]: [usize; 2]) -> Vec<T> {
        v.chunks_exact(stride).skip(top).take(height).flat_map(|row| &row[left..left + width]).copied().collect()
    }
    let (stride, corner, size) = (raw.width * channels, [left * channels, top], [width * channels, height]);
    raw.samples = match &raw.samples {
        Samples::U8(v) => Samples::U8(kept(v, stride, corner, size)),
        Samples::U16(v) => Samples::U16(kept(v, stride, corner, size)),
        Samples::F32(v) => Samples::F32(kept(v, stride, corner, size)),
    };
    (raw.width, raw.height) = (width, height);
    Ok(())
}

/// A decoded frame, and the colors that its stream states.
struct Frame {
    picture: Picture,
    stated: Stated,
}

/// The frames that make up a picture, row by row; most pictures have one.
struct Tiles {
    frames: Vec<Frame>,
    across: usize,
    size: [usize; 2],
}

impl Tiles {
    fn decode(container: &Container<'_>, item: &Item, limits: &Limits) -> Result<Self> {
        if &item.kind == b"av01" {
            let frame = frame(container.bytes(item)?, limits)?;
            let size = [frame.picture.width() as usize, frame.picture.height() as usize];
            limits.check_pixels(size[0] as u64, size[1] as u64)?;
            return Ok(Tiles { frames: vec![frame], across: 1, size });
        }
        if &item.kind != GRID {
            let text = format!("a picture of kind {:?} in it", String::from_utf8_lossy(&item.kind));
            return Err(unsupported(&text));
        }
        let grid = container.bytes(item)?;
        let (&[_, flags, rows, columns], rest) = grid.split_first_chunk().ok_or_else(cut)?;
        let side = |place: usize| {
            let (at, len) = if flags & 1 == 1 { (place * 4, 4) } else { (place * 2, 2) };
            rest.get(at..at + len).map(|bytes| bytes.iter().fold(0, |sum: u64, &byte| sum << 8 | u64::from(byte)))
        };
        let (width, height) = side(0).zip(side(1)).ok_or_else(cut)?;
        limits.check_pixels(width, height)?;
        let (across, down) = (usize::from(columns) + 1, usize::from(rows) + 1);
        let ids = container.referred(b"dimg", item.id);
        if ids.len() != across * down {
            return Err(malformed("some of its tiles are missing"));
        }
        let mut frames: Vec<Frame> = Vec::new();
        for id in ids {
            let frame = frame(container.bytes(container.item(id)?)?, limits)?;
            let same = |first: &Frame| {
                let kind = |p: &Picture| (p.width(), p.height(), p.pixel_layout(), p.bits_per_component());
                kind(&first.picture) == kind(&frame.picture)
            };
            if !frames.first().is_none_or(same) {
                return Err(malformed("its tiles do not all have the same size and kind"));
            }
            frames.push(frame);
            // No more than the picture needs, with a little extra.
            let tile = u64::from(frames[0].picture.width()) * u64::from(frames[0].picture.height());
            limits.check_pixels(tile, frames.len() as u64)?;
        }
        let first = &frames[0].picture;
        let covered = [first.width() as usize * across, first.height() as usize * down];
        let size = [width as usize, height as usize];
        if covered[0] < size[0] || covered[1] < size[1] {
            return Err(malformed("its tiles do not cover it"));
        }
        Ok(Tiles { frames, across, size })
    }

    fn deep(&self) -> bool {
        self.frames[0].picture.bit_depth() > 8
    }

    fn has_colour(&self) -> bool {
        self.frames[0].picture.pixel_layout() != PixelLayout::I400
    }

    /// Copies the samples of all frames to their places, starting at channel `first` of `channels` per pixel.
    fn put<T: Level + Default>(
        &self,
        (out, channels, first): (&mut [T], usize, usize),
        taken: usize,
        convert: impl Fn(&Frame) -> Result<Vec<T>>,
    ) -> Result<()> {
        for (i, frame) in self.frames.iter().enumerate() {
            let samples = convert(frame)?;
            let [w, h] = [frame.picture.width() as usize, frame.picture.height() as usize];
            let (left, top) = (i % self.across * w, i / self.across * h);
            let columns = w.min(self.size[0].saturating_sub(left));
            for y in 0..h.min(self.size[1].saturating_sub(top)) {
                let row = &samples[y * w * taken..][..columns * taken];
                let target = &mut out[((top + y) * self.size[0] + left) * channels..][..columns * channels];
                for (pixel, stored) in target.chunks_exact_mut(channels).zip(row.chunks_exact(taken)) {
                    pixel[first..first + taken].copy_from_slice(stored);
                }
            }
        }
        Ok(())
    }
}

/// Returns all samples, interleaved.
fn samples<T: Level + Default>(
    tiles: &Tiles,
    alpha: Option<&Tiles>,
    coding: Option<Coding>,
    limits: &Limits,
) -> Result<(Vec<T>, Colour)> {
    if alpha.is_some_and(|alpha| alpha.size != tiles.size) {
        return Err(unsupported("alpha of another size than the picture"));
    }
    let colour = if tiles.has_colour() { Colour::Rgb } else { Colour::Grey };
    let channels = colour.channels() + usize::from(alpha.is_some());
    let [width, height] = tiles.size;
    limits.check_decoded(width, height, channels * size_of::<T>())?;
    let mut out: Vec<T> = zeros(sample_count(width, height, channels)?)?;
    tiles.put((&mut out, channels, 0), colour.channels(), |frame| {
        let stated = Coding { matrix: frame.stated.matrix, full_range: frame.stated.full_range };
        planes::colours(&frame.picture, coding.unwrap_or(stated))
    })?;
    if let Some(alpha) = alpha {
        alpha.put((&mut out, channels, channels - 1), 1, |frame| planes::grey(&frame.picture, frame.stated.full_range))?;
    }
    Ok((out, colour))
}

/// Decodes a still picture's AV1 stream.
fn frame(stream: Vec<u8>, limits: &Limits) -> Result<Frame> {
    let stated = sequence::stated(&stream).ok_or_else(|| malformed("its AV1 stream has no header"))?;
    let mut settings = Settings::new();
    settings.set_n_threads(1);
    settings.set_max_frame_delay(1);
    settings.set_all_layers(false);
    settings.set_frame_size_limit(u32::try_from(limits.max_pixels).unwrap_or(u32::MAX));
    let mut decoder = Decoder::with_settings(&settings).map_err(to_error)?;
    match decoder.send_data(stream, None, None, None) {
        Ok(()) | Err(Av1Error::Again) => {}
        Err(e) => return Err(to_error(e)),
    }
    match decoder.get_picture() {
        // The stream ended without a whole picture.
        Err(Av1Error::Again) => Err(cut()),
        Err(e) => Err(to_error(e)),
        Ok(picture) => Ok(Frame { picture, stated }),
    }
}

fn to_error(error: Av1Error) -> Error {
    let (kind, text) = match error {
        Av1Error::NotEnoughMemory => (ErrorKind::TooLarge, "there is not enough memory to decode it"),
        Av1Error::UnsupportedBitstream => (ErrorKind::Unsupported, "its kind of AV1 stream is not supported"),
        _ => (ErrorKind::Malformed, "its AV1 stream is damaged"),
    };
    Error::new(kind, text).with_source(error)
}
