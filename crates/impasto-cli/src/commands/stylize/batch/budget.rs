//! Memory shared by pictures that are painted at the same time.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A number of bytes that is lent out.
pub(super) struct Budget {
    total: u64,
    lent: Mutex<u64>,
    returned: Condvar,
    /// A picture that waits for memory holds this lock, and later ones wait
    /// behind it. So a large picture has its turn among small ones.
    door: Mutex<()>,
}

/// A loan. Dropping it returns the bytes.
pub(super) struct Loan<'a> {
    budget: &'a Budget,
    pub(super) bytes: u64,
}

impl Budget {
    pub(super) fn new(total: u64) -> Self {
        Budget { total, lent: Mutex::new(0), returned: Condvar::new(), door: Mutex::new(()) }
    }

    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// Waits until this many bytes are free, or, if that is more than the total, until all are.
    pub(super) fn lend(&self, bytes: u64) -> Loan<'_> {
        let bytes = bytes.min(self.total);
        let _door = held(&self.door);
        let mut lent = held(&self.lent);
        while *lent > self.total - bytes {
            lent = self.returned.wait(lent).unwrap_or_else(PoisonError::into_inner);
        }
        *lent += bytes;
        Loan { budget: self, bytes }
    }
}

impl Drop for Loan<'_> {
    fn drop(&mut self) {
        *held(&self.budget.lent) -= self.bytes;
        self.budget.returned.notify_all();
    }
}

/// A panic elsewhere leaves a number in order.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::Budget;

    #[test]
    fn never_more_is_lent_than_there_is() {
        let (budget, out, most) = (Budget::new(100), AtomicU64::new(0), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for i in 0..8u64 {
                let (budget, out, most) = (&budget, &out, &most);
                scope.spawn(move || {
                    for j in 0..200 {
                        // Some want more than the total.
                        let loan = budget.lend((i * 31 + j * 17) % 130);
                        assert!(loan.bytes <= 100);
                        let now = out.fetch_add(loan.bytes, Ordering::SeqCst) + loan.bytes;
                        most.fetch_max(now, Ordering::SeqCst);
                        std::thread::yield_now();
                        out.fetch_sub(loan.bytes, Ordering::SeqCst);
                    }
                });
            }
        });
        let most = most.into_inner();
        assert!(most <= 100 && most > 50, "{most}");
    }
}
