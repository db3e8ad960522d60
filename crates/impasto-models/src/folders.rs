//! The folders of models on this machine.
//!
//! | system | downloaded | imported |
//! | --- | --- | --- |
//! | Linux and others | `~/.cache/impasto/models` | `~/.local/share/impasto/models` |
//! | macOS | `~/Library/Caches/impasto/models` | the same as on Linux |
//! | Windows | `%LOCALAPPDATA%\impasto\models` | `%APPDATA%\impasto\models` |
//! | all, with the XDG variables | `$XDG_CACHE_HOME/impasto/models` | `$XDG_DATA_HOME/impasto/models` |
//! | all, with `IMPASTO_HOME` | `$IMPASTO_HOME/cache/models` | `$IMPASTO_HOME/models` |
//!
//! A lower row has precedence. The XDG variables count only if they hold absolute paths.

use std::path::PathBuf;

/// The folder for downloaded models, which need not exist. `None` if the environment names no folder for caches.
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

/// The folder for models imported under a name, which need not exist. `None` if the
/// environment names no folder for the user's data.
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
