//! Conversion of a decoded AV1 frame's planes to interleaved samples.

use re_rav1d::dav1d::{Picture, PixelLayout, PlanarImageComponent};

use crate::picture::convert::Level;
use crate::picture::reserved;
use crate::{Error, ErrorKind, Result};

/// How to interpret samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Coding {
    /// The code point of the matrix in ITU-T H.273.
    pub(super) matrix: u16,
    pub(super) full_range: bool,
}

/// One plane, whose samples have one or two bytes.
struct Plane {
    data: re_rav1d::dav1d::Plane,
    stride: usize,
    wide: bool,
    /// How often the picture's width and height are each halved.
    halved: [u32; 2],
    size: [usize; 2],
}

impl Plane {
    fn new(picture: &Picture, component: PlanarImageComponent) -> Self {
        let halved = match (component, picture.pixel_layout()) {
            (PlanarImageComponent::Y, _) | (_, PixelLayout::I444 | PixelLayout::I400) => [0, 0],
            (_, PixelLayout::I422) => [1, 0],
            (_, PixelLayout::I420) => [1, 1],
        };
        let whole = [picture.width() as usize, picture.height() as usize];
        let size = [0, 1].map(|axis| whole[axis].div_ceil(1 << halved[axis]));
        let wide = picture.bit_depth() > 8;
        Plane { data: picture.plane(component), stride: picture.stride(component) as usize, wide, halved, size }
    }

    fn stored(&self, x: usize, y: usize) -> f32 {
        let row = &self.data[y * self.stride..];
        if self.wide { f32::from(u16::from_ne_bytes([row[2 * x], row[2 * x + 1]])) } else { f32::from(row[x]) }
    }

    /// Returns the value at a pixel of the picture, interpolated between samples. A sample is at the center of the
    /// pixels that it covers.
    fn at(&self, x: usize, y: usize) -> f32 {
        let [x, y] = [(0, x), (1, y)].map(|(axis, at)| {
            if self.halved[axis] == 0 {
                return (at, at, 0.0);
            }
            let (near, last) = (at / 2, self.size[axis] - 1);
            let far = if at % 2 == 0 { near.saturating_sub(1) } else { (near + 1).min(last) };
            (near, far, 0.25)
        });
        let mix = |a: f32, b: f32, share: f32| if share == 0.0 { a } else { a + (b - a) * share };
        let row = |y| mix(self.stored(x.0, y), if x.2 == 0.0 { 0.0 } else { self.stored(x.1, y) }, x.2);
        if y.2 == 0.0 { row(y.0) } else { mix(row(y.0), row(y.1), y.2) }
    }
}

/// Returns interleaved red, green and blue, or gray if there is no color.
pub(super) fn colours<T: Level>(picture: &Picture, coding: Coding) -> Result<Vec<T>> {
    let [width, height] = [picture.width() as usize, picture.height() as usize];
    let (luma, chroma) = scales(picture, coding.full_range)?;
    let plane = |component| Plane::new(picture, component);
    let ys = plane(PlanarImageComponent::Y);
    if picture.pixel_layout() == PixelLayout::I400 {
        return grey(picture, coding.full_range);
    }
    let (us, vs) = (plane(PlanarImageComponent::U), plane(PlanarImageComponent::V));
    let mut out = reserved(width * height * 3)?;
    let to_rgb = matrix(coding.matrix)?;
    for y in 0..height {
        for x in 0..width {
            let [a, b, c] = [ys.stored(x, y), us.at(x, y), vs.at(x, y)];
            let pixel = match to_rgb {
                // All three have the range of luma: green, blue, red.
                Matrix::Identity => [luma(c), luma(a), luma(b)],
                Matrix::YCgCo => {
                    let (y, cg, co) = (luma(a), chroma(b), chroma(c));
                    [y - cg + co, y + cg, y - cg - co]
                }
                Matrix::YCbCr { kr, kb } => {
                    let (y, cb, cr) = (luma(a), chroma(b), chroma(c));
                    let (r, b) = (y + 2.0 * (1.0 - kr) * cr, y + 2.0 * (1.0 - kb) * cb);
                    [r, (y - kr * r - kb * b) / (1.0 - kr - kb), b]
                }
            };
            out.extend(pixel.map(|v| T::from_unit(v.clamp(0.0, 1.0))));
        }
    }
    Ok(out)
}

/// Returns luma alone: for alpha, and for pictures without color.
pub(super) fn grey<T: Level>(picture: &Picture, full_range: bool) -> Result<Vec<T>> {
    let [width, height] = [picture.width() as usize, picture.height() as usize];
    let (luma, _) = scales(picture, full_range)?;
    let ys = Plane::new(picture, PlanarImageComponent::Y);
    let mut out = reserved(width * height)?;
    for y in 0..height {
        out.extend((0..width).map(|x| T::from_unit(luma(ys.stored(x, y)).clamp(0.0, 1.0))));
    }
    Ok(out)
}

/// Returns the scales from stored samples to 0..1, and to -0.5..0.5.
fn scales(picture: &Picture, full_range: bool) -> Result<(impl Fn(f32) -> f32, impl Fn(f32) -> f32)> {
    let bits = picture.bits_per_component().ok_or_else(|| unsupported("its depth"))?.0;
    let step = (1u32 << (bits - 8)) as f32;
    let greatest = ((1u32 << bits) - 1) as f32;
    let (black, white) = if full_range { (0.0, greatest) } else { (16.0 * step, 219.0 * step) };
    let (middle, width) = (128.0 * step, if full_range { greatest } else { 224.0 * step });
    Ok((move |v| (v - black) / white, move |v| (v - middle) / width))
}

#[derive(Clone, Copy)]
enum Matrix {
    Identity,
    YCgCo,
    YCbCr { kr: f32, kb: f32 },
}

fn matrix(number: u16) -> Result<Matrix> {
    let (kr, kb) = match number {
        0 => return Ok(Matrix::Identity),
        8 => return Ok(Matrix::YCgCo),
        1 => (0.2126, 0.0722),
        4 => (0.30, 0.11),
        // If nothing is specified, the matrix is JPEG's.
        2 | 5 | 6 => (0.299, 0.114),
        7 => (0.212, 0.087),
        9 => (0.2627, 0.0593),
        other => return Err(unsupported(&format!("its matrix {other}"))),
    };
    Ok(Matrix::YCbCr { kr, kb })
}

pub(super) fn unsupported(what: &str) -> Error {
    Error::new(ErrorKind::Unsupported, format!("{what} is not supported"))
}
