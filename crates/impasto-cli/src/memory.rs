//! How much memory there is, and how much the process has used.

use std::fs;
use std::path::{Component, Path, PathBuf};

/// Who sets a limit on memory, for error messages.
pub(crate) type Owner = &'static str;

const MACHINE: Owner = "this machine";
const CONTAINER: Owner = "this container";
pub(crate) const PROCESS: Owner = "this process (ulimit -v)";

/// Address space that the program takes beyond what it uses: for the allocator's reserves, stacks and code.
const RESERVED: u64 = 128 << 20;
/// The least address space that the program works in. With less, the allocator fails in places that can only abort.
const LEAST: u64 = 160 << 20;

/// One limit on memory: the total, and how much of it is left.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Room {
    total: u64,
    free: u64,
    owner: Owner,
}

impl Room {
    /// Returns whether the reserves of the allocator's arenas may take all of it.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    fn is_short(&self) -> bool {
        match self.owner {
            MACHINE => false,
            // Here, only what arenas keep counts; under `ulimit -v`, all their addresses do.
            CONTAINER => self.total < 2 << 30,
            _ => self.free < 8 << 30,
        }
    }
}

/// Returns how many bytes are available without swapping, and who sets that limit. It is the smallest of the system's
/// estimate, the rest of the container's limit, and the rest of the process's limit. `None` if the system does not say.
pub(crate) fn free() -> Option<(u64, Owner)> {
    rooms().into_iter().map(|room| (room.free, room.owner)).min_by_key(|(bytes, _)| *bytes)
}

/// Returns the bytes of [`free`].
pub(crate) fn available() -> Option<u64> {
    free().map(|(bytes, _)| bytes)
}

/// Returns the default for the most memory to use: a quarter of the machine's memory, because other programs need some,
/// too, or two thirds of what a container or `ulimit` leaves, if that is less. A machine can swap. A container is
/// killed and a process aborted, hence the third in reserve.
pub(crate) fn share() -> Option<(u64, Owner)> {
    // Memory that this program already has is part of its share.
    let own = read("/proc/self/status").and_then(|text| kibibytes(&text, "RssAnon:")).unwrap_or(0);
    let most = |room: &Room| match room.owner {
        MACHINE => room.total / 4,
        CONTAINER => room.free.saturating_add(own) / 3 * 2,
        _ => room.free / 3 * 2,
    };
    rooms().into_iter().map(|room| (most(&room), room.owner)).min_by_key(|(bytes, _)| *bytes)
}

/// Returns the default for the most memory of a server: a quarter,
/// even of a container, because many requests can come at once.
#[cfg(feature = "serve")]
pub(crate) fn quarter() -> Option<u64> {
    rooms().into_iter().map(|room| (room.total / 4).min(room.free)).min()
}

/// Returns the most bytes of samples of a picture that can be decoded. Decoders need up
/// to three times as many at a time, a progressive JPEG for its coefficients.
pub(crate) fn for_samples() -> u64 {
    available().map_or(u64::MAX, |bytes| bytes / 3)
}

/// Returns limits for pictures that are converted to floats at once. That takes another
/// four times the bytes of the samples, and more if the picture is resized.
pub(crate) fn limits_of_floats() -> impasto::picture::Limits {
    impasto::picture::Limits::default().max_decoded(for_samples() / 2)
}

/// Returns how much more memory `ulimit` allows this process, and the limit's name. Beyond it, allocations fail.
pub(crate) fn of_process() -> Option<(u64, Owner)> {
    address_space(&read("/proc/self/limits")?, &read("/proc/self/status")?).map(|room| (room.free, room.owner))
}

/// Returns why nothing can work, if the address space is so small
/// that the program would abort instead of failing with an error.
pub(crate) fn too_little() -> Option<String> {
    let room = address_space(&read("/proc/self/limits")?, &read("/proc/self/status")?)?;
    (room.total < LEAST).then(|| {
        format!(
            "this process may use only {} of memory (ulimit -v); raise the limit to at least {}",
            human(room.total),
            human(LEAST)
        )
    })
}

/// Starts the program again, with an allocator that reserves less, if memory is limited. Glibc gives every thread an
/// arena with 64 MiB of addresses, and keeps tens of megabytes there that were freed. Under `ulimit -v`, arenas soon
/// take all addresses, and the next allocation aborts the program. In a small container, what a server's arenas keep
/// may be most of the memory. Returns if there is nothing to do, or if it cannot be done.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) fn with_one_arena() {
    use std::os::unix::process::CommandExt;

    const ARENAS: &str = "MALLOC_ARENA_MAX";
    let short = rooms().iter().any(Room::is_short);
    let (Ok(program), true, None) = (std::env::current_exe(), short, std::env::var_os(ARENAS)) else { return };
    let mut command = std::process::Command::new(program);
    let mut arguments = std::env::args_os();
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    // It only returns an error. In most cases the program works without it, too.
    let _ = command.args(arguments).env(ARENAS, "1").exec();
}

