//! One set of vector operations over several instruction sets.
//!
//! A kernel is written once, generic over [`Simd`], as a [`SimdOp`]. [`crate::Isa::run`] compiles and calls it for one
//! instruction set. The token types can only be created on a machine that has the instructions, which makes their
//! methods sound. All code between `run` (or [`Simd::call`]) and the innermost loop is `#[inline(always)]`, so that it
//! is compiled with the features of the instruction set. Closures are not, so they must not be used in hot loops.

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
#[cfg(target_arch = "aarch64")]
pub(crate) mod neon;
pub(crate) mod portable;

/// Proof that the machine has an instruction set, and its operations on registers of `LANES` floats.
pub(crate) trait Simd: Copy + Send + Sync + 'static {
    /// A register.
    type V: Copy;
    /// Floats in a register.
    const LANES: usize;
    /// Whether [`Simd::mul_add`] rounds once. If it rounds twice, long sums are taken in parts to stay as exact.
    const FUSED: bool;
    /// Rows of the matrix kernel with one register per row: as many as the register file holds beside one row of B.
    const ROWS_1: usize;
    /// Rows of the matrix kernel with two registers per row.
    const ROWS_2: usize;

    /// Runs an operation as a separate function, compiled with the same features. Code that
    /// several kernels share is then compiled once.
    fn call<Op: SimdOp>(self, op: Op) -> Op::Output;
    /// Returns a register with `x` in all lanes.
    fn splat(self, x: f32) -> Self::V;
    /// Reads `LANES` floats.
    ///
    /// # Safety
    /// `p` is valid for reading `LANES` floats; it need not be aligned.
    unsafe fn load(self, p: *const f32) -> Self::V;
    /// Writes `LANES` floats.
    ///
    /// # Safety
    /// `p` is valid for writing `LANES` floats; it need not be aligned.
    unsafe fn store(self, p: *mut f32, v: Self::V);
    /// `a + b`
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a - b`
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a * b`
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a / b`
    fn div(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a * b + c`, rounded once where the instruction set can.
    fn mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// The maximum in each lane.
    fn max(self, a: Self::V, b: Self::V) -> Self::V;
    /// The minimum in each lane.
    fn min(self, a: Self::V, b: Self::V) -> Self::V;
    /// `2^n` for whole numbers `-126 ≤ n ≤ 127`, given as floats.
    fn pow2(self, n: Self::V) -> Self::V;
}

/// An operation that can be compiled for any instruction set. `eval` must be `#[inline(always)]`.
pub(crate) trait SimdOp {
    /// The result.
    type Output;
    /// Runs the operation.
    fn eval<S: Simd>(self, simd: S) -> Self::Output;
}
