//! Writes pieces of a film, each encoded by an ffmpeg of its own.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ChildStdin;

use impasto::Size;
use impasto::video::{Frame, KEY, Painted, Samples};
use impasto::{Error, ErrorKind, Result};

use crate::decode::{matrix, pixels};
use crate::encoder::Encoder;
use crate::matroska;
use crate::probe::{Facts, Timing};
use crate::tools::{Running, Tools, file, reason};

/// Approximately the most pixels in a piece: two seconds of 1280×720. If the program
/// is killed, the unfinished piece is lost.
const PIECE: usize = 48 * 1280 * 720;

/// The number of frames per piece: a multiple of [`KEY`] that depends only on the film's size.
pub fn frames_of_piece(size: Size) -> usize {
    let pixels = (size.width * size.height).max(1);
    (PIECE / pixels / KEY).clamp(2, 6) * KEY
}

/// The file name of the piece that begins with frame `first`.
pub fn name_of_piece(first: usize, extension: &str) -> String {
    format!("{first:08}.{extension}")
}

/// The settings that all pieces of a film share.
#[derive(Debug)]
pub struct Pieces<'a> {
    /// The programs that encode them.
    pub tools: &'a Tools,
    /// The encoder and its settings.
    pub encoder: Encoder,
    /// Size of the frames in pixels.
    pub size: Size,
    /// Whether the frames have alpha.
    pub alpha: bool,
    /// Whether their samples have more than 8 bits.
    pub deep: bool,
    /// When the frames are shown.
    pub timing: Timing,
    /// Facts about the original film, if there is one.
    pub facts: Option<&'a Facts>,
}

/// Receives the frames of a film in order, and writes the pieces.
pub struct Reel<'a> {
    pieces: &'a Pieces<'a>,
    folder: &'a Path,
    current: Option<Piece>,
}

impl<'a> Reel<'a> {
    /// A reel that writes pieces to this folder.
    pub fn new(pieces: &'a Pieces<'a>, folder: &'a Path) -> Self {
        Reel { pieces, folder, current: None }
    }

    /// Adds a frame to the current piece, or begins a piece with it.
    ///
    /// # Errors
    /// If ffmpeg failed, with its message.
    pub fn add(&mut self, painted: &Painted) -> Result<()> {
        let current = match &mut self.current {
            Some(piece) => piece,
            none => {
                let name = name_of_piece(painted.index, self.pieces.encoder.piece());
                none.insert(self.pieces.start(&self.folder.join(name), painted.index)?)
            }
        };
        if current.add(&painted.frame, self.pieces.timing.time(painted.index)) {
            return Ok(());
        }
        // ffmpeg's message says why.
        let ended = self.seal();
        Err(ended.err().unwrap_or_else(|| Error::new(ErrorKind::Io, "ffmpeg ended before it had all frames")))
    }

    /// Ends the current piece, which only now gets its name.
    ///
    /// # Errors
    /// If ffmpeg failed, with its message.
    pub fn seal(&mut self) -> Result<()> {
        self.current.take().map_or(Ok(()), Piece::finish)
    }
}

impl Drop for Reel<'_> {
    fn drop(&mut self) {
        if let Some(piece) = self.current.take() {
            piece.discard();
        }
    }
}

/// A piece that is being written.
struct Piece {
    running: Running,
    stdin: ChildStdin,
    path: PathBuf,
    partial: PathBuf,
    /// Time of its first frame, if frames have times of their own.
    begin: Option<u64>,
}

