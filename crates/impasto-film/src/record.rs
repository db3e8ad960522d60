//! The record of how a film was painted.

use impasto::request::{Reference, Request, Size, shortest};
use serde_json::{Map, Value, json};

use crate::probe::Part;
use crate::rate::Rate;

/// How a film was painted. The film's metadata holds it as JSON: `request` is the same
/// as for pictures, `film` is only for films.
///
/// ```json
/// {"request": {"version": 3, "content": {"name": "walk.mp4", "sha256": "…"}, …},
///  "film": {"steady": 0.8, "size": "640x360", "start": 30.0, "end": 40.0, "fps": "25/1",
///           "style_at": [{"at": 5.0, "style": {"name": "waves.jpg", "sha256": "…"}}]}}
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The request. Its content is the original film.
    pub request: Request,
    /// How much of the last frame was kept: 0 to 1.
    pub steady: f32,
    /// Size of the result in pixels.
    pub size: Size,
    /// Styles that begin later, with their times in seconds.
    pub style_at: Vec<(f64, Reference)>,
    /// The part of the film that was painted.
    pub part: Part,
    /// The frame rate, if it is not the original film's.
    pub fps: Option<Rate>,
}

impl Record {
    /// The record as JSON, for the film's metadata.
    pub fn to_json(&self) -> String {
        let mut film = Map::new();
        film.insert("steady".into(), shortest(self.steady).into());
        film.insert("size".into(), self.size.to_string().into());
        let changes = self.style_at.iter().map(|(at, style)| json!({ "at": at, "style": style })).collect::<Vec<_>>();
        let mut given = |name: &str, value: Option<Value>| value.map(|value| film.insert(name.into(), value));
        given("style_at", Some(changes).filter(|changes| !changes.is_empty()).map(Value::from));
        given("start", Some(self.part.start).filter(|&start| start > 0.0).map(Value::from));
        given("end", self.part.end.map(Value::from));
        given("fps", self.fps.map(|rate| rate.to_string().into()));
        json!({ "request": self.request, "film": film }).to_string()
    }
}
