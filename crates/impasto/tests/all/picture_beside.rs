//! What files hold beside their pixels, in places that other tests do not reach: profiles in parts, damaged chunks,
//! texts, and formats that seldom hold anything but pixels.

use crate::common::{draw, metadata};

use draw::{decode, smooth};
use impasto::Picture;
use impasto::picture::{Density, EncodeOptions, Format, Profile};
use moxcms::ColorProfile;

fn p3() -> Vec<u8> {
    ColorProfile::new_display_p3().encode().unwrap()
}

/// Returns a JPEG file without a profile, with these segments after its first two bytes.
fn jpeg_with(segments: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let plain = smooth(24, 16).encode(Format::Jpeg, &EncodeOptions::default()).unwrap().bytes;
    let mut bytes = plain[..2].to_vec();
    for (marker, body) in segments {
        bytes.extend([0xFF, *marker]);
        bytes.extend((body.len() as u16 + 2).to_be_bytes());
        bytes.extend(body);
    }
    bytes.extend(&plain[2..]);
    bytes
}

#[test]
fn profiles_of_jpegs_are_whole_or_said_to_be_damaged() {
    let icc = p3();
    let (first, second) = icc.split_at(300);
    let part = |number: u8, count: u8, bytes: &[u8]| (0xE2, [&b"ICC_PROFILE\0"[..], &[number, count], bytes].concat());
    let whole: &[&[(u8, Vec<u8>)]] = &[
        &[part(1, 1, &icc)],
        // Some writers count from 0.
        &[part(0, 0, &icc)],
        &[part(1, 2, first), part(2, 2, second)],
        &[part(2, 2, second), part(1, 2, first)],
        &[part(1, 2, first), part(1, 2, first), part(2, 2, second)],
    ];
    for (i, segments) in whole.iter().enumerate() {
        let picture = decode(&jpeg_with(segments));
        assert_eq!(picture.source().icc.as_ref(), Some(&icc), "{i}");
        assert!(picture.warnings().is_empty(), "{i}: {:?}", picture.warnings());
    }
    for (segments, word) in [
        (vec![part(1, 2, first)], "part 2 of 2 is missing"),
        (vec![part(2, 2, second)], "part 1 of 2 is missing"),
        (vec![part(1, 2, first), part(2, 2, second), part(2, 2, first)], "several parts 2"),
    ] {
        let picture = decode(&jpeg_with(&segments));
        assert!(picture.source().icc.is_none(), "{word}");
        assert!(picture.warnings().iter().any(|line| line.contains(word)), "{word}: {:?}", picture.warnings());
    }
}

/// Returns a PNG file's chunks: kind and data.
fn chunks(bytes: &[u8]) -> Vec<([u8; 4], Vec<u8>)> {
    let mut rest = &bytes[8..];
    let mut found = Vec::new();
    while let Some((len, after)) = rest.split_first_chunk::<4>() {
        let len = u32::from_be_bytes(*len) as usize;
        found.push((after[..4].try_into().unwrap(), after[4..4 + len].to_vec()));
        rest = &after[8 + len..];
    }
    found
}

/// Returns a file of these chunks. The checksums of the chunks `broken` are wrong.
fn png_of(chunks: &[([u8; 4], Vec<u8>)], broken: Option<[u8; 4]>) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1A\n".to_vec();
    for (kind, data) in chunks {
        let mut hash = flate2::Crc::new();
        hash.update(kind);
        hash.update(data);
        let sum = hash.sum() ^ u32::from(broken == Some(*kind));
        bytes.extend((data.len() as u32).to_be_bytes());
        bytes.extend([&kind[..], data, &sum.to_be_bytes()].concat());
    }
    bytes
}

