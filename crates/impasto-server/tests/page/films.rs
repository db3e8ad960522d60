//! A film, from dropping it on the page to the downloaded file.

use super::common::Running;
use super::{Session, WINDOW, difference, part};
use crate::films::draw;
use std::io::Write as _;

use std::path::{Path, PathBuf};

use impasto::Picture;
use impasto_film::Tools;
use impasto_server::Ffmpeg;
use serde_json::json;

/// Opens the page of a server that paints films. Returns `None` if there is no ffmpeg or no browser.
pub(super) fn open(window: [u32; 2], dark: bool) -> Option<Session> {
    let Ok(tools) = Tools::find(None) else {
        let _ = writeln!(std::io::stderr(), "skipped: films on the page, because ffmpeg is not installed");
        return None;
    };
    Session::of(Running::start(|options| options.ffmpeg = Ffmpeg::Given(tools)), "", window, dark)
}

/// A film of 32 frames: two seconds of red, then two of blue, with sound.
pub(super) fn red_and_blue(folder: &Path) -> PathBuf {
    let sources = "-f lavfi -i color=red:size=96x64:rate=8:duration=2 -f lavfi -i color=blue:size=96x64:rate=8:duration=2 -f lavfi -i \
                   sine=duration=4 -filter_complex [0:v][1:v]concat -c:v libvpx -b:v 400k -g 4 -c:a libopus";
    draw(folder, sources, "walk.webm");
    folder.join("walk.webm")
}

/// Drops a file on the picture.
fn drop_on(session: &mut Session, path: &Path, kind: &str) {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.encode(std::fs::read(path).unwrap());
    let name = path.file_name().unwrap().to_string_lossy();
    session.browser.eval(&format!(
        "(() => {{ const data = new DataTransfer(); \
         data.items.add(new File([Uint8Array.from(atob({bytes:?}), c => c.charCodeAt(0))], {name:?}, {{ type: {kind:?} }})); \
         document.querySelector('#view').dispatchEvent(new DragEvent('drop', {{ bubbles: true, cancelable: true, dataTransfer: data }})); }})()"
    ));
}

/// The mean color of the middle of a picture.
fn middle(picture: &Picture) -> [f32; 3] {
    let [width, height] = [picture.width(), picture.height()];
    let middle = part(picture, [width * 2 / 5, height * 2 / 5, width / 5, height / 5]);
    let mut sum = [0.0; 3];
    for pixel in middle.rgb().as_chunks::<3>().0 {
        (0..3).for_each(|c| sum[c] += pixel[c]);
    }
    sum.map(|sum| sum / (middle.width() * middle.height()) as f32)
}

