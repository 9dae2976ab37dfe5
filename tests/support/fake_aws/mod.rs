//! A fake of AWS: a server between a store and LocalStack that refuses, delays and loses requests
//! as AWS would. LocalStack alone accepts more than AWS does; what AWS refuses is in `aws_rules`.
//!
//! Stores in this process or another one use [`FakeAws::endpoint`]. Each rule is a switch of
//! [`Rules`]. All random choices come from one seed, and time is test time: it advances with each
//! request ([`Rules::tick`]) and when a test says so ([`FakeAws::advance`]). Several prefixes can
//! be used at once; requests for one do not change the random choices for another, but they share
//! the time and the quotas.

mod batch_get;
mod chance;
mod clock;
mod counts;
mod deletions;
mod described;
mod faults;
mod identity;
mod lists;
mod names;
mod reads;
mod responses;
mod rules;
mod service;
mod versions;
mod writes;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::server::Server;

pub use super::aws_rules::Quotas;

pub use clock::TestTime;
pub use faults::{Fault, Faults};
pub use rules::{LONGEST_LAG, Rules};

use service::Service;

/// The server runs until it is dropped.
pub struct FakeAws {
    service: Arc<Service>,
    server: Server,
}

impl FakeAws {
    pub fn new(rules: Rules) -> Self {
        let service = Arc::new(Service::new(rules));
        FakeAws {
            server: Server::new(service.clone()),
            service,
        }
    }

    pub fn endpoint(&self) -> &str {
        self.server.endpoint()
    }

    /// Advances the test time.
    pub fn advance(&self, by: Duration) {
        self.service.clock.advance(by);
    }

    /// Returns the test time since the start.
    pub fn time(&self) -> TestTime {
        self.service.clock.clone()
    }

    /// Changes the rules for all further requests.
    pub fn change(&self, change: impl FnOnce(&mut Rules)) {
        let rules = self.service.rules.lock();
        change(&mut rules.unwrap_or_else(PoisonError::into_inner));
    }

    /// Injects this fault into the next request for an action; the second call into the one after
    /// it.
    pub fn order(&self, action: &str, fault: Fault) {
        self.service.ordered.add(action, fault);
    }

    /// Returns the number of requests for an action, whatever their outcome.
    pub fn received(&self, action: &str) -> usize {
        let received = self.service.counts.received();
        received.get(action).copied().unwrap_or_default()
    }

    /// Returns the number of all requests.
    pub fn total_received(&self) -> usize {
        self.service.counts.received().values().sum()
    }

    /// Returns the number of requests that AWS executed, by action, even if the response was lost.
    pub fn executed(&self) -> BTreeMap<String, usize> {
        self.service.counts.executed()
    }

    /// Returns the number of requests that AWS refused, by error code.
    pub fn refused(&self) -> BTreeMap<String, usize> {
        self.service.counts.refused()
    }

    /// Returns the number of injected faults, by kind.
    pub fn injected(&self) -> BTreeMap<Fault, usize> {
        self.service.counts.injected()
    }
}

impl Drop for FakeAws {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the fake of AWS had the seed {}", self.service.rules().seed);
        }
    }
}
