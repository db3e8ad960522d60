//! Results in the color space of their source.

use crate::common::draw;

use draw::{data, decode, distance, smooth};
use impasto::Picture;
use impasto::picture::{Compression, Depth, EncodeOptions, Format, Limits, Profile, Subsampling};
use moxcms::ColorProfile;

const FORMATS: [Format; 4] = [Format::Jpeg, Format::Png, Format::WebP, Format::Tiff];

/// Smooth, with all hues, and inside sRGB like the output of networks.
fn picture(icc: Vec<u8>) -> Picture {
    let mut picture = smooth(60, 50);
    picture.source_mut().icc = Some(icc);
    picture
}

/// CIE L*a*b* of an sRGB color (IEC 61966-2-1, CIE 15), with D65 white.
fn lab(rgb: &[f32]) -> [f64; 3] {
    let light = |v: f32| {
        let v = f64::from(v);
        if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
    };
    let [r, g, b] = [light(rgb[0]), light(rgb[1]), light(rgb[2])];
    let f = |t: f64| if t > 216.0 / 24389.0 { t.cbrt() } else { (24389.0 / 27.0 * t + 16.0) / 116.0 };
    let x = f((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047);
    let y = f(0.2126729 * r + 0.7151522 * g + 0.0721750 * b);
    let z = f((0.0193339 * r + 0.1191920 * g + 0.9503041 * b) / 1.08883);
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// The greatest ΔE (CIE 1976) between two pictures.
fn delta_e(a: &[f32], b: &[f32]) -> f64 {
    let each = a.chunks_exact(3).zip(b.chunks_exact(3)).map(|(a, b)| {
        let (a, b) = (lab(a), lab(b));
        (0..3).map(|i| (a[i] - b[i]).powi(2)).sum::<f64>().sqrt()
    });
    each.fold(0.0, f64::max)
}

#[test]
fn wide_gamuts_are_kept_and_look_the_same() {
    let profiles = [
        ("Display P3", ColorProfile::new_display_p3()),
        ("Adobe RGB", ColorProfile::new_adobe_rgb()),
        ("Rec. 2020", ColorProfile::new_bt2020()),
        ("ProPhoto RGB", ColorProfile::new_pro_photo_rgb()),
    ];
    for (name, profile) in profiles {
        let icc = profile.encode().unwrap();
        let picture = picture(icc.clone());
        for (format, depth, most) in [
            // At 8 bits, a wide gamut has coarser steps: ΔE 2.3 is just noticeable side by side.
            (Format::Png, Depth::Eight, 2.3),
            (Format::WebP, Depth::Eight, 2.3),
            (Format::Tiff, Depth::Eight, 2.3),
            (Format::Jpeg, Depth::Eight, 6.0),
            (Format::Png, Depth::Sixteen, 0.1),
            (Format::Tiff, Depth::Sixteen, 0.1),
        ] {
            let options = EncodeOptions::default().quality(100).depth(depth);
            let encoded = picture.encode(format, &options).unwrap();
            assert!(encoded.warnings.is_empty(), "{name} {format}: {:?}", encoded.warnings);
            let back = decode(&encoded.bytes);
            assert_eq!(back.source().icc.as_deref(), Some(&icc[..]), "{name} {format}");
            let off = delta_e(back.rgb(), picture.rgb());
            assert!(off < most, "{name} in {format} at {depth:?}: ΔE {off}");
            // The same without the profile: sRGB as before.
            let plain = decode(&picture.encode(format, &options.profile(Profile::Srgb)).unwrap().bytes);
            assert!(plain.source().icc.is_none(), "{name} {format}");
            assert!(delta_e(plain.rgb(), picture.rgb()) < most, "{name} {format}");
        }
    }
}

/// The samples in the file are in Display P3, checked with the formulas of CSS Color 4 instead of the code that wrote
/// them.
#[test]
fn samples_are_those_of_the_profile() {
    let picture = picture(ColorProfile::new_display_p3().encode().unwrap());
    let bytes = picture.encode(Format::Png, &EncodeOptions::default().depth(Depth::Sixteen)).unwrap().bytes;
    let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().unwrap();
    let mut samples = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut samples).unwrap();
    let light = |v: f64| if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) };
    let value = |v: f64| if v <= 0.0031308 { v * 12.92 } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 };
    let matrix = [[0.8224620, 0.1775380, 0.0], [0.0331942, 0.9668058, 0.0], [0.0170826, 0.0723974, 0.9105199]];
    let (mut worst, mut moved) = (0f64, 0f64);
    for (pixel, sample) in picture.rgb().chunks_exact(3).zip(samples.as_chunks::<6>().0) {
        let lin = [0, 1, 2].map(|i| light(f64::from(pixel[i])));
        for c in 0..3 {
            let expected = value((0..3).map(|i| matrix[c][i] * lin[i]).sum::<f64>());
            let found = f64::from(u16::from_be_bytes([sample[2 * c], sample[2 * c + 1]])) / 65535.0;
            worst = worst.max((found - expected).abs() * 255.0);
            moved = moved.max((found - f64::from(pixel[c])).abs() * 255.0);
        }
    }
    assert!(worst < 0.2 && moved > 10.0, "{worst} steps of 8 bits off, of {moved}");
}

