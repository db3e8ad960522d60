//! Hints for flags and habits from other programs.

use std::ffi::OsString;

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::names;
use crate::shortcut::is_like_a_file;

/// Flags of other programs, and the flag that is meant.
const MEANT: [(&[&str], &str); 4] = [
    (&["--overwrite", "--replace", "-y", "-f"], "force"),
    (&["--width", "--height", "--resize", "--max-size", "--resolution"], "size"),
    (&["--styles"], "style"),
    (&["--alpha"], "strength"),
];

/// Flags that select a device. Impasto runs on the CPU only.
const GPU: [&str; 4] = ["--gpu", "--cuda", "--cpu", "--device"];

/// Returns a better message than the parser's own, if there is one. `command` is the program's definition.
pub(crate) fn better(error: &clap::Error, command: &Command, arguments: &[OsString]) -> Option<String> {
    match (error.kind(), context(error, ContextKind::InvalidArg), context(error, ContextKind::InvalidSubcommand)) {
        (ErrorKind::UnknownArgument, Some(flag), _) => flag_hint(spoken(command, arguments), flag),
        (ErrorKind::InvalidSubcommand, _, Some(word)) if is_like_a_file(word.as_ref()) => Some(format!(
            "{word} is not a command. To paint it, write impasto PHOTO STYLE OUT, or: impasto stylize {} -s STYLE -o OUT",
            names::quoted(word.as_ref())
        )),
        _ => None,
    }
}

fn context(error: &clap::Error, kind: ContextKind) -> Option<&str> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text),
        _ => None,
    }
}

/// Returns the subcommand of a command line.
fn spoken<'a>(command: &'a Command, arguments: &[OsString]) -> &'a Command {
    let mut found = command;
    for word in arguments.iter().skip(1).filter_map(|word| word.to_str()) {
        found = found.find_subcommand(word).unwrap_or(found);
    }
    found
}

fn flag_hint(command: &Command, flag: &str) -> Option<String> {
    let flag = flag.split('=').next().unwrap_or(flag);
    if GPU.contains(&flag) {
        return Some(format!("there is no {flag}: Impasto has no GPU version; it runs on all cores of the CPU (see --threads)"));
    }
    let (_, meant) = MEANT.iter().find(|(flags, _)| flags.contains(&flag))?;
    let meant = command.get_arguments().find(|argument| argument.get_long() == Some(*meant))?;
    let value = meant.get_value_names().filter(|_| meant.get_action().takes_values()).and_then(|names| names.first());
    let value = value.map_or_else(String::new, |name| format!(" {name}"));
    let help = meant.get_help().map_or_else(String::new, |help| format!(" ({help})"));
    Some(format!("there is no {flag}; use --{}{value}{help}", meant.get_long().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::better;
    use crate::help;

    fn said(arguments: &str) -> Option<String> {
        let command = help::command();
        let words: Vec<std::ffi::OsString> = arguments.split(' ').map(Into::into).collect();
        let error = command.clone().try_get_matches_from(&words).unwrap_err();
        better(&error, &command, &words)
    }

    #[test]
    fn habits_from_other_programs_are_corrected() {
        let cases = [
            ("--overwrite", "--force"),
            ("-y", "--force"),
            ("--width 800", "--size LONGSIDE"),
            ("--width=800", "--size LONGSIDE"),
            ("--resize 50%", "--size LONGSIDE"),
            ("--gpu", "no GPU version"),
            ("--styles x", "--style STYLE"),
            ("--alpha 0.5", "--strength 0..1"),
        ];
        for (typed, expected) in cases {
            for line in [format!("impasto stylize a.jpg -s b.jpg -o c.png {typed}"), format!("impasto stylize {typed} a.jpg")] {
                let said = said(&line).unwrap_or_default();
                let flag = typed.split([' ', '=']).next().unwrap();
                assert!(said.contains(&format!("there is no {flag}")) && said.contains(expected), "{line}: {said}");
            }
        }
        assert!(said("impasto styles extract a.jpg -o b.style --overwrite").unwrap().contains("--force"));
        // If the command lacks the meant flag too, there is no hint. Nor is
        // there one for typing errors, which the parser handles.
        assert_eq!(said("impasto bench --alpha 1"), None);
        assert_eq!(said("impasto stylize a.jpg --strengh 1"), None);
        assert_eq!(said("impasto stylise"), None);
    }

    #[test]
    fn a_file_is_no_command() {
        let said_of = |line: &str| said(line).unwrap();
        assert!(said_of("impasto photo.jpg").contains("impasto stylize photo.jpg -s STYLE -o OUT"));
    }
}
