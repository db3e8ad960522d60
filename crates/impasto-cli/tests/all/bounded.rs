//! Painting in bounded memory.

use crate::common;

use common::{Workshop, complaints, gradient, open, stderr};
use impasto::picture::{EncodeOptions, Format, SaveOptions};

#[test]
fn files_written_in_bands_are_those_of_the_whole() {
    let workshop = Workshop::with_native();
    let alpha = (0..67 * 93).map(|i| (i % 5) as f32 / 4.0).collect();
    workshop.save("alpha.png", &gradient(67, 93).with_alpha(alpha).unwrap());
    let deep = SaveOptions::default().encode(EncodeOptions::default().depth(impasto::picture::Depth::Sixteen));
    gradient(67, 93).save(workshop.path("deep.png"), &deep).unwrap();
    for content in ["content.png", "alpha.png", "deep.png"] {
        for (out, whole) in [("a.png", "b.png"), ("a.jpg", "b.jpg"), ("a.tif", "b.tif"), ("a.webp", "b.webp")] {
            let arguments = ["stylize", content, "-s", "style.png", "--model", "native.safetensors", "--force", "-o"];
            let banded = workshop.run(&[&arguments[..], &[out]].concat());
            assert!(banded.status.success(), "{content} to {out}: {}", stderr(&banded));
            // A figure needs the result in memory.
            let in_memory = workshop.run(&[&arguments[..], &[whole, "--figure", "figure.png"]].concat());
            assert!(in_memory.status.success(), "{content} to {whole}: {}", stderr(&in_memory));
            let [a, b] = [out, whole].map(|name| std::fs::read(workshop.path(name)).unwrap());
            assert!(a == b, "{content} to {out}: other bytes in bands");
        }
    }
    assert_eq!(open(workshop.path("a.png")).source().bit_depth, 16);
    // Standard output gets the same file.
    let piped = workshop.run(&["stylize", "content.png", "-s", "style.png", "--model", "native.safetensors", "-o", "-"]);
    let named = workshop.run(&["stylize", "content.png", "-s", "style.png", "--model", "native.safetensors", "-o", "c.png"]);
    assert!(named.status.success() && piped.stdout == std::fs::read(workshop.path("c.png")).unwrap());
}

