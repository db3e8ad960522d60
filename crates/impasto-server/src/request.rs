//! Brings what clients send into one form, from multipart fields or from JSON with base64.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::body::Bytes;
use axum::extract::multipart::{Field, Multipart};
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use impasto::request::{Kind, Options, Part, Reference, Row, table};
use impasto::{Colours, StyleSize};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::body::{RATE, Refused, bounded};
use crate::problem::{Problem, Result};
use crate::served::Served;
use crate::spool::Spool;
use crate::state::{Content, KeptStyle, State};

/// Most styles in one painting.
pub(crate) const MAX_STYLES: usize = 8;

/// What a request asks for: a painting of a photo, or of another kind of content.
pub(crate) struct Wanted<C = ContentSource> {
    /// The model that paints it.
    pub(crate) model: Arc<Served>,
    pub(crate) content: C,
    pub(crate) styles: Vec<WantedStyle>,
    pub(crate) masks: Masks,
    pub(crate) options: Options,
}

impl<C> Wanted<C> {
    /// Refuses styles without a picture if colors are matched with the fast method. (Optimizing draws built-in styles.)
    pub(crate) fn check_match(&self) -> Result<()> {
        if self.options.colors != Colours::Match {
            return Ok(());
        }
        self.styles.iter().enumerate().try_for_each(|(i, style)| style.check_match(i))
    }

    /// The same request for another content.
    pub(crate) fn with<D>(self, content: D) -> Wanted<D> {
        let Wanted { model, content: _, styles, masks, options } = self;
        Wanted { model, content, styles, masks, options }
    }
}

/// A photo in the request, or an uploaded one.
pub(crate) enum ContentSource {
    Bytes(Bytes),
    Kept(Arc<Content>),
}

/// A style and its share of the painting.
pub(crate) struct WantedStyle {
    pub(crate) source: StyleSource,
    /// `None` is 1.
    weight: Option<f32>,
    pub(crate) mask: Option<Bytes>,
}

impl WantedStyle {
    /// Its share of the painting, relative to the others.
    pub(crate) fn weight(&self) -> f32 {
        self.weight.unwrap_or(1.0)
    }

    /// Refuses a style without a picture, because colors are matched to the style's picture.
    fn check_match(&self, i: usize) -> Result<()> {
        let StyleSource::Kept(kept) = &self.source else { return Ok(()) };
        if kept.picture().is_some() {
            return Ok(());
        }
        let name = kept.name().map_or_else(|| "a style file".to_owned(), |name| format!("{name:?}"));
        let text = format!(
            "style {}: {name} has no picture whose colors could be matched; send a picture as the style, or use \"colors\": \"content\"",
            i + 1
        );
        Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, text))
    }
}

/// A picture in the request, or a known style.
pub(crate) enum StyleSource {
    Picture(Bytes),
    Kept(Arc<KeptStyle>),
}

/// What a painting takes of a style's source.
pub(crate) enum Taken<'a> {
    /// A picture's file, which must be read.
    File(&'a Bytes),
    /// A style that is known already.
    Known(&'a KeptStyle),
}

impl StyleSource {
    /// The picture's file; for models' own styles and style files, which have none, the style.
    pub(crate) fn file(&self) -> Taken<'_> {
        match self {
            StyleSource::Picture(bytes) => Taken::File(bytes),
            StyleSource::Kept(kept) => kept.file().map_or(Taken::Known(kept), Taken::File),
        }
    }

    /// What is needed to see the picture at this size. At the usual one, kept pictures have been seen.
    pub(crate) fn at(&self, size: StyleSize) -> Taken<'_> {
        match self {
            StyleSource::Kept(kept) if size == StyleSize::default() => Taken::Known(kept),
            _ => self.file(),
        }
    }
}

/// How to paint: options from the library's table, and the weights of the styles.
#[derive(Debug, Clone, Default)]
pub(crate) struct PaintOptions {
    pub(crate) options: Options,
    weights: Vec<f32>,
}

/// The rows of the library's table that requests have in `options`. Masks and the model have fields of their own,
/// because masks are pictures and models are chosen by name.
pub(crate) fn rows(table: &[Row]) -> impl Iterator<Item = &Row> {
    table.iter().filter(|row| row.part != Part::Model && row.kind != Kind::Picture)
}

