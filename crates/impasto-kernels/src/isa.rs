//! The instruction sets that the kernels use, detected at run time.

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use crate::simd::{self, SimdOp};

/// An instruction set that kernels are compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Isa {
    /// Plain Rust on 4 lanes, for any machine.
    Portable,
    /// x86-64 with AVX2 and FMA: 8 lanes.
    Avx2,
    /// x86-64 with AVX-512 F, VL, DQ and BW: 16 lanes.
    Avx512,
    /// 64-bit Arm: 4 lanes.
    Neon,
}

impl Isa {
    /// Returns all instruction sets that this machine can run, slowest first.
    pub fn available() -> Vec<Isa> {
        let mut found = vec![Isa::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            if simd::avx2::Avx2::detect().is_some() {
                found.push(Isa::Avx2);
            }
            if simd::avx512::Avx512::detect().is_some() {
                found.push(Isa::Avx512);
            }
        }
        #[cfg(target_arch = "aarch64")]
        found.push(Isa::Neon);
        found
    }

    /// Returns the fastest instruction set of this machine.
    pub fn best() -> Isa {
        static BEST: OnceLock<Isa> = OnceLock::new();
        *BEST.get_or_init(|| *Isa::available().last().expect("the portable path is always there"))
    }

    /// Returns the number of floats in a register.
    pub fn lanes(self) -> usize {
        match self {
            Isa::Portable | Isa::Neon => 4,
            Isa::Avx2 => 8,
            Isa::Avx512 => 16,
        }
    }

    /// Runs an operation compiled for this instruction set.
    ///
    /// # Panics
    /// If this machine lacks the instruction set.
    pub(crate) fn run<Op: SimdOp>(self, op: Op) -> Op::Output {
        match self {
            Isa::Portable => op.eval(simd::portable::Portable),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => simd::avx2::Avx2::detect().expect("AVX2 is not available").run(op),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => simd::avx512::Avx512::detect().expect("AVX-512 is not available").run(op),
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => simd::neon::Neon::new().run(op),
            #[allow(unreachable_patterns, reason = "each architecture lacks some of the variants")]
            other => panic!("{other} is not available on this machine"),
        }
    }
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Isa::Portable => "portable",
            Isa::Avx2 => "avx2",
            Isa::Avx512 => "avx512",
            Isa::Neon => "neon",
        })
    }
}

impl FromStr for Isa {
    type Err = String;

    /// Parses a name as [`fmt::Display`] writes it, if this machine has that instruction set.
    fn from_str(name: &str) -> Result<Self, String> {
        let available = Isa::available();
        available.iter().find(|isa| isa.to_string() == name).copied().ok_or_else(|| {
            let names: Vec<_> = available.iter().map(Isa::to_string).collect();
            format!("instruction set {name:?} is not available here; available: {}", names.join(", "))
        })
    }
}
