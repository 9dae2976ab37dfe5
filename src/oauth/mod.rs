//! Logging in, and valid access tokens: refreshed once for all processes that share a store.
//!
//! This module holds [`TokenProvider`] and its methods. `obtain` decides whether a caller waits,
//! `refresh` is one refresh, `lease` the rules by which processes agree on who does it; `zoho`, `http`
//! and `data_center` are what Zoho looks like.

mod access_token;
mod budget;
mod builder;
mod called;
mod core;
mod data_center;
mod exchange;
mod finish;
mod flights;
mod http;
mod identity;
mod lease;
mod metrics;
mod obtain;
mod refresh;
mod replaced;
mod revoke;
mod save;
mod states;
mod status;
mod sweep;
#[cfg(test)]
mod tests;
mod timing;
mod uncoordinated;
mod zoho;

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tokio::time::Instant;

use self::core::Core;
#[cfg(doc)]
use crate::ErrorKind;
use crate::{Error, OAuthToken, TokenStore};

pub use self::access_token::AccessToken;
pub use self::builder::TokenProviderBuilder;
pub use self::called::ApiResponse;
pub use self::data_center::{CustomDataCenter, DataCenter};
pub use self::http::{BODY_LIMIT, HttpClient, HttpError, HttpRequest, HttpResponse};
pub use self::metrics::{Event, Metrics};
pub use self::status::{TokenState, TokenStatus};
pub use self::sweep::Sweep;

/// Returns valid access tokens for Zoho's APIs, from any [`TokenStore`].
///
/// A valid access token is returned without a call. One that expires soon is refreshed, once for all
/// tasks and all processes that share the store, while the others go on with it. If the store offers
/// no [coordination](crate::RefreshCoordination), each process refreshes for itself.
///
/// Cloning is cheap; all clones share what they know. Its methods need a tokio runtime: a refresh runs
/// in a task of its own, so a caller that is dropped loses nothing that Zoho has issued.
///
/// ```no_run
/// use zoho_token_store::{DataCenter, Error, OAuthToken, SecretsManagerTokenStore, TokenProvider};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Error> {
/// let store = SecretsManagerTokenStore::from_env().await?;
/// let provider = TokenProvider::builder(store).data_center(DataCenter::Eu).build()?;
/// let ada = OAuthToken::builder().user_name("ada@example.com:7").build()?;
/// let token = provider.access_token(&ada).await?;
/// let url = format!("{}/crm/v8/Leads", token.api_domain());
/// let header = token.authorization_header(); // Authorization: Zoho-oauthtoken …
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TokenProvider {
    core: Arc<Core>,
}

impl TokenProvider {
    /// Returns a builder for a provider of the tokens in this store.
    pub fn builder(store: impl TokenStore + 'static) -> TokenProviderBuilder {
        TokenProviderBuilder::new(Arc::new(store))
    }

    /// Returns a valid access token of the record that the partial token denotes.
    ///
    /// It makes no call if the store has the record cached and the access token is valid for more than
    /// ten minutes. From five to ten minutes before the expiry, one caller of all processes refreshes
    /// it and waits for that; in the last minute and later, all wait, for at most 30 seconds. A record
    /// with only a grant token has it exchanged.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::NeedsLogin`] if there is no such record, or Zoho does not accept its refresh
    ///   token any more. Zoho is not asked again before the record changes.
    /// - [`ErrorKind::Throttled`] if too many access tokens were asked for, and
    ///   [`ErrorKind::Unavailable`] if Zoho does not respond, once the former access token has
    ///   expired.
    /// - [`ErrorKind::RefreshPending`] if another process refreshes it and does not finish in time.
    /// - [`ErrorKind::GrantUnsettled`] if a grant token was sent, and whether Zoho has exchanged it is
    ///   not known.
    /// - [`ErrorKind::InvalidConfig`] if Zoho does not accept the client, or the record names an
    ///   unknown accounts server.
    /// - Those of the store. If it could not save a new refresh token, the error has it:
    ///   [`Error::unsaved_token`].
    pub async fn access_token(&self, partial: &OAuthToken) -> Result<AccessToken, Error> {
        // The store's own method: that of `Arc` would box a second future.
        let store = &*self.core.store;
        let found = match store.find_token(partial).await {
            Ok(Some(record)) if self.core.is_good(&record) => {
                if let Some(access) = self.core.access_of(record, true) {
                    self.core.record(&Event::Hit);
                    return Ok(access);
                }
                None
            }
            Ok(found) => found,
            // The store cannot be asked.
            Err(error) if error.is_retryable() => {
                return obtain::unsaved(&self.core, partial).ok_or(error);
            }
            Err(error) => return Err(error),
        };
        // Boxed, so that the future of a valid token stays small.
        let obtained = obtain::obtain(&self.core, partial, found).boxed().await;
        obtained.map_err(|error| error.during("access_token"))
    }

