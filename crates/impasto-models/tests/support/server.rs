//! A local web server for tests: it sends what a closure answers, and records the requests.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A request.
#[derive(Debug, Clone)]
pub struct Asked {
    pub path: String,
    /// Where the requested range begins.
    pub from: Option<u64>,
    pub if_range: Option<String>,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    /// Whether to send `Content-Length`.
    pub length: bool,
    /// The connection is closed after this many bytes.
    pub cut: usize,
    /// A pause after this many bytes.
    pub pause: Option<(usize, Duration)>,
}

impl Reply {
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Reply { status, headers: Vec::new(), body: body.into(), length: true, cut: usize::MAX, pause: None }
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub fn redirect(to: impl Into<String>) -> Self {
        Self::new(302, "").header("Location", to)
    }

    /// Sends a file as good servers do: with an `ETag`, and from the requested offset.
    pub fn file(asked: &Asked, body: &[u8], tag: &str) -> Self {
        let quoted = format!("\"{tag}\"");
        let same = asked.if_range.as_ref().is_none_or(|wanted| *wanted == quoted);
        match asked.from {
            Some(from) if same && from as usize >= body.len() => Self::new(416, ""),
            Some(from) if same => {
                let range = format!("bytes {from}-{}/{}", body.len() - 1, body.len());
                Self::new(206, &body[from as usize..]).header("ETag", quoted).header("Content-Range", range)
            }
            _ => Self::new(200, body).header("ETag", quoted),
        }
    }
}

/// A server that runs until it is dropped.
pub struct Server {
    port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
    stop: Arc<AtomicBool>,
}

impl Server {
    pub fn start(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (asked, stop) = (Arc::<Mutex<Vec<Asked>>>::default(), Arc::<AtomicBool>::default());
        let (log, stopped, answer) = (asked.clone(), stop.clone(), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let (log, answer) = (log.clone(), answer.clone());
                // A client that disconnects is not an error of this server.
                std::thread::spawn(move || stream.and_then(|stream| serve(stream, &log, &*answer)));
            }
        });
        Server { port, asked, stop }
    }

    /// The address of a path, which must begin with `/`.
    pub fn address(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// All requests so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn serve(stream: TcpStream, log: &Mutex<Vec<Asked>>, answer: &dyn Fn(&Asked) -> Reply) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut asked = Asked { path: line.split(' ').nth(1).unwrap_or_default().to_owned(), from: None, if_range: None };
    loop {
        line.clear();
        if reader.read_line(&mut line)? <= 2 {
            break;
        }
        let (name, value) = line.trim().split_once(':').unwrap_or_default();
        match name.to_ascii_lowercase().as_str() {
            "range" => {
                asked.from = value.trim().strip_prefix("bytes=").and_then(|range| range.trim_end_matches('-').parse().ok())
            }
            "if-range" => asked.if_range = Some(value.trim().to_owned()),
            _ => {}
        }
    }
    log.lock().unwrap().push(asked.clone());
    let reply = answer(&asked);
    let mut out = stream;
    write!(out, "HTTP/1.1 {} x\r\nConnection: close\r\n", reply.status)?;
    for (name, value) in &reply.headers {
        write!(out, "{name}: {value}\r\n")?;
    }
    if reply.length {
        write!(out, "Content-Length: {}\r\n", reply.body.len())?;
    }
    write!(out, "\r\n")?;
    let body = &reply.body[..reply.body.len().min(reply.cut)];
    let (first, rest) = match reply.pause {
        Some((after, _)) => body.split_at(after.min(body.len())),
        None => (body, &[][..]),
    };
    out.write_all(first)?;
    if let Some((_, pause)) = reply.pause {
        out.flush()?;
        std::thread::sleep(pause);
        out.write_all(rest)?;
    }
    out.flush()?;
    out.shutdown(std::net::Shutdown::Write)?;
    // Read the rest first: closing a connection with unread data would reset it.
    let _ = reader.take(1 << 20).read_to_end(&mut Vec::new());
    Ok(())
}
