//! Painting by optimization.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use impasto::optimizer::{self, ContentLoss, Initial, KeepColours, Method, OptimizeOptions, StyleLoss, StylePicture};
use impasto::request::{Beginning, Optimized, Options, Reference, Request, StyleUse};
use impasto::style::names_file;
use impasto::{ErrorKind, Perceptual, Picture, Size, graph};
use impasto_draw::styles;
use impasto_models::registry::Role;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple};
use self_cell::self_cell;

use crate::error::{OrRaise, wrong_type};
use crate::given::{self, FilePath, Form, Given};
use crate::keywords::Keywords;
use crate::masks;
use crate::reading::Reading;
use crate::recipe::Recipe;
use crate::stylizer::Process;
use crate::watch::{Quiet, Watch};

/// Paints by optimization, the method of Gatys et al. 2015.
///
/// The pixels themselves are changed until a perceptual network sees the content of one picture, and
/// the feature statistics of another. It takes a minute or two where `Stylizer` takes a tenth of a
/// second, and brings more of the style's strokes.
///
/// Parameters
/// ----------
/// perceptual : path or str, optional
///     The name or web address of a perceptual network on this machine (`impasto.models`), or a file with weights of
///     VGG-16 or VGG-19. Default: Impasto's own.
/// content_weight, style_weight, variation_weight : float
///     Weights of the losses, 0 or more.
/// content_layers, style_layers : list of str
///     Layers to compare.
/// content_loss : {"normalised", "features"}
/// style_loss : {"gram", "moments", "wasserstein"}
/// method : {"adam", "lbfgs"}
///     `rate` is how far a step of Adam moves the pixels' values, which are from 0 to 1. `history` is how many steps
///     L-BFGS remembers.
/// steps : int or list of int
///     Steps at each scale, the coarsest first. The last number also counts for all following scales.
/// smallest_scale : int
///     Longer side at the coarsest scale, in pixels.
/// style_scale : float
///     Size of the style picture, relative to the content.
/// keep_colors : {"luminance", "match"}, optional
/// match_histogram : bool
/// pooling : {"max", "average"}
/// max_memory : int, optional
///     Most memory to use, in bytes.
/// threads : int
///     0 for one per core.
///
/// Raises
/// ------
/// Error
///     For options out of range, and for layers that the network lacks.
///
/// Examples
/// --------
/// >>> import impasto
/// >>> optimizer = impasto.Optimizer(steps=2, threads=1)
/// >>> optimizer.optimize(impasto.draw_landscape(40, 32), "starry", initial="content").size
/// (40, 32)
#[pyclass(frozen, module = "impasto")]
pub(crate) struct Optimizer {
    inner: Arc<optimizer::Optimizer>,
    /// The perceptual network's file. `None` for the built-in one.
    perceptual: Option<PathBuf>,
    /// The network by name and hash, once a record needs it.
    network: OnceLock<Reference>,
    pooling: graph::PoolKind,
    process: Process,
}

type Borrowing<'a> = optimizer::Optimization<'a>;

self_cell!(
    struct Running {
        owner: Arc<optimizer::Optimizer>,
        #[not_covariant]
        dependent: Borrowing,
    }
);

/// An optimization in progress. `for step in optimization: …` makes its steps.
///
/// The same pictures and options give the same bytes, at any number of threads, and also across `checkpoint`.
#[pyclass(frozen, module = "impasto")]
pub(crate) struct Optimization {
    running: Mutex<Running>,
    form: Form,
    /// How the picture is made, once all steps are done.
    recipe: Option<Recipe>,
    process: Process,
}

/// The losses of a picture. Only the total is weighted.
#[pyclass(frozen, get_all, module = "impasto")]
#[derive(Clone)]
pub(crate) struct Losses {
    /// The weighted sum, which is minimized.
    total: f64,
    /// Distance from the content's features.
    content: f64,
    /// Distance from the style's statistics.
    style: f64,
    /// Mean square of differences between neighboring pixels.
    variation: f64,
}

#[pymethods]
impl Losses {
    fn __repr__(&self) -> String {
        let Losses { total, content, style, variation } = self;
        format!("<impasto.Losses total {total:.5}: content {content:.5}, style {style:.5}, variation {variation:.5}>")
    }
}

