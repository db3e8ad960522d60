//! Many pictures, several at a time. If one fails, the others are still painted.
//!
//! Arguments become jobs (`inputs.rs`, `template.rs`, `plan.rs`). Model and styles are loaded
//! once. Workers do one job after the other (`work.rs`) within the available memory
//! (`budget.rs`), and record the results in the library's `Manifest` and in `tally.rs`.

mod budget;
mod inputs;
mod plan;
mod tally;
mod template;
mod work;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use impasto::Size;
use impasto::picture::Target;
use impasto::request::{MANIFEST, Manifest, StyleUse};

use super::ceiling::{self, Ceiling};
use super::memory;
use super::studio::Studio;
use super::style::{self, StyleArgument, Styles};
use super::{destination, is_standard, record, report};
use crate::cli::Stylize;
use crate::failure::{Failure, Result};
use crate::talk::Loudness;
use crate::{interrupt, model};
use budget::Budget;
use inputs::LeftOut;
pub(in crate::commands) use inputs::pictures_in;
use plan::Job;
use tally::Tally;
use work::Worker;

/// Most names of left-out pictures in one line.
const NAMED: usize = 10;

/// A style or blend to paint in, its name for file names, and its record.
struct Look {
    name: String,
    styles: Styles,
    used: Vec<StyleUse>,
}

/// Returns whether a command line asks for many pictures, not for one picture to one file.
pub(super) fn is_asked(args: &Stylize) -> bool {
    let batch = &args.batch;
    let flags = batch.recursive || batch.each_style || batch.resume || batch.manifest.is_some();
    let several = args.contents.len() > 1 || args.contents.iter().any(|content| inputs::is_several(content));
    flags || several || template::is_template(&args.output) || plan::is_folder(&args.output)
}

pub(super) fn run(args: &Stylize) -> Result {
    check_usage(args)?;
    let loudness = args.loudness.loudness();
    let arguments = style::parse(&args.styles)?;
    let models = style::models(&arguments, &args.models)?;
    style::check_any(&arguments, &models)?;
    let groups = groups(args, arguments);
    let isa = model::isa()?;
    let encode = args.paint.options.encoding();

    let template = plan::template(args)?;
    let mut left_out = Vec::new();
    let found = inputs::find(&args.contents, args.batch.recursive, template.root(), &mut left_out);
    // If nothing else was found, what was left out may be the reason.
    let found = found.inspect_err(|_| tell_left_out(&left_out, loudness))?;
    // If the only file name is mistyped, do not make a folder just for a manifest that says so.
    if let ([input], false) = (found.as_slice(), template.root().exists()) {
        std::fs::metadata(&input.path).map_err(|e| Failure::failed(format!("{}: {e}", input.path.display())))?;
    }
    let path = args.batch.manifest.clone().unwrap_or_else(|| template.root().join(MANIFEST));
    let mut manifest = Manifest::open(&path)?;
    let names: Vec<_> = groups.iter().map(|group| name(group)).collect();
    let jobs = plan::jobs(args, (&template, &names), found, &manifest, loudness)?;

    tell_left_out(&left_out, loudness);

    // An output could replace a style or a mask as easily as a content.
    let masks = args.paint.files.iter().map(|(_, path)| path.as_path());
    let read: Vec<&Path> = groups.iter().flatten().flat_map(StyleArgument::files).chain(masks).collect();
    for job in jobs.iter().filter(|job| job.output.exists()) {
        destination::keep_inputs(&job.output, read.iter().copied())?;
    }

    let limits = args.limits.of_floats();
    let sources = groups.iter().map(|group| style::read(group, &limits, loudness)).collect::<Result<Vec<_>>>()?;
    for (group, sources) in groups.iter().zip(&sources) {
        style::warn_of_unused(args, group, sources);
    }
    let mut studio = Studio::open(args, &models, isa)?;
    loudness.detail(&report::model_line(&studio.stylizer));
    let common = record::common(&args.paint, &models, isa)?;
    let looks = groups.into_iter().zip(sources).zip(names).map(|((group, sources), name)| {
        let styles = studio.see(group, sources, false)?;
        let used = styles.used()?;
        Ok(Look { name, styles, used })
    });
    let looks = looks.collect::<Result<Vec<_>>>()?;

    // Runs that replace nothing may share a folder. A run with --resume
    // must know that no other one is painting what is missing.
    manifest.lock(args.batch.resume)?;
    // Remove the temporary files of killed runs. Those of running programs stay.
    let mut folders: Vec<_> = jobs.iter().filter_map(|job| job.output.parent()).collect();
    folders.dedup();
    folders.into_iter().for_each(|folder| {
        Target::remove_abandoned(folder);
    });

    let needs = jobs.iter().map(|job| need(&studio, job)).collect::<Vec<_>>();
    // Memory in use whatever is painted: by the program itself, and by the masks of all styles.
    let held = looks.iter().map(|look| look.styles.mask_bytes()).fold(ceiling::PROGRAM, u64::saturating_add);
    let total = Ceiling::new(args.limits.max_memory, studio.paints_in_bands()).bytes().map(|bytes| bytes.saturating_sub(held));
    let budget = Budget::new(total.unwrap_or(u64::MAX));
    let at_a_time = args.batch.jobs.unwrap_or_else(|| fitting(&needs, budget.total(), studio.stylizer.engine().threads()));
    let at_a_time = at_a_time.min(jobs.len());
    if at_a_time >= studio.stylizer.engine().threads() {
        // With one thread per picture, no thread waits for another.
        studio.stylizer = studio.stylizer.with_threads(1)?;
    }
    loudness.detail(&format!("{} pictures, {at_a_time} at a time", jobs.len()));

    let tally = Tally::new(args, jobs.len(), loudness, left_out);
    tally.begin()?;
    let worker = Worker {
        studio: &studio,
        looks: &looks,
        common: &common,
        manifest: &manifest,
        budget: &budget,
        held,
        regions: looks.iter().any(|look| look.styles.mask_bytes() > 0),
        encode,
        at_a_time,
        tally: &tally,
    };
    let next = AtomicUsize::new(0);
    interrupt::while_batch(|| {
        std::thread::scope(|scope| {
            for _ in 0..at_a_time {
                scope.spawn(|| {
                    while !tally.stops() {
                        let i = next.fetch_add(1, Ordering::Relaxed);
                        let Some(job) = jobs.get(i) else { return };
                        worker.work(job, needs[i]);
                    }
                });
            }
        });
    });
    tally.end()
}

