//! Tokens as Python passes them: a tuple of the ten columns, in the order of `Field::ALL`.

use std::time::Duration;

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

/// Returns the token with these columns, and with this accounts server beside them.
pub(crate) fn from_columns(
    columns: Columns,
    accounts_url: Option<&str>,
) -> Result<OAuthToken, Error> {
    let (c0, c1, c2, c3, c4, c5, c6, c7, c8, c9) = columns;
    let values = [c0, c1, c2, c3, c4, c5, c6, c7, c8, c9];
    let given = Field::ALL.iter().zip(values);
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

/// Returns the columns of a token.
pub(crate) fn to_columns<'py>(
    py: Python<'py>,
    token: &OAuthToken,
) -> PyResult<Bound<'py, PyTuple>> {
    PyTuple::new(py, Field::ALL.iter().map(|field| token.expose(*field)))
}

/// A record, and whether it may be time to refresh it.
pub(crate) type Found<'py> = (Bound<'py, PyTuple>, bool);

/// Returns what a lookup has found.
pub(crate) fn to_found<'py>(py: Python<'py>, token: &OAuthToken) -> PyResult<Found<'py>> {
    Ok((to_columns(py, token)?, may_be_refreshed(token)))
}

/// Returns whether the provider may want to refresh this token: it does so at the earliest ten minutes
/// before the expiry.
fn may_be_refreshed(token: &OAuthToken) -> bool {
    token.refresh_token().is_some()
        && (token.access_token().is_none() || token.expires_within(Duration::from_secs(600)))
}
