//! How much memory there is, and how much was used.

use std::fs;

/// Bytes that can be had without swapping: the system's estimate, or what a container may still take if that is less. `None`
/// where the system does not say.
pub(crate) fn available() -> Option<u64> {
    [system_available(), container_available()].into_iter().flatten().min()
}

/// Bytes that the machine has, or a container if that is less.
pub(crate) fn total() -> Option<u64> {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| kibibytes(&text, "MemTotal:"));
    let container = fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|text| text.trim().parse().ok());
    [machine, container].into_iter().flatten().min()
}

/// What is taken at most where nothing else is said.
pub(crate) fn quarter() -> Option<u64> {
    total().map(|bytes| bytes / 4)
}

fn system_available() -> Option<u64> {
    kibibytes(&fs::read_to_string("/proc/meminfo").ok()?, "MemAvailable:")
}

/// A Linux control group's ceiling less what is used, not counting file pages that can be dropped.
fn container_available() -> Option<u64> {
    let read = |name: &str| fs::read_to_string(format!("/sys/fs/cgroup/{name}")).ok();
    let limit: u64 = read("memory.max")?.trim().parse().ok()?;
    let used: u64 = read("memory.current")?.trim().parse().ok()?;
    let stat = read("memory.stat").unwrap_or_default();
    let droppable = stat.lines().find_map(|line| line.strip_prefix("inactive_file ")?.trim().parse().ok()).unwrap_or(0);
    Some(limit.saturating_sub(used.saturating_sub(droppable)))
}

/// The most memory that this process has had at a time since its start or [`forget_peak`], in bytes.
pub(crate) fn peak() -> Option<u64> {
    kibibytes(&fs::read_to_string("/proc/self/status").ok()?, "VmHWM:")
}

/// Lets [`peak`] count from here on, where the system can do that.
pub(crate) fn forget_peak() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}

fn kibibytes(text: &str, key: &str) -> Option<u64> {
    let value = text.lines().find_map(|line| line.strip_prefix(key))?;
    value.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// A number of bytes for people: `1.5 GiB`.
pub(crate) fn human(bytes: u64) -> String {
    let units = [(1u64 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match units.iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => {
            let value = bytes as f64 / *unit as f64;
            if value < 10.0 { format!("{value:.1} {name}") } else { format!("{value:.0} {name}") }
        }
        None => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::{available, human, kibibytes, peak};

    #[test]
    fn kibibytes_are_found_by_key() {
        let text = "MemTotal:       100 kB\nMemAvailable:   42 kB\n";
        assert_eq!(kibibytes(text, "MemAvailable:"), Some(42 << 10));
        assert_eq!(kibibytes(text, "SwapFree:"), None);
    }

    #[test]
    fn sizes_are_readable() {
        let cases = [(12, "12 bytes"), (1536, "1.5 KiB"), (50 << 20, "50 MiB"), (3 << 29, "1.5 GiB")];
        for (bytes, text) in cases {
            assert_eq!(human(bytes), text);
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn linux_tells_memory() {
        assert!(available().is_some_and(|bytes| bytes > 1 << 20));
        assert!(peak().is_some_and(|bytes| bytes > 1 << 20));
    }
}
