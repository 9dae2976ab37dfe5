//! The report of `check` as Python objects.

use pyo3::prelude::*;
use zoho_token_store::{self as native, Outcome};

/// What `check()` found out about a store; its text has a line for each check.
#[pyclass(frozen, module = "zoho_token_store")]
pub(crate) struct Report {
    report: native::Report,
}

/// One line of a `Report`.
#[pyclass(frozen, get_all, module = "zoho_token_store")]
pub(crate) struct Check {
    /// What was checked: an action such as `GetSecretValue`, or for example `index`.
    name: String,
    /// `passed`, `failed` or `skipped`.
    outcome: &'static str,
    /// What was found: the error if the check failed, the reason if it was skipped.
    detail: String,
    /// What to do about it, if there is something to do.
    advice: Option<String>,
}

impl Report {
    pub(crate) fn new(report: native::Report) -> Self {
        Report { report }
    }
}

#[pymethods]
impl Report {
    /// Whether no check failed. Skipped checks have not failed.
    #[getter]
    fn is_ok(&self) -> bool {
        self.report.is_ok()
    }

    /// Whether no check failed that lookups depend on: `is_ok` for a role that may only read.
    #[getter]
    fn can_read(&self) -> bool {
        self.report.can_read()
    }

    /// The checks in the order in which they were made.
    #[getter]
    fn checks(&self) -> Vec<Check> {
        let checks = self.report.checks().iter();
        checks
            .map(|check| Check {
                name: check.name().to_owned(),
                outcome: match check.outcome() {
                    Outcome::Passed => "passed",
                    Outcome::Failed(_) => "failed",
                    _ => "skipped",
                },
                detail: check.detail().to_owned(),
                advice: check.advice().map(str::to_owned),
            })
            .collect()
    }

    fn __str__(&self) -> String {
        self.report.to_string()
    }

    fn __repr__(&self) -> String {
        format!(
            "<Report is_ok={}>",
            if self.is_ok() { "True" } else { "False" }
        )
    }
}

#[pymethods]
impl Check {
    fn __repr__(&self) -> String {
        format!("<Check {}: {}>", self.name, self.outcome)
    }
}
