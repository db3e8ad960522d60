//! Downloads from a local server that makes every mistake that servers make.

#[path = "../../tests/support/server.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with the integration tests")]
mod server;

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use impasto::ErrorKind;

use super::{DownloadOptions, Expected, file};
use crate::{Address, Unwatched, Watch, hash};
use server::{Reply, Server};

/// Bytes without a pattern.
fn bytes(len: usize) -> Vec<u8> {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..len).map(|_| next()).collect()
}

fn quick() -> DownloadOptions {
    DownloadOptions::default().patience(Duration::from_millis(400), Duration::from_millis(5))
}

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Place(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("weights.bin")
    }

    fn files(&self) -> Vec<String> {
        let mut names: Vec<_> =
            std::fs::read_dir(self.0.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn get(&self, address: &str, expected: &Expected, options: &DownloadOptions) -> impasto::Result<()> {
        file(&Address::parse(address).unwrap(), &self.path(), expected, options, &Unwatched)
    }

    /// Checks that a download fails in this way and leaves nothing usable.
    #[track_caller]
    fn fails(&self, address: &str, expected: &Expected, options: &DownloadOptions, kind: ErrorKind, words: &[&str]) {
        let error = self.get(address, expected, options).unwrap_err();
        let text = error.to_string();
        assert_eq!(error.kind(), kind, "{text}");
        assert!(words.iter().all(|word| text.contains(word)) && !text.contains('\n'), "{text}");
        assert!(!self.path().exists());
    }
}

#[test]
fn a_file_arrives_through_redirections() {
    let content = bytes(300_000);
    let sent = content.clone();
    let server = Server::start(move |asked| match asked.path.as_str() {
        "/start" => Reply::redirect("/a/second"),
        "/a/second" => Reply::redirect("third?x=1"),
        "/a/third?x=1" => Reply::file(asked, &sent, "v1"),
        _ => Reply::new(404, "none"),
    });
    let place = Place::new();
    let expected = Expected::new(Some(300_000), Some(hash::of_bytes(&content)));
    place.get(&server.address("/start"), &expected, &quick()).unwrap();
    assert_eq!(std::fs::read(place.path()).unwrap(), content);
    assert_eq!(place.files(), ["weights.bin"]);
}

#[test]
fn broken_connections_are_continued_where_they_stopped() {
    let content = bytes(500_000);
    let sent = content.clone();
    let server = Server::start(move |asked| Reply { cut: 120_000, ..Reply::file(asked, &sent, "v1") });
    let place = Place::new();
    // Five pieces with one retry each: what counts is that bytes arrive, not how often the connection breaks off.
    place.get(&server.address("/"), &Expected::default(), &DownloadOptions { retries: 1, ..quick() }).unwrap();
    assert_eq!(std::fs::read(place.path()).unwrap(), content);
    let from: Vec<_> = server.asked().iter().map(|asked| asked.from).collect();
    assert_eq!(from, [None, Some(120_000), Some(240_000), Some(360_000), Some(480_000)]);
    assert!(server.asked()[1..].iter().all(|asked| asked.if_range.as_deref() == Some("\"v1\"")));
}

#[test]
fn a_later_call_continues_an_earlier_one() {
    let content = bytes(300_000);
    let (sent, broken) = (content.clone(), AtomicBool::new(true));
    let server = Server::start(move |asked| {
        let reply = Reply::file(asked, &sent, "v1");
        if broken.swap(false, Ordering::SeqCst) { Reply { cut: 100_000, ..reply } } else { reply }
    });
    let place = Place::new();
    let impatient = DownloadOptions { retries: 0, ..quick() };
    place.fails(
        &server.address("/"),
        &Expected::default(),
        &impatient,
        ErrorKind::Io,
        &["100000 of 300000", "try again to continue"],
    );
    assert_eq!(place.files(), ["weights.bin.part", "weights.bin.part.json"]);
    place.get(&server.address("/"), &Expected::default(), &impatient).unwrap();
    assert_eq!(server.asked()[1].from, Some(100_000));
    assert_eq!(std::fs::read(place.path()).unwrap(), content);
}

#[test]
fn a_file_that_changes_on_the_server_begins_again() {
    let contents = [bytes(200_000), bytes(150_000).into_iter().rev().collect::<Vec<_>>()];
    let (sent, count) = (contents.clone(), AtomicUsize::new(0));
    let server = Server::start(move |asked| match count.fetch_add(1, Ordering::SeqCst) {
        0 => Reply { cut: 100_000, ..Reply::file(asked, &sent[0], "v1") },
        _ => Reply::file(asked, &sent[1], "v2"),
    });
    let place = Place::new();
    place.get(&server.address("/"), &Expected::default(), &quick()).unwrap();
    assert_eq!(std::fs::read(place.path()).unwrap(), contents[1]);
}

#[test]
fn servers_without_validators_are_continued_only_if_the_hash_is_known() {
    for known in [false, true] {
        let content = bytes(200_000);
        let (sent, count) = (content.clone(), AtomicUsize::new(0));
        let server = Server::start(move |asked| {
            let mut reply = Reply::file(asked, &sent, "v1");
            reply.headers.retain(|(name, _)| *name != "ETag");
            if count.fetch_add(1, Ordering::SeqCst) == 0 { Reply { cut: 50_000, ..reply } } else { reply }
        });
        let place = Place::new();
        let expected = Expected::new(None, known.then(|| hash::of_bytes(&content)));
        place.get(&server.address("/"), &expected, &quick()).unwrap();
        assert_eq!(std::fs::read(place.path()).unwrap(), content);
        assert_eq!(server.asked()[1].from, known.then_some(50_000));
    }
}

#[test]
fn wrong_files_are_refused_and_leave_nothing() {
    let content = bytes(100_000);
    let hash = hash::of_bytes(&content);
    let server = Server::start(move |asked| match asked.path.as_str() {
        "/short" => Reply::file(asked, &bytes(99_999), "x"),
        "/other" => Reply::file(asked, &vec![0; 100_000], "x"),
        "/unsaid" => Reply { length: false, ..Reply::file(asked, &bytes(200_000), "x") },
        "/cut" => Reply { length: false, ..Reply::new(200, bytes(1000)) },
        "/404" => Reply::new(404, "no"),
        "/401" => Reply::new(401, "no"),
        "/500" => Reply::new(500, "no"),
        "/418" => Reply::new(418, "no"),
        "/part" => Reply::new(206, "abc").header("Content-Range", "bytes 7-9/10"),
        "/zipped" => Reply::new(200, "abc").header("Content-Encoding", "gzip"),
        "/round" => Reply::redirect("/round"),
        "/nowhere" => Reply::new(302, ""),
        "/file" => Reply::redirect("file:///etc/passwd"),
        "/plain" => Reply::redirect("http://example.org/weights.bin"),
        _ => unreachable!("{asked:?}"),
    });
    let sized = Expected::new(Some(100_000), None);
    let hashed = Expected::new(Some(100_000), Some(hash));
    let unknown = Expected::default();
    let cases: [(&str, &Expected, ErrorKind, &[&str]); 14] = [
        ("/short", &sized, ErrorKind::Malformed, &["/short", "99999 bytes instead of 100000"]),
        ("/other", &hashed, ErrorKind::Malformed, &["SHA-256", "instead of"]),
        ("/unsaid", &sized, ErrorKind::Malformed, &["more than 100000 bytes"]),
        ("/cut", &hashed, ErrorKind::Io, &["broke off"]),
        ("/404", &unknown, ErrorKind::Io, &["no such file"]),
        ("/401", &unknown, ErrorKind::Io, &["denies access"]),
        ("/500", &unknown, ErrorKind::Io, &["answers 500"]),
        ("/418", &unknown, ErrorKind::Io, &["answers 418"]),
        ("/part", &unknown, ErrorKind::Io, &["different part"]),
        ("/zipped", &unknown, ErrorKind::Io, &["compressed"]),
        ("/round", &unknown, ErrorKind::Io, &["more than 10 redirects"]),
        ("/nowhere", &unknown, ErrorKind::Io, &["redirects without an address"]),
        ("/file", &unknown, ErrorKind::InvalidArgument, &["only http and https"]),
        ("/plain", &unknown, ErrorKind::InvalidArgument, &["http://example.org", "not encrypted"]),
    ];
    for (path, expected, kind, words) in cases {
        Place::new().fails(&server.address(path), expected, &DownloadOptions { retries: 1, ..quick() }, kind, words);
    }
    let small = quick().max_bytes(1000);
    for path in ["/other", "/unsaid"] {
        Place::new().fails(&server.address(path), &unknown, &small, ErrorKind::TooLarge, &["over the limit of 1000"]);
    }
    Place::new().fails(&server.address("/other"), &sized, &small, ErrorKind::TooLarge, &["over the limit"]);
    let plain = "http://example.org/weights.bin";
    Place::new().fails(
        plain,
        &unknown,
        &quick().how_to_allow_http(" or --x"),
        ErrorKind::InvalidArgument,
        &["not encrypted", "or --x"],
    );
}

#[test]
fn failures_that_may_pass_are_tried_again() {
    let (content, count) = (bytes(1000), AtomicUsize::new(0));
    let sent = content.clone();
    let server = Server::start(move |asked| match count.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::new(503, "busy"),
        1 => Reply::new(429, "slower"),
        2 => Reply { pause: Some((500, Duration::from_millis(1500))), ..Reply::file(asked, &sent, "v1") },
        _ => Reply::file(asked, &sent, "v1"),
    });
    let place = Place::new();
    place.get(&server.address("/"), &Expected::default(), &quick()).unwrap();
    assert_eq!(std::fs::read(place.path()).unwrap(), content);
    assert_eq!(server.asked().last().unwrap().from, Some(500));
}

