//! The color description in an AV1 stream's sequence header (AV1 specification, sections 5.5.1 and 5.5.2). The decoder
//! knows it too, but its interface passes on only the code points that have a name.

/// Code points of ITU-T H.273; 2 means unspecified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stated {
    pub(super) primaries: u16,
    pub(super) transfer: u16,
    pub(super) matrix: u16,
    pub(super) full_range: bool,
}

/// A cursor over bits, from the highest of each byte on.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: usize) -> Option<u32> {
        (0..count).try_fold(0u32, |sum, _| {
            let byte = self.bytes.get(self.at / 8)?;
            let bit = byte >> (7 - self.at % 8) & 1;
            self.at += 1;
            Some(sum << 1 | u32::from(bit))
        })
    }

    fn flag(&mut self) -> Option<bool> {
        self.take(1).map(|bit| bit == 1)
    }

    /// Skips a number whose length is coded in leading zeros (section 4.10.3).
    fn skip_long(&mut self) -> Option<()> {
        let mut zeros = 0;
        while !self.flag()? {
            zeros += 1;
        }
        if zeros < 32 { self.take(zeros).map(|_| ()) } else { Some(()) }
    }
}

/// Returns the color description in the first sequence header of a stream.
pub(super) fn stated(mut stream: &[u8]) -> Option<Stated> {
    loop {
        let (&first, mut rest) = stream.split_first()?;
        if first & 4 != 0 {
            rest = rest.get(1..)?;
        }
        let mut len = rest.len();
        if first & 2 != 0 {
            // Seven bits per byte, the lowest first.
            let bytes = rest.iter().take(8).position(|byte| byte & 0x80 == 0)? + 1;
            let value = rest[..bytes].iter().rev().fold(0u64, |sum, byte| sum << 7 | u64::from(byte & 0x7F));
            rest = &rest[bytes..];
            len = usize::try_from(value).ok()?;
        }
        let body = rest.get(..len)?;
        if first >> 3 & 15 == 1 {
            return header(&mut Bits { bytes: body, at: 0 });
        }
        stream = &rest[len..];
    }
}

fn header(bits: &mut Bits<'_>) -> Option<Stated> {
    let profile = bits.take(3)?;
    bits.flag()?;
    let reduced = bits.flag()?;
    if reduced {
        bits.take(5)?;
    } else {
        operating_points(bits)?;
    }
    let [wide, high] = [bits.take(4)?, bits.take(4)?].map(|bits| bits as usize + 1);
    bits.take(wide)?;
    bits.take(high)?;
    if !reduced && bits.flag()? {
        bits.take(7)?;
    }
    bits.take(3)?;
    if !reduced {
        tools(bits)?;
    }
    bits.take(3)?;
    colours(bits, profile)
}

fn operating_points(bits: &mut Bits<'_>) -> Option<()> {
    let mut delay = None;
    if bits.flag()? {
        bits.take(32)?;
        bits.take(32)?;
        if bits.flag()? {
            bits.skip_long()?;
        }
        if bits.flag()? {
            delay = Some(bits.take(5)? as usize + 1);
            bits.take(32)?;
            bits.take(10)?;
        }
    }
    let displayed = bits.flag()?;
    for _ in 0..=bits.take(5)? {
        bits.take(12)?;
        if bits.take(5)? > 7 {
            bits.take(1)?;
        }
        if let Some(delay) = delay
            && bits.flag()?
        {
            bits.take(delay)?;
            bits.take(delay)?;
            bits.take(1)?;
        }
        if displayed && bits.flag()? {
            bits.take(4)?;
        }
    }
    Some(())
}

fn tools(bits: &mut Bits<'_>) -> Option<()> {
    bits.take(4)?;
    let order = bits.flag()?;
    if order {
        bits.take(2)?;
    }
    let screen = bits.flag()? || bits.flag()?;
    if screen && !bits.flag()? {
        bits.take(1)?;
    }
    if order {
        bits.take(3)?;
    }
    Some(())
}

fn colours(bits: &mut Bits<'_>, profile: u32) -> Option<Stated> {
    let high = bits.flag()?;
    if profile == 2 && high {
        bits.take(1)?;
    }
    let grey = profile != 1 && bits.flag()?;
    let [primaries, transfer, matrix] =
        if bits.flag()? { [bits.take(8)?, bits.take(8)?, bits.take(8)?].map(|number| number as u16) } else { [2; 3] };
    let srgb = !grey && [primaries, transfer, matrix] == [1, 13, 0];
    let full_range = srgb || bits.flag()?;
    Some(Stated { primaries, transfer, matrix, full_range })
}
