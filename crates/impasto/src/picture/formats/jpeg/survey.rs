//! Reading a JPEG file's markers before anything is decoded.

use std::io;

use super::CUT_OFF;
use crate::picture::Density;
use crate::{Error, ErrorKind, Result};

/// The information in a file's markers.
#[derive(Debug, Default)]
pub(super) struct Survey {
    pub(super) frame: Option<Frame>,
    /// Whether an end-of-image marker follows the first start-of-scan marker.
    pub(super) complete: bool,
    /// Position of the first scan's entropy-coded data.
    scan_at: usize,
    /// Whether the first scan has only some of the frame's components.
    partial_scan: bool,
    /// Whether there are Huffman tables before the first scan.
    pub(super) huffman_tables: bool,
    /// The height in a DNL marker after the first scan.
    pub(super) later_height: Option<u16>,
    /// The color transform in an Adobe segment.
    pub(super) adobe: Option<u8>,
    /// Whether there is a JFIF segment.
    pub(super) jfif: bool,
    /// The Exif block from its byte-order mark on, joined from all its segments.
    pub(super) exif: Option<Vec<u8>>,
    /// Whether the file says that it has a gain map, which makes the picture brighter on HDR displays.
    pub(super) gain_map: bool,
    /// Number of pictures that follow this one, without its previews.
    pub(super) others: usize,
    /// The resolution in a JFIF header.
    pub(super) density: Option<Density>,
    /// The parts of the color profile: number, count and bytes of each.
    profile: Vec<(u8, u8, Vec<u8>)>,
    /// Adobe's resources, joined from all their segments.
    pub(super) resources: Vec<u8>,
    /// Whether the XMP data goes on in segments of its own.
    pub(super) extended_xmp: bool,
    /// The first comment.
    pub(super) comment: Option<Vec<u8>>,
}

/// A frame header: T.81, section B.2.2.
#[derive(Debug, Default)]
pub(super) struct Frame {
    /// The marker's second byte, which identifies the coding process.
    marker: u8,
    precision: u8,
    pub(super) size: [u16; 2],
    /// Position of its body in the file.
    start: usize,
    /// Identifier and sampling factors, across and down.
    pub(super) components: Vec<(u8, [u8; 2])>,
}

impl Frame {
    fn read(marker: u8, start: usize, body: &[u8]) -> Option<Self> {
        let [precision, y1, y0, x1, x0, count, rest @ ..] = body else { return None };
        let components =
            rest.as_chunks::<3>().0.iter().map(|c| (c[0], [c[1] >> 4, c[1] & 15])).take(usize::from(*count)).collect();
        let size = [u16::from_be_bytes([*x1, *x0]), u16::from_be_bytes([*y1, *y0])];
        Some(Frame { marker, precision: *precision, size, start, components })
    }

    fn progressive(&self) -> bool {
        self.marker == 0xC2
    }

    /// Refuses coding processes that no decoder here supports, by name.
    fn check(&self) -> Result<()> {
        let unsupported =
            |what: &str, todo: &str| Err(Error::new(ErrorKind::Unsupported, format!("{what} are not supported. {todo}")));
        let again = "Open it in another program and save it again as JPEG or PNG";
        match self.marker {
            0xC3 | 0xC7 | 0xCB | 0xCF => return unsupported("lossless JPEG files", again),
            0xF7 => return unsupported("JPEG-LS files", again),
            0xC5..=0xC7 | 0xCD..=0xCF => return unsupported("hierarchical JPEG files", again),
            0xC9 | 0xCA => {
                return unsupported(
                    "arithmetic-coded JPEG files",
                    "Convert it first, without loss: jpegtran -copy all old.jpg > new.jpg",
                );
            }
            _ => {}
        }
        if self.precision == 0 || self.components.is_empty() {
            return Err(super::damaged("the frame header is damaged"));
        }
        if self.precision != 8 {
            return unsupported(&format!("JPEG files with {} bits a sample", self.precision), again);
        }
        match self.components.len() {
            1 | 3 | 4 => Ok(()),
            n => unsupported(&format!("JPEG files with {n} components"), again),
        }
    }
}

