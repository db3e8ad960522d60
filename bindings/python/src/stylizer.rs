//! The fast method.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use impasto::picture::{Format, Limits, Stored, Target, Writer};
use impasto::request::{Options, Reference};
use impasto::{ErrorKind, StyleOptions, StyleSize, StylizeOptions, request};
use impasto_models::registry::Role;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

use crate::asked::Asked;
use crate::error::{OrRaise, error, wrong_type};
use crate::given::{self, FilePath, Given};
use crate::look::{Look, Seen, asked, check_side, seen};
use crate::reading::{self, Reading};
use crate::recipe::Recipe;
use crate::style::{Origin, Style};
use crate::watch::{Quiet, Watch};

/// Memory for painting a file in bands. More would not make it faster.
const BANDS: u64 = 192 << 20;

/// A model that is ready to paint. It is loaded once, and any number of Python threads may use it at a time.
///
/// Parameters
/// ----------
/// model : path or str, or a list of them, optional
///     A file, a folder, or the name or web address of a model on this machine (`impasto.models`).
///     Default: Impasto's own.
/// threads : int
///     Threads that paint, 0 for one per core. With 1, every caller paints in its own thread, which is the fastest way
///     to paint many small pictures.
/// border : {"reflect", "zero"}, optional
///     What the network reads beyond the edge. Default: as the model was made for.
/// thumbnail : int, optional
///     The longer side of the thumbnail for the statistics of norms. Default: as the model was made for.
///
/// Notes
/// -----
/// A pickle holds the arguments, not the model. Where it is read, the same name must find the model.
///
/// Examples
/// --------
/// >>> import impasto
/// >>> stylizer = impasto.Stylizer(threads=1)
/// >>> stylizer.stylize(impasto.draw_landscape(40, 30), "starry").size
/// (40, 30)
#[pyclass(frozen, module = "impasto")]
pub(crate) struct Stylizer {
    pub(crate) inner: Arc<impasto::Stylizer>,
    pub(crate) process: Process,
    /// The arguments that name the model. `files` are the files that they resolved to.
    words: Vec<PathBuf>,
    threads: usize,
    files: Vec<PathBuf>,
    options: Options,
    /// The files by name and hash, once they are needed.
    model: OnceLock<Vec<Reference>>,
}

/// The process in which an object with threads was made. A fork has none of these threads, and would wait forever.
pub(crate) struct Process(u32);

impl Process {
    pub(crate) fn this() -> Self {
        Process(std::process::id())
    }

    pub(crate) fn check(&self, what: &str) -> PyResult<()> {
        if self.0 == std::process::id() {
            return Ok(());
        }
        let text = format!(
            "this {what} was made before the process was forked, and its threads were not copied; make one in each process"
        );
        Err(error(ErrorKind::Unsupported, text))
    }
}

/// One path or several.
fn paths(object: Option<&Bound<'_, PyAny>>) -> PyResult<Vec<PathBuf>> {
    let Some(object) = object else { return Ok(Vec::new()) };
    if let Ok(FilePath(path)) = object.extract() {
        return Ok(vec![path]);
    }
    let wrong = || wrong_type("the model must be a path, a name, or a list of them");
    let items = object.try_iter().map_err(|_| wrong())?;
    items.map(|item| item?.extract::<FilePath>().map(|path| path.0).map_err(|_| wrong())).collect()
}

/// The argument in a pickle: the words for the model, if there are any.
type Words<'py> = (Option<Bound<'py, PyList>>,);

/// A style and options, in the library's types.
type Brush = (impasto::Style, StylizeOptions);

impl Stylizer {
    /// The model's files by name and hash.
    fn model(&self, py: Python<'_>) -> PyResult<&[Reference]> {
        if self.model.get().is_none() {
            let model = py.detach(|| Reference::of_model(&self.files)).or_raise()?;
            let _ = self.model.set(model);
        }
        Ok(self.model.get().map_or(&[], Vec::as_slice))
    }

    fn recipe(&self, py: Python<'_>, content: Option<Reference>, look: &Look<'_>) -> PyResult<Option<Recipe>> {
        let Some(content) = content else { return Ok(None) };
        let executor = self.inner.engine().executor().to_string();
        Ok(Recipe::new(Some(content), look.used(), (self.model(py)?, &self.options), look.recorded(), &executor))
    }

    /// The style of a picture, seen at this size, or a style as it was given.
    fn see(&self, py: Python<'_>, picture: &Bound<'_, PyAny>, reading: &Reading<'_>, size: StyleSize) -> PyResult<Style> {
        let (seen, origin): (_, Option<Origin>) = seen(&self.inner, picture, reading, size)?;
        let style = match seen {
            Seen::Style(style) => style,
            Seen::Picture(picture) => {
                let watch = Watch::quiet();
                let options = StyleOptions::default().size(size);
                watch.run(py, || self.inner.style_with(&picture, &options, &Quiet(&watch)))?
            }
        };
        Ok(Style { style, origin })
    }

