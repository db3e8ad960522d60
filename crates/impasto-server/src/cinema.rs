//! What films need from this machine: ffmpeg, a folder on disk, and a turn to be painted.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use impasto_film::{Folder as Private, Tools};
use tempfile::TempDir;
use tokio::sync::Semaphore;

use crate::budget::Budget;
use crate::options::{Ffmpeg, ServerOptions};
use crate::problem::{Problem, Result};

/// Most films that are being painted or waiting.
const WAITING: usize = 4;
/// Disk space for all films, in uploads of the largest size: films that wait, the one being written, and results.
const UPLOADS: u64 = 8;
/// How many times [`Cinema::close`] tries to remove the folder, and the pause between
/// tries: an ffmpeg may still be writing there.
const TRIES: usize = 25;
const MOMENT: Duration = Duration::from_millis(10);

/// What clients are told if there is no ffmpeg.
pub(crate) const MISSING: &str = "films need ffmpeg, which this server did not find; install it (apt install ffmpeg) and start the server \
     again, or say where it is: impasto serve --ffmpeg PATH";

/// Where films are painted.
pub(crate) struct Cinema {
    ffmpeg: Ffmpeg,
    /// The programs, once looked for; `None` if there is no ffmpeg.
    tools: OnceLock<Option<Tools>>,
    /// Most pixels per decoded frame.
    most_pixels: u64,
    /// One folder for all films, private to this user. Created for the first film.
    folder: Mutex<Folder>,
    /// Disk space that films share.
    pub(crate) disk: Arc<Budget>,
    /// Places for films that are being painted or waiting.
    pub(crate) places: Arc<Semaphore>,
    /// One film at a time: a film takes long, and photos should not wait for it.
    pub(crate) painting: Arc<Semaphore>,
}

enum Folder {
    None,
    Made(Private),
    Closed,
}

impl Cinema {
    pub(crate) fn new(options: &ServerOptions) -> Self {
        if !matches!(options.ffmpeg, Ffmpeg::Without) {
            Private::remove_abandoned();
        }
        Cinema {
            ffmpeg: options.ffmpeg.clone(),
            tools: OnceLock::new(),
            // Films can have borders around the picture, so frames may be somewhat larger than what is painted.
            most_pixels: options.max_pixels.saturating_mul(2),
            folder: Mutex::new(Folder::None),
            disk: Budget::new(options.max_film.saturating_mul(UPLOADS)),
            places: Arc::new(Semaphore::new(WAITING)),
            painting: Arc::new(Semaphore::new(1)),
        }
    }

    /// The programs that read and write films. The first call may search for them, which starts processes.
    pub(crate) fn tools(&self) -> Result<&Tools> {
        let tools = self.tools.get_or_init(|| {
            let found = match &self.ffmpeg {
                Ffmpeg::Without => None,
                Ffmpeg::Given(tools) => Some(tools.clone()),
                Ffmpeg::Searched => Tools::find(None).ok(),
            };
            found.map(|tools| tools.most_pixels(self.most_pixels))
        });
        tools.as_ref().ok_or_else(|| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, MISSING))
    }

    /// A folder for one film, removed when dropped.
    pub(crate) fn folder(&self) -> Result<TempDir> {
        let mut folder = self.folder.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*folder, Folder::None) {
            *folder = Folder::Made(Private::new().map_err(|e| no_room(&e))?);
        }
        match &*folder {
            Folder::Made(all) => tempfile::tempdir_in(all.path()).map_err(|e| no_room(&e)),
            _ => Err(Problem::cancelled()),
        }
    }

    /// Removes the folder with everything in it. After that, no film gets a folder.
    pub(crate) fn close(&self) {
        let closed = std::mem::replace(&mut *self.folder.lock().unwrap_or_else(PoisonError::into_inner), Folder::Closed);
        let Folder::Made(folder) = closed else { return };
        for _ in 0..TRIES {
            let _ = std::fs::remove_dir_all(folder.path());
            if !folder.path().exists() {
                return;
            }
            std::thread::sleep(MOMENT);
        }
    }
}

/// What clients are told if a file cannot be written.
pub(crate) fn no_room(error: &std::io::Error) -> Problem {
    let text = format!("the server cannot keep the film in a temporary file: {}", error.kind());
    Problem::new(StatusCode::INSUFFICIENT_STORAGE, text)
}