#[test]
fn chunks_of_a_png_are_read_or_said_to_be_damaged() {
    let mut picture = smooth(24, 16);
    picture.source_mut().icc = Some(p3());
    picture.source_mut().exif = Some(metadata::exif(true));
    picture.source_mut().density = Some(Density { x: 300.0, y: 300.0 });
    let tagged = chunks(&picture.encode(Format::Png, &EncodeOptions::default()).unwrap().bytes);
    let mut plain = chunks(&picture.encode(Format::Png, &EncodeOptions::default().profile(Profile::Srgb)).unwrap().bytes);
    plain.retain(|(kind, _)| kind != b"sRGB");
    plain.insert(1, (*b"gAMA", 100_000u32.to_be_bytes().to_vec()));
    let chrm = [31270u32, 32900, 64000, 33000, 21000, 71000, 15000, 6000];
    plain.insert(2, (*b"cHRM", chrm.iter().flat_map(|v| v.to_be_bytes()).collect()));
    plain.insert(3, (*b"cICP", vec![12, 13, 0, 1]));
    plain.insert(4, (*b"tRNS", vec![0, 9, 0, 9, 0, 9]));
    for (name, chunks, kinds) in
        [("tagged", &tagged, &[*b"iCCP", *b"eXIf", *b"pHYs"][..]), ("plain", &plain, &[*b"gAMA", *b"cHRM", *b"cICP", *b"tRNS"])]
    {
        let good = decode(&png_of(chunks, None));
        assert!(good.warnings().is_empty(), "{name}: {:?}", good.warnings());
        for kind in kinds {
            let text = String::from_utf8_lossy(kind).into_owned();
            assert!(chunks.iter().any(|chunk| chunk.0 == *kind), "{name} has no {text}");
            let damaged = decode(&png_of(chunks, Some(*kind)));
            let said = damaged.warnings().iter().filter(|line| line.contains(&text)).count();
            assert_eq!(said, 1, "{text}: {:?}", damaged.warnings());
        }
    }
    // A profile that cannot be unpacked has a right checksum.
    let mut torn = tagged.clone();
    torn.iter_mut().find(|chunk| chunk.0 == *b"iCCP").unwrap().1.truncate(60);
    let read = decode(&png_of(&torn, None));
    assert!(read.warnings().iter().any(|line| line.contains("iCCP")), "{:?}", read.warnings());
}

#[test]
fn texts_stay_with_a_png() {
    let text = |keyword: &str, text: &str| {
        (*b"tEXt", [keyword.as_bytes(), b"\0", text.chars().map(|c| c as u8).collect::<Vec<_>>().as_slice()].concat())
    };
    let mut all = chunks(&smooth(9, 9).encode(Format::Png, &EncodeOptions::default()).unwrap().bytes);
    all.insert(1, text("Title", "Caf\u{e9}"));
    all.insert(2, text("Software", "something"));
    all.insert(3, text("Thumb::Size", "7"));
    all.insert(4, (*b"iTXt", [b"Author\0\0\0\0\0", "\u{661f}".as_bytes()].concat()));
    let read = decode(&png_of(&all, None));
    let expected = [("Title", "Caf\u{e9}"), ("Author", "\u{661f}")].map(|(keyword, text)| (keyword.to_owned(), text.to_owned()));
    assert_eq!(read.source().texts, expected);
    let again = decode(&read.encode(Format::Png, &EncodeOptions::default()).unwrap().bytes);
    assert_eq!(again.source().texts, expected);
    let stripped = decode(&read.encode(Format::Png, &EncodeOptions::default().strip(true)).unwrap().bytes);
    assert!(stripped.source().texts.is_empty());
    for format in [Format::Jpeg, Format::WebP, Format::Tiff] {
        let encoded = read.encode(format, &EncodeOptions::default()).unwrap();
        assert!(encoded.warnings.iter().any(|line| line.contains("Title, Author")), "{format}: {:?}", encoded.warnings);
    }
    // A comment of a person, and one of an encoder.
    let commented = decode(&jpeg_with(&[(0xFE, b"At the harbour\0".to_vec())]));
    let again = decode(&commented.encode(Format::Png, &EncodeOptions::default()).unwrap().bytes);
    assert_eq!(again.source().texts, [("Comment".to_owned(), "At the harbour".to_owned())]);
    let encoder = decode(&jpeg_with(&[(0xFE, b"CREATOR: gd-jpeg v1.0".to_vec())]));
    assert!(encoder.source().texts.is_empty());
}

