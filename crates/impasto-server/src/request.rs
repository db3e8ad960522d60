//! What clients send, in one form: multipart fields or JSON with base64.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::multipart::{Field, Multipart};
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use impasto::picture::Format;
use impasto::{Stroke, StyleSize, StylizeOptions};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

use crate::body::{RATE, TooSlow};
use crate::problem::{Problem, Result};
use crate::state::{Content, KeptStyle, State};

/// Styles of one painting.
pub(crate) const MAX_STYLES: usize = 8;

/// A painting that is wanted.
pub(crate) struct Wanted {
    pub(crate) content: ContentSource,
    pub(crate) styles: Vec<WantedStyle>,
    pub(crate) mask: Option<Bytes>,
    pub(crate) options: PaintOptions,
}

/// A photograph in the request, or one that was uploaded before.
pub(crate) enum ContentSource {
    Bytes(Bytes),
    Kept(Arc<Content>),
}

/// A style and its part.
pub(crate) struct WantedStyle {
    pub(crate) source: StyleSource,
    pub(crate) weight: f32,
    pub(crate) mask: Option<Bytes>,
}

impl WantedStyle {
    /// Colours are matched on a style's picture: where there is none, the request is refused, not changed.
    fn check_match(&self, i: usize) -> Result<()> {
        let StyleSource::Kept(kept) = &self.source else { return Ok(()) };
        if kept.picture.is_some() {
            return Ok(());
        }
        let name = kept.style.name().map_or_else(|| "a style file".to_owned(), |name| format!("{name:?}"));
        let text = format!(
            "style {}: {name} has no picture whose colors could be matched; send a picture as the style, or use \"colors\": \"content\"",
            i + 1
        );
        Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, text))
    }
}

/// A picture in the request, or a style that is known.
pub(crate) enum StyleSource {
    Picture(Bytes),
    Kept(Arc<KeptStyle>),
}

/// How to paint. Names and meanings are those of `impasto stylize`.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PaintOptions {
    /// How strongly the style shows: 0 (the photograph) to 1, the default.
    #[schema(minimum = 0, maximum = 1)]
    pub(crate) strength: Option<f32>,
    /// Whose colours the painting has. `match` needs the styles' pictures: in the request, or uploaded as pictures.
    #[schema(inline)]
    pub(crate) colors: Colors,
    /// How far the colours go from the style's (0) to those that `colors` says (1, the default).
    #[schema(minimum = 0, maximum = 1)]
    pub(crate) color_strength: Option<f32>,
    /// Width of the strokes: 1 as the built-in model is made for, 2 twice as wide.
    #[schema(minimum = 0.25, maximum = 8)]
    pub(crate) stroke: Option<f32>,
    /// Whether strokes are as wide in pixels as the network draws them, times `stroke`, instead of a share of the picture.
    pub(crate) native_strokes: bool,
    /// Faint noise that gives smooth areas strokes, in steps of 8 bits; 1.5 if not given.
    #[schema(minimum = 0, maximum = 8)]
    pub(crate) grain: Option<f32>,
    /// Pixels of a style picture's shorter side for the network; 256 if not given.
    #[schema(minimum = 16, maximum = 4096)]
    pub(crate) style_size: Option<usize>,
    /// Pixels of the result's longer side; the content's if not given.
    #[schema(minimum = 1, maximum = 32768)]
    pub(crate) size: Option<usize>,
    /// Soft edges of masks, in pixels of the result.
    #[schema(minimum = 0, maximum = 10000)]
    pub(crate) feather: Option<f32>,
    /// Whether the mask's negative is meant.
    pub(crate) invert_mask: bool,
    /// The result's format; the content's if not given.
    #[schema(schema_with = FormatName::schema)]
    pub(crate) format: Option<FormatName>,
    /// JPEG quality; 95 if not given.
    #[schema(minimum = 1, maximum = 100)]
    pub(crate) quality: Option<u8>,
    /// Whether the content's metadata are left out.
    pub(crate) strip: bool,
    /// Whether the result is sRGB whatever the content's colour profile.
    pub(crate) srgb: bool,
    /// Weights of the styles, in their order; 1 each if not given.
    pub(crate) weights: Vec<f32>,
}

/// Whose colours a painting has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Colors {
    #[default]
    Style,
    Content,
    Luminance,
    Match,
}

/// A format that can be written, by its id.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FormatName(Format);

