//! Where models are on this machine.
//!
//! | what | Linux and others | macOS | Windows | with `IMPASTO_HOME` |
//! | --- | --- | --- | --- | --- |
//! | downloaded | `$XDG_CACHE_HOME` or `~/.cache`, `impasto/models` | `~/Library/Caches/impasto/models` | `%LOCALAPPDATA%\impasto\models` | `cache/models` |
//! | imported | `$XDG_DATA_HOME` or `~/.local/share`, `impasto/models` | the same as Linux | `%APPDATA%\impasto\models` | `models` |

use std::path::PathBuf;

/// The folder of downloaded models, whether it exists or not. `None` if the environment names no folder for caches.
pub fn downloaded() -> Option<PathBuf> {
    if let Some(home) = variable("IMPASTO_HOME") {
        return Some(home.join("cache").join("models"));
    }
    let xdg = variable("XDG_CACHE_HOME").filter(|path| path.is_absolute());
    let cache = xdg.or_else(|| {
        if cfg!(windows) {
            variable("LOCALAPPDATA")
        } else if cfg!(target_os = "macos") {
            Some(variable("HOME")?.join("Library").join("Caches"))
        } else {
            Some(variable("HOME")?.join(".cache"))
        }
    })?;
    Some(cache.join("impasto").join("models"))
}

/// The folder of models that were imported under a name, whether it exists or not. `None` if the environment names no folder for a
/// user's data.
pub fn imported() -> Option<PathBuf> {
    if let Some(home) = variable("IMPASTO_HOME") {
        return Some(home.join("models"));
    }
    let xdg = variable("XDG_DATA_HOME").filter(|path| path.is_absolute());
    let data =
        xdg.or_else(|| if cfg!(windows) { variable("APPDATA") } else { Some(variable("HOME")?.join(".local").join("share")) })?;
    Some(data.join("impasto").join("models"))
}

fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}