#[test]
fn iptc_may_begin_in_a_later_segment() {
    let records = metadata::iptc();
    let resource = |id: u16, data: &[u8]| {
        let mut bytes = [&b"8BIM"[..], &id.to_be_bytes(), &[0, 0], &(data.len() as u32).to_be_bytes(), data].concat();
        bytes.resize(bytes.len().next_multiple_of(2), 0);
        bytes
    };
    let all = [resource(1005, &[0; 16]), resource(1028, &records)].concat();
    let segment = |part: &[u8]| (0xED, [&b"Photoshop 3.0\0"[..], part].concat());
    // Whole resources in two segments, and one that goes on in the next.
    for at in [28, 50] {
        let (first, second) = all.split_at(at);
        let picture = decode(&jpeg_with(&[segment(first), segment(second)]));
        assert_eq!(picture.source().iptc.as_ref(), Some(&records), "divided at {at}");
    }
}

/// A bitmap of two red pixels with a header of Windows 98, for these pixels per meter and this color space.
fn bitmap(per_metre: u32, space: &[u8; 4], primaries: [u32; 9], icc: &[u8]) -> Vec<u8> {
    let word = |v: u32| v.to_le_bytes().to_vec();
    let mut header = [124u32, 2, 1].map(word).concat();
    header.extend([1, 0, 24, 0]);
    header.extend([0, 8, per_metre, per_metre, 0, 0, 0, 0, 0, 0].map(word).concat());
    header.extend(space.iter().rev());
    header.extend(primaries.map(word).concat());
    header.extend([0, 0, 0, 4, 124 + 8, icc.len() as u32, 0].map(word).concat());
    assert_eq!(header.len(), 124);
    let pixels = [0, 0, 200, 0, 0, 200, 0, 0];
    let size = 14 + 124 + 8 + icc.len() as u32;
    [&b"BM"[..], &word(size), &[0; 4], &word(14 + 124), &header, &pixels, icc].concat()
}

#[test]
fn bitmaps_have_profiles_and_resolutions() {
    let red = |picture: &Picture| picture.rgb()[..3].iter().map(|v| (v * 255.0).round()).collect::<Vec<_>>();
    let picture = decode(&bitmap(11_811, b"MBED", [0; 9], &p3()));
    assert_eq!(picture.source().icc, Some(p3()));
    assert_eq!(picture.source().density, Some(Density { x: 300.0, y: 300.0 }));
    assert!(red(&picture)[0] > 200.0 && picture.warnings().is_empty(), "{:?}", picture.warnings());
    let srgb = [(0.64, 0.33, 0.03), (0.3, 0.6, 0.1), (0.15, 0.06, 0.79)];
    let fixed = |primaries: [(f64, f64, f64); 3]| {
        let all: Vec<u32> = primaries.iter().flat_map(|p| [p.0, p.1, p.2]).map(|v| (v * f64::from(1 << 30)) as u32).collect();
        all.try_into().unwrap()
    };
    for (space, primaries, warned) in [
        (b"sRGB", [0; 9], false),
        (b"Win ", [0; 9], false),
        (&[0; 4], [0; 9], false),
        (&[0; 4], fixed(srgb), false),
        (&[0; 4], fixed([(0.64, 0.33, 0.03), (0.21, 0.71, 0.08), (0.15, 0.06, 0.79)]), true),
        (b"LINK", [0; 9], true),
    ] {
        let picture = decode(&bitmap(0, space, primaries, &[]));
        assert_eq!((red(&picture), picture.source().density), (vec![200.0, 0.0, 0.0], None), "{space:?}");
        assert_eq!(!picture.warnings().is_empty(), warned, "{space:?}: {:?}", picture.warnings());
    }
    let mut cut = bitmap(0, b"MBED", [0; 9], &p3());
    cut.truncate(cut.len() - 9);
    assert!(decode(&cut).warnings().iter().any(|line| line.contains("profile")));
}

