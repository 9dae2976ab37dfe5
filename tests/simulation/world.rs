//! A simulation: AWS, virtual time, and the processes that use the store.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::retry::{RetryConfig, RetryPartition};
use aws_sdk_secretsmanager::config::{
    BehaviorVersion, Config, Credentials, Region, StalledStreamProtectionConfig,
};
use aws_smithy_async::rt::sleep::TokioSleep;
use zoho_token_store::{SecretsManagerTokenStore, SecretsManagerTokenStoreBuilder};

use crate::aws::connector::Connector;
use crate::aws::{
    Delayed, Fault, Freedoms, Held, LONGEST_LAG, Operator, Order, SETTLING, Service, Wanted,
};
use crate::clock::{Clock, WallClock};
use crate::link::Link;
use crate::process::Process;
use crate::trace::Trace;

/// How far virtual time is ahead of the time by the computer's clock at least.
const AHEAD: Duration = Duration::from_secs(86_400);

/// One simulation.
#[derive(Clone)]
pub struct World {
    pub aws: Arc<Service>,
}

/// Runs a simulation in a runtime of its own, whose time passes at once when all wait.
pub fn simulate<T>(seed: u64, freedoms: Freedoms, body: impl AsyncFnOnce(World) -> T) -> T {
    // What the SDK and the store leave to chance comes from the thread's generator.
    fastrand::seed(seed);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        // Another runtime that begins later begins with an earlier time, and can be set to this one.
        tokio::time::advance(AHEAD).await;
        let world = World::new(seed, freedoms);
        let _shown = ShownOnPanic(world.trace().clone());
        body(world).await
    })
}

/// Prints a trace when a test fails.
struct ShownOnPanic(Trace);

impl Drop for ShownOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.0.lines().join("\n"));
        }
    }
}

impl World {
    pub fn new(seed: u64, freedoms: Freedoms) -> Self {
        let (clock, trace) = (Clock::new(), Trace::default());
        World {
            aws: Arc::new(Service::new(seed, freedoms, clock, trace)),
        }
    }

    pub fn now(&self) -> Duration {
        self.aws.clock.now()
    }

    pub fn trace(&self) -> &Trace {
        &self.aws.trace
    }

    pub fn operator(&self) -> Operator {
        Operator {
            service: self.aws.clone(),
        }
    }

    /// Changes what AWS does from now on.
    pub fn change(&self, change: impl FnOnce(&mut Freedoms)) {
        change(&mut self.aws.inner().freedoms);
    }

    /// Waits until lists and reads show everything that was done.
    pub async fn settle(&self) {
        tokio::time::sleep(LONGEST_LAG + Duration::from_secs(1)).await;
    }

    /// Starts a process, or starts it again.
    pub async fn process(&self, name: &str) -> Process {
        self.process_with(name, 0, |settings| settings).await
    }

    /// Starts a process with settings of its own, whose clock is ahead by this many seconds.
    pub async fn process_with(
        &self,
        name: &str,
        ahead: i64,
        settings: impl FnOnce(SecretsManagerTokenStoreBuilder) -> SecretsManagerTokenStoreBuilder,
    ) -> Process {
        let link = Arc::new(Link::new(name));
        let wall_clock = WallClock::new(self.aws.clock, ahead);
        let client = self.client(&link, &wall_clock);
        let builder = SecretsManagerTokenStore::builder().client(client);
        let store = settings(builder).build().await.expect("valid settings");
        Process {
            link,
            store,
            clock: self.aws.clock,
            wall_clock,
            trace: self.aws.trace.clone(),
        }
    }

    fn client(&self, link: &Arc<Link>, wall_clock: &WallClock) -> Client {
        let connector = Connector {
            service: self.aws.clone(),
            link: link.clone(),
        };
        // Retries as a configuration from the environment has them, but counted for this process
        // alone.
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new(
                "nobody",
                "checks",
                None,
                None,
                "simulation",
            ))
            .retry_config(RetryConfig::standard())
            // It would end a call without an answer before the timeouts that a process may have set.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .retry_partition(RetryPartition::custom(link.name.clone()).build())
            .sleep_impl(TokioSleep::new())
            .time_source(wall_clock.clone())
            .http_client(connector);
        Client::from_conf(config.build())
    }

    /// Has this go wrong with the next such request of a process.
    pub fn order(&self, process: &str, wanted: Wanted, fault: Fault) {
        self.order_late(process, wanted, fault, Duration::from_secs(2));
    }

    /// The same with how long what the fault delays takes.
    pub fn order_late(&self, process: &str, wanted: Wanted, fault: Fault, by: Duration) {
        let order = Order::Fault(Delayed { fault, by });
        self.aws.inner().orders.add(process, wanted, 0, order);
    }

    /// Has this go wrong with a request of a process, after this many others.
    pub fn order_after(&self, process: &str, skip: usize, fault: Fault) {
        self.order_after_such(process, Wanted::Any, skip, fault);
    }

    /// Has this go wrong with such a request of a process, after this many others like it.
    pub fn order_after_such(&self, process: &str, wanted: Wanted, skip: usize, fault: Fault) {
        let by = Duration::from_secs(2);
        let order = Order::Fault(Delayed { fault, by });
        self.aws.inner().orders.add(process, wanted, skip, order);
    }

    /// Holds the next such request of a process before it is executed.
    pub fn hold(&self, process: &str, wanted: Wanted) -> Held {
        self.hold_after(process, wanted, 0)
    }

    /// Holds such a request of a process before it is executed, after this many others like it.
    pub fn hold_after(&self, process: &str, wanted: Wanted, skip: usize) -> Held {
        let held = Held::default();
        let order = Order::Hold(held.clone());
        self.aws.inner().orders.add(process, wanted, skip, order);
        held
    }

    /// Reads by name of a process show the state of that time, for as long as AWS may show it.
    pub fn reads_show(&self, process: &str, as_of: Duration) {
        self.reads_show_until(process, as_of, as_of + SETTLING);
    }

    /// The same until another time, as no AWS that is known does.
    pub fn reads_show_until(&self, process: &str, as_of: Duration, until: Duration) {
        let mut inner = self.aws.inner();
        inner.frozen.freeze_names(process, as_of, until);
    }

    /// Has this go wrong with each of the next such calls of a process, with all the SDK's attempts.
    pub fn order_calls(&self, process: &str, calls: usize, wanted: Wanted, fault: Fault) {
        for _ in 0..3 * calls {
            self.order(process, wanted, fault);
        }
    }

    /// The same for lists.
    pub fn lists_show(&self, process: &str, as_of: Duration) {
        self.aws.inner().frozen.freeze_lists(process, as_of);
    }
}
