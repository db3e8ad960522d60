//! Several models on one server, which requests choose by name.

use crate::common;

use common::{Running, other_model, png};
use impasto::networks::Architecture;
use impasto::picture::Limits;
use impasto::weights::{Tensor, Weights};
use impasto::{ErrorKind, Model, Picture, StylizeOptions, Stylizer};
use impasto_server::{Served, Server, ServerOptions};
use serde_json::{Value, json};

/// A network with three styles.
pub(crate) fn three() -> Stylizer {
    network(3)
}

/// A network with this many styles.
fn network(styles: usize) -> Stylizer {
    let end = "epsilon=1e-5 border=reflect doubling=nearest output=sigmoid";
    let text = &format!("feed-forward contract=4,4,4 blocks=1 expand=4,4 styles={styles} {end}");
    let graph = text.parse::<Architecture>().unwrap().graph();
    let mut weights = Weights::new();
    for parameter in graph.parameters().unwrap() {
        let values = (0..parameter.count()).map(|i| (i as f32 * 1.7 + parameter.name.len() as f32).sin()).collect();
        weights.insert(&parameter.name, Tensor::new(parameter.shape.clone(), values).unwrap());
    }
    for (key, value) in [("format", "1"), ("family", "three"), ("transformer", text.as_str())] {
        weights.metadata.insert(format!("impasto.{key}"), value.into());
    }
    Stylizer::builder().threads(2).build(Model::from_weights("three", weights).unwrap()).unwrap()
}

fn built_in() -> Stylizer {
    Stylizer::builder().threads(2).open().unwrap()
}

fn served(name: &str, stylizer: Stylizer) -> Served {
    Served::new(name, stylizer).unwrap()
}

/// A server with the built-in model, a small one that takes styles from pictures, and one with three styles.
pub(crate) fn several() -> Running {
    Running::with(vec![served("built-in", built_in()), served("small", other_model()), served("three", three())], |_| {})
}

fn decoded(bytes: &[u8]) -> Picture {
    Picture::decode(bytes, &Limits::default()).unwrap()
}

/// A model's painting, with its samples rounded as in a file.
fn painted(stylizer: &Stylizer, content: &Picture, style: &impasto::Style) -> Vec<u8> {
    let painted = stylizer.stylize_with(content, style, &StylizeOptions::default(), &()).unwrap();
    painted.to_rgb8().unwrap()
}

#[test]
fn models_and_their_styles_are_listed() {
    let models = vec![served("built-in", built_in()), served("small", other_model()), served("three", three())];
    let server = Running::with(models.into_iter().chain([served("eleven", network(11))]).collect(), |_| {});
    let models = server.get("/v1/models").json();
    let facts: Vec<_> =
        models["models"].as_array().unwrap().iter().map(|m| json!([m["name"], m["sees_pictures"], m["built_in"]])).collect();
    assert_eq!(facts[..3], [json!(["built-in", true, true]), json!(["small", true, false]), json!(["three", false, false])]);
    assert_eq!(models["models"][2]["styles"], 3);
    let names = |query: &str| -> Vec<Value> {
        let styles = server.get(&format!("/v1/styles{query}")).json();
        styles["styles"].as_array().unwrap().iter().map(|style| style["id"].clone()).collect()
    };
    assert_eq!(names("?model=three"), ["0", "1", "2"]);
    // In the order of the numbers.
    assert_eq!(names("?model=eleven"), (0..11).map(|number| json!(number.to_string())).collect::<Vec<_>>());
    assert!(names("?model=small").is_empty());
    assert_eq!(names(""), names("?model=built-in"));
    assert_eq!(server.get("/v1/styles?model=tree").complaint(404, "did you mean \"three\""), None);
    assert_eq!(server.get("/v1/styles?model=a&model=b").complaint(400, "query"), None);
}