impl PaintOptions {
    /// Reads the options. `masks` are the request's masks, which are recorded in the options.
    fn read(mut options: Map<String, Value>, masks: &Masks) -> Result<Self> {
        let bad = |text: String| Problem::bad(format!("options.{text}"));
        let weights = options.remove("weights").unwrap_or_else(|| Value::Array(Vec::new()));
        let weights = serde_json::from_value(weights).map_err(|e| bad(format!("weights: {e}")))?;
        of_today(&mut options)?;
        if options.contains_key("model") {
            return Err(bad("model: send the model in a field beside options, with a name from /v1/models".into()));
        }
        for row in table().iter().filter(|row| !rows(table()).any(|known| known.name == row.name)) {
            if options.contains_key(row.name) {
                let what = if row.part == Part::Model {
                    "only the server can set this"
                } else {
                    "send this picture in a field of its own"
                };
                return Err(bad(format!("{}: {what}", row.name)));
            }
        }
        for (name, bytes) in [("mask", &masks.mask), ("strength_mask", &masks.strength)] {
            if let Some(bytes) = bytes {
                options.insert(name.into(), serde_json::to_value(Reference::of_bytes(name, bytes)).unwrap_or_default());
            }
        }
        Ok(PaintOptions { options: Options::read(&options).map_err(|e| bad(e.to_string()))?, weights })
    }
}

/// Converts options with earlier names.
fn of_today(options: &mut Map<String, Value>) -> Result<()> {
    let flag = |value: Option<Value>, name: &str| match value {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(flag),
        Some(_) => Err(Problem::bad(format!("options.{name}: must be true or false"))),
    };
    if flag(options.remove("srgb"), "srgb")? {
        options.insert("profile".into(), "srgb".into());
    }
    if flag(options.remove("native_strokes"), "native_strokes")? {
        let factor = options.get("stroke").filter(|factor| factor.is_number()).map_or_else(|| "1".into(), Value::to_string);
        options.insert("stroke".into(), format!("native:{factor}").into());
    }
    Ok(())
}

/// The masks of a painting.
#[derive(Default)]
pub(crate) struct Masks {
    /// Where the photo is painted.
    pub(crate) mask: Option<Bytes>,
    /// How strong the painting is at each place.
    pub(crate) strength: Option<Bytes>,
}

