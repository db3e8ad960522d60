//! Figures (pictures side by side, each under its title, on white) and contact sheets.

use ab_glyph::{Font, FontRef, Glyph, PxScale, ScaleFont, point};
use impasto::Picture;
use impasto::picture::Resize;

use crate::failure::{Failure, Result};
use crate::memory;
use impasto::Size;

/// Smallest and largest height of the panels. In between, they are as high as
/// the result. Figures of these sizes read well on screen and paper.
const HEIGHTS: (usize, usize) = (240, 720);
/// Largest ratio of width to height of a panel. A wider picture gets less height instead.
const WIDEST: usize = 2;
/// Brightness of titles: dark gray, because black is harsh beside pictures.
const INK: f32 = 0.15;

/// The content of a panel.
pub(crate) enum Content<'a> {
    Picture(&'a Picture),
    /// The name of a saved style, which has no picture.
    Name(String),
}

/// One panel and its title.
pub(crate) struct Panel<'a> {
    pub(crate) title: String,
    pub(crate) content: Content<'a>,
}

/// Draws the figure. The picture of the last panel decides the height.
pub(crate) fn draw(panels: &[Panel<'_>]) -> Result<Picture> {
    let font = FontRef::try_from_slice(dejavu::sans::regular()).map_err(Failure::failed)?;
    let height = match panels.last().map(|panel| &panel.content) {
        Some(Content::Picture(picture)) => picture.height().clamp(HEIGHTS.0, HEIGHTS.1),
        _ => HEIGHTS.0,
    };
    let text = Text { font: &font, scale: PxScale::from((height as f32 / 16.0).clamp(18.0, 40.0)) };
    let cells = panels.iter().map(|panel| Cell::new(panel, height, &text)).collect::<Result<Vec<_>>>()?;
    let gap = height / 24;
    let title_height = text.height() + gap / 2;
    let width = cells.iter().map(|cell| cell.width + gap).sum::<usize>() + gap;
    let mut canvas = Canvas::new(width, gap + title_height + height + gap);
    let mut left = gap;
    for cell in &cells {
        let middle = left + cell.width / 2;
        text.draw(&mut canvas, cell.title, middle, gap);
        let top = gap + title_height;
        match &cell.shown {
            Shown::Picture(picture) => {
                canvas.picture(picture, middle - picture.width() / 2, top + (height - picture.height()) / 2);
            }
            Shown::Name(name) => {
                canvas.fill(left, top, cell.width, height, 0.93);
                text.draw(&mut canvas, name, middle, top + (height - text.height()) / 2);
            }
        }
        left += cell.width + gap;
    }
    Ok(Picture::from_rgb_f32([canvas.width, canvas.height], canvas.rgb)?)
}

/// A contact sheet: pictures of one size, each above its title, in rows on white.
pub(crate) struct Sheet {
    canvas: Canvas,
    font: FontRef<'static>,
    scale: PxScale,
    /// Size of the pictures.
    size: Size,
    /// Size of a picture with its title.
    cell: Size,
    gap: usize,
    columns: usize,
    filled: usize,
}

impl Sheet {
    /// Makes an empty sheet for pictures of this size.
    ///
    /// # Errors
    /// If it would not fit in memory.
    pub(crate) fn new(size: Size, titles: &[String], columns: usize) -> Result<Self> {
        let font = FontRef::try_from_slice(dejavu::sans::regular()).map_err(Failure::failed)?;
        let Size { width, height } = size;
        let scale = PxScale::from((width.max(height) as f32 / 16.0).clamp(12.0, 40.0));
        let text = Text { font: &font, scale };
        // The title of a thin picture can be wider than the picture.
        let widest = titles.iter().map(|title| text.width(title)).max().unwrap_or(0).max(width);
        let gap = (width.max(height) / 24).max(4);
        let cell = Size { width: widest, height: height + text.height() + gap / 2 };
        let columns = columns.clamp(1, titles.len().max(1));
        let rows = titles.len().div_ceil(columns);
        let (wide, high) = (columns * (cell.width + gap) + gap, rows * (cell.height + gap) + gap);
        // The sheet itself, and what the encoder makes of it.
        let needed = (wide as u64).saturating_mul(high as u64).saturating_mul(20);
        if let Some(free) = memory::available().filter(|&free| free < needed) {
            return Err(Failure::failed(format!(
                "a sheet of {wide}×{high} pixels takes {} of memory, more than the {} that this machine has free; make the paintings smaller \
                 with --size",
                memory::human(needed),
                memory::human(free),
            )));
        }
        Ok(Sheet { canvas: Canvas::new(wide, high), font, scale, size, cell, gap, columns, filled: 0 })
    }

    /// Adds the next picture. `None` leaves its place empty.
    pub(crate) fn add(&mut self, title: &str, picture: Option<&Picture>) {
        let (column, row) = (self.filled % self.columns, self.filled / self.columns);
        self.filled += 1;
        let Some(picture) = picture else { return };
        let (gap, size, cell) = (self.gap, self.size, self.cell);
        let (left, top) = (gap + column * (cell.width + gap), gap + row * (cell.height + gap));
        self.canvas.picture(picture, left + (cell.width - picture.width()) / 2, top + (size.height - picture.height()) / 2);
        let text = Text { font: &self.font, scale: self.scale };
        text.draw(&mut self.canvas, title, left + cell.width / 2, top + size.height + gap / 4);
    }

    pub(crate) fn finish(self) -> Result<Picture> {
        Ok(Picture::from_rgb_f32([self.canvas.width, self.canvas.height], self.canvas.rgb)?)
    }
}

/// A panel at its size in the figure.
struct Cell<'a> {
    title: &'a str,
    shown: Shown<'a>,
    /// The width of the picture or the title, whichever is greater.
    width: usize,
}

