//! `impasto video`: films in and out. Tests that need ffmpeg are skipped without it, and say so.

use crate::common;
use std::io::Write as _;

use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::{Workshop, complaints, gradient, open, stderr};
use impasto::Picture;

const LOOK: [&str; 5] = ["-s", "style.png", "--model", "native.safetensors", "--force"];

static SKIPPED: AtomicUsize = AtomicUsize::new(0);

/// Returns whether ffmpeg is installed; if not, says what is skipped.
pub(crate) fn has_ffmpeg() -> bool {
    let there = |program: &str| Command::new(program).arg("-version").output().is_ok_and(|output| output.status.success());
    if there("ffmpeg") && there("ffprobe") {
        return true;
    }
    let count = SKIPPED.fetch_add(1, Ordering::Relaxed) + 1;
    let _ = writeln!(std::io::stderr(), "skipped: a test of films, because ffmpeg is not installed ({count} so far)");
    false
}

#[track_caller]
pub(crate) fn ffmpeg(workshop: &Workshop, arguments: &str) {
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-y"])
        .args(arguments.split_whitespace())
        .current_dir(workshop.folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Returns what ffprobe says of a film's streams, line by line: kind, codec, and these entries.
#[track_caller]
pub(crate) fn probe(workshop: &Workshop, film: &str, entries: &str) -> String {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-of", "csv=p=0", "-show_entries", entries, film])
        .current_dir(workshop.folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{film}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Returns a hash of each decoded frame of a film.
pub(crate) fn hashes(workshop: &Workshop, film: &str) -> String {
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-i", film, "-map", "0:v", "-f", "framemd5", "-"])
        .current_dir(workshop.folder.path())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let frames = text.lines().filter(|line| !line.starts_with('#'));
    frames.filter_map(|line| line.rsplit(',').next()).collect::<Vec<_>>().join("\n")
}

pub(crate) fn video(workshop: &Workshop, arguments: &[&str]) -> Output {
    workshop.run(&[&["video"], arguments, &LOOK].concat())
}

#[track_caller]
pub(crate) fn done(workshop: &Workshop, arguments: &[&str]) -> String {
    let output = video(workshop, arguments);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {said}");
    said
}

/// A workshop with `film.mp4`: 50 frames of 64×48 with sound, a title and two chapters.
pub(crate) fn workshop() -> Workshop {
    let workshop = Workshop::with_native();
    workshop.write("meta.txt", b";FFMETADATA1\ntitle=A walk\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1000\ntitle=One\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=1000\nEND=2000\ntitle=Two\n");
    ffmpeg(
        &workshop,
        "-f lavfi -i testsrc2=size=64x48:rate=25:duration=2 -f lavfi -i sine=frequency=440:duration=2 -i meta.txt -map 0 -map 1 \
         -map_metadata 2 -c:v libx264 -pix_fmt yuv420p -c:a aac -shortest film.mp4",
    );
    workshop
}

/// Makes a folder `frames` with this many pictures, over which a square moves.
fn frames(workshop: &Workshop, count: usize) {
    std::fs::create_dir(workshop.path("frames")).unwrap();
    for i in 0..count {
        let mut picture = gradient(48, 40);
        for y in 10..20 {
            for x in 5 + i..15 + i {
                picture.rgb_mut()[(y * 48 + x) * 3..][..3].fill(1.0);
            }
        }
        workshop.save(&format!("frames/f{i}.png"), &picture);
    }
}

/// Makes a folder `masks` for as many frames: white in the left half where `left` says so, otherwise in the right one.
fn masks(workshop: &Workshop, count: usize, left: impl Fn(usize) -> bool) {
    std::fs::create_dir(workshop.path("masks")).unwrap();
    for i in 0..count {
        let value = |x: usize| if (x < 24) == left(i) { 255 } else { 0 };
        let rgb: Vec<u8> = (0..48 * 40 * 3).map(|at| value(at / 3 % 48)).collect();
        workshop.save(&format!("masks/{i}.png"), &Picture::from_rgb8([48, 40], &rgb).unwrap());
    }
}

#[test]
fn folders_of_frames_and_animations_need_no_ffmpeg() {
    let workshop = Workshop::with_native();
    frames(&workshop, 20);
    let nowhere = ["--ffmpeg", "nowhere/ffmpeg"];
    done(&workshop, &[&["frames", "-o", "painted", "--steady", "0.7"], &nowhere[..]].concat());
    let painted: Vec<Picture> = (1..=20).map(|i| open(workshop.path(&format!("painted/{i:06}.png")))).collect();
    assert!(painted.iter().all(|frame| (frame.width(), frame.height()) == (48, 40)));
    assert!(painted[0] != painted[19] && !workshop.path("painted/000021.png").exists());
    assert!(!workshop.path("painted.impasto").exists());
    // Any number of threads gives the same frames.
    done(&workshop, &[&["frames/f%d.png", "-o", "again/%03d.png", "--steady", "0.7", "--threads", "1"], &nowhere[..]].concat());
    for i in 1..=20 {
        let read = |name: String| std::fs::read(workshop.path(&name)).unwrap();
        assert!(read(format!("painted/{i:06}.png")) == read(format!("again/{i:03}.png")), "frame {i}");
    }
    // A GIF of these frames, which is then painted.
    done(&workshop, &[&["frames", "-o", "film.gif", "--fps", "10"], &nowhere[..]].concat());
    let said = done(
        &workshop,
        &[&["film.gif", "-o", "small", "--size", "24x20", "--start", "0.5", "--end", "1"], &nowhere[..]].concat(),
    );
    assert_eq!(said, "");
    let count = std::fs::read_dir(workshop.path("small")).unwrap().count();
    assert_eq!((count, open(workshop.path("small/000001.png")).width()), (5, 24));
}

/// Without --force, only frames of the interrupted run are replaced. Inputs are never replaced.
#[test]
fn frames_of_others_are_kept() {
    let workshop = Workshop::with_native();
    frames(&workshop, 3);
    workshop.save("frames/f1-mask.png", &gradient(48, 40));
    std::fs::create_dir(workshop.path("mine")).unwrap();
    workshop.save("mine/000002.png", &gradient(5, 5));
    workshop.save("other.jpg", &gradient(5, 5));
    let before = |name: &str| std::fs::read(workshop.path(name)).unwrap();
    let kept = ["mine/000002.png", "other.jpg", "frames/f1.png", "style.png"].map(|name| (name, before(name)));
    for (arguments, code, words) in [
        (&["frames/f%d.png", "-o", "mine"][..], 1, &["000002.png", "exists already"][..]),
        (&["frames/f%d.png", "-o", "mine", "--resume"], 1, &["000002.png", "exists already"]),
        (&["frames/f%d.png", "-o", "frames/f%d.png", "--resume"], 1, &["f1.png", "exists already"]),
        (&["frames", "-o", "frames/f%d.png", "--force"], 2, &["f1.png", "frame of the film itself"]),
        (&["frames/f%d.png", "-o", "new", "--preview-frame", "style.png"], 2, &["style.png"]),
        (&["frames/f%d.png", "-o", "new", "--preview-frame", "other.jpg"], 1, &["other.jpg", "--force"]),
    ] {
        // Without --force, which is last.
        let run = workshop.run(&[&["video"], arguments, &LOOK[..LOOK.len() - 1]].concat());
        let found = complaints(&run, code, words);
        assert!(found.is_empty(), "{arguments:?}: {found:#?}");
    }
    for (name, bytes) in kept {
        assert!(before(name) == bytes, "{name} has changed");
    }
    // A pattern takes only names with a number in its place.
    done(&workshop, &["frames/f%d.png", "-o", "new", "--preview-frame", "preview.png"]);
    assert_eq!(std::fs::read_dir(workshop.path("new")).unwrap().count(), 3);
    assert!(workshop.path("preview.png").exists());
}

#[test]
fn films_keep_what_they_are() {
    if !has_ffmpeg() {
        return;
    }
    let workshop = workshop();
    let said = done(&workshop, &["film.mp4", "-o", "out.mp4", "--preview-frame", "now.jpg", "--json"]);
    assert_eq!(said, "");
    let streams = probe(&workshop, "out.mp4", "stream=codec_name,width,height,r_frame_rate,nb_frames");
    assert!(streams.contains("h264,64,48,25/1,50") && streams.contains("aac"), "{streams}");
    assert!(probe(&workshop, "out.mp4", "format_tags=title").contains("A walk"));
    assert_eq!(probe(&workshop, "out.mp4", "chapter_tags=title"), "One\nTwo");
    let sound = |film: &str| {
        let mut command = Command::new("ffmpeg");
        command.args(["-v", "error", "-nostdin", "-i", film, "-map", "0:a", "-c", "copy", "-f", "md5", "-"]);
        let output = command.current_dir(workshop.folder.path()).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(sound("film.mp4"), sound("out.mp4"), "the sound is not copied");
    assert_eq!(open(workshop.path("now.jpg")).width(), 64);
    assert!(hashes(&workshop, "out.mp4") != hashes(&workshop, "film.mp4"));
    assert!(!workshop.path("out.mp4.impasto").exists());
}

#[test]
fn other_containers_rates_and_parts() {
    if !has_ffmpeg() {
        return;
    }
    let workshop = workshop();
    // A television frame rate, sound that MP4 cannot hold, subtitles, and a part of the film.
    workshop.write("words.srt", b"1\n00:00:00,200 --> 00:00:00,900\nHello\n");
    ffmpeg(
        &workshop,
        "-f lavfi -i testsrc2=size=64x48:rate=30000/1001:duration=1.5 -f lavfi -i sine=duration=1.5 -i words.srt -map 0 -map 1 -map 2 \
         -c:v mpeg4 -c:a pcm_s16le -c:s srt tv.mkv",
    );
    let said = done(&workshop, &["tv.mkv", "-o", "tv.mp4"]);
    assert!(said.contains("pcm_s16le") && said.contains("aac"), "{said}");
    let streams = probe(&workshop, "tv.mp4", "stream=codec_name,r_frame_rate");
    assert!(streams.contains("h264,30000/1001") && streams.contains("aac") && streams.contains("mov_text"), "{streams}");
    done(&workshop, &["tv.mkv", "-o", "part.webm", "--start", "0.5", "--end", "1", "--size", "32x24"]);
    let streams = probe(&workshop, "part.webm", "stream=codec_name,width,height");
    assert!(streams.contains("vp9,32,24") && streams.contains("opus") && streams.contains("webvtt"), "{streams}");
    assert_eq!(hashes(&workshop, "part.webm").lines().count(), 15);
    // Frames with variable times.
    ffmpeg(
        &workshop,
        "-f lavfi -i testsrc2=size=64x48:rate=25:duration=2 -vf select='not(between(n,5,14))+not(mod(n,3))' -vsync vfr -c:v libx264 uneven.mkv",
    );
    done(&workshop, &["uneven.mkv", "-o", "uneven.mp4"]);
    let times = |film: &str| -> Vec<f64> {
        let mut times: Vec<f64> =
            probe(&workshop, film, "packet=pts_time").lines().map(|line| line.trim_matches(',').parse().unwrap()).collect();
        times.sort_by(f64::total_cmp);
        times.iter().map(|time| time - times[0]).collect()
    };
    let (before, after) = (times("uneven.mkv"), times("uneven.mp4"));
    assert_eq!(before.len(), after.len());
    assert!(before.iter().zip(&after).all(|(a, b)| (a - b).abs() < 0.002), "{before:?}\n{after:?}");
    // Rotated by 90 degrees, and transparent.
    ffmpeg(&workshop, "-i film.mp4 -c copy -metadata:s:v rotate=90 turned.mov");
    done(&workshop, &["turned.mov", "-o", "turned.mkv", "--end", "0.4"]);
    let streams = probe(&workshop, "turned.mkv", "stream=codec_name,width,height");
    assert!(streams.contains("h264,48,64"), "{streams}");
    ffmpeg(
        &workshop,
        "-f lavfi -i testsrc2=size=64x48:rate=5:duration=1,format=yuva444p10le,geq=lum='lum(X,Y)':a='X*16' -c:v prores_ks clear.mov",
    );
    done(&workshop, &["clear.mov", "-o", "clear.webm"]);
    assert!(probe(&workshop, "clear.webm", "stream_tags=alpha_mode").contains('1'));
}

#[test]
fn killed_and_interrupted_films_are_gone_on_with() {
    if !has_ffmpeg() {
        return;
    }
    let workshop = Workshop::with_native();
    // Three pieces of at most 48 frames.
    ffmpeg(&workshop, "-f lavfi -i testsrc2=size=64x48:rate=25:duration=5 -c:v libx264 -pix_fmt yuv420p film.mp4");
    let look = ["--steady", "0.8", "-s", "style.png", "--model", "native.safetensors"];
    let run = |output: &str, flag: &str| [&["video", "film.mp4", "-o", output, flag], &look[..]].concat().join(" ");
    let start = |text: &str| workshop.impasto(&text.split(' ').collect::<Vec<_>>());
    assert!(start(&run("whole.mp4", "--force")).status().unwrap().success());
    let arguments = run("out.mp4", "--resume");
    let sealed = || std::fs::read_to_string(workshop.path("out.mp4.impasto/state.json")).unwrap_or_default();
    let mut kills = 0;
    while kills < 10 {
        let mut child = start(&arguments).stderr(std::process::Stdio::null()).spawn().unwrap();
        // Sometimes early, sometimes after another piece, which comes after the first seconds.
        let (begin, before) = (std::time::Instant::now(), sealed());
        let early = Duration::from_millis(150 + 130 * kills);
        let enough = || if kills % 3 == 2 { sealed() != before } else { begin.elapsed() > early };
        while !enough() && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(5));
        }
        if child.try_wait().unwrap().is_some() {
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        if workshop.path("out.mp4").exists() {
            // It was done, except for cleaning up.
            break;
        }
    }
    let folder = workshop.path("out.mp4.impasto");
    if !workshop.path("out.mp4").exists() || folder.exists() {
        assert!(start(&arguments).status().unwrap().success());
    }
    eprintln!("killed {kills} times");
    assert!(kills > 0);
    assert_eq!(hashes(&workshop, "out.mp4"), hashes(&workshop, "whole.mp4"));
    assert!(!folder.exists());

    // Killed when the film was in its place, but the folder still existed: the next run only cleans up.
    let before = std::fs::metadata(workshop.path("out.mp4")).unwrap().modified().unwrap();
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("state.json"), r#"{ "frame": 125, "shots": 1, "whole": true, "joined": "joined.mp4" }"#).unwrap();
    assert!(start(&arguments).status().unwrap().success());
    assert!(!folder.exists());
    assert_eq!(std::fs::metadata(workshop.path("out.mp4")).unwrap().modified().unwrap(), before);
    // Without such a folder, the film is not replaced.
    assert!(!start(&arguments).status().unwrap().success());
}

#[test]
fn what_is_no_film_is_refused_in_one_line() {
    if !has_ffmpeg() {
        return;
    }
    let workshop = workshop();
    let film = std::fs::read(workshop.path("film.mp4")).unwrap();
    workshop.write("empty.mp4", b"");
    workshop.write("text.mp4", b"not a film at all, only words");
    workshop.write("list.m3u8", b"#EXTM3U\n#EXTINF:2,\nfilm.mp4\n");
    workshop.write("script.txt", b"ffconcat version 1.0\nfile film.mp4\n");
    // The index is at the end.
    workshop.write("cut.mp4", &film[..film.len() / 2]);
    ffmpeg(&workshop, "-i film.mp4 -c copy film.mkv");
    let mkv = std::fs::read(workshop.path("film.mkv")).unwrap();
    let mut damaged = mkv.clone();
    let (from, to) = (mkv.len() / 3, mkv.len() * 2 / 3);
    damaged[from..to].iter_mut().step_by(7).for_each(|byte| *byte ^= 0x5A);
    workshop.write("damaged.mkv", &damaged);
    ffmpeg(&workshop, "-i film.mp4 -vn -c copy sound.m4a");
    ffmpeg(&workshop, "-i film.mp4 -an -frames:v 3 -c:v libx264 -x264opts colormatrix=YCgCo ycgco.mp4");
    workshop.save("photo.jpg", &gradient(48, 40));
    let cases: [(&str, &[&str], i32, &str); 18] = [
        ("ycgco.mp4", &[], 1, "colors in ycgco"),
        ("photo.jpg", &[], 1, "is a picture (JPEG), not a film"),
        ("none.mp4", &[], 1, "none.mp4"),
        ("empty.mp4", &[], 1, "empty"),
        ("text.mp4", &[], 1, "text.mp4"),
        ("list.m3u8", &[], 1, "playlist"),
        ("script.txt", &[], 1, "playlist"),
        ("cut.mp4", &[], 1, "cut.mp4"),
        ("damaged.mkv", &[], 1, "damaged"),
        ("sound.m4a", &[], 1, "no video stream"),
        ("film.mp4", &["--start", "10"], 1, "--start"),
        ("film.mp4", &["--start", "1", "--end", "0.5"], 2, "--end"),
        ("film.mp4", &["--codec", "prores"], 2, "ProRes"),
        ("film.mp4", &["--ffmpeg", "nowhere"], 1, "ffmpeg"),
        ("film.mp4", &["--format", "mkv"], 2, "--format"),
        ("film.mp4", &["--max-memory", "1M"], 1, "--max-memory"),
        ("film.mp4", &["--mask", "sound.m4a"], 1, "sound.m4a"),
        ("https://example.org/film.mp4", &[], 2, "https://example.org"),
    ];
    let mut wrong = Vec::new();
    for (film, flags, code, word) in cases {
        let output = video(&workshop, &[&[film, "-o", "out.mp4"], flags].concat());
        let found = complaints(&output, code, &[word]);
        wrong.extend(found.iter().map(|complaint| format!("{film} {flags:?}: {complaint}")));
        if workshop.path("out.mp4").exists() {
            wrong.push(format!("{film} {flags:?}: something is left under the final name"));
        }
        let _ = std::fs::remove_dir_all(workshop.path("out.mp4.impasto"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let output = video(&workshop, &["film.mp4", "-o", "out.xyz"]);
    assert_eq!(output.status.code(), Some(2));
    let output = video(&workshop, &["film.mp4", "-o", "out.mov", "--codec", "prores", "--crf", "20"]);
    assert!(complaints(&output, 2, &["ProRes", "crf"]).is_empty(), "{}", stderr(&output));
    // The readable part of a damaged film is painted on request.
    let said = done(&workshop, &["damaged.mkv", "-o", "saved.mp4", "--salvage"]);
    assert!(said.contains("warning") && workshop.path("saved.mp4").exists(), "{said}");
}

#[test]
fn films_go_through_pipes() {
    if !has_ffmpeg() {
        return;
    }
    let workshop = workshop();
    let film = std::fs::File::open(workshop.path("film.mp4")).unwrap();
    let output =
        workshop.impasto(&[&["video", "-", "-o", "-", "--end", "0.4"], &LOOK[..]].concat()).stdin(film).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    workshop.write("out.mkv", &output.stdout);
    assert_eq!(hashes(&workshop, "out.mkv").lines().count(), 10);
    let output = video(&workshop, &["-", "-o", "x.mp4", "--resume"]);
    assert!(complaints(&output, 2, &["nothing to resume"]).is_empty(), "{}", stderr(&output));
}

#[test]
fn masks_and_styles_may_change_along_the_film() {
    let workshop = Workshop::with_native();
    frames(&workshop, 12);
    masks(&workshop, 12, |i| i % 2 == 0);
    done(&workshop, &["frames", "-o", "painted", "--mask", "masks", "--style-at", "0.2=content.png", "--steady", "0"]);
    for i in 0..12 {
        let (content, painted) =
            (open(workshop.path(&format!("frames/f{i}.png"))), open(workshop.path(&format!("painted/{:06}.png", i + 1))));
        let same = |columns: std::ops::Range<usize>| {
            columns.clone().all(|x| content.rgb()[x * 3..x * 3 + 3] == painted.rgb()[x * 3..x * 3 + 3])
        };
        assert_eq!((same(0..20), same(28..48)), (i % 2 == 1, i % 2 == 0), "frame {i}");
    }
    // No frame replaces a file, wherever it is among them.
    for i in 0..11 {
        std::fs::remove_file(workshop.path(&format!("painted/{:06}.png", i + 1))).unwrap();
    }
    let output = workshop.run(&[&["video", "frames", "-o", "painted"], &LOOK[..4]].concat());
    assert!(complaints(&output, 1, &["000012.png", "exists already", "--force"]).is_empty(), "{}", stderr(&output));
    assert!(!Path::new(&workshop.path("painted/000001.png")).exists());
    std::fs::remove_file(workshop.path("masks/11.png")).unwrap();
    let output = video(&workshop, &["frames", "-o", "short", "--mask", "masks"]);
    assert!(complaints(&output, 1, &["masks", "ends before"]).is_empty(), "{}", stderr(&output));
    assert!(Path::new(&workshop.path("frames")).is_dir());
}

/// With --start, masks and changes of style count from the film's beginning.
#[test]
fn parts_are_painted_as_in_the_whole_film() {
    let workshop = Workshop::with_native();
    frames(&workshop, 12);
    masks(&workshop, 12, |i| i % 3 == 0);
    // At 10 frames a second; key frames are frames 0 and 8 of what is painted.
    let look = ["--fps", "10", "--mask", "masks", "--steady", "0", "--style-at", "1.6=content.png"];
    let paint = |output: &str, part: &[&str]| done(&workshop, &[&["frames", "-o", output], &look[..], part].concat());
    paint("whole", &[]);
    paint("part", &["--start", "0.8"]);
    assert_eq!(std::fs::read_dir(workshop.path("part")).unwrap().count(), 4);
    let read = |name: &str| std::fs::read(workshop.path(name)).unwrap();
    // Both are on the way to a style that comes after the end.
    assert!(read("whole/000009.png") == read("part/000001.png"));
    paint("other", &["--start", "0.8", "--style-at", "0.4=style.png"]);
    assert!(read("other/000001.png") != read("part/000001.png"));
    let change = |a: &str, b: &str| {
        let (a, b) = (open(workshop.path(a)), open(workshop.path(b)));
        a.rgb().iter().zip(b.rgb()).map(|(a, b)| (a - b).abs()).sum::<f32>() / a.rgb().len() as f32
    };
    let off = change("whole/000012.png", "part/000004.png");
    assert!(off < 0.02, "{off}");
    // A folder whose masks end before the part.
    for i in 6..12 {
        std::fs::remove_file(workshop.path(&format!("masks/{i}.png"))).unwrap();
    }
    let output = video(&workshop, &[&["frames", "-o", "none"], &look[..], &["--start", "0.8"]].concat());
    assert!(complaints(&output, 1, &["masks", "ends before"]).is_empty(), "{}", stderr(&output));
}

#[test]
fn what_says_two_things_is_refused() {
    let workshop = Workshop::with_native();
    frames(&workshop, 2);
    workshop.save("mask.png", &gradient(48, 40));
    for (arguments, words) in [
        (&["-o", "o", "--style-at", "0=starry"][..], &["-s and --style-at", "second 0"][..]),
        (&["-o", "o", "--style-at", "1=starry", "--style-at", "1.0=mosaic"], &["--style-at", "second 1"]),
        (&["-o", "o", "--style-at", "1=starry=0.2"], &["weight"]),
        (&["-o", "o.gif", "--crf", "20"], &["--crf"]),
        (&["-o", "o", "--codec", "h264"], &["--codec"]),
    ] {
        let found = complaints(&video(&workshop, &[&["frames"], arguments].concat()), 2, words);
        assert!(found.is_empty(), "{arguments:?}: {found:#?}");
    }
    // All styles have masks, so that there is nothing that could change.
    let arguments = ["video", "frames", "-o", "o", "-s", "style.png@mask.png", "--style-at", "1=starry"];
    let found = complaints(&workshop.run(&[&arguments[..], &LOOK[2..]].concat()), 2, &["without"]);
    assert!(found.is_empty(), "{found:#?}");
}

/// Writes an animation of single-colored frames with these delays, in hundredths of a second. Half of each is clear.
fn animation(workshop: &Workshop, name: &str, delays: &[u16]) {
    let mut bytes = Vec::new();
    let mut encoder = gif::Encoder::new(&mut bytes, 48, 40, &[]).unwrap();
    for (i, &delay) in delays.iter().enumerate() {
        let mut frame = gif::Frame {
            width: 48,
            height: 40,
            buffer: (0..48 * 40).map(|at| u8::from(at % 48 < 24)).collect(),
            palette: Some(vec![0, 0, 0, 40 * i as u8, 200, 90]),
            transparent: Some(0),
            dispose: gif::DisposalMethod::Background,
            ..gif::Frame::default()
        };
        frame.delay = delay;
        encoder.write_frame(&frame).unwrap();
    }
    drop(encoder);
    workshop.write(name, &bytes);
}

/// Returns the delays of a GIF's frames, and whether the first and the last pixel of each is clear.
fn seen(workshop: &Workshop, name: &str) -> Vec<(u16, bool, bool)> {
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::RGBA);
    let mut decoder = options.read_info(std::fs::File::open(workshop.path(name)).unwrap()).unwrap();
    let mut found = Vec::new();
    while let Some(frame) = decoder.read_next_frame().unwrap() {
        found.push((frame.delay, frame.buffer[3] == 0, frame.buffer[frame.buffer.len() - 1] == 0));
    }
    found
}

#[test]
fn animations_keep_their_times_and_transparency() {
    let workshop = Workshop::with_native();
    animation(&workshop, "in.gif", &[10, 20, 30, 70]);
    done(&workshop, &["in.gif", "-o", "out.gif"]);
    assert_eq!(seen(&workshop, "out.gif"), [10, 20, 30, 70].map(|delay| (delay, false, true)));
    done(&workshop, &["in.gif", "-o", "part.gif", "--start", "0.1", "--end", "0.6"]);
    assert_eq!(seen(&workshop, "part.gif"), [20, 30].map(|delay| (delay, false, true)));
    // Another rate keeps the speed: 1.3 seconds, with the frames that are shown then.
    done(&workshop, &["in.gif", "-o", "even.gif", "--fps", "10", "--steady", "0"]);
    assert_eq!(seen(&workshop, "even.gif"), [(10, false, true); 13]);
    done(&workshop, &["in.gif", "-o", "even", "--fps", "10", "--strength", "0"]);
    let green = |i: usize| (open(workshop.path(&format!("even/{i:06}.png"))).rgb()[0] * 255.0).round() as usize / 40;
    assert_eq!((1..=13).map(green).collect::<Vec<_>>(), [0, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3]);
}

#[test]
fn frames_have_their_own_transparency_and_depth() {
    let workshop = Workshop::with_native();
    frames(&workshop, 3);
    let clear = gradient(48, 40).with_alpha((0..48 * 40).map(|i| (i % 48) as f32 / 47.0).collect()).unwrap();
    let replace = |name: &str| {
        std::fs::remove_file(workshop.path(name)).unwrap();
        workshop.save(name, &clear);
    };
    replace("frames/f1.png");
    done(&workshop, &["frames", "-o", "painted"]);
    let alphas = [1, 2, 3].map(|i| open(workshop.path(&format!("painted/00000{i}.png"))).alpha().map(<[f32]>::to_vec));
    assert_eq!(alphas, [None, open(workshop.path("frames/f1.png")).alpha().map(<[f32]>::to_vec), None]);
    let found = complaints(&video(&workshop, &["frames", "-o", "out.gif"]), 1, &["f1.png", "transparency", "first frame"]);
    assert!(found.is_empty(), "{found:#?}");
    // Other formats than the frames' are put on white, as single pictures are.
    replace("frames/f0.png");
    let said = done(&workshop, &["frames", "-o", "white/%d.jpg", "--strength", "0"]);
    assert!(said.contains("on white"), "{said}");
    assert!(open(workshop.path("white/1.jpg")).rgb()[..3].iter().all(|v| *v > 0.9));
}

#[test]
fn colors_are_matched_along_the_film() {
    let workshop = Workshop::with_native();
    frames(&workshop, 10);
    let paint = |output: &str, colors: &str, more: &[&str]| {
        done(&workshop, &[&["frames", "-o", output, "--steady", "0", "--colors", colors], more].concat());
        open(workshop.path(&format!("{output}/000001.png")))
    };
    let matched = paint("matched", "match", &["--style-at", "0.3=content.png"]);
    // A region stays when the style outside it changes.
    workshop.save("left.png", &Picture::from_rgb8([2, 1], &[255, 255, 255, 0, 0, 0]).unwrap());
    paint("region", "match", &["-s", "content.png@left.png", "--style-at", "0.3=style.png"]);
    // The first frame, painted by itself as a picture.
    let output = workshop.run(&[
        "stylize",
        "frames/f0.png",
        "-s",
        "style.png",
        "--model",
        "native.safetensors",
        "--colors",
        "match",
        "-o",
        "one.png",
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(matched.rgb() == open(workshop.path("one.png")).rgb());
    assert!(matched.rgb() != paint("own", "style", &[]).rgb());
    let last = |folder: &str| std::fs::read(workshop.path(&format!("{folder}/000010.png"))).unwrap();
    paint("one", "match", &[]);
    assert!(last("matched") != last("one"), "the style does not change");
    // A style without a picture: the painting gets the colors instead.
    let output = workshop.run(&["styles", "extract", "style.png", "-o", "seen.style", "--model", "native.safetensors"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    paint("bare", "match", &["-s", "seen.style"]);
    paint("content", "content", &["-s", "seen.style"]);
    assert!(last("bare") == last("content"));
}

/// Returns a tag of a film.
pub(crate) fn tag(workshop: &Workshop, film: &str, name: &str) -> Option<String> {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-of", "json", "-show_entries", "format_tags", film])
        .current_dir(workshop.folder.path())
        .output()
        .unwrap();
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let tags = json["format"]["tags"].as_object().unwrap();
    tags.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str().unwrap().to_owned())
}

#[test]
fn a_film_says_how_it_was_painted() {
    if !has_ffmpeg() {
        return;
    }
    let workshop = workshop();
    workshop.save("mask.png", &gradient(64, 48));
    let look = ["--strength", "0.7", "--stroke", "2", "--steady", "0.25", "--colors", "luminance", "--end", "0.4"];
    for output in ["out.mp4", "out.mkv", "out.mov", "out.webm"] {
        done(
            &workshop,
            &[&["film.mp4", "-o", output, "--mask", "mask.png", "--style-at", "0.3=content.png"], &look[..]].concat(),
        );
        let record: serde_json::Value = serde_json::from_str(&tag(&workshop, output, "comment").unwrap()).unwrap();
        let request = &record["request"];
        let file = |name: &str| impasto::request::sha256(&std::fs::read(workshop.path(name)).unwrap());
        assert_eq!(
            request["options"],
            serde_json::json!({"strength": 0.7, "stroke": 2.0, "colors": "luminance", "mask": {"name": "mask.png", "sha256": file("mask.png")}})
        );
        assert_eq!(request["content"], serde_json::json!({"name": "film.mp4", "sha256": file("film.mp4")}));
        assert_eq!(request["styles"][0]["style"]["sha256"], file("style.png"));
        assert_eq!(request["model"][0]["sha256"], file("native.safetensors"));
        let changes = serde_json::json!([{"at": 0.3, "style": {"name": "content.png", "sha256": file("content.png")}}]);
        let film = serde_json::json!({"steady": 0.25, "size": "64x48", "end": 0.4, "style_at": changes});
        assert_eq!(record["film"], film);
        assert_eq!(tag(&workshop, output, "title").as_deref(), Some("A walk"));
    }
    // The film's own comment stays. --strip leaves everything out.
    ffmpeg(&workshop, "-i film.mp4 -c copy -metadata comment=Mine -metadata:s:a:0 language=deu own.mp4");
    done(&workshop, &["own.mp4", "-o", "own.mkv", "--end", "0.2"]);
    assert_eq!(tag(&workshop, "own.mkv", "comment").as_deref(), Some("Mine"));
    assert!(tag(&workshop, "own.mkv", "description").unwrap().contains("own.mp4"));
    assert!(probe(&workshop, "own.mkv", "stream_tags=language").contains("deu"));
    done(&workshop, &["own.mp4", "-o", "bare.mkv", "--end", "0.2", "--strip"]);
    for name in ["comment", "description", "title"] {
        assert_eq!(tag(&workshop, "bare.mkv", name), None, "{name}");
    }
}
