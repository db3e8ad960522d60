//! The boxes of an AVIF file (ISO/IEC 14496-12 and 23008-12): items, their properties, and the references between them.

use crate::picture::decode::cut;
use crate::{Error, ErrorKind, Result};

/// Maximum number of items, properties and references each. Real files have a few dozen, with tiles a few hundred.
const MOST: usize = 4096;

/// Something in the file: a picture, a tile, metadata.
#[derive(Debug, Default)]
pub(super) struct Item {
    pub(super) id: u32,
    pub(super) kind: [u8; 4],
    /// Of an item of kind `mime`.
    content_type: Vec<u8>,
    /// Whether its bytes are in the box of small data.
    in_box: bool,
    extents: Vec<(u64, u64)>,
    /// Its properties, as indexes into the list, each with whether a reader must understand it.
    properties: Vec<(usize, bool)>,
}

/// A property of an item.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Property {
    Size([u32; 2]),
    Icc(Vec<u8>),
    /// Code points of ITU-T H.273: primaries, transfer, matrix; and whether samples use their full range.
    Colour([u16; 3], bool),
    /// Quarter turns counterclockwise.
    Turned(u8),
    /// Whether left and right are swapped; otherwise top and bottom are.
    Mirrored(bool),
    /// The part of the picture that is shown: width, height, and the offset of its center, as fractions.
    Part([(i64, i64); 4]),
    /// The type of an auxiliary picture.
    Auxiliary(Vec<u8>),
    /// Something that does not affect the result.
    Harmless,
    /// Something else.
    Other([u8; 4]),
}

/// The index of a file.
#[derive(Debug, Default)]
pub(super) struct Container<'a> {
    file: &'a [u8],
    primary: u32,
    items: Vec<Item>,
    properties: Vec<Property>,
    /// Kind, from, to.
    references: Vec<([u8; 4], u32, Vec<u32>)>,
    small: &'a [u8],
    /// Whether the file also has image sequences.
    pub(super) is_sequence: bool,
}

/// A cursor over bytes.
#[derive(Clone, Copy)]
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or_else(|| malformed("one of its boxes is too short"))?;
        self.0 = rest;
        Ok(taken)
    }

    /// Reads a number of up to 8 bytes.
    fn number(&mut self, len: usize) -> Result<u64> {
        Ok(self.take(len)?.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte)))
    }

    /// Reads up to the next zero, which is skipped.
    fn text(&mut self) -> &'a [u8] {
        let end = self.0.iter().position(|&byte| byte == 0).unwrap_or(self.0.len());
        let text = &self.0[..end];
        self.0 = self.0.get(end + 1..).unwrap_or_default();
        text
    }

    /// Reads the next box: its kind and its body. A box that is cut off is an error.
    fn next_box(&mut self) -> Result<Option<([u8; 4], Bytes<'a>)>> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let whole = self.0.len() as u64;
        let mut head = *self;
        let size = head.number(4)?;
        let kind = head.take(4)?.try_into().unwrap_or_default();
        let size = match size {
            0 => whole,
            1 => head.number(8)?,
            size => size,
        };
        let header = whole - head.0.len() as u64;
        if size < header {
            return Err(malformed("one of its boxes is too short"));
        }
        if size > whole {
            return Err(cut());
        }
        let body = Bytes(head.take((size - header) as usize)?);
        self.0 = head.0;
        Ok(Some((kind, body)))
    }
}

pub(super) fn malformed(what: &str) -> Error {
    Error::new(ErrorKind::Malformed, what)
}

fn check_count(count: usize) -> Result<()> {
    if count > MOST { Err(malformed("it lists more parts than any real file has")) } else { Ok(()) }
}

impl<'a> Container<'a> {
    pub(super) fn read(file: &'a [u8]) -> Result<Self> {
        let mut container = Container { file, ..Container::default() };
        let mut boxes = Bytes(file);
        let mut found = false;
        while !found {
            match boxes.next_box()? {
                Some((kind, mut body)) if kind == *b"meta" => {
                    body.take(4)?;
                    container.meta(body)?;
                    found = true;
                }
                Some((kind, _)) => container.is_sequence |= kind == *b"moov",
                None if container.is_sequence => {
                    let text = "a film without a picture of its own is not supported";
                    return Err(Error::new(ErrorKind::Unsupported, text));
                }
                None => return Err(cut()),
            }
        }
        container.is_sequence |= file.windows(4).take(256).any(|brand| brand == b"avis");
        Ok(container)
    }

