//! The settings that a picture says it was made with. They come from a stranger: whatever is not expected is refused.

use std::ffi::{OsStr, OsString};

use serde_json::Value;

use crate::{names, settings};

/// Most of anything, and most bytes of a text: real settings have a handful.
const MOST: usize = 64;
const TEXT: usize = 1024;

/// Something that a picture was made of.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ingredient {
    /// The name of a file or folder, without those that it lies in; of a built-in style or model.
    pub(super) name: OsString,
    /// 64 hexadecimal digits.
    pub(super) sha256: String,
    pub(super) built_in: bool,
}

/// A style that it was painted in.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Style {
    pub(super) style: Ingredient,
    pub(super) weight: f32,
    /// The region that it was for.
    pub(super) mask: Option<Ingredient>,
}

/// What a picture was made of, and how.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Recipe {
    pub(super) program: String,
    pub(super) isa: String,
    pub(super) format: String,
    /// `--flag` or `--flag=value`.
    pub(super) options: Vec<String>,
    /// With the flag that names it.
    pub(super) files: Vec<(String, Ingredient)>,
    pub(super) content: Ingredient,
    pub(super) styles: Vec<Style>,
    pub(super) model: Vec<Ingredient>,
}

impl Recipe {
    /// Takes the recorded text apart.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let json: Value = serde_json::from_str(text).map_err(|e| e.to_string())?;
        let styles = list(&json, "styles", |style| {
            let weight = style["weight"].as_f64().map(|weight| weight as f32);
            let weight = weight.filter(|weight| weight.is_finite() && *weight >= 0.0);
            let mask = style.get("mask").map(ingredient).transpose()?;
            Ok(Style { style: ingredient(style)?, weight: weight.ok_or("a style has no weight")?, mask })
        })?;
        if styles.is_empty() {
            return Err("there is no style".into());
        }
        Ok(Recipe {
            program: self::text(&json, "program")?,
            isa: self::text(&json, "isa")?,
            format: self::text(&json, "format")?.to_lowercase(),
            options: of_today(
                version(&json)?,
                list(&json, "options", |option| {
                    // Control characters would do things to a terminal that shows them.
                    let fine =
                        |option: &&str| option.len() <= TEXT && option.starts_with("--") && !option.contains(char::is_control);
                    let option = option.as_str().filter(fine);
                    Ok(option.ok_or("an option is none")?.to_owned())
                })?,
            ),
            files: list(&json, "files", |file| Ok((self::text(file, "option")?, ingredient(file)?)))?,
            content: ingredient(&json["content"])?,
            styles,
            model: list(&json, "model", ingredient)?,
        })
    }
}

/// What the options mean.
fn version(json: &Value) -> Result<u64, String> {
    match json.get("version") {
        None => Ok(1),
        Some(version) => match version.as_u64() {
            Some(version @ 1..=settings::VERSION) => Ok(version),
            Some(newer) => Err(format!("its form {newer} is newer than this program")),
            None => Err("its version is no number".into()),
        },
    }
}

/// The options as they are given today. In the first form strokes were compared with the network's own.
fn of_today(version: u64, options: Vec<String>) -> Vec<String> {
    if version >= 2 {
        return options;
    }
    let native = |option: &String| match option.strip_prefix("--stroke=") {
        Some(width) if !width.contains("mm") => format!("--stroke=native:{width}"),
        _ => option.clone(),
    };
    let mut options: Vec<String> = options.iter().map(native).collect();
    if !options.iter().any(|option| option.starts_with("--stroke=")) {
        options.push("--stroke=native".into());
    }
    options
}

fn list<T>(json: &Value, name: &str, read: impl Fn(&Value) -> Result<T, String>) -> Result<Vec<T>, String> {
    let items = json[name].as_array().ok_or_else(|| format!("{name} is absent"))?;
    if items.len() > MOST {
        return Err(format!("{name} has more than {MOST} entries"));
    }
    items.iter().map(read).collect()
}

fn text(json: &Value, name: &str) -> Result<String, String> {
    let text = json[name].as_str().ok_or_else(|| format!("{name} is absent"))?;
    if text.len() > TEXT {
        return Err(format!("{name} has more than {TEXT} bytes"));
    }
    Ok(text.to_owned())
}

fn ingredient(json: &Value) -> Result<Ingredient, String> {
    text(json, "name")?;
    let (name, sha256) = (names::get(json, "name").ok_or("name is absent")?, text(json, "sha256")?);
    if !is_bare(&name) {
        return Err(format!("{name:?} is no file name"));
    }
    if sha256.len() != 64 || !sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(format!("the SHA-256 of {name:?} is none"));
    }
    let built_in = json["built_in"].as_bool().unwrap_or(false);
    Ok(Ingredient { name, sha256, built_in })
}

