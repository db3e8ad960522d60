//! The subcommands, one file or folder each.

mod bench;
mod completions;
mod man;
mod models;
mod stylize;

use crate::cli::{Command, Models};
use crate::failure::Result;

/// Runs a command to its end.
pub(crate) fn run(command: Command) -> Result {
    match command {
        Command::Stylize(args) => stylize::run(&args),
        Command::Models(Models::Info(args)) => models::info(&args),
        Command::Models(Models::Import(args)) => models::import(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
    }
}
