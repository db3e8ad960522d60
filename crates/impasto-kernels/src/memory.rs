//! Memory for tensors.

use std::collections::TryReserveError;

/// Zeroed memory for `len` floats, in large pages where the system can give them.
///
/// A picture's features take tens of megabytes. In pages of 4 KiB that is thousands of page faults on first use and more pages than the
/// processor's table of them holds; in pages of 2 MiB it is a few dozen.
///
/// # Errors
/// If the system does not give so much.
pub fn zeroed(len: usize) -> Result<Vec<f32>, TryReserveError> {
    // Only this way of asking can fail gracefully, but only the one below gets zeroed pages without touching them.
    Vec::<f32>::new().try_reserve_exact(len)?;
    let buffer = vec![0.0f32; len];
    advise_large_pages(&buffer);
    Ok(buffer)
}

#[cfg(target_os = "linux")]
fn advise_large_pages(buffer: &[f32]) {
    const PAGE: usize = 4096;
    /// Below this a large page would be mostly empty.
    const WORTH_IT: usize = 4 << 20;
    let bytes = size_of_val(buffer);
    if bytes < WORTH_IT {
        return;
    }
    let start = buffer.as_ptr().addr();
    let first = start.next_multiple_of(PAGE);
    let len = (start + bytes - first) / PAGE * PAGE;
    // SAFETY: whole pages inside a live allocation of ours; this advice changes how they are backed, not what they hold. A refusal is of no
    // consequence.
    unsafe { libc::madvise(buffer.as_ptr().cast_mut().cast::<u8>().add(first - start).cast(), len, libc::MADV_HUGEPAGE) };
}

#[cfg(not(target_os = "linux"))]
fn advise_large_pages(_: &[f32]) {}
