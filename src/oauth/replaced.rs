//! Which access tokens of one record Zoho's APIs have refused (HTTP status 401), and whether another
//! one is to be made: pure rules.
//!
//! Access tokens are known by hashes, so that none is kept in memory.

use std::time::Duration;

use tokio::time::Instant;

use super::timing::Timing;

/// If no access token was refused for this time, earlier ones count no more.
pub(super) const FORGET: Duration = Duration::from_secs(2 * 3_600);

/// What is known of a record's access tokens.
#[derive(Debug, Default)]
pub(super) struct Replaced {
    /// The one that is to be replaced.
    refused: Option<u64>,
    /// The last one that was refused and has been replaced.
    former: Option<u64>,
    /// The one in use, and since when this process has known it.
    current: Option<(u64, Instant)>,
    /// How many were refused in a row.
    in_a_row: u32,
    /// When one was last reported as refused.
    reported: Option<Instant>,
}

impl Replaced {
    /// Notes that an access token was reported as refused. Returns whether it is to be replaced.
    ///
    /// It is not if it has replaced another one a short time ago: then a scope is missing, or the call
    /// went to the wrong data centre. That time grows with the number of tokens that were refused in a
    /// row. Otherwise such calls would make a version of the secret a minute, and AWS keeps about 100
    /// of a day. `age` is how long ago Zoho has issued the access token: another process may have
    /// obtained it, and it may have been good until now.
    pub(super) fn refuse(
        &mut self,
        token: u64,
        age: Duration,
        timing: &Timing,
        now: Instant,
    ) -> bool {
        let last = self.reported.replace(now);
        if last.is_none_or(|last| now.saturating_duration_since(last) >= FORGET) {
            self.in_a_row = 0;
        }
        if self.refused == Some(token) || self.former == Some(token) {
            self.refused = Some(token);
            return true;
        }
        match self.current {
            Some((current, since)) if current == token => {
                let pause = timing.pause_after(self.in_a_row.max(1));
                if now.saturating_duration_since(since) < pause {
                    return false;
                }
            }
            // Another process, or an expiry, has replaced the one that was refused before.
            _ if self.in_a_row > 0 => {
                let in_a_row = self.in_a_row.saturating_add(1);
                self.current = Some((token, now.checked_sub(age).unwrap_or(now)));
                if age < timing.pause_after(in_a_row) {
                    self.in_a_row = in_a_row;
                    return false;
                }
            }
            _ => {}
        }
        self.in_a_row = self.in_a_row.saturating_add(1);
        self.refused = Some(token);
        true
    }

    /// Notes an access token that was obtained, or found in place of a refused one.
    pub(super) fn adopt(&mut self, token: u64, now: Instant) {
        if self.refused.is_some_and(|refused| refused != token) {
            self.former = self.refused.take();
        }
        if self.current.is_none_or(|(current, _)| current != token) {
            self.current = Some((token, now));
        }
    }

    pub(super) fn is_refused(&self, token: u64) -> bool {
        self.refused == Some(token)
    }

    /// Whether the last report is so long ago that none counts any more. The access token that it was
    /// about has expired since.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        let since = |last| now.saturating_duration_since(last);
        self.reported.is_some_and(|last| since(last) >= FORGET)
    }

    /// Whether an access token is to be replaced.
    pub(super) fn has_refused(&self) -> bool {
        self.refused.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60;
    const NEW: Duration = Duration::ZERO;

    fn at(start: Instant, minutes: u64) -> Instant {
        start + Duration::from_secs(minutes * MINUTE)
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_token_is_replaced_once() {
        let (timing, now) = (Timing::new(0), Instant::now());
        let mut replaced = Replaced::default();
        assert!(replaced.refuse(1, NEW, &timing, now) && replaced.is_refused(1));
        replaced.adopt(1, now);
        assert!(replaced.is_refused(1), "it is the same one");
        replaced.adopt(2, now);
        assert!(!replaced.has_refused());
        assert!(!replaced.refuse(2, NEW, &timing, now), "it is new");
        assert!(
            replaced.refuse(1, NEW, &timing, now),
            "another caller is late"
        );
        replaced.adopt(2, now);
        assert!(!replaced.has_refused(), "it has been replaced");
        assert!(replaced.refuse(2, NEW, &timing, at(now, 1)));
    }

    #[tokio::test(start_paused = true)]
    async fn the_more_are_refused_in_a_row_the_less_often_one_is_replaced() {
        let (timing, start) = (Timing::new(0), Instant::now());
        let mut replaced = Replaced::default();
        // A report each minute. Another process replaces each token after 50 minutes.
        let (mut token, mut made, mut accepted) = (0, 0, Vec::new());
        for minute in 0..24 * 60 {
            if minute - made >= 50 {
                (token, made) = (token + 1, minute);
            }
            let age = Duration::from_secs((minute - made) * MINUTE);
            if replaced.refuse(token, age, &timing, at(start, minute)) {
                accepted.push(minute);
                (token, made) = (token + 1, minute);
                replaced.adopt(token, at(start, minute));
            }
        }
        assert_eq!(accepted, [0, 1, 3, 7, 15, 31, 61, 91, 121]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_that_was_good_for_a_while_is_replaced_when_zoho_ends_it() {
        let (timing, start) = (Timing::new(0), Instant::now());
        let mut replaced = Replaced::default();
        assert!(replaced.refuse(1, NEW, &timing, start));
        replaced.adopt(2, start);
        // Another process has obtained the third one at the usual time.
        let quarter = Duration::from_secs(15 * MINUTE);
        assert!(replaced.refuse(3, quarter, &timing, at(start, 70)));
        replaced.adopt(4, at(start, 70));
        assert!(
            !replaced.refuse(5, NEW, &timing, at(start, 71)),
            "it is new"
        );
        assert!(replaced.refuse(5, NEW, &timing, at(start, 75)));
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_refused_long_ago_does_not_count() {
        let (timing, start) = (Timing::new(0), Instant::now());
        let mut replaced = Replaced::default();
        for token in 0..20 {
            let now = at(start, token * 120);
            assert!(replaced.refuse(token, NEW, &timing, now), "{token}");
            replaced.adopt(token + 100, now);
        }
    }
}
