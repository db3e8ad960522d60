//! The matrix kernel that all dense convolutions share: a few rows of A times a panel of B.

use crate::simd::{Simd, SimdOp};

/// How the rows of A are laid out in memory: element `k` of segment `s` of row `m` is at `m * row + s * segment + k`.
///
/// A row of several segments is a window of a picture, with one segment for each row of the window. So a convolution is
/// a matrix product, and its windows are never copied: the rows of A overlap in memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows {
    pub(crate) row: usize,
    pub(crate) segments: usize,
    pub(crate) segment: usize,
    pub(crate) len: usize,
}

/// What happens to results before they are stored: `clamp(a·b + bias)`.
#[derive(Clone, Copy)]
pub(crate) struct Finish {
    /// As many floats as the panel is wide.
    pub(crate) bias: *const f32,
    pub(crate) low: f32,
    pub(crate) high: f32,
}

/// Computes `M` rows of C, each `N` registers wide, at `c + m * c_row`.
///
/// # Safety
/// For all `m < M`: A's elements as `Rows` lays them out are readable; B holds `segments * len` rows of `N * LANES`
/// floats; `c + m * c_row` is writable for `N * LANES` floats; `finish.bias`, if given, is readable for as many.
#[inline(always)]
unsafe fn tile<S: Simd, const M: usize, const N: usize>(
    simd: S,
    rows: Rows,
    a: *const f32,
    mut b: *const f32,
    finish: Option<Finish>,
    c: *mut f32,
    c_row: usize,
) {
    // SAFETY: every pointer stays inside what the contract above guarantees.
    unsafe {
        let mut sums = [[simd.splat(0.0); N]; M];
        let mut totals = sums;
        for segment in 0..rows.segments {
            let a = a.add(segment * rows.segment);
            for k in 0..rows.len {
                let mut column = [simd.splat(0.0); N];
                for (n, column) in column.iter_mut().enumerate() {
                    *column = simd.load(b.add(n * S::LANES));
                }
                b = b.add(N * S::LANES);
                for (m, sums) in sums.iter_mut().enumerate() {
                    let x = simd.splat(*a.add(m * rows.row + k));
                    for (sum, column) in sums.iter_mut().zip(column) {
                        *sum = simd.mul_add(x, column, *sum);
                    }
                }
            }
            if !S::FUSED {
                for (total, sum) in totals.iter_mut().flatten().zip(sums.iter_mut().flatten()) {
                    *total = simd.add(*total, *sum);
                    *sum = simd.splat(0.0);
                }
            }
        }
        if !S::FUSED {
            sums = totals;
        }
        if let Some(finish) = finish {
            let (low, high) = (simd.splat(finish.low), simd.splat(finish.high));
            for sums in &mut sums {
                for (n, sum) in sums.iter_mut().enumerate() {
                    let biased = simd.add(*sum, simd.load(finish.bias.add(n * S::LANES)));
                    *sum = simd.min(simd.max(biased, low), high);
                }
            }
        }
        for (m, sums) in sums.iter().enumerate() {
            for (n, &sum) in sums.iter().enumerate() {
                simd.store(c.add(m * c_row + n * S::LANES), sum);
            }
        }
    }
}

/// Multiplies `runs` times `M` rows of A by a panel of B with `N` registers per row.
///
/// Each `M` and `N` is a separate operation. If they shared a function, the compiler would spill the sums of one to
/// memory for the sake of another. Only [`Multiply::run`] creates it, under the contract of [`tile`].
struct Tiles<const M: usize, const N: usize> {
    rows: Rows,
    runs: usize,
    a: *const f32,
    b: *const f32,
    finish: Option<Finish>,
    c: *mut f32,
    c_row: usize,
}

impl<const M: usize, const N: usize> SimdOp for Tiles<M, N> {
    type Output = ();

    #[inline(always)]
    fn eval<S: Simd>(self, simd: S) {
        let Tiles { rows, b, finish, c_row, .. } = self;
        for run in 0..self.runs {
            // SAFETY: the creator's contract, for each run of rows.
            unsafe {
                let (a, c) = (self.a.add(run * M * rows.row), self.c.add(run * M * c_row));
                tile::<S, M, N>(simd, rows, a, b, finish, c, c_row);
            }
        }
    }
}

/// Rows of A times a panel of B with one or two registers per row.
#[derive(Clone, Copy)]
pub(crate) struct Multiply {
    pub(crate) registers: usize,
    pub(crate) rows: Rows,
    pub(crate) count: usize,
    pub(crate) a: *const f32,
    pub(crate) b: *const f32,
    pub(crate) finish: Option<Finish>,
}

impl Multiply {
    /// Writes the product to `c`, in rows that are `c_row` floats apart.
    ///
    /// # Safety
    /// As [`tile`], with `count` for `M` and `registers` for `N`.
    #[inline(always)]
    pub(crate) unsafe fn run<S: Simd>(self, simd: S, c: *mut f32, c_row: usize) {
        // As few tiles as possible, of two heights that differ by one.
        let runs = self.count.div_ceil(max_rows::<S>(self.registers)).max(1);
        let (height, taller) = (self.count / runs, self.count % runs);
        self.tiles(simd, height + 1, taller, 0, c, c_row);
        self.tiles(simd, height, runs - taller, taller * (height + 1), c, c_row);
    }

