//! An HTTP server between a store and LocalStack that passes requests on, or answers, delays, or
//! loses them; and that refuses what the role of a request may not do.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, mpsc};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};

use super::{iam, localstack};

/// The id that the server's own answers have.
pub const REQUEST_ID: &str = "request-of-the-tests";

/// What the server does with a request.
pub enum Reaction {
    /// Passes it on, and the answer back.
    Forward,
    /// The same, once it is told to.
    ForwardWhen(Arc<Notify>),
    /// Passes it on, and the answer back once it is told to.
    HoldAnswer(Arc<Notify>),
    /// Passes it on, and closes the connection instead of passing the answer back.
    LoseAnswer,
    /// Passes it on, and never passes the answer back.
    KeepAnswer,
    /// Answers this error of AWS's.
    Refuse {
        status: u16,
        code: &'static str,
        message: &'static str,
    },
    /// Answers this.
    Answer(Value),
    /// Never answers.
    Silence,
}

/// A request to Secrets Manager.
pub struct Request {
    /// For example `GetSecretValue`.
    pub action: String,
    pub body: Value,
}

/// The server. It runs on the runtime of the test until it is dropped.
pub struct Front {
    endpoint: String,
    seen: Arc<Mutex<Vec<Request>>>,
    held: Arc<AtomicUsize>,
    server: JoinHandle<()>,
}

impl Front {
    /// A server that does with each request what the function says.
    pub async fn new(react: impl Fn(&Request) -> Reaction + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        let address = listener.local_addr().expect("the port is bound");
        let (react, seen) = (Arc::new(react), Arc::new(Mutex::new(Vec::new())));
        let held = Arc::new(AtomicUsize::new(0));
        let server = tokio::spawn({
            let (seen, held) = (seen.clone(), held.clone());
            async move {
                // Ends the connections with the server.
                let mut connections = JoinSet::new();
                while let Ok((connection, _)) = listener.accept().await {
                    let (react, seen, held) = (react.clone(), seen.clone(), held.clone());
                    connections.spawn(async move {
                        // A client that goes away is none of the server's business.
                        let _ = serve(connection, &*react, &seen, &held).await;
                    });
                }
            }
        });
        Front {
            endpoint: format!("http://{address}"),
            seen,
            held,
            server,
        }
    }

    /// A server that refuses one action, and passes everything else on.
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
        &self.endpoint
    }

    /// How many requests for an action have come.
    pub fn seen(&self, action: &str) -> usize {
        self.bodies(action).len()
    }

    /// How many answers have been held back.
    pub fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// What the requests for an action have asked for.
    pub fn bodies(&self, action: &str) -> Vec<Value> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let of_action = seen.iter().filter(|request| request.action == action);
        of_action.map(|request| request.body.clone()).collect()
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// The endpoint of a server that passes everything on that is allowed, for as long as the process runs.
pub fn open() -> &'static str {
    static ENDPOINT: OnceLock<String> = OnceLock::new();
    ENDPOINT.get_or_init(|| {
        let (tell, told) = mpsc::channel();
        // Every test has a runtime of its own, which ends with it.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.expect("there is a runtime").block_on(async {
                let front = Front::new(|_| Reaction::Forward).await;
                tell.send(front.endpoint().to_owned())
                    .expect("it is waited for");
                std::future::pending::<()>().await;
            });
        });
        told.recv().expect("the server has started")
    })
}

/// An endpoint where nothing listens.
pub async fn nothing() -> String {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port is free");
    let address = listener.local_addr().expect("the port is bound");
    format!("http://{address}")
}

/// Serves one request; the next one comes on a connection of its own.
async fn serve(
    mut client: TcpStream,
    react: &(dyn Fn(&Request) -> Reaction + Send + Sync),
    seen: &Mutex<Vec<Request>>,
    held: &AtomicUsize,
) -> io::Result<()> {
    let (head, body) = read_request(&mut client).await?;
    let request = Request {
        action: action(&head).to_owned(),
        body: serde_json::from_slice(&body)?,
    };
    let reaction = react(&request);
    seen.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(request);
    let answer = match reaction {
        Reaction::Forward => forward(&head, &body).await?,
        Reaction::ForwardWhen(told) => {
            told.notified().await;
            forward(&head, &body).await?
        }
        Reaction::HoldAnswer(told) => {
            let answer = forward(&head, &body).await?;
            held.fetch_add(1, Ordering::Relaxed);
            told.notified().await;
            answer
        }
        Reaction::LoseAnswer => {
            forward(&head, &body).await?;
            return Ok(());
        }
        Reaction::KeepAnswer => {
            forward(&head, &body).await?;
            std::future::pending().await
        }
        Reaction::Refuse {
            status,
            code,
            message,
        } => answer(status, &json!({"__type": code, "message": message})),
        Reaction::Answer(body) => answer(200, &body),
        Reaction::Silence => std::future::pending().await,
    };
    client.write_all(&answer).await?;
    client.shutdown().await
}

