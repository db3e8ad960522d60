//! The page shows what will be painted, live while dragging.

use super::{Session, WINDOW, decoded, difference, shown};

use impasto::picture::{EncodeOptions, Format, Resize};
use impasto::{Picture, Style, StylizeOptions, Stylizer};

/// A photo of this size with edges and gradients everywhere.
fn scene(width: usize, height: usize) -> Picture {
    let drawn = impasto_draw::content::landscape(width, height, 3);
    Picture::from_rgb_f32([drawn.width, drawn.height], drawn.rgb).unwrap()
}

#[test]
fn a_photo_is_painted_as_it_is_asked_for() {
    let Some(mut session) = Session::open(WINDOW, false) else { return };
    let photo = session.pick();
    let browser = &mut session.browser;
    let full = browser.canvas();
    browser.eval("document.querySelector('#view').focus()");
    browser.key_down("o");
    let before = browser.canvas();
    browser.key_up("o");
    assert!(difference(&before, &full) > 0.02, "the preview is no painting: {}", difference(&before, &full));
    // Another style gives another painting.
    browser.previewed(|browser| browser.click("[data-style=mosaic]"));
    let mosaic = browser.canvas();
    assert!(difference(&mosaic, &full) > 0.01, "{}", difference(&mosaic, &full));
    // Strength goes from the photo to the painting.
    let mut distances = Vec::new();
    for strength in ["0", "35", "70", "100"] {
        browser.previewed(|browser| browser.set("#strength", strength));
        distances.push(difference(&browser.canvas(), &before));
    }
    assert!(distances[0] < 0.02, "strength 0 is not the photo: {distances:?}");
    assert!(distances.is_sorted() && distances[3] > distances[1] + 0.01, "{distances:?}");
    // A mixture of two styles lies between them.
    browser.previewed(|browser| browser.set("#mix select", "starry"));
    let mixed = browser.canvas();
    assert!(difference(&mixed, &mosaic) > 0.003);
    browser.previewed(|browser| browser.set("#mix input", "100"));
    assert!(difference(&browser.canvas(), &mixed) > 0.001, "a style's part makes no difference");
    assert_eq!(browser.text("#command"), "impasto stylize 'photo one.jpg' -s mosaic=2 -s starry=1 -o 'photo one-painted.jpg'");
    // Colors of the photo, entirely or in part.
    browser.previewed(|browser| browser.click("[data-style=starry]"));
    let own = browser.canvas();
    browser.previewed(|browser| browser.set("#colors", "luminance"));
    let kept = browser.canvas();
    browser.previewed(|browser| browser.set("#color-strength", "40"));
    let some = browser.canvas();
    assert!(difference(&kept, &own) > 0.01);
    assert!(difference(&some, &own) < difference(&kept, &own) && difference(&some, &own) > 0.001);
    browser.previewed(|browser| browser.set("#colors", "style"));

    // At full size, exactly the pixels that the library paints, and the photo's resolution.
    let bytes = session.paint("photo one-mosaic.jpg");
    let painted = decoded(&bytes);
    assert_eq!((painted.width(), painted.height()), (480, 320));
    assert_eq!(painted.source().density, photo.source().density);
    let look = StylizeOptions::default();
    let expected = Stylizer::new().unwrap().stylize_with(&photo, &Style::built_in("mosaic").unwrap(), &look, &()).unwrap();
    assert_eq!(bytes, expected.encode(Format::Jpeg, &EncodeOptions::default()).unwrap().bytes);
    assert_eq!(session.browser.complaints, [""; 0]);
}

#[test]
fn the_preview_is_the_painting_sharp_at_2560() {
    let Some(mut session) = Session::open([2560, 1440], false) else { return };
    let photo = scene(2700, 1800);
    let bytes = photo.encode(Format::Jpeg, &EncodeOptions::default()).unwrap().bytes;
    let path = session.file("large.jpg", &bytes);
    let browser = &mut session.browser;
    browser.previewed(|browser| browser.choose("#photo", &[&path]));
    let canvas = browser.canvas();
    let side = browser.eval("Number(document.body.dataset.sharp)").as_u64().unwrap() as usize;
    let seen = shown(&canvas, [2700, 1800]);
    assert!(side > 1500 && side.abs_diff(seen.width()) < 4, "{side} for {} pixels on the screen", seen.width());
    // The library's full-size painting, resized to what the page shows.
    let painted = Stylizer::new().unwrap().stylize(&decoded(&bytes), &Style::built_in("starry").unwrap()).unwrap();
    let expected = painted.resized(seen.size(), Resize::PHOTO).unwrap();
    let apart = difference(&seen, &expected);
    // For comparison, painted on a small canvas of its own.
    let small = decoded(&bytes).fit_long_side(512, Resize::PHOTO).unwrap();
    let small = Stylizer::new().unwrap().stylize(&small, &Style::built_in("starry").unwrap()).unwrap();
    let blurred = difference(&small.resized(seen.size(), Resize::PHOTO).unwrap(), &expected);
    assert!(apart < 0.02 && apart < blurred / 2.0, "{apart} from the painting, and a small preview is {blurred}");
    assert_eq!(browser.complaints, [""; 0]);
}

#[test]
fn pictures_come_while_a_slider_is_dragged() {
    let Some(mut session) = Session::open(WINDOW, false) else { return };
    let browser = &mut session.browser;
    let before = browser.canvas();
    // Thirty events per second, until three pictures have come or a minute has passed. Tests are not fully optimized
    // and share the machine. So this only tests that pictures arrive while the hand is moving; `latency.mjs` measures
    // how many.
    let counts = browser.eval(
        "new Promise(resolve => {
            const slider = document.querySelector('#strength');
            const first = Number(document.body.dataset.previews);
            let i = 0;
            const timer = setInterval(() => {
                slider.value = String(100 - i++ % 90);
                slider.dispatchEvent(new Event('input', { bubbles: true }));
                const pictures = Number(document.body.dataset.previews) - first;
                if (i % 90 !== 30 || pictures < 3 && i < 1800) return;
                clearInterval(timer);
                resolve(pictures);
            }, 33);
        })",
    );
    assert!(counts.as_u64().unwrap() >= 3, "{counts} pictures in a minute");
    browser.settled();
    // The last picture is for the position where the hand stopped.
    assert_eq!(browser.text("#strength-value"), "71 %");
    let live = browser.canvas();
    browser.previewed(|browser| browser.set("#strength", "100"));
    assert!(difference(&browser.canvas(), &before) < 1e-3 && difference(&live, &before) > 0.005);
    browser.previewed(|browser| browser.set("#strength", "71"));
    assert!(difference(&browser.canvas(), &live) < 1e-3, "{}", difference(&browser.canvas(), &live));
}
