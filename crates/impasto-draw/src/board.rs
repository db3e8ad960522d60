//! The board that the drawing functions draw on.
//!
//! Lengths are in units of the square root of the picture's area, so that a picture holds the same number of strokes at
//! any size and shape. A square picture is 1 by 1.

use crate::canvas::Canvas;
use crate::colour::{Colour, mix};
use crate::random::Random;
use crate::shape::{Point, cover};

/// Where a pixel is in the stroke that touches it.
#[derive(Clone, Copy)]
pub(crate) struct Touch {
    pub(crate) square: f32,
    pub(crate) along: f32,
    pub(crate) across: f32,
}

/// A picture being drawn, with the thickness of its paint.
pub(crate) struct Board {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Pixels per unit.
    pub(crate) unit: f32,
    pub(crate) pixels: Vec<Colour>,
    /// Thickness of the paint, in units.
    pub(crate) relief: Vec<f32>,
    /// For strokes: the nearest place in the current stroke, for each pixel that it touches.
    pub(super) touches: Vec<Touch>,
}

impl Board {
    pub(crate) fn new(width: usize, height: usize, ground: Colour) -> Self {
        let (width, height) = (width.max(1), height.max(1));
        let unit = ((width * height) as f32).sqrt();
        Board {
            width,
            height,
            unit,
            pixels: vec![ground; width * height],
            relief: vec![0.0; width * height],
            touches: Vec::new(),
        }
    }

    /// Returns the width in units.
    pub(crate) fn wide(&self) -> f32 {
        self.width as f32 / self.unit
    }

    /// Returns the height in units.
    pub(crate) fn high(&self) -> f32 {
        self.height as f32 / self.unit
    }

    /// Returns a pixel's side in units.
    pub(crate) fn pixel(&self) -> f32 {
        1.0 / self.unit
    }

    /// Returns a random place in the picture, or up to `margin` outside it.
    pub(crate) fn anywhere(&self, margin: f32, random: &mut Random) -> Point {
        [random.range(-margin, self.wide() + margin), random.range(-margin, self.high() + margin)]
    }

    /// Returns the middle of a pixel.
    fn middle(&self, column: usize, row: usize) -> Point {
        [(column as f32 + 0.5) / self.unit, (row as f32 + 0.5) / self.unit]
    }

    /// Draws the whole picture from a function of the place. Pixels that differ from a neighbor get
    /// four more samples, which smooths edges.
    pub(crate) fn fill(&mut self, colour: impl Fn(f32, f32) -> Colour) {
        let (width, height) = (self.width, self.height);
        for row in 0..height {
            for column in 0..width {
                let [x, y] = self.middle(column, row);
                self.pixels[row * width + column] = colour(x, y);
            }
        }
        let differ = |a: Colour, b: Colour| (a[0] - b[0]).abs() + (a[1] - b[1]).abs() + (a[2] - b[2]).abs() > 0.2;
        let once = self.pixels.clone();
        for row in 0..height {
            for column in 0..width {
                let at = row * width + column;
                let edge = column > 0 && differ(once[at], once[at - 1])
                    || column + 1 < width && differ(once[at], once[at + 1])
                    || row > 0 && differ(once[at], once[at - width])
                    || row + 1 < height && differ(once[at], once[at + width]);
                if edge {
                    let [x, y] = self.middle(column, row);
                    let pixel = self.pixel();
                    let mut sum = once[at];
                    for [dx, dy] in [[-0.375, -0.125], [0.125, -0.375], [0.375, 0.125], [-0.125, 0.375]] {
                        let more = colour(x + dx * pixel, y + dy * pixel);
                        sum = std::array::from_fn(|i| sum[i] + more[i]);
                    }
                    self.pixels[at] = sum.map(|v| v * 0.2);
                }
            }
        }
    }

    /// Changes every pixel by a function of the place and the current color.
    pub(crate) fn adjust(&mut self, colour: impl Fn(f32, f32, Colour) -> Colour) {
        for row in 0..self.height {
            for column in 0..self.width {
                let [x, y] = self.middle(column, row);
                let pixel = &mut self.pixels[row * self.width + column];
                *pixel = colour(x, y, *pixel);
            }
        }
    }

    /// Adds to the paint's thickness everywhere.
    pub(crate) fn raise(&mut self, thickness: impl Fn(f32, f32) -> f32) {
        for row in 0..self.height {
            for column in 0..self.width {
                let [x, y] = self.middle(column, row);
                self.relief[row * self.width + column] += thickness(x, y);
            }
        }
    }

    /// Computes a function of the place once for each pixel, and `margin` around the
    /// picture, so that it can be interpolated.
    pub(crate) fn grid(&self, margin: f32, value: impl Fn(f32, f32) -> f32) -> Grid {
        let border = (margin * self.unit) as usize + 1;
        let (width, height) = (self.width + 2 * border, self.height + 2 * border);
        let mut values = Vec::with_capacity(width * height);
        for row in 0..height {
            let y = (row as f32 - border as f32 + 0.5) / self.unit;
            values.extend((0..width).map(|column| value((column as f32 - border as f32 + 0.5) / self.unit, y)));
        }
        Grid { width, height, border: border as f32, unit: self.unit, values }
    }

    /// Returns the pixels that a span in units may touch.
    pub(crate) fn span(&self, from: f32, to: f32, end: usize) -> std::ops::Range<usize> {
        let from = (from * self.unit - 1.0).clamp(0.0, end as f32) as usize;
        let to = (to * self.unit + 2.0).clamp(0.0, end as f32) as usize;
        from..to.max(from)
    }

