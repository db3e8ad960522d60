//! The user's ffmpeg and ffprobe, as processes.

use std::ffi::OsString;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread::JoinHandle;

use crate::failure::{Failure, Result};

/// What may be opened: files and pipes, nothing on a network.
const PROTOCOLS: &str = "file,pipe";
/// What may be read: films, sound and animations. Playlists and scripts, which name other files, are not among them.
const DEMUXERS: &str = "mov,matroska,avi,mpegts,mpeg,mpegvideo,m4v,flv,ogg,asf,mxf,nut,ivf,gif,apng,yuv4mpegpipe,h264,hevc,av1,obu,dv,rm,\
     mjpeg,vc1,h263,gxf,wtv,swf,flic,dirac";
/// Most characters that are kept of what a program says.
const SAID: usize = 4096;

/// Where the programs are.
#[derive(Debug)]
pub(super) struct Tools {
    ffmpeg: PathBuf,
    ffprobe: PathBuf,
    /// Whether this ffmpeg knows `-fps_mode`, which replaced `-vsync` in version 5.1.
    fps_mode: bool,
}

impl Tools {
    /// Finds the programs: `given` is ffmpeg or its folder.
    pub(super) fn find(given: Option<&Path>) -> Result<Self> {
        let name = |program: &str| format!("{program}{}", std::env::consts::EXE_SUFFIX);
        let (ffmpeg, ffprobe) = match given {
            Some(folder) if folder.is_dir() => (folder.join(name("ffmpeg")), folder.join(name("ffprobe"))),
            Some(file) => (file.to_owned(), file.with_file_name(name("ffprobe"))),
            None => (PathBuf::from("ffmpeg"), PathBuf::from("ffprobe")),
        };
        let version = |program: &Path| Command::new(program).arg("-version").stdin(Stdio::null()).output();
        let missing = |program: &Path, error: &std::io::Error| match error.kind() {
            ErrorKind::NotFound => Failure::failed(format!(
                "{}: not found; films need ffmpeg and ffprobe. Install them (apt install ffmpeg, brew install ffmpeg, winget install \
                 ffmpeg), or say where they are with --ffmpeg",
                program.display()
            )),
            _ => Failure::failed(format!("{}: cannot be started: {error}", program.display())),
        };
        let output = version(&ffmpeg).map_err(|e| missing(&ffmpeg, &e))?;
        version(&ffprobe).map_err(|e| missing(&ffprobe, &e))?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() || !said.starts_with("ffmpeg version") {
            return Err(Failure::failed(format!("{}: is not ffmpeg; name it with --ffmpeg", ffmpeg.display())));
        }
        Ok(Tools { ffmpeg, ffprobe, fps_mode: knows_fps_mode(&said) })
    }

    pub(super) fn ffmpeg(&self) -> Command {
        let mut command = apart(&self.ffmpeg);
        command.args(["-hide_banner", "-nostdin", "-v", "error", "-y"]);
        // The encoder of AV1 has a log of its own.
        command.env("SVT_LOG", "1");
        command
    }

    pub(super) fn ffprobe(&self) -> Command {
        let mut command = apart(&self.ffprobe);
        command.args(["-hide_banner", "-v", "error"]);
        command
    }

    /// Frames come and go as they are, none twice, none dropped.
    pub(super) fn each_frame_once(&self) -> [&'static str; 2] {
        if self.fps_mode { ["-fps_mode", "passthrough"] } else { ["-vsync", "passthrough"] }
    }

    /// Whether this ffmpeg has an encoder.
    pub(super) fn has_encoder(&self, name: &str) -> Result<bool> {
        let output = self.ffmpeg().arg("-encoders").stdin(Stdio::null()).output().map_err(Failure::failed)?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(said.lines().any(|line| line.split_whitespace().nth(1) == Some(name)))
    }

