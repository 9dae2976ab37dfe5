//! Waiting for what must happen, instead of for a time.

use std::time::{Duration, Instant};

/// Waits until the condition holds; fails if it takes unreasonably long.
pub async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !condition().await {
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "waited in vain until {what}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