fn answer(status: u16, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    let head = format!(
        "HTTP/1.1 {status} Answer\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: {}\r\n\
         x-amzn-RequestId: {REQUEST_ID}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    (head + &body).into_bytes()
}

async fn read_request(client: &mut TcpStream) -> io::Result<(String, Vec<u8>)> {
    let mut read = Vec::new();
    loop {
        if client.read_buf(&mut read).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let end = read.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        let Some(end) = end.map(|end| end + 4) else {
            continue;
        };
        let mut body = read.split_off(end);
        let head = String::from_utf8_lossy(&read).into_owned();
        let length: usize = header(&head, "content-length").parse().unwrap_or(0);
        let missing = length.saturating_sub(body.len());
        client.take(missing as u64).read_to_end(&mut body).await?;
        return Ok((head, body));
    }
}

fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    let field = fields.find(|(other, _)| other.eq_ignore_ascii_case(name));
    field.map(|(_, value)| value.trim()).unwrap_or_default()
}

fn action(head: &str) -> &str {
    header(head, "x-amz-target").trim_start_matches("secretsmanager.")
}

/// Passes a request on to LocalStack if it is allowed.
async fn forward(head: &str, body: &[u8]) -> io::Result<Vec<u8>> {
    let authorization = header(head, "authorization");
    let refusal = iam::refusal(authorization, action(head), &serde_json::from_slice(body)?).await;
    match refusal {
        Some(refusal) => Ok(answer(400, &refusal)),
        // LocalStack 4.14.0 fails where a replica is read. Its primary answers the same.
        None => {
            pass_on(
                &head.replace(&scope(iam::REPLICA_REGION), &scope(localstack::REGION)),
                body,
            )
            .await
        }
    }
}

/// How the region stands in the signature of a request.
fn scope(region: &str) -> String {
    format!("/{region}/secretsmanager/")
}

/// What LocalStack answers when it is asked past all roles.
pub async fn ask(action: &str, body: &Value) -> io::Result<Value> {
    let body = body.to_string();
    let head = format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-amz-json-1.1\r\n\
         X-Amz-Target: secretsmanager.{action}\r\nContent-Length: {}\r\nAuthorization: AWS4-HMAC-SHA256 \
         Credential=test/20260101{}aws4_request, SignedHeaders=host, Signature=none\r\n",
        body.len(),
        scope(localstack::REGION)
    );
    let answer = pass_on(&head, body.as_bytes()).await?;
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    let body = end.map(|end| &answer[end + 4..]).unwrap_or_default();
    Ok(serde_json::from_slice(body)?)
}

/// Passes a request on to LocalStack, again if LocalStack fails within: it does now and then, when
/// the requests of several tests meet.
async fn pass_on(head: &str, body: &[u8]) -> io::Result<Vec<u8>> {
    for _ in 0..10 {
        let answer = forward_once(head, body).await?;
        if !answer.starts_with(b"HTTP/1.1 500") {
            return Ok(answer);
        }
    }
    forward_once(head, body).await
}

/// Sends a request to LocalStack, and reads the answer until LocalStack closes the connection, as
/// it is asked to.
async fn forward_once(head: &str, body: &[u8]) -> io::Result<Vec<u8>> {
    let endpoint = localstack::endpoint().trim_start_matches("http://");
    let mut upstream = TcpStream::connect(endpoint.trim_end_matches('/')).await?;
    let head = head.trim_end().to_owned() + "\r\nConnection: close\r\n\r\n";
    upstream.write_all(head.as_bytes()).await?;
    upstream.write_all(body).await?;
    let mut answer = Vec::new();
    upstream.read_to_end(&mut answer).await?;
    Ok(answer)
}
