//! The Netpbm formats: PBM, PGM and PPM (P1 to P6), and PAM (P7), as their manual pages describe them.
//!
//! Samples are taken as sRGB-encoded, as programs write them, although PPM's page specifies the curve of BT.709.

use super::{Holds, Output, Read, Row, Write};
use crate::picture::decode::{Colour, Raw, Samples, cut, sample_count};
use crate::picture::encode::rows::{Alpha, Layout, NextRows, incomplete};
use crate::picture::{EncodeOptions, Limits, reserved};
use crate::{Error, ErrorKind, Result};

pub(super) const ROW: Row = Row {
    name: "PNM",
    id: "pnm",
    media_type: "image/x-portable-anymap",
    extensions: &["ppm", "pnm"],
    only_read: &["pgm", "pbm"],
    detect: |head| matches!(head, [b'P', b'1'..=b'6', third, ..] if is_space(*third) || *third == b'#'),
    read: Read::Bytes(decode),
    write: Some(Write { encode, whole: false, most: usize::MAX, holds: Holds { deep: true, ..Holds::NOTHING } }),
};

pub(super) const PAM: Row = Row {
    name: "PAM",
    id: "pam",
    media_type: "image/x-portable-arbitrarymap",
    extensions: &["pam"],
    only_read: &[],
    detect: |head| head.starts_with(b"P7\n"),
    read: Read::Bytes(decode),
    write: Some(Write {
        encode: encode_pam,
        whole: false,
        most: usize::MAX,
        holds: Holds { alpha: true, deep: true, ..Holds::NOTHING },
    }),
};

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0B | 0x0C)
}

fn malformed(what: &str) -> Error {
    Error::new(ErrorKind::Malformed, what)
}

/// The information in a header.
struct Header {
    width: u64,
    height: u64,
    /// Samples per pixel, including alpha.
    depth: usize,
    alpha: bool,
    greatest: u32,
    coding: Coding,
}

#[derive(PartialEq, Eq)]
enum Coding {
    /// Bits, the highest first, in rows of whole bytes. 1 is black.
    Bits,
    /// Bytes, or big-endian words of two bytes.
    Binary,
    /// Numbers in text. Those of a PBM need no spaces between them.
    Text { bits: bool },
}

/// A cursor over a header, and over samples in text.
struct Words<'a> {
    bytes: &'a [u8],
}

impl<'a> Words<'a> {
    /// Skips white space and comments, which end with their line.
    fn skip(&mut self) {
        loop {
            match self.bytes {
                [first, rest @ ..] if is_space(*first) => self.bytes = rest,
                [b'#', ..] => {
                    let end = self.bytes.iter().position(|&byte| byte == b'\n').unwrap_or(self.bytes.len());
                    self.bytes = &self.bytes[end..];
                }
                _ => return,
            }
        }
    }

    fn number(&mut self) -> Result<u64> {
        self.skip();
        let end = self.bytes.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(self.bytes.len());
        let (digits, rest) = self.bytes.split_at(end);
        if digits.is_empty() {
            return Err(if rest.is_empty() { cut() } else { malformed("a number is missing") });
        }
        self.bytes = rest;
        let text = std::str::from_utf8(digits).unwrap_or_default();
        text.parse().map_err(|_| malformed("one of its numbers is too large"))
    }

    /// Reads one digit of a PBM in text.
    fn bit(&mut self) -> Result<u64> {
        self.skip();
        let (&first, rest) = self.bytes.split_first().ok_or_else(cut)?;
        self.bytes = rest;
        match first {
            b'0' => Ok(0),
            b'1' => Ok(1),
            _ => Err(malformed("it has pixels that are neither 0 nor 1")),
        }
    }

    /// Skips the single byte of white space between header and pixels.
    fn end_header(&mut self) -> Result<()> {
        let (&first, rest) = self.bytes.split_first().ok_or_else(cut)?;
        self.bytes = rest;
        if is_space(first) { Ok(()) } else { Err(malformed("its header is damaged")) }
    }