impl Survey {
    /// Reads the markers. In entropy-coded data, 0xFF is always followed by 0 or a restart number, so FF D9 there can
    /// only be the end. Before it, an Exif thumbnail may contain an end marker of its own.
    pub(super) fn of(bytes: impl Iterator<Item = io::Result<u8>>) -> Result<Self> {
        let mut survey = Survey::default();
        let mut bytes = Bytes { bytes, position: 0 };
        if survey.headers(&mut bytes)?.is_some() {
            survey.scans(&mut bytes)?;
        }
        Ok(survey)
    }

    /// Returns the frame, if it can be decoded.
    pub(super) fn frame(&self) -> Result<&Frame> {
        let none = || {
            let text = "it has no frame header: the file is damaged, or cut off before the picture begins";
            Error::new(ErrorKind::Malformed, text)
        };
        let frame = self.frame.as_ref().ok_or_else(none)?;
        frame.check()?;
        Ok(frame)
    }

    /// Returns the height in the frame header or, if that is 0, the one after the first scan.
    pub(super) fn height(&self) -> Result<usize> {
        let height = match self.frame()?.size[1] {
            0 => self.later_height.unwrap_or(0),
            height => height,
        };
        if height > 0 {
            return Ok(usize::from(height));
        }
        let text = if self.complete { "its header gives no height: the file is damaged" } else { CUT_OFF };
        Err(Error::new(ErrorKind::Malformed, text))
    }

    /// Whether `zune-jpeg` decodes the file correctly. It refuses other files, or decodes them wrongly without an
    /// error.
    pub(super) fn usual(&self) -> bool {
        let Some(frame) = &self.frame else { return false };
        let factors: Vec<[u8; 2]> = frame.components.iter().map(|c| c.1).collect();
        let sampling = match factors[..] {
            [luma] => luma == [1, 1],
            [luma, cb, cr] => matches!(luma, [1, 1] | [2, 1 | 2]) && [cb, cr] == [[1, 1]; 2],
            _ => factors.iter().all(|factors| *factors == [1, 1]),
        };
        let one_scan = !frame.progressive() && !self.partial_scan;
        self.complete && self.huffman_tables && frame.size[1] > 0 && sampling && one_scan && !self.is_rgb()
    }

    /// Whether three components are red, green and blue. Otherwise they are luma and chroma, as always in JFIF.
    pub(super) fn is_rgb(&self) -> bool {
        let ids: Vec<u8> = self.frame.iter().flat_map(|frame| frame.components.iter().map(|c| c.0)).collect();
        let named = self.adobe.map_or(ids == *b"RGB", |transform| transform == 0);
        ids.len() == 3 && !self.jfif && named
    }

    /// Whether four components are YCCK, not CMYK.
    pub(super) fn is_ycck(&self) -> bool {
        self.adobe.is_some_and(|transform| transform != 0)
    }

    /// Returns a copy of the headers that `zune-jpeg` accepts: with a height, and with sampling factors that it knows.
    pub(super) fn plain_headers(&self, bytes: &[u8], height: usize) -> Vec<u8> {
        let mut headers = bytes.get(..self.scan_at).unwrap_or(bytes).to_vec();
        if let Some(frame) = &self.frame {
            if let Some(place) = headers.get_mut(frame.start + 1..frame.start + 3) {
                place.copy_from_slice(&(height as u16).to_be_bytes());
            }
            for index in 0..frame.components.len() {
                if let Some(factors) = headers.get_mut(frame.start + 7 + 3 * index) {
                    *factors = 0x11;
                }
            }
        }
        headers
    }

