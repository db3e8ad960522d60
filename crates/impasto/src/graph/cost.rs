//! What each node costs.

use super::{Graph, Op, Shape};
use crate::{Result, Size};

/// The cost of one node, or of a whole graph. Counts saturate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cost {
    /// Multiply-accumulates of convolutions, counted as for a direct computation. Norms,
    /// activations and pools are not counted. Neither is the product of a style vector with an
    /// instance norm's matrices, which does not depend on the picture's size.
    pub multiply_accumulates: u64,
    /// The number of weights.
    pub parameters: u64,
}

impl Graph {
    /// Returns the cost of each node, in the order of [`Graph::nodes`], given [`Graph::shapes`].
    ///
    /// # Errors
    /// As [`Graph::channels`].
    ///
    /// # Panics
    /// If `shapes` is shorter than the list of nodes.
    pub fn costs(&self, shapes: &[Shape]) -> Result<Vec<Cost>> {
        let mut costs: Vec<Cost> = self.nodes().iter().zip(shapes).map(|_| Cost::default()).collect();
        assert_eq!(costs.len(), self.nodes().len(), "one shape per node");
        for parameter in self.parameters()? {
            let cost = &mut costs[parameter.node];
            let count = parameter.count() as u64;
            cost.parameters = cost.parameters.saturating_add(count);
            if let Op::Conv(conv) = &self.nodes()[parameter.node].op
                && conv.weight == parameter.name
            {
                let Shape { height, width, .. } = shapes[parameter.node];
                let pixels = (height as u64).saturating_mul(width as u64);
                cost.multiply_accumulates = pixels.saturating_mul(count);
            }
        }
        Ok(costs)
    }

    /// Returns the cost of the whole graph for a picture of this size in pixels.
    ///
    /// # Errors
    /// As [`Graph::shapes`].
    pub fn cost(&self, picture: impl Into<Size>) -> Result<Cost> {
        let costs = self.costs(&self.shapes(picture)?)?;
        Ok(costs.iter().fold(Cost::default(), |sum, cost| Cost {
            multiply_accumulates: sum.multiply_accumulates.saturating_add(cost.multiply_accumulates),
            parameters: sum.parameters.saturating_add(cost.parameters),
        }))
    }
}
