//! A decoder for files that `zune-jpeg` decodes wrongly or refuses: several scans, odd sampling, heights that come
//! late, missing tables and missing ends. It is slower, but it knows for every block whether its data was there.

use super::huffman::{Bits, Stop, Table};
use super::planes::{self, Plane};
use super::{CUT_OFF, damaged, standard};
use crate::picture::reserved;
use crate::{Error, ErrorKind, Result};

/// Position in a block of each coefficient in file order: T.81, figure A.6.
const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28, 35, 42,
    49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// Maximum number of scans. Encoders write 10; those that try out every split write fewer than 100.
const SCANS: usize = 500;

/// Most bytes behind a scan that need no word: some cameras write a few.
const SPARE: usize = 16;

/// A picture as it was stored.
#[derive(Debug)]
pub(super) struct Coded {
    /// Interleaved samples, at the picture's size.
    pub(super) samples: Vec<u8>,
    /// Whether the picture data is complete.
    pub(super) whole: bool,
    /// Whether there is an end-of-image marker.
    pub(super) ended: bool,
    /// Whether there is more data than blocks: bytes were inserted, or changed so that blocks seem shorter.
    pub(super) too_much: bool,
    /// The share of the picture that is there, even if only coarsely or without its colors.
    pub(super) part: f64,
}

#[derive(Debug, Default)]
struct Component {
    id: u8,
    factors: [usize; 2],
    table: usize,
    /// Its quantization table, as it was when its first scan started.
    steps: Option<[u16; 64]>,
    /// Number of samples across and down.
    size: [usize; 2],
    /// Number of blocks that contain them.
    blocks: [usize; 2],
    /// Blocks per row in memory: whole MCUs.
    stride: usize,
    coefficients: Vec<[i16; 64]>,
    /// For each coefficient, how many of its low bits are missing; `None` before its first scan.
    missing: Vec<Option<u8>>,
    /// Blocks whose first coefficient has been decoded.
    seen: usize,
}

#[derive(Debug, Default)]
struct Decoder {
    size: [usize; 2],
    progressive: bool,
    largest: [usize; 2],
    components: Vec<Component>,
    quantization: [Option<[u16; 64]>; 4],
    /// Tables for DC and for AC coefficients.
    huffman: [[Option<Table>; 4]; 2],
    restart: usize,
    /// Whether the last scan ends where the file does.
    all_read: bool,
    /// Bytes of scans that belong to no block.
    left_over: usize,
    /// Whether blocks are only counted, and not kept.
    counts: bool,
}

/// A scan header: T.81, section B.2.3.
struct Scan {
    /// Component, and its tables for DC and for AC coefficients.
    components: Vec<(usize, [usize; 2])>,
    first: usize,
    last: usize,
    /// The lowest bit that earlier scans reached, and the one that this scan reaches.
    high: u8,
    low: u8,
}

