//! Models by name: which published models there are, where they are kept on this machine, and how they get there.
//!
//! ```no_run
//! use impasto_models::{Meaning, Models};
//!
//! let models = Models::from_environment()?;
//! match models.find("magenta".as_ref())? {
//!     Meaning::Here(paths) => println!("{paths:?}"),
//!     Meaning::Absent(wanted) => println!("{} is not downloaded yet", wanted.name()),
//! }
//! # Ok::<(), impasto::Error>(())
//! ```
//!
//! - [`registry`]: a data file that lists models, with addresses, hashes and licenses.
//! - [`cache`]: downloaded models, each with a receipt that says where it came from and what is known about it.
//! - [`imported`]: models that users keep under names of their own.
//! - [`folders`]: where all of these are.
//! - [`address`]: web addresses.
//! - `download`, `archive` and `pull` (feature `download`): how a model gets into the cache.
#![forbid(unsafe_code)]

pub mod address;
#[cfg(feature = "download")]
pub mod archive;
pub mod cache;
#[cfg(feature = "download")]
pub mod download;
pub mod folders;
pub mod hash;
pub mod imported;
mod models;
mod names;
#[cfg(feature = "download")]
mod pull;
pub mod receipt;
pub mod registry;

pub use address::Address;
pub use cache::{Cache, Cached};
pub use models::{MODEL_VARIABLE, Meaning, Models, REGISTRY_VARIABLE, Wanted};
#[cfg(feature = "download")]
pub use pull::PullOptions;
pub use registry::{Entry, Registry};

/// Whether this build can download models.
pub const CAN_DOWNLOAD: bool = cfg!(feature = "download");

/// Receives the progress of long work, and is asked whether to stop. By default, its methods do nothing.
pub trait Watch: Sync {
    /// Reports how many bytes of a file have arrived, and how many there are, if known. Called often.
    fn progress(&self, file: &str, done: u64, total: Option<u64>) {
        let _ = (file, done, total);
    }

    /// Reports something that a user may want to read: a mirror that failed, a wait for another process.
    fn note(&self, text: &str) {
        let _ = text;
    }

    /// Whether to stop. Asked at least once for every piece that arrives.
    fn cancelled(&self) -> bool {
        false
    }
}

/// A [`Watch`] that reports nothing and never stops.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Watch for Unwatched {}
