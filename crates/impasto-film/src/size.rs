//! The size of a painted film.

use std::str::FromStr;

use impasto::Size;

/// A size that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FilmSize {
    /// Pixels of the longer side; the proportions stay.
    LongSide(usize),
    /// Width and height.
    Exact(Size),
}

impl FilmSize {
    /// Of a film whose own size this is.
    pub fn of(self, own: Size) -> Size {
        match self {
            FilmSize::LongSide(side) => own.with_long_side(side),
            FilmSize::Exact(size) => size,
        }
    }
}

/// `640` or `640x360`.
impl FromStr for FilmSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(side) = text.parse().ok().filter(|n| (1..=65_535).contains(n)) {
            return Ok(FilmSize::LongSide(side));
        }
        text.parse().map(FilmSize::Exact).map_err(|_| "write it as 640 (the longer side) or 640x360".into())
    }
}
