//! AWS's rules in front of LocalStack, which forgives what AWS does not: a server between a store
//! and LocalStack that refuses, delays and loses what AWS would.
//!
//! A store in this process or another one is given [`FakeAws::endpoint`]. Each rule is a switch of
//! [`Rules`]. All that is left to chance comes from one seed, and time is test time: it goes on with
//! each request ([`Rules::tick`]) and when a test says so ([`FakeAws::advance`]). Several prefixes
//! can be used at once; requests for one do not change the chance of another, but they share the
//! time and the quotas.

mod batch_get;
mod chance;
mod clock;
mod counts;
mod deletions;
mod faults;
mod filters;
mod identity;
mod limits;
mod lists;
mod names;
mod paging;
mod quotas;
mod reads;
mod rules;
mod service;
mod versions;
mod writes;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::server::Server;

pub use clock::TestTime;
pub use faults::{Fault, Faults};
pub use quotas::Quotas;
pub use rules::{LONGEST_LAG, Rules};

use service::Service;

/// The server, until it is dropped.
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

    /// Lets test time pass.
    pub fn advance(&self, by: Duration) {
        self.service.clock.advance(by);
    }

    /// The test time, since the beginning.
    pub fn time(&self) -> TestTime {
        self.service.clock.clone()
    }

    /// Changes the rules for the requests that come from now on.
    pub fn change(&self, change: impl FnOnce(&mut Rules)) {
        let rules = self.service.rules.lock();
        change(&mut rules.unwrap_or_else(PoisonError::into_inner));
    }

    /// Has this go wrong with the next request for an action; called again, with the one after it.
    pub fn order(&self, action: &str, fault: Fault) {
        self.service.ordered.add(action, fault);
    }

    /// How many requests for an action have come, whatever became of them.
    pub fn asked(&self, action: &str) -> usize {
        let asked = self.service.counts.asked();
        asked.get(action).copied().unwrap_or_default()
    }

    /// How many requests have come in all.
    pub fn asked_in_all(&self) -> usize {
        self.service.counts.asked().values().sum()
    }

    /// How many requests for each action have succeeded at AWS, though the answer may be lost.
    pub fn executed(&self) -> BTreeMap<String, usize> {
        self.service.counts.executed()
    }

    /// How many requests AWS has refused, by code.
    pub fn refused(&self) -> BTreeMap<String, usize> {
        self.service.counts.refused()
    }

    /// What has gone wrong, and how often.
    pub fn injected(&self) -> BTreeMap<Fault, usize> {
        self.service.counts.injected()
    }
}

impl Drop for FakeAws {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "the rules of AWS had the seed {}",
                self.service.rules().seed
            );
        }
    }
}