/// Says which pictures a search has left out, with a line for each reason.
fn tell_left_out(left_out: &[LeftOut], loudness: Loudness) {
    let mut reasons: Vec<_> = left_out.iter().map(|left| left.why).collect();
    reasons.sort();
    reasons.dedup();
    for why in reasons {
        let paths: Vec<_> = left_out.iter().filter(|left| left.why == why).map(|left| left.path.display()).collect();
        let most = if loudness == Loudness::Verbose { usize::MAX } else { NAMED };
        let more = paths.len().saturating_sub(most);
        let names: Vec<_> = paths.iter().take(most).map(ToString::to_string).collect();
        let more = if more > 0 { format!(" and {more} more; --verbose lists all") } else { String::new() };
        loudness.warn(&format!("{} left out: {}: {}{more}", paths.len(), why.text(), names.join(", ")));
    }
}

/// Refuses flags that make no sense for many pictures.
fn check_usage(args: &Stylize) -> Result {
    let wrong = |text: &str| Err(Failure::usage(text));
    if args.contents.iter().any(|content| is_standard(content)) {
        return wrong(
            "standard input (-) has no name for a folder or a template, and cannot be one of several pictures; paint it to a single file",
        );
    }
    if is_standard(&args.output) {
        return wrong("standard output (-o -) takes only one picture; name a folder or a template for several");
    }
    if args.figure.is_some() || args.preview {
        return wrong("--figure and --preview are for one picture and one file as the output");
    }
    Ok(())
}

/// Returns the styles in groups. Each group is one blend.
fn groups(args: &Stylize, arguments: Vec<StyleArgument>) -> Vec<Vec<StyleArgument>> {
    if args.batch.each_style && !arguments.is_empty() {
        arguments.into_iter().map(|argument| vec![argument]).collect()
    } else {
        vec![arguments]
    }
}

/// Returns the name of a blend for file names. A separator would make a folder, so it is replaced.
fn name(group: &[StyleArgument]) -> String {
    let names: Vec<_> = group.iter().map(StyleArgument::name).collect();
    names.join("+").replace(|c: char| std::path::is_separator(c) || c.is_control(), "-")
}

/// Returns how many bytes a job will take; 0 if the size of the picture cannot be found out quickly.
fn need(studio: &Studio<'_>, job: &Job) -> u64 {
    let Ok(size) = imagesize::size(&job.input) else { return 0 };
    memory::estimate(studio, Size { width: size.width, height: size.height }, job.format).unwrap_or(u64::MAX)
}

/// Returns how many pictures of median size fit in memory, but at most the number of threads.
fn fitting(needs: &[u64], total: u64, threads: usize) -> usize {
    let mut sorted = needs.to_vec();
    sorted.sort_unstable();
    let middling = sorted.get(sorted.len() / 2).copied().unwrap_or(0).max(1);
    usize::try_from(total / middling).unwrap_or(usize::MAX).clamp(1, threads)
}
