//! Faults between a client and AWS, and within AWS.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::support::aws_rules::chance;
use crate::support::http::Request;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// Status 500; the call is not executed.
    InternalError,
    /// Status 500 although the call is executed.
    InternalErrorAfter,
    /// Status 503; the call is not executed.
    Unavailable,
    /// The connection is reset; the call is not executed.
    ResetBefore,
    /// The connection is reset although the call is executed: its response is lost.
    ResetAfter,
    /// The response ends in the middle.
    CutOff,
    /// The response is slow.
    Slow,
    /// There is no response; the call is not executed.
    Hang,
    /// There is no response although the call is executed.
    HangAfter,
    /// The credentials are refused as expired.
    ExpiredCredentials,
    /// BatchGetSecretValue reports one of the secrets as an error. For any other action it is an
    /// internal error.
    PartialBatch,
}

impl Fault {
    pub const ALL: [Fault; 11] = [
        Fault::InternalError,
        Fault::InternalErrorAfter,
        Fault::Unavailable,
        Fault::ResetBefore,
        Fault::ResetAfter,
        Fault::CutOff,
        Fault::Slow,
        Fault::Hang,
        Fault::HangAfter,
        Fault::ExpiredCredentials,
        Fault::PartialBatch,
    ];
}

/// The kinds of faults and how often they occur.
#[derive(Clone, Debug)]
pub struct Faults {
    /// The percentage of requests with a fault.
    pub percent: f64,
    /// The kinds to choose from.
    pub kinds: Vec<Fault>,
    /// The delay of [`Fault::Slow`], in real time.
    pub slow: Duration,
}

impl Faults {
    pub fn none() -> Self {
        Faults {
            percent: 0.0,
            kinds: Vec::new(),
            slow: Duration::from_millis(50),
        }
    }

    /// All kinds, in this percentage of requests.
    pub fn all(percent: f64) -> Self {
        Faults {
            percent,
            kinds: Fault::ALL.to_vec(),
            ..Self::none()
        }
    }

    /// One kind, in every request.
    pub fn always(kind: Fault) -> Self {
        Faults {
            percent: 100.0,
            kinds: vec![kind],
            ..Self::none()
        }
    }

    /// Returns the fault of a request, if it has one.
    pub fn draw(&self, mut random: fastrand::Rng) -> Option<Fault> {
        let happens = chance::happens(&mut random, self.percent);
        happens.then(|| random.choice(&self.kinds).copied())?
    }
}

/// Faults that a test has ordered for certain requests.
#[derive(Default)]
pub struct Ordered(Mutex<Vec<(String, Fault)>>);

impl Ordered {
    pub fn add(&self, action: &str, fault: Fault) {
        let mut ordered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ordered.push((action.to_owned(), fault));
    }

    pub fn take(&self, request: &Request) -> Option<Fault> {
        let mut ordered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = ordered
            .iter()
            .position(|(action, _)| *action == request.action)?;
        Some(ordered.remove(first).1)
    }
}
