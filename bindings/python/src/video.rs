//! Films: Python's frames in, painted frames out.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use impasto::ErrorKind;
use impasto::request::table;
use impasto::video::{Film, FilmOptions, Frame, Frames as Painting};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyIterator};
use self_cell::self_cell;

use crate::error::{OrRaise, invalid};
use crate::given::{Form, Given};
use crate::look::{Look, asked};
use crate::reading::Reading;
use crate::samples::Kind;
use crate::stylizer::Stylizer;
use crate::watch::Watch;

/// The forms of frames that have been read but not yet returned.
type Forms = Arc<Mutex<VecDeque<Form>>>;

/// Reads frames from a Python iterator on demand.
struct Reader {
    frames: Py<PyIterator>,
    forms: Forms,
    reading: Reading<'static>,
    /// The exception that Python's iterator raised.
    raised: Arc<Mutex<Option<PyErr>>>,
}

impl Reader {
    fn read(&self, py: Python<'_>) -> PyResult<Option<Frame>> {
        let Some(frame) = self.frames.bind(py).clone().next().transpose()? else { return Ok(None) };
        let Given { picture, form, .. } = Given::read(&frame, &self.reading)?;
        let kind = match form {
            Form::Picture(kind) | Form::Array { kind, .. } => kind,
            Form::File(_) | Form::Pil { .. } => Kind::of_source(picture.source()),
        };
        let read = Frame::of_picture(&picture, kind != Kind::U8).or_raise()?;
        self.forms.lock().unwrap_or_else(PoisonError::into_inner).push_back(form);
        Ok(Some(read))
    }
}

impl Iterator for Reader {
    type Item = impasto::Result<Frame>;

    fn next(&mut self) -> Option<Self::Item> {
        match Python::attach(|py| self.read(py)) {
            Ok(frame) => frame.map(Ok),
            Err(raised) => {
                *self.raised.lock().unwrap_or_else(PoisonError::into_inner) = Some(raised);
                // Python's own exception replaces this error.
                Some(Err(impasto::Error::new(ErrorKind::Cancelled, "the frames cannot be read")))
            }
        }
    }
}

self_cell!(
    struct FilmOfModel {
        owner: Arc<impasto::Stylizer>,
        #[covariant]
        dependent: Film,
    }
);

/// What paints the frames.
struct Studio {
    film: FilmOfModel,
    watch: Watch,
}

type PaintingOf<'a> = Painting<'a, Reader>;

self_cell!(
    struct Running {
        owner: Box<Studio>,
        #[not_covariant]
        dependent: PaintingOf,
    }
);

/// The painted frames of a film, in order: what `impasto.video.stylize` returns. They are painted on demand.
#[pyclass(frozen, module = "impasto")]
pub(crate) struct Frames {
    running: Mutex<Running>,
    forms: Forms,
    raised: Arc<Mutex<Option<PyErr>>>,
    progress: Option<Watch>,
    total: Option<usize>,
}

#[pymethods]
impl Frames {
    #[new]
    #[pyo3(
        signature = (stylizer, frames, style, strength=None, **options),
        text_signature = "(stylizer, frames, style, strength=1.0, **options)"
    )]
    fn new<'py>(
        stylizer: &Bound<'py, Stylizer>,
        frames: &Bound<'py, PyAny>,
        style: &Bound<'py, PyAny>,
        strength: Option<Bound<'py, PyAny>>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Self> {
        let py = frames.py();
        let stylizer = stylizer.get();
        stylizer.process.check("Stylizer")?;
        let asked = asked("stylize", &["steady", "total", "max_memory"], false, strength, options, py)?;
        if asked.options.resizes() {
            return Err(invalid("size and exact are for pictures; give frames of the size you want"));
        }
        let given = asked.options.given();
        if let Some((name, why)) =
            table().iter().find_map(|row| row.not_in_films.filter(|_| given.contains_key(row.name)).map(|why| (row.name, why)))
        {
            return Err(invalid(format!("{name}: not for films: {why}")));
        }
        let clip = asked.extract("clip")?.unwrap_or(false);
        let steady = asked.extract("steady")?.unwrap_or(0.0);
        let total = asked.extract("total")?.or_else(|| frames.len().ok());
        let watch = Watch::quiet();
        let look = Look::read(&stylizer.inner, Some(style), &asked, &Reading::of("the style").clip(clip), &watch)?;
        let (styles, painting) = look.of_film(py)?;
        let options = FilmOptions::default().stylize(painting).steady(steady);
        let film = FilmOfModel::try_new(stylizer.inner.clone(), |stylizer| Film::new(stylizer, styles, options)).or_raise()?;
        let (forms, raised) = (Forms::default(), Arc::default());
        let reading = Reading::of("the frame").clip(clip);
        let reader = Reader { frames: frames.try_iter()?.unbind(), forms: forms.clone(), reading, raised: Arc::clone(&raised) };
        let studio = Box::new(Studio { film, watch: Watch::quiet() });
        let running = Running::new(studio, |studio| studio.film.borrow_dependent().paint(reader, &studio.watch));
        let progress = asked.get("progress").map(|progress| Watch::new(Some(progress), "film")).transpose()?;
        Ok(Frames { running: Mutex::new(running), forms, raised, progress, total })
    }

    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let painted = py.detach(|| {
            let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            running.with_dependent_mut(|studio, frames| {
                let next = frames.next().transpose();
                (next, studio.watch.take_raised())
            })
        });
        let raised = self.raised.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(raised) = raised.or(painted.1) {
            return Err(raised);
        }
        let Some(painted) = painted.0.or_raise()? else {
            if let Some(progress) = &self.progress {
                progress.close(py)?;
            }
            return Ok(None);
        };
        if let (Some(progress), Some(total)) = (&self.progress, self.total) {
            progress.tell((painted.index + 1) as f64 / total.max(1) as f64);
            if let Some(raised) = progress.take_raised() {
                return Err(raised);
            }
        }
        let form = self.forms.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let picture = py.detach(|| painted.frame.to_picture()).or_raise()?;
        form.map(|form| form.answer(py, picture, None)).transpose()
    }

    fn __repr__(&self) -> String {
        match self.total {
            Some(total) => format!("<impasto.Frames of a film of {total}>"),
            None => "<impasto.Frames of a film>".into(),
        }
    }
}
