//! Settings of a server, each with a default.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use impasto::{Error, ErrorKind, Result};
use impasto_film::Tools;

/// Where a server has ffmpeg from.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum Ffmpeg {
    /// Nowhere: films are refused.
    #[default]
    Without,
    /// These programs.
    Given(Tools),
    /// Where the system finds it. It is looked for when a client first asks: starting its programs would hold up the server's start.
    Searched,
}

/// Settings of a [`crate::Server`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ServerOptions {
    /// Where to listen. Default: 127.0.0.1:8300.
    pub address: SocketAddr,
    /// What clients must send as `Authorization: Bearer …`; required unless the address is loopback.
    pub token: Option<String>,
    /// A page's origin (`https://example.org`) whose scripts may use the API. Default: none but the own page's.
    pub cors: Option<String>,
    /// Pictures that are painted at a time. Default: 2.
    pub jobs: usize,
    /// Pictures that may wait for that. Default: 16.
    pub queue: usize,
    /// Connections at a time. Default: 256.
    pub connections: usize,
    /// Most bytes of a request's body. Default: 64 MiB.
    pub max_body: usize,
    /// Most pixels of a picture. Default: 50 million.
    pub max_pixels: u64,
    /// What reads and writes films. Default: nothing, and films are refused.
    pub ffmpeg: Ffmpeg,
    /// Most bytes of a film, uploaded or painted; all films together take eight times that on disk. Default: 256 MiB.
    pub max_film: u64,
    /// Most frames of a film, or of the part that is painted. Default: 18 000, ten minutes at 30 a second.
    pub max_film_frames: usize,
    /// Most bytes of memory that all requests and what is kept take together. Default: 2 GiB.
    pub max_memory: u64,
    /// How long a request may take, and how long nothing may move on a connection. Default: two minutes.
    pub timeout: Duration,
    /// How long uploads, styles and results are kept after they were used last. Default: half an hour.
    pub expire: Duration,
    /// How long pictures that are being painted may go on when the server is stopped. Default: two seconds.
    pub grace: Duration,
}

impl Default for ServerOptions {
    fn default() -> Self {
        ServerOptions {
            address: (Ipv4Addr::LOCALHOST, 8300).into(),
            token: None,
            cors: None,
            jobs: 2,
            queue: 16,
            connections: 256,
            max_body: 64 << 20,
            max_pixels: 50_000_000,
            ffmpeg: Ffmpeg::Without,
            max_film: 256 << 20,
            max_film_frames: 18_000,
            max_memory: 2 << 30,
            timeout: Duration::from_secs(120),
            expire: Duration::from_secs(1800),
            grace: Duration::from_secs(2),
        }
    }
}

impl ServerOptions {
    pub(crate) fn check(&self) -> Result<()> {
        let invalid = |text: &str| Err(Error::new(ErrorKind::InvalidArgument, text));
        if self.token.is_none() && !self.address.ip().is_loopback() {
            return invalid(
                "anybody on the network could use a server on this address; give a token that clients must send (--token, or IMPASTO_TOKEN), \
                 or listen on 127.0.0.1",
            );
        }
        let visible = |c: char| c.is_ascii_graphic();
        if self.token.as_ref().is_some_and(|token| token.len() < 16 || !token.chars().all(visible)) {
            return invalid("a token has at least 16 characters, without spaces");
        }
        if self.cors.as_ref().is_some_and(|origin| !origin.starts_with("http") || !origin.chars().all(visible)) {
            return invalid("an origin is written as https://example.org");
        }
        let least = [self.jobs, self.connections, self.max_body, self.max_film_frames].into_iter().min().unwrap_or(0);
        if least == 0 || self.max_memory == 0 || self.max_film == 0 {
            return invalid("jobs, connections, bytes, frames and memory must be at least 1");
        }
        Ok(())
    }
}
