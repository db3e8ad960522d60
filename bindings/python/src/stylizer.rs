//! The fast method.

use std::path::PathBuf;
use std::sync::Arc;

use impasto::picture::{Format, Limits, Mask, Stored, Target, Writer};
use impasto::stylizer::{Palette, Part};
use impasto::{Colours, Control, ErrorKind, Picture, StyleOptions, StyleSize, StylizeOptions, request};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

use crate::asked::{self, Asked};
use crate::error::{OrRaise, error, invalid};
use crate::given::{self, Given};
use crate::style::Style;
use crate::watch::Watch;

/// Memory that painting a file in bands may take: more makes nothing faster.
const BANDS: u64 = 192 << 20;

/// A model that is ready to paint. It is loaded once, and may be used by any number of Python threads at a time.
///
/// `model` is a file, a folder, the name or web address of a model on this machine (`impasto.models`), or a list of them. Default: Impasto's own. `threads` are those that paint, 0 for one a core; with 1 every caller
/// paints on its own thread, which is the fastest way to many small pictures. `thumbnail` is the longer side of the thumbnail that the norms take their
/// statistics from, where it is not to be the model's own; `border` what the network reads beyond the edge: "reflect" or "zero".
#[pyclass(frozen, module = "impasto")]
pub(crate) struct Stylizer {
    inner: impasto::Stylizer,
    process: Process,
}

/// The process that something with threads was made in: a fork has none of them, and would wait for ever.
pub(crate) struct Process(u32);

impl Process {
    pub(crate) fn this() -> Self {
        Process(std::process::id())
    }

    pub(crate) fn check(&self, what: &str) -> PyResult<()> {
        if self.0 == std::process::id() {
            return Ok(());
        }
        let text =
            format!("this {what} was made before the process was forked, and its threads were not; make one in each process");
        Err(error(ErrorKind::Unsupported, text))
    }
}

/// How to paint, as Python's callers say it.
struct Look<'a, 'py> {
    stylizer: &'a impasto::Stylizer,
    style: Option<&'a Bound<'py, PyAny>>,
    asked: &'a Asked<'py>,
    clip: bool,
    watch: &'a Watch,
}

/// A style as it was given.
enum Seen {
    Style(impasto::Style),
    /// To be given the content's colors first, perhaps.
    Picture(Arc<Picture>),
}

/// The styles of a painting, each with its weight and its mask.
type Parts = Vec<(Seen, f32, Option<Mask>)>;

impl<'py> Look<'_, 'py> {
    /// The same as the library takes it. `thumbnail` is of the content, for colors that are matched.
    fn palette(
        &self,
        py: Python<'py>,
        thumbnail: impl FnOnce() -> impasto::Result<Picture> + Send,
    ) -> PyResult<(impasto::Style, StylizeOptions)> {
        let Look { stylizer, asked, clip, watch, .. } = *self;
        let options = &asked.options;
        let parts = self.parts()?;
        let mask =
            |name: &str, what: &str| asked.get(name).map(|mask| given::mask(mask, options.feather, what, clip)).transpose();
        let masks = (mask("mask", "the mask")?, mask("strength_mask", "the strength's mask")?);
        let memory = asked.extract("max_memory")?;
        let mut painting = options.stylize(masks.0, masks.1).or_raise()?.max_memory(memory);
        let matching = options.colors == Colours::Match && parts.iter().all(|(seen, ..)| matches!(seen, Seen::Picture(_)));
        if options.colors == Colours::Match && !matching {
            painting = painting.colours(Colours::Content);
        }
        let palette = watch.step(py, || {
            let quiet = Quiet(watch);
            let content = matching.then(thumbnail).transpose()?;
            let style = |seen| match (seen, &content) {
                (Seen::Style(style), _) => Ok(style),
                (Seen::Picture(picture), None) => stylizer.style_with(&picture, &options.seen(), &quiet),
                (Seen::Picture(picture), Some(content)) => {
                    let picture = options.seen().size.apply(&picture)?;
                    request::matched(stylizer, (&picture, None), content, options.color_strength, &quiet)
                }
            };
            let parts = parts.into_iter().map(|(seen, weight, mask)| Ok(Part { style: style(seen)?, weight, mask }));
            Palette::new(parts.collect::<impasto::Result<Vec<_>>>()?)
        })?;
        let painting = palette.options(painting);
        Ok((palette.style, painting))
    }

    /// The styles, read.
    fn parts(&self) -> PyResult<Parts> {
        let seen = |object: &Bound<'_, PyAny>| seen(self.stylizer, object, self.clip);
        let mut parts = Vec::new();
        match self.style.map(|given| (given, given.cast::<PyList>())) {
            None => {}
            Some((_, Ok(list))) => {
                for item in list.iter() {
                    let (object, weight) = weighted(&item)?;
                    parts.push((seen(&object)?, weight, None));
                }
            }
            Some((one, Err(_))) => parts.push((seen(one)?, 1.0, None)),
        }
        if !parts.is_empty() && parts.iter().all(|(_, weight, _)| *weight == 0.0) {
            return Err(invalid("all styles have weight 0; give at least one a weight above"));
        }
        let regions: Vec<(Bound<'py, PyAny>, Bound<'py, PyAny>)> = self.asked.extract("regions")?.unwrap_or_default();
        for (object, place) in regions {
            let mask = given::mask(&place, self.asked.options.feather, "a region's mask", self.clip)?;
            parts.push((seen(&object)?, 1.0, Some(mask)));
        }
        Ok(parts)
    }
}

