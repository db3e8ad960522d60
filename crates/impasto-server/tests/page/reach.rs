//! Accessibility: keyboard, screen readers and phones; and errors in everyday words.

use super::browser::Browser;
use super::{Session, WINDOW, common, difference, films};
use std::io::Write as _;

use std::path::{Path, PathBuf};

use impasto::Picture;
use impasto::picture::{Format, SaveOptions};
use serde_json::json;

const PHONE: [u32; 2] = [390, 844];
const SIDEWAYS: [u32; 2] = [844, 390];

#[test]
fn styles_are_found_and_marked_by_keys() {
    let Some(mut session) = Session::open(WINDOW, false) else { return };
    let browser = &mut session.browser;
    assert_eq!(browser.text("#count"), "33 styles");
    // The chosen style is in view, and the next row is partly visible.
    let [_, top, _, height] = browser.area("#gallery");
    let [_, chosen, _, tall] = browser.area("[data-style=starry]");
    assert!(top <= chosen && chosen + tall <= top + height, "the chosen style is out of view");
    let peeks = browser.eval(
        "[...document.querySelectorAll('#gallery button')].some(e => { const g = document.querySelector('#gallery').getBoundingClientRect(), \
         b = e.getBoundingClientRect(); return b.top < g.bottom - 4 && b.bottom > g.bottom + 4; })",
    );
    assert_eq!(peeks, true, "no row peeks out");
    // One stop for Tab, and arrow keys within the gallery.
    let stops = "[...document.querySelectorAll('#gallery button')].filter(e => e.tabIndex === 0).map(e => e.dataset.style)";
    assert_eq!(browser.eval(stops), json!(["starry"]));
    browser.eval("document.querySelector('[data-style=starry]').focus()");
    let focused = "document.activeElement.dataset.style";
    for (key, style) in [("ArrowLeft", "stained-glass"), ("ArrowRight", "starry"), ("ArrowUp", "plaid"), ("ArrowDown", "starry")]
    {
        browser.key(key);
        assert_eq!(browser.eval(focused), style, "{key}");
    }
    for (key, style) in [("Home", "agate"), ("End", "woodcut")] {
        browser.key(key);
        assert_eq!(browser.eval(focused), style, "{key}");
    }
    assert_eq!(browser.eval(stops), json!(["woodcut"]));
    let before = browser.canvas();
    browser.previewed(|browser| {
        browser.eval("document.activeElement.click()");
    });
    assert!(difference(&browser.canvas(), &before) > 0.01);
    // Mark a favorite.
    browser.click("#favorite");
    browser.click("[data-filter=favorites]");
    assert_eq!(browser.text("#count"), "1 of 33 styles");
    browser.click("[data-filter=all]");
    // Find a style by name, in any spelling.
    browser.set("#search", "PALETTE k");
    let shown = browser.eval("[...document.querySelectorAll('#gallery button:not([hidden])')].map(e => e.dataset.style)");
    assert_eq!(shown, json!(["palette-knife"]));
    browser.set("#search", "zzz");
    assert_eq!(browser.text("#none-found"), "No style is called “zzz”.");
    assert_eq!(browser.complaints, [""; 0]);
}

#[test]
fn it_fits_a_phone() {
    let Some(mut session) = Session::open(PHONE, false) else { return };
    let browser = &mut session.browser;
    assert_eq!(browser.eval("document.documentElement.scrollWidth"), 390, "it scrolls sideways");
    let [_, _, _, height] = browser.area("#view");
    assert!(height <= 0.4 * 844.0, "the picture has {height} pixels");
    // The button is in view, no matter where the page is scrolled to.
    for y in [0, 500, 5000] {
        browser.eval(&format!("scrollTo(0, {y})"));
        let [_, top, _, height] = browser.area("#render");
        assert!(top >= 0.0 && top + height <= 844.0, "the button is at {top} after {y}");
    }
    browser.eval("scrollTo(0, 0)");
    // Two fingers zoom.
    let before = browser.canvas();
    let [left, top, width, height] = browser.area("#view");
    let (x, y) = (left + width / 2.0, top + height / 2.0);
    browser.touch("touchStart", &[[x - 20.0, y], [x + 20.0, y]]);
    for step in 1..=8 {
        let apart = 20.0 + 8.0 * f64::from(step);
        browser.touch("touchMove", &[[x - apart, y], [x + apart, y]]);
    }
    browser.touch("touchEnd", &[]);
    assert!(difference(&browser.canvas(), &before) > 0.01, "two fingers do not zoom");
    // With a brush, two fingers still zoom, and draw nothing.
    browser.click("input[name=brush][value=hide]");
    browser.touch("touchStart", &[[x - 20.0, y]]);
    browser.touch("touchStart", &[[x - 20.0, y], [x + 20.0, y]]);
    browser.touch("touchMove", &[[x - 10.0, y], [x + 10.0, y]]);
    browser.touch("touchEnd", &[]);
    assert!(!browser.text("#command").contains("--mask"));
}