#[test]
fn a_film_is_dropped_painted_watched_and_downloaded() {
    let Some(mut session) = open(WINDOW, false) else { return };
    let film = red_and_blue(session.folder.path());
    session.browser.previewed(|browser| browser.set("#colors", "luminance"));
    session.browser.previewed(|browser| browser.set("#strength", "60"));
    let before = session.browser.previews();
    drop_on(&mut session, &film, "video/webm");
    let browser = &mut session.browser;
    browser.until(&format!("!document.querySelector('#film-part').hidden && Number(document.body.dataset.previews) > {before}"));
    browser.settled();
    assert_eq!(browser.text("#film-name"), "walk.webm");
    // A moment of the film is painted like a photo. The first half is red, the second blue, and the look changes both.
    let red = browser.canvas();
    browser.previewed(|browser| browser.set("#moment", "3"));
    browser.until("document.body.dataset.moment === '3'");
    browser.settled();
    let blue = browser.canvas();
    let (of_red, of_blue) = (middle(&red), middle(&blue));
    assert!(of_red[0] > of_red[2] + 0.2 && of_blue[2] > of_blue[0] + 0.2, "{of_red:?} {of_blue:?}");
    assert_eq!(browser.eval("document.querySelector('#moment').getAttribute('aria-valuetext')"), "0:03.0 of 0:04.0");
    browser.previewed(|browser| browser.set("#colors", "style"));
    assert!(difference(&browser.canvas(), &blue) > 0.02, "a moment does not follow the look");
    assert!(
        browser.text("#command").starts_with("impasto video walk.webm -s starry -o walk-painted.mp4"),
        "{}",
        browser.text("#command")
    );
    // With the keyboard: an arrow key moves by about one frame.
    browser.eval("document.querySelector('#moment').focus()");
    browser.previewed(|browser| browser.key("Home"));
    browser.until("document.body.dataset.moment === '0'");
    browser.settled();
    browser.previewed(|browser| browser.set("#colors", "luminance"));
    assert!(middle(&browser.canvas())[0] > 0.3);

    // Paint the second half. The page describes both ends in words.
    browser.set("#moment", "2");
    browser.click("#film-start");
    assert_eq!((browser.text("#film-range"), browser.text("#film-paint")), ("0:02.0 to 0:04.0".into(), "Paint this part".into()));
    browser.set("#film-format", "webm");
    browser.click("#film-paint");
    browser.until("/frames/.test(document.querySelector('#film-news').textContent) || !document.querySelector('#player').hidden");
    browser.until("!document.querySelector('#player').hidden && document.querySelector('#painted').readyState >= 2");
    assert_eq!(browser.eval("Math.round(document.querySelector('#painted').duration)"), 2);
    assert!(browser.text("#status").starts_with("Painted: walk-starry.webm"), "{}", browser.text("#status"));
    let downloads = tempfile::tempdir().unwrap();
    let bytes = browser.download("#film-save", &downloads.path().join("walk-starry.webm"));
    std::fs::write(session.folder.path().join("painted.webm"), &bytes).unwrap();
    let frame = draw(session.folder.path(), "-i painted.webm -frames:v 1", "frame.png");
    let painted = super::decoded(&frame);
    assert_eq!((painted.width(), painted.height()), (96, 64));
    let of_painted = middle(&painted);
    assert!(of_painted[2] > of_painted[0] + 0.2, "the part that is painted is another: {of_painted:?}");
    let browser = &mut session.browser;
    // It is listed among the results and can be played from there again.
    browser.until("document.querySelectorAll('#results li').length === 1");
    browser.click("#film-back");
    assert_eq!(browser.eval("document.querySelector('#player').hidden"), true);
    browser.click("#results button[aria-label^='Play walk-starry.webm']");
    browser.until("!document.querySelector('#player').hidden && document.querySelector('#painted').readyState >= 2");
    browser.key("Escape");
    // Nothing of the film stays on the server.
    session.server.until("the film stays on the server", || session.server.gauge("film_bytes") == 0);
    assert_eq!(session.browser.complaints, [""; 0]);
}

#[test]
fn films_are_canceled_and_what_cannot_be_is_told() {
    let Some(mut session) = open(WINDOW, false) else { return };
    let folder = session.folder.path().to_owned();
    draw(
        &folder,
        "-f lavfi -i testsrc2=size=640x360:rate=25:duration=20 -c:v libvpx -b:v 1M -deadline realtime -cpu-used 8",
        "long.webm",
    );
    let browser = &mut session.browser;
    browser.previewed(|browser| browser.choose("#photo", &[&folder.join("long.webm")]));
    browser.click("#film-paint");
    browser.until("/^[1-9]\\d* of 500 frames/.test(document.querySelector('#film-news').textContent)");
    // Another film waits until this one is done.
    drop_on(&mut session, &folder.join("long.webm"), "video/webm");
    let browser = &mut session.browser;
    browser.until("/being painted/.test(document.querySelector('#status').textContent)");
    browser.click("#film-cancel");
    browser.until("document.querySelector('#filming').hidden && document.querySelector('#status').textContent === 'Canceled.'");
    session.server.until("the film stays on the server", || session.server.gauge("film_bytes") == 0);
    let browser = &mut session.browser;
    // A film that this browser cannot decode can still be painted.
    draw(&folder, "-f lavfi -i testsrc2=size=64x48:rate=5:duration=1 -c:v mpeg4", "old.avi");
    browser.choose("#photo", &[&folder.join("old.avi")]);
    browser.until("/cannot show “old.avi”/.test(document.querySelector('#status').textContent)");
    assert_eq!(browser.eval("document.querySelector('#scrubber').hidden"), true);
    browser.click("#film-paint");
    browser.until("document.querySelector('#status').textContent.startsWith('Painted: old-starry.')");
    // A file that is not a film.
    std::fs::write(folder.join("text.mp4"), "no film").unwrap();
    browser.choose("#photo", &[&folder.join("text.mp4")]);
    browser.until("/cannot show “text.mp4”/.test(document.querySelector('#status').textContent)");
    browser.click("#film-paint");
    browser
        .until("/“text.mp4” cannot be read: it is damaged, or not a film/.test(document.querySelector('#status').textContent)");
    browser.click("#film-close");
    assert_eq!(browser.eval("document.querySelector('#film-part').hidden"), true);
    // The browser reports refused requests as errors.
    browser.complaints.retain(|complaint| !complaint.contains("422"));
    assert_eq!(browser.complaints, [""; 0]);
}

