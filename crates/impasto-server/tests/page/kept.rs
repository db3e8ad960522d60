//! Nothing is lost (results, undo, reload, expiry, addresses), and one click forgets everything.

use super::{Session, WINDOW, common, decoded, difference};

use std::time::Duration;

use impasto::picture::Format;

#[test]
fn a_result_stays_with_what_made_it() {
    let Some(mut session) = Session::open(WINDOW, false) else { return };
    session.pick();
    session.browser.previewed(|browser| browser.click("[data-style=mosaic]"));
    session.browser.previewed(|browser| browser.set("#strength", "60"));
    let first = session.paint("photo one-mosaic.jpg");
    assert_eq!(session.browser.text("#results li:first-child span"), "mosaic, strength 60 %");
    session.browser.previewed(|browser| browser.click("[data-style=woodcut]"));
    session.browser.previewed(|browser| browser.set("#strength", "100"));
    let second = session.paint("photo one-woodcut.jpg");
    assert_ne!(first, second);
    let labels = "[...document.querySelectorAll('#results li span')].map(e => e.textContent)";
    assert_eq!(session.browser.eval(labels), serde_json::json!(["woodcut", "mosaic, strength 60 %"]));
    // The older result can be downloaded again, also after a reload.
    session.browser.reload();
    assert_eq!(session.browser.eval(labels), serde_json::json!(["woodcut", "mosaic, strength 60 %"]));
    let downloads = tempfile::tempdir().unwrap();
    let again = "#results li:nth-child(2) button:first-child";
    let file = downloads.path().join("photo one-mosaic.jpg");
    assert_eq!(session.browser.download(again, &file), first);
    // Its settings come back.
    session.browser.previewed(|browser| browser.click("#results li:nth-child(2) button:nth-child(2)"));
    assert_eq!(session.browser.text("#strength-value"), "60 %");
    session.browser.click("#results li:nth-child(2) button:nth-child(3)");
    assert_eq!(session.browser.eval(labels), serde_json::json!(["woodcut"]));
    assert_eq!(session.browser.complaints, [""; 0]);
}

#[test]
fn everything_is_undone_and_redone() {
    let Some(mut session) = Session::open(WINDOW, false) else { return };
    let browser = &mut session.browser;
    let mut pictures = vec![browser.canvas()];
    browser.previewed(|browser| browser.click("[data-style=mosaic]"));
    pictures.push(browser.canvas());
    browser.previewed(|browser| browser.set("#strength", "50"));
    pictures.push(browser.canvas());
    browser.set("#brush", "30");
    browser.click("input[name=brush][value=hide]");
    let [left, top, width, height] = browser.area("#view");
    for y in [0.35, 0.65] {
        let [y, from, to] = [top + height * y, left + width * 0.2, left + width * 0.8];
        browser.previewed(|browser| browser.drag([from, y], [to, y]));
        pictures.push(browser.canvas());
    }
    browser.previewed(|browser| browser.click("#reset"));
    pictures.push(browser.canvas());
    for pair in pictures.windows(2) {
        assert!(difference(&pair[0], &pair[1]) > 0.002, "a step changes nothing: {}", difference(&pair[0], &pair[1]));
    }
    for picture in pictures.iter().rev().skip(1) {
        browser.previewed(|browser| browser.click("#undo"));
        assert!(difference(&browser.canvas(), picture) < 0.002, "{}", difference(&browser.canvas(), picture));
    }
    assert_eq!(browser.eval("document.querySelector('#undo').disabled"), true);
    for picture in &pictures[1..] {
        browser.previewed(|browser| {
            browser.eval("dispatchEvent(new KeyboardEvent('keydown', { key: 'z', ctrlKey: true, shiftKey: true }))");
        });
        assert!(difference(&browser.canvas(), picture) < 0.002, "{}", difference(&browser.canvas(), picture));
    }
    assert_eq!(browser.eval("document.querySelector('#redo').disabled"), true);
    assert_eq!(browser.complaints, [""; 0]);
}

#[test]
fn a_reload_and_the_servers_expiry_lose_nothing() {
    let Some(mut session) = Session::at("", WINDOW, false, |options| options.expire = Duration::from_millis(1500)) else {
        return;
    };
    session.pick();
    let stripes = session.stripes();
    let browser = &mut session.browser;
    browser.previewed(|browser| browser.choose("#own", &[&stripes]));
    browser.previewed(|browser| browser.set("#strength", "80"));
    let before = browser.canvas();
    // The server has forgotten both files by now.
    std::thread::sleep(Duration::from_secs(2));
    browser.previewed(|browser| browser.set("#stroke", "1"));
    browser.previewed(|browser| browser.set("#stroke", "0"));
    assert_eq!(browser.eval("document.querySelector('#status').classList.contains('wrong')"), false);
    assert!(difference(&browser.canvas(), &before) < 1e-3);
    browser.eval("new Promise(resolve => setTimeout(resolve, 600))");
    browser.reload();
    assert!(difference(&browser.canvas(), &before) < 1e-3, "{}", difference(&browser.canvas(), &before));
    assert_eq!(browser.text("#gallery button[aria-pressed=true] span"), "stripes");
    assert_eq!(browser.text("#strength-value"), "80 %");
    // Browsers report the answers about forgotten files as errors.
    browser.complaints.retain(|text| !text.contains("404"));
    assert_eq!(browser.complaints, [""; 0]);

    // One click removes everything. The message about it stays, even if the demo's file arrives late and twice.
    browser.eval(
        "(() => { const real = fetch; let late = 500; window.fetch = (url, ...rest) => {
            if (url !== '/demo.jpg') return real(url, ...rest);
            const wait = late; late = 0;
            return new Promise(resolve => setTimeout(resolve, wait)).then(() => real(url, ...rest)); }; })()",
    );
    let forgotten = "document.querySelector('#status').textContent.startsWith('Everything is forgotten')";
    browser.previewed(|browser| browser.click("#forget"));
    browser.until(forgotten);
    browser.eval("new Promise(resolve => setTimeout(resolve, 1000))");
    assert_eq!(browser.eval(forgotten), true, "{}", browser.text("#status"));
    browser.reload();
    assert_eq!(browser.eval("document.body.dataset.photo"), "demo.jpg");
    assert_eq!(browser.text("#gallery button[aria-pressed=true] span"), "starry");
    assert_eq!(browser.text("#strength-value"), "100 %");
    let left = browser.eval(
        "new Promise(resolve => { const open = indexedDB.open('impasto'); open.onsuccess = () => {
            const all = open.result.transaction('files').objectStore('files').count();
            all.onsuccess = () => resolve(all.result); }; })",
    );
    assert_eq!(left, 0);
}

