//! The table of options, one row each. The command line, the HTTP API, Python and Ray make their options from it.

use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::names::Choice;
use super::options::{self, Options};
use super::stroke::{self, shortest};
use crate::networks::magenta::Border;
use crate::picture::{Compression, Depth, Format, Profile, Subsampling};
use crate::size::{MAX_SIDE, Size};
use crate::stylizer::{Stroke, StyleSize, StylizeOptions};
use crate::{Colours, Error, ErrorKind, Result};

/// An option of a painting.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Row {
    /// Its field in [`Options`], in JSON and in Python: `color_strength`. The flag on the command line is
    /// `--color-strength`.
    pub name: &'static str,
    /// Its former names and other spellings.
    pub aliases: &'static [&'static str],
    /// The values that it takes.
    pub kind: Kind,
    /// Its value if it is not given; null for none.
    pub default: Value,
    /// What it applies to.
    pub part: Part,
    /// One line.
    pub help: &'static str,
    /// Further paragraphs, if there are any.
    pub more: &'static str,
    /// The placeholder for its value in help: `0..1`.
    pub value: &'static str,
    /// Options that cannot be given with it.
    pub excludes: &'static [&'static str],
    /// The option that it needs.
    pub requires: Option<&'static str>,
    /// Whether help leaves it out.
    pub hidden: bool,
    /// Why films do not take it; `None` if they do.
    pub not_in_films: Option<&'static str>,
}

/// The values that an option takes.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Kind {
    /// On or off.
    Flag,
    /// A number in this range.
    Number(f32, f32),
    /// A whole number in this range.
    Whole(usize, usize),
    /// One of these names.
    Choice(Vec<Name>),
    /// Width and height: `720x512`.
    Size,
    /// A [`super::StrokeWidth`].
    Stroke,
    /// A picture: a file for the command line, its bytes over HTTP.
    Picture,
}

/// The name of a choice.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Name {
    /// The name.
    pub name: String,
    /// Other names that mean the same.
    pub aliases: Vec<String>,
    /// What it means.
    pub help: &'static str,
}

/// What an option applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// How the content is read.
    Content,
    /// How large the painting is.
    Size,
    /// What it looks like, and where it is.
    Look,
    /// How the model is loaded. If a model is already loaded, there are no such options.
    Model,
    /// How the result's file is written.
    File,
}

impl Row {
    fn new(name: &'static str, kind: Kind, part: Part, value: &'static str, help: &'static str) -> Self {
        Row {
            name,
            aliases: &[],
            kind,
            default: Value::Null,
            part,
            help,
            more: "",
            value,
            excludes: &[],
            requires: None,
            hidden: false,
            not_in_films: None,
        }
    }

    /// The same row for pictures only.
    fn not_in_films(self, why: &'static str) -> Self {
        Row { not_in_films: Some(why), ..self }
    }

    /// An option that this version of the library lacks, for tests of the programs.
    #[doc(hidden)]
    pub fn extra(name: &'static str, kind: Kind, part: Part, default: Value) -> Self {
        Row { default, ..Self::new(name, kind, part, "VALUE", "An option for tests") }
    }

    /// Reads the option's value from text.
    ///
    /// # Errors
    /// What the value must be: `must be a number from 0 to 1`.
    pub fn read(&self, text: &str) -> std::result::Result<Value, String> {
        match self.kind {
            Kind::Number(..) => {
                let number = text.parse::<f32>().map_err(|_| self.wrong())?;
                self.check(&shortest(number).into())
            }
            Kind::Whole(..) => self.check(&text.parse::<usize>().map_err(|_| self.wrong())?.into()),
            Kind::Flag => self.check(&text.parse::<bool>().map_err(|_| self.wrong())?.into()),
            Kind::Choice(_) | Kind::Size | Kind::Stroke | Kind::Picture => self.check(&text.into()),
        }
    }

