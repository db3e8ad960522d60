//! TIFF: Deflate with horizontal differences, which every reader since the 1990s knows.

use std::io::Cursor;

use ::tiff::encoder::colortype::{ColorType, RGB8, RGB16, RGBA8, RGBA16};
use ::tiff::encoder::compression::DeflateLevel;
use ::tiff::encoder::{Compression, Predictor, TiffEncoder, TiffKind, TiffValue};
use ::tiff::tags::{ExtraSamples, Tag};

use super::super::convert::{Level, interleaved};
use super::super::{Format, Picture};
use super::{failed, sides};
use crate::Result;

/// Classic TIFF addresses 4 GiB; a little less is left for tags and for data that does not compress.
const CLASSIC_BYTES: usize = 4_000_000_000;

pub(super) fn encode(picture: &Picture, deep: bool) -> Result<Vec<u8>> {
    match (deep, picture.alpha().is_some()) {
        (false, false) => write::<RGB8>(picture, 1),
        (false, true) => write::<RGBA8>(picture, 1),
        (true, false) => write::<RGB16>(picture, 2),
        (true, true) => write::<RGBA16>(picture, 2),
    }
}

fn write<C: ColorType<Inner: Level>>(picture: &Picture, sample_bytes: usize) -> Result<Vec<u8>>
where
    [C::Inner]: TiffValue,
{
    let with_alpha = picture.alpha().is_some();
    let data = interleaved::<C::Inner>(picture, with_alpha)?;
    let mut file = Cursor::new(Vec::new());
    let big = data.len().saturating_mul(sample_bytes) > CLASSIC_BYTES;
    if big {
        let encoder = TiffEncoder::new_big(&mut file).map_err(|e| failed(Format::Tiff, e))?;
        write_image::<C, _>(encoder, picture, &data)?;
    } else {
        let encoder = TiffEncoder::new(&mut file).map_err(|e| failed(Format::Tiff, e))?;
        write_image::<C, _>(encoder, picture, &data)?;
    }
    Ok(file.into_inner())
}

fn write_image<C: ColorType, K: TiffKind>(
    encoder: TiffEncoder<&mut Cursor<Vec<u8>>, K>,
    picture: &Picture,
    data: &[C::Inner],
) -> Result<()>
where
    [C::Inner]: TiffValue,
{
    let (width, height) = sides(picture, Format::Tiff, u32::MAX as usize)?;
    let mut encoder = encoder.with_compression(Compression::Deflate(DeflateLevel::Fast)).with_predictor(Predictor::Horizontal);
    let mut image = encoder.new_image::<C>(width, height).map_err(|e| failed(Format::Tiff, e))?;
    if picture.alpha().is_some() {
        // Written by hand: `ImageEncoder::extra_samples` on RGB leaves the predictor at three samples a pixel (tiff 0.11), and
        // RGBA alone does not say what its fourth sample is.
        let unassociated = ExtraSamples::UnassociatedAlpha.to_u16();
        image.encoder().write_tag(Tag::ExtraSamples, unassociated).map_err(|e| failed(Format::Tiff, e))?;
    }
    image.write_data(data).map_err(|e| failed(Format::Tiff, e))
}
