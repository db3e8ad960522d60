//! Reports what was done, for `--json` and `--verbose`.

use std::path::Path;

use impasto::{Stylizer, request};
use serde_json::{Map, Value, json};

use super::painting::Painted;
use super::stopwatch::Stopwatch;
use super::style::{self, Styles};
use crate::cli::Stylize;
use crate::failure::Result;
use crate::talk::{self, Loudness};
use crate::{downloads, memory, names};
use impasto::Size;

/// The facts to report about one painting.
pub(super) struct Report<'a> {
    pub(super) args: &'a Stylize,
    pub(super) content: &'a Path,
    pub(super) stylizer: &'a Stylizer,
    pub(super) styles: &'a Styles,
    pub(super) painted: Painted,
    pub(super) watch: Stopwatch,
}

impl Report<'_> {
    /// Reports in the form that the user asked for.
    pub(super) fn tell(&self, loudness: Loudness) -> Result {
        if self.args.json {
            return talk::json(&self.json());
        }
        match loudness {
            Loudness::Verbose => loudness.detail(&self.line()),
            _ => loudness.announce(&self.summary()),
        }
        Ok(())
    }

    /// Returns what was written, for a user who waits for it.
    fn summary(&self) -> String {
        let Size { width, height } = self.painted.size;
        let output = &self.args.output;
        let name = if super::is_standard(output) { "standard output".into() } else { output.display().to_string() };
        let about = std::fs::metadata(output).ok().filter(std::fs::Metadata::is_file);
        let bytes = about.map_or_else(String::new, |about| format!(", {}", memory::human(about.len())));
        format!("wrote {name}: {width}×{height} pixels{bytes}, in {:.2} s", self.watch.total().as_secs_f64())
    }

    /// Returns one line for people.
    pub(super) fn line(&self) -> String {
        let laps: Vec<_> = self.watch.laps.iter().map(|(name, time)| format!("{name} {:.3} s", time.as_secs_f64())).collect();
        let peak = memory::peak().map_or_else(String::new, |bytes| format!(", at most {} of memory", memory::human(bytes)));
        let Size { width, height } = self.painted.size;
        let total = self.watch.total().as_secs_f64();
        format!("{}: {width}×{height} in {total:.3} s ({}){peak}", self.args.output.display(), laps.join(", "))
    }

    /// Returns one object for programs. Paths that are not UTF-8 have a second field with their bytes, see `names.rs`.
    pub(super) fn json(&self) -> Value {
        let size = |[width, height]: [usize; 2]| json!({ "width": width, "height": height });
        let Styles { arguments, sizes, .. } = self.styles;
        let styles = arguments.iter().zip(sizes).zip(style::shares(arguments)).map(|((argument, pixels), share)| {
            let mut json = json!({ "share": share, "size": pixels.map(size) });
            names::put(&mut json, "path", downloads::spoken(&argument.path));
            json
        });
        let mut seconds: Map<String, Value> =
            self.watch.laps.iter().map(|(name, time)| ((*name).to_owned(), json!(time.as_secs_f64()))).collect();
        seconds.insert("total".into(), json!(self.watch.total().as_secs_f64()));
        let model = self.stylizer.model();
        let network = |info: &impasto::stylizer::NetworkInfo| {
            json!({
                "file": info.file,
                "architecture": info.architecture.to_string(),
                "parameters": info.parameters,
                "source": info.source,
                "licence": info.licence,
            })
        };
        let mut json = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "figure": null,
            "size": size([self.painted.size.width, self.painted.size.height]),
            "styles": styles.collect::<Vec<_>>(),
            "strength": request::shortest(self.args.paint.options.strength),
            "model": {
                "family": model.family.to_string(),
                "predictor": model.predictor.as_ref().map(network),
                "transformer": network(&model.transformer),
            },
            "threads": self.stylizer.engine().threads(),
            "isa": self.stylizer.engine().isa().to_string(),
            "seconds": seconds,
            "memory": { "planned": self.painted.needed, "peak": memory::peak() },
        });
        names::put(&mut json, "content", downloads::spoken(self.content));
        names::put(&mut json, "output", &self.args.output);
        if let Some(figure) = &self.args.figure {
            names::put(&mut json, "figure", figure);
        }
        json
    }
}

/// Describes the model in one line.
pub(super) fn model_line(stylizer: &Stylizer) -> String {
    let model = stylizer.model();
    let engine = stylizer.engine();
    let networks = model.predictor.iter().chain([&model.transformer]).map(|network| network.architecture.description());
    format!(
        "model of family {}: {}; {} threads, {}",
        model.family,
        networks.collect::<Vec<_>>().join("; "),
        engine.threads(),
        engine.isa()
    )
}
