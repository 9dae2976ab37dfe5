//! Single flight: concurrent callers that need the same result share one call.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, Shared, WeakShared};

/// How long a caller waits for the call of another one: longer than a call to AWS usually takes with
/// its retries.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

type Call<T> = Shared<BoxFuture<'static, T>>;

/// The calls under way, by key.
///
/// A call runs as long as one of its callers waits for it. A caller that is dropped does not affect
/// the others; when all are dropped, the call is dropped, too.
pub(crate) struct SingleFlight<K, T: Clone> {
    under_way: Arc<Mutex<UnderWay<K, T>>>,
}

struct UnderWay<K, T: Clone> {
    calls: HashMap<K, (u64, WeakShared<BoxFuture<'static, T>>)>,
    started: u64,
}

impl<K, T> SingleFlight<K, T>
where
    K: Clone + Eq + Hash + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    pub(crate) fn new() -> Self {
        SingleFlight {
            under_way: Arc::new(Mutex::new(UnderWay {
                calls: HashMap::new(),
                started: 0,
            })),
        }
    }

    /// Makes the call for this key, or waits for the one that is under way.
    ///
    /// Returns `None` if another caller's call takes too long: it may belong to a runtime that
    /// stands still.
    pub(crate) async fn join<F>(&self, key: K, call: impl FnOnce() -> F) -> Option<T>
    where
        F: Future<Output = T> + Send + 'static,
    {
        match self.call(key, call) {
            (call, true) => Some(call.await),
            (call, false) => tokio::time::timeout(LONGEST_WAIT, call).await.ok(),
        }
    }

    /// Returns the call, and whether it is a new one.
    fn call<F>(&self, key: K, call: impl FnOnce() -> F) -> (Call<T>, bool)
    where
        F: Future<Output = T> + Send + 'static,
    {
        let mut under_way = self
            .under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = under_way
            .calls
            .get(&key)
            .and_then(|(_, call)| call.upgrade())
        {
            return (running, false);
        }
        under_way.started += 1;
        let number = under_way.started;
        let landing = Landing {
            under_way: self.under_way.clone(),
            key: key.clone(),
            number,
        };
        let call = call();
        let call = async move {
            let _landing = landing;
            call.await
        }
        .boxed()
        .shared();
        under_way
            .calls
            .extend(call.downgrade().map(|weak| (key, (number, weak))));
        (call, true)
    }
}

/// Removes the call from the list when it completes or is dropped.
struct Landing<K: Eq + Hash, T: Clone> {
    under_way: Arc<Mutex<UnderWay<K, T>>>,
    key: K,
    number: u64,
}

impl<K: Eq + Hash, T: Clone> Drop for Landing<K, T> {
    fn drop(&mut self) {
        let mut under_way = self
            .under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // Another call for the same key may have been started since. It stays.
        if under_way
            .calls
            .get(&self.key)
            .is_some_and(|(number, _)| *number == self.number)
        {
            under_way.calls.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::future::{join_all, pending};

    use super::*;

    #[tokio::test]
    async fn concurrent_callers_share_one_call_and_later_ones_start_another() {
        let (flights, calls) = (SingleFlight::<u8, usize>::new(), AtomicUsize::new(0));
        let (send, receive) = tokio::sync::oneshot::channel::<()>();
        let gate = receive.shared();
        let call = || {
            let (number, gate) = (calls.fetch_add(1, Ordering::Relaxed), gate.clone());
            async move { gate.await.map_or(usize::MAX, |()| number) }
        };
        let mut callers: Vec<_> = (0..100).map(|_| Box::pin(flights.join(1, call))).collect();
        for caller in &mut callers {
            assert_eq!(caller.now_or_never(), None);
        }
        send.send(()).unwrap();
        assert_eq!(join_all(callers).await, vec![Some(0); 100]);
        assert_eq!(flights.join(1, call).await, Some(1));
        assert!(flights.under_way.lock().unwrap().calls.is_empty());
    }

    #[tokio::test]
    async fn a_dropped_caller_does_not_affect_the_others() {
        let flights = SingleFlight::<u8, u8>::new();
        let (send, receive) = tokio::sync::oneshot::channel::<u8>();
        let mut leader = Box::pin(flights.join(1, || async move { receive.await.unwrap_or(0) }));
        assert_eq!((&mut leader).now_or_never(), None);
        let mut follower = Box::pin(flights.join(1, || async { 9 }));
        assert_eq!((&mut follower).now_or_never(), None);
        drop(leader);
        send.send(7).unwrap();
        assert_eq!(follower.await, Some(7));
    }

    #[tokio::test]
    async fn a_call_without_callers_is_not_resumed() {
        let flights = SingleFlight::<u8, u8>::new();
        let mut first = Box::pin(flights.join(1, pending));
        assert_eq!((&mut first).now_or_never(), None);
        drop(first);
        assert!(flights.under_way.lock().unwrap().calls.is_empty());
        assert_eq!(flights.join(1, || async { 2 }).await, Some(2));
    }
}