impl FormatName {
    /// What the API's description says of it.
    fn schema() -> Object {
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(Format::written().map(Format::id))).build()
    }
}

impl<'de> Deserialize<'de> for FormatName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let id = String::deserialize(deserializer)?;
        let known = Format::from_id(&id).filter(|format| format.can_write());
        known.map(FormatName).ok_or_else(|| {
            let ids: Vec<_> = Format::written().map(Format::id).collect();
            serde::de::Error::custom(format!("format is one of {}, not {id:?}", ids.join(", ")))
        })
    }
}

impl Serialize for FormatName {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.id())
    }
}

impl From<FormatName> for Format {
    fn from(name: FormatName) -> Self {
        name.0
    }
}

impl PaintOptions {
    /// How wide strokes are.
    pub(crate) fn strokes(&self) -> Stroke {
        let factor = self.stroke.unwrap_or(1.0);
        if self.native_strokes { Stroke::Native(factor) } else { Stroke::Relative(factor) }
    }

    /// Whether all numbers are in their ranges.
    pub(crate) fn check(&self) -> Result<()> {
        fn within<T: PartialOrd + std::fmt::Display + Copy>(name: &str, value: Option<T>, least: T, most: T) -> Result<()> {
            match value {
                Some(value) if !(least <= value && value <= most) => {
                    Err(Problem::bad(format!("options.{name} is {value}; give {least} to {most}")))
                }
                _ => Ok(()),
            }
        }
        within("strength", self.strength, 0.0, 1.0)?;
        within("color_strength", self.color_strength, 0.0, 1.0)?;
        within("grain", self.grain, *StylizeOptions::GRAINS.start(), *StylizeOptions::GRAINS.end())?;
        within("stroke", self.stroke, *Stroke::FACTORS.start(), *Stroke::FACTORS.end())?;
        within("style_size", self.style_size, *StyleSize::SIDES.start(), *StyleSize::SIDES.end())?;
        within("size", self.size, 1, 32768)?;
        within("feather", self.feather, 0.0, 10000.0)?;
        within("quality", self.quality, 1, 100)
    }
}

/// A painting as JSON.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StylizeBody {
    /// The photograph.
    content: ContentBody,
    /// What to paint it in.
    #[schema(min_items = 1, max_items = 8)]
    styles: Vec<StyleBody>,
    /// Where the painting is: a picture, base64.
    mask: Option<String>,
    #[serde(default)]
    options: PaintOptions,
}

/// A photograph: just one of these.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ContentBody {
    /// A picture file, base64.
    picture: Option<String>,
    /// One that was uploaded, or `demo`.
    id: Option<String>,
}

/// A style: just one of `picture`, `name` and `id`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct StyleBody {
    /// A picture file, base64.
    picture: Option<String>,
    /// A built-in style's name.
    name: Option<String>,
    /// One that was uploaded.
    id: Option<String>,
    /// Its part, compared with the others'; 1 if not given.
    #[schema(exclusive_minimum = 0)]
    weight: Option<f32>,
    /// Where it is: a picture, base64.
    mask: Option<String>,
}

/// A preview of a kept content.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PreviewBody {
    /// A content's id, or `demo`.
    pub(crate) content: String,
    /// What to paint it in.
    #[schema(min_items = 1, max_items = 8)]
    styles: Vec<StyleBody>,
    /// Where the painting is: a picture, base64.
    mask: Option<String>,
    /// Pixels of the longer side; 512 if not given.
    #[schema(minimum = 32, maximum = 2560)]
    pub(crate) size: Option<usize>,
    /// Whether time matters more than the exact width of fine strokes.
    #[serde(default)]
    pub(crate) draft: bool,
    /// Whose preview it is: a newer one cancels an older one of the same session.
    #[schema(max_length = 64)]
    pub(crate) session: Option<String>,
    #[serde(default)]
    options: PaintOptions,
}

impl PreviewBody {
    pub(crate) fn wanted(self, state: &State) -> Result<Wanted> {
        let body = StylizeBody {
            content: ContentBody { id: Some(self.content), picture: None },
            styles: self.styles,
            mask: self.mask,
            options: self.options,
        };
        body.wanted(state)
    }
}

