//! What all requests share.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use axum::body::Bytes;
use axum::http::StatusCode;
use impasto::picture::{self, Format, Resize, Stored};
use impasto::request::Reference;
use impasto::style::Gallery;
use impasto::{Picture, Style, Stylizer};
use impasto_draw::content;
use tokio::sync::Semaphore;

use crate::budget::{Budget, Share};
use crate::jobs::{Job, Watch};
use crate::metrics::Metrics;
use crate::options::ServerOptions;
use crate::problem::{Problem, Result};
use crate::store::Store;

/// Longer side of what previews are made of.
const PREVIEW: usize = 1024;
/// Most pixels that a preview is painted on: what two cores paint in a tenth of a second. Long panoramas get fewer a side.
const PREVIEW_PIXELS: usize = 512 * 512;
/// The content that is always there.
pub(crate) const DEMO: &str = "demo";
/// Things of one kind that are kept at a time.
const KEPT: usize = 256;
/// Sessions whose latest preview is known.
const SESSIONS: usize = 1024;

/// What all requests share.
pub(crate) struct State {
    pub(crate) options: ServerOptions,
    pub(crate) address: SocketAddr,
    pub(crate) stylizer: Stylizer,
    /// The built-in styles, where they are for this model's family.
    pub(crate) gallery: Option<Gallery>,
    pub(crate) budget: Arc<Budget>,
    pub(crate) contents: Store<Content>,
    pub(crate) styles: Store<KeptStyle>,
    pub(crate) jobs: Store<Job>,
    pub(crate) metrics: Metrics,
    pub(crate) demo: Arc<Content>,
    /// Places for bodies that are on their way: half of the connections.
    pub(crate) bodies: Arc<Semaphore>,
    /// Places for bodies that are read though their requests are answered: a quarter.
    pub(crate) lingering: Arc<Semaphore>,
    painting: Arc<Semaphore>,
    /// Pictures that are painted or wait for it.
    pending: AtomicUsize,
    sessions: Mutex<HashMap<String, Weak<Watch>>>,
}

/// An uploaded photograph.
pub(crate) struct Content {
    /// The file as it came.
    pub(crate) bytes: Bytes,
    pub(crate) size: [usize; 2],
    pub(crate) format: Format,
    /// A small one, for previews.
    small: Picture,
    /// The small one at the sizes that were asked for last.
    scaled: Mutex<Vec<(usize, Arc<Picture>)>>,
}

/// A style that requests can name.
pub(crate) struct KeptStyle {
    pub(crate) style: Style,
    /// What it was made of.
    pub(crate) reference: Reference,
    /// The picture that it was made of, as the network saw it; `None` for built-in styles and style files.
    pub(crate) picture: Option<Picture>,
}

impl KeptStyle {
    /// A style without a picture.
    pub(crate) fn bare(style: Style, reference: Reference) -> Self {
        KeptStyle { style, reference, picture: None }
    }

    /// Bytes that it takes: the vector, and the picture's colours and alpha, in floats.
    pub(crate) fn memory(&self) -> u64 {
        let pixels = self.picture.as_ref().map_or(0, |picture| picture.width() * picture.height());
        (self.style.vector().len() * 4 + pixels * 16) as u64
    }
}

/// A place among what may be painted or wait, given back when it is dropped.
pub(crate) struct Place(Arc<State>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.pending.fetch_sub(1, Ordering::Relaxed);
    }
}

impl State {
    pub(crate) fn new(stylizer: Stylizer, options: ServerOptions, address: SocketAddr) -> impasto::Result<Self> {
        let gallery = Some(Gallery::built_in()?).filter(|gallery| gallery.family() == &stylizer.model().family);
        let drawn = content::landscape(960, 640, 0);
        let picture = Picture::from_rgb_f32(drawn.width, drawn.height, drawn.rgb)?;
        let encode = picture::EncodeOptions::default().quality(90);
        let demo = Content {
            bytes: picture.encode(Format::Jpeg, &encode)?.bytes.into(),
            size: [drawn.width, drawn.height],
            format: Format::Jpeg,
            small: picture,
            scaled: Mutex::default(),
        };
        Ok(State {
            address,
            stylizer,
            gallery,
            budget: Budget::new(options.max_memory),
            contents: Store::new(options.expire, KEPT),
            styles: Store::new(options.expire, 4 * KEPT),
            jobs: Store::new(options.expire, KEPT),
            metrics: Metrics::default(),
            demo: Arc::new(demo),
            bodies: Arc::new(Semaphore::new((options.connections / 2).max(1))),
            lingering: Arc::new(Semaphore::new(options.connections / 4)),
            painting: Arc::new(Semaphore::new(options.jobs)),
            pending: AtomicUsize::new(0),
            sessions: Mutex::default(),
            options,
        })
    }

    /// Forgets what has expired.
    pub(crate) fn sweep(&self) {
        self.contents.sweep();
        self.styles.sweep();
        self.jobs.sweep();
    }

