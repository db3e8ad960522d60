//! Downloads one file, with progress, limits and redirects. After a broken
//! connection, a download continues where it stopped.
//!
//! The bytes go to `FILE.part`, and what the server said about them to `FILE.part.json`. When the file is complete and
//! has the expected size and SHA-256, it is renamed to its own name.

mod client;
mod proxy;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use impasto::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

use crate::cache::{cancelled, clear, io};
use crate::{Address, Watch, hash};
use client::{Answer, Failure, Request};

/// What a file is expected to be.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Expected {
    /// The size, if known.
    pub bytes: Option<u64>,
    /// The SHA-256 in lower-case hexadecimal, if known.
    pub sha256: Option<String>,
}

impl Expected {
    /// Expects this size and hash, as far as they are known.
    pub fn new(bytes: Option<u64>, sha256: Option<String>) -> Self {
        Expected { bytes, sha256 }
    }
}

/// How downloads behave.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DownloadOptions {
    /// Most bytes in a file. Default: 2 GiB.
    pub max_bytes: u64,
    /// Whether `http` addresses of other machines are allowed. Those of this machine always are. Default: no.
    pub allow_http: bool,
    /// How long to wait for a connection, and for the next bytes. Default: 30 seconds.
    pub idle: Duration,
    /// How many times in a row to try again after a temporary failure. A byte
    /// that arrives restarts the count. Default: 4.
    pub retries: u32,
    /// The pause before the first retry. It doubles with each one. Default: 1 second.
    pub pause: Duration,
    /// Appended to the error for an `http` address that is not allowed: how users can allow it. Default: empty.
    pub how_to_allow_http: &'static str,
}

impl Default for DownloadOptions {
    fn default() -> Self {
        DownloadOptions {
            max_bytes: 2 << 30,
            allow_http: false,
            idle: Duration::from_secs(30),
            retries: 4,
            pause: Duration::from_secs(1),
            how_to_allow_http: "",
        }
    }
}

impl DownloadOptions {
    /// Sets [`DownloadOptions::max_bytes`].
    #[must_use]
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Sets [`DownloadOptions::allow_http`].
    #[must_use]
    pub fn allow_http(mut self, allow: bool) -> Self {
        self.allow_http = allow;
        self
    }

    /// Sets [`DownloadOptions::how_to_allow_http`].
    #[must_use]
    pub fn how_to_allow_http(mut self, how: &'static str) -> Self {
        self.how_to_allow_http = how;
        self
    }

    /// Sets [`DownloadOptions::idle`] and [`DownloadOptions::pause`].
    #[must_use]
    pub fn patience(mut self, idle: Duration, pause: Duration) -> Self {
        (self.idle, self.pause) = (idle, pause);
        self
    }
}

/// What is known about a file that has partly arrived.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Partial {
    address: String,
    /// `ETag` or `Last-Modified`, from which the server can tell whether it still has the same file.
    validator: Option<String>,
}

/// Downloads a file to `path`. An existing file is replaced.
///
/// If an earlier download to the same path was interrupted, this continues it, provided that the server still has the
/// same file or the file's SHA-256 is known.
///
/// # Errors
/// One line that names the address. [`ErrorKind::Io`] for connections and error answers of servers;
/// [`ErrorKind::TooLarge`] over the limit; [`ErrorKind::Malformed`] if the size or SHA-256 is not the expected one;
/// [`ErrorKind::InvalidArgument`] for `http` that is not allowed; [`ErrorKind::Cancelled`], after which the bytes that
/// have arrived stay, so that the next call can continue.
pub fn file(address: &Address, path: &Path, expected: &Expected, options: &DownloadOptions, watch: &dyn Watch) -> Result<()> {
    let text = address.to_string();
    let download = Download { address, path, expected, options, watch };
    download.run().map_err(|e| if e.kind() == ErrorKind::Cancelled { e } else { e.context(text) })
}

struct Download<'a> {
    address: &'a Address,
    path: &'a Path,
    expected: &'a Expected,
    options: &'a DownloadOptions,
    watch: &'a dyn Watch,
}

