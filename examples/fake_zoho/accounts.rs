//! The accounts server's tokens: who has logged in, which tokens live, and when it refuses.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use uuid::Uuid;

use super::settings::{ExpiresIn, Settings};

/// The user and the OAuth client that a token is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    pub email: String,
    pub client_id: String,
}

/// The id and the secret of an OAuth client, as a request has them.
pub type Client<'a> = (&'a str, &'a str);

#[derive(Debug)]
struct Grant {
    code: String,
    owner: Owner,
    redirect_uri: String,
    until: Instant,
}

#[derive(Debug)]
struct Login {
    owner: Owner,
    refresh_token: String,
    /// The access tokens that live, and until when.
    access_tokens: Vec<(String, Instant)>,
    /// When access tokens were given, within the window.
    given: Vec<Instant>,
}

/// Why the accounts server gives no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    InvalidCode,
    InvalidClient,
    TooManyRequests,
}

/// All clients and tokens.
#[derive(Debug, Default)]
pub struct Accounts {
    /// The secret of each client.
    clients: BTreeMap<String, String>,
    grants: Vec<Grant>,
    logins: Vec<Login>,
}

impl Accounts {
    /// Registers an OAuth client.
    pub fn register(&mut self, client_id: &str, client_secret: &str) {
        let secret = client_secret.to_owned();
        self.clients.insert(client_id.to_owned(), secret);
    }

    pub fn is_registered(&self, client_id: &str) -> bool {
        self.clients.contains_key(client_id)
    }

    /// A user agrees that a client acts for them. Returns the code that the client exchanges.
    pub fn grant(
        &mut self,
        settings: &Settings,
        owner: Owner,
        redirect_uri: &str,
        now: Instant,
    ) -> String {
        let code = random_token();
        self.grants.push(Grant {
            code: code.clone(),
            owner,
            redirect_uri: redirect_uri.to_owned(),
            until: now + seconds(settings.grant_seconds),
        });
        code
    }

    /// A client exchanges a code, which it can do once.
    pub fn exchange(
        &mut self,
        settings: &Settings,
        code: &str,
        client: Client<'_>,
        redirect_uri: &str,
        now: Instant,
    ) -> Result<Value, Refusal> {
        let mut grants = self.grants.iter();
        let found = grants.position(|grant| grant.code == code && now < grant.until);
        let position = found.ok_or(Refusal::InvalidCode)?;
        self.check(&self.grants[position].owner, client)?;
        let grant = self.grants.remove(position);
        if grant.redirect_uri != redirect_uri {
            return Err(Refusal::InvalidCode);
        }
        let login = self.log_in(settings, grant.owner, random_token());
        let refresh_token = login.refresh_token.clone();
        let access_token = login.access_token(settings, now);
        Ok(answer(settings, &access_token, Some(&refresh_token)))
    }

    /// Adds a login with this refresh token. Returns its first access token.
    pub fn add(
        &mut self,
        settings: &Settings,
        owner: Owner,
        refresh_token: String,
        now: Instant,
    ) -> String {
        self.log_in(settings, owner, refresh_token)
            .access_token(settings, now)
    }

    fn log_in(&mut self, settings: &Settings, owner: Owner, refresh_token: String) -> &mut Login {
        self.logins
            .retain(|login| login.refresh_token != refresh_token);
        let of_owner = self.logins.iter().filter(|login| login.owner == owner);
        if of_owner.count() >= settings.refresh_tokens {
            let oldest = self.logins.iter().position(|login| login.owner == owner);
            oldest.map(|oldest| self.logins.remove(oldest));
        }
        self.logins.push(Login {
            owner,
            refresh_token,
            access_tokens: Vec::new(),
            given: Vec::new(),
        });
        self.logins.last_mut().expect("it was just added")
    }

    /// A client asks for another access token.
    pub fn refresh(
        &mut self,
        settings: &Settings,
        refresh_token: &str,
        client: Client<'_>,
        now: Instant,
    ) -> Result<Value, Refusal> {
        let position = self.position(refresh_token).ok_or(Refusal::InvalidCode)?;
        self.check(&self.logins[position].owner, client)?;
        let login = &mut self.logins[position];
        let window = seconds(settings.window_seconds);
        login.given.retain(|given| now < *given + window);
        if login.given.len() >= settings.refreshes_a_window {
            return Err(Refusal::TooManyRequests);
        }
        login.given.push(now);
        let access_token = login.access_token(settings, now);
        if !settings.rotate_refresh_tokens {
            return Ok(answer(settings, &access_token, None));
        }
        login.refresh_token = random_token();
        let rotated = login.refresh_token.clone();
        Ok(answer(settings, &access_token, Some(&rotated)))
    }

