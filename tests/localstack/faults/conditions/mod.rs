//! The contract on the fake of AWS under adverse conditions: lists that show nothing of the last
//! five minutes, faults in every tenth request, and tight quotas.
//!
//! Each run has a seed. `TEST_SEEDS` sets the least number of runs per test, `TEST_SEED` the first
//! seed. A failure prints its seed.

mod contract;
mod sequences;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::retry::RetryConfig;
use fastrand::Rng;
use zoho_token_store::Deletion;
use zoho_token_store::SecretsManagerTokenStoreBuilder as Builder;

use crate::support::environment::number;
use crate::support::fake_aws::{FakeAws, Fault, Faults, Quotas, Rules};
use crate::support::localstack::{self, ATTEMPTS};
use crate::support::repeating::Repeating;
use crate::support::store::TestStore;

/// The adverse condition of a run. All of AWS's rules hold under each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Condition {
    StaleLists,
    /// Faults of all kinds, lost responses among them, in 10 % of the requests.
    Faults,
    TightQuotas,
}

/// A condition with a seed, and the settings drawn from it.
struct Run {
    rules: Rules,
    settings: Settings,
    /// How often the stores had to repeat an operation.
    repeated: Arc<AtomicUsize>,
}

/// The settings of a run's stores.
#[derive(Clone, Copy, Debug)]
struct Settings {
    cache_capacity: Option<u64>,
    deletion: Deletion,
    /// The number of stores that write in turn.
    processes: usize,
    /// The SDK's attempts per call. The fewer, the more failures reach the store.
    attempts: u32,
}

impl Run {
    fn new(condition: Condition, seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let mut settings = Settings {
            cache_capacity: [Some(1_000), None, Some(1)][random.usize(..3)],
            deletion: [Deletion::RecoveryWindow { days: 7 }, Deletion::Force][random.usize(..2)],
            processes: 1,
            attempts: ATTEMPTS,
        };
        let rules = Rules {
            forced_deletion: Duration::ZERO..=Duration::from_secs(1),
            ..Rules::seeded(seed).with_stale_lists()
        };
        let mut rules = match condition {
            Condition::StaleLists => rules,
            Condition::Faults => {
                settings.attempts = [1, 1, 1, 2][random.usize(..4)];
                Rules {
                    faults: Faults::all(10.0),
                    ..rules
                }
            }
            Condition::TightQuotas => {
                // A request takes 0.1 s of test time, so about half of them exceed the quota. With
                // many attempts no throttling reaches the store, until the SDK has used up its
                // retries. Then only lookups that need no more than the quota of a second succeed:
                // four reads at once.
                let (a_second, attempts) = [(4, ATTEMPTS), (5, 2)][random.usize(..2)];
                settings.attempts = attempts;
                Rules {
                    quotas: Some(Quotas::each(f64::from(a_second))),
                    ..rules
                }
            }
        };
        // Another process finds a write by every key only once lists show it, and sees changes only
        // without a cache.
        if condition != Condition::StaleLists && random.bool() {
            settings.processes = 3;
            settings.cache_capacity = None;
            rules.list_lag = Duration::ZERO..=Duration::ZERO;
        }
        Run {
            rules,
            settings,
            repeated: Arc::default(),
        }
    }

    /// Returns the stores behind the fake, and one that sees every change at once and removes the
    /// secrets at the end.
    async fn stores(&self, aws: &FakeAws) -> (Vec<Repeating>, TestStore) {
        let direct = TestStore::with(|builder| builder.cache_capacity(None)).await;
        let endpoint = aws.endpoint();
        let mut stores = Vec::new();
        for _ in 0..self.settings.processes {
            let settings = |builder| self.settings.apply(builder, endpoint);
            let test = TestStore::at(&direct.prefix, endpoint, settings).await;
            let witness = direct.store.clone();
            let repeated = self.repeated.clone();
            stores.push(Repeating::new(test.store, witness, repeated, aws.time()));
        }
        (stores, direct)
    }
}

impl Settings {
    fn apply(self, builder: Builder, endpoint: &str) -> Builder {
        let retries = RetryConfig::standard()
            .with_max_attempts(self.attempts)
            .with_initial_backoff(Duration::from_millis(1))
            .with_max_backoff(Duration::from_millis(10));
        let config = localstack::config(endpoint).retry_config(retries);
        builder
            .client(Client::from_conf(config.build()))
            // Requests that hang must not take long.
            .attempt_timeout(Duration::from_millis(500))
            .cache_capacity(self.cache_capacity)
            .deletion(self.deletion)
    }
}

/// What happened in a test's runs.
#[derive(Debug, Default)]
struct Statistics {
    runs: usize,
    requests: usize,
    /// Refused requests by error code.
    refused: BTreeMap<String, usize>,
    faults: BTreeMap<Fault, usize>,
    /// The number of repeated operations.
    repeated: usize,
}

impl Statistics {
    fn add(&mut self, run: &Run, aws: &FakeAws) {
        self.runs += 1;
        self.repeated += run.repeated.load(Ordering::Relaxed);
        self.requests += aws.total_received();
        for (code, number) in aws.refused() {
            *self.refused.entry(code).or_default() += number;
        }
        for (fault, number) in aws.injected() {
            *self.faults.entry(fault).or_default() += number;
        }
    }

    /// Returns whether there were enough runs: `runs` or `TEST_SEEDS`, and more until the condition
    /// has had an effect, because a condition without one proves nothing.
    fn is_enough(&self, condition: Condition, runs: usize) -> bool {
        let runs = number("TEST_SEEDS").map_or(runs, |runs| runs as usize);
        if self.runs < runs {
            return false;
        }
        println!("{condition:?}: {self:?}");
        let bad = match condition {
            Condition::StaleLists => {
                assert_eq!(
                    self.repeated, 0,
                    "a stale list should not fail an operation"
                );
                return true;
            }
            Condition::Faults => self.faults.values().sum(),
            Condition::TightQuotas => {
                let throttled = self.refused.get("ThrottlingException");
                throttled.copied().unwrap_or(0)
            }
        };
        let noticed = bad > self.requests / 50;
        assert!(noticed || self.runs < 10 * runs, "{self:?}");
        noticed
    }
}

/// The seeds of the runs, in order.
fn seeds() -> impl Iterator<Item = u64> {
    number("TEST_SEED").unwrap_or_else(|| fastrand::u64(..u64::MAX / 2))..
}
