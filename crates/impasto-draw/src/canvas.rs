//! Finished pictures.

/// A picture: rows from the top, three sRGB values in 0..1 for each pixel.
#[derive(Clone, Debug, PartialEq)]
pub struct Canvas {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `width * height * 3` values: red, green, blue of each pixel.
    pub rgb: Vec<f32>,
}

impl Canvas {
    /// Returns the picture as bytes, rounded.
    pub fn to_rgb8(&self) -> Vec<u8> {
        self.rgb.iter().map(|v| (v * 255.0).round() as u8).collect()
    }
}
