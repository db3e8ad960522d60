//! Trains Impasto's own networks on [burn](https://burn.dev): the same [`impasto::graph::Graph`]s that the engine runs.
//!
//! [`executor`] translates a graph to differentiable tensors, and [`ops`] has the operations that take most
//! of the time. [`perception`] has the networks that the losses use, [`loss`] the losses, [`data`] the
//! pictures. [`trainer`] and [`distil`] are the two kinds of training, [`run`] is their common loop, and
//! [`recipe`] the file that configures them.

#![forbid(unsafe_code)]

pub mod checkpoint;
pub mod data;
pub mod distil;
pub mod executor;
pub mod loss;
pub mod ops;
pub mod optimiser;
pub mod perception;
pub mod recipe;
pub mod run;
pub mod trainer;
