//! The model that is part of the library.

use super::Model;
use crate::{Error, ErrorKind, Result};

#[cfg(feature = "embedded")]
const BYTES: Option<&[u8]> = Some(include_bytes!("../../models/impasto.safetensors"));
#[cfg(not(feature = "embedded"))]
const BYTES: Option<&[u8]> = None;

/// Its name in errors and tables.
const NAME: &str = "the built-in model";

impl Model {
    /// Whether this build has a built-in model: the feature `embedded`.
    pub const HAS_EMBEDDED: bool = BYTES.is_some();

    /// The file of the built-in model, to distinguish one build's model from another's.
    /// `None` without the feature `embedded`.
    pub(crate) const fn embedded_bytes() -> Option<&'static [u8]> {
        BYTES
    }

    /// Returns Impasto's built-in model: a small style predictor and a transformer that paints pictures of any size in
    /// little memory ([`super::Architecture::thumbnail`]). Reading it takes a few milliseconds.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] if the library was built without the feature `embedded`.
    pub fn embedded() -> Result<Self> {
        let Some(bytes) = BYTES else {
            let text = "this build of Impasto has no built-in model; build it with the feature `embedded`, or name a model";
            return Err(Error::new(ErrorKind::Unsupported, text));
        };
        Self::from_weights(NAME, crate::weights::safetensors::read(bytes).map_err(|e| e.context(NAME))?)
    }
}
