//! `impasto styles list`: the styles that come with models.

use std::fmt::Write;

use impasto::networks::Network;
use impasto::style::Gallery;
use impasto::{Model, Style, Stylizer};
use impasto_models::imported;
use serde_json::{Value, json};

use crate::cli::StylesList;
use crate::failure::Result;
use crate::{fetching, model, talk};

/// Prints names and descriptions.
pub(crate) fn list(args: &StylesList) -> Result {
    let known = Known::of(args)?;
    if args.json {
        return talk::json(&known.json());
    }
    talk::data(known.text().as_bytes())?;
    match &known.family {
        Some(family) if known.styles.is_empty() => {
            talk::line(&format!(
                "the model of family {family} has no styles of its own: give it any picture as the style, with -s PICTURE"
            ));
            Ok(())
        }
        _ => Ok(()),
    }
}

/// The styles to list.
#[derive(Default)]
struct Known {
    /// The family of the model that paints them, if there is one.
    family: Option<String>,
    styles: Vec<Style>,
    /// Other models on this machine, with the number of their styles.
    others: Vec<(String, usize)>,
}

impl Known {
    fn of(args: &StylesList) -> Result<Self> {
        if args.models.is_empty() {
            let gallery = Gallery::built_in()?;
            let family = Some(gallery.family().to_string());
            return Ok(Known { family, styles: gallery.styles().to_vec(), others: others()? });
        }
        let stylizer: Stylizer = model::stylizer(&args.models, None)?;
        let family = stylizer.model().family.clone();
        let styles = match stylizer.own_styles() {
            [] => {
                Some(Gallery::built_in()?).filter(|gallery| gallery.family() == &family).map(|gallery| gallery.styles().to_vec())
            }
            own => Some(own.to_vec()),
        };
        Ok(Known { family: Some(family.to_string()), styles: styles.unwrap_or_default(), others: Vec::new() })
    }

    fn facts(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        self.styles.iter().map(|style| (style.name().unwrap_or_default(), style.provenance().unwrap_or_default()))
    }

    fn json(&self) -> Value {
        let styles: Vec<_> = self.facts().map(|(name, about)| json!({ "name": name, "description": about })).collect();
        let others: Vec<_> = self.others.iter().map(|(name, count)| json!({ "model": name, "styles": count })).collect();
        json!({ "family": self.family, "styles": styles, "models": others })
    }

    fn text(&self) -> String {
        let widest = self.facts().map(|(name, _)| name.len()).max().unwrap_or(0);
        let mut text = String::new();
        for (name, about) in self.facts() {
            let _ = writeln!(text, "{}", format!("{name:widest$}  {about}").trim_end());
        }
        if !self.others.is_empty() {
            text.push_str("\nOther models with styles of their own:\n\n");
        }
        for (name, count) in &self.others {
            let _ = match count {
                1 => writeln!(text, "{name}: one style; paint in it with --model {name}, without -s"),
                count => writeln!(text, "{name}: {count} styles, -s {name}:0 to -s {name}:{}", count - 1),
            };
        }
        text
    }
}

/// Returns imported and downloaded models with styles of their own.
/// `impasto models` says what is wrong with those that cannot be read.
fn others() -> Result<Vec<(String, usize)>> {
    let cached = fetching::models()?.cache().map(|cache| cache.all()).unwrap_or_default();
    let imported = imported::all().into_iter().map(|(name, path)| (name, vec![path]));
    let models = imported.chain(cached.into_iter().map(|cached| (cached.name().to_owned(), cached.paths())));
    let styles = |transformer: &Network| transformer.architecture.own_styles();
    let counted = models.filter_map(|(name, paths)| {
        let model =
            Model::open_with(&paths, &impasto::weights::Limits::default(), &impasto::networks::Options::default()).ok()?;
        Some((name, model.transformer.as_ref().map_or(0, styles)))
    });
    Ok(counted.filter(|(_, count)| *count > 0).collect())
}
