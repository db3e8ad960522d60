//! The `-s` arguments: pictures or saved styles, each with a weight or a mask.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use impasto::picture::Mask;
use impasto::request::{Options, Reference, StyleUse, shortest};
use impasto::style::Gallery;
use impasto::stylizer::{Palette, Part};
use impasto::{Control, Model, Picture, Style, StyleOptions, Stylizer, picture};

use crate::cli::Stylize;
use crate::failure::{Failure, Result};
use crate::talk::Loudness;
use crate::{names, references};

/// One style as the command line names it.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::commands) struct StyleArgument {
    pub(in crate::commands) path: PathBuf,
    /// The given weight, at least 0. Default: 1.
    pub(in crate::commands) weight: f32,
    /// The mask of the style's region. `None` if it is everywhere.
    pub(in crate::commands) mask: Option<PathBuf>,
    /// The network's own style, if it is one.
    pub(in crate::commands) own: Option<Style>,
}

impl StyleArgument {
    /// Returns the files that it reads.
    pub(in crate::commands) fn files(&self) -> impl Iterator<Item = &Path> {
        [Some(self.path.as_path()), self.mask.as_deref()].into_iter().flatten()
    }
}

/// Parses the arguments.
///
/// # Errors
/// Wrong usage if a weight is negative, all are 0, or a style or mask is a web address.
pub(in crate::commands) fn parse(arguments: &[OsString]) -> Result<Vec<StyleArgument>> {
    let styles = arguments.iter().map(|argument| split(argument)).collect::<Result<Vec<_>>>()?;
    let mut everywhere = styles.iter().filter(|style| style.mask.is_none()).peekable();
    if everywhere.peek().is_some() && everywhere.all(|style| style.weight == 0.0) {
        return Err(Failure::usage("all styles have weight 0; give at least one a weight above 0"));
    }
    Ok(styles)
}

/// Warns of options that change nothing with these styles and masks.
pub(super) fn warn_of_unused(args: &Stylize, styles: &[StyleArgument], sources: &[Seen]) {
    let (loudness, asked) = (args.loudness.loudness(), &args.paint.options);
    let usual = Options::default();
    if asked.style_size != usual.style_size && !sources.is_empty() && sources.iter().all(|source| source.picture().is_none()) {
        loudness.warn("--style-size changes nothing: none of these styles is seen in a picture now");
    }
    if asked.feather != usual.feather && args.paint.files.is_empty() && styles.iter().all(|style| style.mask.is_none()) {
        loudness.warn("--feather changes nothing without a mask");
    }
}

/// Splits an argument. The text after the last `=` is a weight if it is a number. The text after the last `@` is a
/// mask. But if the whole argument names an existing file, it is that file.
fn split(argument: &OsStr) -> Result<StyleArgument> {
    if argument.is_empty() {
        return Err(Failure::usage("--style needs the name of a file"));
    }
    names::check_is_no_address(Path::new(argument))?;
    let whole = || StyleArgument { path: argument.into(), weight: 1.0, mask: None, own: None };
    if Path::new(argument).exists() {
        return Ok(whole());
    }
    let parts = names::divided(argument, '=').into_iter().next();
    let weighted = parts.and_then(|(path, weight)| Some((PathBuf::from(path), weight.to_str()?.parse::<f32>().ok()?)));
    // Names may contain an @, so an existing file takes precedence.
    if weighted.as_ref().is_none_or(|(path, _)| !path.exists())
        && let Some((path, mask)) = at(argument)
    {
        if path.is_empty() || mask.is_empty() {
            return Err(Failure::usage(format!("{}: write a style for a region as STYLE@MASK", argument.display())));
        }
        names::check_is_no_address(Path::new(&mask))?;
        return Ok(StyleArgument { path: path.into(), weight: 1.0, mask: Some(mask.into()), own: None });
    }
    let Some((path, weight)) = weighted else { return Ok(whole()) };
    if path.as_os_str().is_empty() {
        return Ok(whole());
    }
    if !weight.is_finite() || weight < 0.0 {
        return Err(Failure::usage(format!("{}: a style's weight must be 0 or more", argument.display())));
    }
    Ok(StyleArgument { path, weight, mask: None, own: None })
}

/// Splits into style and mask: at an `@` with an existing file before it, else at the last one.
fn at(argument: &OsStr) -> Option<(OsString, OsString)> {
    let mut ways = names::divided(argument, '@');
    let there = ways.iter().position(|(style, _)| Path::new(style).is_file()).unwrap_or(0);
    (!ways.is_empty()).then(|| ways.swap_remove(there))
}

