//! The body of a request for a film. The film goes to a file as it comes.

use std::path::PathBuf;

use axum::body::Bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use tempfile::TempDir;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use super::no_room;
use super::settings::check;
use crate::budget::Share;
use crate::problem::{Problem, Result};
use crate::request::{self, FilmBody, Wanted};
use crate::state::State;

/// An uploaded film, in a file that is removed when this is dropped.
pub(crate) struct Upload {
    folder: TempDir,
    /// What it takes on disk.
    _share: Share,
}

impl Upload {
    /// The film.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("film")
    }

    /// The folder that it is in, for what is made of it.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }
}

/// Where a film's bytes go as they come.
pub(crate) struct Spool<'a> {
    state: &'a State,
    upload: Upload,
    file: File,
    left: u64,
    /// Whether the film has come.
    there: bool,
}

impl<'a> Spool<'a> {
    async fn new(state: &'a State, headers: &HeaderMap) -> Result<Self> {
        let most = state.options.max_film;
        let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or(most);
        let share = state.disk(announced.min(most))?;
        let upload = Upload { folder: state.films.folder()?, _share: share };
        let file = File::create(upload.path()).await.map_err(|e| no_room(&e))?;
        Ok(Spool { state, upload, file, left: most, there: false })
    }

    /// Begins the film; just once.
    pub(crate) fn begin(&mut self) -> Result<()> {
        match std::mem::replace(&mut self.there, true) {
            true => Err(Problem::bad("the field film is there twice")),
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

    async fn end(mut self) -> Result<Upload> {
        if !self.there {
            return Err(Problem::bad("the field film is missing: the film to paint"));
        }
        self.file.flush().await.map_err(|e| no_room(&e))?;
        Ok(self.upload)
    }
}

/// What is wanted, of either kind of body.
pub(crate) async fn read(request: Request, state: &State) -> Result<Wanted<Upload>> {
    let mut spool = Spool::new(state, request.headers()).await?;
    let wanted = match request::media_type(&request).as_str() {
        "application/json" => {
            let body: FilmBody = request::json(&request::body(request, state).await?)?;
            let film: Bytes = request::decoded(&body.film, "film")?;
            spool.begin()?;
            spool.write(&film).await?;
            body.painting(state)?
        }
        "multipart/form-data" => {
            let fields = request::fields(request, state, Some(&mut spool)).await?;
            request::of_fields(fields, state, "film")?
        }
        other => return Err(request::unsupported(other, "multipart/form-data or application/json")),
    };
    check(&wanted)?;
    let upload = spool.end().await?;
    Ok(wanted.with(upload))
}
