//! Style pictures. Each style has its own palettes, marks and subjects.
//!
//! Seed 0 is the canonical picture of a style. Other seeds change the palette, the scale, the
//! direction, the density and the subject.

mod ceramic;
mod dots;
mod drawing;
mod fluid;
mod geometry;
mod knife;
mod paint;
mod paper;
mod planes;
mod print;
mod splash;
mod textile;
mod tiles;
mod wash;
mod waves;

use crate::canvas::Canvas;

/// A style to draw in.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Style {
    /// The name, in lower-case letters and hyphens.
    pub name: &'static str,
    /// A description of one line.
    pub description: &'static str,
    /// Draws a picture. The arguments are width and height in pixels, and the seed.
    pub draw: fn(usize, usize, u64) -> Canvas,
    /// Whether the marks are so small that a network can show them only at twice their width.
    pub small: bool,
}

impl Style {
    /// Draws a square picture from which to take the style, for a content with this longer
    /// side: at least 512 pixels, at most 4096.
    pub fn painting(&self, side: usize) -> Canvas {
        let side = side.clamp(512, 4096);
        (self.draw)(side, side, 0)
    }

    /// Draws the pictures that the style is learned from, with marks as wide as a network can show: its painting of
    /// 1024×1024 pixels, or, if its marks are small, the four quarters of it.
    pub fn lessons(&self) -> Vec<Canvas> {
        let whole = self.painting(2 * QUARTER);
        if self.small { (0..4).map(|i| quarter(&whole, i)).collect() } else { vec![whole] }
    }

    const fn small(self) -> Self {
        Style { small: true, ..self }
    }
}

/// Side of a quarter in pixels.
const QUARTER: usize = 512;

fn quarter(whole: &Canvas, index: usize) -> Canvas {
    let [left, top] = [index % 2, index / 2].map(|i| i * QUARTER);
    let rows = whole.rgb.chunks_exact(whole.width * 3).skip(top).take(QUARTER);
    let rgb = rows.flat_map(|row| &row[left * 3..(left + QUARTER) * 3]).copied().collect();
    Canvas { width: QUARTER, height: QUARTER, rgb }
}

const fn style(name: &'static str, description: &'static str, draw: fn(usize, usize, u64) -> Canvas) -> Style {
    Style { name, description, draw, small: false }
}

/// All styles, sorted by name.
pub const ALL: &[Style] = &[
    style("agate", "bands of a cut stone around crystals", fluid::agate),
    style("art-deco", "fans and sunbursts edged in gold", geometry::art_deco),
    style("azulejo", "glazed tiles with painted ornament", ceramic::azulejo),
    style("batik", "waxed and dyed cloth with a net of cracks", textile::batik),
    style("charcoal", "smudged charcoal on rough paper", drawing::charcoal).small(),
    style("constructivist", "circles, bars and wedges in few flat colours", planes::constructivist),
    style("cross-hatching", "pen lines laid across each other", drawing::cross_hatching).small(),
    style("cubist", "facets that break a scene into shaded planes", planes::cubist),
    style("dot-painting", "rings and paths of dots on dark earth", dots::dot_painting).small(),
    style("drip", "threads and drops of flung enamel", splash::drip),
    style("engraving", "swelling parallel lines cut in copper", print::engraving).small(),
    style("fauve", "broad strokes in unlikely colours", paint::fauve),
    style("flow", "long brush strokes along a current", paint::flow),
    style("graffiti", "sprayed letters, splashes and drips on a wall", splash::graffiti),
    style("halftone", "comic print: flat colours, screens of dots, black outlines", dots::halftone).small(),
    style("impasto", "short strokes of thick paint", paint::impasto).small(),
    style("ink-wash", "mist, peaks and branches in diluted ink", wash::ink_wash),
    style("kilim", "stepped diamonds woven in wool", textile::kilim),
    style("linocut", "bold blocks with gouge marks, printed in layers", print::linocut),
    style("marbled", "floating inks, combed and lifted with paper", fluid::marbled),
    style("mosaic", "small stones set along the forms", tiles::mosaic).small(),
    style("op-art", "stripes that bulge and bend", geometry::op_art).small(),
    style("palette-knife", "slabs of paint pulled with a knife", knife::palette_knife),
    style("paper-cut", "layers of cut paper with their shadows", paper::paper_cut),
    style("pastel", "soft chalk rubbed over toned paper", paint::pastel).small(),
    style("plaid", "twill woven in crossing stripes", textile::plaid),
    style("pointillism", "points of pure colour that mix in the eye", dots::pointillism).small(),
    style("stained-glass", "coloured panes in lead", tiles::stained_glass),
    style("starry", "a night sky of whirling strokes and haloed stars", paint::starry).small(),
    style("terrazzo", "chips of marble in polished cement", tiles::terrazzo).small(),
    style("watercolour", "washes that bloom, pool and run", wash::watercolour),
    style("waves", "overlapping crests in rows, with foam", waves::waves),
    style("woodcut", "light carved out of black along the grain", print::woodcut).small(),
];

/// Returns the style with this name.
pub fn find(name: &str) -> Option<&'static Style> {
    ALL.iter().find(|style| style.name.eq_ignore_ascii_case(name))
}
