//! The fast method.

use std::path::PathBuf;

use impasto::networks::magenta::Border;
use impasto::picture::{Format, Limits, Stored, Writer};
use impasto::stylizer::{Palette, Part};
use impasto::{Colours, Control, ErrorKind, Stroke, StyleOptions, StyleSize, StylizeOptions};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use crate::error::{OrRaise, choice, error, invalid};
use crate::given::{self, Given};
use crate::picture::encoding;
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
    style: Option<&'a Bound<'py, PyAny>>,
    regions: Option<Vec<(Bound<'py, PyAny>, Bound<'py, PyAny>)>>,
    strength: f32,
    strength_mask: Option<&'a Bound<'py, PyAny>>,
    colors: &'a str,
    color_strength: f32,
    mask: Option<&'a Bound<'py, PyAny>>,
    feather: f32,
    stroke: StrokeWidth,
    grain: f32,
    preview_of: Option<(usize, usize)>,
    style_size: usize,
    max_memory: Option<u64>,
    clip: bool,
}

/// Width of strokes as Python's callers say it.
#[derive(FromPyObject)]
enum StrokeWidth {
    #[pyo3(annotation = "float")]
    Factor(f32),
    #[pyo3(annotation = "str")]
    Named(String),
}

impl StrokeWidth {
    fn get(&self) -> PyResult<Stroke> {
        match self {
            StrokeWidth::Factor(factor) => Ok(Stroke::Relative(*factor)),
            StrokeWidth::Named(name) => name.parse().or_raise(),
        }
    }
}