    /// Whether this ffmpeg has a filter.
    pub(super) fn has_filter(&self, name: &str) -> Result<bool> {
        let output = self.ffmpeg().arg("-filters").stdin(Stdio::null()).output().map_err(Failure::failed)?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(said.lines().any(|line| line.split_whitespace().nth(1) == Some(name)))
    }
}

fn knows_fps_mode(said: &str) -> bool {
    let version = said.split_whitespace().nth(2).unwrap_or_default().trim_start_matches('n');
    let mut numbers = version.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse::<u32>().ok());
    match (numbers.next().flatten(), numbers.next().flatten()) {
        (Some(major), minor) => (major, minor.unwrap_or(0)) >= (5, 1),
        // Built from the newest sources.
        (None, _) => true,
    }
}

/// In a process group of its own: Ctrl-C is for this program, which ends the others in order.
fn apart(program: &Path) -> Command {
    let mut command = Command::new(program);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command
}

/// How a film is named for ffmpeg: a name with a colon is no address, and one with a dash no flag.
pub(super) fn file(path: &Path) -> OsString {
    let mut name = OsString::from("file:");
    name.push(path);
    name
}

/// What comes before `-i`: nothing else is opened than this file.
pub(super) fn guarded() -> [&'static str; 4] {
    ["-protocol_whitelist", PROTOCOLS, "-format_whitelist", DEMUXERS]
}

/// A program that runs. It ends when this is dropped.
pub(super) struct Running {
    child: Child,
    said: Option<JoinHandle<String>>,
}

impl Running {
    /// Starts a program. Standard input and output are pipes if asked for.
    pub(super) fn start(mut command: Command, stdin: bool, stdout: bool) -> Result<Self> {
        let pipe = |yes: bool| if yes { Stdio::piped() } else { Stdio::null() };
        command.stdin(pipe(stdin)).stdout(pipe(stdout)).stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .map_err(|e| Failure::failed(format!("{}: cannot be started: {e}", Path::new(command.get_program()).display())))?;
        let stderr = child.stderr.take();
        let said = std::thread::spawn(move || stderr.map_or_else(String::new, listen));
        Ok(Running { child, said: Some(said) })
    }

    pub(super) fn stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    pub(super) fn stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Waits for its end. Gives whether it went well, and what it said.
    pub(super) fn finish(mut self) -> (bool, String) {
        let well = self.child.wait().is_ok_and(|status| status.success());
        let said = self.said.take().and_then(|said| said.join().ok()).unwrap_or_default();
        (well, said)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already, or nobody needs it any more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a program to its end, and gives what it wrote to standard output.
///
/// # Errors
/// What it said, in one line.
pub(super) fn output(command: Command) -> std::result::Result<Vec<u8>, String> {
    let mut running = Running::start(command, false, true).map_err(|e| e.to_string())?;
    let mut bytes = Vec::new();
    let read = running.stdout().map_or(Ok(0), |mut stdout| stdout.read_to_end(&mut bytes));
    let (well, said) = running.finish();
    if well && read.is_ok() { Ok(bytes) } else { Err(reason(&said)) }
}

/// The first [`SAID`] bytes; the rest is read, too, so that the program does not wait for it.
fn listen(mut stderr: impl Read) -> String {
    let mut said = Vec::new();
    let _ = stderr.by_ref().take(SAID as u64).read_to_end(&mut said);
    let _ = std::io::copy(&mut stderr, &mut std::io::sink());
    String::from_utf8_lossy(&said).into_owned()
}

/// One line of what a program said: the first that is not about its own insides.
pub(super) fn reason(said: &str) -> String {
    let plain = |line: &str| match line.strip_prefix('[') {
        Some(rest) => rest.split_once("] ").map_or(line, |(_, text)| text).trim().to_owned(),
        None => line.trim().to_owned(),
    };
    let mut lines = said.lines().map(plain).filter(|line| !line.is_empty());
    lines.next().unwrap_or_else(|| "it says nothing about why".into())
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
        assert_eq!(reason(""), "it says nothing about why");
    }
}
