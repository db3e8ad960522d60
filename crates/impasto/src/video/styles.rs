//! Styles that change along a film.

use crate::{Result, Style};

/// The styles of a film by frame. Between two of them the style glides from one to the other; before the first and after the last it stays.
#[derive(Debug, Clone, PartialEq)]
pub struct Styles(Vec<(usize, Style)>);

impl Styles {
    /// One style for all frames.
    pub fn one(style: Style) -> Self {
        Styles(vec![(0, style)])
    }

    /// With another style at this frame, counted from 0; it replaces one that is there.
    #[must_use]
    pub fn with(mut self, frame: usize, style: Style) -> Self {
        self.0.retain(|(at, _)| *at != frame);
        self.0.push((frame, style));
        self.0.sort_by_key(|(at, _)| *at);
        self
    }

    /// The style of a frame.
    ///
    /// # Errors
    /// As [`Style::mix`], if the styles are of different models.
    pub fn at(&self, frame: usize) -> Result<Style> {
        let next = self.0.partition_point(|(at, _)| *at <= frame);
        match (next.checked_sub(1).map(|last| &self.0[last]), self.0.get(next)) {
            (Some((from, a)), Some((to, b))) => a.mix(b, (frame - from) as f32 / (to - from) as f32),
            (Some((_, style)), None) | (None, Some((_, style))) => Ok(style.clone()),
            (None, None) => unreachable!("there is one style at least"),
        }
    }
}

impl From<Style> for Styles {
    fn from(style: Style) -> Self {
        Styles::one(style)
    }
}

#[cfg(test)]
mod tests {
    use super::Styles;
    use crate::Style;
    use crate::networks::Family;

    #[test]
    fn styles_glide_from_one_to_the_next() {
        let style = |v: f32| Style::new(Family::Magenta, vec![v, 1.0]).unwrap();
        let styles = Styles::one(style(0.0)).with(20, style(2.0)).with(10, style(1.0)).with(20, style(3.0));
        for (frame, expected) in [(0, 0.0), (5, 0.5), (10, 1.0), (15, 2.0), (20, 3.0), (1000, 3.0)] {
            assert!((styles.at(frame).unwrap().vector()[0] - expected).abs() < 1e-6, "{frame}");
        }
    }
}