    /// What picture files may ask of this server.
    pub(crate) fn limits(&self) -> picture::Limits {
        picture::Limits {
            max_pixels: self.options.max_pixels,
            max_bytes: self.options.max_body as u64,
            max_decoded: self.budget.limit(),
            salvage: false,
        }
    }

    /// A place in the queue.
    pub(crate) fn place(self: &Arc<Self>) -> Result<Place> {
        let most = self.options.jobs + self.options.queue;
        let before = self.pending.fetch_add(1, Ordering::Relaxed);
        let place = Place(self.clone());
        if before >= most {
            return Err(Problem::busy("too many pictures are being painted; try again in a moment"));
        }
        Ok(place)
    }

    /// Pictures that are painted or wait for it.
    pub(crate) fn pending(&self) -> usize {
        self.pending.load(Ordering::Relaxed)
    }

    /// A permit to paint, when one is free.
    pub(crate) async fn permit(&self) -> tokio::sync::OwnedSemaphorePermit {
        // It is never closed.
        self.painting.clone().acquire_owned().await.expect("the semaphore is open")
    }

    /// Memory; what is kept and not in use makes room for it.
    pub(crate) fn memory(&self, bytes: u64) -> Result<Share> {
        if bytes > self.budget.limit() {
            let text = format!(
                "it would take {} MiB of memory, more than this server has for all requests; use a smaller picture",
                bytes >> 20
            );
            return Err(impasto::Error::new(impasto::ErrorKind::TooLarge, text).into());
        }
        loop {
            if let Some(share) = self.budget.take(bytes) {
                return Ok(share);
            }
            if !self.contents.forget_oldest() && !self.styles.forget_oldest() {
                return Err(Problem::busy("the memory for pictures is taken; try again in a moment"));
            }
        }
    }

    /// An uploaded photograph, or the drawn one.
    pub(crate) fn content(&self, name: &str) -> Result<Arc<Content>> {
        if name == DEMO {
            return Ok(self.demo.clone());
        }
        self.contents.get(name).ok_or_else(|| Problem::not_found("content"))
    }

    /// The built-in styles: none if they are for models of another family.
    pub(crate) fn built_in(&self) -> &[Style] {
        self.gallery.as_ref().map_or(&[], Gallery::styles)
    }

    /// A built-in style by its name, or an uploaded one.
    pub(crate) fn style(&self, name: &str) -> Result<Arc<KeptStyle>> {
        let built_in = || {
            let style = self.gallery.as_ref()?.find(name)?;
            Some(Arc::new(KeptStyle::bare(style.clone(), Reference::of_style(style))))
        };
        self.styles.get(name).or_else(built_in).ok_or_else(|| self.no_style(name))
    }

    /// A style that is not there, and the built-in one that may be meant.
    fn no_style(&self, name: &str) -> Problem {
        match self.gallery.as_ref().and_then(|gallery| gallery.suggest(name)) {
            Some(known) => {
                Problem::new(StatusCode::NOT_FOUND, format!("there is no such style: {name:?}. Did you mean {known:?}?"))
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

impl Content {
    /// Decodes a picture for its small one.
    pub(crate) fn new(bytes: Bytes, limits: &picture::Limits) -> impasto::Result<Self> {
        let stored = Stored::decode(&bytes, limits)?;
        let small = stored.thumbnail(PREVIEW)?;
        let format = stored.source().format.unwrap_or(Format::Png);
        Ok(Content { size: [stored.width(), stored.height()], format, small, bytes, scaled: Mutex::default() })
    }

    /// Bytes that it takes: the file, and floats of the small pictures.
    pub(crate) fn memory(&self) -> u64 {
        self.bytes.len() as u64 + 3 * 12 * (self.small.width() * self.small.height()) as u64
    }

    /// The longer side of the largest that previews are painted on.
    fn greatest_side(&self) -> usize {
        let (width, height) = (self.small.width(), self.small.height());
        let share = (PREVIEW_PIXELS as f64 / (width * height) as f64).sqrt().min(1.0);
        (width.max(height) as f64 * share).max(1.0) as usize
    }

    /// Width and height of [`Content::scaled`], rounded up.
    pub(crate) fn scaled_size(&self, side: usize) -> [usize; 2] {
        let scale = side.min(self.greatest_side()) as f64 / self.small.width().max(self.small.height()) as f64;
        [self.small.width(), self.small.height()].map(|length| (length as f64 * scale).ceil().max(1.0) as usize)
    }

    /// At this longer side, or a little less.
    pub(crate) fn scaled(&self, side: usize) -> impasto::Result<Arc<Picture>> {
        let side = side.min(self.greatest_side());
        let mut scaled = self.scaled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, found)) = scaled.iter().find(|(known, _)| *known == side) {
            return Ok(found.clone());
        }
        let made = Arc::new(self.small.fit_long_side(side, Resize::PHOTO)?);
        if scaled.len() >= 2 {
            scaled.remove(0);
        }
        scaled.push((side, made.clone()));
        Ok(made)
    }
}
