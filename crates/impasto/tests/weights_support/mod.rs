//! Small writers of the formats that the library only reads, and helpers that the tests of its readers share.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

pub mod bundle;
pub mod flatbuffer;
pub mod onnx;

use std::collections::BTreeMap;
use std::path::Path;

use impasto::weights::Weights;

/// SplitMix64: the same numbers on every run.
pub struct Rng(pub u64);

impl Rng {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
}

/// Rows of a tab-separated file, without its header line.
pub fn rows(path: &Path) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(path).unwrap();
    let rows: Vec<_> = text.lines().skip(1).map(|line| line.split('\t').map(str::to_owned).collect()).collect();
    assert!(rows.len() > 10, "{} is all but empty", path.display());
    rows
}

/// `[3, 3, 8, 16]` as text.
pub fn shape(text: &str) -> Vec<usize> {
    serde_json::from_str(text).unwrap()
}

/// Names and shapes.
pub fn shapes(weights: &Weights) -> BTreeMap<String, Vec<usize>> {
    weights.iter().map(|(name, tensor)| (name.to_owned(), tensor.shape().to_vec())).collect()
}

/// The sum of an array's absolute values, in float64.
pub fn sum_abs(data: &[f32]) -> f64 {
    data.iter().map(|v| f64::from(v.abs())).sum()
}

/// Checks an array's first value, last value and sum of absolute values against those that another program computed.
#[track_caller]
pub fn check_values(weights: &Weights, name: &str, first: f32, last: f32, sum: f64) {
    let data = weights.get(name).unwrap_or_else(|| panic!("no {name}")).data();
    assert_eq!((data[0], data[data.len() - 1]), (first, last), "{name}");
    assert!((sum_abs(data) / sum - 1.0).abs() < 1e-9, "{name}: {} is not {sum}", sum_abs(data));
}

/// Checks the sum of the absolute values of all arrays.
#[track_caller]
pub fn check_total(weights: &Weights, count: usize, sum: f64) {
    assert_eq!(weights.len(), count);
    let total: f64 = weights.iter().map(|(_, tensor)| sum_abs(tensor.data())).sum();
    assert!((total / sum - 1.0).abs() < 1e-9, "{total} is not {sum}");
}

/// Reports all failures of a table of cases at once.
#[derive(Default)]
pub struct Failures(Vec<String>);

impl Failures {
    pub fn add(&mut self, failure: impl Into<String>) {
        self.0.push(failure.into());
    }

    /// The result must be an error whose text contains all of `parts`.
    pub fn expect_error<T>(&mut self, case: &str, result: impasto::Result<T>, parts: &[&str]) {
        match result {
            Ok(_) => self.add(format!("{case}: no error")),
            Err(e) => {
                let text = e.to_string();
                for part in parts.iter().filter(|part| !text.contains(**part)) {
                    self.add(format!("{case}: {text:?} lacks {part:?}"));
                }
                if text.contains('\n') {
                    self.add(format!("{case}: more than one line: {text:?}"));
                }
            }
        }
    }
}

impl Drop for Failures {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert!(self.0.is_empty(), "{}", self.0.join("\n"));
        }
    }
}