    /// Changes the pixels around a place by a function of the offset from it and the current color.
    pub(crate) fn around(&mut self, at: Point, radius: f32, paint: impl Fn(f32, f32, Colour) -> Colour) {
        for row in self.span(at[1] - radius, at[1] + radius, self.height) {
            for column in self.span(at[0] - radius, at[0] + radius, self.width) {
                let [x, y] = self.middle(column, row);
                let pixel = &mut self.pixels[row * self.width + column];
                *pixel = paint(x - at[0], y - at[1], *pixel);
            }
        }
    }

    /// Draws a filled circle.
    pub(crate) fn disc(&mut self, at: Point, radius: f32, colour: Colour, opacity: f32) {
        let pixel = self.pixel();
        // A circle smaller than a pixel is drawn fainter instead.
        let (radius, opacity) =
            if radius < 0.6 * pixel { (0.6 * pixel, opacity * (radius / (0.6 * pixel)).powi(2)) } else { (radius, opacity) };
        self.around(at, radius, |x, y, under| mix(under, colour, opacity * cover((x * x + y * y).sqrt() - radius, pixel)));
    }

    /// Fills a polygon (even-odd) with smooth edges. The paint is a function of the place and the current color.
    pub(crate) fn polygon(&mut self, corners: &[Point], paint: impl Fn(f32, f32, Colour) -> Colour) {
        self.polygon_raised(corners, None, paint);
    }

    /// As `polygon`, and also raises the paint there.
    pub(crate) fn polygon_raised(&mut self, corners: &[Point], thick: Option<f32>, paint: impl Fn(f32, f32, Colour) -> Colour) {
        const LINES: usize = 5;
        let bound = |axis: usize, far: fn(f32, f32) -> f32, start: f32| corners.iter().map(|c| c[axis]).fold(start, far);
        let columns = self.span(bound(0, f32::min, f32::MAX), bound(0, f32::max, f32::MIN), self.width);
        let rows = self.span(bound(1, f32::min, f32::MAX), bound(1, f32::max, f32::MIN), self.height);
        let mut share = vec![0.0f32; columns.len()];
        let mut crossings = Vec::new();
        for row in rows {
            share.fill(0.0);
            for line in 0..LINES {
                let y = row as f32 + (line as f32 + 0.5) / LINES as f32;
                crossings.clear();
                for (i, a) in corners.iter().enumerate() {
                    let b = corners[(i + 1) % corners.len()];
                    let (ay, by) = (a[1] * self.unit, b[1] * self.unit);
                    if (ay <= y) != (by <= y) {
                        crossings.push((a[0] + (b[0] - a[0]) * (y - ay) / (by - ay)) * self.unit - columns.start as f32);
                    }
                }
                crossings.sort_by(f32::total_cmp);
                for pair in crossings.chunks_exact(2) {
                    let (from, to) = (pair[0].clamp(0.0, share.len() as f32), pair[1].clamp(0.0, share.len() as f32));
                    for (column, share) in share.iter_mut().enumerate().take(to.ceil() as usize).skip(from as usize) {
                        let inside = to.min(column as f32 + 1.0) - from.max(column as f32);
                        *share += inside.max(0.0) / LINES as f32;
                    }
                }
            }
            for (column, &share) in columns.clone().zip(&share) {
                if share > 0.0 {
                    let [x, y] = self.middle(column, row);
                    let at = row * self.width + column;
                    self.pixels[at] = mix(self.pixels[at], paint(x, y, self.pixels[at]), share);
                    if let Some(thick) = thick {
                        self.relief[at] += (thick - self.relief[at]) * share;
                    }
                }
            }
        }
    }

    /// Lights the paint's relief from the upper left. `gloss` is how much wet slopes shine.
    pub(crate) fn light(&mut self, strength: f32, gloss: f32) {
        let (width, height) = (self.width, self.height);
        for row in 0..height {
            for column in 0..width {
                let at = |column: usize, row: usize| self.relief[row * width + column];
                let (left, right) = (column.saturating_sub(1), (column + 1).min(width - 1));
                let (up, down) = (row.saturating_sub(1), (row + 1).min(height - 1));
                let dx = (at(right, row) - at(left, row)) * self.unit * 0.5;
                let dy = (at(column, down) - at(column, up)) * self.unit * 0.5;
                // The light comes from the upper left. Slopes that rise away from it are lit.
                let facing = ((dx + 1.3 * dy) * strength * 0.6).clamp(-1.0, 1.0);
                let pixel = &mut self.pixels[row * width + column];
                let shine = gloss * (facing - 0.35).max(0.0);
                *pixel = pixel.map(|v| v * (1.0 + 0.55 * facing) + shine + 0.03 * facing);
            }
        }
    }

    pub(crate) fn finish(self) -> Canvas {
        let rgb = self.pixels.into_iter().flatten().map(|v| v.clamp(0.0, 1.0)).collect();
        Canvas { width: self.width, height: self.height, rgb }
    }
}

/// Values at the pixels of a board, and at some around it.
pub(crate) struct Grid {
    width: usize,
    height: usize,
    border: f32,
    unit: f32,
    values: Vec<f32>,
}

impl Grid {
    /// Returns the value at a place, interpolated between the four nearest pixels. Beyond the
    /// border, it is that of the nearest pixel.
    pub(crate) fn at(&self, x: f32, y: f32) -> f32 {
        let within = |v: f32, end: usize| (v * self.unit + self.border - 0.5).clamp(0.0, (end - 1) as f32);
        let (x, y) = (within(x, self.width), within(y, self.height));
        let (column, row) = (x as usize, y as usize);
        let (right, down) = ((column + 1).min(self.width - 1), (row + 1).min(self.height - 1));
        let along = |row: usize| {
            let (a, b) = (self.values[row * self.width + column], self.values[row * self.width + right]);
            a + (b - a) * x.fract()
        };
        let (a, b) = (along(row), along(down));
        a + (b - a) * y.fract()
    }
}
