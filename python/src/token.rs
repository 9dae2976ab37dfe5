//! Tokens as Python passes them: a tuple of the ten columns, in the order of `Field::ALL`.

use pyo3::prelude::*;
use pyo3::types::PyTuple;
use zoho_token_store::{Error, Field, OAuthToken, OAuthTokenBuilder};

/// The ten columns; `None` for those that are absent.
pub(crate) type Columns = (
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
);

/// Returns the token with these columns.
pub(crate) fn from_columns(columns: Columns) -> Result<OAuthToken, Error> {
    let (c0, c1, c2, c3, c4, c5, c6, c7, c8, c9) = columns;
    let values = [c0, c1, c2, c3, c4, c5, c6, c7, c8, c9];
    let given = Field::ALL.iter().zip(values);
    let builder = given.fold(
        OAuthToken::builder(),
        |builder, (field, value)| match value {
            Some(value) => OAuthTokenBuilder::field(builder, *field, value),
            None => builder,
        },
    );
    builder.build()
}

/// Returns the columns of a token.
pub(crate) fn to_columns<'py>(
    py: Python<'py>,
    token: &OAuthToken,
) -> PyResult<Bound<'py, PyTuple>> {
    PyTuple::new(py, Field::ALL.iter().map(|field| token.expose(*field)))
}
