//! The order of a film's work: frames are read up to the next key frame, painted in parallel, and steadied one after
//! the other.
//!
//! Every [`KEY`]-th frame and the first of every shot is a key frame: the statistics of norms and colors and the
//! meaning of strengths are measured on it. Frames between two key frames of a shot are painted with values between
//! theirs. Key frames are counted from the beginning of the film, so a film that is resumed at a multiple of [`KEY`]
//! gets the same frames.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use super::frame::Frame;
use super::sharpness;
use super::shots::{Sight, Step};
use super::side_by_side::side_by_side;
use super::steady::Trace;
use super::{FilmOptions, KEY, Painted, State, Styles};
use crate::engine::check_cancelled;
use crate::picture::rows::Rows;
use crate::picture::zeros;
use crate::{Control, Error, ErrorKind, Painter, Result, Size, StylizeOptions, Stylizer};

/// A frame that was read, and its place in the film and in its shot.
struct Seen {
    frame: Frame,
    index: usize,
    /// How it follows from the frame before; `None` for the first of a shot.
    step: Option<Step>,
    /// How far the camera has moved since the shot began, in pixels to the right and down.
    moved: [f32; 2],
}

/// What the frames of a film have in common.
struct Work<'a> {
    stylizer: &'a Stylizer,
    styles: &'a Styles,
    options: &'a FilmOptions,
    control: &'a dyn Control,
}

/// Checks for cancellation only: frames that are painted in parallel have no progress of their own.
struct Quiet<'a>(&'a dyn Control);

impl Control for Quiet<'_> {
    fn cancelled(&self) -> bool {
        self.0.cancelled()
    }
}

/// The painted frames of a film in order: an iterator, made by [`super::Film::paint`]. It ends after an error.
pub struct Frames<'a, I> {
    work: Work<'a>,
    frames: I,
    /// The first frame that is painted.
    start: usize,
    read: usize,
    /// The analysis of the last frame that was read.
    sight: Option<Sight>,
    moved: [f32; 2],
    /// Read, but not painted yet.
    waiting: VecDeque<Seen>,
    /// The frame before those that wait.
    before: Option<Frame>,
    /// What was prepared on the first of those that wait.
    painter: Option<Painter<'a>>,
    /// The last painting.
    last: Option<Vec<f32>>,
    done: VecDeque<Painted>,
    yielded: usize,
    /// Why no more frames can be read.
    trouble: Option<Error>,
    ended: bool,
}

