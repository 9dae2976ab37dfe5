//! Tokens and times as Python gets them: a token is a tuple of the ten columns, in the order of
//! `Field::ALL`.

use std::time::{Duration, SystemTime};

use pyo3::prelude::*;
use pyo3::types::PyTuple;
use zoho_token_store::{Field, OAuthToken};

/// Returns the columns of a token.
pub(crate) fn to_columns<'py>(
    py: Python<'py>,
    token: &OAuthToken,
) -> PyResult<Bound<'py, PyTuple>> {
    PyTuple::new(py, Field::ALL.iter().map(|field| token.expose(*field)))
}

/// The columns of a record, and the accounts server beside them.
pub(crate) type Record<'py> = (Bound<'py, PyTuple>, Option<String>);

/// Returns all that a record has.
pub(crate) fn to_record<'py>(py: Python<'py>, token: &OAuthToken) -> PyResult<Record<'py>> {
    Ok((
        to_columns(py, token)?,
        token.accounts_url().map(str::to_owned),
    ))
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

/// Returns a time as Python has it.
pub(crate) fn seconds_since_epoch(time: SystemTime) -> Option<f64> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.ok().map(|since| since.as_secs_f64())
}
