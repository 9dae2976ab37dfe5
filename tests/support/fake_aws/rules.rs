//! The switches: which of AWS's rules hold, and what goes wrong.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::faults::Faults;
use super::quotas::Quotas;

/// Which rules hold. By default all of AWS's, and nothing goes wrong.
#[derive(Clone, Debug)]
pub struct Rules {
    /// All that is left to chance comes from it.
    pub seed: u64,
    /// How much test time a request takes.
    pub tick: Duration,
    /// How long after a change lists show it, in test time; for each change another time.
    pub list_lag: RangeInclusive<Duration>,
    /// How long a deletion by force takes, in test time.
    pub forced_deletion: RangeInclusive<Duration>,
    /// What is marked for deletion is not changed.
    pub refuse_marked: bool,
    /// Names, tags, filters, labels and values are only so long and so many.
    pub limits: bool,
    /// How many versions a secret can get in 24 hours of test time.
    pub versions: usize,
    /// A creation with the same request token and value is a success, not a conflict.
    pub idempotent_create: bool,
    /// Pages of a list are now and then smaller than they could be, or empty.
    pub short_pages: bool,
    /// Requests per second of test time; none for no quotas.
    pub quotas: Option<Quotas>,
    pub faults: Faults,
    /// All credentials are refused as expired.
    pub credentials_expired: bool,
    /// By how many seconds AWS's clock is ahead of the client's.
    pub clock_ahead: i64,
}

/// AWS's documentation of ListSecrets says so.
pub const LONGEST_LAG: Duration = Duration::from_secs(300);

impl Default for Rules {
    fn default() -> Self {
        Rules {
            tick: Duration::from_millis(100),
            list_lag: Duration::ZERO..=LONGEST_LAG,
            forced_deletion: Duration::ZERO..=Duration::from_secs(3),
            refuse_marked: true,
            limits: true,
            versions: 100,
            idempotent_create: true,
            short_pages: true,
            quotas: Some(Quotas::AWS),
            ..Rules::none(fastrand::u64(..))
        }
    }
}

impl Rules {
    /// None of them: what LocalStack does.
    pub fn none(seed: u64) -> Self {
        Rules {
            seed,
            tick: Duration::ZERO,
            list_lag: Duration::ZERO..=Duration::ZERO,
            forced_deletion: Duration::ZERO..=Duration::ZERO,
            refuse_marked: false,
            limits: false,
            versions: usize::MAX,
            idempotent_create: false,
            short_pages: false,
            quotas: None,
            faults: Faults::none(),
            credentials_expired: false,
            clock_ahead: 0,
        }
    }

    /// All of AWS's.
    pub fn seeded(seed: u64) -> Self {
        Rules {
            seed,
            ..Rules::default()
        }
    }

    /// Lists show nothing of the last five minutes.
    pub fn with_stale_lists(self) -> Self {
        Rules {
            list_lag: LONGEST_LAG..=LONGEST_LAG,
            ..self
        }
    }
}
