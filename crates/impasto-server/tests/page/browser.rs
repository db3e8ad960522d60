//! Headless Chromium, driven over its DevTools protocol (<https://chromedevtools.github.io/devtools-protocol/>).
#![allow(unreachable_pub, reason = "a module of a test")]

use std::io::Write as _;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use impasto::Picture;
use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

/// Longer than anything takes, even on a busy machine.
const DEADLINE: Duration = Duration::from_secs(90);

/// A browser with one page.
pub struct Browser {
    child: Child,
    socket: WebSocket<TcpStream>,
    next: u64,
    /// Errors from the page's scripts or its content security policy.
    pub complaints: Vec<String>,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Opens an address in a window of this size. Returns `None` and prints a message if Chromium is not installed.
    pub fn open(address: &str, [width, height]: [u32; 2], dark: bool) -> Option<Self> {
        let Some(program) = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|name| {
            Command::new(name)
                .arg("--version")
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .is_ok_and(|status| status.success())
        }) else {
            let _ = writeln!(std::io::stderr(), "skipped: the page in a browser (Chromium is not installed)");
            return None;
        };
        let profile = tempfile::tempdir().unwrap();
        let child = Command::new(program)
            .args([
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
            ])
            .args([
                "--disable-component-update",
                "--disable-sync",
                "--disable-dev-shm-usage",
                "--hide-scrollbars",
                "--remote-debugging-port=0",
                "--use-fake-device-for-media-stream",
                "--use-fake-ui-for-media-stream",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg(format!("--window-size={width},{height}"))
            .arg("about:blank")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let port: u16 = wait("Chromium did not start", || {
            std::fs::read_to_string(profile.path().join("DevToolsActivePort")).ok()?.lines().next()?.parse().ok()
        });
        let target = wait("Chromium has no page", || page(port));
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let (socket, _) = tungstenite::client(target.as_str(), stream).unwrap();
        let mut browser = Browser { child, socket, next: 0, complaints: Vec::new(), _profile: profile };
        for domain in ["Page", "Runtime", "Log", "DOM"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        let scheme = if dark { "dark" } else { "light" };
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        browser.call("Emulation.setEmulatedMedia", features);
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        browser.call("Emulation.setDeviceMetricsOverride", metrics);
        browser.call("Page.navigate", json!({ "url": address }));
        Some(browser)
    }

    /// Calls a method and returns its result.
    pub fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.next += 1;
        let id = self.next;
        let message = json!({ "id": id, "method": method, "params": parameters });
        self.socket.send(Message::text(message.to_string())).unwrap();
        loop {
            let Message::Text(text) = self.socket.read().unwrap() else { continue };
            let mut message: Value = serde_json::from_str(&text).unwrap();
            if message["id"] == id {
                assert!(message["error"].is_null(), "{method}: {}", message["error"]);
                return message["result"].take();
            }
            self.notice(&message);
        }
    }

    fn notice(&mut self, event: &Value) {
        match event["method"].as_str() {
            Some("Runtime.exceptionThrown") => self.complaints.push(event["params"]["exceptionDetails"].to_string()),
            Some("Log.entryAdded") if event["params"]["entry"]["level"] == "error" => {
                self.complaints.push(event["params"]["entry"]["text"].to_string());
            }
            Some("Runtime.consoleAPICalled") if event["params"]["type"] == "error" => {
                self.complaints.push(event["params"]["args"].to_string());
            }
            _ => {}
        }
    }

    /// Evaluates an expression and awaits its value.
    pub fn eval(&mut self, expression: &str) -> Value {
        let parameters = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let mut result = self.call("Runtime.evaluate", parameters);
        assert!(result["exceptionDetails"].is_null(), "{expression}: {}", result["exceptionDetails"]);
        result["result"]["value"].take()
    }

    /// Waits until an expression is true.
    pub fn until(&mut self, expression: &str) {
        let end = Instant::now() + DEADLINE;
        while self.eval(expression) != true {
            let status = || "document.querySelector('#status')?.textContent";
            assert!(Instant::now() < end, "never: {expression}; the page says {}; {:?}", self.eval(status()), self.complaints);
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// Does something that makes the page show a new preview, and waits until the preview is as sharp as the screen.
    pub fn previewed(&mut self, action: impl FnOnce(&mut Self)) {
        let before = self.previews();
        action(self);
        self.until(&format!("Number(document.body.dataset.previews ?? 0) > {before}"));
        self.settled();
    }

    /// Waits until nothing is being painted.
    pub fn settled(&mut self) {
        self.until("!document.body.dataset.busy && document.body.dataset.sharp !== undefined");
    }

    pub fn previews(&mut self) -> u64 {
        self.eval("Number(document.body.dataset.previews ?? 0)").as_u64().unwrap()
    }

    /// The text of an element.
    pub fn text(&mut self, selector: &str) -> String {
        self.eval(&format!("document.querySelector({selector:?}).textContent")).as_str().unwrap().to_owned()
    }

    /// Left, top, width and height of an element in the window.
    pub fn area(&mut self, selector: &str) -> [f64; 4] {
        let area = self.eval(&format!(
            "(b => [b.left, b.top, b.width, b.height])(document.querySelector({selector:?}).getBoundingClientRect())"
        ));
        std::array::from_fn(|i| area[i].as_f64().unwrap())
    }

    /// Drags with the mouse.
    pub fn drag(&mut self, from: [f64; 2], to: [f64; 2]) {
        self.mouse("mousePressed", from[0], from[1]);
        for step in 1..=20 {
            let at = |i: usize| from[i] + (to[i] - from[i]) * f64::from(step) / 20.0;
            self.mouse("mouseMoved", at(0), at(1));
        }
        self.mouse("mouseReleased", to[0], to[1]);
    }

    /// Reloads the page and waits for its first preview.
    pub fn reload(&mut self) {
        self.eval("document.body.dataset.old = 'true'");
        self.call("Page.reload", json!({}));
        self.until("document.readyState === 'complete' && document.body && !document.body.dataset.old");
        self.settled();
    }

    /// Sets a slider or a list as a user would.
    pub fn set(&mut self, selector: &str, value: &str) {
        self.eval(&format!(
            "(() => {{ const e = document.querySelector({selector:?}); e.value = {value:?}; \
             e.dispatchEvent(new Event('input', {{ bubbles: true }})); e.dispatchEvent(new Event('change', {{ bubbles: true }})); }})()"
        ));
    }

    pub fn click(&mut self, selector: &str) {
        self.eval(&format!("document.querySelector({selector:?}).click()"));
    }

    /// Chooses files.
    pub fn choose(&mut self, selector: &str, files: &[&Path]) {
        let document = self.call("DOM.getDocument", json!({}));
        let node = self.call("DOM.querySelector", json!({ "nodeId": document["root"]["nodeId"], "selector": selector }));
        self.call("DOM.setFileInputFiles", json!({ "nodeId": node["nodeId"], "files": files }));
    }

    /// Clicks an element that downloads to this file, and returns the file's content.
    pub fn download(&mut self, selector: &str, file: &Path) -> Vec<u8> {
        let folder = json!({ "behavior": "allow", "downloadPath": file.parent() });
        self.call("Page.setDownloadBehavior", folder);
        self.click(selector);
        // The file has another name until the download is complete.
        wait("nothing was downloaded", || std::fs::read(file).ok().filter(|bytes| !bytes.is_empty()))
    }

    pub fn mouse(&mut self, kind: &str, x: f64, y: f64) {
        let buttons = u8::from(kind != "mouseReleased");
        let parameters = json!({ "type": kind, "x": x, "y": y, "button": "left", "buttons": buttons, "clickCount": 1 });
        self.call("Input.dispatchMouseEvent", parameters);
    }

    pub fn key(&mut self, key: &str) {
        self.key_down(key);
        self.key_up(key);
    }

    pub fn key_down(&mut self, key: &str) {
        let text = if key.chars().count() == 1 { key } else { "" };
        self.call("Input.dispatchKeyEvent", json!({ "type": "keyDown", "key": key, "code": key, "text": text }));
    }

    pub fn key_up(&mut self, key: &str) {
        self.call("Input.dispatchKeyEvent", json!({ "type": "keyUp", "key": key, "code": key }));
    }

    /// Touches these points.
    pub fn touch(&mut self, kind: &str, points: &[[f64; 2]]) {
        let points: Vec<Value> = points.iter().enumerate().map(|(i, [x, y])| json!({ "x": x, "y": y, "id": i })).collect();
        self.call("Input.dispatchTouchEvent", json!({ "type": kind, "touchPoints": points }));
    }

    /// What the canvas shows.
    pub fn canvas(&mut self) -> Picture {
        let url = self.eval("document.querySelector('#view').toDataURL('image/png')");
        decoded(url.as_str().unwrap().split(',').nth(1).unwrap())
    }

    /// What the window shows.
    pub fn screenshot(&mut self) -> Picture {
        let shot = self.call("Page.captureScreenshot", json!({ "format": "png" }));
        decoded(shot["data"].as_str().unwrap())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn decoded(base64: &str) -> Picture {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(base64).unwrap();
    Picture::decode(&bytes, &impasto::picture::Limits::default()).unwrap()
}

fn wait<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(30));
    }
}

/// The address of the page's DevTools.
fn page(port: u16) -> Option<String> {
    use std::io::{Read, Write};
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    write!(stream, "GET /json/list HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n").ok()?;
    let mut text = String::new();
    let _ = stream.read_to_string(&mut text);
    let list: Value = serde_json::from_str(text.split("\r\n\r\n").nth(1)?).ok()?;
    let target = list.as_array()?.iter().find(|target| target["type"] == "page")?;
    Some(target["webSocketDebuggerUrl"].as_str()?.to_owned())
}
