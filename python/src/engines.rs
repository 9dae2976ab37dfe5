//! The engine of a process: what `Store` and `Provider` share. It is built by the first call, and again after a fork.

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use secrecy::{ExposeSecret, SecretString};
use zoho_token_store::{Error, SecretsManagerTokenStoreBuilder, TokenProvider};

use crate::engine::{self, Engine};
use crate::error::exception;
use crate::provider_settings::ProviderSettings;
use crate::runtime::{at_once, run};
use crate::under_way;

/// The settings of a store and its provider, and the engine of this process.
pub(crate) struct Engines {
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

impl Engines {
    pub(crate) fn new(variables: Vec<(String, String)>, provider: ProviderSettings) -> Self {
        let variables = variables.into_iter();
        Engines {
            variables: variables
                .map(|(name, value)| (name, value.into()))
                .collect(),
            provider,
            state: Mutex::new(State::Unbuilt),
        }
    }

    /// Returns the engine of this process, and builds it if there is none.
    pub(crate) fn engine(&self, py: Python<'_>) -> PyResult<Arc<Engine>> {
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

    /// Runs an operation of the provider. Unless it ends at once, it runs in a task that an interruption
    /// does not end.
    pub(crate) fn provide<T, F>(
        &self,
        py: Python<'_>,
        operation: impl FnOnce(TokenProvider) -> F,
    ) -> PyResult<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let engine = self.engine(py)?;
        let provider = self.provider(py, &engine)?.clone();
        let mut work = Box::pin(operation(provider));
        let result = match at_once(py, engine.runtime(), work.as_mut()) {
            Some(result) => result,
            None => {
                let task = engine.start(work);
                under_way::keep(&engine);
                let ended = run(py, engine.runtime(), task)?;
                under_way::release();
                ended.map_err(|_| PyRuntimeError::new_err("the store was closed meanwhile"))?
            }
        };
        result.map_err(|error| exception(py, &error))
    }

    /// Takes note of the connections that were closed since the last call: a request sent over one of
    /// them would be lost.
    pub(crate) fn catch_up(&self, py: Python<'_>) -> PyResult<()> {
        let engine = self.engine(py)?;
        crate::exit::detach(py, || engine.catch_up());
        Ok(())
    }

    /// Returns the id and secret of the OAuth client with which users log in, if they are given.
    pub(crate) fn client(&self) -> Option<(&str, &SecretString)> {
        self.provider.client()
    }

    /// Returns the provider of this engine.
    pub(crate) fn provider<'e>(
        &self,
        py: Python<'_>,
        engine: &'e Engine,
    ) -> PyResult<&'e TokenProvider> {
        let provider = engine.provider(|store, counts| self.provider.build(store, counts));
        provider.map_err(|error| exception(py, &error))
    }

    /// Waits for refreshes whose callers were interrupted, and closes the store.
    pub(crate) fn close(&self, py: Python<'_>) -> PyResult<()> {
        let settled = match self.state() {
            State::Open(engine) => under_way::settle(py, &[engine]),
            State::Unbuilt | State::Closed => Ok(()),
        };
        under_way::release();
        let state = &mut *self.state.lock().unwrap_or_else(PoisonError::into_inner);
        drop(std::mem::replace(state, State::Closed));
        settled
    }

    fn state(&self) -> State {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