    /// Paints one picture. `brush` is kept for the next content if it is the same.
    fn paint<'py>(
        &self,
        content: &Bound<'py, PyAny>,
        look: &Look<'_>,
        asked: &Asked<'py>,
        (reading, watch): (&Reading<'_>, &Watch),
        brush: &mut Option<Brush>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = content.py();
        let Given { picture, form, origin } = Given::read(content, reading)?.sized(py, &asked.options)?;
        if brush.is_none() || look.matching() {
            *brush = Some(look.palette(py, || request::thumbnail(&picture))?);
        }
        let Some((style, options)) = brush else { return Err(error(ErrorKind::InvalidArgument, "no style was given")) };
        let painted = watch.step(py, || {
            let painted = self.inner.stylize_with(&picture, style, options, watch)?;
            watch.tell(1.0);
            Ok(painted)
        })?;
        drop(picture);
        form.answer(py, painted, self.recipe(py, origin, look)?)
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
            let files = crate::models::paths(words.clone(), Role::Model)?;
            let opened = files.iter().fold(builder, |builder, path| builder.model(path)).open()?;
            Ok((Arc::new(opened), files))
        };
        let (inner, files) = py.detach(open).or_raise()?;
        Ok(Stylizer { inner, process: Process::this(), words, threads, files, options, model: OnceLock::new() })
    }

    /// The number of threads that paint.
    #[getter]
    fn threads(&self) -> usize {
        self.inner.engine().threads()
    }

    /// The family of styles that it can use.
    #[getter]
    fn family(&self) -> String {
        self.inner.model().family.to_string()
    }

    /// The style of a picture in any form.
    ///
    /// Parameters
    /// ----------
    /// picture : picture
    ///     In any form, see `impasto.stylize`; or the name of a built-in style, or a `.style` file.
    /// size : int
    ///     Shorter side at which the predictor sees the picture, in pixels, 16 to 4096. Less gives coarser forms.
    /// clip, channel_axis
    ///     As for `Picture`.
    #[pyo3(signature = (picture, size=256, *, clip=false, channel_axis=None))]
    fn style(
        &self,
        py: Python<'_>,
        picture: &Bound<'_, PyAny>,
        size: usize,
        clip: bool,
        channel_axis: Option<isize>,
    ) -> PyResult<Style> {
        self.process.check("Stylizer")?;
        check_side("size", size)?;
        let reading = Reading::of("the style").clip(clip).channel_axis(picture, channel_axis)?;
        self.see(py, picture, &reading, StyleSize::ShortSide(size))
    }

    /// The style of a picture, as a painting with these options sees it.
    #[pyo3(signature = (picture, **options))]
    fn _style<'py>(&self, py: Python<'py>, picture: &Bound<'py, PyAny>, options: Option<&Bound<'py, PyDict>>) -> PyResult<Style> {
        let asked = asked("stylize", &[], false, None, options, py)?;
        self.see(py, picture, &Reading::of("the style"), asked.options.seen().size)
    }

    /// A painting's key in manifests. `sha256` is the hash of the content's file, `format` the result's extension. The
    /// other arguments are those of `stylize_file`.
    #[pyo3(signature = (sha256, format, style, strength=None, **options))]
    fn _key<'py>(
        &self,
        py: Python<'py>,
        sha256: String,
        format: &str,
        style: &Bound<'py, PyAny>,
        strength: Option<Bound<'py, PyAny>>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<String> {
        let asked = asked("stylize_file", &[], true, strength, options, py)?;
        let watch = Watch::quiet();
        let look = Look::read(&self.inner, Some(style), &asked, &Reading::of("the content"), &watch)?;
        let format = Format::from_path(format!("result.{format}")).or_raise()?;
        let content = Reference::new("content").hashed(sha256);
        let executor = self.inner.engine().isa().to_string();
        let recipe =
            Recipe::new(Some(content), Some(look.identified()), (self.model(py)?, &self.options), look.recorded(), &executor);
        let recipe =
            recipe.ok_or_else(|| error(ErrorKind::InvalidArgument, "no style was given, or a mask that is not a file"))?;
        Ok(recipe.key(format, &asked.options))
    }

    /// Paints a picture and returns the painting in the form of the content. `impasto.stylize` explains the options.
    ///
    /// Parameters
    /// ----------
    /// content : picture, or a list of pictures
    ///     In any form, see `impasto.stylize`. A list gives a list, and a batch of arrays gives a batch.
    /// style : style, or several
    ///     As for `impasto.stylize`.
    /// strength : float
    ///     From 0, the content, to 1, the full style.
    ///
    /// Raises
    /// ------
    /// Error
    ///     If something is not a picture or style, cannot be read, does not fit (a mask's proportions, a style of
    ///     another model), is out of range, or takes more memory than there is.
    #[pyo3(
        signature = (content, style=None, strength=None, **options),
        text_signature = "($self, content, style=None, strength=1.0, *, regions=None, salvage=False, size=None, exact=None, preview_of=None, \
                          strength_mask=None, colors='style', color_strength=1.0, mask=None, invert_mask=False, feather=0.0, stroke=1.0, \
                          grain=1.5, dpi=None, style_size=256, clip=False, channel_axis=None, max_memory=None, progress=None)"
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
        let asked = asked("stylize", &["max_memory", "channel_axis"], false, strength, options, py)?;
        let clip = asked.extract("clip")?.unwrap_or(false);
        let watch = Watch::new(asked.get("progress"), "paint")?;
        let limits = Limits::default().salvage(asked.options.salvage);
        let several = content.is_instance_of::<PyList>() || content.is_instance_of::<PyTuple>();
        let batch = reading::dimensions(content)?.is_some_and(|sides| sides.len() == 4 && sides[0] > 1);
        let axis = asked.extract("channel_axis")?;
        let reading = Reading { limits, ..Reading::of("the content").clip(clip).channel_axis(content, axis)? };
        let look = Look::read(&self.inner, style, &asked, &reading, &watch)?;
        let mut brush = None;
        let mut paint = |one: &Bound<'py, PyAny>| self.paint(one, &look, &asked, (&reading, &watch), &mut brush);
        let answer = if several || batch {
            let list = PyList::empty(py);
            let all = content.len()?;
            for i in 0..all {
                watch.part(i, all);
                list.append(paint(&content.get_item(i)?)?)?;
            }
            if batch { given::stacked(&list) } else { Ok(list.into_any()) }
        } else {
            paint(content)
        };
        watch.close(py)?;
        answer
    }

    /// Paints one file to another, as `impasto stylize` does. Returns the painting's (width, height).
    ///
    /// Models with a thumbnail, such as Impasto's own, paint in bounded memory whatever the picture's
    /// size, unless it is resized. The file is written completely or not at all. The options are
    /// those of `stylize` and of `Picture.save`.
    ///
    /// Raises `Error` like `stylize`, and with the kind "already-exists" for an
    /// existing file, unless `overwrite` is set.
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
        content: FilePath,
        output: FilePath,
        style: Option<&Bound<'py, PyAny>>,
        strength: Option<Bound<'py, PyAny>>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<(usize, usize)> {
        self.process.check("Stylizer")?;
        let (FilePath(content), FilePath(output)) = (content, output);
        let asked = asked("stylize_file", &["overwrite"], true, strength, options, py)?;
        let given = &asked.options;
        let clip = asked.extract("clip")?.unwrap_or(false);
        let watch = Watch::new(asked.get("progress"), "paint")?;
        let format = given.format.map_or_else(|| Format::from_path(&output), Ok).or_raise()?;
        let target = Target::new(&output, asked.extract("overwrite")?.unwrap_or(false)).or_raise()?;
        let limits = Limits::default().salvage(given.salvage);
        let (mut stored, sized, origin) = watch.step(py, || {
            let stored = Stored::open(&content, &limits)?;
            let sized = if given.resizes() { Some(given.sized(stored.to_picture()?)?) } else { None };
            Ok((stored, sized, Reference::of_file(&content)?))
        })?;
        let look = Look::read(&self.inner, style, &asked, &Reading::of("the style").clip(clip), &watch)?;
        let small = || sized.as_ref().map_or_else(|| request::stored_thumbnail(&stored), request::thumbnail);
        let (style, options) = look.palette(py, small)?;
        if !given.strip {
            stored.source_mut().settings = self.recipe(py, Some(origin), &look)?.map(|recipe| recipe.json(format, given));
        }
        let size = sized.as_ref().map_or([stored.width(), stored.height()], |sized| [sized.width(), sized.height()]);
        let warnings = watch.run(py, || {
            let like = (stored.source(), stored.has_alpha());
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
        given::warn(py, &warnings)?;
        Ok(size.into())
    }

    /// Paints batches like the networks of TensorFlow Hub (`hub_module(content, style)[0]`).
    ///
    /// The arguments are arrays of pictures × height × width × 3, floats from 0 to 1, with one style for all or one for
    /// each. The answer is a tuple with one such array, of the content's kind. See `impasto.hub`.
    fn __call__<'py>(
        slf: &Bound<'py, Self>,
        content: &Bound<'py, PyAny>,
        style: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("impasto.hub")?.call_method1("_paint", (slf, content, style))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, Words<'py>)> {
        let keywords = PyDict::new(py);
        keywords.set_item("threads", self.threads)?;
        keywords.set_item("thumbnail", self.options.thumbnail)?;
        let border = self.options.border.map(|border| border.to_string());
        keywords.set_item("border", border)?;
        let made = py.import("functools")?.getattr("partial")?.call((py.get_type::<Stylizer>(),), Some(&keywords))?;
        let words =
            (!self.words.is_empty()).then(|| PyList::new(py, self.words.iter().map(|word| word.as_os_str()))).transpose()?;
        Ok((made, (words,)))
    }

    fn __repr__(&self) -> String {
        format!("<impasto.Stylizer of family {}, {} threads>", self.inner.model().family, self.threads())
    }
}
