//! Web addresses: `http` and `https` only, without user names and passwords.

use std::fmt;
use std::net::IpAddr;

use impasto::{Error, ErrorKind, Result};

/// A web address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    secure: bool,
    /// In lower case. IPv6 addresses are without brackets.
    host: String,
    port: u16,
    /// The path and the query, from the first `/` on.
    target: String,
}

/// Whether a text looks like a web address of any scheme: `SCHEME://…`.
pub fn is_like_one(text: &str) -> bool {
    let Some((scheme, _)) = text.split_once("://") else { return false };
    let fits = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    // A single letter is a drive on Windows.
    scheme.len() > 1 && scheme.chars().all(fits)
}

/// The form in which addresses are compared. It is in lower case, and without scheme, `www.`, fragment,
/// trailing slash and TensorFlow Hub's query. Kaggle's older paths (`/frameworks/F/variations/V/versions/N`)
/// are written like its newer ones (`/F/V/N`).
pub fn comparable(text: &str) -> String {
    let text = text.to_ascii_lowercase();
    let text = text.split_once("://").map_or(text.as_str(), |(_, rest)| rest);
    let text = text.split('#').next().unwrap_or_default();
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    let path = path.strip_prefix("www.").unwrap_or(path);
    let mut path = path.trim_end_matches('/').to_owned();
    if path.starts_with("kaggle.com/models/") {
        for word in ["/frameworks/", "/variations/", "/versions/"] {
            path = path.replacen(word, "/", 1);
        }
    }
    let rest: Vec<_> = query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("tf-hub-format=")).collect();
    if rest.is_empty() { path } else { format!("{path}?{}", rest.join("&")) }
}

impl Address {
    /// Parses an address. A fragment (`#…`) is dropped.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if it is not an `http` or `https` address,
    /// has no valid host, or contains a user name.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = |why: &str| Err(Error::new(ErrorKind::InvalidArgument, format!("{}: {why}", shown(text))));
        let Some((scheme, rest)) = text.split_once("://") else { return wrong("is not a web address") };
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return wrong("only http and https addresses can be downloaded"),
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        if authority.contains('@') {
            return wrong("addresses with a user name or password are not supported");
        }
        let (host, port) = match authority.strip_prefix('[') {
            Some(rest) => {
                let Some((host, port)) = rest.split_once(']') else { return wrong("has no valid host") };
                (host, port.strip_prefix(':').or(port.is_empty().then_some("")))
            }
            None => authority.split_once(':').map_or((authority, Some("")), |(host, port)| (host, Some(port))),
        };
        let port = match port {
            Some("") => Some(if secure { 443 } else { 80 }),
            Some(port) if port.bytes().all(|b| b.is_ascii_digit()) => port.parse().ok().filter(|&port| port > 0),
            _ => None,
        };
        let fits = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
        let (Some(port), false, true) = (port, host.is_empty(), host.chars().all(fits)) else {
            return wrong("has no valid host");
        };
        // Percent-encode everything outside of ASCII, spaces and quotes, as browsers do.
        let mut encoded = String::new();
        for byte in target.bytes() {
            match byte {
                b'\0'..=b' ' | b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' | 0x7f.. => {
                    encoded.push_str(&format!("%{byte:02X}"));
                }
                _ => encoded.push(byte.into()),
            }
        }
        let target = if encoded.starts_with('/') { encoded } else { format!("/{encoded}") };
        Ok(Address { secure, host: host.to_ascii_lowercase(), port, target })
    }

    /// Resolves a `Location` header in an answer from this address. It may be absolute or relative to this address.
    ///
    /// # Errors
    /// As [`Address::parse`].
    pub fn join(&self, location: &str) -> Result<Self> {
        let location = location.trim();
        if is_like_one(location) {
            return Self::parse(location);
        }
        let scheme = self.scheme();
        if let Some(rest) = location.strip_prefix("//") {
            return Self::parse(&format!("{scheme}://{rest}"));
        }
        let path = self.target.split('?').next().unwrap_or_default();
        let target = if location.starts_with('/') {
            location.to_owned()
        } else if location.starts_with('?') {
            format!("{path}{location}")
        } else {
            let folder = path.rfind('/').map_or("/", |end| &path[..=end]);
            format!("{folder}{location}")
        };
        Self::parse(&format!("{scheme}://{}{target}", self.authority()))
    }

    /// Whether the scheme is `https`.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// The host name in lower case, or the IP address.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether the host is this machine.
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }

    /// The last part of the path, percent-decoded and made a plain file name.
    pub fn last_name(&self) -> String {
        let path = self.target.split('?').next().unwrap_or_default();
        let last = path.rsplit('/').find(|part| !part.is_empty()).unwrap_or(&self.host);
        crate::names::plain(&decoded(last))
    }

    fn scheme(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }

    fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let usual = if self.secure { 443 } else { 80 };
        if self.port == usual { host } else { format!("{host}:{}", self.port) }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme(), self.authority(), self.target)
    }
}

