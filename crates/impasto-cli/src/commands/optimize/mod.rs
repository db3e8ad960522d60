//! `impasto optimize`: a picture by optimisation of its pixels.
//!
//! Arguments and files become an optimisation (`setup.rs`), which is stepped through, saved and told of (`session.rs`); `record.rs` says
//! how it was made; `trace.rs` and `plot.rs` write its losses.

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

/// In these styles, whatever the arguments say.
pub(super) fn run_with(args: &Optimize, styles: &[StyleArgument]) -> Result {
    if is_standard(&args.output) && (args.save_every.is_some() || args.resume) {
        return Err(Failure::usage("pictures and checkpoints along the way need a file as the output; give its name with -o"));
    }
    let setup = setup::Setup::new(args, styles)?;
    session::run(args, &setup)
}
