//! `impasto optimize`: a picture by optimisation of its pixels.
//!
//! Arguments and files become an optimisation (`setup.rs`), which is stepped through, saved and told of (`session.rs`); `trace.rs` and `plot.rs` write its losses.

mod plot;
mod session;
mod setup;
mod trace;

use super::stylize::is_standard;
use crate::cli::Optimize;
use crate::failure::{Failure, Result};

pub(crate) fn run(args: &Optimize) -> Result {
    if is_standard(&args.output) && (args.save_every.is_some() || args.resume) {
        return Err(Failure::usage("pictures and checkpoints along the way need a file as the output; give its name with -o"));
    }
    let setup = setup::Setup::new(args)?;
    session::run(args, &setup)
}
