//! What all requests share.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use axum::http::StatusCode;
use impasto::Picture;
use impasto::Size;
use impasto::picture::{self, Format};
use impasto::request::Reference;
use impasto_draw::content;
use tokio::sync::Semaphore;

use crate::budget::{Budget, Share};
use crate::cinema::Cinema;
pub(crate) use crate::content::Content;
use crate::jobs::{Job, Watch};
pub(crate) use crate::kept::KeptStyle;
use crate::metrics::Metrics;
use crate::options::ServerOptions;
use crate::problem::{Problem, Result};
use crate::served::{Models, Served};
use crate::store::Store;

/// The name of the photo that is always available.
pub(crate) const DEMO: &str = "demo";
/// Most contents that are kept, and most jobs. Styles are smaller: four times as many are kept.
const KEPT: usize = 256;
/// Most optimizations that are running or waiting.
const OPTIMIZATIONS: usize = 4;
/// Most sessions whose latest preview is remembered.
const SESSIONS: usize = 1024;

/// What all requests share.
pub(crate) struct State {
    pub(crate) options: ServerOptions,
    pub(crate) address: SocketAddr,
    pub(crate) models: Models,
    pub(crate) budget: Arc<Budget>,
    pub(crate) contents: Store<Content>,
    pub(crate) styles: Store<KeptStyle>,
    pub(crate) jobs: Store<Job>,
    pub(crate) metrics: Metrics,
    pub(crate) demo: Arc<Content>,
    /// Places for bodies that are being received: half as many as connections.
    pub(crate) bodies: Arc<Semaphore>,
    /// Places for bodies that are still read although their requests are answered: a quarter as many as connections.
    pub(crate) lingering: Arc<Semaphore>,
    /// One optimization at a time: it takes minutes, and other paintings should not wait for it.
    pub(crate) optimizing: Arc<Semaphore>,
    /// Places for optimizations that are running or waiting.
    pub(crate) optimizations: Arc<Semaphore>,
    pub(crate) films: Cinema,
    painting: Arc<Semaphore>,
    /// Pictures that are being painted or waiting.
    pending: AtomicUsize,
    sessions: Mutex<HashMap<String, Weak<Watch>>>,
}

/// A place among the pictures that are being painted or waiting. Dropping it gives it back.
pub(crate) struct Place(Arc<State>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.pending.fetch_sub(1, Ordering::Relaxed);
    }
}

impl State {
    pub(crate) fn new(models: Models, options: ServerOptions, address: SocketAddr) -> impasto::Result<Self> {
        let drawn = content::landscape(960, 640, 0);
        let picture = Picture::from_rgb_f32([drawn.width, drawn.height], drawn.rgb)?;
        let encode = picture::EncodeOptions::default().quality(90);
        let bytes = picture.encode(Format::Jpeg, &encode)?.bytes.into();
        let demo = Content::of(Size::new(drawn.width, drawn.height), Format::Jpeg, bytes, &picture)?;
        Ok(State {
            address,
            models,
            budget: Budget::new(options.max_memory),
            contents: Store::new(options.expire, KEPT),
            styles: Store::new(options.expire, 4 * KEPT),
            jobs: Store::new(options.expire, KEPT),
            metrics: Metrics::default(),
            demo: Arc::new(demo),
            bodies: Arc::new(Semaphore::new((options.connections / 2).max(1))),
            lingering: Arc::new(Semaphore::new(options.connections / 4)),
            optimizing: Arc::new(Semaphore::new(1)),
            optimizations: Arc::new(Semaphore::new(OPTIMIZATIONS)),
            films: Cinema::new(&options),
            painting: Arc::new(Semaphore::new(options.jobs)),
            pending: AtomicUsize::new(0),
            sessions: Mutex::default(),
            options,
        })
    }

    /// Forgets expired entries.
    pub(crate) fn sweep(&self) {
        self.contents.sweep();
        self.styles.sweep();
        self.jobs.sweep();
    }

    /// Limits for picture files.
    pub(crate) fn limits(&self) -> picture::Limits {
        let (pixels, bytes) = (self.options.max_pixels, self.options.max_body as u64);
        picture::Limits::default().max_pixels(pixels).max_bytes(bytes).max_decoded(self.budget.limit())
    }

