//! Keeps values in memory for a while, under names that nobody can guess.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::budget::Share;

/// A store. It forgets values that have not been used for a while, and the oldest when it needs room.
#[derive(Debug)]
pub(crate) struct Store<T> {
    expire: Duration,
    most: usize,
    entries: Mutex<HashMap<String, Entry<T>>>,
}

#[derive(Debug)]
struct Entry<T> {
    value: Arc<T>,
    used: Instant,
    /// Its part of the memory.
    _share: Option<Share>,
}

impl<T> Store<T> {
    /// A store of at most `most` values.
    pub(crate) fn new(expire: Duration, most: usize) -> Self {
        Store { expire, most, entries: Mutex::default() }
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<String, Entry<T>>> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        entries.retain(|_, entry| now.duration_since(entry.used) < self.expire);
        entries
    }

    /// Keeps a value and returns its name.
    pub(crate) fn keep(&self, value: Arc<T>, share: Option<Share>) -> String {
        // There is always one to forget, unless nothing may be kept.
        self.keep_among(value, share, |_| true).unwrap_or_else(name)
    }

    /// Does the same, and forgets only values that `among` selects. `None` if there is no room.
    pub(crate) fn keep_among(&self, value: Arc<T>, share: Option<Share>, among: impl Fn(&T) -> bool) -> Option<String> {
        let mut entries = self.entries();
        while entries.len() >= self.most {
            let those = entries.iter().filter(|(_, entry)| among(&entry.value));
            let oldest = those.min_by_key(|(_, entry)| entry.used).map(|(name, _)| name.clone())?;
            entries.remove(&oldest);
        }
        let name = name();
        entries.insert(name.clone(), Entry { value, used: Instant::now(), _share: share });
        Some(name)
    }

    pub(crate) fn get(&self, name: &str) -> Option<Arc<T>> {
        let mut entries = self.entries();
        let entry = entries.get_mut(name)?;
        entry.used = Instant::now();
        Some(entry.value.clone())
    }

    pub(crate) fn remove(&self, name: &str) -> Option<Arc<T>> {
        self.entries().remove(name).map(|entry| entry.value)
    }

    /// Forgets the value used longest ago, to make room. Returns `false` if there is none.
    pub(crate) fn forget_oldest(&self) -> bool {
        self.forget_oldest_of(|_| true)
    }

    /// Does the same among the values that `among` selects.
    pub(crate) fn forget_oldest_of(&self, among: impl Fn(&T) -> bool) -> bool {
        let mut entries = self.entries();
        let those = entries.iter().filter(|(_, entry)| among(&entry.value));
        let oldest = those.min_by_key(|(_, entry)| entry.used).map(|(name, _)| name.clone());
        oldest.is_some_and(|name| entries.remove(&name).is_some())
    }

    /// Forgets expired values.
    pub(crate) fn sweep(&self) {
        drop(self.entries());
    }

    /// All values with their names.
    pub(crate) fn all(&self) -> Vec<(String, Arc<T>)> {
        self.entries().iter().map(|(name, entry)| (name.clone(), entry.value.clone())).collect()
    }

    /// How many seconds a value is kept after its last use.
    pub(crate) fn expires_in(&self) -> u64 {
        self.expire.as_secs()
    }
}

/// A name made of 128 random bits.
pub(crate) fn name() -> String {
    let mut bytes = [0; 16];
    // Names without randomness could be guessed, so panic instead.
    getrandom::fill(&mut bytes).expect("the system gives random numbers");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::Store;
    use crate::budget::Budget;

    #[test]
    fn what_is_old_makes_room() {
        let budget = Budget::new(100);
        let store = Store::new(Duration::from_secs(60), 2);
        let a = store.keep(Arc::new(1), budget.take(40));
        let b = store.keep(Arc::new(2), budget.take(40));
        assert_eq!(store.get(&a).as_deref(), Some(&1));
        let c = store.keep(Arc::new(3), None);
        assert!(store.get(&b).is_none() && store.get(&a).is_some() && store.get(&c).is_some());
        assert_eq!(budget.used(), 40);
        assert!(store.remove(&a).is_some() && store.get(&a).is_none());
        assert!(store.forget_oldest() && !store.forget_oldest());
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn what_must_stay_makes_no_room() {
        let store = Store::new(Duration::from_secs(60), 2);
        let even = |value: &i32| value % 2 == 0;
        let names: Vec<_> = [1, 2].into_iter().filter_map(|value| store.keep_among(Arc::new(value), None, even)).collect();
        let third = store.keep_among(Arc::new(3), None, even).unwrap();
        assert!(store.get(&names[0]).is_some() && store.get(&names[1]).is_none() && store.get(&third).is_some());
        assert!(store.keep_among(Arc::new(5), None, even).is_none() && store.all().len() == 2);
    }

    #[test]
    fn what_is_not_used_expires() {
        let store = Store::new(Duration::from_millis(20), 9);
        let name = store.keep(Arc::new(()), None);
        std::thread::sleep(Duration::from_millis(40));
        assert!(store.get(&name).is_none());
    }
}
