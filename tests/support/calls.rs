//! Counts the calls that reach AWS, and how many of them waited for one another.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use aws_sdk_secretsmanager::config::interceptors::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_sdk_secretsmanager::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_secretsmanager::error::BoxError;
use aws_smithy_types::config_bag::{Storable, StoreReplace};

/// The calls of a client, with every attempt but those to which LocalStack responded with 500. Clones
/// share the count.
#[derive(Clone, Debug, Default)]
pub struct Calls {
    made: Arc<Mutex<Vec<Call>>>,
}

#[derive(Debug)]
struct Call {
    action: String,
    began: Instant,
    ended: Option<Instant>,
    /// LocalStack returns 500 now and then when requests coincide ("dictionary changed size during
    /// iteration"). The SDK's retry is not a call by the store.
    failed_in_localstack: bool,
}

/// The index of an attempt's call, to find the call when the attempt ends.
#[derive(Debug)]
struct Number(usize);

impl Storable for Number {
    type Storer = StoreReplace<Self>;
}

impl Calls {
    /// Returns the number of calls of an action, for example `GetSecretValue`.
    pub fn of(&self, action: &str) -> usize {
        let made = self.made();
        let counted = made.iter().filter(|call| !call.failed_in_localstack);
        counted.filter(|call| call.action == action).count()
    }

    /// Returns the number of all calls.
    pub fn total(&self) -> usize {
        self.made()
            .iter()
            .filter(|call| !call.failed_in_localstack)
            .count()
    }

    /// Returns the calls since the last `take`, by action, and resets the count.
    pub fn take(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for call in self
            .made()
            .drain(..)
            .filter(|call| !call.failed_in_localstack)
        {
            *counts.entry(call.action).or_default() += 1;
        }
        counts
    }

    /// Returns the number of round trips: the longest chain of calls that each began after the
    /// previous one had ended.
    pub fn depth(&self) -> usize {
        let made = self.made();
        let mut spans: Vec<_> = made
            .iter()
            .filter(|call| !call.failed_in_localstack)
            .map(|call| {
                (
                    call.ended.expect("every call should have ended"),
                    call.began,
                )
            })
            .collect();
        spans.sort_unstable();
        let mut last_end = None;
        let in_sequence = spans.into_iter().filter(|&(ended, began)| {
            let follows = last_end.is_none_or(|last| began >= last);
            if follows {
                last_end = Some(ended);
            }
            follows
        });
        in_sequence.count()
    }

    fn made(&self) -> MutexGuard<'_, Vec<Call>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns counts to compare with [`Calls::take`].
pub fn made<const N: usize>(counts: [(&str, usize); N]) -> BTreeMap<String, usize> {
    counts
        .map(|(action, count)| (action.to_owned(), count))
        .into()
}

impl Intercept for Calls {
    fn name(&self) -> &'static str {
        "call counter of the tests"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        state: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let target = context
            .request()
            .headers()
            .get("x-amz-target")
            .unwrap_or_default();
        let mut made = self.made();
        state.interceptor_state().store_put(Number(made.len()));
        made.push(Call {
            action: target.trim_start_matches("secretsmanager.").to_owned(),
            began: Instant::now(),
            ended: None,
            failed_in_localstack: false,
        });
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        state: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // The call no longer exists if `take` was called meanwhile.
        if let Some(number) = state.load::<Number>()
            && let Some(call) = self.made().get_mut(number.0)
        {
            call.ended = Some(Instant::now());
            let response = context.response();
            call.failed_in_localstack =
                response.is_some_and(|response| response.status().as_u16() >= 500);
        }
        Ok(())
    }
}
