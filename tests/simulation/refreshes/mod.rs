//! One refresh for several processes, whatever AWS, Zoho and the processes do.

mod callers;
mod crashes;
mod days;
mod deletions;
mod fleet;
mod grants;
mod logins;
mod lost_answers;
mod paused;
mod random;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;
use zoho_token_store::oauth::{Event, Metrics};
use zoho_token_store::{AccessToken, ExposeSecret, OAuthToken, TokenProvider};

use crate::aws::Freedoms;
use crate::clock::{WallClock, epoch_millis};
use crate::process::{Ended, Process, Stopped};
use crate::support::token::token;
use crate::world::{World, simulate};
use crate::zoho::Zoho;

/// After this time without a sign, the holder of a lease is taken for dead.
const LEASE: Duration = Duration::from_secs(15);

/// How long a caller waits at most, and then for one call to AWS.
const WAIT: Duration = Duration::from_secs(30 + 20);

/// Processes with providers, and the Zoho that they ask.
#[derive(Clone)]
struct Fleet {
    world: World,
    zoho: Zoho,
    takeovers: Arc<AtomicUsize>,
}

/// A process with a provider. Clones are the same one.
#[derive(Clone)]
struct Member {
    process: Process,
    provider: TokenProvider,
}

#[derive(Debug)]
struct Takeovers(Arc<AtomicUsize>);

impl Metrics for Takeovers {
    fn record(&self, event: &Event) {
        if *event == Event::LeaseTakenOver {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Runs a simulation with one stored token of the user `u`, whose access token expires in so many
/// seconds.
fn with_token_that_expires_in(
    seconds: u64,
    seed: u64,
    freedoms: Freedoms,
    body: impl AsyncFnOnce(Fleet),
) {
    simulate(seed, freedoms.clone(), async move |world| {
        world.change(|now| *now = Freedoms::none());
        let fleet = Fleet::new(world);
        let expiry = epoch_millis(fleet.world.now() + Duration::from_secs(seconds));
        let columns = format!(
            "user_name=u client_id=c client_secret=s refresh_token=r0 access_token=a0 \
             expiry_time={expiry}"
        );
        let operator = fleet.world.process("operator").await;
        operator.save(&columns).await.unwrap();
        // Reads are current again before anything is stale.
        tokio::time::sleep(Duration::from_secs(6)).await;
        fleet.world.change(|now| *now = freedoms);
        body(fleet).await;
    });
}

/// Calls take some time, and nothing goes wrong.
fn with_latencies() -> Freedoms {
    Freedoms {
        latency: Duration::from_millis(1)..=Duration::from_millis(60),
        ..Freedoms::none()
    }
}

impl Fleet {
    fn new(world: World) -> Self {
        let zoho = Zoho::new(world.aws.clock, world.trace().clone());
        Fleet {
            world,
            zoho,
            takeovers: Arc::default(),
        }
    }

    /// Starts a process whose clock is ahead by so many seconds.
    async fn member(&self, name: &str, ahead: i64) -> Member {
        let process = self.world.process_with(name, ahead, |store| store).await;
        let provider = TokenProvider::builder(process.store.clone())
            .http_client(self.zoho.client(&process.link))
            .time_source(WallClock::new(self.world.aws.clock, ahead))
            .metrics(Takeovers(self.takeovers.clone()))
            .build()
            .expect("valid settings");
        Member { process, provider }
    }

    /// How often a lease was taken over.
    fn takeovers(&self) -> usize {
        self.takeovers.load(Ordering::Relaxed)
    }

    /// The number of versions that the only secret has had, with the lease in it or without.
    fn versions(&self) -> usize {
        self.world.aws.inner().ledger.entries().len()
    }

    /// The only record that AWS holds.
    fn record(&self) -> BTreeMap<String, String> {
        let mut records = self.world.operator().records();
        assert_eq!(records.len(), 1, "{records:?}");
        records.remove(0)
    }

    /// Checks what holds at any time: access tokens only ever replace older ones.
    fn check_no_token_is_replaced_by_an_older_one(&self) {
        let inner = self.world.aws.inner();
        let records = inner
            .ledger
            .entries()
            .iter()
            .filter_map(|entry| entry.record.as_ref());
        let numbers: Vec<_> = records
            .filter_map(|record| number(record.get("access_token")?))
            .collect();
        assert!(numbers.is_sorted(), "{numbers:?}");
    }

    /// Checks a record at rest: it has the last token that was saved, and no lease.
    fn check_at_rest(&self) {
        self.check_no_token_is_replaced_by_an_older_one();
        let record = self.record();
        assert!(!record.contains_key("refresh_lease"), "{record:?}");
        assert_ne!(record["access_token"], "a0");
    }
}

impl Member {
    async fn access_token(&self) -> Ended<AccessToken> {
        let partial = token("user_name=u");
        let access = self.provider.access_token(&partial);
        let shown = |access: &AccessToken| value(access);
        self.process.run("access token", access, shown).await
    }

    fn start_access_token(&self) -> JoinHandle<Ended<AccessToken>> {
        let member = self.clone();
        tokio::spawn(async move { member.access_token().await })
    }

    async fn exchange(&self, grant: &OAuthToken) -> Ended<OAuthToken> {
        let exchanged = self.provider.exchange_grant(grant);
        let shown = |_: &OAuthToken| "exchanged".to_owned();
        self.process.run("exchange grant", exchanged, shown).await
    }
}

fn value(access: &AccessToken) -> String {
    access.value().expose_secret().to_owned()
}

/// The number of an access token: 3 for `a3`.
fn number(value: impl AsRef<str>) -> Option<usize> {
    value.as_ref().strip_prefix('a')?.parse().ok()
}

/// Whether a caller got an access token. If not, the process crashed, or the error says to try again.
fn is_served<T>(ended: &Ended<T>) -> bool {
    match ended {
        Ok(_) => true,
        Err(Stopped::Crashed) => false,
        Err(Stopped::Failed(error)) => {
            assert!(error.is_retryable(), "not an honest error: {error}");
            false
        }
        Err(stopped) => panic!("{stopped}"),
    }
}
