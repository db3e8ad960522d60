//! The API's description, from the code.

use utoipa::OpenApi;

use crate::jobs::{JobView, Status};
use crate::problem::Problem;
use crate::request::{PaintOptions, PreviewBody, StylizeBody};
use crate::routes::{contents, info, jobs, optimize, previews, styles, stylize};

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
        jobs::about,
        jobs::events,
        jobs::result,
        jobs::cancel,
    ),
    components(schemas(Problem, PaintOptions, PreviewBody, StylizeBody, JobView, Status))
)]
struct Document;

/// As JSON.
pub(crate) fn document() -> String {
    Document::openapi().to_json().unwrap_or_default()
}