    fn meta(&mut self, mut boxes: Bytes<'a>) -> Result<()> {
        while let Some((kind, mut body)) = boxes.next_box()? {
            if kind == *b"idat" {
                self.small = body.0;
                continue;
            }
            if !matches!(&kind, b"pitm" | b"iinf" | b"iloc" | b"iref" | b"iprp") {
                continue;
            }
            if kind == *b"iprp" {
                self.all_properties(body)?;
                continue;
            }
            let version = body.number(1)?;
            body.take(3)?;
            match &kind {
                b"pitm" => self.primary = body.number(if version == 0 { 2 } else { 4 })? as u32,
                b"iinf" => self.infos(version, body)?,
                b"iloc" => self.locations(version, body)?,
                _ => self.all_references(version, body)?,
            }
        }
        Ok(())
    }

    fn item_mut(&mut self, id: u32) -> Result<&mut Item> {
        if let Some(i) = self.items.iter().position(|item| item.id == id) {
            return Ok(&mut self.items[i]);
        }
        check_count(self.items.len())?;
        self.items.push(Item { id, ..Item::default() });
        let last = self.items.len() - 1;
        Ok(&mut self.items[last])
    }

    fn infos(&mut self, version: u64, mut body: Bytes<'a>) -> Result<()> {
        body.number(if version == 0 { 2 } else { 4 })?;
        while let Some((kind, mut info)) = body.next_box()? {
            let version = info.number(1)?;
            info.take(3)?;
            if kind != *b"infe" || version < 2 {
                continue;
            }
            let id = info.number(if version == 2 { 2 } else { 4 })? as u32;
            info.take(2)?;
            let kind = info.take(4)?.try_into().unwrap_or_default();
            info.text();
            let content_type = if kind == *b"mime" { info.text().to_vec() } else { Vec::new() };
            let item = self.item_mut(id)?;
            (item.kind, item.content_type) = (kind, content_type);
        }
        Ok(())
    }

    fn locations(&mut self, version: u64, mut body: Bytes<'a>) -> Result<()> {
        let sizes = body.number(2)?;
        let [offset, length, base, index] = [12, 8, 4, 0].map(|shift| (sizes >> shift & 15) as usize);
        if [offset, length, base, index].iter().any(|&size| size > 8) {
            return Err(malformed("its list of places is damaged"));
        }
        let count = body.number(if version < 2 { 2 } else { 4 })? as usize;
        check_count(count)?;
        for _ in 0..count {
            let id = body.number(if version < 2 { 2 } else { 4 })? as u32;
            let method = if version > 0 { body.number(2)? & 15 } else { 0 };
            body.take(2)?;
            let start = body.number(base)?;
            let extents = body.number(2)? as usize;
            check_count(extents)?;
            let mut found = Vec::new();
            for _ in 0..extents {
                if version > 0 {
                    body.number(index)?;
                }
                found.push((start.saturating_add(body.number(offset)?), body.number(length)?));
            }
            let item = self.item_mut(id)?;
            // The third method, offsets in other items, is not used for pictures.
            if method < 2 {
                (item.in_box, item.extents) = (method == 1, found);
            }
        }
        Ok(())
    }

    fn all_references(&mut self, version: u64, mut body: Bytes<'a>) -> Result<()> {
        let size = if version == 0 { 2 } else { 4 };
        while let Some((kind, mut reference)) = body.next_box()? {
            let from = reference.number(size)? as u32;
            let count = reference.number(2)? as usize;
            check_count(count.max(self.references.len()))?;
            let to = (0..count).map(|_| Ok(reference.number(size)? as u32)).collect::<Result<Vec<_>>>()?;
            self.references.push((kind, from, to));
        }
        Ok(())
    }