impl Pieces<'_> {
    /// Starts a piece with frame `first`. The file gets its name `path` when it is complete.
    fn start(&self, path: &Path, first: usize) -> Result<Piece> {
        // An encoder of a killed run may still be finishing its own partial file, so this name contains the process.
        let partial = path.with_extension(format!("{}.part.{}", std::process::id(), self.encoder.piece()));
        let mut command = self.tools.ffmpeg();
        let begin = match &self.timing {
            Timing::Constant(rate) => {
                command.args(["-f", "rawvideo", "-pixel_format", pixels(self.alpha, self.deep)]);
                command.args(["-video_size", &self.size.to_string(), "-framerate", &rate.to_string(), "-i", "pipe:0"]);
                None
            }
            Timing::Variable(_) => {
                command.args(["-f", "matroska", "-i", "pipe:0"]).args(self.tools.each_frame_once());
                command.args(["-enc_time_base", "1/90000"]);
                if self.encoder.piece() != "webm" {
                    command.args(["-video_track_timescale", "90000"]);
                }
                Some(self.timing.time(first))
            }
        };
        command.args(["-vf", &self.filters()]).args(self.encoder.arguments()).args(self.tags());
        command.arg(file(&partial));
        let mut running = self.tools.start(command, true, false)?;
        let mut stdin = running.stdin().ok_or_else(|| Error::new(ErrorKind::Io, "ffmpeg has no standard input"))?;
        if begin.is_some() {
            // If this fails, ffmpeg has ended. Finishing the piece will say why.
            let _ = stdin.write_all(&matroska::header(self.size));
        }
        Ok(Piece { running, stdin, path: path.to_owned(), partial, begin })
    }

    fn filters(&self) -> String {
        let matrix = self.matrix();
        let mut filters = format!("scale=flags=bicubic+accurate_rnd+full_chroma_int:out_color_matrix={matrix}:out_range=tv");
        filters += &format!(",format={}", self.encoder.pixels);
        let (wide, high) = self.facts.map_or((1, 1), |facts| facts.aspect);
        filters += &format!(",setsar={wide}/{high}");
        filters
    }

    fn converted(&self) -> bool {
        self.facts.is_none_or(|facts| facts.colors.hdr().is_some() || facts.colors.wide())
    }

    fn matrix(&self) -> &'static str {
        match self.facts {
            Some(facts) if !self.converted() => matrix(facts),
            _ => "bt709",
        }
    }

    /// Tells players what the samples mean: BT.709 if they were converted, otherwise the same as in the original.
    fn tags(&self) -> Vec<String> {
        let own = |value: fn(&Facts) -> &str| {
            let value = self.facts.filter(|_| !self.converted()).map_or("bt709", value);
            if value.is_empty() { self.matrix().to_owned() } else { value.to_owned() }
        };
        let known = |value: String, among: &[&str]| Some(value).filter(|value| among.contains(&value.as_str()));
        let mut tags = vec!["-color_range".to_owned(), "tv".into(), "-colorspace".into(), self.matrix().into()];
        let primaries = own(|facts| &facts.colors.primaries);
        if let Some(primaries) =
            known(primaries, &["bt709", "bt470bg", "bt470m", "smpte170m", "smpte240m", "smpte431", "smpte432"])
        {
            tags.extend(["-color_primaries".into(), primaries]);
        }
        let transfer = own(|facts| &facts.colors.transfer);
        if let Some(transfer) = known(transfer, &["bt709", "smpte170m", "smpte240m", "gamma22", "gamma28", "iec61966-2-1"]) {
            tags.extend(["-color_trc".into(), transfer]);
        }
        tags
    }
}

impl Piece {
    /// Adds a frame that is shown at this time. Returns `false` if ffmpeg accepts no more; then finishing says why.
    fn add(&mut self, frame: &Frame, time: u64) -> bool {
        let bytes: Vec<u8> = match (frame.samples(), self.begin) {
            // Frames with times of their own are 8-bit RGBA.
            (samples, Some(_)) => rgba(samples, frame.channels()),
            (Samples::Eight(values), None) => return self.stdin.write_all(values).is_ok(),
            (Samples::Sixteen(values), None) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        };
        if let Some(begin) = self.begin {
            let before = matroska::before_frame(time.saturating_sub(begin), bytes.len());
            return self.stdin.write_all(&before).and_then(|()| self.stdin.write_all(&bytes)).is_ok();
        }
        self.stdin.write_all(&bytes).is_ok()
    }

    /// Ends the piece and gives it its name.
    fn finish(self) -> Result<()> {
        let Piece { running, stdin, path, partial, .. } = self;
        drop(stdin);
        let (well, said) = running.finish();
        let named = well.then(|| {
            std::fs::File::open(&partial).and_then(|file| file.sync_all()).and_then(|()| std::fs::rename(&partial, &path))
        });
        match named {
            Some(Ok(())) => Ok(()),
            Some(Err(error)) => Err(unwritten(&path, &error)),
            None => {
                let _ = std::fs::remove_file(&partial);
                Err(Error::new(ErrorKind::Io, format!("ffmpeg failed while encoding: {}", reason(&said))))
            }
        }
    }

    /// Abandons the piece and removes its file.
    fn discard(self) {
        let partial = self.partial.clone();
        drop(self);
        let _ = std::fs::remove_file(partial);
    }
}

pub(crate) fn unwritten(path: &Path, error: &std::io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("{}: cannot be written: {error}", path.display()))
}

fn rgba(samples: &Samples, channels: usize) -> Vec<u8> {
    let pixel = |pixel: &[u8]| [pixel[0], pixel[1], pixel[2], pixel.get(3).copied().unwrap_or(255)];
    match samples {
        Samples::Eight(values) => values.chunks_exact(channels).flat_map(pixel).collect(),
        Samples::Sixteen(values) => {
            let eight: Vec<u8> = values.iter().map(|&v| ((u32::from(v) * 255 + 32_767) / 65_535) as u8).collect();
            eight.chunks_exact(channels).flat_map(pixel).collect()
        }
    }
}
