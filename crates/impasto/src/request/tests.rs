//! Requests: whatever is written can be read again, and what nobody would write is refused.

use serde_json::{Map, Value, json};

use super::{Kind, Options, Part, Reference, Request, Row, StyleUse, checked, table};
use crate::Colours;
use crate::picture::Format;

fn options(json: Value) -> crate::Result<Options> {
    Options::read(json.as_object().unwrap())
}

fn request(json: Value) -> Request {
    let hashed = |name: &str| Reference::of_bytes(name, name.as_bytes());
    let styles = vec![StyleUse::new(hashed("b.jpg"), 0.7), StyleUse::new(hashed("c.jpg"), 1.0).masked(Some(hashed("m.png")))];
    Request::new(hashed("a.jpg"), styles, vec![Reference::of_embedded_model()], options(json).unwrap(), "avx2")
        .in_format(Format::Png)
}

/// A value for each row that is not its default.
fn another(row: &Row) -> Value {
    match &row.kind {
        Kind::Flag => json!(true),
        Kind::Number(least, _) if row.default != json!(f64::from(*least)) => json!(f64::from(*least)),
        Kind::Number(_, most) => json!(f64::from(*most)),
        Kind::Whole(least, _) => json!(least),
        Kind::Choice(names) => names.iter().map(|name| json!(name.name)).find(|name| *name != row.default).unwrap(),
        Kind::Size => json!("30x20"),
        Kind::Stroke => json!("native:2"),
        Kind::Picture => serde_json::to_value(Reference::of_bytes("m.png", b"1")).unwrap(),
    }
}

#[test]
fn every_row_is_a_field_and_every_field_a_row() {
    let fields = Options::default().all();
    let rows: Vec<_> = table().iter().map(|row| row.name).collect();
    assert_eq!(fields.len(), rows.len(), "{fields:?} {rows:?}");
    for row in table() {
        assert_eq!(fields.get(row.name), Some(&row.default), "{}", row.name);
        assert!(!row.help.is_empty() && !row.help.contains('\n'), "{}", row.name);
        assert!(row.default.is_null() || row.check(&row.default).as_ref() == Ok(&row.default), "{}", row.name);
        let related = row.excludes.iter().chain(&row.requires);
        assert!(related.clone().all(|other| rows.contains(other)), "{}", row.name);
        // Each is written and read again, with only the options that it needs.
        let mut given = Map::from_iter([(row.name.to_owned(), another(row))]);
        for other in row.requires.iter().map(|name| table().iter().find(|row| row.name == *name).unwrap()) {
            given.insert(other.name.into(), another(other));
        }
        let read = Options::read(&given).unwrap();
        assert_ne!(read, Options::default(), "{}", row.name);
        assert_eq!(Options::read(&read.given()).unwrap(), read, "{}", row.name);
        assert_eq!(read.given().len(), given.len(), "{}", row.name);
    }
}

#[test]
fn values_out_of_range_are_refused_with_one_text() {
    let text = |json: Value| options(json).unwrap_err().to_string();
    assert_eq!(text(json!({"strength": 2})), "strength: must be a number from 0 to 1, not 2");
    assert_eq!(text(json!({"style_size": 15})), "style_size: must be a whole number from 16 to 4096, not 15");
    assert_eq!(text(json!({"colors": "Style"})), "colors: must be one of style, content, luminance, match, not \"Style\"");
    assert_eq!(text(json!({"strip": 1})), "strip: must be true or false, not 1");
    assert!(text(json!({"stroke": 9})).starts_with("stroke: must be a number from 0.25 to 8, native"));
    assert!(text(json!({"exact": "5"})).starts_with("exact: "));
    assert!(text(json!({"strenght": 1})).starts_with("there is no option \"strenght\"; the options are salvage, size,"));
    assert_eq!(text(json!({"exact": "9x9", "size": 9})), "size cannot be given with exact");
    assert_eq!(text(json!({"invert_mask": true})), "invert_mask needs mask");
    for row in table() {
        for wrong in [json!([]), json!({"a": 1}), json!(-1), json!(1e300), json!("\u{1b}[31m")] {
            let refused = row.check(&wrong).is_err();
            assert!(refused || row.kind == Kind::Picture, "{} takes {wrong}", row.name);
        }
    }
    // Null or the default: the same as not given.
    assert_eq!(options(json!({"strength": 1, "size": null, "colors": "style", "stroke": 1})).unwrap(), Options::default());
    assert_eq!(
        options(json!({"depth": 16, "exact": [30, 20]})).unwrap(),
        options(json!({"depth": "16", "exact": "30x20"})).unwrap()
    );
    assert_eq!(options(json!({"format": "jpg"})).unwrap().format, Some(Format::Jpeg));
}