#[test]
fn nothing_is_covered_on_a_phone_held_sideways() {
    let Some(mut session) = Session::open(SIDEWAYS, true) else { return };
    let browser = &mut session.browser;
    assert_eq!(browser.eval("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"), json!([844, 390]));
    // No control is covered: the element at the middle of each control is that control.
    let covered = browser.eval(
        "['#photo', '#undo', '#forget', '#view', '#compare', '#hold', '#zoom-in', '#zoom-fit', '#render'].filter(id => {
            const e = id === '#photo' ? document.querySelector('label[for=photo]') : document.querySelector(id);
            const b = e.getBoundingClientRect();
            const top = document.elementFromPoint(b.left + b.width / 2, b.top + b.height / 2);
            return !(top === e || e.contains(top));
        })",
    );
    assert_eq!(covered, json!([]), "covered");
    let [_, _, width, height] = browser.area("#view");
    assert!(width > 250.0 && height > 120.0, "the picture has {width} × {height}");
    // Every control of the panel can be scrolled to a place where the button does not cover it.
    let hidden = browser.eval(
        "[...document.querySelectorAll('#panel button, #panel select, #panel input:not(.hidden)')].filter(e => {
            if (!e.checkVisibility()) return false;
            e.scrollIntoView({ block: 'nearest' });
            const b = e.getBoundingClientRect();
            const top = document.elementFromPoint(b.left + b.width / 2, b.top + Math.min(b.height / 2, 10));
            return !(top === e || e.contains(top) || top?.contains(e));
        }).map(e => e.id || e.dataset.style || e.textContent)",
    );
    assert_eq!(hidden, json!([]), "covered");
}

/// axe-core, if `npm ci` has installed it in `page/`.
fn axe() -> Option<String> {
    let script =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("page/node_modules/axe-core/axe.min.js")).ok();
    if script.is_none() {
        let _ =
            writeln!(std::io::stderr(), "skipped: axe-core (it is not installed: run `npm ci` in crates/impasto-server/page)");
    }
    script
}

#[test]
fn axe_finds_nothing() {
    let Some(axe) = axe() else { return };
    for (window, dark) in [(WINDOW, false), (WINDOW, true), (PHONE, false), (SIDEWAYS, true)] {
        // With a film, if there is ffmpeg.
        let film = films::open(window, dark);
        let has_film = film.is_some();
        let Some(mut session) = film.or_else(|| Session::open(window, dark)) else { return };
        let (first, _) = session.photo("one.jpg");
        let (second, _) = session.photo("two.jpg");
        let stripes = session.stripes();
        let browser = &mut session.browser;
        // With everything that is hidden at first.
        browser.previewed(|browser| browser.choose("#photo", &[&first, &second]));
        browser.previewed(|browser| browser.choose("#own", &[&stripes]));
        browser.click("#favorite");
        browser.previewed(|browser| browser.set("#mix select", "mosaic"));
        browser.click("#compare");
        let folder = tempfile::tempdir().unwrap();
        browser.download("#render", &folder.path().join("one-stripes+mosaic.jpg"));
        browser.until("document.querySelectorAll('#results li').length === 1");
        browser.eval(&axe);
        let run = "axe.run(document, { resultTypes: ['violations', 'incomplete'] }).then(r => r.violations.map(v => \
                   v.id + ': ' + v.nodes.map(n => n.target + ' ' + n.failureSummary).join('; ')))";
        assert_eq!(browser.eval(run), json!([]), "{window:?}, dark: {dark}");
        if has_film {
            let film = films::red_and_blue(session.folder.path());
            browser.previewed(|browser| browser.choose("#photo", &[&film]));
            browser.click("#film-end");
            browser.eval("document.querySelector('#filming').hidden = false; document.querySelector('#film-news').textContent = '1 of 4 frames'");
            assert_eq!(browser.eval(run), json!([]), "a film, {window:?}, dark: {dark}");
            assert_eq!(browser.eval("document.documentElement.scrollWidth <= innerWidth"), true, "it scrolls sideways");
            browser.eval("document.querySelector('#player').hidden = false");
            assert_eq!(browser.eval(run), json!([]), "a painted film, {window:?}, dark: {dark}");
        }
        if (window, dark) == (WINDOW, false) {
            browser.eval("document.querySelector('#token-dialog').showModal()");
            let found = browser.eval("axe.run(document.querySelector('#token-dialog')).then(r => r.violations.map(v => v.id))");
            assert_eq!(found, json!([]), "the dialog");
        }
    }
}

