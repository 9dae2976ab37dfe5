//! The times of a refresh, and when a token is to be refreshed. Pure functions.

use std::hash::BuildHasher;
use std::time::Duration;

use foldhash::fast::FixedState;

use crate::OAuthToken;

const MINUTE: u64 = 60;

/// The pauses after the first attempts that failed, in minutes; later ones are [`LONGEST_PAUSE`].
///
/// They grow to two hours because each attempt makes two versions of the secret, its lease and its
/// note, and AWS keeps about 100 versions of a day. With pauses of 30 minutes at most, a day of
/// failures would have 52 attempts and 104 versions, and a login could not be saved any more. With
/// these, it has 20 attempts and 40 versions.
const PAUSES: &[u64] = &[1, 2, 4, 8, 16, 30, 30, 30, 60, 60];
const LONGEST_PAUSE: Duration = Duration::from_secs(120 * MINUTE);

const LONGEST_PATIENCE: Duration = Duration::from_secs(30 * MINUTE);

#[derive(Clone, Debug)]
pub(crate) struct Timing {
    /// After this time without a change, the holder of a lease is presumed dead.
    pub(crate) lease: Duration,
    /// A lease that took longer than this to put is not used: others may presume its holder
    /// dead before Zoho has responded.
    pub(crate) start: Duration,
    /// How long a request to Zoho may take.
    pub(crate) request: Duration,
    /// How long a caller waits at most.
    pub(crate) wait: Duration,
    /// When an access token begins to be refreshed: this long before its expiry, plus up to
    /// `window_spread`.
    pub(crate) window: Duration,
    pub(crate) window_spread: Duration,
    /// The longest of these times, in milliseconds.
    longest_window: u64,
    /// An access token that expires within this time is not used any more.
    pub(crate) must: Duration,
    /// After a save that failed, the next one is tried after this time.
    pub(crate) save_again: Duration,
    /// Makes each process draw other windows.
    pub(crate) seed: u64,
}

impl Timing {
    pub(crate) fn new(seed: u64) -> Self {
        let seconds = Duration::from_secs;
        let (window, window_spread) = (300, 300);
        Timing {
            lease: seconds(15),
            start: seconds(3),
            request: seconds(7),
            wait: seconds(30),
            window: seconds(window),
            window_spread: seconds(window_spread),
            longest_window: (window + window_spread) * 1_000,
            must: seconds(60),
            save_again: seconds(5),
            seed,
        }
    }

    /// How long before its expiry this process begins to refresh the token. It is always the same
    /// for a token.
    pub(crate) fn window_of(&self, record: &OAuthToken) -> Duration {
        let spread = u64::try_from(self.window_spread.as_millis()).unwrap_or(u64::MAX);
        if spread == 0 {
            return self.window;
        }
        let hasher = FixedState::with_seed(self.seed);
        let drawn = hasher.hash_one((record.id(), record.expiry_time())) % spread;
        self.window + Duration::from_millis(drawn)
    }

    /// Whether an access token that is valid for so many milliseconds need not be refreshed yet.
    #[inline]
    pub(crate) fn is_early(&self, record: &OAuthToken, left: u64) -> bool {
        // Drawing takes longer than all else, and most tokens are valid for longer than any window.
        left > self.longest_window || Duration::from_millis(left) > self.window_of(record)
    }

    /// How long the holder of a lease is waited for. It doubles with each attempt: the token of a
    /// record may be what makes processes crash.
    pub(crate) fn patience(&self, attempt: u32) -> Duration {
        let doubled = self
            .lease
            .saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)));
        doubled.min(LONGEST_PATIENCE.max(self.lease))
    }

    /// How long nobody asks Zoho after this attempt has failed, or after this many access tokens were
    /// refused in a row.
    pub(crate) fn pause_after(&self, attempt: u32) -> Duration {
        let position = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
        let minutes = PAUSES.get(position);
        minutes.map_or(LONGEST_PAUSE, |minutes| {
            Duration::from_secs(minutes * MINUTE)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::token;

    #[test]
    fn windows_are_drawn_per_process_and_token_within_300_to_600_seconds() {
        let mut windows = Vec::new();
        for seed in 0..100 {
            let timing = Timing::new(seed);
            for id in 0..10 {
                let window = timing.window_of(&token(&format!("id={id} expiry_time=7")));
                let record = token(&format!("id={id} expiry_time=7"));
                assert_eq!(window, timing.window_of(&record));
                let drawn = u64::try_from(window.as_millis()).unwrap();
                assert!(!timing.is_early(&record, drawn));
                for more in [1, 300_000] {
                    assert!(timing.is_early(&record, drawn + more));
                }
                windows.push(window.as_millis());
            }
        }
        assert!(
            windows
                .iter()
                .all(|window| (300_000..600_000).contains(window))
        );
        windows.sort_unstable();
        windows.dedup();
        assert!(windows.len() > 900, "{}", windows.len());
    }

    #[test]
    fn a_day_of_failures_has_20_attempts() {
        let timing = Timing::new(0);
        let mut time = Duration::ZERO;
        let mut attempts = 0;
        while time < Duration::from_secs(24 * 60 * MINUTE) {
            attempts += 1;
            time += timing.pause_after(attempts);
        }
        assert_eq!(attempts, 20);
        assert_eq!(timing.pause_after(1), Duration::from_secs(60));
        assert_eq!(timing.pause_after(u32::MAX), LONGEST_PAUSE);
    }

    #[test]
    fn patience_doubles_up_to_a_limit() {
        let timing = Timing::new(0);
        let seconds = |attempt| timing.patience(attempt).as_secs();
        assert_eq!(
            [1, 2, 3, 7, 8, 40, u32::MAX].map(seconds),
            [15, 30, 60, 960, 1800, 1800, 1800]
        );
    }
}
