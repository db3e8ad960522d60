//! What to paint, as data: every program of Impasto turns its user's words into a request, and the record of how a
//! picture was made is a request, too.
//!
//! ```
//! use impasto::request::{Options, Request};
//!
//! let json = serde_json::json!({ "strength": 0.7, "colors": "content", "format": "png" });
//! let options = Options::read(json.as_object().unwrap())?;
//! assert_eq!((options.strength, options.quality), (0.7, 95));
//! let wrong = serde_json::json!({ "strength": 7 });
//! let error = Options::read(wrong.as_object().unwrap()).unwrap_err();
//! assert_eq!(error.to_string(), "strength: must be a number from 0 to 1, not 7");
//! # Ok::<(), impasto::Error>(())
//! ```
//!
//! | file | contents |
//! | --- | --- |
//! | `table.rs` | the table of options: names, ranges, help |
//! | `options.rs` | the same as fields, and the library's types that they become |
//! | `names.rs`, `stroke.rs` | values that have a text form |
//! | `reference.rs` | what a painting is made from: names and hashes |
//! | `record.rs`, `read.rs` | requests as JSON, for files and manifests; `old.rs` reads those of older versions |
//! | `optimized.rs` | what records of optimized pictures contain in addition |
//! | `manifest.rs` | what a run over many pictures has painted |
//! | `plan.rs` | sizes and memory, before any pixel is touched |
//! | `matched.rs` | styles that get the content's colors first |

mod manifest;
mod matched;
mod names;
mod old;
mod optimized;
mod options;
mod plan;
mod read;
mod record;
mod reference;
mod stroke;
mod table;
#[cfg(test)]
mod tests;

pub use crate::hash::{Hasher, sha256, sha256_of_file, sha256_of_tree};
pub use crate::size::{MAX_SIDE, Size};
pub use manifest::{Done, Entries, Lock, MANIFEST, Manifest, name_in, place, put_name};
pub(crate) use matched::MATCHED_SIDE;
pub use matched::{matched, stored_thumbnail, thumbnail};
pub use names::{Choice, format_named};
pub use optimized::{Beginning, Optimized};
pub use options::Options;
pub use plan::{Header, Plan, Room, in_bands, plan};
pub use record::{Request, StyleUse, VERSION};
pub use reference::Reference;
pub use stroke::{StrokeWidth, shortest};
pub use table::{Kind, Name, Part, Row, checked, table};
