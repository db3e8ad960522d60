//! Jobs: pictures and films painted while no client waits.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use impasto::Control;
use impasto_film::{Leash, Note};
use serde::Serialize;
use tokio::sync::{Notify, watch};
use utoipa::ToSchema;

use crate::painted::Painted;
use crate::problem::Problem;

/// Reports a painting's progress and checks for cancellation.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    cancelled: AtomicBool,
    /// Wakes the task that waits for cancellation.
    cancelling: Notify,
    /// Progress in millionths.
    done: AtomicU32,
    /// Ends the processes that work for this painting.
    pub(crate) leash: Leash,
    /// For films only.
    frames: Mutex<Option<FramesView>>,
    notes: Mutex<Vec<String>>,
}

impl Watch {
    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
        self.cancelling.notify_one();
        self.leash.pull();
    }

    /// Waits until the painting is cancelled. Only one task at a time may wait.
    pub(crate) async fn until_cancelled(&self) {
        while !self.cancelled() {
            self.cancelling.notified().await;
        }
    }

    /// Reports how many frames of a film are painted.
    pub(crate) fn frames(&self, painted: usize, total: Option<usize>) {
        self.progress(painted as u64, total.unwrap_or(usize::MAX) as u64);
        *self.frames.lock().unwrap_or_else(PoisonError::into_inner) = Some(FramesView { painted, total });
    }

    /// How many frames of a film are painted.
    pub(crate) fn painted(&self) -> usize {
        self.frames.lock().unwrap_or_else(PoisonError::into_inner).map_or(0, |frames| frames.painted)
    }

    /// Adds notes for users about the work, each prefixed with `what`.
    pub(crate) fn note(&self, notes: &[Note], what: &str) {
        let notes = notes.iter().map(|note| format!("{what}{}", note.text()));
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).extend(notes);
    }

    /// Progress from 0 to 1.
    fn share(&self) -> f64 {
        f64::from(self.done.load(Ordering::Relaxed)) / 1e6
    }
}

impl Control for Watch {
    fn progress(&self, done: u64, total: u64) {
        self.done.store((done as f64 / total.max(1) as f64 * 1e6) as u32, Ordering::Relaxed);
    }

    fn cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}

/// Cancels a painting when dropped, because whoever waits for it is gone.
pub(crate) struct CancelOnDrop(Option<Arc<Watch>>);

impl CancelOnDrop {
    pub(crate) fn new(watch: &Arc<Watch>) -> Self {
        CancelOnDrop(Some(watch.clone()))
    }

    /// Lets the painting continue although nobody waits for it anymore.
    pub(crate) fn release(mut self) {
        self.0 = None;
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        if let Some(watch) = &self.0 {
            watch.cancel();
        }
    }
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    Queued,
    Running,
    Done,
    Failed,
    Cancelled,
}

impl Status {
    pub(crate) fn is_final(self) -> bool {
        matches!(self, Status::Done | Status::Failed | Status::Cancelled)
    }

    /// The name of the server-sent event for this status.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Status::Queued | Status::Running => "progress",
            Status::Done => "done",
            Status::Failed => "failed",
            Status::Cancelled => "cancelled",
        }
    }
}

/// How far a film is.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) struct FramesView {
    /// How many frames are painted.
    painted: usize,
    /// How many frames there are, if the film says so.
    total: Option<usize>,
}

/// A job as clients see it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobView {
    pub(crate) id: String,
    pub(crate) status: Status,
    /// Progress from 0 to 1.
    pub(crate) progress: f64,
    /// Seconds since the request; once the job has ended, how long it took.
    pub(crate) seconds: f64,
    /// Why the job failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<Problem>,
    /// Path of the finished picture or film.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) result: Option<String>,
    /// Progress of a film.
    #[serde(skip_serializing_if = "Option::is_none")]
    frames: Option<FramesView>,
    /// What differs from what one might expect, one line each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

/// A picture or film painted while no client waits.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) watch: Arc<Watch>,
    status: watch::Sender<Status>,
    outcome: Mutex<Option<Result<Arc<Painted>, Problem>>>,
    start: Instant,
    end: Mutex<Option<f64>>,
}

impl Default for Job {
    fn default() -> Self {
        Job {
            watch: Arc::default(),
            status: watch::Sender::new(Status::Queued),
            outcome: Mutex::default(),
            start: Instant::now(),
            end: Mutex::default(),
        }
    }
}

impl Job {
    pub(crate) fn begin(&self) {
        self.status.send_if_modified(|status| {
            let waiting = *status == Status::Queued;
            if waiting {
                *status = Status::Running;
            }
            waiting
        });
    }

    pub(crate) fn end(&self, outcome: Result<Painted, Problem>) {
        let status = match &outcome {
            Ok(_) => Status::Done,
            Err(_) if self.watch.cancelled() => Status::Cancelled,
            Err(_) => Status::Failed,
        };
        *self.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome.map(Arc::new));
        *self.end.lock().unwrap_or_else(PoisonError::into_inner) = Some(self.start.elapsed().as_secs_f64());
        self.status.send_replace(status);
    }

    pub(crate) fn changes(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }

    /// The outcome, once the job has ended.
    pub(crate) fn painted(&self) -> Option<Result<Arc<Painted>, Problem>> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn view(&self, id: &str) -> JobView {
        let status = *self.status.borrow();
        let error = match self.painted() {
            Some(Err(problem)) if status == Status::Failed => Some(problem),
            _ => None,
        };
        let end = *self.end.lock().unwrap_or_else(PoisonError::into_inner);
        JobView {
            id: id.to_owned(),
            status,
            progress: if status == Status::Done { 1.0 } else { self.watch.share() },
            seconds: end.unwrap_or_else(|| self.start.elapsed().as_secs_f64()),
            error,
            result: (status == Status::Done).then(|| format!("/v1/jobs/{id}/result")),
            frames: *self.watch.frames.lock().unwrap_or_else(PoisonError::into_inner),
            notes: self.watch.notes.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}
