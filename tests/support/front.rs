//! A server between a store and LocalStack that reacts to each request as a test says.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Notify;

use super::http::Response;
use super::server::{Handler, Outcome, Server};

pub use super::http::{REQUEST_ID, Request};

/// How the server reacts to a request.
pub enum Reaction {
    /// Forwards the request and returns the response.
    Forward,
    /// Forwards the request once it is notified.
    ForwardWhen(Arc<Notify>),
    /// Forwards the request, and returns the response once it is notified.
    HoldResponse(Arc<Notify>),
    /// Forwards the request, and closes the connection without the response.
    LoseResponse,
    /// Forwards the request, and never returns the response.
    KeepResponse,
    /// Returns this AWS error.
    Refuse {
        status: u16,
        code: &'static str,
        message: &'static str,
    },
    /// Returns this response.
    Respond(Value),
    /// Never responds.
    Silence,
}

/// The server runs until it is dropped.
pub struct Front {
    server: Server,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    seen: Mutex<Vec<Arc<Request>>>,
    held: AtomicUsize,
}

struct Reactions<F> {
    react: F,
    state: Arc<State>,
}

impl Front {
    /// Returns a server that reacts to each request as the function says.
    pub async fn new(react: impl Fn(&Request) -> Reaction + Send + Sync + 'static) -> Self {
        let state = Arc::<State>::default();
        let reactions = Reactions {
            react,
            state: state.clone(),
        };
        Front {
            server: Server::new(reactions),
            state,
        }
    }

    /// Returns a server that refuses one action and forwards everything else.
    pub async fn refusing(
        action: &'static str,
        status: u16,
        code: &'static str,
        message: &'static str,
    ) -> Self {
        Self::new(move |request| match request.action == action {
            true => Reaction::Refuse {
                status,
                code,
                message,
            },
            false => Reaction::Forward,
        })
        .await
    }

    pub fn endpoint(&self) -> &str {
        self.server.endpoint()
    }

    /// Returns the number of requests for an action.
    pub fn seen(&self, action: &str) -> usize {
        self.bodies(action).len()
    }

    /// Returns all requests.
    pub fn requests(&self) -> Vec<Arc<Request>> {
        let seen = self.state.seen.lock();
        seen.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the number of responses that were held back.
    pub fn held(&self) -> usize {
        self.state.held.load(Ordering::Relaxed)
    }

    /// Returns the bodies of the requests for an action.
    pub fn bodies(&self, action: &str) -> Vec<Value> {
        let seen = self.state.seen.lock();
        let seen = seen.unwrap_or_else(PoisonError::into_inner);
        let of_action = seen.iter().filter(|request| request.action == action);
        of_action.map(|request| request.body.clone()).collect()
    }
}

impl<F: Fn(&Request) -> Reaction + Send + Sync + 'static> Handler for Reactions<F> {
    fn handle(&self, request: Request) -> BoxFuture<'static, io::Result<Outcome>> {
        let reaction = (self.react)(&request);
        let request = Arc::new(request);
        let seen = self.state.seen.lock();
        seen.unwrap_or_else(PoisonError::into_inner)
            .push(request.clone());
        perform(reaction, request, self.state.clone()).boxed()
    }
}

async fn perform(
    reaction: Reaction,
    request: Arc<Request>,
    state: Arc<State>,
) -> io::Result<Outcome> {
    let response = match reaction {
        Reaction::Forward => request.forward().await?,
        Reaction::ForwardWhen(notify) => {
            notify.notified().await;
            request.forward().await?
        }
        Reaction::HoldResponse(notify) => {
            let response = request.forward().await?;
            state.held.fetch_add(1, Ordering::Relaxed);
            notify.notified().await;
            response
        }
        Reaction::LoseResponse => {
            request.forward().await?;
            return Ok(Outcome::Close);
        }
        Reaction::KeepResponse => {
            request.forward().await?;
            return Ok(Outcome::Silence);
        }
        Reaction::Refuse {
            status,
            code,
            message,
        } => Response::refusal(status, code, message),
        Reaction::Respond(body) => Response::new(200, &body),
        Reaction::Silence => return Ok(Outcome::Silence),
    };
    Ok(Outcome::Respond(response))
}

/// Returns the endpoint of a server that forwards every request that its role allows. It runs as
/// long as the process.
pub fn open() -> &'static str {
    static OPEN: LazyLock<Server> = LazyLock::new(|| {
        Server::new(Reactions {
            react: |_: &Request| Reaction::Forward,
            state: Arc::default(),
        })
    });
    OPEN.endpoint()
}

/// Returns an endpoint without a listener.
pub async fn nothing() -> String {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port should be free");
    let address = listener.local_addr().expect("the port should be bound");
    format!("http://{address}")
}
