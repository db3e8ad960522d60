//! Limits on the size of a picture file and the memory that it takes.

use crate::{Error, ErrorKind, Result};

/// Limits that are enforced before a decoder allocates, because a few bytes of header can claim gigabytes of pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Maximum number of pixels (width × height). Default: 2²⁸ (268 million).
    ///
    /// A decoded pixel takes 12 bytes as three floats, 4 more with alpha, and 1 to 20 as the decoder returns it: about
    /// 3 to 9 GiB at this limit. The largest cameras (150 and 200 megapixels) stay below it. A larger picture is either
    /// a panorama, whose owner can raise the limit, or an attack.
    pub max_pixels: u64,
    /// Maximum size of a picture file in bytes. Default: 2 GiB, which is `max_pixels` of uncompressed 16-bit RGBA.
    pub max_bytes: u64,
    /// Maximum bytes of the decoded samples: 3 per pixel for 8-bit RGB, 8 for 16-bit RGBA. Default: no separate limit.
    pub max_decoded: u64,
    /// Whether to read a truncated or damaged JPEG file as far as possible. The rest is then gray, and
    /// [`Picture::warnings`](super::Picture::warnings) has a line about it. Default: no, it is an error.
    pub salvage: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { max_pixels: 1 << 28, max_bytes: 1 << 31, max_decoded: u64::MAX, salvage: false }
    }
}

impl Limits {
    /// Sets [`Limits::max_pixels`].
    #[must_use]
    pub fn max_pixels(self, max_pixels: u64) -> Self {
        Limits { max_pixels, ..self }
    }

    /// Sets [`Limits::max_bytes`].
    #[must_use]
    pub fn max_bytes(self, max_bytes: u64) -> Self {
        Limits { max_bytes, ..self }
    }

    /// Sets [`Limits::max_decoded`].
    #[must_use]
    pub fn max_decoded(self, max_decoded: u64) -> Self {
        Limits { max_decoded, ..self }
    }

    /// Sets [`Limits::salvage`].
    #[must_use]
    pub fn salvage(self, salvage: bool) -> Self {
        Limits { salvage, ..self }
    }

    /// Checks the size that a header claims.
    pub(crate) fn check_pixels(&self, width: u64, height: u64) -> Result<()> {
        if width == 0 || height == 0 {
            let text = format!("its header claims {width}×{height} pixels: the file is corrupt");
            return Err(Error::new(ErrorKind::Malformed, text));
        }
        let pixels = u128::from(width) * u128::from(height);
        if pixels > u128::from(self.max_pixels) {
            let text = format!(
                "{width}×{height} is {pixels} pixels, more than the limit of {}; raise it with --max-pixels (Limits::max_pixels)",
                self.max_pixels
            );
            return Err(Error::new(ErrorKind::TooLarge, text));
        }
        Ok(())
    }

    /// Checks how much memory a picture's samples will take, at `pixel` bytes per pixel.
    pub(crate) fn check_decoded(&self, width: usize, height: usize, pixel: usize) -> Result<()> {
        let bytes = (width as u64).saturating_mul(height as u64).saturating_mul(pixel as u64);
        if bytes <= self.max_decoded {
            return Ok(());
        }
        let mebibytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        let text = format!(
            "{width}×{height} pixels take {:.1} MiB of memory when decoded, more than the limit of {:.1} MiB; if the machine \
             has more, raise it with --max-memory (Limits::max_decoded)",
            mebibytes(bytes),
            mebibytes(self.max_decoded)
        );
        Err(Error::new(ErrorKind::TooLarge, text))
    }

    pub(crate) fn check_bytes(&self, bytes: u64) -> Result<()> {
        if bytes > self.max_bytes {
            let text = format!(
                "the file has more than the limit of {} bytes; raise it with --max-bytes (Limits::max_bytes)",
                self.max_bytes
            );
            return Err(Error::new(ErrorKind::TooLarge, text));
        }
        Ok(())
    }
}