/// Returns each style's weight as its share of the sum; 1 for styles with a region of their own.
pub(super) fn shares(styles: &[StyleArgument]) -> Vec<f64> {
    let sum: f64 = styles.iter().filter(|style| style.mask.is_none()).map(|style| shortest(style.weight)).sum();
    styles.iter().map(|style| if style.mask.is_some() { 1.0 } else { shortest(style.weight) / sum }).collect()
}

/// What was read for a style: a picture that the predictor must still see, or a style from an earlier run of it.
pub(in crate::commands) enum Seen {
    Picture(Picture),
    Saved(Style),
    /// A style of the network's own, by name or number.
    Own(String),
}

impl StyleArgument {
    /// Returns the name for people: the file's name without folder and extension; for `MODEL:NUMBER`, `MODEL-NUMBER`.
    pub(in crate::commands) fn name(&self) -> String {
        match (self.model().and_then(Path::file_stem), self.of_network()) {
            (Some(model), Some(number)) => format!("{}-{number}", model.display()),
            _ => self.path.file_stem().unwrap_or(self.path.as_os_str()).display().to_string(),
        }
    }

    /// Returns this style for the record of a painting. `style` is the blend that it is part of: its hash stands for a
    /// picture from standard input, of which nothing else is known.
    fn used(&self, style: &Style) -> Result<StyleUse> {
        let mask = self.mask.as_deref().map(references::of_path).transpose()?;
        Ok(StyleUse::new(self.reference(style)?, self.weight).masked(mask))
    }

    /// Does the same with what was read for this style, and the style that was seen in it alone.
    pub(in crate::commands) fn used_as(&self, read: &Seen, style: &Style) -> Result<StyleUse> {
        let own = matches!(read, Seen::Own(_)).then(|| style.clone());
        StyleArgument { own, ..self.clone() }.used(style)
    }

    /// Does the same for an optimization, which compares with the picture itself.
    pub(in crate::commands) fn used_by_optimizer(&self, picture: &Picture) -> Result<StyleUse> {
        let mask = self.mask.as_deref().map(references::of_path).transpose()?;
        let reference = match self.built_in() {
            Some(style) => Reference::of_style(&style),
            None if super::record::is_stream(&self.path) => {
                let bytes: Vec<u8> = picture.rgb().iter().flat_map(|v| v.to_le_bytes()).collect();
                Reference::of_bytes("standard input", &bytes)
            }
            None => references::of_path(&self.path)?,
        };
        Ok(StyleUse::new(reference, self.weight).masked(mask))
    }

    fn reference(&self, style: &Style) -> Result<Reference> {
        if let Some(style) = self.own.clone().or_else(|| self.built_in()) {
            return Ok(Reference::of_style(&style));
        }
        if super::record::is_stream(&self.path) {
            let hash = Reference::of_style(style).sha256.unwrap_or_default();
            return Ok(Reference::new("standard input").hashed(hash));
        }
        references::of_path(&self.path)
    }

    /// Returns the built-in style of this name, unless a file has it.
    fn built_in(&self) -> Option<Style> {
        Style::meant_by(&self.path)
    }

    /// Returns a bare name that is not a file, which may be a style of the network's own.
    fn bare(&self) -> Option<&str> {
        let name = self.path.to_str().filter(|_| self.path.file_name() == Some(self.path.as_os_str()))?;
        let is_file = self.path.extension().is_some() || self.path.exists() || super::is_standard(&self.path);
        (!is_file).then(|| numbered(name).map_or(name, |(_, number)| number))
    }

    /// Returns the name or number of a style of the network's own, if this can be one.
    fn of_network(&self) -> Option<&str> {
        let numbered = || self.model().and_then(|_| numbered(self.path.to_str()?)).map(|(_, number)| number);
        self.bare().or_else(numbered)
    }

    /// Returns the model before the number of one of its styles: `multistyle26:3`.
    fn model(&self) -> Option<&Path> {
        let (model, _) = self.path.to_str().and_then(numbered)?;
        (!self.path.exists()).then(|| Path::new(model))
    }

    pub(in crate::commands) fn read(&self, limits: &picture::Limits, loudness: Loudness) -> Result<Seen> {
        if let Some(style) = self.built_in() {
            return Ok(Seen::Saved(style));
        }
        if let Some(name) = self.of_network() {
            return Ok(Seen::Own(name.to_owned()));
        }
        if self.path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("style")) {
            return Ok(Seen::Saved(Style::open(&self.path)?));
        }
        let stored = super::open(&self.path, limits, loudness)?;
        Ok(Seen::Picture(stored.to_picture().map_err(|e| e.context(self.path.display()))?))
    }
}