    fn all_properties(&mut self, mut boxes: Bytes<'a>) -> Result<()> {
        while let Some((kind, mut body)) = boxes.next_box()? {
            match &kind {
                b"ipco" => {
                    while let Some((kind, body)) = body.next_box()? {
                        check_count(self.properties.len())?;
                        self.properties.push(property(kind, body)?);
                    }
                }
                b"ipma" => {
                    let version = body.number(1)?;
                    let wide = body.number(3)? & 1 == 1;
                    for _ in 0..body.number(4)? {
                        let id = body.number(if version == 0 { 2 } else { 4 })? as u32;
                        for _ in 0..body.number(1)? {
                            let (size, essential) = if wide { (2, 0x8000) } else { (1, 0x80) };
                            let value = body.number(size)?;
                            let item = self.item_mut(id)?;
                            check_count(item.properties.len())?;
                            // Indexes start at 1; 0 means none.
                            if let Some(place) = (value & (essential - 1)).checked_sub(1) {
                                item.properties.push((place as usize, value & essential != 0));
                            }
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    pub(super) fn item(&self, id: u32) -> Result<&Item> {
        self.items.iter().find(|item| item.id == id).ok_or_else(|| malformed("a part that it refers to is missing"))
    }

    /// Returns the picture to show.
    pub(super) fn primary(&self) -> Result<&Item> {
        self.item(self.primary)
    }

    /// Returns the properties of an item, in order.
    ///
    /// # Errors
    /// If there is one that a reader must understand and this one does not.
    pub(super) fn properties(&self, item: &Item) -> Result<Vec<&Property>> {
        let mut found = Vec::new();
        for &(place, essential) in &item.properties {
            let property = self.properties.get(place).ok_or_else(|| malformed("a property that it refers to is missing"))?;
            if let (Property::Other(kind), true) = (property, essential) {
                let text = format!("its property {} is not supported", String::from_utf8_lossy(kind).trim());
                return Err(Error::new(ErrorKind::Unsupported, text));
            }
            found.push(property);
        }
        Ok(found)
    }

    /// Returns the items that this one refers to with this kind of reference.
    pub(super) fn referred(&self, kind: &[u8; 4], from: u32) -> Vec<u32> {
        let hits = self.references.iter().filter(|(of, by, _)| of == kind && *by == from);
        hits.flat_map(|(.., to)| to.iter().copied()).collect()
    }

    /// Returns the items that refer to this one with this kind of reference.
    pub(super) fn referring(&self, kind: &[u8; 4], to: u32) -> impl Iterator<Item = &Item> {
        let hits = self.references.iter().filter(move |(of, _, all)| of == kind && all.contains(&to));
        hits.filter_map(|(_, from, _)| self.item(*from).ok())
    }

    /// Returns an item's bytes.
    pub(super) fn bytes(&self, item: &Item) -> Result<Vec<u8>> {
        let source = if item.in_box { self.small } else { self.file };
        let mut bytes = Vec::new();
        for &(start, len) in &item.extents {
            let rest = usize::try_from(start).ok().and_then(|start| source.get(start..)).ok_or_else(cut)?;
            let len = if len == 0 { rest.len() } else { usize::try_from(len).unwrap_or(usize::MAX) };
            // A malicious file may have extents that overlap.
            if bytes.len() + len > self.file.len() {
                return Err(cut());
            }
            bytes.extend_from_slice(rest.get(..len).ok_or_else(cut)?);
        }
        if bytes.is_empty() { Err(malformed("one of its parts is empty")) } else { Ok(bytes) }
    }

    /// Returns a picture's Exif block, from its byte-order mark on.
    pub(super) fn exif(&self, of: u32) -> Option<Vec<u8>> {
        let item = self.referring(b"cdsc", of).find(|item| &item.kind == b"Exif")?;
        let bytes = self.bytes(item).ok()?;
        let (offset, rest) = bytes.split_first_chunk::<4>()?;
        Some(rest.get(u32::from_be_bytes(*offset) as usize..)?.to_vec())
    }

    /// Returns a picture's XMP.
    pub(super) fn xmp(&self, of: u32) -> Option<Vec<u8>> {
        let is_xmp = |item: &&Item| &item.kind == b"mime" && item.content_type == b"application/rdf+xml";
        self.bytes(self.referring(b"cdsc", of).find(is_xmp)?).ok()
    }
}

fn property(kind: [u8; 4], mut body: Bytes<'_>) -> Result<Property> {
    Ok(match &kind {
        b"ispe" => {
            body.take(4)?;
            Property::Size([body.number(4)? as u32, body.number(4)? as u32])
        }
        b"colr" => match body.take(4)? {
            b"nclx" => {
                let points = [body.number(2)? as u16, body.number(2)? as u16, body.number(2)? as u16];
                Property::Colour(points, body.number(1)? & 0x80 != 0)
            }
            b"prof" | b"rICC" => Property::Icc(body.0.to_vec()),
            _ => Property::Harmless,
        },
        b"irot" => Property::Turned(body.number(1)? as u8 & 3),
        b"imir" => Property::Mirrored(body.number(1)? & 1 == 1),
        b"clap" => {
            let mut fraction = || Ok::<_, Error>((i64::from(body.number(4)? as u32 as i32), i64::from(body.number(4)? as u32)));
            Property::Part([fraction()?, fraction()?, fraction()?, fraction()?])
        }
        b"auxC" => {
            body.take(4)?;
            Property::Auxiliary(body.text().to_vec())
        }
        // All layers.
        b"lsel" if body.number(2)? == 0xFFFF => Property::Harmless,
        // Decoder settings, bits per channel, pixel shape, lengths of layers, light levels, and hints to displays.
        b"av1C" | b"pixi" | b"pasp" | b"a1lx" | b"clli" | b"mdcv" | b"amve" | b"cclv" => Property::Harmless,
        _ => Property::Other(kind),
    })
}
