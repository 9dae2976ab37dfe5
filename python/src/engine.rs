//! What a process needs to run the store: a runtime and the store that lives on it.
//!
//! After a fork, connections, timers and locks of the parent cannot be used: a lock may be held by a
//! thread that does not exist in the child, and two processes would read from one connection. So an
//! engine belongs to the process that built it, and a child leaks it and builds its own.

use std::hash::BuildHasher;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use zoho_token_store::{Error, SecretsManagerTokenStore, TokenProvider};

use crate::counts::Counts;
use crate::fork::Process;

/// A runtime, a store and its provider, of one process.
pub(crate) struct Engine {
    process: Process,
    /// `None` only while it is dropped.
    parts: Option<Parts>,
    /// How many tasks run that must not be lost.
    under_way: Arc<AtomicUsize>,
}

struct Parts {
    runtime: Runtime,
    store: SecretsManagerTokenStore,
    provider: OnceLock<TokenProvider>,
    counts: Counts,
}

impl Engine {
    pub(crate) fn new(runtime: Runtime, store: SecretsManagerTokenStore) -> Self {
        Engine {
            process: Process::current(),
            parts: Some(Parts {
                runtime,
                store,
                provider: OnceLock::new(),
                counts: Counts::default(),
            }),
            under_way: Arc::default(),
        }
    }

    /// Returns whether this process built it.
    pub(crate) fn is_of_this_process(&self) -> bool {
        self.process == Process::current()
    }

    pub(crate) fn runtime(&self) -> &Runtime {
        &self.parts().runtime
    }

    pub(crate) fn store(&self) -> &SecretsManagerTokenStore {
        &self.parts().store
    }

    /// Returns the provider, and builds it if there is none: most processes never refresh.
    pub(crate) fn provider(
        &self,
        build: impl FnOnce(SecretsManagerTokenStore, Counts) -> Result<TokenProvider, Error>,
    ) -> Result<&TokenProvider, Error> {
        let provider = &self.parts().provider;
        if provider.get().is_none() {
            // It fails if another thread was faster.
            let _ = provider.set(build(self.store().clone(), self.counts().clone())?);
        }
        Ok(provider.get().expect("it was set just now"))
    }

    /// Returns what the provider has counted.
    pub(crate) fn counts(&self) -> &Counts {
        &self.parts().counts
    }

    /// Starts a task that goes on if its caller does not wait for its end, as after Ctrl-C.
    pub(crate) fn start<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        let under_way = UnderWay::new(self.under_way.clone());
        self.runtime().spawn(async move {
            let _under_way = under_way;
            work.await
        })
    }

    /// Lets tasks see what has happened to their connections: nothing runs them between two calls.
    pub(crate) fn catch_up(&self) {
        self.runtime().block_on(async {
            // By the first, the runtime looks at the connections; by the second, it runs the tasks.
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
        });
    }

    /// Waits for the tasks that [`start`](Self::start) started, at most for this time.
    pub(crate) async fn settle(&self, time: Duration) {
        let pause = Duration::from_millis(10);
        let settled = async {
            while self.under_way.load(Ordering::Acquire) > 0 {
                tokio::time::sleep(pause).await;
            }
        };
        // What is not done by then is left to other processes.
        let _ = tokio::time::timeout(time, settled).await;
    }

    pub(crate) fn is_settled(&self) -> bool {
        self.under_way.load(Ordering::Acquire) == 0
    }

    fn parts(&self) -> &Parts {
        self.parts
            .as_ref()
            .expect("an engine has its parts until it is dropped")
    }
}

/// One task that must not be lost.
struct UnderWay(Arc<AtomicUsize>);

impl UnderWay {
    fn new(count: Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        UnderWay(count)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let Some(parts) = self.parts.take() else {
            return;
        };
        if self.is_of_this_process() {
            drop((parts.provider, parts.store));
            // Without waiting for a thread that resolves a name.
            parts.runtime.shutdown_background();
        } else {
            std::mem::forget(parts);
        }
    }
}

/// Returns a runtime that works on the calling thread only.
///
/// Names are resolved on threads of their own, which end soon after.
pub(crate) fn runtime() -> std::io::Result<Runtime> {
    let keep_alive = Duration::from_millis(100);
    Builder::new_current_thread()
        .enable_all()
        .thread_keep_alive(keep_alive)
        .build()
}

/// Gives this thread other random numbers than those of the process from which it was forked.
///
/// They are the pauses between retries: children that make the same ones get in each other's way.
pub(crate) fn reseed() {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let seed = (std::process::id(), now.unwrap_or_default());
    fastrand::seed(std::hash::RandomState::new().hash_one(seed));
}
