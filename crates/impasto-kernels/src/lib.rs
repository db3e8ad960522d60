//! Convolution, normalization, resampling and element-wise kernels on slices and shapes.
//!
//! Nearly all `unsafe` code of the project is in this crate. Everything works on one picture of
//! `height × width × channels` floats, row-major, channels fastest. A layer is cut into blocks of output pixels. For
//! each block, a thread *stages* the input that the block reads: it copies it to scratch memory, with the pending
//! normalization, activation, residual sum and padding applied ([`Source`]). Then a kernel computes the block. If an
//! instance norm follows, the block's part of the statistics is computed while the block is still in cache.

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
