//! The class `Store`: the methods of the Rust store, with tokens as tuples of columns.

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use secrecy::{ExposeSecret, SecretString};
use zoho_token_store::{Error, OAuthToken, SecretsManagerTokenStoreBuilder, TokenStore};

use crate::engine::{self, Engine};
use crate::error::exception;
use crate::report::Report;
use crate::runtime::run;
use crate::token::{Columns, from_columns, to_columns};

/// A store in AWS Secrets Manager. Tokens are tuples of the ten columns.
#[pyclass(frozen, module = "zoho_token_store._native")]
pub(crate) struct Store {
    /// The settings, as variables; one of them may be a key.
    variables: Vec<(String, SecretString)>,
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
    #[new]
    fn new(py: Python<'_>, variables: Vec<(String, String)>) -> PyResult<Self> {
        let variables = variables.into_iter();
        let store = Store {
            variables: variables
                .map(|(name, value)| (name, value.into()))
                .collect(),
            state: Mutex::new(State::Unbuilt),
        };
        // At once, so that a mistake in the settings is an error here.
        store.engine(py)?;
        Ok(store)
    }

    fn find_token<'py>(
        &self,
        py: Python<'py>,
        columns: Columns,
    ) -> PyResult<Option<Bound<'py, PyTuple>>> {
        let partial = from_columns(columns).map_err(|error| exception(py, &error))?;
        let engine = self.engine(py)?;
        let found = finish(py, &engine, engine.store().find_token(&partial))?;
        found.map(|token| to_columns(py, &token)).transpose()
    }

    fn find_token_by_id<'py>(
        &self,
        py: Python<'py>,
        id: &str,
    ) -> PyResult<Option<Bound<'py, PyTuple>>> {
        let engine = self.engine(py)?;
        let found = finish(py, &engine, engine.store().find_token_by_id(id))?;
        found.map(|token| to_columns(py, &token)).transpose()
    }

    fn save_token<'py>(&self, py: Python<'py>, columns: Columns) -> PyResult<Bound<'py, PyTuple>> {
        let token = from_columns(columns).map_err(|error| exception(py, &error))?;
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

    fn close(&self) {
        let previous = std::mem::replace(
            &mut *self.state.lock().unwrap_or_else(PoisonError::into_inner),
            State::Closed,
        );
        drop(previous);
    }
}

impl Store {
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
