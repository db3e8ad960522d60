//! Options of a server, each with a default.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use impasto::{Error, ErrorKind, Result};
use impasto_film::Tools;

/// Where a server gets ffmpeg from.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum Ffmpeg {
    /// No ffmpeg: films are refused.
    #[default]
    Without,
    /// These programs.
    Given(Tools),
    /// Searched for on the system when a client first needs it, because starting the
    /// programs would delay the server's start.
    Searched,
}

/// Options of a [`crate::Server`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ServerOptions {
    /// The address to listen on. Default: 127.0.0.1:8300.
    pub address: SocketAddr,
    /// The token that clients must send as `Authorization: Bearer …`. Required unless the address is loopback.
    pub token: Option<String>,
    /// The origin (`https://example.org`) of a page whose scripts may use the API. Default: only the server's own page.
    pub cors: Option<String>,
    /// How many pictures are painted at a time. Default: 2.
    pub jobs: usize,
    /// How many pictures may wait to be painted. Default: 16.
    pub queue: usize,
    /// How many connections may be open at a time. Default: 256.
    pub connections: usize,
    /// Most bytes in a request's body. Default: 64 MiB.
    pub max_body: usize,
    /// Most pixels in a picture. Default: 50 million.
    pub max_pixels: u64,
    /// Reads and writes films. Default: none, and films are refused.
    pub ffmpeg: Ffmpeg,
    /// Most bytes in a film, uploaded or painted. All films together take up to eight
    /// times as much on disk. Default: 256 MiB.
    pub max_film: u64,
    /// Most frames in a film, or in the part that is painted. Default: 18,000, ten minutes at 30 frames per second.
    pub max_film_frames: usize,
    /// Most bytes of memory for all requests and everything that is kept. Default: 2 GiB.
    pub max_memory: u64,
    /// Most time for a request, and for a client to take the next part of an answer. Default: two minutes.
    pub timeout: Duration,
    /// How long uploads, styles and results are kept after their last use. Default: half an hour.
    pub expire: Duration,
    /// How long running paintings may continue when the server stops. Default: two seconds.
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
            return invalid("a token must have at least 16 characters, without spaces");
        }
        let is_origin = |text: &str| {
            let host = text.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https")).map(|(_, host)| host);
            host.is_some_and(|host| !host.is_empty() && !host.contains('/') && host.chars().all(visible))
        };
        if self.cors.as_deref().is_some_and(|origin| !is_origin(origin)) {
            return invalid("write an origin as https://example.org, without a path or a slash at its end");
        }
        let least = [self.jobs, self.connections, self.max_body, self.max_film_frames].into_iter().min().unwrap_or(0);
        if least == 0 || self.max_memory == 0 || self.max_film == 0 {
            return invalid("jobs, connections, bytes, frames and memory must be at least 1");
        }
        Ok(())
    }
}
