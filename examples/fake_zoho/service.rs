//! What each request does, without HTTP's details: tokens, the API, faults and counts.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::accounts::{Accounts, Owner, Refusal};
use super::faults::{Faults, What};
use super::message::{Request, Response};
use super::settings::Settings;
use super::{control, crm};

/// The client and the user that are there at the beginning.
pub const CLIENT_ID: &str = "1000.EXAMPLE";
pub const CLIENT_SECRET: &str = "s3cr3t";
pub const EMAIL: &str = "ada@example.com";

/// A made-up Zoho at this address.
#[derive(Debug)]
pub struct Service {
    pub url: String,
    state: Mutex<State>,
    /// How often hanging requests were released.
    released: watch::Sender<usize>,
}

#[derive(Debug)]
pub struct State {
    pub accounts: Accounts,
    pub settings: Settings,
    pub faults: Faults,
    pub counts: Counts,
}

/// How often each kind of request arrived, and how often the accounts server gave a token.
#[derive(Debug, Default, Serialize)]
pub struct Counts {
    /// Requests that arrived, by kind, whatever became of them.
    pub requests: BTreeMap<String, usize>,
    /// Refreshes and exchanges that gave a token.
    pub issued: BTreeMap<String, usize>,
    /// Refreshes that gave a token, by the user's email.
    pub refreshed: BTreeMap<String, usize>,
    /// Requests that the API refused with 401.
    pub unauthorized: usize,
    /// Refreshes that were refused because there were too many.
    pub throttled: usize,
}

impl Service {
    pub fn new(url: String) -> Self {
        let mut accounts = Accounts::default();
        accounts.register(CLIENT_ID, CLIENT_SECRET);
        Service {
            url,
            state: Mutex::new(State {
                accounts,
                settings: Settings::default(),
                faults: Faults::default(),
                counts: Counts::default(),
            }),
            released: watch::Sender::new(0),
        }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no request panics")
    }

    /// Lets requests go on that hang.
    pub fn release(&self) {
        self.released.send_modify(|released| *released += 1);
    }

    /// Executes a request. `None` closes the connection.
    pub async fn respond(&self, request: &Request) -> Option<Response> {
        if let Some(command) = request.path.strip_prefix("/_control/") {
            return Some(control::respond(self, command, request));
        }
        let kind = kind(request);
        // Before anything else, so that a release that follows is not missed.
        let mut released = self.released.subscribe();
        let fault = {
            let mut state = self.state();
            *state.counts.requests.entry(kind.to_owned()).or_default() += 1;
            state.faults.next(kind)
        };
        match fault {
            None => Some(self.execute(kind, request)),
            Some(What::Delay { milliseconds }) => {
                tokio::time::sleep(Duration::from_millis(milliseconds)).await;
                Some(self.execute(kind, request))
            }
            Some(What::DelayAfter { milliseconds }) => {
                let response = self.execute(kind, request);
                tokio::time::sleep(Duration::from_millis(milliseconds)).await;
                Some(response)
            }
            Some(What::Hang) => {
                released.changed().await.ok()?;
                Some(self.execute(kind, request))
            }
            Some(What::HangAfter) => {
                let response = self.execute(kind, request);
                released.changed().await.ok()?;
                Some(response)
            }
            Some(What::Reset) => None,
            Some(What::ResetAfter) => {
                self.execute(kind, request);
                None
            }
            Some(What::Status { status }) => Some(Response::page(status, "<html></html>")),
            Some(What::Error { error }) => Some(Response::refused(&error)),
            Some(What::Body { body }) => Some(Response::page(200, &body)),
        }
    }

