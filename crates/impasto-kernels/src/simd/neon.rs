//! 64-bit Arm, which always has NEON.
#![allow(unused_unsafe, reason = "newer toolchains make intrinsics safe where the target always has them")]

use std::arch::aarch64::*;

use super::{Simd, SimdOp};

/// Proof that this is a 64-bit Arm machine.
#[derive(Clone, Copy)]
pub(crate) struct Neon(());

impl Neon {
    /// Returns the token. The architecture includes the instructions.
    pub(crate) fn new() -> Self {
        Neon(())
    }

    /// Runs an operation.
    #[inline(never)]
    pub(crate) fn run<Op: SimdOp>(self, op: Op) -> Op::Output {
        op.eval(self)
    }
}

impl Simd for Neon {
    type V = float32x4_t;
    const LANES: usize = 4;
    const FUSED: bool = true;
    const ROWS_1: usize = 12;
    const ROWS_2: usize = 12;

    #[inline(always)]
    fn call<Op: SimdOp>(self, op: Op) -> Op::Output {
        self.run(op)
    }
    #[inline(always)]
    fn splat(self, x: f32) -> Self::V {
        // SAFETY: every 64-bit Arm machine has the instruction.
        unsafe { vdupq_n_f32(x) }
    }
    #[inline(always)]
    unsafe fn load(self, p: *const f32) -> Self::V {
        // SAFETY: as above; the caller guarantees the memory.
        unsafe { vld1q_f32(p) }
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f32, v: Self::V) {
        // SAFETY: as above; the caller guarantees the memory.
        unsafe { vst1q_f32(p, v) }
    }
    #[inline(always)]
    fn add(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: every 64-bit Arm machine has the instruction.
        unsafe { vaddq_f32(a, b) }
    }
    #[inline(always)]
    fn sub(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: every 64-bit Arm machine has the instruction.
        unsafe { vsubq_f32(a, b) }
    }
    #[inline(always)]
    fn mul(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: every 64-bit Arm machine has the instruction.
        unsafe { vmulq_f32(a, b) }
    }
    #[inline(always)]
    fn div(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: every 64-bit Arm machine has the instruction.
        unsafe { vdivq_f32(a, b) }
    }
    #[inline(always)]
    fn max(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: every 64-bit Arm machine has the instruction.
        unsafe { vmaxq_f32(a, b) }
    }
    #[inline(always)]
    fn min(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: every 64-bit Arm machine has the instruction.
        unsafe { vminq_f32(a, b) }
    }
    #[inline(always)]
    fn mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        // SAFETY: every 64-bit Arm machine has the instruction.
        unsafe { vfmaq_f32(c, a, b) }
    }
    #[inline(always)]
    fn pow2(self, n: Self::V) -> Self::V {
        // SAFETY: every 64-bit Arm machine has the instructions.
        unsafe {
            let exponent = vaddq_s32(vcvtnq_s32_f32(n), vdupq_n_s32(127));
            vreinterpretq_f32_s32(vshlq_n_s32::<23>(exponent))
        }
    }
}
