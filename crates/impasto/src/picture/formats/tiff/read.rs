//! Reading TIFF.
//!
//! Strips and tiles are decoded row by row into the picture's samples, so a large file takes little more memory than
//! these.

use std::io::{self, Read, Seek, SeekFrom};

use super::super::jpeg::ycc_to_rgb;
use super::chunk::{self, Compression, Shape};
use super::directory::{Directory, malformed};
use super::lab;
use super::sample::{Coding, Numbers, Predictor, Sample};
use crate::picture::decode::{Colour, Raw, Samples, cut, io_error, sample_count};
use crate::picture::{Limits, metadata, reserved, zeros};
use crate::{Error, ErrorKind, Result};

/// Maximum bytes of a row beyond those of the whole picture: tiles may be larger than a small picture.
const ROW_BYTES: usize = 16 << 20;

pub(super) fn decode(mut input: impl Read + Seek, len: usize, limits: &Limits) -> Result<Raw> {
    let (metadata, left_out) = metadata::tiff::read(&mut input);
    let directory = Directory::read(&mut input, len as u64)?;
    let layout = Layout::read(&directory, &mut input, limits)?;
    let mut raw = if layout.coding.numbers != Numbers::Whole || layout.coding.bits > 16 {
        layout.raw(Samples::F32(layout.samples(&mut input)?))
    } else if layout.coding.bits > 8 {
        let samples = layout.samples(&mut input)?;
        layout.raw(Samples::U16(match layout.photometric {
            Photometric::Lab(kind) => lab::of_16_bits(kind, &samples, layout.kept.len())?,
            _ => samples,
        }))
    } else if let Photometric::Lab(kind) = layout.photometric {
        layout.raw(Samples::U16(lab::of_8_bits(kind, &layout.samples::<u8>(&mut input)?, layout.kept.len())?))
    } else {
        let mut samples = layout.samples(&mut input)?;
        match layout.photometric {
            Photometric::Palette => {
                let colours = palette(&directory.numbers(&mut input, 320)?, layout.coding.bits)?;
                samples = painted(&samples, &colours, layout.alpha.is_some())?;
            }
            Photometric::YCbCr => {
                let pixels = samples.chunks_exact_mut(layout.kept.len());
                pixels.filter_map(|p| p.first_chunk_mut::<3>()).for_each(|p| *p = ycc_to_rgb(*p));
            }
            _ => {}
        }
        layout.raw(Samples::U8(samples))
    };
    match layout.coding.numbers {
        Numbers::Whole => {}
        Numbers::Signed => raw.warnings.push("signed samples are taken as sRGB-encoded; negative ones become black".into()),
        Numbers::Float => raw.warnings.push("float samples are taken as sRGB-encoded 0..1".into()),
    }
    raw.icc = directory.bytes(&mut input, 34675).unwrap_or_else(|e| {
        raw.warnings.push(format!("the embedded color profile is ignored ({e}); colors are taken as sRGB"));
        None
    });
    if matches!(layout.photometric, Photometric::Lab(_)) {
        // The profile would be for Lab, but the colors are already sRGB.
        raw.icc = None;
    }
    raw.metadata = metadata;
    raw.warnings.extend(left_out);
    let orientation = directory.first(&mut input, 274).ok().flatten();
    raw.orientation = orientation.and_then(|o| u8::try_from(o).ok()).unwrap_or(1);
    if directory.more {
        raw.warnings.push("the file has several pages; only the first is read".into());
    }
    Ok(raw)
}

/// The meaning of color samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Photometric {
    WhiteIsZero,
    BlackIsZero,
    Rgb,
    Palette,
    Cmyk,
    YCbCr,
    Lab(lab::Kind),
}

impl Photometric {
    fn of(value: u64, ink_set: u64) -> Result<Self, String> {
        Err(match value {
            0 => return Ok(Photometric::WhiteIsZero),
            1 => return Ok(Photometric::BlackIsZero),
            2 => return Ok(Photometric::Rgb),
            3 => return Ok(Photometric::Palette),
            5 if ink_set == 1 => return Ok(Photometric::Cmyk),
            6 => return Ok(Photometric::YCbCr),
            4 => "a transparency mask without a picture".into(),
            5 => "a picture of inks other than CMYK".into(),
            8 => return Ok(Photometric::Lab(lab::Kind::Cie)),
            9 => return Ok(Photometric::Lab(lab::Kind::Icc)),
            10 => "the ITU's Lab color space".into(),
            32803 => "the raw data of a camera".into(),
            32844 | 32845 => "the LogLuv color space".into(),
            other => format!("the color space {other}"),
        })
    }

