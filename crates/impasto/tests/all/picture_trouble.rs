//! Files that other programs are known to read wrongly, and that this one once did.

use crate::common::draw;

use draw::{Png, data, decode, distance, rgb8, smooth};
use impasto::picture::{EncodeOptions, Format, Limits, Picture, Profile};
use impasto::{Error, ErrorKind};
use png::{BitDepth, ColorType};

fn refused(bytes: &[u8]) -> Error {
    Picture::decode(bytes, &Limits::default()).unwrap_err()
}

/// A chunk of a PNG.
fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let body = [name, data].concat();
    let crc = !body.iter().fold(!0u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |c, _| if c & 1 == 1 { 0xEDB8_8320 ^ (c >> 1) } else { c >> 1 })
    });
    [&(data.len() as u32).to_be_bytes(), &body[..], &crc.to_be_bytes()].concat()
}

/// A PNG with these chunks after its header.
fn with_chunks(png: &[u8], chunks: &[Vec<u8>]) -> Vec<u8> {
    [&png[..33], &chunks.concat(), &png[33..]].concat()
}

/// The position of the pixels' chunk, starting at its length.
fn idat(png: &[u8]) -> usize {
    png.windows(4).position(|w| w == b"IDAT").unwrap() - 4
}

#[test]
fn one_grey_of_few_bits_is_transparent() {
    for (depth, bits) in [(BitDepth::One, 1), (BitDepth::Two, 2), (BitDepth::Four, 4), (BitDepth::Eight, 8)] {
        let greatest = (1usize << bits) - 1;
        // Eight pixels with rising values.
        let values: Vec<usize> = (0..8).map(|x| x & greatest).collect();
        let mut packed = vec![0u8; bits];
        values.iter().enumerate().for_each(|(x, v)| packed[x * bits / 8] |= (v << (8 - bits - x * bits % 8)) as u8);
        let png = Png { trns: Some(&[0, 1]), ..Png::default() };
        let mut bytes = png.write((8, 1), ColorType::Grayscale, depth, &packed);
        // The encoder writes a chunk that is only correct for 8 bits.
        let at = bytes.windows(4).position(|w| w == b"tRNS").unwrap() - 4;
        let end = at + 12 + usize::from(bytes[at + 3]);
        bytes.splice(at..end, chunk(b"tRNS", &[0, 1]));
        let picture = decode(&bytes);
        let alpha: Vec<f32> = values.iter().map(|&v| if v == 1 { 0.0 } else { 1.0 }).collect();
        assert_eq!(picture.alpha(), Some(&alpha[..]), "{bits} bits");
        for (x, &v) in values.iter().enumerate().filter(|&(_, &v)| v != 1) {
            assert_eq!(picture.rgb()[x * 3], v as f32 / greatest as f32, "{bits} bits");
        }
    }
}

/// A 32-bit BMP with an alpha mask.
fn bmp_with_alpha(alpha: impl Fn(usize) -> u8) -> Vec<u8> {
    let mut bytes = b"BM\0\0\0\0\0\0\0\0".to_vec();
    for value in [122u32, 108, 4, 3, 0x0020_0001, 3, 48, 2835, 2835, 0, 0, 0x00FF_0000, 0xFF00, 0xFF, 0xFF00_0000] {
        bytes.extend(value.to_le_bytes());
    }
    bytes.resize(122, 0);
    bytes.extend((0..12).flat_map(|i| [i as u8, 2 * i as u8, 3 * i as u8, alpha(i)]));
    bytes
}

#[test]
fn a_bmp_without_any_alpha_is_opaque() {
    let invisible = decode(&bmp_with_alpha(|_| 0));
    assert!(invisible.alpha().is_none());
    // Rows from the bottom up, with blue first.
    assert_eq!(invisible.to_rgb8().unwrap()[..6], [24, 16, 8, 27, 18, 9]);
    let some = decode(&bmp_with_alpha(|i| if i == 5 { 128 } else { 0 }));
    assert_eq!(some.alpha().unwrap().iter().filter(|&&a| a > 0.0).count(), 1);
}

