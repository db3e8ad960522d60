//! `serve`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::LoudnessFlags;
use crate::values;

/// Serve an HTTP API, and a page to paint on in the browser.
///
/// Requests and results are kept in memory, for a while; nothing that a request names reaches the file system. Films are kept in a private temporary
/// folder, which is removed when the server ends. The address that is served on is printed on standard output. Ctrl-C ends it: pictures that are being painted have a few seconds.

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Address to listen on; other than this machine's own needs a token
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub(crate) bind: std::net::IpAddr,

    /// Port to listen on; 0 for any that is free
    #[arg(long, value_name = "PORT", default_value_t = 8300, allow_negative_numbers = true)]
    pub(crate) port: u16,

    /// Open the page in the browser
    #[arg(long)]
    pub(crate) open: bool,

    /// What clients must send as `Authorization: Bearer TOKEN`, of at least 16 characters; better in the environment, where other users do not see it
    #[arg(long, value_name = "TOKEN", env = "IMPASTO_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,

    /// A page's origin whose scripts may use the API, for example <https://example.org>
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) cors: Option<String>,

    /// Model that paints, as for `impasto stylize`
    #[arg(long = "model", value_name = "MODEL", value_hint = ValueHint::AnyPath)]
    pub(crate) models: Vec<PathBuf>,

    /// One more model, which requests and the page can choose by its name; may be repeated
    ///
    /// A name of `impasto models list` (built-in, too), a file, a folder or a web address. All models are read when the server starts. Requests choose
    /// among these: nothing that a request names is read or downloaded.
    #[arg(long, value_name = "MODEL", value_hint = ValueHint::AnyPath)]
    pub(crate) also: Vec<PathBuf>,

    /// Threads that paint; one a core if not given
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = super::threads)]
    pub(crate) threads: Option<usize>,

    /// Pictures painted at a time
    #[arg(short, long, value_name = "N", default_value_t = 2, allow_negative_numbers = true, value_parser = super::threads)]
    pub(crate) jobs: usize,

    /// Pictures that may wait; more are turned away
    #[arg(long, value_name = "N", default_value_t = 16, allow_negative_numbers = true, value_parser = clap::value_parser!(u16).range(0..=10_000))]
    pub(crate) queue: u16,

    /// Most bytes of a request
    #[arg(long, value_name = "BYTES", default_value = "64M", allow_negative_numbers = true, value_parser = values::bytes)]
    pub(crate) max_body: u64,

    /// Most pixels of a picture
    #[arg(long, value_name = "N", default_value_t = 50_000_000, allow_negative_numbers = true, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_pixels: u64,

    /// The program ffmpeg, or the folder that it is in, for films. Default: where the system finds it; without it films are refused
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) ffmpeg: Option<PathBuf>,

    /// Most bytes of a film, uploaded or painted; all films together take eight times that on disk
    #[arg(long, value_name = "BYTES", default_value = "256M", allow_negative_numbers = true, value_parser = values::bytes)]
    pub(crate) max_film: u64,

    /// Most frames of a film, or of the part that is painted
    #[arg(long, value_name = "N", default_value_t = 18_000, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_film_frames: u32,

    /// Most memory for all requests and what is kept; a quarter of the machine's or the container's if not given
    #[arg(long, value_name = "BYTES", allow_negative_numbers = true, value_parser = values::bytes)]
    pub(crate) max_memory: Option<u64>,

    /// Seconds that a request may take
    #[arg(long, value_name = "SECONDS", default_value_t = 120, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub(crate) timeout: u32,

    /// Seconds after their last use that uploads, styles and results are kept
    #[arg(long, value_name = "SECONDS", default_value_t = 1800, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=604_800))]
    pub(crate) expire: u32,

    /// Seconds that requests may take to finish after Ctrl-C or SIGTERM
    #[arg(long, value_name = "SECONDS", default_value_t = 2, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(0..=86_400))]
    pub(crate) drain: u32,

    #[command(flatten)]
    pub(crate) loudness: LoudnessFlags,
}
