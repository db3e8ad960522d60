//! Describes published and downloaded models, as text and as JSON.

use std::fmt::Write;

use impasto_models::registry::Role;
use impasto_models::{Cached, Entry, Models};
use serde_json::{Value, json};

use crate::memory;

/// Describes a model of the registry.
pub(super) fn describe_entry(out: &mut String, entry: &Entry) {
    let size = entry.bytes().map_or_else(|| "not known".to_owned(), memory::human);
    let facts = [
        ("what", entry.title.clone()),
        ("used for", used_for(entry.role)),
        ("good for", entry.good_for.clone()),
        ("size", size),
        ("license", terms(&entry.licence, entry.non_commercial)),
        ("source", entry.source.clone()),
        ("known", entry.trust()),
    ];
    describe(out, &entry.name, &facts);
}

/// Describes a model in the cache.
pub(super) fn describe_cached(out: &mut String, cached: &Cached) {
    let receipt = &cached.receipt;
    let facts = [
        ("what", receipt.title.clone()),
        ("used for", used_for(receipt.role)),
        ("folder", cached.folder().display().to_string()),
        ("size", memory::human(receipt.bytes())),
        ("license", terms(&receipt.licence, receipt.non_commercial)),
        ("source", receipt.source.clone()),
        ("known", receipt.trust()),
    ];
    describe(out, cached.name(), &facts);
}

fn describe(out: &mut String, name: &str, facts: &[(&str, String)]) {
    let _ = writeln!(out, "{name}");
    for (what, value) in facts.iter().filter(|(_, value)| !value.is_empty()) {
        let _ = writeln!(out, "  {what:15} {value}");
    }
}

/// Returns what a role means on the command line.
fn used_for(role: Role) -> String {
    match role {
        Role::Perceptual => "losses of `optimize`, `eval` and `styles learn`: --perceptual",
        _ => "painting: --model",
    }
    .to_owned()
}

fn terms(licence: &str, non_commercial: bool) -> String {
    if non_commercial { format!("{licence} (no commercial use)") } else { licence.to_owned() }
}

pub(super) fn entry_json(models: &Models, entry: &Entry) -> Value {
    let files = entry
        .files
        .iter()
        .map(|item| json!({ "name": item.name, "mirrors": item.mirrors, "bytes": item.bytes, "sha256": item.sha256 }));
    json!({
        "name": entry.name,
        "title": entry.title,
        "good_for": entry.good_for,
        "role": entry.role,
        "addresses": entry.addresses,
        "files": files.collect::<Vec<_>>(),
        "bytes": entry.bytes(),
        "licence": entry.licence,
        "non_commercial": entry.non_commercial,
        "source": entry.source,
        "known": entry.trust(),
        "downloaded": models.cached(entry).is_some(),
    })
}

pub(super) fn cached_json(cached: &Cached) -> Value {
    let receipt = &cached.receipt;
    json!({
        "name": receipt.name,
        "title": receipt.title,
        "role": receipt.role,
        "folder": cached.folder().to_string_lossy(),
        "bytes": receipt.bytes(),
        "licence": receipt.licence,
        "non_commercial": receipt.non_commercial,
        "source": receipt.source,
        "addresses": receipt.addresses,
        "known": receipt.trust(),
    })
}