/// Decodes a file of this height. If it is cut off or damaged, `salvage` keeps the parts that are there and leaves the
/// rest gray.
pub(super) fn decode(bytes: &[u8], height: usize, salvage: bool) -> Result<Coded> {
    let mut decoder = Decoder { huffman: standard::tables(), ..Decoder::default() };
    let end = decoder.read(bytes, height)?;
    if decoder.components.iter().all(|component| component.seen == 0) {
        return Err(match end {
            End::Damaged => damaged("the picture data is damaged"),
            _ => Error::new(ErrorKind::Malformed, CUT_OFF),
        });
    }
    let complete = decoder.components.iter().all(|c| c.steps.is_some() && c.missing.iter().all(|low| *low == Some(0)));
    // An encoder may omit details, but then the file has its end marker.
    let whole = match end {
        End::Marker => decoder.components.iter().all(|c| c.missing[0].is_some()),
        // Left-over bytes mean that this is not picture data, and the bytes before may not be either: programs that
        // copy or download reserve space for a file by filling it with zeros.
        End::Bytes => complete && decoder.all_read,
        End::Short | End::Damaged => false,
    };
    if !whole && !salvage {
        return Err(match end {
            End::Damaged => damaged("the picture data is damaged"),
            End::Marker => damaged("a part of the picture data is missing"),
            End::Bytes | End::Short => {
                Error::new(ErrorKind::Malformed, format!("{CUT_OFF}. `stylize --salvage` reads what is there"))
            }
        });
    }
    let luma = &decoder.components[0];
    let part = luma.seen as f64 / (luma.blocks[0] * luma.blocks[1]) as f64;
    let [width, height] = decoder.size;
    let largest = decoder.largest;
    let mut found = Vec::new();
    for component in &mut decoder.components {
        let coefficients = std::mem::take(&mut component.coefficients);
        let steps = component.steps.unwrap_or([0; 64]);
        found.push(Plane::new(&coefficients, &steps, component.stride, component.blocks, component.size, component.factors)?);
    }
    let samples = planes::interleaved(&found, [width, height], largest)?;
    let too_much = end == End::Marker && decoder.left_over > SPARE;
    Ok(Coded { samples, whole, ended: end == End::Marker, too_much, part })
}

/// Whether a sequential file has the data of all blocks, and no more. Blocks are not kept. `zune-jpeg` makes up what is
/// missing, and does not say so.
pub(super) fn is_whole(bytes: &[u8], height: usize) -> bool {
    let mut decoder = Decoder { huffman: standard::tables(), counts: true, ..Decoder::default() };
    let end = decoder.read(bytes, height);
    let complete = decoder.components.iter().all(|c| c.missing[0].is_some());
    matches!(end, Ok(End::Marker)) && complete && decoder.left_over <= SPARE
}

/// How reading the file ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// With an end-of-image marker.
    Marker,
    /// With the last byte, between two scans.
    Bytes,
    /// With the last byte, within a scan.
    Short,
    /// With data that cannot be right.
    Damaged,
}

impl Decoder {
    /// Reads headers and scans up to the end.
    fn read(&mut self, bytes: &[u8], height: usize) -> Result<End> {
        let (mut at, mut scans) = (2, 0);
        loop {
            // Bytes between segments, and what is left of a scan, are skipped as in other decoders.
            let Some(found) =
                bytes.get(at..).and_then(|rest| rest.windows(2).position(|pair| pair[0] == 0xFF && !matches!(pair[1], 0 | 0xFF)))
            else {
                return Ok(End::Bytes);
            };
            if scans > 0 {
                self.left_over += bytes[at..at + found].iter().filter(|&&byte| byte != 0xFF).count();
            }
            at += found + 2;
            let marker = bytes[at - 1];
            match marker {
                0xD9 => return Ok(End::Marker),
                0x01 | 0xD0..=0xD8 => continue,
                _ => {}
            }
            let Some((length, rest)) = bytes[at..].split_first_chunk::<2>() else { return Ok(End::Bytes) };
            let length = usize::from(u16::from_be_bytes(*length));
            let Some(body) = rest.get(..length.saturating_sub(2)) else { return Ok(End::Bytes) };
            at += length.max(2);
            match marker {
                0xC0..=0xC2 if self.components.is_empty() => self.frame(marker, body, height)?,
                0xC0..=0xC2 => return Err(damaged("it has two frame headers")),
                0xC4 => self.huffman_tables(body).ok_or_else(|| damaged("a Huffman table is damaged"))?,
                0xDB => self.quantization_tables(body).ok_or_else(|| damaged("a quantization table is damaged"))?,
                0xDD => self.restart = body.first_chunk::<2>().map_or(0, |n| usize::from(u16::from_be_bytes(*n))),
                // Each scan may cover the whole picture, however little data it has.
                0xDA if scans == SCANS => return Err(damaged("it has too many scans")),
                0xDA => {
                    scans += 1;
                    let scan = self.scan(body).ok_or_else(|| damaged("a scan header is damaged"))?;
                    let mut bits = Bits::new(bytes, at);
                    match self.decode_scan(&scan, &mut bits) {
                        Ok(()) => {
                            at = bits.position();
                            self.left_over += bits.unread();
                            self.all_read = bits.at_end();
                        }
                        Err(Stop::Short) => return Ok(End::Short),
                        Err(Stop::Damaged) => return Ok(End::Damaged),
                    }
                }
                _ => {}
            }
        }
    }