/// The keywords of a painting, with the strength, which has a place of its own.
fn asked<'py>(
    call: &str,
    file: bool,
    strength: Option<Bound<'py, PyAny>>,
    keywords: Option<&Bound<'py, PyDict>>,
    py: Python<'py>,
) -> PyResult<Asked<'py>> {
    let keywords = keywords.map_or_else(|| Ok(PyDict::new(py)), |keywords| keywords.copy())?;
    keywords.set_item("strength", strength)?;
    let mut parts = asked::LOOK.to_vec();
    let mut own = vec!["regions", "clip", "progress"];
    if file {
        parts.push(request::Part::File);
        own.push("overwrite");
    } else {
        own.push("max_memory");
    }
    Asked::read(call, &parts, &own, Some(&keywords))
}

fn check_side(name: &str, side: usize) -> PyResult<()> {
    let sides = StyleSize::SIDES;
    if sides.contains(&side) {
        return Ok(());
    }
    Err(invalid(format!("{name} is {side}; give {} to {}, the pixels of the style's shorter side", sides.start(), sides.end())))
}

/// An item of a list of styles: alone or with a weight.
fn weighted<'py>(item: &Bound<'py, PyAny>) -> PyResult<(Bound<'py, PyAny>, f32)> {
    match item.cast::<PyTuple>() {
        Ok(pair) => pair.extract().map_err(|_| PyTypeError::new_err("styles of a list are a style each, or (style, weight)")),
        Err(_) => Ok((item.clone(), 1.0)),
    }
}

/// A style, the name of a built-in one, a saved one's path, or a picture's style.
fn seen(stylizer: &impasto::Stylizer, object: &Bound<'_, PyAny>, clip: bool) -> PyResult<Seen> {
    if let Ok(style) = object.cast::<Style>() {
        return Ok(Seen::Style(style.get().0.clone()));
    }
    let path = given::path(object)?;
    if let Some(path) = &path {
        if let Some(style) = impasto::Style::meant_by(path) {
            return Ok(Seen::Style(style));
        }
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("style")) {
            return impasto::Style::open(path).map(Seen::Style).or_raise();
        }
        let bare = path.extension().is_none() && path.components().count() == 1;
        if let (true, false, Some(name)) = (bare, stylizer.own_styles().is_empty(), path.to_str()) {
            return stylizer.find_own_style(name).cloned().map(Seen::Style).or_raise();
        }
        if bare && !path.exists() {
            let text =
                format!("{}: there is neither such a file nor such a built-in style; see built_in_styles()", path.display());
            return Err(error(ErrorKind::Io, text));
        }
    }
    Given::read_clipped(object, "the style", clip).map(|given| Seen::Picture(given.picture))
}

/// Looks for signals, without telling of progress: that is the painting's.
pub(crate) struct Quiet<'a>(pub(crate) &'a Watch);