#[test]
fn text_is_read_as_json_is() {
    for (name, text, value) in
        [("strength", "0.7", json!(0.7)), ("size", "9", json!(9)), ("stroke", "2", json!(2.0)), ("stroke", "3mm", json!("3mm"))]
    {
        let row = table().iter().find(|row| row.name == name).unwrap();
        assert_eq!(row.read(text), Ok(value.clone()), "{name}");
        assert_eq!(row.check(&value), Ok(value), "{name}");
    }
    for (name, text) in
        [("strength", "nan"), ("strength", "x"), ("size", "1.5"), ("size", "-1"), ("grain", "inf"), ("quality", "0")]
    {
        let row = table().iter().find(|row| row.name == name).unwrap();
        assert_eq!(row.read(text), Err(row.wrong()), "{name} {text}");
    }
}

#[test]
fn an_option_is_added_to_a_copy_of_the_table() {
    let mut copy = table().to_vec();
    copy.push(Row::extra("sparkle", Kind::Number(0.0, 9.0), Part::Look, json!(1.0)));
    let given = json!({"sparkle": 3, "strength": 0.5});
    assert_eq!(Value::from(checked(&copy, given.as_object().unwrap()).unwrap()), json!({"sparkle": 3.0, "strength": 0.5}));
    let wrong = json!({"sparkle": 10});
    let text = checked(&copy, wrong.as_object().unwrap()).unwrap_err().to_string();
    assert_eq!(text, "sparkle: must be a number from 0 to 9, not 10");
    assert!(checked(table(), given.as_object().unwrap()).is_err());
}

#[test]
fn requests_are_read_as_they_were_written() {
    let mask = serde_json::to_value(Reference::of_bytes("m.png", b"m")).unwrap();
    let request =
        request(json!({"strength": 0.7, "mask": mask, "invert_mask": true, "stroke": "3mm", "dpi": 300, "colors": "match"}));
    let json = request.to_json();
    assert!(json.contains("\"strength\":0.7,") && json.contains("\"weight\":0.7}") && !json.contains("quality"), "{json}");
    let read = Request::from_json(&json).unwrap();
    assert_eq!(read, request);
    assert_eq!((read.options.colors, read.format_name()), (Colours::Match, "png"));
}

#[test]
fn the_key_is_of_contents_not_of_names() {
    let plain = request(json!({}));
    let mut renamed = plain.clone();
    renamed.content.name = "other.jpg".into();
    renamed.styles[1].mask.as_mut().unwrap().name = "other.png".into();
    assert_eq!(plain.key(), renamed.key());
    renamed.styles[1].weight = 2.0;
    assert_ne!(plain.key(), renamed.key());
    assert_ne!(plain.key(), request(json!({"strength": 0.5})).key());
    assert_ne!(plain.key(), plain.clone().in_format(Format::Jpeg).key());
    let mut changed = plain.clone();
    changed.content = Reference::of_bytes("a.jpg", b"other");
    assert_ne!(plain.key(), changed.key());
}