    /// Calls one of Zoho's APIs with an access token. If that is refused (HTTP status 401), calls once
    /// more with a new one.
    ///
    /// ```no_run
    /// # use zoho_token_store::{Error, OAuthToken, TokenProvider};
    /// # async fn get(_: http::HeaderValue) -> Result<(u16, String), Error> { todo!() }
    /// # async fn run(provider: TokenProvider, ada: OAuthToken) -> Result<(), Error> {
    /// let (status, body) = provider
    ///     .call(&ada, async |token| get(token.authorization_header()).await)
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`access_token`](Self::access_token), and those of the call itself.
    pub async fn call<T, E>(
        &self,
        partial: &OAuthToken,
        call: impl AsyncFn(AccessToken) -> Result<T, E>,
    ) -> Result<T, E>
    where
        T: ApiResponse,
        E: From<Error>,
    {
        let token = self.access_token(partial).await?;
        let response = call(token.clone()).await?;
        if !response.is_unauthorized() || !self.refused(&token) {
            return Ok(response);
        }
        let token = self.access_token(partial).await?;
        call(token).await
    }

    /// Tells the provider that Zoho has refused an access token (HTTP status 401). The next
    /// [`access_token`](Self::access_token) of its record returns another one.
    ///
    /// Returns `false`, and does nothing, if it has replaced another one less than a minute ago, or was
    /// issued so lately after another one was refused: then a scope is missing, or the call went to the
    /// wrong data centre, and another access token would be refused as well. The time grows to an hour
    /// and more with each one that is refused, until none was for two hours.
    pub fn refused(&self, token: &AccessToken) -> bool {
        let (core, record) = (&self.core, token.record());
        let id = record.id().unwrap_or_default();
        core.record(&Event::Refused);
        let age = core.age(record);
        if !core
            .states
            .refuse(record, age, &core.timing, Instant::now())
        {
            tracing::warn!(id, "Zoho refuses an access token that it has just issued");
            return false;
        }
        core.store.invalidate(id);
        true
    }

    /// Exchanges the code with which Zoho sent the user back, and saves the tokens under the user's
    /// name. Returns the record.
    ///
    /// Give the redirect URL that the user was sent to Zoho with; a code of Zoho's console (Self
    /// Client) has none. The user's name is `<email>:<org id>`, as in Zoho's SDKs, which needs the
    /// scopes `ZohoCRM.users.READ` and `ZohoCRM.org.READ`; without them, the record has none.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::NeedsLogin`] if Zoho does not accept the code. Codes are valid for some minutes,
    ///   once.
    /// - [`ErrorKind::InvalidConfig`] if the builder was given no
    ///   [`client`](TokenProviderBuilder::client), or Zoho does not accept it.
    /// - [`ErrorKind::GrantUnsettled`] if the response was lost, or was an error that does not tell
    ///   whether Zoho has exchanged the code. Let the user log in again.
    /// - [`ErrorKind::Unavailable`] if Zoho could not be reached, and [`ErrorKind::Throttled`]: the
    ///   code was not used, and can be given again.
    /// - Those of the store. The error then carries the tokens: [`Error::unsaved_token`].
    pub async fn login(
        &self,
        code: impl Into<String>,
        redirect_url: Option<&str>,
    ) -> Result<OAuthToken, Error> {
        let redirect_url = redirect_url.map(str::to_owned);
        let login = exchange::login(self.core.clone(), code.into(), redirect_url);
        let login = exchange::in_a_task(login).await;
        login.map_err(|error| error.during("login"))
    }

    /// Exchanges the token's grant token, and returns the record with the tokens that Zoho has issued.
    ///
    /// The token needs `grant_token`, `client_id` and `client_secret`, and may have `redirect_url`,
    /// `user_name` and `accounts_url`. All processes may call this with the same token: the grant
    /// token is saved first, unless the user has a record; one process sends it, and the others get
    /// the same record. Without a user name, the record gets that of [`login`](Self::login).
    ///
    /// The record keeps `accounts_url`. If that server is neither Zoho's nor the provider's, the record
    /// is refreshed only by calls that give it as well.
    ///
    /// # Errors
    ///
    /// Those of [`login`](Self::login), and
    ///
    /// - [`ErrorKind::GrantUnsettled`] if a process has sent the grant token, and the response was lost
    ///   or was an error that does not tell whether Zoho has exchanged it: it may be used up. It is not
    ///   sent again before another login is saved.
    /// - [`ErrorKind::RefreshPending`] if another process exchanges it and does not finish in time.
    pub async fn exchange_grant(&self, token: &OAuthToken) -> Result<OAuthToken, Error> {
        self.exchange(token, false).await
    }

    /// The same, even if the grant token has been sent before: after
    /// [`ErrorKind::GrantUnsettled`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NeedsLogin`] if Zoho has executed the request before. Otherwise those of
    /// [`exchange_grant`](Self::exchange_grant).
    pub async fn exchange_grant_again(&self, token: &OAuthToken) -> Result<OAuthToken, Error> {
        self.exchange(token, true).await
    }

    /// Revokes the record's tokens at Zoho, and deletes the record. Returns whether there was one.
    ///
    /// # Errors
    ///
    /// The record stays if there is one:
    ///
    /// - [`ErrorKind::Unavailable`] or [`ErrorKind::Throttled`] if Zoho has not revoked the tokens.
    /// - [`ErrorKind::InvalidConfig`] if the accounts server does not know them and the record does
    ///   not say that it is its own (`accounts_url`, or `api_domain`): at another one, they may be
    ///   valid. If the first call has revoked them and its response was lost, call again with the
    ///   server as `accounts_url` of the token that is given.
    /// - Those of the store.
    pub async fn revoke(&self, partial: &OAuthToken) -> Result<bool, Error> {
        let revoked = revoke::revoke(&self.core, partial).boxed().await;
        revoked.map_err(|error| error.during("revoke"))
    }

    /// Refreshes the access token now, whatever its expiry is, and even if Zoho has refused that
    /// before. Other processes that do so at the same time share the refresh.
    ///
    /// For operators. [`access_token`](Self::access_token) refreshes when it is necessary.
    ///
    /// # Errors
    ///
    /// Those of [`access_token`](Self::access_token).
    pub async fn refresh(&self, partial: &OAuthToken) -> Result<AccessToken, Error> {
        let refreshed = obtain::refresh_now(&self.core, partial).boxed().await;
        refreshed.map_err(|error| error.during("refresh"))
    }

    /// Refreshes all tokens of the store that expire within this time, at most ten a second, and
    /// returns what was done.
    ///
    /// For a scheduled job, so that no caller has to wait. Tokens that Zoho does not accept any more,
    /// or that failed a moment ago, are reported and not asked for again.
    ///
    /// # Errors
    ///
    /// Those of [`get_tokens`](TokenStore::get_tokens), if no record could be read.
    pub async fn refresh_expiring(&self, within: Duration) -> Result<Sweep, Error> {
        let swept = sweep::refresh_expiring(&self.core, within).boxed().await;
        swept.map_err(|error| error.during("refresh_expiring"))
    }

    /// Waits for the refreshes that are under way, also those whose callers are gone, and saves what
    /// Zoho has issued and could not be saved before. Returns an error for each record for which that
    /// fails again; it has the tokens: [`Error::unsaved_token`].
    ///
    /// For the end of a program: what is not saved then is lost with the process. It can be called
    /// again.
    pub async fn finish(&self) -> Vec<Error> {
        let failed = finish::finish(&self.core).boxed().await;
        let failed = failed.into_iter().map(|error| error.during("finish"));
        failed.collect()
    }

    /// Returns how a token stands, or `None` if there is no such record. It reads the record from
    /// where it is stored, and never asks Zoho.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn status(&self, partial: &OAuthToken) -> Result<Option<TokenStatus>, Error> {
        let status = status::status(&self.core, partial).boxed().await;
        status.map_err(|error| error.during("status"))
    }

    /// Returns the store.
    pub fn store(&self) -> &dyn TokenStore {
        &*self.core.store
    }

    async fn exchange(&self, token: &OAuthToken, insists: bool) -> Result<OAuthToken, Error> {
        let exchange = exchange::exchange_grant(self.core.clone(), token.clone(), insists);
        let exchanged = exchange::in_a_task(exchange).await;
        exchanged.map_err(|error| error.during("exchange_grant"))
    }
}