/// Shadows keep their 16 bits, too, where a curve is steep or flat.
#[test]
fn shadows_of_deep_pictures_keep_their_steps() {
    let mut plain = ColorProfile::new_adobe_rgb();
    let curve = ColorProfile::new_gray_with_gamma(461.0 / 256.0).gray_trc;
    (plain.red_trc, plain.green_trc, plain.blue_trc) = (curve.clone(), curve.clone(), curve);
    let curves = [("Adobe RGB", ColorProfile::new_adobe_rgb(), 563.0 / 256.0), ("gamma 1.8", plain, 461.0 / 256.0)];
    let light = |v: f64| if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) };
    for (name, profile, exponent) in curves {
        // Every second step of 16 bits up to a tenth, in gray.
        let ramp: Vec<f32> = (0..3200u16).flat_map(|i| [f32::from(2 * i) / 65535.0; 3]).collect();
        let mut picture = Picture::from_rgb_f32([3200, 1], ramp.clone()).unwrap();
        picture.source_mut().icc = Some(profile.encode().unwrap());
        let bytes = picture.encode(Format::Png, &EncodeOptions::default().depth(Depth::Sixteen)).unwrap().bytes;
        let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().unwrap();
        let mut samples = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut samples).unwrap();
        let (mut written, mut read) = (0f64, 0f64);
        let back = decode(&bytes);
        for (i, sample) in samples.as_chunks::<6>().0.iter().enumerate() {
            let expected = light(f64::from(ramp[i * 3])).powf(1.0 / exponent) * 65535.0;
            written = written.max((f64::from(u16::from_be_bytes([sample[0], sample[1]])) - expected).abs());
            read = read.max(f64::from(back.rgb()[i * 3] - ramp[i * 3]).abs() * 65535.0);
        }
        eprintln!("{name}: written {written:.2}, read {read:.2} steps of 16 bits off");
        assert!(written < 4.0 && read < 4.0, "{name}: written {written}, read {read} steps of 16 bits off");
    }
}

/// Values slightly outside a painting's range do not exceed it in another color space either.
#[test]
fn values_beyond_the_range_are_clamped_first() {
    let mut wild = Picture::from_rgb_f32([2, 1], vec![1.4, -0.2, 0.5, f32::INFINITY, 2.0, -9.0]).unwrap();
    let mut tame = Picture::from_rgb_f32([2, 1], vec![1.0, 0.0, 0.5, 1.0, 1.0, 0.0]).unwrap();
    for picture in [&mut wild, &mut tame] {
        picture.source_mut().icc = Some(ColorProfile::new_adobe_rgb().encode().unwrap());
    }
    for format in FORMATS {
        let bytes = |picture: &Picture| picture.encode(format, &EncodeOptions::default()).unwrap().bytes;
        assert!(bytes(&wild) == bytes(&tame), "{format}");
    }
}

