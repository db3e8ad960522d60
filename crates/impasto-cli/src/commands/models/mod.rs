//! `impasto models`: lists models, describes files of weights, and converts them.

pub(super) mod downloaded;
mod known;

use std::fmt::Write;
use std::path::Path;

use impasto::Model;
use impasto::graph::Op;
use impasto::networks::{Kind, Network};
use impasto::weights::safetensors::{self, Precision};
use impasto_models::{Meaning, imported};
use serde_json::{Value, json};

use super::stylize::place;
use crate::cli::{ModelsImport, ModelsInfo, ModelsList};
use crate::failure::{Failure, Result};
use crate::{fetching, interrupt, memory, model, talk};
use impasto::Size;

/// Prints the models on this machine, and those that can be
/// downloaded. If one cannot be read, its entry gives the reason.
pub(crate) fn list(args: &ModelsList) -> Result {
    let known = fetching::models()?;
    let mut models = Vec::new();
    if Model::HAS_EMBEDDED {
        models.push(("built-in".to_owned(), None, Model::embedded()));
    }
    models.extend(imported::all().into_iter().map(|(name, path)| {
        let model = Model::open(&path);
        (name, Some(path), model)
    }));
    let downloaded = known.cache().map(|cache| cache.all()).unwrap_or_default();
    if args.json {
        let models = models.iter().map(|(name, path, model)| {
            let networks = |model: &Model| {
                let network = |network: &Network| {
                    json!({
                        "kind": network.kind().key(),
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
        return talk::json(&json!({
            "models": models.collect::<Vec<_>>(),
            "downloaded": downloaded.iter().map(known::cached_json).collect::<Vec<_>>(),
            "published": known.registry.entries().iter().map(|entry| known::entry_json(&known, entry)).collect::<Vec<_>>(),
        }));
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
                    // A predictor's description begins with its kind.
                    let what = what.strip_prefix(kind).map_or(what.as_str(), |rest| rest.trim_start_matches([':', ' ']));
                    let _ = writeln!(text, "  {kind:15} {what}\n  {:15} {}", "license", network.licence);
                }
            }
            Err(why) => {
                let _ = writeln!(text, "  cannot be read: {why}");
            }
        }
    }
    for cached in &downloaded {
        known::describe_cached(&mut text, cached);
    }
    let absent: Vec<_> = known.registry.entries().iter().filter(|entry| known.cached(entry).is_none()).collect();
    if !absent.is_empty() {
        text.push_str("\nNot downloaded yet; download one with impasto models pull NAME:\n\n");
    }
    absent.iter().for_each(|entry| known::describe_entry(&mut text, entry));
    talk::data(text.as_bytes())
}

/// Describes a model.
pub(crate) fn info(args: &ModelsInfo) -> Result {
    let mut receipt = None;
    if let [word] = args.paths.as_slice()
        && !word.exists()
    {
        let known = fetching::models()?;
        match known.find(word).map_err(Failure::usage)? {
            // Describing a model does not download it.
            Meaning::Absent(wanted) if args.json => return talk::json(&known::entry_json(&known, &wanted.entry)),
            Meaning::Absent(wanted) => {
                let mut text = String::new();
                known::describe_entry(&mut text, &wanted.entry);
                return talk::data(text.as_bytes());
            }
            Meaning::Here(paths) => {
                receipt = known.cache().ok().and_then(|cache| cache.all().into_iter().find(|it| it.paths() == paths))
            }
        }
    }
    let model = model::open(&args.paths)?;
    if args.json {
        let networks = model.networks().map(|network| network_json(network, args.size)).collect::<Result<Vec<_>>>()?;
        let mut json = json!({ "family": model.family.to_string(), "networks": networks });
        if let Some(cached) = &receipt {
            json["download"] = known::cached_json(cached);
        }
        return talk::json(&json);
    }
    let mut text = String::new();
    if let Some(cached) = &receipt {
        known::describe_cached(&mut text, cached);
    }
    for network in model.networks() {
        if !text.is_empty() {
            text.push('\n');
        }
        describe(&mut text, network, args.size)?;
    }
    talk::data(text.as_bytes())
}

/// Returns the size for which a network's costs are given.
fn size_for(network: &Network, asked: Option<Size>) -> Size {
    asked.unwrap_or(match network.kind() {
        Kind::Predictor => Size { width: 256, height: 256 },
        Kind::Transformer | Kind::Perceptual => Size { width: 720, height: 512 },
    })
}

fn describe(out: &mut String, network: &Network, size: Option<Size>) -> Result {
    let size = size_for(network, size);
    let table = network.graph.table(size)?;
    let mut facts = vec![
        ("file", network.file.clone()),
        ("architecture", network.architecture.description()),
        ("family", network.family.to_string()),
        ("source", network.source.clone()),
        ("license", network.licence.clone()),
        ("parameters", format!("{} ({} as float32)", table.total.parameters, memory::human(table.total.parameters * 4))),
        ("cost", format!("{:.3} G multiply-accumulates at {size}", giga(table.total.multiply_accumulates))),
    ];
    match network.architecture.own_styles() {
        0 if network.style_len() > 0 => facts.push(("style vector", format!("{} numbers", network.style_len()))),
        0 => {}
        1 => facts.push(("styles", "one, its own: paint without -s".into())),
        count => facts.push(("styles", format!("{count} of its own: -s 0 to -s {}", count - 1))),
    }
    if network.kind() == Kind::Transformer {
        facts.push(("bands", bands(network).into()));
    }
    let _ = writeln!(out, "{}", network.kind().name());
    for (name, value) in facts {
        let _ = writeln!(out, "  {name:13} {value}");
    }
    let _ = write!(out, "\n{table}");
    Ok(())
}

fn network_json(network: &Network, size: Option<Size>) -> Result<Value> {
    let size = size_for(network, size);
    let table = network.graph.table(size)?;
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
        "kind": network.kind().key(),
        "file": network.file,
        "architecture": network.architecture.to_string(),
        "description": network.architecture.description(),
        "family": network.family.to_string(),
        "source": network.source,
        "licence": network.licence,
        "style_vector": network.style_len(),
        "own_styles": network.architecture.own_styles(),
        "bands": can_paint_in_bands(network),
        "parameters": table.total.parameters,
        "size": { "width": size.width, "height": size.height },
        "multiply_accumulates": table.total.multiply_accumulates,
        "layers": layers.collect::<Vec<_>>(),
    }))
}