/// Other allocators keep no arenas.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn with_one_arena() {}

fn rooms() -> Vec<Room> {
    let machine = || {
        if cfg!(target_os = "macos") {
            return mac();
        }
        let text = read("/proc/meminfo")?;
        Some(Room { total: kibibytes(&text, "MemTotal:")?, free: kibibytes(&text, "MemAvailable:")?, owner: MACHINE })
    };
    let process = || address_space(&read("/proc/self/limits")?, &read("/proc/self/status")?);
    let (groups, mounts) = (read("/proc/self/cgroup").unwrap_or_default(), read("/proc/self/mountinfo").unwrap_or_default());
    let containers = control_groups(&groups, &mounts).into_iter().filter_map(|(folder, version)| version.room(&folder));
    containers.chain(machine()).chain(process()).collect()
}

/// Returns the limit on address space or data (`ulimit -v`, `ulimit -d`) that
/// leaves less, from the texts of `/proc/self/limits` and `/proc/self/status`.
fn address_space(limits: &str, status: &str) -> Option<Room> {
    let room = |limit: &str, used: &str| {
        let total: u64 = limits.lines().find_map(|line| line.strip_prefix(limit))?.split_whitespace().next()?.parse().ok()?;
        let free = total.saturating_sub(kibibytes(status, used)?).saturating_sub(RESERVED.min(total / 4));
        Some(Room { total, free, owner: PROCESS })
    };
    let both = [room("Max address space", "VmSize:"), room("Max data size", "VmData:")];
    both.into_iter().flatten().min_by_key(|room| room.free)
}

/// The two versions of Linux's control groups.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Version {
    One,
    Two,
}

impl Version {
    /// Returns the limit of a control group, and what it leaves. File pages
    /// that can be dropped do not count as used. `None` if it has no limit.
    fn room(self, folder: &Path) -> Option<Room> {
        let number = |name: &str| fs::read_to_string(folder.join(name)).ok()?.trim().parse::<u64>().ok();
        let (limits, used, droppable) = match self {
            // Above `high`, a group is slowed down to a crawl.
            Version::Two => (&["memory.max", "memory.high"][..], "memory.current", "inactive_file "),
            Version::One => (&["memory.limit_in_bytes"][..], "memory.usage_in_bytes", "total_inactive_file "),
        };
        let total = limits.iter().filter_map(|name| number(name)).min()?;
        let stat = fs::read_to_string(folder.join("memory.stat")).unwrap_or_default();
        let droppable = stat.lines().find_map(|line| line.strip_prefix(droppable)?.trim().parse().ok()).unwrap_or(0);
        let used = number(used).unwrap_or(0).saturating_sub(droppable);
        Some(Room { total, free: total.saturating_sub(used), owner: CONTAINER })
    }
}

/// Returns the folders of this process's control groups for memory, and of all groups around them, whose limits hold,
/// too. `groups` is the text of `/proc/self/cgroup`, `mounts` that of `/proc/self/mountinfo`.
fn control_groups(groups: &str, mounts: &str) -> Vec<(PathBuf, Version)> {
    let group = |version: Version| {
        groups.lines().find_map(|line| {
            let mut fields = line.splitn(3, ':');
            let (number, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
            let found = match version {
                Version::One => controllers.split(',').any(|controller| controller == "memory"),
                Version::Two => number == "0" && controllers.is_empty(),
            };
            found.then(|| Path::new(path))
        })
    };
    let mut folders = Vec::new();
    for line in mounts.lines() {
        let Some((before, after)) = line.split_once(" - ") else { continue };
        let (before, after): (Vec<_>, Vec<_>) = (before.split(' ').collect(), after.split(' ').collect());
        let (&[_, _, _, root, mount, ..], &[kind, _, options, ..]) = (&before[..], &after[..]) else { continue };
        let version = match kind {
            "cgroup2" => Version::Two,
            "cgroup" if options.split(',').any(|option| option == "memory") => Version::One,
            _ => continue,
        };
        let Some(path) = group(version) else { continue };
        let mount = PathBuf::from(mount.replace("\\040", " "));
        // Inside a container, its own group is the mount itself.
        let inside = path.strip_prefix(root).ok().filter(|path| !path.components().any(|part| part == Component::ParentDir));
        let folder = inside.map(|path| mount.join(path.strip_prefix("/").unwrap_or(path))).filter(|folder| folder.is_dir());
        let folder = folder.unwrap_or_else(|| mount.clone());
        folders.extend(
            folder.ancestors().take_while(|folder| folder.starts_with(&mount)).map(|folder| (folder.to_owned(), version)),
        );
    }
    folders
}

/// Returns the memory of a Mac. It compresses and swaps, and there is no simple
/// way to ask what is free: three quarters of the total are assumed.
fn mac() -> Option<Room> {
    let told = std::process::Command::new("/usr/sbin/sysctl").args(["-n", "hw.memsize"]).output().ok()?;
    let total = std::str::from_utf8(&told.stdout).ok()?.trim().parse::<u64>().ok()?;
    Some(Room { total, free: total / 4 * 3, owner: MACHINE })
}

fn read(path: &str) -> Option<String> {
    fs::read_to_string(path).ok()
}

/// Returns the most memory that this process has had since its start or [`forget_peak`], in bytes.
pub(crate) fn peak() -> Option<u64> {
    kibibytes(&fs::read_to_string("/proc/self/status").ok()?, "VmHWM:")
}

/// Restarts the count of [`peak`], on systems that can do that.
pub(crate) fn forget_peak() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}

