//! Zoho's accounts server in the test process: what it has issued, and what goes wrong with requests.

use std::collections::BTreeSet;
use std::fmt;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::{sleep, timeout};
use zoho_token_store::ExposeSecret;
use zoho_token_store::oauth::{HttpClient, HttpError, HttpRequest, HttpResponse};

use crate::aws::{Answered, Executed, Fault, Held};
use crate::clock::Clock;
use crate::link::Link;
use crate::trace::Trace;

/// The lifetime of an access token.
pub const LIFETIME: Duration = Duration::from_secs(3_600);

/// How long a request is on its way, and its response.
const LATENCY: Duration = Duration::from_millis(150);

/// An accounts server. Clones are the same one.
#[derive(Clone)]
pub struct Zoho {
    clock: Clock,
    trace: Trace,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    /// Whether each refresh issues another refresh token, and the former one ends.
    rotates: bool,
    refresh_token: String,
    /// What each request for a token is refused with.
    refusal: Option<String>,
    /// No request is responded to.
    is_silent: bool,
    issued: usize,
    /// The requests for a token that arrived.
    requests: usize,
    /// Those of them with a grant token.
    grants: usize,
    exchanged: BTreeSet<String>,
    orders: Vec<(String, Order)>,
}

enum Order {
    Fault(Fault),
    Hold(Held),
}

impl Zoho {
    /// A server that accepts the refresh token `r0`, and any grant token once.
    pub fn new(clock: Clock, trace: Trace) -> Self {
        let inner = Inner {
            refresh_token: "r0".to_owned(),
            ..Inner::default()
        };
        Zoho {
            clock,
            trace,
            inner: Arc::new(Mutex::new(inner)),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Each refresh issues another refresh token from now on, and the former one ends.
    pub fn rotate(&self) {
        self.inner().rotates = true;
    }

    /// Each request for a token is refused with this body from now on.
    pub fn refuse_all(&self, body: &str) {
        self.inner().refusal = Some(body.to_owned());
    }

    /// No request is executed or responded to from now on.
    pub fn be_silent(&self) {
        self.inner().is_silent = true;
    }

    /// The refresh token that is accepted now.
    pub fn refresh_token(&self) -> String {
        self.inner().refresh_token.clone()
    }

    /// The number of requests for a token that arrived.
    pub fn requests(&self) -> usize {
        self.inner().requests
    }

    /// The number of those with a grant token.
    pub fn grants(&self) -> usize {
        self.inner().grants
    }

    /// The number of access tokens that were issued: `a1`, `a2` and so on.
    pub fn issued(&self) -> usize {
        self.inner().issued
    }

    /// Has this go wrong with the next request of a process.
    pub fn order(&self, process: &str, fault: Fault) {
        let order = (process.to_owned(), Order::Fault(fault));
        self.inner().orders.push(order);
    }

    /// Holds the next request of a process before it is executed.
    pub fn hold(&self, process: &str) -> Held {
        let held = Held::default();
        let order = (process.to_owned(), Order::Hold(held.clone()));
        self.inner().orders.push(order);
        held
    }

    /// The HTTP client of a process.
    pub fn client(&self, link: &Arc<Link>) -> Client {
        Client {
            zoho: self.clone(),
            link: link.clone(),
        }
    }

    async fn serve(&self, link: &Link, form: &str) -> Result<String, HttpError> {
        if link.has_crashed() {
            return pending().await;
        }
        if self.inner().is_silent {
            return pending().await;
        }
        let order = {
            let mut inner = self.inner();
            let place = inner.orders.iter().position(|(name, _)| *name == link.name);
            place.map(|place| inner.orders.remove(place).1)
        };
        sleep(LATENCY).await;
        let fault = match order {
            Some(Order::Fault(fault)) => Some(fault),
            Some(Order::Hold(held)) => {
                held.wait().await;
                None
            }
            None => None,
        };
        let executed = fault.map_or(Executed::Now, Fault::executed);
        let body = match executed {
            Executed::Now | Executed::Later => self.execute(&link.name, form),
            Executed::Never => String::new(),
        };
        if fault.is_some_and(Fault::is_crash) {
            link.crash();
        }
        sleep(LATENCY).await;
        match fault.map_or(Answered::Outcome, Fault::answered) {
            Answered::Outcome => Ok(body),
            Answered::Reset => Err(HttpError::lost("the connection was reset")),
            Answered::Refusal(_) => Ok(r#"{"error":"general_error"}"#.to_owned()),
            Answered::Nothing => pending().await,
        }
    }

    fn execute(&self, process: &str, form: &str) -> String {
        let mut inner = self.inner();
        inner.requests += 1;
        inner.grants += usize::from(form.contains("grant_type=authorization_code"));
        if let Some(refusal) = inner.refusal.clone() {
            drop(inner);
            self.note(process, "refused");
            return refusal;
        }
        let given = |name: &str| {
            let mut pairs = form.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find_map(|(key, value)| (key == name).then_some(value))
        };
        let is_accepted = match (given("refresh_token"), given("code")) {
            (Some(token), _) => token == inner.refresh_token,
            (None, Some(code)) => inner.exchanged.insert(code.to_owned()),
            (None, None) => false,
        };
        if !is_accepted {
            drop(inner);
            self.note(process, "refused");
            return r#"{"error":"invalid_code"}"#.to_owned();
        }
        inner.issued += 1;
        let number = inner.issued;
        let is_new = inner.rotates || given("code").is_some();
        let rotated = match is_new {
            true => {
                inner.refresh_token = format!("r{number}");
                format!(r#","refresh_token":"r{number}""#)
            }
            false => String::new(),
        };
        drop(inner);
        self.note(process, &format!("issued a{number}"));
        let seconds = LIFETIME.as_secs();
        format!(r#"{{"access_token":"a{number}","expires_in":{seconds}{rotated}}}"#)
    }

    fn note(&self, process: &str, what: &str) {
        let what = format!("    Zoho -> {what}");
        self.trace.note(self.clock.now(), process, &what);
    }
}

/// What a process sends its requests to Zoho with.
pub struct Client {
    zoho: Zoho,
    link: Arc<Link>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let form = request.form.as_ref();
        let form = form.map(|form| form.expose_secret().to_owned());
        let served = match form {
            Some(form) => timeout(request.timeout, self.zoho.serve(&self.link, &form)).await,
            None => Ok(Ok("{}".to_owned())),
        };
        let body = served.map_err(HttpError::lost)??;
        Ok(HttpResponse {
            status: 200,
            body: body.into(),
        })
    }
}
