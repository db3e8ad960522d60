//! Scenes that the style pictures show. They are functions of the place, so that a style
//! can draw them in dots, lines or facets.

mod blossoms;
mod forest;
mod fruit;
mod hills;
mod raster;
mod village;
mod whirl;

pub(crate) use raster::Raster;

use crate::board::Board;
use crate::random::Random;

/// What is visible at a place.
#[derive(Clone, Copy)]
pub(crate) struct Look {
    /// Lightness, 0 to 1.
    pub(crate) tone: f32,
    /// The thing's own color, as a place in a palette.
    pub(crate) hue: f32,
    /// The index of the thing in the scene.
    pub(crate) region: u32,
    /// The direction of the form in radians. Strokes follow it.
    pub(crate) angle: f32,
}

/// The kinds of scene.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Blossoms,
    Forest,
    Fruit,
    Hills,
    Village,
    Whirl,
}

/// A scene.
pub(crate) struct Motif(Box<dyn Fn(f32, f32) -> Look>);

impl Motif {
    /// Creates a scene of one of the kinds; for the canonical picture, the first.
    pub(crate) fn new(kinds: &[Kind], board: &Board, random: &mut Random) -> Self {
        let (wide, high) = (board.wide(), board.high());
        Motif(match random.choose(kinds) {
            Kind::Blossoms => Box::new(blossoms::scene(wide, high, random)),
            Kind::Forest => Box::new(forest::scene(wide, high, random)),
            Kind::Fruit => Box::new(fruit::scene(wide, high, random)),
            Kind::Hills => Box::new(hills::scene(wide, high, random)),
            Kind::Village => Box::new(village::scene(wide, high, random)),
            Kind::Whirl => Box::new(whirl::scene(wide, high, random)),
        })
    }

    pub(crate) fn look(&self, x: f32, y: f32) -> Look {
        (self.0)(x, y)
    }
}

/// Every kind, for styles that can show anything.
pub(crate) const ALL: [Kind; 6] = [Kind::Hills, Kind::Blossoms, Kind::Fruit, Kind::Forest, Kind::Village, Kind::Whirl];
