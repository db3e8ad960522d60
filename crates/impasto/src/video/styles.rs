//! Styles that change along a film, or take on its colors.

use crate::picture::rows::{self, Rows};
use crate::request::{MATCHED_SIDE, Options, matched};
use crate::stylizer::{Palette, Part};
use crate::{Colours, Control, Error, ErrorKind, Picture, Result, Style, StylizeOptions, Stylizer};

/// The styles of a film, by frame. Between two frames with styles, the style glides from one to the other; before the
/// first and after the last it does not change.
///
/// Frames are counted from the first that is painted. Numbers below 0 are frames before it: if only a part of a film is
/// painted, its first frame may already be on the way from one style to the next.
#[derive(Debug, Clone, PartialEq)]
pub struct Styles {
    by_frame: Vec<(i64, Entry)>,
    /// How far colors go toward the film's: 0 to 1.
    share: f32,
}

/// The styles at one frame of a film.
#[derive(Debug, Clone, PartialEq)]
enum Entry {
    Plain(Style),
    /// Styles whose pictures get the film's colors, with these pictures, and the palette of the styles without that.
    Matched(Vec<(Part, Picture)>, Palette),
}

impl Entry {
    fn matched(parts: Vec<(Part, Picture)>) -> Result<Self> {
        let plain = Palette::new(parts.iter().map(|(part, _)| part.clone()))?;
        Ok(Entry::Matched(parts, plain))
    }

    /// Returns the style without the film's colors.
    fn plain(&self) -> &Style {
        match self {
            Entry::Plain(style) => style,
            Entry::Matched(_, palette) => &palette.style,
        }
    }
}

impl Styles {
    /// One style for all frames.
    pub fn one(style: Style) -> Self {
        Styles { by_frame: vec![(0, Entry::Plain(style))], share: 1.0 }
    }

    /// Styles for all frames whose pictures first get the colors of the film: `colors: match`. The resulting styles are
    /// measured on every key frame and glide in between.
    ///
    /// Each part has the style of its unchanged picture, and the picture has the size at which the network sees it.
    /// `share` says how far the colors go: 0 to 1. The parts' masks replace [`crate::StylizeOptions::regions`].
    ///
    /// # Errors
    /// As [`Palette::new`].
    pub fn matched(parts: Vec<(Part, Picture)>, share: f32) -> Result<Self> {
        Ok(Styles { by_frame: vec![(0, Entry::matched(parts)?)], share })
    }

    /// Returns the styles of a film that a request asks for, and the options of its paintings. `first` are the styles
    /// at the beginning of the film, and its frame; `later` those that come at other frames, in place of the styles
    /// without a mask. Each has its picture if there is one, at the size at which the network sees it. `painting` comes
    /// from [`Options::stylize`].
    ///
    /// With `colors: match`, the pictures get the film's colors ([`Styles::matched`]). If any picture is missing, the
    /// paintings get the film's colors instead ([`Colours::Content`]), so that a film has one look from its first frame
    /// to its last.
    ///
    /// # Errors
    /// As [`Palette::new`]; [`ErrorKind::InvalidArgument`] if there are later styles, but all first ones have masks.
    pub fn asked(
        options: &Options,
        painting: StylizeOptions,
        (beginning, first): (i64, Vec<(Part, Option<Picture>)>),
        later: Vec<(i64, Style, Option<Picture>)>,
    ) -> Result<(Self, StylizeOptions)> {
        if !later.is_empty() && first.iter().all(|(part, _)| part.mask.is_some()) {
            let text = "a style that comes later replaces the one outside the masks, but all styles have masks; \
                        add a style without one";
            return Err(Error::new(ErrorKind::InvalidArgument, text));
        }
        let palette = Palette::new(first.iter().map(|(part, _)| part.clone()))?;
        let mut painting = palette.options(painting);
        let whole = first.iter().all(|(_, picture)| picture.is_some()) && later.iter().all(|(_, _, picture)| picture.is_some());
        let matching = options.colors == Colours::Match;
        if matching && !whole {
            painting = painting.colours(Colours::Content);
        }
        if !(matching && whole) {
            let first = Styles { by_frame: vec![(beginning, Entry::Plain(palette.style))], share: 1.0 };
            let styles = later.into_iter().fold(first, |styles, (frame, style, _)| styles.with(frame, style));
            return Ok((styles, painting));
        }
        let first = first.into_iter().filter_map(|(part, picture)| Some((part, picture?))).collect();
        let mut styles = Styles { by_frame: vec![(beginning, Entry::matched(first)?)], share: options.color_strength };
        for (frame, style, picture) in later {
            if let Some(picture) = picture {
                styles = styles.with_matched(frame, style, picture)?;
            }
        }
        Ok((styles, painting))
    }

