//! The wire format of protocol buffers, as far as it is needed for reading.

use crate::Result;
use crate::weights::collect::malformed;

/// Takes a base-128 varint from the front of `bytes`.
pub(super) fn varint(bytes: &mut &[u8]) -> Result<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first().ok_or_else(|| malformed("a number is cut off"))?;
        *bytes = rest;
        let part = u64::from(byte & 0x7f);
        if part << shift >> shift != part {
            break;
        }
        value |= part << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(malformed("a number has more than 64 bits"))
}

/// Takes a varint that is a length or offset within this machine's memory.
pub(super) fn varint_usize(bytes: &mut &[u8]) -> Result<usize> {
    usize::try_from(varint(bytes)?).map_err(|_| malformed("a length is too large for this machine's memory"))
}

/// Takes `len` bytes from the front of `bytes`.
pub(super) fn take<'a>(bytes: &mut &'a [u8], len: usize) -> Result<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(len).ok_or_else(|| malformed("a length reaches beyond its end"))?;
    *bytes = rest;
    Ok(taken)
}

/// The value of one field of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Varint(u64),
    Fixed32(u32),
    Fixed64,
    Bytes(&'a [u8]),
}

impl<'a> Value<'a> {
    /// The bytes of a string, a nested message or a packed list.
    pub(super) fn bytes(self) -> Result<&'a [u8]> {
        match self {
            Value::Bytes(bytes) => Ok(bytes),
            _ => Err(malformed("a field has an unexpected type")),
        }
    }

    pub(super) fn str(self) -> Result<&'a str> {
        std::str::from_utf8(self.bytes()?).map_err(|_| malformed("a name is not UTF-8"))
    }

    pub(super) fn number(self) -> Result<u64> {
        match self {
            Value::Varint(value) => Ok(value),
            _ => Err(malformed("a field has an unexpected type")),
        }
    }

    /// A length, offset or index. Negative ones are 64-bit two's complement and do not fit.
    pub(super) fn index(self) -> Result<usize> {
        let number = self.number()?;
        let fits = i64::try_from(number).ok().and_then(|n| usize::try_from(n).ok());
        fits.ok_or_else(|| malformed(format!("an impossible length or index {}", number.cast_signed())))
    }
}

/// The fields of a message in file order: numbers and values.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    fn next_field(&mut self) -> Result<(u64, Value<'a>)> {
        let tag = varint(&mut self.0)?;
        let value = match tag & 7 {
            0 => Value::Varint(varint(&mut self.0)?),
            1 => take(&mut self.0, 8).map(|_| Value::Fixed64)?,
            2 => {
                let len = varint_usize(&mut self.0)?;
                Value::Bytes(take(&mut self.0, len)?)
            }
            5 => Value::Fixed32(u32::from_le_bytes(take(&mut self.0, 4)?.try_into().unwrap_or_default())),
            // Groups (3 and 4) are a deprecated feature; TensorFlow and ONNX do not use them.
            other => return Err(malformed(format!("an unknown wire type {other}"))),
        };
        Ok((tag >> 3, value))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.next_field();
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}
