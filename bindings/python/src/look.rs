//! Reads how to paint from Python's arguments: styles, masks and options.

use std::sync::Arc;

use impasto::picture::{Limits, Mask};
use impasto::request::{self, Options, Reference, StyleUse};
use impasto::style::nearest;
use impasto::stylizer::{Palette, Part};
use impasto::video::Styles;
use impasto::{Colours, Picture, StyleSize, StylizeOptions};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

use crate::asked::{self, Asked};
use crate::error::{OrRaise, invalid, missing, wrong_type};
use crate::given::{self, Given};
use crate::masks;
use crate::reading::Reading;
use crate::style::{self, Origin, Style};
use crate::watch::{Quiet, Watch};

/// Reads the keywords of a painting. The strength is an argument of its own.
pub(crate) fn asked<'py>(
    call: &str,
    own: &[&str],
    file: bool,
    strength: Option<Bound<'py, PyAny>>,
    keywords: Option<&Bound<'py, PyDict>>,
    py: Python<'py>,
) -> PyResult<Asked<'py>> {
    let keywords = keywords.map_or_else(|| Ok(PyDict::new(py)), |keywords| keywords.copy())?;
    keywords.set_item("strength", strength)?;
    let mut parts = asked::LOOK.to_vec();
    if file {
        parts.push(request::Part::File);
    }
    let own: Vec<_> = ["regions", "clip", "progress"].iter().chain(own).copied().collect();
    Asked::read(call, &parts, &own, Some(&keywords))
}

/// A style as it was given.
#[derive(Clone)]
pub(crate) enum Seen {
    Style(impasto::Style),
    /// A picture, which may have to get the content's colors first.
    Picture(Arc<Picture>),
}

/// One style of a painting.
struct OnePart {
    seen: Seen,
    weight: f32,
    mask: Option<Mask>,
    used: Option<StyleUse>,
}

/// How to paint, read once for all pictures of a call.
pub(crate) struct Look<'a> {
    stylizer: &'a impasto::Stylizer,
    options: &'a Options,
    watch: &'a Watch,
    parts: Vec<OnePart>,
    /// The options, including masks.
    painting: StylizeOptions,
    matching: bool,
    /// The options for records, with names and hashes of the masks.
    recorded: Options,
}

