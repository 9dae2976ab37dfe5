//! What the operations of a provider share.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::access_token::AccessToken;
use super::budget::Budget;
use super::data_center::DataCenter;
use super::flights::Flights;
use super::http::HttpClient;
use super::lease::{Means, Standing};
use super::metrics::{Event, Metrics};
use super::states::States;
use super::timing::Timing;
use super::uncoordinated::Uncoordinated;
use super::zoho::response::USUAL_LIFETIME;
use crate::clock::Clock;
use crate::{Error, ErrorKind, Field, OAuthToken, RecordVersion, RefreshCoordination, TokenStore};

/// What all clones of a provider share.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) store: Arc<dyn TokenStore>,
    pub(crate) uncoordinated: Uncoordinated,
    pub(crate) data_center: DataCenter,
    pub(crate) client: Option<(String, SecretString)>,
    pub(crate) http: Arc<dyn HttpClient>,
    pub(crate) metrics: Option<Arc<dyn Metrics>>,
    pub(crate) clock: Clock,
    pub(crate) timing: Timing,
    pub(crate) states: States,
    pub(crate) budget: Budget,
    pub(crate) hasher: RandomState,
    pub(crate) flights: Flights<Refreshed>,
}

/// How a refresh ended.
#[derive(Clone, Debug)]
pub(crate) struct Refreshed {
    pub(crate) outcome: Result<AccessToken, Error>,
    /// Whether it was for callers to whom any valid access token will do.
    pub(crate) is_usual: bool,
    /// The data centre of the caller for whom it was, which an error may be about.
    pub(crate) data_center: Option<DataCenter>,
}

/// What a caller wants of the access token of a record.
#[derive(Clone, Debug, Default)]
pub(crate) struct Demand {
    /// A longer time before the expiry than the usual one, in which the token is refreshed.
    pub(crate) window: Option<Duration>,
    /// A record with an access token that is to be replaced, however long it is valid.
    pub(crate) replaced: Option<OAuthToken>,
    /// Whether Zoho is asked even if an earlier attempt has failed.
    pub(crate) insists: bool,
    /// The data centre of a record that does not name its own.
    pub(crate) data_center: Option<DataCenter>,
    /// A grant token to exchange, with its client and redirect URL, instead of refreshing.
    pub(crate) grant: Option<OAuthToken>,
}

impl Demand {
    /// Whether any access token that is good enough will do.
    pub(crate) fn is_usual(&self) -> bool {
        self.window.is_none() && self.replaced.is_none() && !self.insists && self.grant.is_none()
    }
}

impl Core {
    pub(crate) fn coordination(&self) -> &dyn RefreshCoordination {
        match self.store.coordination() {
            Some(coordination) => coordination,
            None => &self.uncoordinated,
        }
    }

    /// Reads the record that the partial token denotes from where it is stored: the cached one may
    /// have tokens that were replaced since.
    pub(crate) async fn read_denoted(
        &self,
        partial: &OAuthToken,
    ) -> Result<Option<RecordVersion>, Error> {
        let Some(found) = self.store.find_token(partial).await? else {
            return Ok(None);
        };
        self.coordination()
            .read(found.id().unwrap_or_default())
            .await
    }

    pub(crate) fn record(&self, event: &Event) {
        if let Some(metrics) = &self.metrics {
            metrics.record(event);
        }
    }

    /// How long the access token of a record is still valid; `None` if that is not known.
    pub(crate) fn left(&self, record: &OAuthToken) -> Option<Duration> {
        self.milliseconds_left(record).map(Duration::from_millis)
    }

    /// The same in milliseconds, which is faster.
    #[inline]
    fn milliseconds_left(&self, record: &OAuthToken) -> Option<u64> {
        let expires = record.expiry_time()?;
        let now = self.clock.wall().duration_since(std::time::UNIX_EPOCH);
        // A clock before 1970 is wrong, and a wrong clock is no reason to trust a token.
        Some(now.map_or(0, |now| {
            // More exactly it is less than a millisecond more.
            let now = now.as_secs() * 1_000 + u64::from(now.subsec_millis());
            expires.saturating_sub(now)
        }))
    }

    /// How long ago Zoho has issued the access token of a record, if it has the usual lifetime.
    pub(crate) fn age(&self, record: &OAuthToken) -> Duration {
        let left = self.left(record).unwrap_or(USUAL_LIFETIME);
        USUAL_LIFETIME.saturating_sub(left)
    }

    /// Whether the access token can be returned without a look at anything else. Called for each
    /// access token that a program asks for.
    #[inline]
    pub(crate) fn is_good(&self, record: &OAuthToken) -> bool {
        record.access_token().is_some()
            && !self.states.is_special(record)
            && self
                .milliseconds_left(record)
                .is_none_or(|left| self.timing.is_early(record, left))
    }

