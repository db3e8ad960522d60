//! Damaged and malicious files. Readers return an error or valid arrays. They never panic, and never take more memory
//! than a small multiple of the file's size.

mod common;
mod weights_support;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard};

use impasto::weights::safetensors::{self, Precision};
use impasto::weights::{Tensor, Weights, onnx, saved_model, tfjs, tflite};
use peak_alloc::PeakAlloc;
use weights_support::bundle::{self, OBJECT_GRAPH, PLAIN, SNAPPY, Variable, value_key};
use weights_support::flatbuffer::{self, Constant};
use weights_support::onnx as built;
use weights_support::{Failures, Rng};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Memory is counted for the whole process, so tests run one at a time. Call this in a test's first line.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(|e| e.into_inner())
}

/// The most memory that may be allocated for a file of `len` bytes: the arrays (at most 8 bytes per byte), intermediate
/// copies, tables of positions, and above all an index of compressed keys with common prefixes. A reader that trusts a
/// count or size in the file exceeds it by far.
fn allowed(len: usize) -> usize {
    64 * len + (1 << 16)
}

type Reader<'a> = &'a dyn Fn(&[u8]) -> impasto::Result<Weights>;

/// Reads the file whole, truncated, with flipped bits and with overwritten bytes.
fn torment(case: &str, file: &[u8], flips: usize, read: Reader<'_>) {
    let mut failures = Failures::default();
    if let Err(e) = read(file) {
        failures.add(format!("{case}: the whole file is refused: {e}"));
    }
    // At every 64th, and everywhere near both ends, where headers and footers are.
    let ends = (0..file.len().min(80)).flat_map(|i| [i, file.len() - 1 - i]);
    for len in (0..64).map(|i| file.len() * i / 64).chain(ends) {
        attempt(&format!("{case} truncated to {len}"), &file[..len], read, &mut failures);
    }
    let mut rng = Rng(0x5eed);
    let mut bytes = file.to_vec();
    for round in 0..flips {
        // Half of the damage goes to the first and last kilobyte, where most formats have their structure.
        let span = file.len().min(1024);
        let at = match round % 4 {
            0 => rng.below(span),
            1 => file.len() - 1 - rng.below(span),
            _ => rng.below(file.len()),
        };
        let kept = bytes[at..file.len().min(at + 8)].to_vec();
        match rng.below(6) {
            0 => bytes[at] ^= 1 << rng.below(8),
            1 => bytes[at] = rng.next() as u8,
            // Counts and offsets: zero, huge, negative, just beyond the end.
            choice => {
                let value: u32 = [0, u32::MAX, 0x8000_0000, file.len() as u32 + 1][choice - 2];
                for (byte, new) in bytes[at..].iter_mut().zip(value.to_le_bytes()) {
                    *byte = new;
                }
            }
        }
        attempt(&format!("{case} damaged at {at} (round {round})"), &bytes, read, &mut failures);
        bytes[at..at + kept.len()].copy_from_slice(&kept);
    }
}

fn attempt(case: &str, bytes: &[u8], read: Reader<'_>, failures: &mut Failures) {
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    let result = catch_unwind(AssertUnwindSafe(|| read(bytes)));
    let peak = MEMORY.peak_usage().saturating_sub(before);
    match result {
        Err(_) => failures.add(format!("{case}: panicked")),
        Ok(Ok(weights)) => {
            if weights.iter().any(|(_, tensor)| tensor.data().iter().any(|v| !v.is_finite())) {
                failures.add(format!("{case}: a NaN or infinity was let through"));
            }
        }
        Ok(Err(e)) => {
            if e.to_string().contains('\n') || e.to_string().len() > 1000 {
                failures.add(format!("{case}: not one readable line: {e}"));
            }
        }
    }
    if peak > allowed(bytes.len()) {
        failures.add(format!("{case}: {peak} bytes of memory for a file of {}", bytes.len()));
    }
}

fn ramp(n: usize) -> Vec<f32> {
    (0..n).map(|i| i as f32 / 8.0 - 3.0).collect()
}

