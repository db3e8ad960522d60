//! Neural style transfer: paints one picture in the style of another.
//!
//! ```no_run
//! use impasto::picture::{Limits, SaveOptions};
//! use impasto::{Picture, Style, Stylizer};
//!
//! let stylizer = Stylizer::new()?; // loads the built-in model once
//! let photo = Picture::open("photo.jpg", &Limits::default())?;
//! let painted = stylizer.stylize(&photo, &Style::built_in("starry")?)?;
//! painted.save("painted.png", &SaveOptions::default())?;
//! # Ok::<(), impasto::Error>(())
//! ```
//!
//! | module | contents |
//! | --- | --- |
//! | [`stylizer`] | [`Stylizer`]: the fast method, one pass through a network |
//! | [`style`] | [`Style`]: style vectors, files of them, the gallery |
//! | [`learn`] | styles that learn: a model is tuned to one style |
//! | [`video`] | films: frames in, painted frames out |
//! | [`optimizer`] | the method of Gatys et al. 2015: the pixels are optimized |
//! | [`request`] | what to paint as data: the table of options, records, plans |
//! | [`picture`] | [`Picture`]: files in and out, metadata, masks, resizing |
//! | [`networks`], [`weights`] | architectures, and readers for the files that hold their weights |
//! | [`graph`], [`engine`] | a network as data, and what runs it |
//! | [`perceptual`] | networks that losses look through |
#![forbid(unsafe_code)]

pub mod engine;
mod error;
pub mod eval;
mod finish;
pub mod graph;
mod hash;
pub mod learn;
pub mod networks;
pub mod optimizer;
pub mod perceptual;
pub mod picture;
pub mod request;
pub mod style;
pub mod stylizer;
pub mod video;
pub mod weights;

pub use engine::Control;
pub use error::{Error, ErrorKind, Result};
pub use finish::Colours;
pub use networks::Model;
pub use perceptual::Perceptual;
pub use picture::Picture;
pub use style::Style;
pub use stylizer::{Painter, Region, Stroke, StyleOptions, StyleSize, StylizeOptions, Stylizer, StylizerBuilder};

/// The examples of the README and the guide, as doc-tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
#[doc = include_str!("../../../docs/guide/rust.md")]
struct Examples;
