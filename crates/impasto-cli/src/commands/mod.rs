//! The subcommands, one file or folder each.

mod bench;
mod completions;
mod demo;
mod eval;
mod man;
mod models;
mod optimize;
mod replay;
#[cfg(feature = "serve")]
mod serve;
mod sheet;
mod styles;
mod stylize;

use crate::cli::{Command, Models, Styles};
use crate::failure::Result;

/// Runs a command to its end.
pub(crate) fn run(command: Command) -> Result {
    match command {
        Command::Stylize(args) => stylize::run(&args),
        Command::Optimize(args) => optimize::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Sheet(args) => sheet::run(&args),
        Command::Eval(args) => eval::run(&args),
        Command::Styles(Styles::List(args)) => styles::list(&args),
        Command::Styles(Styles::Extract(args)) => styles::extract(&args),
        Command::Models(Models::List(args)) => models::list(&args),
        Command::Models(Models::Info(args)) => models::info(&args),
        Command::Models(Models::Import(args)) => models::import(&args),
        #[cfg(feature = "serve")]
        Command::Serve(args) => serve::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
    }
}
