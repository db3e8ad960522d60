//! Neural style transfer: paints one picture in the style of another.
//!
//! A [`Stylizer`] loads a model once and then paints any number of pictures, from any number of threads. The built-in
//! model and its gallery of styles are part of the library (feature `embedded`, on by default):
//!
//! ```
//! # #[cfg(feature = "embedded")]
//! # fn main() -> impasto::Result<()> {
//! use impasto::{Picture, Style, StylizeOptions, Stylizer};
//!
//! let stylizer = Stylizer::builder().threads(1).open()?;
//!
//! // A picture from pixels, red, green and blue of 0 to 1. `Picture::open` reads a file.
//! let (width, height) = (96, 64);
//! let sky = |i: usize| [0.3, 0.5, 0.6 + 0.4 * (i / width) as f32 / height as f32];
//! let photo = Picture::from_rgb_f32([width, height], (0..width * height).flat_map(sky).collect())?;
//!
//! // A built-in style; `stylizer.style` makes one of any picture. Styles can be blended, saved and read again.
//! let style = Style::blend(&[(&Style::built_in("starry")?, 0.7), (&stylizer.style(&photo)?, 0.3)])?;
//!
//! // `&()` is a `Control` that shows no progress and never cancels.
//! let painted = stylizer.stylize_with(&photo, &style, &StylizeOptions::default().strength(0.8), &())?;
//! assert_eq!((painted.width(), painted.height()), (96, 64));
//! assert_ne!(painted.rgb(), photo.rgb());
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "embedded"))]
//! # fn main() {}
//! ```
//!
//! From file to file:
//!
//! ```no_run
//! use impasto::picture::{Limits, SaveOptions};
//! use impasto::{Picture, Style, Stylizer};
//!
//! let photo = Picture::open("photo.jpg", &Limits::default())?;
//! let painted = Stylizer::new()?.stylize(&photo, &Style::built_in("starry")?)?;
//! // Profile, orientation, transparency and metadata are the photo's. What the format cannot hold is said.
//! for warning in painted.save("painted.png", &SaveOptions::default())? {
//!     eprintln!("{warning}");
//! }
//! # Ok::<(), impasto::Error>(())
//! ```
//!
//! # Map
//!
//! | module | contents |
//! | --- | --- |
//! | [`stylizer`] | [`Stylizer`]: the fast method, one pass through a network |
//! | [`style`] | [`Style`]: style vectors, their files, the gallery |
//! | [`learn`] | styles that learn: a model is tuned to one style |
//! | [`video`] | films: frames in, painted frames out |
//! | [`optimizer`] | the method of Gatys et al. 2015: the pixels are optimized |
//! | [`request`] | what to paint as data: the table of options, records, plans |
//! | [`picture`] | [`Picture`]: files in and out, metadata, masks, resizing |
//! | [`eval`] | measures of paintings: distance from style and content, artifacts |
//! | [`networks`], [`weights`] | architectures, and readers for the files that hold their weights |
//! | [`graph`], [`engine`] | a network as data, and the executors that run it |
//! | [`perceptual`] | the networks that perceptual losses are computed with |
//!
//! # Conventions
//!
//! - All errors are [`Error`]: [`Error::kind`] is for programs; the text, one line that names the file, is for people.
//! - Picture sizes are [`Size`], width first, from networks to requests. Functions also accept `[width, height]`.
//!   Only array shapes ([`graph::Shape`]) and kernel windows put rows first.
//! - Pixels are red, green and blue from 0 to 1 in sRGB, row by row.
//! - Long operations take a [`Control`], which is notified of progress and can cancel.
//! - Files are written through a temporary file beside them. An existing file is replaced only on request.
//! - The same input, model, options and instruction set give the same bytes, at any number of threads.
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
mod size;
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
pub use size::Size;
pub use style::Style;
pub use stylizer::{Painter, Region, Stroke, StyleOptions, StyleSize, StylizeOptions, Stylizer, StylizerBuilder};

/// The examples of the README and the guide, run as doc-tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
#[doc = include_str!("../../../docs/guide/rust.md")]
struct Examples;