#[test]
fn a_ceiling_that_is_too_low_is_refused_and_one_that_fits_is_kept() {
    let workshop = Workshop::with_native();
    workshop.write("large.png", &gradient(2000, 1500).encode(Format::Png, &EncodeOptions::default()).unwrap().bytes);
    let arguments = ["stylize", "large.png", "-s", "style.png", "--model", "native.safetensors", "-o", "out.png", "--max-memory"];
    let refused = workshop.run(&[&arguments[..], &["4M"]].concat());
    assert_eq!(complaints(&refused, 1, &["2000×1500", "--max-memory", "4.0 MiB"]), [""; 0]);
    assert!(!workshop.path("out.png").exists());
    // A picture that does not fit is not even decoded: this file ends after its header.
    let deep = EncodeOptions::default().depth(impasto::picture::Depth::Sixteen);
    let bytes = gradient(2000, 1500).encode(Format::Png, &deep).unwrap().bytes;
    workshop.write("cut.png", &bytes[..200]);
    let cut = ["stylize", "cut.png", "-s", "style.png", "--model", "native.safetensors", "-o", "out.png", "--max-memory"];
    for (ceiling, words) in
        [("15M", ["cut.png", "17.2 MiB", "15.0 MiB"]), ("20M", ["cut.png", "stops before the end", "picture"])]
    {
        let refused = workshop.run(&[&cut[..], &[ceiling]].concat());
        assert_eq!(complaints(&refused, 1, &words), [""; 0], "{ceiling}");
    }
    let painted = workshop.run(&[&arguments[..], &["80M", "--json"]].concat());
    assert!(painted.status.success(), "{}", stderr(&painted));
    let report: serde_json::Value = serde_json::from_slice(&painted.stdout).unwrap();
    let planned = report["memory"]["planned"].as_u64().unwrap();
    assert!(planned <= 80 << 20, "{planned}");
    // In one piece, it would be twice that.
    if let Some(peak) = report["memory"]["peak"].as_u64() {
        assert!(peak <= 80 << 20, "{peak} bytes at the peak");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn ends_from_outside_leave_no_half_file() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};
    let workshop = Workshop::with_native();
    workshop.save("large.png", &gradient(6000, 4000));
    let before = workshop.files();
    for (name, out) in [("-INT", "out.png"), ("-TERM", "out.jpg"), ("-INT", "out.tif")] {
        let arguments = ["stylize", "large.png", "-s", "style.png", "-o", out, "--model", "native.safetensors", "--threads", "5"];
        let child = workshop.impasto(&arguments).stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        // The main thread, the one that waits for signals, those of the engine, and the encoder's.
        let (deadline, tasks) = (Instant::now() + Duration::from_secs(120), format!("/proc/{}/task", child.id()));
        while std::fs::read_dir(&tasks).map_or(0, Iterator::count) < 8 {
            assert!(Instant::now() < deadline, "the painting did not start");
            std::thread::sleep(Duration::from_millis(2));
        }
        assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(complaints(&output, 130, &["interrupted"]), [""; 0], "{out}");
        assert_eq!(workshop.files(), before, "{out}");
    }
    // A test cannot fill the disk. A limit on file sizes comes closest: writing fails in the middle of the file.
    for out in ["out.png", "out.jpg", "out.tif", "out.webp"] {
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -f 1; trap '' XFSZ; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_impasto")]);
        command.args(["stylize", "content.png", "-s", "style.png", "-o", out, "--model", "native.safetensors"]);
        let output = command.current_dir(workshop.folder.path()).output().unwrap();
        assert_eq!(complaints(&output, 1, &[out, "File too large"]), [""; 0]);
        assert_eq!(workshop.files(), before, "{out}");
    }
    let arguments = ["stylize", "content.png", "-s", "style.png", "--format", "png", "--model", "native.safetensors", "-o"];
    let device = workshop.run(&[&arguments[..], &["/dev/full"]].concat());
    assert_eq!(complaints(&device, 1, &["/dev/full", "No space left"]), [""; 0]);
    assert!(workshop.run(&[&arguments[..], &["/dev/null"]].concat()).status.success());
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = workshop.impasto(&[&arguments[..], &["-"]].concat()).stdout(full).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(complaints(&output, 1, &["standard output", "No space left"]), [""; 0]);
}

/// If memory is short, the program prints a line, and no signal kills it.
#[test]
#[cfg(target_os = "linux")]
fn a_small_address_space_is_told() {
    let workshop = Workshop::with_native();
    let mut worst = Vec::new();
    for model in ["native.safetensors", "model.safetensors"] {
        for (kilobytes, given) in
            [(40_000, ""), (170_000, ""), (200_000, ""), (300_000, ""), (300_000, "--max-memory=8G"), (2_000_000, "")]
        {
            let script = format!("ulimit -v {kilobytes}; exec \"$0\" \"$@\" {given}");
            let mut command = std::process::Command::new("sh");
            command.args(["-c", &script, env!("CARGO_BIN_EXE_impasto")]).current_dir(workshop.folder.path());
            command.args([
                "stylize",
                "content.png",
                "-s",
                "style.png",
                "--threads",
                "4",
                "--force",
                "-o",
                "out.png",
                "--model",
                model,
            ]);
            let output = command.output().unwrap();
            match output.status.code() {
                Some(0) if kilobytes > 40_000 => {}
                _ if kilobytes == 40_000 => worst.extend(complaints(&output, 1, &["39 MiB", "ulimit -v", "at least"])),
                _ => worst.extend(complaints(&output, 1, &[])),
            }
            assert!(kilobytes < 2_000_000 || output.status.success(), "{}", stderr(&output));
        }
    }
    assert_eq!(worst, [""; 0]);
}