impl StylizeBody {
    fn wanted(self, state: &State) -> Result<Wanted> {
        let content = match self.content {
            ContentBody { picture: Some(text), id: None } => ContentSource::Bytes(decoded(&text, "content.picture")?),
            ContentBody { picture: None, id: Some(id) } => ContentSource::Kept(state.content(&id)?),
            _ => return Err(Problem::bad("content has either a picture or an id")),
        };
        let styles = self.styles.into_iter().map(|style| style.wanted(state)).collect::<Result<Vec<_>>>()?;
        let mask = self.mask.map(|text| decoded(&text, "mask")).transpose()?;
        finish(content, styles, mask, self.options)
    }
}

impl StyleBody {
    fn wanted(self, state: &State) -> Result<WantedStyle> {
        let source = match (self.picture, self.name.or(self.id)) {
            (Some(text), None) => StyleSource::Picture(decoded(&text, "style.picture")?),
            (None, Some(name)) => StyleSource::Kept(state.style(&name)?),
            _ => return Err(Problem::bad("a style has just one of picture, name and id")),
        };
        let mask = self.mask.map(|text| decoded(&text, "style.mask")).transpose()?;
        Ok(WantedStyle { source, weight: self.weight.unwrap_or(1.0), mask })
    }
}

fn decoded(text: &str, field: &str) -> Result<Bytes> {
    STANDARD.decode(text).map(Into::into).map_err(|e| Problem::bad(format!("{field} is not base64: {e}")))
}

/// Checks what all forms have in common.
fn finish(content: ContentSource, mut styles: Vec<WantedStyle>, mask: Option<Bytes>, options: PaintOptions) -> Result<Wanted> {
    options.check()?;
    if styles.is_empty() || styles.len() > MAX_STYLES {
        return Err(Problem::bad(format!("{} styles; give 1 to {MAX_STYLES}", styles.len())));
    }
    if !options.weights.is_empty() && options.weights.len() != styles.len() {
        return Err(Problem::bad(format!("{} weights for {} styles", options.weights.len(), styles.len())));
    }
    styles.iter_mut().zip(&options.weights).for_each(|(style, weight)| style.weight = *weight);
    if styles.iter().any(|style| !style.weight.is_finite() || style.weight < 0.0) {
        return Err(Problem::bad("a style's weight is a number of 0 or more"));
    }
    let everywhere = || styles.iter().filter(|style| style.mask.is_none());
    if everywhere().count() > 0 && everywhere().all(|style| style.weight == 0.0) {
        return Err(Problem::bad("all styles have weight 0; give at least one a weight above"));
    }
    if options.colors == Colors::Match {
        styles.iter().enumerate().try_for_each(|(i, style)| style.check_match(i))?;
    }
    Ok(Wanted { content, styles, mask, options })
}

/// JSON, whatever goes wrong with it a problem of one line.
pub(crate) fn json<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|e| Problem::bad(format!("the body is not the JSON that is expected: {e}")))
}

/// The media type of a request's body, without parameters.
pub(crate) fn media_type(request: &Request) -> String {
    let value = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// A whole body, within the limit.
pub(crate) async fn body(request: Request, state: &State) -> Result<Bytes> {
    axum::body::to_bytes(request.into_body(), state.options.max_body).await.map_err(|e| too_large_or_broken(&e, state))
}

fn too_large_or_broken(error: &(dyn std::error::Error + 'static), state: &State) -> Problem {
    let mut cause = Some(error);
    while let Some(current) = cause {
        if current.is::<http_body_util::LengthLimitError>() {
            let text = format!("the body is larger than {} bytes", state.options.max_body);
            return Problem::new(StatusCode::PAYLOAD_TOO_LARGE, text);
        }
        if current.is::<TooSlow>() {
            let text = format!("the body came too slowly; send at least {RATE} bytes a second");
            return Problem::new(StatusCode::REQUEST_TIMEOUT, text);
        }
        cause = current.source();
    }
    Problem::bad("the body ended before it was complete, or is not what its headers say")
}

/// Multipart fields of a request: their names and contents.
pub(crate) async fn fields(request: Request, state: &State) -> Result<Vec<(String, Bytes)>> {
    let mut multipart =
        Multipart::from_request(request, &()).await.map_err(|_| Problem::bad("the multipart body has no boundary"))?;
    let mut fields = Vec::new();
    let mut left = state.options.max_body;
    loop {
        let field = match multipart.next_field().await {
            Ok(Some(field)) => field,
            Ok(None) => return Ok(fields),
            Err(error) => return Err(too_large_or_broken(&error, state)),
        };
        if fields.len() >= 32 {
            return Err(Problem::bad("more than 32 fields"));
        }
        let name = field.name().unwrap_or_default().to_owned();
        let bytes = content(field, &mut left, state).await?;
        fields.push((name, bytes));
    }
}

/// A field's content, as long as the limit for all of them allows.
async fn content(mut field: Field<'_>, left: &mut usize, state: &State) -> Result<Bytes> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|e| too_large_or_broken(&e, state))? {
        *left = left.checked_sub(chunk.len()).ok_or_else(|| {
            let text = format!("the body is larger than {} bytes", state.options.max_body);
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, text)
        })?;
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.into())
}

