//! Painting by optimization, in the same way as `impasto optimize`.

use std::sync::Arc;

use axum::body::Bytes;
use impasto::optimizer::{Initial, KeepColours, OptimizeOptions, Optimizer, StylePicture};
use impasto::picture::{Format, Limits, Mask, Resize, Stored};
use impasto::request::{Beginning, Optimized, Part, Reference, table};
use impasto::{Colours, Control, Perceptual, Picture, Size};

use crate::jobs::Watch;
use crate::painted::Painted;
use crate::problem::{Problem, Result};
use crate::request::{ContentSource, Taken, Wanted, WantedStyle};
use crate::served::Served;
use crate::state::State;
use crate::work::{self, style_memory};

/// Most steps at each scale.
pub(crate) const MAX_STEPS: usize = 500;
/// Largest longer side of a result, in pixels.
pub(crate) const MAX_SIDE: usize = 1024;
/// The longer side if no size is given, as on the command line.
const DEFAULT_SIDE: usize = 512;
/// Longer side to which style pictures are reduced: optimizing never sees them larger than the content.
const LARGEST_STYLE: usize = 2 * MAX_SIDE;

/// Options of the painting that optimizing obeys, besides those of the result's file.
const OBEYED: [&str; 3] = ["size", "colors", "feather"];

/// Settings of an optimization that other paintings do not have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    /// Steps at each scale.
    pub(crate) steps: usize,
    pub(crate) style_weight: f64,
}

impl Default for Settings {
    fn default() -> Self {
        let options = OptimizeOptions::default();
        Settings { steps: options.steps.first().copied().unwrap_or(1), style_weight: options.style_weight }
    }
}

impl Settings {
    /// Parses a query such as `steps=100&style_weight=6`.
    pub(crate) fn of_query(query: &str) -> Result<Self> {
        let mut settings = Settings::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=').unwrap_or((pair, "")) {
                ("steps", value) => {
                    let steps = value.parse().ok().filter(|steps| (1..=MAX_STEPS).contains(steps));
                    settings.steps =
                        steps.ok_or_else(|| Problem::bad(format!("steps must be a number from 1 to {MAX_STEPS}")))?;
                }
                ("style_weight", value) => {
                    let weight = value.parse().ok().filter(|weight: &f64| weight.is_finite() && (0.0..=1e6).contains(weight));
                    settings.style_weight =
                        weight.ok_or_else(|| Problem::bad("style_weight must be a number from 0 to 1000000"))?;
                }
                _ => return Err(Problem::bad("the query has a parameter that is not known; known are steps and style_weight")),
            }
        }
        Ok(settings)
    }
}

/// Refuses options that only the fast method has, rather than ignore them.
pub(crate) fn check(wanted: &Wanted) -> Result<()> {
    let refused = |text: String| Err(Problem::new(axum::http::StatusCode::UNPROCESSABLE_ENTITY, text));
    if wanted.masks.mask.is_some() || wanted.masks.strength.is_some() {
        return refused("a mask for the whole painting works only with /v1/stylize; to optimize, give the styles masks".into());
    }
    let given = wanted.options.given();
    let obeyed = |name: &str| OBEYED.contains(&name) || table().iter().any(|row| row.name == name && row.part == Part::File);
    if let Some(name) = given.keys().find(|name| !obeyed(name)) {
        return refused(format!("options.{name} works only with /v1/stylize; leave it out to optimize"));
    }
    if wanted.options.colors == Colours::Content {
        return refused(
            "options.colors: \"content\" works only with /v1/stylize; optimize with \"luminance\" or \"match\"".into(),
        );
    }
    if wanted.styles.iter().any(|style| style.weight() == 0.0) {
        return refused("a style's weight is 0; leave the style out".into());
    }
    match wanted.options.size {
        Some(side) if side > MAX_SIDE => Err(Problem::bad(format!("options.size is {side}; give 1 to {MAX_SIDE} to optimize"))),
        _ => Ok(()),
    }
}

/// Waits for a turn, then optimizes in a separate thread. Calls `begin` when the turn comes.
pub(crate) async fn paint(
    state: Arc<State>,
    wanted: Wanted,
    settings: Settings,
    watch: Arc<Watch>,
    begin: impl FnOnce(),
) -> Result<Painted> {
    let permit = tokio::select! {
        permit = state.optimizing.clone().acquire_owned() => permit.map_err(|_| Problem::internal())?,
        () = watch.until_cancelled() => return Err(Problem::cancelled()),
    };
    if watch.cancelled() {
        return Err(Problem::cancelled());
    }
    begin();
    let work = move || {
        let done = whole(&state, &wanted, settings, &watch);
        drop(permit);
        let (bytes, format) = done?;
        state.metrics.painted();
        Ok(Painted::picture(state.memory(bytes.len() as u64)?, bytes, format))
    };
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(Problem::internal()))
}

/// Passes cancellation on, but not the progress within a step.
struct Stop<'a>(&'a Watch);

impl Control for Stop<'_> {
    fn cancelled(&self) -> bool {
        self.0.cancelled()
    }
}

