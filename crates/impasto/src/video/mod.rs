//! Films: frames in, painted frames out.
//!
//! If the frames of a film are painted one by one, they flicker: what a painting takes from the whole picture jumps a
//! little from one frame to the next. A [`Film`] prepares this once per shot, lets it glide, and can mix every frame
//! with the last one, moved to where its pixels are now ([`FilmOptions::steady`]). Frames come from any iterator:
//! nothing here reads files or starts programs.
//!
//! ```
//! use impasto::networks::{Architecture, FixedNorm, magenta::Transformer, mobilenet::MobileNet};
//! use impasto::video::{Film, FilmOptions, Frame, Samples};
//! use impasto::{Model, Stylizer};
//!
//! # let predictor = MobileNet { vector_len: 8, norm: FixedNorm::Batch };
//! # let transformer = Transformer { widths: [4, 4, 8], blocks: 1, style_len: 8, ..Transformer::checkpoint() };
//! # let model = Model::untrained(Architecture::MobileNet(predictor), Architecture::Transformer(transformer), 1)?;
//! # let stylizer = Stylizer::builder().build(model)?;
//! let frame = |level: u8| Frame::new([64, 48], 3, Samples::Eight(vec![level; 64 * 48 * 3]));
//! let style = stylizer.style(&frame(200)?.to_picture()?)?;
//! let film = Film::new(&stylizer, style, FilmOptions::default().steady(0.5))?;
//! let mut painted = 0;
//! for frame in film.paint((0..10).map(|i| frame(90 + i)), &()) {
//!     assert_eq!(frame?.frame.width(), 64);
//!     painted += 1;
//! }
//! assert_eq!(painted, 10);
//! # Ok::<(), impasto::Error>(())
//! ```

mod film;
mod frame;
mod motion;
mod sharpness;
mod shots;
mod side_by_side;
mod steady;
mod styles;
#[cfg(test)]
mod tests;

use crate::{Control, Error, ErrorKind, Result, Size, StylizeOptions, Stylizer};
pub use film::Frames;
pub use frame::{Frame, Samples};
pub use styles::Styles;

/// Frames from one key frame to the next: a third of a second at 24 frames per second. Statistics are measured on key
/// frames, and a film can be resumed at them.
pub const KEY: usize = 8;

/// How a film is painted.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FilmOptions {
    /// How its frames are painted. Each frame may have [masks of its own](Frame::with_mask) instead.
    pub stylize: StylizeOptions,
    /// How much of the last painting is kept where a frame shows the same as the one before: 0, the default, for
    /// nothing; 1 for nine tenths.
    pub steady: f32,
    /// How many frames are painted at a time, each on the stylizer's threads. Default: 1. The number does not change
    /// the result.
    pub at_a_time: usize,
}

impl Default for FilmOptions {
    fn default() -> Self {
        FilmOptions { stylize: StylizeOptions::default(), steady: 0.0, at_a_time: 1 }
    }
}

impl FilmOptions {
    /// With these [`FilmOptions::stylize`].
    #[must_use]
    pub fn stylize(self, stylize: StylizeOptions) -> Self {
        FilmOptions { stylize, ..self }
    }

    /// With this [`FilmOptions::steady`], 0 to 1.
    #[must_use]
    pub fn steady(self, steady: f32) -> Self {
        FilmOptions { steady, ..self }
    }

    /// With this [`FilmOptions::at_a_time`].
    #[must_use]
    pub fn at_a_time(self, at_a_time: usize) -> Self {
        FilmOptions { at_a_time, ..self }
    }
}

/// A film to paint: how, and in which styles.
#[derive(Debug)]
pub struct Film<'a> {
    stylizer: &'a Stylizer,
    styles: Styles,
    options: FilmOptions,
}

/// A painted frame.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Painted {
    /// Its position in the film, from 0.
    pub index: usize,
    /// The painting, with the size, alpha and depth of the original frame.
    pub frame: Frame,
    /// Whether it begins a new shot.
    pub first_of_shot: bool,
}

/// Where a film is resumed; see [`Frames::state`].
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct State {
    /// The first frame that is painted, from 0.
    pub frame: usize,
    /// The last painting, `height × width × 3`; only if [`FilmOptions::steady`] is above 0.
    pub last: Option<Vec<f32>>,
}

impl State {
    /// Makes a state with this [`State::frame`] and [`State::last`].
    pub fn at(frame: usize, last: Option<Vec<f32>>) -> Self {
        State { frame, last }
    }
}

impl<'a> Film<'a> {
    /// Makes a film in one style, or in [`Styles`] that change along it.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if [`FilmOptions::steady`] is out of range.
    pub fn new(stylizer: &'a Stylizer, styles: impl Into<Styles>, options: FilmOptions) -> Result<Self> {
        if !(0.0..=1.0).contains(&options.steady) {
            let text = format!("a steadiness of {} is out of range; give 0 to 1", options.steady);
            return Err(Error::new(ErrorKind::InvalidArgument, text));
        }
        Ok(Film { stylizer, styles: styles.into(), options })
    }

    /// Paints frames. Up to [`KEY`] of them are read ahead.
    ///
    /// The iterator returns the errors of `frames` and of [`Stylizer::stylize_with`], and [`ErrorKind::Mismatch`] if a
    /// frame differs in size from the ones before.
    pub fn paint<'s, I>(&'s self, frames: I, control: &'s dyn Control) -> Frames<'s, I::IntoIter>
    where
        I: IntoIterator<Item = Result<Frame>>,
    {
        self.resume(frames, State::default(), control)
    }

    /// Continues an earlier run: returns the frames from [`State::frame`] on. `frames` are all frames of the film, from
    /// its first. Those that are already painted are read and analyzed, but not painted. The result is the same as
    /// without the interruption.
    pub fn resume<'s, I>(&'s self, frames: I, state: State, control: &'s dyn Control) -> Frames<'s, I::IntoIter>
    where
        I: IntoIterator<Item = Result<Frame>>,
    {
        Frames::new((self.stylizer, &self.styles, &self.options), frames.into_iter(), state, control)
    }

    /// Returns the most bytes of memory that painting frames of this size takes, including the packed weights.
    /// `bytes_per_pixel` is the depth (1 or 2 bytes per sample) times the number of channels.
    ///
    /// # Errors
    /// As [`Stylizer::peak_memory`].
    pub fn memory(&self, frame: impl Into<Size>, bytes_per_pixel: usize) -> Result<u64> {
        let size = frame.into();
        let at_a_time = self.options.at_a_time.max(1) as u64;
        let canvas = self.stylizer.greatest_canvas(&self.options.stylize, size)?;
        let one = self.stylizer.stored_memory(canvas, Some(0))?;
        let one = one.saturating_add(self.stylizer.canvas_memory(&self.options.stylize, size)?);
        let pixels = size.pixels();
        // Waiting and painted frames; paintings and traces in progress; the last painting, its mixture, and the
        // mixture with the photo; pyramids.
        let frames = pixels.saturating_mul(bytes_per_pixel as u64).saturating_mul(2 * (KEY as u64 + 1));
        let paintings = pixels.saturating_mul(12 + 16).saturating_mul(at_a_time + 1).saturating_add(pixels.saturating_mul(24));
        let pyramids = (KEY as u64 + 2) * (320 * 320 * 6);
        let styles = self.styles.memory(self.stylizer)?;
        let all = one.saturating_mul(at_a_time).saturating_add(frames).saturating_add(paintings).saturating_add(pyramids);
        Ok(all.saturating_add(styles))
    }
}