    fn execute(&self, kind: &str, request: &Request) -> Response {
        let mut state = self.state();
        let State {
            accounts,
            settings,
            counts,
            ..
        } = &mut *state;
        let now = Instant::now();
        let client = (
            request.parameter("client_id"),
            request.parameter("client_secret"),
        );
        match kind {
            "authorize" => self.authorize(accounts, settings, request),
            "grant" => {
                let code = request.parameter("code");
                let redirect_uri = request.parameter("redirect_uri");
                let answer = accounts.exchange(settings, code, client, redirect_uri, now);
                self.token(settings, counts, kind, answer)
            }
            "refresh" => {
                let token = request.parameter("refresh_token");
                let owner = accounts.owner_of_refresh_token(token).cloned();
                let answer = accounts.refresh(settings, token, client, now);
                if let (Some(owner), Ok(_)) = (owner, &answer) {
                    *counts.refreshed.entry(owner.email).or_default() += 1;
                }
                self.token(settings, counts, kind, answer)
            }
            "revoke" => match accounts.revoke(request.parameter("token")) {
                true => Response::ok(&json!({"status": "success"})),
                false => Response::refused("invalid_code"),
            },
            "users" | "org" | "records" => match access(accounts, request, now) {
                Ok(owner) => Response::ok(&match kind {
                    "users" => crm::users(owner),
                    "org" => crm::organization(),
                    _ => crm::records(request.path.rsplit('/').next().unwrap_or_default()),
                }),
                Err(response) => {
                    counts.unauthorized += 1;
                    response
                }
            },
            _ => Response::page(404, "<html></html>"),
        }
    }

    /// The page on which a user agrees. This user always agrees, and is sent back at once.
    fn authorize(
        &self,
        accounts: &mut Accounts,
        settings: &Settings,
        request: &Request,
    ) -> Response {
        let client_id = request.parameter("client_id");
        let redirect_uri = request.parameter("redirect_uri");
        if !accounts.is_registered(client_id) || redirect_uri.is_empty() {
            return Response::page(400, "<html>Invalid client or redirect URI</html>");
        }
        let email = match request.parameter("login_hint") {
            "" => EMAIL,
            email => email,
        };
        let owner = Owner {
            email: email.to_owned(),
            client_id: client_id.to_owned(),
        };
        let code = accounts.grant(settings, owner, redirect_uri, Instant::now());
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("code", &code)
            .append_pair("location", "eu")
            .append_pair("accounts-server", &self.url)
            .append_pair("state", request.parameter("state"))
            .finish();
        let separator = if redirect_uri.contains('?') { '&' } else { '?' };
        Response::redirect(format!("{redirect_uri}{separator}{query}"))
    }

    fn token(
        &self,
        settings: &Settings,
        counts: &mut Counts,
        kind: &str,
        answer: Result<Value, Refusal>,
    ) -> Response {
        let mut answer = match answer {
            Ok(answer) => answer,
            Err(Refusal::InvalidCode) => return Response::refused("invalid_code"),
            Err(Refusal::InvalidClient) => return Response::refused("invalid_client"),
            Err(Refusal::TooManyRequests) => {
                counts.throttled += 1;
                return Response::ok(&json!({
                    "error": "Access Denied",
                    "error_description":
                        "You have made too many requests continuously. Please try again after some time.",
                    "status": "failure",
                }));
            }
        };
        *counts.issued.entry(kind.to_owned()).or_default() += 1;
        answer["api_domain"] = self.url.as_str().into();
        if let Some(fields) = answer.as_object_mut() {
            fields.retain(|name, _| !settings.omit.contains(name));
        }
        Response::ok(&answer)
    }
}

/// Returns whose access token the request has.
fn access<'a>(
    accounts: &'a Accounts,
    request: &Request,
    now: Instant,
) -> Result<&'a Owner, Response> {
    let header = request.authorization.as_deref().unwrap_or_default();
    let token = header
        .strip_prefix("Zoho-oauthtoken ")
        .ok_or_else(|| crm::unauthorized(false))?;
    let owner = accounts.owner_of_access_token(token, now);
    owner.ok_or_else(|| crm::unauthorized(true))
}

/// Returns the kind of a request, as counts and faults name it.
fn kind(request: &Request) -> &'static str {
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/oauth/v2/auth") => "authorize",
        ("POST", "/oauth/v2/token") => match request.parameter("grant_type") {
            "refresh_token" => "refresh",
            "authorization_code" => "grant",
            _ => "other",
        },
        ("POST", "/oauth/v2/token/revoke") => "revoke",
        ("GET", "/crm/v8/users") => "users",
        ("GET", "/crm/v8/org") => "org",
        ("GET", path) if path.starts_with("/crm/v8/") => "records",
        _ => "other",
    }
}
