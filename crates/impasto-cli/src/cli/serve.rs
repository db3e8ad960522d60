//! The flags of `impasto serve`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::LoudnessFlags;
use crate::values;

/// Serve an HTTP API, and a page to paint in the browser.
///
/// Requests and results are kept in memory for a while. Nothing that a request names reaches the file system. Films are
/// kept in a private temporary folder, which is removed when the server ends. The server's address is printed on
/// standard output. After Ctrl-C, pictures that are being painted have a few seconds to finish.

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Address to listen on; any address other than loopback requires a token
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub(crate) bind: std::net::IpAddr,

    /// Port to listen on; 0 for any free port
    #[arg(long, value_name = "PORT", default_value_t = 8300, allow_negative_numbers = true)]
    pub(crate) port: u16,

    /// Open the page in the browser
    #[arg(long)]
    pub(crate) open: bool,

    /// Token that clients must send as `Authorization: Bearer TOKEN`, of at least 16
    /// characters; better set by the environment variable, which other users do not see
    #[arg(long, value_name = "TOKEN", env = "IMPASTO_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,

    /// Origin of a page whose scripts may use the API, for example <https://example.org>
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) cors: Option<String>,

    /// Model that paints, as for `impasto stylize`
    #[arg(long = "model", value_name = "MODEL", value_hint = ValueHint::AnyPath)]
    pub(crate) models: Vec<PathBuf>,

    /// Another model, which requests and the page can choose by name; may be repeated
    ///
    /// A name from `impasto models list` (even built-in), a file, a folder or a web address. All models are read when
    /// the server starts. Requests can choose only among these: nothing that a request names is read or downloaded.
    #[arg(long, value_name = "MODEL", value_hint = ValueHint::AnyPath)]
    pub(crate) also: Vec<PathBuf>,

    /// Number of threads that paint. Default: one per core
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = super::threads)]
    pub(crate) threads: Option<usize>,

    /// Number of pictures to paint at a time
    #[arg(short, long, value_name = "N", default_value_t = 2, allow_negative_numbers = true, value_parser = super::threads)]
    pub(crate) jobs: usize,

    /// Number of pictures that may wait; further ones are refused
    #[arg(long, value_name = "N", default_value_t = 16, allow_negative_numbers = true, value_parser = clap::value_parser!(u16).range(0..=10_000))]
    pub(crate) queue: u16,

    /// Largest request, in bytes
    #[arg(long, value_name = "BYTES", default_value = "64M", allow_negative_numbers = true, value_parser = values::bytes)]
    pub(crate) max_body: u64,

    /// Largest picture, in pixels
    #[arg(long, value_name = "N", default_value_t = 50_000_000, allow_negative_numbers = true, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_pixels: u64,

    /// The program ffmpeg, or its folder, for films. Default: where the
    /// system finds it. Without ffmpeg, films are refused
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) ffmpeg: Option<PathBuf>,

    /// Largest film, uploaded or painted, in bytes; all films together take at most eight times that on disk
    #[arg(long, value_name = "BYTES", default_value = "256M", allow_negative_numbers = true, value_parser = values::bytes)]
    pub(crate) max_film: u64,

    /// Most frames of a film, or of the part that is painted
    #[arg(long, value_name = "N", default_value_t = 18_000, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_film_frames: u32,

    /// Most memory for all requests and everything kept. Default: a quarter of the machine's or the container's
    #[arg(long, value_name = "BYTES", allow_negative_numbers = true, value_parser = values::bytes)]
    pub(crate) max_memory: Option<u64>,

    /// Seconds that a request may take
    #[arg(long, value_name = "SECONDS", default_value_t = 120, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub(crate) timeout: u32,

    /// Seconds to keep uploads, styles and results after their last use
    #[arg(long, value_name = "SECONDS", default_value_t = 1800, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=604_800))]
    pub(crate) expire: u32,

    /// Seconds that requests may take to finish after Ctrl-C or SIGTERM
    #[arg(long, value_name = "SECONDS", default_value_t = 2, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(0..=86_400))]
    pub(crate) drain: u32,

    #[command(flatten)]
    pub(crate) loudness: LoudnessFlags,
}