    /// Returns the color profile (ICC.1, section B.4), or why there is none. `None` if the file has none.
    pub(super) fn profile(&self) -> Option<Result<Vec<u8>, String>> {
        let (_, count, _) = self.profile.first()?;
        // Some writers do not number a single part.
        if let [(_, 0 | 1, whole)] = &self.profile[..] {
            return Some(Ok(whole.clone()));
        }
        let mut joined = Vec::new();
        for number in 1..=*count {
            let mut parts = self.profile.iter().filter(|part| part.0 == number);
            let Some((_, _, part)) = parts.next() else { return Some(Err(format!("part {number} of {count} is missing"))) };
            if parts.any(|(_, _, other)| other != part) {
                return Some(Err(format!("there are several parts {number} of {count}")));
            }
            joined.extend(part);
        }
        Some(Ok(joined))
    }

    /// Reads up to the first scan's entropy-coded data; `None` if the file ends before.
    fn headers(&mut self, bytes: &mut Bytes<impl Iterator<Item = io::Result<u8>>>) -> Result<Option<()>> {
        let next = &mut || bytes.next();
        let (Some(_), Some(_), Some(mut first)) = (next()?, next()?, next()?) else { return Ok(None) };
        loop {
            let Some(marker) = bytes.next()? else { return Ok(None) };
            // Skip fill bytes, and stray bytes between segments, as other decoders do.
            if first != 0xFF || matches!(marker, 0 | 0xFF) {
                first = marker;
                continue;
            }
            // Markers without a length: TEM, restarts, SOI.
            if !matches!(marker, 0x01 | 0xD0..=0xD8) {
                let Some(body) = bytes.segment()? else { return Ok(None) };
                self.segment(marker, bytes.position - body.len(), &body);
                if marker == 0xDA {
                    self.scan_at = bytes.position;
                    return Ok(Some(()));
                }
            }
            let Some(byte) = bytes.next()? else { return Ok(None) };
            first = byte;
        }
    }

    /// Reads one segment, whose body is at `start` in the file.
    fn segment(&mut self, marker: u8, start: usize, body: &[u8]) {
        match marker {
            0xE0 if body.starts_with(b"JFIF\0") => {
                self.jfif = true;
                self.density = self.density.or_else(|| jfif_density(body));
            }
            0xE1 => self.app1(body),
            0xE2 if body.starts_with(b"urn:iso:std:iso:ts:21496:-1\0") => self.gain_map = true,
            0xE2 if body.starts_with(b"ICC_PROFILE\0") => {
                if let [number, count, part @ ..] = &body[12..] {
                    self.profile.push((*number, *count, part.to_vec()));
                }
            }
            0xED => self.resources.extend(body.strip_prefix(b"Photoshop 3.0\0").unwrap_or_default()),
            0xFE if self.comment.is_none() => self.comment = Some(body.to_vec()),
            0xE2 => self.others += body.strip_prefix(b"MPF\0").and_then(multi_picture).unwrap_or(0),
            // Version, two flags and the transform follow the name: T.872, section 6.5.3.
            0xEE if body.starts_with(b"Adobe") && body.len() >= 12 => self.adobe = Some(body[11]),
            0xC4 => self.huffman_tables = true,
            // The last one begins frames of JPEG-LS: T.87, section C.1.1.
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF | 0xF7 => {
                self.frame = Frame::read(marker, start, body).or(self.frame.take())
            }
            // A scan header starts with its number of components: T.81, section B.2.3.
            0xDA => {
                let components = self.frame.as_ref().map_or(0, |frame| frame.components.len());
                self.partial_scan |= body.first().is_some_and(|n| usize::from(*n) != components);
            }
            _ => {}
        }
    }

