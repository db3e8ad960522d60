//! `impasto models`: what a file of weights holds, and other files from it.

use std::fmt::Write;
use std::path::Path;

use impasto::Model;
use impasto::networks::{Kind, Network};
use impasto::picture::Target;
use impasto::weights::safetensors::{self, Precision};
use serde_json::{Value, json};

use crate::cli::{ModelsImport, ModelsInfo};
use crate::failure::{Failure, Result};
use crate::values::Size;
use crate::{interrupt, memory, model, talk};

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
        "kind": match network.kind() { Kind::Predictor => "predictor", Kind::Transformer => "transformer" },
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
    if args.output.extension().is_none_or(|extension| !extension.eq_ignore_ascii_case("safetensors")) {
        return Err(Failure::usage(format!("{}: the file to write must end in .safetensors", args.output.display())));
    }
    let target = interrupt::while_writing(|| Ok(Target::new(&args.output, args.force)?))?;
    let model = model::open(&args.paths)?;
    let precision = if args.half { Precision::F16 } else { Precision::F32 };
    let bytes = safetensors::to_bytes(&model.to_weights(), precision)?;
    interrupt::while_writing(|| Ok(target.write(&bytes)?))?;
    args.loudness.loudness().detail(&wrote(&args.output, &model, bytes.len()));
    Ok(())
}

fn wrote(path: &Path, model: &Model, bytes: usize) -> String {
    let networks: Vec<_> = model.networks().map(|network| network.kind().name()).collect();
    format!("{}: {} of family {}, {}", path.display(), networks.join(" and "), model.family, memory::human(bytes as u64))
}