    /// Number of color samples per pixel.
    fn colours(self) -> usize {
        match self {
            Photometric::WhiteIsZero | Photometric::BlackIsZero | Photometric::Palette => 1,
            Photometric::Rgb | Photometric::YCbCr | Photometric::Lab(_) => 3,
            Photometric::Cmyk => 4,
        }
    }
}

/// Where the picture's samples are in the file.
struct Layout {
    width: usize,
    height: usize,
    photometric: Photometric,
    compression: Compression,
    coding: Coding,
    /// The samples of a pixel that are kept: colors, then alpha.
    kept: Vec<usize>,
    /// Whether there is alpha, and whether color has been multiplied by it.
    alpha: Option<bool>,
    /// Whether each sample of a pixel has strips or tiles of its own.
    planar: bool,
    /// Size of a strip or tile.
    chunk: [usize; 2],
    /// Offset and length of each.
    places: Vec<(u64, Option<u64>)>,
    reversed: bool,
    jpeg_tables: Option<Vec<u8>>,
}

impl Layout {
    fn read(directory: &Directory, input: &mut (impl Read + Seek), limits: &Limits) -> Result<Self> {
        let mut number = |tag| directory.first(input, tag);
        let (width, height) = (number(256)?, number(257)?);
        let (Some(width), Some(height)) = (width, height) else { return Err(malformed("its header lacks width or height")) };
        limits.check_pixels(width, height)?;
        let (width, height) = (width as usize, height as usize);
        let (compression, group3) = (number(259)?.unwrap_or(1), number(292)?.unwrap_or(0));
        let compression = Compression::of(compression, group3).map_err(|what| unsupported(&what))?;
        let photometric = number(262)?.ok_or_else(|| malformed("it does not name its color space"))?;
        let photometric = Photometric::of(photometric, number(332)?.unwrap_or(1)).map_err(|what| unsupported(&what))?;
        let samples = number(277)?.unwrap_or(1) as usize;
        let planar = samples > 1 && number(284)? == Some(2);
        let reversed = number(266)? == Some(2);
        let predictor = number(317)?.unwrap_or(1);

        let bits = directory.numbers(input, 258)?;
        let formats = directory.numbers(input, 339)?;
        if bits.iter().any(|b| b != &bits[0]) || formats.iter().any(|f| f != &formats[0]) {
            return Err(unsupported("a picture whose channels have different depths"));
        }
        let bits = bits.first().map_or(1, |&bits| bits) as usize;
        let numbers = match formats.first().unwrap_or(&1) {
            2 => Numbers::Signed,
            3 => Numbers::Float,
            5 | 6 => return Err(unsupported("a picture of complex numbers")),
            _ => Numbers::Whole,
        };
        let whole = numbers == Numbers::Whole;
        let fits = match numbers {
            Numbers::Whole => matches!(bits, 1..=16 | 32),
            Numbers::Signed => matches!(bits, 8 | 16 | 32),
            Numbers::Float => matches!(bits, 16 | 32 | 64),
        };
        let small = matches!(photometric, Photometric::Palette | Photometric::YCbCr);
        if !fits
            || (small && (bits > 8 || !whole))
            || (matches!(compression, Compression::Jpeg | Compression::WebP) && (bits != 8 || !whole))
            || (matches!(photometric, Photometric::Lab(_)) && !matches!((bits, whole), (8 | 16, true)))
        {
            let kind = if numbers == Numbers::Signed { "signed " } else { "" };
            return Err(unsupported(&format!("{kind}{bits}-bit samples of this kind")));
        }
        if photometric == Photometric::YCbCr && compression != Compression::Jpeg {
            let sampling = directory.numbers(input, 530)?;
            if sampling != [1, 1] {
                return Err(unsupported("YCbCr with subsampled color and without JPEG compression"));
            }
        }
        let fax = matches!(compression, Compression::Fax(_));
        if fax && (bits != 1 || samples != 1) {
            return Err(malformed("only pages of 1-bit pixels can have fax compression"));
        }
        let predictor = match predictor {
            _ if !compression.has_predictor() => Predictor::None,
            2 if matches!(bits, 8 | 16 | 32 | 64) => Predictor::Horizontal,
            3 if numbers == Numbers::Float => Predictor::Float,
            2 | 3 => return Err(unsupported(&format!("prediction of {bits}-bit samples"))),
            _ => Predictor::None,
        };

        let colours = photometric.colours();
        if samples < colours {
            return Err(malformed(&format!("it has {samples} samples a pixel, but {colours} are needed")));
        }
        let extra = directory.numbers(input, 338)?;
        // Old programs write one additional sample, which is alpha, without declaring it. A sample declared as
        // unspecified is not alpha.
        let unnamed = extra.is_empty() && samples == colours + 1;
        let alpha = if unnamed { Some(0) } else { extra.iter().position(|&kind| kind == 1 || kind == 2) };
        let alpha = alpha.filter(|&i| colours + i < samples);
        let mut kept: Vec<usize> = (0..colours).collect();
        kept.extend(alpha.map(|i| colours + i));

        let in_row = if planar { 1 } else { samples };
        let coding = Coding {
            bits,
            numbers,
            little: directory.little,
            predictor,
            samples: in_row,
            scaled: photometric != Photometric::Palette,
        };
        let lab = matches!(photometric, Photometric::Lab(_));
        let size = if !whole || bits > 16 { 4 } else { bits.div_ceil(8) + usize::from(lab) };
        let channels = if photometric == Photometric::Palette { kept.len() + 2 } else { kept.len() };
        limits.check_decoded(width, height, channels * size)?;

        let tiles = directory.numbers(input, 324)?;
        let (chunk, places, lengths) = if tiles.is_empty() {
            let rows = directory.first(input, 278)?.unwrap_or(u64::MAX).min(height as u64) as usize;
            ([width, rows], directory.numbers(input, 273)?, directory.numbers(input, 279)?)
        } else {
            let mut side = |tag| Ok::<_, Error>(usize::try_from(directory.first(input, tag)?.unwrap_or(0)).unwrap_or(0));
            ([side(322)?, side(323)?], tiles, directory.numbers(input, 325)?)
        };
        if chunk.contains(&0) {
            return Err(malformed("its strips or tiles have no size"));
        }
        let count = width.div_ceil(chunk[0]) * height.div_ceil(chunk[1]) * if planar { samples } else { 1 };
        if places.len() < count {
            return Err(malformed("some of its strips or tiles are missing"));
        }
        let length = |i: usize| lengths.get(i).copied().filter(|&len| len > 0);
        let places = places.iter().take(count).enumerate().map(|(i, &place)| (place, length(i))).collect();
        let layout = Layout {
            width,
            height,
            photometric,
            compression,
            coding,
            kept,
            alpha: alpha.map(|i| extra.get(i) == Some(&1)),
            planar,
            chunk,
            places,
            reversed,
            jpeg_tables: directory.bytes(input, 347)?,
        };
        let most = sample_count(width, height, samples)?.saturating_mul(8).saturating_add(ROW_BYTES);
        if layout.row_bytes().is_none_or(|bytes| bytes > most) {
            return Err(Error::new(ErrorKind::TooLarge, "its tiles are much larger than the picture"));
        }
        Ok(layout)
    }