/// Declares JSON bodies that have their own fields and those common to all paintings.
/// (`serde(flatten)` would accept unknown fields.)
macro_rules! bodies {
    ($($(#[$about:meta])* struct $name:ident { $($(#[$of:meta])* $field:ident: $type:ty,)* })*) => { $(
        $(#[$about])*
        #[derive(Debug, Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct $name {
            /// Name of the model that paints, from `/v1/models`. Default: the first.
            model: Option<String>,
            $($(#[$of])* pub(crate) $field: $type,)*
            /// The styles to paint it in.
            #[schema(min_items = 1, max_items = 8)]
            styles: Vec<StyleBody>,
            /// Where to paint: a picture, base64.
            mask: Option<String>,
            /// How strong the painting is at each place: a picture, base64.
            strength_mask: Option<String>,
            /// How to paint.
            #[serde(default)]
            #[schema(value_type = Object)]
            options: Map<String, Value>,
        }

        impl $name {
            /// What the body asks for, without the content.
            pub(crate) fn painting(self, state: &State) -> Result<Wanted<()>> {
                let $name { model, styles, mask, strength_mask, options, .. } = self;
                let model = state.models.find(model.as_deref())?;
                let styles = styles.into_iter().map(|style| style.wanted(state, &model)).collect::<Result<Vec<_>>>()?;
                let picture = |text: Option<String>, name: &str| text.map(|text| decoded(&text, name)).transpose();
                let masks = Masks { mask: picture(mask, "mask")?, strength: picture(strength_mask, "strength_mask")? };
                finish(model, styles, masks, options)
            }
        }
    )* };
}

bodies! {
    /// A painting as JSON.
    struct StylizeBody {
        /// The photo.
        content: ContentBody,
    }

    /// A preview of an uploaded photo.
    struct PreviewBody {
        /// Id of an uploaded photo, or `demo`.
        content: String,
        /// Longer side in pixels. Default: 512.
        #[schema(minimum = 32, maximum = 2560)]
        size: Option<usize>,
        /// Whether speed matters more than the exact width of fine strokes.
        #[serde(default)]
        draft: bool,
        /// A name for the client's session. A newer preview cancels an older one of the same session.
        #[schema(max_length = 64)]
        session: Option<String>,
    }

    /// A film as JSON. Masks apply to all frames. Films do not take all options.
    struct FilmBody {
        /// The film's file, base64. A form allows a larger file.
        film: String,
    }
}

/// A photo: exactly one of these.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ContentBody {
    /// A picture file, base64.
    picture: Option<String>,
    /// Id of an uploaded photo, or `demo`.
    id: Option<String>,
}

/// A style: exactly one of `picture`, `name` and `id`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct StyleBody {
    /// A picture file, base64.
    picture: Option<String>,
    /// Name of a built-in style.
    name: Option<String>,
    /// Id of an uploaded style.
    id: Option<String>,
    /// Share of the painting, relative to the other styles. Default: 1.
    #[schema(minimum = 0)]
    weight: Option<f32>,
    /// Where this style is: a picture, base64.
    mask: Option<String>,
}

impl PreviewBody {
    pub(crate) fn wanted(self, state: &State) -> Result<Wanted> {
        let content = ContentSource::Kept(state.content(&self.content)?);
        Ok(self.painting(state)?.with(content))
    }
}

impl StylizeBody {
    fn wanted(mut self, state: &State) -> Result<Wanted> {
        let content = match std::mem::take(&mut self.content) {
            ContentBody { picture: Some(text), id: None } => ContentSource::Bytes(decoded(&text, "content.picture")?),
            ContentBody { picture: None, id: Some(id) } => ContentSource::Kept(state.content(&id)?),
            _ => return Err(Problem::bad("content must have either a picture or an id")),
        };
        Ok(self.painting(state)?.with(content))
    }
}

impl StyleBody {
    fn wanted(self, state: &State, model: &Served) -> Result<WantedStyle> {
        let source = match (self.picture, self.name, self.id) {
            (Some(text), None, None) => StyleSource::Picture(decoded(&text, "style.picture")?),
            (None, Some(name), None) | (None, None, Some(name)) => StyleSource::Kept(state.style(model, &name)?),
            _ => return Err(Problem::bad("a style must have just one of picture, name and id")),
        };
        let mask = self.mask.map(|text| decoded(&text, "style.mask")).transpose()?;
        Ok(WantedStyle { source, weight: self.weight, mask })
    }
}

pub(crate) fn decoded(text: &str, field: &str) -> Result<Bytes> {
    STANDARD.decode(text).map(Into::into).map_err(|e| Problem::bad(format!("{field} is not base64: {e}")))
}

/// Checks that apply to all forms.
fn finish(model: Arc<Served>, mut styles: Vec<WantedStyle>, masks: Masks, options: Map<String, Value>) -> Result<Wanted<()>> {
    let PaintOptions { options, weights } = PaintOptions::read(options, &masks)?;
    if styles.is_empty() || styles.len() > MAX_STYLES {
        return Err(Problem::bad(format!("{} styles; give 1 to {MAX_STYLES}", styles.len())));
    }
    if !weights.is_empty() && weights.len() != styles.len() {
        return Err(Problem::bad(format!("{} weights for {} styles; give one for each", weights.len(), styles.len())));
    }
    if !weights.is_empty() && styles.iter().any(|style| style.weight.is_some()) {
        return Err(Problem::bad("weights are given twice: in options.weights and with the styles; leave one out"));
    }
    styles.iter_mut().zip(&weights).for_each(|(style, weight)| style.weight = Some(*weight));
    if styles.iter().any(|style| !style.weight().is_finite() || style.weight() < 0.0) {
        return Err(Problem::bad("a style's weight must be a number of 0 or more"));
    }
    let everywhere = || styles.iter().filter(|style| style.mask.is_none());
    if everywhere().count() > 0 && everywhere().all(|style| style.weight() == 0.0) {
        return Err(Problem::bad("all styles have weight 0; give at least one a weight above 0"));
    }
    Ok(Wanted { model, content: (), styles, masks, options })
}

/// Parses JSON. Any error becomes a problem of one line.
pub(crate) fn json<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|e| Problem::bad(format!("the body is not the expected JSON: {e}")))
}

