//! A token that threads clone at the same time without waiting for each other.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::OAuthToken;

/// So many threads count their clones in places of their own; of more, some share one.
const COUNTS: usize = 4;

/// A token and, made when they are needed, its further counts.
pub(crate) struct Counts {
    token: OAuthToken,
    others: OnceLock<Box<[OnceLock<OAuthToken>; COUNTS - 1]>>,
}

impl Counts {
    pub(crate) fn new(token: OAuthToken) -> Self {
        let others = OnceLock::new();
        Counts { token, others }
    }

    /// The token, with the count of this thread.
    pub(crate) fn token(&self) -> &OAuthToken {
        self.token_of(THREAD.with(|number| *number))
    }

    fn token_of(&self, thread: usize) -> &OAuthToken {
        match thread % COUNTS {
            0 => &self.token,
            number => {
                let others = self.others.get_or_init(Default::default);
                others[number - 1].get_or_init(|| self.token.counted_apart())
            }
        }
    }
}

thread_local! {
    /// This thread's number.
    static THREAD: usize = THREADS.fetch_add(1, Ordering::Relaxed);
}

static THREADS: AtomicUsize = AtomicUsize::new(0);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::token;

    #[test]
    fn threads_count_apart_and_share_the_values() {
        let counts = Counts::new(token("id=1"));
        let clones: Vec<_> = (0..2 * COUNTS)
            .map(|thread| counts.token_of(thread).clone())
            .collect();
        let place = |token: &OAuthToken| token.id().map(str::as_ptr);
        assert!(clones.iter().all(|clone| place(clone) == place(&clones[0])));
        // Two of the token itself, the one here, and each other count.
        assert!(
            clones
                .iter()
                .all(|clone| clone.clones() == 2 + 1 + COUNTS - 1)
        );
    }

    #[test]
    fn threads_have_different_numbers() {
        let number = || THREAD.with(|number| *number);
        assert_ne!(std::thread::spawn(number).join().unwrap(), number());
    }
}