#[test]
fn tflite_files() {
    let _alone = alone();
    let float = Constant {
        name: "layer/weights",
        shape: vec![2, 3, 4],
        bytes: ramp(24).iter().flat_map(|v| v.to_le_bytes()).collect(),
        ..Constant::default()
    };
    let int8 = Constant {
        name: "int8",
        kind: 9,
        shape: vec![3, 5],
        bytes: vec![200; 15],
        scales: vec![0.5; 5],
        axis: 1,
        ..float.clone()
    };
    let int32 = Constant {
        name: "int32",
        kind: 2,
        shape: vec![3],
        bytes: vec![1; 12],
        scales: vec![0.5],
        zeros: vec![3],
        ..float.clone()
    };
    let half = Constant { name: "half", kind: 1, shape: vec![8], bytes: vec![0x11; 16], ..float.clone() };
    torment("tflite", &flatbuffer::model(&[float, int8, int32, half]), 20_000, &tflite::read);
    if let Some(path) = common::shared("models/magenta-tflite/style_transfer_f16_384.tflite") {
        torment("real tflite", &std::fs::read(path).unwrap(), 600, &tflite::read);
    }
}

/// Many arrays that share the bytes of one: the file is small, but its arrays are not.
#[test]
fn arrays_that_share_bytes() {
    let _alone = alone();
    let names: Vec<&'static str> = (0..500).map(|i| &*String::leak(format!("w{i}"))).collect();
    let mut constants: Vec<_> = names.iter().map(|name| Constant { name, ..Constant::default() }).collect();
    constants[0].shape = vec![1 << 16];
    constants[0].bytes = vec![0; 1 << 18];
    for constant in &mut constants[1..] {
        constant.shape = vec![1 << 16];
        constant.bytes = vec![0; 4];
    }
    let mut file = flatbuffer::model(&constants);
    for tensor in 1..500 {
        let place = flatbuffer::buffer_field(&file, tensor);
        file[place..place + 4].copy_from_slice(&1u32.to_le_bytes());
    }
    let mut failures = Failures::default();
    attempt("shared bytes", &file, &tflite::read, &mut failures);
    failures.expect_error("shared bytes", tflite::read(&file), &["far more memory"]);
}

#[test]
fn tfjs_models() {
    let _alone = alone();
    let json = r#"{"format": "graph-model", "weightsManifest": [{"paths": ["a"], "weights": [
        {"name": "layer/weights", "shape": [2, 3, 4], "dtype": "float32"}, {"name": "axes", "shape": [2], "dtype": "int32"},
        {"name": "u8", "shape": [9], "dtype": "float32", "quantization": {"dtype": "uint8", "scale": 0.5, "min": -1.5}},
        {"name": "f16", "shape": [2], "dtype": "float32", "quantization": {"dtype": "float16"}}]}]}"#;
    let shard: Vec<u8> = ramp(24).iter().flat_map(|v| v.to_le_bytes()).chain([1; 8 + 9 + 4]).collect();
    torment("model.json", json.as_bytes(), 20_000, &|json| tfjs::read(json, |_| Ok(shard.clone())));
    torment("shard", &shard, 2_000, &|shard| tfjs::read(json.as_bytes(), |_| Ok(shard.to_vec())));
    // Nested deeper than any stack.
    let mut failures = Failures::default();
    for open in ["[", "{\"a\":"] {
        for start in ["", "{\"modelTopology\":", "{\"weightsManifest\":"] {
            let deep = format!("{start}{}", open.repeat(1 << 20));
            attempt("deep", deep.as_bytes(), &|json| tfjs::read(json, |_| Ok(Vec::new())), &mut failures);
            assert!(tfjs::read(deep.as_bytes(), |_| Ok(Vec::new())).is_err());
        }
    }
}