fn old() -> Value {
    let sha = "0".repeat(64);
    json!({
        "version": 2, "program": "impasto 0.1.0", "isa": "avx2", "format": "PNG",
        "options": ["--strength=0.5", "--invert-mask", "--size=40"],
        "files": [{"option": "--mask", "name": "m.png", "sha256": sha}],
        "content": {"name": "a.jpg", "sha256": sha},
        "styles": [{"name": "b.jpg", "sha256": sha, "weight": 0.699_999_988_079_071, "mask": {"name": "m.png", "sha256": sha}}],
        "model": [{"name": "built-in", "sha256": sha, "built_in": true}],
    })
}

#[test]
fn old_records_are_read() {
    let read = Request::from_json(&old().to_string()).unwrap();
    assert_eq!((read.options.strength, read.options.size, read.options.format), (0.5, Some(40), Some(Format::Png)));
    assert!(read.options.invert_mask && read.options.mask.is_some() && read.model[0].built_in && !read.content.built_in);
    // Older versions wrote more digits than were typed.
    assert_eq!((read.styles[0].weight, read.executor.as_str()), (0.7, "avx2"));
    let stroke = |version: Option<u64>, options: &[&str]| {
        let mut json = old();
        json["options"] = options.into();
        json["files"] = json!([]);
        json.as_object_mut().unwrap().remove("version");
        if let Some(version) = version {
            json["version"] = version.into();
        }
        Request::from_json(&json.to_string()).map(|read| read.options.stroke.to_string())
    };
    assert_eq!(stroke(None, &["--size=9"]).unwrap(), "native");
    assert_eq!(stroke(None, &["--stroke=2"]).unwrap(), "native:2");
    assert_eq!(stroke(None, &["--stroke=3mm", "--dpi=300"]).unwrap(), "3mm");
    assert_eq!(stroke(Some(2), &["--stroke=2"]).unwrap(), "2");
    assert!(stroke(Some(4), &[]).is_err());
    for wrong in ["--output=x", "--force", "-o", "x", "--strength=2", "--size", "--mask=m.png", "--strength=\u{1b}[31m"] {
        assert!(stroke(Some(2), &[wrong]).is_err(), "{wrong}");
    }
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    let new: Value =
        serde_json::from_str(&request(json!({"mask": {"name": "m.png", "sha256": "0".repeat(64)}})).to_json()).unwrap();
    let places = ["/content", "/styles/0/style", "/styles/1/mask", "/model/0", "/options/mask"];
    let old_places = ["/content", "/styles/0", "/styles/0/mask", "/model/0", "/files/0"];
    let windows: &[&str] = if cfg!(windows) { &["C:\\a.jpg", "c:a.jpg"] } else { &[] };
    for name in ["", ".", "..", "/etc/passwd", "../a.jpg", "a/b.jpg", "a\nb", "a\0"].iter().chain(windows).copied() {
        for (good, places) in [(&new, places), (&old(), old_places)] {
            for place in places {
                let mut json = good.clone();
                json.pointer_mut(place).unwrap()["name"] = name.into();
                assert!(Request::from_json(&json.to_string()).is_err(), "{name:?} at {place}");
                // The same as bytes, beside a harmless text.
                json.pointer_mut(place).unwrap()["name"] = "a.jpg".into();
                let hex: String = name.bytes().map(|byte| format!("{byte:02x}")).collect();
                json.pointer_mut(place).unwrap()["name_bytes"] = hex.into();
                assert!(cfg!(not(unix)) || Request::from_json(&json.to_string()).is_err(), "bytes of {name:?} at {place}");
            }
        }
    }
}

/// On other systems than Windows, files may have such names.
#[cfg(not(windows))]
#[test]
fn names_with_colons_are_names() {
    let mut json: Value = serde_json::from_str(&request(json!({})).to_json()).unwrap();
    for name in ["12:30.jpg", "a\\b.jpg", "C:a"] {
        json["content"]["name"] = name.into();
        assert_eq!(Request::from_json(&json.to_string()).unwrap().content.name, name);
    }
}

