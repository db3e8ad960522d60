//! `impasto stylize`: one picture in the style of others.

mod bounded;
mod destination;
mod report;
mod style;

use std::io::{self, IsTerminal};
use std::path::Path;

use impasto::picture::{self, EncodeOptions, Resize, Stored};
use impasto::{Picture, Style, StyleOptions, StyleSize, StylizeOptions, Stylizer, weights};

use crate::cli::Stylize;
use crate::failure::{Failure, Result};
use crate::figure::{self, Content, Panel};
use crate::progress::Progress;
use crate::talk::Loudness;
use crate::values::Size;
use crate::{interrupt, memory, model, preview};
use destination::Destination;
use report::{Report, Stopwatch};
use style::{Seen, StyleArgument};

pub(crate) fn run(args: &Stylize) -> Result {
    let mut watch = Stopwatch::start();
    let loudness = args.loudness.loudness();
    // Whatever can be found wrong without work is found before any.
    let styles = style::parse(&args.styles)?;
    check_standard_streams(args, &styles)?;
    let isa = model::isa()?;
    let encode = EncodeOptions::default().quality(args.quality);
    let output = Destination::new(&args.output, args.format, args.force, &encode)?;
    let figure = match &args.figure {
        Some(path) => Some(Destination::figure(path, &output, args.force, &encode)?),
        None => None,
    };
    let models = model::paths(&args.models)?;
    if args.preview && !preview::possible() {
        loudness.warn("standard output is no terminal that shows pictures: --preview is left out");
    }

    let limits = picture_limits(args);
    let photo = open(&args.content, &limits, loudness)?;
    let sources = styles.iter().map(|style| style.read(&limits, loudness)).collect::<Result<Vec<_>>>()?;
    watch.lap("read");

    let mut builder = Stylizer::builder().threads(args.threads.unwrap_or(0)).isa(isa);
    builder = builder.border(args.border.map(Into::into));
    if let Some(bytes) = args.limits.max_bytes {
        builder = builder.limits(weights::Limits::default().max_bytes(bytes));
    }
    let stylizer = models.iter().fold(builder.thumbnail(args.thumbnail), |builder, path| builder.model(path)).open()?;
    loudness.detail(&report::model_line(&stylizer));
    watch.lap("model");

    let options = style_options(args);
    let stylize = StylizeOptions::default().strength(args.strength).style(options);
    let size = target_size(&photo, args);
    let report = |needed, watch| Report { args, stylizer: &stylizer, size, styles: &styles, sources: &sources, needed, watch };
    // Whatever shows the result elsewhere, or paints another picture than the file's, has it in memory as floats.
    let whole = args.size.is_some() || args.exact.is_some() || figure.is_some() || args.preview;
    if stylizer.thumbnail().is_some() && !whole {
        let plan = bounded::plan(&stylizer, (&photo, &sources), &output, args.limits.max_memory)?;
        let style = see(&sources, &styles, &stylizer, &options, loudness)?;
        watch.lap("style");
        bounded::paint(&stylizer, (&photo, &style), &stylize.max_memory(Some(plan.bands)), &output, loudness)?;
        watch.lap("paint");
        return report(plan.needed, watch).tell(loudness);
    }
    let needs = needed_memory(&stylizer, &photo, size, &sources, &options)?;
    check_memory(&needs, args)?;
    let needed = needs.iter().map(|need| need.bytes).max().unwrap_or(0);
    let content = sized(photo.to_picture()?, args)?;
    drop(photo);

    let style = see(&sources, &styles, &stylizer, &options, loudness)?;
    watch.lap("style");
    let painted = interrupt::while_running(|| {
        let progress = Progress::new("paint", loudness);
        stylizer.stylize_with(&content, &style, &stylize, &progress)
    })?;
    watch.lap("paint");
    if interrupt::asked() {
        return Err(Failure::Interrupted);
    }

    let bytes = output.encode(&painted, loudness)?;
    let drawn = match &figure {
        Some(figure) => Some(figure.encode(&draw_figure(&content, &sources, &styles, &painted)?, loudness)?),
        None => None,
    };
    output.write(&bytes)?;
    if let (Some(figure), Some(bytes)) = (&figure, &drawn) {
        figure.write(bytes)?;
    }
    watch.lap("write");

    if args.preview && preview::possible() {
        // The picture is written: that it cannot be shown takes nothing from it.
        if let Err(Failure::Failed(why)) = preview::show(&painted) {
            loudness.warn(&why);
        }
    }
    report(needed, watch).tell(loudness)
}

/// The styles' vectors, and the one that they make together.
fn see(
    sources: &[Seen],
    styles: &[StyleArgument],
    stylizer: &Stylizer,
    options: &StyleOptions,
    loudness: Loudness,
) -> Result<Style> {
    let seen = interrupt::while_running(|| {
        let progress = Progress::new("style", loudness);
        sources.iter().map(|source| source.see(stylizer, options, &progress)).collect::<Result<Vec<_>>>()
    })?;
    style::blend(&seen, styles)
}

/// Standard input and output can serve one thing each.
fn check_standard_streams(args: &Stylize, styles: &[StyleArgument]) -> Result {
    let readers = styles.iter().filter(|style| is_standard(&style.path)).count() + usize::from(is_standard(&args.content));
    if readers > 1 {
        return Err(Failure::usage("standard input (-) can be only one of the pictures"));
    }
    if is_standard(&args.output) && args.json {
        return Err(Failure::usage("--json and a picture (-o -) cannot both go to standard output; name a file for one of them"));
    }
    if is_standard(&args.output) && io::stdout().is_terminal() {
        return Err(Failure::usage("a terminal cannot take a picture's bytes (-o -); redirect them or name a file"));
    }
    if is_standard(&args.output) && args.preview {
        return Err(Failure::usage(
            "--preview and a picture (-o -) cannot both go to standard output; name a file for the picture",
        ));
    }
    Ok(())
}

