//! Memory for tensors.

use std::collections::TryReserveError;

/// Allocates zeroed memory for `len` floats, in large pages if the system supports them.
///
/// A picture's features take tens of megabytes. In pages of 4 KiB, that is thousands of page faults on first use, and
/// more pages than the CPU's page table cache (TLB) holds. In pages of 2 MiB, it is a few dozen.
///
/// # Errors
/// If the system does not have enough memory.
pub fn zeroed(len: usize) -> Result<Vec<f32>, TryReserveError> {
    // Only this request can fail gracefully, but only the next one gets zeroed pages without touching them.
    Vec::<f32>::new().try_reserve_exact(len)?;
    let buffer = vec![0.0f32; len];
    advise_large_pages(&buffer);
    Ok(buffer)
}

#[cfg(target_os = "linux")]
fn advise_large_pages(buffer: &[f32]) {
    const PAGE: usize = 4096;
    /// Below this size, a large page would be mostly empty.
    const WORTH_IT: usize = 4 << 20;
    let bytes = size_of_val(buffer);
    if bytes < WORTH_IT {
        return;
    }
    let start = buffer.as_ptr().addr();
    let first = start.next_multiple_of(PAGE);
    let len = (start + bytes - first) / PAGE * PAGE;
    // SAFETY: whole pages inside a live allocation of ours; this advice changes how they are backed, not what they
    // hold. If it is refused, nothing changes.
    unsafe { libc::madvise(buffer.as_ptr().cast_mut().cast::<u8>().add(first - start).cast(), len, libc::MADV_HUGEPAGE) };
}

#[cfg(not(target_os = "linux"))]
fn advise_large_pages(_: &[f32]) {}
