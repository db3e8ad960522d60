//! Batches that are killed or interrupted at any moment.
#![cfg(target_os = "linux")]

use crate::common;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{Workshop, stderr};
use serde_json::Value;

const COUNT: usize = 200;

/// A workshop with many small, different pictures in `in/`.
fn workshop() -> Workshop {
    // Painted in bands: the temporary file exists during the whole painting.
    let workshop = Workshop::with_native();
    workshop.fill(COUNT, [48, 40]);
    workshop
}

fn start(workshop: &Workshop, output: &str) -> Child {
    let arguments =
        ["stylize", "in", "-s", "style.png", "--model", "native.safetensors", "--resume", "--jobs", "2", "-o", output];
    workshop.impasto(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Returns names and bytes of everything in a folder: results and other files.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&path).unwrap())).collect()
}

/// Returns how often the manifest says that each output is done. The last line may be torn.
fn times_done(manifest: &[u8]) -> BTreeMap<String, usize> {
    let mut times = BTreeMap::new();
    for line in manifest.split(|&byte| byte == b'\n') {
        let Ok(record) = serde_json::from_slice::<Value>(line) else { continue };
        if record["state"] == "done" {
            *times.entry(record["output"].as_str().unwrap().to_owned()).or_default() += 1;
        }
    }
    times
}

/// Returns the results of an uninterrupted run, and how long it took.
fn reference(workshop: &Workshop) -> (BTreeMap<String, Vec<u8>>, Duration) {
    let begin = Instant::now();
    let output = start(workshop, "whole").wait_with_output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let mut whole = files(&workshop.path("whole"));
    whole.remove("impasto.jsonl").unwrap();
    assert_eq!(whole.len(), COUNT);
    (whole, begin.elapsed())
}

#[test]
fn kills_at_random_moments_lose_nothing_and_leave_no_partial_file() {
    let workshop = workshop();
    let (whole, took) = reference(&workshop);
    let out = workshop.path("out");
    // A linear congruential generator (Knuth's MMIX constants): different
    // moments for each kill, the same in every run of the test.
    let mut state = 2_026_u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / (1u64 << 31) as f64
    };
    let (mut kills, mut left_over) = (0, 0);
    for _ in 0..12 {
        let mut child = start(&workshop, "out");
        // Later runs have less to do.
        std::thread::sleep(took.mul_f64(random() * 0.2));
        if child.try_wait().unwrap().is_none() {
            child.kill().unwrap();
            kills += 1;
        }
        child.wait().unwrap();
        for (name, bytes) in files(&out) {
            match name.as_str() {
                "impasto.jsonl" => {}
                // It is not a picture by its name, and the next run removes it.
                _ if name.starts_with(".impasto-") && name.ends_with(".part") => left_over += 1,
                _ => assert!(whole.get(&name) == Some(&bytes), "{name} is not what an uninterrupted run makes"),
            }
        }
    }
    assert!(kills >= 4, "only {kills} runs were killed: the pictures are too few or too small");
    let before = times_done(&std::fs::read(out.join("impasto.jsonl")).unwrap());
    let output = start(&workshop, "out").wait_with_output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let mut after = files(&out);
    let times = times_done(&after.remove("impasto.jsonl").unwrap());
    assert!(after == whole, "not all {COUNT} pictures, or others besides: {:?}", after.keys());
    assert_eq!(times.len(), COUNT);
    // Nothing in the manifest was done again, and every picture has a line.
    assert!(times.values().all(|&count| count == 1), "{times:?}");
    assert!(stderr(&output).contains(&format!("{} of {COUNT} pictures", COUNT - before.len())), "{}", stderr(&output));
    eprintln!("{kills} kills, {left_over} temporary files left by them, {} pictures left for the last run", COUNT - before.len());
}

#[test]
fn ctrl_c_ends_a_batch_cleanly_and_says_how_to_go_on() {
    let workshop = workshop();
    let (whole, took) = reference(&workshop);
    for (signal, out) in [("-INT", "a"), ("-TERM", "b")] {
        let child = start(&workshop, out);
        // Some pictures are there, but not all.
        let (deadline, folder) = (Instant::now() + took * 20 + Duration::from_secs(20), workshop.path(out));
        while std::fs::read_dir(&folder).map_or(0, Iterator::count) < 7 {
            assert!(Instant::now() < deadline, "nothing was painted");
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(130), "{said}");
        assert!(said.contains("--resume") && said.contains(&format!("of {COUNT} pictures left")), "{said}");
        let mut painted = files(&folder);
        let times = times_done(&painted.remove("impasto.jsonl").unwrap());
        assert!(painted.iter().all(|(name, bytes)| whole.get(name) == Some(bytes)), "{signal}: {:?}", painted.keys());
        assert_eq!(times.keys().collect::<Vec<_>>(), painted.keys().collect::<Vec<_>>(), "{signal}: manifest and folder");
        assert!(painted.len() < COUNT, "{signal}: it was done before the signal came");
        let output = start(&workshop, out).wait_with_output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        let mut painted = files(&folder);
        painted.remove("impasto.jsonl");
        assert!(painted == whole);
    }
}
