//! Painting a picture that is never in memory as floats.

use super::Stylizer;
use crate::picture::Stored;
use crate::{Control, Error, ErrorKind, Result, Size, Style, StylizeOptions};

/// Takes rows of a painting from top to bottom: colors, and alpha if the content has any.
pub type TakeRows<'a> = &'a mut dyn FnMut(&[f32], Option<&[f32]>) -> Result<()>;

impl Stylizer {
    /// Paints a picture whose samples stay as the file has them, and writes the result's rows as they are done. With a
    /// model that has a [thumbnail](Stylizer::thumbnail), no more of content and result than a band is ever in memory
    /// as floats. Other models paint the picture in one piece. The result equals that of [`Stylizer::stylize_with`] on
    /// [`Stored::to_picture`], to the bit.
    ///
    /// # Errors
    /// As [`Stylizer::stylize_with`]; also the errors that `write` returns.
    pub fn stylize_stored(
        &self,
        content: &Stored,
        style: &Style,
        options: &StylizeOptions,
        write: TakeRows<'_>,
        control: &dyn Control,
    ) -> Result<()> {
        let width = content.width();
        let (mut y, mut colours, mut alpha) = (0, Vec::new(), Vec::new());
        let mut with_alpha = |rgb: &[f32]| {
            if !content.has_alpha() {
                return write(rgb, None);
            }
            let rows = y..y + rgb.len() / (width * 3);
            y = rows.end;
            colours.resize(rgb.len(), 0.0);
            alpha.resize(rgb.len() / 3, 0.0);
            content.read_rows(rows, &mut colours, Some(&mut alpha))?;
            write(rgb, Some(&alpha))
        };
        self.paint_rows(content, style, options, &mut with_alpha, control)
    }

    /// Returns the part of [`Stylizer::stored_memory`] that [`StylizeOptions::max_memory`] limits: bands and the packed
    /// weights. 0 for a model without a thumbnail, and for a picture that is its own thumbnail.
    ///
    /// # Errors
    /// As [`Stylizer::peak_memory`].
    pub(crate) fn band_memory_within(&self, picture: impl Into<Size>, max_memory: Option<u64>) -> Result<u64> {
        let size = picture.into();
        match self.thumbnail {
            Some(side) if size.long_side() > side => Ok(self.bands(size, max_memory)?.memory(self.engine.threads())),
            _ => Ok(0),
        }
    }

    /// Returns the peak memory in bytes of [`Stylizer::stylize_stored`] for a picture of this size with this
    /// [`StylizeOptions::max_memory`]. It includes making the picture's style and the packed weights, but not the
    /// stored picture. For a model without a thumbnail: [`Stylizer::peak_memory`] and the two pictures.
    ///
    /// # Errors
    /// As [`Stylizer::peak_memory`].
    pub fn stored_memory(&self, picture: impl Into<Size>, max_memory: Option<u64>) -> Result<u64> {
        let size @ Size { width, height } = picture.into();
        if width == 0 || height == 0 {
            return Err(Error::new(ErrorKind::InvalidArgument, format!("a picture of {width}×{height} has no pixels")));
        }
        let Some(side) = self.thumbnail else {
            return Ok(self.peak_memory(size)?.saturating_add(size.pixels().saturating_mul(16)));
        };
        let (_, seeing) = self.seeing(size)?;
        let painting = self.band_memory(size, side, max_memory)?;
        // Rows in progress: as read, as written, and their alpha.
        let rows = (width as u64).saturating_mul(64 * 32);
        Ok(seeing.saturating_add(painting).saturating_add(rows))
    }
}
