//! Conversion of a decompressed row's bytes to samples.

use half::f16;

/// How to interpret a row's bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Coding {
    pub(super) bits: usize,
    pub(super) numbers: Numbers,
    pub(super) little: bool,
    pub(super) predictor: Predictor,
    /// Samples per pixel of the row.
    pub(super) samples: usize,
    /// Whether the greatest number stands for 1. Otherwise numbers stay as they are.
    pub(super) scaled: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Numbers {
    Whole,
    /// In two's complement.
    Signed,
    Float,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Predictor {
    None,
    /// Differences from the pixel to the left.
    Horizontal,
    /// Differences of bytes, with the first bytes of all samples first (Adobe's Technical Note 3).
    Float,
}

impl Coding {
    /// Undoes the prediction. Afterwards, rows of [`Predictor::Float`] are big-endian.
    pub(super) fn unpredict(&self, row: &mut [u8]) {
        match (self.predictor, self.bits) {
            (Predictor::None, _) => {}
            (Predictor::Horizontal, 8) => {
                for i in self.samples..row.len() {
                    row[i] = row[i].wrapping_add(row[i - self.samples]);
                }
            }
            (Predictor::Horizontal, 16) => {
                self.accumulate(row, |a: [u8; 2], b, little| {
                    if little {
                        u16::from_le_bytes(a).wrapping_add(u16::from_le_bytes(b)).to_le_bytes()
                    } else {
                        u16::from_be_bytes(a).wrapping_add(u16::from_be_bytes(b)).to_be_bytes()
                    }
                });
            }
            (Predictor::Horizontal, 64) => {
                self.accumulate(row, |a: [u8; 8], b, little| {
                    if little {
                        u64::from_le_bytes(a).wrapping_add(u64::from_le_bytes(b)).to_le_bytes()
                    } else {
                        u64::from_be_bytes(a).wrapping_add(u64::from_be_bytes(b)).to_be_bytes()
                    }
                });
            }
            (Predictor::Horizontal, _) => {
                self.accumulate(row, |a: [u8; 4], b, little| {
                    if little {
                        u32::from_le_bytes(a).wrapping_add(u32::from_le_bytes(b)).to_le_bytes()
                    } else {
                        u32::from_be_bytes(a).wrapping_add(u32::from_be_bytes(b)).to_be_bytes()
                    }
                });
            }
            (Predictor::Float, _) => {
                for i in self.samples..row.len() {
                    row[i] = row[i].wrapping_add(row[i - self.samples]);
                }
                let size = self.bits / 8;
                let planes = row.to_vec();
                let count = planes.len() / size;
                for (i, value) in row.chunks_exact_mut(size).enumerate() {
                    value.iter_mut().enumerate().for_each(|(byte, v)| *v = planes[byte * count + i]);
                }
            }
        }
    }

    fn accumulate<const N: usize>(&self, row: &mut [u8], add: impl Fn([u8; N], [u8; N], bool) -> [u8; N]) {
        let values = row.as_chunks_mut::<N>().0;
        for i in self.samples..values.len() {
            values[i] = add(values[i], values[i - self.samples], self.little);
        }
    }

    fn is_little(&self) -> bool {
        self.little && self.predictor != Predictor::Float
    }

    /// Calls `put` with the whole numbers of a row of less than 32 bits per sample, packed from the highest bit of each
    /// byte.
    fn packed(&self, row: &[u8], mut put: impl FnMut(usize, u32)) {
        let greatest = (1u32 << self.bits) - 1;
        let (mut held, mut held_bits, mut i) = (0u32, 0, 0);
        for &byte in row {
            held = held << 8 | u32::from(byte);
            held_bits += 8;
            while held_bits >= self.bits {
                held_bits -= self.bits;
                put(i, held >> held_bits & greatest);
                i += 1;
            }
            held &= (1 << held_bits) - 1;
        }
    }

    fn scale(&self, value: u32, to: u32) -> u32 {
        let greatest = (1u32 << self.bits) - 1;
        if self.scaled { (value * to + greatest / 2) / greatest } else { value }
    }
}

/// A type of sample that rows are converted to.
pub(super) trait Sample: Copy + Default {
    /// Reads a row. `out` has room for all of its samples.
    fn unpack(coding: &Coding, row: &[u8], out: &mut [Self]);

    /// 1 becomes 0 and 0 becomes 1.
    fn inverted(self) -> Self;
}

fn put<T>(out: &mut [T], i: usize, value: T) {
    // Rows end with bits that belong to no pixel.
    if let Some(place) = out.get_mut(i) {
        *place = value;
    }
}

/// Converts each sample of `N` bytes.
fn each<const N: usize>(row: &[u8], out: &mut [f32], value: impl Fn([u8; N]) -> f32) {
    out.iter_mut().zip(row.as_chunks().0).for_each(|(v, bytes)| *v = value(*bytes));
}

impl Sample for u8 {
    fn unpack(coding: &Coding, row: &[u8], out: &mut [Self]) {
        if coding.bits == 8 {
            out.copy_from_slice(&row[..out.len()]);
        } else {
            coding.packed(row, |i, value| put(out, i, coding.scale(value, 255) as u8));
        }
    }

    fn inverted(self) -> Self {
        !self
    }
}

impl Sample for u16 {
    fn unpack(coding: &Coding, row: &[u8], out: &mut [Self]) {
        if coding.bits != 16 {
            coding.packed(row, |i, value| put(out, i, coding.scale(value, 65535) as u16));
            return;
        }
        let read = if coding.is_little() { u16::from_le_bytes } else { u16::from_be_bytes };
        out.iter_mut().zip(row.as_chunks().0).for_each(|(v, bytes)| *v = read(*bytes));
    }

    fn inverted(self) -> Self {
        !self
    }
}

impl Sample for f32 {
    fn unpack(coding: &Coding, row: &[u8], out: &mut [Self]) {
        let little = coding.is_little();
        let short = |b| if little { u16::from_le_bytes(b) } else { u16::from_be_bytes(b) };
        let long = |b| if little { u32::from_le_bytes(b) } else { u32::from_be_bytes(b) };
        let double = |b| if little { u64::from_le_bytes(b) } else { u64::from_be_bytes(b) };
        let share = |value: f64, greatest: f64| (value / greatest) as f32;
        match (coding.numbers, coding.bits) {
            (Numbers::Float, 16) => each(row, out, |b| f16::from_bits(short(b)).to_f32()),
            (Numbers::Float, 64) => each(row, out, |b| f64::from_bits(double(b)) as f32),
            (Numbers::Float, _) => each(row, out, |b| f32::from_bits(long(b))),
            (Numbers::Signed, 8) => each(row, out, |[b]| share(b.cast_signed().into(), i8::MAX.into())),
            (Numbers::Signed, 16) => each(row, out, |b| share(short(b).cast_signed().into(), i16::MAX.into())),
            (Numbers::Signed, _) => each(row, out, |b| share(long(b).cast_signed().into(), i32::MAX.into())),
            (Numbers::Whole, _) => each(row, out, |b| share(long(b).into(), u32::MAX.into())),
        }
    }

    fn inverted(self) -> Self {
        1.0 - self
    }
}