impl<'a, I: Iterator<Item = Result<Frame>>> Frames<'a, I> {
    pub(super) fn new(
        (stylizer, styles, options): (&'a Stylizer, &'a Styles, &'a FilmOptions),
        frames: I,
        state: State,
        control: &'a dyn Control,
    ) -> Self {
        Frames {
            work: Work { stylizer, styles, options, control },
            frames,
            start: state.frame,
            read: 0,
            sight: None,
            moved: [0.0; 2],
            waiting: VecDeque::new(),
            before: None,
            painter: None,
            last: state.last,
            done: VecDeque::new(),
            yielded: state.frame,
            trouble: None,
            ended: false,
        }
    }

    /// Returns where the film can be resumed. `None` unless the number of frames returned so far is a multiple of
    /// [`KEY`].
    pub fn state(&self) -> Option<State> {
        let known = self.done.is_empty() && self.yielded.is_multiple_of(KEY);
        let last = if self.work.options.steady > 0.0 { self.last.clone() } else { None };
        known.then_some(State { frame: self.yielded, last })
    }

    /// Reads up to and including the next key frame, and analyzes how the frames follow each other.
    fn read_on(&mut self) -> Result<()> {
        let mut frames = Vec::new();
        let end = (self.read.saturating_sub(1) / KEY + 1) * KEY;
        while self.read + frames.len() <= end && self.trouble.is_none() {
            match self.frames.next() {
                None => break,
                Some(Ok(frame)) => frames.push(frame),
                Some(Err(error)) => self.trouble = Some(error),
            }
        }
        let size = self.waiting.back().map(|seen| &seen.frame).or(frames.first()).map(Rows::size);
        if let Some((i, other)) = frames.iter().enumerate().find(|(_, frame)| Some(frame.size()) != size) {
            let (Size { width, height }, number) = (other.size(), self.read + i + 1);
            let text = format!("frame {number} has {width}×{height} pixels, another size than the frames before");
            return Err(Error::new(ErrorKind::Mismatch, text));
        }
        let at_a_time = self.work.options.at_a_time;
        let sights = side_by_side(at_a_time, &frames, |frame| Sight::of(frame))?;
        let before = self.sight.iter().chain(&sights);
        // The first frame of the film has no frame before it.
        let pairs: Vec<_> = before.zip(&sights[usize::from(self.sight.is_none()).min(sights.len())..]).collect();
        let steps = side_by_side(at_a_time, &pairs, |(before, now)| Ok(now.step(before)))?;
        let missing = frames.len() - steps.len();
        let steps = std::iter::repeat_n(None, missing).chain(steps.into_iter().map(Some));
        for (frame, step) in frames.into_iter().zip(steps) {
            let step = step.filter(|step| !step.cut);
            self.moved = match &step {
                Some(step) => {
                    let camera = step.motion.camera();
                    [self.moved[0] + camera[0], self.moved[1] + camera[1]]
                }
                None => [0.0; 2],
            };
            self.waiting.push_back(Seen { frame, index: self.read, step, moved: self.moved });
            self.read += 1;
        }
        self.sight = sights.into_iter().next_back().or(self.sight.take());
        Ok(())
    }

    /// Paints the waiting frames before the next key frame.
    fn paint_on(&mut self) -> Result<()> {
        check_cancelled(self.work.control)?;
        self.read_on()?;
        let next = self.waiting.back().is_some_and(|seen| seen.index > 0 && seen.index % KEY == 0 && self.waiting.len() > 1);
        let count = self.waiting.len() - usize::from(next);
        if count == 0 {
            self.ended = true;
            return Ok(());
        }
        if self.waiting[0].index < self.start {
            self.before = self.waiting.drain(..count).next_back().map(|seen| seen.frame);
            return Ok(());
        }
        let painters = self.painters(count)?;
        let steady = self.work.options.steady > 0.0;
        let waiting = self.waiting.make_contiguous();
        let mut before = self.before.take();
        let mut last = self.last.take();
        for first in (0..count).step_by(self.work.options.at_a_time.max(1)) {
            check_cancelled(self.work.control)?;
            let group: Vec<usize> = (first..(first + self.work.options.at_a_time.max(1)).min(count)).collect();
            let paintings = side_by_side(self.work.options.at_a_time, &group, |&i| {
                let earlier = if i == 0 { before.as_ref() } else { Some(&waiting[i - 1].frame) };
                self.work.paint(&waiting[i], earlier, &painters[i])
            })?;
            for (&i, (mut rgb, trace)) in group.iter().zip(paintings) {
                let seen = &waiting[i];
                if let (Some(trace), Some(last)) = (&trace, &last) {
                    self.work.steady(trace, last, seen.frame.width(), &mut rgb)?;
                }
                // What masks keep is put in last: a mixture with the frame before would not be exactly the photo, and
                // the photo would get into paintings where the mask moves on.
                let covered = if steady { painters[i].cover(&seen.frame, &rgb)? } else { None };
                self.done.push_back(Painted {
                    index: seen.index,
                    frame: seen.frame.repainted(covered.as_ref().unwrap_or(&rgb))?,
                    first_of_shot: seen.step.is_none(),
                });
                last = Some(rgb);
            }
        }
        before = self.waiting.drain(..count).next_back().map(|seen| seen.frame);
        (self.before, self.last) = (before, last);
        Ok(())
    }

    /// Returns a painter for each of the first `count` waiting frames.
    fn painters(&mut self, count: usize) -> Result<Vec<Painter<'a>>> {
        let mut painters: Vec<Painter<'a>> = Vec::with_capacity(count);
        while painters.len() < count {
            // A key frame, those that follow it in its shot, and the next key frame if it is in the same shot.
            let first = painters.len();
            let shot_ends = |i: usize| self.waiting.get(i).is_none_or(|seen| seen.step.is_none());
            let end = (first + 1..count).find(|&i| shot_ends(i)).unwrap_or(count);
            let from = match self.painter.take().filter(|_| first == 0) {
                Some(painter) => painter,
                None => self.work.prepare(&self.waiting[first])?,
            };
            let to = if end == count && !shot_ends(count) { Some(self.work.prepare(&self.waiting[count])?) } else { None };
            for i in first..end {
                let share = (i - first) as f32 / (end - first) as f32;
                let painter = match &to {
                    Some(to) if i > first => from.towards(to, share)?,
                    _ => from.clone(),
                };
                let frame = &self.waiting[i].frame;
                painters.push(if frame.mask.is_some() || frame.strength_mask.is_some() {
                    let options = self.work.options_of(frame);
                    painter.with_masks(options.mask, options.strength_mask)?
                } else {
                    painter
                });
            }
            self.painter = to;
        }
        Ok(painters)
    }
}

