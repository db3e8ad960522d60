//! Writes films to files while they arrive, because ffmpeg seeks in them.

use std::path::PathBuf;

use axum::http::{HeaderMap, StatusCode, header};
use tempfile::TempDir;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use crate::budget::Share;
use crate::cinema::no_room;
use crate::problem::{Problem, Result};
use crate::state::State;

/// An uploaded film in a file, which is removed when this is dropped.
pub(crate) struct Upload {
    folder: TempDir,
    /// The disk space that it takes.
    _share: Share,
}

impl Upload {
    /// The film's file.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("film")
    }

    /// The folder of the film, also for files that are made from it.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }
}

/// Writes a film's bytes to a file while they arrive.
pub(crate) struct Spool<'a> {
    state: &'a State,
    upload: Upload,
    file: File,
    left: u64,
    /// Whether the film's field has been seen.
    there: bool,
}

impl<'a> Spool<'a> {
    pub(crate) async fn new(state: &'a State, headers: &HeaderMap) -> Result<Self> {
        let most = state.options.max_film;
        let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or(most);
        let share = state.disk(announced.min(most))?;
        let upload = Upload { folder: state.films.folder()?, _share: share };
        let file = File::create(upload.path()).await.map_err(|e| no_room(&e))?;
        Ok(Spool { state, upload, file, left: most, there: false })
    }

    /// Begins the film. Fails if it was begun before.
    pub(crate) fn begin(&mut self) -> Result<()> {
        match std::mem::replace(&mut self.there, true) {
            true => Err(Problem::bad("the field film appears twice")),
            false => Ok(()),
        }
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.left = self.left.checked_sub(bytes.len() as u64).ok_or_else(|| {
            let text = format!("film: is larger than {} bytes; make it smaller or shorter first", self.state.options.max_film);
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, text)
        })?;
        self.file.write_all(bytes).await.map_err(|e| no_room(&e))
    }

    /// The complete film. Fails if there was none.
    pub(crate) async fn end(mut self) -> Result<Upload> {
        if !self.there {
            return Err(Problem::bad("the field film is missing: the film to paint"));
        }
        self.file.flush().await.map_err(|e| no_room(&e))?;
        Ok(self.upload)
    }
}
