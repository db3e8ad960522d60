//! Strokes of a brush, a pen or chalk along a path.

use crate::board::{Board, Touch};
use crate::colour::{Colour, mix};
use crate::noise::value;
use crate::shape::{Point, distance, step};

const UNTOUCHED: Touch = Touch { square: f32::MAX, along: 0.0, across: 0.0 };

/// How a stroke looks. Lengths are in units.
#[derive(Clone, Copy)]
pub(crate) struct Brush {
    /// Half the width.
    pub(crate) radius: f32,
    /// The paint, and the second paint that some bristles carry.
    pub(crate) colours: [Colour; 2],
    pub(crate) opacity: f32,
    /// How much bristles differ, 0 to 1.
    pub(crate) bristle: f32,
    /// Bristles across the whole width.
    pub(crate) bristles: f32,
    /// How much the ground's grain breaks the stroke, 0 to 1; more towards its end.
    pub(crate) dry: f32,
    /// Thickness of the paint.
    pub(crate) thick: f32,
    /// How much the ends narrow, from 0 (blunt) to 1 (pointed).
    pub(crate) taper: f32,
    pub(crate) seed: u32,
}

impl Default for Brush {
    fn default() -> Self {
        let black = [0.0; 3];
        Brush {
            radius: 0.01,
            colours: [black, black],
            opacity: 1.0,
            bristle: 0.0,
            bristles: 8.0,
            dry: 0.0,
            thick: 0.0,
            taper: 0.0,
            seed: 0,
        }
    }
}

impl Brush {
    /// Returns a plain line of one color.
    pub(crate) fn line(radius: f32, colour: Colour) -> Self {
        Brush { radius, colours: [colour, colour], ..Brush::default() }
    }

    /// Returns half the width at a place along the stroke, 0 to 1.
    fn reach(&self, along: f32) -> f32 {
        if self.taper <= 0.0 {
            return self.radius;
        }
        let end = along.min(1.0 - along).clamp(0.0, 0.5) / (0.5 * self.taper.min(1.0));
        self.radius * if end >= 1.0 { 1.0 } else { (end * (2.0 - end)).max(0.0).sqrt().max(0.04) }
    }
}

impl Board {
    /// Draws a stroke. Where it crosses itself, it is painted only once.
    pub(crate) fn stroke(&mut self, path: &[Point], brush: &Brush) {
        let mut brush = *brush;
        let thinnest = 0.55 / self.unit;
        if brush.radius < thinnest {
            brush.opacity *= brush.radius / thinnest;
            brush.radius = thinnest;
        }
        if self.touches.is_empty() {
            self.touches = vec![UNTOUCHED; self.width * self.height];
        }
        let length: f32 = path.windows(2).map(|p| distance(p[0], p[1])).sum();
        if length <= 0.0 {
            return;
        }
        let mut touched = Vec::new();
        let mut gone = 0.0;
        let reach = brush.radius + 1.0 / self.unit;
        for pair in path.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            let ab = [b[0] - a[0], b[1] - a[1]];
            let square = (ab[0] * ab[0] + ab[1] * ab[1]).max(1e-14);
            let piece = square.sqrt();
            for row in self.span(a[1].min(b[1]) - reach, a[1].max(b[1]) + reach, self.height) {
                for column in self.span(a[0].min(b[0]) - reach, a[0].max(b[0]) + reach, self.width) {
                    let ap = [(column as f32 + 0.5) / self.unit - a[0], (row as f32 + 0.5) / self.unit - a[1]];
                    let t = ((ap[0] * ab[0] + ap[1] * ab[1]) / square).clamp(0.0, 1.0);
                    let off = (ap[0] - t * ab[0]).powi(2) + (ap[1] - t * ab[1]).powi(2);
                    let at = row * self.width + column;
                    if off < reach * reach && off < self.touches[at].square {
                        if self.touches[at].square == f32::MAX {
                            touched.push(at);
                        }
                        let side = (ab[0] * ap[1] - ab[1] * ap[0]).signum();
                        self.touches[at] = Touch { square: off, along: gone + t * piece, across: side * off.sqrt() };
                    }
                }
            }
            gone += piece;
        }
        for at in touched {
            let touch = std::mem::replace(&mut self.touches[at], UNTOUCHED);
            self.lay(at, touch, length, &brush);
        }
    }

    fn lay(&mut self, at: usize, touch: Touch, length: f32, brush: &Brush) {
        let along = touch.along / length;
        let reach = brush.reach(along);
        let mut share = brush.opacity * ((reach - touch.square.sqrt()) * self.unit + 0.5).clamp(0.0, 1.0);
        if share <= 0.0 {
            return;
        }
        let across = touch.across / brush.radius;
        let (mut colour, mut hair) = (brush.colours[0], 0.5);
        if brush.bristle > 0.0 || brush.dry > 0.0 {
            // Bristles finer than a pixel are not drawn, because they would only be noise.
            let bristles = brush.bristles.min(brush.radius * self.unit * 1.3).max(1.0);
            let lengthwise = touch.along / brush.radius;
            hair = 0.65 * value(across * bristles * 0.5, lengthwise * 0.22, brush.seed)
                + 0.35 * value(across * bristles, lengthwise * 0.5, brush.seed ^ 0xABCD);
            let load = step(0.35, 0.75, hair);
            colour = mix(colour, brush.colours[1], load * brush.bristle);
            colour = colour.map(|v| v * (1.0 + brush.bristle * 0.35 * (hair - 0.5)));
        }
        if brush.dry > 0.0 {
            let (x, y) = ((at % self.width) as f32 / self.unit, (at / self.width) as f32 / self.unit);
            // The ground's grain is the same for all strokes.
            let grain = value(x * 210.0, y * 210.0, 77) * 0.5 + value(x * 97.0, y * 97.0, 78) * 0.5;
            let bare = brush.dry * (0.55 + 0.6 * along);
            share *= step(bare - 0.12, bare + 0.12, 0.55 * grain + 0.45 * hair + 0.12);
        }
        self.pixels[at] = mix(self.pixels[at], colour, share);
        if brush.thick > 0.0 {
            let dome = (1.0 - across * across).max(0.0).sqrt();
            let rim = step(0.6, 0.95, across.abs()) * 0.35;
            let height = brush.thick * (0.35 * dome + rim + 1.1 * (hair - 0.2));
            let old = self.relief[at];
            self.relief[at] = old + (old * 0.35 + height - old) * share;
        }
    }
}
