//! Paints pictures in the style of others.
//!
//! ```
//! use impasto::networks::{Architecture, FixedNorm, magenta::Transformer, mobilenet::MobileNet};
//! use impasto::{Model, Picture, Stylizer};
//!
//! // An untrained model stands in for a real one, which is `Stylizer::open("path/to/model")`.
//! let predictor = MobileNet { vector_len: 8, norm: FixedNorm::Batch };
//! let transformer = Transformer { widths: [4, 4, 8], blocks: 1, style_len: 8, ..Transformer::checkpoint() };
//! let model = Model::untrained(Architecture::MobileNet(predictor), Architecture::Transformer(transformer), 1)?;
//! let stylizer = Stylizer::builder().build(model)?;
//!
//! let content = Picture::from_rgb8([67, 93], &[90; 67 * 93 * 3])?;
//! let painting = Picture::from_rgb8([64, 64], &[200; 64 * 64 * 3])?;
//! let style = stylizer.style(&painting)?;
//! let painted = stylizer.stylize(&content, &style)?;
//! assert_eq!((painted.width(), painted.height()), (67, 93));
//! # Ok::<(), impasto::Error>(())
//! ```

mod bands;
mod brush;
mod builder;
mod coarse;
mod coats;
mod detail;
mod fit;
mod grain;
mod info;
mod layout;
mod learned;
mod margin;
mod options;
mod painter;
mod palette;
mod phase;
mod places;
mod region;
mod sight;
mod stored;
mod strength;
mod strengths;
mod stroke;
mod view;

use std::path::Path;

use crate::engine::{Engine, EngineOptions, Program, check_cancelled};
use crate::{Control, Error, ErrorKind, Picture, Result, Size, Style};
pub use builder::StylizerBuilder;
use fit::Fit;
pub use info::{ModelInfo, NetworkInfo};
pub(crate) use learned::Base;
pub use options::{StyleOptions, StyleSize, StylizeOptions};
pub use painter::Painter;
pub use palette::{Palette, Part};
use phase::Phase;
pub use region::Region;
use sight::Sight;
pub use stored::TakeRows;
pub use strengths::Strengths;
pub use stroke::Stroke;

/// Takes rows of a painting, at the content's width, from top to bottom.
type WriteRows<'a> = &'a mut dyn FnMut(&[f32]) -> Result<()>;

/// A model that is ready to paint: threads, compiled networks, and scratch memory that is reused from picture to
/// picture.
///
/// Threads can share a stylizer. The bytes of a painting depend only on content, style, options, model and instruction
/// set, not on the number of threads or on what else is being painted. Pictures painted at the same time share the
/// stylizer's threads, but each takes its own scratch memory.
pub struct Stylizer {
    engine: Engine,
    /// The style predictor; `None` if the transformer has styles of its own.
    predictor: Option<Sight>,
    transformer: Program,
    /// The transformer's weights, if the model's styles can learn.
    base: Option<Base>,
    /// The transformer's own styles.
    own_styles: Vec<Style>,
    /// The picture sizes that the transformer accepts.
    content_fit: Fit,
    /// Longer side in pixels of the thumbnail from which the transformer's norms take their statistics, if they do.
    thumbnail: Option<usize>,
    /// Longer side in pixels of the canvas that the transformer is made for, if it is made for one.
    made_for: Option<usize>,
    info: ModelInfo,
}

impl Stylizer {
    /// Loads Impasto's own model ([`crate::Model::embedded`]) with the default settings of [`StylizerBuilder`].
    ///
    /// ```no_run
    /// use impasto::{Picture, Style, Stylizer, picture::{Limits, SaveOptions}};
    ///
    /// let photo = Picture::open("photo.jpg", &Limits::default())?;
    /// let painted = Stylizer::new()?.stylize(&photo, &Style::built_in("mosaic")?)?;
    /// painted.save("out.png", &SaveOptions::default())?;
    /// # Ok::<(), impasto::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`StylizerBuilder::open`].
    pub fn new() -> Result<Self> {
        Self::builder().open()
    }

