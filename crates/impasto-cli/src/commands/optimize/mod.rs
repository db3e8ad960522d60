//! `impasto optimize`: paints a picture by optimizing its pixels.
//!
//! `setup.rs` turns arguments and files into an optimization, `session.rs` runs it, saves it and reports on it,
//! `record.rs` records how the picture was made, and `trace.rs` and `plot.rs` write the losses.

mod plot;
pub(super) mod record;
mod session;
mod setup;
mod trace;

use super::stylize::is_standard;
use super::stylize::style::{self, StyleArgument};
use crate::cli::Optimize;
use crate::failure::{Failure, Result};

pub(crate) fn run(args: &Optimize) -> Result {
    run_with(args, &style::parse(&args.styles)?)
}

/// Paints in these styles, and ignores those of the arguments.
pub(super) fn run_with(args: &Optimize, styles: &[StyleArgument]) -> Result {
    if is_standard(&args.output) && (args.save_every.is_some() || args.resume) {
        return Err(Failure::usage("checkpoints and intermediate pictures need a file as the output; name it with -o"));
    }
    let setup = setup::Setup::new(args, styles)?;
    session::run(args, &setup)
}
