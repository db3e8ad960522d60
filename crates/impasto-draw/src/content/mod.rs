//! Contents: pictures to paint.

mod landscape;
mod still_life;

pub use landscape::landscape;
pub use still_life::still_life;
