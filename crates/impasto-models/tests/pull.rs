//! Pulls models from a local server into a cache in a temporary folder.
#![cfg(feature = "download")]

#[path = "../../impasto/tests/common/models.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with the tests of other crates")]
mod models;
#[path = "support/server.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with the unit tests")]
mod server;

use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use impasto::weights::safetensors::{Precision, to_bytes};
use impasto::{ErrorKind, Model};
use impasto_models::download::DownloadOptions;
use impasto_models::{Cache, Cached, Meaning, Models, PullOptions, Registry, Unwatched, Wanted, Watch, hash};
use server::{Asked, Reply, Server};

/// A random model of a few kilobytes.
fn model() -> Vec<u8> {
    to_bytes(&models::native().to_weights(), Precision::F32).unwrap()
}

/// A `.tar.gz` archive with these files.
fn tar_gz(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, *content).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

struct Place {
    folder: tempfile::TempDir,
    models: Models,
}

impl Place {
    /// A cache, and a registry with one model `m` that has these files and further fields, in JSON.
    fn new(files: &str, more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let entry = format!(r#"{{"name":"m","title":"a test","licence":"MIT","source":"here","files":[{files}]{more}}}"#);
        let registry = Registry::parse(&format!(r#"{{"version":1,"models":[{entry}]}}"#)).unwrap();
        let models = Models::new(registry, Cache::at(folder.path().join("cache")));
        Place { folder, models }
    }

    fn wanted(&self, word: &str) -> Wanted {
        match self.models.find(Path::new(word)).unwrap() {
            Meaning::Absent(wanted) => *wanted,
            Meaning::Here(paths) => panic!("{word} is here: {paths:?}"),
        }
    }

    fn pull(&self) -> impasto::Result<Cached> {
        self.models.pull(&self.wanted("m"), &options(), &Unwatched)
    }

    /// Checks that pulling fails in this way, and that nothing is left that could be taken for a model.
    #[track_caller]
    fn fails(&self, kind: ErrorKind, words: &[&str]) {
        let error = self.pull().unwrap_err();
        let text = error.to_string();
        assert_eq!(error.kind(), kind, "{text}");
        assert!(text.starts_with("m: ") && words.iter().all(|word| text.contains(word)) && !text.contains('\n'), "{text}");
        assert!(!text.contains(".partial"), "{text}");
        assert!(self.models.cache().unwrap().all().is_empty() && !self.folder.path().join("cache/m").exists());
    }
}

fn options() -> PullOptions {
    let mut download = DownloadOptions::default().patience(Duration::from_secs(5), Duration::from_millis(5));
    download.retries = 1;
    PullOptions::default().download(download)
}

fn serving(files: impl Fn(&str) -> Option<Vec<u8>> + Send + Sync + 'static) -> Server {
    Server::start(move |asked: &Asked| match files(&asked.path) {
        Some(body) => Reply::file(asked, &body, "v1"),
        None => Reply::new(404, ""),
    })
}

#[test]
fn a_model_is_pulled_once_found_verified_and_removed() {
    let bytes = model();
    let (sent, hash) = (bytes.clone(), hash::of_bytes(&bytes));
    let server = serving(move |path| (path == "/m.safetensors").then(|| sent.clone()));
    let file = format!(
        r#"{{"name":"m.safetensors","mirrors":["{}","{}"],"bytes":{},"sha256":"{hash}"}}"#,
        server.address("/gone"),
        server.address("/m.safetensors"),
        bytes.len()
    );
    let place = Place::new(&file, r#","addresses":["https://example.org/m/2"]"#);
    assert!(place.wanted("m").entry.trust().contains("SHA-256 of every file"));
    let offline = place.models.pull(&place.wanted("m"), &options().offline(true), &Unwatched).unwrap_err();
    assert!(offline.to_string().contains("offline") && server.asked().is_empty());

    let cached = place.pull().unwrap();
    assert_eq!(server.asked().len(), 2);
    assert!(cached.receipt.trust().contains("neither damaged nor forged"), "{}", cached.receipt.trust());
    assert_eq!(cached.receipt.addresses, [server.address("/m.safetensors")]);
    Model::open_with(&cached.paths(), &impasto::weights::Limits::default(), &impasto::networks::Options::default()).unwrap();
    // It is found by its name and all of its addresses, without asking the server.
    for word in ["m", "https://example.org/m/2", "http://www.example.org/m/2/", &server.address("/m.safetensors")] {
        assert!(matches!(place.models.find(Path::new(word)).unwrap(), Meaning::Here(paths) if paths == cached.paths()), "{word}");
    }
    place.models.pull(&Wanted::listed(place.models.registry.find("m").unwrap().clone()), &options(), &Unwatched).unwrap();
    assert_eq!(server.asked().len(), 2);
    assert_eq!(std::fs::read_dir(place.folder.path().join("cache/.partial")).unwrap().count(), 1, "only the lock is left");

    cached.verify(&Unwatched).unwrap();
    let path = cached.folder().join("m.safetensors");
    let mut damaged = bytes;
    *damaged.last_mut().unwrap() ^= 1;
    std::fs::write(&path, &damaged).unwrap();
    let text = cached.verify(&Unwatched).unwrap_err().to_string();
    assert!(text.contains("m.safetensors: is damaged") && text.contains("impasto models rm m"), "{text}");
    std::fs::remove_file(&path).unwrap();
    assert!(cached.verify(&Unwatched).unwrap_err().to_string().contains("is missing"));

    let cache = place.models.cache().unwrap();
    assert!(cache.remove("m", &Unwatched).unwrap() && !cache.remove("m", &Unwatched).unwrap());
    assert!(cache.all().is_empty() && cache.remove("../m", &Unwatched).is_err());
}

#[test]
fn archives_are_unpacked_and_what_is_inside_is_checked() {
    let bytes = model();
    let archive = tar_gz(&[("weights/m.safetensors", &bytes), ("weights/README", b"hello")]);
    let sent = archive.clone();
    let server = serving(move |path| (path == "/m.tar.gz").then(|| sent.clone()));
    let item =
        |more: &str| format!(r#"{{"name":"m.tar.gz","unpack":"tar.gz","mirrors":["{}"]{more}}}"#, server.address("/m.tar.gz"));
    let contains = |sha256: &str| format!(r#","contains":[{{"path":"weights/m.safetensors","sha256":"{sha256}"}}]"#);
    let place = Place::new(&item(""), &format!(r#"{},"checksums":"Sums""#, contains(&hash::of_bytes(&bytes))));
    let cached = place.pull().unwrap();
    assert_eq!(cached.paths(), [cached.folder().join("weights")]);
    let known: Vec<_> = cached.receipt.files.iter().map(|file| (file.path.as_str(), file.known)).collect();
    assert_eq!(known, [("weights/README", false), ("weights/m.safetensors", true)]);
    assert!(cached.receipt.trust().starts_with("1 of 2 files"), "{}", cached.receipt.trust());
    // If the hash of the archive is known, so is that of every file in it.
    let whole = Place::new(&item(&format!(r#","sha256":"{}""#, hash::of_bytes(&archive))), "").pull().unwrap();
    assert!(whole.receipt.files.iter().all(|file| file.known));
    let only = Place::new(&item(r#","only":["weights/m.safetensors"]"#), "").pull().unwrap();
    assert_eq!(only.receipt.files.len(), 1);

    Place::new(&item(""), &contains(&hash::of_bytes(b"x"))).fails(ErrorKind::Malformed, &["weights/m.safetensors", "SHA-256"]);
    let absent = format!(r#","contains":[{{"path":"other","sha256":"{}"}}]"#, hash::of_bytes(b"x"));
    Place::new(&item(""), &absent).fails(ErrorKind::Malformed, &["lacks other"]);
}

#[test]
fn what_is_not_a_model_is_not_kept() {
    let server = serving(|path| match path {
        "/text" => Some(b"no weights at all".to_vec()),
        "/page" => Some(b"<!DOCTYPE html><html>sign in</html>".to_vec()),
        "/up.tar.gz" => {
            let mut header = tar::Header::new_gnu();
            header.as_gnu_mut().unwrap().name[..5].copy_from_slice(b"../up");
            header.set_size(0);
            header.set_cksum();
            let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
            tar.append(&header, &b""[..]).unwrap();
            Some(tar.into_inner().unwrap().finish().unwrap())
        }
        _ => None,
    });
    let item = |path: &str, more: &str| format!(r#"{{"name":"f","mirrors":["{}"]{more}}}"#, server.address(path));
    let packed = r#","unpack":"tar.gz""#;
    Place::new(&item("/text", ""), "").fails(ErrorKind::Unsupported, &["not usable", "text file"]);
    Place::new(&item("/page", ""), "").fails(ErrorKind::Malformed, &["not usable", "web page"]);
    Place::new(&item("/page", packed), "").fails(ErrorKind::Malformed, &["/page", "web page"]);
    Place::new(&item("/up.tar.gz", packed), "").fails(ErrorKind::Malformed, &["/up.tar.gz", "leaves its folder"]);
    Place::new(&item("/gone", ""), "").fails(ErrorKind::Io, &["/gone", "no such file"]);
    let wrong = format!(r#","sha256":"{}""#, hash::of_bytes(b"x"));
    Place::new(&item("/text", &wrong), "").fails(ErrorKind::Malformed, &["SHA-256"]);
    Place::new(&item("/text", r#","bytes":3"#), "").fails(ErrorKind::Malformed, &["17 bytes instead of 3"]);
    // Try the same again: nothing wrong is kept from the first time.
    let place = Place::new(&item("/text", ""), "");
    place.fails(ErrorKind::Unsupported, &["not usable"]);
    let before = server.asked().len();
    place.fails(ErrorKind::Unsupported, &["not usable"]);
    assert_eq!(server.asked().len(), before + 1);
}

#[test]
fn terms_without_commercial_use_have_to_be_accepted() {
    let bytes = model();
    let server = serving(move |_| Some(bytes.clone()));
    let place = Place::new(&format!(r#"{{"name":"f","mirrors":["{}"]}}"#, server.address("/f")), r#","non_commercial":true"#);
    place.fails(ErrorKind::Unsupported, &["forbid commercial use", "MIT"]);
    assert!(server.asked().is_empty());
    place.models.pull(&place.wanted("m"), &options().accept_non_commercial(true), &Unwatched).unwrap();
}

#[test]
fn two_at_once_download_once() {
    let bytes = model();
    let server = Server::start(move |asked| {
        std::thread::sleep(Duration::from_millis(300));
        Reply::file(asked, &bytes, "v1")
    });
    let place = Place::new(&format!(r#"{{"name":"f","mirrors":["{}"]}}"#, server.address("/f")), "");
    let wanted = place.wanted("m");
    std::thread::scope(|scope| {
        for _ in 0..3 {
            // Each thread has its own handle, like separate processes.
            let (models, wanted) = (place.models.clone(), &wanted);
            scope.spawn(move || models.pull(wanted, &options(), &Unwatched).unwrap());
        }
    });
    assert_eq!(server.asked().len(), 1);
}

/// Cancels as soon as something has arrived.
#[derive(Default)]
struct Stop(AtomicBool);

impl Watch for Stop {
    fn progress(&self, _file: &str, done: u64, _total: Option<u64>) {
        self.0.fetch_or(done > 0, Ordering::SeqCst);
    }

    fn cancelled(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

#[test]
fn a_stopped_pull_leaves_nothing_usable_and_is_continued() {
    let bytes = model();
    let sent = [bytes.clone(), vec![0; 1 << 20]].concat();
    let (first, second) = (sent.clone(), bytes.clone());
    let server = Server::start(move |asked| match asked.path.as_str() {
        "/large" => Reply::file(asked, &first, "v1"),
        _ => Reply::file(asked, &second, "v1"),
    });
    let item = |name: &str, path: &str| format!(r#"{{"name":"{name}","mirrors":["{}"]}}"#, server.address(path));
    let files = format!("{},{}", item("notes.bin", "/large"), item("m.safetensors", "/m"));
    let place = Place::new(&files, r#","open":["m.safetensors"]"#);
    let error = place.models.pull(&place.wanted("m"), &options(), &Stop::default()).unwrap_err();
    assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::Cancelled, "interrupted"));
    assert!(place.models.cache().unwrap().all().is_empty());
    let cached = place.pull().unwrap();
    assert!(server.asked()[1].from.is_some_and(|from| from > 0), "{:?}", server.asked());
    assert_eq!(std::fs::read(cached.folder().join("notes.bin")).unwrap(), sent);
}

#[test]
fn an_address_alone_is_enough() {
    let bytes = model();
    let server = serving(move |_| Some(bytes.clone()));
    let place = Place::new(r#"{"name":"f","mirrors":["https://example.org/f"]}"#, "");
    let address = server.address("/weights.safetensors?token=1");
    let wanted = place.wanted(&address);
    assert!(!wanted.listed && wanted.name().starts_with("weights-"));
    let cached = place.models.pull(&wanted, &options(), &Unwatched).unwrap();
    assert!(cached.receipt.trust().contains("could be forged"), "{}", cached.receipt.trust());
    assert!(matches!(place.models.find(Path::new(&address)).unwrap(), Meaning::Here(_)));
    assert!(matches!(place.models.find(Path::new(wanted.name())).unwrap(), Meaning::Here(_)));
    for text in ["ftp://x/y", "file:///tmp/x", "https://me:pw@x/y"] {
        assert_eq!(place.models.find(Path::new(text)).unwrap_err().kind(), ErrorKind::InvalidArgument, "{text}");
    }
}

#[test]
fn another_registrys_model_of_the_same_name_is_another_model() {
    let bytes = model();
    let (sent, hash) = (bytes.clone(), hash::of_bytes(&bytes));
    let server = serving(move |_| Some(sent.clone()));
    let file = |sha256: &str| format!(r#"{{"name":"f","mirrors":["{}"],"sha256":"{sha256}"}}"#, server.address("/f"));
    let place = Place::new(&file(&hash), "");
    place.pull().unwrap();
    let other = Place::new(&file(&hash::of_bytes(b"other")), "");
    let models = Models::new(other.models.registry.clone(), place.models.cache().unwrap().clone());
    assert!(matches!(models.find(Path::new("m")).unwrap(), Meaning::Absent(_)));
}

/// A file from the folder of real weights beside the project, or where `IMPASTO_SHARED` says. If that folder does not
/// exist, prints a message to standard error and returns `None`.
fn shared(path: &str) -> Option<Vec<u8>> {
    let root = std::env::var_os("IMPASTO_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), std::path::PathBuf::from);
    if !root.is_dir() {
        let _ = writeln!(std::io::stderr(), "skipped: {path} (no folder {}; set IMPASTO_SHARED)", root.display());
        return None;
    }
    Some(std::fs::read(root.join(path)).unwrap())
}

#[test]
fn published_files_are_those_that_the_built_in_registry_knows() {
    let server = serving(|path| shared(&format!("models{path}")));
    for (name, folder) in [("magenta-tflite", "magenta-tflite"), ("microast", "microast")] {
        if shared("models/README.md").is_none() {
            return;
        }
        let mut entry = Registry::built_in().unwrap().find(name).unwrap().clone();
        for item in &mut entry.files {
            item.mirrors = vec![server.address(&format!("/{folder}/{}", item.name))];
        }
        let place = Place::new(r#"{"name":"f","mirrors":["https://example.org/f"]}"#, "");
        let cached = place.models.pull(&Wanted::listed(entry), &options(), &Unwatched).unwrap();
        assert!(cached.receipt.files.iter().all(|file| file.known), "{name}");
    }
}
