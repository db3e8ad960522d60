//! The short form of a command line: `impasto PHOTO STYLE OUT` stands for `impasto stylize PHOTO -s STYLE -o OUT`.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::{Arg, Command};

use crate::names;

/// A command line for the parser.
#[derive(Debug, PartialEq)]
pub(crate) struct Line {
    /// The arguments, with the program's name first.
    pub(crate) arguments: Vec<OsString>,
    /// Whether the short form was replaced.
    pub(crate) was_short: bool,
}

impl Line {
    /// Replaces the short form by the full form, and leaves every other
    /// command line as it is. `command` is the program's definition.
    pub(crate) fn new(command: &Command, arguments: Vec<OsString>) -> Self {
        match expanded(command, &arguments) {
            Some(arguments) => Line { arguments, was_short: true },
            None => Line { arguments, was_short: false },
        }
    }

    /// The command as one would type it.
    pub(crate) fn text(&self) -> String {
        let words = self.arguments.iter().skip(1).map(|word| names::quoted(word));
        std::iter::once("impasto".to_owned()).chain(words).collect::<Vec<_>>().join(" ")
    }
}

/// Returns whether a word must mean a file: it exists, or is written like one.
pub(crate) fn is_like_a_file(word: &OsStr) -> bool {
    word == "-" || Path::new(word).exists() || word.to_string_lossy().contains(['.', '/', std::path::MAIN_SEPARATOR])
}

/// Returns whether a word is the name of a subcommand.
fn is_command(command: &Command, word: &OsStr) -> bool {
    word == "help" || word.to_str().is_some_and(|word| command.find_subcommand(word).is_some())
}

fn expanded(command: &Command, arguments: &[OsString]) -> Option<Vec<OsString>> {
    let (places, unknown) = positionals(command, command.find_subcommand("stylize")?, arguments)?;
    let first = &arguments[*places.first()?];
    if is_command(command, first) {
        return None;
    }
    // A mistyped command is left for the parser to correct.
    let fits = is_like_a_file(first);
    let (&[photo, style, output], true) = (places.as_slice(), fits) else {
        // It is unclear whether an unknown flag takes a value. With the
        // command added, the parser can say what is wrong.
        let (program, rest) = arguments.split_first()?;
        let is_ours = fits || rest.first()? != first && places.iter().any(|&i| is_like_a_file(&arguments[i]));
        let line = || [program.clone(), "stylize".into()].into_iter().chain(rest.iter().cloned()).collect();
        return (unknown && is_ours).then(line);
    };
    let mut line = vec![arguments.first()?.clone(), "stylize".into()];
    for (i, word) in arguments.iter().enumerate().skip(1) {
        line.extend((i == style).then(|| "-s".into()));
        line.extend((i == output).then(|| "-o".into()));
        match i {
            _ if [photo, style, output].contains(&i) => line.push(as_path(word)),
            _ if word == "--" => {}
            _ => line.push(word.clone()),
        }
    }
    Some(line)
}

/// Returns the word in a form that the parser does not take for a flag.
fn as_path(word: &OsStr) -> OsString {
    if word == "-" || !word.as_encoded_bytes().starts_with(b"-") {
        return word.to_owned();
    }
    Path::new(".").join(word).into_os_string()
}

/// Returns the positions of arguments that are neither a flag of `stylize` nor a flag's value, and whether there are
/// unknown flags. Returns `None` if there is a flag that the short form itself stands for.
fn positionals(program: &Command, stylize: &Command, arguments: &[OsString]) -> Option<(Vec<usize>, bool)> {
    let takes_value = |argument: Option<&Arg>| argument.is_some_and(|argument| argument.get_action().takes_values());
    let stands_for =
        |argument: Option<&Arg>| argument.is_some_and(|argument| ["styles", "output"].contains(&argument.get_id().as_str()));
    let (mut places, mut unknown) = (Vec::new(), false);
    let mut i = 1;
    while let Some(word) = arguments.get(i) {
        let text = word.to_string_lossy();
        if text == "--" {
            places.extend(i + 1..arguments.len());
            break;
        }
        if let Some(long) = text.strip_prefix("--") {
            let (name, value) = long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
            // The flags of the program itself are valid for all commands.
            let argument = with_long(stylize, name).or_else(|| with_long(program, name));
            if stands_for(argument) {
                return None;
            }
            unknown |= argument.is_none();
            i += usize::from(value.is_none() && takes_value(argument));
        } else if let Some(letters) = text.strip_prefix('-').filter(|letters| !letters.is_empty()) {
            for (at, letter) in letters.char_indices() {
                let argument = stylize.get_arguments().find(|argument| argument.get_short() == Some(letter));
                if stands_for(argument) {
                    return None;
                }
                unknown |= argument.is_none();
                if takes_value(argument) {
                    i += usize::from(letters.len() == at + letter.len_utf8());
                    break;
                }
            }
        } else {
            places.push(i);
        }
        i += 1;
    }
    Some((places, unknown))
}

