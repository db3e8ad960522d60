//! Paints what a request asks for, as `impasto stylize` does.

use std::sync::Arc;

use axum::body::Bytes;
use impasto::picture::{EncodeOptions, Format, Limits, Mask, Profile, Resize, Stored, Writer};
use impasto::stylizer::{Palette, Part};
use impasto::{Colours, Picture, Style, StyleOptions, StyleSize, StylizeOptions};

use crate::budget::Share;
use crate::jobs::Watch;
use crate::problem::{Problem, Result};
use crate::request::{Colors, ContentSource, PaintOptions, StyleSource, Wanted};
use crate::state::{KeptStyle, State};

/// Memory that bands may take: more makes nothing faster.
pub(crate) const BANDS: u64 = 192 << 20;
/// Longer side of the picture that colours are matched with.
const THUMBNAIL: usize = 384;

/// For pictures that have the size at which the network sees them.
fn as_it_is() -> StyleOptions {
    StyleOptions::default().size(StyleSize::Original)
}

/// A finished file.
#[derive(Debug)]
pub(crate) struct Painted {
    pub(crate) bytes: Bytes,
    pub(crate) format: Format,
    /// The memory that it takes as long as it is there.
    pub(crate) _share: Share,
}

/// Waits for its turn and paints on a thread of its own. `begin` is called when it is its turn.
pub(crate) async fn paint(state: Arc<State>, wanted: Wanted, watch: Arc<Watch>, begin: impl FnOnce()) -> Result<Painted> {
    let permit = state.permit().await;
    begin();
    let share = state.memory(estimate(&state, &wanted)?)?;
    let work = move || {
        let painted = whole(&state, &wanted, &watch);
        drop((share, permit));
        painted.and_then(|(bytes, format)| {
            state.metrics.painted();
            let share = state.memory(bytes.len() as u64)?;
            Ok(Painted { bytes: bytes.into(), format, _share: share })
        })
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(painted) => painted,
        // A slip in one picture's work is that picture's only.
        Err(_) => Err(Problem::internal()),
    }
}

/// Does small work that takes the processor on a thread of its own, in its turn.
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

/// Bytes that painting takes at most, as its pictures' headers have it.
fn estimate(state: &State, wanted: &Wanted) -> Result<u64> {
    let [width, height] = match &wanted.content {
        ContentSource::Kept(content) => content.size,
        ContentSource::Bytes(bytes) => size_of(bytes),
    };
    let pixels = |[width, height]: [usize; 2]| (width as u64).saturating_mul(height as u64);
    // As decoded, at 16 bits with alpha; a mask or two.
    let mut bytes = pixels([width, height]).saturating_mul(8);
    let painted = match wanted.options.size {
        Some(side) => {
            let scale = side as f64 / width.max(height).max(1) as f64;
            let size = [width, height].map(|length| ((length as f64 * scale) as usize).max(1));
            // As floats, before and after.
            bytes =
                bytes.saturating_add(pixels([width, height]).saturating_mul(16)).saturating_add(pixels(size).saturating_mul(40));
            size
        }
        None => [width, height],
    };
    let painted = painted.map(|side| side.max(1));
    bytes = bytes.saturating_add(painting_memory(state, &wanted.options, painted)?);
    bytes = bytes.saturating_add(Writer::memory(Format::Png, painted[0], painted[1], 64));
    if wanted.options.size.is_none() {
        bytes = bytes.saturating_add(file_memory(format_of(wanted), painted, content_of(wanted).len()));
    }
    let mut seeing = 0;
    for style in &wanted.styles {
        if let StyleSource::Picture(picture) = &style.source {
            let [width, height] = size_of(picture);
            let [seen_width, seen_height] = seen(&wanted.options).size.of(width, height);
            seeing = seeing.max(state.stylizer.style_memory(seen_width, seen_height)?);
            bytes = bytes.saturating_add(pixels([width, height]).saturating_mul(24));
        }
        bytes = bytes.saturating_add(style.mask.as_ref().map_or(0, |mask| pixels(size_of(mask)).saturating_mul(24)));
    }
    bytes = bytes.saturating_add(seeing);
    Ok(bytes.saturating_add(wanted.mask.as_ref().map_or(0, |mask| pixels(size_of(mask)).saturating_mul(24))))
}

