//! `impasto optimize`: a picture by optimisation of its pixels.
//!
//! Arguments and files become an optimisation (`setup.rs`), which is stepped through, saved and told of (`session.rs`); `trace.rs` and `plot.rs` write its losses.

mod plot;
mod session;
mod setup;
mod trace;

use std::io::{self, IsTerminal};

use super::stylize::is_standard;
use crate::cli::Optimize;
use crate::failure::{Failure, Result};

pub(crate) fn run(args: &Optimize) -> Result {
    check_standard_streams(args)?;
    let setup = setup::Setup::new(args)?;
    session::run(args, &setup)
}

/// Standard output serves one thing, and cannot be gone on from.
fn check_standard_streams(args: &Optimize) -> Result {
    if !is_standard(&args.output) {
        return Ok(());
    }
    let text = if args.json {
        "--json and a picture (-o -) cannot both go to standard output; name a file for one of them"
    } else if args.save_every.is_some() || args.resume {
        "pictures and checkpoints along the way need a file as the output; give its name with -o"
    } else if io::stdout().is_terminal() {
        "a terminal cannot take a picture's bytes (-o -); redirect them or name a file"
    } else {
        return Ok(());
    };
    Err(Failure::usage(text))
}
