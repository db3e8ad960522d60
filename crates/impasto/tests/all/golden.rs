//! A stored painting: read, painted and written as a program would do it, and compared within a tolerance.
//!
//! `IMPASTO_REGENERATE=1 cargo test -p impasto --test all golden` writes all pictures of `tests/data/golden` again.
//! Look at them before you commit them. On failure, a picture of three panels, expected | difference | got, is written
//! to `target/golden/stylized.png`.

use crate::common;

use std::path::{Path, PathBuf};

use common::tiny;
use impasto::Picture;
use impasto::picture::{Limits, SaveOptions};

/// Instruction sets sum in different orders. The differences are far below one 8-bit step, but may change the rounding.
const TOLERANCE: u8 = 1;

fn stored(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/golden").join(name)
}

fn open(name: &str) -> Picture {
    Picture::open(stored(name), &Limits::default()).unwrap()
}

fn save(picture: &Picture, path: &Path) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    picture.save(path, &SaveOptions::default().overwrite(true)).unwrap();
}

/// Expected | difference, amplified eight times around gray | got.
fn panels(expected: &Picture, got: &Picture) -> Picture {
    let (width, height) = (got.width(), got.height());
    let mut rgb = Vec::new();
    for (a, b) in expected.rgb().chunks_exact(width * 3).zip(got.rgb().chunks_exact(width * 3)) {
        rgb.extend_from_slice(a);
        rgb.extend(a.iter().zip(b).map(|(a, b)| 0.5 + 8.0 * (b - a)));
        rgb.extend_from_slice(b);
    }
    Picture::from_rgb_f32([width * 3, height], rgb).unwrap()
}

#[test]
fn the_painting_is_as_it_was() {
    let regenerate = std::env::var_os("IMPASTO_REGENERATE").is_some_and(|value| value == "1");
    if regenerate {
        save(&tiny::landscape(67, 93), &stored("content.png"));
        save(&tiny::swirls(80, 60), &stored("style.png"));
    }
    let stylizer = tiny::stylizer();
    let style = stylizer.style(&open("style.png")).unwrap();
    let content = open("content.png");
    let mixed = stylizer.style(&content).unwrap().mix(&style, 0.8).unwrap();
    let painted = stylizer.stylize(&content, &mixed).unwrap();
    if regenerate {
        save(&painted, &stored("stylized.png"));
    }
    let expected = open("stylized.png");
    assert_eq!((expected.width(), expected.height()), (painted.width(), painted.height()), "the size has changed");
    let (old, new) = (expected.to_rgb8().unwrap(), painted.to_rgb8().unwrap());
    let worst = old.iter().zip(&new).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
    if worst > TOLERANCE {
        let report = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../golden/stylized.png");
        save(&panels(&expected, &painted), &report);
        panic!("off by {worst} of 255, tolerance {TOLERANCE}; look at {}", report.display());
    }
}
