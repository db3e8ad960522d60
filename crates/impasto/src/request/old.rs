//! Reads records of versions 1 and 2. Their options look like a command line's, `["--strength=0.6"]`, and the files
//! that options name are listed separately.
//!
//! Version 1, whose records have no version field, gave `--stroke` relative to the network's own width in pixels.

use serde_json::{Map, Value, json};

use super::options::Options;
use super::record::{Request, StyleUse};
use super::reference::Reference;
use super::table::{Kind, Row, table};

type Read<T> = Result<T, String>;

pub(super) fn read(json: &Value) -> Read<Request> {
    let text = |name: &str| json[name].as_str().map(str::to_owned).ok_or_else(|| format!("{name} is missing"));
    let styles = list(json, "styles", |style| {
        let weight = style["weight"].as_f64().ok_or("a style has no weight")? as f32;
        let mask = style.get("mask").map(reference).transpose()?;
        Ok(StyleUse::new(reference(style)?, weight).masked(mask))
    })?;
    let mut options = Map::new();
    for option in list(json, "options", |option| Ok(option.as_str().ok_or("an option is not text")?.to_owned()))? {
        let (flag, value) = option.split_once('=').map_or((option.as_str(), None), |(flag, value)| (flag, Some(value)));
        let row = row(flag)?;
        let value = match (&row.kind, value) {
            (Kind::Picture, _) => return Err(format!("{flag:?} is not an option for it")),
            (Kind::Flag, None) => true.into(),
            (Kind::Flag, Some(_)) | (_, None) => return Err(format!("{flag}: {}", row.wrong())),
            (_, Some(value)) => row.read(value).map_err(|why| format!("{flag}: {why}"))?,
        };
        options.insert(row.name.into(), value);
    }
    for (flag, file) in
        list(json, "files", |file| Ok((file["option"].as_str().unwrap_or_default().to_owned(), reference(file)?)))?
    {
        let row = row(&flag)?;
        if row.kind != Kind::Picture {
            return Err(format!("{flag:?} is not an option for it"));
        }
        options.insert(row.name.into(), serde_json::to_value(file).map_err(|e| e.to_string())?);
    }
    if json.get("version").and_then(Value::as_u64) != Some(2) {
        native(&mut options);
    }
    options.insert("format".into(), text("format")?.to_lowercase().into());
    let options = Options::read(&options).map_err(|e| e.to_string())?;
    let mut request = Request::new(reference(&json["content"])?, styles, list(json, "model", reference)?, options, &text("isa")?);
    request.program = text("program")?;
    Ok(request)
}

/// In version 1, strokes are native.
fn native(options: &mut Map<String, Value>) {
    let width = match options.get("stroke") {
        None => json!("native"),
        Some(Value::String(text)) => json!(text),
        Some(number) => json!(format!("native:{number}")),
    };
    options.insert("stroke".into(), width);
}

fn row(flag: &str) -> Read<&'static Row> {
    let found = table().iter().find(|row| row.flag() == flag);
    found.ok_or_else(|| format!("{:?} is not an option for it", flag.chars().take(40).collect::<String>()))
}

fn list<T>(json: &Value, name: &str, read: impl Fn(&Value) -> Read<T>) -> Read<Vec<T>> {
    let items = json[name].as_array().ok_or_else(|| format!("{name} is missing"))?;
    items.iter().map(read).collect()
}

/// Reads a reference from its fields among others.
fn reference(json: &Value) -> Read<Reference> {
    let fields = json.as_object().ok_or("a file is not an object")?;
    let known = ["name", "name_bytes", "sha256", "built_in"];
    let own: Map<_, _> =
        fields.iter().filter(|(name, _)| known.contains(&name.as_str())).map(|(k, v)| (k.clone(), v.clone())).collect();
    serde_json::from_value(own.into()).map_err(|e| e.to_string())
}