    fn frame(&mut self, marker: u8, body: &[u8], height: usize) -> Result<()> {
        let header = || damaged("the frame header is damaged");
        let [_, _, _, x1, x0, count, rest @ ..] = body else { return Err(header()) };
        self.progressive = marker == 0xC2;
        self.size = [usize::from(u16::from_be_bytes([*x1, *x0])), height];
        for [id, factors, table] in rest.as_chunks::<3>().0.iter().take(usize::from(*count)) {
            let factors = [usize::from(factors >> 4), usize::from(factors & 15)];
            let twice = self.components.iter().any(|c| c.id == *id);
            if twice || *table > 3 || factors.iter().any(|f| !(1..=4).contains(f)) {
                return Err(header());
            }
            self.components.push(Component {
                id: *id,
                factors,
                table: usize::from(*table),
                missing: vec![None; 64],
                ..Component::default()
            });
        }
        if self.components.len() != usize::from(*count) {
            return Err(header());
        }
        self.largest = [0, 1].map(|axis| self.components.iter().map(|c| c.factors[axis]).max().unwrap_or(1));
        for component in &mut self.components {
            // T.81, section A.1.1 and A.2.4.
            let mcus = [0, 1].map(|axis| self.size[axis].div_ceil(8 * self.largest[axis]));
            component.size = [0, 1].map(|axis| (self.size[axis] * component.factors[axis]).div_ceil(self.largest[axis]));
            component.blocks = component.size.map(|samples| samples.div_ceil(8));
            component.stride = mcus[0] * component.factors[0];
            if !self.counts {
                let count = component.stride * mcus[1] * component.factors[1];
                component.coefficients = reserved(count)?;
                component.coefficients.resize(count, [0; 64]);
            }
        }
        Ok(())
    }

    fn quantization_tables(&mut self, mut body: &[u8]) -> Option<()> {
        while let Some((&head, rest)) = body.split_first() {
            let bytes = match head >> 4 {
                0 => 1,
                1 => 2,
                _ => return None,
            };
            let (steps, rest) = rest.split_at_checked(64 * bytes)?;
            let mut table = [0; 64];
            for (place, step) in ZIGZAG.iter().zip(steps.chunks_exact(bytes)) {
                table[usize::from(*place)] = step.iter().fold(0, |sum, byte| sum << 8 | u16::from(*byte));
            }
            *self.quantization.get_mut(usize::from(head & 15))? = Some(table);
            body = rest;
        }
        Some(())
    }

    fn huffman_tables(&mut self, mut body: &[u8]) -> Option<()> {
        while let Some((&head, rest)) = body.split_first() {
            let (counts, rest) = rest.split_first_chunk::<16>()?;
            let (values, rest) = rest.split_at_checked(counts.iter().map(|n| usize::from(*n)).sum())?;
            let table = self.huffman.get_mut(usize::from(head >> 4))?.get_mut(usize::from(head & 15))?;
            *table = Some(Table::new(*counts, values)?);
            body = rest;
        }
        Some(())
    }

