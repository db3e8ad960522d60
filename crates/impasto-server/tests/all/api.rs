//! Every route does what its documentation says.

use crate::common;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::{Running, file, png};
use impasto::picture::{EncodeOptions, Format, Limits, Mask};
use impasto::request::{Options, Reference, Request, sha256};
use impasto::{Colours, Picture, Style, StylizeOptions, Stylizer};
use impasto_server::Served;
use serde_json::{Value, json};

#[test]
fn it_says_what_it_is() {
    let server = Running::plain();
    assert_eq!(server.get("/healthz").text(), "ok\n");
    let info = server.get("/v1/info").json();
    assert_eq!(info["limits"]["max_styles"], 8);
    let styles = server.get("/v1/styles").json();
    assert!(styles["styles"].as_array().unwrap().len() >= 16);
    assert!(styles["styles"].as_array().unwrap().iter().any(|style| style["id"] == "starry" && style["kind"] == "built-in"));
    let models = server.get("/v1/models").json();
    assert_eq!(models["models"][0]["licence"], "MIT OR Apache-2.0");
    assert!(models["cached"].is_array());
    let demo = server.get("/demo.jpg").picture();
    assert_eq!((demo.width(), demo.height()), (960, 640));
    let page = server.get("/");
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let again = server.send("GET", "/", &[("If-None-Match", page.header("etag").unwrap())], b"");
    assert_eq!((again.status, again.body.len()), (304, 0));
    assert_eq!(server.get("/nowhere").complaint(404, "openapi.json"), None);
    let wrong = server.send("DELETE", "/v1/styles", &[], b"");
    assert_eq!(wrong.complaint(405, ""), None);
    assert!(wrong.header("allow").is_some_and(|allowed| allowed.contains("GET") && allowed.contains("POST")), "{}", wrong.head);
    let metrics = server.get("/metrics").text();
    assert!(metrics.contains("impasto_requests_total{route=\"/v1/info\",status=\"200\"} 1"), "{metrics}");
}

#[test]
fn the_pages_files_are_compressed_and_kept() {
    let server = Running::plain();
    let page = server.get("/");
    assert_eq!((page.header("cache-control"), page.header("content-encoding")), (Some("no-cache"), None));
    let text = page.text();
    let script = text.split('"').find(|part| part.ends_with("/main.js")).unwrap();
    let plain = server.get(script);
    assert_eq!(plain.header("cache-control"), Some("public, max-age=31536000, immutable"));
    assert_eq!(plain.header("content-type"), Some("text/javascript; charset=utf-8"));
    let compressed = server.send("GET", script, &[("Accept-Encoding", "br, GZIP;q=0.5")], b"");
    assert_eq!((compressed.header("content-encoding"), compressed.header("vary")), (Some("gzip"), Some("Accept-Encoding")));
    let mut read = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&compressed.body[..]), &mut read).unwrap();
    assert_eq!(read, plain.body);
    assert_eq!(server.send("GET", script, &[("Accept-Encoding", "br, gzip;q=0")], b"").header("content-encoding"), None);
    // Everything that the page refers to exists, and it is small in total.
    let named: Vec<&str> = text.split('"').filter(|part| part.starts_with("/assets/")).collect();
    assert!(named.len() > 20, "{named:?}");
    let gzip = |path: &str| {
        let answer = server.send("GET", path, &[("Accept-Encoding", "gzip")], b"");
        assert_eq!(answer.status, 200, "{path}");
        answer.body.len()
    };
    let all: usize = named.iter().map(|path| gzip(path)).sum::<usize>() + gzip("/");
    assert!(all < 60_000, "{all} bytes");
    // A page of another version gets these files, but does not keep them.
    let other = server.get("/assets/0123456789abcdef/main.js");
    assert_eq!((other.status, other.header("cache-control")), (200, Some("no-cache")));
    assert_eq!(server.get("/assets/0123456789abcdef/nothing.js").status, 404);
    // A page that the browser has seen before. Caches may weaken tags or send several.
    let tag = page.header("etag").unwrap();
    let known = format!("\"other\", W/{tag}");
    assert_eq!(server.send("GET", "/", &[("If-None-Match", &known)], b"").status, 304);
}

