//! The class `Store`: the methods of the Rust store, with tokens as tuples of columns.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use secrecy::{ExposeSecret, SecretString};
use zoho_token_store::{
    DataCenter, Error, OAuthToken, SecretsManagerTokenStoreBuilder, TokenProvider, TokenStore,
};

use crate::access_token::AccessToken;
use crate::engine::{self, Engine};
use crate::error::exception;
use crate::provider_settings::ProviderSettings;
use crate::report::Report;
use crate::runtime::run;
use crate::token::{Columns, Found, from_columns, to_columns, to_found};

/// How long a program waits at its end for refreshes under way. Zoho is waited for 7 seconds.
const SETTLING: Duration = Duration::from_secs(10);

/// A store in AWS Secrets Manager. Tokens are tuples of the ten columns.
#[pyclass(frozen, module = "zoho_token_store._native")]
pub(crate) struct Store {
    /// The settings, as variables; one of them may be a key.
    variables: Vec<(String, SecretString)>,
    provider: ProviderSettings,
    /// Locked only by threads that hold the GIL, and never while Python code runs: so a fork, which
    /// happens under the GIL, finds it unlocked.
    state: Mutex<State>,
}

#[derive(Clone)]
enum State {
    /// To be built by the next call.
    Unbuilt,
    Open(Arc<Engine>),
    Closed,
}

#[pymethods]
impl Store {
    /// Makes a store with the settings of these variables, each a pair of name and value.
    ///
    /// The rest is for its provider: `data_center` is one of Zoho's, or with `servers` the accounts
    /// server and API server of another one; `client` are the id and secret of the OAuth client.
    #[new]
    #[pyo3(signature = (variables, *, data_center=None, servers=None, client=None))]
    fn new(
        py: Python<'_>,
        variables: Vec<(String, String)>,
        data_center: Option<&str>,
        servers: Option<(String, String)>,
        client: Option<(String, String)>,
    ) -> PyResult<Self> {
        let variables = variables.into_iter();
        let provider = ProviderSettings::new(data_center, servers, client);
        let store = Store {
            variables: variables
                .map(|(name, value)| (name, value.into()))
                .collect(),
            provider: provider.map_err(|error| exception(py, &error))?,
            state: Mutex::new(State::Unbuilt),
        };
        // At once, so that a mistake in the settings is an error here.
        store.engine(py)?;
        Ok(store)
    }