/// A step of an optimization.
#[pyclass(frozen, get_all, module = "impasto")]
pub(crate) struct Step {
    /// Steps so far, over all scales.
    done: usize,
    /// Steps in all.
    total: usize,
    /// The scale of this step, counted from 0, the coarsest.
    scale: usize,
    /// (width, height) of the picture at this scale.
    size: (usize, usize),
    /// The losses before the step.
    losses: Losses,
    /// Progress of the whole work, from 0 to 1.
    share: f64,
}

#[pymethods]
impl Step {
    fn __repr__(&self) -> String {
        let Step { done, total, size: (width, height), losses, .. } = self;
        format!("<impasto.Step {done} of {total} at {width}×{height}: loss {:.5}>", losses.total)
    }
}

impl From<optimizer::Step> for Step {
    fn from(optimizer::Step { done, total, scale, size, losses, share, .. }: optimizer::Step) -> Self {
        let optimizer::Losses { total: sum, content, style, variation, .. } = losses;
        let losses = Losses { total: sum, content, style, variation };
        Step { done, total, scale, size: (size.width, size.height), losses, share }
    }
}

/// One number of steps for all scales, or several.
struct Steps(Vec<usize>);

impl<'py> FromPyObject<'_, 'py> for Steps {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(one) = object.extract::<usize>() {
            return Ok(Steps(vec![one]));
        }
        object.extract().map(Steps).map_err(|_| wrong_type("must be a number of steps, or a list of them"))
    }
}

/// What an optimization starts from.
struct Start {
    content: Arc<Picture>,
    form: Form,
    styles: Vec<StylePicture>,
    initial: Initial,
    recipe: Option<Recipe>,
}

/// Keywords of `Optimizer`.
const OPTIONS: [&str; 18] = [
    "content_weight",
    "style_weight",
    "variation_weight",
    "content_layers",
    "style_layers",
    "content_loss",
    "style_loss",
    "method",
    "rate",
    "history",
    "steps",
    "smallest_scale",
    "style_scale",
    "keep_colors",
    "match_histogram",
    "pooling",
    "max_memory",
    "threads",
];

/// Keywords of `start` and `resume`, and last `progress`, which only `optimize` takes.
const START: [&str; 4] = ["initial", "size", "seed", "progress"];

fn options(given: &Keywords<'_>) -> PyResult<OptimizeOptions> {
    let (rate, history) = (given.or("rate", 0.02)?, given.or("history", 10)?);
    let mut options = OptimizeOptions::default();
    options.content_layers = given.or("content_layers", Vec::new())?;
    options.style_layers = given.or("style_layers", Vec::new())?;
    options.content_loss =
        given.choice("content_loss", &[("normalised", ContentLoss::Normalised), ("features", ContentLoss::Features)])?;
    options.style_loss = given.choice(
        "style_loss",
        &[("gram", StyleLoss::Gram), ("moments", StyleLoss::Moments), ("wasserstein", StyleLoss::Wasserstein)],
    )?;
    options.content_weight = given.or("content_weight", options.content_weight)?;
    options.style_weight = given.or("style_weight", options.style_weight)?;
    options.variation_weight = given.or("variation_weight", options.variation_weight)?;
    options.method = given.choice("method", &[("adam", Method::Adam { rate }), ("lbfgs", Method::Lbfgs { history })])?;
    options.steps = given.or("steps", Steps(options.steps.clone()))?.0;
    options.smallest_scale = given.or("smallest_scale", options.smallest_scale)?;
    options.style_scale = given.or("style_scale", 1.0)?;
    options.keep_colours = match given.get("keep_colors") {
        None => KeepColours::No,
        Some(_) => given.choice("keep_colors", &[("luminance", KeepColours::Luminance), ("match", KeepColours::Matched)])?,
    };
    options.match_histogram = given.or("match_histogram", false)?;
    options.max_memory = given.or("max_memory", None)?;
    options.threads = given.or("threads", 0)?;
    Ok(options)
}