enum Shown<'a> {
    Picture(Box<Picture>),
    Name(&'a str),
}

impl<'a> Cell<'a> {
    fn new(panel: &'a Panel<'_>, height: usize, text: &Text<'_>) -> Result<Self> {
        let (shown, width) = match &panel.content {
            Content::Picture(picture) => {
                let picture = fitted(picture, height)?;
                let width = picture.width();
                (Shown::Picture(Box::new(picture)), width)
            }
            Content::Name(name) => (Shown::Name(name), height.max(text.width(name) + height / 8)),
        };
        Ok(Cell { title: &panel.title, shown, width: width.max(text.width(&panel.title)) })
    }
}

/// Resizes the picture to this height, or to less if it would be too wide. Both sides are at least 1.
fn fitted(picture: &Picture, height: usize) -> Result<Picture> {
    let (w, h) = (picture.width() as u128, picture.height() as u128);
    let (height, widest) = (height as u128, (height * WIDEST) as u128);
    let (new_w, new_h) = if w * height <= widest * h { (w * height / h, height) } else { (widest, h * widest / w) };
    // The casts are safe: both sides are at most `widest`.
    Ok(picture.resized([new_w.max(1) as usize, new_h.max(1) as usize], Resize::PHOTO)?)
}

/// A white sheet.
struct Canvas {
    width: usize,
    height: usize,
    rgb: Vec<f32>,
}

impl Canvas {
    fn new(width: usize, height: usize) -> Self {
        Canvas { width, height, rgb: vec![1.0; width * height * 3] }
    }

    fn picture(&mut self, picture: &Picture, left: usize, top: usize) {
        let opaque = vec![1.0; picture.width()];
        for (y, row) in picture.rgb().chunks_exact(picture.width() * 3).enumerate() {
            let alpha = picture.alpha().map_or(&opaque[..], |alpha| &alpha[y * picture.width()..][..picture.width()]);
            let target = &mut self.rgb[((top + y) * self.width + left) * 3..][..row.len()];
            for ((to, from), a) in target.chunks_exact_mut(3).zip(row.chunks_exact(3)).zip(alpha) {
                to.iter_mut().zip(from).for_each(|(to, from)| *to += (from.clamp(0.0, 1.0) - *to) * a);
            }
        }
    }

    fn fill(&mut self, left: usize, top: usize, width: usize, height: usize, grey: f32) {
        for y in top..top + height {
            self.rgb[(y * self.width + left) * 3..][..width * 3].fill(grey);
        }
    }

    /// Covers this share of a pixel with ink. Pixels outside the sheet are ignored.
    fn ink(&mut self, x: i64, y: i64, coverage: f32) {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else { return };
        if x < self.width && y < self.height {
            let pixel = &mut self.rgb[(y * self.width + x) * 3..][..3];
            pixel.iter_mut().for_each(|v| *v += (INK - *v) * coverage.min(1.0));
        }
    }
}

/// A font at one size.
struct Text<'a> {
    font: &'a FontRef<'a>,
    scale: PxScale,
}

