//! Paints what a request asks for, in the same way as `impasto stylize`.

use std::borrow::Cow;
use std::sync::Arc;

use axum::body::Bytes;
use axum::http::StatusCode;
use impasto::engine::Executor;
use impasto::picture::{Format, Limits, Mask, Stored, Writer};
use impasto::request::{self, Header, Options, Reference, Request, Room, StyleUse, matched, stored_thumbnail, thumbnail};
use impasto::stylizer::{Palette, Part};
use impasto::video::Styles;
use impasto::{Colours, Picture, Size, Style, StyleOptions, StyleSize, StylizeOptions};

use crate::jobs::Watch;
use crate::painted::Painted;
use crate::problem::{Problem, Result};
use crate::request::{ContentSource, StyleSource, Taken, Wanted, WantedStyle};
use crate::served::Served;
use crate::state::{KeptStyle, State};

/// Memory for painting in bands. More would not make it faster.
pub(crate) const BANDS: u64 = 192 << 20;

/// Options for pictures that already have the size that networks see.
fn as_it_is() -> StyleOptions {
    StyleOptions::default().size(StyleSize::Original)
}

/// Waits for a turn, then paints in a separate thread. Calls `begin` when the turn comes.
pub(crate) async fn paint(state: Arc<State>, wanted: Wanted, watch: Arc<Watch>, begin: impl FnOnce()) -> Result<Painted> {
    check_pixels(&state, &wanted)?;
    let permit = tokio::select! {
        permit = state.permit() => permit,
        () = watch.until_cancelled() => return Err(Problem::cancelled()),
    };
    begin();
    let work = move || {
        let share = state.memory(estimate(&wanted)?)?;
        let painted = whole(&state, &wanted, &watch);
        drop((share, permit));
        painted.and_then(|(bytes, format)| {
            state.metrics.painted();
            Ok(Painted::picture(state.memory(bytes.len() as u64)?, bytes, format))
        })
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(painted) => painted,
        // If one painting panics, only its own request fails.
        Err(_) => Err(Problem::internal()),
    }
}

/// Waits for a turn, then does a small piece of CPU-bound work in a separate thread.
pub(crate) async fn quick<T: Send + 'static>(
    state: &Arc<State>,
    work: impl FnOnce(&State) -> Result<T> + Send + 'static,
) -> Result<T> {
    let permit = state.permit().await;
    let state = state.clone();
    let work = move || {
        let done = work(&state);
        drop(permit);
        done
    };
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(Problem::internal()))
}

/// Checks the sizes of the content, of the result and of the whole that it is a preview of, before anything is planned
/// for them.
fn check_pixels(state: &State, wanted: &Wanted) -> Result<()> {
    let (options, most) = (&wanted.options, state.options.max_pixels);
    let content = content_size(wanted);
    for size in [Some(content), Some(options.size_of(content)), options.preview_of].into_iter().flatten() {
        if size.pixels() > most {
            let text = format!("a picture of {size} has more than {most} pixels; use a smaller one");
            return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, text));
        }
    }
    Ok(())
}

/// The content's size, as its header says.
fn content_size(wanted: &Wanted) -> Size {
    match &wanted.content {
        ContentSource::Kept(content) => content.size,
        ContentSource::Bytes(bytes) => size_of(bytes),
    }
}

