//! Reading: comparison of formats and variants with an independent reader, orientation, transparency.

use crate::common::draw;

use draw::{Png, data, decode, distance, exif, jpeg, rgb8, rgb16};
use image_webp::WebPEncoder;
use impasto::picture::{Format, Limits, Picture};
use png::{BitDepth, ColorType};

/// Four components in one scan, and the same coefficients in a scan for each component (jpegtran made the second file
/// from the first).
#[test]
fn inks_in_separate_scans_are_the_same_picture() {
    for kind in ["cmyk", "ycck"] {
        let open = |scans: &str| Picture::open(data(&format!("scans-{kind}-{scans}.jpg")), &Limits::default()).unwrap();
        let worst = distance(open("one").rgb(), open("each").rgb());
        assert!(worst <= 3.0, "{kind}: {worst}");
    }
}

/// Files made with Pillow, with the greatest difference allowed in steps of 8 bits. Lossless formats agree to the bit.
/// JPEG and lossy WebP leave the rounding of the inverse transform and the method of chroma up-sampling to the decoder.
/// With a CMYK profile, moxcms interpolates in a table of its own: at most 6.6 from LittleCMS for the most saturated
/// cyan of these made-up inks, 1.4 on average.
#[test]
fn agrees_with_an_independent_reader() {
    let cases: [(&str, Format, f32); 19] = [
        ("444.jpg", Format::Jpeg, 3.0),
        ("420.jpg", Format::Jpeg, 6.0),
        ("progressive.jpg", Format::Jpeg, 3.0),
        ("grey.jpg", Format::Jpeg, 2.0),
        ("cmyk.jpg", Format::Jpeg, 3.0),
        ("cmyk_icc.jpg", Format::Jpeg, 7.0),
        ("cmyk_icc.tif", Format::Tiff, 7.0),
        ("lossy.webp", Format::WebP, 3.0),
        ("lossy_alpha.webp", Format::WebP, 3.0),
        ("lossless.webp", Format::WebP, 0.0),
        ("animated.webp", Format::WebP, 0.0),
        ("animated.gif", Format::Gif, 0.0),
        ("palette.bmp", Format::Bmp, 0.0),
        ("plain.bmp", Format::Bmp, 0.0),
        ("lzw.tif", Format::Tiff, 0.0),
        ("jpeg.tif", Format::Tiff, 6.0),
        ("bits.tif", Format::Tiff, 0.0),
        ("palette.png", Format::Png, 0.0),
        ("palette.png.png", Format::Png, 0.0),
    ];
    let mut failures = Vec::new();
    for (name, format, allowed) in cases {
        let picture = Picture::open(data(name), &Limits::default()).unwrap();
        let reference = if name == "palette.png.png" { "palette.png.png".into() } else { format!("{name}.png") };
        let expected = Picture::open(data(&reference), &Limits::default()).unwrap();
        assert_eq!((picture.width(), picture.height()), (33, 21), "{name}");
        assert_eq!(picture.source().format, Some(format), "{name}");
        let colour = distance(picture.rgb(), expected.rgb());
        let alpha = match (picture.alpha(), expected.alpha()) {
            (None, None) => 0.0,
            (Some(a), Some(b)) => distance(a, b),
            _ => f32::INFINITY,
        };
        let sum: f32 = picture.rgb().iter().zip(expected.rgb()).map(|(a, b)| (a - b).abs()).sum();
        let mean = sum / expected.rgb().len() as f32 * 255.0;
        if mean > 1.5 {
            failures.push(format!("{name}: colour differs by {mean} on average"));
        }
        if colour > allowed + 1e-3 || alpha > 1e-3 {
            failures.push(format!("{name}: colour differs by {colour}, alpha by {alpha}, allowed {allowed}"));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn source_facts_are_kept() {
    let open = |name: &str| Picture::open(data(name), &Limits::default()).unwrap();
    assert!(open("grey.jpg").source().grey);
    let cmyk = open("cmyk_icc.jpg");
    assert!(cmyk.source().cmyk && cmyk.source().icc.as_ref().is_some_and(|icc| icc.len() > 2000));
    assert!(cmyk.warnings().is_empty(), "{:?}", cmyk.warnings());
    assert!(open("cmyk.jpg").warnings()[0].contains("approximate"));
    assert_eq!(open("bits.tif").source().bit_depth, 1);
    assert!(open("animated.webp").warnings()[0].contains("first frame"));
    assert_eq!(open("lzw.tif").source().bit_depth, 8);
}

/// Adobe's YCCK, which Pillow cannot write: the result must be the same inks as CMYK.
#[test]
fn ycck_is_cmyk_in_other_words() {
    let inks: Vec<u8> = (0..20 * 12).flat_map(|i| [i as u8, (255 - i) as u8, (i / 2) as u8, (i / 3) as u8]).collect();
    let plain = decode(&jpeg(20, 12, &inks, jpeg_encoder::ColorType::Cmyk, None));
    let ycck = decode(&jpeg(20, 12, &inks, jpeg_encoder::ColorType::CmykAsYcck, None));
    assert!(plain.source().cmyk && ycck.source().cmyk);
    assert!(distance(plain.rgb(), ycck.rgb()) < 4.0, "{}", distance(plain.rgb(), ycck.rgb()));
    // The encoder takes ink and stores its complement, as Adobe does.
    let light = |p: &[u8]| [0, 1, 2].map(|i| (1.0 - f32::from(p[i]) / 255.0) * (1.0 - f32::from(p[3]) / 255.0));
    let expected: Vec<f32> = inks.chunks_exact(4).flat_map(light).collect();
    assert!(distance(plain.rgb(), &expected) < 4.0, "{}", distance(plain.rgb(), &expected));
}

#[test]
fn png_of_every_depth() {
    let bits = |depth: BitDepth, levels: &[u8]| {
        // One row of samples, packed from the high bits down.
        let per = 8 / depth as usize;
        levels.chunks(per).map(|c| c.iter().enumerate().fold(0u8, |b, (i, v)| b | v << (8 - depth as usize * (i + 1)))).collect()
    };
    for (depth, greatest) in [(BitDepth::One, 1u8), (BitDepth::Two, 3), (BitDepth::Four, 15), (BitDepth::Eight, 255)] {
        let levels: Vec<u8> = (0..11u8).map(|i| (i.wrapping_mul(7)) & greatest).collect();
        let packed: Vec<u8> = if depth == BitDepth::Eight { levels.clone() } else { bits(depth, &levels) };
        let picture = decode(&Png::default().write((11, 1), ColorType::Grayscale, depth, &packed));
        let expected: Vec<f32> = levels.iter().flat_map(|&v| [f32::from(v) / f32::from(greatest); 3]).collect();
        assert!(distance(picture.rgb(), &expected) < 1e-4, "{depth:?}");
        assert!(picture.source().grey);
        assert_eq!(picture.source().bit_depth, depth as u8);

        let palette: Vec<u8> = (0..=greatest).flat_map(|i| [i, 255 - i, i / 2]).collect();
        let indexed = Png { palette: Some(&palette), trns: Some(&[0, 128]), ..Png::default() };
        let picture = decode(&indexed.write((11, 1), ColorType::Indexed, depth, &packed));
        for (i, &level) in levels.iter().enumerate() {
            let alpha = [0, 128].get(usize::from(level)).copied().unwrap_or(255);
            assert_eq!(picture.alpha().unwrap()[i], alpha as f32 / 255.0, "{depth:?} {i}");
            if alpha > 0 {
                let colour = [level, 255 - level, level / 2].map(|v| f32::from(v) / 255.0);
                assert_eq!(picture.rgb()[i * 3..i * 3 + 3], colour, "{depth:?} {i}");
            }
        }
    }
}

/// The high bits of the transparent level do not count.
#[test]
fn png_with_a_transparent_grey() {
    for (depth, greatest) in [(BitDepth::One, 1u8), (BitDepth::Two, 3), (BitDepth::Four, 15)] {
        let bits = depth as usize;
        let levels: Vec<u8> = (0..8).map(|i| i & greatest).collect();
        let row: Vec<u8> = levels.chunks(8 / bits).map(|c| c.iter().fold(0, |byte, level| byte << bits | level)).collect();
        for high in [0x00, 0xF0] {
            let hidden = greatest.min(1);
            let trns = [high, high & !greatest | hidden];
            let picture = decode(&Png { trns: Some(&trns), ..Png::default() }.write((8, 1), ColorType::Grayscale, depth, &row));
            let alpha: Vec<f32> = levels.iter().map(|&level| if level == hidden { 0.0 } else { 1.0 }).collect();
            assert_eq!(picture.alpha().unwrap(), alpha, "{bits} bits, {trns:?}");
            for (pixel, &level) in picture.rgb().chunks(3).zip(&levels).filter(|(_, level)| **level != hidden) {
                assert!(distance(pixel, &[f32::from(level) / f32::from(greatest); 3]) < 1e-3, "{bits} bits, level {level}");
            }
        }
    }
}

#[test]
fn sixteen_bits_keep_their_precision() {
    let values = rgb16(9, 7);
    let expected: Vec<f32> = values.iter().map(|&v| f32::from(v) / 65535.0).collect();
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_be_bytes()).collect();
    let png = decode(&Png::default().write((9, 7), ColorType::Rgb, BitDepth::Sixteen, &bytes));
    assert_eq!(png.rgb(), expected);
    assert_eq!(png.source().bit_depth, 16);
    assert_eq!(png.to_rgb16().unwrap(), values);

    let mut file = std::io::Cursor::new(Vec::new());
    let mut encoder = tiff::encoder::TiffEncoder::new(&mut file).unwrap();
    encoder.write_image::<tiff::encoder::colortype::RGB16>(9, 7, &values).unwrap();
    let tiff = decode(file.get_ref());
    assert_eq!(tiff.rgb(), expected);
    assert_eq!(tiff.source().bit_depth, 16);
}

#[test]
fn tiff_kinds() {
    use tiff::encoder::colortype::{CMYK8, Gray16, GrayI8, GrayI16, GrayI32, RGB8, RGB32Float};
    fn file<C: tiff::encoder::colortype::ColorType>(data: &[C::Inner]) -> Vec<u8>
    where
        [C::Inner]: tiff::encoder::TiffValue,
    {
        let mut file = std::io::Cursor::new(Vec::new());
        tiff::encoder::TiffEncoder::new(&mut file).unwrap().write_image::<C>(2, 1, data).unwrap();
        file.into_inner()
    }
    assert_eq!(decode(&file::<Gray16>(&[0, 65535])).rgb(), [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
    assert_eq!(decode(&file::<CMYK8>(&[0, 0, 0, 0, 255, 0, 0, 0])).rgb(), [1.0, 1.0, 1.0, 0.0, 1.0, 1.0]);
    let float = decode(&file::<RGB32Float>(&[0.25, -1.0, 7.0, 0.0, 0.5, 1.0]));
    assert_eq!(float.rgb(), [0.25, 0.0, 1.0, 0.0, 0.5, 1.0]);
    assert!(float.warnings()[0].contains("float"));
    let half = |greatest: i32| (greatest as f32 / 2.0).floor() / greatest as f32;
    for (bits, greatest, signed) in [
        (8, i32::from(i8::MAX), [file::<GrayI8>(&[-128, 63]), file::<GrayI8>(&[0, 127])]),
        (16, i32::from(i16::MAX), [file::<GrayI16>(&[-1, 16383]), file::<GrayI16>(&[0, i16::MAX])]),
        (32, i32::MAX, [file::<GrayI32>(&[i32::MIN, i32::MAX / 2]), file::<GrayI32>(&[0, i32::MAX])]),
    ] {
        let [dark, full] = signed.map(|bytes| decode(&bytes));
        assert_eq!((dark.rgb()[0], full.rgb()), (0.0, &[0.0, 0.0, 0.0, 1.0, 1.0, 1.0][..]), "{bits} bits");
        assert!((dark.rgb()[3] - half(greatest)).abs() < 1e-6, "{bits} bits: {:?}", dark.rgb());
        assert_eq!(full.source().bit_depth, bits);
        assert!(full.warnings()[0].contains("negative"), "{:?}", full.warnings());
    }

    // Premultiplied color is divided by alpha.
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut encoder = tiff::encoder::TiffEncoder::new(&mut bytes).unwrap();
    let mut image = encoder.new_image::<RGB8>(2, 1).unwrap();
    image.extra_samples(&[tiff::tags::ExtraSamples::AssociatedAlpha]).unwrap();
    image.write_data(&[51, 102, 0, 102, 1, 2, 3, 255]).unwrap();
    let picture = decode(bytes.get_ref());
    assert_eq!(picture.alpha().unwrap(), [0.4, 1.0]);
    assert!(distance(&picture.rgb()[..3], &[0.5, 1.0, 0.0]) < 1e-3, "{:?}", picture.rgb());
}

/// A picture with orientation `o` must come out as the definitions of the 8 orientations say, in every format that has
/// one.
#[test]
fn orientation_is_applied() {
    let (w, h) = (5usize, 3usize);
    let upright: Vec<[u8; 3]> = rgb8(w, h).as_chunks::<3>().0.to_vec();
    // Where the pixel at (x, y) of the upright picture is stored, by orientation. The sides swap from 5 on.
    let stored_at = |o: u16, x: usize, y: usize| match o {
        1 => (x, y),
        2 => (w - 1 - x, y),
        3 => (w - 1 - x, h - 1 - y),
        4 => (x, h - 1 - y),
        5 => (y, x),
        6 => (y, w - 1 - x),
        7 => (h - 1 - y, w - 1 - x),
        8 => (h - 1 - y, x),
        _ => unreachable!(),
    };
    for o in 1..=8u16 {
        let (sw, sh) = if o >= 5 { (h, w) } else { (w, h) };
        let mut stored = vec![[0u8; 3]; w * h];
        for y in 0..h {
            for x in 0..w {
                let (sx, sy) = stored_at(o, x, y);
                stored[sy * sw + sx] = upright[y * w + x];
            }
        }
        let stored = stored.as_flattened();
        let block = exif(o);
        let png = Png { exif: Some(&block), ..Png::default() }.rgb8(sw, sh, stored);
        let mut webp = Vec::new();
        let mut encoder = WebPEncoder::new(&mut webp);
        encoder.set_exif_metadata([b"Exif\0\0", block.as_slice()].concat());
        encoder.encode(stored, sw as u32, sh as u32, image_webp::ColorType::Rgb8).unwrap();
        let mut tiff = std::io::Cursor::new(Vec::new());
        let mut encoder = tiff::encoder::TiffEncoder::new(&mut tiff).unwrap();
        let mut image = encoder.new_image::<tiff::encoder::colortype::RGB8>(sw as u32, sh as u32).unwrap();
        image.encoder().write_tag(tiff::tags::Tag::Orientation, o).unwrap();
        image.write_data(stored).unwrap();
        for (name, bytes) in [("PNG", png), ("WebP", webp), ("TIFF", tiff.into_inner())] {
            let picture = decode(&bytes);
            assert_eq!((picture.width(), picture.height()), (w, h), "{name} {o}");
            assert_eq!(picture.to_rgb8().unwrap(), upright.as_flattened(), "{name} {o}");
            assert_eq!(picture.source().orientation, o as u8, "{name}");
        }

        // JPEG mixes neighbors, but blocks of one color with sides of eight pixels survive.
        let blown = |pixels: &[u8], w: usize, h: usize| -> Vec<u8> {
            let at = |x: usize, y: usize| &pixels[((y / 8) * w + x / 8) * 3..][..3];
            (0..h * 8).flat_map(|y| (0..w * 8).flat_map(move |x| at(x, y).iter().copied())).collect()
        };
        let bytes = jpeg(sw * 8, sh * 8, &blown(stored, sw, sh), jpeg_encoder::ColorType::Rgb, Some(&block));
        let picture = decode(&bytes);
        assert_eq!((picture.width(), picture.height()), (w * 8, h * 8));
        let expected = Picture::from_rgb8([w * 8, h * 8], &blown(upright.as_flattened(), w, h)).unwrap();
        assert!(distance(picture.rgb(), expected.rgb()) < 4.0, "JPEG {o}");
        assert_eq!(picture.source().exif.as_deref(), Some(block.as_slice()));
    }
}

#[test]
fn nonsense_orientation_is_none() {
    for o in [0, 9, 65535] {
        let block = exif(o);
        let picture = decode(&Png { exif: Some(&block), ..Png::default() }.rgb8(5, 3, &rgb8(5, 3)));
        assert_eq!((picture.width(), picture.source().orientation), (5, 1));
    }
}

/// A network must not see the black under full transparency; the visible colors are continued.
#[test]
fn hidden_colour_is_replaced() {
    let mut rgba: Vec<u8> = vec![0; 8 * 8 * 4];
    for y in 0..8 {
        rgba[(y * 8 + 6) * 4..(y * 8 + 8) * 4].copy_from_slice(&[200, 100, 50, 255, 200, 100, 50, 1]);
    }
    let picture = decode(&Png::default().write((8, 8), ColorType::Rgba, BitDepth::Eight, &rgba));
    assert_eq!(picture.to_rgb8().unwrap(), [200, 100, 50].repeat(64));
    assert_eq!(picture.alpha().unwrap()[6..8], [1.0, 1.0 / 255.0]);

    let nothing = decode(&Png::default().write((3, 2), ColorType::Rgba, BitDepth::Eight, &[0; 24]));
    assert!(nothing.rgb().iter().all(|&v| v == 1.0) && nothing.alpha().unwrap().iter().all(|&a| a == 0.0));

    let opaque = decode(&Png::default().write((2, 1), ColorType::Rgba, BitDepth::Eight, &[1, 2, 3, 255, 4, 5, 6, 255]));
    assert!(opaque.alpha().is_none());
}

#[test]
fn content_decides_not_the_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("really-a-png.jpg");
    std::fs::write(&path, Png::default().rgb8(5, 3, &rgb8(5, 3))).unwrap();
    let picture = Picture::open(&path, &Limits::default()).unwrap();
    assert_eq!(picture.source().format, Some(Format::Png));
    let streamed = Picture::read(std::fs::File::open(&path).unwrap(), &Limits::default()).unwrap();
    assert_eq!(streamed, picture);
}

#[test]
fn image_buffers_come_and_go() {
    let original = image::RgbImage::from_raw(5, 3, rgb8(5, 3)).unwrap();
    let picture = Picture::from_image(original.clone().into()).unwrap();
    assert_eq!(picture.to_image().unwrap().into_rgb8(), original);
    let deep = image::DynamicImage::ImageRgb16(image::ImageBuffer::from_raw(5, 3, rgb16(5, 3)).unwrap());
    assert_eq!(Picture::from_image(deep.clone()).unwrap().to_image().unwrap(), deep);
    assert!(Picture::from_image(image::DynamicImage::new_rgb8(0, 3)).is_err());
}
