//! Runs an optimization from its first step to its last, or to Ctrl-C.

use std::path::{Path, PathBuf};
use std::time::Instant;

use impasto::optimizer::{Optimization, Step};
use impasto::picture::Target;
use impasto::{ErrorKind, Picture, Size};
use serde_json::{Value, json};

use super::setup::Setup;
use super::trace;
use crate::cli::Optimize;
use crate::commands::stylize::is_standard;
use crate::commands::stylize::place::make_folder_of;
use crate::failure::{Failure, Result};
use crate::progress::{Steps, Unseen};
use crate::talk;
use crate::{interrupt, memory, names};

/// Runs all steps, and writes the result.
pub(super) fn run(args: &Optimize, setup: &Setup) -> Result {
    let start = Instant::now();
    let loudness = args.loudness.loudness();
    let [content, style] = setup.optimizer.layers();
    loudness.detail(&format!(
        "perceptual network {} ({}); content in {}, style in {}",
        setup.perceptual.architecture(),
        setup.perceptual.source(),
        content.join(", "),
        style.join(", ")
    ));
    let mut optimization = begin(args, setup)?;
    // Makes the folders of the files that are written on the way.
    for path in std::iter::once(&args.output).chain(&setup.checkpoint).filter(|path| !is_standard(path)) {
        make_folder_of(path)?;
    }
    let mut last: Option<Step> = None;
    let mut saved = false;
    let bar = Steps::new(loudness);
    let ended = loop {
        let step = interrupt::while_running(|| optimization.step(&Unseen));
        match step {
            Ok(Some(step)) => {
                last = Some(step);
                bar.show(step.share, words(&step));
                if args.save_every.is_some_and(|every| step.done.is_multiple_of(every)) && step.done < step.total {
                    save_so_far(args, setup, &optimization, &step)?;
                    saved = true;
                }
                if interrupt::asked() {
                    break Some(step);
                }
            }
            Ok(None) => break None,
            Err(error) if error.kind() == ErrorKind::Cancelled => match last {
                Some(step) => break Some(step),
                None => return Err(Failure::Interrupted),
            },
            Err(error) => return Err(error.into()),
        }
    };
    drop(bar);
    // With the steps before an interruption.
    let steps = optimization.history();
    let mut painted = optimization.picture()?;
    match ended {
        None => {
            // The record is only true for the finished picture.
            if !args.file.options.strip {
                painted.source_mut().settings = Some(setup.request.to_json());
            }
            let bytes = setup.output.encode(&painted, loudness)?;
            setup.output.write(&bytes)?;
            write_traces(args, &steps)?;
            // It is this run's or an interrupted one's, and has no more use. A file that --force allows to replace, but
            // that was not replaced, stays.
            if let Some(checkpoint) = setup.checkpoint.as_ref().filter(|_| saved || args.resume || args.checkpoint.is_none()) {
                let _ = std::fs::remove_file(checkpoint);
            }
            loudness.detail(&line(args, &painted, steps.last(), start));
            if args.json { talk::json(&json(args, setup, &painted, (steps.last(), false), start)) } else { Ok(()) }
        }
        Some(step) => {
            // Nothing goes to standard output: an unfinished picture is of no use in a pipe.
            if let Some(checkpoint) = &setup.checkpoint {
                interrupt::while_saving(|| -> Result {
                    Target::new(checkpoint, true)?.write(&optimization.checkpoint()?)?;
                    setup.output.write_anyway(&setup.output.encode(&painted, loudness)?)?;
                    trace::write_all(args, &steps)
                })?;
                if args.json {
                    talk::json(&json(args, setup, &painted, (steps.last(), true), start))?;
                }
                loudness.say(&format!(
                    "stopped after {} of {} steps; the picture so far is {}; to continue, run the same command with --resume",
                    step.done,
                    step.total,
                    args.output.display()
                ));
            }
            Err(Failure::Interrupted)
        }
    }
}