#[test]
fn bitmaps_of_os2_are_read() {
    for name in ["plain.bmp", "palette.bmp"] {
        let windows = std::fs::read(data(name)).unwrap();
        let number = |at: usize| u32::from_le_bytes(windows[at..at + 4].try_into().unwrap());
        assert_eq!((number(14), number(30)), (40, 0), "{name}");
        for size in [16u32, 64] {
            // A short header has no number of colors, so all 256 follow.
            if size == 16 && number(46) != 0 {
                continue;
            }
            let mut header = windows[18..54].to_vec();
            header.resize(size as usize - 4, 0xA5);
            let pixels = number(10) - 40 + size;
            let file = [&windows[..10], &pixels.to_le_bytes(), &size.to_le_bytes(), &header, &windows[54..]].concat();
            assert_eq!(decode(&file).rgb(), decode(&windows).rgb(), "{name} with a header of {size} bytes");
            for end in [17, 20, 14 + size as usize - 1, 14 + size as usize] {
                assert_eq!(refused(&file[..end]).kind(), ErrorKind::Malformed, "{end} bytes");
            }
            if size == 64 {
                let mut other = file.clone();
                other[30] = 3;
                assert!(refused(&other).to_string().contains("OS/2"), "{}", refused(&other));
            }
        }
    }
}

/// Matrix from Display P3's linear light to sRGB's (CSS Color 4, section 18).
const P3: [[f64; 3]; 3] = [[1.2249402, -0.2249402, 0.0], [-0.0420570, 1.0420570, 0.0], [-0.0196376, -0.0786361, 1.0982735]];
/// Matrix from BT.2020's linear light to sRGB's (ITU-R BT.2087, section 4, inverted).
const BT2020: [[f64; 3]; 3] =
    [[1.6604910, -0.5876411, -0.0728499], [-0.1245505, 1.1328999, -0.0083494], [-0.0181508, -0.1005789, 1.1187297]];
