//! The page in a real browser: what its user does, judged by pixels.

#[path = "../page/browser.rs"]
mod browser;
use crate::common;

use std::path::PathBuf;

use browser::Browser;
use common::Running;
use impasto::picture::{EncodeOptions, Format, Limits};
use impasto::{Picture, Style, StylizeOptions, Stylizer};

const WINDOW: [u32; 2] = [1200, 800];

/// A server, a browser that shows its page with a first preview, and a photograph to pick.
struct Session {
    browser: Browser,
    _server: Running,
    folder: tempfile::TempDir,
}

impl Session {
    fn open(window: [u32; 2], dark: bool) -> Option<Self> {
        let server = Running::plain();
        let mut browser = Browser::open(&format!("http://{}/", server.address), window, dark)?;
        browser.until("document.readyState === 'complete' && Number(document.body?.dataset.previews ?? 0) > 0");
        Some(Session { browser, _server: server, folder: tempfile::tempdir().unwrap() })
    }

    /// A photograph with a bright and a dark half and a date in its metadata, as a JPEG.
    fn photograph(&self) -> (PathBuf, Picture) {
        let value = |i: usize| if i % 480 < 240 { [230, 200, 90] } else { [40, 60, 120] };
        let rgb: Vec<u8> = (0..480 * 320).flat_map(value).collect();
        let mut picture = Picture::from_rgb8(480, 320, &rgb).unwrap();
        picture.source_mut().density = Some(impasto::picture::Density { x: 300.0, y: 300.0 });
        let path = self.folder.path().join("photo one.jpg");
        let bytes = picture.encode(Format::Jpeg, &EncodeOptions::default()).unwrap().bytes;
        std::fs::write(&path, &bytes).unwrap();
        (path, Picture::decode(&bytes, &Limits::default()).unwrap())
    }

    fn pick(&mut self) -> Picture {
        let (path, picture) = self.photograph();
        self.browser.previewed(|browser| browser.choose("#photo", &path));
        picture
    }
}

/// Mean absolute difference.
fn difference(a: &Picture, b: &Picture) -> f32 {
    assert_eq!((a.width(), a.height()), (b.width(), b.height()));
    a.rgb().iter().zip(b.rgb()).map(|(a, b)| (a - b).abs()).sum::<f32>() / a.rgb().len() as f32
}

/// The same of some columns.
fn columns(picture: &Picture, columns: std::ops::Range<usize>) -> Picture {
    let width = columns.len();
    let rows = picture.rgb().chunks(picture.width() * 3);
    let rgb = rows.flat_map(|row| row[columns.start * 3..columns.end * 3].to_vec()).collect();
    Picture::from_rgb_f32(width, picture.height(), rgb).unwrap()
}

#[test]
fn a_photograph_is_painted_as_it_is_asked_for() {
    let Some(mut session) = Session::open(WINDOW, false) else { return };
    let photo = session.pick();
    let browser = &mut session.browser;
    browser.set("#compare", "100");
    let before = browser.canvas();
    browser.set("#compare", "0");
    let full = browser.canvas();
    assert!(difference(&before, &full) > 0.02, "the preview is no painting: {}", difference(&before, &full));
    // Another style is another painting.
    browser.previewed(|browser| browser.click("[data-style=mosaic]"));
    let mosaic = browser.canvas();
    assert!(difference(&mosaic, &full) > 0.01, "{}", difference(&mosaic, &full));
    // Strength goes from the photograph to the painting.
    let mut distances = Vec::new();
    for strength in ["0", "35", "70", "100"] {
        browser.previewed(|browser| browser.set("#strength", strength));
        distances.push(difference(&browser.canvas(), &before));
    }
    assert!(distances[0] < 0.02, "strength 0 is not the photograph: {distances:?}");
    assert!(distances.is_sorted() && distances[3] > distances[1] + 0.01, "{distances:?}");
    // Mixed with another, it is something between.
    browser.previewed(|browser| browser.set("#mix select", "starry"));
    let mixed = browser.canvas();
    assert!(difference(&mixed, &mosaic) > 0.003);
    browser.previewed(|browser| browser.set("#mix input", "100"));
    assert!(difference(&browser.canvas(), &mixed) > 0.001, "a style's part makes no difference");
    let command = browser.eval("document.querySelector('#command').textContent");
    assert_eq!(command, "impasto stylize 'photo one.jpg' -s mosaic=2.00 -s starry=1.00 -o 'photo one-painted.jpg'");
    browser.previewed(|browser| browser.click("[data-style=starry]"));

    // At full size: the very pixels that the library paints, and the photograph's resolution.
    browser.click("#render");
    browser.until("!document.querySelector('#download').hidden");
    assert_eq!(browser.eval("document.querySelector('#download').download"), "photo one-mosaic.jpg");
    let downloads = tempfile::tempdir().unwrap();
    let bytes = browser.download("#download", &downloads.path().join("photo one-mosaic.jpg"));
    let painted = Picture::decode(&bytes, &Limits::default()).unwrap();
    assert_eq!((painted.width(), painted.height()), (480, 320));
    assert_eq!(painted.source().density, photo.source().density);
    let look = StylizeOptions::default();
    let expected = Stylizer::new().unwrap().stylize_with(&photo, &Style::built_in("mosaic").unwrap(), &look, &()).unwrap();
    assert_eq!(bytes, expected.encode(Format::Jpeg, &EncodeOptions::default()).unwrap().bytes);
    assert_eq!(browser.complaints, [""; 0]);
}

