//! `login`: consent, code, exchange, save.

use std::io::{self, BufRead, IsTerminal};

use serde_json::Value;
use zoho_token_store::{DataCenter, OAuthToken, SecretString, SecretsManagerTokenStore};

use crate::args::LoginArgs;
use crate::failure::Failure;
use crate::interrupt::{finishing, unless_pressed};
use crate::oauth::hidden;
use crate::oauth::redirect::{Loopback, Redirect};
use crate::oauth::unsaved::{self, until_saved};
use crate::oauth::{consent, data_center};
use crate::output::{Output, note, record};

pub async fn login(
    store: SecretsManagerTokenStore,
    output: Output,
    args: LoginArgs,
) -> Result<(), Failure> {
    let asked = data_center(&args.zoho)?;
    let (secret, redirect) = unless_pressed(async {
        let secret = client_secret().await?;
        let redirect = match &args.redirect_url {
            Some(url) => browser(&asked, &args, url).await?,
            None => self_client(&asked, &args).await?,
        };
        Ok((secret, redirect))
    })
    .await?;
    // A user of another data centre comes back from its own server.
    let own = redirect.accounts_url.as_deref();
    let own = own.and_then(DataCenter::of_accounts_url).unwrap_or(asked);
    let accounts_url = own.accounts_url().to_owned();
    let provider = zoho_token_store::TokenProvider::builder(store.clone())
        .data_center(own)
        .client(args.client_id.as_str(), SecretString::from(secret.as_str()))
        .build()?;
    let exchange = async {
        let url = args.redirect_url.as_deref();
        let Some(user) = &args.user else {
            let token = match provider.login(redirect.code, url).await {
                Ok(token) => token,
                Err(error) => unsaved::save(&store, error).await?,
            };
            return Ok(token);
        };
        let mut token = OAuthToken::builder()
            .user_name(user)
            .client_id(&args.client_id)
            .client_secret(secret)
            .grant_token(redirect.code)
            // The user's record may name another data centre.
            .accounts_url(accounts_url);
        if let Some(url) = url {
            token = token.redirect_url(url);
        }
        let token = token.build()?;
        Ok(until_saved(&provider, async || provider.exchange_grant(&token).await).await?)
    };
    // A code can be sent once: what Zoho returns is not thrown away.
    let token = match finishing(exchange).await {
        Ok(token) => token,
        Err(Failure::Store(error)) => return Err(unsaved::report(output, error)),
        Err(failure) => return Err(failure),
    };
    if output.json {
        return output.json(&Value::Object(record::json(&token, output.show_secrets)));
    }
    let id = token.id().unwrap_or_default();
    let user = token.user_name().unwrap_or("-");
    output.line(&format!(
        "logged in\t{id}\t{}",
        crate::text::printable(user)
    ))
}

async fn client_secret() -> Result<String, Failure> {
    match std::env::var("ZOHO_CLIENT_SECRET") {
        Ok(secret) if !secret.is_empty() => Ok(secret),
        _ if io::stdin().is_terminal() => hidden("client secret: ").await,
        _ => Err(Failure::Usage(
            "the client secret is missing: set ZOHO_CLIENT_SECRET".to_owned(),
        )),
    }
}

/// Reads a line that is not shown.
async fn hidden(prompt: &'static str) -> Result<String, Failure> {
    line(hidden::read_line(prompt).await)
}

fn line(read: io::Result<String>) -> Result<String, Failure> {
    let line = read.map_err(|error| Failure::io("standard input cannot be read", error))?;
    match line.trim() {
        "" => Err(Failure::Usage("nothing was given".to_owned())),
        line => Ok(line.to_owned()),
    }
}

/// Lets the user consent in a browser, which comes back to this machine or, at another redirect URL,
/// shows the code in its address.
async fn browser(asked: &DataCenter, args: &LoginArgs, url: &str) -> Result<Redirect, Failure> {
    let state = state()?;
    let consent = consent::url(asked, &args.client_id, &args.scope, url, &state);
    let loopback = Loopback::open(url).await?;
    note("Open this page and consent:");
    note(&consent);
    match loopback {
        Some(loopback) => loopback.wait(&state).await,
        None => {
            note("Then copy `code` from the address that the browser shows at the end.");
            code().await
        }
    }
}

async fn self_client(asked: &DataCenter, args: &LoginArgs) -> Result<Redirect, Failure> {
    let console = asked
        .accounts_url()
        .replacen("accounts.", "api-console.", 1);
    note(&format!(
        "Generate a code at {console} (Self Client) with the scopes {}",
        args.scope
    ));
    code().await
}

async fn code() -> Result<Redirect, Failure> {
    let code = match io::stdin().is_terminal() {
        true => hidden("code: ").await?,
        false => {
            let read = tokio::task::spawn_blocking(|| {
                let mut line = String::new();
                io::stdin().lock().read_line(&mut line).map(|_| line)
            });
            line(
                read.await
                    .unwrap_or_else(|error| Err(io::Error::other(error))),
            )?
        }
    };
    Ok(Redirect {
        code,
        accounts_url: None,
    })
}

/// A random text that only this login knows.
fn state() -> Result<String, Failure> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::Other(format!("there is no random number: {error}")))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
