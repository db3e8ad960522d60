//! A model's layers as a table, for people and programs.

use std::fmt;

use super::{Activation, Cost, Graph, Op, Padding, PoolKind, Shape};
use crate::{Result, Size};

/// One node of a [`Table`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Row {
    /// The node's name.
    pub name: String,
    /// What it does, in a few words: `conv 3×3 /2 reflect`.
    pub op: String,
    /// Shape of its output.
    pub shape: Shape,
    /// Multiply-accumulates and parameters.
    pub cost: Cost,
}

/// A model's layers at one picture size. [`fmt::Display`] prints it as aligned text with a last line of totals.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Table {
    /// One row per node, in the order of computation.
    pub rows: Vec<Row>,
    /// The sums.
    pub total: Cost,
}

impl Graph {
    /// The table of layers for a picture of this size in pixels.
    ///
    /// # Errors
    /// As [`Graph::shapes`].
    pub fn table(&self, picture: impl Into<Size>) -> Result<Table> {
        let picture = picture.into();
        let shapes = self.shapes(picture)?;
        let costs = self.costs(&shapes)?;
        let rows = self.nodes().iter().zip(shapes).zip(costs);
        let rows = rows.map(|((node, shape), cost)| Row { name: node.name.clone(), op: node.op.to_string(), shape, cost });
        Ok(Table { rows: rows.collect(), total: self.cost(picture)? })
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Op::Input { .. } => f.write_str("input"),
            Op::Conv(conv) => {
                let kind = if conv.depthwise { "depthwise" } else { "conv" };
                write!(f, "{kind} {}×{}", conv.kernel[0], conv.kernel[1])?;
                stride_and_padding(f, conv.stride, conv.padding)
            }
            Op::BatchNorm(_) => f.write_str("batch norm"),
            Op::InstanceNorm(_) => f.write_str("instance norm"),
            Op::AdaptiveNorm(_) => f.write_str("adaptive norm"),
            Op::Modulate { .. } => f.write_str("modulate"),
            Op::Activation(Activation::Relu) => f.write_str("relu"),
            Op::Activation(Activation::Relu6) => f.write_str("relu6"),
            Op::Activation(Activation::Sigmoid) => f.write_str("sigmoid"),
            Op::Activation(Activation::Tanh) => f.write_str("tanh"),
            Op::Activation(Activation::Clip) => f.write_str("clip"),
            Op::DepthToSpace { factor } => write!(f, "depth to space ×{factor}"),
            Op::Upsample { factor } => write!(f, "upsample ×{factor}"),
            Op::Pool(pool) => {
                let kind = match pool.kind {
                    PoolKind::Max => "max pool",
                    PoolKind::Average => "average pool",
                };
                write!(f, "{kind} {0}×{0}", pool.kernel)?;
                stride_and_padding(f, pool.stride, pool.padding)
            }
            Op::Add => f.write_str("add"),
            Op::Concat => f.write_str("concat"),
            Op::Mean => f.write_str("mean"),
            Op::Moments | Op::SampleMoments => f.write_str("moments"),
        }
    }
}

fn stride_and_padding(f: &mut fmt::Formatter<'_>, stride: usize, padding: Padding) -> fmt::Result {
    if stride != 1 {
        write!(f, " /{stride}")?;
    }
    match padding {
        Padding::Valid => Ok(()),
        Padding::Same => f.write_str(" same"),
        Padding::Zero(_) => f.write_str(" zero"),
        Padding::Reflect(_) | Padding::ReflectUp { .. } | Padding::SameMirrored => f.write_str(" reflect"),
        Padding::Edge(_) => f.write_str(" edge"),
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heading = ["layer", "operation", "output", "multiply-acc.", "parameters"].map(str::to_owned);
        let line = |name: &str, op: &str, shape: String, cost: &Cost| {
            [name.to_owned(), op.to_owned(), shape, count(cost.multiply_accumulates), count(cost.parameters)]
        };
        let mut lines = vec![heading];
        lines.extend(self.rows.iter().map(|row| line(&row.name, &row.op, row.shape.to_string(), &row.cost)));
        // Totals keep their digits even if they are 0.
        let total = [self.total.multiply_accumulates, self.total.parameters].map(|n| n.to_string());
        lines.push(["total".into(), String::new(), String::new(), total[0].clone(), total[1].clone()]);
        let mut widths = [0; 5];
        for line in &lines {
            for (width, cell) in widths.iter_mut().zip(line) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let [a, b, c, d, e] = widths;
        for [name, op, shape, macs, parameters] in &lines {
            let line = format!("{name:a$}  {op:b$}  {shape:>c$}  {macs:>d$}  {parameters:>e$}");
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

fn count(n: u64) -> String {
    if n == 0 { String::new() } else { n.to_string() }
}
