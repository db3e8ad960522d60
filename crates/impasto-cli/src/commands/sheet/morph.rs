//! Morphs: from one style to the next through mixtures of both.

use impasto::{Picture, Style};

use super::animation::{Animation, Kind};
use super::{Named, Painter};
use crate::failure::Result;
use crate::{figure, interrupt};

/// Paintings from one style to the next: enough for smooth motion, or few enough to view side by side.
const FRAMES: usize = 12;
const STEPS: usize = 3;

/// Hundredths of a second to show a frame of a mixture, and a frame of a single style.
const SHORT: u16 = 8;
const LONG: u16 = 60;

/// A painting of a morph.
struct Frame {
    /// The name of the style, if the frame has a single one.
    title: Option<String>,
    style: Style,
}

/// Returns all frames: `steps` from each style to the next, and from the last to the first if `round`.
fn frames(styles: &[Named], steps: usize, round: bool) -> Result<Vec<Frame>> {
    let mut frames = Vec::new();
    for (i, from) in styles.iter().enumerate() {
        frames.push(Frame { title: Some(from.name.clone()), style: from.style.clone() });
        let to = match styles.get(i + 1) {
            Some(next) => next,
            None if round => &styles[0],
            None => break,
        };
        for step in 1..steps {
            frames.push(Frame { title: None, style: from.style.mix(&to.style, step as f32 / steps as f32)? });
        }
    }
    Ok(frames)
}

/// Returns an animation that goes back to the first style.
pub(super) fn animation(painter: &Painter<'_>, styles: &[Named], kind: Kind) -> Result<Vec<u8>> {
    let frames = frames(styles, painter.args.frames.map_or(FRAMES, usize::from), true)?;
    let mut animation = Animation::new(kind, painter.size(), frames.len())?;
    let bar = painter.bar(frames.len());
    interrupt::while_running(|| {
        for frame in &frames {
            let painted = painter.paint(&frame.style, painter.args.strengths[0])?;
            animation.add(&painted, if frame.title.is_some() { LONG } else { SHORT })?;
            bar.advance();
        }
        animation.finish()
    })
}

/// Returns one row of paintings.
pub(super) fn strip(painter: &Painter<'_>, styles: &[Named]) -> Result<Picture> {
    let frames = frames(styles, painter.args.frames.map_or(STEPS, usize::from), false)?;
    let titles: Vec<_> = frames.iter().map(|frame| frame.title.clone().unwrap_or_default()).collect();
    let mut strip = figure::Sheet::new(painter.size(), &titles, titles.len())?;
    let bar = painter.bar(frames.len());
    interrupt::while_running(|| {
        for (frame, title) in frames.iter().zip(&titles) {
            strip.add(title, Some(&painter.paint(&frame.style, painter.args.strengths[0])?));
            bar.advance();
        }
        strip.finish()
    })
}

#[cfg(test)]
mod tests {
    use impasto::Style;
    use impasto::networks::Family;

    use super::{Named, frames};

    #[test]
    fn frames_go_from_style_to_style_and_round() {
        let named = |name: &str, v: f32| Named { name: name.into(), style: Style::new(Family::Magenta, vec![v]).unwrap() };
        let styles = [named("a", 0.0), named("b", 4.0), named("c", 2.0)];
        let values = |steps, round| -> Vec<f32> {
            frames(&styles, steps, round).unwrap().iter().map(|frame| frame.style.vector()[0]).collect()
        };
        assert_eq!(values(2, true), [0.0, 2.0, 4.0, 3.0, 2.0, 1.0]);
        assert_eq!(values(4, false), [0.0, 1.0, 2.0, 3.0, 4.0, 3.5, 3.0, 2.5, 2.0]);
        assert_eq!(values(1, false), [0.0, 4.0, 2.0]);
        let titles: Vec<_> = frames(&styles, 2, true).unwrap().into_iter().map(|frame| frame.title).collect();
        assert_eq!(titles[..3], [Some("a".into()), None, Some("b".into())]);
    }
}