fn is_standard(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn picture_limits(args: &Stylize) -> picture::Limits {
    let max_bytes = args.limits.max_bytes.unwrap_or(picture::Limits::default().max_bytes);
    picture::Limits { max_pixels: args.limits.max_pixels, max_bytes }
}

/// A picture from a file or standard input.
fn open(path: &Path, limits: &picture::Limits, loudness: Loudness) -> impasto::Result<Stored> {
    let (name, picture) = if is_standard(path) {
        ("standard input".into(), Stored::read(io::stdin().lock(), limits).map_err(|e| e.context("standard input"))?)
    } else {
        (path.display().to_string(), Stored::open(path, limits)?)
    };
    for warning in picture.warnings() {
        loudness.warn(&format!("{name}: {warning}"));
    }
    Ok(picture)
}

/// The size that the content will be painted at, to the pixel or nearly so.
fn target_size(photo: &Stored, args: &Stylize) -> Size {
    let (width, height) = (photo.width(), photo.height());
    match (args.exact, args.size) {
        (Some(size), _) => size,
        (None, Some(side)) => {
            let scale = side as f64 / width.max(height) as f64;
            let [width, height] = [width, height].map(|n| ((n as f64 * scale).round() as usize).max(1));
            Size { width, height }
        }
        (None, None) => Size { width, height },
    }
}

/// The content at the size that was asked for.
fn sized(photo: Picture, args: &Stylize) -> Result<Picture> {
    Ok(match (args.exact, args.size) {
        (Some(size), _) => photo.resize_bilinear_tf(size.width, size.height)?,
        (None, Some(side)) => photo.fit_long_side(side, Resize::PHOTO)?,
        (None, None) => photo,
    })
}

fn style_options(args: &Stylize) -> StyleOptions {
    StyleOptions::default().size(match args.exact {
        Some(size) => StyleSize::Exact { width: size.width, height: size.height },
        None => StyleSize::ShortSide(args.style_size),
    })
}

/// The most bytes that a part of the work takes at a time.
struct Need {
    bytes: u64,
    /// Whether it is for a style picture, not for painting.
    style: bool,
    /// The picture's size then.
    size: Size,
}

/// What painting needs, then what each style picture does: the stylizer's share, and the pictures that are made besides.
fn needed_memory(stylizer: &Stylizer, photo: &Stored, size: Size, sources: &[Seen], options: &StyleOptions) -> Result<Vec<Need>> {
    let bytes = |size: Size, each: u64| (size.width as u64).saturating_mul(size.height as u64).saturating_mul(each);
    let resized = |from: [usize; 2], to: Size| {
        // Another size is another picture: its colours and alpha.
        if from == [to.width, to.height] { 0 } else { bytes(to, 16) }
    };
    let content = resized([photo.width(), photo.height()], size);
    // The encoder's copy at 8 bits and the file's own bytes.
    let painting = stylizer.peak_memory(size.width, size.height)?.saturating_add(bytes(size, 8)).saturating_add(content);
    let mut needs = vec![Need { bytes: painting, style: false, size }];
    for picture in sources.iter().filter_map(Seen::picture) {
        let [width, height] = options.size.of(picture.width(), picture.height());
        let size = Size { width, height };
        let seeing = stylizer
            .peak_memory(width, height)?
            .saturating_add(resized([picture.width(), picture.height()], size))
            .saturating_add(content);
        needs.push(Need { bytes: seeing, style: true, size });
    }
    Ok(needs)
}

fn check_memory(needs: &[Need], args: &Stylize) -> Result {
    let (limit, whose) = match (args.limits.max_memory, memory::available()) {
        (Some(ceiling), _) => (ceiling, "--max-memory allows"),
        (None, Some(free)) => (free, "this machine has free"),
        (None, None) => return Ok(()),
    };
    let Some(need) = needs.iter().find(|need| need.bytes > limit) else { return Ok(()) };
    let (what, flag) = match (need.style, args.exact) {
        (false, None) => ("painting", "--size"),
        (true, None) => ("seeing the style at", "--style-size"),
        (false, Some(_)) => ("painting", "--exact"),
        (true, Some(_)) => ("seeing the style at", "--exact"),
    };
    Err(Failure::failed(format!(
        "{what} {}×{} pixels takes {} of memory, more than the {} that {whose}; make it smaller with {flag} (or raise --max-memory)",
        need.size.width,
        need.size.height,
        memory::human(need.bytes),
        memory::human(limit),
    )))
}

fn draw_figure(content: &Picture, sources: &[Seen], styles: &[StyleArgument], painted: &Picture) -> Result<Picture> {
    let mut panels = vec![Panel { title: "Content".into(), content: Content::Picture(content) }];
    for (source, (style, share)) in sources.iter().zip(styles.iter().zip(style::shares(styles))) {
        let title = if styles.len() == 1 { "Style".into() } else { format!("Style ({:.0} %)", share * 100.0) };
        let content = source.picture().map_or_else(|| Content::Name(style.name()), Content::Picture);
        panels.push(Panel { title, content });
    }
    panels.push(Panel { title: "Result".into(), content: Content::Picture(painted) });
    figure::draw(&panels)
}
