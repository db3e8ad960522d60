//! Neural style transfer: paints one picture in the style of another.
#![forbid(unsafe_code)]

pub mod engine;
mod error;
pub mod eval;
mod finish;
pub mod graph;
pub mod networks;
pub mod optimizer;
pub mod perceptual;
pub mod picture;
pub mod style;
pub mod stylizer;
pub mod weights;

pub use engine::Control;
pub use error::{Error, ErrorKind, Result};
pub use finish::Colours;
pub use networks::Model;
pub use perceptual::Perceptual;
pub use picture::Picture;
pub use style::Style;
pub use stylizer::{Region, StyleOptions, StyleSize, StylizeOptions, Stylizer, StylizerBuilder};

/// The README's examples, as doc-tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
