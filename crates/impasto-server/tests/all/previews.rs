//! Previews look like the full-size painting, and what they measure is measured once.

use crate::common;

use common::Running;
use impasto::picture::{EncodeOptions, Format, Limits, Resize};
use impasto::{Picture, Style, StylizeOptions, Stylizer};
use serde_json::{Value, json};

/// A photo with edges and gradients everywhere.
fn scene(width: usize, height: usize) -> Vec<u8> {
    let drawn = impasto_draw::content::landscape(width, height, 5);
    let picture = Picture::from_rgb_f32([drawn.width, drawn.height], drawn.rgb).unwrap();
    picture.encode(Format::Png, &EncodeOptions::default()).unwrap().bytes
}

fn difference(a: &Picture, b: &Picture) -> f32 {
    assert_eq!((a.width(), a.height()), (b.width(), b.height()));
    a.rgb().iter().zip(b.rgb()).map(|(a, b)| (a - b).abs()).sum::<f32>() / a.rgb().len() as f32
}

fn preview(server: &Running, content: &Value, size: usize, options: &Value) -> Picture {
    let body = json!({ "content": content, "size": size, "styles": [{ "name": "mosaic" }], "options": options }).to_string();
    server
        .send("POST", "/v1/previews", &[("Content-Type", "application/json"), ("Accept", "image/png")], body.as_bytes())
        .picture()
}

#[test]
fn a_preview_is_the_full_painting_made_smaller() {
    let server = Running::plain();
    let bytes = scene(1500, 1000);
    let content = server.send("POST", "/v1/contents", &[], &bytes).json()["id"].clone();
    let photo = Picture::decode(&bytes, &Limits::default()).unwrap();
    let stylizer = Stylizer::new().unwrap();
    let style = Style::built_in("mosaic").unwrap();
    let plain = StylizeOptions::default();
    for (options, asked) in [
        (plain.clone(), json!({})),
        (plain.clone().strength(0.6), json!({ "strength": 0.6 })),
        (plain.clone().stroke(2.0), json!({ "stroke": 2 })),
        (plain.stroke(0.5), json!({ "stroke": 0.5 })),
    ] {
        let full = stylizer.stylize_with(&photo, &style, &options, &()).unwrap();
        for size in [300, 1200] {
            let seen = preview(&server, &content, size, &asked);
            let expected = full.fit_long_side(size, Resize::PHOTO).unwrap();
            let apart = difference(&seen, &expected);
            assert!(apart < 0.02, "{asked} at {size}: {apart}");
        }
    }
    // A result of another size has different strokes, and so does its preview.
    let small = preview(&server, &content, 300, &json!({ "size": 300 }));
    let resized = photo.fit_long_side(300, Resize::PHOTO).unwrap();
    let expected = stylizer.stylize(&resized, &style).unwrap();
    assert!(difference(&small, &expected) < 0.01, "{}", difference(&small, &expected));
    assert!(difference(&small, &preview(&server, &content, 300, &json!({}))) > 0.02);
}

#[test]
fn what_was_kept_changes_no_byte() {
    let bytes = scene(700, 500);
    let ask = |server: &Running, content: &Value, strength: f32| {
        let body = json!({ "content": content, "styles": [{ "name": "waves" }], "options": { "strength": strength } });
        let answer = server.post_json("/v1/previews", &body);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.body
    };
    let upload = |server: &Running| server.send("POST", "/v1/contents", &[], &bytes).json()["id"].clone();
    let (server, other) = (Running::plain(), Running::plain());
    let (content, fresh) = (upload(&server), upload(&other));
    let first = ask(&server, &content, 0.4);
    let second = ask(&server, &content, 0.7);
    assert_eq!(ask(&server, &content, 0.4), first);
    // A server that has nothing in its caches gives the same bytes.
    assert_eq!(ask(&other, &fresh, 0.7), second);
    assert_ne!(first, second);
}

#[test]
fn a_draft_of_fine_strokes_is_quick() {
    let server = Running::plain();
    let content = server.send("POST", "/v1/contents", &[], &scene(2000, 1400)).json()["id"].clone();
    let time = |draft: bool| {
        let body = json!({
            "content": content, "size": 320, "draft": draft, "styles": [{ "name": "mosaic" }], "options": { "stroke": 0.25 },
        });
        let start = std::time::Instant::now();
        assert_eq!(server.post_json("/v1/previews", &body).status, 200);
        start.elapsed()
    };
    // The photo is reduced only once.
    time(true);
    let (draft, true_strokes) = (time(true), time(false));
    assert!(draft * 4 < true_strokes, "{draft:?} and {true_strokes:?}");
}
