//! Pictures drawn in code: contents to paint, and styles to paint them in.
//!
//! No picture here is a photograph or a scan. Every picture is computed from its name, its size and a seed. The same
//! three give the same picture. Another seed gives another picture in the same style, and another size gives the same
//! composition with more or less detail. [`styles::ALL`] lists the styles; [`content`] has pictures to paint.
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
