//! What clients send, in one form: multipart fields or JSON with base64.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::multipart::{Field, Multipart};
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use impasto::Colours;
use impasto::request::{Kind, Options, Part, Reference, Row, table};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::body::{RATE, TooSlow};
use crate::problem::{Problem, Result};
use crate::served::Served;
use crate::spool::Spool;
use crate::state::{Content, KeptStyle, State};

/// Styles of one painting.
pub(crate) const MAX_STYLES: usize = 8;

/// A painting that is wanted: of a photograph, or of something else.
pub(crate) struct Wanted<C = ContentSource> {
    /// What paints it.
    pub(crate) model: Arc<Served>,
    pub(crate) content: C,
    pub(crate) styles: Vec<WantedStyle>,
    pub(crate) masks: Masks,
    pub(crate) options: Options,
}

impl<C> Wanted<C> {
    /// The same of another content.
    pub(crate) fn with<D>(self, content: D) -> Wanted<D> {
        let Wanted { model, content: _, styles, masks, options } = self;
        Wanted { model, content, styles, masks, options }
    }
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

/// A picture in the request, or a style that is known.
pub(crate) enum StyleSource {
    Picture(Bytes),
    Kept(Arc<KeptStyle>),
}

/// How to paint: options of the library's table, and the styles' weights.
#[derive(Debug, Clone, Default)]
pub(crate) struct PaintOptions {
    pub(crate) options: Options,
    weights: Vec<f32>,
}

/// The rows of the library's table that requests have as `options`. Masks are pictures, and the model has a name: requests have them as
/// fields of their own.
pub(crate) fn rows(table: &[Row]) -> impl Iterator<Item = &Row> {
    table.iter().filter(|row| row.part != Part::Model && row.kind != Kind::Picture)
}

impl PaintOptions {
    /// Reads options. `masks` are those that the request has besides.
    fn read(mut options: Map<String, Value>, masks: &Masks) -> Result<Self> {
        let bad = |text: String| Problem::bad(format!("options.{text}"));
        let weights = options.remove("weights").unwrap_or_else(|| Value::Array(Vec::new()));
        let weights = serde_json::from_value(weights).map_err(|e| bad(format!("weights: {e}")))?;
        of_today(&mut options)?;
        if options.contains_key("model") {
            return Err(bad("model: the model is a field beside options, with a name of /v1/models".into()));
        }
        for row in table().iter().filter(|row| !rows(table()).any(|known| known.name == row.name)) {
            if options.contains_key(row.name) {
                let what = if row.part == Part::Model { "the server's own" } else { "a field of its own, with a picture" };
                return Err(bad(format!("{}: this is {what}", row.name)));
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

/// Options under their earlier names.
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
    /// Where the painting is.
    pub(crate) mask: Option<Bytes>,
    /// Where it is strong.
    pub(crate) strength: Option<Bytes>,
}

/// Bodies of JSON that say what to paint in, and how, besides fields of their own. (`serde(flatten)` would take unknown fields.)
macro_rules! bodies {
    ($($(#[$about:meta])* struct $name:ident { $($(#[$of:meta])* $field:ident: $type:ty,)* })*) => { $(
        $(#[$about])*
        #[derive(Debug, Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct $name {
            /// The model that paints, by its name in `/v1/models`; the first if not given.
            model: Option<String>,
            $($(#[$of])* pub(crate) $field: $type,)*
            /// What to paint it in.
            #[schema(min_items = 1, max_items = 8)]
            styles: Vec<StyleBody>,
            /// Where the painting is: a picture, base64.
            mask: Option<String>,
            /// Where it is strong: a picture, base64.
            strength_mask: Option<String>,
            /// How to paint.
            #[serde(default)]
            #[schema(value_type = Object)]
            options: Map<String, Value>,
        }

        impl $name {
            /// What is wanted, but for the content.
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
        /// The photograph.
        content: ContentBody,
    }

    /// A preview of a kept content.
    struct PreviewBody {
        /// A content's id, or `demo`.
        content: String,
        /// Pixels of the longer side; 512 if not given.
        #[schema(minimum = 32, maximum = 2560)]
        size: Option<usize>,
        /// Whether time matters more than the exact width of fine strokes.
        #[serde(default)]
        draft: bool,
        /// Whose preview it is: a newer one cancels an older one of the same session.
        #[schema(max_length = 64)]
        session: Option<String>,
    }

    /// A film as JSON. Masks are for all frames, and films do not take all options.
    struct FilmBody {
        /// The film's file, base64. A form takes larger ones.
        film: String,
    }
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
            _ => return Err(Problem::bad("content has either a picture or an id")),
        };
        Ok(self.painting(state)?.with(content))
    }
}

impl StyleBody {
    fn wanted(self, state: &State, model: &Served) -> Result<WantedStyle> {
        let source = match (self.picture, self.name.or(self.id)) {
            (Some(text), None) => StyleSource::Picture(decoded(&text, "style.picture")?),
            (None, Some(name)) => StyleSource::Kept(state.style(model, &name)?),
            _ => return Err(Problem::bad("a style has just one of picture, name and id")),
        };
        let mask = self.mask.map(|text| decoded(&text, "style.mask")).transpose()?;
        Ok(WantedStyle { source, weight: self.weight.unwrap_or(1.0), mask })
    }
}

pub(crate) fn decoded(text: &str, field: &str) -> Result<Bytes> {
    STANDARD.decode(text).map(Into::into).map_err(|e| Problem::bad(format!("{field} is not base64: {e}")))
}

/// Checks what all forms have in common.
fn finish(model: Arc<Served>, mut styles: Vec<WantedStyle>, masks: Masks, options: Map<String, Value>) -> Result<Wanted<()>> {
    let PaintOptions { options, weights } = PaintOptions::read(options, &masks)?;
    if styles.is_empty() || styles.len() > MAX_STYLES {
        return Err(Problem::bad(format!("{} styles; give 1 to {MAX_STYLES}", styles.len())));
    }
    if !weights.is_empty() && weights.len() != styles.len() {
        return Err(Problem::bad(format!("{} weights for {} styles", weights.len(), styles.len())));
    }
    styles.iter_mut().zip(&weights).for_each(|(style, weight)| style.weight = *weight);
    if styles.iter().any(|style| !style.weight.is_finite() || style.weight < 0.0) {
        return Err(Problem::bad("a style's weight is a number of 0 or more"));
    }
    let everywhere = || styles.iter().filter(|style| style.mask.is_none());
    if everywhere().count() > 0 && everywhere().all(|style| style.weight == 0.0) {
        return Err(Problem::bad("all styles have weight 0; give at least one a weight above"));
    }
    if options.colors == Colours::Match {
        styles.iter().enumerate().try_for_each(|(i, style)| style.check_match(i))?;
    }
    Ok(Wanted { model, content: (), styles, masks, options })
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

/// Multipart fields of a request: their names and contents. A film goes where it is spooled, if it is wanted.
pub(crate) async fn fields(request: Request, state: &State, mut film: Option<&mut Spool<'_>>) -> Result<Vec<(String, Bytes)>> {
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
            return Err(Problem::bad("more than 32 fields"));
        }
        let name = field.name().unwrap_or_default().to_owned();
        if let (Some(film), "film") = (&mut film, name.as_str()) {
            film.begin()?;
            while let Some(chunk) = field.chunk().await.map_err(|e| too_large_or_broken(&e, state))? {
                film.write(&chunk).await?;
            }
            continue;
        }
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
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, format!("a body of type {found:?}; send {expected}"))
}

fn text(name: &str, bytes: &Bytes) -> Result<String> {
    String::from_utf8(bytes.to_vec()).map_err(|_| Problem::bad(format!("the field {name} is not text")))
}

fn once(there: bool, name: &str) -> Result<()> {
    if there { Err(Problem::bad(format!("the field {name} is there twice"))) } else { Ok(()) }
}

/// A painting of the fields of a form, except for those of the content, whose names are `content`.
pub(crate) fn of_fields(fields: Vec<(String, Bytes)>, state: &State, content: &str) -> Result<Wanted<()>> {
    let (mut options, mut of_all) = (None, Masks::default());
    let mut styles: Vec<WantedStyle> = Vec::new();
    let mut masks: Vec<(usize, Bytes)> = Vec::new();
    // Styles have the names that the model gives them, wherever its field is.
    let named = fields.iter().filter(|(name, _)| name == "model").map(|(name, bytes)| text(name, bytes));
    let named = named.collect::<Result<Vec<_>>>()?;
    once(named.len() > 1, "model")?;
    let model = state.models.find(named.first().map(String::as_str))?;
    for (name, bytes) in fields {
        let plain = |source| WantedStyle { source, weight: 1.0, mask: None };
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
        let missing = || Problem::bad(format!("mask_{number} is for a style that is not there; the first is mask_0"));
        styles.get_mut(number).ok_or_else(missing)?.mask = Some(bytes);
    }
    finish(model, styles, of_all, options.unwrap_or_default())
}

/// A single file: a form's field of this name, or the whole body of any other type.
pub(crate) async fn one_file(request: Request, name: &str, state: &State) -> Result<Bytes> {
    let bytes = match media_type(&request).as_str() {
        "multipart/form-data" => match <[(String, Bytes); 1]>::try_from(fields(request, state, None).await?) {
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
