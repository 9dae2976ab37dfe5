//! Tokens that Python passes: a tuple of the ten columns, in the order of `Field::ALL`.

use std::borrow::Cow;

use pyo3::prelude::*;
use pyo3::types::PyTuple;
use secrecy::{ExposeSecret, SecretString};
use zoho_token_store::{Error, ErrorKind, Field, OAuthToken, OAuthTokenBuilder};

use crate::error::exception;

/// The ten columns that Python passes, as a tuple; `None` for those that are absent.
pub(crate) struct Columns([Option<String>; Field::ALL.len()]);

impl Columns {
    /// Makes these columns that of a token of this client, if they name none.
    pub(crate) fn of_client(mut self, id: &str, secret: &SecretString) -> Self {
        let [_, _, client_id, client_secret, ..] = &mut self.0;
        if client_id.is_none() && client_secret.is_none() {
            *client_id = Some(id.to_owned());
            *client_secret = Some(secret.expose_secret().to_owned());
        }
        self
    }
}

impl<'py> FromPyObject<'_, 'py> for Columns {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let tuple = object.cast::<PyTuple>()?;
        let mut columns = Columns(Default::default());
        for ((column, field), value) in columns
            .0
            .iter_mut()
            .zip(Field::ALL)
            .zip(tuple.iter_borrowed())
        {
            *column = value
                .extract()
                .map_err(|_| no_string(object.py(), field.as_str()))?;
        }
        Ok(columns)
    }
}

/// The id of a record, as Python passes it.
pub(crate) struct Id<'a>(Cow<'a, str>);

impl std::ops::Deref for Id<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for Id<'a> {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        object
            .extract()
            .map(Id)
            .map_err(|_| no_string(object.py(), "id"))
    }
}

/// Zoho's SDK checks types here and there.
fn no_string(py: Python<'_>, name: &str) -> PyErr {
    let problem = format!("`{name}` is not a string");
    exception(py, &Error::new(ErrorKind::InvalidToken, problem))
}

/// Returns the token with these columns, and with this accounts server beside them.
pub(crate) fn from_columns(
    columns: Columns,
    accounts_url: Option<&str>,
) -> Result<OAuthToken, Error> {
    let given = Field::ALL.iter().zip(columns.0);
    let mut builder = given.fold(
        OAuthToken::builder(),
        |builder, (field, value)| match value {
            Some(value) => OAuthTokenBuilder::field(builder, *field, value),
            None => builder,
        },
    );
    if let Some(url) = accounts_url {
        builder = builder.accounts_url(url);
    }
    builder.build()
}
