//! Trains Impasto's own networks: the very [`impasto::graph::Graph`]s that the engine runs, on [burn](https://burn.dev).
//!
//! [`executor`] translates a graph to differentiable tensors, [`ops`] are the operations that it spends its time in,
//! [`perception`] is what the losses look through, [`loss`] the losses, [`data`] the pictures, [`trainer`] and [`distil`] what
//! is trained, [`run`] the loop around either, and [`recipe`] the file that says all of it.

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