/// Returns the flag with this name or alias.
fn with_long<'a>(command: &'a Command, name: &str) -> Option<&'a Arg> {
    let also = |argument: &Arg| argument.get_all_aliases().is_some_and(|aliases| aliases.contains(&name));
    command.get_arguments().find(|argument| argument.get_long() == Some(name) || also(argument))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::Line;
    use crate::cli::{Cli, Command};
    use crate::help;

    fn line(arguments: &[&str]) -> Line {
        Line::new(&help::command(), std::iter::once(&"impasto").chain(arguments).map(Into::into).collect())
    }

    #[test]
    fn three_files_are_a_photo_a_style_and_an_output() {
        let cases: [(&[&str], &str); 10] = [
            (&["photo.jpg", "painting.jpg", "out.png"], "photo.jpg -s painting.jpg -o out.png"),
            (&["./sheet", "mosaic", "out.png"], "./sheet -s mosaic -o out.png"),
            (&["-", "mosaic", "-"], "- -s mosaic -o -"),
            (&["a.jpg", "b.jpg=0.5", "out/", "-v", "--strength", "0.5"], "a.jpg -s b.jpg=0.5 -o out/ -v --strength 0.5"),
            (&["--strength", "-1", "a.jpg", "--size=9", "b.jpg", "c.png"], "--strength -1 a.jpg --size=9 -s b.jpg -o c.png"),
            (&["-rj", "2", "in/", "b.jpg", "out/"], "-rj 2 in/ -s b.jpg -o out/"),
            (&["-j2", "in/", "b.jpg", "out/"], "-j2 in/ -s b.jpg -o out/"),
            (&["--colours", "content", "a.jpg", "b.jpg", "c.png"], "--colours content a.jpg -s b.jpg -o c.png"),
            (&["a.jpg", "b.jpg", "c.png", "--yes", "--registry", "r.json"], "a.jpg -s b.jpg -o c.png --yes --registry r.json"),
            (&["--force", "--", "-a.jpg", "-b.jpg", "-c.png"], "--force ./-a.jpg -s ./-b.jpg -o ./-c.png"),
        ];
        for (arguments, expected) in cases {
            let line = line(arguments);
            assert!(line.was_short, "{arguments:?}");
            assert_eq!(line.text(), format!("impasto stylize {expected}"));
        }
        let parsed = Cli::try_parse_from(line(&["a.jpg", "b.jpg", "c.png", "-q"]).arguments).unwrap();
        let Command::Stylize(args) = parsed.command else { panic!("{parsed:?}") };
        assert_eq!((args.contents, args.styles, args.output), (vec!["a.jpg".into()], vec!["b.jpg".into()], "c.png".into()));
    }

    #[test]
    fn unknown_flags_are_those_of_a_painting() {
        for flags in [&["--strengh", "0.5"][..], &["-y"], &["--gpu=1"]] {
            let files = ["a.jpg", "b.jpg", "c.png"];
            for arguments in [[&files, flags].concat(), [flags, &files].concat()] {
                let line = line(&arguments);
                assert_eq!(line.arguments[1], "stylize", "{arguments:?}");
                let error = Cli::try_parse_from(&line.arguments).unwrap_err();
                assert_eq!(error.kind(), clap::error::ErrorKind::UnknownArgument, "{arguments:?}");
            }
        }
    }

    #[test]
    fn other_command_lines_stay() {
        let cases: [&[&str]; 14] = [
            &[],
            &["stylise"],
            &["stylize", "b.jpg", "c.png"],
            &["sheet", "b.jpg", "c.png"],
            &["help", "b.jpg", "c.png"],
            // A mistyped command, for the parser to correct.
            &["stylise", "b.jpg", "c.png"],
            &["a.jpg", "b.jpg"],
            &["a.jpg", "b.jpg", "c.jpg", "d.jpg"],
            &["a.jpg", "b.jpg", "c.jpg", "-s", "mosaic"],
            &["a.jpg", "b.jpg", "c.jpg", "-rosout"],
            &["a.jpg", "b.jpg", "c.jpg", "--output=out/"],
            &["a.jpg", "b.jpg", "--size", "100"],
            &["--version"],
            &["stylise", "a.jpg", "--strengh", "0.5"],
        ];
        for arguments in cases {
            let line = line(arguments);
            assert!(!line.was_short && line.arguments.len() == arguments.len() + 1, "{arguments:?}");
        }
    }
}