impl<'a> Look<'a> {
    /// Reads the styles and masks.
    pub(crate) fn read<'py>(
        stylizer: &'a impasto::Stylizer,
        style: Option<&Bound<'py, PyAny>>,
        asked: &'a Asked<'py>,
        reading: &Reading<'_>,
        watch: &'a Watch,
    ) -> PyResult<Self> {
        let options = &asked.options;
        let mask = |name: &str, what: &str| {
            asked.get(name).map(|mask| masks::mask(mask, options.feather, what, reading.clip)).transpose()
        };
        let masks = (mask("mask", "the mask")?, mask("strength_mask", "the strength mask")?);
        let memory = asked.extract("max_memory")?;
        let parts = parts(stylizer, style, asked, reading)?;
        let mut painting = options.stylize(masks.0, masks.1).or_raise()?.max_memory(memory);
        let matching = options.colors == Colours::Match && parts.iter().all(|part| matches!(part.seen, Seen::Picture(_)));
        if options.colors == Colours::Match && !matching {
            painting = painting.colours(Colours::Content);
        }
        let origin = |name: &str| asked.get(name).map(|mask| given::origin(mask)).transpose();
        let mut recorded = options.clone();
        for (name, place) in [("mask", &mut recorded.mask), ("strength_mask", &mut recorded.strength_mask)] {
            if let Some(known) = origin(name)? {
                *place = Some(known.unwrap_or_else(|| Reference::new(name)));
            }
        }
        Ok(Look { stylizer, options, watch, parts, painting, matching, recorded })
    }

    /// Whether each content needs styles of its own, because they get its colors.
    pub(crate) fn matching(&self) -> bool {
        self.matching
    }

    /// The style and options in the library's types. `thumbnail` makes a small copy of the
    /// content, which is needed only to match colors.
    pub(crate) fn palette(
        &self,
        py: Python<'_>,
        thumbnail: impl FnOnce() -> impasto::Result<Picture> + Send,
    ) -> PyResult<(impasto::Style, StylizeOptions)> {
        let Look { stylizer, options, watch, .. } = *self;
        let palette = watch.step(py, || {
            let quiet = Quiet(watch);
            let content = self.matching.then(thumbnail).transpose()?;
            let style = |seen: &Seen| match (seen, &content) {
                (Seen::Style(style), _) => Ok(style.clone()),
                (Seen::Picture(picture), None) => stylizer.style_with(picture, &options.seen(), &quiet),
                (Seen::Picture(picture), Some(content)) => {
                    let picture = options.seen().size.apply(picture)?;
                    request::matched(stylizer, (&picture, None), content, options.color_strength, &quiet)
                }
            };
            let part = |part: &OnePart| Ok(Part { style: style(&part.seen)?, weight: part.weight, mask: part.mask.clone() });
            Palette::new(self.parts.iter().map(part).collect::<impasto::Result<Vec<_>>>()?)
        })?;
        let painting = palette.options(self.painting.clone());
        Ok((palette.style, painting))
    }

    /// The same for a film. Colors are matched along the film.
    pub(crate) fn of_film(&self, py: Python<'_>) -> PyResult<(Styles, StylizeOptions)> {
        let Look { stylizer, options, watch, .. } = *self;
        watch.step(py, || {
            let part = |OnePart { seen, weight, mask, .. }: &OnePart| {
                let (style, picture) = match seen {
                    Seen::Style(style) => (style.clone(), None),
                    Seen::Picture(picture) => (
                        stylizer.style_with(picture, &options.seen(), &Quiet(watch))?,
                        Some(options.seen().size.apply(picture)?.into_owned()),
                    ),
                };
                Ok((Part { style, weight: *weight, mask: mask.clone() }, picture))
            };
            let parts = self.parts.iter().map(part).collect::<impasto::Result<Vec<_>>>()?;
            Styles::asked(options, self.painting.clone(), (0, parts), Vec::new())
        })
    }

    /// The options with names and hashes of the masks.
    pub(crate) fn recorded(&self) -> &Options {
        &self.recorded
    }

    /// The styles, for manifests. Styles without a file are identified by their vectors, which is enough because
    /// no painting is repeated from a manifest.
    pub(crate) fn identified(&self) -> Vec<StyleUse> {
        let part = |part: &OnePart| match (&part.used, &part.seen) {
            (Some(used), _) => Some(used.clone()),
            (None, Seen::Style(style)) => {
                let hash = Reference::of_style(style).sha256.unwrap_or_default();
                Some(StyleUse::new(Reference::new("style").hashed(hash), part.weight))
            }
            (None, Seen::Picture(_)) => None,
        };
        self.parts.iter().filter_map(part).collect()
    }

    /// The styles by name and hash, if all of them come from files or are built in.
    pub(crate) fn used(&self) -> Option<Vec<StyleUse>> {
        // The colors of a vector cannot be changed. When the program repeats the painting, it
        // would match those of the vector's picture.
        let vectors = self.parts.iter().any(|part| matches!(part.seen, Seen::Style(_)));
        let same = self.options.colors != Colours::Match || !vectors;
        self.parts.iter().map(|part| part.used.clone()).collect::<Option<Vec<_>>>().filter(|_| same)
    }
}

/// The styles of a call: one, several, or those of regions.
fn parts<'py>(
    stylizer: &impasto::Stylizer,
    style: Option<&Bound<'py, PyAny>>,
    asked: &Asked<'py>,
    reading: &Reading<'_>,
) -> PyResult<Vec<OnePart>> {
    let mut parts = Vec::new();
    for (object, weight) in style.map_or_else(|| Ok(Vec::new()), weighted)? {
        let (seen, origin) = seen(stylizer, &object, reading, asked.options.seen().size)?;
        let used = origin.map(|origin| StyleUse::new(origin.reference, weight));
        parts.push(OnePart { seen, weight, mask: None, used });
    }
    if !parts.is_empty() && parts.iter().all(|part| part.weight == 0.0) {
        return Err(invalid("all styles have weight 0; give at least one a weight above 0"));
    }
    let regions: Vec<(Bound<'py, PyAny>, Bound<'py, PyAny>)> =
        asked.extract("regions").map_err(|_| wrong_type("regions: must be a list of (style, mask)"))?.unwrap_or_default();
    for (object, place) in regions {
        let mask = masks::mask(&place, asked.options.feather, "a region's mask", reading.clip)?;
        let (seen, origin) = seen(stylizer, &object, reading, asked.options.seen().size)?;
        let used =
            origin.zip(given::origin(&place)?).map(|(origin, place)| StyleUse::new(origin.reference, 1.0).masked(Some(place)));
        parts.push(OnePart { seen, weight: 1.0, mask: Some(mask), used });
    }
    Ok(parts)
}