    /// Bytes of a strip's or tile's row.
    fn row_bytes(&self) -> Option<usize> {
        let samples = self.chunk[0].checked_mul(self.coding.samples)?;
        Some(samples.checked_mul(self.coding.bits)?.div_ceil(8))
    }

    fn raw(&self, samples: Samples) -> Raw {
        let colour = match self.photometric {
            Photometric::WhiteIsZero | Photometric::BlackIsZero => Colour::Grey,
            Photometric::Rgb | Photometric::Palette | Photometric::YCbCr | Photometric::Lab(_) => Colour::Rgb,
            Photometric::Cmyk => Colour::Cmyk,
        };
        let mut raw = Raw::new(self.width, self.height, colour, self.alpha.is_some(), samples);
        raw.bit_depth = self.coding.bits.min(32) as u8;
        raw.premultiplied = self.alpha == Some(true);
        raw
    }

    /// Reads the kept samples of all pixels.
    fn samples<T: Sample>(&self, input: &mut (impl Read + Seek)) -> Result<Vec<T>> {
        let mut out: Vec<T> = zeros(sample_count(self.width, self.height, self.kept.len())?)?;
        let across = self.width.div_ceil(self.chunk[0]);
        let each_plane = across * self.height.div_ceil(self.chunk[1]);
        let mut bytes = zeros(self.row_bytes().unwrap_or(0))?;
        let mut row: Vec<T> = zeros(self.chunk[0] * self.coding.samples)?;
        for (i, &place) in self.places.iter().enumerate() {
            let (plane, i) = (i / each_plane, i % each_plane);
            // From a chunk with all samples, those that are kept; from a plane, the one that it has.
            let taken: Vec<(usize, usize)> = if self.planar {
                self.kept.iter().enumerate().filter(|&(_, &from)| from == plane).map(|(to, _)| (0, to)).collect()
            } else {
                self.kept.iter().enumerate().map(|(to, &from)| (from, to)).collect()
            };
            if taken.is_empty() {
                continue;
            }
            let corner = [i % across * self.chunk[0], i / across * self.chunk[1]];
            self.chunk(input, place, corner, &taken, (&mut bytes, &mut row), &mut out)?;
        }
        if self.photometric == Photometric::WhiteIsZero {
            out.iter_mut().step_by(self.kept.len()).for_each(|v| *v = v.inverted());
        }
        Ok(out)
    }

