//! Prints the results as tables or JSON.

use std::fmt::Write as _;
use std::path::Path;

use impasto::Perceptual;
use impasto::eval::{LayerSource, Yardstick};
use serde_json::{Value, json};

use super::artefacts::COLUMNS;
use super::distances::Kind;
use super::{Subjects, artefacts, distances};
use crate::failure::Result;
use crate::talk;

/// Most characters of a name in a table. Of longer names, it has the end, which tells folders apart.
const NAME: usize = 34;

pub(super) fn print(
    subjects: &Subjects<'_>,
    yardstick: &Yardstick,
    networks: &[Perceptual],
    distances: &[distances::Row],
    artefacts: &[artefacts::Row],
) -> Result {
    if subjects.args.json {
        return talk::json(&json(subjects, yardstick, networks, distances, artefacts));
    }
    talk::data(tables(subjects.pairs.len(), distances, artefacts).as_bytes())
}

fn tables(pairs: usize, distances: &[distances::Row], artefacts: &[artefacts::Row]) -> String {
    let witnessed = distances.iter().any(|row| row.witness().is_some());
    let mut text = format!("{:NAME$} {:>8} {:>8} {:>8}", count(pairs), "style", "moments", "content");
    text.push_str(if witnessed { "  witness\n" } else { "\n" });
    for row in distances {
        let mean = row.mean();
        let _ = write!(text, "{:NAME$} {:8.3} {:8.3} {:8.3}", end(&row.name), mean.style, mean.moments, mean.content);
        if let Some(witness) = row.witness() {
            let _ = write!(text, " {witness:8.3}");
        }
        text.push('\n');
    }
    for columns in [0..7, 7..COLUMNS.len()] {
        let Some(first) = artefacts.first() else { break };
        let _ = write!(text, "\n{:NAME$}", count(first.pairs.len()));
        COLUMNS[columns.clone()].iter().for_each(|column| write!(text, " {column:>8}").unwrap_or_default());
        text.push('\n');
        for row in artefacts {
            let values = &row.mean()[columns.clone()];
            if values.iter().all(Option::is_none) {
                continue;
            }
            let _ = write!(text, "{:NAME$}", end(&row.name));
            for (value, column) in values.iter().zip(&COLUMNS[columns.clone()]) {
                let _ = match value {
                    Some(value) if *column == "banding" => write!(text, " {value:8.2}"),
                    Some(value) => write!(text, " {value:8.4}"),
                    None => write!(text, " {:>8}", "-"),
                };
            }
            text.push('\n');
        }
    }
    text
}

fn count(pairs: usize) -> String {
    if pairs == 1 { "1 pair".into() } else { format!("{pairs} pairs") }
}

fn end(name: &str) -> String {
    let length = name.chars().count();
    if length <= NAME { name.to_owned() } else { format!("…{}", name.chars().skip(length - NAME + 1).collect::<String>()) }
}

fn json(
    subjects: &Subjects<'_>,
    yardstick: &Yardstick,
    networks: &[Perceptual],
    distances: &[distances::Row],
    artefacts: &[artefacts::Row],
) -> Value {
    let args = subjects.args;
    let file_name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let pairs = subjects.pairs.iter().map(|pair| json!({ "content": file_name(&pair.content), "style": file_name(&pair.style) }));
    let layers = |layers: &[LayerSource]| -> Vec<Value> {
        layers.iter().map(|source| json!({ "layer": source.layer, "network": source.network })).collect()
    };
    let network = |(i, network): (usize, &Perceptual)| {
        json!({
            "path": args.perceptual.get(i).map(|path| path.display().to_string()),
            "architecture": network.architecture().to_string(),
            "source": network.source(),
        })
    };
    let distance_row = |row: &distances::Row| {
        let mean = row.mean();
        let kind = match row.kind {
            Kind::Control => "control",
            Kind::Model => "model",
            Kind::Learned => "learned",
            Kind::Outputs => "outputs",
        };
        json!({
            "name": row.name,
            "kind": kind,
            "style": mean.style,
            "moments": mean.moments,
            "content": mean.content,
            "witness": row.witness(),
            "pairs": row.pairs.iter().map(|d| json!([d.style, d.moments, d.content])).collect::<Vec<_>>(),
        })
    };
    let artefact_row = |row: &artefacts::Row| {
        let means = COLUMNS.iter().zip(row.mean()).map(|(column, value)| ((*column).replace(' ', ""), json!(value)));
        json!({
            "name": row.name,
            "mean": means.collect::<serde_json::Map<_, _>>(),
            "pairs": row.pairs.iter().map(|values| json!(values)).collect::<Vec<_>>(),
        })
    };
    json!({
        "impasto": env!("CARGO_PKG_VERSION"),
        "size": args.size,
        "seed": args.seed,
        "model": subjects.model.as_ref().map(|(name, stylizer)| json!({ "name": name, "family": stylizer.model().family.to_string() })),
        "perceptual": networks.iter().enumerate().map(network).collect::<Vec<_>>(),
        "style_layers": layers(yardstick.style_layers()),
        "content_layers": layers(yardstick.content_layers()),
        "pairs": pairs.collect::<Vec<_>>(),
        "distances": distances.iter().map(distance_row).collect::<Vec<_>>(),
        "artefacts": artefacts.iter().map(artefact_row).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use impasto::eval::Distances;

    use super::super::distances::{Kind, Row};
    use super::{COLUMNS, artefacts, end, tables};

    #[test]
    fn tables_have_a_row_for_each_subject() {
        let pair = |style| {
            let mut distances = Distances::default();
            (distances.style, distances.moments) = (style, 0.25);
            distances
        };
        let rows = [
            Row { name: "content itself".into(), kind: Kind::Control, pairs: vec![pair(1.0), pair(0.5)], seen: Vec::new() },
            Row {
                name: "a/very/long/path/to/some/folder/of/paintings".into(),
                kind: Kind::Outputs,
                pairs: vec![pair(0.5); 2],
                seen: vec![0.25; 2],
            },
        ];
        let mut values = [None; COLUMNS.len()];
        values[0] = Some(0.01);
        let artefacts = [artefacts::Row { name: "content itself".into(), pairs: vec![values] }];
        let text = tables(2, &rows, &artefacts);
        let words: Vec<Vec<_>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(words[0], ["2", "pairs", "style", "moments", "content", "witness"]);
        assert_eq!(words[1], ["content", "itself", "0.750", "0.250", "0.000"]);
        assert_eq!(words[2], ["…/path/to/some/folder/of/paintings", "0.500", "0.250", "0.000", "0.250"]);
        assert_eq!(words[4][..4], ["1", "pair", "lattice4", "repeat"]);
        assert_eq!(words[5], ["content", "itself", "0.0100", "-", "-", "-", "-", "-", "-"]);
        // The second table has no row for painters without any value in it.
        assert_eq!((words[7][2], words.len()), ("noise", 8));
        // Columns are aligned.
        assert!([0, 2].iter().all(|&line| text.lines().nth(line).unwrap().chars().count() == 34 + 4 * 9), "{text}");
        assert_eq!(end("short"), "short");
    }
}
