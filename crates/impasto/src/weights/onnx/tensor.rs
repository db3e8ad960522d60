//! Constant tensors as ONNX stores them: raw bytes, or lists of numbers by type.

use crate::Result;
use crate::weights::collect::{check_size, malformed, quoted, unsupported};
use crate::weights::element::Element;
use crate::weights::wire::{self, Fields, Value};

/// A tensor that is not decoded yet.
#[derive(Default)]
pub(super) struct TensorProto<'a> {
    pub(super) shape: Vec<usize>,
    kind: u64,
    /// All values, little-endian.
    raw: Option<&'a [u8]>,
    /// Lists by field number, packed or one by one: float32, integers as varints, float64.
    lists: Vec<(u64, Value<'a>)>,
    external: bool,
}

/// How values are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stored {
    Float(Element),
    Integer(Integer),
}

/// Integers that weights may be quantized to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Integer {
    U8,
    I8,
    U16,
    I16,
    I32,
}

impl Integer {
    fn size(self) -> usize {
        match self {
            Integer::U8 | Integer::I8 => 1,
            Integer::U16 | Integer::I16 => 2,
            Integer::I32 => 4,
        }
    }
}

/// The fields with lists of numbers.
const FLOATS: u64 = 4;
const INTEGERS: u64 = 5;
const DOUBLES: u64 = 10;

/// The maximum number of axes that are parsed. Fewer are allowed in the end, but
/// [`crate::weights::collect`] names the array in its error.
const MOST_AXES: usize = 64;

impl<'a> TensorProto<'a> {
    /// Parses a tensor and its name.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<(&'a str, Self)> {
        let mut name = "";
        let mut tensor = TensorProto::default();
        for field in Fields(bytes) {
            match field? {
                (1, value @ Value::Varint(_)) => tensor.axis(value.index()?)?,
                (1, value) => {
                    let mut rest = value.bytes()?;
                    while !rest.is_empty() {
                        tensor.axis(Value::Varint(wire::varint(&mut rest)?).index()?)?;
                    }
                }
                (2, value) => tensor.kind = value.number()?,
                (3, _) => return Err(unsupported("has weights in segments, which is not supported")),
                (field @ (FLOATS | INTEGERS | DOUBLES), value) => tensor.lists.push((field, value)),
                (8, value) => name = value.str()?,
                (9, value) => tensor.raw = Some(value.bytes()?),
                (13, _) => tensor.external = true,
                (14, value) => tensor.external |= value.number()? != 0,
                _ => {}
            }
        }
        Ok((name, tensor))
    }

    fn list(&self, field: u64) -> impl Iterator<Item = &Value<'a>> {
        self.lists.iter().filter(move |(number, _)| *number == field).map(|(_, value)| value)
    }

    fn axis(&mut self, length: usize) -> Result<()> {
        if self.shape.len() == MOST_AXES {
            return Err(malformed(format!("has a tensor of more than {MOST_AXES} axes")));
        }
        self.shape.push(length);
        Ok(())
    }

    /// Whether its values are in another file.
    pub(super) fn is_external(&self) -> bool {
        self.external
    }

    /// How its values are stored; `None` for types that are never weights.
    pub(super) fn stored(&self, name: &str) -> Result<Option<Stored>> {
        Ok(Some(match self.kind {
            1 => Stored::Float(Element::F32),
            10 => Stored::Float(Element::F16),
            11 => Stored::Float(Element::F64),
            16 => Stored::Float(Element::Bf16),
            2 => Stored::Integer(Integer::U8),
            3 => Stored::Integer(Integer::I8),
            4 => Stored::Integer(Integer::U16),
            5 => Stored::Integer(Integer::I16),
            6 => Stored::Integer(Integer::I32),
            // 64-bit integers, strings and booleans are axes, sizes and choices.
            7..=9 | 12..=15 => return Ok(None),
            other => return Err(unsupported(format!("{} has weights of the unsupported ONNX kind {other}", quoted(name)))),
        }))
    }

    /// Decodes the values as floats. There must be exactly `count` of them.
    pub(super) fn floats(&self, name: &str, element: Element, count: usize) -> Result<Vec<f32>> {
        if let Some(raw) = self.raw {
            check_size(name, &self.shape, count, element.size(), raw.len() as u64)?;
            return Ok(element.decode(raw));
        }
        let values = match element {
            Element::F32 => {
                let bytes = packed(self.list(FLOATS), 4);
                check_size(name, &self.shape, count, 4, bytes.len() as u64)?;
                element.decode(&bytes)
            }
            Element::F64 => {
                let bytes = packed(self.list(DOUBLES), 8);
                check_size(name, &self.shape, count, 8, bytes.len() as u64)?;
                element.decode(&bytes)
            }
            // Half floats are in the list of 32-bit integers, as their bits.
            Element::F16 | Element::Bf16 => {
                let bits = self.varints(name, count)?;
                let bytes: Vec<u8> = bits.iter().flat_map(|&bits| (bits as u16).to_le_bytes()).collect();
                element.decode(&bytes)
            }
        };
        Ok(values)
    }

    /// Decodes the values as integers. There must be exactly `count` of them.
    pub(super) fn integers(&self, name: &str, integer: Integer, count: usize) -> Result<Vec<i64>> {
        let Some(raw) = self.raw else { return self.varints(name, count) };
        check_size(name, &self.shape, count, integer.size(), raw.len() as u64)?;
        Ok(match integer {
            Integer::U8 => raw.iter().map(|&b| i64::from(b)).collect(),
            Integer::I8 => raw.iter().map(|&b| i64::from(b.cast_signed())).collect(),
            Integer::U16 => raw.as_chunks().0.iter().map(|&b| i64::from(u16::from_le_bytes(b))).collect(),
            Integer::I16 => raw.as_chunks().0.iter().map(|&b| i64::from(i16::from_le_bytes(b))).collect(),
            Integer::I32 => raw.as_chunks().0.iter().map(|&b| i64::from(i32::from_le_bytes(b))).collect(),
        })
    }

    /// The list of 32-bit integers. Each takes at least one byte, so there are no more than the file has bytes.
    fn varints(&self, name: &str, count: usize) -> Result<Vec<i64>> {
        let mut found = Vec::new();
        for value in self.list(INTEGERS) {
            match value {
                Value::Varint(value) => found.push(*value),
                value => {
                    let mut rest = value.bytes()?;
                    while !rest.is_empty() {
                        found.push(wire::varint(&mut rest)?);
                    }
                }
            }
            if found.len() > count {
                break;
            }
        }
        check_size(name, &self.shape, count, 1, found.len() as u64)?;
        let small = |value: u64| i32::try_from(value.cast_signed()).map(i64::from);
        found
            .into_iter()
            .map(small)
            .collect::<Result<_, _>>()
            .map_err(|_| malformed(format!("{} has an integer of more than 32 bits", quoted(name))))
    }
}

/// The bytes of lists of fixed width, packed or one by one.
fn packed<'a>(values: impl Iterator<Item = &'a Value<'a>>, width: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for value in values {
        match value {
            Value::Bytes(list) => bytes.extend_from_slice(list),
            Value::Fixed32(bits) if width == 4 => bytes.extend(bits.to_le_bytes()),
            // A single float64 that is not packed: no writer makes these.
            _ => {}
        }
    }
    bytes
}