impl Look<'_, '_> {
    /// The same as the library takes it.
    fn palette(&self, py: Python<'_>, stylizer: &impasto::Stylizer, watch: &Watch) -> PyResult<(impasto::Style, StylizeOptions)> {
        check_side("style_size", self.style_size)?;
        let seen = StyleOptions::default().size(StyleSize::ShortSide(self.style_size));
        let colours = choice(
            "colors",
            self.colors,
            &[("style", Colours::Style), ("content", Colours::Content), ("luminance", Colours::Luminance)],
        )?;
        let style = |object: &Bound<'_, PyAny>| one_style(py, stylizer, object, &seen, watch, self.clip);
        let mut parts = Vec::new();
        match self.style.map(|given| (given, given.cast::<PyList>())) {
            None => {}
            Some((_, Ok(list))) => {
                for item in list.iter() {
                    let (object, weight) = weighted(&item)?;
                    parts.push(Part { style: style(&object)?, weight, mask: None });
                }
            }
            Some((one, Err(_))) => parts.push(Part { style: style(one)?, weight: 1.0, mask: None }),
        }
        if !parts.is_empty() && parts.iter().all(|part| part.weight == 0.0) {
            return Err(invalid("all styles have weight 0; give at least one a weight above"));
        }
        for (object, place) in self.regions.iter().flatten() {
            let mask = given::mask(place, self.feather, "a region's mask", self.clip)?;
            parts.push(Part { style: style(object)?, weight: 1.0, mask: Some(mask) });
        }
        let mask = |object: Option<&Bound<'_, PyAny>>, what: &str| {
            object.map(|mask| given::mask(mask, self.feather, what, self.clip)).transpose()
        };
        let options = StylizeOptions::default()
            .strength(self.strength)
            .strength_mask(mask(self.strength_mask, "the strength's mask")?)
            .style(seen)
            .colours(colours)
            .colour_strength(self.color_strength)
            .mask(mask(self.mask, "the mask")?)
            .stroke(self.stroke.get()?)
            .grain(self.grain)
            .preview_of(self.preview_of.map(|(width, height)| [width, height]))
            .max_memory(self.max_memory);
        let palette = Palette::new(parts).or_raise()?;
        let options = palette.options(options);
        Ok((palette.style, options))
    }
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
fn one_style(
    py: Python<'_>,
    stylizer: &impasto::Stylizer,
    object: &Bound<'_, PyAny>,
    options: &StyleOptions,
    watch: &Watch,
    clip: bool,
) -> PyResult<impasto::Style> {
    if let Ok(style) = object.cast::<Style>() {
        return Ok(style.get().0.clone());
    }
    let path = given::path(object)?;
    if let Some(path) = &path {
        if let Some(style) = impasto::Style::meant_by(path) {
            return Ok(style);
        }
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("style")) {
            return impasto::Style::open(path).or_raise();
        }
        let bare = path.extension().is_none() && path.components().count() == 1;
        if let (true, false, Some(name)) = (bare, stylizer.own_styles().is_empty(), path.to_str()) {
            return stylizer.find_own_style(name).cloned().or_raise();
        }
        if bare && !path.exists() {
            let text =
                format!("{}: there is neither such a file nor such a built-in style; see built_in_styles()", path.display());
            return Err(error(ErrorKind::Io, text));
        }
    }
    let picture = Given::read_clipped(object, "the style", clip)?.picture;
    watch.run(py, || stylizer.style_with(&picture, options, &Quiet(watch)))
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
    #[pyo3(signature = (model=None, *, threads=0, thumbnail=None, border=None))]
    fn new(
        py: Python<'_>,
        model: Option<&Bound<'_, PyAny>>,
        threads: usize,
        thumbnail: Option<usize>,
        border: Option<&str>,
    ) -> PyResult<Self> {
        let border =
            border.map(|name| choice("border", name, &[("reflect", Border::Reflect), ("zero", Border::Zero)])).transpose()?;
        let builder = impasto::Stylizer::builder().threads(threads).thumbnail(thumbnail).border(border);
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
        one_style(py, &self.inner, picture, &options, &Watch::quiet(), clip).map(Style)
    }

    /// Paints a picture, and gives the painting as the kind that the content came as: an array for an array (of the same dtype), an image for a
    /// `PIL.Image`, a file's bytes for bytes (in the same format), a `Picture` for a path or a `Picture`. It has the content's size, or with `size` that
    /// many pixels on its longer side. The other options are explained by `help(impasto.stylize)`.
    ///
    /// Raises `Error`: what is no picture or no style, cannot be read, does not fit (a mask's proportions, a style of another model), is out of range, or
    /// takes more memory than there is.
    #[pyo3(signature = (
        content, style=None, strength=1.0, *, size=None, regions=None, strength_mask=None, colors="style", color_strength=1.0, mask=None, feather=0.0,
        stroke=StrokeWidth::Factor(1.0), grain=1.5, preview_of=None, style_size=256, max_memory=None, clip=false, progress=None
    ))]
    #[allow(clippy::too_many_arguments)]
    fn stylize<'py>(
        &self,
        py: Python<'py>,
        content: &Bound<'py, PyAny>,
        style: Option<&Bound<'py, PyAny>>,
        strength: f32,
        size: Option<usize>,
        regions: Option<Vec<(Bound<'py, PyAny>, Bound<'py, PyAny>)>>,
        strength_mask: Option<&Bound<'py, PyAny>>,
        colors: &str,
        color_strength: f32,
        mask: Option<&Bound<'py, PyAny>>,
        feather: f32,
        stroke: StrokeWidth,
        grain: f32,
        preview_of: Option<(usize, usize)>,
        style_size: usize,
        max_memory: Option<u64>,
        clip: bool,
        progress: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.process.check("Stylizer")?;
        let look = Look {
            style,
            regions,
            strength,
            strength_mask,
            colors,
            color_strength,
            mask,
            feather,
            stroke,
            grain,
            preview_of,
            style_size,
            max_memory,
            clip,
        };
        let watch = Watch::new(progress, "paint")?;
        let Given { picture, form } = Given::read_clipped(content, "the content", clip)?.fit(py, size)?;
        let (style, options) = look.palette(py, &self.inner, &watch)?;
        let painted = watch.run(py, || {
            let painted = self.inner.stylize_with(&picture, &style, &options, &watch)?;
            watch.tell(1.0);
            Ok(painted)
        })?;
        drop(picture);
        form.answer(py, painted)
    }

    /// Paints one file into another, as `impasto stylize` does: in bounded memory whatever the picture's size (with models that have a thumbnail, as
    /// Impasto's own has), whole or not at all. The extension decides the format, `quality` (1 to 100) is JPEG's, `strip` leaves metadata out, `profile` is
    /// "keep" (the content's) or "srgb". The other options are explained by `help(impasto.stylize)`.
    ///
    /// Raises `Error` as `stylize`, and with the kind "already-exists" for a file that is there, unless `overwrite` is set.
    #[pyo3(signature = (
        content, output, style=None, strength=1.0, *, regions=None, strength_mask=None, colors="style", color_strength=1.0, mask=None, feather=0.0,
        stroke=StrokeWidth::Factor(1.0), grain=1.5, style_size=256, quality=95, strip=false, profile="keep", overwrite=false, clip=false, progress=None
    ))]
    #[allow(clippy::too_many_arguments)]
    fn stylize_file<'py>(
        &self,
        py: Python<'py>,
        content: PathBuf,
        output: PathBuf,
        style: Option<&Bound<'py, PyAny>>,
        strength: f32,
        regions: Option<Vec<(Bound<'py, PyAny>, Bound<'py, PyAny>)>>,
        strength_mask: Option<&Bound<'py, PyAny>>,
        colors: &str,
        color_strength: f32,
        mask: Option<&Bound<'py, PyAny>>,
        feather: f32,
        stroke: StrokeWidth,
        grain: f32,
        style_size: usize,
        quality: u8,
        strip: bool,
        profile: &str,
        overwrite: bool,
        clip: bool,
        progress: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<()> {
        self.process.check("Stylizer")?;
        let look = Look {
            style,
            regions,
            strength,
            strength_mask,
            colors,
            color_strength,
            mask,
            feather,
            stroke,
            grain,
            preview_of: None,
            style_size,
            max_memory: Some(BANDS),
            clip,
        };
        let watch = Watch::new(progress, "paint")?;
        let format = Format::from_path(&output).or_raise()?;
        let encode = encoding(quality, strip, profile)?;
        let target = impasto::picture::Target::new(&output, overwrite).or_raise()?;
        let (style, options) = look.palette(py, &self.inner, &watch)?;
        let warnings = watch.run(py, || {
            let stored = Stored::open(&content, &Limits::default())?;
            let like = (stored.source(), stored.has_alpha());
            let mut writer = Writer::new(Some(target), format, &encode, [stored.width(), stored.height()], like)?;
            let mut write = |rgb: &[f32], alpha: Option<&[f32]>| writer.write(rgb, alpha);
            self.inner.stylize_stored(&stored, &style, &options, &mut write, &watch).map_err(|e| e.context(content.display()))?;
            let warnings: Vec<String> = stored.warnings().iter().cloned().chain(writer.warnings()).collect();
            writer.finish()?;
            watch.tell(1.0);
            Ok(warnings)
        })?;
        given::warn(py, &warnings)
    }

    fn __repr__(&self) -> String {
        format!("<impasto.Stylizer of family {}, {} threads>", self.inner.model().family, self.threads())
    }
}