#[test]
fn a_film_and_its_painting_survive_a_reload() {
    let Some(mut session) = open(WINDOW, false) else { return };
    let folder = session.folder.path().to_owned();
    draw(&folder, "-f lavfi -i testsrc2=size=160x96:rate=25:duration=8 -c:v libvpx -b:v 1M -g 5 -deadline realtime", "long.webm");
    let browser = &mut session.browser;
    browser.previewed(|browser| browser.choose("#photo", &[&folder.join("long.webm")]));
    browser.previewed(|browser| browser.set("#moment", "3"));
    browser.until("document.body.dataset.moment === '3'");
    browser.settled();
    browser.click("#film-start");
    browser.set("#moment", "6");
    browser.click("#film-end");
    browser.previewed(|browser| browser.set("#moment", "3"));
    browser.settled();
    let before = browser.canvas();
    let shown = "[document.querySelector('#film-part').hidden, document.querySelector('#film-name').textContent, \
                 document.querySelector('#moment').value, document.querySelector('#film-range').textContent, \
                 document.querySelector('#film-paint').textContent]";
    let expected = json!([false, "long.webm", "3", "0:03.0 to 0:06.0", "Paint this part"]);
    assert_eq!(browser.eval(shown), expected);
    browser.reload();
    browser.until("!document.querySelector('#film-part').hidden");
    browser.settled();
    assert_eq!(browser.eval(shown), expected);
    assert!(difference(&browser.canvas(), &before) < 1e-3, "{}", difference(&browser.canvas(), &before));
    // Painting continues across a reload, and the page shows its progress again.
    browser.set("#film-format", "webm");
    browser.click("#film-paint");
    browser.until("/^[1-9]\\d* of 75 frames/.test(document.querySelector('#film-news').textContent)");
    browser.reload();
    assert_eq!(browser.eval("document.querySelector('#filming').hidden && document.querySelector('#player').hidden"), false);
    // In steps, because on a busy machine the whole takes longer than one wait.
    for painted in [16, 32, 48, 64] {
        browser.until(&format!(
            "!document.querySelector('#player').hidden || Number.parseInt(document.querySelector('#film-news').textContent) >= {painted}"
        ));
    }
    browser.until("!document.querySelector('#player').hidden && document.querySelector('#painted').readyState >= 2");
    assert_eq!(browser.eval("Math.round(document.querySelector('#painted').duration)"), 3);
    assert!(browser.text("#status").starts_with("Painted: long-starry.webm"), "{}", browser.text("#status"));
    browser.until("document.querySelectorAll('#results li').length === 1");
    session.server.until("the film stays on the server", || session.server.gauge("film_bytes") == 0);
    let browser = &mut session.browser;
    browser.click("#film-back");
    // A job that the server no longer knows.
    browser.eval(
        "new Promise(resolve => { indexedDB.open('impasto').onsuccess = ({ target: { result } }) => {
            const films = result.transaction('film', 'readwrite').objectStore('film');
            films.get('state').onsuccess = ({ target: { result: state } }) => {
                films.put({ ...state, work: { job: 'gone', format: 'webm', look: {} } }, 'state').onsuccess = () => resolve(true);
            }; }; })",
    );
    browser.reload();
    browser.until("/has forgotten “long.webm”/.test(document.querySelector('#status').textContent)");
    assert_eq!(
        browser.eval("[document.querySelector('#filming').hidden, document.querySelector('#film-part').hidden]"),
        json!([true, false])
    );
    // Once closed, it stays closed.
    browser.click("#film-close");
    browser.settled();
    browser.eval("new Promise(resolve => setTimeout(resolve, 500))");
    browser.reload();
    assert_eq!(browser.eval("document.querySelector('#film-part').hidden"), true);
    browser.complaints.retain(|complaint| !complaint.contains("404"));
    assert_eq!(browser.complaints, [""; 0]);
}

