//! A Secrets Manager in memory, for more secrets than LocalStack can hold: as much of it as an import
//! calls.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;

/// A server, which stops when it is dropped.
pub struct MemoryService {
    pub url: String,
    secrets: Arc<Mutex<Secrets>>,
    creations: Arc<Creations>,
    _runtime: Runtime,
}

/// What becomes of the calls that create a secret.
#[derive(Default)]
struct Creations {
    mode: watch::Sender<Mode>,
    /// How many have been held or have failed.
    stopped: AtomicUsize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    #[default]
    Succeed,
    /// They are executed once the mode is another one.
    Hold,
    /// AWS has an internal error.
    Fail,
    /// The role may not create secrets.
    Refuse,
}

#[derive(Default)]
struct Secrets {
    values: HashMap<String, Value>,
    created: Vec<Instant>,
    unknown: Vec<String>,
}

impl MemoryService {
    pub fn start() -> Self {
        let runtime = Runtime::new().expect("a runtime starts");
        let secrets = Arc::new(Mutex::new(Secrets::default()));
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"));
        let listener = listener.expect("there is a free port");
        let address = listener.local_addr().expect("it has an address");
        let creations = Arc::new(Creations::default());
        runtime.spawn(serve(listener, secrets.clone(), creations.clone()));
        MemoryService {
            url: format!("http://{address}"),
            secrets,
            creations,
            _runtime: runtime,
        }
    }

    /// What becomes of the calls that create a secret from now on, and of those that are held.
    pub fn set(&self, mode: Mode) {
        self.creations.mode.send_replace(mode);
    }

    /// Waits until this many creations have been held or have failed.
    pub fn wait_for_stopped(&self, number: usize) {
        let started = Instant::now();
        while self.creations.stopped.load(Ordering::SeqCst) < number {
            assert!(
                started.elapsed() < Duration::from_secs(60),
                "there are fewer"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// How many secrets have been created.
    pub fn created(&self) -> usize {
        self.lock().created.len()
    }

    /// The largest number of secrets created within one second.
    pub fn most_created_in_a_second(&self) -> usize {
        let mut created = self.lock().created.clone();
        created.sort_unstable();
        let within = |(position, first): (usize, &Instant)| {
            let end = *first + Duration::from_secs(1);
            created.partition_point(|time| *time < end) - position
        };
        created
            .iter()
            .enumerate()
            .map(within)
            .max()
            .unwrap_or_default()
    }

    /// The actions that it was asked for and does not have.
    pub fn unknown_actions(&self) -> Vec<String> {
        self.lock().unknown.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Secrets> {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn serve(listener: TcpListener, secrets: Arc<Mutex<Secrets>>, creations: Arc<Creations>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (secrets, creations) = (secrets.clone(), creations.clone());
        let service =
            service_fn(move |request| respond(request, secrets.clone(), creations.clone()));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn respond(
    request: Request<Incoming>,
    secrets: Arc<Mutex<Secrets>>,
    creations: Arc<Creations>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let action = request.headers().get("x-amz-target");
    let action = action.and_then(|action| action.to_str().ok());
    let action = action.unwrap_or_default().to_owned();
    let body = request.into_body().collect().await;
    let body = body.map(|body| body.to_bytes()).unwrap_or_default();
    let body = serde_json::from_slice(&body).unwrap_or_default();
    let action = action.trim_start_matches("secretsmanager.");
    let mode = match action {
        "CreateSecret" => creations.mode().await,
        _ => Mode::Succeed,
    };
    let mut secrets = secrets.lock().unwrap_or_else(PoisonError::into_inner);
    let (status, answer) = match mode {
        Mode::Fail => (500, json!({"__type": "InternalServiceError"})),
        Mode::Refuse => (400, json!({"__type": "AccessDeniedException"})),
        Mode::Succeed | Mode::Hold => match secrets.answer(action, &body) {
            Ok(answer) => (200, answer),
            Err(exception) => (400, json!({"__type": exception})),
        },
    };
    let response = Response::builder()
        .status(status)
        .header("content-type", "application/x-amz-json-1.1")
        .body(Full::from(answer.to_string()));
    Ok(response.expect("the response is complete"))
}

impl Creations {
    /// Waits as long as creations are held, and returns what becomes of this one.
    async fn mode(&self) -> Mode {
        let mut mode = self.mode.subscribe();
        if *mode.borrow() != Mode::Succeed {
            self.stopped.fetch_add(1, Ordering::SeqCst);
        }
        let now = mode.wait_for(|mode| *mode != Mode::Hold).await;
        now.map_or(Mode::Fail, |mode| *mode)
    }
}

impl Secrets {
    fn answer(&mut self, action: &str, body: &Value) -> Result<Value, &'static str> {
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        match action {
            "GetSecretValue" => {
                let secret = self.values.get(&text("SecretId"));
                secret.cloned().ok_or("ResourceNotFoundException")
            }
            // The role has only what a lookup and an import need.
            "DescribeSecret" => Err("AccessDeniedException"),
            // As of minutes ago, when there was nothing.
            "ListSecrets" => Ok(json!({"SecretList": []})),
            "CreateSecret" => {
                let name = text("Name");
                if self.values.contains_key(&name) {
                    return Err("ResourceExistsException");
                }
                let secret = json!({
                    "ARN": format!("arn:aws:secretsmanager:us-east-1:1:secret:{name}-123456"),
                    "Name": &name,
                    "VersionId": text("ClientRequestToken"),
                    "SecretString": text("SecretString"),
                    "VersionStages": ["AWSCURRENT"],
                });
                self.values.insert(name, secret.clone());
                self.created.push(Instant::now());
                Ok(secret)
            }
            other => {
                self.unknown.push(other.to_owned());
                Err("InvalidRequestException")
            }
        }
    }
}
