//! The API's OpenAPI description, generated from the code.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use impasto::request::{Kind, Row, table};
use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use super::{contents, films, info, jobs, optimize, previews, styles, stylize};
use crate::jobs::{JobView, Status};
use crate::problem::Problem;
use crate::request::{FilmBody, PreviewBody, StylizeBody, rows};

#[derive(OpenApi)]
#[openapi(
    info(title = "Impasto", description = "Paints pictures in the style of others."),
    paths(
        info::info,
        info::models,
        info::health,
        info::metrics,
        styles::list,
        styles::upload,
        styles::file,
        styles::forget,
        contents::upload,
        contents::about,
        contents::forget,
        previews::small,
        stylize::stylize,
        optimize::optimize,
        films::paint,
        jobs::about,
        jobs::events,
        jobs::result,
        jobs::cancel,
    ),
    components(schemas(Problem, FilmBody, PreviewBody, StylizeBody, JobView, Status))
)]
struct Document;

/// Returns the API's description.
pub(crate) async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], document()).into_response()
}

/// The document as JSON.
pub(crate) fn document() -> String {
    with_options(table()).to_string()
}

/// The document, with the options from this table.
fn with_options(table: &[Row]) -> Value {
    let mut document = serde_json::to_value(Document::openapi()).unwrap_or_default();
    let schemas = &mut document["components"]["schemas"];
    schemas["PaintOptions"] = options(table);
    for body in ["StylizeBody", "PreviewBody", "FilmBody"] {
        schemas[body]["properties"]["options"] = json!({ "$ref": "#/components/schemas/PaintOptions" });
    }
    document
}

/// The schema of `options`: a property for each row, and those that only requests have.
fn options(table: &[Row]) -> Value {
    let mut properties: Map<String, Value> =
        rows(table).filter(|row| !row.hidden).map(|row| (row.name.into(), property(row))).collect();
    let more = [
        (
            "weights",
            json!({ "type": "array", "items": { "type": "number", "minimum": 0 }, "description": "Weights of the styles, in their order. Default: 1 each" }),
        ),
        ("srgb", json!({ "type": "boolean", "deprecated": true, "description": "The same as \"profile\": \"srgb\"" })),
        (
            "native_strokes",
            json!({ "type": "boolean", "deprecated": true, "description": "The same as \"stroke\": \"native:FACTOR\"" }),
        ),
    ];
    properties.extend(more.map(|(name, schema)| (name.to_owned(), schema)));
    json!({ "type": "object", "additionalProperties": false, "properties": properties, "description": "How to paint. Names and meanings are those of `impasto stylize`." })
}

/// The schema of one option.
fn property(row: &Row) -> Value {
    let mut schema = match &row.kind {
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Number(least, most) => json!({ "type": "number", "minimum": least, "maximum": most }),
        Kind::Whole(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Kind::Choice(names) => {
            json!({ "type": "string", "enum": names.iter().map(|name| name.name.as_str()).collect::<Vec<_>>() })
        }
        Kind::Stroke => json!({ "type": ["number", "string"], "examples": [1, "native:2", "3mm"] }),
        _ => json!({ "type": "string", "pattern": "^[0-9]+x[0-9]+$", "examples": ["720x512"] }),
    };
    schema["description"] = row.help.into();
    if !row.default.is_null() {
        schema["default"] = row.default.clone();
    }
    schema
}

#[cfg(test)]
mod tests {
    use impasto::request::{Kind, Part, Row, table};
    use serde_json::json;

    use super::with_options;
    use crate::request::rows;

    #[test]
    fn every_option_is_in_the_description() {
        let document = with_options(table());
        let schemas = &document["components"]["schemas"];
        for row in rows(table()).filter(|row| !row.hidden) {
            assert_eq!(schemas["PaintOptions"]["properties"][row.name]["description"], row.help, "{}", row.name);
        }
        assert_eq!(schemas["PaintOptions"]["properties"]["style_size"]["maximum"], 4096);
        assert_eq!(schemas["StylizeBody"]["properties"]["options"]["$ref"], "#/components/schemas/PaintOptions");
    }

    #[test]
    fn an_option_of_a_copy_of_the_table_is_described() {
        let mut copy = table().to_vec();
        copy.push(Row::extra("sparkle", Kind::Number(0.0, 9.0), Part::Look, json!(1.0)));
        let expected =
            json!({ "type": "number", "minimum": 0.0, "maximum": 9.0, "default": 1.0, "description": "An option for tests" });
        assert_eq!(with_options(&copy)["components"]["schemas"]["PaintOptions"]["properties"]["sparkle"], expected);
    }
}