#[test]
fn a_request_is_painted_by_the_model_that_it_names() {
    let server = several();
    let (content, style) = (png(67, 48), png(40, 40));
    let [photo, painting] = [&content, &style].map(|bytes| decoded(bytes));
    let form = |fields: &[(&str, &[u8])]| server.post_form("/v1/stylize", fields, &[]);
    // The model's field may come last, and a style name is looked up in that model.
    let found = form(&[("content", &content), ("style_name", b"1"), ("model", b"three")]).picture();
    let three = three();
    assert!(found.to_rgb8().unwrap() == painted(&three, &photo, &three.own_styles()[1]));
    let small = other_model();
    let found = form(&[("model", b"small"), ("content", &content), ("style", &style)]).picture();
    assert!(found.to_rgb8().unwrap() == painted(&small, &photo, &small.style(&painting).unwrap()));

    // A picture is uploaded once, and each model predicts its own style from it.
    let id = server.send("POST", "/v1/styles", &[], &style).json()["id"].clone();
    let of = |model: Value, style: Value| {
        let picture = base64(&content);
        json!({ "model": model, "content": { "picture": picture }, "styles": [style] })
    };
    for (name, stylizer) in [("small", &small), ("built-in", &built_in())] {
        let found = server.post_json("/v1/stylize", &of(json!(name), json!({ "id": id }))).picture();
        assert!(found.to_rgb8().unwrap() == painted(stylizer, &photo, &stylizer.style(&painting).unwrap()), "{name}");
        let file = server.get(&format!("/v1/styles/{}?model={name}", id.as_str().unwrap())).body;
        assert_eq!(impasto::Style::from_bytes(&file).unwrap().family(), &stylizer.model().family);
    }
    let refused = |model: Value, style: Value, status, words| {
        assert_eq!(server.post_json("/v1/stylize", &of(model, style)).complaint(status, words), None);
    };
    refused(json!("three"), json!({ "id": id }), 415, "takes no style pictures");
    refused(json!("three"), json!({ "name": "starry" }), 404, "is a style of the model \"built-in\"");
    refused(
        json!("/etc/passwd"),
        json!({ "name": "0" }),
        404,
        "this server has no model \"/etc/passwd\"; there are \"built-in\"",
    );
    refused(json!("https://example.org/m.pth"), json!({ "name": "0" }), 404, "no model");
    // A style file fits only models of its family.
    let file = server.get("/v1/styles/1?model=three").body;
    let kept = server.send("POST", "/v1/styles", &[], &file).json()["id"].clone();
    assert_eq!(server.post_json("/v1/stylize", &of(json!("three"), json!({ "id": kept }))).status, 200);
    refused(json!("small"), json!({ "id": kept }), 422, "of family three");
    let inside = json!({ "content": { "id": "demo" }, "styles": [{ "name": "starry" }], "options": { "model": "small" } });
    assert_eq!(server.post_json("/v1/stylize", &inside).complaint(400, "a field beside options"), None);
    let twice = form(&[("content", &content), ("style_name", b"1"), ("model", b"three"), ("model", b"small")]);
    assert_eq!(twice.complaint(400, "model appears twice"), None);
}

#[test]
fn previews_and_strengths_are_of_the_model() {
    // The meaning of a strength is measured for each model, no matter which one was measured before.
    let preview = |before: &[&str]| {
        let server = several();
        let id = server.send("POST", "/v1/styles", &[], &png(40, 40)).json()["id"].clone();
        let paint = |model: &str| {
            let (styles, options) = (json!([{ "id": id }]), json!({ "strength": 0.5 }));
            let body = json!({ "model": model, "content": "demo", "styles": styles, "size": 64, "options": options });
            let answer = server.post_json("/v1/previews", &body);
            assert_eq!(answer.status, 200, "{}", answer.text());
            answer.body
        };
        let earlier: Vec<_> = before.iter().map(|model| paint(model)).collect();
        let found = paint("small");
        assert!(earlier.iter().all(|other| *other != found));
        found
    };
    assert!(preview(&["built-in"]) == preview(&[]));
}

#[test]
fn one_name_is_one_model() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let bind = |models| {
        let mut options = ServerOptions::default();
        options.address.set_port(0);
        runtime.block_on(Server::bind(models, options)).map(drop).unwrap_err()
    };
    let error = bind(vec![served("a", other_model()), served("a", three())]);
    assert!(error.kind() == ErrorKind::InvalidArgument && error.to_string().contains("two models are called \"a\""), "{error}");
    assert!(bind(Vec::new()).to_string().contains("needs a model"));
}

fn base64(bytes: &[u8]) -> String {
    use ::base64::Engine as _;
    ::base64::engine::general_purpose::STANDARD.encode(bytes)
}
