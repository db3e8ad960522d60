//! What a run over many pictures has painted: one JSON object per line, added as it happens. The program and Python's
//! `impasto.ray` use the same format, so that either continues what the other began.
//!
//! | `state` | other fields |
//! | --- | --- |
//! | `begun` | `output`, and `key` if it is known: a file of this name that is there later is Impasto's own |
//! | `done` | `input`, `output`, `key`, `style`, `width`, `height`, `seconds`, `bytes`, and the file's `sha256` |
//! | `failed` | `input`, `output`, `style`, `seconds`, `error` |
//!
//! For names that are not UTF-8, `output_bytes` and `input_bytes` hold the bytes; see [`put_name`]. Outputs are named
//! relative to the manifest's folder. Each line is written in one piece; lines torn by a crash are skipped.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use super::reference::Reference;
use crate::hash::sha256_of_file;
use crate::{Error, ErrorKind, Result};

/// The name of the manifest in the folder of the results.
pub const MANIFEST: &str = "impasto.jsonl";

/// What a manifest's lines say about each output.
#[derive(Debug, Default)]
pub struct Entries(HashMap<OsString, Entry>);

/// The latest state of an output.
#[derive(Debug, Default)]
struct Entry {
    /// Whether a file of this name, if there is one, is Impasto's own.
    own: bool,
    /// The value of `own` before the last attempt, until that attempt ends.
    before: Option<bool>,
    done: Option<Done>,
}

/// A finished result.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Done {
    /// What it was made from and how; see [`super::Request::key`].
    pub key: String,
    /// The file's size.
    pub bytes: u64,
    /// The file's hash.
    pub sha256: String,
}

impl Entries {
    /// Reads the bytes of a manifest, which may be empty.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`] if it is some other file.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        let entries = read(bytes);
        if entries.is_empty() && !bytes.is_empty() && !is_torn_first_line(bytes) {
            return Err(Error::new(ErrorKind::Malformed, "is not a manifest; name another file for it"));
        }
        Ok(Entries(entries))
    }

    /// Returns what is known about an output that is finished.
    pub fn done(&self, output: &OsStr) -> Option<&Done> {
        self.0.get(output)?.done.as_ref()
    }

    /// Whether an earlier run made the file of this name.
    pub fn owns(&self, output: &OsStr) -> bool {
        self.0.get(output).is_some_and(|entry| entry.own)
    }
}

/// A manifest that was read, and to which lines are added.
#[derive(Debug)]
pub struct Manifest {
    path: PathBuf,
    /// The folder that it is in, with links resolved.
    folder: PathBuf,
    /// Created or opened when the first line is added.
    file: Mutex<Option<File>>,
    /// Whether the last line is incomplete.
    torn: bool,
    /// As read when the manifest was opened.
    entries: Entries,
    _lock: Option<Lock>,
}

impl Manifest {
    /// Reads the manifest, if it exists. Nothing is written yet.
    ///
    /// # Errors
    /// If it cannot be read, or is some other file.
    pub fn open(path: &Path) -> Result<Self> {
        let bytes = match fs::read(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Vec::new(),
            read => read.map_err(|e| Error::from(e).context(path.display()))?,
        };
        let entries = Entries::read(&bytes).map_err(|e| e.context(path.display()))?;
        let folder = place(path).parent().map_or_else(PathBuf::new, Path::to_path_buf);
        let torn = bytes.last().is_some_and(|&last| last != b'\n');
        Ok(Manifest { path: path.to_owned(), folder, file: Mutex::default(), torn, entries, _lock: None })
    }

    /// Keeps other runs away from the manifest while this value lives (see [`Lock::take`]), and reads what they have
    /// written so far.
    ///
    /// # Errors
    /// As [`Manifest::open`] and [`Lock::take`].
    pub fn lock(&mut self, alone: bool) -> Result<()> {
        let lock = Lock::take(&self.path, alone)?;
        *self = Manifest { _lock: Some(lock), ..Self::open(&self.path)? };
        Ok(())
    }

    /// Whether an output is still as an earlier run made it, with the same settings.
    pub fn is_done(&self, output: &Path, key: &str) -> bool {
        let Some(done) = self.entries.done(&self.name(output)) else { return false };
        let size = output.metadata().map(|about| about.len());
        done.key == key
            && size.is_ok_and(|size| size == done.bytes)
            && sha256_of_file(output).is_ok_and(|hash| hash == done.sha256)
    }

    /// Whether an earlier run made the file of this name.
    pub fn owns(&self, output: &Path) -> bool {
        self.entries.owns(&self.name(output))
    }

    /// Records that an output is being made.
    ///
    /// # Errors
    /// As [`Manifest::add`].
    pub fn begin(&self, output: &Path, key: &str) -> Result<()> {
        let mut record = json!({ "state": "begun", "key": key });
        self.put_output(&mut record, output);
        self.add(&record)
    }

