//! The query of a request for a film.

use axum::extract::Query;
use axum::http::{StatusCode, Uri};
use impasto::request::table;
use impasto_film::{Codec, FilmSize, Kind, Part, Rate, time};
use serde::Deserialize;

use crate::problem::{Problem, Result};
use crate::request::Wanted;

/// How much of the last frame is kept by default: as in `impasto video`.
const STEADY: f32 = 0.8;

/// How a film is painted and written, apart from its look.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) steady: f32,
    pub(crate) part: Part,
    pub(crate) fps: Option<Rate>,
    pub(crate) size: Option<FilmSize>,
    pub(crate) kind: Kind,
    pub(crate) codec: Option<Codec>,
    pub(crate) crf: Option<u8>,
}

/// The query's parameters, unparsed.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Given {
    steady: Option<String>,
    start: Option<String>,
    end: Option<String>,
    fps: Option<String>,
    size: Option<String>,
    format: Option<String>,
    codec: Option<String>,
    crf: Option<String>,
}

impl Settings {
    /// Parses a query such as `start=0:30&end=0:40&format=webm`.
    pub(crate) fn of_query(uri: &Uri) -> Result<Self> {
        let known = "the query has a parameter that is not known or appears twice; known are steady, start, end, fps, size, format, \
             codec and crf";
        let Query(given) = Query::<Given>::try_from_uri(uri).map_err(|_| Problem::bad(known))?;
        let part = Part { start: read("start", given.start, time)?.unwrap_or(0.0), end: read("end", given.end, time)? };
        if part.end.is_some_and(|end| end <= part.start) {
            return Err(Problem::bad("end must be after start"));
        }
        let share = |text: &str| {
            let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
            share.ok_or_else(|| "must be a number from 0 to 1".to_owned())
        };
        let quality = |text: &str| {
            let crf = text.parse().ok().filter(|crf| (0..=63).contains(crf));
            crf.ok_or_else(|| "must be a whole number from 0 to 63".to_owned())
        };
        Ok(Settings {
            steady: read("steady", given.steady, share)?.unwrap_or(STEADY),
            part,
            fps: read("fps", given.fps, str::parse)?,
            size: read("size", given.size, str::parse)?,
            kind: read("format", given.format, str::parse)?.unwrap_or(Kind::Mp4),
            codec: read("codec", given.codec, str::parse)?,
            crf: read("crf", given.crf, quality)?,
        })
    }
}

fn read<T>(name: &str, text: Option<String>, read: impl FnOnce(&str) -> Result<T, String>) -> Result<Option<T>> {
    text.map(|text| read(&text).map_err(|wrong| Problem::bad(format!("{name}: {wrong}")))).transpose()
}

/// Refuses options that films do not take, rather than ignore them.
pub(crate) fn check<C>(wanted: &Wanted<C>) -> Result<()> {
    let refused = |text: String| Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, text));
    let given = wanted.options.given();
    for row in table().iter().filter(|row| given.contains_key(row.name)) {
        if let Some(why) = row.not_in_films {
            return refused(format!("options.{}: films do not take this option: {why}", row.name));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use impasto_film::{FilmSize, Kind};

    use super::Settings;

    fn of(query: &str) -> Result<Settings, String> {
        Settings::of_query(&format!("/v1/films?{query}").parse().unwrap()).map_err(|problem| problem.detail)
    }

    #[test]
    fn queries_are_read_or_refused() {
        let settings = of("steady=0.5&start=0%3A01&end=1:02.5&size=640&format=webm&crf=30&fps=29.97").unwrap();
        assert_eq!((settings.steady, settings.part.start, settings.part.end), (0.5, 1.0, Some(62.5)));
        assert_eq!((settings.size, settings.kind, settings.crf), (Some(FilmSize::LongSide(640)), Kind::WebM, Some(30)));
        assert_eq!(settings.fps.unwrap().frames, 30_000);
        assert_eq!((of("").unwrap().steady, of("").unwrap().kind), (0.8, Kind::Mp4));
        for (query, word) in [
            ("steady=2", "steady: must be"),
            ("steady=x", "steady"),
            ("start=-1", "start: write a time"),
            ("start=2&end=1", "end must be after start"),
            ("format=gif", "format: must be one of mp4"),
            ("codec=x", "codec"),
            ("crf=64", "crf"),
            ("size=0x4", "size"),
            ("fps=0", "fps"),
            ("path=/etc/passwd", "not known"),
            ("start=1&start=2", "twice"),
        ] {
            let error = of(query).unwrap_err();
            assert!(error.contains(word), "{query}: {error}");
        }
    }
}
