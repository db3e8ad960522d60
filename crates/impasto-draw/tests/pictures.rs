//! Properties of every style and content.

use std::collections::HashSet;

use impasto_draw::{Canvas, content, styles};

type Draw = fn(usize, usize, u64) -> Canvas;

fn all() -> Vec<(&'static str, Draw)> {
    let all: Vec<(&str, Draw)> = styles::ALL
        .iter()
        .map(|s| (s.name, s.draw))
        .chain([("landscape", content::landscape as Draw), ("still-life", content::still_life)])
        .collect();
    assert!(all.len() > 20, "only {} pictures", all.len());
    all
}

/// Runs a check on every picture, and reports all failures.
fn each(check: impl Fn(Draw) -> Result<(), String>) {
    each_of(all(), check);
}

fn each_of(pictures: Vec<(&str, Draw)>, check: impl Fn(Draw) -> Result<(), String>) {
    let wrong: Vec<String> =
        pictures.into_iter().filter_map(|(name, draw)| check(draw).err().map(|why| format!("{name}: {why}"))).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn luma(picture: &Canvas) -> Vec<f32> {
    picture.rgb.chunks_exact(3).map(|c| 0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2]).collect()
}

/// Returns the means of `cells` by `cells` parts, by channel.
fn thumbnail(picture: &Canvas, cells: usize) -> Vec<f32> {
    let mut sums = vec![0.0; cells * cells * 3];
    for (i, v) in picture.rgb.iter().enumerate() {
        let (row, column) = (i / 3 / picture.width, i / 3 % picture.width);
        sums[(row * cells / picture.height * cells + column * cells / picture.width) * 3 + i % 3] += v;
    }
    let area = (picture.width * picture.height) as f32 / (cells * cells) as f32;
    sums.iter().map(|s| s / area).collect()
}

fn difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f32>() / a.len() as f32
}

fn deviation(values: &[f32]) -> f32 {
    let mean = values.iter().sum::<f32>() / values.len() as f32;
    (values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / values.len() as f32).sqrt()
}

#[test]
fn names_are_unique_sorted_and_fit_for_a_command_line() {
    let names: Vec<&str> = styles::ALL.iter().map(|s| s.name).collect();
    assert!(names.len() >= 20);
    assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
    assert!(names.is_sorted());
    for style in styles::ALL {
        assert!(style.name.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", style.name);
        assert!(!style.name.starts_with('-') && !style.name.ends_with('-'), "{}", style.name);
        assert!((10..80).contains(&style.description.len()), "{}", style.description);
        assert!(!style.description.contains('\n') && !style.description.ends_with('.'), "{}", style.description);
        assert_eq!(styles::find(style.name).map(|s| s.name), Some(style.name));
    }
    assert!(styles::find("no-such-style").is_none());
}

#[test]
fn the_same_seed_is_the_same_picture() {
    each(|draw| {
        let first = draw(72, 60, 3);
        let second = std::thread::spawn(move || draw(72, 60, 3)).join().map_err(|_| "panicked")?;
        if first == second { Ok(()) } else { Err("differs from itself".into()) }
    });
}

/// Variants are for training, so they must not be near copies. The nearest two
/// differ by 0.10 (engravings of the same ink).
#[test]
fn another_seed_is_another_picture() {
    each(|draw| {
        let pictures: Vec<Canvas> = (0..4).map(|seed| draw(72, 72, seed)).collect();
        for (i, a) in pictures.iter().enumerate() {
            for (j, b) in pictures.iter().enumerate().skip(i + 1) {
                let apart = difference(&a.rgb, &b.rgb);
                if apart < 0.08 {
                    return Err(format!("seeds {i} and {j} differ by only {apart:.3}"));
                }
            }
        }
        Ok(())
    });
}

#[test]
fn any_size_is_drawn_with_finite_values_in_range() {
    each(|draw| {
        for (width, height) in [(1, 1), (1, 50), (50, 1), (2, 3), (67, 93), (300, 7)] {
            for seed in [0, u64::MAX] {
                let picture = draw(width, height, seed);
                if (picture.width, picture.height, picture.rgb.len()) != (width, height, width * height * 3) {
                    return Err(format!("{width} x {height} came out as {} x {}", picture.width, picture.height));
                }
                if let Some(v) = picture.rgb.iter().find(|v| !(0.0..=1.0).contains(*v)) {
                    return Err(format!("{width} x {height}, seed {seed}: {v}"));
                }
            }
        }
        Ok(())
    });
}

/// A size changes the detail, not the picture. Strokes near the size of a pixel come out a little fainter, which makes
/// a difference of at most 0.031 (woodcut). Two seeds differ by at least 0.10.
#[test]
fn another_size_is_the_same_composition() {
    each(|draw| {
        let (small, large) = (thumbnail(&draw(96, 96, 1), 8), thumbnail(&draw(192, 192, 1), 8));
        let apart = difference(&small, &large);
        if apart < 0.04 { Ok(()) } else { Err(format!("96 and 192 pixels differ by {apart:.3}")) }
    });
}

/// A flat or blurred picture has no style to take. A style needs contrast over the whole, edges from pixel to pixel,
/// and strokes between the two. The lowest values of all styles are 0.080, 0.021 and 0.085 (plaid, paper-cut).
#[test]
fn styles_have_contrast_and_texture() {
    each_of(styles::ALL.iter().map(|s| (s.name, s.draw)).collect(), |draw| {
        for seed in 0..3 {
            let picture = draw(192, 192, seed);
            let tones = luma(&picture);
            let rows = tones.chunks_exact(192);
            let edges = rows.flat_map(|row| row.windows(2).map(|p| (p[0] - p[1]).abs())).sum::<f32>() / tones.len() as f32;
            let (whole, patches) = (deviation(&tones), deviation(&thumbnail(&picture, 24)));
            if whole < 0.07 || edges < 0.018 || patches < 0.07 {
                return Err(format!("seed {seed}: contrast {whole:.3}, edges {edges:.3}, patches {patches:.3}"));
            }
        }
        Ok(())
    });
}

#[test]
fn bytes_are_rounded() {
    let canvas = Canvas { width: 1, height: 1, rgb: vec![0.0, 0.499 / 255.0 + 0.2, 1.0] };
    assert_eq!(canvas.to_rgb8(), [0, 51, 255]);
}
