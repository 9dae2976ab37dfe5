//! Errors of the store as Python exceptions.

use std::error::Error as StdError;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;
use zoho_token_store::Error;

use crate::returned::{to_columns, to_record};

/// What the advice of the Rust library calls by its names there, and what Python calls it.
const NAMES: [(&str, &str); 2] = [
    (
        "save `unsaved_token` of this error",
        "give `unsaved_token` of this error to `TokenProvider.save`",
    ),
    (
        "`exchange_grant_again`",
        "`exchange_grant` with `again=True`",
    ),
];

/// Returns the Python exception for an error: the class of its kind, from `zoho_token_store._errors`.
///
/// If a signal's handler raises something while that is made, it is returned in its place, with the
/// exception for the error as its context: that may have tokens which are nowhere else.
pub(crate) fn exception(py: Python<'_>, error: &Error) -> PyErr {
    let raised = match make(py, error) {
        Ok(value) => return PyErr::from_value(value),
        Err(raised) => raised,
    };
    if let Ok(value) = make(py, error) {
        raised.set_context(py, Some(PyErr::from_value(value)));
    }
    raised
}

fn make<'py>(py: Python<'py>, error: &Error) -> PyResult<Bound<'py, PyAny>> {
    // Imported with the first error: the class derives from one of the SDK, which is slow to import.
    static MAKE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let make = MAKE.import(py, "zoho_token_store._errors", "from_native")?;
    let attributes = PyDict::new(py);
    attributes.set_item("retryable", error.is_retryable())?;
    attributes.set_item("operation", error.operation())?;
    attributes.set_item("secret_name", error.secret_name())?;
    attributes.set_item("request_id", error.request_id())?;
    attributes.set_item("missing_action", error.missing_action())?;
    let readable = error.readable_tokens().iter();
    let readable: Vec<_> = readable
        .map(|token| to_columns(py, token))
        .collect::<PyResult<_>>()?;
    attributes.set_item("readable_tokens", readable)?;
    let unsaved = error
        .unsaved_token()
        .map(|token| to_record(py, token))
        .transpose()?;
    attributes.set_item("unsaved_token", unsaved)?;
    make.call((error.kind().as_str(), text(error)), Some(&attributes))
}

/// The text of an error with those of its causes, and with the names that Python has.
fn text(error: &Error) -> String {
    let mut text = error.to_string();
    let causes = std::iter::successors(StdError::source(error), |&cause| cause.source());
    for cause in causes.map(ToString::to_string) {
        if !text.contains(&cause) {
            text.push_str("; cause: ");
            text.push_str(&cause);
        }
    }
    let names = NAMES.into_iter();
    names.fold(text, |text, (rust, python)| text.replace(rust, python))
}