/// Most memory that a painting takes, in bytes, estimated from the headers of its pictures.
fn estimate(wanted: &Wanted) -> Result<u64> {
    let size = content_size(wanted);
    let options = &wanted.options;
    let (mut held, mut seeing) = (0u64, 0);
    for style in &wanted.styles {
        if let Taken::File(picture) = style.source.at(options.seen().size) {
            let size = size_of(picture);
            seeing = seeing.max(wanted.model.stylizer().style_memory(options.seen().size.of(size))?);
            held = held.saturating_add(size.pixels().saturating_mul(24));
        }
    }
    let of_styles = wanted.styles.iter().filter_map(|style| style.mask.as_ref());
    for mask in of_styles.chain(&wanted.masks.mask).chain(&wanted.masks.strength) {
        held = held.saturating_add(size_of(mask).pixels().saturating_mul(24));
    }
    held = held.saturating_add(seeing);
    let format = format_of(wanted);
    if !options.resizes() {
        held = held.saturating_add(file_memory(format, size, content_of(wanted).len()));
    }
    let header = Header::of_size(Size { width: size.width.max(1), height: size.height.max(1) });
    if wanted.masks.strength.is_some() || wanted.styles.iter().any(|style| style.mask.is_some()) {
        let sharing = wanted.model.stylizer().sharing_memory(&options.stylize(None, None)?, options.size_of(header.size))?;
        held = held.saturating_add(sharing);
    }
    let format = (format.unwrap_or(Format::Png), false);
    let plan = request::plan(options, wanted.model.stylizer(), &header, format, held, Room::Bands(BANDS))?;
    // While styles and masks are read, the decoded content is in memory too.
    Ok(plan.needed.max(plan.reading.saturating_add(held)))
}

/// Most bytes that a picture's file takes: its samples and the content's metadata. Noise may make a
/// compressed file slightly larger than its samples.
fn file_memory(format: Option<Format>, size: Size, content: usize) -> u64 {
    let each = if format == Some(Format::Jpeg) { 4 } else { 8 };
    let samples = size.pixels().saturating_mul(each);
    samples.saturating_add(samples / 64).saturating_add(content as u64 + (1 << 20))
}

/// The content's file.
fn content_of(wanted: &Wanted) -> &Bytes {
    match &wanted.content {
        ContentSource::Kept(content) => &content.bytes,
        ContentSource::Bytes(bytes) => bytes,
    }
}

/// The result's format, as far as it is known before the content is read.
fn format_of(wanted: &Wanted) -> Option<Format> {
    match (&wanted.content, wanted.options.format) {
        (_, Some(format)) => Some(format),
        (ContentSource::Kept(content), None) => Some(content.format),
        (ContentSource::Bytes(bytes), None) => match imagesize::image_type(bytes) {
            Ok(imagesize::ImageType::Jpeg) => Some(Format::Jpeg),
            _ => None,
        },
    }
}

/// The size in a file's header. If it cannot be read, decoding will fail later.
fn size_of(bytes: &[u8]) -> Size {
    imagesize::blob_size(bytes).map_or(Size::new(1, 1), |size| Size::new(size.width, size.height))
}

/// Memory to decode a picture for viewing, in bytes, estimated from its header.
pub(crate) fn style_memory(bytes: &[u8]) -> u64 {
    size_of(bytes).pixels().saturating_mul(24).saturating_add(32 << 20)
}

/// Paints one picture, from the encoded content to the encoded result.
fn whole(state: &State, wanted: &Wanted, watch: &Watch) -> Result<(Vec<u8>, Format)> {
    let limits = state.limits().salvage(wanted.options.salvage);
    let named = |what: &'static str| move |e: impasto::Error| Problem::from(e.context(what));
    let content = content_of(wanted);
    let mut stored = Stored::decode(content, &limits).map_err(named("content"))?;
    let options = &wanted.options;
    let own = stored.source().format.filter(|format| format.can_write()).unwrap_or(Format::Png);
    let format = options.format.unwrap_or(own);
    let encode = options.encoding();
    encode.check(format)?;
    stored.source_mut().settings = record(wanted, format);
    let bytes = match options.resizes() {
        false => {
            let look = Look::new(wanted, &state.limits(), || stored_thumbnail(&stored), watch)?;
            let like = (stored.source(), stored.has_alpha());
            let size = stored.size();
            let most = usize::try_from(file_memory(Some(format), size, content.len())).unwrap_or(usize::MAX);
            let mut writer = Writer::in_memory(most, format, &encode, size, like)?;
            let stylize = look.options.max_memory(Some(BANDS));
            let mut write = |rgb: &[f32], alpha: Option<&[f32]>| writer.write(rgb, alpha);
            wanted.model.stylizer().stylize_stored(&stored, &look.style, &stylize, &mut write, watch)?;
            writer.finish_bytes()?
        }
        true => {
            let picture = options.sized(stored.to_picture()?)?;
            drop(stored);
            let look = Look::new(wanted, &state.limits(), || thumbnail(&picture), watch)?;
            let stylize = look.options.max_memory(Some(BANDS));
            wanted.model.stylizer().stylize_with(&picture, &look.style, &stylize, watch)?.encode(format, &encode)?.bytes
        }
    };
    Ok((bytes, format))
}

