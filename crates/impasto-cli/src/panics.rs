//! Panics, which are bugs of this program: how they are caught and reported.

use std::panic::{self, AssertUnwindSafe};
use std::sync::{Mutex, PoisonError};

/// The message of the last panic. The library catches panics of
/// decoders and turns them into errors; only others are reported.
static LAST: Mutex<String> = Mutex::new(String::new());

/// Stores the messages of panics for [`caught`] instead of printing them.
pub(crate) fn install() {
    panic::set_hook(Box::new(|info| {
        *LAST.lock().unwrap_or_else(PoisonError::into_inner) = info.to_string();
    }));
}

/// Does the work. If it panics, returns a text that asks the user to report it.
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    panic::catch_unwind(AssertUnwindSafe(work)).map_err(|_| {
        let what = LAST.lock().unwrap_or_else(PoisonError::into_inner);
        let what = what.split_whitespace().collect::<Vec<_>>().join(" ");
        format!("internal error, please report it at {}/issues: {what}", env!("CARGO_PKG_REPOSITORY"))
    })
}

#[cfg(test)]
mod tests {
    use super::caught;

    #[test]
    fn a_panic_becomes_a_text() {
        assert_eq!(caught(|| 1), Ok(1));
        let text = caught(|| assert!("".len() == 1, "a bug")).unwrap_err();
        assert!(text.starts_with("internal error, please report it at https://"), "{text}");
    }
}
