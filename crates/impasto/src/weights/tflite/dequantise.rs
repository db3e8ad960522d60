//! Converts quantized integers back to floats: `(q - zero point) · scale`.

use super::flatbuffer::Table;
use crate::Result;
use crate::weights::collect::{malformed, unsupported};

/// How a quantized weight is stored; little-endian.
#[derive(Debug, Clone, Copy)]
pub(super) enum Integer {
    I8,
    U8,
    I16,
    I32,
}

impl Integer {
    /// The number of bytes of one value.
    pub(super) fn size(self) -> usize {
        match self {
            Integer::I8 | Integer::U8 => 1,
            Integer::I16 => 2,
            Integer::I32 => 4,
        }
    }
}

/// Scale and zero point of each channel, and the mapping from values to channels.
#[derive(Debug)]
pub(super) struct Quantisation {
    /// One per channel, or a single one for all.
    channels: Vec<(f64, i64)>,
    /// The number of consecutive values that belong to one channel.
    run: usize,
}

impl Quantisation {
    /// Reads a `QuantizationParameters` table that holds scales, for an array of this shape (with no empty axis).
    pub(super) fn read(table: &Table<'_>, shape: &[usize]) -> Result<Self> {
        let scales = table.scalars::<4>(2)?;
        if table.u8(4)? != 0 {
            return Err(unsupported("is quantized with a custom scheme, which is not supported"));
        }
        let run = if scales.len() == 1 { usize::MAX } else { Self::run(table.i32(6)?, scales.len(), shape)? };
        let zeros = table.scalars::<8>(3)?;
        if zeros.len() > 1 && zeros.len() != scales.len() {
            return Err(malformed(format!("has {} scales but {} zero points", scales.len(), zeros.len())));
        }
        let zero = |channel: usize| {
            let point = zeros.get(channel).or(zeros.first()).map_or(0, |z| i64::from_le_bytes(*z));
            i32::try_from(point).map(i64::from).map_err(|_| malformed(format!("has an impossible zero point {point}")))
        };
        let scale = |bytes: &[u8; 4]| f64::from(f32::from_le_bytes(*bytes));
        let channels = scales.iter().enumerate().map(|(c, bytes)| Ok((scale(bytes), zero(c)?)));
        Ok(Quantisation { channels: channels.collect::<Result<_>>()?, run })
    }

    /// The number of consecutive values that belong to one channel, if there are several channels along `axis`.
    fn run(axis: i32, scales: usize, shape: &[usize]) -> Result<usize> {
        let axis = usize::try_from(axis).ok().filter(|&a| shape.get(a) == Some(&scales));
        let axis = axis.ok_or_else(|| malformed(format!("has {scales} scales, which fit no axis of its shape {shape:?}")))?;
        Ok(shape[axis + 1..].iter().product())
    }

    /// Dequantizes `data`, whose length matches the shape that this was read for.
    pub(super) fn decode(&self, integer: Integer, data: &[u8]) -> Vec<f32> {
        match integer {
            Integer::I8 => self.apply(data, |[byte]: [u8; 1]| i64::from(byte.cast_signed())),
            Integer::U8 => self.apply(data, |[byte]: [u8; 1]| i64::from(byte)),
            Integer::I16 => self.apply(data, |bytes| i64::from(i16::from_le_bytes(bytes))),
            Integer::I32 => self.apply(data, |bytes| i64::from(i32::from_le_bytes(bytes))),
        }
    }

    /// Products are exact in float64, so each value is rounded only once.
    fn apply<const N: usize>(&self, data: &[u8], integer: impl Fn([u8; N]) -> i64) -> Vec<f32> {
        let values = data.as_chunks().0;
        let mut floats = Vec::with_capacity(values.len());
        for (row, &(scale, zero)) in values.chunks(self.run).zip(self.channels.iter().cycle()) {
            floats.extend(row.iter().map(|&bytes| ((integer(bytes) - zero) as f64 * scale) as f32));
        }
        floats
    }
}