impl Download<'_> {
    fn run(&self) -> Result<()> {
        if let Some(bytes) = self.expected.bytes.filter(|&bytes| bytes > self.options.max_bytes) {
            return Err(too_large(bytes, self.options.max_bytes));
        }
        let (mut failures, mut pause, mut reached) = (0, self.options.pause, false);
        loop {
            let before = self.arrived();
            let why = match self.attempt() {
                Ok(()) => break,
                Err(Failure::Final(error)) => return Err(error),
                // Without a network, retries would only waste time.
                Err(Failure::Unreachable(error)) if !reached => return Err(error),
                Err(Failure::Unreachable(error)) => error.to_string(),
                Err(Failure::MayPass(why)) => why,
            };
            if self.arrived() > before {
                (failures, pause, reached) = (0, self.options.pause, true);
            }
            failures += 1;
            if failures > self.options.retries {
                let again = if self.arrived() > 0 { "; the part that has arrived is kept: try again to continue" } else { "" };
                return Err(Error::new(ErrorKind::Io, format!("{why}{again}")));
            }
            self.watch.note(&format!("{}: {why}; trying again", self.address));
            self.sleep(pause)?;
            pause *= 2;
        }
        self.finish()
    }

    /// Makes one attempt: requests what is missing, and writes what arrives.
    fn attempt(&self) -> Result<(), Failure> {
        let known = self.known();
        let arrived = if known.is_some() { self.arrived() } else { 0 };
        let request = Request {
            address: self.address,
            from: arrived,
            validator: known.as_ref().and_then(|known| known.validator.clone()),
            options: self.options,
        };
        let Answer { from, length, validator, mut body } = match request.send(self.watch)? {
            Some(answer) => answer,
            // The server has nothing after these bytes. Either they are the whole file, or they belong to another one.
            None if self.expected.bytes == Some(arrived) => return Ok(()),
            None => {
                clear(&self.part())?;
                return Err(Failure::MayPass("the file on the server has changed".to_owned()));
            }
        };
        let total = length.map(|length| from + length);
        if let (Some(total), Some(bytes)) = (total, self.expected.bytes)
            && total != bytes
        {
            return Err(malformed(format!("has {total} bytes instead of {bytes}: it is not the expected file")).into());
        }
        if total.is_some_and(|total| total > self.options.max_bytes) {
            return Err(too_large(total.unwrap_or_default(), self.options.max_bytes).into());
        }
        self.note_partial(validator)?;
        let mut file = self.open_part(from)?;
        let (mut done, most) = (from, self.expected.bytes.unwrap_or(self.options.max_bytes));
        let name = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut piece = vec![0; 1 << 16];
        loop {
            if self.watch.cancelled() {
                return Err(cancelled().into());
            }
            self.watch.progress(&name, done, total.or(self.expected.bytes));
            let n = match body.read(&mut piece) {
                Ok(0) => break,
                Ok(n) => n,
                Err(e) if client::is_timeout(&e) => {
                    return Err(Failure::MayPass(format!("nothing arrived for {} s", client::seconds(self.options.idle))));
                }
                Err(_) => return Err(broke_off(done, total)),
            };
            done += n as u64;
            if done > most {
                let error = if self.expected.bytes.is_some() {
                    malformed(format!("has more than {most} bytes: it is not the expected file"))
                } else {
                    too_large(done, most)
                };
                clear(&self.part())?;
                return Err(error.into());
            }
            file.write_all(&piece[..n]).map_err(|e| io(&self.part(), e))?;
        }
        file.sync_all().map_err(|e| io(&self.part(), e))?;
        let whole = total.or(self.expected.bytes);
        if whole.is_some_and(|whole| done < whole) { Err(broke_off(done, whole)) } else { Ok(()) }
    }

    /// Compares the file with what is expected, and renames it to its own name.
    fn finish(&self) -> Result<()> {
        let part = self.part();
        if let Some(expected) = &self.expected.sha256 {
            let found = hash::of_file(&part).map_err(|e| io(&part, e))?;
            if found != *expected {
                clear(&part)?;
                clear(&self.notes())?;
                return Err(malformed(format!("is not the expected file: its SHA-256 is {found} instead of {expected}")));
            }
        }
        std::fs::rename(&part, self.path).map_err(|e| io(self.path, e))?;
        clear(&self.notes())
    }

    fn part(&self) -> PathBuf {
        with_end(self.path, ".part")
    }

    fn notes(&self) -> PathBuf {
        with_end(self.path, ".part.json")
    }

    /// How many bytes an earlier attempt has left.
    fn arrived(&self) -> u64 {
        std::fs::metadata(self.part()).map_or(0, |about| about.len())
    }

    /// The notes of an earlier attempt that can be continued, because the server can tell whether the
    /// file is the same, or the hash will show it.
    fn known(&self) -> Option<Partial> {
        let notes: Partial = serde_json::from_slice(&std::fs::read(self.notes()).ok()?).ok()?;
        let same_server = notes.address == self.address.to_string() && notes.validator.is_some();
        if same_server { Some(notes) } else { self.expected.sha256.is_some().then(Partial::default) }
    }

    fn note_partial(&self, validator: Option<String>) -> Result<()> {
        let notes = Partial { address: self.address.to_string(), validator };
        let json = serde_json::to_vec(&notes).map_err(|e| Error::new(ErrorKind::Io, e.to_string()))?;
        std::fs::write(self.notes(), json).map_err(|e| io(&self.notes(), e))
    }

    /// Opens the partial file for writing, after its first `from` bytes.
    fn open_part(&self, from: u64) -> Result<File> {
        let part = self.part();
        let open = || -> std::io::Result<File> {
            let mut file = File::options().create(true).truncate(false).write(true).open(&part)?;
            file.set_len(from)?;
            file.seek(SeekFrom::End(0))?;
            Ok(file)
        };
        open().map_err(|e| io(&part, e))
    }

    fn sleep(&self, pause: Duration) -> Result<()> {
        let end = Instant::now() + pause;
        while Instant::now() < end {
            if self.watch.cancelled() {
                return Err(cancelled());
            }
            std::thread::sleep(Duration::from_millis(20).min(pause));
        }
        Ok(())
    }
}

fn broke_off(done: u64, total: Option<u64>) -> Failure {
    let of = total.map_or_else(String::new, |total| format!(" of {total}"));
    Failure::MayPass(format!("the connection broke off after {done}{of} bytes"))
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

fn malformed(text: String) -> Error {
    Error::new(ErrorKind::Malformed, text)
}

fn too_large(bytes: u64, most: u64) -> Error {
    Error::new(ErrorKind::TooLarge, format!("has at least {bytes} bytes, over the limit of {most}"))
}
