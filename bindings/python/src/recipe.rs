//! Records how paintings were made in the command line's format, so that `impasto replay` can repeat them.

use impasto::picture::{Encoded, Format};
use impasto::request::{Options, Reference, Request, StyleUse};
use impasto::{Picture, Result};
/// The request that made a painting, without the options of its file.
#[derive(Clone)]
pub(crate) struct Recipe(Request);

impl Recipe {
    /// `None` if any picture came from pixels without a file, because nobody could find it again. `model` are the
    /// stylizer's files and options, `look` the options of the call.
    pub(crate) fn new(
        content: Option<Reference>,
        styles: Option<Vec<StyleUse>>,
        model: (&[Reference], &Options),
        look: &Options,
        executor: &str,
    ) -> Option<Self> {
        let mut options = look.clone();
        options.border = model.1.border;
        options.thumbnail = model.1.thumbnail;
        let named = |mask: &Option<Reference>| mask.as_ref().is_none_or(|mask| mask.sha256.is_some());
        let whole = named(&options.mask) && named(&options.strength_mask);
        let request = Request::new(content?, styles?, model.0.to_vec(), options, executor);
        (whole && !request.styles.is_empty()).then_some(Recipe(request))
    }

    /// The recipe of an optimized picture.
    pub(crate) fn optimized(request: Request) -> Self {
        Recipe(request)
    }

    /// The recipe as JSON, for a file with these options.
    pub(crate) fn json(&self, format: Format, file: &Options) -> String {
        self.request(format, file).to_json()
    }

    fn request(&self, format: Format, file: &Options) -> Request {
        let mut request = self.0.clone().in_format(format);
        let options = &mut request.options;
        (options.profile, options.strip, options.depth) = (file.profile, file.strip, file.depth);
        (options.quality, options.subsampling, options.compression) = (file.quality, file.subsampling, file.compression);
        request
    }

    /// The painting's key in manifests, for a file with these options.
    pub(crate) fn key(&self, format: Format, file: &Options) -> String {
        self.request(format, file).key()
    }

    /// The request without file options, for pickles.
    pub(crate) fn stored(&self) -> String {
        self.json(Format::Png, &Options::default())
    }

    /// Parses what `stored` returned.
    pub(crate) fn read(text: &str) -> Result<Self> {
        Request::from_json(text).map(Recipe)
    }
}

/// Encodes a picture's file, with its recipe.
pub(crate) fn encode(picture: &Picture, recipe: Option<&Recipe>, format: Format, file: &Options) -> Result<Encoded> {
    match recipe.filter(|_| !file.strip) {
        None => picture.encode(format, &file.encoding()),
        Some(recipe) => {
            let mut source = picture.source().clone();
            source.settings = Some(recipe.json(format, file));
            picture.encode_with(&source, format, &file.encoding())
        }
    }
}