    /// Adds another style at this frame. It replaces one that is already there.
    #[must_use]
    pub fn with(self, frame: i64, style: Style) -> Self {
        self.and(frame, Entry::Plain(style))
    }

    /// Adds another style at this frame, whose picture gets the colors of the film; see [`Styles::matched`]. It takes
    /// the place of the styles without a mask. Those with masks stay.
    ///
    /// # Errors
    /// As [`Palette::new`].
    pub fn with_matched(self, frame: i64, style: Style, picture: Picture) -> Result<Self> {
        let regions = self.by_frame.iter().find_map(|(_, entry)| match entry {
            Entry::Matched(parts, _) => Some(parts.iter().filter(|(part, _)| part.mask.is_some())),
            Entry::Plain(_) => None,
        });
        let whole = (Part { style, weight: 1.0, mask: None }, picture);
        let parts = std::iter::once(whole).chain(regions.into_iter().flatten().cloned()).collect();
        Ok(self.and(frame, Entry::matched(parts)?))
    }

    fn and(mut self, frame: i64, entry: Entry) -> Self {
        self.by_frame.retain(|(at, _)| *at != frame);
        self.by_frame.push((frame, entry));
        self.by_frame.sort_by_key(|(at, _)| *at);
        self
    }

    /// Returns the entries on both sides of a frame, and how far the frame is on the way from the first to the second.
    fn around(&self, frame: usize) -> (&Entry, Option<(&Entry, f32)>) {
        let frame = i64::try_from(frame).unwrap_or(i64::MAX);
        let next = self.by_frame.partition_point(|(at, _)| *at <= frame);
        match (next.checked_sub(1).map(|last| &self.by_frame[last]), self.by_frame.get(next)) {
            (Some((from, a)), Some((to, b))) => (a, Some((b, (frame - from) as f32 / (to - from) as f32))),
            (Some((_, entry)), None) | (None, Some((_, entry))) => (entry, None),
            (None, None) => unreachable!("there is one style at least"),
        }
    }

    /// Returns the style of a frame, without the film's colors.
    ///
    /// # Errors
    /// As [`Style::mix`], if the styles belong to different models.
    pub fn at(&self, frame: usize) -> Result<Style> {
        match self.around(frame) {
            (entry, None) => Ok(entry.plain().clone()),
            (from, Some((to, share))) => from.plain().mix(to.plain(), share),
        }
    }

    /// Returns the most bytes of memory that pictures of styles take, and seeing them in the film's colors.
    pub(super) fn memory(&self, stylizer: &Stylizer) -> Result<u64> {
        let entries = self.by_frame.iter().map(|(_, entry)| entry);
        let pictures = entries.flat_map(|entry| match entry {
            Entry::Plain(_) => &[],
            Entry::Matched(parts, _) => parts.as_slice(),
        });
        let (mut held, mut seeing) = (0u64, 0);
        for picture in pictures.map(|(_, picture)| picture) {
            let [width, height] = [picture.width(), picture.height()];
            // Held twice: once in other colors.
            held = held.saturating_add((width * height * 32) as u64);
            seeing = seeing.max(stylizer.style_memory([width, height])?);
        }
        Ok(held.saturating_add(seeing))
    }