const SAME: [[f64; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

fn srgb_light(v: f64) -> f64 {
    if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
}

/// ITU-R BT.2020, table 4.
fn video_light(v: f64) -> f64 {
    if v < 4.5 * 0.018_053_968 { v / 4.5 } else { ((v + 0.099_296_827) / 1.099_296_827).powf(1.0 / 0.45) }
}

fn converted(rgb: &[u8], light: impl Fn(f64) -> f64, matrix: &[[f64; 3]; 3]) -> Vec<f32> {
    let value = |light: f64| {
        let v = if light <= 0.0031308 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 };
        v.clamp(0.0, 1.0) as f32
    };
    let pixel = |p: &[u8]| {
        let lin = [0, 1, 2].map(|i| light(f64::from(p[i]) / 255.0));
        matrix.map(|row| value(row[0] * lin[0] + row[1] * lin[1] + row[2] * lin[2]))
    };
    rgb.chunks_exact(3).flat_map(pixel).collect()
}

fn gama(value: u32) -> Vec<u8> {
    chunk(b"gAMA", &value.to_be_bytes())
}

fn chrm(values: [u32; 8]) -> Vec<u8> {
    chunk(b"cHRM", &values.map(u32::to_be_bytes).concat())
}

const SRGB_CHRM: [u32; 8] = [31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000];
const P3_CHRM: [u32; 8] = [31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000];

#[test]
fn png_colours_are_converted_as_its_chunks_say() {
    let pixels = rgb8(40, 30);
    let png = Png::default().rgb8(40, 30, &pixels);
    let p3 = moxcms::ColorProfile::new_display_p3().encode().unwrap();
    let tagged = Png { icc: Some(&p3), ..Png::default() }.rgb8(40, 30, &pixels);
    let plain: Vec<f32> = pixels.iter().map(|&v| f32::from(v) / 255.0).collect();
    let as_p3 = converted(&pixels, srgb_light, &P3);
    let cicp = |primaries, transfer| chunk(b"cICP", &[primaries, transfer, 0, 1]);
    // Name, file, expected contents, whether the result keeps a profile.
    let cases = [
        ("cICP: Display P3", with_chunks(&png, &[cicp(12, 13)]), &as_p3, true),
        ("cICP: BT.2020", with_chunks(&png, &[cicp(9, 14)]), &converted(&pixels, video_light, &BT2020), true),
        ("cICP: linear", with_chunks(&png, &[cicp(1, 8)]), &converted(&pixels, |v| v, &SAME), true),
        ("cICP: sRGB", with_chunks(&png, &[cicp(1, 13)]), &plain, false),
        ("cICP before iCCP", with_chunks(&tagged, &[cicp(1, 13)]), &plain, false),
        ("iCCP before gAMA", with_chunks(&tagged, &[gama(100_000)]), &as_p3, true),
        ("gAMA 1", with_chunks(&png, &[gama(100_000)]), &converted(&pixels, |v| v, &SAME), false),
        ("gAMA 1/1.8", with_chunks(&png, &[gama(55_556)]), &converted(&pixels, |v| v.powf(1.8), &SAME), false),
        ("gAMA 1/2.2 is sRGB's", with_chunks(&png, &[gama(45_455)]), &plain, false),
        ("gAMA and cHRM of sRGB", with_chunks(&png, &[gama(45_455), chrm(SRGB_CHRM)]), &plain, false),
        ("cHRM of P3", with_chunks(&png, &[gama(45_455), chrm(P3_CHRM)]), &as_p3, false),
        ("sRGB before gAMA", with_chunks(&png, &[chunk(b"sRGB", &[0]), gama(100_000)]), &plain, false),
        ("cHRM that is no colour", with_chunks(&png, &[chrm([0; 8])]), &plain, false),
    ];
    for (name, bytes, expected, kept) in cases {
        let picture = decode(&bytes);
        assert!(picture.warnings().is_empty(), "{name}: {:?}", picture.warnings());
        let off = distance(picture.rgb(), expected);
        assert!(off < 1.6, "{name}: {off}");
        assert!(expected != &plain || off == 0.0, "{name}: {off}");
        assert_eq!(picture.source().icc.is_some(), kept, "{name}");
        // The written file shows the same, in the content's color space or in sRGB.
        for profile in [Profile::Keep, Profile::Srgb] {
            let written = picture.encode(Format::Png, &EncodeOptions::default().profile(profile)).unwrap();
            assert!(written.warnings.is_empty(), "{name}: {:?}", written.warnings);
            let back = decode(&written.bytes);
            assert_eq!(back.source().icc.is_some(), kept && profile == Profile::Keep, "{name}");
            // On average, because 8-bit steps are coarse in the dark.
            let differences = back.rgb().iter().zip(picture.rgb()).map(|(a, b)| (a - b).abs());
            let off = differences.sum::<f32>() / pixels.len() as f32 * 255.0;
            assert!(off < 0.6, "{name}, {profile:?}: {off}");
        }
    }
}

#[test]
fn png_colours_that_are_not_supported_give_a_line() {
    let png = Png::default().rgb8(40, 30, &rgb8(40, 30));
    for (points, word) in [
        ([9, 16, 0, 1], "(PQ), up to"),
        ([9, 18, 0, 1], "(HLG), up to"),
        ([200, 13, 0, 1], "primaries 200"),
        ([1, 13, 0, 0], "narrow-range"),
    ] {
        let picture = decode(&with_chunks(&png, &[chunk(b"cICP", &points)]));
        assert_eq!(picture.warnings().len(), 1, "{:?}", picture.warnings());
        assert!(picture.warnings()[0].contains(word), "{:?}", picture.warnings());
        assert!(picture.source().icc.is_none());
    }
}

#[test]
fn png_files_that_end_early_or_are_damaged() {
    for (name, png) in [
        ("plain", smooth(40, 30).encode(Format::Png, &EncodeOptions::default()).unwrap().bytes),
        ("interlaced", std::fs::read(data("interlaced.png")).unwrap()),
    ] {
        let whole = decode(&png);
        let pixels = idat(&png);
        let end = pixels + 12 + u32::from_be_bytes(png[pixels..pixels + 4].try_into().unwrap()) as usize;
        // Without the end, and without the checksums of the pixels.
        for cut in [end, end + 6, end - 4, end - 6] {
            let picture = decode(&png[..cut]);
            assert_eq!(picture.rgb(), whole.rgb(), "{name}");
            assert!(picture.warnings()[0].contains("ends early") || picture.warnings()[0].contains("before its end"), "{name}");
        }
        let mut damaged = png.clone();
        damaged[end - 1] ^= 1;
        let error = refused(&damaged);
        assert_eq!(error.to_string(), "PNG: the file is damaged: the checksum of its IDAT chunk is wrong", "{name}");
        assert_eq!(error.kind(), ErrorKind::Malformed, "{name}");
        let mut damaged = png.clone();
        damaged[pixels + 8] ^= 0xFF;
        assert!(
            refused(&damaged).to_string().starts_with("PNG: the file is damaged: its compressed data"),
            "{}",
            refused(&damaged)
        );
    }
}

#[test]
fn gif_animations_and_cuts_are_told() {
    let bytes = std::fs::read(data("animated.gif")).unwrap();
    let picture = decode(&bytes);
    assert_eq!(picture.warnings(), ["an animation; only its first frame is read"]);
    let webp = decode(&std::fs::read(data("animated.webp")).unwrap());
    assert_eq!(webp.warnings(), picture.warnings());
    // Cut in the middle of the first frame.
    let error = refused(&bytes[..bytes.len() / 8]);
    assert_eq!(
        error.to_string(),
        "GIF: the file stops before the end of the picture; it was not copied or downloaded completely"
    );
    assert_eq!(error.kind(), ErrorKind::Malformed);
}

/// Compared with independent decoders: libtiff, and LittleCMS for the profile.
#[test]
fn tiff_kinds_that_few_programs_write() {
    for (name, allowed, alpha) in [
        ("rgbx-unspecified.tif", 0.0, false),
        ("tiled-planar16.tif", 0.5, false),
        ("palette.tif", 0.0, false),
        ("g4.tif", 0.0, false),
        ("g3.tif", 0.0, false),
    ] {
        let picture = Picture::open(data(name), &Limits::default()).unwrap();
        let expected = Picture::open(data(&format!("{name}.png")), &Limits::default()).unwrap();
        assert!(picture.warnings().is_empty(), "{name}: {:?}", picture.warnings());
        assert_eq!(picture.alpha().is_some(), alpha, "{name}");
        let off = distance(picture.rgb(), expected.rgb());
        assert!(off <= allowed, "{name}: {off}");
    }
}

/// A profile for printing has megabytes.
#[test]
fn a_tiff_profile_may_be_large() {
    let mut bytes = std::fs::read(data("cmyk_icc.tif")).unwrap();
    let before = decode(&bytes);
    let icc = before.source().icc.clone().unwrap();
    // The entry of the profile's tag, little-endian: make it refer to a longer profile at the end of the file.
    let entry = bytes.windows(4).position(|w| w == [0x73, 0x87, 7, 0]).unwrap();
    let large = icc.len() + (3 << 20);
    let place = bytes.len() as u32;
    bytes[entry + 4..entry + 8].copy_from_slice(&(large as u32).to_le_bytes());
    bytes[entry + 8..entry + 12].copy_from_slice(&place.to_le_bytes());
    bytes.extend((large as u32).to_be_bytes());
    bytes.extend(&icc[4..]);
    bytes.resize(place as usize + large, 0);
    let picture = decode(&bytes);
    assert!(picture.warnings().is_empty(), "{:?}", picture.warnings());
    assert_eq!(picture.source().icc.as_ref().map(Vec::len), Some(large));
    assert_eq!(picture.rgb(), before.rgb());
}

/// Unsupported features are named.
#[test]
fn tiff_features_that_are_not_supported_are_named() {
    let bytes = std::fs::read(data("lzw.tif")).unwrap();
    let entry = |tag: u16| {
        (8..bytes.len()).find(|&at| bytes[at..].starts_with(&[&tag.to_le_bytes()[..], &[3, 0, 1, 0, 0, 0]].concat())).unwrap() + 8
    };
    for (tag, value, word) in [
        (259, 34925u16, "LZMA"),
        (259, 6, "old-style JPEG"),
        (259, 34887, "LERC"),
        (259, 2, "fax compression"),
        (259, 34933, "PNG compression"),
        (262, 10, "Lab"),
        (262, 32803, "camera"),
        (262, 5, "samples"),
    ] {
        let mut changed = bytes.clone();
        changed[entry(tag)..][..2].copy_from_slice(&value.to_le_bytes());
        let error = refused(&changed);
        assert!(error.to_string().contains(word), "{word}: {error}");
    }
}

/// Four hundred small files of every kind, compared with what was encoded. `corpus.py` made them.
#[test]
fn every_kind_of_png_and_tiff_shows_what_was_encoded() {
    let packed = std::fs::read(data("corpus.bin")).unwrap();
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::ZlibDecoder::new(&packed[..]), &mut bytes).unwrap();
    let (mut rest, mut count, mut failures) = (&bytes[..], 0, Vec::new());
    while let Some((head, tail)) = rest.split_first_chunk::<20>() {
        let number = |at: usize| u32::from_le_bytes(head[at..at + 4].try_into().unwrap()) as usize;
        let (file, next) = tail.split_at(number(0));
        (rest, count) = (next, count + 1);
        let shown = Picture::decode(file, &Limits::default()).map(|picture| {
            let alpha = picture.alpha().map_or(vec![1.0; picture.width() * picture.height()], <[f32]>::to_vec);
            let deep = |v: f32| (v * 65535.0).round() as u16;
            let pixels = picture.rgb().chunks_exact(3).zip(&alpha);
            let values = pixels.flat_map(|(p, &a)| if a > 0.0 { [p[0], p[1], p[2], a].map(deep) } else { [0; 4] });
            let hash = values
                .flat_map(u16::to_le_bytes)
                .fold(0xCBF2_9CE4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3));
            (picture.width(), picture.height(), hash)
        });
        let expected = (number(4), number(8), u64::from_le_bytes(head[12..].try_into().unwrap()));
        match shown {
            Ok(shown) if shown == expected => {}
            other => failures.push(format!("{count}: {other:?}, not {expected:?}")),
        }
    }
    assert_eq!(count, 400);
    assert!(failures.is_empty(), "{} of them: {failures:#?}", failures.len());
}