#[test]
fn profiles_that_cannot_be_kept_give_srgb() {
    let grey = ColorProfile::new_gray_with_gamma(2.2).encode().unwrap();
    let p3 = ColorProfile::new_display_p3().encode().unwrap();
    let mut scrambled = p3.clone();
    scrambled[128..].iter_mut().for_each(|b| *b ^= 0x5A);
    // The decoder has already warned of the profiles that it could not use.
    for (name, icc, is_grey, warned) in [
        ("for grey", grey.clone(), true, true),
        ("not one", b"no profile".to_vec(), false, false),
        ("cut", p3[..200].to_vec(), false, false),
        ("scrambled", scrambled, false, false),
    ] {
        let mut picture = picture(icc);
        picture.source_mut().grey = is_grey;
        for format in FORMATS {
            let encoded = picture.encode(format, &EncodeOptions::default()).unwrap();
            assert_eq!(
                encoded.warnings.iter().filter(|w| w.contains("sRGB")).count(),
                usize::from(warned),
                "{name}: {:?}",
                encoded.warnings
            );
            let back = decode(&encoded.bytes);
            assert!(back.source().icc.is_none() && distance(back.rgb(), picture.rgb()) < 8.0, "{name} {format}");
        }
    }
    let inks = Picture::open(data("cmyk_icc.jpg"), &Limits::default()).unwrap();
    let encoded = inks.encode(Format::Tiff, &EncodeOptions::default()).unwrap();
    assert!(encoded.warnings.len() == 1 && encoded.warnings[0].contains("CMYK"), "{:?}", encoded.warnings);
    let back = decode(&encoded.bytes);
    assert!(back.source().icc.is_none() && distance(back.rgb(), inks.rgb()) <= 0.51);
    // A file tagged as sRGB stays tagged and unchanged.
    let srgb = picture(ColorProfile::new_srgb().encode().unwrap());
    let back = decode(&srgb.encode(Format::Png, &EncodeOptions::default()).unwrap().bytes);
    assert!(back.source().icc.is_some() && back.to_rgb8().unwrap() == srgb.to_rgb8().unwrap());
}

#[test]
fn alpha_stays_as_it_is_in_every_colour_space() {
    let alpha: Vec<f32> = (0..60 * 50).map(|i| (i % 256) as f32 / 255.0).collect();
    let picture = picture(ColorProfile::new_display_p3().encode().unwrap()).with_alpha(alpha.clone()).unwrap();
    for format in [Format::Png, Format::WebP, Format::Tiff] {
        for depth in [Depth::Eight, Depth::Sixteen] {
            let options = EncodeOptions::default().depth(depth);
            if options.check(format).is_ok() {
                let back = decode(&picture.encode(format, &options).unwrap().bytes);
                assert!(distance(back.alpha().unwrap(), &alpha) < 0.01, "{format} {depth:?}");
            }
        }
    }
    // White stays white in every color space.
    let clear = picture.clone().with_alpha(vec![0.0; 3000]).unwrap();
    let back = decode(&clear.encode(Format::Jpeg, &EncodeOptions::default()).unwrap().bytes);
    assert!(distance(back.rgb(), &vec![1.0; 9000]) < 2.0);
}

#[test]
fn encoder_options_do_what_they_say() {
    let picture = picture(ColorProfile::new_srgb().encode().unwrap());
    let subsampled =
        |subsampling| picture.encode(Format::Jpeg, &EncodeOptions::default().subsampling(subsampling)).unwrap().bytes;
    let [full, half, quarter] = [Subsampling::Full, Subsampling::Half, Subsampling::Quarter].map(subsampled);
    assert!(full.len() > half.len() && half.len() > quarter.len());
    for (bytes, factors) in [(&full, 0x11), (&half, 0x21), (&quarter, 0x22)] {
        // Start of frame: length, precision, height, width, count, then the first component and its factors.
        let frame = bytes.windows(4).position(|w| w[..2] == [0xFF, 0xC0] && w[2..] == [0, 17]).unwrap();
        assert_eq!(bytes[frame + 11], factors);
        assert!(distance(decode(bytes).rgb(), picture.rgb()) < 12.0);
    }
    // A chroma sample is the mean of its pixels, not one of them: stripes of red and blue become purple everywhere.
    let stripes = Picture::from_rgb8([32, 32], &[[255, 0, 0], [0, 0, 255]].concat().repeat(512)).unwrap();
    let back = decode(&stripes.encode(Format::Jpeg, &EncodeOptions::default().subsampling(Subsampling::Quarter)).unwrap().bytes);
    let chroma = |i: usize| back.rgb()[i * 3] - back.rgb()[i * 3 + 2];
    assert!((chroma(10) - chroma(11)).abs() < 0.2, "{} {}", chroma(10), chroma(11));
    for format in [Format::Png, Format::Tiff] {
        let compressed = |compression| picture.encode(format, &EncodeOptions::default().compression(compression)).unwrap().bytes;
        let [fast, balanced, high] = [Compression::Fast, Compression::Balanced, Compression::High].map(compressed);
        assert!(fast.len() > balanced.len() && balanced.len() >= high.len(), "{} {} {}", fast.len(), balanced.len(), high.len());
        assert!(decode(&high).rgb() == decode(&fast).rgb());
    }
}