    /// Checks a value, and returns it in the form that it has in requests.
    ///
    /// # Errors
    /// What the value must be.
    pub fn check(&self, value: &Value) -> std::result::Result<Value, String> {
        let wrong = || self.wrong();
        match &self.kind {
            Kind::Flag => value.as_bool().map(Value::from).ok_or_else(wrong),
            Kind::Number(least, most) => {
                let number = value.as_f64().map(|number| number as f32).filter(|number| (*least..=*most).contains(number));
                number.map(|number| shortest(number).into()).ok_or_else(wrong)
            }
            Kind::Whole(least, most) => {
                let number = value.as_u64().and_then(|number| usize::try_from(number).ok());
                number.filter(|number| (*least..=*most).contains(number)).map(Value::from).ok_or_else(wrong)
            }
            Kind::Choice(names) => {
                // Accepts 8 as well as "8".
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let found = names.iter().find(|name| name.name == text || name.aliases.contains(&text));
                found.map(|name| name.name.as_str().into()).ok_or_else(wrong)
            }
            Kind::Size => {
                let text = match value.as_array().map(Vec::as_slice) {
                    Some([width, height]) => format!("{width}x{height}"),
                    _ => value.as_str().map(str::to_owned).ok_or_else(wrong)?,
                };
                text.parse::<Size>().map(|size| size.to_string().into())
            }
            Kind::Stroke => serde_json::to_value(stroke::stroke(value)?).map_err(|_| wrong()),
            Kind::Picture => Ok(value.clone()),
        }
    }

    /// Says what its value must be, in the same words everywhere.
    pub fn wrong(&self) -> String {
        match &self.kind {
            Kind::Flag => "must be true or false".into(),
            Kind::Number(least, most) => format!("must be a number from {least} to {most}"),
            Kind::Whole(least, most) => format!("must be a whole number from {least} to {most}"),
            Kind::Choice(names) => {
                let names: Vec<_> = names.iter().map(|name| name.name.as_str()).collect();
                format!("must be one of {}", names.join(", "))
            }
            Kind::Size => "must be a size: width and height, such as 720x512".into(),
            Kind::Stroke => {
                let range = Stroke::FACTORS;
                format!("must be a number from {} to {}, native, or millimeters: 3mm", range.start(), range.end())
            }
            Kind::Picture => "must be a picture".into(),
        }
    }

    /// Returns its flag on the command line: `--color-strength`.
    pub fn flag(&self) -> String {
        format!("--{}", self.name.replace('_', "-"))
    }
}

/// Returns the names of a choice, for its row.
fn choice<C: Choice>() -> Kind {
    Kind::Choice(C::NAMES.iter().map(|(_, name, help)| Name { name: (*name).into(), aliases: Vec::new(), help }).collect())
}

fn formats() -> Kind {
    let name = |format: Format| {
        let name = format.id().to_owned();
        let aliases = format.extensions().iter().map(|one| (*one).to_owned()).filter(|one| *one != name).collect();
        Name { name, aliases, help: "" }
    };
    Kind::Choice(Format::written().map(name).collect())
}

/// Returns the table of options.
pub fn table() -> &'static [Row] {
    static TABLE: LazyLock<Vec<Row>> = LazyLock::new(|| {
        let defaults = Options::default().all();
        let default = |row: Row| Row { default: defaults.get(row.name).cloned().unwrap_or_default(), ..row };
        rows().into_iter().map(default).collect()
    });
    &TABLE
}

