//! Huffman codes, and the bit reader for them.

/// Why decoding stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// The data ends before the scan does.
    Short,
    /// The data cannot be right.
    Damaged,
}

/// A table of codes, as in T.81, section F.2.2.3.
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// For each 8 bits: the length and value of the code that they start with; length 0 for longer codes.
    short: [(u8, u8); 256],
    /// For each length from 1: one more than the greatest code of this length, and what to add to a code for its index
    /// in `values`.
    lengths: [(i32, i32); 16],
    values: Vec<u8>,
}

impl Table {
    /// Makes a table from the number of codes of each length, and the values in the order of the codes. `None` if there
    /// are more codes than fit.
    pub(super) fn new(counts: [u8; 16], values: &[u8]) -> Option<Self> {
        let mut table = Table { short: [(0, 0); 256], lengths: [(0, 0); 16], values: values.to_vec() };
        let (mut code, mut place) = (0i32, 0i32);
        for (length, count) in (1u32..).zip(counts) {
            for _ in 0..count {
                if code >= 1 << length {
                    return None;
                }
                let value = *values.get(usize::try_from(place).ok()?)?;
                if length <= 8 {
                    let first = (code << (8 - length)) as usize;
                    table.short[first..first + (1 << (8 - length))].fill((length as u8, value));
                }
                code += 1;
                place += 1;
            }
            table.lengths[length as usize - 1] = (code, place - code);
            code <<= 1;
        }
        Some(table)
    }
}

/// The bits of entropy-coded data.
#[derive(Debug)]
pub(super) struct Bits<'a> {
    data: &'a [u8],
    at: usize,
    /// The next bits, in the low `count` bits.
    held: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(data: &'a [u8], at: usize) -> Self {
        Bits { data, at, held: 0, count: 0 }
    }

    /// Returns the position of the first byte that is not yet held: a marker, unless data is left over.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// Returns the number of whole bytes that are held, but have not been read.
    pub(super) fn unread(&self) -> usize {
        self.count as usize / 8
    }

    /// Whether only the unused bits of a byte, or half a marker, are left of the file. These bits are ones: T.81,
    /// section F.1.2.3.
    pub(super) fn at_end(&self) -> bool {
        let ones = (1 << (self.count & 7)) - 1;
        self.count < 8 && self.held & ones == ones && matches!(self.data.get(self.at..), Some([] | [0xFF]))
    }

    /// Fills `held` with as many bits as fit. 0xFF in the data is followed by a zero byte; otherwise it is a marker,
    /// which ends the data.
    fn fill(&mut self) {
        while self.count <= 48 {
            let byte = match self.data.get(self.at..) {
                Some([0xFF, 0, ..]) => {
                    self.at += 1;
                    0xFF
                }
                Some([byte, ..]) if *byte != 0xFF => *byte,
                _ => return,
            };
            self.at += 1;
            self.held = self.held << 8 | u64::from(byte);
            self.count += 8;
        }
    }

    /// Returns the next bits without consuming them; zeros after the end.
    fn peek(&mut self, count: u32) -> u32 {
        if self.count < count {
            self.fill();
        }
        let held = if self.count < count { self.held << (count - self.count) } else { self.held >> (self.count - count) };
        held as u32 & ((1 << count) - 1)
    }

    fn take(&mut self, count: u32) -> Result<(), Stop> {
        self.count = self.count.checked_sub(count).ok_or(Stop::Short)?;
        Ok(())
    }

    /// Reads up to 16 bits.
    pub(super) fn bits(&mut self, count: u32) -> Result<i32, Stop> {
        let bits = self.peek(count);
        self.take(count)?;
        Ok(bits as i32)
    }

    pub(super) fn bit(&mut self) -> Result<bool, Stop> {
        Ok(self.bits(1)? == 1)
    }

    /// Reads a number of this many bits, whose first bit is its sign: T.81, section F.2.2.1.
    pub(super) fn signed(&mut self, count: u32) -> Result<i32, Stop> {
        if count == 0 {
            return Ok(0);
        }
        let bits = self.bits(count)?;
        Ok(if bits < 1 << (count - 1) { bits - (1 << count) + 1 } else { bits })
    }

    /// Reads the value of the next code.
    pub(super) fn value(&mut self, table: &Table) -> Result<u8, Stop> {
        let bits = self.peek(16);
        let (length, value) = table.short[bits as usize >> 8];
        if length > 0 {
            self.take(u32::from(length))?;
            return Ok(value);
        }
        for length in 9..=16 {
            let code = (bits >> (16 - length)) as i32;
            let (end, offset) = table.lengths[length as usize - 1];
            if code < end {
                self.take(length)?;
                return table.values.get((code + offset) as usize).copied().ok_or(Stop::Damaged);
            }
        }
        // No code starts like this. Past the end, where zeros stand in for data, that means nothing.
        Err(if self.count < 16 { Stop::Short } else { Stop::Damaged })
    }

    /// Skips the restart marker that must be next, and a byte's unused bits before it.
    pub(super) fn restart(&mut self, number: u8) -> Result<(), Stop> {
        if self.count >= 8 {
            return Err(Stop::Damaged);
        }
        (self.held, self.count) = (0, 0);
        // Fill bytes may precede a marker.
        while self.data.get(self.at..self.at + 2) == Some(&[0xFF, 0xFF]) {
            self.at += 1;
        }
        match self.data.get(self.at..) {
            Some([0xFF, marker, ..]) if *marker == 0xD0 + number => {
                self.at += 2;
                Ok(())
            }
            Some([0xFF, 0xD0..=0xD7, ..]) => Err(Stop::Damaged),
            // The scan's data ends before the marker.
            _ => Err(Stop::Short),
        }
    }
}