impl Control for Quiet<'_> {
    fn cancelled(&self) -> bool {
        self.0.cancelled()
    }
}

/// One path or several.
pub(crate) fn paths(object: Option<&Bound<'_, PyAny>>) -> PyResult<Vec<PathBuf>> {
    match object {
        None => Ok(Vec::new()),
        Some(object) => match given::path(object)? {
            Some(path) => Ok(vec![path]),
            None => object.extract(),
        },
    }
}

#[pymethods]
impl Stylizer {
    #[new]
    #[pyo3(signature = (model=None, *, threads=0, **options), text_signature = "(model=None, *, threads=0, border=None, thumbnail=None)")]
    fn new(
        py: Python<'_>,
        model: Option<&Bound<'_, PyAny>>,
        threads: usize,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let options = Asked::read("Stylizer", &[request::Part::Model], &[], options)?.options;
        let builder = impasto::Stylizer::builder().threads(threads).thumbnail(options.thumbnail).border(options.border);
        let words = paths(model)?;
        let open = || {
            let paths = crate::models::paths(words)?;
            paths.into_iter().fold(builder, |builder, path| builder.model(path)).open()
        };
        Ok(Stylizer { inner: py.detach(open).or_raise()?, process: Process::this() })
    }

    /// Threads that paint.
    #[getter]
    fn threads(&self) -> usize {
        self.inner.engine().threads()
    }

    /// Which styles it can read: those of this family.
    #[getter]
    fn family(&self) -> String {
        self.inner.model().family.to_string()
    }

    /// The style of a picture, whatever form it has. `size`: pixels of its shorter side as the predictor sees it; less gives coarser forms. Raises `Error`.
    #[pyo3(signature = (picture, size=256, *, clip=false))]
    fn style(&self, py: Python<'_>, picture: &Bound<'_, PyAny>, size: usize, clip: bool) -> PyResult<Style> {
        self.process.check("Stylizer")?;
        check_side("size", size)?;
        let options = StyleOptions::default().size(StyleSize::ShortSide(size));
        match seen(&self.inner, picture, clip)? {
            Seen::Style(style) => Ok(Style(style)),
            Seen::Picture(picture) => {
                let watch = Watch::quiet();
                watch.run(py, || self.inner.style_with(&picture, &options, &Quiet(&watch))).map(Style)
            }
        }
    }