#[test]
fn gifs_have_profiles() {
    let icc = p3();
    let head = [&b"GIF89a\x01\0\x01\0\x80\0\0"[..], &[200, 0, 0, 0, 0, 0]].concat();
    let frame = [&b","[..], &[0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0], b";"].concat();
    let mut extension = [&b"!\xFF\x0B"[..], b"ICCRGBG1012"].concat();
    for part in icc.chunks(255) {
        extension.push(part.len() as u8);
        extension.extend(part);
    }
    extension.push(0);
    let picture = decode(&[&head[..], &extension, &frame].concat());
    assert_eq!(picture.source().icc, Some(icc));
    assert!(picture.rgb()[0] > 201.0 / 255.0);
    assert_eq!(decode(&[head, frame].concat()).source().icc, None);
    // A name that is cut off is no profile.
    let short = [&head_of_short()[..], &[0]].concat();
    assert!(Picture::decode(&short, &impasto::picture::Limits::default()).is_err());
}

fn head_of_short() -> Vec<u8> {
    [&b"GIF89a\x01\0\x01\0\x80\0\0"[..], &[200, 0, 0, 0, 0, 0], b"!\xFF\x03ICCRGBG1012\0"].concat()
}

/// A BigTIFF of one pixel, with a directory of the camera's settings.
#[test]
fn metadata_of_a_big_tiff_is_kept() {
    for little in [true, false] {
        let number = |value: u64, bytes: usize| {
            if little { value.to_le_bytes()[..bytes].to_vec() } else { value.to_be_bytes()[8 - bytes..].to_vec() }
        };
        let packet = metadata::xmp();
        let mut file = if little { b"II".to_vec() } else { b"MM".to_vec() };
        file.extend([number(43, 2), number(8, 2), number(0, 2), number(0, 8), vec![9, 90, 200, 0]].concat());
        let mut store = |bytes: &[u8]| {
            file.resize(file.len().next_multiple_of(8), 0);
            file.extend(bytes);
            (file.len() - bytes.len()) as u64
        };
        // Tag, type, count, and the value or its place.
        let entry = |tag: u64, kind: u64, count: u64, value: Vec<u8>| {
            let mut value = value;
            value.resize(8, 0);
            [number(tag, 2), number(kind, 2), number(count, 8), value].concat()
        };
        let directory = |entries: &[Vec<u8>]| [number(entries.len() as u64, 8), entries.concat(), number(0, 8)].concat();
        let lens = store(b"A lens that has a long name\0");
        let settings = store(&directory(&[entry(0xA434, 2, 28, number(lens, 8)), entry(0x8827, 3, 1, number(400, 2))]));
        let at = store(&packet);
        let dpi = || [number(240, 4), number(1, 4)].concat();
        let (earth, note) = (store(&[0; 24]), store(&[7; 70_000]));
        let first = store(&directory(&[
            entry(256, 4, 1, number(1, 4)),
            entry(257, 4, 1, number(1, 4)),
            entry(258, 3, 3, [number(8, 2), number(8, 2), number(8, 2)].concat()),
            entry(259, 3, 1, number(1, 2)),
            entry(262, 3, 1, number(2, 2)),
            entry(270, 2, 5, b"Dune\0".to_vec()),
            entry(273, 16, 1, number(16, 8)),
            entry(277, 3, 1, number(3, 2)),
            entry(278, 4, 1, number(1, 4)),
            entry(279, 16, 1, number(3, 8)),
            entry(282, 5, 1, dpi()),
            entry(283, 5, 1, dpi()),
            entry(296, 3, 1, number(2, 2)),
            entry(315, 2, 70_000, number(note, 8)),
            entry(700, 1, packet.len() as u64, number(at, 8)),
            entry(33550, 12, 3, number(earth, 8)),
            entry(34665, 16, 1, number(settings, 8)),
        ]));
        file[8..16].copy_from_slice(&number(first, 8));
        let picture = decode(&file);
        let source = picture.source();
        assert_eq!((picture.rgb()[2] * 255.0).round(), 200.0);
        assert_eq!(source.density, Some(Density { x: 240.0, y: 240.0 }));
        assert!(source.xmp.as_ref() == Some(&packet));
        let again = decode(&picture.encode(Format::Tiff, &EncodeOptions::default()).unwrap().bytes);
        for source in [source, again.source()] {
            let exif = source.exif.as_ref().unwrap();
            for part in [&b"Dune"[..], b"A lens that has a long name\0"] {
                assert!(exif.windows(part.len()).any(|window| window == part), "{} is missing", part.escape_ascii());
            }
        }
        for word in ["tag 315", "GeoTIFF"] {
            assert!(picture.warnings().iter().any(|line| line.contains(word)), "{word}: {:?}", picture.warnings());
        }
    }
}

