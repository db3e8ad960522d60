//! Painting by optimization: jobs with a limited number of steps.

use crate::common;

use common::{Answer, Running, png};
use impasto::Picture;
use impasto::picture::{Limits, Resize};
use serde_json::json;

/// Waits for a job and returns its picture.
fn finished(server: &Running, answer: &Answer) -> Picture {
    assert_eq!(answer.status, 202, "{}", answer.text());
    let path = answer.header("location").unwrap();
    let events = server.get(&format!("{path}/events")).text();
    assert!(events.contains("event: done"), "{events}");
    server.get(&format!("{path}/result")).picture()
}

fn difference(a: &Picture, b: &Picture) -> f32 {
    assert_eq!((a.width(), a.height()), (b.width(), b.height()));
    a.rgb().iter().zip(b.rgb()).map(|(a, b)| (a - b).abs()).sum::<f32>() / a.rgb().len() as f32
}

#[test]
fn it_paints_in_pictures_and_built_in_styles() {
    let server = Running::plain();
    let (content, style) = (png(96, 64), png(80, 80));
    let photo = Picture::decode(&content, &Limits::default()).unwrap();
    let options = br#"{"size": 64}"#;
    let form = [("content", &content[..]), ("style", &style[..]), ("options", &options[..])];
    let few = finished(&server, &server.post_form("/v1/optimize?steps=2", &form, &[]));
    assert_eq!((few.width(), few.height()), (64, 43));
    let more = finished(&server, &server.post_form("/v1/optimize?steps=12", &form, &[]));
    assert!(difference(&few, &more) > 0.003, "steps make no difference: {}", difference(&few, &more));
    assert!(difference(&more, &photo.fit_long_side(64, Resize::PHOTO).unwrap()) > 0.01);
    // The weight of the style makes a difference. Whether a request is a form or JSON does not.
    let heavy = finished(&server, &server.post_form("/v1/optimize?steps=12&style_weight=60", &form, &[]));
    assert!(difference(&heavy, &more) > 0.002, "{}", difference(&heavy, &more));
    let body =
        json!({ "content": { "id": "demo" }, "styles": [{ "name": "mosaic" }], "options": { "size": 48, "format": "png" } });
    let mosaic = finished(&server, &server.post_json("/v1/optimize?steps=2", &body));
    assert_eq!((mosaic.width(), mosaic.height()), (48, 32));
    let grey = json!({
        "content": { "id": "demo" }, "styles": [{ "name": "mosaic" }], "options": { "size": 48, "format": "png", "colors": "luminance" },
    });
    let grey = finished(&server, &server.post_json("/v1/optimize?steps=2", &grey));
    assert!(difference(&grey, &mosaic) > 0.01);
    let kept = server.gauge("memory_reserved_bytes");
    assert!(kept < 1 << 20, "{kept} bytes are not given back");
}

#[test]
fn jobs_take_turns_in_the_order_of_their_requests() {
    let server = Running::plain();
    let body = json!({ "content": { "id": "demo" }, "styles": [{ "name": "mosaic" }], "options": { "size": 48 } });
    for round in 0..4 {
        let post = |_| {
            let answer = server.post_json("/v1/optimize?steps=1", &body);
            assert_eq!(answer.status, 202, "{}", answer.text());
            answer.header("location").unwrap().to_owned()
        };
        let jobs: Vec<String> = (0..4).map(post).collect();
        for (i, job) in jobs.iter().enumerate().rev() {
            let done = || server.get(job).json()["status"] == "done";
            if i + 1 == jobs.len() {
                server.until("the last does not end", done);
            }
            assert!(done(), "round {round}: the last of {} jobs is done before job {i}", jobs.len());
        }
    }
}

