//! The models that a server paints with.

use std::sync::Arc;

use axum::http::StatusCode;
use impasto::request::Reference;
use impasto::style::{Gallery, nearest};
use impasto::{Result, Style, Stylizer};

use crate::problem::{self, Problem};

/// A model that a server paints with. Requests choose it by its name.
#[derive(Debug)]
pub struct Served {
    name: String,
    stylizer: Stylizer,
    /// The styles that come with it: the model's own, or the built-in ones if they are for its family.
    gallery: Option<Gallery>,
    files: Vec<Reference>,
}

impl Served {
    /// A model under the name that requests choose it by.
    ///
    /// # Errors
    /// As [`Gallery::new`], if a gallery cannot hold the names of the styles in the model's file.
    pub fn new(name: impl Into<String>, stylizer: Stylizer) -> Result<Self> {
        let gallery = match stylizer.own_styles() {
            [] => Some(Gallery::built_in()?).filter(|gallery| gallery.family() == &stylizer.model().family),
            own => Some(Gallery::new(own.to_vec())?),
        };
        Ok(Served { name: name.into(), stylizer, gallery, files: Vec::new() })
    }

    /// Sets the files that the model was read from. Results record them; without them,
    /// results have no record of how they were made.
    #[must_use]
    pub fn files(mut self, files: Vec<Reference>) -> Self {
        self.files = files;
        self
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The model, ready to paint.
    pub(crate) fn stylizer(&self) -> &Stylizer {
        &self.stylizer
    }

    /// The styles that come with it, by name.
    pub(crate) fn gallery(&self) -> Option<&Gallery> {
        self.gallery.as_ref()
    }

    /// The styles that come with it, as a list. Numbered styles are in the order of their numbers, unlike in the
    /// gallery, which is in the order of names.
    pub(crate) fn styles(&self) -> &[Style] {
        match self.stylizer.own_styles() {
            [] => self.gallery.as_ref().map_or(&[], Gallery::styles),
            own => own,
        }
    }

    /// Whether it can take styles from pictures.
    pub(crate) fn sees_pictures(&self) -> bool {
        self.stylizer.model().predictor.is_some()
    }

    /// The files that it was read from.
    pub(crate) fn made_of(&self) -> &[Reference] {
        &self.files
    }
}

/// All of a server's models. There is at least one. If a request names no model, the first one paints.
#[derive(Debug)]
pub(crate) struct Models(Vec<Arc<Served>>);

impl Models {
    /// # Errors
    /// [`impasto::ErrorKind::InvalidArgument`] if there is no model, or two have the same name.
    pub(crate) fn new(models: Vec<Served>) -> Result<Self> {
        let wrong = |text: String| Err(impasto::Error::new(impasto::ErrorKind::InvalidArgument, text));
        if models.is_empty() {
            return wrong("a server needs a model".into());
        }
        for (i, model) in models.iter().enumerate() {
            if models[..i].iter().any(|other| other.name == model.name) {
                let text = format!("two models are called {:?}; keep one under another name: impasto models import", model.name);
                return wrong(text);
            }
        }
        Ok(Models(models.into_iter().map(Arc::new).collect()))
    }

    /// The model that paints if a request names none.
    pub(crate) fn first(&self) -> &Arc<Served> {
        &self.0[0]
    }

    pub(crate) fn all(&self) -> &[Arc<Served>] {
        &self.0
    }

    /// The model that a request names, or the first.
    pub(crate) fn find(&self, name: Option<&str>) -> problem::Result<Arc<Served>> {
        let Some(name) = name else { return Ok(self.first().clone()) };
        let names = || self.0.iter().map(|model| model.name.as_str());
        let unknown = || {
            let hint = match nearest(name, names()) {
                Some(near) => format!("did you mean {near:?}?"),
                None => format!("there are {}", names().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")),
            };
            let shown: String = name.chars().take(80).collect();
            Problem::new(StatusCode::NOT_FOUND, format!("this server has no model {shown:?}; {hint}"))
        };
        self.0.iter().find(|model| model.name == name).cloned().ok_or_else(unknown)
    }
}
