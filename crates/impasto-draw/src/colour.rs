//! Colors and palettes.

use crate::random::Random;

/// sRGB values in 0..1.
pub(crate) type Colour = [f32; 3];

/// Converts from `0xRRGGBB`.
pub(crate) const fn hex(rgb: u32) -> Colour {
    [(rgb >> 16 & 255) as f32 / 255.0, (rgb >> 8 & 255) as f32 / 255.0, (rgb & 255) as f32 / 255.0]
}

pub(crate) fn mix(a: Colour, b: Colour, share: f32) -> Colour {
    let share = share.clamp(0.0, 1.0);
    std::array::from_fn(|i| a[i] + (b[i] - a[i]) * share)
}

/// Multiplies each value by a factor.
pub(crate) fn scaled(colour: Colour, by: f32) -> Colour {
    colour.map(|v| v * by)
}

/// Returns the color under a transparent glaze.
pub(crate) fn glazed(under: Colour, glaze: Colour, share: f32) -> Colour {
    std::array::from_fn(|i| under[i] * (1.0 + (glaze[i] - 1.0) * share))
}

/// Rec. 709 luma.
pub(crate) fn luma(c: Colour) -> f32 {
    0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2]
}

/// Converts sRGB to Oklab (Ottosson 2020).
fn to_oklab(colour: Colour) -> [f32; 3] {
    let [r, g, b] = colour.map(|v| if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) });
    let l = (0.412_221_46 * r + 0.536_332_55 * g + 0.051_445_995 * b).cbrt();
    let m = (0.211_903_5 * r + 0.680_699_5 * g + 0.107_396_96 * b).cbrt();
    let s = (0.088_302_46 * r + 0.281_718_85 * g + 0.629_978_7 * b).cbrt();
    [
        0.210_454_26 * l + 0.793_617_8 * m - 0.004_072_047 * s,
        1.977_998_5 * l - 2.428_592_2 * m + 0.450_593_7 * s,
        0.025_904_037 * l + 0.782_771_77 * m - 0.808_675_77 * s,
    ]
}

fn from_oklab([lightness, a, b]: [f32; 3]) -> Colour {
    let l = (lightness + 0.396_337_78 * a + 0.215_803_76 * b).powi(3);
    let m = (lightness - 0.105_561_346 * a - 0.063_854_17 * b).powi(3);
    let s = (lightness - 0.089_484_18 * a - 1.291_485_5 * b).powi(3);
    let linear = [
        4.076_741_7 * l - 3.307_711_6 * m + 0.230_969_94 * s,
        -1.268_438 * l + 2.609_757_4 * m - 0.341_319_38 * s,
        -0.004_196_086_3 * l - 0.703_418_6 * m + 1.707_614_7 * s,
    ];
    linear.map(|v| {
        let v = v.clamp(0.0, 1.0);
        if v <= 0.003_130_8 { v * 12.92 } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 }
    })
}

/// Returns a color with its hue rotated (in radians), and its chroma and lightness changed.
pub(crate) fn shifted(colour: Colour, hue: f32, chroma: f32, lightness: f32) -> Colour {
    let [l, a, b] = to_oklab(colour);
    let (sin, cos) = hue.sin_cos();
    from_oklab([(l + lightness).clamp(0.0, 1.0), (a * cos - b * sin) * chroma, (a * sin + b * cos) * chroma])
}

/// Six colors from dark to light.
pub(crate) type Inks = [u32; 6];