/// Styles with their weights, from a dictionary, a list, a tuple, or a single style.
fn weighted<'py>(given: &Bound<'py, PyAny>) -> PyResult<Vec<(Bound<'py, PyAny>, f32)>> {
    if let Ok(weights) = given.cast::<PyDict>() {
        let wrong = |name: &Bound<'py, PyAny>| wrong_type(format!("the weight of the style {name} is not a number"));
        return weights.iter().map(|(one, weight)| Ok((one.clone(), weight.extract().map_err(|_| wrong(&one))?))).collect();
    }
    if let Ok(tuple) = given.cast::<PyTuple>()
        && tuple.len() == 2
        && tuple.get_item(1)?.extract::<f32>().is_ok()
    {
        return Err(wrong_type("the style is a single style with a weight; give it alone, or a list: [(style, weight), …]"));
    }
    if !given.is_instance_of::<PyList>() && !given.is_instance_of::<PyTuple>() {
        return Ok(vec![(given.clone(), 1.0)]);
    }
    let item = |item: Bound<'py, PyAny>| match item.cast::<PyTuple>() {
        Ok(pair) => pair.extract().map_err(|_| wrong_type("each item in a list of styles must be a style, or (style, weight)")),
        Err(_) => Ok((item.clone(), 1.0)),
    };
    given.try_iter()?.map(|one| item(one?)).collect()
}

/// Reads a style: a `Style`, the name of a built-in one, the path of a saved one, or a picture. Also returns its
/// origin, unless that was seen at another size.
pub(crate) fn seen(
    stylizer: &impasto::Stylizer,
    object: &Bound<'_, PyAny>,
    reading: &Reading<'_>,
    size: StyleSize,
) -> PyResult<(Seen, Option<Origin>)> {
    if let Ok(style) = object.cast::<Style>() {
        let Style { style, origin } = style.get();
        return Ok((Seen::Style(style.clone()), origin.clone().and_then(|origin| origin.if_seen(size))));
    }
    let named = |style: impasto::Style| {
        let origin = Origin::known(Reference::of_style(&style));
        Ok((Seen::Style(style), Some(origin)))
    };
    if let Some(path) = given::path(object)? {
        if let Some(style) = impasto::Style::meant_by(&path) {
            return named(style);
        }
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("style")) {
            let style = impasto::Style::open(&path).or_raise()?;
            let origin = Origin::known(Reference::of_file(&path).or_raise()?);
            return Ok((Seen::Style(style), Some(origin)));
        }
        let bare = path.extension().is_none() && path.components().count() == 1;
        if let (true, false, Some(name)) = (bare, stylizer.own_styles().is_empty(), path.to_str()) {
            return named(stylizer.find_own_style(name).cloned().or_raise()?);
        }
        if bare && !path.exists() {
            let names = style::built_in_styles()?;
            let near = path.to_str().and_then(|name| nearest(name, names.iter().map(String::as_str)));
            let hint = near.map_or_else(|| "see built_in_styles()".into(), |near| format!("did you mean {near:?}?"));
            return Err(missing(format!("{}: no file or built-in style has this name; {hint}", path.display())));
        }
    }
    let reading = Reading { what: "the style", limits: Limits::default(), ..reading.clone() };
    let Given { picture, origin, .. } = Given::read(object, &reading)?;
    Ok((Seen::Picture(picture), origin.map(|reference| Origin { reference, seen: Some(size) })))
}

/// Checks the length of a style's shorter side in pixels.
pub(crate) fn check_side(name: &str, side: usize) -> PyResult<()> {
    let sides = StyleSize::SIDES;
    if sides.contains(&side) {
        return Ok(());
    }
    Err(invalid(format!("{name} is {side}; give {} to {}, the style's shorter side in pixels", sides.start(), sides.end())))
}
