//! TIFF: Deflate with horizontal differences, which every reader since the 1990s knows.
//!
//! The directory is written by hand: the `tiff` crate's own way of writing strip by strip leaves compression out.

use std::io::{Seek, Write};

use ::tiff::encoder::{DirectoryEncoder, Rational, TiffEncoder, TiffKind, TiffKindBig, TiffKindStandard};
use ::tiff::tags::{CompressionMethod, ExtraSamples, PhotometricInterpretation, Predictor, ResolutionUnit, SampleFormat, Tag};
use ::tiff::{TiffError, TiffResult};
use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::super::Format;
use super::rows::{Alpha, Layout, NextRows, incomplete};
use super::{failed, sides};
use crate::{Error, Result};

/// Classic TIFF addresses 4 GiB; a little less is left for tags and for data that does not compress.
const CLASSIC_BYTES: usize = 4_000_000_000;
/// About so many bytes of samples make a strip.
const STRIP_BYTES: usize = 1_000_000;

pub(super) fn encode(layout: &Layout, next: NextRows<'_>, out: impl Write + Seek) -> Result<()> {
    let big = layout.row_bytes().saturating_mul(layout.height) > CLASSIC_BYTES;
    let done = if big {
        TiffEncoder::<_, TiffKindBig>::new_big(out).map_err(Failed::Tiff).and_then(|tiff| write(tiff, layout, next))
    } else {
        TiffEncoder::<_, TiffKindStandard>::new(out).map_err(Failed::Tiff).and_then(|tiff| write(tiff, layout, next))
    };
    done.map_err(|e| match e {
        Failed::Tiff(e) => failed(Format::Tiff, e),
        Failed::Other(e) => e,
    })
}

/// The file's writer has failed, or what it was given.
enum Failed {
    Tiff(TiffError),
    Other(Error),
}

impl From<TiffError> for Failed {
    fn from(error: TiffError) -> Self {
        Failed::Tiff(error)
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Failed::Other(error)
    }
}

fn write<W: Write + Seek, K: TiffKind>(mut tiff: TiffEncoder<W, K>, layout: &Layout, next: NextRows<'_>) -> Result<(), Failed> {
    let row = layout.row_bytes();
    let rows_per_strip = STRIP_BYTES.div_ceil(row).min(layout.height);
    let mut file = tiff.image_directory()?;
    let (mut offsets, mut lengths) = (Vec::new(), Vec::new());
    let (mut waiting, mut done) = (Vec::new(), 0);
    while done < layout.height {
        let strip = rows_per_strip.min(layout.height - done) * row;
        while waiting.len() < strip {
            waiting.extend(next()?.ok_or_else(incomplete)?);
        }
        let packed = compress(layout, &mut waiting[..strip])?;
        offsets.push(K::convert_offset(file.write_data(&packed[..])?)?);
        lengths.push(K::convert_offset(packed.len() as u64)?);
        waiting.drain(..strip);
        done += strip / row;
    }
    write_tags(&mut file, layout, rows_per_strip)?;
    file.write_tag(Tag::StripOffsets, K::convert_slice(&offsets))?;
    file.write_tag(Tag::StripByteCounts, K::convert_slice(&lengths))?;
    Ok(file.finish()?)
}

/// Differences from the pixel to the left, compressed.
fn compress(layout: &Layout, strip: &mut [u8]) -> Result<Vec<u8>> {
    let channels = layout.channels();
    for row in strip.chunks_exact_mut(layout.row_bytes()) {
        if layout.deep {
            let at = |row: &[u8], i: usize| u16::from_ne_bytes([row[2 * i], row[2 * i + 1]]);
            for i in (channels..row.len() / 2).rev() {
                let difference = at(row, i).wrapping_sub(at(row, i - channels));
                row[2 * i..2 * i + 2].copy_from_slice(&difference.to_ne_bytes());
            }
        } else {
            for i in (channels..row.len()).rev() {
                row[i] = row[i].wrapping_sub(row[i - channels]);
            }
        }
    }
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(strip).and_then(|()| packed.finish()).map_err(Error::from)
}

fn write_tags<W: Write + Seek, K: TiffKind>(
    file: &mut DirectoryEncoder<'_, W, K>,
    layout: &Layout,
    rows_per_strip: usize,
) -> Result<(), Failed> {
    let (width, height): (u32, u32) = sides(layout, Format::Tiff, u32::MAX as usize)?;
    let channels = layout.channels();
    let tags = |file: &mut DirectoryEncoder<'_, W, K>| -> TiffResult<()> {
        file.write_tag(Tag::ImageWidth, width)?;
        file.write_tag(Tag::ImageLength, height)?;
        file.write_tag(Tag::BitsPerSample, &vec![if layout.deep { 16u16 } else { 8 }; channels][..])?;
        file.write_tag(Tag::Compression, CompressionMethod::Deflate.to_u16())?;
        file.write_tag(Tag::PhotometricInterpretation, PhotometricInterpretation::RGB.to_u16())?;
        file.write_tag(Tag::SamplesPerPixel, channels as u16)?;
        file.write_tag(Tag::RowsPerStrip, u32::try_from(rows_per_strip)?)?;
        file.write_tag(Tag::XResolution, Rational { n: 1, d: 1 })?;
        file.write_tag(Tag::YResolution, Rational { n: 1, d: 1 })?;
        file.write_tag(Tag::ResolutionUnit, ResolutionUnit::None.to_u16())?;
        file.write_tag(Tag::Predictor, Predictor::Horizontal.to_u16())?;
        if layout.alpha == Alpha::Kept {
            file.write_tag(Tag::ExtraSamples, ExtraSamples::UnassociatedAlpha.to_u16())?;
        }
        file.write_tag(Tag::SampleFormat, &vec![SampleFormat::Uint.to_u16(); channels][..])
    };
    Ok(tags(file)?)
}
