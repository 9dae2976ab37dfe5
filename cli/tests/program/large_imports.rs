//! Imports of many rows: their memory, and AWS's quota.

use std::io::{BufWriter, Read, Write};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::support::memory_service::MemoryService;
use crate::support::program::PROGRAM;
use crate::support::records::{SECRET, valid};

/// Rows of the test of memory: `IMPORT_ROWS`, or this many.
const ROWS: usize = 3_000;

/// What a row adds to the memory, in bytes at most: what the store remembers of a write, that is the state of the
/// record and its keys, and that the import has saved it.
const REMEMBERED: u64 = 700;

/// What all rows add, in KiB at most. The store remembers a bounded number of writes.
const MOST_REMEMBERED: u64 = 40 * 1024;

/// By how much two imports of the same rows may differ, in KiB: by how the allocator uses its memory.
const INACCURACY: u64 = 2_560;

/// AWS allows 50 calls of `CreateSecret` a second. After a pause the store makes five at once, and a busy
/// machine delivers some late.
const MOST_A_SECOND: usize = 60;

/// How one import went.
struct Imported {
    summary: String,
    /// The most memory that the program has used at a time, in KiB.
    peak: u64,
}

/// Imports this many rows at this pace.
fn import(service: &MemoryService, rows: usize, writes_per_second: &str) -> Imported {
    let mut program = Command::new(PROGRAM)
        .args(["import", "-"])
        .env_clear()
        .envs([
            ("AWS_ENDPOINT_URL", service.url.as_str()),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_CONFIG_FILE", "/dev/null"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
            ("ZOHO_TOKEN_STORE_WRITES_PER_SECOND", writes_per_second),
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program can be started");
    let stdin = program.stdin.take().expect("standard input is piped");
    let writer = thread::spawn(move || {
        let mut stdin = BufWriter::new(stdin);
        for row in 0..rows {
            let line = valid(&format!("user{row}@example.com:7"));
            writeln!(stdin, "{line}").expect("the program reads all rows");
        }
    });
    let peak = peak_memory(&mut program);
    writer.join().expect("the input is written");
    let mut summary = String::new();
    let stderr = program.stderr.as_mut().expect("standard error is piped");
    stderr
        .read_to_string(&mut summary)
        .expect("the output is text");
    assert!(!summary.contains(SECRET), "a value is printed");
    Imported { summary, peak }
}

/// Waits for the program's end, which must be a success, and returns the most memory that it has used.
fn peak_memory(program: &mut Child) -> u64 {
    let mut peak = 0;
    loop {
        let status = std::fs::read_to_string(format!("/proc/{}/status", program.id()));
        let line = status.unwrap_or_default();
        let line = line.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let now = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
        peak = now.unwrap_or(peak);
        if let Some(ended) = program.try_wait().expect("the program can be waited for") {
            assert!(ended.success(), "{ended}");
            assert_ne!(peak, 0, "the memory of the program was not measured");
            return peak;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "reads /proc, which Linux has")]
fn an_import_remembers_little_of_each_row() {
    let rows = std::env::var("IMPORT_ROWS").ok();
    let rows = rows.map_or(ROWS, |rows| rows.parse().expect("a number of rows"));
    let pace = std::env::var("IMPORT_WRITES_PER_SECOND").unwrap_or_else(|_| "0".to_owned());
    // More than the cache holds.
    let few = import(&MemoryService::start(), 1_500, "0");
    let service = MemoryService::start();
    let many = import(&service, rows, &pace);
    println!(
        "1500 rows: {} KiB, {rows} rows: {} KiB, at most {} created in a second",
        few.peak,
        many.peak,
        service.most_created_in_a_second()
    );
    let summary = format!("{rows} new, 0 same");
    assert!(many.summary.contains(&summary), "{}", many.summary);
    assert_eq!(service.created(), rows);
    assert_eq!(service.unknown_actions(), [""; 0]);
    let remembered = REMEMBERED * rows.saturating_sub(1_500) as u64 / 1024 + INACCURACY;
    let added = many.peak.saturating_sub(few.peak);
    assert!(added <= remembered.min(MOST_REMEMBERED), "{added} KiB more");

    let again = import(&service, rows, &pace);
    let summary = format!("0 new, {rows} same, 0 updated, 0 refused");
    assert!(again.summary.contains(&summary), "{}", again.summary);
    assert_eq!(service.created(), rows);
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "reads /proc, which Linux has")]
fn an_import_keeps_to_the_quota() {
    let service = MemoryService::start();
    import(&service, 200, "50");
    assert_eq!(service.created(), 200);
    let most = service.most_created_in_a_second();
    assert!(most <= MOST_A_SECOND, "{most} secrets created in a second");
}
