//! Request bodies: slow ones are refused, their number at a time is limited, and a refused client can
//! finish sending, so that it reads the answer.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hyper::body::{Frame, SizeHint};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep};

use crate::budget::Share;
use crate::problem::Problem;
use crate::state::State;

/// How long a body may take before its rate is checked.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes per second that a body must average after [`PATIENCE`].
pub(crate) const RATE: u64 = 1024;
/// A refused body is read up to at least this many bytes, because it is often refused for being too large.
const LEAST_LINGER: u64 = 256 << 20;
/// How often the rate is checked.
const MOMENT: Duration = Duration::from_secs(1);

/// Why a body is not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It came more slowly than [`RATE`].
    TooSlow,
    /// More arrived than may be held.
    TooLong,
    /// There is no memory for it.
    NoRoom,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Refused::TooSlow => "the body arrived too slowly",
            Refused::TooLong => "the body is too long",
            Refused::NoRoom => "there is no memory for the body",
        })
    }
}

impl std::error::Error for Refused {}

type Item = Option<Result<Frame<Bytes>, axum::Error>>;

/// A body that is being received, and its rate.
struct Metered {
    body: Body,
    seen: u64,
    start: Instant,
    timer: Pin<Box<Sleep>>,
    asked: bool,
    ended: bool,
}

impl Metered {
    fn new(body: Body) -> Self {
        Metered {
            body,
            seen: 0,
            start: Instant::now(),
            timer: Box::pin(tokio::time::sleep(PATIENCE)),
            asked: false,
            ended: false,
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Item> {
        self.asked = true;
        if let Poll::Ready(next) = Pin::new(&mut self.body).poll_frame(context) {
            match &next {
                Some(Ok(frame)) => self.seen += frame.data_ref().map_or(0, |data| data.len() as u64),
                Some(Err(_)) | None => self.ended = true,
            }
            return Poll::Ready(next);
        }
        loop {
            ready!(self.timer.as_mut().poll(context));
            let now = Instant::now();
            if self.seen < RATE * now.duration_since(self.start).as_secs() {
                self.ended = true;
                return Poll::Ready(Some(Err(axum::Error::new(Refused::TooSlow))));
            }
            self.timer.as_mut().reset(now + MOMENT);
        }
    }
}

/// A body that hands itself back if it is dropped before its end.
struct Returned {
    body: Option<Metered>,
    back: Arc<Mutex<Option<Metered>>>,
}

impl HttpBody for Returned {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Item> {
        self.body.as_mut().map_or(Poll::Ready(None), |body| body.poll(context))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(|body| body.ended || body.body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::default, |body| body.body.size_hint())
    }
}

impl Drop for Returned {
    fn drop(&mut self) {
        if let Some(body) = self.body.take().filter(|body| !body.ended) {
            *self.back.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
        }
    }
}

/// A body that is an error as soon as its reader holds more than `most` bytes: those that have arrived, without those
/// that the reader counts in `passed_on`. Readers of forms have no limit of their own for what is between fields.
struct Bounded {
    body: Body,
    arrived: u64,
    passed_on: Arc<AtomicU64>,
    most: u64,
}

/// Limits how many bytes of a body are held at a time. Also returns the count of bytes that the reader has passed on.
pub(crate) fn bounded(body: Body, most: u64) -> (Body, Arc<AtomicU64>) {
    let passed_on = Arc::new(AtomicU64::new(0));
    (Body::new(Bounded { body, arrived: 0, passed_on: passed_on.clone(), most }), passed_on)
}

impl HttpBody for Bounded {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Item> {
        let next = ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(Ok(frame)) = &next {
            self.arrived += frame.data_ref().map_or(0, |data| data.len() as u64);
        }
        if self.arrived.saturating_sub(self.passed_on.load(Ordering::Relaxed)) > self.most {
            return Poll::Ready(Some(Err(axum::Error::new(Refused::TooLong))));
        }
        Poll::Ready(next)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Answers the request, then reads the rest of a body that the handler did not read. Otherwise a client that is still
/// sending would see a broken connection instead of the answer.
pub(crate) async fn linger(state: Arc<State>, request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let waits = waits(request.headers());
    let back = Arc::new(Mutex::default());
    let request = request.map(|body| Body::new(Returned { body: Some(Metered::new(body)), back: back.clone() }));
    let response = next.run(request).await;
    let rest = back.lock().unwrap_or_else(PoisonError::into_inner).take();
    // A client that waits for `100 Continue` gets its answer instead.
    if let Some(rest) = rest.filter(|rest| rest.asked || !waits)
        && let Ok(place) = state.lingering.clone().try_acquire_owned()
    {
        let (most, time) = (LEAST_LINGER.max(state.options.max_body as u64).max(state.options.max_film), state.options.timeout);
        tokio::spawn(async move {
            let _ = tokio::time::timeout(time, drain(rest, most)).await;
            drop(place);
        });
    }
    response
}

fn waits(headers: &HeaderMap) -> bool {
    headers.get(header::EXPECT).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

async fn drain(mut rest: Metered, most: u64) {
    let until = rest.seen.saturating_add(most);
    while let Some(Ok(_)) = std::future::poll_fn(|context| rest.poll(context)).await {
        if rest.seen > until {
            return;
        }
    }
}

/// A body that holds a place while it is being received, and memory for what has arrived.
struct Placed {
    body: Body,
    place: Option<OwnedSemaphorePermit>,
    /// Where memory comes from; `None` if the reader does not keep what arrives.
    state: Option<Arc<State>>,
    arrived: u64,
    reserved: u64,
    shares: Vec<Share>,
}

/// Bytes for which memory is reserved at a time.
const PART: u64 = 1 << 20;

impl Placed {
    /// Counts bytes that have arrived. Returns whether there is memory for them.
    fn count(&mut self, bytes: u64) -> bool {
        let Some(state) = &self.state else { return true };
        self.arrived += bytes;
        let missing = self.arrived.saturating_sub(self.reserved);
        if missing == 0 {
            return true;
        }
        let part = missing.max(PART);
        let share = state.memory(part).ok();
        self.reserved += part;
        let found = share.is_some();
        self.shares.extend(share);
        found
    }
}

impl HttpBody for Placed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Item> {
        let next = ready!(Pin::new(&mut self.body).poll_frame(context));
        match &next {
            Some(Ok(frame)) => {
                if !self.count(frame.data_ref().map_or(0, |data| data.len() as u64)) {
                    self.place = None;
                    return Poll::Ready(Some(Err(axum::Error::new(Refused::NoRoom))));
                }
            }
            Some(Err(_)) | None => self.place = None,
        }
        Poll::Ready(next)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Limits the bodies received at a time to fewer than there are connections. So
/// requests without a body are always answered.
pub(crate) async fn place(state: Arc<State>, request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    match state.bodies.clone().try_acquire_owned() {
        Ok(place) => {
            // Films go to the disk while they arrive.
            let held = (request.uri().path() != "/v1/films").then_some(state);
            let placed = |body| Placed { body, place: Some(place), state: held, arrived: 0, reserved: 0, shares: Vec::new() };
            next.run(request.map(|body| Body::new(placed(body)))).await
        }
        Err(_) => Problem::busy("too many requests are being sent; try again in a moment").into_response(),
    }
}
