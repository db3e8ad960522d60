//! The `impasto` program: a command line over the `impasto` library.
#![forbid(unsafe_code)]

mod cli;
mod commands;
mod encoding;
mod failure;
mod figure;
mod files;
mod hash;
mod imported;
mod interrupt;
mod memory;
mod model;
mod names;
mod panics;
mod preview;
mod progress;
mod settings;
mod talk;
mod values;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches};

use cli::Cli;
use failure::{DONE, FAILED, USAGE};

fn main() -> ExitCode {
    panics::install();
    let code = panics::caught(run).unwrap_or_else(|what| {
        talk::line(&what);
        FAILED
    });
    ExitCode::from(code)
}

fn run() -> u8 {
    let parsed = Cli::command().try_get_matches().and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches)));
    let (cli, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return usage(&error),
    };
    if let Some(why) = memory::too_little() {
        talk::line(&why);
        return FAILED;
    }
    memory::with_one_arena();
    interrupt::install();
    match commands::run(cli.command, &matches) {
        Ok(()) => DONE,
        Err(failure) => failure.report(),
    }
}

/// Help and version go out as they are; what is wrong with a command line goes out as one line.
fn usage(error: &clap::Error) -> u8 {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => match error.print() {
            Ok(()) => DONE,
            Err(e) => failure::Failure::stdout(&e).report(),
        },
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            // Nobody can be told that standard error is closed.
            let _ = error.print();
            USAGE
        }
        _ => {
            let text = error.render().to_string();
            talk::line(&one_line(&text));
            USAGE
        }
    }
}

/// The parser's paragraphs as one line: what is wrong and its tips, without the usage, which `--help` has.
fn one_line(text: &str) -> String {
    let text = text.strip_prefix("error: ").unwrap_or(text);
    let end = text.find("\nUsage:").or_else(|| text.find("\nFor more information")).unwrap_or(text.len());
    let words: Vec<_> = text[..end].split_whitespace().collect();
    format!("{}; see --help", words.join(" ").trim_end_matches('.'))
}