#[test]
fn a_style_of_ones_own_is_used() {
    let Some(mut session) = Session::open(WINDOW, false) else { return };
    let path = session.folder.path().join("stripes.png");
    let stripe = |i: usize| if (i % 128 / 8).is_multiple_of(2) { [250, 60, 20] } else { [20, 20, 30] };
    let rgb: Vec<u8> = (0..128 * 128).flat_map(stripe).collect();
    let picture = Picture::from_rgb8(128, 128, &rgb).unwrap();
    std::fs::write(&path, picture.encode(Format::Png, &EncodeOptions::default()).unwrap().bytes).unwrap();
    let browser = &mut session.browser;
    let before = browser.canvas();
    browser.previewed(|browser| browser.choose("#own", &path));
    assert!(difference(&browser.canvas(), &before) > 0.02);
    assert_eq!(browser.eval("document.querySelector('#gallery button[aria-pressed=true] span').textContent"), "stripes.png");
    // Thumbnails come.
    browser.until("document.querySelectorAll('#gallery img[src^=blob]').length > 4");
    // What is no picture is told.
    let nonsense = session.folder.path().join("nonsense.png");
    std::fs::write(&nonsense, "hello").unwrap();
    browser.choose("#own", &nonsense);
    browser.until("document.querySelector('#status').classList.contains('wrong')");
    browser.choose("#photo", &nonsense);
    browser.until("document.querySelector('#status').textContent.startsWith('content')");
}

#[test]
fn a_brush_keeps_the_photograph() {
    let Some(mut session) = Session::open(WINDOW, false) else { return };
    session.pick();
    let browser = &mut session.browser;
    browser.set("#compare", "100");
    let photo = browser.canvas();
    browser.set("#compare", "0");
    browser.set("#feather", "0");
    let painted = browser.canvas();
    browser.set("#brush", "40");
    browser.click("input[name=brush][value=hide]");
    let area = browser.eval("(b => [b.left, b.top, b.width, b.height])(document.querySelector('#view').getBoundingClientRect())");
    let area: Vec<f64> = area.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
    // The photograph is 3:2 in the middle of the canvas: over all of its left quarter.
    let width = area[2].min(area[3] * 1.5);
    let left = area[0] + (area[2] - width) / 2.0 + width * 0.1;
    browser.previewed(|browser| {
        browser.mouse("mousePressed", left, area[1] + 2.0);
        for step in 0..=20 {
            browser.mouse("mouseMoved", left, area[1] + 2.0 + (area[3] - 4.0) * f64::from(step) / 20.0);
        }
        browser.mouse("mouseReleased", left, area[1] + area[3] - 2.0);
    });
    browser.click("input[name=brush][value=off]");
    let masked = browser.canvas();
    let (from, across) = (((area[2] - width) / 2.0) as usize, width as usize);
    let part = |picture: &Picture, start: f64, end: f64| {
        columns(picture, from + (across as f64 * start) as usize..from + (across as f64 * end) as usize)
    };
    let kept = difference(&part(&masked, 0.02, 0.12), &part(&photo, 0.02, 0.12));
    let changed = difference(&part(&painted, 0.02, 0.12), &part(&photo, 0.02, 0.12));
    assert!(kept < changed / 2.0, "the brush keeps nothing: {kept} of {changed}");
    let far = difference(&part(&masked, 0.6, 0.95), &part(&painted, 0.6, 0.95));
    assert!(far < 0.01, "far from the brush: {far}");
    assert!(browser.eval("document.querySelector('#command').textContent").as_str().unwrap().contains("--mask mask.png"));
    browser.previewed(|browser| browser.click("#mask-clear"));
    assert!(difference(&browser.canvas(), &painted) < 0.01);
}

