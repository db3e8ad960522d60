//! Writing JPEG: baseline. Untagged JPEGs are sRGB by convention.

use std::cell::{Cell, RefCell};
use std::io::{self, Write};

use jpeg_encoder::{
    ChromaSubsamplingMethod, Encoder, EncodingError, ImageBuffer, JpegColorType, PixelDensity, PixelDensityUnit, SamplingFactor,
    rgb_to_ycbcr,
};

use super::super::Output;
use crate::picture::encode::rows::{Layout, NextRows, incomplete};
use crate::picture::encode::{failed, sides};
use crate::picture::metadata::iptc;
use crate::picture::{EncodeOptions, Format, Subsampling};
use crate::{Error, Result};

pub(super) fn encode(layout: &Layout, options: &EncodeOptions, next: NextRows<'_>, out: &mut dyn Output) -> Result<()> {
    let (width, height) = sides(layout, Format::Jpeg)?;
    let stopped = Cell::new(false);
    let mut encoder = Encoder::new(Stoppable { out, stopped: &stopped }, options.quality);
    encoder.set_sampling_factor(match options.subsampling {
        Subsampling::Full => SamplingFactor::R_4_4_4,
        Subsampling::Half => SamplingFactor::R_4_2_2,
        Subsampling::Quarter => SamplingFactor::R_4_2_0,
    });
    // The default takes the color of one of the pixels.
    encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
    add_metadata(&mut encoder, layout).map_err(|e| failed(Format::Jpeg, e))?;
    let feed = RefCell::new(Feed { next, rows: Vec::new(), at: 0, given: 0, error: None });
    let encoded = encoder.encode_image(Pulled { width, height, row: layout.row_bytes(), feed: &feed, stopped: &stopped });
    match feed.into_inner().error {
        Some(error) => Err(error),
        None => encoded.map_err(|e| failed(Format::Jpeg, e)),
    }
}

/// Adds the segments before the picture. [`super::super::metadata::Written`] makes sure that they fit.
fn add_metadata(encoder: &mut Encoder<impl Write>, layout: &Layout) -> Result<(), EncodingError> {
    let metadata = &layout.metadata;
    if let Some(density) = metadata.density {
        // JFIF only holds whole numbers of 16 bits; Exif holds the others.
        if density.fits_jfif() {
            let density = [density.x, density.y].map(|v| v.round() as u16);
            encoder.set_density(PixelDensity { density: density.into(), unit: PixelDensityUnit::Inches });
        }
    }
    if let Some(exif) = metadata.exif_bytes() {
        encoder.add_exif_metadata(&exif)?;
    }
    if let Some(xmp) = &metadata.xmp {
        encoder.add_app_segment(1, [b"http://ns.adobe.com/xap/1.0/\0", &xmp[..]].concat())?;
    }
    if let Some(records) = &metadata.iptc {
        encoder.add_app_segment(13, [b"Photoshop 3.0\0", &iptc::to_resources(records)[..]].concat())?;
    }
    layout.space.icc().map_or(Ok(()), |icc| encoder.add_icc_profile(icc))
}

/// The rows on their way to the encoder.
struct Feed<'a> {
    next: NextRows<'a>,
    rows: Vec<u8>,
    /// How much of `rows` the encoder has received.
    at: usize,
    /// How many rows of the picture the encoder has received.
    given: u16,
    error: Option<Error>,
}

impl Feed<'_> {
    /// Makes row `y` the one that ends at `at`: the next row, or the one that the encoder has just received and repeats
    /// to fill its last blocks.
    fn advance(&mut self, y: u16, row: usize) -> Result<()> {
        if y < self.given {
            return Ok(());
        }
        if self.at == self.rows.len() {
            self.rows = (self.next)()?.ok_or_else(incomplete)?;
            self.at = 0;
        }
        self.at += row;
        self.given = y + 1;
        Ok(())
    }
}

/// A picture whose rows the encoder requests one after the other.
struct Pulled<'a, 'b> {
    width: u16,
    height: u16,
    row: usize,
    feed: &'a RefCell<Feed<'b>>,
    stopped: &'a Cell<bool>,
}

impl ImageBuffer for Pulled<'_, '_> {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        JpegColorType::Ycbcr
    }

    fn width(&self) -> u16 {
        self.width
    }

    fn height(&self) -> u16 {
        self.height
    }

    fn fill_buffers(&self, y: u16, buffers: &mut [Vec<u8>; 4]) {
        let mut feed = self.feed.borrow_mut();
        if feed.error.is_none()
            && let Err(error) = feed.advance(y, self.row)
        {
            // The encoder cannot be notified here, but its next write fails.
            self.stopped.set(true);
            feed.error = Some(error);
        }
        if feed.error.is_some() {
            buffers.iter_mut().take(3).for_each(|buffer| buffer.resize(buffer.len() + usize::from(self.width), 0));
            return;
        }
        let row = feed.rows[feed.at - self.row..feed.at].as_chunks::<3>().0;
        let [ys, cbs, crs, _] = buffers;
        let [ys, cbs, crs] = [ys, cbs, crs].map(|buffer| {
            let start = buffer.len();
            buffer.resize(start + row.len(), 0);
            &mut buffer[start..]
        });
        // Slices of equal length and no pushing, so that the compiler can vectorize.
        for (((&[r, g, b], y), cb), cr) in row.iter().zip(ys).zip(cbs).zip(crs) {
            (*y, *cb, *cr) = rgb_to_ycbcr(r, g, b);
        }
    }
}

/// A file that refuses more data once the picture has failed.
struct Stoppable<'a, W> {
    out: W,
    stopped: &'a Cell<bool>,
}

impl<W: Write> Write for Stoppable<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.stopped.get() { Err(io::Error::other("stopped")) } else { self.out.write(bytes) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