/// Starts at the first step, or where an earlier run was interrupted.
fn begin<'a>(args: &Optimize, setup: &'a Setup) -> Result<Optimization<'a>> {
    let Setup { optimizer, content, styles, initial, checkpoint, .. } = setup;
    let (Some(checkpoint), true) = (checkpoint, args.resume) else {
        return Ok(optimizer.start(content, styles, initial.clone())?);
    };
    let bytes = std::fs::read(checkpoint).map_err(|e| {
        Failure::failed(format!("{}: {e}; there is no checkpoint to continue from: run without --resume", checkpoint.display()))
    })?;
    Ok(optimizer.resume(content, styles, initial.clone(), &bytes).map_err(|e| e.context(checkpoint.display()))?)
}

/// Saves the picture under a numbered name, and the checkpoint.
/// Ctrl-C waits for both, and takes effect before the next step.
fn save_so_far(args: &Optimize, setup: &Setup, optimization: &Optimization<'_>, step: &Step) -> Result {
    interrupt::while_saving(|| {
        let bytes = setup.output.encode(&optimization.picture()?, args.loudness.loudness())?;
        Target::new(numbered(&args.output, step.done), args.force || args.resume)?.write(&bytes)?;
        if let Some(checkpoint) = &setup.checkpoint {
            Target::new(checkpoint, true)?.write(&optimization.checkpoint()?)?;
        }
        Ok(())
    })
}

/// Returns the numbered name. `out.png` after 50 steps: `out-00050.png`.
fn numbered(path: &Path, steps: usize) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(format!("-{steps:05}"));
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

fn words(step: &Step) -> String {
    let Size { width, height } = step.size;
    let losses = step.losses;
    format!("{width}×{height} content {:.3} style {:.4}", losses.content, losses.style)
}

fn write_traces(args: &Optimize, steps: &[Step]) -> Result {
    interrupt::while_writing(|| trace::write_all(args, steps))
}

fn line(args: &Optimize, painted: &Picture, last: Option<&Step>, start: Instant) -> String {
    let peak = memory::peak().map_or_else(String::new, |bytes| format!(", at most {} of memory", memory::human(bytes)));
    let losses = last.map(|step| format!(", content {:.4}, style {:.4}", step.losses.content, step.losses.style));
    format!(
        "{}: {}×{} in {:.1} s{}{peak}",
        args.output.display(),
        painted.width(),
        painted.height(),
        start.elapsed().as_secs_f64(),
        losses.unwrap_or_default()
    )
}

fn json(args: &Optimize, setup: &Setup, painted: &Picture, (last, interrupted): (Option<&Step>, bool), start: Instant) -> Value {
    let [content, style] = setup.optimizer.layers();
    let styles = args.styles.iter().map(|style| style.to_string_lossy());
    let mut json = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "output": null,
        "size": { "width": painted.width(), "height": painted.height() },
        "styles": styles.collect::<Vec<_>>(),
        "steps": last.map_or(0, |step| step.done),
        "interrupted": interrupted,
        "losses": last.map(|step| trace::losses(&step.losses)),
        "perceptual": {
            "architecture": setup.perceptual.architecture().to_string(),
            "source": setup.perceptual.source(),
            "licence": setup.perceptual.licence(),
            "content_layers": content,
            "style_layers": style,
        },
        "seconds": start.elapsed().as_secs_f64(),
        "memory": { "peak": memory::peak() },
    });
    names::put(&mut json, "content", &args.content);
    if !is_standard(&args.output) {
        names::put(&mut json, "output", &args.output);
    }
    json
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::numbered;

    #[test]
    fn pictures_along_the_way_have_the_steps_in_their_names() {
        assert_eq!(numbered(Path::new("a/out.v2.png"), 50), Path::new("a/out.v2-00050.png"));
        assert_eq!(numbered(Path::new("out"), 123_456), Path::new("out-123456"));
    }
}