/// An address for messages, without user name and password.
fn shown(text: &str) -> String {
    match (text.find("://"), text.rfind('@')) {
        (Some(start), Some(end)) if start + 3 < end => format!("{}…{}", &text[..start + 3], &text[end..]),
        _ => text.to_owned(),
    }
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
        match (first, hex) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{Address, comparable, is_like_one};

    #[test]
    fn addresses_are_read_and_written() {
        for (text, written) in [
            ("https://example.org", "https://example.org/"),
            ("HTTPS://Example.ORG:443/A?b=c#d", "https://example.org/A?b=c"),
            ("http://127.0.0.1:8080/x y", "http://127.0.0.1:8080/x%20y"),
            ("http://[::1]:81?q", "http://[::1]:81/?q"),
            ("https://x/é", "https://x/%C3%A9"),
        ] {
            assert_eq!(Address::parse(text).unwrap().to_string(), written);
        }
        for text in
            ["", "a.jpg", "ftp://x/y", "https://", "https:///x", "http://x:0/", "http://x:99999/", "http://x:y/", "http://[::1/"]
        {
            assert!(Address::parse(text).is_err(), "{text}");
        }
        let secret = Address::parse("https://me:secret@example.org/").unwrap_err().to_string();
        assert!(secret.contains("user name") && !secret.contains("secret"), "{secret}");
    }

    #[test]
    fn redirections_are_relative_to_where_they_come_from() {
        let from = Address::parse("https://example.org:8443/a/b?c").unwrap();
        for (location, meant) in [
            ("http://x/y", "http://x/y"),
            ("//x/y", "https://x/y"),
            ("/y?z", "https://example.org:8443/y?z"),
            ("y", "https://example.org:8443/a/y"),
            ("?d", "https://example.org:8443/a/b?d"),
        ] {
            assert_eq!(from.join(location).unwrap().to_string(), meant);
        }
        assert!(from.join("file:///etc/passwd").is_err());
    }

    #[test]
    fn names_and_hosts() {
        let address = |text: &str| Address::parse(text).unwrap();
        assert_eq!(address("https://x.org/a/my%20photo.jpg?w=1").last_name(), "my_photo.jpg");
        assert_eq!(address("https://x.org/a/..%2fb").last_name(), "_b");
        assert_eq!(address("https://x.org").last_name(), "x.org");
        for (text, loopback) in [
            ("http://localhost/", true),
            ("http://127.9.9.9/", true),
            ("http://[::1]/", true),
            ("http://127.0.0.1.example.org/", false),
        ] {
            assert_eq!(address(text).is_loopback(), loopback, "{text}");
        }
        for (text, like) in [("s3://b/x", true), ("HTTP://x", true), ("c://a", false), ("a/b://c", false), ("x", false)] {
            assert_eq!(is_like_one(text), like, "{text}");
        }
    }

    #[test]
    fn one_module_has_many_addresses() {
        let hub = comparable("https://tfhub.dev/google/magenta/arbitrary-image-stylization-v1-256/2");
        assert_eq!(
            comparable("http://www.tfhub.dev/google/magenta/arbitrary-image-stylization-v1-256/2/?tf-hub-format=compressed"),
            hub
        );
        let kaggle = comparable("https://www.kaggle.com/models/google/arbitrary-image-stylization-v1/TensorFlow1/256/2");
        let old =
            "https://kaggle.com/models/google/arbitrary-image-stylization-v1/frameworks/tensorFlow1/variations/256/versions/2";
        assert_eq!(comparable(old), kaggle);
        assert_ne!(comparable("https://x/a?v=1"), comparable("https://x/a?v=2"));
    }
}
