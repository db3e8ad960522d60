//! The reader of SavedModels and checkpoints, on the real TF-Hub index and on bundles written for the tests.

use crate::common;
use crate::weights_support;

use std::collections::BTreeMap;

use impasto::ErrorKind;
use impasto::weights::saved_model::{self, Entry};
use impasto::weights::{Format, Limits, Weights, load};
use weights_support::bundle::{self, Files, OBJECT_GRAPH, PLAIN, SNAPPY, Style, Variable, value_key};
use weights_support::{Failures, Rng, rows, shape};

/// The real module's index (snappy-compressed) and object graph, compared with a listing made by TensorFlow.
#[test]
fn real_index_names_every_variable() {
    let Some(folder) = common::shared("models/magenta-hub") else { return };
    check_listing(&saved_model::entries(&folder, &Limits::default()).unwrap());
}

/// If the bundle's own object graph is missing, `saved_model.pb` gives the same names.
#[test]
fn real_saved_model_knows_the_names_too() {
    let Some(folder) = common::shared("models/magenta-hub") else { return };
    let copy = tempfile::tempdir().unwrap();
    std::fs::create_dir(copy.path().join("variables")).unwrap();
    for file in ["saved_model.pb", "variables/variables.index"] {
        std::fs::copy(folder.join(file), copy.path().join(file)).unwrap();
    }
    check_listing(&saved_model::entries(copy.path(), &Limits::default()).unwrap());
}

fn check_listing(entries: &[Entry]) {
    let listing = rows(&common::shared("models/vars/tfhub_v2_savedmodel.tsv").unwrap());
    let found: BTreeMap<_, _> = entries.iter().map(|e| (e.key.as_str(), e)).collect();
    assert_eq!(found.len(), 509);
    let mut floats = 0;
    for row in &listing {
        let Some(entry) = found.get(row[1].as_str()) else { panic!("no {}", row[1]) };
        assert_eq!(entry.shard.to_string(), row[3], "{}", row[1]);
        assert_eq!(entry.offset.to_string(), row[4], "{}", row[1]);
        assert_eq!(entry.size.to_string(), row[5], "{}", row[1]);
        if entry.dtype == 1 {
            assert_eq!((&entry.name, &entry.shape), (&row[0], &shape(&row[2])));
            floats += 1;
        }
    }
    assert_eq!(floats, 507);
    let listing = rows(&common::shared("models/magenta-hub/VARIABLES.tsv").unwrap());
    let named =
        listing.iter().filter(|row| found.get(row[0].as_str()).is_some_and(|e| e.name == row[1] && e.shape == shape(&row[2])));
    assert_eq!(named.count(), 507);
}