/// The media type of a request's body, without parameters.
pub(crate) fn media_type(request: &Request) -> String {
    let value = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Reads a whole body, within the limit.
pub(crate) async fn body(request: Request, state: &State) -> Result<Bytes> {
    axum::body::to_bytes(request.into_body(), state.options.max_body).await.map_err(|e| too_large_or_broken(&e, state))
}

fn too_large_or_broken(error: &(dyn std::error::Error + 'static), state: &State) -> Problem {
    let mut cause = Some(error);
    while let Some(current) = cause {
        let refused = current.downcast_ref();
        if current.is::<http_body_util::LengthLimitError>() || refused == Some(&Refused::TooLong) {
            let text = format!("the body is larger than {} bytes", state.options.max_body);
            return Problem::new(StatusCode::PAYLOAD_TOO_LARGE, text);
        }
        if refused == Some(&Refused::NoRoom) {
            return Problem::busy("all memory for pictures is in use; try again in a moment");
        }
        if refused == Some(&Refused::TooSlow) {
            let text = format!("the body arrived too slowly; send at least {RATE} bytes a second");
            return Problem::new(StatusCode::REQUEST_TIMEOUT, text);
        }
        cause = current.source();
    }
    Problem::bad("the body is incomplete, or does not match its headers")
}

/// Bytes of a form beside the contents of its fields: boundaries and headers.
const FORM: usize = 256 << 10;

/// Reads the multipart fields of a request: their names and contents. The field
/// `film` goes to the spool, if there is one.
pub(crate) async fn fields(request: Request, state: &State, mut film: Option<&mut Spool<'_>>) -> Result<Vec<(String, Bytes)>> {
    let (parts, body) = request.into_parts();
    let (body, passed_on) = bounded(body, state.options.max_body.saturating_add(FORM) as u64);
    let request = Request::from_parts(parts, body);
    let mut multipart =
        Multipart::from_request(request, &()).await.map_err(|_| Problem::bad("the multipart body has no boundary"))?;
    let mut fields = Vec::new();
    let mut left = state.options.max_body;
    loop {
        let mut field = match multipart.next_field().await {
            Ok(Some(field)) => field,
            Ok(None) => return Ok(fields),
            Err(error) => return Err(too_large_or_broken(&error, state)),
        };
        if fields.len() >= 32 {
            return Err(Problem::bad("the form has more than 32 fields"));
        }
        let name = field.name().unwrap_or_default().to_owned();
        if let (Some(film), "film") = (&mut film, name.as_str()) {
            film.begin()?;
            while let Some(chunk) = field.chunk().await.map_err(|e| too_large_or_broken(&e, state))? {
                film.write(&chunk).await?;
                passed_on.fetch_add(chunk.len() as u64, Ordering::Relaxed);
            }
            continue;
        }
        let bytes = content(field, &mut left, state).await?;
        fields.push((name, bytes));
    }
}

/// Reads a field's content. `left` is how many bytes all fields may still have.
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

/// Reads a request in either form: JSON or multipart.
pub(crate) async fn wanted(request: Request, state: &State) -> Result<Wanted> {
    match media_type(&request).as_str() {
        "application/json" => json::<StylizeBody>(&body(request, state).await?)?.wanted(state),
        "multipart/form-data" => {
            let is_content = |(name, _): &(String, Bytes)| matches!(name.as_str(), "content" | "content_id");
            let (contents, fields): (Vec<_>, Vec<_>) = fields(request, state, None).await?.into_iter().partition(is_content);
            once(contents.len() > 1, "content or content_id")?;
            let wanted = of_fields(fields, state, "content, content_id")?;
            Ok(wanted.with(match contents.into_iter().next() {
                Some((name, bytes)) if name == "content" => ContentSource::Bytes(bytes),
                Some((name, bytes)) => ContentSource::Kept(state.content(&text(&name, &bytes)?)?),
                None => return Err(Problem::bad("the field content is missing: the picture to paint")),
            }))
        }
        other => Err(unsupported(other, "multipart/form-data or application/json")),
    }
}

pub(crate) fn unsupported(found: &str, expected: &str) -> Problem {
    let found: String = found.chars().filter(|c| !c.is_control()).take(80).collect();
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, format!("the body has type {found:?}; send {expected}"))
}

fn text(name: &str, bytes: &Bytes) -> Result<String> {
    String::from_utf8(bytes.to_vec()).map_err(|_| Problem::bad(format!("the field {name} is not text")))
}

fn once(there: bool, name: &str) -> Result<()> {
    if there { Err(Problem::bad(format!("the field {name} appears twice"))) } else { Ok(()) }
}

/// Builds a painting from the fields of a form. Those of the content are read elsewhere; `content`
/// lists their names for the error message.
pub(crate) fn of_fields(fields: Vec<(String, Bytes)>, state: &State, content: &str) -> Result<Wanted<()>> {
    let (mut options, mut of_all) = (None, Masks::default());
    let mut styles: Vec<WantedStyle> = Vec::new();
    let mut masks: Vec<(usize, Bytes)> = Vec::new();
    // The model determines what style names mean, so find its field first.
    let named = fields.iter().filter(|(name, _)| name == "model").map(|(name, bytes)| text(name, bytes));
    let named = named.collect::<Result<Vec<_>>>()?;
    once(named.len() > 1, "model")?;
    let model = state.models.find(named.first().map(String::as_str))?;
    for (name, bytes) in fields {
        let plain = |source| WantedStyle { source, weight: None, mask: None };
        match name.as_str() {
            "style" => styles.push(plain(StyleSource::Picture(bytes))),
            "style_name" | "style_id" => styles.push(plain(StyleSource::Kept(state.style(&model, &text(&name, &bytes)?)?))),
            "model" => {}
            "options" => {
                once(options.is_some(), "options")?;
                options = Some(json::<Map<String, Value>>(&bytes).map_err(|e| Problem::bad(format!("options: {}", e.detail)))?);
            }
            "mask" => {
                once(of_all.mask.is_some(), "mask")?;
                of_all.mask = Some(bytes);
            }
            "strength_mask" => {
                once(of_all.strength.is_some(), "strength_mask")?;
                of_all.strength = Some(bytes);
            }
            other => match other.strip_prefix("mask_").and_then(|number| number.parse::<usize>().ok()) {
                Some(number) => masks.push((number, bytes)),
                None => {
                    let known = format!("model, {content}, style, style_name, style_id, mask, mask_N, strength_mask and options");
                    return Err(Problem::bad(format!(
                        "there is no field {:?}; known are {known}",
                        other.chars().take(40).collect::<String>()
                    )));
                }
            },
        }
    }
    for (number, bytes) in masks {
        let missing = || Problem::bad(format!("mask_{number} is for a style that is missing; the first style's mask is mask_0"));
        let style = styles.get_mut(number).ok_or_else(missing)?;
        once(style.mask.is_some(), &format!("mask_{number}"))?;
        style.mask = Some(bytes);
    }
    finish(model, styles, of_all, options.unwrap_or_default())
}

/// Reads a single file: the form's field with this name, or the whole body if it is not a form.
pub(crate) async fn one_file(request: Request, name: &str, state: &State) -> Result<Bytes> {
    let bytes = match media_type(&request).as_str() {
        "multipart/form-data" => match <[(String, Bytes); 1]>::try_from(fields(request, state, None).await?) {
            Ok([(found, bytes)]) if found == name => bytes,
            _ => return Err(Problem::bad(format!("the form must have just one field, {name}: a picture"))),
        },
        _ => body(request, state).await?,
    };
    if bytes.is_empty() {
        return Err(Problem::bad(format!("the body is empty; send the {name}'s picture")));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use impasto::request::table;
    use serde_json::{Value, json};

    use super::{Masks, PaintOptions, rows};

    fn read(options: Value) -> Result<PaintOptions, String> {
        let Value::Object(options) = options else { panic!("{options} is no object") };
        PaintOptions::read(options, &Masks::default()).map_err(|problem| problem.detail)
    }

    #[test]
    fn every_option_is_read_as_the_table_does() {
        for row in rows(table()) {
            assert!(read(json!({ row.name: row.default.clone() })).is_ok(), "{}", row.name);
            let error = read(json!({ row.name: [] })).unwrap_err();
            let expected = row.check(&json!([])).unwrap_err();
            assert_eq!(error, format!("options.{}: {expected}, not []", row.name));
        }
        for row in table().iter().filter(|row| !rows(table()).any(|known| known.name == row.name)) {
            assert!(read(json!({ row.name: "x" })).unwrap_err().contains(row.name));
        }
    }

    #[test]
    fn earlier_names_are_read() {
        let old = read(json!({ "srgb": true, "native_strokes": true, "stroke": 2, "weights": [1, 2] })).unwrap();
        assert_eq!(old.options, read(json!({ "profile": "srgb", "stroke": "native:2" })).unwrap().options);
        assert_eq!(read(json!({ "native_strokes": true })).unwrap().options.stroke.to_string(), "native");
        assert!(read(json!({ "srgb": 1 })).is_err() && read(json!({ "weights": "x" })).is_err());
    }
}
