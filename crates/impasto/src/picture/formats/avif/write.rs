//! Writing AVIF with `ravif`: 10 bits per sample internally, from 8-bit colors.

use ravif::{Encoder, Img, RGB8, RGBA8};

use super::super::{Holds, Output, Write};
use crate::Result;
use crate::picture::encode::failed;
use crate::picture::encode::rows::{Alpha, Layout, NextRows, all};
use crate::picture::{EncodeOptions, Format};

pub(super) const WRITE: Write =
    Write { encode, whole: true, most: 65_535, holds: Holds { alpha: true, exif: true, ..Holds::NOTHING } };

/// From 1 (slow, small) to 10.
const SPEED: u8 = 6;

fn encode(layout: &Layout, options: &EncodeOptions, next: NextRows<'_>, out: &mut dyn Output) -> Result<()> {
    let data = all(layout, next)?;
    let (width, height) = (layout.width, layout.height);
    let mut encoder = Encoder::new().with_quality(f32::from(options.quality)).with_speed(SPEED).with_num_threads(Some(1));
    if let Some(exif) = layout.metadata.exif_bytes() {
        encoder = encoder.with_exif(exif);
    }
    let encoded = if layout.alpha == Alpha::Kept {
        let pixels: Vec<RGBA8> = data.as_chunks::<4>().0.iter().map(|&[r, g, b, a]| RGBA8::new(r, g, b, a)).collect();
        encoder.encode_rgba(Img::new(&pixels, width, height))
    } else {
        let pixels: Vec<RGB8> = data.as_chunks::<3>().0.iter().map(|&[r, g, b]| RGB8::new(r, g, b)).collect();
        encoder.encode_rgb(Img::new(&pixels, width, height))
    };
    out.write_all(&encoded.map_err(|e| failed(Format::Avif, e))?.avif_file)?;
    Ok(())
}
