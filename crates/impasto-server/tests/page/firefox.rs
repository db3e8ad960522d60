//! The page in Firefox, driven over WebDriver BiDi (<https://w3c.github.io/webdriver-bidi/>). A short run
//! of the parts that differ between browsers.

use super::common::{Running, file};
use std::io::Write as _;

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use impasto::picture::Format;
use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

/// Longer than anything takes, even on a busy machine.
const DEADLINE: Duration = Duration::from_secs(120);

struct Firefox {
    child: Child,
    socket: WebSocket<TcpStream>,
    next: u64,
    context: String,
    _profile: tempfile::TempDir,
}

impl Firefox {
    /// Returns `None` and prints a message if Firefox is not installed.
    fn open(address: &str) -> Option<Self> {
        let Some(program) = ["firefox-esr", "firefox"].into_iter().find(|name| {
            Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success())
        }) else {
            let _ = writeln!(std::io::stderr(), "skipped: the page in Firefox (it is not installed)");
            return None;
        };
        let profile = tempfile::tempdir().unwrap();
        let preferences = [
            "user_pref(\"app.update.disabledForTesting\", true);",
            "user_pref(\"datareporting.policy.dataSubmissionEnabled\", false);",
            "user_pref(\"network.captive-portal-service.enabled\", false);",
            "user_pref(\"network.connectivity-service.enabled\", false);",
            "user_pref(\"browser.shell.checkDefaultBrowser\", false);",
        ];
        std::fs::write(profile.path().join("user.js"), preferences.join("\n")).unwrap();
        let mut child = Command::new(program)
            .args(["--headless", "--no-remote", "--remote-debugging-port", "0", "--profile"])
            .arg(profile.path())
            .arg("about:blank")
            .env("HOME", profile.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let port = lines.find_map(|line| {
            let line = line.ok()?;
            line.split_once("WebDriver BiDi listening on ws://127.0.0.1:").map(|(_, port)| port.trim().to_owned())
        });
        let port: u16 = port.expect("Firefox did not start").parse().unwrap();
        // The rest of its output does not matter, but must be read.
        std::thread::spawn(move || lines.for_each(drop));
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let (socket, _) = tungstenite::client(format!("ws://127.0.0.1:{port}/session"), stream).unwrap();
        let mut firefox = Firefox { child, socket, next: 0, context: String::new(), _profile: profile };
        firefox.call("session.new", json!({ "capabilities": {} }));
        let tree = firefox.call("browsingContext.getTree", json!({}));
        firefox.context = tree["contexts"][0]["context"].as_str().unwrap().to_owned();
        firefox.navigate(address);
        Some(firefox)
    }

    fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.next += 1;
        let id = self.next;
        let message = json!({ "id": id, "method": method, "params": parameters });
        self.socket.send(Message::text(message.to_string())).unwrap();
        loop {
            let Message::Text(text) = self.socket.read().unwrap() else { continue };
            let mut message: Value = serde_json::from_str(&text).unwrap();
            if message["id"] == id {
                assert_eq!(message["type"], "success", "{method}: {message}");
                return message["result"].take();
            }
        }
    }

    fn navigate(&mut self, address: &str) {
        let context = self.context.clone();
        self.call("browsingContext.navigate", json!({ "context": context, "url": address, "wait": "complete" }));
    }

    /// The value of an expression, through JSON.
    fn eval(&mut self, expression: &str) -> Value {
        let expression = format!("(async () => JSON.stringify(await ({expression})) ?? 'null')()");
        let target = json!({ "context": self.context });
        let parameters = json!({ "expression": expression, "target": target, "awaitPromise": true });
        let result = self.call("script.evaluate", parameters);
        assert_eq!(result["type"], "success", "{expression}: {result}");
        serde_json::from_str(result["result"]["value"].as_str().unwrap()).unwrap()
    }

    fn until(&mut self, expression: &str) {
        let end = Instant::now() + DEADLINE;
        while self.eval(expression) != true {
            let status = "document.querySelector('#status')?.textContent";
            assert!(Instant::now() < end, "never: {expression}; the page says {}", self.eval(status));
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Does something that makes the page show a new preview, and waits for it.
    fn previewed(&mut self, action: &str) {
        let before = self.eval("Number(document.body.dataset.previews ?? 0)");
        self.eval(&format!("(() => {{ {action}; return 1; }})()"));
        self.until(&format!("Number(document.body.dataset.previews ?? 0) > {before}"));
        self.settled();
    }

    fn settled(&mut self) {
        self.until("!document.body.dataset.busy && document.body.dataset.sharp !== undefined");
    }

    fn choose(&mut self, selector: &str, path: &Path) {
        let target = json!({ "context": self.context });
        let found = self.call(
            "browsingContext.locateNodes",
            json!({ "context": self.context, "locator": { "type": "css", "value": selector } }),
        );
        let element = json!({ "sharedId": found["nodes"][0]["sharedId"] });
        let files = [path.to_str().unwrap()];
        let context = target["context"].clone();
        self.call("input.setFiles", json!({ "context": context, "element": element, "files": files }));
    }

    /// The mean color of the canvas.
    fn mean(&mut self) -> [f64; 3] {
        let mean = self.eval(
            "(() => { const c = document.querySelector('#view'), d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; \
             const sum = [0, 0, 0]; for (let i = 0; i < d.length; i += 4) for (let j = 0; j < 3; j++) sum[j] += d[i + j]; \
             return sum.map(s => s / d.length * 4); })()",
        );
        std::array::from_fn(|i| mean[i].as_f64().unwrap())
    }
}

impl Drop for Firefox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn apart(a: [f64; 3], b: [f64; 3]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum()
}

#[test]
fn firefox_shows_it_too() {
    let server = Running::plain();
    let address = format!("http://{}/", server.address);
    let Some(mut firefox) = Firefox::open(&address) else { return };
    firefox.until("Number(document.body.dataset.previews ?? 0) > 0");
    firefox.settled();
    let starry = firefox.mean();
    firefox.previewed("document.querySelector('[data-style=woodcut]').click()");
    let woodcut = firefox.mean();
    assert!(apart(starry, woodcut) > 3.0, "{starry:?} {woodcut:?}");
    firefox.previewed("document.querySelector('#undo').click()");
    assert!(apart(firefox.mean(), starry) < 1.0);
    // A photo and a look survive a reload.
    let folder = tempfile::tempdir().unwrap();
    let photo = folder.path().join("photo.jpg");
    std::fs::write(&photo, file(400, 300, Format::Jpeg)).unwrap();
    let before = firefox.eval("Number(document.body.dataset.previews)");
    firefox.choose("#photo", &photo);
    firefox.until(&format!("document.body.dataset.photo === 'photo.jpg' && Number(document.body.dataset.previews) > {before}"));
    firefox.settled();
    firefox.previewed(
        "const e = document.querySelector('#strength'); e.value = '50'; e.dispatchEvent(new Event('input')); e.dispatchEvent(new Event('change'))",
    );
    let half = firefox.mean();
    firefox.eval("new Promise(resolve => setTimeout(() => resolve(1), 700))");
    firefox.navigate("about:blank");
    firefox.navigate(&address);
    firefox.until("document.body.dataset.photo === 'photo.jpg' && Number(document.body.dataset.previews ?? 0) > 0");
    firefox.settled();
    assert!(apart(firefox.mean(), half) < 1.0, "{:?} {half:?}", firefox.mean());
    assert_eq!(firefox.eval("document.querySelector('#strength-value').textContent"), "50 %");
    // Painted at full size, it is among the results.
    firefox.eval("(document.querySelector('#render').click(), 1)");
    firefox.until("document.querySelectorAll('#results li').length === 1");
    assert_eq!(firefox.eval("document.querySelector('#results li span').textContent"), "starry, strength 50 %");
}
