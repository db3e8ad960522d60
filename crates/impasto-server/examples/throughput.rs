//! Measures what serving costs: pictures per second over HTTP compared with the library alone, and preview latency.
//!
//!     cargo run --release -p impasto-server --example throughput

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use impasto::picture::{EncodeOptions, Format, Limits, Stored, Writer};
use impasto::{Picture, Style, StylizeOptions, Stylizer};
use impasto_server::{Served, Server, ServerOptions};

const SIZE: [usize; 2] = [512, 720];
const PICTURES: usize = 60;
const CLIENTS: usize = 4;

fn main() -> impasto::Result<()> {
    let drawn = impasto_draw::content::landscape(SIZE[0], SIZE[1], 1);
    let content =
        Picture::from_rgb_f32([drawn.width, drawn.height], drawn.rgb)?.encode(Format::Jpeg, &EncodeOptions::default())?.bytes;
    let stylizer = Stylizer::builder().threads(2).open()?;
    let style = Style::built_in("starry")?;
    let paint = |stylizer: &Stylizer| -> impasto::Result<usize> {
        let stored = Stored::decode(&content, &Limits::default())?;
        let like = (stored.source(), stored.has_alpha());
        let mut writer = Writer::new(None, Format::Jpeg, &EncodeOptions::default(), SIZE, like)?;
        let mut write = |rgb: &[f32], alpha: Option<&[f32]>| writer.write(rgb, alpha);
        stylizer.stylize_stored(&stored, &style, &StylizeOptions::default(), &mut write, &())?;
        let mut bytes = Vec::new();
        writer.finish_to(&mut bytes)?;
        Ok(bytes.len())
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut options = ServerOptions::default();
    options.address.set_port(0);
    let server =
        runtime.block_on(Server::bind(vec![Served::new("built-in", Stylizer::builder().threads(2).open()?)?], options))?;
    let address = server.address();
    runtime.spawn(server.serve(std::future::pending()));

    let form = [
        b"--XyZ\r\nContent-Disposition: form-data; name=\"content\"; filename=\"f\"\r\n\r\n",
        &content[..],
        b"\r\n--XyZ\r\nContent-Disposition: form-data; name=\"style_name\"\r\n\r\nstarry\r\n--XyZ--\r\n",
    ]
    .concat();
    // Alternate, so that both run under the same conditions.
    for round in 0..3 {
        let own = rate(2, || {
            paint(&stylizer).expect("the picture is sound");
        });
        let served = rate(CLIENTS, || {
            post(address, "/v1/stylize", "multipart/form-data; boundary=XyZ", &form);
        });
        println!(
            "round {round}: library {own:.2} pictures a second, server {served:.2} with {CLIENTS} clients: {:.3}",
            served / own
        );
    }
    let body = br#"{"content": "demo", "size": 512, "styles": [{"name": "starry"}], "session": "s"}"#;
    let mut times: Vec<f64> = (0..20)
        .map(|_| {
            let start = Instant::now();
            post(address, "/v1/previews", "application/json", body);
            start.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!("previews of 512 pixels: {:.0} ms at least, {:.0} in the middle, {:.0} at most", times[0], times[10], times[19]);
    Ok(())
}

/// Pictures per second with this many concurrent callers.
fn rate(callers: usize, work: impl Fn() + Sync) -> f64 {
    let next = AtomicUsize::new(0);
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..callers {
            scope.spawn(|| {
                while next.fetch_add(1, Ordering::Relaxed) < PICTURES {
                    work();
                }
            });
        }
    });
    PICTURES as f64 / start.elapsed().as_secs_f64()
}

fn post(address: SocketAddr, path: &str, kind: &str, body: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).expect("the server listens");
    let head =
        format!("POST {path} HTTP/1.0\r\nHost: {address}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)).expect("the server reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("the server answers");
    assert!(answer.starts_with(b"HTTP/1.0 200"), "{}", String::from_utf8_lossy(&answer[..answer.len().min(500)]));
    answer
}