    /// Reads a line of a PAM header: a word and the rest of the line.
    fn line(&mut self) -> Result<(&'a [u8], &'a [u8])> {
        let end = self.bytes.iter().position(|&byte| byte == b'\n').ok_or_else(cut)?;
        let line = self.bytes[..end].trim_ascii();
        self.bytes = &self.bytes[end + 1..];
        let word = line.iter().position(|&byte| is_space(byte)).unwrap_or(line.len());
        Ok((&line[..word], line[word..].trim_ascii()))
    }
}

fn header(words: &mut Words<'_>) -> Result<Header> {
    let kind = words.bytes.get(1).copied().unwrap_or_default();
    words.bytes = words.bytes.get(2..).unwrap_or_default();
    if kind == b'7' {
        return pam_header(words);
    }
    let (width, height) = (words.number()?, words.number()?);
    let bits = matches!(kind, b'1' | b'4');
    let greatest = if bits { 1 } else { greatest(words.number()?)? };
    let coding = match kind {
        b'1'..=b'3' => Coding::Text { bits },
        b'4' => Coding::Bits,
        _ => Coding::Binary,
    };
    let depth = if matches!(kind, b'3' | b'6') { 3 } else { 1 };
    words.end_header()?;
    Ok(Header { width, height, depth, alpha: false, greatest, coding })
}

fn greatest(value: u64) -> Result<u32> {
    if (1..=65_535).contains(&value) { Ok(value as u32) } else { Err(malformed("its greatest sample must be 1 to 65535")) }
}

fn pam_header(words: &mut Words<'_>) -> Result<Header> {
    let (mut sizes, mut kind) = ([None; 4], Vec::new());
    // The rest of the magic number's line.
    words.line()?;
    loop {
        let (word, rest) = words.line()?;
        let names: [&[u8]; 4] = [b"WIDTH", b"HEIGHT", b"DEPTH", b"MAXVAL"];
        if let Some(i) = names.iter().position(|name| *name == word) {
            sizes[i] = Some(Words { bytes: rest }.number()?);
        } else if word == b"TUPLTYPE" {
            kind.extend_from_slice(rest);
        } else if word == b"ENDHDR" {
            break;
        } else if !word.is_empty() && !word.starts_with(b"#") {
            return Err(malformed("its header is damaged"));
        }
    }
    let [Some(width), Some(height), Some(depth), Some(most)] = sizes else {
        return Err(malformed("its header lacks width, height, depth or greatest sample"));
    };
    // Without a name, or with a user-defined one, the number of samples decides.
    let alpha = match (kind.as_slice(), depth) {
        (b"BLACKANDWHITE" | b"GRAYSCALE", 1) | (b"RGB", 3) => false,
        (b"BLACKANDWHITE_ALPHA" | b"GRAYSCALE_ALPHA", 2) | (b"RGB_ALPHA", 4) => true,
        (b"", 1..=4) => depth % 2 == 0,
        _ => {
            let text = format!("{depth} channels of kind {:?} are not supported", String::from_utf8_lossy(&kind));
            return Err(Error::new(ErrorKind::Unsupported, text));
        }
    };
    Ok(Header { width, height, depth: depth as usize, alpha, greatest: greatest(most)?, coding: Coding::Binary })
}

