//! Pictures that stay as decoded and are read in parts.

use crate::common::draw;

use draw::{Png, exif, rgb8, rgb16};
use impasto::Picture;
use impasto::picture::{Limits, Stored};

/// Every stored test picture, and drawn ones: each orientation, 16 bits, alpha with hidden colors at awkward sizes.
fn files() -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = std::fs::read_dir(draw::data(""))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension().is_some_and(|e| ["jpg", "png", "webp", "tif", "tiff", "gif", "bmp"].iter().any(|x| e == *x))
        })
        .map(|path| (path.display().to_string(), std::fs::read(&path).unwrap()))
        .filter(|(_, bytes)| Picture::decode(bytes, &Limits::default()).is_ok())
        .collect();
    assert!(files.len() > 10, "{} files", files.len());
    for orientation in 1..=8 {
        let exif = exif(orientation);
        files.push((
            format!("orientation {orientation}"),
            Png { exif: Some(&exif), ..Png::default() }.rgb8(37, 21, &rgb8(37, 21)),
        ));
    }
    let deep: Vec<u8> = rgb16(29, 40).iter().flat_map(|v| v.to_be_bytes()).collect();
    files.push(("16 bits".into(), Png::default().write((29, 40), png::ColorType::Rgb, png::BitDepth::Sixteen, &deep)));
    for (width, height) in [(1, 1), (50, 70), (33, 16), (7, 131)] {
        for seed in [0, 5, 30] {
            // Alpha is 0 in large parts, in some places far from everything visible.
            let alpha = |i: usize| if (i / 11 + i % 13) % 31 < seed { (i * 37) as u8 } else { 0 };
            let colours = rgb8(width, height);
            let pixels = colours.chunks_exact(3).enumerate().flat_map(|(i, c)| [c[0], c[1], c[2], alpha(i)]).collect::<Vec<u8>>();
            let size = (width as u32, height as u32);
            let bytes = Png::default().write(size, png::ColorType::Rgba, png::BitDepth::Eight, &pixels);
            files.push((format!("{width}×{height} with alpha {seed}"), bytes));
        }
    }
    files
}

#[test]
fn rows_are_those_of_the_whole() {
    for (name, bytes) in files() {
        let whole = Picture::decode(&bytes, &Limits::default()).unwrap();
        let stored = Stored::decode(&bytes, &Limits::default()).unwrap();
        let (width, height) = (stored.width(), stored.height());
        assert_eq!((width, height), (whole.width(), whole.height()), "{name}");
        assert_eq!(stored.has_alpha(), whole.alpha().is_some(), "{name}");
        assert_eq!((stored.source(), stored.warnings()), (whole.source(), whole.warnings()), "{name}");
        for step in [1, 7, 16, 45] {
            for start in (0..height).step_by(step) {
                let rows = start..(start + step).min(height);
                let mut rgb = vec![f32::NAN; rows.len() * width * 3];
                let mut alpha = vec![f32::NAN; rows.len() * width];
                stored.read_rows(rows.clone(), &mut rgb, stored.has_alpha().then_some(&mut alpha[..])).unwrap();
                assert_eq!(rgb, whole.rgb()[rows.start * width * 3..rows.end * width * 3], "{name}, rows {rows:?}");
                if let Some(plane) = whole.alpha() {
                    assert_eq!(alpha, plane[rows.start * width..rows.end * width], "{name}, alpha of rows {rows:?}");
                }
            }
        }
    }
}

/// The color of a hidden pixel is the mean of the visible ones in the smallest aligned square that has any: computed
/// slowly, by definition.
#[test]
fn hidden_colours_are_those_of_the_smallest_square_around() {
    let (width, height) = (70usize, 50usize);
    let visible = |x: usize, y: usize| (x / 9 + y / 7).is_multiple_of(5) && (x * y).is_multiple_of(3) || (x, y) == (69, 49);
    let colour = |x: usize, y: usize| [(x * 3) as u8, (y * 5) as u8, (x + y) as u8];
    let at = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let pixels: Vec<u8> = at
        .clone()
        .flat_map(|(x, y)| {
            let [r, g, b] = colour(x, y);
            [r, g, b, if visible(x, y) { 200 } else { 0 }]
        })
        .collect();
    let bytes = Png::default().write((70, 50), png::ColorType::Rgba, png::BitDepth::Eight, &pixels);
    let picture = Picture::decode(&bytes, &Limits::default()).unwrap();
    // Means of means, level by level, as in a pyramid.
    fn mean(
        level: u32,
        x: usize,
        y: usize,
        size: (usize, usize),
        pixel: &dyn Fn(usize, usize) -> Option<[f64; 3]>,
    ) -> Option<[f64; 3]> {
        if level == 0 {
            return (x < size.0 && y < size.1).then(|| pixel(x, y)).flatten();
        }
        let children = [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(i, j)| mean(level - 1, 2 * x + i, 2 * y + j, size, pixel));
        let known: Vec<[f64; 3]> = children.into_iter().flatten().collect();
        (!known.is_empty()).then(|| [0, 1, 2].map(|c| known.iter().map(|k| k[c]).sum::<f64>() / known.len() as f64))
    }
    let pixel = |x: usize, y: usize| visible(x, y).then(|| colour(x, y).map(|v| f64::from(v) / 255.0));
    for (x, y) in at {
        let expected = (0..8).find_map(|level| mean(level, x >> level, y >> level, (width, height), &pixel)).unwrap();
        let found = &picture.rgb()[(y * width + x) * 3..][..3];
        for (found, expected) in found.iter().zip(expected) {
            assert!((f64::from(*found) - expected).abs() < 1e-5, "({x}, {y}): {found} for {expected}");
        }
    }
}

#[test]
fn large_files_are_decoded_as_they_are_read() {
    // Uncompressed noise, above the size up to which files are read into memory.
    let folder = tempfile::tempdir().unwrap();
    let (width, height) = (5000, 4500);
    let mut state = 1u32;
    let noise: Vec<u8> = (0..width * height * 3)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .collect();
    let picture = Png::default().rgb8(width, height, &noise);
    assert!(picture.len() > 64 << 20, "{} bytes", picture.len());
    let path = folder.path().join("large.png");
    std::fs::write(&path, &picture).unwrap();
    let stored = Stored::open(&path, &Limits::default()).unwrap();
    assert_eq!(stored.bytes(), (width * height * 3) as u64);
    let mut rgb = vec![0.0; width * 3];
    stored.read_rows(4321..4322, &mut rgb, None).unwrap();
    let expected: Vec<f32> = noise[4321 * width * 3..4322 * width * 3].iter().map(|&v| f32::from(v) / 255.0).collect();
    assert_eq!(rgb, expected);
    // If it is cut off, it counts as damaged, like a small file.
    std::fs::write(&path, &picture[..picture.len() - 1000]).unwrap();
    assert_eq!(Stored::open(&path, &Limits::default()).unwrap_err().kind(), impasto::ErrorKind::Malformed);
}
