//! Bounds, errors, and what the store keeps away from.

use std::time::Duration;

use zoho_token_store::ErrorKind;

use crate::programs::CONFIDENTIAL;
use crate::programs::history::{Return, Run};
use crate::programs::program::{Keys, Operation};

use super::Violation;

/// How long an operation on one record may take, with all that is retried: the limits of its calls,
/// retries and waits end it before the limit of all together, of three minutes, has to.
const ONE: Duration = Duration::from_secs(179);

/// How long one on all records may take.
const ALL: Duration = Duration::from_secs(900);

/// An operation ends within its bound, whatever AWS does and whoever else does not go on.
pub fn an_operation_ends_within_its_bound(run: &Run) -> Result<(), Violation> {
    for event in run.events.iter().chain(&run.audit) {
        let bound = match event.operation {
            Operation::List | Operation::Clear | Operation::Reindex => ALL,
            _ => ONE,
        };
        let took = event.ended.saturating_sub(event.began);
        let ended = !matches!(event.result, Return::GivenUp | Return::Hung);
        if matches!(event.result, Return::Hung) || (ended && !event.was_held && took > bound) {
            return Err(format!("[{}] took {took:?}", event.operation));
        }
    }
    Ok(())
}

/// Under an AWS that is only inconsistent, slow or down, every error says to try again; but a
/// secret that has too many versions or tags of others, and to bring back the record of a user who
/// has another one now.
pub fn errors_are_honest(run: &Run) -> Result<(), Violation> {
    for event in run.events.iter().chain(&run.audit) {
        let Return::Failed {
            kind,
            is_retryable,
            text,
        } = &event.result
        else {
            continue;
        };
        let is_full = run
            .program
            .phases
            .iter()
            .any(|phase| !phase.fills.is_empty());
        let has_another = matches!(event.operation, Operation::Undelete { grant }
            if run.program.grants[grant] == Keys::Renewed);
        if !is_retryable && *kind != ErrorKind::QuotaExceeded && !is_full && !has_another {
            return Err(format!("[{}] failed: {text}", event.operation));
        }
    }
    for event in &run.audit {
        if let Return::Failed { text, .. } = &event.result {
            return Err(format!(
                "when all is well, [{}] failed: {text}",
                event.operation
            ));
        }
    }
    Ok(())
}

/// Secrets of others are not changed.
pub fn foreign_secrets_are_untouched(run: &Run) -> Result<(), Violation> {
    for before in &run.secrets_before {
        let after = run
            .secrets_after
            .iter()
            .find(|secret| secret.name == before.name);
        if after.is_none_or(|after| format!("{after:?}") != format!("{before:?}")) {
            return Err(format!("{} was changed", before.name));
        }
    }
    Ok(())
}

/// No token, client secret or user name leaves the value of a secret: neither in a request nor in
/// an error.
pub fn no_token_outside_the_secret_value(run: &Run) -> Result<(), Violation> {
    if let Some(leak) = run.leaks.first() {
        return Err(leak.clone());
    }
    for event in &run.events {
        match &event.result {
            Return::Failed { text, .. } if text.contains(CONFIDENTIAL) => return Err(text.clone()),
            _ => {}
        }
    }
    Ok(())
}
