//! What was painted, a JSON object a line, added to as it happens.
//!
//! | `state` | other fields |
//! | --- | --- |
//! | `begun` | `output`, `key`: a file of this name that is there later is Impasto's own |
//! | `done` | `input`, `output`, `key`, `style`, `width`, `height`, `seconds`, `bytes`, `sha256` of the file that was written |
//! | `failed` | `input`, `output`, `style`, `seconds`, `error` |
//!
//! Names that are not UTF-8 have their bytes beside them, as `output_bytes` and `input_bytes`, see `names.rs`. Outputs are named as they are seen from the manifest's folder. A line is written at once; one that a crash has torn is passed over.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt::Display;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use crate::failure::{Failure, Result};
use crate::{files, hash, names};

/// The last word on an output.
#[derive(Debug, Default)]
struct Entry {
    /// Whether a file of this name may be there by Impasto's doing.
    own: bool,
    /// The same before the last attempt, while that has not ended.
    before: Option<bool>,
    done: Option<Done>,
}

#[derive(Debug)]
struct Done {
    key: String,
    bytes: u64,
    sha256: String,
}

/// A manifest that was read, and is added to.
pub(super) struct Manifest {
    path: PathBuf,
    /// The folder that it is in, links followed.
    folder: PathBuf,
    /// Made, or opened, with the first line that is added.
    file: Mutex<Option<File>>,
    /// Whether the last line has no end.
    torn: bool,
    /// As it was when it was opened, by output.
    entries: HashMap<OsString, Entry>,
}

impl Manifest {
    /// Reads it, if it is there. Nothing is written yet.
    ///
    /// # Errors
    /// If it cannot be read, or is some other file.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let failed = |why: &dyn Display| Failure::failed(format!("{}: {why}", path.display()));
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(e) => return Err(failed(&e)),
        };
        let entries = read(&bytes);
        if entries.is_empty() && !bytes.is_empty() && !is_torn_first_line(&bytes) {
            return Err(failed(&"is no manifest; name another file with --manifest"));
        }
        let folder = files::place(path).parent().map_or_else(PathBuf::new, Path::to_path_buf);
        let torn = bytes.last().is_some_and(|&last| last != b'\n');
        Ok(Manifest { path: path.to_owned(), folder, file: Mutex::default(), torn, entries })
    }

    /// Whether an output is there as an earlier run has made it, with the same settings.
    pub(super) fn is_done(&self, output: &Path, key: &str) -> bool {
        let Some(done) = self.entries.get(&self.name(output)).and_then(|entry| entry.done.as_ref()) else { return false };
        let size = output.metadata().map(|about| about.len());
        done.key == key
            && size.is_ok_and(|size| size == done.bytes)
            && hash::of_file(output).is_ok_and(|hash| hash == done.sha256)
    }

    /// Whether a file of this name is of an earlier run's making.
    pub(super) fn owns(&self, output: &Path) -> bool {
        self.entries.get(&self.name(output)).is_some_and(|entry| entry.own)
    }

    /// Says that an output is being made.
    pub(super) fn begin(&self, output: &Path, key: &str) -> Result {
        let mut record = json!({ "state": "begun", "key": key });
        self.put_output(&mut record, output);
        self.add(&record)
    }

    /// Adds a line.
    pub(super) fn add(&self, record: &Value) -> Result {
        // In one piece, so that lines of several threads and programs do not mix.
        let line = format!("{record}\n");
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let mut write = || match &mut *file {
            Some(file) => file.write_all(line.as_bytes()),
            none => none.insert(self.begin_writing()?).write_all(line.as_bytes()),
        };
        write().map_err(|e| Failure::failed(format!("{}: {e}", self.path.display())))
    }

    fn begin_writing(&self) -> io::Result<File> {
        std::fs::create_dir_all(&self.folder)?;
        let mut file = OpenOptions::new().append(true).create(true).open(&self.path)?;
        if self.torn {
            file.write_all(b"\n")?;
        }
        Ok(file)
    }

    /// Puts an output's name into a record.
    pub(super) fn put_output(&self, record: &mut Value, output: &Path) {
        names::put(record, "output", self.name(output));
    }

    /// How the manifest calls an output.
    fn name(&self, output: &Path) -> OsString {
        let place = files::place(output);
        place.strip_prefix(&self.folder).unwrap_or(&place).into()
    }
}

/// Whether it is the beginning of a first line of ours: fields are in the order of their names.
fn is_torn_first_line(bytes: &[u8]) -> bool {
    let first = ["{\"bytes\":", "{\"error\":", "{\"key\":"].map(str::as_bytes);
    !bytes.contains(&b'\n') && first.iter().any(|first| bytes.starts_with(first) || first.starts_with(bytes))
}

/// All lines that can be read.
fn read(bytes: &[u8]) -> HashMap<OsString, Entry> {
    let mut entries: HashMap<OsString, Entry> = HashMap::new();
    for line in bytes.split(|&byte| byte == b'\n') {
        let Ok(record) = serde_json::from_slice::<Value>(line) else { continue };
        let text = |field: &str| record[field].as_str().map(str::to_owned);
        let (Some(state), Some(output)) = (text("state"), names::get(&record, "output")) else { continue };
        let entry = entries.entry(output).or_default();
        match state.as_str() {
            "begun" => *entry = Entry { own: true, before: Some(entry.own), done: None },
            "done" => {
                let (key, bytes, sha256) = (text("key"), record["bytes"].as_u64(), text("sha256"));
                let done = key.zip(bytes).zip(sha256).map(|((key, bytes), sha256)| Done { key, bytes, sha256 });
                *entry = Entry { own: true, before: None, done };
            }
            // What was there before is still there, and whose it was.
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Manifest;

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
            "state": "done", "output": manifest.name(&output).to_str(), "key": "k", "bytes": 7, "sha256": impasto::request::sha256(b"picture"),
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
}
