//! A request on its way: what happens to it, when it is executed, and what its client gets.

use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::ConnectorError;
use fastrand::Rng;
use tokio::time::sleep;

use super::actions::{Call, State};
use super::chance::{self, Chance};
use super::counts::Counts;
use super::faults::{Answered, Delayed, Executed};
use super::freedoms::Freedoms;
use super::frozen::Frozens;
use super::ledger::{Entry, Ledger};
use super::orders::{Order, Orders};
use super::request::{self, Outcome, Request};
use crate::clock::Clock;
use crate::link::Link;
use crate::programs::CONFIDENTIAL;
use crate::support::aws_rules::names::resolve;
use crate::trace::Trace;

pub struct Service {
    pub clock: Clock,
    pub trace: Trace,
    inner: Mutex<Inner>,
}

pub struct Inner {
    pub state: State,
    pub freedoms: Freedoms,
    pub orders: Orders,
    pub frozen: Frozens,
    pub counts: Counts,
    pub ledger: Ledger,
    /// Requests with a confidential value outside the secret's value.
    pub leaks: Vec<String>,
    chance: Chance,
    requests: u64,
}

/// What happens to a request.
struct Fate {
    number: u64,
    order: Option<Order>,
    there: Duration,
    back: Duration,
    /// How much later it is executed if its client is gone before it arrives.
    abandoned: Option<Duration>,
    random: Rng,
}

impl Service {
    pub fn new(seed: u64, freedoms: Freedoms, clock: Clock, trace: Trace) -> Self {
        Service {
            clock,
            trace,
            inner: Mutex::new(Inner {
                state: State::default(),
                freedoms,
                orders: Orders::default(),
                frozen: Frozens::default(),
                counts: Counts::default(),
                ledger: Ledger::default(),
                leaks: Vec::new(),
                chance: Chance::new(seed),
                requests: 0,
            }),
        }
    }

    pub fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves a request of a process.
    pub async fn serve(
        self: Arc<Self>,
        link: Arc<Link>,
        request: Request,
    ) -> Result<HttpResponse, ConnectorError> {
        if link.has_crashed() {
            return pending().await;
        }
        let Fate {
            number,
            order,
            there,
            back,
            abandoned,
            random,
        } = self.decide(&link, &request);
        let mut on_its_way = OnItsWay {
            service: self.clone(),
            link: link.clone(),
            request: Some(request),
            executed_later: abandoned,
            random,
        };
        let delayed = match &order {
            Some(Order::Fault(delayed)) => Some(*delayed),
            _ => None,
        };
        sleep(there).await;
        let (executed, answered) = delayed.map_or((Executed::Now, Answered::Outcome), |delayed| {
            (delayed.fault.executed(), delayed.fault.answered())
        });
        if let Some(Delayed { fault, by }) = delayed
            && executed == Executed::Now
            && answered == Answered::Outcome
        {
            self.trace.note(
                self.clock.now(),
                &link.name,
                &format!("{fault:?} by {by:?}"),
            );
            sleep(by).await;
        }
        if let Some(Order::Hold(held)) = &order {
            held.wait().await;
        }
        let outcome = match executed {
            Executed::Now => Some(on_its_way.execute()),
            Executed::Never => {
                on_its_way.request = None;
                None
            }
            Executed::Later => {
                on_its_way.executed_later = delayed.map(|delayed| delayed.by);
                None
            }
        };
        drop(on_its_way);
        if let Some(Delayed { fault, .. }) = delayed {
            self.trace
                .note(self.clock.now(), &link.name, &format!("{fault:?}"));
            if fault.is_crash() {
                link.crash();
            }
        }
        sleep(back).await;
        match (answered, outcome) {
            (Answered::Outcome, Some(outcome)) => request::response(outcome, number),
            (Answered::Refusal(refusal), _) => request::response(Err(refusal), number),
            (Answered::Reset, _) => Err(request::reset()),
            (Answered::Nothing, _) | (Answered::Outcome, None) => pending().await,
        }
    }