/// What is wanted, of either kind of body.
pub(crate) async fn wanted(request: Request, state: &State) -> Result<Wanted> {
    match media_type(&request).as_str() {
        "application/json" => json::<StylizeBody>(&body(request, state).await?)?.wanted(state),
        "multipart/form-data" => of_fields(fields(request, state).await?, state),
        other => Err(unsupported(other, "multipart/form-data or application/json")),
    }
}

pub(crate) fn unsupported(found: &str, expected: &str) -> Problem {
    let found: String = found.chars().filter(|c| !c.is_control()).take(80).collect();
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, format!("a body of type {found:?}; send {expected}"))
}

fn of_fields(fields: Vec<(String, Bytes)>, state: &State) -> Result<Wanted> {
    let text = |name: &str, bytes: &Bytes| -> Result<String> {
        String::from_utf8(bytes.to_vec()).map_err(|_| Problem::bad(format!("the field {name} is not text")))
    };
    let (mut content, mut options, mut mask) = (None, None, None);
    let mut styles: Vec<WantedStyle> = Vec::new();
    let mut masks: Vec<(usize, Bytes)> = Vec::new();
    let once =
        |there: bool, name: &str| if there { Err(Problem::bad(format!("the field {name} is there twice"))) } else { Ok(()) };
    for (name, bytes) in fields {
        let plain = |source| WantedStyle { source, weight: 1.0, mask: None };
        match name.as_str() {
            "content" | "content_id" => {
                once(content.is_some(), "content or content_id")?;
                content = Some(match name.as_str() {
                    "content" => ContentSource::Bytes(bytes),
                    _ => ContentSource::Kept(state.content(&text(&name, &bytes)?)?),
                });
            }
            "style" => styles.push(plain(StyleSource::Picture(bytes))),
            "style_name" | "style_id" => styles.push(plain(StyleSource::Kept(state.style(&text(&name, &bytes)?)?))),
            "options" => {
                once(options.is_some(), "options")?;
                options = Some(json::<PaintOptions>(&bytes).map_err(|e| Problem::bad(format!("options: {}", e.detail)))?);
            }
            "mask" => {
                once(mask.is_some(), "mask")?;
                mask = Some(bytes);
            }
            other => match other.strip_prefix("mask_").and_then(|number| number.parse::<usize>().ok()) {
                Some(number) => masks.push((number, bytes)),
                None => {
                    let known = "content, content_id, style, style_name, style_id, mask, mask_N and options";
                    return Err(Problem::bad(format!(
                        "there is no field {:?}; known are {known}",
                        other.chars().take(40).collect::<String>()
                    )));
                }
            },
        }
    }
    for (number, bytes) in masks {
        let missing = || Problem::bad(format!("mask_{number} is for a style that is not there; the first is mask_0"));
        styles.get_mut(number).ok_or_else(missing)?.mask = Some(bytes);
    }
    let content = content.ok_or_else(|| Problem::bad("the field content is missing: the picture to paint"))?;
    finish(content, styles, mask, options.unwrap_or_default())
}

/// A single file: a form's field of this name, or the whole body of any other type.
pub(crate) async fn one_file(request: Request, name: &str, state: &State) -> Result<Bytes> {
    let bytes = match media_type(&request).as_str() {
        "multipart/form-data" => match <[(String, Bytes); 1]>::try_from(fields(request, state).await?) {
            Ok([(found, bytes)]) if found == name => bytes,
            _ => return Err(Problem::bad(format!("the form has just one field, {name}: a picture"))),
        },
        _ => body(request, state).await?,
    };
    if bytes.is_empty() {
        return Err(Problem::bad(format!("the body is empty; send the {name}'s picture")));
    }
    Ok(bytes)
}
