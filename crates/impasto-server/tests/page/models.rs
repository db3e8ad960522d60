//! The page of a server with several models: users choose a model and see its styles.

use super::{Session, WINDOW, common, decoded, difference};

use crate::models::{several, three};

use common::Running;
use impasto_server::Served;
use serde_json::json;

const NAMES: &str = "[...document.querySelectorAll('#gallery button:not([hidden])')].map(button => button.dataset.style)";

#[test]
fn a_model_is_chosen_with_its_styles() {
    let Some(mut session) = Session::of(several(), "", WINDOW, false) else { return };
    session.pick();
    let browser = &mut session.browser;
    assert_eq!(
        browser.eval("[...document.querySelectorAll('#model option')].map(o => o.value)"),
        json!(["built-in", "small", "three"])
    );
    assert!(!browser.text("#command").contains("--model"));
    let before = browser.canvas();
    browser.previewed(|browser| browser.set("#model", "three"));
    assert_eq!(browser.eval(NAMES), json!(["0", "1", "2"]));
    assert_eq!(browser.text("#count"), "3 styles");
    assert!(browser.text("#model-about").contains("License: "));
    // This model does not take pictures as styles.
    assert_eq!(browser.eval("getComputedStyle(document.querySelector('#own-part')).display"), "none");
    browser.previewed(|browser| browser.click("[data-style='2']"));
    assert!(browser.text("#command").contains(" -s 2 ") && browser.text("#command").contains("--model three"));
    assert!(difference(&before, &browser.canvas()) > 0.01);
    browser.until("document.querySelector('[data-style=\"1\"] img').src.startsWith('blob:')");

    // The downloaded file is what the server paints with this model.
    let painted = session.paint("photo one-2.jpg");
    let photo = std::fs::read(session.folder.path().join("photo one.jpg")).unwrap();
    let fields: [(&str, &[u8]); 3] = [("model", b"three"), ("content", &photo), ("style_name", b"2")];
    let expected = session.server.post_form("/v1/stylize", &fields, &[]).body;
    assert!(difference(&decoded(&painted), &decoded(&expected)) < 0.001);
    let browser = &mut session.browser;
    assert_eq!(browser.text("#results li:first-child span"), "2, three");
    // The row of results takes some space from the picture.
    let after = browser.canvas();

    // The model is in the address, survives a reload, and can be undone.
    browser.until("location.hash.includes('model=three') && location.hash.includes('styles=2')");
    browser.reload();
    assert_eq!(browser.eval("document.querySelector('#model').value"), "three");
    assert!(difference(&browser.canvas(), &after) < 0.002);
    browser.previewed(|browser| browser.set("#model", "built-in"));
    assert!(browser.eval(NAMES).as_array().unwrap().len() > 20);
    browser.previewed(|browser| browser.click("#undo"));
    assert_eq!(browser.eval(NAMES), json!(["0", "1", "2"]));
    assert!(difference(&browser.canvas(), &after) < 0.002);
    assert_eq!(browser.complaints, [""; 0]);
}

#[test]
fn a_model_without_styles_takes_those_of_pictures() {
    let Some(mut session) = Session::of(several(), "#model=three&styles=1", WINDOW, false) else { return };
    session.pick();
    assert_eq!(session.browser.eval("document.querySelector('#model').value"), "three");
    let painted = session.browser.canvas();
    // If no style is chosen, nothing is painted.
    session.browser.set("#model", "small");
    session.browser.until("document.querySelector('#status').textContent.startsWith('This model has no styles of its own')");
    session.browser.until("!document.body.dataset.busy");
    assert_eq!(session.browser.eval("document.querySelector('#no-styles').hidden"), false);
    // It is drawn a moment later.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    let photo = loop {
        let photo = session.browser.canvas();
        if difference(&painted, &photo) > 0.01 {
            break photo;
        }
        assert!(std::time::Instant::now() < deadline, "the painting is still there");
        std::thread::sleep(std::time::Duration::from_millis(50));
    };
    let stripes = session.stripes();
    session.browser.previewed(|browser| browser.choose("#own", &[&stripes]));
    let own = session.browser.canvas();
    assert!(difference(&own, &photo) > 0.01);
    // Another model predicts a style from the same picture, without another upload by hand.
    session.browser.previewed(|browser| browser.set("#model", "built-in"));
    assert!(difference(&own, &session.browser.canvas()) > 0.01);
    assert_eq!(session.browser.text("#gallery button[aria-pressed=true] span"), "stripes");
    assert_eq!(session.browser.complaints, [""; 0]);
}

#[test]
fn one_model_is_no_choice() {
    let server = Running::with(vec![Served::new("three", three()).unwrap()], |_| {});
    let Some(mut session) = Session::of(server, "", WINDOW, false) else { return };
    let browser = &mut session.browser;
    assert_eq!(browser.eval("getComputedStyle(document.querySelector('#model-part')).display"), "none");
    assert_eq!(browser.eval(NAMES), json!(["0", "1", "2"]));
    assert!(browser.text("#command").contains("--model three"));
    assert_eq!(browser.complaints, [""; 0]);
}
