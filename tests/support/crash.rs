//! A server between a store and LocalStack that simulates a crash of the store's process: after a
//! number of calls, no request reaches AWS and no response comes back.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::watch;

use super::http::Request;
use super::server::{Handler, Outcome, Server};

/// The server runs until it is dropped.
pub struct Crash {
    server: Server,
    executed: watch::Receiver<usize>,
    after: usize,
}

impl Crash {
    /// Returns a server that passes on `calls` calls and withholds the response to the last of
    /// them.
    pub fn after(calls: usize) -> Self {
        let (tell, executed) = watch::channel(0);
        let handler = Calls {
            after: calls,
            arrived: AtomicUsize::new(0),
            executed: Arc::new(tell),
        };
        Crash {
            server: Server::new(handler),
            executed,
            after: calls,
        }
    }

    pub fn endpoint(&self) -> &str {
        self.server.endpoint()
    }

    /// Waits until AWS has executed all of these calls.
    pub async fn happened(&self) {
        let mut executed = self.executed.clone();
        let all = executed.wait_for(|executed| *executed == self.after).await;
        all.expect("the server should be running");
    }
}

struct Calls {
    after: usize,
    arrived: AtomicUsize,
    executed: Arc<watch::Sender<usize>>,
}

impl Handler for Calls {
    fn handle(&self, request: Request) -> BoxFuture<'static, io::Result<Outcome>> {
        let number = self.arrived.fetch_add(1, Ordering::Relaxed) + 1;
        let (after, executed) = (self.after, self.executed.clone());
        async move {
            if number > after {
                return Ok(Outcome::Silence);
            }
            let response = request.forward().await?;
            executed.send_modify(|executed| *executed += 1);
            Ok(match number == after {
                true => Outcome::Silence,
                false => Outcome::Respond(response),
            })
        }
        .boxed()
    }
}
