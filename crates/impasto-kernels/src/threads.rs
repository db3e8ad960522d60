//! A pool of threads that work through the blocks of a layer, each with its own scratch memory.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use rayon::prelude::*;

/// A cache line. Scratch memory is made of these, so that it starts on a line and rows of 16 floats never straddle two.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; 16]);

/// Floats that start on a cache line.
#[derive(Default)]
pub(crate) struct Scratch(Vec<Line>);

impl Scratch {
    /// Returns at least `len` floats of unspecified content.
    pub(crate) fn get(&mut self, len: usize) -> &mut [f32] {
        let lines = len.div_ceil(16);
        if self.0.len() < lines {
            self.0.resize(lines, Line([0.0; 16]));
        }
        // SAFETY: `Line` is `repr(C)` and holds just 16 floats without padding, so
        // `lines` of them are `16 * lines` floats.
        unsafe { std::slice::from_raw_parts_mut(self.0.as_mut_ptr().cast(), lines * 16) }
    }
}

/// Threads that share the work of a layer.
///
/// The result of a block depends only on the block, never on the thread that computes it, and partial sums are kept by
/// block. So results are the same to the bit at any number of threads.
pub struct Threads {
    pool: Option<rayon::ThreadPool>,
    scratch: Vec<Mutex<Scratch>>,
    /// Memory that all threads share during a layer, one piece for each picture in progress.
    shared: Mutex<Vec<Scratch>>,
}

impl Threads {
    /// Creates a pool of this many threads, at least one. With one, everything runs on the caller's thread.
    ///
    /// # Errors
    /// If the operating system does not provide the threads.
    pub fn new(count: usize) -> Result<Self, std::io::Error> {
        let count = count.max(1);
        let pool = if count == 1 {
            None
        } else {
            let builder = rayon::ThreadPoolBuilder::new().num_threads(count).thread_name(|i| format!("impasto-{i}"));
            Some(builder.build().map_err(std::io::Error::other)?)
        };
        Ok(Threads { pool, scratch: (0..count).map(|_| Mutex::default()).collect(), shared: Mutex::default() })
    }

    /// Gives all scratch memory that is not in use back to the system.
    pub fn release_memory(&self) {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).clear();
        for scratch in &self.scratch {
            if let Ok(mut scratch) = scratch.try_lock() {
                *scratch = Scratch::default();
            }
        }
    }

    /// Takes a piece of memory that the threads share during a layer.
    pub(crate) fn take_shared(&self) -> Scratch {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    /// Gives the piece back for the next layer.
    pub(crate) fn give_shared(&self, scratch: Scratch) {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).push(scratch);
    }

    /// Returns scratch memory that no other picture's layer is using; `index` is the first place to look.
    /// Returns `None` if every place is taken. With one thread there is no pool, and more callers may work on
    /// their own threads than there are places.
    fn free_scratch(&self, index: usize) -> Option<MutexGuard<'_, Scratch>> {
        let mut places = self.scratch[index..].iter().chain(&self.scratch[..index]);
        // A poisoned lock means that an earlier picture panicked. Scratch memory has no state worth protecting.
        places.find_map(|place| match place.try_lock() {
            Ok(scratch) => Some(scratch),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        })
    }

    /// Returns the number of threads.
    pub fn count(&self) -> usize {
        self.scratch.len()
    }

    /// Calls `work` once with each chunk of `len` values and its index, in any order. The last chunk may be shorter.
    pub fn for_each_chunk(&self, values: &mut [f32], len: usize, work: impl Fn(usize, &mut [f32]) + Sync) {
        match &self.pool {
            None => values.chunks_mut(len).enumerate().for_each(|(i, chunk)| work(i, chunk)),
            Some(pool) => pool.install(|| values.par_chunks_mut(len).enumerate().for_each(|(i, chunk)| work(i, chunk))),
        }
    }

    /// Calls `work` once for each of `0..blocks`, in any order, with at least `scratch_len` floats of
    /// unspecified content that start on a cache line.
    pub(crate) fn for_each_block(&self, blocks: usize, scratch_len: usize, work: impl Fn(usize, &mut [f32]) + Sync) {
        let next = AtomicUsize::new(0);
        let work_with = |scratch: &mut Scratch| {
            let scratch = scratch.get(scratch_len);
            loop {
                let block = next.fetch_add(1, Ordering::Relaxed);
                if block >= blocks {
                    return;
                }
                work(block, scratch);
            }
        };
        let worker = |index: usize| match self.free_scratch(index) {
            Some(mut scratch) => work_with(&mut scratch),
            None => {
                let mut scratch = self.take_shared();
                work_with(&mut scratch);
                self.give_shared(scratch);
            }
        };
        match &self.pool {
            None => worker(0),
            Some(pool) => pool.scope(|scope| {
                let worker = &worker;
                for index in 0..self.count().min(blocks) {
                    scope.spawn(move |_| worker(index));
                }
            }),
        }
    }
}