fn decode(bytes: &[u8], limits: &Limits) -> Result<Raw> {
    let mut words = Words { bytes };
    let header = header(&mut words)?;
    limits.check_pixels(header.width, header.height)?;
    let (width, height) = (header.width as usize, header.height as usize);
    let deep = header.greatest > 255;
    let size = if deep { 2 } else { 1 };
    limits.check_decoded(width, height, header.depth * size)?;
    let count = sample_count(width, height, header.depth)?;
    let row = width.div_ceil(8);
    let least = match header.coding {
        Coding::Bits => row.saturating_mul(height),
        Coding::Binary => count.saturating_mul(size),
        Coding::Text { .. } => count,
    };
    if words.bytes.len() < least {
        return Err(cut());
    }
    let scale = Scale::new(header.greatest, header.coding == (Coding::Text { bits: true }));
    let binary = &words.bytes[..least];
    let samples = match (&header.coding, deep) {
        (Coding::Bits, _) => {
            let mut samples = reserved(count)?;
            for row in binary.chunks_exact(row) {
                samples.extend((0..width).map(|x| if row[x / 8] >> (7 - x % 8) & 1 == 1 { 0 } else { 255 }));
            }
            Samples::U8(samples)
        }
        (Coding::Binary, false) => {
            let mut samples = reserved(count)?;
            for &v in binary {
                samples.push(scale.of(u32::from(v))? as u8);
            }
            Samples::U8(samples)
        }
        (Coding::Binary, true) => {
            let mut samples = reserved(count)?;
            for &v in binary.as_chunks::<2>().0 {
                samples.push(scale.of(u32::from(u16::from_be_bytes(v)))? as u16);
            }
            Samples::U16(samples)
        }
        (Coding::Text { bits }, _) => {
            let mut read = || if *bits { words.bit() } else { words.number() };
            let mut next = || scale.of(u32::try_from(read()?).unwrap_or(u32::MAX));
            if deep {
                let mut samples = reserved(count)?;
                for _ in 0..count {
                    samples.push(next()? as u16);
                }
                Samples::U16(samples)
            } else {
                let mut samples = reserved(count)?;
                for _ in 0..count {
                    samples.push(next()? as u8);
                }
                Samples::U8(samples)
            }
        }
    };
    let colour = if header.depth < 3 { Colour::Grey } else { Colour::Rgb };
    Ok(Raw::new(width, height, colour, header.alpha, samples))
}

/// Converts a file's samples to 8 or 16 bits.
struct Scale {
    greatest: u32,
    /// The value that the greatest sample becomes.
    full: u32,
    inverted: bool,
}

impl Scale {
    fn new(greatest: u32, inverted: bool) -> Self {
        Scale { greatest, full: if greatest > 255 { 65_535 } else { 255 }, inverted }
    }

    fn of(&self, value: u32) -> Result<u32> {
        if value > self.greatest {
            return Err(malformed("it has samples above the greatest in its header"));
        }
        let scaled = (value * self.full + self.greatest / 2) / self.greatest;
        Ok(if self.inverted { self.full - scaled } else { scaled })
    }
}

/// PPM (P6).
fn encode(layout: &Layout, _: &EncodeOptions, next: NextRows<'_>, out: &mut dyn Output) -> Result<()> {
    let greatest = if layout.deep { 65_535 } else { 255 };
    out.write_all(format!("P6\n{} {}\n{greatest}\n", layout.width, layout.height).as_bytes())?;
    rows(layout, next, out)
}

/// PAM (P7).
fn encode_pam(layout: &Layout, _: &EncodeOptions, next: NextRows<'_>, out: &mut dyn Output) -> Result<()> {
    let greatest = if layout.deep { 65_535 } else { 255 };
    let (depth, kind) = if layout.alpha == Alpha::Kept { (4, "RGB_ALPHA") } else { (3, "RGB") };
    let (width, height) = (layout.width, layout.height);
    let header = format!("P7\nWIDTH {width}\nHEIGHT {height}\nDEPTH {depth}\nMAXVAL {greatest}\nTUPLTYPE {kind}\nENDHDR\n");
    out.write_all(header.as_bytes())?;
    rows(layout, next, out)
}

fn rows(layout: &Layout, next: NextRows<'_>, out: &mut dyn Output) -> Result<()> {
    let mut left = layout.row_bytes() * layout.height;
    while left > 0 {
        let mut rows = next()?.ok_or_else(incomplete)?;
        left -= rows.len();
        if layout.deep {
            rows.as_chunks_mut::<2>().0.iter_mut().for_each(|pair| *pair = u16::from_ne_bytes(*pair).to_be_bytes());
        }
        out.write_all(&rows)?;
    }
    Ok(())
}