#[test]
fn silent_servers_and_closed_ports_are_given_up() {
    let start = Instant::now();
    let server = Server::start(|_| {
        std::thread::sleep(Duration::from_secs(4));
        Reply::new(200, "late")
    });
    let once = DownloadOptions { retries: 0, ..quick() };
    Place::new().fails(&server.address("/"), &Expected::default(), &once, ErrorKind::Io, &["does not answer within 0.4 s"]);
    assert!(start.elapsed() < Duration::from_secs(3));
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    Place::new().fails(
        &format!("http://127.0.0.1:{port}/"),
        &Expected::default(),
        &quick(),
        ErrorKind::Io,
        &["cannot be reached", "online"],
    );
}

/// Cancels after some bytes, and records the notes.
#[derive(Default)]
struct Stopping {
    after: u64,
    told: Mutex<Vec<(u64, Option<u64>)>>,
}

impl Watch for Stopping {
    fn progress(&self, file: &str, done: u64, total: Option<u64>) {
        assert_eq!(file, "weights.bin");
        self.told.lock().unwrap().push((done, total));
    }

    fn cancelled(&self) -> bool {
        self.told.lock().unwrap().last().is_some_and(|(done, _)| *done >= self.after)
    }
}

#[test]
fn a_stopped_download_is_kept_and_progress_is_told() {
    let content = bytes(1_000_000);
    let sent = content.clone();
    let server = Server::start(move |asked| Reply::file(asked, &sent, "v1"));
    let place = Place::new();
    let address = Address::parse(&server.address("/")).unwrap();
    let watch = Stopping { after: 300_000, ..Stopping::default() };
    let error = file(&address, &place.path(), &Expected::default(), &quick(), &watch).unwrap_err();
    assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::Cancelled, "interrupted"));
    let told = watch.told.into_inner().unwrap();
    assert!(
        told.windows(2).all(|two| two[0].0 <= two[1].0) && told.iter().all(|(_, total)| *total == Some(1_000_000)),
        "{told:?}"
    );
    let kept = std::fs::metadata(place.0.path().join("weights.bin.part")).unwrap().len();
    assert!((300_000..1_000_000).contains(&kept), "{kept}");
    place.get(&server.address("/"), &Expected::default(), &quick()).unwrap();
    assert_eq!(server.asked()[1].from, Some(kept));
    assert_eq!(std::fs::read(place.path()).unwrap(), content);
}
