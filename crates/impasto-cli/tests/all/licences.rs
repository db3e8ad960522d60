//! Checks that Impasto may be distributed under its own terms: every dependency in the lock file, on every platform,
//! has a license that `deny.toml` allows, and comes from crates.io.
//!
//! `cargo deny` checks the same and more, but takes minutes to build. This takes a moment.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

#[test]
fn dependencies_are_under_allowed_licences() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let rules = Rules::read(&std::fs::read_to_string(root.join("deny.toml")).unwrap());
    let metadata =
        Command::new(env!("CARGO")).args(["metadata", "--format-version=1", "--locked"]).current_dir(&root).output().unwrap();
    assert!(metadata.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&metadata.stderr));
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 50, "only {} packages: this cannot be all", packages.len());

    let mut failures = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap();
        let licence = package["license"].as_str().or_else(|| rules.clarified.get(name).map(String::as_str)).unwrap_or("");
        let excepted = rules.exceptions.get(name).map_or(&[][..], Vec::as_slice);
        let allowed = |id: &str| rules.allowed.iter().chain(excepted).any(|allowed| allowed == id);
        if !satisfied(licence, &allowed) {
            failures.push(format!("{name}: licence {licence:?} is not allowed"));
        }
        let source = package["source"].as_str();
        if source.is_some_and(|source| source != "registry+https://github.com/rust-lang/crates.io-index") {
            failures.push(format!("{name}: from {source:?} instead of crates.io"));
        }
    }
    assert!(failures.is_empty(), "{} of {} packages:\n{}", failures.len(), packages.len(), failures.join("\n"));
}

/// The part of `deny.toml` that says which licenses are allowed.
struct Rules {
    allowed: Vec<String>,
    /// Further licenses that single crates may have.
    exceptions: BTreeMap<String, Vec<String>>,
    /// The licenses of crates whose manifests do not name them.
    clarified: BTreeMap<String, String>,
}

impl Rules {
    fn read(text: &str) -> Self {
        let lines = || text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
        let quoted = |line: &str| line.split('"').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
        let allowed = lines().skip_while(|line| *line != "allow = [").take_while(|line| *line != "]").flat_map(quoted);
        // One per line: { crate = "NAME", allow = ["LICENCE"] }, as this project writes them.
        let exceptions = lines().filter(|line| line.starts_with("{ crate =")).map(quoted).filter_map(|words| {
            let (name, licences) = words.split_first()?;
            Some((name.clone(), licences.to_vec()))
        });
        // Three lines: [[licenses.clarify]], crate = "NAME", expression = "LICENCE".
        let after = |key: &str| lines().filter(|line| line.starts_with(key)).flat_map(quoted).collect::<Vec<_>>();
        let clarified = after("crate =").into_iter().zip(after("expression ="));
        let rules = Rules { allowed: allowed.collect(), exceptions: exceptions.collect(), clarified: clarified.collect() };
        assert!(!rules.allowed.is_empty(), "deny.toml allows nothing: its form has changed");
        rules
    }
}

/// Returns whether an SPDX expression can be met with allowed licenses only. `/` is an old form of OR.
fn satisfied(expression: &str, allowed: &dyn Fn(&str) -> bool) -> bool {
    let text = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut rest = &words[..];
    let met = either(&mut rest, allowed);
    met && rest.is_empty()
}

fn either(words: &mut &[&str], allowed: &dyn Fn(&str) -> bool) -> bool {
    let mut met = both(words, allowed);
    while words.first() == Some(&"OR") {
        *words = &words[1..];
        // Not short-circuited, because the words must be consumed.
        met |= both(words, allowed);
    }
    met
}

fn both(words: &mut &[&str], allowed: &dyn Fn(&str) -> bool) -> bool {
    let mut met = one(words, allowed);
    while words.first() == Some(&"AND") {
        *words = &words[1..];
        met &= one(words, allowed);
    }
    met
}

fn one(words: &mut &[&str], allowed: &dyn Fn(&str) -> bool) -> bool {
    let Some((first, rest)) = words.split_first() else { return false };
    *words = rest;
    if *first == "(" {
        let met = either(words, allowed);
        let closed = words.first() == Some(&")");
        *words = words.get(1..).unwrap_or_default();
        return met && closed;
    }
    // An exception only adds permissions, so the license alone decides.
    if let [with, _, rest @ ..] = words
        && *with == "WITH"
    {
        *words = rest;
    }
    allowed(first)
}

#[test]
fn expressions_are_understood() {
    let allowed = |id: &str| ["MIT", "ISC"].contains(&id);
    let cases = [
        ("MIT", true),
        ("GPL-3.0-only", false),
        ("", false),
        ("GPL-3.0-only OR MIT", true),
        ("GPL-3.0-only AND MIT", false),
        ("(GPL-3.0-only OR MIT) AND ISC", true),
        ("MIT AND (ISC OR GPL-2.0)", true),
        ("Apache-2.0/MIT", true),
        ("Apache-2.0 WITH LLVM-exception OR MIT", true),
        ("Apache-2.0 WITH LLVM-exception", false),
        ("(MIT", false),
        ("MIT ISC", false),
    ];
    for (expression, expected) in cases {
        assert_eq!(satisfied(expression, &allowed), expected, "{expression:?}");
    }
}