impl Optimizer {
    fn begin(&self, content: &Bound<'_, PyAny>, style: &Bound<'_, PyAny>, keywords: &Keywords<'_>) -> PyResult<Start> {
        let py = content.py();
        let (initial, size, seed) = (keywords.get("initial"), keywords.or("size", None)?, keywords.or("seed", 0)?);
        self.process.check("Optimizer")?;
        let Given { picture: content, form, origin } = Given::read(content, &Reading::of("the content"))?.fit(py, size)?;
        let drawn = (content.width().max(content.height()) as f32 * self.inner.options().style_scale) as usize;
        let styles = match style.cast::<PyList>() {
            Ok(list) => list.iter().map(|item| one_style(&item, drawn)).collect::<PyResult<Vec<_>>>()?,
            Err(_) => vec![one_style(style, drawn)?],
        };
        let (styles, used): (Vec<_>, Vec<_>) = styles.into_iter().unzip();
        let named = match initial {
            None => Some("fast".to_owned()),
            Some(initial) => initial.extract::<String>().ok(),
        };
        let (initial, beginning) = match (named.as_deref(), initial) {
            (Some("content"), _) => (Initial::Content, Some(Beginning::Content)),
            (Some("noise"), _) => (Initial::Noise { seed }, Some(Beginning::Noise { seed })),
            (Some("fast"), _) => {
                let watch = Watch::quiet();
                let threads = self.inner.options().threads;
                let painted = watch.run(py, || {
                    let stylizer = impasto::Stylizer::builder().threads(threads).open()?;
                    Initial::painted(&stylizer, &content, &styles, &watch)
                })?;
                (painted, Some(Beginning::Fast))
            }
            (_, Some(picture)) => {
                let given = Given::read(picture, &Reading::of("the initial picture"))?;
                (Initial::Picture(Box::new((*given.picture).clone())), given.origin.map(Beginning::Picture))
            }
            (_, None) => (Initial::Content, Some(Beginning::Content)),
        };
        let recipe = self.recipe(py, (origin, content.size()), used, beginning)?;
        Ok(Start { content, form, styles, initial, recipe })
    }

    /// How the picture is made. `None` if any picture came from pixels without a
    /// file, because nobody could find it again.
    fn recipe(
        &self,
        py: Python<'_>,
        (content, size): (Option<Reference>, Size),
        styles: Vec<Option<StyleUse>>,
        beginning: Option<Beginning>,
    ) -> PyResult<Option<Recipe>> {
        let styles: Option<Vec<StyleUse>> = styles.into_iter().collect();
        let (Some(content), Some(styles), Some(beginning)) = (content, styles, beginning) else { return Ok(None) };
        if self.network.get().is_none() {
            let network = match &self.perceptual {
                Some(path) => py.detach(|| Reference::of_file(path)).or_raise()?,
                None => Reference::of_embedded_perceptual(),
            };
            let _ = self.network.set(network);
        }
        let Some(network) = self.network.get().cloned() else { return Ok(None) };
        let mut how = Optimized::new(size.long_side(), self.inner.recorded(size), beginning, network);
        how.pooling = self.pooling;
        // The built-in model paints for `initial="fast"`.
        let model = Reference::of_model(&[]).or_raise()?;
        let executor = self.inner.executor().to_string();
        let request = Request::new(content, styles, model, Options::default(), &executor);
        Ok(Some(Recipe::optimized(request.optimized(how))))
    }

    fn run(&self, py: Python<'_>, start: Start, checkpoint: Option<&[u8]>) -> PyResult<Optimization> {
        let Start { content, form, styles, initial, recipe } = start;
        let owner = self.inner.clone();
        let running = py.detach(|| {
            Running::try_new(owner, |optimizer| match checkpoint {
                None => optimizer.start(&content, &styles, initial),
                Some(checkpoint) => optimizer.resume(&content, &styles, initial, checkpoint),
            })
        });
        Ok(Optimization { running: Mutex::new(running.or_raise()?), form, recipe, process: Process::this() })
    }
}