/// Whether it names something in a folder, and leads nowhere else, on any system.
fn is_bare(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let odd = |c: char| matches!(c, '/' | '\\' | ':') || c.is_control();
    !name.is_empty() && name.len() <= TEXT && name != "." && name != ".." && !name.contains(odd)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Recipe;

    fn good() -> serde_json::Value {
        let sha = "0".repeat(64);
        json!({
            "program": "impasto 0.1.0", "isa": "avx2", "format": "PNG", "options": ["--strength=0.5"], "files": [],
            "content": {"name": "a.jpg", "sha256": sha},
            "styles": [{"name": "b.jpg", "sha256": sha, "weight": 1.0, "mask": {"name": "m.png", "sha256": sha}}],
            "model": [{"name": "built-in", "sha256": sha, "built_in": true}],
        })
    }

    #[test]
    fn a_recipe_is_read() {
        let recipe = Recipe::parse(&good().to_string()).unwrap();
        assert_eq!(
            (recipe.content.name.to_str().unwrap(), recipe.styles[0].weight, recipe.format.as_str()),
            ("a.jpg", 1.0, "png")
        );
        assert!(recipe.model[0].built_in && !recipe.content.built_in);
    }

    /// Older versions wrote more digits than were typed.
    #[test]
    fn weights_have_the_digits_that_were_typed() {
        for recorded in [json!(0.7), json!(0.699_999_988_079_071)] {
            let mut json = good();
            json["styles"][0]["weight"] = recorded;
            assert_eq!(Recipe::parse(&json.to_string()).unwrap().styles[0].weight.to_string(), "0.7");
        }
    }

    #[test]
    fn strokes_of_the_first_form_are_the_networks_own() {
        let options = |version: Option<u64>, options: &[&str]| {
            let mut json = good();
            json["options"] = options.into();
            if let Some(version) = version {
                json["version"] = version.into();
            }
            Recipe::parse(&json.to_string()).map(|recipe| recipe.options)
        };
        assert_eq!(options(None, &["--size=9"]).unwrap(), ["--size=9", "--stroke=native"]);
        assert_eq!(options(None, &["--stroke=2"]).unwrap(), ["--stroke=native:2"]);
        assert_eq!(options(None, &["--stroke=3mm", "--dpi=300"]).unwrap(), ["--stroke=3mm", "--dpi=300"]);
        assert_eq!(options(Some(2), &["--stroke=2"]).unwrap(), ["--stroke=2"]);
        assert!(options(Some(3), &[]).is_err());
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for name in ["", ".", "..", "/etc/passwd", "../a.jpg", "a/b.jpg", "C:\\a.jpg", "c:a.jpg", "a\nb", "a\0"] {
            for place in ["/content", "/styles/0", "/styles/0/mask", "/model/0"] {
                let mut json = good();
                json.pointer_mut(place).unwrap()["name"] = name.into();
                assert!(Recipe::parse(&json.to_string()).is_err(), "{name:?} at {place}");
                // The same as bytes, beside a text that looks well.
                json.pointer_mut(place).unwrap()["name"] = "a.jpg".into();
                let hex: String = name.bytes().map(|byte| format!("{byte:02x}")).collect();
                json.pointer_mut(place).unwrap()["name_bytes"] = hex.into();
                assert!(cfg!(not(unix)) || Recipe::parse(&json.to_string()).is_err(), "bytes of {name:?} at {place}");
            }
        }
    }

    /// Every value replaced by each of some others, and every one taken away: refused or read, never a panic.
    #[test]
    fn whatever_is_recorded_is_refused_or_read() {
        let others = [
            json!(null),
            json!(-1),
            json!(1e308),
            json!("x"),
            json!("x".repeat(5000)),
            json!([[]]),
            json!({}),
            json!(vec!["--a"; 100]),
            json!(["--strength=\u{1b}[31m"]),
        ];
        let places = ["program", "isa", "format", "options", "files", "content", "styles", "model"];
        let mut refused = 0;
        for place in places {
            for other in &others {
                let mut json = good();
                json[place] = other.clone();
                refused += usize::from(Recipe::parse(&json.to_string()).is_err());
            }
            let mut json = good();
            json.as_object_mut().unwrap().remove(place);
            assert!(Recipe::parse(&json.to_string()).is_err(), "without {place}");
        }
        assert!(refused >= 50, "{refused}");
        for text in ["", "{", "[]", "null", "\"a\"", "[[[[[[[[[["] {
            assert!(Recipe::parse(text).is_err(), "{text}");
        }
        let deep = "[".repeat(100_000);
        assert!(Recipe::parse(&deep).is_err());
        let text = good().to_string();
        for cut in 0..text.len() {
            assert!(Recipe::parse(&text[..cut]).is_err(), "{cut}");
        }
    }
}
