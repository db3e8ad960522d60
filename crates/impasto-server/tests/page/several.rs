//! Comparing, masks, several photos, the camera, and the command.

use super::{Session, WINDOW, decoded, difference, part, shown};
use std::io::Write as _;

use std::process::Command;

use impasto::picture::{EncodeOptions, Format};
use impasto::{Picture, Style, Stylizer};

#[test]
fn it_is_compared_by_a_divider_zoomed_and_moved() {
    let Some(mut session) = Session::open(WINDOW, false) else { return };
    session.pick();
    let browser = &mut session.browser;
    let painted = browser.canvas();
    // The original shows while a button is held.
    let [left, top, width, height] = browser.area("#hold");
    browser.mouse("mousePressed", left + width / 2.0, top + height / 2.0);
    let photo = browser.canvas();
    browser.mouse("mouseReleased", left + width / 2.0, top + height / 2.0);
    assert!(difference(&photo, &painted) > 0.02);
    assert!(difference(&browser.canvas(), &painted) < 1e-4);
    // Drag the divider to a quarter of the width.
    browser.click("#compare");
    let [left, top, width, height] = browser.area("#view");
    let across = width.min(height * 1.5);
    let corner = left + (width - across) / 2.0;
    let middle = top + height / 2.0;
    browser.drag([corner + across / 2.0, middle], [corner + across / 4.0, middle]);
    let half = browser.canvas();
    let border = (half.width() as f64 * (corner + across / 4.0 - left) / width) as usize;
    let [wide, high] = [half.width(), half.height()];
    let (before, after) = ([0, 0, border - 4, high], [border + 4, 0, wide - border - 4, high]);
    let [left, right] = [(before, &photo), (after, &painted)].map(|(at, whole)| difference(&part(&half, at), &part(whole, at)));
    let now = browser.eval("document.querySelector('#divider').getAttribute('aria-valuenow')");
    // The divider may be off by a fraction of a pixel, because the layout has moved.
    assert!(left < 4e-3 && right < 4e-3, "{left} and {right}; the divider is at {now} %");
    assert!(difference(&part(&half, before), &part(&painted, before)) > 0.01);
    // With keys, too.
    browser.eval("document.querySelector('#divider').focus()");
    browser.key("End");
    assert!(difference(&browser.canvas(), &photo) < 4e-3);
    assert_eq!(browser.eval("document.querySelector('#divider').getAttribute('aria-valuenow')"), "100");
    browser.click("#compare");
    browser.eval("document.querySelector('#view').focus()");
    for (key, least) in [("+", 0.005), ("ArrowLeft", 0.005), ("1", 0.005)] {
        let before = browser.canvas();
        browser.key(key);
        assert!(difference(&browser.canvas(), &before) > least, "{key} does nothing");
    }
    browser.key("0");
    browser.settled();
    assert!(difference(&browser.canvas(), &painted) < 4e-3, "it fits again");
}

