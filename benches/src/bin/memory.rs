//! How many bytes a cached token takes: `cargo run --release --bin memory`.
//!
//! Counted is what the allocator was asked for and not given back, and beside it how much larger
//! the process has become.

use serde_json::json;
use zoho_token_store_benches::{Warm, results};

const TOKENS: usize = 100_000;

fn main() {
    let (warm, _client) = Warm::cold(TOKENS);
    let by_id = per_token("read by id", || warm.read_all());
    let by_keys = per_token("found by user and by refresh token too", || warm.find_all());
    let result = json!({"by_id": by_id, "by_keys": by_keys}).to_string();
    std::fs::write(results().join("memory.json"), result).expect("the result can be written");
}

/// The bytes that this adds for each token.
fn per_token(what: &str, fill: impl FnOnce()) -> i64 {
    let before = resident();
    let counted = allocation_counter::measure(fill);
    let each = |bytes: i64| bytes / TOKENS as i64;
    let (allocated, grown) = (each(counted.bytes_current), each(resident() - before));
    println!("{what}: {allocated} bytes a token, of the process {grown}");
    allocated
}

/// The memory of this process, where the system says so.
fn resident() -> i64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = pages
        .split_whitespace()
        .nth(1)
        .and_then(|pages| pages.parse::<i64>().ok());
    pages.unwrap_or_default() * 4_096
}
