//! The body of a request for a film. The film goes to a file as it comes.

use axum::body::Bytes;
use axum::extract::Request;

use super::settings::check;
use crate::problem::Result;
use crate::request::{self, FilmBody, Wanted};
use crate::spool::{Spool, Upload};
use crate::state::State;

/// What is wanted, of either kind of body.
pub(crate) async fn read(request: Request, state: &State) -> Result<Wanted<Upload>> {
    let mut spool = Spool::new(state, request.headers()).await?;
    let wanted = match request::media_type(&request).as_str() {
        "application/json" => {
            let body: FilmBody = request::json(&request::body(request, state).await?)?;
            let film: Bytes = request::decoded(&body.film, "film")?;
            spool.begin()?;
            spool.write(&film).await?;
            body.painting(state)?
        }
        "multipart/form-data" => {
            let fields = request::fields(request, state, Some(&mut spool)).await?;
            request::of_fields(fields, state, "film")?
        }
        other => return Err(request::unsupported(other, "multipart/form-data or application/json")),
    };
    check(&wanted)?;
    let upload = spool.end().await?;
    Ok(wanted.with(upload))
}
