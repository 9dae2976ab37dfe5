//! Processes that share a store and a Zoho, in tokio's paused time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_smithy_async::time::TimeSource;
use tokio::time::Instant;

use super::fake_zoho::FakeZoho;
use crate::oauth::{AccessToken, DataCenter, Event, Metrics, TokenProvider};
use crate::testing::token;
use crate::{
    Error, ErrorKind, ExposeSecret, MemoryTokenStore, OAuthToken, RecordVersion,
    RefreshCoordination, Swap, TokenStore,
};

/// The wall clock follows the monotonic one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock(Instant);

const EPOCH: u64 = 1_767_225_600;

impl TimeSource for Clock {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(EPOCH) + self.0.elapsed()
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Counted(Arc<Mutex<Vec<Event>>>);

impl Metrics for Counted {
    fn record(&self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

impl Counted {
    pub(super) fn of(&self, name: &str) -> usize {
        let events = self.0.lock().unwrap();
        let name = format!("zoho_token_provider.{name}");
        events.iter().filter(|event| event.name() == name).count()
    }
}

pub(super) struct World {
    pub(super) store: FaultyStore,
    pub(super) zoho: FakeZoho,
    pub(super) events: Counted,
    clock: Clock,
}

impl World {
    pub(super) fn new() -> Self {
        World {
            store: FaultyStore::default(),
            zoho: FakeZoho::new(),
            events: Counted::default(),
            clock: Clock(Instant::now()),
        }
    }

    /// A world with a token that expires in this many seconds.
    pub(super) async fn with_token(expires_in: u64) -> Self {
        let world = World::new();
        world.save("", expires_in).await;
        world
    }

    pub(super) async fn save(&self, columns: &str, expires_in: u64) -> OAuthToken {
        let columns = format!(
            "id=1 user_name=u client_id=c client_secret=s refresh_token=r access_token=old {columns}"
        );
        let at = self.clock.now() + Duration::from_secs(expires_in);
        let token = token(&columns).to_builder().expires_at(at).build().unwrap();
        self.store.save_token(&token).await.unwrap()
    }

    /// Saves these columns with an accounts server.
    pub(super) async fn save_at(&self, accounts_url: &str, columns: &str) {
        let named = token(columns).to_builder().accounts_url(accounts_url);
        self.store
            .save_token(&named.build().unwrap())
            .await
            .unwrap();
    }

    /// A process: a provider that shares nothing with others but the store and Zoho.
    pub(super) fn process(&self) -> TokenProvider {
        self.process_on(self.store.clone())
    }

    pub(super) fn process_on(&self, store: impl TokenStore + 'static) -> TokenProvider {
        self.process_with(store, DataCenter::Eu)
    }

    /// A process whose provider was given this data centre.
    pub(super) fn process_at(&self, data_center: DataCenter) -> TokenProvider {
        self.process_with(self.store.clone(), data_center)
    }

    fn process_with(
        &self,
        store: impl TokenStore + 'static,
        data_center: DataCenter,
    ) -> TokenProvider {
        TokenProvider::builder(store)
            .data_center(data_center)
            .client("c", "s")
            .http_client(self.zoho.clone())
            .metrics(self.events.clone())
            .time_source(self.clock)
            .build()
            .unwrap()
    }

    pub(super) async fn stored(&self) -> OAuthToken {
        self.store
            .inner
            .find_token_by_id("1")
            .await
            .unwrap()
            .unwrap()
    }

    pub(super) async fn lease(&self) -> Option<String> {
        let version = self.store.inner.read("1").await.unwrap().unwrap();
        version.lease().map(str::to_owned)
    }

    /// Puts a lease as another process would.
    pub(super) async fn put_lease(&self, phase: &str) {
        let version = self.store.inner.read("1").await.unwrap().unwrap();
        let base = crate::oauth::lease::base_of(version.token());
        let lease = format!("{base}:1:other:{phase}");
        let swap = self
            .store
            .inner
            .swap(&version, version.token(), Some(&lease));
        assert!(matches!(swap.await, Ok(Swap::Current(_))));
    }

    /// How long before its expiry the token was issued.
    pub(super) fn left(&self, access: &AccessToken) -> u64 {
        let left = access
            .expires_at()
            .unwrap()
            .duration_since(self.clock.now());
        left.unwrap().as_secs()
    }
}

pub(super) fn partial() -> OAuthToken {
    token("user_name=u")
}

pub(super) fn value(access: &AccessToken) -> &str {
    access.value().expose_secret()
}

/// The memory store, whose swaps can fail.
#[derive(Clone, Debug, Default)]
pub(super) struct FaultyStore {
    pub(super) inner: MemoryTokenStore,
    faults: Arc<Mutex<Vec<SwapFault>>>,
    counts: Arc<Mutex<(usize, usize)>>,
    fails_saves: Arc<AtomicBool>,
    lookups_fail_as: Arc<Mutex<Option<ErrorKind>>>,
    cached: Option<OAuthToken>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SwapFault {
    None,
    /// It fails and is not executed.
    Fails,
    /// It is not allowed.
    Denied,
    /// It is executed, and fails.
    LosesResponse,
    /// It is executed after these seconds, and succeeds.
    Takes(u64),
}

impl FaultyStore {
    /// Has these happen to the next swaps.
    pub(super) fn next(&self, faults: &[SwapFault]) {
        self.faults.lock().unwrap().extend(faults.iter().rev());
    }

    /// Has all saves but swaps fail.
    pub(super) fn fail_saves(&self) {
        self.fails_saves.store(true, Ordering::Relaxed);
    }

    /// Has all lookups fail like this from now on.
    pub(super) fn fail_lookups(&self, kind: ErrorKind) {
        *self.lookups_fail_as.lock().unwrap() = Some(kind);
    }

    /// The same store with this record in its cache.
    pub(super) fn caching(&self, record: OAuthToken) -> Self {
        FaultyStore {
            cached: Some(record),
            ..self.clone()
        }
    }

    /// Takes the number of reads and swaps since the last call.
    pub(super) fn take_counts(&self) -> (usize, usize) {
        std::mem::take(&mut *self.counts.lock().unwrap())
    }
}

#[async_trait]
impl TokenStore for FaultyStore {
    async fn find_token(&self, partial: &OAuthToken) -> Result<Option<OAuthToken>, Error> {
        if let Some(kind) = *self.lookups_fail_as.lock().unwrap() {
            return Err(Error::new(kind, "no lookup succeeds"));
        }
        match &self.cached {
            Some(record) => Ok(Some(record.clone())),
            None => self.inner.find_token(partial).await,
        }
    }

    async fn save_token(&self, token: &OAuthToken) -> Result<OAuthToken, Error> {
        if self.fails_saves.load(Ordering::Relaxed) {
            return Err(away());
        }
        self.inner.save_token(token).await
    }

    async fn delete_token(&self, id: &str) -> Result<(), Error> {
        self.inner.delete_token(id).await
    }

    async fn get_tokens(&self) -> Result<Vec<OAuthToken>, Error> {
        self.inner.get_tokens().await
    }

    async fn delete_tokens(&self) -> Result<(), Error> {
        self.inner.delete_tokens().await
    }

    async fn find_token_by_id(&self, id: &str) -> Result<Option<OAuthToken>, Error> {
        self.inner.find_token_by_id(id).await
    }

    fn coordination(&self) -> Option<&dyn RefreshCoordination> {
        Some(self)
    }
}

#[async_trait]
impl RefreshCoordination for FaultyStore {
    async fn read(&self, id: &str) -> Result<Option<RecordVersion>, Error> {
        self.counts.lock().unwrap().0 += 1;
        self.inner.read(id).await
    }

    async fn swap(
        &self,
        current: &RecordVersion,
        token: &OAuthToken,
        lease: Option<&str>,
    ) -> Result<Swap, Error> {
        self.counts.lock().unwrap().1 += 1;
        let fault = self.faults.lock().unwrap().pop().unwrap_or(SwapFault::None);
        let failed = || Err(away());
        match fault {
            SwapFault::None => {}
            SwapFault::Fails => return failed(),
            SwapFault::Denied => return Err(Error::new(ErrorKind::AccessDenied, "not allowed")),
            SwapFault::Takes(seconds) => tokio::time::sleep(Duration::from_secs(seconds)).await,
            SwapFault::LosesResponse => {
                self.inner.swap(current, token, lease).await?;
                return failed();
            }
        }
        self.inner.swap(current, token, lease).await
    }
}

fn away() -> Error {
    Error::new(ErrorKind::Unavailable, "the store is away")
}

/// A store without coordination.
#[derive(Debug)]
pub(super) struct Plain(pub(super) FaultyStore);

#[async_trait]
impl TokenStore for Plain {
    async fn find_token(&self, partial: &OAuthToken) -> Result<Option<OAuthToken>, Error> {
        self.0.find_token(partial).await
    }

    async fn save_token(&self, token: &OAuthToken) -> Result<OAuthToken, Error> {
        self.0.save_token(token).await
    }

    async fn delete_token(&self, id: &str) -> Result<(), Error> {
        self.0.delete_token(id).await
    }

    async fn get_tokens(&self) -> Result<Vec<OAuthToken>, Error> {
        self.0.get_tokens().await
    }

    async fn delete_tokens(&self) -> Result<(), Error> {
        self.0.delete_tokens().await
    }

    async fn find_token_by_id(&self, id: &str) -> Result<Option<OAuthToken>, Error> {
        self.0.find_token_by_id(id).await
    }
}
