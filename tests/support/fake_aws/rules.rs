//! The switches: which of AWS's rules hold, and which faults occur.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::support::aws_rules::Quotas;
use crate::support::aws_rules::limits::VERSIONS;

use super::faults::Faults;

/// The rules that hold. By default all of AWS's, without faults.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The seed of all random choices.
    pub seed: u64,
    /// The test time that a request takes.
    pub tick: Duration,
    /// The lag until lists show a change, in test time, drawn for each change.
    pub list_lag: RangeInclusive<Duration>,
    /// How long a forced deletion takes, in test time.
    pub forced_deletion: RangeInclusive<Duration>,
    /// Whether secrets marked for deletion cannot be changed.
    pub refuse_marked: bool,
    /// Whether names, tags, filters, labels and values are limited.
    pub limits: bool,
    /// The most versions of a secret in 24 hours of test time.
    pub versions: usize,
    /// Whether a creation with the same request token and value succeeds instead of conflicting.
    pub idempotent_create: bool,
    /// Whether pages of a list are at random shorter than possible, or empty.
    pub short_pages: bool,
    /// Requests per second of test time; `None` for no quotas.
    pub quotas: Option<Quotas>,
    pub faults: Faults,
    /// Whether all credentials are refused as expired.
    pub credentials_expired: bool,
    /// How many seconds AWS's clock is ahead of the client's.
    pub clock_ahead: i64,
}

/// The longest lag of lists by AWS's documentation of ListSecrets.
pub const LONGEST_LAG: Duration = Duration::from_secs(300);

impl Default for Rules {
    fn default() -> Self {
        Rules {
            tick: Duration::from_millis(100),
            list_lag: Duration::ZERO..=LONGEST_LAG,
            forced_deletion: Duration::ZERO..=Duration::from_secs(3),
            refuse_marked: true,
            limits: true,
            versions: VERSIONS,
            idempotent_create: true,
            short_pages: true,
            quotas: Some(Quotas::AWS),
            ..Rules::none(fastrand::u64(..))
        }
    }
}

impl Rules {
    /// No rules: what LocalStack does.
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

    /// All of AWS's rules.
    pub fn seeded(seed: u64) -> Self {
        Rules {
            seed,
            ..Rules::default()
        }
    }

    /// Adds that lists show nothing of the last five minutes.
    pub fn with_stale_lists(self) -> Self {
        Rules {
            list_lag: LONGEST_LAG..=LONGEST_LAG,
            ..self
        }
    }
}
