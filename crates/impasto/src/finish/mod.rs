//! What becomes of painted rows before they are a picture's: colours, and the photograph where the painting does not reach. All of it is a
//! function of a pixel of the content, the same pixel of the painting, and what thumbnails told beforehand: so it is the same in bands.

mod colours;
mod histogram;
mod oklab;
mod statistics;

pub use colours::Colours;
pub(crate) use colours::{Recolour, distance, lightness};
pub(crate) use histogram::match_histogram;

use crate::Result;
use crate::engine::Engine;
use crate::picture::rows::Rows;

/// How much of the painting there is at each pixel of a row, 0 to 1: the rest is the photograph.
pub(crate) type Cover<'a> = &'a (dyn Fn(usize, &mut [f32]) + Sync);

/// Finishes a painting's rows.
pub(crate) struct Finish<'a> {
    pub(crate) content: &'a dyn Rows,
    pub(crate) recolour: Option<&'a Recolour>,
    /// `None` where the painting is everywhere.
    pub(crate) cover: Option<Cover<'a>>,
}

impl Finish<'_> {
    /// Whether painted rows stay as they are.
    pub(crate) fn is_nothing(&self) -> bool {
        self.recolour.is_none() && self.cover.is_none()
    }

    /// Changes rows from `y` on.
    pub(crate) fn apply(&self, engine: &Engine, y: usize, painted: &mut [f32]) -> Result<()> {
        let row = self.content.size().width * 3;
        let mut content = crate::picture::zeros(painted.len())?;
        self.content.read(y..y + painted.len() / row, &mut content)?;
        engine.for_each_chunk(painted, row, |i, painted| {
            let content = &content[i * row..][..row];
            if let Some(recolour) = self.recolour {
                recolour.apply(content, painted);
            }
            if let Some(cover) = self.cover {
                let mut shares = vec![0.0; row / 3];
                cover(y + i, &mut shares);
                let pixels = painted.as_chunks_mut::<3>().0.iter_mut().zip(content.as_chunks::<3>().0);
                for ((painted, content), share) in pixels.zip(shares) {
                    // To the bit the one or the other where there is nothing of the other or the one.
                    match share {
                        1.0.. => {}
                        0.0 => *painted = *content,
                        _ => painted.iter_mut().zip(content).for_each(|(p, c)| *p = c + (*p - c) * share),
                    }
                }
            }
        });
        Ok(())
    }
}
