//! What a process needs to run the store: a runtime and the store that lives on it.
//!
//! After a fork, connections, timers and locks of the parent cannot be used: a lock may be held by a
//! thread that does not exist in the child, and two processes would read from one connection. So an
//! engine belongs to the process that built it, and a child leaks it and builds its own.

use std::hash::BuildHasher;
use std::time::{Duration, SystemTime};

use tokio::runtime::{Builder, Runtime};
use zoho_token_store::SecretsManagerTokenStore;

/// A runtime and a store, of one process.
pub(crate) struct Engine {
    process: u32,
    /// `None` only while it is dropped.
    parts: Option<(Runtime, SecretsManagerTokenStore)>,
}

impl Engine {
    pub(crate) fn new(runtime: Runtime, store: SecretsManagerTokenStore) -> Self {
        Engine {
            process: std::process::id(),
            parts: Some((runtime, store)),
        }
    }

    /// Returns whether this process built it.
    pub(crate) fn is_of_this_process(&self) -> bool {
        self.process == std::process::id()
    }

    pub(crate) fn runtime(&self) -> &Runtime {
        &self.parts().0
    }

    pub(crate) fn store(&self) -> &SecretsManagerTokenStore {
        &self.parts().1
    }

    fn parts(&self) -> &(Runtime, SecretsManagerTokenStore) {
        self.parts
            .as_ref()
            .expect("an engine has its parts until it is dropped")
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let Some((runtime, store)) = self.parts.take() else {
            return;
        };
        if self.is_of_this_process() {
            drop(store);
            // Without waiting for a thread that resolves a name.
            runtime.shutdown_background();
        } else {
            std::mem::forget((runtime, store));
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
