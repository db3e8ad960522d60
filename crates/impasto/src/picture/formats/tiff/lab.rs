//! Conversion of CIE L\*a\*b\* to sRGB. The white of such files is D50, as in Photoshop and ICC.

use crate::Result;
use crate::picture::reserved;

/// How a\* and b\* are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Signed (TIFF's CIELab).
    Cie,
    /// With an offset of 128, or its equivalent in 16 bits (ICCLab).
    Icc,
}

/// D50, and the matrix from its XYZ to linear sRGB (including the Bradford adaptation to D65).
const WHITE: [f32; 3] = [0.964_22, 1.0, 0.825_21];
const TO_SRGB: [[f32; 3]; 3] =
    [[3.133_856, -1.616_867, -0.490_615], [-0.978_768, 1.916_141, 0.033_454], [0.071_945, -0.228_991, 1.405_243]];

/// Converts 8-bit samples to 16-bit sRGB. Samples after a pixel's first three (alpha) stay.
pub(super) fn of_8_bits(kind: Kind, samples: &[u8], channels: usize) -> Result<Vec<u16>> {
    convert(
        samples,
        channels,
        |v| u16::from(v) * 257,
        |[l, a, b]| {
            let axis = |v: u8| if kind == Kind::Cie { f32::from(v as i8) } else { f32::from(v) - 128.0 };
            [f32::from(l) / 255.0 * 100.0, axis(a), axis(b)]
        },
    )
}

/// The same for 16-bit samples.
pub(super) fn of_16_bits(kind: Kind, samples: &[u16], channels: usize) -> Result<Vec<u16>> {
    convert(
        samples,
        channels,
        |v| v,
        |[l, a, b]| match kind {
            Kind::Cie => [f32::from(l) / 65_535.0 * 100.0, f32::from(a as i16) / 256.0, f32::from(b as i16) / 256.0],
            Kind::Icc => [f32::from(l) / 65_280.0 * 100.0, f32::from(a) / 256.0 - 128.0, f32::from(b) / 256.0 - 128.0],
        },
    )
}

fn convert<T: Copy>(
    samples: &[T],
    channels: usize,
    rest: impl Fn(T) -> u16,
    lab: impl Fn([T; 3]) -> [f32; 3],
) -> Result<Vec<u16>> {
    let mut out = reserved(samples.len())?;
    for pixel in samples.chunks_exact(channels) {
        out.extend(to_srgb(lab([pixel[0], pixel[1], pixel[2]])).map(|v| (v * 65_535.0 + 0.5) as u16));
        out.extend(pixel[3..].iter().map(|&v| rest(v)));
    }
    Ok(out)
}

fn to_srgb([l, a, b]: [f32; 3]) -> [f32; 3] {
    let fy = (l + 16.0) / 116.0;
    let cube = |f: f32| if f > 6.0 / 29.0 { f * f * f } else { (f - 4.0 / 29.0) * 108.0 / 841.0 };
    let [fx, fz] = [fy + a / 500.0, fy - b / 200.0];
    let xyz = [cube(fx) * WHITE[0], cube(fy) * WHITE[1], cube(fz) * WHITE[2]];
    TO_SRGB.map(|row| {
        let linear = row.iter().zip(xyz).map(|(m, v)| m * v).sum::<f32>().clamp(0.0, 1.0);
        if linear <= 0.003_130_8 { linear * 12.92 } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_colours() {
        // L*a*b* under D50 of sRGB's white, black, middle gray, red and blue.
        let cases = [
            ([100.0, 0.0, 0.0], [255, 255, 255]),
            ([0.0, 0.0, 0.0], [0, 0, 0]),
            ([53.585, 0.0, 0.0], [128, 128, 128]),
            ([54.29, 80.81, 69.89], [255, 0, 0]),
            ([29.57, 68.30, -112.03], [0, 0, 255]),
        ];
        for (lab, wanted) in cases {
            let rgb = to_srgb(lab).map(|v| (v * 255.0).round() as i32);
            assert!(rgb.iter().zip(wanted).all(|(a, b): (&i32, i32)| (a - b).abs() <= 1), "{lab:?}: {rgb:?}");
        }
    }

    #[test]
    fn both_ways_to_write_the_axes_agree() {
        let cie = of_8_bits(Kind::Cie, &[128, 0xF6, 10, 7], 4).unwrap();
        assert_eq!(cie, of_8_bits(Kind::Icc, &[128, 118, 138, 7], 4).unwrap());
        assert_eq!(cie[3], 7 * 257);
    }
}