/// The least contrast of text with its background, and that text, computed from the page's colors (WCAG 2.2, 1.4.3).
const CONTRAST: &str = "(() => {
    const channel = v => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
    const light = c => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
    const parse = text => text.match(/[\\d.]+/g).map(Number);
    let worst = [99, ''];
    for (const e of document.querySelectorAll('body *')) {
        const text = [...e.childNodes].filter(n => n.nodeType === 3).map(n => n.textContent.trim()).join('');
        if (!text || !e.checkVisibility() || e.closest(':disabled') || e.closest('.star')) continue;
        let behind = e;
        while (behind && (parse(getComputedStyle(behind).backgroundColor)[3] ?? 1) < 1) behind = behind.parentElement;
        const pair = [parse(getComputedStyle(e).color), behind ? parse(getComputedStyle(behind).backgroundColor) : [255, 255, 255]].map(light);
        const contrast = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
        if (contrast < worst[0]) worst = [contrast, text];
    }
    return worst;
})()";

#[test]
fn texts_are_legible_and_everything_has_a_name() {
    for dark in [false, true] {
        let Some(mut session) = Session::open(WINDOW, dark) else { return };
        let browser = &mut session.browser;
        let worst = browser.eval(CONTRAST);
        assert!(worst[0].as_f64().unwrap() >= 4.5, "{worst}, dark: {dark}");
        browser.eval("document.querySelector('#status').classList.add('wrong')");
        let worst = browser.eval(CONTRAST);
        assert!(worst[0].as_f64().unwrap() >= 4.5, "{worst}, dark: {dark}");
        let nameless = browser.eval(
            "[...document.querySelectorAll('button, input, select, a[href], [role=slider], canvas')].filter(e => !(e.labels?.length || \
             e.getAttribute('aria-label') || e.textContent.trim())).map(e => e.outerHTML)",
        );
        assert_eq!(nameless, json!([]));
    }
}

#[test]
fn a_file_that_is_too_large_is_told_in_megabytes() {
    let Some(mut session) = Session::at("", WINDOW, false, |options| options.max_body = 2 << 20) else { return };
    let large = session.file("holiday.png", &vec![7; 3 << 20]);
    let browser = &mut session.browser;
    browser.choose("#photo", &[&large]);
    browser.until("document.querySelector('#status').classList.contains('wrong')");
    assert_eq!(browser.text("#status"), "“holiday.png” is larger than 2 MB. Make it smaller first.");
    assert_eq!(browser.eval("document.body.dataset.photo"), "demo.jpg");
}

#[test]
fn a_token_is_asked_for_again_with_the_reason() {
    let server = common::Running::start(|options| options.token = Some("0123456789abcdef".into()));
    let Some(mut browser) = Browser::open(&format!("http://{}/", server.address), WINDOW, false) else { return };
    let mut enter = |token: &str, reason: &str| {
        browser.until(&format!(
            "document.readyState === 'complete' && !!document.querySelector('#token-dialog[open]') && \
             document.querySelector('#token-reason').textContent.includes({reason:?})"
        ));
        browser.eval(&format!("document.querySelector('#token').value = {token:?}"));
        browser.click("#token-dialog button[value=ok]");
    };
    enter("wrong-wrong-wrong-wrong", "protected");
    enter("0123456789abcdef", "does not accept this token");
    browser.until("Number(document.body.dataset.previews ?? 0) > 0");
    browser.settled();
}

#[test]
fn light_and_dark_and_screenshots() {
    let Some(mut light) = Session::open(PHONE, false) else { return };
    let Some(mut dark) = Session::open(PHONE, true) else { return };
    let (day, night) = (light.browser.screenshot(), dark.browser.screenshot());
    let mean = |picture: &Picture| picture.rgb().iter().sum::<f32>() / picture.rgb().len() as f32;
    assert!(mean(&day) > mean(&night) + 0.15, "{} and {}", mean(&day), mean(&night));
    let Some(folder) = std::env::var_os("IMPASTO_SCREENSHOTS").map(PathBuf::from) else { return };
    let save = |name: &str, picture: &Picture| picture.save(folder.join(format!("{name}.png")), &SaveOptions::default()).unwrap();
    save("phone", &day);
    save("phone-dark", &night);
    for (name, window, dark) in [
        ("desk", [1280, 860], false),
        ("desk-dark", [1280, 860], true),
        ("sideways", SIDEWAYS, true),
        ("wide", [2560, 1440], false),
    ] {
        let mut session = Session::open(window, dark).unwrap();
        let photo = session.file("photo.jpg", &common::file(900, 600, Format::Jpeg));
        let browser = &mut session.browser;
        if dark {
            browser.previewed(|browser| browser.choose("#photo", &[&photo]));
            browser.click("#compare");
        }
        browser.until("document.querySelectorAll('#gallery img[src^=blob]').length > 8");
        save(name, &browser.screenshot());
    }
}