#[test]
fn a_brush_keeps_the_photo() {
    let Some(mut session) = Session::open(WINDOW, false) else { return };
    let original = session.pick();
    let browser = &mut session.browser;
    browser.previewed(|browser| {
        browser.set("#feather", "0");
        browser.set("#strength", "99");
    });
    browser.previewed(|browser| browser.set("#strength", "100"));
    let painted = shown(&browser.canvas(), [480, 320]);
    browser.eval("document.querySelector('#view').focus()");
    browser.key_down("o");
    let photo = shown(&browser.canvas(), [480, 320]);
    browser.key_up("o");
    browser.set("#brush", "40");
    browser.click("input[name=brush][value=hide]");
    assert!(difference(&shown(&browser.canvas(), [480, 320]), &painted) < 1e-3, "a tint though nobody draws");
    let [left, top, width, height] = browser.area("#view");
    let across = width.min(height * 1.5);
    let x = left + (width - across) / 2.0 + across * 0.1;
    // The mask is visible while it is drawn.
    browser.mouse("mousePressed", x, top + height / 2.0);
    browser.mouse("mouseMoved", x, top + height / 2.0 + 4.0);
    assert!(difference(&shown(&browser.canvas(), [480, 320]), &painted) > 0.01, "no tint");
    browser.previewed(|browser| browser.mouse("mouseReleased", x, top + height / 2.0 + 4.0));
    browser.previewed(|browser| browser.drag([x, top + 2.0], [x, top + height - 2.0]));
    let masked = shown(&browser.canvas(), [480, 320]);
    let columns = |picture: &Picture, from: f64, to: f64| {
        let at = |share: f64| (picture.width() as f64 * share) as usize;
        part(picture, [at(from), 0, at(to) - at(from), picture.height()])
    };
    let kept = difference(&columns(&masked, 0.02, 0.12), &columns(&photo, 0.02, 0.12));
    let changed = difference(&columns(&painted, 0.02, 0.12), &columns(&photo, 0.02, 0.12));
    assert!(kept < changed / 2.0, "the brush keeps nothing: {kept} of {changed}");
    let far = difference(&columns(&masked, 0.6, 0.95), &columns(&painted, 0.6, 0.95));
    assert!(far < 0.01, "far from the brush: {far}");
    assert!(browser.text("#command").contains("--mask mask.png --feather 0.0"));

    // The mask can be saved, undone and loaded again.
    let downloads = tempfile::tempdir().unwrap();
    let file = downloads.path().join("mask.png");
    let mask = decoded(&browser.download("#mask-save", &file));
    assert_eq!((mask.width(), mask.height()), (512, 341));
    let grey = |x: usize, y: usize| mask.rgb()[(y * 512 + x) * 3];
    assert_eq!((grey(20, 170), grey(400, 170)), (0.0, 1.0));
    browser.previewed(|browser| browser.click("#mask-clear"));
    assert!(difference(&shown(&browser.canvas(), [480, 320]), &painted) < 0.005);
    browser.previewed(|browser| browser.choose("#mask-load", &[&file]));
    assert!(difference(&shown(&browser.canvas(), [480, 320]), &masked) < 0.005);
    // The full-size result keeps the photo there, too.
    let result = decoded(&session.paint("photo one-starry.jpg"));
    let kept = difference(&columns(&result, 0.02, 0.12), &columns(&original, 0.02, 0.12));
    assert!(kept < 0.02, "{kept}");
}

/// Names and contents of a zip archive whose files are stored, not compressed. Checks their checksums.
fn stored(archive: &[u8]) -> Vec<(String, Vec<u8>)> {
    let number = |at: usize, bytes: usize| archive[at..at + bytes].iter().rev().fold(0, |sum, &b| sum << 8 | usize::from(b));
    let end = archive.len() - 22;
    assert_eq!(number(end, 4), 0x0605_4b50);
    let mut entry = number(end + 16, 4);
    let mut files = Vec::new();
    for _ in 0..number(end + 10, 2) {
        assert_eq!((number(entry, 4), number(entry + 10, 2)), (0x0201_4b50, 0), "a stored file");
        let (size, name, local) = (number(entry + 20, 4), number(entry + 28, 2), number(entry + 42, 4));
        assert_eq!(number(local, 4), 0x0403_4b50);
        let start = local + 30 + number(local + 26, 2) + number(local + 28, 2);
        let bytes = archive[start..start + size].to_vec();
        let mut crc = flate2::Crc::new();
        crc.update(&bytes);
        assert_eq!(number(entry + 16, 4), crc.sum() as usize, "the checksum");
        files.push((String::from_utf8(archive[entry + 46..entry + 46 + name].to_vec()).unwrap(), bytes));
        entry += 46 + name + number(entry + 30, 2) + number(entry + 32, 2);
    }
    files
}

