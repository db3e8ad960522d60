//! Records in a film how it was painted, and detects whether two runs paint the same.

use std::path::Path;

use impasto::request::Reference;
use impasto_film::{Part, Record};
use serde_json::{Value, json};

use super::look::Look;
use super::{Painting, is_standard};
use crate::commands::stylize::record;
use crate::commands::stylize::style::StyleArgument;
use crate::failure::Result;
use crate::{downloads, model, references};

impl Painting<'_> {
    /// Returns the record for the film of how it is painted.
    ///
    /// # Errors
    /// If a file that it names cannot be read.
    pub(super) fn record(&self, look: &Look) -> Result<Record> {
        let args = self.args;
        let mut request = record::common(&args.paint, self.models, model::isa()?)?;
        request.content = self.content()?;
        request.styles.clone_from(&look.used);
        let style_at = look.used_later.iter().map(|(at, style)| (*at, style.style.clone())).collect();
        let part = Part { start: args.start.unwrap_or(0.0), end: args.end };
        Ok(Record { request, steady: args.steady, size: self.size, style_at, part, fps: args.fps })
    }

    fn content(&self) -> Result<Reference> {
        let path = &self.args.film;
        if is_standard(path) {
            let name = Reference::new("standard input");
            let hash = match self.source.film() {
                Some(facts) => references::of_path(&facts.path)?.sha256,
                None => None,
            };
            return Ok(hash.map_or(name.clone(), |hash| name.hashed(hash)));
        }
        // A pattern is not a file.
        if path.exists() { references::of_path(path) } else { Ok(Reference::of_path(path)) }
    }

    /// Returns everything that decides the frames of the film and their encoding.
    pub(super) fn fingerprint(&self) -> Result<Value> {
        let args = self.args;
        // Every option of the library's table by name, and the files that options name.
        let mut all = args.paint.options.given();
        all.extend(args.paint.files.iter().map(|(option, path)| ((*option).to_owned(), file(path))));
        let own = json!({
            "program": env!("CARGO_PKG_VERSION"),
            "film": file(&args.film),
            "styles": self.arguments.iter().map(style).collect::<Vec<_>>(),
            "style_at": self.changes.iter().map(|(at, argument)| json!([at, style(argument)])).collect::<Vec<_>>(),
            "model": self.models.iter().map(|path| file(path)).collect::<Vec<_>>(),
            "instructions": format!("{:?}", model::isa()?),
            "steady": args.steady,
            "part": [args.start, args.end],
            "fps": args.fps.map(|rate| rate.to_string()),
            "size": self.size.to_string(),
            "goal": format!("{:?}", self.goal),
        });
        all.extend(own.as_object().cloned().unwrap_or_default());
        Ok(Value::Object(all))
    }
}

/// Returns facts by which a file is taken to be the same. Hashing films and models would take long.
fn file(path: &Path) -> Value {
    let metadata = std::fs::metadata(path).ok();
    let changed = metadata.as_ref().and_then(|data| data.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok());
    // Downloads have a new time in every run.
    let spoken = downloads::spoken(path);
    let changed = changed.filter(|_| spoken == path);
    json!({
        "name": spoken.display().to_string(),
        "bytes": metadata.map(|data| data.len()),
        "changed": changed.map(|time| time.as_secs()),
    })
}

fn style(argument: &StyleArgument) -> Value {
    json!({ "file": file(&argument.path), "weight": argument.weight, "mask": argument.mask.as_deref().map(file) })
}