/// Makes a style from a picture's file. The picture is kept at the size that networks see,
/// so that its colors can be matched later.
pub(crate) fn style_of(state: &State, bytes: Bytes) -> Result<KeptStyle> {
    let named = |e: impasto::Error| Problem::from(e.context("style"));
    let picture = Stored::decode(&bytes, &state.limits()).and_then(|stored| stored.to_picture()).map_err(named)?;
    let picture = StyleSize::default().apply(&picture).map_err(named)?.into_owned();
    let kept = KeptStyle::of_picture(picture, bytes);
    // Predict the style now, so that the first preview need not wait for it.
    let all = state.models.all();
    let model = all.iter().find(|model| model.sees_pictures()).unwrap_or(state.models.first());
    kept.style(model, &()).map_err(named)?;
    Ok(kept)
}

/// The record of how the painting was made, as JSON.
fn record(wanted: &Wanted, format: Format) -> Option<String> {
    let executor = wanted.model.stylizer().engine().executor();
    let request = request_of(wanted, wanted.options.clone(), &executor, || reference_of_content(wanted))?;
    Some(request.in_format(format).to_json())
}

/// The request's photo, for records.
pub(crate) fn reference_of_content(wanted: &Wanted) -> Reference {
    Reference::of_bytes("content", content_of(wanted))
}

/// The request that a result records, with these options. `None` if the record is not wanted, or if
/// this server does not know the model's files.
pub(crate) fn request_of<C>(
    wanted: &Wanted<C>,
    options: Options,
    executor: &Executor,
    content: impl FnOnce() -> Reference,
) -> Option<Request> {
    if wanted.options.strip || wanted.model.made_of().is_empty() {
        return None;
    }
    let style = |(i, style): (usize, &WantedStyle)| {
        let of = match &style.source {
            StyleSource::Picture(bytes) => Reference::of_bytes(format!("style-{}", i + 1), bytes),
            StyleSource::Kept(kept) => kept.reference.clone(),
        };
        let mask = style.mask.as_ref().map(|bytes| Reference::of_bytes(format!("mask-{}", i + 1), bytes));
        StyleUse::new(of, style.weight()).masked(mask)
    };
    let styles = wanted.styles.iter().enumerate().map(style).collect();
    Some(Request::new(content(), styles, wanted.model.made_of().to_vec(), options, &executor.to_string()))
}

/// A style that has been read, but perhaps not predicted yet.
struct Read<'a> {
    /// Its picture, at the size that the network sees.
    picture: Option<Cow<'a, Picture>>,
    /// The style, if it is known already.
    style: Option<Style>,
    weight: f32,
    mask: Option<Mask>,
}

impl Read<'_> {
    /// The style in its own colors.
    fn plain(&self, model: &Served, watch: &Watch) -> impasto::Result<Style> {
        match (&self.style, &self.picture) {
            (None, Some(picture)) => model.stylizer().style_with(picture, &as_it_is(), watch),
            (style, _) => {
                style.clone().ok_or_else(|| impasto::Error::new(impasto::ErrorKind::InvalidArgument, "there is no style"))
            }
        }
    }

    fn part(&self, style: Style) -> Part {
        Part { style, weight: self.weight, mask: self.mask.clone() }
    }
}