/// Cameras that are set to Adobe RGB say so in Exif alone.
#[test]
fn adobe_rgb_of_cameras_is_read() {
    let long = |v: u32| v.to_le_bytes().to_vec();
    let entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
        [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &count.to_le_bytes(), &value].concat()
    };
    let place = |at: u32| at.to_le_bytes();
    let exif = |space: u16, rule: &[u8; 4]| {
        let space = [&space.to_le_bytes()[..], &[0, 0]].concat().try_into().unwrap();
        let (settings, rules) = (8 + 18, 8 + 18 + 30);
        [
            b"II*\0".to_vec(),
            long(8),
            [&1u16.to_le_bytes()[..], &entry(34665, 4, 1, place(settings)), &[0; 4]].concat(),
            [&2u16.to_le_bytes()[..], &entry(40961, 3, 1, space), &entry(40965, 4, 1, place(rules)), &[0; 4]].concat(),
            [&1u16.to_le_bytes()[..], &entry(1, 2, 4, *rule), &[0; 4]].concat(),
        ]
        .concat()
    };
    for (space, rule, adobe) in [(0xFFFF, b"R03\0", true), (2, b"R98\0", true), (0xFFFF, b"R98\0", false), (1, b"R03\0", false)] {
        let picture = decode(&jpeg_with(&[(0xE1, [&b"Exif\0\0"[..], &exif(space, rule)].concat())]));
        assert_eq!(picture.source().icc.is_some(), adobe, "{space} {rule:?}");
        let plain = decode(&jpeg_with(&[]));
        assert_eq!(picture.rgb() != plain.rgb(), adobe, "{space} {rule:?}");
        // What is written has the profile, or is sRGB and says so.
        for (profile, expected) in [(Profile::Keep, adobe), (Profile::Srgb, false)] {
            let again = decode(&picture.encode(Format::Jpeg, &EncodeOptions::default().profile(profile)).unwrap().bytes);
            assert_eq!(again.source().icc.is_some(), expected, "{space} {rule:?} {profile:?}");
        }
    }
}

#[test]
fn what_no_longer_applies_is_left_out_of_xmp() {
    let packet = "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description \
                  rdf:about='' xmlns:photoshop='http://ns.adobe.com/photoshop/1.0/' photoshop:ICCProfile='Adobe RGB (1998)' \
                  photoshop:City='Bergen' xmlns:mwg='http://www.metadataworkinggroup.com/schemas/regions/'><mwg:Regions>a \
                  face</mwg:Regions></rdf:Description></rdf:RDF></x:xmpmeta>";
    let mut picture = smooth(9, 9);
    for (orientation, icc, profile, faces) in [(1, None, false, true), (6, None, false, false), (1, Some(p3()), true, true)] {
        let source = picture.source_mut();
        (source.xmp, source.orientation, source.icc) = (Some(packet.into()), orientation, icc);
        let again = decode(&picture.encode(Format::Png, &EncodeOptions::default()).unwrap().bytes);
        let text = String::from_utf8(again.source().xmp.clone().unwrap()).unwrap();
        assert_eq!(
            (text.contains("Adobe RGB"), text.contains("a face"), text.contains("Bergen")),
            (profile, faces, true),
            "{text}"
        );
    }
}

#[test]
fn resolutions_that_jfif_cannot_hold_are_in_exif() {
    for dpi in [0.25, 72.0, 90_000.0, 600_000.5] {
        let mut picture = smooth(9, 9);
        picture.source_mut().density = Some(Density { x: dpi, y: dpi });
        for format in [Format::Jpeg, Format::Tiff] {
            let again = decode(&picture.encode(format, &EncodeOptions::default()).unwrap().bytes);
            let density = again.source().density.unwrap();
            assert!((density.x / dpi - 1.0).abs() < 1e-5, "{format}: {dpi} became {density:?}");
        }
    }
}