    /// Adds a line.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn add(&self, record: &Value) -> Result<()> {
        // In one piece, so that lines of several threads and programs do not mix.
        let line = format!("{record}\n");
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let mut write = || match &mut *file {
            Some(file) => file.write_all(line.as_bytes()),
            none => none.insert(self.begin_writing()?).write_all(line.as_bytes()),
        };
        write().map_err(|e| Error::from(e).context(self.path.display()))
    }

    fn begin_writing(&self) -> io::Result<File> {
        fs::create_dir_all(&self.folder)?;
        let mut file = OpenOptions::new().append(true).create(true).open(&self.path)?;
        if self.torn {
            file.write_all(b"\n")?;
        }
        Ok(file)
    }

    /// Adds an output's name to a record.
    pub fn put_output(&self, record: &mut Value, output: &Path) {
        put_name(record, "output", self.name(output));
    }

    /// Returns the manifest's name for an output.
    fn name(&self, output: &Path) -> OsString {
        let place = place(output);
        place.strip_prefix(&self.folder).unwrap_or(&place).into()
    }
}

/// A run's lock on a manifest. It ends with the value, or with the process, however that ends. On systems other than
/// Unix, on file systems without locks, and on devices there is no lock: every run gets it.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    file: File,
    /// Folders that were created for it, the outermost first.
    made: Vec<PathBuf>,
}

impl Lock {
    /// Creates the manifest if it does not exist, and locks it. Runs that leave existing results alone share the lock;
    /// a run that continues what others began must have it `alone`. A manifest that nothing was written to is removed
    /// at the end, with the folders that were created for it.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`] if another run holds the lock; [`ErrorKind::Io`] if the manifest cannot be created.
    pub fn take(path: &Path, alone: bool) -> Result<Self> {
        let named = |e: io::Error| Error::from(e).context(path.display());
        let folders = path.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty() && !folder.exists());
        let mut made: Vec<_> = folders.map(Path::to_path_buf).collect();
        made.reverse();
        if let Some(folder) = made.last() {
            fs::create_dir_all(folder).map_err(named)?;
        }
        let open = || OpenOptions::new().append(true).create(true).open(path).map_err(named);
        let mut file = open()?;
        while cfg!(unix) && file.metadata().is_ok_and(|about| about.is_file()) {
            let tried = if alone { file.try_lock() } else { file.try_lock_shared() };
            if matches!(tried, Err(fs::TryLockError::WouldBlock)) {
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
                let text = format!("{}: another run is painting into this folder; wait until it ends", folder.display());
                return Err(Error::new(ErrorKind::AlreadyExists, text));
            }
            if path.exists() {
                break;
            }
            // Another run removed the file before we got the lock, so this lock is worthless.
            file = open()?;
        }
        Ok(Lock { path: path.to_owned(), file, made })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Best effort: an empty file does no harm. If others share the lock, they keep the file.
        let empty = || self.file.metadata().is_ok_and(|about| about.is_file() && about.len() == 0);
        if empty() && cfg!(unix) && self.file.try_lock().is_ok() && empty() {
            let _ = fs::remove_file(&self.path);
            self.made.iter().rev().for_each(|folder| drop(fs::remove_dir(folder)));
        }
    }
}

/// Whether it is the beginning of our first line. Fields are in alphabetical order.
fn is_torn_first_line(bytes: &[u8]) -> bool {
    let first = ["{\"bytes\":", "{\"error\":", "{\"key\":", "{\"output\":"].map(str::as_bytes);
    !bytes.contains(&b'\n') && first.iter().any(|first| bytes.starts_with(first) || first.starts_with(bytes))
}

/// Reads all lines that can be read.
fn read(bytes: &[u8]) -> HashMap<OsString, Entry> {
    let mut entries: HashMap<OsString, Entry> = HashMap::new();
    for line in bytes.split(|&byte| byte == b'\n') {
        let Ok(record) = serde_json::from_slice::<Value>(line) else { continue };
        let text = |field: &str| record[field].as_str().map(str::to_owned);
        let (Some(state), Some(output)) = (text("state"), name_in(&record, "output")) else { continue };
        let entry = entries.entry(output).or_default();
        match state.as_str() {
            "begun" => *entry = Entry { own: true, before: Some(entry.own), done: None },
            "done" => {
                let (key, bytes, sha256) = (text("key"), record["bytes"].as_u64(), text("sha256"));
                let done = key.zip(bytes).zip(sha256).map(|((key, bytes), sha256)| Done { key, bytes, sha256 });
                *entry = Entry { own: true, before: None, done };
            }
            // The file from before the attempt is still there, with the same owner.
            "failed" => {
                if let Some(before) = entry.before.take() {
                    entry.own = before;
                }
            }
            _ => {}
        }
    }
    entries
}

/// Adds a name to a JSON object. JSON is text, but names on Unix are bytes. A name that is not UTF-8 is written with
/// replacement characters for people, and also in hexadecimal, under `FIELD_bytes`, for programs.
pub fn put_name(json: &mut Value, field: &str, name: impl AsRef<OsStr>) {
    let name = Reference::new(name);
    json[field] = name.name.into();
    if let Some(bytes) = name.name_bytes {
        json[format!("{field}_bytes")] = bytes.into();
    }
}

