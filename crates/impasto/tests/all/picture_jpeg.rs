//! JPEG files that few programs write: odd layouts, missing parts, unsupported kinds.

use crate::common::draw;

use draw::{data, decode, exif, jpeg, rgb8};
use impasto::ErrorKind;
use impasto::picture::{Limits, Picture};

/// The means of 8×8 blocks, row by row. They show a lost row of blocks, but not rounding or the method of chroma
/// up-sampling.
fn block_means(picture: &Picture) -> Vec<f32> {
    let (width, height) = (picture.width(), picture.height());
    let mut means = Vec::new();
    for (top, left) in (0..height).step_by(8).flat_map(|top| (0..width).step_by(8).map(move |left| (top, left))) {
        for channel in 0..3 {
            let places =
                (top..height.min(top + 8)).flat_map(|y| (left..width.min(left + 8)).map(move |x| (y * width + x) * 3 + channel));
            let (sum, count) = places.fold((0.0, 0.0), |(sum, count), place| (sum + picture.rgb()[place], count + 1.0));
            means.push(sum / count);
        }
    }
    means
}

/// The greatest difference between two pictures' block means, in steps of 8 bits.
fn worst_block(a: &Picture, b: &Picture) -> f32 {
    assert_eq!((a.width(), a.height()), (b.width(), b.height()));
    block_means(a).iter().zip(block_means(b)).map(|(a, b)| (a - b).abs() * 255.0).fold(0.0, f32::max)
}