    pub(crate) fn standing(&self, record: &OAuthToken, demand: &Demand) -> Standing {
        if let Some(grant) = &demand.grant {
            let is_there = is_exchanged(record, grant) && record.access_token().is_some();
            return match is_there && !demand.insists {
                true => Standing::Good,
                false => Standing::Unusable,
            };
        }
        if record.access_token().is_none() || self.states.is_refused(record) {
            return Standing::Unusable;
        }
        let is_replaced = demand
            .replaced
            .as_ref()
            .is_some_and(|old| old.expose(Field::AccessToken) == record.expose(Field::AccessToken));
        let window = self.timing.window_of(record);
        let window = demand.window.unwrap_or_default().max(window);
        match self.left(record) {
            Some(left) if left <= self.timing.must => Standing::Unusable,
            Some(left) if left <= window => Standing::Usable,
            _ if is_replaced => Standing::Usable,
            _ => Standing::Good,
        }
    }

    /// Whether Zoho would still accept the access token, as far as this process knows.
    pub(crate) fn is_valid(&self, record: &OAuthToken) -> bool {
        let is_left = |left: Duration| left > Duration::from_secs(5);
        record.access_token().is_some()
            && !self.states.is_refused(record)
            && self.left(record).is_none_or(is_left)
    }

    /// The data centre of a record: the one that it names, or else the caller's, or that of its API
    /// domain, or the provider's. A grant token is sent to the one that the caller names with it, if
    /// any.
    ///
    /// # Errors
    ///
    /// If it names one that is neither Zoho's nor the provider's: whoever can write records could
    /// otherwise make the provider send the client secret anywhere.
    pub(crate) fn data_center_of(
        &self,
        record: &OAuthToken,
        demand: &Demand,
    ) -> Result<DataCenter, Error> {
        let given = demand.data_center.as_ref().unwrap_or(&self.data_center);
        if demand.grant.is_some() && demand.data_center.is_some() {
            // The user may have moved since the record was saved.
            return Ok(given.clone());
        }
        let Some(url) = record.accounts_url() else {
            return Ok(match demand.data_center {
                Some(_) => given.clone(),
                None => self.implied(record).unwrap_or_else(|| given.clone()),
            });
        };
        let trusted = [given, &self.data_center];
        let known = trusted
            .into_iter()
            .find(|known| known.accounts_url() == url.trim_end_matches('/'));
        known
            .cloned()
            .or_else(|| DataCenter::of_accounts_url(url))
            .ok_or_else(|| {
                let problem = "the record names an accounts server that is neither Zoho's nor the \
                               provider's";
                Error::new(ErrorKind::InvalidConfig, problem).advise(
                    "give the provider that data centre, or correct `accounts_url` of the record",
                )
            })
    }

    /// The data centre that a record implies by its API domain, as records of Zoho's SDKs do, which have
    /// no accounts server. A provider with servers of its own, as in a test, sends nothing to Zoho's
    /// because of that.
    fn implied(&self, record: &OAuthToken) -> Option<DataCenter> {
        match self.data_center {
            DataCenter::Custom(_) => None,
            _ => record.api_domain().and_then(DataCenter::of_api_domain),
        }
    }

    /// Whether a record says itself that this is its data centre.
    pub(crate) fn is_its_own(&self, record: &OAuthToken, data_center: &DataCenter) -> bool {
        record.accounts_url().is_some() || self.implied(record).as_ref() == Some(data_center)
    }

    /// The access token of a record that has one.
    pub(crate) fn access(&self, record: &OAuthToken, is_saved: bool) -> Option<AccessToken> {
        self.access_of(record.clone(), is_saved)
    }

    /// The same without a copy of the record.
    #[inline]
    pub(crate) fn access_of(&self, record: OAuthToken, is_saved: bool) -> Option<AccessToken> {
        let own = || self.data_center.clone();
        let data_center = match record.api_domain() {
            // The data centre's is not needed.
            Some(_) => own(),
            None => self
                .data_center_of(&record, &Demand::default())
                .unwrap_or_else(|_| own()),
        };
        AccessToken::of(record, data_center, is_saved)
    }

    /// A hash of a secret, used as this process's rate-limit key.
    pub(crate) fn hash(&self, secret: &str) -> u64 {
        self.hasher.hash_one(secret)
    }
}

/// Whether this grant token was exchanged for the tokens that the record has.
pub(crate) fn is_exchanged(record: &OAuthToken, grant: &OAuthToken) -> bool {
    let has_tokens = record.refresh_token().or(record.access_token()).is_some();
    has_tokens && record.expose(Field::GrantToken) == grant.expose(Field::GrantToken)
}

/// The credential that can obtain an access token for this record.
pub(crate) fn means(record: &OAuthToken) -> Means {
    if record.refresh_token().is_some() {
        Means::RefreshToken
    } else if record.grant_token().is_some() && record.access_token().is_none() {
        Means::GrantToken
    } else {
        Means::Nothing
    }
}

/// There is no token, or none that is usable.
pub(crate) fn nobody_logged_in(problem: &'static str) -> Error {
    Error::new(ErrorKind::NeedsLogin, problem)
        .advise("let the user log in, and give the code to `login`")
}