#[test]
fn it_is_canceled() {
    let server = Running::plain();
    let body = json!({ "content": { "id": "demo" }, "styles": [{ "name": "mosaic" }] });
    let jobs: Vec<String> = (0..4)
        .map(|_| {
            let answer = server.post_json("/v1/optimize?steps=500", &body);
            assert_eq!(answer.status, 202, "{}", answer.text());
            answer.header("location").unwrap().to_owned()
        })
        .collect();
    server.until("it makes no progress", || server.get(&jobs[0]).json()["progress"].as_f64().unwrap() > 0.0);
    // Optimizations run one at a time, and paintings need not wait for them.
    assert_eq!(server.get(&jobs[1]).json()["status"], "queued");
    let content = png(60, 40);
    assert_eq!(server.post_form("/v1/stylize", &[("content", &content), ("style_name", b"mosaic")], &[]).status, 200);
    assert_eq!(server.post_json("/v1/optimize", &body).complaint(429, "waiting"), None);
    // Those that wait end at once, while the first goes on.
    let (first, waiting) = jobs.split_first().unwrap();
    for job in waiting {
        assert_eq!(server.send("DELETE", job, &[], b"").status, 204);
        server.until("it did not end", || server.get(job).json()["status"] == "cancelled");
    }
    assert_eq!(server.get(first).json()["status"], "running");
    assert_eq!(server.send("DELETE", first, &[], b"").status, 204);
    server.until("it did not end", || server.get(first).json()["status"] == "cancelled");
    server.until("its place was not given back", || server.post_json("/v1/optimize?steps=0", &body).status == 400);
}

#[test]
fn what_it_cannot_do_is_refused() {
    let server = Running::start(|options| options.max_memory = 300 << 20);
    let base =
        |options: serde_json::Value| json!({ "content": { "id": "demo" }, "styles": [{ "name": "mosaic" }], "options": options });
    let mut wrong: Vec<String> = Vec::new();
    let mut expect = |what: &str, answer: Answer, status: u16, words: &str| {
        wrong.extend(answer.complaint(status, words).map(|found| format!("{what}: {found}")));
    };
    for query in ["steps=0", "steps=501", "steps=x", "style_weight=-1", "style_weight=inf", "step=3"] {
        expect(query, server.post_json(&format!("/v1/optimize?{query}"), &base(json!({}))), 400, "");
    }
    for name in ["strength", "color_strength", "stroke", "grain", "style_size"] {
        let value = if name == "style_size" { json!(64) } else { json!(0.5) };
        expect(name, server.post_json("/v1/optimize", &base(json!({ name: value }))), 422, name);
    }
    expect("colors", server.post_json("/v1/optimize", &base(json!({ "colors": "content" }))), 422, "luminance");
    expect("size", server.post_json("/v1/optimize", &base(json!({ "size": 1025 }))), 400, "1024");
    let mut masked = base(json!({}));
    masked["mask"] = json!("AAAA");
    expect("mask", server.post_json("/v1/optimize", &masked), 422, "mask");
    assert_eq!(wrong, [""; 0]);
    // Errors that only show up while it is painted end the job with a reason.
    let fails = |answer: &Answer| {
        assert_eq!(answer.status, 202, "{}", answer.text());
        let path = answer.header("location").unwrap().to_owned();
        server.until("the job did not end", || server.get(&path).json()["status"] == "failed");
        server.get(&path).json()["error"]["detail"].as_str().unwrap().to_owned()
    };
    let style = impasto::Style::built_in("mosaic").unwrap().to_bytes().unwrap();
    let id = server.send("POST", "/v1/styles", &[], &style).json()["id"].clone();
    let body = json!({ "content": { "id": "demo" }, "styles": [{ "id": id }], "options": { "size": 48 } });
    let made = server.post_json("/v1/optimize?steps=1", &body);
    // The same vector under the same name is the built-in style, which can be drawn. A renamed one cannot.
    assert_eq!(made.status, 202, "{}", made.text());
    let other = impasto::Style::built_in("mosaic").unwrap().mix(&impasto::Style::built_in("waves").unwrap(), 0.5).unwrap();
    let id = server.send("POST", "/v1/styles", &[], &other.to_bytes().unwrap()).json()["id"].clone();
    let body = json!({ "content": { "id": "demo" }, "styles": [{ "id": id }], "options": { "size": 48 } });
    let reason = fails(&server.post_json("/v1/optimize?steps=1", &body));
    assert!(reason.starts_with("style 1: a style file has no picture"), "{reason}");
    let reason = fails(&server.post_form("/v1/optimize", &[("content", b"\x89PNG"), ("style_name", b"mosaic")], &[]));
    assert!(reason.starts_with("content"), "{reason}");
}
