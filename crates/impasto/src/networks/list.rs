//! The list of architectures. The parser, the recognizer, the bench, the documentation and the tests walk it.

use super::canonical::Named;
use super::design::Fields;
use super::recognise::Found;
use super::{Architecture, Part, adain, feed_forward, inception, magenta, microast, mobilenet, native, vgg};
use crate::Result;

/// An architecture.
pub struct Entry {
    /// The first word of its text form.
    pub name: &'static str,
    /// What it is, in a few words.
    pub title: &'static str,
    /// Published variants, under the names that `impasto bench` uses.
    pub published: &'static [Published],
    /// Parses the rest of the text form.
    pub(super) parse: fn(&mut Fields<'_>) -> Result<Architecture>,
    pub(super) recognise: Recognise,
}

/// A published variant: its name, and the architecture with its parameters.
pub type Published = (&'static str, fn() -> Architecture);

/// How files of an architecture are recognized if they are not our own containers.
pub(super) enum Recognise {
    /// The architecture occurs only in containers, or in the files of another entry.
    Never,
    /// By the canonical names of their arrays ([`super::canonical`]).
    ByNames(fn(&Named) -> Result<Option<Found>>),
    /// Replaces its files with a part in the form of our own container.
    Adopt(fn(&mut Vec<Part>) -> Result<()>),
}

/// All architectures.
pub static LIST: &[Entry] = &[
    magenta::ENTRY,
    inception::ENTRY,
    mobilenet::ENTRY,
    native::TRANSFORMER,
    native::PREDICTOR,
    feed_forward::ENTRY,
    microast::TRANSFORMER,
    microast::PREDICTOR,
    adain::TRANSFORMER,
    adain::PREDICTOR,
    vgg::ENTRY,
];

/// All published variants, in the order of the list.
pub fn published() -> impl Iterator<Item = &'static Published> {
    LIST.iter().flat_map(|entry| entry.published)
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry").field("name", &self.name).finish_non_exhaustive()
    }
}
