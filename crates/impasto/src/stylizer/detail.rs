//! A painting on a small canvas, enlarged, with the content's detail that the canvas could not hold.
//!
//! The detail beyond the canvas's resolution is the difference between the content and the content shrunk to the canvas
//! and enlarged again. Its lightness is added where it is strong: along edges, which become as sharp as in the
//! photograph. Faint differences are grain and compression artifacts, and are left out. Nothing is added below the
//! canvas's resolution, so the painting looks the same from afar whatever its size.

use std::sync::{Mutex, PoisonError};

use super::coarse::Coarse;
use crate::engine::Engine;
use crate::picture::rows::Rows;
use crate::picture::scaled::Scaled;
use crate::picture::zeros;
use crate::{Error, Picture, Result};

/// Each channel's share of lightness (ITU-R BT.601).
const LIGHTNESS: [f32; 3] = [0.299, 0.587, 0.114];
/// Differences up to this are left out: a step of 8 bits.
const FAINT: f32 = 1.0 / 255.0;
/// Differences from this on are added in full.
const STRONG: f32 = 6.0 / 255.0;
/// Factor for the added detail: a little above 1, because the painting's own edges are softer than the content's where
/// the two resolutions meet.
const GAIN: f32 = 1.1;

/// An enlarged painting with the content's detail.
pub(super) struct Detailed<'a> {
    content: &'a dyn Rows,
    painting: Scaled<'a>,
    /// The content without what the canvas could not hold.
    blurred: Scaled<'a>,
}

impl<'a> Detailed<'a> {
    /// `painting` and `small`, which is the content, have the canvas's size.
    pub(super) fn new(content: &'a dyn Rows, painting: &'a Coarse, small: &'a Picture) -> Self {
        let size = content.size();
        Detailed { content, painting: Scaled::smooth(painting, size), blurred: Scaled::smooth(small, size) }
    }

    /// Reads the next rows, from `y` on.
    pub(super) fn read(&self, engine: &Engine, y: usize, rgb: &mut [f32]) -> Result<()> {
        let row = self.content.size().width * 3;
        let mut content = zeros(rgb.len())?;
        self.content.read(y..y + rgb.len() / row, &mut content)?;
        let failed: Mutex<Option<Error>> = Mutex::new(None);
        engine.for_each_chunk(rgb, row, |i, painted| {
            if let Err(error) = self.row(y + i, &content[i * row..][..row], painted) {
                failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            }
        });
        failed.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }

    fn row(&self, y: usize, content: &[f32], painted: &mut [f32]) -> Result<()> {
        let mut blurred = zeros(painted.len())?;
        self.painting.read(y..y + 1, painted)?;
        self.blurred.read(y..y + 1, &mut blurred)?;
        let pixels = painted.as_chunks_mut::<3>().0.iter_mut().zip(content.as_chunks::<3>().0).zip(blurred.as_chunks::<3>().0);
        for ((painted, content), blurred) in pixels {
            let detail: f32 = (0..3).map(|c| (content[c] - blurred[c]) * LIGHTNESS[c]).sum();
            let share = ((detail.abs() - FAINT) / (STRONG - FAINT)).clamp(0.0, 1.0);
            painted.iter_mut().for_each(|value| *value = (*value + GAIN * detail * share).clamp(0.0, 1.0));
        }
        Ok(())
    }
}