/// Bytes that the network takes at most for a picture of this size, on the canvas that its strokes need.
fn painting_memory(state: &State, options: &PaintOptions, size: [usize; 2]) -> Result<u64> {
    let stylize = StylizeOptions::default().stroke(options.strokes());
    let greatest = state.stylizer.greatest_canvas(&stylize, size)?;
    let painting = state.stylizer.stored_memory(greatest[0], greatest[1], Some(BANDS))?;
    Ok(painting.saturating_add(state.stylizer.canvas_memory(&stylize, size)?))
}

/// Bytes that a picture's file takes at most: its samples and the content's metadata. Noise may make a compressed file a little larger than
/// its samples.
fn file_memory(format: Option<Format>, [width, height]: [usize; 2], content: usize) -> u64 {
    let each = if format == Some(Format::Jpeg) { 4 } else { 8 };
    let samples = (width as u64).saturating_mul(height as u64).saturating_mul(each);
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
        (_, Some(format)) => Some(format.into()),
        (ContentSource::Kept(content), None) => Some(content.format),
        (ContentSource::Bytes(bytes), None) => match imagesize::image_type(bytes) {
            Ok(imagesize::ImageType::Jpeg) => Some(Format::Jpeg),
            _ => None,
        },
    }
}

/// How style pictures are seen.
fn seen(options: &PaintOptions) -> StyleOptions {
    StyleOptions::default().size(options.style_size.map_or_else(StyleSize::default, StyleSize::ShortSide))
}

/// Width and height as a file's header has them; what cannot be told will fail when it is decoded.
fn size_of(bytes: &[u8]) -> [usize; 2] {
    imagesize::blob_size(bytes).map_or([1, 1], |size| [size.width, size.height])
}

/// Bytes that decoding a picture to look at it takes, as its header has it.
pub(crate) fn style_memory(bytes: &[u8]) -> u64 {
    let [width, height] = size_of(bytes);
    (width as u64).saturating_mul(height as u64).saturating_mul(24).saturating_add(32 << 20)
}

/// One painting from the files to the file.
fn whole(state: &State, wanted: &Wanted, watch: &Watch) -> Result<(Vec<u8>, Format)> {
    let limits = state.limits();
    let named = |what: &'static str| move |e: impasto::Error| Problem::from(e.context(what));
    let content = content_of(wanted);
    let stored = Stored::decode(content, &limits).map_err(named("content"))?;
    let options = &wanted.options;
    let own = stored.source().format.filter(|format| format.can_write()).unwrap_or(Format::Png);
    let format = options.format.map_or(own, Into::into);
    let encode = encoding(options);
    encode.check(format)?;
    let look = Look::new(state, wanted, &limits, || stored.thumbnail(THUMBNAIL), watch)?;
    let bytes = match options.size {
        None => {
            let like = (stored.source(), stored.has_alpha());
            let size = [stored.width(), stored.height()];
            let most = usize::try_from(file_memory(Some(format), size, content.len())).unwrap_or(usize::MAX);
            let mut writer = Writer::in_memory(most, format, &encode, size, like)?;
            let stylize = look.options.max_memory(Some(BANDS));
            let mut write = |rgb: &[f32], alpha: Option<&[f32]>| writer.write(rgb, alpha);
            state.stylizer.stylize_stored(&stored, &look.style, &stylize, &mut write, watch)?;
            writer.finish_bytes()?
        }
        Some(side) => {
            let picture = stored.to_picture()?.fit_long_side(side, Resize::PHOTO)?;
            drop(stored);
            let stylize = look.options.max_memory(Some(BANDS));
            state.stylizer.stylize_with(&picture, &look.style, &stylize, watch)?.encode(format, &encode)?.bytes
        }
    };
    Ok((bytes, format))
}