#[test]
fn several_photos_are_painted_into_one_archive() {
    let Some(mut session) = Session::open(WINDOW, false) else { return };
    let (first, picture) = session.photo("one.jpg");
    let pixels: Vec<u8> = (0..300 * 200 * 3).map(|i| (i * 7 % 251) as u8).collect();
    let other = Picture::from_rgb8([300, 200], &pixels).unwrap().encode(Format::Png, &EncodeOptions::default()).unwrap().bytes;
    let second = session.file("zwei ü.png", &other);
    let browser = &mut session.browser;
    browser.previewed(|browser| browser.choose("#photo", &[&first, &second]));
    let names = browser.eval("[...document.querySelectorAll('#tray .thumb span')].map(e => e.textContent)");
    assert_eq!(names, serde_json::json!(["one.jpg", "zwei ü.png"]));
    assert_eq!(browser.text("#paint-all"), "Paint all 2 (zip)");
    let downloads = tempfile::tempdir().unwrap();
    let archive = browser.download("#paint-all", &downloads.path().join("impasto-starry.zip"));
    let files = stored(&archive);
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["one-starry.jpg", "zwei ü-starry.png"]);
    let stylizer = Stylizer::new().unwrap();
    let style = Style::built_in("starry").unwrap();
    for (photo, format, (_, bytes)) in [(picture, Format::Jpeg, &files[0]), (decoded(&other), Format::Png, &files[1])] {
        let expected = stylizer.stylize(&photo, &style).unwrap().encode(format, &EncodeOptions::default()).unwrap().bytes;
        assert!(*bytes == expected, "another painting than the library's");
    }
    let text = browser.text("#status");
    assert_eq!(text, "2 of 2 photos painted and downloaded.");
    // Another program reads the archive, too.
    let file = downloads.path().join("impasto-starry.zip");
    match Command::new("python3").args(["-m", "zipfile", "-t"]).arg(&file).output() {
        Ok(tested) => assert!(tested.status.success(), "{}", String::from_utf8_lossy(&tested.stderr)),
        Err(_) => {
            let _ = writeln!(std::io::stderr(), "skipped: the archive in another program (python3 is not installed)");
        }
    }
    // A photo can be shown, and removed.
    browser.previewed(|browser| browser.click("#tray li:nth-child(2) .thumb"));
    assert_eq!(browser.eval("document.body.dataset.photo"), "zwei ü.png");
    browser.previewed(|browser| browser.click("#tray li:nth-child(2) .remove"));
    assert_eq!(browser.eval("document.body.dataset.photo"), "one.jpg");
    assert_eq!(browser.complaints, [""; 0]);
}

#[test]
fn the_camera_gives_a_photo() {
    let Some(mut session) = Session::open(WINDOW, false) else { return };
    let browser = &mut session.browser;
    browser.click("#webcam");
    browser.until("!document.querySelector('#camera').hidden && document.querySelector('#video').videoWidth > 0");
    browser.previewed(|browser| browser.click("#shoot"));
    assert_eq!(browser.eval("document.body.dataset.photo"), "camera.jpg");
    assert_eq!(browser.eval("document.querySelector('#camera').hidden"), true);
    assert!(browser.text("#command-files").contains("Save camera.jpg"));
}

#[test]
fn the_command_is_one_for_a_shell() {
    let Some(mut session) = Session::open(WINDOW, false) else { return };
    let (path, _) = session.photo("-it's $HOME.jpg");
    let browser = &mut session.browser;
    assert!(browser.text("#command").starts_with("curl -sO http://127.0.0.1:"), "{}", browser.text("#command"));
    browser.previewed(|browser| browser.choose("#photo", &[&path]));
    browser.previewed(|browser| browser.set("#colors", "content"));
    let command = browser.text("#command").replacen("impasto", "printf '%s\\n'", 1);
    let output = Command::new("sh").args(["-c", &command]).output().unwrap();
    let words = String::from_utf8(output.stdout).unwrap();
    let words: Vec<&str> = words.lines().collect();
    assert_eq!(words, ["stylize", "./-it's $HOME.jpg", "-s", "starry", "-o", "./-it's $HOME-painted.jpg", "--colors", "content"]);
}