#[test]
fn bundles() {
    let _alone = alone();
    let mut variables = BTreeMap::new();
    for i in 0..12 {
        variables.insert(value_key(&format!("variables/{i}")), Variable::floats(&[2, 3], &ramp(6), i % 2));
    }
    let names: Vec<_> = variables.keys().map(|key| (key.clone(), format!("scope/{key}"))).collect();
    let names: Vec<_> = names.iter().map(|(key, name)| (key.clone(), name.as_str())).collect();
    let graph = bundle::object_graph(&names);
    variables.insert(OBJECT_GRAPH.into(), Variable::string(&graph, 1));
    for style in [SNAPPY, PLAIN] {
        let files = bundle::build(&variables, 2, style);
        let shards = files.shard_slices();
        torment("index", &files.index, 10_000, &|index| saved_model::read(index, &shards, None));
        torment("data", &files.shards[1], 2_000, &|data| saved_model::read(&files.index, &[shards[0], data], None));
    }
    // Checksums stop most damage early. To test what comes after them, recompute them.
    torment("object graph", &graph, 10_000, &|graph| {
        let mut variables = variables.clone();
        variables.insert(OBJECT_GRAPH.into(), Variable::string(graph, 1));
        let files = bundle::build(&variables, 2, PLAIN);
        saved_model::read(&files.index, &files.shard_slices(), None)
    });
    variables.insert(OBJECT_GRAPH.into(), Variable::string(b"", 1));
    let locals: Vec<_> = (0..12).map(|i| i.to_string()).collect();
    let locals: Vec<_> = locals.iter().map(|local| (local.as_str(), local.as_str())).collect();
    let files = bundle::build(&variables, 2, PLAIN);
    let saved = bundle::saved_model("variables", &locals);
    torment("saved_model.pb", &saved, 10_000, &|pb| saved_model::read(&files.index, &files.shard_slices(), Some(pb)));
    let entries =
        [(vec![], vec![0x08, 1]), (b"key".to_vec(), vec![0x08, 1, 0x12, 4, 0x12, 2, 0x08, 2, 0x28, 8, 0x35, 1, 2, 3, 4])];
    torment_values(&entries);
    if let Some(path) = common::shared("models/magenta-hub") {
        let index = std::fs::read(path.join("variables/variables.index")).unwrap();
        let data = std::fs::read(path.join("variables/variables.data-00001-of-00002")).unwrap();
        let saved = std::fs::read(path.join("saved_model.pb")).unwrap();
        let mut failures = Failures::default();
        let mut rng = Rng(3);
        for round in 0..60 {
            let mut bytes = saved.clone();
            let at = rng.below(bytes.len());
            bytes[at] ^= 1 << rng.below(8);
            let case = format!("real saved_model.pb damaged at {at} (round {round})");
            // The large data file is not there, so this always ends in an error.
            attempt(&case, &bytes, &|pb| saved_model::read(&index, &[&[], &data], Some(pb)), &mut failures);
        }
    }
}

/// Damages the index entries of variables, with recomputed checksums.
fn torment_values(entries: &[(Vec<u8>, Vec<u8>)]) {
    let mut failures = Failures::default();
    let mut rng = Rng(11);
    for round in 0..20_000 {
        let mut entries = entries.to_vec();
        let which = rng.below(entries.len());
        let value = &mut entries[which].1;
        let at = rng.below(value.len());
        value[at] = rng.next() as u8;
        let index = bundle::table(&entries, PLAIN);
        attempt(
            &format!("value {which} damaged (round {round})"),
            &index,
            &|i| saved_model::read(i, &[&[0; 64]], None),
            &mut failures,
        );
    }
}