#[test]
fn the_description_names_all_routes() {
    let server = Running::plain();
    let document = server.get("/openapi.json").json();
    assert_eq!(document, serde_json::from_str::<Value>(&impasto_server::openapi()).unwrap());
    let paths = document["paths"].as_object().unwrap();
    let routes = [
        "/v1/info",
        "/v1/models",
        "/v1/styles",
        "/v1/styles/{id}",
        "/v1/contents",
        "/v1/contents/{id}",
        "/v1/previews",
        "/v1/stylize",
        "/v1/optimize",
        "/v1/films",
        "/v1/jobs/{id}",
        "/v1/jobs/{id}/events",
        "/v1/jobs/{id}/result",
        "/healthz",
        "/metrics",
    ];
    let mut found: Vec<&str> = paths.keys().map(String::as_str).collect();
    found.sort_unstable();
    let mut expected = routes.to_vec();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

/// The picture that the library paints.
fn painted(content: &[u8], style: &Style, options: &StylizeOptions) -> Picture {
    let content = Picture::decode(content, &Limits::default()).unwrap();
    Stylizer::new().unwrap().stylize_with(&content, style, options, &()).unwrap()
}

fn style_of(picture: &[u8]) -> Style {
    Stylizer::new().unwrap().style(&Picture::decode(picture, &Limits::default()).unwrap()).unwrap()
}

#[test]
fn a_form_paints_as_the_library_does() {
    let server = Running::plain();
    let (content, style) = (png(90, 60), png(70, 80));
    let answer = server.post_form("/v1/stylize", &[("content", &content), ("style", &style)], &[]);
    assert_eq!(answer.header("content-type"), Some("image/png"));
    let expected = painted(&content, &style_of(&style), &StylizeOptions::default());
    assert_eq!(answer.body, expected.encode(Format::Png, &EncodeOptions::default()).unwrap().bytes, "the very bytes");
    // By name, with options, in another format.
    let options = br#"{"strength": 0.5, "colors": "luminance", "stroke": 2, "format": "jpeg", "quality": 80}"#;
    let answer = server.post_form("/v1/stylize", &[("content", &content), ("style_name", b"mosaic"), ("options", options)], &[]);
    assert_eq!(answer.header("content-type"), Some("image/jpeg"));
    let look = StylizeOptions::default().strength(0.5).colours(Colours::Luminance).stroke(2.0);
    let expected = painted(&content, &Style::built_in("mosaic").unwrap(), &look);
    assert_eq!(answer.body, expected.encode(Format::Jpeg, &EncodeOptions::default().quality(80)).unwrap().bytes);
    // A JPEG file stays one, also at another size.
    let answer = server.post_form(
        "/v1/stylize",
        &[("content", &file(90, 60, Format::Jpeg)), ("style_name", b"mosaic"), ("options", br#"{"size": 45}"#)],
        &[],
    );
    assert_eq!(answer.header("content-type"), Some("image/jpeg"));
    assert_eq!((answer.picture().width(), answer.picture().height()), (45, 30));
}

#[test]
fn models_of_another_family_paint_in_styles_of_pictures() {
    let server = Running::of(common::other_model(), |_| {});
    assert_eq!(server.get("/v1/info").json()["built_in_styles"], 0);
    assert_eq!(server.get("/v1/styles").json(), json!({ "styles": [] }));
    let (content, picture) = (png(64, 48), png(40, 40));
    let named = server.post_form("/v1/stylize", &[("content", &content), ("style_name", b"starry")], &[]);
    assert_eq!(named.complaint(404, "style"), None);
    let painted = server.post_form("/v1/stylize", &[("content", &content), ("style", &picture)], &[]);
    assert_eq!(painted.picture().width(), 64);
    let id = server.send("POST", "/v1/styles", &[], &picture).json()["id"].as_str().unwrap().to_owned();
    let by_id = server.post_form("/v1/stylize", &[("content", &content), ("style_id", id.as_bytes())], &[]);
    assert_eq!(by_id.body, painted.body);
    assert!(server.get("/").text().contains("This model has no styles of its own"));
}

#[test]
fn colors_are_matched_as_far_as_is_asked() {
    let server = Running::plain();
    let content = file(64, 48, Format::Png);
    let red: Vec<u8> = (0..40 * 40).flat_map(|i| [200 + (i % 40) as u8, 30, (i / 40) as u8]).collect();
    let style = Picture::from_rgb8([40, 40], &red).unwrap().encode(Format::Png, &EncodeOptions::default()).unwrap().bytes;
    let id = server.send("POST", "/v1/styles", &[], &style).json()["id"].as_str().unwrap().to_owned();
    let look = |source: (&'static str, &[u8]), options: &str| {
        server.post_form("/v1/stylize", &[("content", &content), (source.0, source.1), ("options", options.as_bytes())], &[])
    };
    let mut before = Vec::new();
    for share in ["0", "0.2", "1"] {
        let options = format!("{{\"colors\": \"match\", \"color_strength\": {share}}}");
        let painted = look(("style", &style), &options);
        assert_eq!(painted.status, 200, "{}", painted.text());
        assert_eq!(look(("style_id", id.as_bytes()), &options).body, painted.body, "an uploaded picture is matched, too");
        assert!(!before.contains(&painted.body), "{share}");
        before.push(painted.body);
    }
    assert_eq!(look(("style", &style), "{}").body, before[0], "0 is the style's colours");
    // In the library, the style picture gets the content's colors first.
    let (matched, photo) =
        (Picture::decode(&style, &Limits::default()).unwrap(), Picture::decode(&content, &Limits::default()).unwrap());
    let seen = impasto::StyleSize::default().apply(&matched).unwrap().into_owned().with_colours_of(&photo);
    let expected = painted(&content, &Stylizer::new().unwrap().style(&seen).unwrap(), &StylizeOptions::default());
    assert_eq!(before[2], expected.encode(Format::Png, &EncodeOptions::default()).unwrap().bytes);
    // The colors are those of the content at the size that is painted.
    let small = photo.fit_long_side(32, impasto::picture::Resize::PHOTO).unwrap();
    let seen = impasto::StyleSize::default().apply(&matched).unwrap().into_owned().with_colours_of(&small);
    let stylizer = Stylizer::new().unwrap();
    let expected = stylizer.stylize(&small, &stylizer.style(&seen).unwrap()).unwrap();
    let painted = look(("style", &style), r#"{"colors": "match", "size": 32}"#);
    assert_eq!(painted.body, expected.encode(Format::Png, &EncodeOptions::default()).unwrap().bytes);
    // Without a picture to match, the request is refused, not painted differently.
    let saved = server.send("POST", "/v1/styles", &[], &server.get(&format!("/v1/styles/{id}")).body).json();
    for source in [("style_name", "mosaic"), ("style_id", saved["id"].as_str().unwrap())] {
        let refused = look((source.0, source.1.as_bytes()), r#"{"colors": "match"}"#);
        assert_eq!(refused.complaint(422, "colors could be matched"), None);
    }
}

#[test]
fn results_say_how_they_were_made() {
    let known = Served::new("built-in", Stylizer::builder().threads(2).open().unwrap()).unwrap();
    let server = Running::with(vec![known.files(vec![Reference::of_embedded_model()])], |_| {});
    let (content, style) = (png(64, 48), png(40, 40));
    let answer = |options: &[u8]| {
        let fields = [("content", &*content), ("style", &*style), ("style_name", b"starry"), ("options", options)];
        server.post_form("/v1/stylize", &fields, &[]).picture()
    };
    let picture = answer(br#"{"strength": 0.5, "exact": "32x20", "srgb": true, "weights": [3, 1]}"#);
    assert_eq!((picture.width(), picture.height()), (32, 20));
    let request = Request::from_json(&picture.source().recorded_settings().unwrap()).unwrap();
    let options = json!({ "strength": 0.5, "exact": "32x20", "profile": "srgb", "format": "png" });
    assert_eq!(request.options, Options::read(options.as_object().unwrap()).unwrap());
    assert_eq!(request.content.sha256, Some(sha256(&content)));
    assert_eq!((request.styles[0].style.sha256.clone(), request.styles[0].weight), (Some(sha256(&style)), 3.0));
    assert!(request.styles[1].style.built_in && request.model == [Reference::of_embedded_model()]);
    assert_eq!(answer(br#"{"strip": true}"#).source().recorded_settings(), None);
}

#[test]
fn json_paints_the_same_as_a_form() {
    let server = Running::plain();
    let (content, style) = (png(64, 48), png(40, 40));
    let form = server.post_form(
        "/v1/stylize",
        &[("content", &content), ("style", &style), ("style_name", b"starry"), ("options", br#"{"weights": [3, 1]}"#)],
        &[],
    );
    let body = json!({
        "content": { "picture": STANDARD.encode(&content) },
        "styles": [{ "picture": STANDARD.encode(&style), "weight": 3 }, { "name": "starry" }],
    });
    let json = server.post_json("/v1/stylize", &body);
    assert_eq!(json.status, 200, "{}", json.text());
    assert_eq!(json.body, form.body);
    let starry = Style::built_in("starry").unwrap();
    let blend = Style::blend(&[(&style_of(&style), 3.0), (&starry, 1.0)]).unwrap();
    let expected = painted(&content, &blend, &StylizeOptions::default());
    assert_eq!(json.body, expected.encode(Format::Png, &EncodeOptions::default()).unwrap().bytes);
}

#[test]
fn masks_keep_the_content_and_divide_styles() {
    let server = Running::plain();
    let content = png(60, 40);
    let half = |left: bool| {
        let values: Vec<u8> = (0..60 * 40).flat_map(|i| [if (i % 60 < 30) == left { 255 } else { 0 }; 3]).collect();
        Picture::from_rgb8([60, 40], &values).unwrap().encode(Format::Png, &EncodeOptions::default()).unwrap().bytes
    };
    let before = Picture::decode(&content, &Limits::default()).unwrap();
    let answer = server
        .post_form("/v1/stylize", &[("content", &content), ("style_name", b"mosaic"), ("mask", &half(true))], &[])
        .picture();
    let columns = |picture: &Picture, columns: std::ops::Range<usize>| -> Vec<f32> {
        picture.rgb().chunks(60 * 3).flat_map(|row| row[columns.start * 3..columns.end * 3].to_vec()).collect()
    };
    assert_eq!(columns(&answer, 30..60), columns(&before, 30..60));
    assert_ne!(columns(&answer, 0..30), columns(&before, 0..30));
    let answer = server.post_form(
        "/v1/stylize",
        &[
            ("content", &content),
            ("style_name", b"mosaic"),
            ("style_name", b"starry"),
            ("mask_1", &half(false)),
            ("options", br#"{"feather": 4}"#),
        ],
        &[],
    );
    let mask = Mask::from_picture(&Picture::decode(&half(false), &Limits::default()).unwrap()).unwrap().feather(4.0).unwrap();
    let options = StylizeOptions::default().region(Style::built_in("starry").unwrap(), mask);
    let expected = painted(&content, &Style::built_in("mosaic").unwrap(), &options);
    assert_eq!(answer.body, expected.encode(Format::Png, &EncodeOptions::default()).unwrap().bytes);
}

#[test]
fn styles_and_contents_are_kept_and_forgotten() {
    let server = Running::plain();
    let (content, picture) = (png(96, 64), png(50, 50));
    let made = server.post_form("/v1/styles", &[("style", &picture)], &[]);
    assert_eq!(made.status, 201, "{}", made.text());
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(made.header("location"), Some(format!("/v1/styles/{id}").as_str()));
    let style_file = server.get(&format!("/v1/styles/{id}"));
    assert_eq!(Style::from_bytes(&style_file.body).unwrap().vector(), style_of(&picture).vector());
    // The file can be uploaded as a style again.
    let again = server.send("POST", "/v1/styles", &[("Content-Type", "application/octet-stream")], &style_file.body);
    assert_eq!(again.status, 201, "{}", again.text());
    let by_id = server.post_form("/v1/stylize", &[("content", &content), ("style_id", id.as_bytes())], &[]);
    let direct = server.post_form("/v1/stylize", &[("content", &content), ("style", &picture)], &[]);
    assert_eq!(by_id.body, direct.body);

    // At other sizes than the usual one, too.
    let large = png(600, 500);
    let large_id = server.post_form("/v1/styles", &[("style", &large)], &[]).json()["id"].as_str().unwrap().to_owned();
    for options in [r#"{"style_size": 64}"#, r#"{"style_size": 500}"#, r#"{"exact": "96x64"}"#] {
        let paint = |field: (&str, &[u8])| {
            let answer = server.post_form("/v1/stylize", &[("content", &content), field, ("options", options.as_bytes())], &[]);
            answer.picture()
        };
        assert!(paint(("style_id", large_id.as_bytes())) == paint(("style", &large)), "{options}");
        assert!(paint(("style_id", large_id.as_bytes())) != paint(("style_id", id.as_bytes())), "{options}");
    }

    let kept = server.send("POST", "/v1/contents", &[("Content-Type", "image/png")], &content).json();
    assert_eq!((kept["width"].as_u64(), kept["height"].as_u64(), kept["format"].as_str()), (Some(96), Some(64), Some("png")));
    let kept = kept["id"].as_str().unwrap();
    let by_both = server.post_form("/v1/stylize", &[("content_id", kept.as_bytes()), ("style_id", id.as_bytes())], &[]);
    assert_eq!(by_both.body, direct.body);
    assert_eq!(server.get(&format!("/v1/contents/{kept}")).json()["width"], 96);
    for path in [format!("/v1/contents/{kept}"), format!("/v1/styles/{id}")] {
        assert_eq!(server.send("DELETE", &path, &[], b"").status, 204);
        assert_eq!(server.send("DELETE", &path, &[], b"").complaint(404, "no such"), None);
        assert_eq!(server.get(&path).complaint(404, "no such"), None);
    }
    assert_eq!(server.send("DELETE", "/v1/styles/starry", &[], b"").complaint(404, ""), None, "built-in styles stay");
}

#[test]
fn previews_are_small_paintings() {
    let server = Running::plain();
    let kept = server.send("POST", "/v1/contents", &[], &png(300, 200)).json();
    let body = |size: usize, strength: f32| json!({ "content": kept["id"], "size": size, "styles": [{ "name": "mosaic" }], "options": { "strength": strength } });
    let preview = server.post_json("/v1/previews", &body(128, 1.0));
    assert_eq!(preview.header("content-type"), Some("image/jpeg"));
    assert_eq!((preview.picture().width(), preview.picture().height()), (128, 85));
    let accept = [("Content-Type", "application/json"), ("Accept", "image/png")];
    let as_png = server.send("POST", "/v1/previews", &accept, body(128, 0.0).to_string().as_bytes());
    assert_eq!(as_png.header("content-type"), Some("image/png"));
    // At strength 0 the result is the photo.
    let small =
        Picture::decode(&png(300, 200), &Limits::default()).unwrap().fit_long_side(128, impasto::picture::Resize::PHOTO).unwrap();
    let off = as_png.picture().rgb().iter().zip(small.rgb()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(off < 0.01, "{off}");
    let demo = server.post_json("/v1/previews", &json!({ "content": "demo", "styles": [{ "name": "starry" }] }));
    assert_eq!(demo.picture().width(), 512);
    // Panoramas get small previews.
    let wide = server.send("POST", "/v1/contents", &[], &png(2000, 20)).json();
    let strip = server
        .post_json("/v1/previews", &json!({ "content": wide["id"], "size": 1024, "styles": [{ "name": "starry" }] }))
        .picture();
    assert_eq!((strip.width(), strip.height()), (1024, 10));
    // Previews are never larger than the photo. Those of large photos are as large as a screen.
    let largest = |content: &Value, draft: bool| {
        let body = json!({ "content": content, "size": 2560, "draft": draft, "styles": [{ "name": "starry" }] });
        let picture = server.post_json("/v1/previews", &body).picture();
        [picture.width(), picture.height()]
    };
    assert_eq!(largest(&json!("demo"), false), [960, 640]);
    let large = server.send("POST", "/v1/contents", &[], &file(3000, 2000, Format::Jpeg)).json();
    assert_eq!((largest(&large["id"], false), largest(&large["id"], true)), ([2560, 1707], [2560, 1707]));
}

#[test]
fn a_newer_preview_takes_an_older_ones_place() {
    let server = Running::start(|options| options.jobs = 1);
    let body = json!({ "content": "demo", "size": 1024, "session": "s", "styles": [{ "name": "starry" }], "options": { "strength": 0.4 } });
    let statuses = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| server.post_json("/v1/previews", &body).status)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    assert!(statuses.contains(&200), "{statuses:?}");
    assert!(statuses.contains(&409), "{statuses:?}");
    assert!(statuses.iter().all(|status| [200, 409].contains(status)), "{statuses:?}");
}
