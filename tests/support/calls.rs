//! Counts the calls that reach AWS, and tells how many of them had to wait for one another.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use aws_sdk_secretsmanager::config::interceptors::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_sdk_secretsmanager::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_secretsmanager::error::BoxError;
use aws_smithy_types::config_bag::{Storable, StoreReplace};

/// The calls that a client has made, every attempt counted that LocalStack answered. Clones share the count.
#[derive(Clone, Debug, Default)]
pub struct Calls {
    made: Arc<Mutex<Vec<Call>>>,
}

#[derive(Debug)]
struct Call {
    action: String,
    began: Instant,
    ended: Option<Instant>,
    /// LocalStack answers 500 now and then when requests meet ("dictionary changed size during
    /// iteration"). That the SDK then repeats the call is nothing that the store does.
    failed_within: bool,
}

/// Which of the calls an attempt is, to find it again when it ends.
#[derive(Debug)]
struct Number(usize);

impl Storable for Number {
    type Storer = StoreReplace<Self>;
}

impl Calls {
    /// How many calls of an action were made, for example of `GetSecretValue`.
    pub fn of(&self, action: &str) -> usize {
        let made = self.made();
        let counted = made.iter().filter(|call| !call.failed_within);
        counted.filter(|call| call.action == action).count()
    }

    /// How many calls were made in all.
    pub fn total(&self) -> usize {
        self.made()
            .iter()
            .filter(|call| !call.failed_within)
            .count()
    }

    /// The calls made since the last time, by action, and begins to count anew.
    pub fn take(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for call in self.made().drain(..).filter(|call| !call.failed_within) {
            *counts.entry(call.action).or_default() += 1;
        }
        counts
    }

    /// How many of the calls stood in one line, each begun after the one before had ended.
    pub fn depth(&self) -> usize {
        let made = self.made();
        let mut spans: Vec<_> = made
            .iter()
            .filter(|call| !call.failed_within)
            .map(|call| {
                (
                    call.ended.expect("every call should have ended"),
                    call.began,
                )
            })
            .collect();
        spans.sort_unstable();
        let mut last_end = None;
        let in_line = spans.into_iter().filter(|&(ended, began)| {
            let follows = last_end.is_none_or(|last| began >= last);
            if follows {
                last_end = Some(ended);
            }
            follows
        });
        in_line.count()
    }

    fn made(&self) -> MutexGuard<'_, Vec<Call>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts to compare with [`Calls::take`].
pub fn made<const N: usize>(counts: [(&str, usize); N]) -> BTreeMap<String, usize> {
    counts
        .map(|(action, count)| (action.to_owned(), count))
        .into()
}

impl Intercept for Calls {
    fn name(&self) -> &'static str {
        "the tests' count of calls"
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
            failed_within: false,
        });
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        state: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // There is no such call any more if it was taken meanwhile.
        if let Some(number) = state.load::<Number>()
            && let Some(call) = self.made().get_mut(number.0)
        {
            call.ended = Some(Instant::now());
            let response = context.response();
            call.failed_within = response.is_some_and(|response| response.status().as_u16() >= 500);
        }
        Ok(())
    }
}