    /// Paints a picture, and gives the painting as the kind that the content came as: an array for an array (of the same dtype), an image for a
    /// `PIL.Image`, a file's bytes for bytes (in the same format), a `Picture` for a path or a `Picture`. It has the content's size, or with `size` that
    /// many pixels on its longer side. The other options are explained by `help(impasto.stylize)`.
    ///
    /// Raises `Error`: what is no picture or no style, cannot be read, does not fit (a mask's proportions, a style of another model), is out of range, or
    /// takes more memory than there is.
    #[pyo3(
        signature = (content, style=None, strength=None, **options),
        text_signature = "($self, content, style=None, strength=1.0, *, regions=None, salvage=False, size=None, exact=None, preview_of=None, \
                          strength_mask=None, colors='style', color_strength=1.0, mask=None, invert_mask=False, feather=0.0, stroke=1.0, \
                          grain=1.5, dpi=None, style_size=256, clip=False, max_memory=None, progress=None)"
    )]
    fn stylize<'py>(
        &self,
        py: Python<'py>,
        content: &Bound<'py, PyAny>,
        style: Option<&Bound<'py, PyAny>>,
        strength: Option<Bound<'py, PyAny>>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.process.check("Stylizer")?;
        let asked = asked("stylize", false, strength, options, py)?;
        let clip = asked.extract("clip")?.unwrap_or(false);
        let watch = Watch::new(asked.get("progress"), "paint")?;
        let limits = Limits { salvage: asked.options.salvage, ..Limits::default() };
        let Given { picture, form } = Given::read_within(content, "the content", clip, &limits)?.sized(py, &asked.options)?;
        let look = Look { stylizer: &self.inner, style, asked: &asked, clip, watch: &watch };
        let (style, options) = look.palette(py, || request::thumbnail(&picture))?;
        let painted = watch.run(py, || {
            let painted = self.inner.stylize_with(&picture, &style, &options, &watch)?;
            watch.tell(1.0);
            Ok(painted)
        })?;
        drop(picture);
        form.answer(py, painted)
    }

    /// Paints one file into another, as `impasto stylize` does: in bounded memory whatever the picture's size (with models that have a thumbnail, as
    /// Impasto's own has, unless it is resized), whole or not at all. The options are those of `stylize` and of `Picture.save`.
    ///
    /// Raises `Error` as `stylize`, and with the kind "already-exists" for a file that is there, unless `overwrite` is set.
    #[pyo3(
        signature = (content, output, style=None, strength=None, **options),
        text_signature = "($self, content, output, style=None, strength=1.0, *, regions=None, salvage=False, size=None, exact=None, preview_of=None, \
                          strength_mask=None, colors='style', color_strength=1.0, mask=None, invert_mask=False, feather=0.0, stroke=1.0, \
                          grain=1.5, dpi=None, style_size=256, format=None, profile='keep', strip=False, depth='auto', quality=95, \
                          subsampling='444', compression='fast', overwrite=False, clip=False, progress=None)"
    )]
    fn stylize_file<'py>(
        &self,
        py: Python<'py>,
        content: PathBuf,
        output: PathBuf,
        style: Option<&Bound<'py, PyAny>>,
        strength: Option<Bound<'py, PyAny>>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<()> {
        self.process.check("Stylizer")?;
        let asked = asked("stylize_file", true, strength, options, py)?;
        let given = &asked.options;
        let clip = asked.extract("clip")?.unwrap_or(false);
        let watch = Watch::new(asked.get("progress"), "paint")?;
        let format = given.format.map_or_else(|| Format::from_path(&output), Ok).or_raise()?;
        let target = Target::new(&output, asked.extract("overwrite")?.unwrap_or(false)).or_raise()?;
        let limits = Limits { salvage: given.salvage, ..Limits::default() };
        let (stored, sized) = watch.step(py, || {
            let stored = Stored::open(&content, &limits)?;
            let sized = if given.resizes() { Some(given.sized(stored.to_picture()?)?) } else { None };
            Ok((stored, sized))
        })?;
        let look = Look { stylizer: &self.inner, style, asked: &asked, clip, watch: &watch };
        let small = || sized.as_ref().map_or_else(|| request::stored_thumbnail(&stored), request::thumbnail);
        let (style, options) = look.palette(py, small)?;
        let warnings = watch.run(py, || {
            let like = (stored.source(), stored.has_alpha());
            let size = sized.as_ref().map_or([stored.width(), stored.height()], |sized| [sized.width(), sized.height()]);
            let mut writer = Writer::new(Some(target), format, &given.encoding(), size, like)?;
            let named = |e: impasto::Error| e.context(content.display());
            match &sized {
                Some(sized) => {
                    let painted = self.inner.stylize_with(sized, &style, &options, &watch).map_err(named)?;
                    writer.write(painted.rgb(), painted.alpha())?;
                }
                None => {
                    let mut write = |rgb: &[f32], alpha: Option<&[f32]>| writer.write(rgb, alpha);
                    let options = options.max_memory(Some(BANDS));
                    self.inner.stylize_stored(&stored, &style, &options, &mut write, &watch).map_err(named)?;
                }
            }
            let warnings: Vec<String> = stored.warnings().iter().cloned().chain(writer.warnings()).collect();
            writer.finish()?;
            watch.tell(1.0);
            Ok(warnings)
        })?;
        given::warn(py, &warnings)
    }

    /// Paints batches as the networks of TensorFlow Hub do (`hub_module(content, style)[0]`): arrays of pictures × height × width × 3, floats of 0 to
    /// 1, and a style for all or one for each. The answer is a tuple of one such array, of the content's kind. See `impasto.hub`.
    fn __call__<'py>(
        slf: &Bound<'py, Self>,
        content: &Bound<'py, PyAny>,
        style: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("impasto.hub")?.call_method1("_paint", (slf, content, style))
    }

    fn __repr__(&self) -> String {
        format!("<impasto.Stylizer of family {}, {} threads>", self.inner.model().family, self.threads())
    }
}