/// The style of a picture. The picture is kept as the network saw it: its colours can be matched later.
pub(crate) fn style_of(state: &State, bytes: &[u8]) -> Result<KeptStyle> {
    let named = |e: impasto::Error| Problem::from(e.context("style"));
    let picture = Stored::decode(bytes, &state.limits()).and_then(|stored| stored.to_picture()).map_err(named)?;
    let picture = StyleSize::default().apply(&picture).map_err(named)?.into_owned();
    let style = state.stylizer.style_with(&picture, &as_it_is(), &()).map_err(named)?;
    Ok(KeptStyle { style, picture: Some(picture) })
}

fn encoding(options: &PaintOptions) -> EncodeOptions {
    EncodeOptions::default().quality(options.quality.unwrap_or(95)).strip(options.strip).profile(if options.srgb {
        Profile::Srgb
    } else {
        Profile::Keep
    })
}

/// Style and look of a painting, as the library takes them.
pub(crate) struct Look {
    pub(crate) style: Style,
    pub(crate) options: StylizeOptions,
}

impl Look {
    pub(crate) fn new(
        state: &State,
        wanted: &Wanted,
        limits: &Limits,
        thumbnail: impl FnOnce() -> impasto::Result<Picture>,
        watch: &Watch,
    ) -> Result<Self> {
        let options = &wanted.options;
        let feather = options.feather.unwrap_or(0.0);
        let mask = |bytes: &Bytes, name: &str| -> Result<Mask> {
            let mask = Stored::decode(bytes, limits).and_then(|stored| Mask::from_stored(&stored)?.feather(feather));
            Ok(mask.map_err(|e| Problem::from(e.context(name)))?.named(name))
        };
        let seen = seen(options);
        let colours_of = match options.colors {
            Colors::Match => Some((thumbnail()?, options.color_strength.unwrap_or(1.0))),
            _ => None,
        };
        // The style of a picture that is as large as the network sees it; in the content's colours where these are matched.
        let style_of = |picture: &Picture, style: Option<&Style>| -> impasto::Result<Style> {
            let plain =
                || style.map_or_else(|| state.stylizer.style_with(picture, &as_it_is(), watch), |style| Ok(style.clone()));
            let Some((content, share)) = &colours_of else { return plain() };
            let matched = state.stylizer.style_with(&picture.clone().with_colours_of(content), &as_it_is(), watch)?;
            if *share >= 1.0 { Ok(matched) } else { plain()?.mix(&matched, *share) }
        };
        let mut parts = Vec::new();
        for (i, wanted) in wanted.styles.iter().enumerate() {
            let named = |e: impasto::Error| Problem::from(e.context(format!("style {}", i + 1)));
            let style = match &wanted.source {
                StyleSource::Kept(kept) => match &kept.picture {
                    Some(picture) => style_of(picture, Some(&kept.style)).map_err(named)?,
                    None => kept.style.clone(),
                },
                StyleSource::Picture(bytes) => {
                    let picture = Stored::decode(bytes, limits).and_then(|stored| stored.to_picture()).map_err(named)?;
                    style_of(&*seen.size.apply(&picture).map_err(named)?, None).map_err(named)?
                }
            };
            let mask = wanted.mask.as_ref().map(|bytes| mask(bytes, &format!("mask of style {}", i + 1))).transpose()?;
            parts.push(Part { style, weight: wanted.weight, mask });
        }
        let palette = Palette::new(parts)?;
        let colours = match options.colors {
            // Matched styles are painted as they are.
            Colors::Style | Colors::Match => Colours::Style,
            Colors::Content => Colours::Content,
            Colors::Luminance => Colours::Luminance,
        };
        let painted = wanted.mask.as_ref().map(|bytes| mask(bytes, "mask")).transpose()?;
        let painted = if options.invert_mask { painted.map(|mask| mask.inverted()) } else { painted };
        let stylize = StylizeOptions::default()
            .strength(options.strength.unwrap_or(1.0))
            .style(seen)
            .colours(colours)
            .colour_strength(options.color_strength.unwrap_or(1.0))
            .stroke(options.strokes())
            .grain(options.grain.unwrap_or(StylizeOptions::GRAIN))
            .mask(painted);
        Ok(Look { options: palette.options(stylize), style: palette.style })
    }
}
