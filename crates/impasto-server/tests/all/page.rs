//! The page in a real browser: does what its user does, and judges the pixels.

#[path = "../page/browser.rs"]
mod browser;
#[path = "../page/films.rs"]
mod films;
#[path = "../page/firefox.rs"]
mod firefox;
#[path = "../page/kept.rs"]
mod kept;
#[path = "../page/looks.rs"]
mod looks;
#[path = "../page/models.rs"]
mod models;
#[path = "../page/reach.rs"]
mod reach;
#[path = "../page/several.rs"]
mod several;
use crate::common;

use std::path::PathBuf;

use browser::Browser;
use common::Running;
use impasto::Picture;
use impasto::picture::{Density, EncodeOptions, Format, Limits};
use impasto_server::ServerOptions;

const WINDOW: [u32; 2] = [1200, 800];

/// A server, a browser that shows its page with a first preview, and a folder for files to choose.
struct Session {
    browser: Browser,
    server: Running,
    folder: tempfile::TempDir,
}

impl Session {
    fn open(window: [u32; 2], dark: bool) -> Option<Self> {
        Self::at("", window, dark, |_| {})
    }

    /// Opens the page with `path` after the address, on a server with changed options.
    fn at(path: &str, window: [u32; 2], dark: bool, change: impl FnOnce(&mut ServerOptions)) -> Option<Self> {
        Self::of(Running::start(change), path, window, dark)
    }

    /// Opens the page with `path` after the address, on this server.
    fn of(server: Running, path: &str, window: [u32; 2], dark: bool) -> Option<Self> {
        let mut browser = Browser::open(&format!("http://{}/{path}", server.address), window, dark)?;
        browser.until("document.readyState === 'complete' && Number(document.body?.dataset.previews ?? 0) > 0");
        browser.settled();
        Some(Session { browser, server, folder: tempfile::tempdir().unwrap() })
    }

    /// Writes a file with this name to the session's folder.
    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// A photo with a bright and a dark half and a resolution in its metadata, as a JPEG.
    fn photo(&self, name: &str) -> (PathBuf, Picture) {
        let value = |i: usize| if i % 480 < 240 { [230, 200, 90] } else { [40, 60, 120] };
        let rgb: Vec<u8> = (0..480 * 320).flat_map(value).collect();
        let mut picture = Picture::from_rgb8([480, 320], &rgb).unwrap();
        picture.source_mut().density = Some(Density { x: 300.0, y: 300.0 });
        let bytes = picture.encode(Format::Jpeg, &EncodeOptions::default()).unwrap().bytes;
        (self.file(name, &bytes), decoded(&bytes))
    }

    fn pick(&mut self) -> Picture {
        let (path, picture) = self.photo("photo one.jpg");
        self.browser.previewed(|browser| browser.choose("#photo", &[&path]));
        picture
    }

    /// A picture of stripes, to use as a style.
    fn stripes(&self) -> PathBuf {
        let stripe = |i: usize| if (i % 128 / 8).is_multiple_of(2) { [250, 60, 20] } else { [20, 20, 30] };
        let rgb: Vec<u8> = (0..128 * 128).flat_map(stripe).collect();
        let picture = Picture::from_rgb8([128, 128], &rgb).unwrap();
        self.file("stripes.png", &picture.encode(Format::Png, &EncodeOptions::default()).unwrap().bytes)
    }

    /// Paints at full size and returns the downloaded file.
    fn paint(&mut self, name: &str) -> Vec<u8> {
        let downloads = tempfile::tempdir().unwrap();
        self.browser.download("#render", &downloads.path().join(name))
    }
}

fn decoded(bytes: &[u8]) -> Picture {
    Picture::decode(bytes, &Limits::default()).unwrap()
}

/// Mean absolute difference of the pixels.
fn difference(a: &Picture, b: &Picture) -> f32 {
    assert_eq!((a.width(), a.height()), (b.width(), b.height()));
    a.rgb().iter().zip(b.rgb()).map(|(a, b)| (a - b).abs()).sum::<f32>() / a.rgb().len() as f32
}

/// A rectangle of a picture.
fn part(picture: &Picture, [left, top, width, height]: [usize; 4]) -> Picture {
    let rows = picture.rgb().chunks(picture.width() * 3).skip(top).take(height);
    let rgb = rows.flat_map(|row| row[left * 3..(left + width) * 3].to_vec()).collect();
    Picture::from_rgb_f32([width, height], rgb).unwrap()
}

/// The part of the canvas that shows a picture with this aspect ratio.
fn shown(canvas: &Picture, [width, height]: [usize; 2]) -> Picture {
    let scale = (canvas.width() as f64 / width as f64).min(canvas.height() as f64 / height as f64);
    let size = [width as f64 * scale, height as f64 * scale];
    let corner = [(canvas.width() as f64 - size[0]) / 2.0, (canvas.height() as f64 - size[1]) / 2.0];
    // Round to whole pixels, as the page does.
    part(canvas, [corner[0], corner[1], size[0], size[1]].map(|value| value.round() as usize))
}
