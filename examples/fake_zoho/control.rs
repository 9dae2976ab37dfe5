//! The endpoints below `/_control/`, with which a test prepares this Zoho and looks into it.

use std::time::{Instant, SystemTime};

use serde_json::{Value, json};

use super::accounts::{Owner, random_token};
use super::crm;
use super::faults::Fault;
use super::message::{Request, Response};
use super::service::{CLIENT_ID, CLIENT_SECRET, Counts, EMAIL, Service, State};
use super::settings::Settings;

pub fn respond(service: &Service, command: &str, request: &Request) -> Response {
    let given = match request.body.is_empty() {
        true => Ok(json!({})),
        false => serde_json::from_slice(&request.body),
    };
    let done = match given {
        Ok(given) => execute(service, &request.method, command, given),
        Err(error) => Err(error.to_string()),
    };
    match done {
        Ok(done) => Response::ok(&done),
        Err(problem) => Response::json(400, &json!({"problem": problem})),
    }
}

/// Executes a command with its JSON body.
pub fn execute(
    service: &Service,
    method: &str,
    command: &str,
    given: Value,
) -> Result<Value, String> {
    let mut state = service.state();
    match (method, command) {
        ("GET", "counts") => return serde_json::to_value(&state.counts).map_err(|e| e.to_string()),
        ("DELETE", "counts") => state.counts = Counts::default(),
        ("POST", "settings") => state.settings = state.settings.with(&given)?,
        ("DELETE", "settings") => state.settings = Settings::default(),
        ("POST", "fault") => state.faults.order(Fault::from_json(given)?),
        ("DELETE", "faults") => state.faults.clear(),
        ("POST", "release") => service.release(),
        ("POST", "login") => return log_in(service, &mut state, &given),
        ("POST", "grant") => return Ok(json!({"code": grant(&mut state, &given)?})),
        ("POST", "client") => drop(client(&mut state, &given)?),
        ("POST", "expire") => {
            let email = text(&given, "email")?;
            return Ok(json!({"ended": state.accounts.end_access_tokens(email)}));
        }
        ("POST", "logout") => {
            let email = text(&given, "email")?.unwrap_or(EMAIL);
            state.accounts.log_out(email);
        }
        _ => return Err(format!("there is no {method} /_control/{command}")),
    }
    Ok(json!({}))
}

/// A user logs in, and the client has exchanged the code. Returns the token as a store keeps it.
fn log_in(service: &Service, state: &mut State, given: &Value) -> Result<Value, String> {
    let (owner, client_secret) = owner(state, given)?;
    let refresh_token = match text(given, "refresh_token")? {
        Some(refresh_token) => refresh_token.to_owned(),
        None => random_token(),
    };
    let State {
        accounts, settings, ..
    } = state;
    let access_token = accounts.add(
        settings,
        owner.clone(),
        refresh_token.clone(),
        Instant::now(),
    );
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = now.map_err(|error| error.to_string())?.as_millis() as u64;
    let lifetime = (settings.access_token_seconds * 1000.0) as u64;
    Ok(json!({
        "user_name": format!("{}:{}", owner.email, crm::ORGANIZATION),
        "client_id": owner.client_id,
        "client_secret": client_secret,
        "refresh_token": refresh_token,
        "access_token": access_token,
        "expiry_time": (now + lifetime).to_string(),
        "api_domain": service.url,
    }))
}

/// A user agrees that a client acts for them.
fn grant(state: &mut State, given: &Value) -> Result<String, String> {
    let (owner, _) = owner(state, given)?;
    let redirect_uri = text(given, "redirect_uri")?.unwrap_or_default();
    let State {
        accounts, settings, ..
    } = state;
    Ok(accounts.grant(settings, owner, redirect_uri, Instant::now()))
}

/// The user and the client that are given, or those that are there at the beginning; and the client's secret.
fn owner(state: &mut State, given: &Value) -> Result<(Owner, String), String> {
    let (client_id, client_secret) = client(state, given)?;
    let email = text(given, "email")?.unwrap_or(EMAIL).to_owned();
    Ok((Owner { email, client_id }, client_secret))
}

/// Registers the client that is given.
fn client(state: &mut State, given: &Value) -> Result<(String, String), String> {
    let client_id = text(given, "client_id")?.unwrap_or(CLIENT_ID);
    let client_secret = text(given, "client_secret")?.unwrap_or(CLIENT_SECRET);
    state.accounts.register(client_id, client_secret);
    Ok((client_id.to_owned(), client_secret.to_owned()))
}

fn text<'a>(given: &'a Value, name: &str) -> Result<Option<&'a str>, String> {
    match given.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value
            .as_str()
            .map(Some)
            .ok_or_else(|| format!("`{name}` is a text")),
    }
}
