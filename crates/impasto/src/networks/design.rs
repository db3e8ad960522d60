//! The interface of all architectures, and the parser of their one-line text form.

use std::collections::BTreeMap;

use super::Kind;
use super::magenta::Border;
use crate::graph::Graph;
use crate::{Error, ErrorKind, Result};

/// What an architecture's parameters determine.
pub(super) trait Design {
    /// What the network is for.
    fn kind(&self) -> Kind;

    /// Length of the style vector that it makes or reads; 0 if it has none.
    fn style_len(&self) -> usize;

    /// Builds the network's graph.
    fn graph(&self) -> Graph;

    /// A description of the architecture for people.
    fn description(&self) -> String;

    /// Its name and parameters in one line, such as `mobilenet-v2 vector=100 norm=batch`.
    fn text(&self) -> String;

    /// The number of parts that repeat under numbered names. The graph is built only if
    /// there are at least as many arrays.
    fn repeats(&self) -> usize {
        0
    }

    /// The longer side, in pixels, of the content thumbnail whose statistics the instance
    /// norms use. `None` if they use the picture's own.
    fn thumbnail(&self) -> Option<usize> {
        None
    }

    /// The longer side, in pixels, of the canvas that a transformer is made for. `None` if no such size is known.
    fn canvas(&self) -> Option<usize> {
        None
    }

    /// The number of styles that are part of the network itself; its style vector has a share
    /// for each. 0 for networks that read a predictor's vectors.
    fn own_styles(&self) -> usize {
        0
    }
}

/// The values of a choice, with their names.
pub(super) type Names<T> = &'static [(&'static str, T)];

pub(super) const BORDERS: Names<Border> = &[("reflect", Border::Reflect), ("zero", Border::Zero)];

pub(super) fn name_of<T: PartialEq>(names: Names<T>, value: &T) -> &'static str {
    names.iter().find(|(_, v)| v == value).map_or("", |(name, _)| name)
}

/// Joins numbers with commas.
pub(super) fn commas(numbers: &[usize]) -> String {
    numbers.iter().map(usize::to_string).collect::<Vec<_>>().join(",")
}

/// The words of a text form that have not been read yet.
pub(super) struct Fields<'a> {
    pub(super) text: &'a str,
    values: BTreeMap<&'a str, &'a str>,
    /// Words that are not `KEY=VALUE`.
    plain: Vec<&'a str>,
}

impl<'a> Fields<'a> {
    /// Splits off the architecture's name.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`] if a key occurs twice.
    pub(super) fn split(text: &'a str) -> Result<(&'a str, Self)> {
        let mut words = text.split_whitespace();
        let name = words.next().unwrap_or_default();
        let mut fields = Fields { text, values: BTreeMap::new(), plain: Vec::new() };
        for word in words {
            match word.split_once('=') {
                Some((key, value)) if fields.values.insert(key, value).is_none() => {}
                Some((key, _)) => return Err(fields.malformed(&format!("{key:?} is given twice"))),
                None => fields.plain.push(word),
            }
        }
        Ok((name, fields))
    }

    /// Checks that all words have been read.
    pub(super) fn finish(self) -> Result<()> {
        match (self.plain.first(), self.values.keys().next()) {
            (Some(word), _) => Err(self.malformed(&format!("{word:?} is not KEY=VALUE"))),
            (None, Some(key)) => Err(self.unsupported(&format!("{key:?} is not known"))),
            (None, None) => Ok(()),
        }
    }

    /// Takes all words that are not `KEY=VALUE`.
    pub(super) fn take_plain(&mut self) -> Vec<&'a str> {
        std::mem::take(&mut self.plain)
    }

    fn take(&mut self, key: &str) -> Result<&'a str> {
        self.values.remove(key).ok_or_else(|| self.malformed(&format!("{key:?} is missing")))
    }

    /// Whether a key has this value. If so, the key counts as read.
    pub(super) fn is(&mut self, key: &str, word: &str) -> bool {
        let is = self.values.get(key) == Some(&word);
        if is {
            self.values.remove(key);
        }
        is
    }

    pub(super) fn number(&mut self, key: &str, least: usize) -> Result<usize> {
        let value = self.take(key)?;
        self.parse(key, value, least)
    }

    /// No real value comes near the limit, which keeps sums of lengths from overflowing.
    fn parse(&self, key: &str, value: &str, least: usize) -> Result<usize> {
        let number = value.parse().ok().filter(|n| (least..=1_000_000).contains(n));
        number.ok_or_else(|| self.malformed(&format!("{key}={value} is not a number from {least} to 1000000")))
    }

    pub(super) fn numbers<const N: usize>(&mut self, key: &str) -> Result<[usize; N]> {
        let value = self.take(key)?;
        let numbers: Vec<usize> = value.split(',').map(|n| self.parse(key, n, 1)).collect::<Result<_>>()?;
        numbers.try_into().map_err(|_| self.malformed(&format!("{key:?} needs {N} numbers")))
    }

    /// Like [`Fields::numbers`], but `None` if the key is missing.
    pub(super) fn numbers_if<const N: usize>(&mut self, key: &str) -> Result<Option<[usize; N]>> {
        if self.values.contains_key(key) { self.numbers(key).map(Some) } else { Ok(None) }
    }

    /// Reads the side of a kernel, which must be odd.
    pub(super) fn odd(&mut self, key: &str) -> Result<usize> {
        let value = self.number(key, 1)?;
        if value % 2 == 0 { Err(self.malformed(&format!("{key}={value} is not an odd number"))) } else { Ok(value) }
    }

    pub(super) fn choice<T: Copy>(&mut self, key: &str, names: Names<T>) -> Result<T> {
        let value = self.take(key)?;
        let found = names.iter().find(|(name, _)| *name == value);
        found.map(|(_, it)| *it).ok_or_else(|| self.unsupported(&format!("{key}={value} is not known")))
    }

    /// Like [`Fields::choice`], but the first of the choices if the key is missing.
    pub(super) fn choice_or<T: Copy>(&mut self, key: &str, names: Names<T>) -> Result<T> {
        if self.values.contains_key(key) { self.choice(key, names) } else { Ok(names[0].1) }
    }

    pub(super) fn malformed(&self, what: &str) -> Error {
        Error::new(ErrorKind::Malformed, format!("architecture {:?}: {what}", self.text))
    }

    pub(super) fn unsupported(&self, what: &str) -> Error {
        let text = format!("architecture {:?}: {what}; a newer version of Impasto may support it", self.text);
        Error::new(ErrorKind::Unsupported, text)
    }
}
