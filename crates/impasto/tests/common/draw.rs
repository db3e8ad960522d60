//! Drawn test pictures and small files around them.
#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(unreachable_pub, reason = "a module of several test programs, part of no public interface")]

use std::path::PathBuf;

use impasto::picture::{Limits, Picture};

/// 8-bit RGB with gradients, an edge and every byte value. No two neighboring pixels are alike.
pub fn rgb8(width: usize, height: usize) -> Vec<u8> {
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    pixels.flat_map(|(x, y)| [(x * 37 + y * 11) as u8, (y * 53 + x * 5) as u8, if x > y { 230 } else { (x * y) as u8 }]).collect()
}

/// 16-bit values that 8 bits cannot represent.
pub fn rgb16(width: usize, height: usize) -> Vec<u16> {
    (0..width * height * 3).map(|i| (i * 40_503 + 257) as u16).collect()
}

/// A smooth picture, which suits lossy formats.
pub fn smooth(width: usize, height: usize) -> Picture {
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x as f32, y as f32)));
    let wave = |v: f32| 0.5 + 0.45 * v.sin();
    let rgb = pixels.flat_map(|(x, y)| [wave(x / 20.0), wave((x + y) / 31.0), wave(y / 17.0)]).collect();
    Picture::from_rgb_f32([width, height], rgb).unwrap()
}

pub fn decode(bytes: &[u8]) -> Picture {
    Picture::decode(bytes, &Limits::default()).unwrap()
}

pub fn data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/pictures").join(name)
}

/// An Exif block with nothing but an orientation.
pub fn exif(orientation: u16) -> Vec<u8> {
    let mut block = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    block.extend(orientation.to_le_bytes());
    block.extend([0; 6]);
    block
}

/// Optional chunks of a PNG file that `write` makes from samples (16-bit ones are big-endian).
#[derive(Default)]
pub struct Png<'a> {
    pub palette: Option<&'a [u8]>,
    pub trns: Option<&'a [u8]>,
    pub icc: Option<&'a [u8]>,
    pub exif: Option<&'a [u8]>,
}

impl Png<'_> {
    pub fn write(&self, size: (u32, u32), colour: png::ColorType, depth: png::BitDepth, data: &[u8]) -> Vec<u8> {
        let mut info = png::Info::with_size(size.0, size.1);
        (info.color_type, info.bit_depth) = (colour, depth);
        info.palette = self.palette.map(Into::into);
        info.trns = self.trns.map(Into::into);
        info.icc_profile = self.icc.map(Into::into);
        info.exif_metadata = self.exif.map(Into::into);
        let mut bytes = Vec::new();
        let mut writer = png::Encoder::with_info(&mut bytes, info).unwrap().write_header().unwrap();
        writer.write_image_data(data).unwrap();
        writer.finish().unwrap();
        bytes
    }

    pub fn rgb8(&self, width: usize, height: usize, data: &[u8]) -> Vec<u8> {
        self.write((width as u32, height as u32), png::ColorType::Rgb, png::BitDepth::Eight, data)
    }
}

/// A JPEG of 8-bit samples, of the best quality.
pub fn jpeg(width: usize, height: usize, data: &[u8], colour: jpeg_encoder::ColorType, exif: Option<&[u8]>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 100);
    encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::F_1_1);
    if let Some(exif) = exif {
        encoder.add_exif_metadata(exif).unwrap();
    }
    encoder.encode(data, width as u16, height as u16, colour).unwrap();
    bytes
}

/// The greatest difference between two pictures' colors, in steps of 8 bits. Their sizes must be equal.
#[track_caller]
pub fn distance(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) * 255.0
}
