//! The help of `stylize`: its many flags in groups, and a short help that fits on one screen.

use clap::{Arg, ArgAction, Command, CommandFactory};
use impasto::request::{Part, table};

use crate::cli::Cli;

const INPUT_AND_OUTPUT: &str = "Input and output";
const LOOK: &str = "Look";
const MANY: &str = "Many pictures";
const FILE: &str = "Result file";
const LIMITS: &str = "Limits";
const MESSAGES: &str = "Messages";

/// The groups. The flags of the first list (their argument IDs in clap) are in the short help, too. Options of the
/// library's table that are in no list come last in the group of their part.
const GROUPS: [(&str, &[&str], &[&str]); 6] = [
    (INPUT_AND_OUTPUT, &["contents", "styles", "output", "force", "size", "models"], &["format", "exact", "figure", "salvage"]),
    (
        LOOK,
        &["strength", "colors", "style_size", "mask", "stroke"],
        &["grain", "color_strength", "invert_mask", "strength_mask", "feather", "dpi", "preview_of", "border", "thumbnail"],
    ),
    (MANY, &["recursive", "each_style", "resume"], &["jobs", "manifest", "fail_fast"]),
    (FILE, &["quality", "strip"], &["profile", "depth", "subsampling", "compression"]),
    (LIMITS, &["max_memory"], &["threads", "max_pixels", "max_bytes"]),
    (MESSAGES, &["quiet", "verbose", "help"], &["json", "preview"]),
];

const EXAMPLES: &str = "\
Examples:
  impasto stylize photo.jpg -s painting.jpg -o out.png
  impasto stylize photo.jpg -s mosaic -o out.jpg --strength 0.6 --colors content
  impasto stylize photo.jpg -s waves.jpg=0.7 -s night.jpg=0.3 -o blend.png
  impasto stylize holiday/ -s starry -o painted/ --resume";

const SHORT: &str = "\
Short form: impasto PHOTO STYLE OUT. `impasto styles list` prints the built-in styles.
`impasto stylize --help` has examples and all flags.";

const LONG: &str = "\
Short form: impasto PHOTO STYLE OUT. `impasto styles list` prints the built-in styles.
`impasto replay OUT` paints a result again, from the settings that are recorded in it.";

/// Returns the program's definition, with its help in order.
pub(crate) fn command() -> Command {
    Cli::command().mut_subcommand("stylize", |stylize| {
        // A help flag of its own can be in a group, too.
        let help =
            Arg::new("help").short('h').long("help").action(ArgAction::Help).help("Print help; --help describes every flag");
        stylize
            .disable_help_flag(true)
            .arg(help)
            .before_long_help(EXAMPLES)
            .after_help(SHORT)
            .after_long_help(LONG)
            .mut_args(grouped)
    })
}

fn grouped(argument: Arg) -> Arg {
    let id = argument.get_id().as_str();
    let found = GROUPS.iter().enumerate().find_map(|(group, (heading, short, long))| {
        let place = short.iter().chain(*long).position(|other| *other == id)?;
        // The manual page lists all groups together, so the order must include the group.
        Some((*heading, group * 100 + place, place >= short.len()))
    });
    match found {
        Some((heading, order, hidden)) => argument.help_heading(heading).display_order(order).hide_short_help(hidden),
        None => match table().iter().position(|row| row.name == id) {
            Some(place) => {
                let (heading, group) = group_of(table()[place].part);
                argument.help_heading(heading).display_order(group * 100 + 50 + place).hide_short_help(true)
            }
            None => argument,
        },
    }
}

/// Returns the heading for a part of the options, and the number of its group.
fn group_of(part: Part) -> (&'static str, usize) {
    let heading = match part {
        Part::Content | Part::Size => INPUT_AND_OUTPUT,
        Part::File => FILE,
        _ => LOOK,
    };
    (heading, GROUPS.iter().position(|(group, ..)| *group == heading).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::{GROUPS, command, table};

    #[test]
    fn every_flag_has_its_group() {
        let command = command();
        let stylize = command.find_subcommand("stylize").unwrap();
        let ids: Vec<_> = stylize.get_arguments().map(|argument| argument.get_id().as_str()).collect();
        let grouped: Vec<_> = GROUPS.iter().flat_map(|(_, short, long)| short.iter().chain(*long)).copied().collect();
        let heading = |argument: &clap::Arg| argument.get_help_heading().is_some();
        let without: Vec<_> = stylize.get_arguments().filter(|argument| !heading(argument)).collect();
        assert!(table().iter().all(|row| ids.contains(&row.name)));
        let unknown: Vec<_> = grouped.iter().filter(|id| !ids.contains(id)).collect();
        assert!(without.is_empty() && unknown.is_empty(), "without a group: {without:?}; unknown: {unknown:?}");
    }
}
