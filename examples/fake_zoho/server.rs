//! The HTTP server, on a thread of its own, so that it also serves tests that block and other processes.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::JoinHandle;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::sync::oneshot;

use super::control;
use super::message::{Request, Response};
use super::service::Service;

/// Bodies of requests are smaller.
const BODY_LIMIT: usize = 1 << 20;

/// A made-up Zoho that serves until it is dropped.
#[derive(Debug)]
pub struct FakeZoho {
    service: Arc<Service>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl FakeZoho {
    /// Listens on this port of 127.0.0.1, or on a free one if it is 0.
    pub fn start(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port))?;
        listener.set_nonblocking(true)?;
        let service = Arc::new(Service::new(format!("http://{}", listener.local_addr()?)));
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let serving = service.clone();
        let thread = std::thread::spawn(move || {
            runtime.block_on(async {
                tokio::spawn(accept(listener, serving));
                // An error means that the server was dropped, which also ends it.
                let _ = stopped.await;
            });
            // Dropping the runtime closes all connections.
        });
        Ok(FakeZoho {
            service,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// The URL of the accounts server, which is also that of the API.
    pub fn url(&self) -> &str {
        &self.service.url
    }

    /// Executes `POST /_control/<command>` with this body, without a request.
    ///
    /// # Panics
    ///
    /// If there is no such command, or the body is not as it needs it.
    pub fn control(&self, command: &str, body: Value) -> Value {
        self.execute("POST", command, body)
    }

    /// Returns `GET /_control/counts`.
    pub fn counts(&self) -> Value {
        self.execute("GET", "counts", Value::Null)
    }

    /// Returns how many requests of this kind have arrived.
    pub fn requests(&self, kind: &str) -> usize {
        let state = self.service.state();
        state.counts.requests.get(kind).copied().unwrap_or(0)
    }

    fn execute(&self, method: &str, command: &str, body: Value) -> Value {
        control::execute(&self.service, method, command, body)
            .unwrap_or_else(|problem| panic!("{method} /_control/{command}: {problem}"))
    }

    /// Serves until the process ends.
    pub fn wait(mut self) {
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the server does not panic");
        }
    }
}

impl Drop for FakeZoho {
    fn drop(&mut self) {
        drop(self.stop.take());
        // Panics of its tasks were printed already.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

async fn accept(listener: TcpListener, service: Arc<Service>) {
    let listener =
        tokio::net::TcpListener::from_std(listener).expect("the listener is registered once");
    loop {
        let Ok((connection, _)) = listener.accept().await else {
            // Too many open files, for example: others may close meanwhile.
            tokio::task::yield_now().await;
            continue;
        };
        let service = service.clone();
        tokio::spawn(async move {
            let serve = service_fn(|request| serve(service.clone(), request));
            // A client that goes away, or a fault that closes the connection.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(connection), serve)
                .await;
        });
    }
}

async fn serve(
    service: Arc<Service>,
    request: hyper::Request<Incoming>,
) -> Result<hyper::Response<Full<Bytes>>, io::Error> {
    let request = read(request).await?;
    // A request that has arrived is executed even if its client goes away.
    let responding = tokio::spawn(async move { service.respond(&request).await });
    match responding.await? {
        Some(response) => write(response),
        None => Err(io::ErrorKind::ConnectionReset.into()),
    }
}

async fn read(request: hyper::Request<Incoming>) -> io::Result<Request> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, BODY_LIMIT).collect().await;
    let body = body.map_err(io::Error::other)?.to_bytes();
    let text = |name| {
        let value = head.headers.get(name)?.to_str().ok()?;
        Some(value.to_owned())
    };
    let query = form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes());
    let mut parameters: Vec<_> = query.into_owned().collect();
    let content_type: Option<String> = text(CONTENT_TYPE);
    if content_type.is_some_and(|it| it.starts_with("application/x-www-form-urlencoded")) {
        parameters.extend(form_urlencoded::parse(&body).into_owned());
    }
    Ok(Request {
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        parameters,
        authorization: text(AUTHORIZATION),
        body: body.to_vec(),
    })
}

fn write(response: Response) -> io::Result<hyper::Response<Full<Bytes>>> {
    let mut built = hyper::Response::builder()
        .status(response.status)
        .header(CONTENT_TYPE, response.content_type);
    if let Some(location) = response.location {
        built = built.header(LOCATION, location);
    }
    let body = Full::new(Bytes::from(response.body));
    built.body(body).map_err(io::Error::other)
}