    fn decide(&self, link: &Link, request: &Request) -> Fate {
        let mut inner = self.inner();
        inner.requests += 1;
        let number = inner.requests;
        *inner
            .counts
            .requests
            .entry(request.action.clone())
            .or_default() += 1;
        if request.is_confidential {
            let text = request.text_but_the_value();
            if text.contains(CONFIDENTIAL) {
                inner.leaks.push(format!("{} {text}", request.action));
            }
        }
        let mut random = inner.chance.draw(&link.name, request);
        let ordered = inner.orders.take(&link.name, request);
        let freedoms = &inner.freedoms;
        let [there, back] = [(), ()].map(|()| chance::duration(&mut random, &freedoms.latency));
        let is_abandoned = chance::happens(&mut random, freedoms.abandoned);
        let late = chance::duration_of_any_magnitude(&mut random, &freedoms.late);
        let drawn = freedoms.draw(&request.action, &mut random).map(|fault| {
            let by = freedoms.delay(fault, &mut random);
            Order::Fault(Delayed { fault, by })
        });
        let fault = match &drawn {
            Some(Order::Fault(delayed)) => Some(delayed.fault),
            _ => None,
        };
        let order = match ordered {
            None if request.is_write()
                && freedoms.throttles(&request.action, fault, &mut random) =>
            {
                inner.orders.throttle_again(&link.name, request);
                drawn.or_else(|| Some(Order::throttled()))
            }
            ordered => ordered.or(drawn),
        };
        if let Some(Order::Fault(Delayed { fault, .. })) = order {
            *inner.counts.faults.entry(fault).or_default() += 1;
        }
        drop(inner);
        self.trace.note(
            self.clock.now(),
            &link.name,
            &self.trace.of_request(request),
        );
        Fate {
            number,
            order,
            there,
            back,
            abandoned: is_abandoned.then_some(late),
            random,
        }
    }

    /// Executes a request now.
    pub fn execute(&self, process: &str, request: &Request, random: Rng) -> Outcome {
        let now = self.clock.now();
        let mut inner = self.inner();
        let Inner {
            state,
            freedoms,
            frozen,
            counts,
            ledger,
            ..
        } = &mut *inner;
        let view = frozen.view(process, now, freedoms, random.clone());
        let mut call = Call {
            request,
            now,
            freedoms,
            view,
            random,
        };
        let outcome = state.execute(&mut call);
        counts.stale_reads += u64::from(call.view.is_stale);
        if let Err(refusal) = &outcome {
            *counts.refusals.entry(refusal.code).or_default() += 1;
        }
        if outcome.is_ok() && request.is_write() {
            let (name, _) = resolve(request.subject());
            let secret = state.secrets.now(name);
            ledger.note(Entry {
                time: now,
                name: name.to_owned(),
                record: secret.and_then(|secret| secret.record()),
                occupied_by: secret.and_then(|secret| secret.occupied_by()),
                is_rollback: request.action == "UpdateSecretVersionStage",
            });
        }
        drop(inner);
        self.trace
            .note(now, process, &self.trace.of_outcome(request, &outcome));
        outcome
    }
}

/// A request that has not been executed yet. Its client may go away.
struct OnItsWay {
    service: Arc<Service>,
    link: Arc<Link>,
    /// None once it has been executed, or will not be.
    request: Option<Request>,
    /// How much later it is executed if it is dropped.
    executed_later: Option<Duration>,
    random: Rng,
}

impl OnItsWay {
    fn execute(&mut self) -> Outcome {
        let request = self.request.take().expect("a request is executed once");
        self.service
            .execute(&self.link.name, &request, self.random.clone())
    }
}

impl Drop for OnItsWay {
    fn drop(&mut self) {
        let (Some(request), Some(after)) = (self.request.take(), self.executed_later) else {
            return;
        };
        // At the end of a simulation there is no runtime any more.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let (service, random) = (self.service.clone(), self.random.clone());
        let process = format!("{}, late", self.link.name);
        service.inner().counts.abandoned += 1;
        runtime.spawn(async move {
            sleep(after).await;
            // What it comes to, nobody learns.
            let _ = service.execute(&process, &request, random);
        });
    }
}
