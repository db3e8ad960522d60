//! Names of models, and paths inside a model.

use std::path::{Component, Path, PathBuf};

use impasto::{Error, ErrorKind, Result};

/// Refuses texts that cannot be a model's name.
///
/// # Errors
/// [`ErrorKind::InvalidArgument`] unless it has 1 to 100 letters, digits, `-`,
/// `_` and `.`, and does not begin with a dot.
pub(crate) fn check(name: &str) -> Result<()> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || name.starts_with('.') || name.len() > 100 || !name.chars().all(fits) {
        let text = format!("{name:?} cannot be a model's name: use letters, digits, -, _ and .");
        return Err(Error::new(ErrorKind::InvalidArgument, text));
    }
    Ok(())
}

/// The path, if it is relative and stays inside its folder on every system; otherwise `None`. `./` is dropped.
pub(crate) fn inside(path: &str) -> Option<PathBuf> {
    // Windows treats backslashes as separators and `C:` as a drive, and drops dots and spaces at the end of a name.
    if path.contains(['\\', ':', '\0']) {
        return None;
    }
    let mut clean = PathBuf::new();
    for component in Path::new(path).components() {
        match component {
            Component::Normal(name) => {
                let name = name.to_str()?;
                if name.ends_with(['.', ' ']) || name.chars().any(char::is_control) {
                    return None;
                }
                clean.push(name);
            }
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    (!clean.as_os_str().is_empty()).then_some(clean)
}

/// A file name made from any text. Letters, digits, `-`, `_` and `.` stay, and everything else becomes `_`.
pub(crate) fn plain(text: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let name: String = text.chars().take(100).map(|c| if fits(c) { c } else { '_' }).collect();
    let name = name.trim_start_matches('.').trim_end_matches('.');
    if name.is_empty() { "file".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::{check, inside, plain};

    #[test]
    fn names_are_simple() {
        for name in ["a", "magenta-tflite", "v1.2_x"] {
            assert!(check(name).is_ok(), "{name}");
        }
        for name in ["", ".", "..", ".hidden", "a/b", "a\\b", "a b", "é", "a:b", &"a".repeat(101)] {
            assert!(check(name).is_err(), "{name}");
        }
    }

    #[test]
    fn paths_stay_inside() {
        assert_eq!(
            inside("./variables//variables.index").unwrap().to_str().unwrap().replace('\\', "/"),
            "variables/variables.index"
        );
        for path in
            ["", ".", "./", "..", "a/../b", "../a", "/etc/passwd", "a\\..\\b", "C:a", "C:\\a", "a\0b", "a/b.", "a /b", "a\nb"]
        {
            assert_eq!(inside(path), None, "{path:?}");
        }
    }

    #[test]
    fn any_text_becomes_a_name() {
        for (text, name) in [("a.jpg", "a.jpg"), ("../x y", "_x_y"), ("", "file"), ("...", "file"), ("é%20", "__20")] {
            assert_eq!(plain(text), name);
        }
    }
}
