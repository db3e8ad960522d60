//! Fax compression: modified Huffman, Group 3 (ITU-T T.4) and Group 4 (T.6). Rows become packed bits in which 1 is
//! black.

use std::io::{self, BufRead, BufReader, Read};

use fax::decoder::{DecodeStatus, Group3Decoder, Group4Decoder, pels};
use fax::maps::{Mode, black, mode, white};
use fax::{BitReader, ByteReader};

use super::{corrupt, invalid};

/// How a page is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    /// TIFF's own: lines of Group 3 without marks between them, each starting at a new byte.
    Huffman,
    Group3,
    /// Lines may be coded as differences from the line before.
    Group3TwoDimensional,
    Group4,
}

/// Decodes the rows of a page.
pub(super) fn open<'a>(code: Code, input: impl Read + 'a, width: usize) -> io::Result<Box<dyn Read + 'a>> {
    let width = u16::try_from(width).map_err(|_| invalid("fax pages are at most 65535 pixels wide"))?;
    let input = BufReader::new(input);
    Ok(match code {
        Code::Group4 => {
            let mut decoder = Group4Decoder::new(input.bytes(), width)?;
            Box::new(Lines::new(width, move |line| {
                let end = matches!(decoder.advance().map_err(corrupt)?, DecodeStatus::End);
                line.extend_from_slice(if end { &[] } else { decoder.transition() });
                Ok(end)
            }))
        }
        Code::Group3 => {
            let mut decoder = Group3Decoder::new(input.bytes()).map_err(corrupt)?;
            Box::new(Lines::new(width, move |line| {
                let advanced = decoder.advance();
                line.extend_from_slice(decoder.transitions());
                match advanced {
                    Ok(status) => Ok(matches!(status, DecodeStatus::End)),
                    // The last line needs no mark at its end.
                    Err(_) if line.last().is_some_and(|&at| at >= width) => Ok(false),
                    Err(e) => Err(corrupt(e)),
                }
            }))
        }
        Code::Huffman => {
            let mut bits = ByteReader::new(padded(input))?;
            Box::new(Lines::new(width, move |line| {
                runs(&mut bits, width, line)?;
                let rest = bits.bits_to_byte_boundary();
                bits.consume(rest)?;
                Ok(false)
            }))
        }
        Code::Group3TwoDimensional => {
            let mut bits = ByteReader::new(padded(input))?;
            let mut before = Vec::new();
            Box::new(Lines::new(width, move |line| {
                // Zeros pad the mark before a line, which ends with a 1. Some files lack the first one.
                if !mark(&mut bits)? {
                    return Ok(true);
                }
                let one_dimensional = bits.peek(1) == Some(1);
                bits.consume(1)?;
                if bits.peek(11) == Some(0) {
                    // Two marks without a line between them end the page.
                    return Ok(true);
                }
                if one_dimensional {
                    runs(&mut bits, width, line)?
                } else {
                    changes(&mut bits, &before, width, line)?
                }
                before.clone_from(line);
                Ok(false)
            }))
        }
    })
}

/// Returns bytes followed by zeros, because codes are looked up in more bits than they have.
fn padded(input: impl BufRead) -> impl Iterator<Item = io::Result<u8>> {
    input.bytes().chain(std::iter::repeat_with(|| Ok(0)).take(4))
}

/// Skips to the end of the next mark between lines. Returns whether there is one.
fn mark(bits: &mut impl BitReader<Error = io::Error>) -> io::Result<bool> {
    let mut zeros = 0;
    loop {
        match bits.peek(1) {
            None => return Ok(false),
            Some(0) => zeros += 1,
            Some(_) if zeros >= 11 => {
                bits.consume(1)?;
                return Ok(true);
            }
            Some(_) => return Err(corrupt(())),
        }
        bits.consume(1)?;
    }
}