/// Layouts that few encoders write and every reader must support: a scan for each component, luma sampled less than
/// chroma. libjpeg wrote the files and the pictures beside them.
#[test]
fn unusual_jpeg_layouts_agree_with_an_independent_reader() {
    let cases = UNUSUAL;
    let mut failures = Vec::new();
    for name in cases {
        let picture = Picture::open(data(name), &Limits::default()).unwrap();
        let expected = Picture::open(data(&format!("{name}.png")), &Limits::default()).unwrap();
        let worst = worst_block(&picture, &expected);
        if worst > 3.0 {
            failures.push(format!("{name}: a block is {worst} off"));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

const UNUSUAL: [&str; 22] = [
    "jpeg-noninterleaved-420.jpg",
    "unusual-420-inorder-restart.jpg",
    "unusual-420-inorder.jpg",
    "unusual-420-pair.jpg",
    "unusual-420-reversed.jpg",
    "unusual-422-inorder-restart.jpg",
    "unusual-422-inorder.jpg",
    "unusual-422-pair.jpg",
    "unusual-422-reversed.jpg",
    "unusual-440-inorder-restart.jpg",
    "unusual-440-inorder.jpg",
    "unusual-440-pair.jpg",
    "unusual-440-reversed.jpg",
    "unusual-444-inorder-restart.jpg",
    "unusual-444-inorder.jpg",
    "unusual-444-pair.jpg",
    "unusual-444-reversed.jpg",
    "unusual-small-luma-inorder-restart.jpg",
    "unusual-small-luma-inorder.jpg",
    "unusual-small-luma-one.jpg",
    "unusual-small-luma-pair.jpg",
    "unusual-small-luma-reversed.jpg",
];

/// Takes this many bytes from the front.
fn take<'a>(pack: &mut &'a [u8], count: usize) -> &'a [u8] {
    pack.split_off(..count).expect("the pack holds whole entries")
}

/// Layouts of every kind, packed by `jpeg_corpus.py` with the means of 8×8 blocks that libjpeg-turbo decodes. Each is
/// read correctly.
#[test]
fn layouts_agree_with_an_independent_reader() {
    let pack = read("jpeg-corpus.bin");
    let (mut rest, mut count, mut failures) = (&pack[..], 0, Vec::new());
    while !rest.is_empty() {
        let len = usize::from(take(&mut rest, 1)[0]);
        let name = String::from_utf8_lossy(take(&mut rest, len));
        let len = take(&mut rest, 2);
        let file = take(&mut rest, usize::from(u16::from_be_bytes([len[0], len[1]])));
        let [width, height] = [0, 1].map(|_| usize::from(take(&mut rest, 1)[0]));
        let means = take(&mut rest, width.div_ceil(8) * height.div_ceil(8) * 3);
        count += 1;
        match Picture::decode(file, &Limits::default()) {
            Ok(picture) if (picture.width(), picture.height()) == (width, height) => {
                let found = block_means(&picture);
                let off = found.iter().zip(means).map(|(mean, expected)| (mean * 255.0 - f32::from(*expected)).abs());
                let worst = off.fold(0.0, f32::max);
                if worst > 3.0 {
                    failures.push(format!("{name}: a block is {worst} off"));
                }
            }
            Ok(picture) => failures.push(format!("{name}: {}×{}", picture.width(), picture.height())),
            Err(error) => failures.push(format!("{name}: {error}")),
        }
    }
    assert!(count > 300 && failures.is_empty(), "{count} files, {failures:#?}");
}

/// Exif above 64 KiB continues in the next segment. Of two whole blocks, the first counts.
#[test]
fn exif_segments_of_a_jpeg() {
    let segment = |part: &[u8]| {
        let len = u16::try_from(part.len() + 8).unwrap().to_be_bytes();
        [&[0xFF, 0xE1], &len[..], b"Exif\0\0", part].concat()
    };
    let plain = jpeg(16, 8, &rgb8(16, 8), jpeg_encoder::ColorType::Rgb, None);
    let with = |segments: &[Vec<u8>]| decode(&[&plain[..2], &segments.concat(), &plain[2..]].concat());
    let (first, second) = (exif(6), exif(3));
    let (head, tail) = first.split_at(20);
    for segments in [&[segment(head), segment(tail)][..], &[segment(&first), segment(&second)]] {
        let picture = with(segments);
        assert_eq!(picture.source().exif.as_deref(), Some(&first[..]));
        assert_eq!((picture.source().orientation, picture.width()), (6, 8));
    }
}

fn read(name: &str) -> Vec<u8> {
    std::fs::read(data(name)).unwrap()
}

/// Only the end marker may be missing. A file that stops anywhere before it is an error, even if zeros follow.
#[test]
fn missing_ends() {
    for name in ["420.jpg", "progressive.jpg", "cmyk.jpg", "unusual-422-inorder-restart.jpg", "unusual-small-luma-pair.jpg"] {
        let bytes = read(name);
        let whole = decode(&bytes);
        for missing in [1, 2] {
            let picture = decode(&bytes[..bytes.len() - missing]);
            assert!(worst_block(&picture, &whole) < 1.0, "{name}");
            assert!(picture.warnings().iter().any(|w| w.contains("last bytes are missing")), "{name} {:?}", picture.warnings());
        }
        for missing in (3..60).chain((60..bytes.len()).step_by(13)) {
            let cut = &bytes[..bytes.len() - missing];
            for zeros in [0, 2000] {
                let error = Picture::decode(&[cut, &vec![0; zeros]].concat(), &Limits::default()).map(|_| ()).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Malformed, "{name} without {missing}: {error}");
            }
        }
        let trailer = decode(&[&bytes[..], b"something else"].concat());
        assert_eq!((trailer.rgb(), trailer.warnings()), (whole.rgb(), whole.warnings()), "{name}");
    }
    assert!(decode(&read("jpeg-no-eoi.jpg")).warnings()[0].contains("last bytes are missing"));
}

/// Removes the segments with this marker.
fn without(bytes: &[u8], marker: u8) -> Vec<u8> {
    let (mut out, mut at) = (bytes[..2].to_vec(), 2);
    loop {
        let end = at + 2 + usize::from(u16::from_be_bytes([bytes[at + 2], bytes[at + 3]]));
        if bytes[at + 1] == 0xDA {
            return [&out, &bytes[at..]].concat();
        }
        if bytes[at + 1] != marker {
            out.extend(&bytes[at..end]);
        }
        at = end;
    }
}

/// The frames of motion JPEG omit the tables that the standard defines.
#[test]
fn missing_huffman_tables() {
    let bytes = read("420.jpg");
    let picture = decode(&without(&bytes, 0xC4));
    assert!(worst_block(&picture, &decode(&bytes)) < 1.0);
    assert!(picture.warnings()[0].contains("Huffman"), "{:?}", picture.warnings());
    assert!(Picture::decode(&without(&bytes, 0xDB), &Limits::default()).is_err());
}