fn kibibytes(text: &str, key: &str) -> Option<u64> {
    let value = text.lines().find_map(|line| line.strip_prefix(key))?;
    value.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// Formats a number of bytes for people: `1.5 GiB`.
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
    use super::{CONTAINER, PROCESS, Room, Version, address_space, available, control_groups, human, kibibytes, peak, share};

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
        assert!(share().is_some_and(|(bytes, _)| bytes > 1 << 20));
        assert!(peak().is_some_and(|bytes| bytes > 1 << 20));
    }

    #[test]
    fn control_groups_of_both_kinds_are_found_with_those_around_them() {
        let folder = tempfile::tempdir().unwrap();
        let (v1, v2) = (folder.path().join("v1"), folder.path().join("v2"));
        let write = |path: &std::path::Path, text: &str| {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write(&v1.join("a/b/memory.limit_in_bytes"), "9223372036854771712\n");
        write(&v1.join("a/memory.limit_in_bytes"), "400000000\n");
        write(&v1.join("a/memory.usage_in_bytes"), "100000000\n");
        write(&v1.join("a/memory.stat"), "inactive_file 7\ntotal_inactive_file 40000000\n");
        write(&v2.join("c/memory.max"), "max\n");
        write(&v2.join("c/memory.high"), "300000000\n");
        write(&v2.join("memory.max"), "900000000\n");
        let mounts = format!(
            "32 31 0:29 / {0}/cpu rw - cgroup cgroup rw,cpu\n35 31 0:32 / {0} rw,relatime shared:1 - cgroup cgroup rw,memory\n\
             41 31 0:38 / {1} rw - cgroup2 cgroup2 rw\n",
            v1.display(),
            v2.display()
        );
        let rooms = |groups: &str, mounts: &str| -> Vec<Option<Room>> {
            control_groups(groups, mounts).iter().map(|(folder, version)| version.room(folder)).collect()
        };
        let room = |total, free| Some(Room { total, free, owner: CONTAINER });
        let found = rooms("9:cpu:/x\n4:memory:/a/b\n0::/c\n", &mounts);
        assert_eq!(
            found[1..],
            [room(400_000_000, 340_000_000), None, room(300_000_000, 300_000_000), room(900_000_000, 900_000_000)]
        );
        // In a container without its own namespace, the group's path exists only on the host.
        let inside = mounts.replace(&format!("0:32 / {}", v1.display()), &format!("0:32 /docker/1 {}", v1.join("a").display()));
        assert_eq!(rooms("4:memory:/docker/1\n", &inside), [room(400_000_000, 340_000_000)]);
        assert_eq!(rooms("4:memory:/elsewhere\n", &inside), [room(400_000_000, 340_000_000)]);
        assert_eq!(rooms("0::/../up\n", &mounts), [room(900_000_000, 900_000_000)]);
        assert_eq!(control_groups("", ""), [(); 0].map(|()| (std::path::PathBuf::new(), Version::One)));
    }

    #[test]
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    fn memory_is_short_in_small_containers_and_address_spaces() {
        let is_short = |total: u64, owner| Room { total: total << 20, free: total << 20, owner }.is_short();
        assert!(is_short(400, CONTAINER) && !is_short(4096, CONTAINER));
        assert!(is_short(4096, PROCESS) && !is_short(16384, PROCESS));
        assert!(!is_short(400, super::MACHINE));
    }

    #[test]
    fn limits_of_a_process_are_found() {
        let limits = |space: &str, data: &str| {
            format!(
                "Limit  Soft  Hard  Units\nMax data size  {data} unlimited bytes\nMax address space  {space} unlimited bytes\n"
            )
        };
        let status = "VmSize:\t 102400 kB\nVmData:\t 1024 kB\n";
        assert_eq!(address_space(&limits("unlimited", "unlimited"), status), None);
        let found = address_space(&limits("1073741824", "unlimited"), status);
        assert_eq!(found, Some(Room { total: 1 << 30, free: (1 << 30) - (100 << 20) - (128 << 20), owner: PROCESS }));
        let found = address_space(&limits("1073741824", "104857600"), status);
        assert_eq!(found.map(|room| room.total), Some(100 << 20));
    }
}
