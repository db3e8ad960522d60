//! The optimise method.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use impasto::optimizer::{self, ContentLoss, Initial, KeepColours, Method, OptimizeOptions, StyleLoss, StylePicture};
use impasto::style::names_file;
use impasto::{Perceptual, Picture, graph};
use impasto_draw::styles;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyTuple};
use self_cell::self_cell;

use crate::error::{OrRaise, choice};
use crate::given::{self, Form, Given};
use crate::stylizer::{Process, Quiet};
use crate::watch::Watch;

/// The method of Gatys et al. 2015: the pixels themselves are changed until a perceptual network sees the content of one picture and the statistics of
/// features of another. It takes a minute or two where `Stylizer` takes a tenth of a second, and brings more of the style's strokes.
///
/// `perceptual` is the path of VGG-16's or VGG-19's weights; without, it is Impasto's own network. `steps` are those at each scale, the coarsest first;
/// the last number counts for all that follow. The weights of the losses are 0 or more; `rate` is how far a step goes, of values 0 to 1. The other
/// options are those of `impasto optimize`. Raises `Error` for options out of range, and for layers that the network does not have.
#[pyclass(frozen, module = "impasto")]
pub(crate) struct Optimizer {
    inner: Arc<optimizer::Optimizer>,
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

/// An optimisation on its way: `for step in optimization: …` makes its steps.
///
/// The same pictures and options give the same bytes, at any number of threads, also across `checkpoint`.
#[pyclass(frozen, module = "impasto")]
pub(crate) struct Optimization {
    running: Mutex<Running>,
    form: Form,
    process: Process,
}

/// The losses of a picture, not weighted but for the total.
#[pyclass(frozen, get_all, module = "impasto")]
#[derive(Clone)]
pub(crate) struct Losses {
    /// The weighted sum, which is minimised.
    total: f64,
    /// Distance from the content's features.
    content: f64,
    /// Distance from the style's statistics.
    style: f64,
    /// Mean square of neighbouring pixels' differences.
    variation: f64,
}

#[pymethods]
impl Losses {
    fn __repr__(&self) -> String {
        let Losses { total, content, style, variation } = self;
        format!("<impasto.Losses total {total:.5}: content {content:.5}, style {style:.5}, variation {variation:.5}>")
    }
}

/// A step that was made.
#[pyclass(frozen, get_all, module = "impasto")]
pub(crate) struct Step {
    /// Steps until now, over all scales.
    done: usize,
    /// Steps in all.
    total: usize,
    /// Which scale it was at, counted from 0, the coarsest.
    scale: usize,
    /// (width, height) of the picture at this scale.
    size: (usize, usize),
    /// The losses before the step.
    losses: Losses,
    /// Share of the whole work that is done, 0 to 1.
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
    fn from(optimizer::Step { done, total, scale, size, losses, share }: optimizer::Step) -> Self {
        let optimizer::Losses { total: sum, content, style, variation } = losses;
        let losses = Losses { total: sum, content, style, variation };
        Step { done, total, scale, size: (size[0], size[1]), losses, share }
    }
}

/// One number of steps for all scales, or several.
#[derive(FromPyObject)]
enum Steps {
    One(usize),
    Several(Vec<usize>),
}

/// What an optimisation begins with.
struct Start {
    content: Arc<Picture>,
    form: Form,
    styles: Vec<StylePicture>,
    initial: Initial,
}

impl Optimizer {
    fn begin(
        &self,
        content: &Bound<'_, PyAny>,
        style: &Bound<'_, PyAny>,
        initial: Option<&Bound<'_, PyAny>>,
        size: Option<usize>,
        seed: u64,
    ) -> PyResult<Start> {
        let py = content.py();
        self.process.check("Optimizer")?;
        let Given { picture: content, form } = Given::read(content, "the content")?.fit(py, size)?;
        let drawn = (content.width().max(content.height()) as f32 * self.inner.options().style_scale) as usize;
        let styles = match style.cast::<PyList>() {
            Ok(list) => list.iter().map(|item| one_style(&item, drawn)).collect::<PyResult<Vec<_>>>()?,
            Err(_) => vec![one_style(style, drawn)?],
        };
        let named = match initial {
            None => Some("fast".to_owned()),
            Some(initial) => initial.extract::<String>().ok(),
        };
        let initial = match (named.as_deref(), initial) {
            (Some("content"), _) => Initial::Content,
            (Some("noise"), _) => Initial::Noise { seed },
            (Some("fast"), _) => {
                let watch = Watch::quiet();
                let threads = self.inner.options().threads;
                watch.run(py, || {
                    let stylizer = impasto::Stylizer::builder().threads(threads).open()?;
                    Initial::painted(&stylizer, &content, &styles, &watch)
                })?
            }
            (_, Some(picture)) => Initial::Picture(Box::new((*Given::read(picture, "the initial picture")?.picture).clone())),
            (_, None) => Initial::Content,
        };
        Ok(Start { content, form, styles, initial })
    }