/// Reads a style: a picture, or the name of a built-in style, which is drawn. It may be a tuple with a weight, or with
/// a weight and a mask. Also returns its entry for records, if it comes from files.
fn one_style(item: &Bound<'_, PyAny>, drawn: usize) -> PyResult<(StylePicture, Option<StyleUse>)> {
    let wrong = || wrong_type("each item in a list of styles must be a picture, (picture, weight) or (picture, weight, mask)");
    let (object, weight, mask) = match item.cast::<PyTuple>() {
        Err(_) => (item.clone(), 1.0, None),
        Ok(parts) => match parts.len() {
            2 => {
                let (object, weight): (Bound<'_, PyAny>, f32) = parts.extract().map_err(|_| wrong())?;
                (object, weight, None)
            }
            3 => {
                let (object, weight, mask): (Bound<'_, PyAny>, f32, Bound<'_, PyAny>) = parts.extract().map_err(|_| wrong())?;
                (object, weight, Some((masks::mask(&mask, 0.0, "a style's mask", false)?, given::origin(&mask)?)))
            }
            _ => return Err(wrong()),
        },
    };
    let name = given::path(&object)?.filter(|path| !names_file(path));
    let (picture, origin) = match name.as_deref().and_then(|name| name.to_str()).and_then(styles::find) {
        Some(style) => {
            let canvas = item.py().detach(|| style.painting(drawn));
            let picture = Picture::from_rgb_f32([canvas.width, canvas.height], canvas.rgb).or_raise()?;
            (picture, impasto::Style::built_in(style.name).ok().map(|style| Reference::of_style(&style)))
        }
        None => {
            let given = Given::read(&object, &Reading::of("the style"))?;
            ((*given.picture).clone(), given.origin)
        }
    };
    let place = mask.as_ref().map(|(_, place)| place.clone());
    // A mask without a file cannot be recorded.
    let used =
        origin.filter(|_| !matches!(place, Some(None))).map(|origin| StyleUse::new(origin, weight).masked(place.flatten()));
    Ok((StylePicture::new(picture).weight(weight).mask(mask.map(|(mask, _)| mask)), used))
}

#[pymethods]
impl Optimizer {
    #[new]
    #[pyo3(
        signature = (perceptual=None, **options),
        text_signature = "(perceptual=None, *, content_weight=None, style_weight=None, variation_weight=None, content_layers=None, \
                          style_layers=None, content_loss='normalised', style_loss='gram', method='adam', rate=0.02, history=10, steps=None, \
                          smallest_scale=None, style_scale=1.0, keep_colors=None, match_histogram=False, pooling='max', max_memory=None, \
                          threads=0)"
    )]
    fn new(py: Python<'_>, perceptual: Option<FilePath>, options: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let keywords = Keywords::read("Optimizer", &OPTIONS, options)?;
        let options = self::options(&keywords)?;
        let pooling = keywords.choice("pooling", &[("max", graph::PoolKind::Max), ("average", graph::PoolKind::Average)])?;
        let inner = py.detach(|| {
            let (network, path) = match &perceptual {
                Some(FilePath(word)) => match crate::models::paths(vec![word.clone()], Role::Perceptual)?.as_slice() {
                    [path] => (Perceptual::open(path)?, Some(path.clone())),
                    several => {
                        let text = format!("{}: has {} files; give the path of one network", word.display(), several.len());
                        return Err(impasto::Error::new(ErrorKind::InvalidArgument, text));
                    }
                },
                None => (Perceptual::embedded()?, None),
            };
            Ok((optimizer::Optimizer::new(&network.pooling(pooling), options)?, path))
        });
        let (inner, perceptual) = inner.or_raise()?;
        Ok(Optimizer { inner: Arc::new(inner), perceptual, network: OnceLock::new(), pooling, process: Process::this() })
    }

    /// Optimizes a picture to the end and returns it in the form of the content, like `Stylizer.stylize`.
    ///
    /// Parameters
    /// ----------
    /// content : picture
    ///     In any form, see `impasto.stylize`.
    /// style : picture or str, or a list of them
    ///     The name of a built-in style, which is drawn, or a picture. In a list, alone, as (picture, weight) or as
    ///     (picture, weight, mask).
    /// initial : {"fast", "content", "noise"} or picture
    ///     What to start from. "fast" is the painting of the fast method.
    /// size : int, optional
    ///     The longer side that the content is resized to.
    /// seed : int
    ///     Seed of the noise.
    /// progress : bool or function
    ///     As for `impasto.stylize`.
    #[pyo3(
        signature = (content, style, **options),
        text_signature = "($self, content, style, *, initial=None, size=None, seed=0, progress=None)"
    )]
    fn optimize<'py>(
        &self,
        py: Python<'py>,
        content: &Bound<'py, PyAny>,
        style: &Bound<'py, PyAny>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let keywords = Keywords::read("optimize", &START, options)?;
        let watch = Watch::new(keywords.get("progress"), "optimize")?;
        let start = self.begin(content, style, &keywords)?;
        let Optimization { running, form, recipe, .. } = self.run(py, start, None)?;
        let mut running = running.into_inner().unwrap_or_else(PoisonError::into_inner);
        let painted = watch.run(py, || {
            running.with_dependent_mut(|_, optimization| {
                while let Some(step) = optimization.step(&Quiet(&watch))? {
                    watch.tell(step.share);
                }
                optimization.picture()
            })
        })?;
        form.answer(py, painted, recipe)
    }

    /// Starts an optimization whose steps the caller makes. The arguments are those of `optimize`.
    #[pyo3(signature = (content, style, **options), text_signature = "($self, content, style, *, initial=None, size=None, seed=0)")]
    fn start<'py>(
        &self,
        py: Python<'py>,
        content: &Bound<'py, PyAny>,
        style: &Bound<'py, PyAny>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Optimization> {
        let start = self.begin(content, style, &Keywords::read("start", &START[..3], options)?)?;
        self.run(py, start, None)
    }

    /// Continues from a result of `Optimization.checkpoint`, with the same
    /// pictures and options, as if it had not stopped.
    #[pyo3(
        signature = (checkpoint, content, style, **options),
        text_signature = "($self, checkpoint, content, style, *, initial=None, size=None, seed=0)"
    )]
    fn resume<'py>(
        &self,
        py: Python<'py>,
        checkpoint: &[u8],
        content: &Bound<'py, PyAny>,
        style: &Bound<'py, PyAny>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Optimization> {
        let start = self.begin(content, style, &Keywords::read("resume", &START[..3], options)?)?;
        self.run(py, start, Some(checkpoint))
    }

    /// Names of the layers in which content is compared.
    #[getter]
    fn content_layers(&self) -> Vec<String> {
        let [content, _] = self.inner.layers();
        content
    }

    /// Names of the layers in which style is compared.
    #[getter]
    fn style_layers(&self) -> Vec<String> {
        let [_, style] = self.inner.layers();
        style
    }

    /// The most memory in bytes for a picture of this size.
    fn peak_memory(&self, width: usize, height: usize) -> u64 {
        self.inner.peak_memory([width, height])
    }

    fn __repr__(&self) -> String {
        let [content, style] = self.inner.layers();
        format!("<impasto.Optimizer, content in {}, style in {}>", content.join(", "), style.join(", "))
    }
}

impl Optimization {
    fn with<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut Borrowing<'_>, &Watch) -> impasto::Result<T> + Send,
    ) -> PyResult<T> {
        self.process.check("Optimization")?;
        let watch = Watch::quiet();
        watch.run(py, || {
            let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            running.with_dependent_mut(|_, optimization| work(optimization, &watch))
        })
    }
}

#[pymethods]
impl Optimization {
    /// Makes one step. Returns `None` if all steps are done.
    fn step(&self, py: Python<'_>) -> PyResult<Option<Step>> {
        Ok(self.with(py, |optimization, watch| optimization.step(watch))?.map(Step::from))
    }

    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Step>> {
        self.step(py)
    }

    /// The current picture, at the content's size and in the content's form.
    fn picture<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let (picture, done) = self.with(py, |optimization, _| Ok((optimization.picture()?, optimization.is_done())))?;
        // An unfinished picture has no recipe: repeating it would make all steps.
        self.form.answer(py, picture, self.recipe.clone().filter(|_| done))
    }

    /// Bytes from which `Optimizer.resume` continues.
    fn checkpoint<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.with(py, |optimization, _| optimization.checkpoint())?))
    }
}