fn whole(state: &State, wanted: &Wanted, settings: Settings, watch: &Watch) -> Result<(Vec<u8>, Format)> {
    let limits = state.limits();
    let options = &wanted.options;
    let side = options.size.unwrap_or(DEFAULT_SIDE);
    let bytes = match &wanted.content {
        ContentSource::Kept(content) => &content.bytes,
        ContentSource::Bytes(bytes) => bytes,
    };
    let content = {
        let _share = state.memory(style_memory(bytes))?;
        let stored = Stored::decode(bytes, &limits).map_err(|e| Problem::from(e.context("content")))?;
        stored.to_picture()?.fit_long_side(side, Resize::PHOTO)?
    };
    let own = content.source().format.filter(|format| format.can_write()).unwrap_or(Format::Png);
    let format = options.format.unwrap_or(own);
    let encode = options.encoding();
    encode.check(format)?;

    let engine = wanted.model.stylizer().engine();
    let mut how = OptimizeOptions::default().steps(settings.steps).style_weight(settings.style_weight);
    how.keep_colours = match options.colors {
        Colours::Luminance => KeepColours::Luminance,
        Colours::Match => KeepColours::Matched,
        _ => KeepColours::No,
    };
    // Leave half the memory to other requests and to what is kept.
    how.max_memory = Some(state.budget.limit() / 2);
    (how.threads, how.executor) = (engine.threads(), Some(engine.executor()));
    let optimizer = Optimizer::new(&Perceptual::embedded()?, how)?;
    let _share = state.memory(optimizer.peak_memory([content.width(), content.height()]))?;
    let feather = options.feather;
    let named = |i: usize| {
        move |mut problem: Problem| {
            problem.detail = format!("style {}: {}", i + 1, problem.detail);
            problem
        }
    };
    let styles = wanted.styles.iter().enumerate();
    let styles = styles.map(|(i, style)| style_picture(state, (&wanted.model, style), side, feather, &limits).map_err(named(i)));
    let styles = styles.collect::<Result<Vec<_>>>()?;
    let stop = Stop(watch);
    let initial = Initial::painted(wanted.model.stylizer(), &content, &styles, &stop)?;
    let mut optimization = optimizer.start(&content, &styles, initial)?;
    while let Some(step) = optimization.step(&stop)? {
        watch.progress((step.share * 1e6) as u64, 1_000_000);
    }
    let mut painted = optimization.picture()?;
    painted.source_mut().settings = record(wanted, &optimizer, (painted.size(), side), format)?;
    Ok((painted.encode(format, &encode)?.bytes, format))
}

/// The result's record of how it was made, as [`work::record`] is for paintings. `None` if a style was not optimized as
/// its file has it, because `impasto replay` would make another picture from the file.
fn record(wanted: &Wanted, optimizer: &Optimizer, (size, side): (Size, usize), format: Format) -> Result<Option<String>> {
    if !wanted.styles.iter().all(as_in_its_file) {
        return Ok(None);
    }
    let perceptual = Reference::of_embedded_perceptual();
    let mut how = Optimized::new(side, optimizer.recorded(size), Beginning::Fast, perceptual);
    how.feather = wanted.options.feather;
    let options = wanted.options.of_file();
    let request = work::request_of(wanted, options, &optimizer.executor(), || work::reference_of_content(wanted));
    Ok(request.map(|request| request.optimized(how).in_format(format).to_json()))
}

/// Whether a style's picture is used as its file has it. Large pictures are reduced. A name stands for a drawn picture,
/// which has no file.
fn as_in_its_file(style: &WantedStyle) -> bool {
    match style.source.file() {
        Taken::File(bytes) => imagesize::blob_size(bytes).is_ok_and(|size| size.width.max(size.height) <= LARGEST_STYLE),
        Taken::Known(_) => true,
    }
}

/// A style's picture. Built-in styles are drawn.
fn style_picture(
    state: &State,
    (model, wanted): (&Served, &WantedStyle),
    side: usize,
    feather: f32,
    limits: &Limits,
) -> Result<StylePicture> {
    let picture = match wanted.source.file() {
        Taken::File(bytes) => {
            let _share = state.memory(style_memory(bytes))?;
            let picture = Stored::decode(bytes, limits)?.to_picture()?;
            if picture.size().long_side() > LARGEST_STYLE {
                picture.fit_long_side(LARGEST_STYLE, Resize::NETWORK)?
            } else {
                picture
            }
        }
        Taken::Known(kept) => match kept.name().and_then(impasto_draw::styles::find) {
            // A style file may have the name of a built-in style.
            Some(drawn) if kept.reference.built_in && model.stylizer().own_styles().is_empty() => {
                let canvas = drawn.painting(side);
                Picture::from_rgb_f32([canvas.width, canvas.height], canvas.rgb)?
            }
            _ => {
                let text = "a style file has no picture, and optimizing needs one; send the picture itself, or use /v1/stylize";
                return Err(Problem::new(axum::http::StatusCode::UNPROCESSABLE_ENTITY, text));
            }
        },
    };
    let mask = |bytes: &Bytes| -> Result<Mask> { Ok(Mask::from_stored(&Stored::decode(bytes, limits)?)?.feather(feather)?) };
    Ok(StylePicture::new(picture).weight(wanted.weight()).mask(wanted.mask.as_ref().map(mask).transpose()?))
}