/// The rows, in the order of the help. Defaults are those of [`Options`].
#[rustfmt::skip]
fn rows() -> Vec<Row> {
    use Kind::{Flag, Number, Picture, Whole};
    use Part::{Content, File, Look, Model};
    let grains = StylizeOptions::GRAINS;
    let sides = StyleSize::SIDES;
    vec![
        Row::new("salvage", Flag, Content, "", "Read damaged or cut-off JPEG files as far as possible. The rest is gray, and a warning says how much")
            .not_in_films("damaged films are salvaged by their decoder, with a flag of their own"),
        Row {
            excludes: &["exact"],
            ..Row::new("size", Whole(1, MAX_SIDE), Part::Size, "LONGSIDE", "Resize the content so that its longer side has this many pixels")
        }
        .not_in_films("films take a width and a height, too"),
        Row {
            excludes: &["style_size"],
            more: "This reproduces notebooks that load both pictures with `tf.image.resize`: bilinear, without anti-aliasing, without keeping \
                   proportions. Width comes first here, but height there: --exact 720x512 is their (512, 720).",
            ..Row::new("exact", Kind::Size, Part::Size, "WxH", "Resize content and styles to exactly this size, as TensorFlow's tf.image.resize does")
        }
        .not_in_films("it reproduces notebooks, which paint pictures"),
        Row {
            excludes: &["exact"],
            more: "This matters for --stroke in millimeters and `native`: the strokes are as fine as those of the large picture, scaled down, \
                   and painting takes as long as the large picture would. Other strokes look the same at any size.",
            ..Row::new("preview_of", Kind::Size, Part::Size, "WxH", "Paint what a picture of this size would look like, scaled down to the result's size")
        }
        .not_in_films("to preview a film, paint a part of it at a smaller size"),
        Row {
            more: "0.5 looks half-way between the photo and the painting at 1. The program measures on a thumbnail how the network responds to this \
                   content and style. It mixes the content's own style vector with the style's; weak paintings also fade into the photo.",
            ..Row::new("strength", Number(0.0, 1.0), Look, "0..1", "How strong the style is, from 0 (the photo) to 1")
        },
        Row::new("strength_mask", Picture, Look, "MASK", "Vary the strength by a picture: --strength times its values, from black (0) to white (1)"),
        Row { aliases: &["colours", "colour", "color"], ..Row::new("colors", choice::<Colours>(), Look, "COLORS", "Whose colors the result has") },
        Row {
            aliases: &["colour_strength"],
            ..Row::new("color_strength", Number(0.0, 1.0), Look, "0..1", "How far the colors go from the style's (0) to those of --colors (1)")
        },
        Row {
            more: "Gray mixes the two. The mask may have any size with the content's proportions. If it has transparency, that is the mask: opaque \
                   counts as white.",
            ..Row::new("mask", Picture, Look, "MASK", "Paint where this picture is white, keep the content where it is black")
        },
        Row { requires: Some("mask"), ..Row::new("invert_mask", Flag, Look, "", "Paint where the mask is black instead") },
        Row::new("feather", Number(0.0, options::FEATHER), Look, "PIXELS", "Soften the edges of all masks by this many pixels of the result on either side"),
        Row {
            more: "With the built-in model strokes keep their share of the picture: a large photograph is painted like a small one, and gets its fine \
                   detail back along its edges. `native` (or `native:2`) counts in pixels instead, whatever the picture's size. Finer strokes than 1 \
                   take longer.",
            ..Row::new("stroke", Kind::Stroke, Look, "0.25..8|native|MM",
                "Width of the strokes: 2 for twice as wide; `native` as the network draws them; in millimeters, with --dpi: 3mm")
        },
        Row {
            more: "It hides the steps of 8 bits and the blocks of JPEG files, which would become rings and rows in a smooth sky. It has no effect on \
                   native strokes and with models by others.",
            ..Row::new("grain", Number(*grains.start(), *grains.end()), Look, "0..8",
                "Faint noise that gives smooth areas strokes, in steps of 8 bits; 0 for none")
        },
        Row::new("dpi", Number(1.0, 100_000.0), Look, "DPI", "Pixels per inch of the printed result, for --stroke in millimeters"),
        Row::new("style_size", Whole(*sides.start(), *sides.end()), Look, "PIXELS", "Size at which the style is seen; less gives coarser forms"),
        Row::new("border", choice::<Border>(), Model, "BORDER", "What the transformer reads beyond the border. Default: as the model was published"),
        Row {
            hidden: true,
            ..Row::new("thumbnail", Whole(1, MAX_SIDE), Model, "PIXELS",
                "For experiments: take the norms' statistics from a thumbnail with this longer side, whatever the model says")
        },
        Row::new("format", formats(), File, "FORMAT", "Format of the result, whatever its extension. Default for standard output: png")
            .not_in_films("films have containers and codecs"),
        Row {
            more: "The network works in sRGB. `keep` converts its result to the content's color space and embeds the profile, so that the result fits \
                   into the content's color-managed workflow. Profiles for grayscale and CMYK pixels cannot be kept: those results are sRGB, and so are \
                   results whose content has no profile.",
            ..Row::new("profile", choice::<Profile>(), File, "PROFILE", "Color space of the result: the content's, with its profile, or sRGB")
        }
        .not_in_films("films have no color profiles"),
        Row::new("strip", Flag, File, "", "Leave out metadata: the content's, and the settings for `replay`"),
        Row::new("depth", choice::<Depth>(), File, "BITS", "Bits per sample; 16 is for PNG and TIFF. `auto`: the content's, as far as the format allows")
            .not_in_films("the codec decides it"),
        Row::new("quality", Whole(1, 100), File, "1..100", "JPEG quality").not_in_films("films have --crf"),
        Row::new("subsampling", choice::<Subsampling>(), File, "CHROMA",
            "JPEG chroma subsampling: color for every pixel, every two, or every four (smallest file)")
            .not_in_films("the codec decides it"),
        Row::new("compression", choice::<Compression>(), File, "EFFORT", "Effort to make PNG and TIFF files small; both are lossless")
            .not_in_films("films have --crf"),
    ]
}

