//! Names of files that need not be text: exact in JSON, and taken apart.
//!
//! JSON is text, and Unix's names are bytes. A name that is not UTF-8 is written with replacement characters for people, and beside it, under
//! `FIELD_bytes`, in hexadecimal for programs.

use std::ffi::{OsStr, OsString};

use serde_json::Value;

/// Puts a name into a JSON object.
pub(crate) fn put(json: &mut Value, field: &str, name: impl AsRef<OsStr>) {
    let name = name.as_ref();
    json[field] = name.to_string_lossy().into();
    if name.to_str().is_none() {
        json[format!("{field}_bytes")] = hex(name.as_encoded_bytes()).into();
    }
}

/// The name in a JSON object; `None` if there is none.
pub(crate) fn get(json: &Value, field: &str) -> Option<OsString> {
    let text = json[field].as_str()?;
    let exact = json[format!("{field}_bytes")].as_str().and_then(unhex).and_then(of_bytes);
    Some(exact.unwrap_or_else(|| text.into()))
}

#[cfg(unix)]
fn of_bytes(bytes: Vec<u8>) -> Option<OsString> {
    Some(std::os::unix::ffi::OsStringExt::from_vec(bytes))
}

/// Elsewhere such names are no bytes.
#[cfg(not(unix))]
fn of_bytes(_bytes: Vec<u8>) -> Option<OsString> {
    None
}

/// All ways to divide a name at this ASCII character, the last first.
pub(crate) fn divided(name: &OsStr, at: char) -> Vec<(OsString, OsString)> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        let bytes = name.as_bytes();
        let places = (0..bytes.len()).rev().filter(|&i| char::from(bytes[i]) == at);
        places.map(|i| (OsStr::from_bytes(&bytes[..i]).into(), OsStr::from_bytes(&bytes[i + 1..]).into())).collect()
    }
    #[cfg(not(unix))]
    {
        let text = name.to_str().unwrap_or_default();
        text.rmatch_indices(at).map(|(i, _)| (text[..i].into(), text[i + at.len_utf8()..].into())).collect()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u32> = text.chars().map(|c| c.to_digit(16)).collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| (high * 16 + low) as u8).collect())
}

#[cfg(all(test, unix))]
mod tests {
    use std::ffi::{OsStr, OsString};
    use std::os::unix::ffi::OsStrExt;

    use serde_json::json;

    use super::{divided, get, put};

    #[test]
    fn names_survive_json() {
        for name in [&b"plain.jpg"[..], "caf\u{e9}".as_bytes(), b"caf\xe9.jpg", b"\xff", b""] {
            let mut json = json!({ "state": "done" });
            put(&mut json, "name", OsStr::from_bytes(name));
            let read = serde_json::from_str(&json.to_string()).unwrap();
            assert_eq!(get(&read, "name").unwrap().as_bytes(), name);
            assert_eq!(json["name_bytes"].is_null(), std::str::from_utf8(name).is_ok());
        }
        assert_eq!(get(&json!({ "name": "a", "name_bytes": "6" }), "name").unwrap(), "a");
        assert_eq!(get(&json!({ "name_bytes": "61" }), "name"), None);
    }

    #[test]
    fn names_are_divided_whatever_they_hold() {
        let pair = |a: &[u8], b: &[u8]| -> (OsString, OsString) { (OsStr::from_bytes(a).into(), OsStr::from_bytes(b).into()) };
        let found = divided(OsStr::from_bytes(b"\xe9=1=2"), '=');
        assert_eq!(found, [pair(b"\xe9=1", b"2"), pair(b"\xe9", b"1=2")]);
        assert!(divided(OsStr::new("a"), '=').is_empty());
    }
}
