//! `impasto completions`: a shell's completion script.

use clap::CommandFactory;

use crate::cli::{Cli, Completions};
use crate::failure::Result;
use crate::talk;

pub(crate) fn run(args: &Completions) -> Result {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "impasto", &mut script);
    talk::data(&script)
}