#[test]
fn it_is_compared_zoomed_and_moved_by_keys() {
    let Some(mut session) = Session::open(WINDOW, false) else { return };
    session.pick();
    let browser = &mut session.browser;
    let painted = browser.canvas();
    browser.eval("document.querySelector('#view').focus()");
    browser.key("c");
    let photo = browser.canvas();
    assert!(difference(&photo, &painted) > 0.02);
    browser.key("c");
    assert!(difference(&browser.canvas(), &painted) < 1e-4);
    browser.set("#compare", "50");
    let half = browser.canvas();
    let middle = half.width() / 2;
    assert!(difference(&columns(&half, 0..middle - 8), &columns(&photo, 0..middle - 8)) < 1e-3);
    assert!(difference(&columns(&half, middle + 8..half.width()), &columns(&painted, middle + 8..half.width())) < 1e-3);
    browser.set("#compare", "0");
    for (key, least) in [("+", 0.005), ("ArrowLeft", 0.005), ("1", 0.005)] {
        let before = browser.canvas();
        browser.key(key);
        assert!(difference(&browser.canvas(), &before) > least, "{key} does nothing");
    }
    browser.key("0");
    assert!(difference(&browser.canvas(), &painted) < 1e-4, "it fits again");
    // Everything can be reached by the keyboard, and is called something.
    let nameless = browser.eval(
        "[...document.querySelectorAll('button, input, select, a[href]')].filter(e => !e.hidden && !(e.labels?.length || \
         e.getAttribute('aria-label') || e.textContent.trim())).map(e => e.outerHTML)",
    );
    assert_eq!(nameless, serde_json::json!([]));
    let reached =
        browser.eval("[...document.querySelectorAll('#gallery button, #render, #strength, #photo')].every(e => e.tabIndex >= 0)");
    assert_eq!(reached, true);
}

#[test]
fn a_painting_can_be_cancelled() {
    let Some(mut session) = Session::open(WINDOW, false) else { return };
    let large = session.folder.path().join("large.jpg");
    std::fs::write(&large, common::file(4800, 3600, Format::Jpeg)).unwrap();
    let browser = &mut session.browser;
    browser.previewed(|browser| browser.choose("#photo", &large));
    browser.click("#render");
    browser.until("!document.querySelector('#rendering').hidden");
    // The job is known once its first event has come; until then the button does nothing.
    browser.until("(document.querySelector('#cancel').click(), document.querySelector('#rendering').hidden)");
    assert_eq!(browser.eval("document.querySelector('#status').textContent"), "Cancelled.");
    assert_eq!(browser.eval("document.querySelector('#download').hidden"), true);
}

#[test]
fn it_fits_small_and_dark_screens() {
    let Some(mut phone) = Session::open([390, 844], false) else { return };
    let wide = phone.browser.eval("document.documentElement.scrollWidth");
    assert_eq!(wide, 390, "it scrolls sideways");
    let light = phone.browser.screenshot();
    let Some(mut dark) = Session::open([390, 844], true) else { return };
    let night = dark.browser.screenshot();
    let mean = |picture: &Picture| picture.rgb().iter().sum::<f32>() / picture.rgb().len() as f32;
    assert!(mean(&light) > mean(&night) + 0.15, "{} and {}", mean(&light), mean(&night));
    if let Some(folder) = std::env::var_os("IMPASTO_SCREENSHOTS") {
        let folder = PathBuf::from(folder);
        let mut desk = Session::open([1280, 860], false).unwrap();
        desk.browser.until("document.querySelectorAll('#gallery img[src^=blob]').length > 8");
        let mut desk_dark = Session::open([1280, 860], true).unwrap();
        desk_dark.browser.until("document.querySelectorAll('#gallery img[src^=blob]').length > 8");
        desk_dark.browser.set("#compare", "50");
        for (name, picture) in [
            ("phone", light),
            ("phone-dark", night),
            ("desk", desk.browser.screenshot()),
            ("desk-dark", desk_dark.browser.screenshot()),
        ] {
            picture.save(folder.join(format!("{name}.png")), &impasto::picture::SaveOptions::default()).unwrap();
        }
    }
}
