//! The class `Provider`: the methods of the Rust provider, with tokens as tuples of columns.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use zoho_token_store::oauth::TokenState;
use zoho_token_store::{TokenProvider, TokenStore};

use crate::access_token::AccessToken;
use crate::engines::Engines;
use crate::error::exception;
use crate::returned::{Record, seconds_since_epoch, to_record};
use crate::runtime::run;
use crate::token::{Columns, from_columns};

/// The provider of the tokens in a store.
#[pyclass(frozen, module = "zoho_token_store._native")]
pub(crate) struct Provider {
    engines: Arc<Engines>,
}

impl Provider {
    pub(crate) fn new(engines: Arc<Engines>) -> Self {
        Provider { engines }
    }
}

/// The fields of the class `TokenStatus`, in its order.
type Status = (
    String,
    &'static str,
    Option<f64>,
    bool,
    bool,
    bool,
    Option<String>,
    Option<f64>,
);

/// The fields of the class `Sweep`, in its order.
type Sweep = (
    usize,
    usize,
    usize,
    Vec<(String, Py<PyAny>)>,
    Option<Py<PyAny>>,
);

#[pymethods]
impl Provider {
    /// Returns a valid access token of the record that the token denotes.
    #[pyo3(signature = (columns, accounts_url=None))]
    fn access_token(
        &self,
        py: Python<'_>,
        columns: Columns,
        accounts_url: Option<&str>,
    ) -> PyResult<AccessToken> {
        let partial = from_columns(columns, accounts_url).map_err(|error| exception(py, &error))?;
        let provided = self.engines.provide(py, async move |provider| {
            provider.access_token(&partial).await
        });
        provided.map(AccessToken::new)
    }

    /// Tells the provider that Zoho has refused an access token.
    fn refused(&self, py: Python<'_>, token: &AccessToken) -> PyResult<bool> {
        let engine = self.engines.engine(py)?;
        let provider = self.engines.provider(py, &engine)?;
        let is_replaced = provider.refused(token.native());
        crate::log::flush_at_end(py);
        Ok(is_replaced)
    }

    /// Exchanges the code of a login, and returns the record.
    #[pyo3(signature = (code, redirect_url=None))]
    fn login<'py>(
        &self,
        py: Python<'py>,
        code: String,
        redirect_url: Option<String>,
    ) -> PyResult<Record<'py>> {
        // Its first request is the one that cannot be repeated.
        self.engines.catch_up(py)?;
        let record = self.engines.provide(py, async move |provider| {
            provider.login(code, redirect_url.as_deref()).await
        })?;
        to_record(py, &record)
    }

    /// Exchanges the token's grant token, and returns the record; `again` even if it was sent before. A
    /// token without a client is of the provider's.
    #[pyo3(signature = (columns, accounts_url=None, *, again=false))]
    fn exchange_grant<'py>(
        &self,
        py: Python<'py>,
        columns: Columns,
        accounts_url: Option<&str>,
        again: bool,
    ) -> PyResult<Record<'py>> {
        let columns = match self.engines.client() {
            Some((id, secret)) => columns.of_client(id, secret),
            None => columns,
        };
        let token = from_columns(columns, accounts_url).map_err(|error| exception(py, &error))?;
        let record = self.engines.provide(py, async move |provider| {
            if again {
                provider.exchange_grant_again(&token).await
            } else {
                provider.exchange_grant(&token).await
            }
        })?;
        to_record(py, &record)
    }

    /// Saves a record, for example one that Zoho has issued and the store could not save; returns it as
    /// it is stored.
    #[pyo3(signature = (columns, accounts_url=None))]
    fn save<'py>(
        &self,
        py: Python<'py>,
        columns: Columns,
        accounts_url: Option<&str>,
    ) -> PyResult<Record<'py>> {
        let token = from_columns(columns, accounts_url).map_err(|error| exception(py, &error))?;
        let engine = self.engines.engine(py)?;
        let saved = run(py, engine.runtime(), engine.store().save_token(&token))?;
        to_record(py, &saved.map_err(|error| exception(py, &error))?)
    }

    /// Revokes the tokens at Zoho and deletes the record; returns whether there was one.
    fn revoke(&self, py: Python<'_>, columns: Columns) -> PyResult<bool> {
        let partial = from_columns(columns, None).map_err(|error| exception(py, &error))?;
        let revoke = async move |provider: TokenProvider| provider.revoke(&partial).await;
        self.engines.provide(py, revoke)
    }

    /// Refreshes the access token now, whatever its expiry is.
    fn refresh(&self, py: Python<'_>, columns: Columns) -> PyResult<AccessToken> {
        let partial = from_columns(columns, None).map_err(|error| exception(py, &error))?;
        let refreshed = self
            .engines
            .provide(py, async move |provider| provider.refresh(&partial).await);
        refreshed.map(AccessToken::new)
    }

    /// Refreshes all tokens that expire within this time, in seconds.
    fn refresh_expiring(&self, py: Python<'_>, within_seconds: f64) -> PyResult<Sweep> {
        let within = Duration::try_from_secs_f64(within_seconds).map_err(|_| {
            PyValueError::new_err("within_seconds must be a number of seconds, zero or more")
        })?;
        let sweep = self.engines.provide(py, async move |provider| {
            provider.refresh_expiring(within).await
        })?;
        let error = |error| exception(py, error).into_value(py).into_any();
        let failed = sweep.failed.iter();
        Ok((
            sweep.records,
            sweep.expiring,
            sweep.refreshed,
            failed
                .map(|(id, cause)| (id.clone(), error(cause)))
                .collect(),
            sweep.unreadable.as_ref().map(error),
        ))
    }

    /// Returns how a token stands, or nothing if there is no such record.
    fn status(&self, py: Python<'_>, columns: Columns) -> PyResult<Option<Status>> {
        let partial = from_columns(columns, None).map_err(|error| exception(py, &error))?;
        let status = self
            .engines
            .provide(py, async move |provider| provider.status(&partial).await)?;
        Ok(status.map(|status| {
            let (state, needs_login, code, since) = described(status.state);
            (
                status.id,
                state,
                status.expires_at.and_then(seconds_since_epoch),
                status.can_refresh,
                status.is_unsaved,
                needs_login,
                code,
                since.and_then(seconds_since_epoch),
            )
        }))
    }

    /// Returns how often each event has happened in this process.
    fn counts(&self, py: Python<'_>) -> PyResult<BTreeMap<&'static str, u64>> {
        Ok(self.engines.engine(py)?.counts().read())
    }
}

/// Returns a state's name, whether somebody has to log in, Zoho's error code and since when.
fn described(state: TokenState) -> (&'static str, bool, Option<String>, Option<SystemTime>) {
    match state {
        TokenState::Valid => ("valid", false, None, None),
        TokenState::Expiring => ("expiring", false, None, None),
        TokenState::Expired => ("expired", false, None, None),
        TokenState::Refreshing => ("refreshing", false, None, None),
        TokenState::Exchanging => ("exchanging", false, None, None),
        TokenState::Failing {
            code,
            since,
            needs_login,
        } => ("failing", needs_login, Some(code), Some(since)),
        TokenState::NeedsLogin => ("needs_login", true, None, None),
        _ => ("other", false, None, None),
    }
}