/// Replaces every value by some others, and removes every value: each is refused or read, without a panic.
#[test]
fn whatever_is_recorded_is_refused_or_read() {
    let others = [
        json!(null),
        json!(-1),
        json!(1e308),
        json!("x"),
        json!([[]]),
        json!({}),
        json!(vec!["--a"; 100]),
        json!("x".repeat(5000)),
    ];
    for good in [serde_json::from_str(&request(json!({})).to_json()).unwrap(), old()] {
        let places: Vec<String> = good.as_object().unwrap().keys().filter(|name| *name != "version").cloned().collect();
        let mut refused = 0;
        for place in &places {
            for other in &others {
                let mut json = good.clone();
                json[place] = other.clone();
                refused += usize::from(Request::from_json(&json.to_string()).is_err());
            }
            let mut json = good.clone();
            json.as_object_mut().unwrap().remove(place);
            assert!(Request::from_json(&json.to_string()).is_err(), "without {place}");
        }
        assert!(refused >= 45, "{refused}");
        let text = good.to_string();
        assert!((0..text.len()).all(|cut| Request::from_json(&text[..cut]).is_err()));
    }
    let mut more: Value = serde_json::from_str(&request(json!({})).to_json()).unwrap();
    more["output"] = "x".into();
    assert!(Request::from_json(&more.to_string()).unwrap_err().to_string().contains("unknown field"));
    for text in ["", "{", "[]", "null", "\"a\"", "[[[[[[[[[["] {
        assert!(Request::from_json(text).is_err(), "{text}");
    }
    assert!(Request::from_json(&"[".repeat(100_000)).is_err());
}

/// Records of optimized pictures can be read as written, but only in their own version and ranges.
#[test]
fn records_of_optimized_pictures() {
    use super::{Beginning, Optimized};
    use crate::optimizer::{Method, OptimizeOptions};

    let reference = |name: &str| Reference::of_bytes(name, name.as_bytes());
    let settings =
        OptimizeOptions { method: Method::Adam { rate: 0.03 }, style_scale: 0.7, threads: 3, ..OptimizeOptions::default() };
    for initial in [Beginning::Fast, Beginning::Content, Beginning::Noise { seed: 5 }, Beginning::Picture(reference("begin.png"))]
    {
        let how = Optimized::new(512, settings.clone(), initial, Reference::of_embedded_perceptual());
        let styles = vec![StyleUse::new(reference("waves.jpg"), 1.0)];
        let options = Options { format: Some(Format::Png), ..Options::default() };
        let plain = Request::new(reference("photo.jpg"), styles, vec![Reference::of_embedded_model()], options, "avx2");
        let request = plain.clone().optimized(how);
        let read = Request::from_json(&request.to_json()).unwrap();
        let written = request.optimized.as_ref().unwrap();
        let found = read.optimized.as_ref().unwrap();
        // Threads are not recorded.
        assert_eq!(found.settings, OptimizeOptions { threads: 0, ..written.settings.clone() });
        assert_eq!((&found.initial, found.size, &read.content), (&written.initial, 512, &request.content));
        assert!(request.to_json().contains("\"rate\":0.03") && !plain.to_json().contains("optimized"), "{}", request.to_json());
        assert_ne!(request.key(), plain.key());
        for (from, to) in [
            ("\"version\":4", "\"version\":3"),
            ("\"version\":4", "\"version\":5"),
            ("\"size\":512", "\"size\":0"),
            ("\"size\":512", "\"size\":512,\"more\":1"),
            ("\"rate\":0.03", "\"rate\":30"),
            ("\"steps\":[150]", "\"steps\":[]"),
            ("\"steps\":[150]", "\"steps\":[99999999]"),
            ("\"built-in\"", "\"../built-in\""),
        ] {
            let text = request.to_json().replace(from, to);
            assert_ne!(text, request.to_json(), "{from}");
            assert!(Request::from_json(&text).is_err(), "{to}");
        }
    }
}
