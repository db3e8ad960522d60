//! Requests that are damaged, too large, not permitted, or never end.

use crate::common;

use std::io::Write;
use std::time::{Duration, Instant};

use common::{Answer, Running, multipart, png};
use impasto_server::ServerOptions;
use serde_json::json;

/// Sends these bytes and nothing else.
fn raw(server: &Running, bytes: &[u8]) -> Answer {
    let mut stream = server.connect();
    stream.write_all(bytes).unwrap();
    Answer::read(&mut stream)
}

fn all_told(found: Vec<(String, Option<String>)>) {
    let failures: Vec<_> =
        found.into_iter().filter_map(|(name, complaint)| complaint.map(|what| format!("{name}: {what}"))).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn what_is_wrong_with_a_request_is_said_in_a_line() {
    let server = Running::plain();
    let content = png(40, 30);
    let form = |fields: &[(&str, &[u8])]| server.post_form("/v1/stylize", fields, &[]);
    let with = |options: &'static str| form(&[("content", &content), ("style_name", b"mosaic"), ("options", options.as_bytes())]);
    let json = |text: &str| server.send("POST", "/v1/stylize", &[("Content-Type", "application/json")], text.as_bytes());
    let preview = |text: &str| server.send("POST", "/v1/previews", &[("Content-Type", "application/json")], text.as_bytes());
    let deep = format!("{{\"content\": {}", "[".repeat(100_000));
    let nine: Vec<(&str, &[u8])> = [("content", &content[..])].into_iter().chain([("style_name", &b"mosaic"[..]); 9]).collect();
    let many: Vec<(&str, &[u8])> = vec![("style_name", b"mosaic"); 40];
    let cut = &multipart(&[("content", &content)])[..60];
    let cut_form = format!(
        "POST /v1/stylize HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: multipart/form-data; boundary=XyZ\r\nContent-Length: 60\r\n\r\n",
        server.address
    );
    let cases = [
        ("no content", form(&[("style_name", b"mosaic")]), 400, "content is missing"),
        ("two contents", form(&[("content", &content), ("content", &content), ("style_name", b"x")]), 400, "twice"),
        ("no style", form(&[("content", &content)]), 400, "0 styles"),
        ("many styles", form(&nine), 400, "9 styles"),
        ("many fields", form(&many), 400, "32 fields"),
        ("unknown field", form(&[("kontent", &content)]), 400, "kontent"),
        ("unknown style", form(&[("content", &content), ("style_name", b"../../etc/passwd")]), 404, "no such style"),
        ("nearly a style", form(&[("content", &content), ("style_name", b"Stary")]), 404, "Did you mean \"starry\"?"),
        ("unknown content", form(&[("content_id", b"/etc/passwd"), ("style_name", b"mosaic")]), 404, "no such content"),
        ("style name of bytes", form(&[("content", &content), ("style_name", b"\xff\xfe")]), 400, "not text"),
        ("mask for none", form(&[("content", &content), ("style_name", b"mosaic"), ("mask_3", &content)]), 400, "mask_3"),
        (
            "mask of another shape",
            form(&[("content", &content), ("style_name", b"mosaic"), ("mask", &png(30, 90))]),
            422,
            "proportions",
        ),
        ("content is none", form(&[("content", b"hello"), ("style_name", b"mosaic")]), 415, "content: "),
        ("content is cut", form(&[("content", &content[..content.len() / 2]), ("style_name", b"mosaic")]), 422, "content: "),
        ("style is cut", form(&[("content", &content), ("style", &content[..50])]), 422, "style 1: "),
        ("strength", with(r#"{"strength": 2}"#), 400, "strength"),
        ("strength is no number", with(r#"{"strength": "full"}"#), 400, "options"),
        ("not finite", with(r#"{"strength": 1e99}"#), 400, "options"),
        ("NaN", with(r#"{"strength": NaN}"#), 400, "options"),
        ("negative", with(r#"{"size": -1}"#), 400, "options"),
        ("huge", with(r#"{"size": 99999999}"#), 400, "size"),
        ("unknown option", with(r#"{"path": "/etc/passwd"}"#), 400, "path"),
        ("unknown format", with(r#"{"format": "exe"}"#), 400, "exe"),
        ("weights", with(r#"{"weights": [1, 2]}"#), 400, "2 weights for 1 styles"),
        ("all weights 0", with(r#"{"weights": [0]}"#), 400, "weight 0"),
        (
            "weights in two places",
            json(r#"{"content": {"id": "demo"}, "styles": [{"name": "mosaic", "weight": 2}], "options": {"weights": [1]}}"#),
            400,
            "twice",
        ),
        ("name and id", json(r#"{"content": {"id": "demo"}, "styles": [{"name": "mosaic", "id": "x"}]}"#), 400, "just one"),
        (
            "a mask twice",
            form(&[("content", &content), ("style_name", b"mosaic"), ("mask_0", &content), ("mask_0", &content)]),
            400,
            "mask_0 appears twice",
        ),
        ("a job's name of bytes", server.get("/v1/jobs/%ff"), 400, "not text"),
        ("negative weight", with(r#"{"weights": [-1]}"#), 400, "weight"),
        ("16 bits in JPEG are no problem, but quality 0 is", with(r#"{"quality": 0}"#), 400, "quality"),
        ("deep JSON", json(&deep), 400, "JSON"),
        ("no JSON", json("{"), 400, "JSON"),
        ("empty", json(""), 400, "JSON"),
        ("an array", json("[]"), 400, "JSON"),
        ("lone surrogate", json(r#"{"content": {"id": "\ud800"}, "styles": []}"#), 400, "JSON"),
        ("not base64", json(r#"{"content": {"picture": "***"}, "styles": [{"name": "mosaic"}]}"#), 400, "base64"),
        ("picture and id", json(r#"{"content": {"picture": "", "id": "demo"}, "styles": [{"name": "mosaic"}]}"#), 400, "either"),
        (
            "name and picture",
            json(r#"{"content": {"id": "demo"}, "styles": [{"name": "mosaic", "picture": ""}]}"#),
            400,
            "just one",
        ),
        ("type", server.send("POST", "/v1/stylize", &[("Content-Type", "text/plain")], b"x"), 415, "text/plain"),
        ("no type", server.send("POST", "/v1/stylize", &[], b"x"), 415, "multipart"),
        ("no boundary", server.send("POST", "/v1/stylize", &[("Content-Type", "multipart/form-data")], b"x"), 400, "boundary"),
        (
            "not multipart",
            server.send("POST", "/v1/stylize", &[("Content-Type", "multipart/form-data; boundary=a")], b"x"),
            400,
            "complete",
        ),
        ("cut multipart", raw(&server, &[cut_form.as_bytes(), cut].concat()), 400, "complete"),
        ("preview of none", preview(r#"{"content": "x", "styles": [{"name": "mosaic"}]}"#), 404, "no such content"),
        ("preview's size", preview(r#"{"content": "demo", "size": 4000, "styles": [{"name": "mosaic"}]}"#), 400, "size"),
        ("preview's type", server.send("POST", "/v1/previews", &[], b"{}"), 415, "application/json"),
        ("no body", server.send("POST", "/v1/contents", &[], b""), 400, "empty"),
        ("no picture", server.send("POST", "/v1/styles", &[], b"hello"), 415, "style"),
        ("a style file of nonsense", server.send("POST", "/v1/styles", &[], b"\x02\0\0\0\0\0\0\0{}"), 422, "style"),
        ("another field", server.post_form("/v1/contents", &[("kontent", &content)], &[]), 400, "one field"),
    ];
    all_told(cases.into_iter().map(|(name, answer, status, words)| (name.to_owned(), answer.complaint(status, words))).collect());
}

#[test]
fn large_things_are_refused_before_they_are_done() {
    let server = Running::start(|options| {
        options.max_body = 200_000;
        options.max_pixels = 1_000_000;
        options.max_memory = 300 << 20;
    });
    let kept = png(40, 30);
    // A small file whose header claims a large picture.
    let mut bomb = kept.clone();
    bomb[16..24].copy_from_slice(&[0, 0, 0x7f, 0xff, 0, 0, 0x7f, 0xff]);
    let blank = impasto::Picture::from_rgb8([1200, 1000], &vec![9; 1200 * 1000 * 3]).unwrap();
    let many_pixels = blank.encode(impasto::picture::Format::Png, &impasto::picture::EncodeOptions::default()).unwrap().bytes;
    let form = |content: &[u8]| server.post_form("/v1/stylize", &[("content", content), ("style_name", b"mosaic")], &[]);
    let sized = |options: &[u8]| {
        server.post_form("/v1/stylize", &[("content", &kept), ("style_name", b"mosaic"), ("options", options)], &[])
    };
    // A form's text before its first field, and a field's header, that do not end.
    let endless = |start: &[u8]| {
        let kind = [("Content-Type", "multipart/form-data; boundary=XyZ")];
        server.send("POST", "/v1/stylize", &kind, &[start, &vec![b'a'; 1 << 20]].concat())
    };
    let cases = [
        ("bomb", form(&bomb), 413, ""),
        ("pixels", form(&many_pixels), 413, ""),
        ("body", form(&vec![0; 300_000]), 413, "larger than 200000"),
        ("JSON body", server.post_json("/v1/stylize", &json!({ "x": "y".repeat(300_000) })), 413, "larger than 200000"),
        ("style", server.send("POST", "/v1/styles", &[], &bomb), 413, ""),
        ("content", server.send("POST", "/v1/contents", &[], &many_pixels), 413, ""),
        ("enlarging", sized(br#"{"size": 32000}"#), 413, "pixels"),
        ("an exact size", sized(br#"{"exact": "1001x1000"}"#), 413, "pixels"),
        // Planning bands for it would take a minute.
        ("a preview of much", sized(br#"{"stroke": "native", "preview_of": "300x1000000"}"#), 413, "pixels"),
        ("no field", endless(b""), 413, "larger than 200000"),
        ("a long header", endless(b"--XyZ\r\nContent-Disposition: form-data; name=\""), 413, "larger than 200000"),
    ];
    all_told(cases.into_iter().map(|(name, answer, status, words)| (name.to_owned(), answer.complaint(status, words))).collect());
    assert_eq!((server.gauge("memory_reserved_bytes"), server.gauge("pictures_pending")), (0, 0));
    assert_eq!(form(&kept).status, 200, "it goes on");
}

#[test]
fn more_than_the_queue_holds_is_turned_away() {
    let server = Running::start(|options| {
        options.jobs = 1;
        options.queue = 1;
    });
    let content = png(1600, 1200);
    let later = [("Prefer", "respond-async")];
    let begin = || server.post_form("/v1/stylize", &[("content", &content), ("style_name", b"mosaic")], &later);
    let (first, second, third) = (begin(), begin(), begin());
    assert_eq!((first.status, second.status), (202, 202));
    assert_eq!(third.complaint(429, "try again"), None);
    assert!(third.header("retry-after").is_some());
    for job in [first, second] {
        server.send("DELETE", job.header("location").unwrap(), &[], b"");
    }
    server.until("places were not given back", || server.gauge("pictures_pending") == 0);
    assert_eq!(begin().status, 202);
}

#[test]
fn who_does_not_move_is_cut_off() {
    let server = Running::start(|options| options.timeout = Duration::from_millis(700));
    let start = Instant::now();
    // Half a head, half a body, and nothing at all.
    let head = format!(
        "POST /v1/stylize HTTP/1.1\r\nHost: {}\r\nContent-Type: multipart/form-data; boundary=XyZ\r\nContent-Length: 1000\r\n\r\n--XyZ",
        server.address
    );
    for text in [&head[..20], &head[..], ""] {
        let mut stream = server.connect();
        stream.write_all(text.as_bytes()).unwrap();
        let mut rest = Vec::new();
        let _ = std::io::Read::read_to_end(&mut stream, &mut rest);
        assert!(
            rest.is_empty() || rest.starts_with(b"HTTP/1.1 503") || rest.starts_with(b"HTTP/1.1 40"),
            "{}",
            String::from_utf8_lossy(&rest)
        );
    }
    assert!(start.elapsed() < Duration::from_secs(90), "{:?}", start.elapsed());
    server.until("a place was kept", || server.gauge("pictures_pending") == 0);
    // A painting that takes longer than the timeout.
    let slow = Running::start(|options| options.timeout = Duration::from_millis(150));
    let answer = slow.post_form("/v1/stylize", &[("content", &png(3000, 2200)), ("style_name", b"mosaic")], &[]);
    assert_eq!(answer.complaint(503, "too long"), None);
    // Also if the body arrives together with the head, so that the connection is silent for the whole time.
    let body = serde_json::json!({ "content": { "id": "demo" }, "styles": [{ "name": "mosaic" }], "options": { "size": 6000 } });
    for _ in 0..3 {
        assert_eq!(slow.post_json("/v1/stylize", &body).complaint(503, "too long"), None);
    }
    slow.until("it went on", || slow.gauge("pictures_pending") == 0);
}

#[test]
fn what_is_kept_expires() {
    let server = Running::start(|options| options.expire = Duration::from_millis(300));
    let kept = server.send("POST", "/v1/contents", &[], &png(40, 30)).json();
    let path = format!("/v1/contents/{}", kept["id"].as_str().unwrap());
    assert_eq!(server.get(&path).status, 200);
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(server.get(&path).complaint(404, "expired"), None);
    // Entries also expire if nobody asks for them.
    server.send("POST", "/v1/contents", &[], &png(40, 30));
    server.until("memory is kept", || server.gauge("memory_reserved_bytes") == 0);
}

#[test]
fn a_token_is_asked_for_where_there_is_one() {
    const TOKEN: &str = "a-token-of-16-characters";
    let server = Running::start(|options| options.token = Some(TOKEN.into()));
    let with = |value: &str| server.send("GET", "/v1/info", &[("Authorization", value)], b"");
    for wrong in ["", "Bearer", "Bearer x", "Basic YTpi", "Bearer a-token-of-16-character", "Token a-token-of-16-characters"] {
        let answer = with(wrong);
        assert_eq!(answer.complaint(401, "Bearer"), None, "{wrong}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    assert_eq!(server.get("/metrics").status, 401);
    for scheme in ["Bearer", "bearer", "BEARER"] {
        assert_eq!(with(&format!("{scheme} {TOKEN}")).status, 200, "{scheme}");
    }
    assert_eq!((server.get("/healthz").status, server.get("/").status), (200, 200));
    // With a token, any host name is accepted.
    let named =
        server.send("GET", "/v1/info", &[("Authorization", &format!("Bearer {TOKEN}")), ("Host", "paint.example.org")], b"");
    assert_eq!(named.status, 200);
}

#[test]
fn other_peoples_pages_may_not_use_it() {
    let server = Running::plain();
    for host in ["evil.example", "127.0.0.1.evil.example", "", "localhost.evil.example:80"] {
        let answer = server.send("GET", "/v1/info", &[("Host", host)], b"");
        assert_eq!(answer.complaint(421, "own address"), None, "{host}");
    }
    for host in ["localhost:8300", "127.0.0.1", "[::1]:8300", "LOCALHOST"] {
        assert_eq!(server.send("GET", "/v1/info", &[("Host", host)], b"").status, 200, "{host}");
    }
    let two = format!("GET /v1/info HTTP/1.1\r\nHost: {}\r\nHost: evil.example\r\nConnection: close\r\n\r\n", server.address);
    assert_eq!(raw(&server, two.as_bytes()).complaint(400, "more than one Host"), None);
    let body = json!({ "content": "demo", "size": 64, "styles": [{ "name": "mosaic" }] }).to_string();
    let post = |server: &Running, origin: &str| {
        server.send("POST", "/v1/previews", &[("Content-Type", "application/json"), ("Origin", origin)], body.as_bytes())
    };
    assert_eq!(post(&server, "https://evil.example").complaint(403, "other pages"), None);
    assert_eq!(post(&server, "null").complaint(403, ""), None);
    assert_eq!(post(&server, &format!("http://{}", server.address)).status, 200, "its own page");
    let answer = server.get("/v1/info");
    assert_eq!(answer.header("access-control-allow-origin"), None);
    for (name, value) in [("x-content-type-options", "nosniff"), ("x-frame-options", "DENY"), ("cache-control", "no-store")] {
        assert_eq!(answer.header(name), Some(value));
    }
    assert!(answer.header("content-security-policy").is_some_and(|policy| policy.starts_with("default-src 'none'")));

    let open = Running::start(|options| options.cors = Some("https://app.example".into()));
    let leave = [("Origin", "https://app.example"), ("Access-Control-Request-Method", "POST")];
    let answer = open.send("OPTIONS", "/v1/previews", &leave, b"");
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (204, Some("https://app.example")));
    let answer = post(&open, "https://app.example");
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, Some("https://app.example")));
    assert_eq!(post(&open, "https://evil.example").complaint(403, ""), None);
    // A cache must not give a page what it keeps for another.
    assert_eq!(open.get("/v1/info").header("vary"), Some("Origin"));
}

#[test]
fn an_open_address_needs_a_token() {
    let mut options = ServerOptions::default();
    options.address = ([0, 0, 0, 0], 0).into();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let bind = |options: ServerOptions| {
        runtime
            .block_on(impasto_server::Server::bind(
                vec![impasto_server::Served::new("built-in", impasto::Stylizer::new().unwrap()).unwrap()],
                options,
            ))
            .map(|_| ())
            .map_err(|e| e.to_string())
    };
    assert!(bind(options.clone()).unwrap_err().contains("token"));
    options.token = Some("short".into());
    assert!(bind(options.clone()).unwrap_err().contains("16 characters"));
    options.token = Some("a-token-of-16-characters".into());
    for wrong in ["https://app.example/", "https://app.example/page", "app.example", "https://", "ftp://app.example"] {
        options.cors = Some(wrong.into());
        assert!(bind(options.clone()).unwrap_err().contains("origin"), "{wrong}");
    }
    options.cors = Some("https://app.example".into());
    bind(options).unwrap();
}

/// Sends the head of a request, and leaves its body to come.
fn dripping(server: &Running) -> std::net::TcpStream {
    let mut stream = server.connect();
    let head = format!("POST /v1/contents HTTP/1.1\r\nHost: {}\r\nContent-Length: 100000\r\n\r\n", server.address);
    let _ = stream.write_all(head.as_bytes());
    stream
}

#[test]
fn slow_bodies_do_not_lock_others_out() {
    const CONNECTIONS: usize = 32;
    let server = Running::start(|options| options.connections = CONNECTIONS);
    // Send only the head: a byte that the server has not read when it closes the connection would destroy its answer.
    let mut first = dripping(&server);
    let mut slow: Vec<_> = (0..8 * CONNECTIONS).map(|_| dripping(&server)).collect();
    for _ in 0..5 {
        // Refused connections are closed.
        slow.iter_mut().for_each(|stream| drop(stream.write_all(b"x")));
        assert_eq!(server.get("/healthz").text(), "ok\n");
        std::thread::sleep(Duration::from_millis(200));
    }
    server.until("nobody else is let in", || {
        server.post_json("/v1/previews", &json!({ "content": "demo", "size": 64, "styles": [{ "name": "mosaic" }] })).status
            == 200
    });
    let told = Answer::read(&mut first);
    assert_eq!(told.complaint(408, "too slowly"), None);
}

#[test]
fn all_connections_taken_the_server_says_that_it_is_up() {
    let server = Running::start(|options| options.connections = 4);
    let _silent: Vec<_> = (0..4).map(|_| server.connect()).collect();
    server.until("the connections are not taken", || server.get("/v1/info").status == 503);
    assert_eq!(server.get("/v1/info").complaint(503, "connections are taken"), None);
    assert_eq!(server.get("/healthz").text(), "ok\n");
}

#[test]
fn who_sends_too_much_reads_why_it_is_refused() {
    const TOKEN: &str = "a-token-of-16-characters";
    let server = Running::start(|options| {
        options.max_body = 200_000;
        options.token = Some(TOKEN.into());
    });
    // More than the system buffers, so the server has to read all of it.
    let body = vec![7; 32 << 20];
    for (token, status) in [(TOKEN, 413), ("another-token-of-some-length", 401)] {
        let mut stream = server.connect();
        let head = format!(
            "POST /v1/contents HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&body).unwrap();
        assert_eq!(Answer::read(&mut stream).complaint(status, ""), None);
    }
}

/// Bodies count for the memory of all requests while they arrive.
#[test]
fn bodies_are_received_within_the_memory() {
    let server = Running::start(|options| {
        options.max_memory = 8 << 20;
        options.max_body = 64 << 20;
    });
    let send = |bytes: usize| {
        let mut stream = server.connect();
        let head = format!(
            "POST /v1/contents HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: 30000000\r\n\r\n",
            server.address
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&vec![7; bytes]).unwrap();
        stream
    };
    // Two that wait hold most of it.
    let waiting: Vec<_> = (0..2).map(|_| send(3 << 20)).collect();
    server.until("bodies are not counted", || server.gauge("memory_reserved_bytes") >= 6 << 20);
    assert_eq!(Answer::read(&mut send(30_000_000)).complaint(429, "memory"), None);
    drop(waiting);
    server.until("memory is kept", || server.gauge("memory_reserved_bytes") == 0);
}

#[test]
fn the_canvas_of_strokes_and_the_size_of_styles_are_counted() {
    // A model that paints in one piece.
    let server = Running::of(common::other_model(), |options| options.max_memory = 150 << 20);
    let (content, style) = (png(800, 600), png(64, 64));
    let with =
        |options: &[u8]| server.post_form("/v1/stylize", &[("content", &content), ("style", &style), ("options", options)], &[]);
    assert_eq!(with(b"{}").status, 200);
    // Sixteen times the pixels.
    assert_eq!(with(br#"{"stroke": 0.25}"#).complaint(413, "memory"), None);
    assert_eq!(with(br#"{"style_size": 4096}"#).complaint(413, "memory"), None);
    assert_eq!(with(br#"{"style_size": 5000}"#).complaint(400, "16 to 4096"), None);
}
