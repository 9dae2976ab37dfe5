//! What goes wrong between a client and AWS, and within AWS.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::support::http::{Request, Response};

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// 500, and nothing was done.
    InternalError,
    /// 500, though it was done.
    InternalErrorAfter,
    /// 503, and nothing was done.
    Unavailable,
    /// The connection is reset, and nothing was done.
    ResetBefore,
    /// The connection is reset, though it was done: the answer is lost.
    ResetAfter,
    /// The answer breaks off.
    CutOff,
    /// It takes long.
    Slow,
    /// There is no answer, and nothing was done.
    Hang,
    /// There is no answer, though it was done.
    HangAfter,
    /// The credentials are refused as expired.
    ExpiredCredentials,
    /// BatchGetSecretValue reports one of the secrets as an error. To any other action it is an
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

/// Which faults there are, and how often.
#[derive(Clone, Debug)]
pub struct Faults {
    /// Of 100 requests.
    pub percent: f64,
    /// One of them at a time.
    pub kinds: Vec<Fault>,
    /// How long [`Fault::Slow`] takes, in real time.
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

    /// All kinds, in so many of 100 requests.
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

    /// What goes wrong with a request, if something does.
    pub fn draw(&self, mut random: fastrand::Rng) -> Option<Fault> {
        let happens = random.f64() * 100.0 < self.percent;
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

pub fn internal_error() -> Response {
    let message = "An error occurred on the server side.";
    Response::refusal(500, "InternalServiceError", message)
}

pub fn unavailable() -> Response {
    let message = "The service is unavailable. Please try again shortly.";
    Response::refusal(503, "ServiceUnavailable", message)
}
