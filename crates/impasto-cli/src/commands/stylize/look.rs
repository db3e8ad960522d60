//! Turns the flags of the look into options of the library.

use std::path::Path;

use impasto::picture::{Limits, Mask};
use impasto::{ErrorKind, StylizeOptions};

use crate::cli::Stylize;
use crate::failure::{Failure, Result};
use crate::talk::Loudness;

/// Returns the options of the library, without those that depend on the styles.
pub(super) fn options(args: &Stylize, loudness: Loudness) -> Result<StylizeOptions> {
    let (paint, limits) = (&args.paint, args.limits.of_floats());
    let read = |option: &str| paint.file(option).map(|path| mask(path, paint.options.feather, &limits, loudness)).transpose();
    let options = paint.options.stylize(read("mask")?, read("strength_mask")?);
    options.map_err(|e| if e.kind() == ErrorKind::InvalidArgument { Failure::usage(e) } else { e.into() })
}

/// Reads a mask from a file.
pub(in crate::commands) fn mask(path: &Path, feather: f32, limits: &Limits, loudness: Loudness) -> Result<Mask> {
    if super::is_standard(path) {
        return Err(Failure::usage("a mask cannot come from standard input; name a file"));
    }
    let named = |e: impasto::Error| e.context(path.display());
    let mask = Mask::from_stored(&super::open(path, limits, loudness)?).map_err(named)?;
    Ok(mask.feather(feather)?.named(&path.display().to_string()))
}