/// Says whether a network paints pictures of any size in little memory.
fn bands(network: &Network) -> &'static str {
    match (network.architecture.thumbnail(), can_paint_in_bands(network)) {
        (Some(_), _) => "yes: pictures of any size in little memory",
        (None, true) => "with --thumbnail PIXELS, which paints a little differently, or else a picture in one piece",
        (None, false) => "no: a picture in one piece",
    }
}

/// Returns whether all layers of a network read only a few rows at a time, once its norms are known.
fn can_paint_in_bands(network: &Network) -> bool {
    network
        .graph
        .nodes()
        .iter()
        .all(|node| !matches!(node.op, Op::Pool(_) | Op::Concat | Op::Mean | Op::Moments | Op::SampleMoments))
}

fn giga(n: u64) -> f64 {
    n as f64 / 1e9
}

/// Writes a model as one file.
pub(crate) fn import(args: &ModelsImport) -> Result {
    let output = match (&args.output, &args.name) {
        (Some(output), _) => output.clone(),
        (None, name) => {
            let file = imported::file(name.as_deref().unwrap_or_default()).map_err(|e| match e.kind() {
                impasto::ErrorKind::InvalidArgument => Failure::usage(e),
                _ => e.into(),
            })?;
            let folder = file.parent().unwrap_or(Path::new("."));
            std::fs::create_dir_all(folder).map_err(|e| Failure::failed(format!("cannot make {}: {e}", folder.display())))?;
            file
        }
    };
    if output.extension().is_none_or(|extension| !extension.eq_ignore_ascii_case("safetensors")) {
        return Err(Failure::usage(format!("{}: the name of the output must end in .safetensors", output.display())));
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