    /// Takes a place in the queue.
    pub(crate) fn place(self: &Arc<Self>) -> Result<Place> {
        let most = self.options.jobs + self.options.queue;
        let before = self.pending.fetch_add(1, Ordering::Relaxed);
        let place = Place(self.clone());
        if before >= most {
            return Err(Problem::busy("too many pictures are being painted; try again in a moment"));
        }
        Ok(place)
    }

    /// How many pictures are being painted or waiting.
    pub(crate) fn pending(&self) -> usize {
        self.pending.load(Ordering::Relaxed)
    }

    /// Waits for a permit to paint.
    pub(crate) async fn permit(&self) -> tokio::sync::OwnedSemaphorePermit {
        // The semaphore is never closed.
        self.painting.clone().acquire_owned().await.expect("the semaphore is open")
    }

    /// Reserves memory. If there is not enough, the oldest contents, styles and results are forgotten.
    pub(crate) fn memory(&self, bytes: u64) -> Result<Share> {
        if bytes > self.budget.limit() {
            let text = format!(
                "the request would take {} MiB of memory, more than this server has for all requests; use a smaller picture",
                bytes >> 20
            );
            return Err(impasto::Error::new(impasto::ErrorKind::TooLarge, text).into());
        }
        loop {
            if let Some(share) = self.budget.take(bytes) {
                return Ok(share);
            }
            // Results that nobody has fetched are the last to go: making them again takes longest.
            let in_memory = |job: &Job| job.painted().is_some_and(|done| done.is_ok_and(|painted| !painted.is_file()));
            if !self.contents.forget_oldest() && !self.styles.forget_oldest() && !self.jobs.forget_oldest_of(in_memory) {
                return Err(Problem::busy("all memory for pictures is in use; try again in a moment"));
            }
        }
    }

    /// Reserves disk space for films. If there is not enough, the oldest painted films are deleted.
    pub(crate) fn disk(&self, bytes: u64) -> Result<Share> {
        loop {
            if let Some(share) = self.films.disk.take(bytes) {
                return Ok(share);
            }
            if !self.jobs.forget_oldest_of(|job| job.painted().is_some_and(|done| done.is_ok_and(|painted| painted.is_file()))) {
                return Err(Problem::busy("all disk space for films is in use; try again later"));
            }
        }
    }

    /// An uploaded photo, or the demo photo.
    pub(crate) fn content(&self, name: &str) -> Result<Arc<Content>> {
        if name == DEMO {
            return Ok(self.demo.clone());
        }
        self.contents.get(name).ok_or_else(|| Problem::not_found("content"))
    }

    /// An uploaded style, or one that comes with this model, by its name.
    pub(crate) fn style(&self, model: &Served, name: &str) -> Result<Arc<KeptStyle>> {
        let own = || {
            let style = model.gallery()?.find(name)?;
            Some(Arc::new(KeptStyle::bare(style.clone(), Reference::of_style(style))))
        };
        self.styles.get(name).or_else(own).ok_or_else(|| self.no_style(model, name))
    }

    /// The error for an unknown style, with the one that may be meant.
    fn no_style(&self, model: &Served, name: &str) -> Problem {
        if let Some(known) = model.gallery().and_then(|gallery| gallery.suggest(name)) {
            let text = format!("there is no such style: {name:?}. Did you mean {known:?}?");
            return Problem::new(StatusCode::NOT_FOUND, text);
        }
        let others = self.models.all().iter().filter(|other| other.name() != model.name());
        match others.into_iter().find(|other| other.gallery().is_some_and(|gallery| gallery.find(name).is_some())) {
            Some(other) => {
                let text = format!("{name:?} is a style of the model {:?}, not of {:?}", other.name(), model.name());
                Problem::new(StatusCode::NOT_FOUND, text)
            }
            None => Problem::not_found("style"),
        }
    }

    /// Cancels the session's preview that is being painted, and remembers the new one.
    pub(crate) fn begin(&self, session: &str, watch: &Arc<Watch>) {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if sessions.len() >= SESSIONS {
            sessions.retain(|_, watch| watch.strong_count() > 0);
            if sessions.len() >= SESSIONS {
                sessions.clear();
            }
        }
        if let Some(old) = sessions.insert(session.to_owned(), Arc::downgrade(watch)).and_then(|old| old.upgrade()) {
            old.cancel();
        }
    }
}