/// Returns the style of a network that has just one, for a command line without `--style`.
pub(in crate::commands) fn only(stylizer: &Stylizer) -> Result<(StyleArgument, Seen)> {
    let name = match stylizer.own_styles() {
        [one] => one.name().unwrap_or_default().to_owned(),
        [] => return Err(no_style()),
        several => {
            let text = format!("choose one of the model's own styles: -s 0 to -s {}", several.len() - 1);
            return Err(Failure::usage(text));
        }
    };
    let argument = StyleArgument { path: PathBuf::from(&name), weight: 1.0, mask: None, own: None };
    Ok((argument, Seen::Own(name)))
}

/// The error for a missing `--style`.
fn no_style() -> Failure {
    Failure::usage("--style is required: give a picture, a built-in style or a .style file with -s STYLE")
}

/// Refuses a command line without styles if the built-in model would paint, because it needs one.
pub(in crate::commands) fn check_any(arguments: &[StyleArgument], models: &[PathBuf]) -> Result {
    if arguments.is_empty() && models.is_empty() { Err(no_style()) } else { Ok(()) }
}

/// Splits `MODEL:NUMBER`.
fn numbered(text: &str) -> Option<(&str, &str)> {
    let (model, number) = text.rsplit_once(':')?;
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    (digits && !model.is_empty()).then_some((model, number))
}

/// Returns the model's paths: those given, or else the text before the number of a style (`-s multistyle26:3`).
///
/// # Errors
/// Wrong usage if styles name two models.
pub(in crate::commands) fn models(arguments: &[StyleArgument], given: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut named: Vec<&Path> = arguments.iter().filter_map(StyleArgument::model).collect();
    named.dedup();
    match (given, named.as_slice()) {
        ([], [model]) => crate::model::paths(&[model.to_path_buf()]),
        ([], [first, second, ..]) => {
            let text = format!("{} and {}: all styles of a picture must be of one model", first.display(), second.display());
            Err(Failure::usage(text))
        }
        _ => crate::model::paths(given),
    }
}

/// Says that neither a file nor a built-in style has this name, and which style may be meant.
fn no_such_style(name: &str) -> String {
    if !Model::HAS_EMBEDDED {
        return format!("{name}: there is no such file");
    }
    let gallery = Gallery::built_in().ok();
    match gallery.as_ref().and_then(|gallery| gallery.suggest(name)) {
        Some(near) => format!("{name}: there is no such file or built-in style; did you mean {near}?"),
        None => format!("{name}: there is no such file or built-in style; see `impasto styles list`"),
    }
}

/// Reads all style arguments.
pub(in crate::commands) fn read(arguments: &[StyleArgument], limits: &picture::Limits, loudness: Loudness) -> Result<Vec<Seen>> {
    arguments.iter().map(|argument| argument.read(limits, loudness)).collect()
}

/// The palette to paint with, and what it was made from.
pub(super) struct Styles {
    pub(super) palette: Palette,
    pub(super) arguments: Vec<StyleArgument>,
    /// Sizes of the style pictures; `None` for styles without a picture.
    pub(super) sizes: Vec<Option<[usize; 2]>>,
    /// The style pictures for a figure; empty without one.
    pub(super) sources: Vec<Seen>,
    /// The mask of each style, if it has one.
    pub(super) masks: Vec<Option<Mask>>,
    /// The style pictures at the size in which they are seen, if they are to get the colors of each content.
    pub(super) uncoloured: Option<Vec<Picture>>,
}

/// Makes a palette of these styles with the weights of the arguments and the masks.
pub(super) fn palette(seen: &[Style], arguments: &[StyleArgument], masks: &[Option<Mask>]) -> Result<Palette> {
    Ok(Palette::new(parts(seen, arguments, masks))?)
}

/// Returns the parts of such a palette.
pub(in crate::commands) fn parts(seen: &[Style], arguments: &[StyleArgument], masks: &[Option<Mask>]) -> Vec<Part> {
    let parts = seen.iter().zip(arguments).zip(masks);
    let part = |((style, argument), mask): ((&Style, &StyleArgument), &Option<Mask>)| Part {
        style: style.clone(),
        weight: argument.weight,
        mask: mask.clone(),
    };
    parts.map(part).collect()
}

impl Styles {
    /// Returns the most memory that the masks take, for any picture.
    pub(super) fn mask_bytes(&self) -> u64 {
        self.masks.iter().flatten().map(|mask| mask.memory([mask.width(), mask.height()])).sum()
    }