    #[inline(always)]
    fn tiles<S: Simd>(self, simd: S, height: usize, runs: usize, first: usize, c: *mut f32, c_row: usize) {
        if runs == 0 || height == 0 {
            return;
        }
        match self.registers {
            1 => self.tiles_of::<S, 1>(simd, height, runs, first, c, c_row),
            _ => self.tiles_of::<S, 2>(simd, height, runs, first, c, c_row),
        }
    }

    #[inline(always)]
    fn tiles_of<S: Simd, const N: usize>(self, simd: S, height: usize, runs: usize, first: usize, c: *mut f32, c_row: usize) {
        let Multiply { rows, b, finish, .. } = self;
        let (a, c) = (self.a.wrapping_add(first * rows.row), c.wrapping_add(first * c_row));
        match height {
            1 => simd.call(Tiles::<1, N> { rows, runs, a, b, finish, c, c_row }),
            2 => simd.call(Tiles::<2, N> { rows, runs, a, b, finish, c, c_row }),
            3 => simd.call(Tiles::<3, N> { rows, runs, a, b, finish, c, c_row }),
            4 => simd.call(Tiles::<4, N> { rows, runs, a, b, finish, c, c_row }),
            5 => simd.call(Tiles::<5, N> { rows, runs, a, b, finish, c, c_row }),
            6 => simd.call(Tiles::<6, N> { rows, runs, a, b, finish, c, c_row }),
            7 => simd.call(Tiles::<7, N> { rows, runs, a, b, finish, c, c_row }),
            8 => simd.call(Tiles::<8, N> { rows, runs, a, b, finish, c, c_row }),
            9 => simd.call(Tiles::<9, N> { rows, runs, a, b, finish, c, c_row }),
            10 => simd.call(Tiles::<10, N> { rows, runs, a, b, finish, c, c_row }),
            11 => simd.call(Tiles::<11, N> { rows, runs, a, b, finish, c, c_row }),
            _ => simd.call(Tiles::<12, N> { rows, runs, a, b, finish, c, c_row }),
        }
    }
}

/// Returns the maximum number of rows that one call of [`tile`] computes, for panels of one or two registers.
pub(super) fn max_rows<S: Simd>(registers: usize) -> usize {
    if registers == 1 { S::ROWS_1 } else { S::ROWS_2 }
}

impl Rows {
    /// Cuts a long single segment into several, if its length is divisible: see [`Simd::FUSED`].
    pub(crate) fn cut(self) -> Self {
        const LONG: usize = 128;
        if self.segments > 1 {
            return self;
        }
        let parts = (self.len.div_ceil(LONG)..=self.len.div_ceil(LONG / 4)).find(|&parts| self.len.is_multiple_of(parts.max(1)));
        let parts = parts.unwrap_or(1).max(1);
        Rows { segments: parts, segment: self.len / parts, len: self.len / parts, ..self }
    }
}

/// Splits `0..count` into runs of at most `most`, as evenly as possible: `(start, length)`.
pub(crate) fn even_runs(count: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let runs = count.div_ceil(most).max(1);
    (0..runs).map(move |i| {
        let start = count * i / runs;
        (start, count * (i + 1) / runs - start)
    })
}

/// A matrix B, `depth × width`, cut into panels with one or two registers per row. The last panel is padded with zeros.
pub(crate) struct Panels {
    data: Vec<f32>,
    depth: usize,
    lanes: usize,
    registers: usize,
}

impl Panels {
    /// Packs `value(k, n)` for `k < depth`, `n < width`.
    pub(crate) fn pack(depth: usize, width: usize, lanes: usize, value: impl Fn(usize, usize) -> f32) -> Self {
        let registers = width.div_ceil(lanes);
        let mut panels = Panels { data: vec![0.0; depth * registers * lanes], depth, lanes, registers };
        for (first, count) in panels.list().collect::<Vec<_>>() {
            let (columns, start) = (count * lanes, first * lanes * depth);
            for k in 0..depth {
                for j in 0..columns.min(width - first * lanes) {
                    panels.data[start + k * columns + j] = value(k, first * lanes + j);
                }
            }
        }
        panels
    }

    /// Lists the panels as (first register, number of registers: 1 or 2).
    pub(crate) fn list(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let registers = self.registers;
        (0..registers).step_by(2).map(move |first| (first, (registers - first).min(2)))
    }

    /// Returns the panel that starts at a register.
    pub(crate) fn panel(&self, first: usize) -> &[f32] {
        &self.data[first * self.lanes * self.depth..]
    }

    /// Returns the number of floats in all panels.
    pub(crate) fn len(&self) -> usize {
        self.data.len()
    }

    /// Returns the number of floats in a row of the widest panel.
    pub(crate) fn panel_width(&self) -> usize {
        self.registers.min(2) * self.lanes
    }

    /// Returns the width including the padding.
    pub(crate) fn padded_width(&self) -> usize {
        self.registers * self.lanes
    }
}
