//! A thousand requests from many clients, some of which hang up.

use crate::common;

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{Running, multipart, png};
use serde_json::json;

const CLIENTS: usize = 32;
const REQUESTS: usize = 1000;

/// Resident memory of this process in kB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse().ok()).unwrap_or(0)
}

/// Runs in a process of its own, because the memory of other tests would count, too.
#[test]
fn a_thousand_requests_are_answered_and_leave_nothing() {
    let tests = std::env::current_exe().unwrap();
    let alone = ["many::alone", "--exact", "--ignored", "--nocapture"];
    // Freed memory must go back to the system. Glibc's allocator may keep tens of megabytes of it for each of its
    // arenas, and how many of them get some depends on which threads happened to paint.
    let given_back = [("MALLOC_ARENA_MAX", "1"), ("MALLOC_TRIM_THRESHOLD_", "1048576")];
    let output = std::process::Command::new(tests).args(alone).envs(given_back).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    print!("{said}");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("1 passed"), "the test that runs alone was not found");
}

#[test]
#[ignore = "the test above runs it"]
fn alone() {
    let server = Running::start(|options| options.queue = CLIENTS);
    let content = png(96, 64);
    let form = multipart(&[("content", &content), ("style_name", b"mosaic")]);
    let preview = |draft| json!({ "content": "demo", "size": 64, "draft": draft, "styles": [{ "name": "starry" }] });
    let (preview, draft) = (preview(false), preview(true));
    let next = AtomicUsize::new(0);
    let round = |count: usize| {
        next.store(0, Ordering::Relaxed);
        std::thread::scope(|scope| {
            let client = || {
                let mut answered = 0;
                loop {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    if i >= count {
                        return answered;
                    }
                    let answer = match i % 10 {
                        0 => {
                            // Hang up before the answer.
                            let mut stream = server.connect();
                            let head = format!(
                                "POST /v1/stylize HTTP/1.1\r\nHost: {}\r\nContent-Type: multipart/form-data; boundary=XyZ\r\nContent-Length: {}\r\n\r\n",
                                server.address,
                                form.len()
                            );
                            stream.write_all(head.as_bytes()).unwrap();
                            stream.write_all(if i.is_multiple_of(20) { &form } else { &form[..form.len() / 2] }).unwrap();
                            continue;
                        }
                        1 | 2 => server.get("/v1/styles"),
                        3 => server.send("POST", "/v1/contents", &[], &content),
                        4 => server.post_form(
                            "/v1/stylize",
                            &[("content", &content[..content.len() / 2]), ("style_name", b"mosaic")],
                            &[],
                        ),
                        // On the full canvas, a preview takes a hundred times as long as a draft.
                        5 => server.post_json("/v1/previews", if i % 100 == 5 { &preview } else { &draft }),
                        _ => server.post_form("/v1/stylize", &[("content", &content), ("style_name", b"mosaic")], &[]),
                    };
                    let expected: &[u16] = match i % 10 {
                        3 => &[201],
                        4 => &[422],
                        _ => &[200],
                    };
                    assert!(
                        expected.contains(&answer.status),
                        "{i}: {} {}",
                        answer.status,
                        String::from_utf8_lossy(&answer.body)
                    );
                    answered += 1;
                }
            };
            let threads: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(client)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum::<usize>()
        })
    };
    let start = std::time::Instant::now();
    // The first round fills the caches and the store of contents.
    assert_eq!(round(REQUESTS), REQUESTS * 9 / 10);
    server.until("pictures are still painted", || server.gauge("pictures_pending") == 0);
    let before = resident();
    assert_eq!(round(REQUESTS), REQUESTS * 9 / 10);
    server.until("pictures are still painted", || server.gauge("pictures_pending") == 0);
    let after = resident();
    println!("{} requests in {:?}; {before} kB, then {after} kB", 2 * REQUESTS, start.elapsed());
    // A hundred contents more are kept, of some thirty kilobytes each.
    assert!(after < before + 16 * 1024, "{before} kB became {after} kB");
}