    /// Reads a strip or tile, and copies its samples to their places.
    fn chunk<T: Sample>(
        &self,
        input: &mut (impl Read + Seek),
        (place, len): (u64, Option<u64>),
        [left, top]: [usize; 2],
        taken: &[(usize, usize)],
        (bytes, row): (&mut [u8], &mut [T]),
        out: &mut [T],
    ) -> Result<()> {
        let rows = self.chunk[1].min(self.height - top);
        let columns = self.chunk[0].min(self.width - left);
        input.seek(SeekFrom::Start(place)).map_err(chunk_error)?;
        // The length of uncompressed samples is not needed, so it may be wrong or missing.
        let len = len.filter(|_| self.compression != Compression::None).unwrap_or(u64::MAX);
        let stored = Ordered { input: input.by_ref().take(len), reversed: self.reversed };
        let shape = Shape { width: self.chunk[0], rows, samples: self.coding.samples, jpeg_tables: self.jpeg_tables.as_deref() };
        let mut stored = chunk::open(self.compression, stored, &shape).map_err(chunk_error)?;
        let channels = self.kept.len();
        for y in 0..rows {
            stored.read_exact(bytes).map_err(chunk_error)?;
            self.coding.unpredict(bytes);
            T::unpack(&self.coding, bytes, row);
            let target = &mut out[((top + y) * self.width + left) * channels..][..columns * channels];
            if taken.len() == self.coding.samples && taken.len() == channels {
                target.copy_from_slice(&row[..target.len()]);
                continue;
            }
            for (pixel, stored) in target.chunks_exact_mut(channels).zip(row.chunks_exact(self.coding.samples)) {
                taken.iter().for_each(|&(from, to)| pixel[to] = stored[from]);
            }
        }
        Ok(())
    }
}

/// Bytes whose bits may be stored in reverse order (FillOrder 2).
struct Ordered<R> {
    input: R,
    reversed: bool,
}

impl<R: Read> Read for Ordered<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let len = self.input.read(out)?;
        if self.reversed {
            out[..len].iter_mut().for_each(|byte| *byte = byte.reverse_bits());
        }
        Ok(len)
    }
}

/// Returns the colors of a palette, 8 bits each.
fn palette(map: &[u64], bits: usize) -> Result<Vec<[u8; 3]>> {
    let count = 1 << bits;
    if map.len() < 3 * count {
        return Err(malformed("its palette is missing or too short"));
    }
    // They should have 16 bits, but some programs write 8.
    let shift = if map.iter().any(|&v| v > 255) { 8 } else { 0 };
    Ok((0..count).map(|i| [0, 1, 2].map(|c| (map[c * count + i] >> shift) as u8)).collect())
}

/// Replaces palette indexes by their colors; alpha stays.
fn painted(numbers: &[u8], colours: &[[u8; 3]], alpha: bool) -> Result<Vec<u8>> {
    let channels = 1 + usize::from(alpha);
    let mut out = reserved(numbers.len() / channels * (channels + 2))?;
    for pixel in numbers.chunks_exact(channels) {
        out.extend(colours[usize::from(pixel[0])]);
        out.extend(&pixel[1..]);
    }
    Ok(out)
}

fn unsupported(what: &str) -> Error {
    Error::new(ErrorKind::Unsupported, format!("{what} is not supported; save it as RGB with LZW or deflate compression"))
}

/// Converts a decompression error.
fn chunk_error(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => cut().with_source(error),
        io::ErrorKind::InvalidData if error.get_ref().is_some() => malformed(&error.to_string()).with_source(error),
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
            malformed("its compressed data is corrupt").with_source(error)
        }
        _ => io_error(error),
    }
}