#[test]
fn a_missing_data_file_is_named() {
    let Some(folder) = common::shared("models/magenta-hub") else { return };
    let error = load(&folder, &Limits::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    let text = error.to_string();
    assert!(text.contains("variables.data-00000-of-00002 is missing") && text.contains("magenta-hub"), "{text}");
}

/// Shapes and values by name.
type Arrays = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// Variables `0..n` of an object-based bundle in two data files, with names and random values.
fn object_based() -> (BTreeMap<String, Variable>, Arrays) {
    let mut rng = Rng(7);
    let mut variables = BTreeMap::new();
    let mut expected = BTreeMap::new();
    let names: Vec<_> = (0..40).map(|i| (value_key(&format!("variables/{i}")), format!("scope/layer{i}/weights"))).collect();
    for (i, (key, name)) in names.iter().enumerate() {
        let shape = [1 + rng.below(3), 1 + rng.below(4), i % 5];
        let data: Vec<f32> = (0..shape.iter().product()).map(|_| rng.next() as i32 as f32 / 1e9).collect();
        variables.insert(key.clone(), Variable::floats(&shape.map(|n| n as i64), &data, i % 2));
        expected.insert(name.clone(), (shape.to_vec(), data));
    }
    let names: Vec<_> = names.iter().map(|(key, name)| (key.clone(), name.as_str())).collect();
    variables.insert(value_key("save_counter"), Variable::new(9, &[], vec![1, 0, 0, 0, 0, 0, 0, 0], 1));
    variables.insert(OBJECT_GRAPH.into(), Variable::string(&bundle::object_graph(&names), 1));
    (variables, expected)
}

fn contents(weights: &Weights) -> Arrays {
    weights.iter().map(|(name, t)| (name.to_owned(), (t.shape().to_vec(), t.data().to_vec()))).collect()
}

#[test]
fn a_bundle_comes_back_as_it_was_written() {
    let (variables, expected) = object_based();
    let one_big_block = Style { block: usize::MAX, ..SNAPPY };
    for style in [SNAPPY, PLAIN, one_big_block] {
        let files = bundle::build(&variables, 2, style);
        assert_eq!(contents(&saved_model::read(&files.index, &files.shard_slices(), None).unwrap()), expected);
    }
    let folder = tempfile::tempdir().unwrap();
    let files = bundle::build(&variables, 2, SNAPPY);
    files.write(&folder.path().join("variables/variables"));
    std::fs::write(folder.path().join("saved_model.pb"), bundle::saved_model("variables", &[])).unwrap();
    let size: usize = files.index.len() + files.shards.iter().map(Vec::len).sum::<usize>();
    for path in ["", "saved_model.pb", "variables", "variables/variables.index"] {
        let loaded = load(&folder.path().join(path), &Limits::default()).unwrap();
        assert_eq!(loaded.format, Format::SavedModel, "{path}");
        assert!(loaded.bytes >= size as u64, "{path}");
        assert_eq!(contents(&loaded.weights), expected, "{path}");
    }
    std::fs::remove_file(folder.path().join("variables/variables.data-00001-of-00002")).unwrap();
    let text = load(folder.path(), &Limits::default()).unwrap_err().to_string();
    assert!(text.contains("variables.data-00001-of-00002 is missing"), "{text}");
}

#[test]
fn names_fall_back_to_saved_model_and_to_paths() {
    let one = |value: f32| Variable::floats(&[1], &[value], 0);
    let key = |i: &str| value_key(&format!("my..list/{i}"));
    // The graph names only the first; `saved_model.pb` names the second; nothing names the third.
    let mut variables = BTreeMap::from([(key("0"), one(0.0)), (key("a.Sb"), one(1.0)), (key("2"), one(2.0))]);
    variables.insert(OBJECT_GRAPH.into(), Variable::string(&bundle::object_graph(&[(key("0"), "first"), (key("2"), "")]), 0));
    let files = bundle::build(&variables, 1, PLAIN);
    let saved_model = bundle::saved_model("my.list", &[("0", "ignored"), ("a/b", "second"), ("9", "absent")]);
    let weights = saved_model::read(&files.index, &files.shard_slices(), Some(&saved_model)).unwrap();
    let names: Vec<_> = weights.iter().map(|(name, tensor)| (name, tensor.data()[0])).collect();
    assert_eq!(names, [("first", 0.0), ("my..list/2", 2.0), ("second", 1.0)]);
    // A name that two variables share is not used.
    let graph = bundle::object_graph(&[(key("0"), "kernel"), (key("a.Sb"), "kernel"), (key("2"), "bias")]);
    variables.insert(OBJECT_GRAPH.into(), Variable::string(&graph, 0));
    let files = bundle::build(&variables, 1, PLAIN);
    let weights = saved_model::read(&files.index, &files.shard_slices(), None).unwrap();
    assert_eq!(weights.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["bias", "my..list/0", "my..list/a.Sb"]);
}

#[test]
fn checkpoints_of_tensorflow_1() {
    let half = Variable::new(19, &[2], vec![0, 0x3c, 0, 0xc0], 0);
    let variables = BTreeMap::from([
        ("layer/weights".into(), Variable::floats(&[2, 1], &[1.5, -2.5], 0)),
        ("layer/half".into(), half),
        ("layer/bfloat16".into(), Variable::new(14, &[1], vec![0xc0, 0x3f], 0)),
        ("layer/double".into(), Variable::new(2, &[], 0.25f64.to_le_bytes().into(), 0)),
        ("global_step".into(), Variable::new(9, &[], vec![7, 0, 0, 0, 0, 0, 0, 0], 0)),
    ]);
    let folder = tempfile::tempdir().unwrap();
    bundle::build(&variables, 1, PLAIN).write(&folder.path().join("model.ckpt"));
    for path in ["model.ckpt", "model.ckpt.index", ""] {
        let loaded = load(&folder.path().join(path), &Limits::default()).unwrap();
        assert_eq!(loaded.format, Format::Checkpoint, "{path}");
        let found: Vec<_> = loaded.weights.iter().map(|(name, t)| (name, t.shape(), t.data())).collect();
        let expected: [(&str, &[usize], &[f32]); 4] = [
            ("layer/bfloat16", &[1], &[1.5]),
            ("layer/double", &[], &[0.25]),
            ("layer/half", &[2], &[1.0, -2.0]),
            ("layer/weights", &[2, 1], &[1.5, -2.5]),
        ];
        assert_eq!(found, expected, "{path}");
    }
}

#[test]
fn bad_bundles_say_why() {
    let mut failures = Failures::default();
    let good = Variable::floats(&[3], &[1.0, 2.0, 3.0], 0);
    let read = |files: &Files| saved_model::read(&files.index, &files.shard_slices(), None);
    let mut bad = |case: &str, change: &dyn Fn(&mut Variable), parts: &[&str]| {
        let mut changed = good.clone();
        change(&mut changed);
        let variables = BTreeMap::from([("v".into(), good.clone()), ("w".into(), changed)]);
        failures.expect_error(case, read(&bundle::build(&variables, 1, PLAIN)), parts);
    };
    bad("nan", &|v| *v = Variable::floats(&[1], &[f32::NAN], 0), &["\"w\"", "NaN"]);
    bad("infinite float64", &|v| *v = Variable::new(2, &[1], 1e300f64.to_le_bytes().into(), 0), &["\"w\"", "infinity"]);
    bad("checksum", &|v| v.checksum_lie = 1, &["\"w\"", "checksum"]);
    bad("beyond the end", &|v| v.offset_lie = 1, &["\"w\"", "data file 0 has 24"]);
    bad("negative offset", &|v| v.offset_lie = -24, &["\"w\"", "-12"]);
    bad("overflowing offset", &|v| v.offset_lie = i64::MAX - 12, &["\"w\"", "data file 0"]);
    bad("overlap", &|v| v.offset_lie = -4, &["\"w\"", "overlaps"]);
    bad("same place", &|v| v.offset_lie = -12, &["\"w\"", "overlaps"]);
    bad("size", &|v| v.size_lie = -4, &["\"w\"", "[3]", "8 bytes"]);
    bad("negative size", &|v| v.size_lie = -13, &["\"w\"", "-1"]);
    bad("huge size", &|v| v.size_lie = i64::MAX - 12, &["\"w\"", "data file 0"]);
    bad("negative axis length", &|v| v.shape = vec![-1], &["\"w\"", "-1"]);
    bad("huge shape", &|v| v.shape = vec![i64::MAX, i64::MAX], &["\"w\"", "impossible shape"]);
    bad("many axes", &|v| v.shape = vec![1; 9], &["\"w\"", "9 axes"]);
    bad("partitioned", &|v| v.partitioned = true, &["\"w\"", "several pieces"]);

    let variables = BTreeMap::from([("v".to_owned(), good.clone())]);
    let files = bundle::build(&variables, 1, PLAIN);
    failures.expect_error("two shards", saved_model::read(&files.index, &[&[], &[]], None), &["1 data files, but there are 2"]);
    failures.expect_error("empty shard", saved_model::read(&files.index, &[&[]], None), &["\"v\"", "data file 0 has 0"]);
    failures.expect_error("no index", saved_model::read(&[], &[&[]], None), &["LevelDB"]);
    let big = bundle::build(&variables, 1, Style { big_endian: true, ..PLAIN });
    failures.expect_error("big-endian", read(&big), &["big-endian"]);
    let mut damaged = files.clone();
    damaged.index[3] ^= 1;
    failures.expect_error("damaged index", read(&damaged), &["checksum"]);
    let headless = bundle::table(&[(b"v".into(), vec![])], PLAIN);
    failures.expect_error("no header", saved_model::read(&headless, &[&[]], None), &["header"]);
    let crowd = bundle::table(&[(vec![], vec![0x08, 0xff, 0xff, 0xff, 0xff, 0x07])], PLAIN);
    failures.expect_error("many shards", saved_model::read(&crowd, &[&[]], None), &["2147483647 data files"]);
    let unordered = bundle::table(&[(vec![], vec![0x08, 1]), (b"b".into(), vec![]), (b"a".into(), vec![])], PLAIN);
    failures.expect_error("unordered", saved_model::read(&unordered, &[&[]], None), &["not in order"]);
    for (case, content) in [("cut off", vec![0x0a, 0xff, 0x01, 1]), ("deep", vec![0x0b; 40]), ("overlong", vec![0xff; 11])] {
        let variables = BTreeMap::from([("v".to_owned(), good.clone()), (OBJECT_GRAPH.into(), Variable::string(&content, 0))]);
        failures.expect_error(case, read(&bundle::build(&variables, 1, PLAIN)), &[OBJECT_GRAPH]);
    }
    let graph = Variable { checksum_lie: 1, ..Variable::string(b"", 0) };
    let variables = BTreeMap::from([("v".to_owned(), good), (OBJECT_GRAPH.into(), graph)]);
    failures.expect_error("graph checksum", read(&bundle::build(&variables, 1, PLAIN)), &[OBJECT_GRAPH, "checksum"]);
}
