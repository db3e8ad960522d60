//! The last steps on painted rows: colors, and the photo where the painting does not cover it. Each pixel depends only
//! on the same pixel of the content and the painting, and on measurements of thumbnails. So the result is the same in
//! bands.

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

/// Writes how much of the painting each pixel of a row has, 0 to 1. The rest is the photo.
pub(crate) type Cover<'a> = &'a (dyn Fn(usize, &mut [f32]) + Sync);

/// Finishes a painting's rows.
pub(crate) struct Finish<'a> {
    pub(crate) content: &'a dyn Rows,
    pub(crate) recolour: Option<&'a Recolour>,
    /// `None` if the painting covers everything.
    pub(crate) cover: Option<Cover<'a>>,
}

impl Finish<'_> {
    /// Whether painted rows stay as they are.
    pub(crate) fn is_nothing(&self) -> bool {
        self.recolour.is_none() && self.cover.is_none()
    }

    /// Changes the rows from `y` on.
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
                    // At 1 and 0 the result is exactly the painting or the content.
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
