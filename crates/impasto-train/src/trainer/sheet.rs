//! Contact sheets: held-out photographs in held-out styles, painted by the engine with the weights so far.

use impasto::networks::Model;
use impasto::picture::{Resize, SaveOptions};
use impasto::{Picture, Result, Stylizer};

use super::Trainer;

/// Rows of the sheet, one for each style.
const ROWS: usize = 6;
/// Photographs in a row.
const COLUMNS: usize = 4;
/// Side of a panel in pixels.
const SIDE: usize = 224;

impl Trainer {
    /// Writes `sheet-STEP.png`. The photographs are in the first row. Each further row has a style and its paintings.
    pub(super) fn sheet(&self, model: Model) -> Result<()> {
        let stylizer = Stylizer::builder().build(model)?;
        let spread = |count: usize, i: usize, of: usize| i * count / of;
        let square = |picture: Picture| picture.centre_square().resized([SIDE, SIDE], Resize::PHOTO);
        let mut rows = vec![vec![None]];
        let (contents, styles) = (&self.sources.content.held_out, &self.sources.style.held_out);
        let mut photographs = Vec::new();
        for i in 0..COLUMNS.min(contents.len()) {
            photographs.push(square(contents[spread(contents.len(), i, COLUMNS.min(contents.len()))].picture()?)?);
        }
        rows[0].extend(photographs.iter().cloned().map(Some));
        for i in 0..ROWS.min(styles.len()) {
            let picture = styles[spread(styles.len(), i, ROWS.min(styles.len()))].picture()?;
            let style = stylizer.style(&picture)?;
            let mut row = vec![Some(square(picture)?)];
            for photograph in &photographs {
                row.push(Some(stylizer.stylize(photograph, &style)?));
            }
            rows.push(row);
        }
        let width = (COLUMNS + 1) * SIDE;
        let mut rgb = vec![1.0; rows.len() * SIDE * width * 3];
        for (y, row) in rows.iter().enumerate() {
            for (x, panel) in row.iter().enumerate() {
                let Some(panel) = panel else { continue };
                for (line, values) in panel.rgb().chunks_exact(SIDE * 3).enumerate() {
                    rgb[((y * SIDE + line) * width + x * SIDE) * 3..][..SIDE * 3].copy_from_slice(values);
                }
            }
        }
        let path = self.state.options.folder.join(format!("sheet-{:06}.png", self.state.step));
        Picture::from_rgb_f32([width, rows.len() * SIDE], rgb)?.save(path, &SaveOptions::default().overwrite(true))?;
        Ok(())
    }
}
