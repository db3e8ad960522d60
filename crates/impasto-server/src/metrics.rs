//! Counters in Prometheus' text format.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Counters since the server started.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    painted: AtomicU64,
    /// Count and total seconds of requests, by route and status.
    requests: Mutex<BTreeMap<(String, u16), (u64, f64)>>,
}

impl Metrics {
    pub(crate) fn painted(&self) {
        self.painted.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a request. `route` is a pattern of the API, not the requested path, so the number of routes is fixed.
    pub(crate) fn request(&self, route: &str, status: u16, time: Duration) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let (count, seconds) = requests.entry((route.to_owned(), status)).or_default();
        *count += 1;
        *seconds += time.as_secs_f64();
    }

    /// All counters as text, after these gauges: name, help, value.
    pub(crate) fn text(&self, gauges: &[(&str, &str, u64)]) -> String {
        let mut text = String::new();
        for (name, help, value) in gauges {
            let _ = writeln!(text, "# HELP impasto_{name} {help}\n# TYPE impasto_{name} gauge\nimpasto_{name} {value}");
        }
        let _ = writeln!(
            text,
            "# HELP impasto_pictures_painted_total Pictures painted at full size.\n# TYPE impasto_pictures_painted_total counter\n\
             impasto_pictures_painted_total {}",
            self.painted.load(Ordering::Relaxed)
        );
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = writeln!(text, "# HELP impasto_requests_total Requests answered.\n# TYPE impasto_requests_total counter");
        for ((route, status), (count, _)) in requests.iter() {
            let _ = writeln!(text, "impasto_requests_total{{route=\"{route}\",status=\"{status}\"}} {count}");
        }
        let _ = writeln!(
            text,
            "# HELP impasto_request_seconds_total Time that requests took.\n# TYPE impasto_request_seconds_total counter"
        );
        for ((route, status), (_, seconds)) in requests.iter() {
            let _ = writeln!(text, "impasto_request_seconds_total{{route=\"{route}\",status=\"{status}\"}} {seconds:.6}");
        }
        text
    }
}
