//! Styles that requests can name.

use std::sync::{Mutex, PoisonError};

use axum::body::Bytes;
use impasto::request::Reference;
use impasto::{Control, Picture, Style, StyleOptions, StyleSize};

use crate::served::Served;

/// A style that requests can name.
pub(crate) struct KeptStyle {
    /// Where it comes from.
    pub(crate) reference: Reference,
    source: Source,
}

enum Source {
    /// A model's own style or a style file. It fits only models of one family.
    Style(Style),
    Picture(Box<Uploaded>),
}

/// A picture that a client has uploaded.
struct Uploaded {
    /// At the size that networks see.
    picture: Picture,
    /// Its file, for requests that ask for another size.
    file: Bytes,
    /// The style that each model has predicted from it so far.
    seen: Mutex<Vec<(String, Style)>>,
}

impl KeptStyle {
    /// A style without a picture.
    pub(crate) fn bare(style: Style, reference: Reference) -> Self {
        KeptStyle { reference, source: Source::Style(style) }
    }

    /// A style from a picture, which must have the size that networks see, and its file.
    pub(crate) fn of_picture(picture: Picture, file: Bytes) -> Self {
        let reference = Reference::of_bytes("style", &file);
        KeptStyle { reference, source: Source::Picture(Box::new(Uploaded { picture, file, seen: Mutex::default() })) }
    }

    /// The picture at the size that networks see; `None` for models' own styles and style files.
    pub(crate) fn picture(&self) -> Option<&Picture> {
        match &self.source {
            Source::Picture(uploaded) => Some(&uploaded.picture),
            Source::Style(_) => None,
        }
    }

    /// The picture's file; `None` for models' own styles and style files.
    pub(crate) fn file(&self) -> Option<&Bytes> {
        match &self.source {
            Source::Picture(uploaded) => Some(&uploaded.file),
            Source::Style(_) => None,
        }
    }

    /// The style's own name, if it has one.
    pub(crate) fn name(&self) -> Option<&str> {
        match &self.source {
            Source::Picture(..) => None,
            Source::Style(style) => style.name(),
        }
    }

    /// The style for this model. Each model looks at a picture only once.
    ///
    /// # Errors
    /// [`impasto::ErrorKind::Mismatch`] if it is for models of another family;
    /// otherwise as [`impasto::Stylizer::style_with`].
    pub(crate) fn style(&self, model: &Served, control: &dyn Control) -> impasto::Result<Style> {
        match &self.source {
            Source::Style(style) => {
                model.stylizer().check_style(style)?;
                Ok(style.clone())
            }
            Source::Picture(uploaded) => {
                let Uploaded { picture, seen, .. } = uploaded.as_ref();
                let known = |seen: &[(String, Style)]| Some(seen.iter().find(|(name, _)| name == model.name())?.1.clone());
                if let Some(style) = known(&seen.lock().unwrap_or_else(PoisonError::into_inner)) {
                    return Ok(style);
                }
                let style = model.stylizer().style_with(picture, &StyleOptions::default().size(StyleSize::Original), control)?;
                let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                if known(&seen).is_none() {
                    seen.push((model.name().to_owned(), style.clone()));
                }
                Ok(style)
            }
        }
    }

    /// Memory in bytes once all models have seen it, whose vectors have `numbers` values in total: vectors, learned
    /// corrections, the picture's colors and alpha as floats, and its file.
    pub(crate) fn memory(&self, numbers: usize) -> u64 {
        match &self.source {
            Source::Style(style) => {
                (style.vector().len() * 4) as u64 + style.learned().map_or(0, impasto::style::Learned::memory)
            }
            Source::Picture(uploaded) => uploaded.picture.size().pixels() * 16 + (numbers * 4 + uploaded.file.len()) as u64,
        }
    }
}
