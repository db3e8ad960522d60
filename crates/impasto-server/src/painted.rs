//! Results of paintings, until clients fetch them.

use std::path::PathBuf;

use axum::body::Bytes;
use impasto::picture::Format;
use tempfile::TempDir;

use crate::budget::Share;

/// A finished file.
#[derive(Debug)]
pub(crate) struct Painted {
    pub(crate) body: Body,
    pub(crate) media_type: &'static str,
    /// The memory or disk space that it takes while it exists.
    _share: Share,
}

/// Where a finished file is.
#[derive(Debug)]
pub(crate) enum Body {
    Memory(Bytes),
    /// In a folder that is removed with it.
    File {
        path: PathBuf,
        bytes: u64,
        _folder: TempDir,
    },
}

impl Painted {
    /// A picture. `share` is the memory that its bytes take.
    pub(crate) fn picture(share: Share, bytes: Vec<u8>, format: Format) -> Self {
        Painted { body: Body::Memory(bytes.into()), media_type: format.media_type(), _share: share }
    }

    /// A file of this many bytes that is alone in its folder. `share` is the disk space that it takes.
    pub(crate) fn file(share: Share, (folder, path, bytes): (TempDir, PathBuf, u64), media_type: &'static str) -> Self {
        Painted { body: Body::File { path, bytes, _folder: folder }, media_type, _share: share }
    }

    /// Whether it is a file on disk.
    pub(crate) fn is_file(&self) -> bool {
        matches!(self.body, Body::File { .. })
    }
}