    /// Returns the record, and whether it may be time to refresh it.
    fn find_token<'py>(&self, py: Python<'py>, columns: Columns) -> PyResult<Option<Found<'py>>> {
        let partial = from_columns(columns, None).map_err(|error| exception(py, &error))?;
        let engine = self.engine(py)?;
        let found = finish(py, &engine, engine.store().find_token(&partial))?;
        found.map(|token| to_found(py, &token)).transpose()
    }

    /// Returns the record, and whether it may be time to refresh it.
    fn find_token_by_id<'py>(&self, py: Python<'py>, id: &str) -> PyResult<Option<Found<'py>>> {
        let engine = self.engine(py)?;
        let found = finish(py, &engine, engine.store().find_token_by_id(id))?;
        found.map(|token| to_found(py, &token)).transpose()
    }

    /// Saves a token, with the accounts server that its user belongs to if that is one of Zoho's.
    #[pyo3(signature = (columns, accounts_url=None))]
    fn save_token<'py>(
        &self,
        py: Python<'py>,
        columns: Columns,
        accounts_url: Option<&str>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        // Another server is a test's or a proxy's, and would be of no use to other processes.
        let known = accounts_url.filter(|url| DataCenter::of_accounts_url(url).is_some());
        let token = from_columns(columns, known).map_err(|error| exception(py, &error))?;
        let engine = self.engine(py)?;
        let saved = finish(py, &engine, engine.store().save_token(&token))?;
        to_columns(py, &saved)
    }

    fn delete_token(&self, py: Python<'_>, id: &str) -> PyResult<()> {
        let engine = self.engine(py)?;
        finish(py, &engine, engine.store().delete_token(id))
    }

    fn get_tokens<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyTuple>>> {
        let engine = self.engine(py)?;
        let tokens = finish(py, &engine, engine.store().get_tokens())?;
        tokens
            .iter()
            .map(|token: &OAuthToken| to_columns(py, token))
            .collect()
    }

    fn delete_tokens(&self, py: Python<'_>) -> PyResult<()> {
        let engine = self.engine(py)?;
        finish(py, &engine, engine.store().delete_tokens())
    }

    fn invalidate(&self, py: Python<'_>, id: &str) -> PyResult<()> {
        self.engine(py)?.store().invalidate(id);
        Ok(())
    }

    fn warm_up(&self, py: Python<'_>) -> PyResult<()> {
        let engine = self.engine(py)?;
        finish(py, &engine, engine.store().warm_up())
    }

    fn check(&self, py: Python<'_>) -> PyResult<Report> {
        let engine = self.engine(py)?;
        run(py, engine.runtime(), engine.store().check()).map(Report::new)
    }

    fn reindex(&self, py: Python<'_>) -> PyResult<usize> {
        let engine = self.engine(py)?;
        finish(py, &engine, engine.store().reindex())
    }

    /// Returns a valid access token of the record that the token denotes.
    #[pyo3(signature = (columns, accounts_url=None))]
    fn access_token(
        &self,
        py: Python<'_>,
        columns: Columns,
        accounts_url: Option<&str>,
    ) -> PyResult<AccessToken> {
        let partial = from_columns(columns, accounts_url).map_err(|error| exception(py, &error))?;
        self.provide(py, async move |provider| {
            provider.access_token(&partial).await
        })
        .map(AccessToken::new)
    }

    /// Tells the provider that Zoho has refused an access token.
    fn refused(&self, py: Python<'_>, token: &AccessToken) -> PyResult<bool> {
        let engine = self.engine(py)?;
        let provider = engine.provider(|store| self.provider.build(store));
        let provider = provider.map_err(|error| exception(py, &error))?;
        Ok(provider.refused(token.native()))
    }

    #[pyo3(signature = (code, redirect_url=None))]
    fn login<'py>(
        &self,
        py: Python<'py>,
        code: String,
        redirect_url: Option<String>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let record = self.provide(py, async move |provider| {
            provider.login(code, redirect_url.as_deref()).await
        })?;
        to_columns(py, &record)
    }

    fn revoke(&self, py: Python<'_>, columns: Columns) -> PyResult<bool> {
        let partial = from_columns(columns, None).map_err(|error| exception(py, &error))?;
        self.provide(py, async move |provider| provider.revoke(&partial).await)
    }

    /// Waits for refreshes whose callers were interrupted.
    fn settle(&self, py: Python<'_>) -> PyResult<()> {
        match self.state() {
            State::Open(engine) if engine.is_of_this_process() && !engine.is_settled() => {
                run(py, engine.runtime(), engine.settle(SETTLING))
            }
            _ => Ok(()),
        }
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let settled = self.settle(py);
        let state = &mut *self.state.lock().unwrap_or_else(PoisonError::into_inner);
        drop(std::mem::replace(state, State::Closed));
        settled
    }
}

impl Store {
    /// Runs an operation of the provider, in a task that an interruption does not end.
    fn provide<T, F>(
        &self,
        py: Python<'_>,
        operation: impl FnOnce(TokenProvider) -> F,
    ) -> PyResult<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let engine = self.engine(py)?;
        let provider = engine.provider(|store| self.provider.build(store));
        let provider = provider.map_err(|error| exception(py, &error))?;
        let task = engine.start(operation(provider.clone()));
        let ended = run(py, engine.runtime(), task)?;
        let result =
            ended.map_err(|_| PyRuntimeError::new_err("the store was closed meanwhile"))?;
        result.map_err(|error| exception(py, &error))
    }

    /// Returns the engine of this process, and builds it if there is none.
    fn engine(&self, py: Python<'_>) -> PyResult<Arc<Engine>> {
        match self.state() {
            State::Open(engine) if engine.is_of_this_process() => return Ok(engine),
            State::Open(_) => engine::reseed(),
            State::Unbuilt => {}
            State::Closed => return Err(PyValueError::new_err("the store is closed")),
        }
        let runtime = engine::runtime()?;
        let variables = self.variables.iter();
        let variables = variables.map(|(name, value)| (name, value.expose_secret()));
        let builder = SecretsManagerTokenStoreBuilder::from_variables(variables);
        let built = match builder {
            Ok(builder) => run(py, &runtime, builder.build())?,
            Err(error) => Err(error),
        };
        let store = built.map_err(|error| exception(py, &error))?;
        let engine = Arc::new(Engine::new(runtime, store));
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match &*state {
            // Another thread was faster.
            State::Open(other) if other.is_of_this_process() => return Ok(Arc::clone(other)),
            State::Closed => return Err(PyValueError::new_err("the store is closed")),
            _ => *state = State::Open(Arc::clone(&engine)),
        }
        Ok(engine)
    }

    fn state(&self) -> State {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Runs an operation of a store to its end.
fn finish<T: Send>(
    py: Python<'_>,
    engine: &Engine,
    operation: impl Future<Output = Result<T, Error>> + Send,
) -> PyResult<T> {
    run(py, engine.runtime(), operation)?.map_err(|error| exception(py, &error))
}