/// Decodes the length of a run: codes of 64 and more, and then one below.
fn run(bits: &mut impl BitReader, is_black: bool) -> io::Result<u16> {
    let mut sum = 0u16;
    loop {
        let part = if is_black { black::decode(bits) } else { white::decode(bits) }.ok_or_else(|| corrupt(()))?;
        sum = sum.checked_add(part).ok_or_else(|| corrupt(()))?;
        if part < 64 {
            return Ok(sum);
        }
    }
}

/// Decodes a line of runs into the positions where its color changes.
fn runs(bits: &mut impl BitReader, width: u16, line: &mut Vec<u16>) -> io::Result<()> {
    let (mut at, mut is_black) = (0u16, false);
    while at < width {
        at = at.checked_add(run(bits, is_black)?).filter(|&at| at <= width).ok_or_else(|| corrupt(()))?;
        add(line, at, width)?;
        is_black = !is_black;
    }
    Ok(())
}

/// Decodes a line of differences from the line before: T.4, section 4.2.
fn changes(bits: &mut impl BitReader, before: &[u16], width: u16, line: &mut Vec<u16>) -> io::Result<()> {
    // Before the first pixel, because a change may be at that pixel.
    let (mut at, mut is_black) = (-1i32, false);
    while at < i32::from(width) {
        // The first change to the other color after this position, and the one after it. Changes to black have even
        // indexes.
        let wanted = |&(i, &place): &(usize, &u16)| i32::from(place) > at && (i % 2 == 1) == is_black;
        let first = before.iter().enumerate().find(wanted).map(|(i, _)| i);
        let place = |i: Option<usize>| i.and_then(|i| before.get(i)).map_or(i32::from(width), |&place| i32::from(place));
        match mode::decode(bits).ok_or_else(|| corrupt(()))? {
            Mode::Pass => at = place(first.map(|i| i + 1)),
            Mode::Vertical(by) => {
                let next = place(first) + i32::from(by);
                if next < at.max(0) || next > i32::from(width) {
                    return Err(corrupt(()));
                }
                add(line, next as u16, width)?;
                (at, is_black) = (next, !is_black);
            }
            Mode::Horizontal => {
                at = at.max(0);
                for is_black in [is_black, !is_black] {
                    at += i32::from(run(bits, is_black)?);
                    if at > i32::from(width) {
                        return Err(corrupt(()));
                    }
                    add(line, at as u16, width)?;
                }
            }
            Mode::Extension => return Err(invalid("its fax data has parts without compression, which are not supported")),
            Mode::EOF => return Err(corrupt(())),
        }
    }
    Ok(())
}

/// Adds a change. A line has no more of them than pixels, except for runs of length zero.
fn add(line: &mut Vec<u16>, at: u16, width: u16) -> io::Result<()> {
    if line.len() > 2 * usize::from(width) + 2 {
        return Err(corrupt(()));
    }
    line.push(at);
    Ok(())
}

/// Lines as packed bits.
struct Lines<F> {
    width: u16,
    /// Writes the next line's changes of color to the vector. Returns whether the page has ended.
    next: F,
    line: Vec<u16>,
    row: Vec<u8>,
    at: usize,
    ended: bool,
}

impl<F: FnMut(&mut Vec<u16>) -> io::Result<bool>> Lines<F> {
    fn new(width: u16, next: F) -> Self {
        Lines { width, next, line: Vec::new(), row: Vec::new(), at: 0, ended: false }
    }
}

impl<F: FnMut(&mut Vec<u16>) -> io::Result<bool>> Read for Lines<F> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.at == self.row.len() {
            self.line.clear();
            // White lines at the end of a page may be omitted.
            if !self.ended {
                self.ended = (self.next)(&mut self.line)?;
            }
            self.row.clear();
            self.row.resize(usize::from(self.width).div_ceil(8), 0);
            for (x, colour) in pels(&self.line, self.width).enumerate() {
                if colour == fax::Color::Black {
                    self.row[x / 8] |= 0x80 >> (x % 8);
                }
            }
            self.at = 0;
        }
        let len = out.len().min(self.row.len() - self.at);
        out[..len].copy_from_slice(&self.row[self.at..][..len]);
        self.at += len;
        Ok(len)
    }
}
