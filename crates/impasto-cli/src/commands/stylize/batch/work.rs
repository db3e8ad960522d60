//! Does one job, from reading the content to its line in the manifest.

use std::time::Instant;

use impasto::Control;
use impasto::picture::EncodeOptions;
use impasto::request::{Manifest, Request};
use serde_json::{Value, json};

use super::Look;
use super::budget::Budget;
use super::plan::Job;
use super::tally::Tally;
use crate::commands::stylize::destination::Destination;
use crate::commands::stylize::painting::{self, Painted};
use crate::commands::stylize::stopwatch::Stopwatch;
use crate::commands::stylize::studio::Studio;
use crate::commands::stylize::{memory, open, place};
use crate::failure::{Failure, Result};
use crate::{downloads, hash, names, panics, references};

/// What all jobs share.
pub(super) struct Worker<'a> {
    pub(super) studio: &'a Studio<'a>,
    pub(super) looks: &'a [Look],
    /// The request, as far as it is the same for all pictures.
    pub(super) common: &'a Request,
    pub(super) manifest: &'a Manifest,
    pub(super) budget: &'a Budget,
    /// Bytes that are in use whatever is painted.
    pub(super) held: u64,
    /// Whether any look paints several styles into one picture by masks.
    pub(super) regions: bool,
    pub(super) encode: EncodeOptions,
    pub(super) at_a_time: usize,
    pub(super) tally: &'a Tally,
}

/// The result of a job that did not fail.
enum Outcome {
    /// It was done before.
    Skipped,
    Done {
        key: String,
        painted: Painted,
    },
}

impl Worker<'_> {
    /// Does a job that takes about `need` bytes of memory, and records the result.
    pub(super) fn work(&self, job: &Job, need: u64) {
        let start = Instant::now();
        // If a picture triggers a bug, only that picture fails.
        let work = || self.attempt(job, need).and_then(|outcome| self.note(job, outcome, start));
        match panics::caught(work).unwrap_or_else(|what| Err(Failure::failed(what))) {
            // The user asked to stop: nothing was written, and there is nothing to report.
            Err(Failure::Interrupted) => {}
            Err(failure) => {
                let error = failure.to_string();
                let mut record = self.record("failed", job, start);
                record["error"] = error.as_str().into();
                // If the manifest cannot be written, the tally still has the failure.
                let _ = self.manifest.add(&record);
                self.tally.failed(job, &error, &record);
            }
            Ok(()) => {}
        }
    }

    fn attempt(&self, job: &Job, need: u64) -> Result<Outcome> {
        let studio = self.studio;
        let args = studio.args;
        let look = &self.looks[job.style];
        let about = std::fs::metadata(&job.input).map_err(|e| Failure::failed(format!("{}: {e}", job.input.display())))?;
        if !about.is_file() {
            // Waiting for a pipe, or reading a device to its end, may take forever.
            return Err(Failure::failed(format!("{}: is not a regular file", job.input.display())));
        }
        let mut request = self.common.clone().in_format(job.format);
        request.content = references::of_path(&job.input)?;
        request.styles = look.used.clone();
        let key = request.key();
        if args.batch.resume && self.manifest.is_done(&job.output, &key) {
            return Ok(Outcome::Skipped);
        }
        if let Some(folder) = job.output.parent() {
            place::make_folder(folder)?;
        }
        let ours = args.batch.resume && self.manifest.owns(&job.output);
        let output = Destination::new(&job.output, args.paint.options.format, args.force || ours, &self.encode)?;

        // An equal share of the memory, or what this picture needs if that is more.
        let share = self.budget.total() / self.at_a_time as u64;
        let mut loan = self.budget.lend(need.max(share));
        let mut photo = open(&job.input, &Studio::picture_limits(args), studio.loudness)?;
        if !args.paint.options.strip {
            photo.source_mut().settings = Some(request.to_json());
        }
        let whole = (output.format(), false);
        let mut plan = memory::plan(studio, &photo, whole, (0, self.regions), Some(loan.bytes));
        if plan.is_err() {
            // It needs more than its header promised. Wait for all the memory;
            // if that is not enough, the error tells by whose limit.
            drop(loan);
            loan = self.budget.lend(u64::MAX);
            plan = memory::plan(studio, &photo, whole, (self.held, self.regions), args.limits.max_memory);
        }
        let plan = plan?;
        self.manifest.begin(&job.output, &key)?;
        let paint = painting::Job { content: photo, styles: &look.styles, output: &output, figure: None, preview: false, plan };
        let painted = painting::paint(studio, paint, &mut Stopwatch::start(), &Stop(self.tally))?;
        drop(loan);
        Ok(Outcome::Done { key, painted })
    }

    fn note(&self, job: &Job, outcome: Outcome, start: Instant) -> Result {
        let Outcome::Done { key, painted } = outcome else {
            self.tally.skipped(&self.record("skipped", job, start));
            return Ok(());
        };
        let named = |e: std::io::Error| Failure::failed(format!("{}: {e}", job.output.display()));
        let bytes = std::fs::metadata(&job.output).map_err(named)?.len();
        let sha256 = hash::of_file(&job.output).map_err(named)?;
        let mut record = self.record("done", job, start);
        record["key"] = key.into();
        record["width"] = painted.size.width.into();
        record["height"] = painted.size.height.into();
        record["bytes"] = bytes.into();
        record["sha256"] = sha256.into();
        self.manifest.add(&record)?;
        let seconds = start.elapsed().as_secs_f64();
        let line = format!("{}: {}×{} in {seconds:.3} s", job.output.display(), painted.size.width, painted.size.height);
        self.studio.loudness.detail(&line);
        self.tally.done(&record);
        Ok(())
    }

    /// Returns the fields that every line has.
    fn record(&self, state: &str, job: &Job, start: Instant) -> Value {
        let mut record = json!({
            "state": state,
            "style": self.looks[job.style].name,
            "seconds": start.elapsed().as_secs_f64(),
        });
        names::put(&mut record, "input", downloads::spoken(&job.input));
        self.manifest.put_output(&mut record, &job.output);
        record
    }
}

/// Cancels a painting when the batch stops.
struct Stop<'a>(&'a Tally);

impl Control for Stop<'_> {
    fn cancelled(&self) -> bool {
        self.0.stops()
    }
}
