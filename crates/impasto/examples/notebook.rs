//! The notebook of TensorFlow's style transfer tutorial: one content picture, one style picture, and the result beside
//! them.
//!
//! `cargo run --release -p impasto --example notebook -- MODEL CONTENT STYLE OUT.png`
//!
//! MODEL is the folder of the TF-Hub module `google/magenta/arbitrary-image-stylization-v1-256/2`, or any other model
//! that Impasto reads.

use impasto::picture::{Limits, Resize, SaveOptions};
use impasto::{Picture, Stylizer};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, content, style, out] = arguments.as_slice() else { return Err("give MODEL CONTENT STYLE OUT".into()) };

    let content = Picture::open(content, &Limits::default())?.fit_long_side(720, Resize::PHOTO)?;
    let painting = Picture::open(style, &Limits::default())?;

    let stylizer = Stylizer::open(model)?;
    let style = stylizer.style(&painting)?;
    let stylized = stylizer.stylize(&content, &style)?;

    // Content | style | result, all as high as the content.
    let height = content.height();
    let width = (painting.width() * height / painting.height()).max(1);
    let panels = [content, painting.resized([width, height], Resize::PHOTO)?, stylized];
    let mut figure = Vec::new();
    for y in 0..height {
        for panel in &panels {
            let row = panel.width() * 3;
            figure.extend_from_slice(&panel.rgb()[y * row..(y + 1) * row]);
        }
    }
    let figure = Picture::from_rgb_f32([panels.iter().map(Picture::width).sum(), height], figure)?;
    figure.save(out, &SaveOptions::default().overwrite(true))?;
    Ok(())
}
