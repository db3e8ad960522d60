//! Runs a server in this process, and a client that can also misbehave.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

#[path = "../../../impasto/tests/common/models.rs"]
#[allow(dead_code, reason = "shared with the tests of other crates")]
mod models;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use impasto::picture::{EncodeOptions, Format};
use impasto::{Picture, Stylizer};
use impasto_server::{Served, Server, ServerOptions};
use serde_json::Value;
use tokio::sync::oneshot;

/// A server that stops when it is dropped.
pub struct Running {
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// An answer from the server.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Running {
    /// A server with the built-in model on a free port.
    pub fn start(change: impl FnOnce(&mut ServerOptions)) -> Self {
        Self::of(Stylizer::builder().threads(2).open().unwrap(), change)
    }

    /// A server with this model. Its results have no record of how they were made, so that tests can compare bytes.
    pub fn of(stylizer: Stylizer, change: impl FnOnce(&mut ServerOptions)) -> Self {
        Self::with(vec![Served::new("built-in", stylizer).unwrap()], change)
    }

    /// A server with these models.
    pub fn with(models: Vec<Served>, change: impl FnOnce(&mut ServerOptions)) -> Self {
        let mut options = ServerOptions::default();
        options.address.set_port(0);
        options.grace = Duration::from_secs(1);
        change(&mut options);
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            let server = runtime.block_on(Server::bind(models, options)).unwrap();
            tell.send(server.address()).unwrap();
            runtime.block_on(server.serve(async { drop(stopped.await) })).unwrap();
            runtime.shutdown_timeout(Duration::from_secs(5));
        });
        Running { address: told.recv().unwrap(), stop: Some(stop), thread: Some(thread) }
    }

    pub fn plain() -> Self {
        Self::start(|_| {})
    }

    /// Opens a connection without sending anything.
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    }

    /// Sends a request (HTTP/1.0, so that bodies are not chunked) and reads the answer.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut stream = self.connect();
        let mut head = format!("{method} {path} HTTP/1.0\r\nContent-Length: {}\r\n", body.len());
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            head.push_str(&format!("Host: {}\r\n", self.address));
        }
        headers.iter().for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
        head.push_str("\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        // If the server refuses the request before reading all of it, it closes the connection and writing fails.
        let _ = stream.write_all(body);
        Answer::read(&mut stream)
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], b"")
    }

    pub fn post_json(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &[("Content-Type", "application/json")], body.to_string().as_bytes())
    }

    pub fn post_form(&self, path: &str, fields: &[(&str, &[u8])], headers: &[(&str, &str)]) -> Answer {
        let form = [&[("Content-Type", "multipart/form-data; boundary=XyZ")], headers].concat();
        self.send("POST", path, &form, &multipart(fields))
    }

    /// The value of a gauge in the metrics.
    pub fn gauge(&self, name: &str) -> u64 {
        let text = self.get("/metrics").text();
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("impasto_{name} ")));
        line.unwrap_or_else(|| panic!("no {name} in {text}")).parse().unwrap()
    }

    /// Waits until a condition holds.
    pub fn until(&self, what: &str, mut holds: impl FnMut() -> bool) {
        // A long time, because the machine may be busy with other tests.
        let deadline = std::time::Instant::now() + Duration::from_secs(300);
        while !holds() {
            assert!(std::time::Instant::now() < deadline, "{what}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(Err(e)) = self.thread.take().map(|thread| thread.join())
            && !std::thread::panicking()
        {
            std::panic::resume_unwind(e);
        }
    }
}

impl Answer {
    pub fn read(stream: &mut TcpStream) -> Self {
        let mut bytes = Vec::new();
        // Bytes received before a reset still count as an answer.
        let _ = stream.read_to_end(&mut bytes);
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(&bytes)));
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
        Answer { status, head, body: bytes[end + 4..].to_vec() }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {} {}", self.status, self.text()))
    }

    pub fn picture(&self) -> Picture {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        Picture::decode(&self.body, &impasto::picture::Limits::default()).unwrap()
    }

    /// `None` if this is a problem document with this status whose detail contains these
    /// words, otherwise a description of what it is.
    pub fn complaint(&self, status: u16, words: &str) -> Option<String> {
        let typed = self.header("content-type") == Some("application/problem+json");
        let json: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let detail = json["detail"].as_str().unwrap_or_default();
        let sound =
            self.status == status && typed && json["status"] == status && detail.contains(words) && !detail.contains('\n');
        (!sound).then(|| format!("{} {:?}: {}", self.status, self.header("content-type"), String::from_utf8_lossy(&self.body)))
    }
}

pub fn multipart(fields: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, content) in fields {
        body.extend_from_slice(
            format!("--XyZ\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"f\"\r\n\r\n").as_bytes(),
        );
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--XyZ--\r\n");
    body
}

/// A small untrained model, of a family without built-in styles.
pub fn other_model() -> Stylizer {
    Stylizer::builder().threads(2).build(models::magenta()).unwrap()
}

/// A picture file in which all pixels differ.
pub fn file(width: usize, height: usize, format: Format) -> Vec<u8> {
    let pixel = |i: usize| [(i % width * 255 / width) as u8, (i / width * 255 / height) as u8, (i * 7 % 256) as u8];
    let rgb: Vec<u8> = (0..width * height).flat_map(pixel).collect();
    Picture::from_rgb8([width, height], &rgb).unwrap().encode(format, &EncodeOptions::default()).unwrap().bytes
}

pub fn png(width: usize, height: usize) -> Vec<u8> {
    file(width, height, Format::Png)
}
