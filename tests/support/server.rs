//! An HTTP server between a store and LocalStack, on a thread of its own: it serves other processes
//! too, and while a test blocks. It refuses what the role of a request may not do.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

use futures::future::BoxFuture;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::http::{Request, Response};
use super::iam;

/// What becomes of a request.
pub enum Outcome {
    Respond(Response),
    /// The answer breaks off in its middle.
    CutOff(Response),
    /// The connection is closed without an answer.
    Close,
    /// The connection is reset.
    Reset,
    /// There is no answer, and the connection stays open.
    Silence,
}

/// What decides about requests.
pub trait Handler: Send + Sync + 'static {
    /// What happens here happens before the next request is looked at; what the future does, beside
    /// other requests. It runs to its end even if the client goes away.
    fn handle(&self, request: Request) -> BoxFuture<'static, io::Result<Outcome>>;
}

/// The server, until it is dropped.
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
                // An error says that the server is gone, which is as good.
                let _ = stopped.await;
            });
            // Ends the connections with the server.
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
        // Panics of its tasks have been printed.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

async fn accept(listener: std::net::TcpListener, handler: Arc<impl Handler>) {
    let listener = TcpListener::from_std(listener).expect("the port should be usable");
    while let Ok((connection, _)) = listener.accept().await {
        let handler = handler.clone();
        tokio::spawn(async move {
            // A client that goes away is none of the server's business.
            let _ = serve(connection, &*handler).await;
        });
    }
}

/// Serves one request; the next one comes on a connection of its own.
async fn serve(mut client: TcpStream, handler: &impl Handler) -> io::Result<()> {
    let request = Request::read(&mut client).await?;
    let outcome = match iam::refusal(&request).await? {
        Some(refusal) => Outcome::Respond(refusal),
        None => handler.handle(request.for_primary()).await?,
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