    /// If `keep`, the pictures are kept for a figure.
    pub(super) fn new(palette: Palette, arguments: Vec<StyleArgument>, sources: Vec<Seen>, keep: bool) -> Self {
        let size = |seen: &Seen| seen.picture().map(|picture| [picture.width(), picture.height()]);
        let sizes = sources.iter().map(size).collect();
        Styles {
            palette,
            arguments,
            sizes,
            sources: if keep { sources } else { Vec::new() },
            masks: Vec::new(),
            uncoloured: None,
        }
    }

    /// Returns the styles with their weights for the record of a painting.
    pub(super) fn used(&self) -> Result<Vec<StyleUse>> {
        self.arguments.iter().map(|argument| argument.used(&self.palette.style)).collect()
    }
}

impl Seen {
    /// Returns the memory that it takes: for a picture, colors and alpha as floats.
    pub(super) fn bytes(&self) -> u64 {
        self.picture().map_or(0, |picture| (picture.width() * picture.height() * 16) as u64)
    }

    pub(in crate::commands) fn picture(&self) -> Option<&Picture> {
        match self {
            Seen::Picture(picture) => Some(picture),
            Seen::Saved(_) | Seen::Own(_) => None,
        }
    }

    pub(in crate::commands) fn see(&self, stylizer: &Stylizer, options: &StyleOptions, control: &dyn Control) -> Result<Style> {
        match self {
            Seen::Picture(picture) => Ok(stylizer.style_with(picture, options, control)?),
            Seen::Saved(style) => Ok(style.clone()),
            Seen::Own(name) if stylizer.own_styles().is_empty() => Err(Failure::failed(no_such_style(name))),
            Seen::Own(name) => Ok(stylizer.find_own_style(name)?.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::{StyleArgument, parse, shares, split};

    #[test]
    fn weights_follow_the_last_equals_sign() {
        let cases = [
            ("a.jpg", "a.jpg", 1.0),
            ("a.jpg=0.25", "a.jpg", 0.25),
            ("a=b.jpg", "a=b.jpg", 1.0),
            ("a=b.jpg=2", "a=b.jpg", 2.0),
            ("a.jpg=", "a.jpg=", 1.0),
            ("=3", "=3", 1.0),
            ("a.jpg=1e-1", "a.jpg", 0.1),
        ];
        for (text, path, weight) in cases {
            assert_eq!(
                split(text.as_ref()).unwrap(),
                StyleArgument { path: path.into(), weight, mask: None, own: None },
                "{text}"
            );
        }
    }

    #[test]
    fn masks_follow_the_last_at_sign() {
        let found = split("a@b.jpg@sky.png".as_ref()).unwrap();
        assert_eq!(found, StyleArgument { path: "a@b.jpg".into(), weight: 1.0, mask: Some("sky.png".into()), own: None });
        assert!(split("a.jpg@".as_ref()).is_err() && split("@sky.png".as_ref()).is_err());
        // Files whose names have an @.
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a@2x.jpg");
        std::fs::write(&path, "").unwrap();
        let with = |end: &str| split(format!("{}{end}", path.display()).as_ref()).unwrap();
        let expected =
            |weight, mask: Option<&str>| StyleArgument { path: path.clone(), weight, mask: mask.map(Into::into), own: None };
        assert_eq!(with(""), expected(1.0, None));
        assert_eq!(with("=0.7"), expected(0.7, None));
        assert_eq!(with("@sky@2x.png"), expected(1.0, Some("sky@2x.png")));
        // Styles for regions do not count in the shares of the others.
        let styles = parse(&["a@m.png".into(), "b=3".into(), "c=1".into()]).unwrap();
        assert_eq!(shares(&styles), [1.0, 0.75, 0.25]);
        assert!(parse(&["a@m.png".into(), "b=0".into()]).is_err());
    }

    #[test]
    fn a_file_that_is_there_is_no_weight() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("odd.jpg=0.5");
        std::fs::write(&path, "").unwrap();
        assert_eq!(split(path.as_ref()).unwrap(), StyleArgument { path, weight: 1.0, mask: None, own: None });
    }

    #[test]
    fn weights_out_of_range_are_refused() {
        for arguments in [&["a.jpg=-1"][..], &["a.jpg=nan"], &["a.jpg=inf"], &["a.jpg=0", "b.jpg=0"]] {
            let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
            assert!(parse(&arguments).is_err(), "{arguments:?}");
        }
    }

    #[test]
    fn shares_sum_to_one() {
        let styles = parse(&["a=3".into(), "b=1".into()]).unwrap();
        assert_eq!(shares(&styles), [0.75, 0.25]);
    }
}
