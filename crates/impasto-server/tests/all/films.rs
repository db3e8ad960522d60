//! Films: jobs that paint with ffmpeg. Tests that need it are skipped if it is not installed, with a message.

use crate::common;

use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use common::{Answer, Running, png};
use impasto::stylizer::Part;
use impasto::video::{Film, FilmOptions, Frame, Samples, Styles};
use impasto::{Style, StyleSize, Stylizer};
use impasto_film::Tools;
use impasto_server::{Ffmpeg, ServerOptions};
use serde_json::{Value, json};

/// A server that paints films, and a folder for them. Opening fails if there is no ffmpeg.
struct Studio {
    server: Running,
    folder: tempfile::TempDir,
}

impl Studio {
    fn open(change: impl FnOnce(&mut ServerOptions)) -> Option<Self> {
        let Ok(tools) = Tools::find(None) else {
            let _ = writeln!(std::io::stderr(), "skipped: films on the server, because ffmpeg is not installed");
            return None;
        };
        let server = Running::start(|options| {
            options.ffmpeg = Ffmpeg::Given(tools);
            change(options);
        });
        Some(Studio { server, folder: tempfile::tempdir().unwrap() })
    }

    /// Makes a film with ffmpeg in the studio's folder and returns its bytes.
    fn film(&self, arguments: &str, name: &str) -> Vec<u8> {
        draw(self.folder.path(), arguments, name)
    }

    /// A dozen frames of 64×48 with sound.
    fn dozen(&self, name: &str) -> Vec<u8> {
        self.film(
            "-f lavfi -i testsrc2=size=64x48:rate=25:duration=0.48 -f lavfi -i sine=frequency=440:duration=0.48 -c:v libx264 -pix_fmt \
             yuv420p -c:a aac -shortest",
            name,
        )
    }

    /// Posts a film in a built-in style.
    fn post(&self, query: &str, film: &[u8]) -> Answer {
        self.server.post_form(&format!("/v1/films{query}"), &[("film", film), ("style_name", b"mosaic")], &[])
    }

    /// Waits for a job and returns its result.
    fn finished(&self, answer: &Answer) -> Answer {
        assert_eq!(answer.status, 202, "{}", answer.text());
        let path = answer.header("location").unwrap();
        let events = self.server.get(&format!("{path}/events")).text();
        assert!(events.contains("event: done"), "{events}");
        let result = self.server.get(&format!("{path}/result"));
        assert_eq!(result.status, 200, "{}", result.text());
        result
    }

    /// Saves a file that ffprobe and ffmpeg will be asked about.
    fn save(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.folder.path().join(name), bytes).unwrap();
    }

    fn said(&self, program: &str, arguments: &str) -> String {
        String::from_utf8_lossy(&run(self.folder.path(), program, arguments)).trim().to_owned()
    }

    /// Whether nothing is left of any film, in memory or on disk.
    fn is_empty(&self) -> bool {
        self.server.gauge("film_bytes") == 0 && self.server.gauge("memory_reserved_bytes") == 0
    }
}

/// Makes a file with ffmpeg in a folder and returns its bytes.
pub(crate) fn draw(folder: &Path, arguments: &str, name: &str) -> Vec<u8> {
    run(folder, "ffmpeg", &format!("-nostdin -y {arguments} {name}"));
    std::fs::read(folder.join(name)).unwrap()
}

