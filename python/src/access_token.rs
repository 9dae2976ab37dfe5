//! The access token that a provider returns, as a Python object.

use pyo3::prelude::*;
use pyo3::types::PyTuple;
use secrecy::ExposeSecret;
use zoho_token_store as native;

use crate::returned::{seconds_since_epoch, to_columns};

/// An access token to call Zoho's APIs with. Its text does not show the value.
#[pyclass(frozen, module = "zoho_token_store")]
pub(crate) struct AccessToken {
    token: native::AccessToken,
}

impl AccessToken {
    pub(crate) fn new(token: native::AccessToken) -> Self {
        AccessToken { token }
    }

    pub(crate) fn native(&self) -> &native::AccessToken {
        &self.token
    }
}

#[pymethods]
impl AccessToken {
    /// The value.
    #[getter]
    fn value(&self) -> &str {
        self.token.value().expose_secret()
    }

    /// The value of the header `Authorization`: `Zoho-oauthtoken …`.
    #[getter]
    fn authorization_header(&self) -> String {
        format!("Zoho-oauthtoken {}", self.value())
    }

    /// The URL to which API calls go, for example `https://www.zohoapis.eu`.
    #[getter]
    fn api_domain(&self) -> &str {
        self.token.api_domain()
    }

    /// When it expires, in seconds since the Unix epoch, if that is known.
    #[getter]
    fn expires_at(&self) -> Option<f64> {
        seconds_since_epoch(self.token.expires_at()?)
    }

    /// Whether the store has it. If not, the provider saves it at the next chance.
    #[getter]
    fn is_saved(&self) -> bool {
        self.token.is_saved()
    }

    /// The record's id in the store.
    #[getter]
    fn id(&self) -> Option<&str> {
        self.token.record().id()
    }

    /// The whole record, as a tuple of columns.
    #[getter]
    fn _columns<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        to_columns(py, self.token.record())
    }

    fn __repr__(&self) -> String {
        format!("<AccessToken of {:?}>", self.id().unwrap_or_default())
    }
}