/// Reads the requested styles with their masks.
fn read<'a, C>(wanted: &'a Wanted<C>, limits: &Limits, watch: &Watch) -> Result<Vec<Read<'a>>> {
    let size = wanted.options.seen().size;
    let each = |(i, part): (usize, &'a WantedStyle)| {
        let named = |e: impasto::Error| Problem::from(e.context(format!("style {}", i + 1)));
        let (picture, style) = match part.source.at(size) {
            Taken::Known(kept) => (kept.picture().map(Cow::Borrowed), Some(kept.style(&wanted.model, watch).map_err(named)?)),
            Taken::File(bytes) => {
                let picture = Stored::decode(bytes, limits).and_then(|stored| stored.to_picture()).map_err(named)?;
                (Some(Cow::Owned(size.apply(&picture).map_err(named)?.into_owned())), None)
            }
        };
        let of_style = |bytes| mask(bytes, &format!("mask of style {}", i + 1), wanted.options.feather, limits);
        Ok(Read { picture, style, weight: part.weight(), mask: part.mask.as_ref().map(of_style).transpose()? })
    };
    wanted.styles.iter().enumerate().map(each).collect()
}

fn mask(bytes: &Bytes, name: &str, feather: f32, limits: &Limits) -> Result<Mask> {
    let mask = Stored::decode(bytes, limits).and_then(|stored| Mask::from_stored(&stored)?.feather(feather));
    Ok(mask.map_err(|e| Problem::from(e.context(name)))?.named(name))
}

/// The options of a painting, with its masks.
fn painting<C>(wanted: &Wanted<C>, limits: &Limits) -> Result<StylizeOptions> {
    let of_all = |bytes: &Option<Bytes>, name: &str| {
        bytes.as_ref().map(|bytes| mask(bytes, name, wanted.options.feather, limits)).transpose()
    };
    let (mask, strength) = (of_all(&wanted.masks.mask, "mask")?, of_all(&wanted.masks.strength, "strength_mask")?);
    Ok(wanted.options.stylize(mask, strength)?)
}

/// Style and options of a painting, in the library's types.
pub(crate) struct Look {
    pub(crate) style: Style,
    pub(crate) options: StylizeOptions,
}

impl Look {
    /// `thumbnail` makes a small copy of the content, which is needed only to match colors.
    pub(crate) fn new<C>(
        wanted: &Wanted<C>,
        limits: &Limits,
        thumbnail: impl FnOnce() -> impasto::Result<Picture>,
        watch: &Watch,
    ) -> Result<Self> {
        let content = match wanted.options.colors {
            Colours::Match => Some(thumbnail()?),
            _ => None,
        };
        let stylizer = wanted.model.stylizer();
        let seen = |read: &Read<'_>| match (&read.picture, &content) {
            (Some(picture), Some(content)) => {
                matched(stylizer, (picture, read.style.as_ref()), content, wanted.options.color_strength, watch)
            }
            _ => read.plain(&wanted.model, watch),
        };
        let mut parts = Vec::new();
        for (i, read) in read(wanted, limits, watch)?.iter().enumerate() {
            let style = seen(read).map_err(|e| Problem::from(e.context(format!("style {}", i + 1))))?;
            parts.push(read.part(style));
        }
        let palette = Palette::new(parts)?;
        Ok(Look { options: palette.options(painting(wanted, limits)?), style: palette.style })
    }
}

/// Styles and options of a film. If colors are matched, that happens along the film.
pub(crate) fn look_of_film<C>(wanted: &Wanted<C>, limits: &Limits, watch: &Watch) -> Result<(Styles, StylizeOptions)> {
    let mut parts = Vec::new();
    for (i, read) in read(wanted, limits, watch)?.into_iter().enumerate() {
        let style = read.plain(&wanted.model, watch).map_err(|e| Problem::from(e.context(format!("style {}", i + 1))))?;
        parts.push((read.part(style), read.picture.map(Cow::into_owned)));
    }
    Ok(Styles::asked(&wanted.options, painting(wanted, limits)?, (0, parts), Vec::new())?)
}