impl<'a> Work<'a> {
    fn options_of(&self, frame: &Frame) -> StylizeOptions {
        let mut options = self.options.stylize.clone();
        options.mask = frame.mask.clone().or(options.mask);
        options.strength_mask = frame.strength_mask.clone().or(options.strength_mask);
        options
    }

    fn prepare(&self, seen: &Seen) -> Result<Painter<'a>> {
        let control = &Quiet(self.control);
        let (style, palette) = self.styles.seen(self.stylizer, (seen.index, &seen.frame), control)?;
        let mut options = self.options_of(&seen.frame);
        if let Some(palette) = palette {
            options = palette.options(options);
        }
        self.stylizer.prepare_rows(&style, &options, (&seen.frame, seen.moved), control)
    }

    /// Paints a frame, and traces where its pixels were in the frame before. If it will be mixed with the last
    /// painting, it is not covered with the photo yet.
    fn paint(&self, seen: &Seen, before: Option<&Frame>, painter: &Painter<'_>) -> Result<(Vec<f32>, Option<Trace>)> {
        let covered = self.options.steady == 0.0;
        let rgb = painter.paint_whole((&seen.frame, seen.moved), covered, &Quiet(self.control))?;
        let trace = match (&seen.step, before) {
            (Some(step), Some(before)) if self.options.steady > 0.0 => {
                Some(Trace::new(before, &seen.frame, step.motion.clone(), self.options.steady)?)
            }
            _ => None,
        };
        Ok((rgb, trace))
    }

    /// Mixes a painting with the last one.
    fn steady(&self, trace: &Trace, last: &[f32], width: usize, rgb: &mut [f32]) -> Result<()> {
        let height = rgb.len() / (width * 3);
        let at_a_time = self.options.at_a_time;
        let lines = height.div_ceil(at_a_time.max(1));
        let mut mixed = zeros(rgb.len())?;
        mixed.copy_from_slice(rgb);
        let parts: Vec<_> = mixed.chunks_mut(lines * width * 3).enumerate().map(Mutex::new).collect();
        side_by_side(at_a_time, &parts, |part| {
            let mut part = part.lock().unwrap_or_else(PoisonError::into_inner);
            let (i, rows) = &mut *part;
            trace.apply(last, width, *i * lines, rows);
            Ok(())
        })?;
        drop(parts);
        sharpness::restore(rgb, &mixed, width, at_a_time)
    }
}

impl<I: Iterator<Item = Result<Frame>>> Iterator for Frames<'_, I> {
    type Item = Result<Painted>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(painted) = self.done.pop_front() {
                self.yielded = painted.index + 1;
                return Some(Ok(painted));
            }
            if self.ended {
                return self.trouble.take().map(Err);
            }
            if let Err(error) = self.paint_on() {
                self.ended = true;
                self.trouble = None;
                return Some(Err(error));
            }
        }
    }
}
