//! The command line: one definition for the parser, help, completions and manual pages. Each group of commands has a
//! file. The flags of a painting come from the library's table of options (`flags.rs`).

pub(crate) mod downloads;
mod flags;
mod keep;
mod learn;
mod optimize;
#[cfg(feature = "serve")]
mod serve;
mod shared;
mod show;
mod stylize;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueHint};

use crate::fetching::Fetching;

pub(crate) use flags::{FileFlags, FilmFlags, PaintFlags, text};
pub(crate) use keep::{Models, ModelsImport, ModelsInfo, ModelsList, Styles, StylesExtract, StylesList};
pub(crate) use learn::{StylesLearn, Tune};
pub(crate) use optimize::{ContentLoss, KeepColors, Method, Optimize, Pooling, Preprocessing, StyleLoss};
#[cfg(feature = "serve")]
pub(crate) use serve::Serve;
pub(crate) use shared::{Limits, LoudnessFlags};
pub(crate) use show::{Bench, Demo, Eval, Sheet};
pub(crate) use stylize::{Batch, Replay, Stylize};

/// Paints one picture in the style of another.
#[derive(Debug, Parser)]
#[command(name = "impasto", version, about, subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = SHORT_FORM, after_long_help = AFTER_HELP)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    #[command(flatten)]
    pub(crate) fetching: Fetching,
}

const SHORT_FORM: &str = "\
Short form: `impasto PHOTO STYLE OUT` is `impasto stylize PHOTO -s STYLE -o OUT`. For example: impasto photo.jpg painting.jpg out.png";

const AFTER_HELP: &str = "\
Short form: `impasto PHOTO STYLE OUT` is `impasto stylize PHOTO -s STYLE -o OUT`; further flags may follow. Write ./ before a photo that is \
named like a command.

Exit codes: 0 done; 1 failed; 2 the command line is wrong; 130 interrupted by Ctrl-C.

Data (pictures, tables, JSON) goes to standard output, everything else to standard error.

Environment:
  IMPASTO_MODEL     default for --model; separate several paths as in PATH
  IMPASTO_HOME      folder for imported and downloaded models. Default: the system's folders for data and caches
  IMPASTO_REGISTRY  files that name more models; separate several paths as in PATH
  IMPASTO_OFFLINE   1 turns downloads off
  IMPASTO_ISA       forces an instruction set: portable, avx2, avx512, neon
  IMPASTO_TOKEN     default for --token of `serve`
  HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY, SSL_CERT_FILE  as for other programs
  NO_COLOR          hides the progress bar";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Stylize(Box<Stylize>),
    Video(Box<crate::commands::video::Video>),
    Optimize(Box<Optimize>),
    Replay(Replay),
    Demo(Demo),
    Sheet(Sheet),
    Eval(Eval),
    #[command(subcommand)]
    Styles(Styles),
    #[command(subcommand)]
    Models(Models),
    #[cfg(feature = "serve")]
    Serve(Serve),
    Bench(Bench),
    Completions(Completions),
    Man(Man),
}

/// Print a completion script for a shell.
///
/// For example: impasto completions bash > ~/.local/share/bash-completion/completions/impasto
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// Shell to print the script for
    pub(crate) shell: clap_complete::Shell,
}

/// Print the manual page, or write a page for every command.
#[derive(Debug, Args)]
pub(crate) struct Man {
    /// Folder for impasto.1 and a page for every command; existing pages are replaced
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) dir: Option<PathBuf>,
}

fn side(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|n| (1..=1_000_000).contains(n));
    number.ok_or_else(|| "must be a whole number of pixels from 1 to 1000000".into())
}

pub(crate) fn style_side(text: &str) -> Result<usize, String> {
    let sides = impasto::StyleSize::SIDES;
    let number = text.parse().ok().filter(|n| sides.contains(n));
    number.ok_or_else(|| format!("must be a whole number of pixels from {} to {}", sides.start(), sides.end()))
}

fn count(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|n| (1..=1_000_000).contains(n));
    number.ok_or_else(|| "must be a whole number from 1 to 1000000".into())
}

fn threads(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|n| (1..=1024).contains(n)).ok_or_else(|| "must be a whole number from 1 to 1024".into())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        super::Cli::command().debug_assert();
    }
}