    /// Returns the style of a frame, in the colors of these rows if they are wanted, and the regions that come with it.
    pub(super) fn seen(
        &self,
        stylizer: &Stylizer,
        (frame, content): (usize, &dyn Rows),
        control: &dyn Control,
    ) -> Result<(Style, Option<Palette>)> {
        let (from, to) = self.around(frame);
        let is_matched = |entry: &Entry| matches!(entry, Entry::Matched(..));
        let thumbnail = match is_matched(from) || to.is_some_and(|(to, _)| is_matched(to)) {
            true => Some(rows::small(content, MATCHED_SIDE)?),
            false => None,
        };
        let palette = |entry: &Entry| -> Result<(Style, Option<Palette>)> {
            let (Entry::Matched(parts, _), Some(content)) = (entry, &thumbnail) else { return Ok((entry.plain().clone(), None)) };
            let parts = parts.iter().map(|(part, picture)| {
                let style = matched(stylizer, (picture, Some(&part.style)), content, self.share, control)?;
                Ok(Part { style, ..part.clone() })
            });
            let palette = Palette::new(parts.collect::<Result<Vec<_>>>()?)?;
            Ok((palette.style.clone(), Some(palette)))
        };
        let (style, regions) = palette(from)?;
        match to {
            None => Ok((style, regions)),
            Some((to, share)) => Ok((style.mix(&palette(to)?.0, share)?, regions)),
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
    use super::{Part, Styles};
    use crate::networks::Family;
    use crate::request::Options;
    use crate::{Colours, Picture, Style, StylizeOptions};

    #[test]
    fn styles_glide_from_one_to_the_next() {
        let style = |v: f32| Style::new(Family::Magenta, vec![v, 1.0]).unwrap();
        let styles = Styles::one(style(0.0)).with(20, style(2.0)).with(10, style(1.0)).with(20, style(3.0));
        for (frame, expected) in [(0, 0.0), (5, 0.5), (10, 1.0), (15, 2.0), (20, 3.0), (1000, 3.0)] {
            assert!((styles.at(frame).unwrap().vector()[0] - expected).abs() < 1e-6, "{frame}");
        }
        // A part of a film may begin between two styles.
        let part = styles.with(-10, style(-5.0));
        assert!((part.at(0).unwrap().vector()[0] - 0.0).abs() < 1e-6);
        let part = Styles { by_frame: vec![(-30, super::Entry::Plain(style(9.0)))], share: 1.0 }
            .with(-10, style(2.0))
            .with(10, style(4.0));
        assert!((part.at(0).unwrap().vector()[0] - 3.0).abs() < 1e-6);
    }

    #[test]
    fn colors_are_matched_only_if_every_style_has_its_picture() {
        let style = |v: f32| Style::new(Family::Magenta, vec![v, 1.0]).unwrap();
        let picture = || Some(Picture::from_rgb8([1, 1], &[0, 0, 0]).unwrap());
        let part = |v| Part { style: style(v), weight: 1.0, mask: None };
        let asked = |colors, first: &Option<Picture>, later: &Option<Picture>| {
            let options = Options { colors, ..Options::default() };
            let (first, later) = ((0, vec![(part(1.0), first.clone())]), vec![(20, style(2.0), later.clone())]);
            Styles::asked(&options, options.stylize(None, None).unwrap(), first, later).unwrap()
        };
        let plain = Styles::one(style(1.0)).with(20, style(2.0));
        let both = Styles::matched(vec![(part(1.0), picture().unwrap())], 1.0).unwrap();
        let both = both.with_matched(20, style(2.0), picture().unwrap()).unwrap();
        let usual = StylizeOptions::default();
        for (colors, first, later, expected, colours) in [
            (Colours::Match, picture(), picture(), &both, usual.colours),
            (Colours::Match, None, picture(), &plain, Colours::Content),
            (Colours::Match, picture(), None, &plain, Colours::Content),
            (Colours::Luminance, picture(), picture(), &plain, Colours::Luminance),
            (Colours::Style, None, None, &plain, Colours::Style),
        ] {
            let (styles, painting) = asked(colors, &first, &later);
            assert!(styles == *expected && painting.colours == colours, "{colors:?}");
        }
    }
}
