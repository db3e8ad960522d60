//! The body of a request for a film, which is written to a file while it arrives.

use axum::body::Bytes;
use axum::extract::Request;

use super::settings::check;
use crate::problem::Result;
use crate::request::{self, FilmBody, Wanted};
use crate::spool::{Spool, Upload};
use crate::state::State;

/// Reads a request in either form: JSON or multipart.
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
    wanted.check_match()?;
    let upload = spool.end().await?;
    Ok(wanted.with(upload))
}