/// A few bytes of snappy that claim to be much more, and a few that really expand.
#[test]
fn compressed_bombs() {
    let _alone = alone();
    let mut failures = Failures::default();
    for claim in [u64::from(u32::MAX), 1 << 30, 1 << 20] {
        let mut block = Vec::new();
        bundle::varint(&mut block, claim);
        block.extend([0, b'x', 0xfe, 1, 0]);
        let file = bundle::table_of_block(&block);
        attempt("claim", &file, &|index| saved_model::read(index, &[&[]], None), &mut failures);
        failures.expect_error("claim", saved_model::read(&file, &[&[]], None), &["decompress"]);
    }
    // Keys of 4000 bytes, each of which takes a few bytes in the file.
    let mut entries = vec![(vec![], vec![0x08, 1])];
    entries
        .extend((0..4000u32).map(|i| ([vec![b'k'; 4000], i.to_be_bytes().map(|b| b & 0x7f).to_vec()].concat(), vec![0x08, 1])));
    entries.sort();
    entries.dedup();
    let file = bundle::table(&entries, bundle::Style { block: usize::MAX, ..SNAPPY });
    attempt("long keys", &file, &|index| saved_model::read(index, &[&[]], None), &mut failures);
    failures.expect_error("long keys", saved_model::read(&file, &[&[]], None), &["far more memory"]);
}

#[test]
fn safetensors_files() {
    let _alone = alone();
    let mut weights = Weights::new();
    weights.insert("layer/weights", Tensor::new([2, 3, 4], ramp(24)).unwrap());
    weights.insert("layer/bias", Tensor::new([4], ramp(4)).unwrap());
    weights.metadata.insert("licence".into(), "MIT".into());
    for precision in [Precision::F32, Precision::F16] {
        let file = safetensors::to_bytes(&weights, precision).unwrap();
        torment("safetensors", &file, 20_000, &safetensors::read);
    }
}

#[test]
fn onnx_files() {
    let _alone = alone();
    let nodes = [
        built::node("Pad", &["x"], "p", &[built::text("mode", "reflect")]),
        built::node("DequantizeLinear", &["q", "s", "z"], "q_dequant", &[built::integer("axis", 1)]),
        built::node("Conv", &["p", "w"], "y", &[]),
    ];
    let list: Vec<u8> = ramp(4).iter().flat_map(|v| v.to_le_bytes()).collect();
    let tensors = [
        built::tensor("w", 1, &[2, 3, 2, 2], &built::raw(&ramp(24))),
        built::tensor("list", 1, &[4], &built::bytes(4, &list)),
        built::tensor("bits", 10, &[3], &built::bytes(5, &[1, 2, 3])),
        built::tensor("q", 3, &[2, 3], &built::bytes(9, &[7; 6])),
        built::tensor("s", 1, &[3], &built::raw(&ramp(3))),
        built::tensor("z", 3, &[3], &built::bytes(9, &[1; 3])),
    ];
    torment("onnx", &built::model(&nodes, &tensors), 20_000, &onnx::read);
    if let Some(path) = common::shared("models/magenta-onnx/arbitrary_transform.onnx") {
        torment("real onnx", &std::fs::read(path).unwrap(), 300, &onnx::read);
    }
    // One small array that many operators convert to floats, and as many operators and tensors as fit into a file.
    let mut failures = Failures::default();
    let tensors =
        [built::tensor("q", 3, &[1 << 16], &built::bytes(9, &[0; 1 << 16])), built::tensor("s", 1, &[], &built::raw(&[1.0]))];
    let nodes: Vec<_> = (0..500).map(|i| built::node("DequantizeLinear", &["q", "s"], &format!("w{i}"), &[])).collect();
    let file = built::model(&nodes, &tensors);
    attempt("shared bytes", &file, &onnx::read, &mut failures);
    failures.expect_error("shared bytes", onnx::read(&file), &["far more memory"]);
    let many = vec![built::node("a", &[], "", &[]); 70_000];
    attempt("operators", &built::model(&many, &[]), &onnx::read, &mut failures);
    failures.expect_error("operators", onnx::read(&built::model(&many, &[])), &["more than 65536"]);
    let few = vec![built::bytes(4, b"a"); 60_000];
    attempt("short operators", &built::model(&few, &[]), &onnx::read, &mut failures);
    let tensors: Vec<_> = (0..60_000).map(|i| built::bytes(8, format!("{i:x}").as_bytes())).collect();
    attempt("short tensors", &built::model(&[], &tensors), &onnx::read, &mut failures);
    let axes = built::tensor("w", 1, &[1; 5000], &[]);
    attempt("axes", &built::model(&[], &[axes]), &onnx::read, &mut failures);
}
