//! The folder of an unfinished film, beside the output. `--resume` continues from it.
//!
//! `film.json` says what is painted and how; another film or look is refused. `state.json` says how
//! many frames are done, and is replaced as a whole whenever a piece of the film is finished. Frames
//! that it does not count are painted again, so the program may be killed at any time.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use impasto::video::State;
use impasto_film::Folder;
use serde_json::{Value, json};

use crate::failure::{Failure, Result};

/// The folder of an unfinished film.
#[derive(Debug)]
pub(super) struct Work {
    folder: PathBuf,
    /// Where the film goes. `None` for pipes.
    output: Option<PathBuf>,
    /// The temporary folder for pipes, which cannot be resumed. It is removed when this is dropped.
    temporary: Option<Folder>,
}

/// The file with the request.
const RECORD: &str = "request.json";

/// The file that says how far the work is. It is removed last.
const STATE: &str = "state.json";

/// How far an earlier run got.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) state: State,
    pub(super) shots: usize,
    /// Whether all frames are painted, and the pieces only have to be joined.
    pub(super) whole: bool,
    /// Whether the film is already in its place.
    pub(super) delivered: bool,
}

/// How far this run is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Far<'a> {
    /// Frames are missing. Has the last painting if the next one is mixed with it.
    Painting(Option<&'a [f32]>),
    /// All frames are painted.
    Painted,
    /// The pieces are joined in this file of the folder, which is about to be moved to its place.
    Joined(&'a Path),
}

impl Work {
    /// Keeps the work beside this output.
    pub(super) fn beside(output: &Path) -> Self {
        let mut name = output.components().as_path().as_os_str().to_owned();
        name.push(".impasto");
        Work { folder: name.into(), output: Some(output.to_owned()), temporary: None }
    }

    /// Keeps the work in a temporary folder, for standard input or output. The folders of killed runs are removed.
    pub(super) fn temporary() -> Result<Self> {
        Folder::remove_abandoned();
        let folder = Folder::new().map_err(|e| Failure::failed(format!("cannot make a temporary folder: {e}")))?;
        Ok(Work { folder: folder.path().to_owned(), output: None, temporary: Some(folder) })
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns whether a run with `--resume` can continue something.
    pub(super) fn has_state(&self) -> bool {
        self.path(STATE).exists()
    }

    /// Begins, or continues what an earlier run of the same film has left. `film` says what is painted and how.
    pub(super) fn begin(&self, film: &Value, resume: bool, force: bool) -> Result<Done> {
        let about = |what: &str, e: &io::Error| Failure::failed(format!("{}: {what}: {e}", self.folder.display()));
        if self.temporary.is_none() && self.folder.exists() {
            if resume {
                return self.continued(film);
            }
            if !force {
                return Err(Failure::failed(format!(
                    "{}: left by an interrupted run; continue it with --resume, or start over with --force",
                    self.folder.display()
                )));
            }
            self.remove().map_err(|e| about("cannot be removed", &e))?;
        }
        fs::create_dir_all(&self.folder).map_err(|e| about("cannot make this folder", &e))?;
        self.replace("film.json", format!("{film:#}\n").as_bytes())?;
        Ok(Done::default())
    }

    /// Returns whether an earlier run ended after it moved the film to its place, but before it removed this folder.
    pub(super) fn is_delivered(&self) -> bool {
        let joined = self.read(STATE).and_then(|state| Some(self.path(state["joined"].as_str()?)));
        joined.is_some_and(|joined| !joined.exists()) && self.output.as_ref().is_some_and(|output| output.exists())
    }

    /// Reads a JSON file; `None` if it is missing or incomplete.
    fn read(&self, name: &str) -> Option<Value> {
        serde_json::from_slice(&fs::read(self.path(name)).ok()?).ok()
    }

    fn continued(&self, film: &Value) -> Result<Done> {
        let delivered = self.is_delivered();
        let before = match self.read("film.json") {
            Some(before) => before,
            // The earlier run was killed while it removed this folder.
            None if delivered => film.clone(),
            None => {
                // The earlier run was killed before it began.
                self.replace("film.json", format!("{film:#}\n").as_bytes())?;
                return Ok(Done::default());
            }
        };
        if &before != film {
            let keys = [film, &before].into_iter().filter_map(Value::as_object).flat_map(serde_json::Map::keys);
            let changed = keys.into_iter().find(|key| before.get(*key) != film.get(*key));
            let what = changed.map_or("something", String::as_str);
            return Err(Failure::failed(format!(
                "{}: the interrupted run was for another film or look ({what} differs); use the same flags, or start over with --force",
                self.folder.display()
            )));
        }
        let Some(state) = self.read(STATE) else { return Ok(Done::default()) };
        let number = |key: &str| state[key].as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
        let last = match state["last"].as_str() {
            Some(name) => match fs::read(self.path(name)) {
                Ok(bytes) => Some(bytes.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()),
                Err(_) => return Ok(Done::default()),
            },
            None => None,
        };
        let whole = state["whole"] == true;
        Ok(Done { state: State::at(number("frame"), last), shots: number("shots"), whole, delivered })
    }

    /// Stores the request by which the film is painted, as JSON.
    pub(super) fn keep_record(&self, json: &str) -> Result {
        self.replace(RECORD, json.as_bytes())
    }

    /// Returns the stored request.
    pub(super) fn record(&self) -> Option<String> {
        fs::read_to_string(self.path(RECORD)).ok()
    }

    /// Stores how far the film is.
    pub(super) fn remember(&self, frame: usize, shots: usize, far: Far<'_>) -> Result {
        let mut json = json!({ "frame": frame, "shots": shots, "whole": !matches!(far, Far::Painting(_)) });
        match far {
            Far::Painting(Some(last)) => {
                let name = format!("last-{frame:08}.bin");
                self.replace(&name, &last.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>())?;
                json["last"] = name.into();
            }
            Far::Joined(film) => json["joined"] = film.file_name().unwrap_or_default().to_string_lossy().into(),
            Far::Painting(None) | Far::Painted => {}
        }
        self.replace(STATE, format!("{json}\n").as_bytes())?;
        let keep = json["last"].as_str().unwrap_or_default();
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            if name.to_string_lossy().starts_with("last-") && name != keep {
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(())
    }

    /// Writes a file so that it is either complete or missing.
    fn replace(&self, name: &str, bytes: &[u8]) -> Result {
        let partial = self.path(&format!("{name}.part"));
        let write = || {
            use io::Write;
            let mut file = fs::File::create(&partial)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&partial, self.path(name))
        };
        write().map_err(|e| Failure::failed(format!("{}: cannot be written: {e}", self.path(name).display())))
    }

    /// Removes the folder and its files. The state goes last: if this run
    /// is killed meanwhile, the next one knows how far it was.
    pub(super) fn remove(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.file_name() != STATE && entry.file_type()?.is_file() {
                fs::remove_file(entry.path())?;
            }
        }
        fs::remove_dir_all(&self.folder)
    }
}

#[cfg(test)]
mod tests {
    use impasto::video::State;
    use serde_json::json;

    use super::{Far, Work};

    #[test]
    fn what_was_done_is_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let work = Work::beside(&folder.path().join("out.mp4"));
        let film = json!({ "film": "a.mp4", "strength": 0.5 });
        assert_eq!(work.begin(&film, true, false).unwrap().state, State::default());
        for frame in [48, 96] {
            let state = State::at(frame, Some(vec![0.25, frame as f32]));
            work.remember(frame, 2, Far::Painting(state.last.as_deref())).unwrap();
            let done = work.begin(&film, true, false).unwrap();
            assert_eq!((done.state, done.shots, done.whole), (state, 2, false));
        }
        // Without --resume nothing is lost, another look is refused, and --force starts over.
        assert!(work.begin(&film, false, false).is_err());
        let error = work.begin(&json!({ "film": "a.mp4", "strength": 0.7 }), true, false).unwrap_err();
        assert!(error.to_string().contains("strength"), "{error}");
        // A run without one of the options is refused, too.
        let error = work.begin(&json!({ "film": "a.mp4" }), true, false).unwrap_err();
        assert!(error.to_string().contains("strength"), "{error}");
        assert_eq!(work.begin(&film, false, true).unwrap().state, State::default());
        work.remember(100, 3, Far::Painted).unwrap();
        assert!(work.begin(&film, true, false).unwrap().whole);
        work.remove().unwrap();
        // Killed while the film went to its place: before it was moved, after, and while the folder was being removed.
        let (output, joined) = (folder.path().join("out.mp4"), work.path("joined.mp4"));
        work.begin(&film, false, false).unwrap();
        std::fs::write(&joined, "a film").unwrap();
        assert!(!work.is_delivered());
        work.remember(100, 3, Far::Joined(&joined)).unwrap();
        std::fs::write(&output, "an older film").unwrap();
        assert!(!work.is_delivered() && work.begin(&film, true, false).unwrap().whole);
        std::fs::rename(&joined, &output).unwrap();
        assert!(work.is_delivered());
        std::fs::remove_file(work.path("film.json")).unwrap();
        assert!(work.begin(&film, true, false).unwrap().delivered);
        work.remove().unwrap();
        assert!(!work.is_delivered());
        let folder = {
            let work = Work::temporary().unwrap();
            work.begin(&film, false, false).unwrap();
            work.folder().to_owned()
        };
        assert!(!folder.exists());
    }
}