/// A height of 0, with the real one after the scan.
#[test]
fn late_height() {
    let bytes = read("jpeg-dnl.jpg");
    let picture = decode(&bytes);
    assert_eq!((picture.width(), picture.height(), picture.warnings().len()), (120, 88, 0));
    let mut early = bytes.clone();
    let frame = early.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    let dnl = early.windows(2).position(|pair| pair == [0xFF, 0xDC]).unwrap();
    early[frame + 5..frame + 7].copy_from_slice(&[0, 88]);
    early.drain(dnl..dnl + 6);
    assert!(worst_block(&picture, &decode(&early)) < 1.5);

    let mut never = early;
    never[frame + 5..frame + 7].fill(0);
    let error = Picture::decode(&never, &Limits::default()).unwrap_err();
    assert!(error.to_string().contains("no height"), "{error}");
}

/// Gain maps and other pictures in the file are left out with a warning. Previews, which many cameras add, give no
/// warning.
#[test]
fn further_pictures() {
    let plain = read("444.jpg");
    let with = |marker: u8, body: &[u8]| {
        let len = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
        decode(&[&plain[..2], &[0xFF, marker], &len[..], body, &plain[2..]].concat()).warnings().to_vec()
    };
    let index = |kinds: &[u32], number: fn(u32) -> [u8; 4], short: fn(u16) -> [u8; 2], order: &[u8]| {
        let entries: Vec<u8> =
            kinds.iter().flat_map(|kind| [number(*kind), number(1000), number(5000), [0; 4]].concat()).collect();
        let field = [&short(0xB002)[..], &short(7), &number(entries.len() as u32), &number(26)].concat();
        [b"MPF\0", order, &number(8), &short(1), &field, &[0; 4], &entries].concat()
    };
    let (big, little) = (u32::to_be_bytes, u32::to_le_bytes);
    let maps = with(0xE2, &index(&[0x0003_0000, 0, 0], big, u16::to_be_bytes, b"MM\0*"));
    assert!(maps[0].contains("2 more pictures"), "{maps:?}");
    let depth = with(0xE2, &index(&[0x2003_0000, 0x0002_0002], little, u16::to_le_bytes, b"II*\0"));
    assert!(depth[0].contains("1 more picture"), "{depth:?}");
    assert_eq!(with(0xE2, &index(&[0x2003_0000, 0x0001_0002], little, u16::to_le_bytes, b"II*\0")), [""; 0]);
    assert_eq!(with(0xE2, b"MPF\0II*\0\xff\xff\xff\xff"), [""; 0]);

    let iso = with(0xE2, b"urn:iso:std:iso:ts:21496:-1\0\0\0\0\0");
    let xmp = b"http://ns.adobe.com/xap/1.0/\0<x xmlns:hdrgm='http://ns.adobe.com/hdr-gain-map/1.0/' hdrgm:Version='1.0'/>";
    for warnings in [iso, with(0xE1, xmp)] {
        assert!(warnings.iter().any(|w| w.contains("gain map")), "{warnings:?}");
    }
}

/// On request, as much of a file is read as is there. The rest is gray.
#[test]
fn salvage() {
    let limits = Limits::default().salvage(true);
    let picture = Picture::from_rgb8([64, 64], &[200, 30, 30].repeat(64 * 64)).unwrap();
    let red = jpeg(64, 64, &picture.to_rgb8().unwrap(), jpeg_encoder::ColorType::Rgb, None);
    let start = red.windows(2).position(|pair| pair == [0xFF, 0xDA]).unwrap() + 14;
    let half = &red[..usize::midpoint(start, red.len())];
    assert!(Picture::decode(half, &Limits::default()).is_err());
    let salvaged = Picture::decode(half, &limits).unwrap();
    let first = salvaged.rgb()[0] * 255.0;
    let last = salvaged.rgb()[salvaged.rgb().len() - 3..].iter().map(|v| v * 255.0).collect::<Vec<_>>();
    assert!((first - 200.0).abs() < 4.0 && last.iter().all(|v| (v - 128.0).abs() < 2.0), "{first} {last:?}");
    let words = &salvaged.warnings()[0];
    assert!(words.contains('%') && words.contains("gray"), "{words}");

    for name in ["progressive.jpg", "unusual-422-inorder-restart.jpg", "unusual-small-luma-pair.jpg", "cmyk.jpg"] {
        let bytes = read(name);
        let whole = decode(&bytes);
        let read = (0..bytes.len()).filter_map(|len| Picture::decode(&bytes[..len], &limits).ok());
        let sizes = read.map(|p| assert_eq!((p.width(), p.height()), (whole.width(), whole.height()))).count();
        assert!(sizes > bytes.len() / 4, "{name}: {sizes}");
        let most = Picture::decode(&bytes[..bytes.len() - 8], &limits).unwrap();
        assert!(most.warnings().iter().any(|w| w.contains("cut off")), "{name} {:?}", most.warnings());
        // Whole files are read as usual.
        assert_eq!(Picture::decode(&bytes, &limits).unwrap(), whole);
    }
}