impl Options {
    /// Reads options by their names, checked against the table. Options that are not given have their defaults.
    ///
    /// # Errors
    /// As [`checked`]: an unknown option, a value out of range, options that exclude each other.
    pub fn read(options: &Map<String, Value>) -> Result<Self> {
        let given = checked(table(), options)?;
        serde_json::from_value(Value::Object(given)).map_err(|e| Error::new(ErrorKind::InvalidArgument, e.to_string()))
    }

    /// Returns the options that differ from their defaults; [`Options::read`] reads them.
    pub fn given(&self) -> Map<String, Value> {
        let mut all = self.all();
        all.retain(|name, value| table().iter().any(|row| row.name == name && row.default != *value));
        all
    }

    /// Returns only the options of the result's file, which records of optimized pictures have ([`super::Optimized`]).
    #[must_use]
    pub fn of_file(&self) -> Self {
        let mut given = self.given();
        given.retain(|name, _| table().iter().any(|row| row.name == name && row.part == Part::File));
        // They have been read before, so this cannot fail.
        Options::read(&given).unwrap_or_default()
    }
}

/// Checks options against a table: names, values, and which can be combined. Leaves out those that are null or have
/// their default, and gives the others the form that they have in requests.
///
/// # Errors
/// [`ErrorKind::InvalidArgument`] with the option's name and what it must be.
pub fn checked(table: &[Row], options: &Map<String, Value>) -> Result<Map<String, Value>> {
    let invalid = |text: String| Error::new(ErrorKind::InvalidArgument, text);
    let mut given = Map::new();
    for (name, value) in options.iter().filter(|(_, value)| !value.is_null()) {
        let row = table.iter().find(|row| row.name == name).ok_or_else(|| {
            let name: String = name.chars().filter(|c| !c.is_control()).take(40).collect();
            let known: Vec<_> = table.iter().filter(|row| !row.hidden).map(|row| row.name).collect();
            invalid(format!("there is no option {name:?}; the options are {}", known.join(", ")))
        })?;
        let shown = || value.to_string().chars().take(80).collect::<String>();
        let value = row.check(value).map_err(|why| invalid(format!("{name}: {why}, not {}", shown())))?;
        if value != row.default {
            given.insert(name.clone(), value);
        }
    }
    for row in table.iter().filter(|row| given.contains_key(row.name)) {
        if let Some(other) = row.excludes.iter().find(|other| given.contains_key(**other)) {
            return Err(invalid(format!("{} cannot be given with {other}", row.name)));
        }
        if let Some(other) = row.requires.filter(|other| !given.contains_key(*other)) {
            return Err(invalid(format!("{} needs {other}", row.name)));
        }
    }
    Ok(given)
}