    /// Exif above 64 KiB continues in the next segments, without another byte-order mark. If there are two blocks, the
    /// first one counts, as in other programs.
    fn app1(&mut self, body: &[u8]) {
        let gain_map = b"http://ns.adobe.com/hdr-gain-map/1.0/";
        self.gain_map |=
            body.starts_with(b"http://ns.adobe.com/xap/1.0/\0") && body.windows(gain_map.len()).any(|part| part == gain_map);
        self.extended_xmp |= body.starts_with(b"http://ns.adobe.com/xmp/extension/\0");
        let Some(part) = body.strip_prefix(b"Exif\0\0") else { return };
        let starts = part.starts_with(b"II*\0") || part.starts_with(b"MM\0*");
        match &mut self.exif {
            None => self.exif = Some(part.to_vec()),
            Some(exif) if !starts => exif.extend(part),
            Some(_) => {}
        }
    }

    /// Reads from the first scan's entropy-coded data to the end.
    fn scans(&mut self, bytes: &mut Bytes<impl Iterator<Item = io::Result<u8>>>) -> Result<()> {
        let mut before = 0;
        while let Some(byte) = bytes.next()? {
            match (before, byte) {
                (0xFF, 0xD9) => {
                    self.complete = true;
                    return Ok(());
                }
                // Number of lines: T.81, section B.2.5.
                (0xFF, 0xDC) if self.later_height.is_none() => {
                    let Some(body) = bytes.segment()? else { return Ok(()) };
                    self.later_height = body.first_chunk::<2>().map(|height| u16::from_be_bytes(*height));
                }
                _ => {}
            }
            before = byte;
        }
        Ok(())
    }
}

/// A file, byte by byte.
struct Bytes<I> {
    bytes: I,
    position: usize,
}

impl<I: Iterator<Item = io::Result<u8>>> Bytes<I> {
    fn next(&mut self) -> Result<Option<u8>> {
        self.position += 1;
        Ok(self.bytes.next().transpose()?)
    }

    /// Reads the body that follows a marker's length; `None` if the file ends before.
    fn segment(&mut self) -> Result<Option<Vec<u8>>> {
        let (Some(high), Some(low)) = (self.next()?, self.next()?) else { return Ok(None) };
        let mut body = Vec::new();
        for _ in 2..u16::from_be_bytes([high, low]) {
            let Some(byte) = self.next()? else { return Ok(None) };
            body.push(byte);
        }
        Ok(Some(body))
    }
}

/// Returns how many pictures after the first an index of CIPA's multi-picture format lists (DC-007, section 5.2),
/// without previews.
fn multi_picture(index: &[u8]) -> Option<usize> {
    let little = index.starts_with(b"II*\0");
    let number = |at: usize, len: usize| {
        let bytes = index.get(at..at.checked_add(len)?)?;
        let fold = |sum: usize, byte: &u8| sum << 8 | usize::from(*byte);
        Some(if little { bytes.iter().rev().fold(0, fold) } else { bytes.iter().fold(0, fold) })
    };
    let directory = number(4, 4)?;
    let mut fields = (0..number(directory, 2)?).map(|field| directory + 2 + 12 * field);
    let list = fields.find(|&field| number(field, 2) == Some(0xB002))?;
    // Each entry takes 16 bytes; the first 4 hold the type.
    let (count, start) = (number(list + 4, 4)? / 16, number(list + 8, 4)?);
    let kinds = (1..count).map_while(|entry| Some(number(start + 16 * entry, 4)? & 0xFF_FFFF));
    Some(kinds.filter(|kind| !matches!(kind, 0x01_0001 | 0x01_0002)).count())
}

/// Reads the resolution in a JFIF header (ITU-T T.871, section 10.1), which the decoder does not pass on.
fn jfif_density(segment: &[u8]) -> Option<Density> {
    let [b'J', b'F', b'I', b'F', 0, _, _, unit, x1, x0, y1, y0, ..] = *segment else { return None };
    let per_inch = match unit {
        1 => 1.0,
        2 => 2.54,
        _ => return None,
    };
    let value = |bytes| f64::from(u16::from_be_bytes(bytes)) * per_inch;
    Density::new(value([x1, x0]), value([y1, y0]))
}