/// Returns the name in a JSON object; `None` if there is no name.
pub fn name_in(json: &Value, field: &str) -> Option<OsString> {
    let mut name = Reference::new(json[field].as_str()?);
    name.name_bytes = json[format!("{field}_bytes")].as_str().map(str::to_owned);
    Some(name.os_name())
}

/// Returns one path for all ways to name a file, even if nothing is there yet: absolute, with the links of its folder
/// resolved.
pub fn place(path: &Path) -> PathBuf {
    if let Ok(place) = path.canonicalize() {
        return place;
    }
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    match (absolute.parent(), absolute.file_name()) {
        (Some(folder), Some(name)) => place(folder).join(name),
        _ => absolute,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Lock, Manifest};

    #[test]
    fn what_is_done_is_known_until_it_changes() {
        let folder = tempfile::tempdir().unwrap();
        let (path, output) = (folder.path().join("m.jsonl"), folder.path().join("out.png"));
        std::fs::write(&output, "picture").unwrap();
        let manifest = Manifest::open(&path).unwrap();
        assert!(!manifest.is_done(&output, "k") && !manifest.owns(&output));
        manifest.begin(&output, "k").unwrap();
        let begun = Manifest::open(&path).unwrap();
        assert!(!begun.is_done(&output, "k") && begun.owns(&output));
        let record = json!({
            "state": "done", "output": manifest.name(&output).to_str(), "key": "k", "bytes": 7, "sha256": crate::request::sha256(b"picture"),
        });
        manifest.add(&record).unwrap();
        let done = Manifest::open(&path).unwrap();
        assert!(done.is_done(&output, "k") && !done.is_done(&output, "other"));
        std::fs::write(&output, "PICTURE").unwrap();
        assert!(!done.is_done(&output, "k") && done.owns(&output));
        std::fs::remove_file(&output).unwrap();
        assert!(!done.is_done(&output, "k"));
    }

    #[test]
    fn torn_lines_are_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.jsonl");
        std::fs::write(&path, "{\"key\":\"k\",\"output\":\"a\",\"sta").unwrap();
        let manifest = Manifest::open(&path).unwrap();
        manifest.begin(&folder.path().join("b"), "k").unwrap();
        let manifest = Manifest::open(&path).unwrap();
        assert!(!manifest.owns(&folder.path().join("a")) && manifest.owns(&folder.path().join("b")));
    }

    #[test]
    fn a_failure_leaves_whose_a_file_is() {
        let folder = tempfile::tempdir().unwrap();
        let (path, output) = (folder.path().join("m.jsonl"), folder.path().join("out.png"));
        let manifest = Manifest::open(&path).unwrap();
        let failed = json!({ "state": "failed", "output": manifest.name(&output).to_str(), "error": "no" });
        manifest.begin(&output, "k").unwrap();
        manifest.add(&failed).unwrap();
        assert!(!Manifest::open(&path).unwrap().owns(&output), "nothing was written: a file there is somebody else's");
        let done = json!({ "state": "done", "output": manifest.name(&output).to_str(), "key": "k", "bytes": 7, "sha256": "s" });
        manifest.add(&done).unwrap();
        manifest.begin(&output, "l").unwrap();
        manifest.add(&failed).unwrap();
        assert!(Manifest::open(&path).unwrap().owns(&output));
    }

    #[test]
    fn another_file_is_not_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let json = folder.path().join("package.json");
        for text in ["{\"name\":\"mine\"}", "{\"name\":\"mine\"}\n", "{\n}", "[]"] {
            std::fs::write(&json, text).unwrap();
            assert!(Manifest::open(&json).is_err(), "{text}");
        }
        let path = folder.path().join("photo.jpg");
        std::fs::write(&path, b"\xff\xd8\xff picture").unwrap();
        assert!(Manifest::open(&path).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"\xff\xd8\xff picture");
    }

    #[test]
    #[cfg(unix)]
    fn one_run_at_a_time_continues_what_others_began() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/out/m.jsonl");
        let first = Lock::take(&path, false).unwrap();
        // Runs that leave existing results alone share the lock.
        drop(Lock::take(&path, false).unwrap());
        let error = Lock::take(&path, true).unwrap_err();
        assert!(error.to_string().ends_with("new/out: another run is painting into this folder; wait until it ends"), "{error}");
        assert!(path.exists());
        drop(first);
        assert!(!folder.path().join("new").exists(), "nothing was written");

        let mut manifest = Manifest::open(&path).unwrap();
        let other = Manifest::open(&path).unwrap();
        other.begin(&folder.path().join("new/out/a.png"), "k").unwrap();
        manifest.lock(true).unwrap();
        assert!(manifest.owns(&folder.path().join("new/out/a.png")), "what was written meanwhile is known");
        assert!(Lock::take(&path, false).is_err());
        drop(manifest);
        assert!(Lock::take(&path, true).is_ok() && path.exists());
    }
}
