//! Reads tables, vectors and strings of a flatbuffer. All offsets are checked against the end of the file.
//!
//! Positions count from the start of the file. A table starts with the (signed) distance back to
//! its vtable. The vtable holds its own length, the table's length and, for each field, its
//! distance from the start of the table (0 if the field is absent).

use crate::Result;
use crate::weights::collect::malformed;

/// Reads `N` bytes at a position.
fn array<const N: usize>(file: &[u8], at: usize) -> Result<[u8; N]> {
    let bytes = file.get(at..).and_then(|rest| rest.first_chunk());
    bytes.copied().ok_or_else(|| malformed("the file is truncated, or an offset in it points outside"))
}

/// Returns the position that the unsigned offset at `at` points to.
fn follow(file: &[u8], at: usize) -> Result<usize> {
    let offset = u32::from_le_bytes(array(file, at)?);
    usize::try_from(offset).ok().and_then(|o| at.checked_add(o)).ok_or_else(|| malformed("an offset points outside the file"))
}

/// A table: numbered fields, all of them optional.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table<'a> {
    file: &'a [u8],
    at: usize,
    vtable: usize,
    vtable_len: usize,
}

impl<'a> Table<'a> {
    /// The table that the file's first word points to.
    pub(super) fn root(file: &'a [u8]) -> Result<Self> {
        Self::new(file, follow(file, 0)?)
    }

    fn new(file: &'a [u8], at: usize) -> Result<Self> {
        let back = i32::from_le_bytes(array(file, at)?);
        let vtable = (at as i64).checked_sub(i64::from(back)).and_then(|v| usize::try_from(v).ok());
        let vtable = vtable.ok_or_else(|| malformed("a table's field list lies outside the file"))?;
        let vtable_len = usize::from(u16::from_le_bytes(array(file, vtable)?));
        Ok(Table { file, at, vtable, vtable_len })
    }

    /// The position of a field's value.
    fn field(&self, number: usize) -> Result<Option<usize>> {
        let entry = 4 + 2 * number;
        if entry + 2 > self.vtable_len {
            return Ok(None);
        }
        let offset = usize::from(u16::from_le_bytes(array(self.file, self.vtable.saturating_add(entry))?));
        Ok((offset != 0).then(|| self.at.saturating_add(offset)))
    }

    fn scalar<const N: usize>(&self, number: usize) -> Result<[u8; N]> {
        self.field(number)?.map_or(Ok([0; N]), |at| array(self.file, at))
    }

    pub(super) fn u8(&self, number: usize) -> Result<u8> {
        self.scalar(number).map(u8::from_le_bytes)
    }

    pub(super) fn u32(&self, number: usize) -> Result<u32> {
        self.scalar(number).map(u32::from_le_bytes)
    }

    pub(super) fn i32(&self, number: usize) -> Result<i32> {
        self.scalar(number).map(i32::from_le_bytes)
    }

    pub(super) fn u64(&self, number: usize) -> Result<u64> {
        self.scalar(number).map(u64::from_le_bytes)
    }

    pub(super) fn table(&self, number: usize) -> Result<Option<Table<'a>>> {
        self.field(number)?.map(|at| Table::new(self.file, follow(self.file, at)?)).transpose()
    }

    /// The bytes of a vector with elements of `width` bytes; empty if the vector is absent.
    pub(super) fn vector(&self, number: usize, width: usize) -> Result<&'a [u8]> {
        let Some(at) = self.field(number)? else { return Ok(&[]) };
        let at = follow(self.file, at)?;
        let count = u32::from_le_bytes(array(self.file, at)?) as usize;
        let bytes = count.checked_mul(width).and_then(|len| self.file[at..].get(4..)?.get(..len));
        bytes.ok_or_else(|| malformed("a list reaches beyond the end of the file"))
    }

    /// The elements of a vector of `N`-byte scalars.
    pub(super) fn scalars<const N: usize>(&self, number: usize) -> Result<&'a [[u8; N]]> {
        Ok(self.vector(number, N)?.as_chunks().0)
    }

    pub(super) fn string(&self, number: usize) -> Result<&'a str> {
        std::str::from_utf8(self.vector(number, 1)?).map_err(|_| malformed("a name is not UTF-8"))
    }

    pub(super) fn tables(&self, number: usize) -> Result<Tables<'a>> {
        let Some(at) = self.field(number)? else { return Ok(Tables { file: self.file, start: 0, len: 0 }) };
        let len = self.vector(number, 4)?.len() / 4;
        Ok(Tables { file: self.file, start: follow(self.file, at)? + 4, len })
    }
}

/// A vector of tables.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tables<'a> {
    file: &'a [u8],
    start: usize,
    len: usize,
}

impl<'a> Tables<'a> {
    pub(super) fn get(&self, index: usize) -> Option<Result<Table<'a>>> {
        (index < self.len).then(|| Table::new(self.file, follow(self.file, self.start + 4 * index)?))
    }

    pub(super) fn iter(self) -> impl Iterator<Item = Result<Table<'a>>> {
        (0..self.len).filter_map(move |index| self.get(index))
    }
}
