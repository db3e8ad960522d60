//! The losses of all steps, as numbers or as a plot.

use std::path::Path;

use impasto::optimizer::{Losses, Step};
use serde_json::{Value, json};

use super::plot;
use crate::cli::Optimize;
use crate::commands::stylize::place::Place;
use crate::failure::{Failure, Result};

/// The file type of a trace.
enum Kind {
    Json,
    Png,
    Svg,
}

fn kind(path: &Path) -> Result<Kind> {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    match extension.as_str() {
        "json" => Ok(Kind::Json),
        "png" => Ok(Kind::Png),
        "svg" => Ok(Kind::Svg),
        _ => Err(Failure::usage(format!("{}: a trace's name must end in .json, .png or .svg", path.display()))),
    }
}

/// Checks that a trace can be written there.
pub(super) fn check(path: &Path, force: bool) -> Result {
    kind(path)?;
    Place::new(path, force).map(|_| ())
}

fn json(steps: &[Step]) -> Value {
    let step = |step: &Step| {
        let mut json = losses(&step.losses);
        json["step"] = step.done.into();
        json["width"] = step.size.width.into();
        json["height"] = step.size.height.into();
        json
    };
    json!({ "steps": steps.iter().map(step).collect::<Vec<_>>() })
}

/// Returns the losses as JSON.
pub(super) fn losses(losses: &Losses) -> Value {
    json!({ "total": losses.total, "content": losses.content, "style": losses.style, "variation": losses.variation })
}

/// Writes all traces that were asked for, of these steps.
pub(super) fn write_all(args: &Optimize, steps: &[Step]) -> Result {
    for path in &args.trace {
        let bytes = match kind(path)? {
            Kind::Json => format!("{:#}\n", json(steps)).into_bytes(),
            Kind::Png => plot::png(steps)?,
            Kind::Svg => plot::svg(steps)?.into_bytes(),
        };
        // Before the work, it was checked that this replaces nothing.
        Place::new(path, true)?.target()?.write(&bytes)?;
    }
    Ok(())
}
