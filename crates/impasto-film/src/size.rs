//! The size of a painted film.

use std::str::FromStr;

use impasto::Size;

/// A requested size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FilmSize {
    /// Longer side in pixels. The aspect ratio stays.
    LongSide(usize),
    /// Width and height.
    Exact(Size),
}

impl FilmSize {
    /// The painted size of a film whose own size is `own`.
    pub fn of(self, own: Size) -> Size {
        match self {
            FilmSize::LongSide(side) => own.with_long_side(side),
            FilmSize::Exact(size) => size,
        }
    }
}

/// Parses `640` or `640x360`.
impl FromStr for FilmSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(side) = text.parse().ok().filter(|n| (1..=65_535).contains(n)) {
            return Ok(FilmSize::LongSide(side));
        }
        text.parse().map(FilmSize::Exact).map_err(|_| "write it as 640 (the longer side) or 640x360".into())
    }
}
