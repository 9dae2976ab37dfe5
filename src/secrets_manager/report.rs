//! The report of [`check`](crate::SecretsManagerTokenStore::check).

use std::fmt;

use crate::Error;

/// What [`check`](crate::SecretsManagerTokenStore::check) found out about a store.
///
/// Its text has a line for each check, which begins with `✓` (passed), `✗` (failed) or `–` (skipped).
/// It contains no token value, client secret or user name.
///
/// ```no_run
/// # use zoho_token_store::SecretsManagerTokenStore;
/// # async fn check(store: SecretsManagerTokenStore) {
/// let report = store.check().await;
/// print!("{report}");
/// if !report.is_ok() {
///     std::process::exit(1);
/// }
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Report {
    checks: Vec<Check>,
}

/// One line of a [`Report`].
#[derive(Clone, Debug)]
pub struct Check {
    name: &'static str,
    outcome: Outcome,
    detail: String,
    advice: Option<String>,
    purpose: Purpose,
}

/// The outcome of a [`Check`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// Everything is as it should be.
    Passed,
    /// The store does not work as configured.
    Failed(Error),
    /// The check was not possible; [`Check::detail`] is the reason.
    Skipped,
}

/// What depends on a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Lookups, and everything else.
    Reading,
    /// Saves or deletions only.
    Writing,
}

impl Report {
    /// Returns the checks in the order in which they were made.
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// Returns the check with this name, for example `index`.
    pub fn check(&self, name: &str) -> Option<&Check> {
        self.checks.iter().find(|check| check.name == name)
    }

    /// Returns whether no check failed. Skipped checks have not failed.
    pub fn is_ok(&self) -> bool {
        !self.checks.iter().any(Check::has_failed)
    }

    /// Returns whether no check failed that lookups depend on: `is_ok` for a program whose role
    /// may only read.
    pub fn can_read(&self) -> bool {
        let mut for_reading = self
            .checks
            .iter()
            .filter(|check| check.purpose == Purpose::Reading);
        !for_reading.any(Check::has_failed)
    }

    pub(crate) fn push(&mut self, check: Check) {
        self.checks.push(check);
    }
}

impl Check {
    pub(crate) fn passed(name: &'static str, detail: impl Into<String>) -> Self {
        Self::new(name, Outcome::Passed, detail.into())
    }

    pub(crate) fn failed(name: &'static str, error: Error) -> Self {
        let (detail, advice) = (error.statement(), error.advice().map(str::to_owned));
        Check {
            advice,
            ..Self::new(name, Outcome::Failed(error), detail)
        }
    }

    pub(crate) fn skipped(name: &'static str, reason: impl Into<String>) -> Self {
        Self::new(name, Outcome::Skipped, reason.into())
    }

    fn new(name: &'static str, outcome: Outcome, detail: String) -> Self {
        Check {
            name,
            outcome,
            detail,
            advice: None,
            purpose: Purpose::Reading,
        }
    }

    pub(crate) fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    pub(crate) fn for_purpose(mut self, purpose: Purpose) -> Self {
        self.purpose = purpose;
        self
    }

    /// Returns what was checked: an action such as `GetSecretValue`, or for example `index`.
    pub fn name(&self) -> &str {
        self.name
    }

    /// Returns the outcome.
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// Returns what was found: the error if the check failed, the reason if it was skipped.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// Returns what to do about it, if there is something to do.
    pub fn advice(&self) -> Option<&str> {
        self.advice.as_deref()
    }

    fn has_failed(&self) -> bool {
        matches!(self.outcome, Outcome::Failed(_))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.checks
            .iter()
            .try_for_each(|check| writeln!(f, "{check}"))
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.outcome {
            Outcome::Passed => '✓',
            Outcome::Failed(_) => '✗',
            Outcome::Skipped => '–',
        };
        write!(f, "{mark} {}: {}", self.name, self.detail)?;
        match &self.advice {
            Some(advice) => write!(f, ": {advice}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn a_report_has_a_line_for_each_check() {
        let mut report = Report::default();
        report.push(Check::passed("region", "eu-west-1"));
        report.push(Check::skipped("index", "it is off").advise("switch it on"));
        assert!(report.is_ok() && report.can_read());

        let error = Error::new(ErrorKind::AccessDenied, "not allowed");
        let error = error.about_secret("zoho/tokens/x").advise("allow it");
        report.push(Check::failed("PutSecretValue", error.clone()).for_purpose(Purpose::Writing));
        assert!(!report.is_ok() && report.can_read());
        assert_eq!(
            report.to_string(),
            "✓ region: eu-west-1\n\
             – index: it is off: switch it on\n\
             ✗ PutSecretValue: not allowed (secret `zoho/tokens/x`): allow it\n"
        );

        report.push(Check::failed("GetSecretValue", error));
        assert!(!report.can_read());
        let check = report.check("index").unwrap();
        assert_eq!(
            (check.detail(), check.advice()),
            ("it is off", Some("switch it on"))
        );
    }
}
