//! The builder of a provider.

use std::fmt;
use std::hash::RandomState;
use std::sync::Arc;

use aws_smithy_async::time::{SharedTimeSource, TimeSource};
use secrecy::SecretString;

use super::TokenProvider;
use super::budget::Budget;
use super::core::Core;
use super::data_center::DataCenter;
use super::flights::Flights;
use super::http::HttpClient;
use super::metrics::Metrics;
use super::states::States;
use super::timing::Timing;
use super::uncoordinated::Uncoordinated;
use crate::clock::Clock;
use crate::{Error, ErrorKind, TokenStore};

/// Builds a [`TokenProvider`]; made by [`TokenProvider::builder`].
#[must_use = "a builder does nothing until `build` is called"]
pub struct TokenProviderBuilder {
    store: Arc<dyn TokenStore>,
    data_center: DataCenter,
    client: Option<(String, SecretString)>,
    http: Option<Arc<dyn HttpClient>>,
    metrics: Option<Arc<dyn Metrics>>,
    clock: Clock,
}

impl TokenProviderBuilder {
    pub(super) fn new(store: Arc<dyn TokenStore>) -> Self {
        TokenProviderBuilder {
            store,
            data_center: DataCenter::Us,
            client: None,
            http: None,
            metrics: None,
            clock: Clock::default(),
        }
    }

    /// Sets the data centre of logins, and of records that name neither their accounts server nor an
    /// API server of Zoho (`api_domain`), which tells the data centre as well. The default is
    /// [`DataCenter::Us`].
    ///
    /// With a [`DataCenter::custom`] one, all records without an accounts server use it.
    pub fn data_center(mut self, data_center: DataCenter) -> Self {
        self.data_center = data_center;
        self
    }

    /// Sets the OAuth client with which users log in. [`TokenProvider::login`] needs it; records have
    /// their own.
    pub fn client(mut self, id: impl Into<String>, secret: impl Into<SecretString>) -> Self {
        self.client = Some((id.into(), secret.into()));
        self
    }

    /// Sets the HTTP client. The default is that of the AWS SDK, with connections of its own and
    /// the proxy of the environment (`HTTPS_PROXY`, `NO_PROXY`).
    pub fn http_client(mut self, client: impl HttpClient + 'static) -> Self {
        self.http = Some(Arc::new(client));
        self
    }

    /// Sets the metrics recorder. By default, events are discarded.
    pub fn metrics(mut self, metrics: impl Metrics + 'static) -> Self {
        self.metrics = Some(Arc::new(metrics));
        self
    }

    /// Sets the wall clock, for tests. The default is the system's. The monotonic clock is tokio's.
    pub fn time_source(mut self, source: impl TimeSource + 'static) -> Self {
        self.clock = Clock::from(SharedTimeSource::new(source));
        self
    }

    /// Returns the provider. It makes no call.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] if there is no HTTP client: none was given, and the feature
    /// `default-https-client` is off.
    pub fn build(self) -> Result<TokenProvider, Error> {
        let http = self.http.or_else(default_client).ok_or_else(|| {
            let problem = "there is no HTTP client for requests to Zoho";
            Error::new(ErrorKind::InvalidConfig, problem)
                .advise("give `http_client`, or switch the feature `default-https-client` on")
        })?;
        Ok(TokenProvider {
            core: Arc::new(Core {
                uncoordinated: Uncoordinated::new(self.store.clone()),
                store: self.store,
                data_center: self.data_center,
                client: self.client,
                http,
                metrics: self.metrics,
                clock: self.clock,
                timing: Timing::new(fastrand::u64(..)),
                states: States::default(),
                budget: Budget::default(),
                hasher: RandomState::new(),
                flights: Flights::new(),
            }),
        })
    }
}

#[cfg(feature = "default-https-client")]
fn default_client() -> Option<Arc<dyn HttpClient>> {
    Some(Arc::new(super::http::default::DefaultClient::new()))
}

#[cfg(not(feature = "default-https-client"))]
fn default_client() -> Option<Arc<dyn HttpClient>> {
    None
}

impl fmt::Debug for TokenProviderBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenProviderBuilder")
            .field("store", &self.store)
            .field("data_center", &self.data_center)
            .finish_non_exhaustive()
    }
}
