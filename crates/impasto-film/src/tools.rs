//! Runs the user's ffmpeg and ffprobe as processes.

use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::JoinHandle;

use impasto::{Error, ErrorKind, Result};

/// Largest side of a film. Decoders of films support 8K.
pub(crate) const GREATEST: usize = 16_384;

/// What ffmpeg may open: files and pipes, but nothing on a network.
const PROTOCOLS: &str = "file,pipe";
/// What ffmpeg may read: films, sound and animations. Playlists and scripts are
/// missing, because they refer to other files.
const DEMUXERS: &str = "mov,matroska,avi,mpegts,mpeg,mpegvideo,m4v,flv,ogg,asf,mxf,nut,ivf,gif,apng,yuv4mpegpipe,h264,hevc,av1,obu,dv,rm,\
     mjpeg,vc1,h263,gxf,wtv,swf,flic,dirac";
/// Most bytes that are kept of a program's messages.
const SAID: usize = 4096;
/// Most bytes in a program's output: a line for each of five million frames.
const ANSWER: u64 = 128 << 20;

/// Ends processes from another thread: all that were started on it, and any that are started later.
#[derive(Debug, Clone, Default)]
pub struct Leash(Arc<Mutex<Held>>);

#[derive(Debug, Default)]
struct Held {
    pulled: bool,
    children: Vec<Weak<Mutex<Child>>>,
}

impl Leash {
    /// Ends the processes.
    pub fn pull(&self) {
        let mut held = lock(&self.0);
        held.pulled = true;
        for child in held.children.drain(..).filter_map(|child| child.upgrade()) {
            // It may have ended already.
            let _ = lock(&child).kill();
        }
    }

    fn hold(&self, child: &Arc<Mutex<Child>>) {
        let mut held = lock(&self.0);
        if held.pulled {
            let _ = lock(child).kill();
        }
        held.children.retain(|child| child.strong_count() > 0);
        held.children.push(Arc::downgrade(child));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The programs, and limits on what they may do.
#[derive(Debug, Clone)]
pub struct Tools {
    ffmpeg: PathBuf,
    ffprobe: PathBuf,
    leash: Leash,
    most_pixels: u64,
    /// Whether this ffmpeg knows `-fps_mode`, which replaced `-vsync` in version 5.1.
    fps_mode: bool,
}

impl Tools {
    /// Finds the programs. `given` is the path of ffmpeg or of its folder.
    /// Without it, the system's search path is used.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if either cannot be started, or is another program.
    pub fn find(given: Option<&Path>) -> Result<Self> {
        let name = |program: &str| format!("{program}{}", std::env::consts::EXE_SUFFIX);
        let (ffmpeg, ffprobe) = match given {
            Some(folder) if folder.is_dir() => (folder.join(name("ffmpeg")), folder.join(name("ffprobe"))),
            Some(file) => (file.to_owned(), file.with_file_name(name("ffprobe"))),
            None => (PathBuf::from("ffmpeg"), PathBuf::from("ffprobe")),
        };
        let missing = |program: &Path, error: &std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => io(format!(
                "{}: not found; films need ffmpeg and ffprobe. Install them (apt install ffmpeg, brew install ffmpeg, winget install \
                 ffmpeg), or say where they are with --ffmpeg",
                program.display()
            )),
            _ => io(format!("{}: cannot be started: {error}", program.display())),
        };
        let said = |program: &Path, name: &str| {
            let output = Command::new(program).arg("-version").stdin(Stdio::null()).output();
            let output = output.map_err(|e| missing(program, &e))?;
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            if !output.status.success() || !said.starts_with(&format!("{name} version")) {
                return Err(io(format!("{}: is not {name}; give the path of ffmpeg with --ffmpeg", program.display())));
            }
            Ok(said)
        };
        let fps_mode = knows_fps_mode(&said(&ffmpeg, "ffmpeg")?);
        said(&ffprobe, "ffprobe")?;
        Ok(Tools { ffmpeg, ffprobe, leash: Leash::default(), most_pixels: (GREATEST * GREATEST) as u64, fps_mode })
    }

    /// The same tools, whose processes end with this leash.
    #[must_use]
    pub fn on(&self, leash: &Leash) -> Self {
        Tools { leash: leash.clone(), ..self.clone() }
    }

    /// The same tools with another limit on the pixels of a frame. Larger frames are not decoded. Default: 16384×16384.
    #[must_use]
    pub fn most_pixels(self, most_pixels: u64) -> Self {
        Tools { most_pixels, ..self }
    }

    pub(crate) fn ffmpeg(&self) -> Command {
        let mut command = apart(&self.ffmpeg);
        command.args(["-hide_banner", "-nostdin", "-v", "error", "-y"]);
        // The AV1 encoder has its own log, which this reduces to errors.
        command.env("SVT_LOG", "1");
        command
    }

    pub(crate) fn ffprobe(&self) -> Command {
        let mut command = apart(&self.ffprobe);
        command.args(["-hide_banner", "-v", "error"]);
        command
    }

    /// Arguments that pass frames on as they are, without repeating or dropping any.
    pub(crate) fn each_frame_once(&self) -> [&'static str; 2] {
        if self.fps_mode { ["-fps_mode", "passthrough"] } else { ["-vsync", "passthrough"] }
    }

    /// Whether this ffmpeg has an encoder.
    pub(crate) fn has_encoder(&self, name: &str) -> Result<bool> {
        self.lists("-encoders", name)
    }

    /// Whether this ffmpeg has a filter.
    pub(crate) fn has_filter(&self, name: &str) -> Result<bool> {
        self.lists("-filters", name)
    }

    fn lists(&self, what: &str, name: &str) -> Result<bool> {
        let output = self.ffmpeg().arg(what).stdin(Stdio::null()).output()?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(said.lines().any(|line| line.split_whitespace().nth(1) == Some(name)))
    }

    /// Arguments before `-i`: they allow no file but this one, and no frame that is too large.
    pub(crate) fn guarded(&self) -> [String; 6] {
        let words = ["-protocol_whitelist", PROTOCOLS, "-format_whitelist", DEMUXERS, "-max_pixels"].map(str::to_owned);
        let [a, b, c, d, e] = words;
        [a, b, c, d, e, self.most_pixels.to_string()]
    }

    /// Starts a program. Standard input and output are pipes if asked for.
    pub(crate) fn start(&self, mut command: Command, stdin: bool, stdout: bool) -> Result<Running> {
        let pipe = |yes: bool| if yes { Stdio::piped() } else { Stdio::null() };
        command.stdin(pipe(stdin)).stdout(pipe(stdout)).stderr(Stdio::piped());
        let started = command.spawn();
        let mut child =
            started.map_err(|e| io(format!("{}: cannot be started: {e}", Path::new(command.get_program()).display())))?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let said = std::thread::spawn(move || stderr.map_or_else(String::new, listen));
        let child = Arc::new(Mutex::new(child));
        self.leash.hold(&child);
        Ok(Running { child, stdin, stdout, said: Some(said) })
    }

    /// Runs a program to its end and returns its standard output.
    ///
    /// # Errors
    /// The reason, in one line.
    pub(crate) fn output(&self, command: Command) -> Result<Vec<u8>, String> {
        let mut running = self.start(command, false, true).map_err(|e| e.to_string())?;
        let mut bytes = Vec::new();
        let read = running.stdout().map_or(Ok(0), |stdout| stdout.take(ANSWER).read_to_end(&mut bytes));
        if bytes.len() as u64 == ANSWER {
            return Err("it has more frames than can be counted".into());
        }
        let (well, said) = running.finish();
        if well && read.is_ok() { Ok(bytes) } else { Err(reason(&said)) }
    }
}

fn knows_fps_mode(said: &str) -> bool {
    let version = said.split_whitespace().nth(2).unwrap_or_default().trim_start_matches('n');
    let mut numbers = version.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse::<u32>().ok());
    match (numbers.next().flatten(), numbers.next().flatten()) {
        (Some(major), minor) => (major, minor.unwrap_or(0)) >= (5, 1),
        // Built from the latest sources.
        (None, _) => true,
    }
}

