//! The `impasto` program: a command line over the `impasto` library.
#![forbid(unsafe_code)]

mod aside;
mod cli;
mod commands;
mod downloads;
mod failure;
mod fetching;
mod figure;
mod files;
mod hash;
mod help;
mod hints;
mod interrupt;
mod memory;
mod model;
mod names;
mod panics;
mod preview;
mod progress;
mod references;
mod shortcut;
mod talk;
mod values;
mod web;

use std::process::ExitCode;

use clap::FromArgMatches;
use clap::error::ErrorKind;

use cli::{Cli, Command};
use failure::{DONE, FAILED, USAGE};
use shortcut::Line;

fn main() -> ExitCode {
    panics::install();
    let code = panics::caught(run).unwrap_or_else(|what| {
        talk::line(&what);
        FAILED
    });
    ExitCode::from(code)
}

fn run() -> u8 {
    let command = help::command();
    let line = Line::new(&command, std::env::args_os().collect());
    let matches = command.clone().try_get_matches_from(&line.arguments);
    let (cli, matches) = match matches.and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches))) {
        Ok(read) => read,
        Err(error) => return usage(&error, hints::better(&error, &command, &line.arguments)),
    };
    if let Some(why) = memory::too_little() {
        talk::line(&why);
        return FAILED;
    }
    memory::with_one_arena();
    interrupt::install();
    if let (Command::Stylize(args), true) = (&cli.command, line.was_short) {
        args.loudness.loudness().detail(&line.text());
    }
    fetching::install(cli.fetching, loudness(&matches));
    let code = match commands::run(cli.command) {
        Ok(()) => DONE,
        Err(failure) => talk::failure(&failure),
    };
    // Only now, because messages name addresses in place of the files that are removed here.
    downloads::clear();
    code
}

/// Returns how much to say outside the command itself, as for downloads. Commands without these flags get the default.
fn loudness(matches: &clap::ArgMatches) -> talk::Loudness {
    let mut given = matches;
    while let Some((_, deeper)) = given.subcommand() {
        given = deeper;
    }
    let set = |flag: &str| given.try_get_one::<bool>(flag).ok().flatten().is_some_and(|&set| set);
    match (set("quiet"), set("verbose")) {
        (true, _) => talk::Loudness::Quiet,
        (_, true) => talk::Loudness::Verbose,
        _ => talk::Loudness::Normal,
    }
}

/// Prints help and version as they are. Errors of the command line become
/// one line: the hint if there is one, else the parser's message.
fn usage(error: &clap::Error, hint: Option<String>) -> u8 {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => match error.print() {
            Ok(()) => DONE,
            Err(e) => talk::failure(&failure::Failure::stdout(&e)),
        },
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            // If standard error is closed, nobody can be told.
            let _ = error.print();
            USAGE
        }
        _ => {
            let text = || one_line(&error.render().to_string());
            talk::line(&hint.map_or_else(text, |hint| format!("{hint}; see --help")));
            USAGE
        }
    }
}

/// Turns the parser's paragraphs into one line: the error and the tips, without the usage, which `--help` prints.
fn one_line(text: &str) -> String {
    let text = text.strip_prefix("error: ").unwrap_or(text);
    let end = text.find("\nUsage:").or_else(|| text.find("\nFor more information")).unwrap_or(text.len());
    let words: Vec<_> = text[..end].split_whitespace().collect();
    format!("{}; see --help", words.join(" ").trim_end_matches('.'))
}
