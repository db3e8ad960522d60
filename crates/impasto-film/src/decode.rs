//! Decodes the frames of a film with ffmpeg.

use std::io::Read;
use std::process::ChildStdout;
use std::sync::{Arc, Mutex, PoisonError};

use impasto::Size;
use impasto::video::{Frame, Samples};
use impasto::{Error, ErrorKind, Result};

use crate::probe::{Facts, Part};
use crate::rate::Rate;
use crate::tools::{Running, Tools, file, reason};

/// The frames of a film, in order.
pub type Frames = Box<dyn Iterator<Item = Result<Frame>> + Send>;

/// How to read frames.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// Which part of the film to read.
    pub part: Part,
    /// Whether frames have alpha.
    pub alpha: bool,
    /// Receives a description of damage that is tolerated. If `None`, damage is an error.
    pub salvaged: Option<Arc<Mutex<Option<String>>>>,
    /// Frames per second, if not the film's own.
    pub fps: Option<Rate>,
}

/// Returns the film's frames at this size, upright and in sRGB. The iterator returns
/// [`ErrorKind::Malformed`] if the film is damaged.
///
/// # Errors
/// [`ErrorKind::Unsupported`] if this ffmpeg cannot convert the film's colors;
/// [`ErrorKind::Io`] if it cannot be started.
pub fn frames(tools: &Tools, facts: &Facts, size: Size, reading: Reading) -> Result<Frames> {
    let mut command = tools.ffmpeg();
    if reading.alpha {
        // ffmpeg's own decoders do not read the alpha of these codecs.
        match facts.codec.as_str() {
            "vp9" => drop(command.args(["-c:v", "libvpx-vp9"])),
            "vp8" => drop(command.args(["-c:v", "libvpx"])),
            _ => {}
        }
    }
    command.args(tools.guarded());
    if reading.part.start > 0.0 {
        command.args(["-ss", &reading.part.start.to_string()]);
    }
    if let Some(end) = reading.part.end {
        command.args(["-t", &(end - reading.part.start).to_string()]);
    }
    command.arg("-i").arg(file(&facts.path));
    command.args(["-map", &format!("0:{}", facts.stream), "-an", "-sn", "-dn"]);
    command.args(["-vf", &filters(tools, facts, size, &reading)?]).args(tools.each_frame_once());
    command.args(["-f", "rawvideo", "-c:v", "rawvideo", "pipe:1"]);
    let mut running = tools.start(command, false, true)?;
    let stdout = running.stdout().ok_or_else(|| Error::new(ErrorKind::Io, "ffmpeg has no standard output"))?;
    let channels = if reading.alpha { 4 } else { 3 };
    Ok(Box::new(Decoded {
        running: Some(running),
        stdout,
        size,
        channels,
        deep: facts.deep,
        read: 0,
        salvaged: reading.salvaged,
    }))
}

/// The filters for frames before they are painted: deinterlacing, conversion to sRGB, and scaling.
/// (ffmpeg turns frames upright by itself.)
fn filters(tools: &Tools, facts: &Facts, size: Size, reading: &Reading) -> Result<String> {
    let mut filters = Vec::new();
    if facts.interlaced {
        filters.push("bwdif=mode=send_frame".to_owned());
    }
    if let Some(rate) = reading.fps {
        filters.push(format!("fps={rate}"));
    }
    let colors = &facts.colors;
    let mut matrix = matrix(facts);
    if colors.hdr().is_some() || colors.wide() {
        if !tools.has_filter("zscale")? {
            let what = colors.hdr().unwrap_or("BT.2020");
            let text = format!(
                "is {what}, which this ffmpeg cannot convert: it lacks the filter zscale (libzimg). Install a full ffmpeg"
            );
            return Err(Error::new(ErrorKind::Unsupported, text));
        }
        let given =
            |name: &str, value: &str, fallback: &str| format!("{name}={}", if value.is_empty() { fallback } else { value });
        let tags = [given("pin", &colors.primaries, "bt2020"), given("min", &colors.matrix, "bt2020nc")]
            .map(|tag| {
                tag.replace("bt2020nc", "2020_ncl")
                    .replace("bt2020c", "2020_cl")
                    .replace("bt2020", "2020")
                    .replace("bt709", "709")
            })
            .join(":");
        let transfer = match colors.transfer.as_str() {
            "smpte2084" => "smpte2084",
            "arib-std-b67" => "arib-std-b67",
            _ => "709",
        };
        filters.push(format!("zscale={tags}:tin={transfer}:t=linear:npl=203,format=gbrpf32le,zscale=p=709"));
        if colors.hdr().is_some() {
            filters.push("tonemap=hable:desat=0".into());
        }
        filters.push("zscale=t=709:m=709:r=full,format=gbrp16le".into());
        matrix = "bt709";
    }
    filters.push(format!(
        "scale={}:{}:flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp:in_color_matrix={matrix}",
        size.width, size.height
    ));
    filters.push(format!("format={}", pixels(reading.alpha, facts.deep)));
    Ok(filters.join(","))
}

/// The name of our sample layout in ffmpeg.
pub(crate) fn pixels(alpha: bool, deep: bool) -> &'static str {
    match (alpha, deep) {
        (false, false) => "rgb24",
        (true, false) => "rgba",
        (false, true) => "rgb48le",
        (true, true) => "rgba64le",
    }
}

/// The matrix between RGB and YUV. If the film does not name one, television's: BT.709 from 720 rows on, BT.601 below.
pub(crate) fn matrix(facts: &Facts) -> &'static str {
    match facts.colors.matrix.as_str() {
        "bt709" => "bt709",
        "smpte170m" | "bt470bg" => "smpte170m",
        "smpte240m" => "smpte240m",
        "fcc" => "fcc",
        "bt2020nc" | "bt2020c" => "bt2020",
        _ if facts.size.height.min(facts.size.width) >= 720 => "bt709",
        _ => "smpte170m",
    }
}

struct Decoded {
    running: Option<Running>,
    stdout: ChildStdout,
    size: Size,
    channels: usize,
    deep: bool,
    read: usize,
    salvaged: Option<Arc<Mutex<Option<String>>>>,
}

impl Iterator for Decoded {
    type Item = Result<Frame>;

    fn next(&mut self) -> Option<Self::Item> {
        self.running.as_ref()?;
        let Size { width, height } = self.size;
        let mut bytes = vec![0; width * height * self.channels * if self.deep { 2 } else { 1 }];
        let whole = fill(&mut self.stdout, &mut bytes);
        if whole {
            self.read += 1;
            let samples = if self.deep {
                Samples::Sixteen(bytes.as_chunks().0.iter().map(|&pair| u16::from_le_bytes(pair)).collect())
            } else {
                Samples::Eight(bytes)
            };
            return Some(Frame::new([width, height], self.channels, samples));
        }
        let (well, said) = self.running.take()?.finish();
        if well && said.trim().is_empty() {
            if self.read == 0 {
                return Some(Err(Error::new(ErrorKind::Malformed, "no frame could be decoded")));
            }
            return None;
        }
        let why = reason(&said);
        if let (Some(salvaged), true) = (&self.salvaged, self.read > 0) {
            *salvaged.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
            return None;
        }
        let text = format!("is damaged or cut off ({why}; {} frames were decoded)", self.read);
        Some(Err(Error::new(ErrorKind::Malformed, text)))
    }
}

/// Fills the buffer. Returns `false` if there were not enough bytes.
fn fill(from: &mut impl Read, bytes: &mut [u8]) -> bool {
    from.read_exact(bytes).is_ok()
}