/// Palettes that variants of any style may use.
const SHARED: [Inks; 16] = [
    [0x0B1D3A, 0x1F4E8C, 0x2C8C99, 0xE0A526, 0x9CC5C9, 0xF6E7B4], // night and lamps
    [0x2A1A1F, 0x7A2331, 0xC8502B, 0x3F7C7A, 0xE9A83B, 0xF6E3C0], // autumn
    [0x14213D, 0x2F5D62, 0x5E8C61, 0xD96C4A, 0xE8C468, 0xF4EFE0], // garden
    [0x1C1B2E, 0x50366F, 0xB0416B, 0x3E7CB1, 0xF28F6B, 0xFCE2C4], // dusk
    [0x10312B, 0x1F6B52, 0x6FA85B, 0xC9553D, 0xE9C46A, 0xF3F1DC], // jungle
    [0x2B2A28, 0x5C4B3C, 0x9B6B43, 0x7C8C8A, 0xD9B48A, 0xF2E8D8], // earths
    [0x0F2B46, 0x1C6E8C, 0x3FA7A3, 0xF25F4C, 0xF2C14E, 0xFDF6E3], // harbor
    [0x231942, 0x5E548E, 0x9F86C0, 0xE07A5F, 0xE8B4BC, 0xFBEFEF], // lilac
    [0x1A1A1A, 0x3B4A54, 0xA23B32, 0x7F8F96, 0xD8B878, 0xEFE9DC], // ink, seal, straw
    [0x03256C, 0x2541B2, 0x1768AC, 0x06BEE1, 0xF9C80E, 0xFFF8E8], // ultramarine
    [0x3A0F1B, 0x8C1C3A, 0xD7263D, 0xF46036, 0xF9A03F, 0xFCE8C5], // embers
    [0x132A13, 0x31572C, 0x4F772D, 0x90A955, 0xD8B24A, 0xF1F3D4], // moss
    [0x22223B, 0x4A4E69, 0x7A6C8F, 0xC08497, 0xF2CC8F, 0xF7EDE2], // mist
    [0x1B263B, 0x415A77, 0x3D8B7D, 0xB8574A, 0xB9C5D1, 0xF0EFEB], // slate
    [0x2D132C, 0x801336, 0x1E8A8A, 0xEE4540, 0xF4B942, 0xFFF3D9], // circus
    [0x0A2342, 0x2C5F9E, 0x5C97C9, 0x84BCDA, 0xBFD9E8, 0xF5F7F6], // porcelain
];

/// The colors of a picture, from dark to light.
#[derive(Clone, Copy)]
pub(crate) struct Palette(pub(crate) [Colour; 6]);

impl Palette {
    /// For the canonical picture, returns the first of a style's own palettes. For others, picks one of its own or a
    /// shared one, with hues rotated, and chroma and lightness changed a little.
    pub(crate) fn new(random: &mut Random, own: &[Inks]) -> Self {
        let shared = random.chance(0.45);
        let inks = if shared { random.pick(&SHARED) } else { random.pick(own) };
        let turn = random.normal() * 0.30;
        let (chroma, lightness) = (random.range(0.75, 1.3), random.range(-0.05, 0.05));
        if random.canonical() {
            return Palette(own[0].map(hex));
        }
        Palette(inks.map(|ink| shifted(hex(ink), turn, chroma, lightness)))
    }

    pub(crate) fn darkest(&self) -> Colour {
        self.0[0]
    }

    pub(crate) fn lightest(&self) -> Colour {
        self.0[5]
    }

    /// Returns the color at a place from 0 (darkest) to 1 (lightest), mixed from its neighbors.
    pub(crate) fn at(&self, place: f32) -> Colour {
        let place = place.clamp(0.0, 1.0) * 4.999;
        mix(self.0[place as usize], self.0[place as usize + 1], place.fract())
    }

    /// Returns one of the colors for a number in 0..1.
    pub(crate) fn nth(&self, place: f32) -> Colour {
        self.0[((place.clamp(0.0, 1.0) * 6.0) as usize).min(5)]
    }

    /// Returns one of the four colors between the darkest and the lightest.
    pub(crate) fn middle(&self, place: f32) -> Colour {
        self.0[1 + ((place.clamp(0.0, 1.0) * 4.0) as usize).min(3)]
    }

    /// Returns a color near the one at a place, and now and then a different one, as a brush picks it up.
    pub(crate) fn dabbed(&self, place: f32, random: &mut Random) -> Colour {
        let place = if random.chance(0.1) { random.unit() } else { place + random.normal() * 0.07 };
        shifted(self.at(place), random.normal() * 0.12, random.range(0.85, 1.2), random.normal() * 0.03)
    }
}
