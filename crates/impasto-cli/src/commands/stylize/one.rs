//! Paints one picture to a file or to standard output.

use std::path::Path;

use super::destination::{self, Destination};
use super::painting::{self, Job};
use super::report::{self, Report};
use super::stopwatch::Stopwatch;
use super::studio::Studio;
use super::style::{self, Seen, StyleArgument};
use super::{ceiling, check_standard_streams, is_standard, memory, record};
use crate::cli::Stylize;
use crate::failure::{Failure, Result};
use crate::progress::Progress;
use crate::{model, preview};

/// Paints one picture in these styles.
pub(super) fn run(args: &Stylize, content: &Path, arguments: Vec<StyleArgument>) -> Result {
    let mut watch = Stopwatch::start();
    let loudness = args.loudness.loudness();
    // Check everything that needs no work before the work begins.
    let inputs = arguments.iter().map(|style| style.path.as_path()).chain([content]);
    check_standard_streams(inputs, &args.output, args.json)?;
    if is_standard(&args.output) && args.preview {
        return Err(Failure::usage(
            "--preview and a picture (-o -) cannot both go to standard output; name a file for the picture",
        ));
    }
    let look = args.paint.files.iter().map(|(_, path)| path.as_path());
    let read: Vec<&Path> = arguments.iter().flat_map(|style| style.files()).chain(look).chain([content]).collect();
    for output in [Some(&args.output), args.figure.as_ref()].into_iter().flatten() {
        destination::keep_inputs(output, read.iter().copied())?;
    }
    let isa = model::isa()?;
    let encode = args.paint.options.encoding();
    let output = Destination::new(&args.output, args.paint.options.format, args.force, &encode)?;
    let figure = match &args.figure {
        Some(path) => Some(Destination::figure(path, &output, args.force, &encode)?),
        None => None,
    };
    let models = style::models(&arguments, &args.models)?;
    style::check_any(&arguments, &models)?;
    let preview = args.preview && preview::possible();
    if args.preview && !preview {
        loudness.warn("standard output is not a terminal that shows pictures; --preview is ignored");
    }

    let limits = Studio::picture_limits(args);
    let (mut photo, ingredient) = record::open_content(content, &limits, loudness)?;
    let sources = style::read(&arguments, &args.limits.of_floats(), loudness)?;
    style::warn_of_unused(args, &arguments, &sources);
    watch.lap("read");

    let studio = Studio::open(args, &models, isa)?;
    loudness.detail(&report::model_line(&studio.stylizer));
    watch.lap("model");

    // A figure or a preview needs the whole result in memory, as floats.
    let whole = figure.is_some() || preview;
    let held = sources.iter().map(Seen::bytes).fold(ceiling::PROGRAM, u64::saturating_add);
    let plan_with = |held| memory::plan(&studio, &photo, (output.format(), whole), held, args.limits.max_memory);
    let mut plan = plan_with((held, false))?;
    let styles = studio.see(arguments, sources, figure.is_some())?;
    if styles.mask_bytes() > 0 {
        plan = plan_with((held.saturating_add(styles.mask_bytes()), true))?;
    }
    watch.lap("style");

    if !args.paint.options.strip {
        let mut request = record::common(&args.paint, &models, isa)?.in_format(output.format());
        request.content = ingredient;
        request.styles = styles.used()?;
        photo.source_mut().settings = Some(request.to_json());
    }

    let progress = Progress::new("paint", loudness);
    let job = Job { content: photo, styles: &styles, output: &output, figure: figure.as_ref(), preview, plan };
    let painted = painting::paint(&studio, job, &mut watch, &progress)?;
    Report { args, content, stylizer: &studio.stylizer, styles: &styles, painted, watch }.tell(loudness)
}
