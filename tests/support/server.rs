//! An HTTP server between a store and LocalStack. It runs on a thread of its own, so that it also
//! serves other processes and tests that block. It refuses requests that their role does not allow.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

use futures::future::BoxFuture;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::http::{Request, Response};
use super::iam::{self, batches::Batch};

/// What happens to a request.
pub enum Outcome {
    Respond(Response),
    /// The response ends in the middle of its body.
    CutOff(Response),
    /// The connection is closed without a response.
    Close,
    /// The connection is reset.
    Reset,
    /// There is no response, and the connection stays open.
    Silence,
}

/// Decides what happens to requests.
pub trait Handler: Send + Sync + 'static {
    /// The call itself completes before the next request is handled; the returned future runs
    /// concurrently with other requests. It runs to its end even if the client disconnects.
    fn handle(&self, request: Request) -> BoxFuture<'static, io::Result<Outcome>>;
}

/// The server runs until it is dropped.
pub struct Server {
    endpoint: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub fn new(handler: impl Handler) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port should be free");
        listener
            .set_nonblocking(true)
            .expect("the port should be usable");
        let address = listener.local_addr().expect("the port should be bound");
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let runtime = runtime.expect("the runtime should start");
            runtime.block_on(async {
                tokio::spawn(accept(listener, Arc::new(handler)));
                // An error means that the server was dropped, which also ends it.
                let _ = stopped.await;
            });
            // Dropping the runtime closes all connections.
        });
        Server {
            endpoint: format!("http://{address}"),
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        // Panics of its tasks were printed already.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

async fn accept(listener: std::net::TcpListener, handler: Arc<impl Handler>) {
    let listener = TcpListener::from_std(listener).expect("the port should be usable");
    while let Ok((connection, _)) = listener.accept().await {
        let handler = handler.clone();
        tokio::spawn(async move {
            // Errors of a client that disconnects do not matter.
            let _ = serve(connection, &*handler).await;
        });
    }
}

/// Handles a request without the secrets of a batch that its role may not read.
async fn handle_allowed(request: Request, handler: &impl Handler) -> io::Result<Outcome> {
    let Some(mut batch) = Batch::of(&request) else {
        return handler.handle(request.for_primary()).await;
    };
    let outcome = match batch.allowed.take() {
        Some(allowed) => handler.handle(allowed.for_primary()).await?,
        None => Outcome::Respond(Response::new(200, &json!({"SecretValues": []}))),
    };
    Ok(match outcome {
        Outcome::Respond(response) => Outcome::Respond(batch.complete(response)),
        outcome => outcome,
    })
}

/// Serves one request; each request has its own connection.
async fn serve(mut client: TcpStream, handler: &impl Handler) -> io::Result<()> {
    let request = Request::read(&mut client).await?;
    let outcome = match iam::refusal(&request).await? {
        Some(refusal) => Outcome::Respond(refusal),
        None => handle_allowed(request, handler).await?,
    };
    match outcome {
        Outcome::Respond(response) => client.write_all(response.bytes()).await?,
        Outcome::CutOff(response) => client.write_all(response.cut_off()).await?,
        Outcome::Close => {}
        Outcome::Reset => return client.set_zero_linger(),
        Outcome::Silence => std::future::pending().await,
    }
    client.shutdown().await
}
