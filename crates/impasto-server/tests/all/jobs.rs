//! Jobs that no client waits for: progress, results, cancelling.

use crate::common;

use std::io::{Read, Write};

use common::{Running, png};

const LATER: [(&str, &str); 1] = [("Prefer", "respond-async")];

fn begin(server: &Running, content: &[u8]) -> String {
    let answer = server.post_form("/v1/stylize", &[("content", content), ("style_name", b"mosaic")], &LATER);
    assert_eq!(answer.status, 202, "{}", answer.text());
    let path = answer.header("location").unwrap().to_owned();
    assert_eq!(format!("/v1/jobs/{}", answer.json()["id"].as_str().unwrap()), path);
    path
}

#[test]
fn a_job_tells_its_progress_and_keeps_its_picture() {
    let server = Running::plain();
    let content = png(400, 300);
    let path = begin(&server, &content);
    // The event stream ends with the job.
    let events = server.get(&format!("{path}/events"));
    assert_eq!(events.header("content-type"), Some("text/event-stream"));
    let text = events.text();
    let names: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    assert_eq!(names.last(), Some(&"done"), "{text}");
    assert!(names[..names.len() - 1].iter().all(|name| *name == "progress"), "{text}");
    let last = text.lines().filter_map(|line| line.strip_prefix("data: ")).next_back().unwrap();
    let last: serde_json::Value = serde_json::from_str(last).unwrap();
    assert_eq!((last["status"].as_str(), last["progress"].as_f64()), (Some("done"), Some(1.0)));
    let result = server.get(last["result"].as_str().unwrap());
    let direct = server.post_form("/v1/stylize", &[("content", &content), ("style_name", b"mosaic")], &[]);
    assert_eq!((result.status, &result.body), (200, &direct.body));
    assert_eq!(server.send("DELETE", &path, &[], b"").status, 204);
    assert_eq!(server.get(&path).complaint(404, "no such job"), None);
    assert_eq!(server.get(&format!("{path}/result")).complaint(404, ""), None);
}

/// A client that only listens is not cut off, however long the work takes.
#[test]
fn events_are_sent_longer_than_a_request_may_take() {
    let server = Running::start(|options| {
        options.timeout = std::time::Duration::from_millis(300);
        options.jobs = 1;
    });
    // Keeps the next one waiting for longer than that.
    let first = begin(&server, &png(2600, 2000));
    let second = begin(&server, &png(40, 30));
    let start = std::time::Instant::now();
    let events = server.get(&format!("{second}/events")).text();
    eprintln!("the events took {:?}", start.elapsed());
    assert!(events.contains("event: done"), "{events}");
    assert_eq!(server.get(&format!("{first}/result")).status, 200);
}

#[test]
fn a_cancelled_job_stops() {
    let server = Running::start(|options| options.jobs = 1);
    // Large enough not to be done before it is cancelled. The first job keeps the second waiting.
    let content = png(3000, 2000);
    let (first, second) = (begin(&server, &content), begin(&server, &content));
    assert_eq!(server.get(&format!("{second}/result")).complaint(409, "still"), None);
    for path in [&second, &first] {
        assert_eq!(server.send("DELETE", path, &[], b"").status, 204);
    }
    for path in [&first, &second] {
        server.until("the job did not end", || server.get(path).json()["status"] == "cancelled");
        assert_eq!(server.get(&format!("{path}/result")).complaint(409, "cancelled"), None);
    }
    server.until("its place was not given back", || server.gauge("pictures_pending") == 0);
}

#[test]
fn a_job_that_cannot_be_done_says_why() {
    let server = Running::plain();
    let path = begin(&server, b"\x89PNG\r\n\x1a\n and no more");
    server.until("the job did not end", || server.get(&path).json()["status"] == "failed");
    let view = server.get(&path).json();
    assert!(view["error"]["detail"].as_str().unwrap().starts_with("content: "), "{view}");
    assert_eq!(server.get(&format!("{path}/result")).complaint(422, "content: "), None);
}

#[test]
fn whoever_hangs_up_costs_nothing() {
    let server = Running::start(|options| options.jobs = 1);
    let content = png(3000, 2000);
    let body = common::multipart(&[("content", &content), ("style_name", b"mosaic")]);
    let start = std::time::Instant::now();
    for _ in 0..4 {
        let mut stream = server.connect();
        let head = format!(
            "POST /v1/stylize HTTP/1.1\r\nHost: {}\r\nContent-Type: multipart/form-data; boundary=XyZ\r\nContent-Length: {}\r\n\r\n",
            server.address,
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&body).unwrap();
        server.until("it did not begin", || server.gauge("pictures_pending") > 0);
        drop(stream);
        server.until("it went on", || server.gauge("pictures_pending") == 0);
    }
    println!("four were begun and dropped in {:?}", start.elapsed());
    server.until("memory was not given back", || server.gauge("memory_reserved_bytes") == 0);
    // A client that only listens to a job's events and disconnects does not cancel the job.
    let path = begin(&server, &png(600, 400));
    let mut stream = server.connect();
    stream.write_all(format!("GET {path}/events HTTP/1.1\r\nHost: {}\r\n\r\n", server.address).as_bytes()).unwrap();
    let _ = stream.read(&mut [0; 64]).unwrap();
    drop(stream);
    server.until("the job did not end", || server.get(&path).json()["status"] == "done");
}
