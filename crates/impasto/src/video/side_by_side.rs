//! Work on several items in parallel.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::Result;

/// Runs `work` on each item, `at_a_time` of them in parallel, and returns the results in order. Stops at the first
/// error.
pub(super) fn side_by_side<T: Sync, R: Send>(
    at_a_time: usize,
    items: &[T],
    work: impl Fn(&T) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    let workers = at_a_time.min(items.len());
    if workers <= 1 {
        return items.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let results: Vec<Mutex<Option<Result<R>>>> = items.iter().map(|_| Mutex::new(None)).collect();
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let i = next.fetch_add(1, Ordering::Relaxed)
                    && let Some(item) = items.get(i)
                {
                    let result = work(item);
                    if result.is_err() {
                        // The other results are no longer needed.
                        next.store(items.len(), Ordering::Relaxed);
                    }
                    *results[i].lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
                }
            });
        }
    });
    let results = results.into_iter().filter_map(|result| result.into_inner().unwrap_or_else(PoisonError::into_inner));
    results.collect()
}

#[cfg(test)]
mod tests {
    use super::side_by_side;
    use crate::{Error, ErrorKind};

    #[test]
    fn results_come_in_order_and_errors_come_out() {
        let items: Vec<usize> = (0..50).collect();
        for at_a_time in [0, 1, 3, 100] {
            assert_eq!(side_by_side(at_a_time, &items, |i| Ok(i * 2)).unwrap(), (0..100).step_by(2).collect::<Vec<_>>());
            let error =
                side_by_side(at_a_time, &items, |&i| if i == 7 { Err(Error::new(ErrorKind::Malformed, "seven")) } else { Ok(i) });
            assert_eq!(error.unwrap_err().kind(), ErrorKind::Malformed, "{at_a_time}");
        }
    }
}