impl Text<'_> {
    /// Returns the height of a line, from the highest to the lowest point of any letter.
    fn height(&self) -> usize {
        self.font.as_scaled(self.scale).height().ceil() as usize
    }

    fn width(&self, text: &str) -> usize {
        self.lay_out(text).1.ceil() as usize
    }

    /// Places the kerned glyphs on the baseline, from x = 0 on. Returns them with their total width.
    fn lay_out(&self, text: &str) -> (Vec<Glyph>, f32) {
        let font = self.font.as_scaled(self.scale);
        let (mut glyphs, mut x, mut last) = (Vec::new(), 0.0, None);
        for c in text.chars() {
            let id = font.glyph_id(c);
            x += last.map_or(0.0, |last| font.kern(last, id));
            glyphs.push(id.with_scale_and_position(self.scale, point(x, font.ascent())));
            x += font.h_advance(id);
            last = Some(id);
        }
        (glyphs, x)
    }

    /// Draws a line of text below row `top`, centered on column `middle`.
    fn draw(&self, canvas: &mut Canvas, text: &str, middle: usize, top: usize) {
        let (glyphs, width) = self.lay_out(text);
        let left = middle as i64 - (width / 2.0) as i64;
        for outline in glyphs.into_iter().filter_map(|glyph| self.font.outline_glyph(glyph)) {
            let bounds = outline.px_bounds();
            let (x0, y0) = (left + bounds.min.x as i64, top as i64 + bounds.min.y as i64);
            outline.draw(|x, y, coverage| canvas.ink(x0 + i64::from(x), y0 + i64::from(y), coverage));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Content, Panel, Sheet, draw};
    use impasto::Picture;
    use impasto::Size;

    fn plain(width: usize, height: usize, value: u8) -> Picture {
        Picture::from_rgb8([width, height], &vec![value; width * height * 3]).unwrap()
    }

    fn panel<'a>(title: &str, picture: &'a Picture) -> Panel<'a> {
        Panel { title: title.into(), content: Content::Picture(picture) }
    }

    #[test]
    fn panels_stand_side_by_side_under_their_titles() {
        let (content, style, result) = (plain(300, 300, 0), plain(50, 100, 128), plain(300, 300, 255));
        let figure = draw(&[panel("Content", &content), panel("Style", &style), panel("Result", &result)]).unwrap();
        let pixel = |x: usize, y: usize| figure.rgb()[(y * figure.width() + x) * 3];
        // The gap is 12; the panels are 300, 150 and 300 pixels wide.
        assert_eq!(figure.width(), 12 + 300 + 12 + 150 + 12 + 300 + 12);
        let low = figure.height() - 100;
        assert_eq!(pixel(150, low), 0.0);
        assert!((pixel(12 + 300 + 12 + 75, low) - 0.5).abs() < 0.01);
        assert_eq!(pixel(0, low), 1.0);
        let inked = (0..figure.width()).filter(|&x| (12..30).any(|y| pixel(x, y) < 0.5)).count();
        assert!((60..300).contains(&inked), "{inked} columns have ink in the row of titles");
    }

    #[test]
    fn sheets_are_filled_row_by_row() {
        let (black, white) = (plain(120, 80, 0), plain(120, 80, 255));
        let titles = vec!["name".to_owned(); 8];
        let mut sheet = Sheet::new(Size { width: 120, height: 80 }, &titles, 6).unwrap();
        for i in 0..8 {
            sheet.add("name", if i == 6 { None } else { Some(if i == 7 { &black } else { &white }) });
        }
        let sheet = sheet.finish().unwrap();
        let pixel = |x: usize, y: usize| sheet.rgb()[(y * sheet.width() + x) * 3];
        assert_eq!(sheet.width(), 6 * 125 + 5);
        let second_row = sheet.height() / 2 + 40;
        assert_eq!([pixel(65, second_row), pixel(190, second_row), pixel(315, second_row)], [1.0, 0.0, 1.0]);
        // An empty place has no title either.
        let ink = |columns: std::ops::Range<usize>| {
            (sheet.height() - 20..sheet.height()).any(|y| columns.clone().any(|x| pixel(x, y) < 0.9))
        };
        assert!(!ink(5..125) && ink(130..250));
        for (width, height) in [(1, 1), (1, 500), (500, 1)] {
            let picture = plain(width, height, 10);
            let mut sheet = Sheet::new(Size { width, height }, &["a name".into()], 9).unwrap();
            sheet.add("a name", Some(&picture));
            sheet.finish().unwrap();
        }
    }

    #[test]
    fn any_shape_fits() {
        for (width, height) in [(1, 1), (1, 5000), (5000, 1), (3000, 2000)] {
            let picture = plain(width, height, 10);
            let name = Content::Name("a name that is much longer than its panel could be wide, ß and Ж and 字 included".into());
            let figure = draw(&[Panel { title: "Style".into(), content: name }, panel("Result", &picture)]).unwrap();
            assert!(figure.width() < 5000 && figure.height() < 1000, "{width}x{height}");
        }
    }
}