fn run(folder: &Path, program: &str, arguments: &str) -> Vec<u8> {
    let output =
        Command::new(program).args(["-v", "error"]).args(arguments.split_whitespace()).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// The frames of a film as 64×48 RGB pictures.
fn frames(studio: &Studio, name: &str) -> Vec<Frame> {
    let bytes = run(studio.folder.path(), "ffmpeg", &format!("-nostdin -i {name} -map 0:v -f rawvideo -pix_fmt rgb24 -"));
    bytes.chunks(64 * 48 * 3).map(|bytes| Frame::new([64, 48], 3, Samples::Eight(bytes.to_vec())).unwrap()).collect()
}

/// Mean absolute difference in lightness: films have one color per four pixels.
fn difference(a: &Frame, b: &Frame) -> f32 {
    let light = |frame: &Frame| -> Vec<f32> {
        let picture = frame.to_picture().unwrap();
        picture.rgb().as_chunks().0.iter().map(|[r, g, b]| 0.299 * r + 0.587 * g + 0.114 * b).collect()
    };
    let (a, b) = (light(a), light(b));
    a.iter().zip(&b).map(|(a, b)| (a - b).abs()).sum::<f32>() / a.len() as f32
}

#[test]
fn a_film_is_painted_with_its_sound() {
    let Some(studio) = Studio::open(|_| {}) else { return };
    let film = studio.dozen("film.mp4");
    // Nearly lossless, except for the conversion of colors.
    let answer = studio.post("?crf=1&steady=0.8", &film);
    let result = studio.finished(&answer);
    assert_eq!(result.header("content-type"), Some("video/mp4"));
    assert_eq!(result.header("content-length"), Some(result.body.len().to_string().as_str()));
    let job = studio.server.get(answer.header("location").unwrap()).json();
    assert_eq!((&job["frames"]["painted"], &job["frames"]["total"], &job["progress"]), (&json!(12), &json!(12), &json!(1.0)));
    studio.save("painted.mp4", &result.body);
    let streams = studio.said("ffprobe", "-show_entries stream=codec_name,width,nb_frames -of csv=p=0 painted.mp4");
    assert!(streams.contains("h264,64,12") && streams.contains("aac"), "{streams}");
    // The frames are those that the library paints.
    let stylizer = Stylizer::new().unwrap();
    let options = FilmOptions::default().steady(0.8);
    let whole = Film::new(&stylizer, Style::built_in("mosaic").unwrap(), options).unwrap();
    let (before, after) = (frames(&studio, "film.mp4"), frames(&studio, "painted.mp4"));
    let expected: Vec<_> = whole.paint(before.clone().into_iter().map(Ok), &()).map(|painted| painted.unwrap().frame).collect();
    assert_eq!((before.len(), after.len(), expected.len()), (12, 12, 12));
    for (i, (found, expected)) in after.iter().zip(&expected).enumerate() {
        let (wrong, painted) = (difference(found, expected), difference(found, &before[i]));
        assert!(wrong < 0.02 && painted > 10.0 * wrong, "frame {i} is {wrong} from the library's, and {painted} from the film's");
    }
    // A part of it, smaller, in another format, and sent as JSON.
    let part = studio.finished(&studio.post("?start=0.2&end=0.4&size=32&format=webm", &film));
    assert_eq!(part.header("content-type"), Some("video/webm"));
    studio.save("part.webm", &part.body);
    let streams =
        studio.said("ffprobe", "-count_packets -show_entries stream=codec_name,width,nb_read_packets -of csv=p=0 part.webm");
    assert!(streams.contains("vp9,32,5") && streams.contains("opus"), "{streams}");
    use base64::Engine as _;
    let body = json!({
        "film": base64::engine::general_purpose::STANDARD.encode(&film),
        "styles": [{ "name": "mosaic" }, { "name": "waves", "weight": 0.5 }],
        "options": { "strength": 0.5, "colors": "luminance", "strip": true },
    });
    let mixed = studio.finished(&studio.server.post_json("/v1/films?format=mkv&fps=5", &body));
    assert_eq!(mixed.header("content-type"), Some("video/x-matroska"));
    studio.save("mixed.mkv", &mixed.body);
    let count =
        studio.said("ffprobe", "-select_streams v -count_packets -show_entries stream=nb_read_packets -of csv=p=0 mixed.mkv");
    assert_eq!(count, "2");
    // Colors are matched along the film, as in the library.
    let form = [("film", &film[..]), ("style", &png(32, 32)[..]), ("options", br#"{"colors": "match"}"#)];
    let answer = studio.finished(&studio.server.post_form("/v1/films?crf=1&steady=0", &form, &[]));
    studio.save("matched.mp4", &answer.body);
    let picture = impasto::Picture::decode(&png(32, 32), &impasto::picture::Limits::default()).unwrap();
    let own = Part { style: stylizer.style(&picture).unwrap(), weight: 1.0, mask: None };
    let seen = StyleSize::default().apply(&picture).unwrap().into_owned();
    let plain = Film::new(&stylizer, own.style.clone(), FilmOptions::default()).unwrap();
    let matched = Film::new(&stylizer, Styles::matched(vec![(own, seen)], 1.0).unwrap(), FilmOptions::default()).unwrap();
    let last = |film: &Film<'_>| film.paint(before.clone().into_iter().map(Ok), &()).last().unwrap().unwrap().frame;
    let found = frames(&studio, "matched.mp4").pop().unwrap();
    let (right, wrong) = (difference(&found, &last(&matched)), difference(&found, &last(&plain)));
    assert!(right < 0.02 && wrong > 2.0 * right, "{right} from what is matched, {wrong} from what is not");
    // All forms of bodies refuse unknown and duplicate fields.
    for path in ["/v1/films", "/v1/stylize", "/v1/previews"] {
        for (field, words) in [("\"strenght\": 1", "unknown field `strenght`"), ("\"options\": {}", "duplicate field `options`")]
        {
            let body = format!("{{\"styles\": [], \"options\": {{}}, {field}}}");
            let answer = studio.server.send("POST", path, &[("Content-Type", "application/json")], body.as_bytes());
            assert_eq!(answer.complaint(400, words), None, "{path}");
        }
    }
    // Results take disk space until they are deleted.
    assert!(studio.server.gauge("film_bytes") >= (result.body.len() + part.body.len() + mixed.body.len()) as u64);
    assert_eq!(studio.server.gauge("memory_reserved_bytes"), 0);
}

#[test]
fn what_is_no_film_is_refused() {
    let Some(studio) = Studio::open(|options| {
        options.max_film = 100_000;
        options.max_film_frames = 20;
        options.max_pixels = 100 * 100;
    }) else {
        return;
    };
    let film = studio.dozen("film.mp4");
    let long = studio.film("-f lavfi -i testsrc2=size=64x48:rate=25:duration=2 -c:v libx264 -pix_fmt yuv420p", "long.mp4");
    let large = studio.film("-f lavfi -i testsrc2=size=128x96:rate=25:duration=0.2 -c:v libx264 -pix_fmt yuv420p", "large.mp4");
    let sound = studio.film("-f lavfi -i sine=duration=0.5 -c:a aac", "sound.m4a");
    // Playlists and scripts that name an existing film.
    let path = studio.folder.path().join("film.mp4").display().to_string();
    let list = format!("#EXTM3U\n#EXTINF:2,\nfile://{path}\n");
    let disguised = format!("\u{feff}\n #EXTM3U\n#EXTINF:2,\nfile://{path}\n");
    let script = format!("ffconcat version 1.0\nfile {path}\n");
    // ffmpeg's own detection would recognize this as a script, but it may not even open that demuxer.
    let hidden = format!("# a comment\nffconcat version 1.0\nfile {path}\n");
    let stream = format!("<?xml version=\"1.0\"?><MPD><BaseURL>{path}</BaseURL></MPD>");
    let mut wrong: Vec<String> = Vec::new();
    let mut expect = |what: &str, answer: Answer, status: u16, words: &str| {
        let text = answer.text();
        // The answer reveals nothing about the server's own files.
        if text.contains("impasto-films") || text.contains("/tmp") {
            wrong.push(format!("{what}: {text}"));
        }
        wrong.extend(answer.complaint(status, words).map(|found| format!("{what}: {found}")));
    };
    expect("empty", studio.post("", b""), 422, "film: is empty");
    expect("text", studio.post("", b"not a film at all"), 422, "film: ");
    expect("picture", studio.post("", &png(40, 30)), 415, "is a picture (PNG), not a film");
    expect("half", studio.post("", &film[..film.len() / 2]), 422, "film: ");
    expect("sound", studio.post("", &sound), 422, "no video stream");
    for text in [&list, &disguised, &script, &stream] {
        expect(text, studio.post("", text.as_bytes()), 422, "playlist or script");
    }
    expect("hidden", studio.post("", hidden.as_bytes()), 422, "film: ");
    expect("long", studio.post("", &long), 413, "50 frames");
    expect("large", studio.post("", &large), 413, "128x96");
    expect("larger", studio.post("?size=2000x2000", &film), 413, "2000x2000");
    expect("heavy", studio.post("", &[0; 100_001]), 413, "100000 bytes");
    expect("after its end", studio.post("?start=9", &film), 422, "this part");
    expect("codec", studio.post("?codec=h264&format=webm", &film), 400, "WebM files cannot hold H.264");
    expect("query", studio.post("?input=/etc/passwd", &film), 400, "not known");
    let twice = [("film", &film[..]), ("film", &film[..]), ("style_name", b"mosaic")];
    expect("twice", studio.server.post_form("/v1/films", &twice, &[]), 400, "twice");
    expect("none", studio.server.post_form("/v1/films", &[("style_name", b"mosaic")], &[]), 400, "film is missing");
    expect("no style", studio.server.post_form("/v1/films", &[("film", &film)], &[]), 400, "styles");
    let other = [("film", &film[..]), ("content", &film[..]), ("style_name", b"mosaic")];
    expect("content", studio.server.post_form("/v1/films", &other, &[]), 400, "no field \"content\"");
    for (options, words) in [
        (&br#"{"size": 64}"#[..], "options.size: films do not take"),
        (br#"{"format": "png"}"#, "options.format: films do not take"),
    ] {
        let form = [("film", &film[..]), ("style", &png(32, 32)[..]), ("options", options)];
        expect(words, studio.server.post_form("/v1/films", &form, &[]), 422, words);
    }
    let form = [("film", &film[..]), ("style_name", b"mosaic"), ("options", br#"{"colors": "match"}"#)];
    expect("colors", studio.server.post_form("/v1/films", &form, &[]), 422, "has no picture whose colors could be matched");
    expect("type", studio.server.send("POST", "/v1/films", &[("Content-Type", "video/mp4")], &film), 415, "video/mp4");
    assert_eq!(wrong, [""; 0]);
    assert!(studio.is_empty(), "something is left");
    // A part of a long film is painted.
    studio.finished(&studio.post("?end=0.5", &long));
}

#[test]
fn damage_ends_the_job_with_a_reason() {
    let Some(studio) = Studio::open(|_| {}) else { return };
    let mut film = studio.film("-f lavfi -i testsrc2=size=64x48:rate=25:duration=2 -c:v libx264 -pix_fmt yuv420p", "film.mkv");
    let (from, to) = (film.len() / 3, film.len() * 2 / 3);
    film[from..to].iter_mut().step_by(7).for_each(|byte| *byte ^= 0x5A);
    let answer = studio.post("", &film);
    assert_eq!(answer.status, 202, "{}", answer.text());
    let path = answer.header("location").unwrap();
    studio.server.until("the job did not end", || studio.server.get(path).json()["status"] == "failed");
    let reason = studio.server.get(path).json()["error"].clone();
    let detail = reason["detail"].as_str().unwrap();
    assert!(reason["status"] == 422 && detail.starts_with("film: is damaged") && !detail.contains('/'), "{reason}");
    assert_eq!(studio.server.get(&format!("{path}/result")).status, 422);
    studio.server.until("something is left", || studio.is_empty());
    // A mask that is not a picture, and a film that grows too large.
    let film = studio.dozen("dozen.mp4");
    let form = [("film", &film[..]), ("style_name", b"mosaic"), ("mask", b"no picture")];
    let path = studio.server.post_form("/v1/films", &form, &[]).header("location").unwrap().to_owned();
    studio.server.until("the job did not end", || studio.server.get(&path).json()["status"] == "failed");
    assert!(studio.server.get(&path).json()["error"]["detail"].as_str().unwrap().starts_with("mask"));
    drop(studio);
    let Some(small) = Studio::open(|options| options.max_film = 10_000) else { return };
    let film =
        small.film("-f lavfi -i testsrc2=size=64x48:rate=25:duration=0.48 -c:v libx264 -crf 45 -pix_fmt yuv420p", "tiny.mp4");
    assert!(film.len() < 10_000);
    let path = small.post("?crf=0", &film).header("location").unwrap().to_owned();
    small.server.until("the job did not end", || small.server.get(&path).json()["status"] == "failed");
    let error = small.server.get(&path).json()["error"].clone();
    assert!(error["status"] == 413 && error["detail"].as_str().unwrap().contains("larger than 10000 bytes"), "{error}");
    small.server.until("something is left", || small.is_empty());
}

/// Folders with films of this process, and the programs that it has started.
#[cfg(target_os = "linux")]
fn programs() -> Vec<String> {
    let mine = std::process::id().to_string();
    let stat = |entry: std::fs::DirEntry| std::fs::read_to_string(entry.path().join("stat")).ok();
    let all = std::fs::read_dir("/proc").unwrap().flatten().filter_map(stat);
    let of_mine = all.filter(|stat| stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(1)) == Some(&mine));
    of_mine.filter(|stat| stat.contains("(ffmpeg)") && !stat.contains(") Z ")).collect()
}

#[test]
fn films_wait_and_are_canceled() {
    let Some(studio) = Studio::open(|_| {}) else { return };
    let film = studio.film("-f lavfi -i testsrc2=size=320x240:rate=25:duration=20 -c:v libx264 -pix_fmt yuv420p", "film.mp4");
    let post = |_| {
        let answer = studio.post("", &film);
        assert_eq!(answer.status, 202, "{}", answer.text());
        answer.header("location").unwrap().to_owned()
    };
    let jobs: Vec<String> = (0..4).map(post).collect();
    let view = |job: &str| studio.server.get(job).json();
    studio.server.until("it makes no progress", || view(&jobs[0])["frames"]["painted"].as_u64().unwrap() > 0);
    assert_eq!((&view(&jobs[0])["status"], &view(&jobs[0])["frames"]["total"]), (&json!("running"), &json!(500)));
    // Films are painted one at a time. Pictures need not wait for them, and the number of waiting films is limited.
    assert_eq!(view(&jobs[1])["status"], "queued");
    let content = png(60, 40);
    assert_eq!(studio.server.post_form("/v1/stylize", &[("content", &content), ("style_name", b"mosaic")], &[]).status, 200);
    assert_eq!(studio.post("", &film).complaint(429, "waiting"), None);
    assert_eq!(studio.server.get(&format!("{}/result", jobs[0])).status, 409);
    // A waiting film can be cancelled at once, before its turn.
    assert_eq!(studio.server.send("DELETE", &jobs[2], &[], b"").status, 204);
    studio.server.until("it waits on", || view(&jobs[2])["status"] == "cancelled");
    assert_eq!(view(&jobs[0])["status"], "running");
    for job in [&jobs[3], &jobs[1], &jobs[0]] {
        assert_eq!(studio.server.send("DELETE", job, &[], b"").status, 204);
    }
    for job in &jobs {
        studio.server.until("it did not end", || view(job)["status"] == "cancelled");
    }
    studio.server.until("something is left", || studio.is_empty());
    studio.server.until("its place was not given back", || studio.post("", b"x").status == 422);
}

/// Runs a server in a process of its own, so that the temporary folder and the programs are that
/// server's: tests in one process run in parallel.
#[cfg(target_os = "linux")]
#[test]
fn a_server_that_ends_leaves_nothing() {
    // In its process, only this test starts programs and looks for them, in a folder of its own.
    const NAME: &str = "films::a_server_that_ends_leaves_nothing";
    if std::env::var_os("IMPASTO_TEST_FILMS").is_none() {
        let folder = tempfile::tempdir().unwrap();
        let mut again = Command::new(std::env::current_exe().unwrap());
        again.args([NAME, "--exact", "--nocapture"]).env("IMPASTO_TEST_FILMS", "1").env("TMPDIR", folder.path());
        assert!(again.status().unwrap().success());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "something is left in the temporary folder");
        return;
    }
    let Some(studio) = Studio::open(|options| options.grace = Duration::from_millis(100)) else { return };
    let film = studio.film("-f lavfi -i testsrc2=size=320x240:rate=25:duration=20 -c:v libx264 -pix_fmt yuv420p", "film.mp4");
    let running = studio.post("", &film).header("location").unwrap().to_owned();
    let waiting = studio.post("", &film);
    assert_eq!(waiting.status, 202);
    studio
        .server
        .until("it makes no progress", || studio.server.get(&running).json()["frames"]["painted"].as_u64().unwrap_or(0) > 0);
    let folders = || {
        let all = std::fs::read_dir(std::env::temp_dir()).unwrap().flatten();
        all.filter(|entry| entry.file_name().to_string_lossy().starts_with("impasto-films-")).collect::<Vec<_>>()
    };
    assert_eq!(folders().len(), 1);
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(folders()[0].metadata().unwrap().permissions().mode() & 0o777, 0o700, "others can read the films");
    assert!(!programs().is_empty());
    let Studio { server, folder } = studio;
    drop(server);
    assert_eq!(folders().len(), 0, "the folder is left");
    let end = std::time::Instant::now() + Duration::from_secs(60);
    while !programs().is_empty() {
        assert!(std::time::Instant::now() < end, "{:?} run on", programs());
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(folder);
}

#[test]
fn results_expire_and_make_room() {
    // A single frame: the result takes a few kilobytes.
    let arguments = "-f lavfi -i testsrc2=size=64x48:rate=25:duration=0.04 -c:v libx264 -crf 40 -pix_fmt yuv420p";
    let Some(studio) = Studio::open(|options| options.max_film = 8_000) else { return };
    let film = studio.film(arguments, "film.mp4");
    let (mut jobs, mut most) = (Vec::new(), 0);
    // All films together have room for eight of the largest size.
    for _ in 0..40 {
        let answer = studio.post("?crf=5", &film);
        studio.finished(&answer);
        jobs.push(answer.header("location").unwrap().to_owned());
        let used = studio.server.gauge("film_bytes");
        assert!(used <= 64_000, "{used} bytes are taken");
        // One result was deleted to make room for another.
        if used <= most {
            break;
        }
        most = used;
    }
    assert!((4..40).contains(&jobs.len()), "{} results", jobs.len());
    assert_eq!(studio.server.get(&jobs[0]).status, 404, "the oldest result is still there");
    assert_eq!(studio.server.get(jobs.last().unwrap()).status, 200);
    let Some(studio) = Studio::open(|options| options.expire = Duration::from_secs(2)) else { return };
    let answer = studio.post("", &film);
    studio.finished(&answer);
    studio.server.until("nothing expires", || studio.is_empty());
    assert_eq!(studio.server.get(answer.header("location").unwrap()).status, 404);
}

#[test]
fn without_ffmpeg_films_are_refused() {
    let server = Running::plain();
    let info = server.get("/v1/info").json();
    assert_eq!(info["films"]["available"], false);
    assert!(info["films"]["remedy"].as_str().unwrap().contains("apt install ffmpeg"));
    let answer = server.post_form("/v1/films", &[("film", b"x"), ("style_name", b"mosaic")], &[]);
    assert_eq!(answer.complaint(422, "--ffmpeg"), None);
    let Some(studio) = Studio::open(|_| {}) else { return };
    let info: Value = studio.server.get("/v1/info").json();
    assert_eq!((&info["films"]["available"], &info["films"]["remedy"]), (&json!(true), &Value::Null));
    assert_eq!(info["limits"]["max_film_bytes"], 256 << 20);
}