#[test]
fn an_address_is_a_look() {
    let hash = "#styles=mosaic:1.5,woodcut:0.5&strength=40&stroke=1&colors=luminance&color-strength=50&size=1024&format=png";
    let Some(mut session) = Session::at(hash, WINDOW, false, |_| {}) else { return };
    let browser = &mut session.browser;
    let chosen = browser.eval("[...document.querySelectorAll('#gallery [aria-pressed=true]')].map(e => e.dataset.style)");
    assert_eq!(chosen, serde_json::json!(["mosaic", "woodcut"]));
    let values = browser.eval(
        "['strength', 'stroke', 'colors', 'color-strength', 'size', 'format'].map(id => document.getElementById(id).value)",
    );
    assert_eq!(values, serde_json::json!(["40", "1", "luminance", "50", "1024", "png"]));
    assert_eq!(browser.eval("location.hash"), hash);
    browser.previewed(|browser| browser.set("#strength", "70"));
    browser.until("location.hash.includes('strength=70')");
    // Invalid values are ignored.
    browser.previewed(|browser| {
        browser.eval("location.hash = '#styles=nonsense,waves&strength=1e9&stroke=x&colors=red&size=7'");
    });
    assert_eq!(browser.text("#gallery button[aria-pressed=true] span"), "waves");
    assert_eq!(browser.text("#strength-value"), "100 %");
}

#[test]
fn the_newest_photo_wins() {
    let Some(mut session) = Session::open(WINDOW, false) else { return };
    let slow = session.file("slow.jpg", &common::file(5200, 3900, Format::Jpeg));
    let (quick, _) = session.photo("quick.jpg");
    let browser = &mut session.browser;
    browser.previewed(|browser| {
        browser.choose("#photo", &[&slow]);
        browser.choose("#photo", &[&quick]);
    });
    browser.until("document.querySelectorAll('#tray li').length === 2");
    browser.settled();
    assert_eq!(browser.eval("document.body.dataset.photo"), "quick.jpg");
    let text = browser.text("#status");
    assert!(text.contains("480 × 320"), "{text}");
    assert_eq!(browser.text("#tray button[aria-pressed=true] span"), "quick.jpg");
    // Painting a large photo can be canceled.
    browser.previewed(|browser| browser.click("#tray [data-photo]:not(:has([aria-pressed=true])) .thumb"));
    browser.click("#render");
    browser.until("!document.querySelector('#rendering').hidden");
    browser.click("#cancel");
    browser.until("document.querySelector('#rendering').hidden");
    assert_eq!(browser.text("#status"), "Canceled.");
    assert_eq!(browser.eval("document.querySelectorAll('#results li').length"), 0);
    session.server.until("its place was not given back", || session.server.gauge("pictures_pending") == 0);
}

#[test]
fn a_style_of_ones_own_is_used() {
    let Some(mut session) = Session::open(WINDOW, false) else { return };
    let path = session.stripes();
    let nonsense = session.file("nonsense.png", b"hello");
    let browser = &mut session.browser;
    let before = browser.canvas();
    browser.previewed(|browser| browser.choose("#own", &[&path]));
    assert!(difference(&browser.canvas(), &before) > 0.02);
    assert_eq!(browser.text("#gallery button[aria-pressed=true] span"), "stripes");
    browser.until("document.querySelectorAll('#gallery img[src^=blob]').length > 4");
    // A style can be named and removed.
    browser.click("#rename");
    browser.eval("document.querySelector('#name').value = 'My stripes'");
    browser.click("#name-dialog button[value=ok]");
    browser.until("document.querySelector('#gallery button[aria-pressed=true] span').textContent === 'My stripes'");
    let painted = session.paint("demo-My stripes.jpg");
    assert_eq!(decoded(&painted).width(), 960);
    let browser = &mut session.browser;
    assert!(browser.text("#command").contains("-s stripes.png"), "the command line has its file");
    browser.previewed(|browser| browser.click("#remove"));
    assert_eq!(browser.eval("document.querySelectorAll('#gallery [data-style^=style-]').length"), 0);
    browser.previewed(|browser| browser.click("#undo"));
    assert_eq!(browser.text("#gallery button[aria-pressed=true] span"), "My stripes");
    // Files that are not pictures are reported in everyday words.
    for selector in ["#own", "#photo"] {
        browser.choose(selector, &[&nonsense]);
        browser.until("document.querySelector('#status').classList.contains('wrong')");
        let text = browser.text("#status");
        assert!(text.starts_with("“nonsense.png” ") && text.contains("Use JPEG, PNG"), "{text}");
        browser.eval("document.querySelector('#status').classList.remove('wrong')");
    }
    assert_eq!(browser.eval("document.body.dataset.photo"), "demo.jpg");
}
