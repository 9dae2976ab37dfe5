//! Zoho issues ten access tokens in ten minutes for a refresh token. A process counts its own
//! requests, so that it cannot exceed the limit by itself.
//!
//! It counts those whose response was lost, too, and not those that were not sent. It does not know of those of other processes, which
//! the notes in the record slow down, and it begins anew with a new refresh token, as Zoho does.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

const REQUESTS: usize = 10;
const PERIOD: Duration = Duration::from_secs(600);

/// The requests of the last ten minutes, by a hash of the refresh token.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    requests: Mutex<HashMap<u64, VecDeque<Instant>>>,
}

impl Budget {
    /// Counts a request, or returns `false` if there were ten in the last ten minutes.
    pub(crate) fn take(&self, refresh_token: u64, now: Instant) -> bool {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = |sent: &Instant| now.saturating_duration_since(*sent) >= PERIOD;
        requests.retain(|_, sent| !sent.back().is_none_or(is_over));
        let sent = requests.entry(refresh_token).or_default();
        while sent.front().is_some_and(is_over) {
            sent.pop_front();
        }
        if sent.len() >= REQUESTS {
            return false;
        }
        sent.push_back(now);
        true
    }

    /// Takes back the last request that was counted: it was not sent.
    pub(crate) fn give_back(&self, refresh_token: u64) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sent) = requests.get_mut(&refresh_token) {
            sent.pop_back();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn ten_requests_in_any_ten_minutes_are_allowed_for_each_token() {
        let budget = Budget::default();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        for second in 0..10 {
            assert!(budget.take(1, at(second)));
        }
        assert!(!budget.take(1, at(10)));
        assert!(budget.take(2, at(10)), "another token");
        assert!(!budget.take(1, at(599)));
        assert!(budget.take(1, at(600)), "the first one is over");
        assert!(!budget.take(1, at(600)));
        budget.give_back(1);
        assert!(budget.take(1, at(600)), "that one was not sent");
        assert!(!budget.take(1, at(600)));
        assert!(budget.take(1, at(2_000)));
        let kept = budget.requests.lock().unwrap().len();
        assert_eq!(kept, 1, "what is over is forgotten");
    }
}
