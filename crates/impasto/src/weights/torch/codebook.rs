//! Arrays with few distinct values, which some projects store in a compact form: for each
//! value, a byte with its index in a table.
//!
//! An array `NAME` is stored as `NAME_q`, the bytes in its shape, and `NAME_table`, at most 256 numbers.

use pytorch_reader::{DType, PytorchReader, Tensor};

use super::super::collect::{malformed, quoted};
use super::{floats, one_line};
use crate::Result;

/// The number of values that a byte can index.
const MOST: usize = 256;

/// If these bytes are indices into a table, returns the name of the array and the table.
pub(super) fn table_of<'a>(name: &str, bytes: &Tensor, file: &'a PytorchReader) -> Option<(String, &'a Tensor)> {
    let stem = name.strip_suffix("_q").filter(|_| bytes.dtype() == DType::U8)?;
    let table = file.get(&format!("{stem}_table"))?;
    let fits = matches!(*table.shape(), [count] if (1..=MOST).contains(&count));
    (fits && floats(table).is_some()).then(|| (stem.to_owned(), table))
}

/// Returns the array's values.
///
/// # Errors
/// [`crate::ErrorKind::Malformed`] if a byte is beyond the end of the table, or if the file is damaged.
pub(super) fn values(name: &str, bytes: &Tensor, table: &Tensor) -> Result<Vec<f32>> {
    let read = |tensor: &Tensor| tensor.read().map_err(|e| malformed(one_line(&e.to_string())));
    let Some(to_floats) = floats(table) else { return Err(malformed(format!("{} has a table of integers", quoted(name)))) };
    let table = to_floats(&read(table)?);
    let value = |&number: &u8| table.get(usize::from(number)).copied();
    let values: Option<Vec<f32>> = read(bytes)?.iter().map(value).collect();
    values.ok_or_else(|| malformed(format!("{} has numbers beyond its table of {} values", quoted(name), table.len())))
}
