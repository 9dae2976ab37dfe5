//! The class `Store`: the methods of the Rust store, with tokens as tuples of columns.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyTuple;
use zoho_token_store::{DataCenter, Error, OAuthToken, TokenStore};

use crate::engine::Engine;
use crate::engines::Engines;
use crate::error::exception;
use crate::provider::Provider;
use crate::provider_settings::ProviderSettings;
use crate::report::Report;
use crate::returned::{Found, to_columns, to_found};
use crate::runtime::run;
use crate::token::{Columns, Id, from_columns};

/// A store in AWS Secrets Manager. Tokens are tuples of the ten columns.
#[pyclass(frozen, module = "zoho_token_store._native")]
pub(crate) struct Store {
    engines: Arc<Engines>,
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
        let provider = ProviderSettings::new(data_center, servers, client);
        let provider = provider.map_err(|error| exception(py, &error))?;
        let engines = Arc::new(Engines::new(variables, provider));
        // At once, so that a mistake in the settings is an error here.
        engines.engine(py)?;
        Ok(Store { engines })
    }

    /// Returns the record, and whether it may be time to refresh it.
    fn find_token<'py>(&self, py: Python<'py>, columns: Columns) -> PyResult<Option<Found<'py>>> {
        let partial = from_columns(columns, None).map_err(|error| exception(py, &error))?;
        let engine = self.engines.engine(py)?;
        let found = finish(py, &engine, engine.store().find_token(&partial))?;
        found.map(|token| to_found(py, &token)).transpose()
    }

    /// Returns the record, and whether it may be time to refresh it.
    fn find_token_by_id<'py>(&self, py: Python<'py>, id: Id<'_>) -> PyResult<Option<Found<'py>>> {
        let engine = self.engines.engine(py)?;
        let found = finish(py, &engine, engine.store().find_token_by_id(&id))?;
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
        let engine = self.engines.engine(py)?;
        let saved = finish(py, &engine, engine.store().save_token(&token))?;
        to_columns(py, &saved)
    }

    fn delete_token(&self, py: Python<'_>, id: Id<'_>) -> PyResult<()> {
        let engine = self.engines.engine(py)?;
        finish(py, &engine, engine.store().delete_token(&id))
    }

    fn get_tokens<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyTuple>>> {
        let engine = self.engines.engine(py)?;
        let tokens = finish(py, &engine, engine.store().get_tokens())?;
        tokens
            .iter()
            .map(|token: &OAuthToken| to_columns(py, token))
            .collect()
    }

    fn delete_tokens(&self, py: Python<'_>) -> PyResult<()> {
        let engine = self.engines.engine(py)?;
        finish(py, &engine, engine.store().delete_tokens())
    }

    fn invalidate(&self, py: Python<'_>, id: Id<'_>) -> PyResult<()> {
        self.engines.engine(py)?.store().invalidate(&id);
        Ok(())
    }

    fn warm_up(&self, py: Python<'_>) -> PyResult<()> {
        let engine = self.engines.engine(py)?;
        finish(py, &engine, engine.store().warm_up())
    }

    fn check(&self, py: Python<'_>) -> PyResult<Report> {
        let engine = self.engines.engine(py)?;
        run(py, engine.runtime(), engine.store().check()).map(Report::new)
    }

    fn reindex(&self, py: Python<'_>) -> PyResult<usize> {
        let engine = self.engines.engine(py)?;
        finish(py, &engine, engine.store().reindex())
    }

    /// Returns the provider of the tokens in this store. It has no settings of its own.
    fn provider(&self) -> Provider {
        Provider::new(Arc::clone(&self.engines))
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.engines.close(py)
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