#[test]
fn a_lost_connection_is_made_again() {
    let Some(mut session) = open(WINDOW, false) else { return };
    let folder = session.folder.path().to_owned();
    draw(&folder, "-f lavfi -i testsrc2=size=160x96:rate=25:duration=4 -c:v libvpx -b:v 1M -g 5 -deadline realtime", "long.webm");
    let browser = &mut session.browser;
    browser.previewed(|browser| browser.choose("#photo", &[&folder.join("long.webm")]));
    browser.set("#film-format", "webm");
    // The first stream of events breaks off after its first part, one ends too soon, and twice there is no answer.
    browser.eval(
        "(() => { const real = fetch; window.asked = 0; window.fetch = async (url, ...rest) => {
            if (!/events$/.test(url)) return real(url, ...rest);
            asked += 1;
            if (asked === 2) throw new TypeError('no connection');
            if (asked === 3) return new Response('the proxy waits', { status: 502 });
            const answer = await real(url, ...rest);
            if (asked > 4) return answer;
            const reader = answer.body.getReader();
            const { value } = await reader.read();
            void reader.cancel();
            const breaks = asked === 1;
            return new Response(new ReadableStream({ start(stream) {
                stream.enqueue(value);
                setTimeout(() => breaks ? stream.error(new TypeError('the connection broke')) : stream.close(), 100);
            } })); }; })()",
    );
    browser.click("#film-paint");
    browser.until("asked >= 5");
    browser.until("!document.querySelector('#player').hidden && document.querySelector('#painted').readyState >= 2");
    assert!(browser.text("#status").starts_with("Painted: long-starry.webm"), "{}", browser.text("#status"));
    assert_eq!(browser.eval("asked"), 5);
    browser.click("#film-back");
    // The server stays out of reach: the page gives up after a minute, which passes faster here. The server goes on.
    let away = "(() => { const real = fetch; window.fetch = (url, ...rest) =>
        /v1.jobs/.test(url) ? Promise.reject(new TypeError('no connection')) : real(url, ...rest); })()";
    browser.eval(away);
    browser.eval("(() => { const slow = setTimeout; window.setTimeout = (then, after) => slow(then, after / 100); })()");
    browser.click("#film-paint");
    browser.until("/^The server does not answer. Reload.*“long.webm”/.test(document.querySelector('#status').textContent)");
    browser.reload();
    browser.until("document.querySelectorAll('#results li').length === 2");
    assert!(browser.text("#status").starts_with("Painted: long-starry.webm"), "{}", browser.text("#status"));
    session.server.until("the film stays on the server", || session.server.gauge("film_bytes") == 0);
    // Canceling does not wait for the server.
    let browser = &mut session.browser;
    browser.click("#film-back");
    browser.eval(away);
    browser.click("#film-paint");
    browser.until("document.querySelector('#film-news').textContent === 'Sending the film…'");
    browser.eval("new Promise(resolve => setTimeout(resolve, 1000))");
    browser.click("#film-cancel");
    browser.until("document.querySelector('#status').textContent === 'Canceled.'");
    assert_eq!(browser.complaints, [""; 0]);
}

#[test]
fn without_ffmpeg_the_page_says_so() {
    let Some(mut session) = Session::open(WINDOW, false) else { return };
    let path = session.file("walk.webm", b"whatever");
    session.browser.choose("#photo", &[&path]);
    session.browser.until("/cannot paint films: it has no ffmpeg/.test(document.querySelector('#status').textContent)");
    assert_eq!(
        session.browser.eval("[document.querySelector('#film-part').hidden, document.querySelector('#status').className]"),
        json!([true, "wrong"])
    );
    assert_eq!(session.browser.complaints, [""; 0]);
}
