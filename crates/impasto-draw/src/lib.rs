//! Pictures drawn in code: something to paint, and manners to paint it in.
//!
//! Nothing here is a photograph or a scan. Every picture is computed from its name, its size and a seed: the same ones give the same
//! picture, another seed gives another picture of the same manner, and another size the same composition with more or less detail.
//! [`styles::ALL`] lists the manners; [`content`] has pictures to paint.
//!
//! ```
//! let style = impasto_draw::styles::find("mosaic").unwrap();
//! let picture = (style.draw)(64, 48, 0);
//! assert_eq!(picture.rgb.len(), 64 * 48 * 3);
//! ```

#![forbid(unsafe_code)]

mod board;
mod brush;
mod canvas;
mod colour;
pub mod content;
mod motif;
mod noise;
mod random;
mod shape;
pub mod styles;

pub use canvas::Canvas;
