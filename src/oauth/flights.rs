//! One refresh per record and process: it runs in a task of its own, for which any number of callers
//! wait, or none.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// The tasks under way, by record.
#[derive(Debug)]
pub(crate) struct Flights<T> {
    under_way: Arc<Mutex<HashMap<String, watch::Receiver<Option<T>>>>>,
}

impl<T: Clone + Send + Sync + 'static> Flights<T> {
    pub(crate) fn new() -> Self {
        Flights {
            under_way: Arc::default(),
        }
    }

    /// Whether a task for this record is under way.
    pub(crate) fn is_under_way(&self, id: &str) -> bool {
        let under_way = lock(&self.under_way);
        let result = under_way.get(id);
        result.is_some_and(|result| result.has_changed().is_ok())
    }

    /// Waits until the tasks that are under way have ended.
    pub(crate) async fn ended(&self) {
        let results: Vec<_> = lock(&self.under_way).values().cloned().collect();
        for result in results {
            Landing(result).result().await;
        }
    }

    /// Starts a task for this record, unless one is under way, and returns where its result will be
    /// and whether it was started.
    ///
    /// The task goes on if nobody waits for it.
    pub(crate) fn join<F>(&self, id: &str, task: impl FnOnce() -> F) -> (Landing<T>, bool)
    where
        F: Future<Output = T> + Send + 'static,
    {
        let mut under_way = lock(&self.under_way);
        // A task that has ended without a result belonged to a runtime that was shut down.
        if let Some(result) = under_way.get(id)
            && result.has_changed().is_ok()
        {
            return (Landing(result.clone()), false);
        }
        let (sender, receiver) = watch::channel(None);
        under_way.insert(id.to_owned(), receiver.clone());
        drop(under_way);
        let ended = Ended {
            under_way: self.under_way.clone(),
            id: id.to_owned(),
            result: receiver.clone(),
        };
        let task = task();
        tokio::spawn(async move {
            let result = task.await;
            // The next caller starts another task: it must not get the result of this one.
            drop(ended);
            sender.send_replace(Some(result));
        });
        (Landing(receiver), true)
    }
}

/// Where the result of a task will be.
pub(crate) struct Landing<T>(watch::Receiver<Option<T>>);

impl<T: Clone> Landing<T> {
    /// Waits for the result. Returns `None` if the task ended without one: its runtime was shut down.
    pub(crate) async fn result(mut self) -> Option<T> {
        let result = self.0.wait_for(Option::is_some).await;
        result.ok()?.clone()
    }
}

/// Takes a task off the list when it ends.
struct Ended<T> {
    under_way: Arc<Mutex<HashMap<String, watch::Receiver<Option<T>>>>>,
    id: String,
    result: watch::Receiver<Option<T>>,
}

impl<T> Drop for Ended<T> {
    fn drop(&mut self) {
        let mut under_way = lock(&self.under_way);
        let is_this = |result: &watch::Receiver<_>| result.same_channel(&self.result);
        if under_way.get(&self.id).is_some_and(is_this) {
            under_way.remove(&self.id);
        }
    }
}

fn lock<K>(mutex: &Mutex<K>) -> MutexGuard<'_, K> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn a_task_has_many_callers_and_goes_on_without_them() {
        let flights = Flights::new();
        let (send, receive) = oneshot::channel::<u8>();
        let (first, started) = flights.join("1", || receive.map(Result::unwrap));
        assert!(started && flights.is_under_way("1") && !flights.is_under_way("2"));
        let (second, started) = flights.join("1", || async { 0 });
        assert!(!started);
        drop(first);
        send.send(7).unwrap();
        assert_eq!(second.result().await, Some(7));
        let (next, started) = flights.join("1", || async { 8 });
        assert!(started, "a task that has ended is not joined");
        assert_eq!(next.result().await, Some(8));
        assert!(lock(&flights.under_way).is_empty());
    }

    #[test]
    fn a_task_whose_runtime_was_shut_down_blocks_nobody() {
        let flights = Flights::<u8>::new();
        let runtime = || {
            let mut builder = tokio::runtime::Builder::new_current_thread();
            builder.build().unwrap()
        };
        let first = runtime();
        let (lost, _) = first.block_on(async { flights.join("1", std::future::pending) });
        drop(first);
        runtime().block_on(async {
            assert_eq!(lost.result().await, None);
            let (next, started) = flights.join("1", || async { 8 });
            assert!(started);
            assert_eq!(next.result().await, Some(8));
        });
    }
}
