//! Waits for a condition instead of for a fixed time.

use std::time::{Duration, Instant};

/// Waits until the condition holds.
///
/// # Panics
///
/// If the condition does not hold within 20 seconds.
pub async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !condition().await {
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "waited 20 seconds without success until {what}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
