//! Paintings by different networks that share a picture.
//!
//! Styles that differ only in their norms share one run of the network: each pixel of each layer is normalized by the
//! styles' shares of it ([`Brush`]). Styles that have learned kernels have different networks. Then each network paints
//! the whole picture, and the paintings are mixed by the same shares.

use std::sync::Arc;

use super::bands::Norms;
use super::brush::{self, Brush, Brushes};
use super::layout::Layout;
use super::strength::Curve;
use super::{Phase, StylizeOptions, Stylizer, WriteRows};
use crate::engine::Shares;
use crate::graph::Shape;
use crate::picture::rows::Rows;
use crate::picture::zeros;
use crate::{Control, Result, Size};

/// Rows written at a time.
const AT_A_TIME: usize = 64;

/// One network's painting of a picture.
#[derive(Debug, Clone)]
pub(super) struct Coat {
    brush: Brush,
    norms: Norms,
    /// How much of it there is everywhere: 1, except for painters between two others.
    share: f32,
    /// How much of it there is at each place: the shares, and the index of its own. `None` for all of it.
    place: Option<(Arc<Shares>, usize)>,
}

impl Stylizer {
    /// Returns the paintings that brushes make of a picture with a margin. With `always`, their norms are measured even
    /// if painting could do it on the way.
    pub(super) fn coats(
        &self,
        picture: (&dyn Rows, usize),
        Brushes { brushes, places }: &Brushes,
        always: bool,
        control: &dyn Control,
    ) -> Result<Vec<Coat>> {
        let coat = |(i, brush): (usize, &Brush)| {
            let norms = self.norms(picture, brush, always, &Phase::part(control, i, brushes.len()))?;
            let place = places.as_ref().map(|shares| (Arc::clone(shares), i));
            Ok(Coat { brush: brush.clone(), norms, share: 1.0, place })
        };
        brushes.iter().enumerate().map(coat).collect()
    }

    /// Writes the rows of the picture that the paintings make together, without the margin.
    pub(super) fn paint_coats(
        &self,
        picture: (&dyn Rows, usize),
        coats: &[Coat],
        max_memory: Option<u64>,
        write: WriteRows<'_>,
        control: &dyn Control,
    ) -> Result<()> {
        if let [Coat { brush, norms, place: None, .. }] = coats {
            return self.paint_norms(picture, (brush, norms), max_memory, write, control);
        }
        let Size { width, height } = picture.0.size();
        let shape = Shape { height, width, channels: 3 };
        let mut sum = zeros(width * height * 3)?;
        for (i, Coat { brush, norms, share, place }) in coats.iter().enumerate() {
            let part = Phase::part(control, i, coats.len());
            let mut y = 0;
            let mut add = |rows: &[f32]| {
                let count = rows.len() / (width * 3);
                let target = &mut sum[y * width * 3..][..rows.len()];
                match place {
                    None => target.iter_mut().zip(rows).for_each(|(sum, v)| *sum += share * v),
                    Some((shares, own)) => {
                        let shares_of = shares.rows(shape, shape, y..y + count);
                        let shares_of = shares_of.chunks_exact(shares.styles()).map(|at| share * at[*own]);
                        for ((sum, rgb), share) in target.chunks_exact_mut(3).zip(rows.chunks_exact(3)).zip(shares_of) {
                            sum.iter_mut().zip(rgb).for_each(|(sum, v)| *sum += share * v);
                        }
                    }
                }
                y += count;
                Ok(())
            };
            self.paint_norms(picture, (brush, norms), max_memory, &mut add, &part)?;
        }
        sum.chunks(width * 3 * AT_A_TIME).try_for_each(write)
    }
}

/// Returns paintings between these and others: 0 for these, 1 for the others. If the networks differ, both are painted.
pub(super) fn towards(from: &[Coat], to: &[Coat], share: f32) -> Result<Vec<Coat>> {
    let alike = |(from, to): (&Coat, &Coat)| from.brush.same_program(&to.brush) && from.share == to.share;
    if from.len() == to.len() && from.iter().zip(to).all(alike) {
        let between = |(from, to): (&Coat, &Coat)| Ok(Coat { norms: from.norms.towards(&to.norms, share)?, ..from.clone() });
        return from.iter().zip(to).map(between).collect();
    }
    let parts = [(from, 1.0 - share), (to, share)];
    let parts = parts.into_iter().flat_map(|(coats, share)| coats.iter().map(move |coat| (coat, share * coat.share)));
    Ok(parts.filter(|(_, share)| *share > 0.0).map(|(coat, share)| Coat { share, ..coat.clone() }).collect())
}

/// Moves the styles to the places that these options' masks give them.
pub(super) fn place(coats: &mut [Coat], options: &StylizeOptions, layout: &Layout, curves: &[Curve]) -> Result<()> {
    let shares = brush::shares(options, layout.size, curves)?;
    for Coat { brush, norms, place, .. } in coats {
        match place {
            Some((own, _)) => *own = Arc::clone(&shares),
            None => {
                brush.shares = Some(Arc::clone(&shares));
                norms.place(&shares, layout.margin)?;
            }
        }
    }
    Ok(())
}
