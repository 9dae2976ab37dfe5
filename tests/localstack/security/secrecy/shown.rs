//! The texts that a program can print of its input, and a run of every operation.

use std::collections::BTreeSet;
use std::error::Error as StdError;
use std::fmt::Debug;

use futures::StreamExt;
use zoho_token_store::{Error, OAuthToken, Outcome, Report, SecretsManagerTokenStore, TokenStore};

use super::marker::marked;
use crate::support::token::id;

/// Returns a token with the marker in all fields but id and expiry time.
pub fn whole(user: &str) -> OAuthToken {
    let mark = |column| marked(&format!("{column}-{user}"));
    let token = OAuthToken::builder()
        .user_name(mark("user"))
        .client_id(marked("client"))
        .client_secret(marked("secret"))
        .refresh_token(mark("refresh"))
        .access_token(mark("access"))
        .grant_token(mark("grant"))
        .redirect_url(mark("redirect"))
        .api_domain(mark("domain"))
        .expiry_time(4_102_444_800_000);
    token.build().expect("a valid token")
}

/// The shown texts, and the kinds of the errors among them.
#[derive(Default)]
pub struct Shown {
    pub texts: Vec<String>,
    pub kinds: BTreeSet<&'static str>,
}

impl Shown {
    pub fn debug(&mut self, what: &dyn Debug) {
        self.texts.push(format!("{what:?} {what:#?}"));
    }

    pub fn error(&mut self, error: &(dyn StdError + 'static)) {
        let causes = std::iter::successors(Some(error), |&cause| cause.source());
        for error in causes {
            self.texts.push(format!("{error} {error:#}"));
            self.debug(&error);
        }
    }

    pub fn result<T: Debug>(&mut self, result: Result<T, Error>) {
        self.debug(&result);
        if let Err(error) = result {
            self.kinds.insert(error.kind().as_str());
            self.debug(&error.readable_tokens());
            self.debug(&(error.secret_name(), error.missing_action(), error.kind()));
            self.error(&error);
        }
    }

    pub fn report(&mut self, report: &Report) {
        self.texts.push(report.to_string());
        self.debug(report);
        for check in report.checks() {
            if let Outcome::Failed(error) = check.outcome() {
                self.error(error);
            }
        }
    }

    /// Runs every operation of a store, and calls `look` before the records are deleted.
    pub async fn every_operation(
        &mut self,
        store: &SecretsManagerTokenStore,
        look: impl AsyncFnOnce(),
    ) {
        self.debug(store);
        self.result(store.find_token(&whole("ada")).await);
        let saved = store.save_token(&whole("ada")).await;
        let id = saved.as_ref().map_or("unknown", id).to_owned();
        self.result(saved);
        self.result(store.save_token(&whole("ada")).await);
        let changed = whole("bob").to_builder().id(&id);
        let changed = changed.build().expect("a valid token");
        self.result(store.save_token(&changed).await);
        self.result(store.save_token(&whole("eve")).await);
        for partial in partials(&whole("eve")) {
            self.result(store.find_token(&partial).await);
        }
        store.invalidate(&id);
        self.result(store.find_token_by_id(&id).await);
        self.result(store.reindex().await);
        self.result(store.get_tokens().await);
        let tokens: Vec<_> = store.tokens().collect().await;
        tokens.into_iter().for_each(|token| self.result(token));
        self.report(&store.check().await);
        look().await;
        self.result(store.delete_token(&id).await);
        self.result(store.save_token(&changed).await);
        self.result(store.delete_tokens().await);
    }
}

/// Returns one partial token per key of the token.
fn partials(token: &OAuthToken) -> Vec<OAuthToken> {
    let client = || {
        let expose = |field: &str| token.expose(field.parse().expect("a field name"));
        let builder = OAuthToken::builder();
        let builder = builder.client_id(expose("client_id").expect("the field should be set"));
        builder.client_secret(expose("client_secret").expect("the field should be set"))
    };
    let keys = zoho_token_store::matching::identifying_fields(token);
    let partials = keys.map(|field| {
        let value = token.expose(field).expect("the field should be set");
        client().field(field, value).build().expect("a valid token")
    });
    partials.collect()
}
