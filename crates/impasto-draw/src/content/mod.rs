//! Pictures to paint.

mod landscape;

pub use landscape::landscape;