    fn run(&self, py: Python<'_>, start: Start, checkpoint: Option<&[u8]>) -> PyResult<Optimization> {
        let Start { content, form, styles, initial } = start;
        let owner = self.inner.clone();
        let running = py.detach(|| {
            Running::try_new(owner, |optimizer| match checkpoint {
                None => optimizer.start(&content, &styles, initial),
                Some(checkpoint) => optimizer.resume(&content, &styles, initial, checkpoint),
            })
        });
        Ok(Optimization { running: Mutex::new(running.or_raise()?), form, process: Process::this() })
    }
}

/// A picture, or the name of a built-in style, which is drawn; alone, or with a weight, or with a weight and a mask.
fn one_style(item: &Bound<'_, PyAny>, drawn: usize) -> PyResult<StylePicture> {
    let wrong = || PyTypeError::new_err("styles of a list are a picture each, or (picture, weight), or (picture, weight, mask)");
    let (object, weight, mask) = match item.cast::<PyTuple>() {
        Err(_) => (item.clone(), 1.0, None),
        Ok(parts) => match parts.len() {
            2 => {
                let (object, weight): (Bound<'_, PyAny>, f32) = parts.extract().map_err(|_| wrong())?;
                (object, weight, None)
            }
            3 => {
                let (object, weight, mask): (Bound<'_, PyAny>, f32, Bound<'_, PyAny>) = parts.extract().map_err(|_| wrong())?;
                (object, weight, Some(given::mask(&mask, 0.0, "a style's mask", false)?))
            }
            _ => return Err(wrong()),
        },
    };
    let name = given::path(&object)?.filter(|path| !names_file(path));
    let picture = match name.as_deref().and_then(|name| name.to_str()).and_then(styles::find) {
        Some(style) => {
            let canvas = item.py().detach(|| style.painting(drawn));
            Picture::from_rgb_f32(canvas.width, canvas.height, canvas.rgb).or_raise()?
        }
        None => (*Given::read(&object, "the style")?.picture).clone(),
    };
    Ok(StylePicture::new(picture).weight(weight).mask(mask))
}

#[pymethods]
impl Optimizer {
    #[new]
    #[pyo3(signature = (
        perceptual=None, *, content_weight=None, style_weight=None, variation_weight=None, content_layers=None, style_layers=None,
        content_loss="normalised", style_loss="gram", method="adam", rate=0.02, history=10, steps=None, smallest_scale=None, style_scale=1.0,
        keep_colors=None, match_histogram=false, pooling="max", max_memory=None, threads=0
    ))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        py: Python<'_>,
        perceptual: Option<PathBuf>,
        content_weight: Option<f64>,
        style_weight: Option<f64>,
        variation_weight: Option<f64>,
        content_layers: Option<Vec<String>>,
        style_layers: Option<Vec<String>>,
        content_loss: &str,
        style_loss: &str,
        method: &str,
        rate: f32,
        history: usize,
        steps: Option<Steps>,
        smallest_scale: Option<usize>,
        style_scale: f32,
        keep_colors: Option<&str>,
        match_histogram: bool,
        pooling: &str,
        max_memory: Option<u64>,
        threads: usize,
    ) -> PyResult<Self> {
        let usual = OptimizeOptions::default();
        let options = OptimizeOptions {
            content_layers: content_layers.unwrap_or_default(),
            style_layers: style_layers.unwrap_or_default(),
            content_loss: choice(
                "content_loss",
                content_loss,
                &[("normalised", ContentLoss::Normalised), ("features", ContentLoss::Features)],
            )?,
            style_loss: choice(
                "style_loss",
                style_loss,
                &[("gram", StyleLoss::Gram), ("moments", StyleLoss::Moments), ("wasserstein", StyleLoss::Wasserstein)],
            )?,
            content_weight: content_weight.unwrap_or(usual.content_weight),
            style_weight: style_weight.unwrap_or(usual.style_weight),
            variation_weight: variation_weight.unwrap_or(usual.variation_weight),
            method: choice("method", method, &[("adam", Method::Adam { rate }), ("lbfgs", Method::Lbfgs { history })])?,
            steps: match steps {
                None => usual.steps,
                Some(Steps::One(steps)) => vec![steps],
                Some(Steps::Several(steps)) => steps,
            },
            smallest_scale: smallest_scale.unwrap_or(usual.smallest_scale),
            style_scale,
            keep_colours: match keep_colors {
                None => KeepColours::No,
                Some(name) => {
                    choice("keep_colors", name, &[("luminance", KeepColours::Luminance), ("match", KeepColours::Matched)])?
                }
            },
            match_histogram,
            max_memory,
            threads,
            isa: None,
        };
        let pooling = choice("pooling", pooling, &[("max", graph::PoolKind::Max), ("average", graph::PoolKind::Average)])?;
        let inner = py.detach(|| {
            let network = match &perceptual {
                Some(path) => Perceptual::open(path)?,
                None => Perceptual::embedded()?,
            };
            optimizer::Optimizer::new(&network.pooling(pooling), options)
        });
        Ok(Optimizer { inner: Arc::new(inner.or_raise()?), process: Process::this() })
    }

    /// Optimises a picture to the end, and gives it as the kind that the content came as, as `Stylizer.stylize` does.
    ///
    /// `style` is a picture in any form, the name of a built-in style, or a list of them, each alone, with a weight, or with a weight and a mask.
    /// `initial` is "fast" (the default: what the fast method paints), "content", "noise" or a picture; `size` the longer side that the content is resized to.
    #[pyo3(signature = (content, style, *, initial=None, size=None, seed=0, progress=None))]
    #[allow(clippy::too_many_arguments)]
    fn optimize<'py>(
        &self,
        py: Python<'py>,
        content: &Bound<'py, PyAny>,
        style: &Bound<'py, PyAny>,
        initial: Option<&Bound<'py, PyAny>>,
        size: Option<usize>,
        seed: u64,
        progress: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let start = self.begin(content, style, initial, size, seed)?;
        let Optimization { running, form, .. } = self.run(py, start, None)?;
        let mut running = running.into_inner().unwrap_or_else(PoisonError::into_inner);
        let watch = Watch::new(progress, "optimize")?;
        let painted = watch.run(py, || {
            running.with_dependent_mut(|_, optimization| {
                while let Some(step) = optimization.step(&Quiet(&watch))? {
                    watch.tell(step.share);
                }
                optimization.picture()
            })
        })?;
        form.answer(py, painted)
    }

    /// Begins an optimisation, whose steps the caller makes.
    #[pyo3(signature = (content, style, *, initial=None, size=None, seed=0))]
    fn start<'py>(
        &self,
        py: Python<'py>,
        content: &Bound<'py, PyAny>,
        style: &Bound<'py, PyAny>,
        initial: Option<&Bound<'py, PyAny>>,
        size: Option<usize>,
        seed: u64,
    ) -> PyResult<Optimization> {
        let start = self.begin(content, style, initial, size, seed)?;
        self.run(py, start, None)
    }

    /// Goes on from what `Optimization.checkpoint` gave, with the same pictures and options, as if nothing had happened.
    #[pyo3(signature = (checkpoint, content, style, *, initial=None, size=None, seed=0))]
    #[allow(clippy::too_many_arguments)]
    fn resume<'py>(
        &self,
        py: Python<'py>,
        checkpoint: &[u8],
        content: &Bound<'py, PyAny>,
        style: &Bound<'py, PyAny>,
        initial: Option<&Bound<'py, PyAny>>,
        size: Option<usize>,
        seed: u64,
    ) -> PyResult<Optimization> {
        let start = self.begin(content, style, initial, size, seed)?;
        self.run(py, start, Some(checkpoint))
    }

    /// Names of the layers that content is compared in.
    #[getter]
    fn content_layers(&self) -> Vec<String> {
        let [content, _] = self.inner.layers();
        content
    }

    /// Names of the layers that style is compared in.
    #[getter]
    fn style_layers(&self) -> Vec<String> {
        let [_, style] = self.inner.layers();
        style
    }

    /// Greatest memory in bytes that a picture of this size takes.
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
    /// Makes one step; `None` where all are made.
    fn step(&self, py: Python<'_>) -> PyResult<Option<Step>> {
        Ok(self.with(py, |optimization, watch| optimization.step(watch))?.map(Step::from))
    }

    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Step>> {
        self.step(py)
    }

    /// The picture as it is now, at the content's size, as the kind that the content came as.
    fn picture<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let picture = self.with(py, |optimization, _| optimization.picture())?;
        self.form.answer(py, picture)
    }

    /// Bytes from which `Optimizer.resume` goes on.
    fn checkpoint<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.with(py, |optimization, _| optimization.checkpoint())?))
    }
}