    /// Ends a refresh token with all its access tokens, or one access token. Returns whether there was one.
    pub fn revoke(&mut self, token: &str) -> bool {
        let before = self.logins.len();
        self.logins.retain(|login| login.refresh_token != token);
        let mut found = self.logins.len() < before;
        for login in &mut self.logins {
            let before = login.access_tokens.len();
            login.access_tokens.retain(|(value, _)| value != token);
            found |= login.access_tokens.len() < before;
        }
        found
    }

    /// Ends all logins of a user.
    pub fn log_out(&mut self, email: &str) {
        self.logins.retain(|login| login.owner.email != email);
    }

    /// Ends the access tokens of one user, or of all. Returns how many there were.
    pub fn end_access_tokens(&mut self, email: Option<&str>) -> usize {
        let chosen = |login: &&mut Login| email.is_none_or(|email| login.owner.email == email);
        let logins = self.logins.iter_mut().filter(chosen);
        logins
            .map(|login| std::mem::take(&mut login.access_tokens).len())
            .sum()
    }

    /// Returns whose access token this is, while it lives.
    pub fn owner_of_access_token(&self, access_token: &str, now: Instant) -> Option<&Owner> {
        let is_live = |login: &&Login| {
            let mut tokens = login.access_tokens.iter();
            tokens.any(|(value, until)| value == access_token && now < *until)
        };
        Some(&self.logins.iter().find(is_live)?.owner)
    }

    /// Returns whose refresh token this is.
    pub fn owner_of_refresh_token(&self, refresh_token: &str) -> Option<&Owner> {
        Some(&self.logins[self.position(refresh_token)?].owner)
    }

    fn position(&self, refresh_token: &str) -> Option<usize> {
        let mut logins = self.logins.iter();
        logins.position(|login| login.refresh_token == refresh_token)
    }

    fn check(&self, owner: &Owner, (client_id, client_secret): Client<'_>) -> Result<(), Refusal> {
        let secret = self.clients.get(client_id);
        if owner.client_id == client_id && secret.is_some_and(|secret| secret == client_secret) {
            return Ok(());
        }
        Err(Refusal::InvalidClient)
    }
}

impl Login {
    fn access_token(&mut self, settings: &Settings, now: Instant) -> String {
        let access_token = random_token();
        let until = now + seconds(settings.access_token_seconds);
        self.access_tokens.retain(|(_, until)| now < *until);
        self.access_tokens.push((access_token.clone(), until));
        let ended = self
            .access_tokens
            .len()
            .saturating_sub(settings.live_access_tokens);
        self.access_tokens.drain(..ended);
        access_token
    }
}

/// The answer with a token, without `api_domain`, which the server knows.
fn answer(settings: &Settings, access_token: &str, refresh_token: Option<&str>) -> Value {
    let mut answer = json!({
        "access_token": access_token,
        "scope": "ZohoCRM.modules.ALL ZohoCRM.users.READ ZohoCRM.org.READ",
        "token_type": "Bearer",
    });
    if let Some(refresh_token) = refresh_token {
        answer["refresh_token"] = refresh_token.into();
    }
    let lifetime = settings.access_token_seconds;
    match settings.expires_in {
        ExpiresIn::Seconds => answer["expires_in"] = json!(lifetime.ceil() as u64),
        ExpiresIn::Milliseconds => {
            answer["expires_in"] = json!((lifetime * 1000.0) as u64);
            answer["expires_in_sec"] = json!(lifetime.ceil() as u64);
        }
        ExpiresIn::Missing => {}
    }
    answer
}

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

/// A token in the form of Zoho's.
pub fn random_token() -> String {
    let part = || Uuid::new_v4().simple().to_string();
    format!("1000.{}.{}", part(), part())
}

#[cfg(test)]
#[path = "accounts_tests.rs"]
mod tests;