/// Data that is missing or too much before the end marker is never made up without a word.
#[test]
fn damage_within_the_data_is_noticed() {
    let salvage = Limits::default().salvage(true);
    let scene = |x: usize, y: usize| [(x * 3 % 256) as u8, (y * 5 % 256) as u8, ((x * x + y * 7) % 256) as u8];
    let pixels: Vec<u8> = (0..96 * 128).flat_map(|i| scene(i % 128, i / 128)).collect();
    let grey: Vec<u8> = pixels.iter().step_by(3).copied().collect();
    let drawn = jpeg(128, 96, &pixels, jpeg_encoder::ColorType::Rgb, None);
    let files = ["420.jpg", "444.jpg", "progressive.jpg", "cmyk.jpg", "unusual-422-inorder-restart.jpg"].map(read);
    for (i, bytes) in files.iter().chain([&drawn, &jpeg(128, 96, &grey, jpeg_encoder::ColorType::Luma, None)]).enumerate() {
        let plain = decode(bytes);
        let start = bytes.windows(2).position(|pair| pair == [0xFF, 0xDA]).unwrap() + 14;
        let at = |share: f64| {
            let near = start + ((bytes.len() - start) as f64 * share) as usize;
            (near..).find(|&at| bytes[at - 1] != 0xFF && bytes[at] != 0xFF).unwrap()
        };
        let (middle, later) = (at(0.5), at(0.7));
        for (what, damaged) in [
            ("half", [&bytes[..middle], &[0xFF, 0xD9]].concat()),
            ("a hole", [&bytes[..middle], &bytes[later..]].concat()),
            ("zeros in between", [&bytes[..middle], &[0; 300], &bytes[middle..]].concat()),
            ("zeros instead", [&bytes[..middle], &vec![0; later - middle], &bytes[later..]].concat()),
        ] {
            let found = Picture::decode(&damaged, &Limits::default());
            let words = found.as_ref().map_or_else(|e| vec![e.to_string()], |picture| picture.warnings().to_vec());
            assert_ne!(words, plain.warnings(), "file {i}, {what}: nothing is said");
            assert!(what != "half" || found.is_err(), "file {i} is accepted");
            let salvaged = Picture::decode(&damaged, &salvage).unwrap();
            assert_ne!(salvaged.warnings(), plain.warnings(), "file {i}, {what}: nothing is said");
        }
        // The fill bytes and the few that cameras add are no damage.
        let end = bytes.len() - 2;
        let padded = [&bytes[..end], &[0xFF, 0xFF, 0xFF, 0xD9]].concat();
        assert_eq!(decode(&padded), plain, "file {i}");
    }
}

/// Unsupported kinds of JPEG are refused by name.
#[test]
fn jpegs_that_are_not_supported() {
    let plain = std::fs::read(data("444.jpg")).unwrap();
    let frame = plain.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    let cases: [(usize, u8, &[&str]); 7] = [
        (1, 0xC3, &["lossless JPEG"]),
        (1, 0xC9, &["arithmetic-coded JPEG", "jpegtran"]),
        (1, 0xCA, &["arithmetic-coded JPEG", "jpegtran"]),
        (1, 0xF7, &["JPEG-LS"]),
        (1, 0xC5, &["hierarchical JPEG"]),
        (4, 12, &["12 bits"]),
        (9, 2, &["2 components"]),
    ];
    let arithmetic = Picture::open(data("jpeg-arithmetic.jpg"), &Limits::default()).unwrap_err();
    assert!(arithmetic.to_string().contains("arithmetic-coded JPEG"), "{arithmetic}");
    for (offset, value, words) in cases {
        let mut bytes = plain.clone();
        bytes[frame + offset] = value;
        let error = Picture::decode(&bytes, &Limits::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        assert!(words.iter().all(|word| error.to_string().contains(word)), "{error}");
    }
}
