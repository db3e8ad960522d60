//! Formats measurements as tables and as JSON.

use std::fmt::Write;
use std::time::Duration;

use impasto::engine::Isa;
use serde_json::{Value, json};

use super::measure::{Layer, Timing};
use crate::memory;
use impasto::Size;

/// The peak speed of the machine.
pub(super) struct Peak {
    pub(super) threads: usize,
    /// Multiply-accumulates per second.
    pub(super) per_second: f64,
}

/// One network at one size with one number of threads.
pub(super) struct Entry {
    pub(super) network: String,
    pub(super) size: Size,
    pub(super) threads: usize,
    pub(super) timing: Timing,
    /// The peak at this number of threads, in multiply-accumulates per second.
    pub(super) peak: f64,
    /// Bytes that the program planned to take.
    pub(super) planned: u64,
    /// Most bytes that the process had, if the system tells.
    pub(super) resident: Option<u64>,
}

/// Floating-point operations of a multiply-accumulate.
const OPERATIONS: f64 = 2.0;

impl Entry {
    /// Counts as if every convolution were computed directly.
    fn gigaflops(&self) -> f64 {
        rate(self.timing.multiply_accumulates(), self.timing.best())
    }

    /// Returns the seconds that the products take at the machine's peak.
    fn limit(&self) -> f64 {
        self.timing.products() as f64 / self.peak
    }

    fn fraction(&self) -> f64 {
        self.limit() / self.timing.best().as_secs_f64()
    }
}

fn rate(multiply_accumulates: u64, time: Duration) -> f64 {
    OPERATIONS * multiply_accumulates as f64 / time.as_secs_f64() / 1e9
}

/// Returns tables for people.
pub(super) fn text(isa: Isa, peaks: &[Peak], entries: &[Entry], layers: bool) -> String {
    let mut out = String::new();
    for peak in peaks {
        let gigaflops = OPERATIONS * peak.per_second / 1e9;
        let _ = writeln!(out, "matrix-product peak, {isa}, {}: {gigaflops:.1} GFLOP/s", threads(peak.threads));
    }
    let heading =
        ["network", "size", "threads", "min s", "median s", "GMAC", "GFLOP/s", "limit s", "of limit", "planned", "resident"];
    let mut lines = vec![heading.map(str::to_owned).to_vec()];
    lines.extend(entries.iter().map(|entry| {
        vec![
            entry.network.clone(),
            entry.size.to_string(),
            entry.threads.to_string(),
            format!("{:.4}", entry.timing.best().as_secs_f64()),
            format!("{:.4}", entry.timing.median().as_secs_f64()),
            format!("{:.2}", giga(entry.timing.multiply_accumulates())),
            format!("{:.1}", entry.gigaflops()),
            format!("{:.4}", entry.limit()),
            format!("{:.0} %", entry.fraction() * 100.0),
            memory::human(entry.planned),
            entry.resident.map_or_else(|| "?".into(), memory::human),
        ]
    }));
    out.push('\n');
    table(&mut out, &lines, 1);
    out.push_str(
        "\nGMAC and GFLOP/s count convolutions as if computed directly; the limit is the time of the products that are \
         really computed, at the matrix-product peak.\n",
    );
    if layers {
        entries.iter().for_each(|entry| layer_table(&mut out, entry));
    }
    out
}

fn threads(n: usize) -> String {
    if n == 1 { "1 thread".into() } else { format!("{n} threads") }
}

fn layer_table(out: &mut String, entry: &Entry) {
    let _ = writeln!(out, "\n{} {}, {}", entry.network, entry.size, threads(entry.threads));
    let heading = ["layer", "kernel", "output", "ms", "share", "GMAC", "GFLOP/s", "of peak"];
    let mut lines = vec![heading.map(str::to_owned).to_vec()];
    let sum: f64 = entry.timing.layers.iter().map(|layer| layer.best.as_secs_f64()).sum();
    lines.extend(entry.timing.layers.iter().map(|layer| layer_line(layer, sum, entry.peak)));
    lines.push(["all", "", "", &format!("{:.2}", sum * 1e3)].map(str::to_owned).to_vec());
    table(out, &lines, 3);
}

fn layer_line(layer: &Layer, sum: f64, peak: f64) -> Vec<String> {
    let seconds = layer.best.as_secs_f64();
    let mut line = vec![
        layer.name.clone(),
        layer.kernel.unwrap_or_default().to_owned(),
        layer.output.to_string(),
        format!("{:.2}", seconds * 1e3),
        format!("{:.1} %", 100.0 * seconds / sum),
    ];
    if layer.multiply_accumulates > 0 {
        line.push(format!("{:.3}", giga(layer.multiply_accumulates)));
        line.push(format!("{:.1}", rate(layer.multiply_accumulates, layer.best)));
        line.push(format!("{:.0} %", 100.0 * layer.products as f64 / seconds / peak));
    }
    line
}

fn giga(n: u64) -> f64 {
    n as f64 / 1e9
}

/// Writes aligned columns: the first `left` columns to the left, the others to the right.
fn table(out: &mut String, lines: &[Vec<String>], left: usize) {
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<_> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    for line in lines {
        let cells = line
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(column, (cell, &width))| if column < left { format!("{cell:width$}") } else { format!("{cell:>width$}") });
        let _ = writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}

/// Returns the same for programs.
pub(super) fn json(isa: Isa, peaks: &[Peak], entries: &[Entry], layers: bool) -> Value {
    let peaks = peaks.iter().map(|peak| json!({ "threads": peak.threads, "gflops": OPERATIONS * peak.per_second / 1e9 }));
    let entries = entries.iter().map(|entry| {
        let mut value = json!({
            "network": entry.network,
            "size": { "width": entry.size.width, "height": entry.size.height },
            "threads": entry.threads,
            "runs": entry.timing.runs.len(),
            "seconds": { "min": entry.timing.best().as_secs_f64(), "median": entry.timing.median().as_secs_f64() },
            "multiply_accumulates": entry.timing.multiply_accumulates(),
            "products": entry.timing.products(),
            "gflops": entry.gigaflops(),
            "limit_seconds": entry.limit(),
            "fraction_of_limit": entry.fraction(),
            "memory": { "planned": entry.planned, "resident": entry.resident },
        });
        if layers {
            let layers = entry.timing.layers.iter().map(|layer| {
                json!({
                    "name": layer.name,
                    "kernel": layer.kernel,
                    "output": { "height": layer.output.height, "width": layer.output.width, "channels": layer.output.channels },
                    "seconds": layer.best.as_secs_f64(),
                    "multiply_accumulates": layer.multiply_accumulates,
                    "products": layer.products,
                })
            });
            value["layers"] = layers.collect();
        }
        value
    });
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "isa": isa.to_string(),
        "product_peak": peaks.collect::<Vec<_>>(),
        "results": entries.collect::<Vec<_>>(),
    })
}
