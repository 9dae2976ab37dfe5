//! The settings of a store, and the checks of them that need no call.

use std::collections::HashSet;
use std::time::Duration;

use super::Deletion;
use super::cache::bounded::Bound;
use super::format::fingerprint::FingerprintKey;
use super::format::tags::{INDEX_PREFIX, MANAGED_BY, OWN_TAGS, Tag};
use crate::{Error, ErrorKind};

/// The number of tags a secret can have (AWS's quotas for Secrets Manager).
const TAG_LIMIT: usize = 50;

const DAY: Duration = Duration::from_secs(86_400);

/// What the builder of a store is told. `None` switches off what it limits, or leaves it to AWS.
pub(super) struct Settings {
    pub(super) prefix: String,
    pub(super) kms_key_id: Option<String>,
    pub(super) cache_bound: Option<Bound>,
    pub(super) cache_time_to_live: Duration,
    pub(super) stale_for: Option<Duration>,
    pub(super) tag_index: bool,
    pub(super) tags: Vec<Tag>,
    pub(super) replica_regions: Vec<String>,
    pub(super) deletion: Deletion,
    pub(super) fingerprint_key: FingerprintKey,
    pub(super) attempt_timeout: Option<Duration>,
    pub(super) operation_timeout: Option<Duration>,
    pub(super) writes_per_second: Option<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            prefix: "zoho/tokens/".into(),
            kms_key_id: None,
            cache_bound: Some(Bound::Records(1_000)),
            cache_time_to_live: Duration::from_secs(300),
            stale_for: None,
            tag_index: true,
            tags: Vec::new(),
            replica_regions: Vec::new(),
            deletion: Deletion::RecoveryWindow { days: 7 },
            fingerprint_key: FingerprintKey::Public,
            attempt_timeout: None,
            operation_timeout: None,
            writes_per_second: Some(50),
        }
    }
}

impl Settings {
    /// Checks each setting by itself.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] for the first one that is out of range.
    pub(super) fn check(&self) -> Result<(), Error> {
        let timeouts = [self.attempt_timeout, self.operation_timeout];
        let millisecond = Duration::from_millis(1);
        let allowed = [
            (
                "the cache's bound is zero",
                "set its capacity to `None` to switch the cache off \
                 (ZOHO_TOKEN_STORE_CACHE_CAPACITY=0)",
                !matches!(self.cache_bound, Some(Bound::Records(0) | Bound::Bytes(0))),
            ),
            (
                "the cache's time to live is not from 1 second to 1 day",
                "set the cache's capacity to `None` to switch the cache off \
                 (ZOHO_TOKEN_STORE_CACHE_CAPACITY=0)",
                (Duration::from_secs(1)..=DAY).contains(&self.cache_time_to_live),
            ),
            (
                "the time for which stale records are served exceeds 1 day",
                "set 86400 seconds or less",
                self.stale_for.is_none_or(|time| time <= DAY),
            ),
            (
                "the recovery window is not from 7 to 30 days",
                "set 7 to 30, or delete by force",
                match self.deletion {
                    Deletion::RecoveryWindow { days } => (7..=30).contains(&days),
                    Deletion::Force => true,
                },
            ),
            (
                "a timeout is not from 1 millisecond to 1 day",
                "set the attempt timeout and the operation timeout to a few seconds",
                timeouts
                    .into_iter()
                    .flatten()
                    .all(|time| (millisecond..=DAY).contains(&time)),
            ),
            (
                "the limit of writes per second is zero",
                "set `None` for no limit (ZOHO_TOKEN_STORE_WRITES_PER_SECOND=0)",
                self.writes_per_second != Some(0),
            ),
            (
                "the KMS key's id is empty",
                "leave it out for the key aws/secretsmanager",
                self.kms_key_id.as_deref() != Some(""),
            ),
            (
                "a tag cannot be set",
                "use at most 25 tags, each key once, of up to 127 characters with values of up to \
                 255; letters, digits, spaces and + - = . _ : / @; not aws:… or the store's own \
                 managed-by and zoho-token-store:…",
                self.tags_are_valid(),
            ),
        ];
        match allowed.into_iter().find(|(_, _, allowed)| !allowed) {
            Some((problem, advice, _)) => {
                Err(Error::new(ErrorKind::InvalidConfig, problem).advise(advice))
            }
            None => Ok(()),
        }
    }

    fn tags_are_valid(&self) -> bool {
        let charset = |text: &str| {
            text.chars()
                .all(|c| c.is_alphanumeric() || " +-=._:/@".contains(c))
        };
        let own = |key: &str| {
            key == MANAGED_BY.0
                || key.starts_with(INDEX_PREFIX)
                || key.to_lowercase().starts_with("aws:")
        };
        let valid = |(key, value): &Tag| {
            (1..=127).contains(&key.chars().count())
                && value.chars().count() <= 255
                && charset(key)
                && charset(value)
                && !own(key)
        };
        let distinct: HashSet<_> = self.tags.iter().map(|(key, _)| key).collect();
        self.tags.len() <= TAG_LIMIT - OWN_TAGS
            && distinct.len() == self.tags.len()
            && self.tags.iter().all(valid)
    }
}
