//! Reads requests from JSON, of this version or an earlier one.

use serde_json::Value;

use super::old;
use super::record::{OPTIMIZED, Request, VERSION};
use crate::{Error, ErrorKind, Result};

impl Request {
    /// Reads JSON that [`Request::to_json`] of this or an earlier version of Impasto has written. The text may come
    /// from strangers: unknown fields, values out of range and names that lead into other folders are refused.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`] with what is wrong; [`ErrorKind::Unsupported`] for a version newer than this library's.
    pub fn from_json(text: &str) -> Result<Self> {
        let malformed = |why: String| Error::new(ErrorKind::Malformed, why);
        let json: Value = serde_json::from_str(text).map_err(|e| malformed(e.to_string()))?;
        let request = match json.get("version").map(Value::as_u64) {
            None | Some(Some(1 | 2)) => old::read(&json).map_err(malformed)?,
            Some(Some(VERSION | OPTIMIZED)) => serde_json::from_value(json).map_err(|e| malformed(e.to_string()))?,
            Some(Some(newer)) => {
                let text = format!("its version {newer} is newer than this program; update Impasto");
                return Err(Error::new(ErrorKind::Unsupported, text));
            }
            Some(None) => return Err(malformed("its version is not a number".into())),
        };
        request.check().map_err(malformed)?;
        Ok(request)
    }
}
