//! Paints one picture, from its content in memory to the written file.

use impasto::picture::Stored;
use impasto::request::{Plan, stored_thumbnail, thumbnail};
use impasto::{Control, Picture};

use super::destination::Destination;
use super::stopwatch::Stopwatch;
use super::studio::Studio;
use super::style::{self, Styles};
use crate::failure::{Failure, Result};
use crate::figure::{self, Content, Panel};
use crate::{interrupt, preview};
use impasto::Size;

/// One picture to paint.
pub(super) struct Job<'a> {
    pub(super) content: Stored,
    pub(super) styles: &'a Styles,
    pub(super) output: &'a Destination,
    /// Where to write a figure of it, if anywhere.
    pub(super) figure: Option<&'a Destination>,
    /// Whether to show it in the terminal.
    pub(super) preview: bool,
    pub(super) plan: Plan,
}

/// Facts about a finished painting.
#[derive(Debug, Clone, Copy)]
pub(super) struct Painted {
    pub(super) size: Size,
    /// Bytes of memory that were planned for it.
    pub(super) needed: u64,
}

/// Paints and writes a picture.
///
/// # Errors
/// [`Failure::Interrupted`] if `control` or the user stops it. Then nothing is written.
pub(super) fn paint(studio: &Studio<'_>, job: Job<'_>, watch: &mut Stopwatch, control: &dyn Control) -> Result<Painted> {
    let painted = Painted { size: job.plan.size, needed: job.plan.needed };
    match job.plan.bands {
        Some(bytes) => paint_in_bands(studio, &job, bytes, control)?,
        None => return paint_whole(studio, job, watch, control).map(|()| painted),
    }
    watch.lap("paint");
    Ok(painted)
}

/// Paints in bounded memory: the content stays as decoded, and bands are painted and written one by one.
fn paint_in_bands(studio: &Studio<'_>, job: &Job<'_>, bytes: u64, control: &dyn Control) -> Result {
    let (style, options) = studio.for_content(job.styles, || stored_thumbnail(&job.content))?;
    let options = options.max_memory(Some(bytes));
    job.output.stream(&job.content, studio.loudness, |writer| {
        let mut write = |rgb: &[f32], alpha: Option<&[f32]>| writer.write(rgb, alpha);
        Ok(studio.stylizer.stylize_stored(&job.content, &style, &options, &mut write, control)?)
    })
}

/// Paints with content and result in memory.
fn paint_whole(studio: &Studio<'_>, job: Job<'_>, watch: &mut Stopwatch, control: &dyn Control) -> Result {
    let Job { content, styles, output, figure, preview, .. } = job;
    let stored = content;
    let asked = &studio.args.paint.options;
    let content = asked.sized(stored.to_picture()?)?;
    // Without resizing, use the stored picture as bands do, so that the result has the same bytes.
    let small = || if asked.resizes() { thumbnail(&content) } else { stored_thumbnail(&stored) };
    let (style, options) = studio.for_content(styles, small)?;
    drop(stored);
    let painted = interrupt::while_running(|| studio.stylizer.stylize_with(&content, &style, &options, control))?;
    watch.lap("paint");
    if interrupt::asked() {
        return Err(Failure::Interrupted);
    }
    let bytes = output.encode(&painted, studio.loudness)?;
    let drawn = match figure {
        Some(figure) => Some(figure.encode(&draw_figure(&content, styles, &painted)?, studio.loudness)?),
        None => None,
    };
    output.write(&bytes)?;
    if let (Some(figure), Some(bytes)) = (figure, &drawn) {
        figure.write(bytes)?;
    }
    watch.lap("write");
    if preview {
        // The picture is already written. If it cannot be shown, that is only a warning.
        if let Err(Failure::Failed(why)) = preview::show(&painted) {
            studio.loudness.warn(&why);
        }
    }
    Ok(())
}

fn draw_figure(content: &Picture, styles: &Styles, painted: &Picture) -> Result<Picture> {
    let mut panels = vec![Panel { title: "Content".into(), content: Content::Picture(content) }];
    let shares = style::shares(&styles.arguments);
    for ((source, argument), share) in styles.sources.iter().zip(&styles.arguments).zip(&shares) {
        let title = if shares.len() == 1 { "Style".into() } else { format!("Style ({:.0} %)", share * 100.0) };
        let content = source.picture().map_or_else(|| Content::Name(argument.name()), Content::Picture);
        panels.push(Panel { title, content });
    }
    panels.push(Panel { title: "Result".into(), content: Content::Picture(painted) });
    figure::draw(&panels)
}
