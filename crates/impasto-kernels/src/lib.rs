//! Convolution, normalisation, resampling and element-wise kernels on slices and shapes.
//!
//! The only crate of the project with `unsafe` code. Everything works on one picture of `height × width × channels` floats, row-major,
//! channels fastest. A layer is cut into blocks of output pixels; a thread *stages* the input that a block reads into scratch
//! memory (with the pending normalisation, activation, residual sum and padding applied: [`Source`]), a kernel computes the block, and the
//! block's share of the statistics that a following instance norm needs is taken while it is still in cache.

mod activation;
pub mod conv;
pub mod elementwise;
mod isa;
pub mod memory;
pub mod norm;
pub mod pool;
mod simd;
mod stage;
pub mod statistics;
mod threads;
mod view;

pub use activation::Activation;
pub use isa::Isa;
pub use stage::{Affine, Border, Source};
pub use threads::Threads;
pub use view::{Extent, Strip};
