use std::io::BufWriter;
use std::path::Path;

use impasto_draw::Canvas;

pub(crate) fn save(path: &Path, picture: &Canvas) -> Result<(), Box<dyn std::error::Error>> {
    let file = BufWriter::new(std::fs::File::create(path)?);
    let mut encoder = png::Encoder::new(file, u32::try_from(picture.width)?, u32::try_from(picture.height)?);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header()?.write_image_data(&picture.to_rgb8())?;
    Ok(())
}