/// A command in a process group of its own. Ctrl-C goes only to this program, which ends the others in order.
fn apart(program: &Path) -> Command {
    let mut command = Command::new(program);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command
}

/// The name of a film for ffmpeg. With the prefix, a name with a colon is not a URL, and one with a dash is not a flag.
pub(crate) fn file(path: &Path) -> OsString {
    let mut name = OsString::from("file:");
    name.push(path);
    name
}

/// A running program. Dropping this ends it.
pub(crate) struct Running {
    child: Arc<Mutex<Child>>,
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    said: Option<JoinHandle<String>>,
}

impl Running {
    pub(crate) fn stdin(&mut self) -> Option<ChildStdin> {
        self.stdin.take()
    }

    pub(crate) fn stdout(&mut self) -> Option<ChildStdout> {
        self.stdout.take()
    }

    /// Waits for the program to end. Returns whether it succeeded, and its messages.
    pub(crate) fn finish(mut self) -> (bool, String) {
        // Wait for the end of its messages first. Meanwhile the leash can end the program, which needs the lock.
        let said = self.said.take().and_then(|said| said.join().ok()).unwrap_or_default();
        let well = lock(&self.child).wait().is_ok_and(|status| status.success());
        (well, said)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already, or nobody needs it anymore.
        let mut child = lock(&self.child);
        let _ = child.kill();
        let _ = child.wait();
    }
}

fn io(text: String) -> Error {
    Error::new(ErrorKind::Io, text)
}

/// Returns the first [`SAID`] bytes. Reads the rest, too, so that the program does not block.
fn listen(mut stderr: impl Read) -> String {
    let mut said = Vec::new();
    let _ = stderr.by_ref().take(SAID as u64).read_to_end(&mut said);
    let _ = std::io::copy(&mut stderr, &mut std::io::sink());
    String::from_utf8_lossy(&said).into_owned()
}

/// One line from a program's messages: the first one, without the name of the component that wrote it.
pub(crate) fn reason(said: &str) -> String {
    let plain = |line: &str| match line.strip_prefix('[') {
        Some(rest) => rest.split_once("] ").map_or(line, |(_, text)| text).trim().to_owned(),
        None => line.trim().to_owned(),
    };
    let mut lines = said.lines().map(plain).filter(|line| !line.is_empty());
    lines.next().unwrap_or_else(|| "it gave no reason".into())
}

#[cfg(test)]
mod tests {
    use super::{knows_fps_mode, reason};

    #[test]
    fn versions_are_compared() {
        for (version, expected) in [
            ("4.4.2-0ubuntu", false),
            ("5.0", false),
            ("5.1.9-0+deb12u1", true),
            ("n6.0", true),
            ("7.1", true),
            ("N-1234-g", true),
        ] {
            assert_eq!(knows_fps_mode(&format!("ffmpeg version {version} Copyright")), expected, "{version}");
        }
    }

    #[test]
    fn reasons_are_one_line() {
        assert_eq!(reason("[mov,mp4 @ 0x55] moov atom not found\nx: Invalid data\n"), "moov atom not found");
        assert_eq!(reason(""), "it gave no reason");
    }
}
