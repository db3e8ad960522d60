//! Films when things go wrong: ffmpeg dies or lacks something, the disk is full, or frames are missing or far too
//! large. And sound, which must stay in step for a minute.

use crate::common;
use crate::video::{done, ffmpeg, has_ffmpeg, hashes, probe, video, workshop};

use std::io::Write as _;
use std::process::{Command, Output};

use common::{Workshop, complaints, gradient, stderr};

/// Asserts one line, this exit code and these words, and no file with the final name.
#[track_caller]
fn fails(workshop: &Workshop, output: &Output, code: i32, words: &[&str], result: &str) {
    let wrong = complaints(output, code, words);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(!workshop.path(result).exists(), "something is left as {result}");
}

/// Makes a folder `name` with the programs `ffmpeg` and `ffprobe`.
/// Before ffmpeg starts, `script` gets its arguments as `$*`.
#[cfg(unix)]
fn wrapped(workshop: &Workshop, name: &str, script: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::create_dir(workshop.path(name)).unwrap();
    for (program, script) in [("ffmpeg", script), ("ffprobe", "")] {
        let path = format!("{name}/{program}");
        workshop.write(&path, format!("#!/bin/sh\n{script}\nexec {program} \"$@\"\n").as_bytes());
        std::fs::set_permissions(workshop.path(&path), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}

#[cfg(unix)]
#[test]
fn an_ffmpeg_that_dies_ends_the_film_in_one_line() {
    if !has_ffmpeg() {
        return;
    }
    let workshop = Workshop::with_native();
    ffmpeg(&workshop, "-f lavfi -i testsrc2=size=64x48:rate=25:duration=2.24 -c:v libx264 -pix_fmt yuv420p film.mp4");
    done(&workshop, &["film.mp4", "-o", "whole.mp4"]);
    let frame = 64 * 48 * 3;
    // Each dies after this many bytes: the decoder, the encoder in the
    // first and the second piece, and the program that joins them.
    let within = |frames: usize| frames * frame + 100;
    let cases = [
        (
            "decoder",
            format!("case \"$*\" in *pipe:1*) ffmpeg \"$@\" | head -c {}; kill -9 $$;; esac", within(52)),
            "is damaged or cut off",
        ),
        (
            "first",
            format!("case \"$*\" in *pipe:0*) head -c {} > /dev/null; kill -9 $$;; esac", within(20)),
            "ffmpeg failed while encoding",
        ),
        (
            "second",
            format!("case \"$*\" in *00000048*) head -c {} > /dev/null; echo 'no space left' >&2; exit 1;; esac", within(5)),
            "ffmpeg failed while encoding: no space left",
        ),
        ("joiner", "case \"$*\" in *concat*) echo broken >&2; exit 1;; esac".to_owned(), "joining the film failed: broken"),
        ("silent", "case \"$*\" in *concat*) kill -9 $$;; esac".to_owned(), "joining the film failed"),
    ];
    for (name, script, word) in cases {
        wrapped(&workshop, name, &script);
        let result = format!("{name}.mp4");
        let look = ["-s", "style.png", "--model", "native.safetensors"];
        let broken =
            workshop.run(&[&["video", "film.mp4", "-o", &result, "--ffmpeg", &format!("{name}/ffmpeg")], &look[..]].concat());
        fails(&workshop, &broken, 1, &[word], &result);
        // What was painted before is not lost, and the film becomes the same.
        let resumed = workshop.run(&[&["video", "film.mp4", "-o", &result, "--resume"], &look[..]].concat());
        let said = stderr(&resumed);
        assert_eq!(resumed.status.code(), Some(0), "{name}: {said}");
        assert_eq!(said.contains("painted already"), name != "first", "{name}: {said}");
        assert_eq!(hashes(&workshop, &result), hashes(&workshop, "whole.mp4"), "{name}");
    }
}

#[cfg(unix)]
#[test]
fn encoders_and_filters_that_ffmpeg_lacks_are_named() {
    if !has_ffmpeg() {
        return;
    }
    let workshop = workshop();
    wrapped(&workshop, "bare", "case \"$*\" in *-encoders*|*-filters*) ffmpeg \"$@\" | grep -v -e 264 -e zscale; exit;; esac");
    let output = video(&workshop, &["film.mp4", "-o", "out.mp4", "--ffmpeg", "bare"]);
    fails(&workshop, &output, 1, &["no encoder for H.264", "libx264", "--codec"], "out.mp4");
    ffmpeg(&workshop, "-i film.mp4 -an -c:v libx264 -color_primaries bt2020 -color_trc smpte2084 -colorspace bt2020nc hdr.mkv");
    let output = video(&workshop, &["hdr.mkv", "-o", "out.webm", "--ffmpeg", "bare"]);
    let said = stderr(&output);
    assert!(said.contains("zscale") && output.status.code() == Some(1) && !workshop.path("out.webm").exists(), "{said}");
    // Another program with that name.
    wrapped(&workshop, "other", "echo something else; exit 0");
    let output = video(&workshop, &["film.mp4", "-o", "out.mp4", "--ffmpeg", "other"]);
    fails(&workshop, &output, 1, &["is not ffmpeg"], "out.mp4");
    wrapped(&workshop, "half", "");
    std::fs::copy(workshop.path("other/ffmpeg"), workshop.path("half/ffprobe")).unwrap();
    let output = video(&workshop, &["film.mp4", "-o", "out.mp4", "--ffmpeg", "half"]);
    fails(&workshop, &output, 1, &["half/ffprobe", "is not ffprobe"], "out.mp4");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_ends_the_film_in_one_line() {
    if !has_ffmpeg() {
        return;
    }
    let workshop = Workshop::with_native();
    // Noise, so that every frame is large.
    ffmpeg(&workshop, "-f lavfi -i nullsrc=size=128x96:rate=25:duration=1,geq=random(1)*255:128:128 -c:v libx264 -qp 0 film.mkv");
    let run = |shell: &str, output: &str| {
        let look = "-s style.png --model native.safetensors --force";
        let command = format!("{shell} exec {} video film.mkv -o {output} {look}", env!("CARGO_BIN_EXE_impasto"));
        Command::new("sh").args(["-c", &command]).current_dir(workshop.folder.path()).output().unwrap()
    };
    // No file may be larger than 8 KiB.
    for output in ["out.mp4", "frames", "out.gif"] {
        let ended = run("ulimit -f 16;", output);
        let said = stderr(&ended);
        assert!(ended.status.code() == Some(1) && said.lines().count() == 1, "{output}: {:?} {said}", ended.status);
        assert!(!workshop.path(output).is_file(), "{output}");
    }
    // A file system of 200 KiB, if the system can mount one.
    std::fs::create_dir(workshop.path("small")).unwrap();
    let mount = "mount -t tmpfs -o size=200k none small";
    let possible = Command::new("unshare").args(["-rm", "sh", "-c", mount]).current_dir(workshop.folder.path()).status();
    if !possible.is_ok_and(|status| status.success()) {
        let _ = writeln!(std::io::stderr(), "skipped: a full file system, because unshare cannot mount one here");
        return;
    }
    let look = "-s style.png --model native.safetensors --crf 0";
    let program = env!("CARGO_BIN_EXE_impasto");
    let command =
        format!("{mount} && {{ {program} video film.mkv -o small/out.mp4 {look}; code=$?; ls small >&2; exit $code; }}");
    let ended = Command::new("unshare").args(["-rm", "sh", "-c", &command]).current_dir(workshop.folder.path()).output().unwrap();
    let said = stderr(&ended);
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(lines.len() <= 2 && lines[0].starts_with("impasto: ") && lines[0].to_lowercase().contains("space"), "{said}");
    assert!(!lines[1..].contains(&"out.mp4"), "{said}");
}

#[test]
fn no_frames_one_frame_and_absurd_sizes() {
    if !has_ffmpeg() {
        return;
    }
    let workshop = Workshop::with_native();
    let make = |size: &str, more: &str, name: &str| {
        ffmpeg(&workshop, &format!("-f lavfi -i testsrc2=size={size}:rate=25:duration=1 {more} {name}"));
    };
    // A header without any packet.
    make("64x48", "-c:v ffv1 -t 0.04", "one.mkv");
    let one = std::fs::read(workshop.path("one.mkv")).unwrap();
    let cluster = one.windows(4).position(|id| id == [0x1F, 0x43, 0xB6, 0x75]).unwrap();
    workshop.write("zero.mkv", &one[..cluster]);
    make("16400x16", "-c:v ffv1 -t 0.04", "wide.mkv");
    std::fs::create_dir(workshop.path("empty")).unwrap();
    let cases: [(&str, &[&str], i32, &str); 7] = [
        ("zero.mkv", &[], 1, "zero.mkv"),
        ("zero.mkv", &["--salvage"], 1, "zero.mkv"),
        ("empty", &[], 1, "there are no pictures"),
        ("wide.mkv", &[], 1, "larger than 16384"),
        ("one.mkv", &["--size", "60000x60000"], 1, "--max-memory"),
        ("one.mkv", &["--size", "16500x16"], 1, "ffmpeg failed while encoding"),
        ("one.mkv", &["--size", "0x16"], 2, "--size"),
    ];
    for (film, flags, code, word) in cases {
        let output = video(&workshop, &[&[film, "-o", "out.mp4", "--max-memory", "2G"], flags].concat());
        let said = stderr(&output);
        // The parser's own errors have more lines.
        if code == 2 {
            assert!(output.status.code() == Some(2) && said.contains(word), "{said}");
        } else {
            fails(&workshop, &output, code, &[word], "out.mp4");
        }
    }
    // One frame, and films of a few pixels.
    workshop.write("dot.rgb", &[200; 15]);
    ffmpeg(&workshop, "-f rawvideo -pixel_format rgb24 -video_size 1x1 -framerate 25 -i dot.rgb -c:v ffv1 -pix_fmt bgr0 dot.mkv");
    make("4x200", "-c:v ffv1 -t 0.2", "strip.mkv");
    std::fs::create_dir(workshop.path("single")).unwrap();
    workshop.save("single/a.png", &gradient(20, 10));
    for (film, output, expected) in [
        ("one.mkv", "one.mp4", "64,48,1"),
        ("single", "single.mp4", "20,10,1"),
        ("dot.mkv", "dot.mp4", "1,1,5"),
        ("strip.mkv", "strip.mp4", "4,200,5"),
    ] {
        done(&workshop, &[film, "-o", output]);
        assert_eq!(probe(&workshop, output, "stream=width,height,nb_frames"), expected, "{film}");
    }
    done(&workshop, &["one.mkv", "-o", "one.gif"]);
    done(&workshop, &["one.gif", "-o", "again.webm"]);
    assert_eq!(hashes(&workshop, "again.webm").lines().count(), 1);
}

/// Returns when the picture becomes bright, and when there is sound, in seconds.
fn flashes_and_beeps(workshop: &Workshop, film: &str) -> (Vec<f64>, Vec<f64>) {
    let run = |arguments: &[&str]| {
        let mut command = Command::new("ffmpeg");
        command.args(["-hide_banner", "-nostdin", "-i", film]).args(arguments).args(["-f", "null", "-"]);
        let output = command.current_dir(workshop.folder.path()).output().unwrap();
        format!("{}{}", String::from_utf8_lossy(&output.stdout), stderr(&output))
    };
    let said = run(&["-an", "-vf", "signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=-"]);
    let (mut flashes, mut time, mut before) = (Vec::new(), 0.0, 0.0);
    for line in said.lines() {
        if let Some((_, text)) = line.split_once("pts_time:") {
            time = text.trim().parse().unwrap();
        } else if let Some((_, text)) = line.split_once("YAVG=") {
            let level: f64 = text.trim().parse().unwrap();
            if level > 128.0 && before <= 128.0 {
                flashes.push(time);
            }
            before = level;
        }
    }
    let said = run(&["-vn", "-af", "silencedetect=noise=-30dB:duration=0.05"]);
    let ends = said.lines().filter_map(|line| line.split_once("silence_end: "));
    (flashes, ends.filter_map(|(_, text)| text.split_whitespace().next()?.parse().ok()).collect())
}

#[test]
fn sound_stays_in_step_over_a_minute() {
    if !has_ffmpeg() {
        return;
    }
    let workshop = Workshop::with_native();
    // A flash and a beep every seven seconds, from the third second on.
    let on = "lt(mod(t+4\\,7)\\,0.3)";
    ffmpeg(
        &workshop,
        &format!(
            "-f lavfi -i color=black:size=32x24:rate=30000/1001:duration=62,drawbox=color=white:t=fill:enable={on} -f lavfi -i \
             aevalsrc=0.5*sin(5000*t)*{on}:duration=62:sample_rate=44100 -c:v libx264 -pix_fmt yuv420p -c:a aac film.mp4"
        ),
    );
    let frame = 1001.0 / 30_000.0;
    let measured = |film: &str| {
        let (flashes, mut beeps) = flashes_and_beeps(&workshop, film);
        // At the end of the film, the silence ends, too.
        beeps.truncate(9);
        assert_eq!((flashes.len(), beeps.len()), (9, 9), "{film}: {flashes:?} {beeps:?}");
        (flashes, beeps)
    };
    let (flashes, beeps) = measured("film.mp4");
    for (output, part, start) in [("out.mp4", &[][..], 0.0), ("out.webm", &[], 0.0), ("part.mkv", &["--start", "1.234"], 1.234)] {
        // With strength 0, a frame is as bright as before.
        done(&workshop, &[&["film.mp4", "-o", output, "--strength", "0"], part].concat());
        let painted = measured(output);
        for i in 0..9 {
            let (flash, beep) = (painted.0[i] - (flashes[i] - start), painted.1[i] - (beeps[i] - start));
            assert!((flash - beep).abs() <= frame, "{output}: the sound is {} s late at flash {i}", beep - flash);
            assert!(flash.abs() <= frame, "{output}: flash {i} is {flash} s late");
        }
    }
}
