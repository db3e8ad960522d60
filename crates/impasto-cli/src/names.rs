//! File names: put into JSON exactly, divided, quoted for a shell, and told apart from web addresses.

use std::ffi::{OsStr, OsString};
use std::path::Path;

pub(crate) use impasto::request::put_name as put;

use crate::failure::{Failure, Result};

/// Returns all ways to divide a name at this ASCII character, the last occurrence first.
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

/// Quotes a word for a shell, if that is necessary.
pub(crate) fn quoted(word: &OsStr) -> String {
    let Some(word) = word.to_str() else {
        // bash, zsh, ksh and the newest POSIX have a notation for any byte.
        let byte = |&b: &u8| {
            if b.is_ascii_alphanumeric() || b"-_./=,:+@% ".contains(&b) { char::from(b).into() } else { format!("\\x{b:02x}") }
        };
        return format!("$'{}'", word.as_encoded_bytes().iter().map(byte).collect::<String>());
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=,:+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

/// Returns the path's text if it is a web address, unless a file has that name.
pub(crate) fn address(path: &Path) -> Option<&str> {
    let text = path.to_str().filter(|_| !path.exists())?;
    let (scheme, _) = text.split_once("://")?;
    let fits = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    (scheme.len() > 1 && scheme.chars().all(fits)).then_some(text)
}

/// Refuses web addresses where a file is needed.
///
/// # Errors
/// Wrong usage if the path is a web address: with the command that downloads it.
pub(crate) fn check_is_no_address(path: &Path) -> Result {
    let Some(address) = address(path) else { return Ok(()) };
    Err(Failure::usage(match address.strip_prefix("file://") {
        Some(path) => format!("{address}: this is a web address, not a path. Give the path alone: {path}"),
        None => {
            format!("{address}: this is a web address, not a file. Download it first: curl -LO {}", quoted(OsStr::new(address)))
        }
    }))
}

#[cfg(all(test, unix))]
mod tests {
    use std::ffi::{OsStr, OsString};
    use std::os::unix::ffi::OsStrExt;

    use impasto::request::name_in as get;
    use serde_json::json;

    use super::{address, check_is_no_address, divided, put, quoted};

    #[test]
    fn words_are_quoted_for_a_shell() {
        for (word, expected) in [("a.jpg=1", "a.jpg=1"), ("a b", "'a b'"), ("it's", "'it'\\''s'"), ("", "''"), ("$(x)", "'$(x)'")]
        {
            assert_eq!(quoted(word.as_ref()), expected);
        }
    }

    #[test]
    fn web_addresses_are_no_paths() {
        for text in ["https://example.org/a.jpg", "HTTP://example.org", "ftp://x/y.png", "s3://bucket/a.jpg"] {
            assert_eq!(address(text.as_ref()), Some(text));
        }
        for text in ["a.jpg", "C:\\a.jpg", "c://a.jpg", "a/b://c", "-", "", "://", "no scheme://x"] {
            assert_eq!(address(text.as_ref()), None, "{text}");
        }
        let said = |text: &str| check_is_no_address(text.as_ref()).unwrap_err().to_string();
        assert!(said("https://x.org/a?b=1&c=2").ends_with("curl -LO 'https://x.org/a?b=1&c=2'"));
        assert!(said("file:///home/a.jpg").ends_with(": /home/a.jpg"));
    }

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
