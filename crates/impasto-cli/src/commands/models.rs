//! `impasto models`: what a file of weights holds, and other files from it.

use std::fmt::Write;
use std::path::Path;

use impasto::Model;
use impasto::networks::{Kind, Network};
use impasto::weights::safetensors::{self, Precision};
use serde_json::{Value, json};

use super::stylize::place;
use crate::cli::{ModelsImport, ModelsInfo, ModelsList};
use crate::failure::{Failure, Result};
use crate::{imported, interrupt, memory, model, talk};
use impasto::request::Size;

/// Prints which models there are. One that cannot be read is listed with the reason.
pub(crate) fn list(args: &ModelsList) -> Result {
    let mut models = Vec::new();
    if Model::HAS_EMBEDDED {
        models.push(("built-in".to_owned(), None, Model::embedded()));
    }
    models.extend(imported::all().into_iter().map(|(name, path)| {
        let model = Model::open(&path);
        (name, Some(path), model)
    }));
    if args.json {
        let models = models.iter().map(|(name, path, model)| {
            let networks = |model: &Model| {
                let network = |network: &Network| {
                    json!({
                        "kind": kind_name(network.kind()),
                        "architecture": network.architecture.to_string(),
                        "source": network.source,
                        "licence": network.licence,
                    })
                };
                model.networks().map(network).collect::<Vec<_>>()
            };
            json!({
                "name": name,
                "built_in": path.is_none(),
                "file": path.as_ref().map(|path| path.to_string_lossy()),
                "family": model.as_ref().ok().map(|model| model.family.to_string()),
                "networks": model.as_ref().map(networks).unwrap_or_default(),
                "error": model.as_ref().err().map(ToString::to_string),
            })
        });
        return talk::json(&json!({ "models": models.collect::<Vec<_>>() }));
    }
    let mut text = String::new();
    for (name, path, model) in &models {
        let file = path.as_ref().map_or_else(|| "part of the program".into(), |path| path.display().to_string());
        let _ = writeln!(text, "{name}\n  {:15} {file}", "file");
        match model {
            Ok(model) => {
                let _ = writeln!(text, "  {:15} {}", "family", model.family);
                for network in model.networks() {
                    let (kind, what) = (network.kind().name(), network.architecture.description());
                    // A predictor's description begins with what it is.
                    let what = what.strip_prefix(kind).map_or(what.as_str(), |rest| rest.trim_start_matches([':', ' ']));
                    let _ = writeln!(text, "  {kind:15} {what}\n  {:15} {}", "licence", network.licence);
                }
            }
            Err(why) => {
                let _ = writeln!(text, "  cannot be read: {why}");
            }
        }
    }
    talk::data(text.as_bytes())
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Predictor => "predictor",
        Kind::Transformer => "transformer",
    }
}

/// Prints what a model is.
pub(crate) fn info(args: &ModelsInfo) -> Result {
    let model = model::open(&args.paths)?;
    if args.json {
        let networks = model.networks().map(|network| network_json(network, args.size)).collect::<Result<Vec<_>>>()?;
        return talk::json(&json!({ "family": model.family.to_string(), "networks": networks }));
    }
    let mut text = String::new();
    for network in model.networks() {
        if !text.is_empty() {
            text.push('\n');
        }
        describe(&mut text, network, args.size)?;
    }
    talk::data(text.as_bytes())
}

/// The size that a network's costs are given for.
fn size_for(network: &Network, asked: Option<Size>) -> Size {
    asked.unwrap_or(match network.kind() {
        Kind::Predictor => Size { width: 256, height: 256 },
        Kind::Transformer => Size { width: 720, height: 512 },
    })
}

fn describe(out: &mut String, network: &Network, size: Option<Size>) -> Result {
    let size = size_for(network, size);
    let table = network.graph.table(size.height, size.width)?;
    let facts = [
        ("file", network.file.clone()),
        ("architecture", network.architecture.description()),
        ("family", network.family.to_string()),
        ("source", network.source.clone()),
        ("licence", network.licence.clone()),
        ("style vector", format!("{} numbers", network.style_len())),
        ("parameters", format!("{} ({} as float32)", table.total.parameters, memory::human(table.total.parameters * 4))),
        ("cost", format!("{:.3} G multiply-accumulates at {size}", giga(table.total.multiply_accumulates))),
    ];
    let _ = writeln!(out, "{}", network.kind().name());
    for (name, value) in facts {
        let _ = writeln!(out, "  {name:13} {value}");
    }
    let _ = write!(out, "\n{table}");
    Ok(())
}

fn network_json(network: &Network, size: Option<Size>) -> Result<Value> {
    let size = size_for(network, size);
    let table = network.graph.table(size.height, size.width)?;
    let layers = table.rows.iter().map(|row| {
        json!({
            "name": row.name,
            "operation": row.op,
            "output": { "height": row.shape.height, "width": row.shape.width, "channels": row.shape.channels },
            "multiply_accumulates": row.cost.multiply_accumulates,
            "parameters": row.cost.parameters,
        })
    });
    Ok(json!({
        "kind": kind_name(network.kind()),
        "file": network.file,
        "architecture": network.architecture.to_string(),
        "description": network.architecture.description(),
        "family": network.family.to_string(),
        "source": network.source,
        "licence": network.licence,
        "style_vector": network.style_len(),
        "parameters": table.total.parameters,
        "size": { "width": size.width, "height": size.height },
        "multiply_accumulates": table.total.multiply_accumulates,
        "layers": layers.collect::<Vec<_>>(),
    }))
}

fn giga(n: u64) -> f64 {
    n as f64 / 1e9
}

/// Writes a model as one file.
pub(crate) fn import(args: &ModelsImport) -> Result {
    let output = match (&args.output, &args.name) {
        (Some(output), _) => output.clone(),
        (None, name) => {
            let file = imported::file(name.as_deref().unwrap_or_default())?;
            let folder = file.parent().unwrap_or(Path::new("."));
            std::fs::create_dir_all(folder).map_err(|e| Failure::failed(format!("cannot make {}: {e}", folder.display())))?;
            file
        }
    };
    if output.extension().is_none_or(|extension| !extension.eq_ignore_ascii_case("safetensors")) {
        return Err(Failure::usage(format!("{}: the file to write must end in .safetensors", output.display())));
    }
    let target = place::target(&output, args.force)?;
    let model = model::open(&args.paths)?;
    let precision = if args.half { Precision::F16 } else { Precision::F32 };
    let bytes = safetensors::to_bytes(&model.to_weights(), precision)?;
    interrupt::while_writing(|| Ok(target.write(&bytes)?))?;
    args.loudness.loudness().detail(&wrote(&output, &model, bytes.len()));
    Ok(())
}

fn wrote(path: &Path, model: &Model, bytes: usize) -> String {
    let networks: Vec<_> = model.networks().map(|network| network.kind().name()).collect();
    format!("{}: {} of family {}, {}", path.display(), networks.join(" and "), model.family, memory::human(bytes as u64))
}