    /// Reads a model from a file or folder, as [`crate::Model::open`] does, with the default settings of
    /// [`StylizerBuilder`].
    ///
    /// # Errors
    /// As [`StylizerBuilder::open`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::builder().model(path).open()
    }

    /// Returns a builder: settings first, then the model.
    pub fn builder() -> StylizerBuilder {
        StylizerBuilder::new()
    }

    /// Describes the model, without its weights.
    pub fn model(&self) -> &ModelInfo {
        &self.info
    }

    /// Longer side in pixels of the thumbnail from which the model's norms take their statistics. `None` if they take
    /// them from the picture itself. With a thumbnail, pictures are painted in bands, in memory that grows only with
    /// their width.
    pub fn thumbnail(&self) -> Option<usize> {
        self.thumbnail
    }

    /// Returns the size of the canvas that the network paints on for a picture of this size. It follows from
    /// [`StylizeOptions::stroke`] and [`StylizeOptions::preview_of`].
    ///
    /// # Errors
    /// As [`Stylizer::stylize_with`] for options out of range.
    pub fn canvas(&self, options: &StylizeOptions, picture: impl Into<Size>) -> Result<Size> {
        options.check()?;
        let size = picture.into();
        let full = options.preview_of.unwrap_or(size);
        Ok(options.stroke.canvas(size, full.long_side(), self.made_for))
    }

    /// Returns the greatest size that the network paints at for a picture of this size: the canvas with the margin that
    /// is cut off, or the picture itself if native strokes are painted a second time.
    ///
    /// # Errors
    /// As [`Stylizer::canvas`].
    pub fn greatest_canvas(&self, options: &StylizeOptions, picture: impl Into<Size>) -> Result<Size> {
        let size = picture.into();
        let canvas = self.canvas(options, size)?;
        if !self.has_detail(options) {
            return Ok(Size { width: canvas.width.max(size.width), height: canvas.height.max(size.height) });
        }
        Ok(margin::framed(canvas, self.margin(options)))
    }

    /// Whether a painting larger than its canvas gets the content's detail, instead of being painted again in its own
    /// style.
    fn has_detail(&self, options: &StylizeOptions) -> bool {
        self.made_for.is_some() && matches!(options.stroke, Stroke::Relative(_)) || self.predictor.is_none()
    }

    /// Returns the styles that are part of the network, by number. A network of one style has just that one, named
    /// after its file. Empty for models that paint in the styles of pictures.
    pub fn own_styles(&self) -> &[Style] {
        &self.own_styles
    }

    /// Finds one of the network's own styles by name or number.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if it has no style of this name, or no styles of its own at all.
    pub fn find_own_style(&self, name: &str) -> Result<&Style> {
        let file = &self.info.transformer.file;
        let found = self.own_styles.iter().find(|style| style.name() == Some(name));
        found.ok_or_else(|| {
            let text = match self.own_styles.as_slice() {
                [] => format!("{file}: has no styles of its own, so it has no style {name:?}; give a picture"),
                [one] => format!("{file}: has one style, {:?}, and no style {name:?}", one.name().unwrap_or_default()),
                several => format!("{file}: has styles 0 to {}, and no style {name:?}", several.len() - 1),
            };
            Error::new(ErrorKind::InvalidArgument, text)
        })
    }

    /// Returns the most bytes that a [canvas](Stylizer::canvas) of another size adds to the painting itself, for a
    /// picture of this size: rows being resized and, if the canvas is smaller, the painting at 16 bits and the content
    /// as floats. 0 if the canvas is the picture.
    ///
    /// # Errors
    /// As [`Stylizer::canvas`].
    pub fn canvas_memory(&self, options: &StylizeOptions, picture: impl Into<Size>) -> Result<u64> {
        let size = picture.into();
        let canvas = self.canvas(options, size)?;
        if canvas == size {
            return Ok(0);
        }
        let rows = (size.width.max(canvas.width) as u64).saturating_mul(64 * 36);
        let smaller = canvas.width < size.width || canvas.height < size.height;
        let coarse = if smaller { canvas.pixels().saturating_mul(18) } else { 0 };
        Ok(rows.saturating_add(coarse))
    }

    /// Returns the most bytes that regions and strength masks add, for a picture of this size. They need memory if
    /// styles have networks of their own ([`crate::learn`]): these paint one after the other, into a sum.
    ///
    /// # Errors
    /// As [`Stylizer::canvas`].
    pub fn sharing_memory(&self, options: &StylizeOptions, picture: impl Into<Size>) -> Result<u64> {
        Ok(self.canvas(options, picture)?.pixels().saturating_mul(12))
    }

    /// Returns the threads and the executor that it uses.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Returns the same model with another number of threads; 0 means one per core. With a single thread, every caller
    /// paints on its own thread. This is the fastest way to paint many small pictures: call from as many threads as
    /// there are cores.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if the system cannot start the threads.
    pub fn with_threads(self, threads: usize) -> Result<Self> {
        let engine = Engine::new(EngineOptions::default().threads(threads).executor(self.engine.executor()))?;
        Ok(Stylizer { engine, ..self })
    }

    /// Returns the style of a picture, seen with the default [`StyleOptions`].
    ///
    /// # Errors
    /// As [`Stylizer::style_with`].
    pub fn style(&self, picture: &Picture) -> Result<Style> {
        self.style_with(picture, &StyleOptions::default(), &())
    }

    /// Returns the style of a picture. Alpha is ignored.
    ///
    /// # Errors
    /// As [`Picture::resized`] for impossible sizes; [`ErrorKind::TooLarge`] if there is not enough memory;
    /// [`ErrorKind::Malformed`] if the picture holds values that are not finite; [`ErrorKind::Cancelled`] if `control`
    /// says so; [`ErrorKind::Unsupported`] if the model has only [styles of its own](Stylizer::own_styles).
    pub fn style_with(&self, picture: &Picture, options: &StyleOptions, control: &dyn Control) -> Result<Style> {
        check_cancelled(control)?;
        let resized = options.size.apply(picture)?;
        let vector = self.sight()?.see(&self.engine, &resized, control)?;
        Style::new(self.info.family.clone(), vector)
    }

    /// Returns the style predictor.
    fn sight(&self) -> Result<&Sight> {
        self.predictor.as_ref().ok_or_else(|| {
            let which = match self.own_styles.len() {
                1 => "one style of its own: leave out the style".to_owned(),
                count => format!("{count} styles of its own: choose one of 0 to {}", count - 1),
            };
            let text = format!("{}: takes no style pictures, because it paints in {which}", self.info.transformer.file);
            Error::new(ErrorKind::Unsupported, text)
        })
    }

    /// Returns the peak memory in bytes of [`Stylizer::style_with`] for a picture that is seen at this size. 0 for
    /// models without a style predictor.
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`] if the number overflows.
    pub fn style_memory(&self, seen: impl Into<Size>) -> Result<u64> {
        let Some(sight) = &self.predictor else { return Ok(0) };
        let seen = sight.fit.size(seen.into());
        let pictures = seen.pixels().saturating_mul(2 * 12);
        Ok(sight.memory(seen, self.engine.threads())?.saturating_add(pictures))
    }

    /// Paints a picture at full strength; see [`Stylizer::stylize_with`].
    ///
    /// # Errors
    /// As [`Stylizer::stylize_with`].
    pub fn stylize(&self, content: &Picture, style: &Style) -> Result<Picture> {
        self.stylize_with(content, style, &StylizeOptions::default(), &())
    }

    /// Paints a picture in a style. The result has the content's size, alpha and [`crate::picture::Source`].
    ///
    /// The network reads the content at its own size and paints a picture whose sides are the next multiples of the
    /// network's largest stride (4 or 8). What lies beyond the content's right and bottom edges is cut off, so every
    /// pixel is exactly what the network computes. If a side is too short for the network (below 5 pixels for one that
    /// mirrors at the border), the content is first extended to 8 pixels by repeating the last row or column.
    ///
    /// If the model takes its statistics from a [thumbnail](crate::networks::Architecture::thumbnail), the network
    /// first runs on the content shrunk to that size. Then it paints the content in bands with the norms frozen. Memory
    /// besides the two pictures then grows only with the content's width, and the bands leave no visible seams.
    ///
    /// All options are as exact in bands. Some cost more than the network itself:
    ///
    /// - A strength below 1 or a strength mask: the style predictor, and six paintings of 128 pixels per style.
    /// - [`crate::Colours::Content`]: one painting of a thumbnail.
    /// - Regions and strength masks: the statistics of each style; at full size for models without a thumbnail.
    /// - Coarse strokes: the small painting, in memory at 16 bits.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if the style belongs to another family than the model, has learned for another model, or
    /// a mask has other proportions than the content; [`ErrorKind::InvalidArgument`] for options out of range;
    /// [`ErrorKind::TooLarge`] if there is not enough memory; [`ErrorKind::Malformed`] if the content holds values that
    /// are not finite, or the style makes the network overflow; [`ErrorKind::Cancelled`] if `control` says so. If the
    /// strength is below 1, also as [`Stylizer::style_with`].
    pub fn stylize_with(
        &self,
        content: &Picture,
        style: &Style,
        options: &StylizeOptions,
        control: &dyn Control,
    ) -> Result<Picture> {
        let mut rgb = fit::reserve(content.width(), content.height())?;
        let mut write = |rows: &[f32]| {
            rgb.extend_from_slice(rows);
            Ok(())
        };
        self.paint_rows(content, style, options, &mut write, control)?;
        content.repainted(content.size(), rgb)
    }

    /// Returns the peak memory in bytes of making a style from a picture of this size (with the default
    /// [`StyleOptions`]) and painting the picture. The result and the packed weights are included, the picture itself
    /// is not. Pictures painted at the same time each take this much, except for the weights.
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`] if it overflows; [`ErrorKind::InvalidArgument`] if a side is 0.
    pub fn peak_memory(&self, picture: impl Into<Size>) -> Result<u64> {
        let size @ Size { width, height } = picture.into();
        if width == 0 || height == 0 {
            return Err(Error::new(ErrorKind::InvalidArgument, format!("a picture of {width}×{height} has no pixels")));
        }
        let threads = self.engine.threads();
        // A run leaves its buffers for the next one, so the buffers of both networks may be held at the same time.
        let (seen, seeing) = self.seeing(size)?;
        let painting = match self.thumbnail {
            None => self.transformer.peak_memory(self.content_fit.size(size), threads)?,
            Some(side) => self.band_memory(size, side, None)?,
        };
        let bytes = |size: Size| size.pixels().saturating_mul(12);
        let pictures = [seen, size];
        Ok(pictures.into_iter().map(bytes).fold(seeing.saturating_add(painting), u64::saturating_add))
    }

    /// The size at which a picture of this size is seen by default, and the memory that seeing it takes.
    fn seeing(&self, size: Size) -> Result<(Size, u64)> {
        let Some(sight) = &self.predictor else { return Ok((Size::new(0, 0), 0)) };
        let seen = sight.fit.size(StyleSize::default().of(size));
        Ok((seen, sight.memory(seen, self.engine.threads())?))
    }

    /// Checks that the model can paint in a style.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if it belongs to another family, its vector has another length, or it has learned for
    /// another model.
    pub fn check_style(&self, style: &Style) -> Result<()> {
        let (family, len) = (&self.info.family, self.transformer.graph().style_len);
        let text = if style.family() != family {
            format!(
                "{style} is of family {}, the model of family {family}: it would misread the numbers; make the style with \
                 this model",
                style.family()
            )
        } else if style.vector().len() != len {
            format!("{style} has {} numbers, but the model reads {len}; make the style with this model", style.vector().len())
        } else {
            return self.check_learned(style);
        };
        Err(Error::new(ErrorKind::Mismatch, text))
    }
}

impl std::fmt::Debug for Stylizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Stylizer { engine, info, .. } = self;
        f.debug_struct("Stylizer")
            .field("model", info)
            .field("threads", &engine.threads())
            .field("executor", &engine.executor())
            .finish_non_exhaustive()
    }
}

/// A program's share of the work, for a progress bar. Sizes that the program does not accept fail later, with a reason.
fn work(program: &Program, picture: Size) -> u64 {
    program.graph().cost(picture).map_or(0, |cost| cost.multiply_accumulates)
}