    fn scan(&self, body: &[u8]) -> Option<Scan> {
        let (&count, rest) = body.split_first()?;
        let (ids, rest) = rest.split_at_checked(2 * usize::from(count))?;
        let [first, last, bits, ..] = *rest else { return None };
        let mut components = Vec::new();
        for [id, tables] in ids.as_chunks::<2>().0 {
            let index = self.components.iter().position(|c| c.id == *id)?;
            if components.iter().any(|(other, _)| *other == index) {
                return None;
            }
            components.push((index, [usize::from(tables >> 4), usize::from(tables & 15)]));
        }
        // Sequential scans contain everything, so these fields have no meaning.
        let (first, last, bits) = if self.progressive { (first, last, bits) } else { (0, 63, 0) };
        let scan = Scan { components, first: usize::from(first), last: usize::from(last), high: bits >> 4, low: bits & 15 };
        let range = scan.first <= scan.last && scan.last < 64 && scan.low < 14 && (scan.high == 0 || scan.high == scan.low + 1);
        // T.81, section G.1.1.1: a progressive scan has either DC coefficients, or AC coefficients of one component.
        let kind = !self.progressive || if scan.first == 0 { scan.last == 0 } else { scan.components.len() == 1 };
        (matches!(count, 1..=4) && range && kind).then_some(scan)
    }

    fn decode_scan(&mut self, scan: &Scan, bits: &mut Bits<'_>) -> Result<(), Stop> {
        for (index, _) in &scan.components {
            let component = &mut self.components[*index];
            if component.steps.is_none() {
                component.steps = Some(self.quantization[component.table].ok_or(Stop::Damaged)?);
            }
            // Bits are refined in order, each once. A sequential component comes once.
            let due = |missing: &Option<u8>| *missing == if scan.high == 0 { None } else { Some(scan.high) };
            if !component.missing[scan.first..=scan.last].iter().all(due) {
                return Err(Stop::Damaged);
            }
        }
        let whole = self.decode_blocks(scan, bits);
        for (index, _) in &scan.components {
            self.components[*index].missing[scan.first..=scan.last].fill(Some(scan.low));
        }
        whole
    }

    fn decode_blocks(&mut self, scan: &Scan, bits: &mut Bits<'_>) -> Result<(), Stop> {
        let Decoder { components, huffman, counts, .. } = self;
        let mut forgotten = [0; 64];
        let mut blocks = Blocks { scan, progressive: self.progressive, run: 0, before: [0; 4] };
        // A scan of one component has only that component's blocks; other scans have whole MCUs: T.81, section A.2.
        let alone = scan.components.len() == 1;
        let [across, down] = if alone {
            components[scan.components[0].0].blocks
        } else {
            [0, 1].map(|axis| self.size[axis].div_ceil(8 * self.largest[axis]))
        };
        for mcu in 0..across * down {
            if self.restart > 0 && mcu > 0 && mcu % self.restart == 0 {
                bits.restart((mcu / self.restart - 1) as u8 & 7)?;
                (blocks.run, blocks.before) = (0, [0; 4]);
            }
            let [left, top] = [mcu % across, mcu / across];
            for (place, (index, tables)) in scan.components.iter().enumerate() {
                let component = &mut components[*index];
                let [h, v] = if alone { [1, 1] } else { component.factors };
                let tables = [0, 1].map(|kind| huffman[kind].get(tables[kind]).and_then(Option::as_ref));
                for [x, y] in (0..v).flat_map(|y| (0..h).map(move |x| [left * h + x, top * v + y])) {
                    let place_of_block = y * component.stride + x;
                    let block = if *counts { &mut forgotten } else { &mut component.coefficients[place_of_block] };
                    blocks.decode(bits, tables, place, block)?;
                    if scan.first == 0 && scan.high == 0 && x < component.blocks[0] && y < component.blocks[1] {
                        component.seen += 1;
                    }
                }
            }
        }
        Ok(())
    }
}

/// The state between the blocks of a scan.
struct Blocks<'a> {
    scan: &'a Scan,
    progressive: bool,
    /// Number of following blocks that this scan adds nothing to.
    run: u32,
    /// Each component's previous DC coefficient.
    before: [i32; 4],
}

