//! Embedded color profiles.

use crate::common::draw;

use draw::{Png, decode, distance, rgb8, rgb16};
use moxcms::ColorProfile;
use png::{BitDepth, ColorType};

/// sRGB's transfer curve (IEC 61966-2-1), which Display P3 shares.
fn light(v: f64) -> f64 {
    if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
}

fn value(light: f64) -> f32 {
    let v = if light <= 0.0031308 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 };
    v.clamp(0.0, 1.0) as f32
}

/// Matrices from a color space's linear light to sRGB's, from the chromaticities of the primaries, both with D65 white
/// (CSS Color 4, section 18).
const P3: [[f64; 3]; 3] = [[1.2249402, -0.2249402, 0.0], [-0.0420570, 1.0420570, 0.0], [-0.0196376, -0.0786361, 1.0982735]];
const ADOBE: [[f64; 3]; 3] = [[1.3983557, -0.3983557, 0.0], [0.0, 1.0, 0.0], [0.0, -0.0429289, 1.0429289]];

fn converted(rgb: &[f32], curve: impl Fn(f64) -> f64, matrix: &[[f64; 3]; 3]) -> Vec<f32> {
    let pixel = |p: &[f32]| {
        let lin = [0, 1, 2].map(|i| curve(f64::from(p[i])));
        matrix.map(|row| value(row[0] * lin[0] + row[1] * lin[1] + row[2] * lin[2]))
    };
    rgb.chunks_exact(3).flat_map(pixel).collect()
}

#[test]
fn wide_gamuts_are_converted() {
    let pixels = rgb8(40, 30);
    let stored: Vec<f32> = pixels.iter().map(|&v| f32::from(v) / 255.0).collect();
    let p3 = ColorProfile::new_display_p3().encode().unwrap();
    let adobe = ColorProfile::new_adobe_rgb().encode().unwrap();
    let cases = [
        ("Display P3", p3, converted(&stored, light, &P3)),
        ("Adobe RGB", adobe, converted(&stored, |v| v.powf(563.0 / 256.0), &ADOBE)),
    ];
    for (name, icc, expected) in cases {
        let picture = decode(&Png { icc: Some(&icc), ..Png::default() }.rgb8(40, 30, &pixels));
        assert!(picture.warnings().is_empty(), "{name}: {:?}", picture.warnings());
        assert_eq!(picture.source().icc.as_deref(), Some(icc.as_slice()), "{name}");
        let off = distance(picture.rgb(), &expected);
        let change = distance(&stored, &expected);
        assert!(off < 1.0 && change > 20.0, "{name}: {off} of {change}");
    }
}

/// 16-bit colors are converted with more than 8 bits of precision.
#[test]
fn conversion_keeps_sixteen_bits() {
    let values = rgb16(30, 20);
    let stored: Vec<f32> = values.iter().map(|&v| f32::from(v) / 65535.0).collect();
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_be_bytes()).collect();
    let icc = ColorProfile::new_display_p3().encode().unwrap();
    let png = Png { icc: Some(&icc), ..Png::default() }.write((30, 20), ColorType::Rgb, BitDepth::Sixteen, &bytes);
    let expected = converted(&stored, light, &P3);
    let picture = decode(&png);
    let sum: f32 = picture.rgb().iter().zip(&expected).map(|(a, b)| (a - b).abs()).sum();
    let mean = sum / expected.len() as f32 * 255.0;
    assert!(mean < 0.05, "mean difference {mean} of a step of 8 bits");
}

/// A file tagged as sRGB does not change, to the bit.
#[test]
fn srgb_profile_changes_nothing() {
    let pixels = rgb8(20, 20);
    let icc = ColorProfile::new_srgb().encode().unwrap();
    let picture = decode(&Png { icc: Some(&icc), ..Png::default() }.rgb8(20, 20, &pixels));
    assert_eq!(picture.to_rgb8().unwrap(), pixels);
    assert_eq!(picture.rgb()[0], f32::from(pixels[0]) / 255.0);
    assert!(picture.warnings().is_empty() && picture.source().icc.is_some());
}

#[test]
fn grey_profiles_are_converted() {
    let levels: Vec<u8> = (0..=255).collect();
    let icc = ColorProfile::new_gray_with_gamma(1.0).encode().unwrap();
    let with = |icc: &[u8]| {
        decode(&Png { icc: Some(icc), ..Png::default() }.write((16, 16), ColorType::Grayscale, BitDepth::Eight, &levels))
    };
    let picture = with(&icc);
    let expected: Vec<f32> = levels.iter().flat_map(|&v| [value(f64::from(v) / 255.0); 3]).collect();
    assert!(picture.warnings().is_empty(), "{:?}", picture.warnings());
    assert!(distance(picture.rgb(), &expected) < 1.0, "{}", distance(picture.rgb(), &expected));

    // Gray pixels with an RGB profile.
    let picture = with(&ColorProfile::new_adobe_rgb().encode().unwrap());
    let expected: Vec<f32> = levels.iter().flat_map(|&v| [value((f64::from(v) / 255.0).powf(563.0 / 256.0)); 3]).collect();
    assert!(picture.warnings().is_empty(), "{:?}", picture.warnings());
    assert!(distance(picture.rgb(), &expected) < 1.0, "{}", distance(picture.rgb(), &expected));
}

#[test]
fn alpha_survives_conversion() {
    let icc = ColorProfile::new_display_p3().encode().unwrap();
    let rgba = [255, 0, 0, 128, 0, 255, 0, 255];
    let picture = decode(&Png { icc: Some(&icc), ..Png::default() }.write((2, 1), ColorType::Rgba, BitDepth::Eight, &rgba));
    assert_eq!(picture.alpha().unwrap(), [128.0 / 255.0, 1.0]);
    assert!(distance(picture.rgb(), &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0]) < 1.0, "{:?}", picture.rgb());
}

/// A profile that cannot be used costs a warning, not the picture.
#[test]
fn broken_profiles_are_ignored_with_a_warning() {
    let pixels = rgb8(6, 4);
    let good = ColorProfile::new_display_p3().encode().unwrap();
    let grey = ColorProfile::new_gray_with_gamma(2.2).encode().unwrap();
    let mut scrambled = good.clone();
    scrambled[128..].iter_mut().for_each(|b| *b ^= 0x5A);
    let cases: [(&str, &[u8]); 5] = [
        ("no bytes that mean anything", b"not a profile"),
        ("header only", &good[..128]),
        ("cut off", &good[..good.len() / 2]),
        ("scrambled tags", &scrambled),
        ("for grey pixels", &grey),
    ];
    for (name, icc) in cases {
        let picture = decode(&Png { icc: Some(icc), ..Png::default() }.rgb8(6, 4, &pixels));
        assert_eq!(picture.to_rgb8().unwrap(), pixels, "{name}");
        assert_eq!(picture.warnings().len(), 1, "{name}");
        assert!(picture.warnings()[0].contains("profile is ignored"), "{name}: {:?}", picture.warnings());
    }
}
