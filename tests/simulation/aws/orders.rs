//! What a test orders for certain requests, in place of chance.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use super::faults::{Delayed, Fault};
use super::request::Request;

/// What happens to a request.
#[derive(Clone, Debug)]
pub enum Order {
    Fault(Delayed),
    /// It waits before it is executed, until the test lets it go.
    Hold(Held),
}

impl Order {
    pub fn throttled() -> Self {
        Order::Fault(Delayed {
            fault: Fault::Throttled,
            by: Duration::ZERO,
        })
    }
}

/// A request that is held.
#[derive(Clone, Debug, Default)]
pub struct Held(Arc<Signals>);

#[derive(Debug, Default)]
struct Signals {
    arrived: Notify,
    released: Notify,
}

impl Held {
    /// Waits until the request is there, and returns whether it came within a minute.
    pub async fn arrived(&self) -> bool {
        let arrived = self.0.arrived.notified();
        tokio::time::timeout(Duration::from_secs(60), arrived)
            .await
            .is_ok()
    }

    pub fn release(&self) {
        self.0.released.notify_one();
    }

    pub async fn wait(&self) {
        self.0.arrived.notify_one();
        self.0.released.notified().await;
    }
}

/// How often the SDK repeats a request.
const REPETITIONS: usize = 2;

const WRITES: [&str; 6] = [
    "CreateSecret",
    "PutSecretValue",
    "TagResource",
    "UntagResource",
    "RestoreSecret",
    "DeleteSecret",
];

/// The orders that are not carried out yet.
#[derive(Default)]
pub struct Orders(Vec<Ordered>);

struct Ordered {
    process: String,
    wanted: Wanted,
    /// How many such requests come before the one it is for.
    skip: usize,
    order: Order,
}

/// The requests that an order is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    Action(&'static str),
    /// Whatever comes next.
    Any,
}

impl Wanted {
    fn covers(self, request: &Request) -> bool {
        match self {
            Wanted::Action(action) => request.action == action,
            Wanted::Any => true,
        }
    }
}

impl Orders {
    /// Orders something for one of the requests of a process, after `skip` others like it.
    pub fn add(&mut self, process: &str, wanted: Wanted, skip: usize, order: Order) {
        self.0.push(Ordered {
            process: process.to_owned(),
            wanted,
            skip,
            order,
        });
    }

    /// Throttles a request whenever the SDK repeats it.
    pub fn throttle_again(&mut self, process: &str, request: &Request) {
        let write = WRITES.iter().find(|write| **write == request.action);
        for write in write.into_iter().flat_map(|write| [write; REPETITIONS]) {
            self.add(process, Wanted::Action(write), 0, Order::throttled());
        }
    }

    /// The order for a request, if there is one. Each is carried out once.
    pub fn take(&mut self, process: &str, request: &Request) -> Option<Order> {
        let covers =
            |ordered: &Ordered| ordered.process == process && ordered.wanted.covers(request);
        let first = self
            .0
            .iter()
            .position(|ordered| covers(ordered) && ordered.skip == 0);
        for ordered in self.0.iter_mut().filter(|ordered| covers(ordered)) {
            ordered.skip = ordered.skip.saturating_sub(1);
        }
        Some(self.0.remove(first?).order)
    }
}