impl Blocks<'_> {
    fn decode(
        &mut self,
        bits: &mut Bits<'_>,
        tables: [Option<&Table>; 2],
        place: usize,
        block: &mut [i16; 64],
    ) -> Result<(), Stop> {
        let Scan { first, last, high, low, .. } = *self.scan;
        let [dc, ac] = tables.map(|table| table.ok_or(Stop::Damaged));
        if first == 0 {
            if high > 0 {
                block[0] |= i16::from(bits.bit()?) << low;
                return Ok(());
            }
            let count = bits.value(dc?)?;
            if count > 15 {
                return Err(Stop::Damaged);
            }
            let before = &mut self.before[place];
            *before = before.wrapping_add(bits.signed(u32::from(count))?);
            block[0] = (*before << low) as i16;
        }
        match (self.progressive, high) {
            (false, _) => self.others(bits, ac?, 1..=63, block),
            (true, 0) if first > 0 => self.others(bits, ac?, first..=last, block),
            (true, _) if first > 0 => self.refine(bits, ac?, first..=last, block),
            _ => Ok(()),
        }
    }

    /// Decodes AC coefficients: T.81, sections F.2.2.2 and G.1.2.2.
    fn others(
        &mut self,
        bits: &mut Bits<'_>,
        table: &Table,
        range: std::ops::RangeInclusive<usize>,
        block: &mut [i16; 64],
    ) -> Result<(), Stop> {
        if self.run > 0 {
            self.run -= 1;
            return Ok(());
        }
        let (mut k, last) = range.into_inner();
        while k <= last {
            let value = bits.value(table)?;
            let (zeros, count) = (usize::from(value >> 4), u32::from(value & 15));
            if count == 0 && zeros < 15 {
                self.run = if self.progressive { (1 << zeros) + bits.bits(zeros as u32)? as u32 - 1 } else { 0 };
                return Ok(());
            }
            k += zeros;
            if k > last {
                return Err(Stop::Damaged);
            }
            if count > 0 {
                block[usize::from(ZIGZAG[k])] = (bits.signed(count)? << self.scan.low) as i16;
            }
            k += 1;
        }
        Ok(())
    }

    /// Decodes one more bit of AC coefficients: T.81, section G.1.2.3.
    fn refine(
        &mut self,
        bits: &mut Bits<'_>,
        table: &Table,
        range: std::ops::RangeInclusive<usize>,
        block: &mut [i16; 64],
    ) -> Result<(), Stop> {
        let bit = 1i16 << self.scan.low;
        let (mut k, last) = range.into_inner();
        while k <= last && self.run == 0 {
            let value = bits.value(table)?;
            let mut zeros = value >> 4;
            let new = match value & 15 {
                0 if zeros < 15 => {
                    self.run = (1 << zeros) + bits.bits(u32::from(zeros))? as u32;
                    break;
                }
                0 => 0,
                1 if bits.bit()? => bit,
                1 => -bit,
                _ => return Err(Stop::Damaged),
            };
            // On the way to the new coefficient's place, coefficients that are already there get their bit.
            loop {
                let Some(place) = ZIGZAG[..=last].get(k) else { return Err(Stop::Damaged) };
                let coefficient = &mut block[usize::from(*place)];
                k += 1;
                if *coefficient != 0 {
                    refine(bits, coefficient, bit)?;
                } else if zeros == 0 {
                    *coefficient = new;
                    break;
                } else {
                    zeros -= 1;
                }
            }
        }
        if self.run > 0 {
            for place in &ZIGZAG[k..=last] {
                let coefficient = &mut block[usize::from(*place)];
                if *coefficient != 0 {
                    refine(bits, coefficient, bit)?;
                }
            }
            self.run -= 1;
        }
        Ok(())
    }
}

fn refine(bits: &mut Bits<'_>, coefficient: &mut i16, bit: i16) -> Result<(), Stop> {
    if bits.bit()? {
        *coefficient = coefficient.wrapping_add(if *coefficient < 0 { -bit } else { bit });
    }
    Ok(())
}
