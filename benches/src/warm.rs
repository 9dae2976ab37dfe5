//! A store that has every token in its cache, by every key.

use aws_sdk_secretsmanager::Client;
use futures::FutureExt;
use zoho_token_store::{
    AccessToken, ExposeSecret, OAuthToken, SecretsManagerTokenStore, TokenProvider, TokenStore,
};

/// A store with a warm cache, and partial tokens to look up in it.
pub struct Warm {
    /// The store.
    pub store: SecretsManagerTokenStore,
    /// A provider of this store's tokens.
    pub provider: TokenProvider,
    /// The tokens, as they are stored.
    pub tokens: Vec<OAuthToken>,
    /// Partial tokens with a user name alone.
    pub users: Vec<OAuthToken>,
    /// Partial tokens with a refresh token and its client.
    pub refresh_tokens: Vec<OAuthToken>,
}

/// The prefix of the secrets.
pub const PREFIX: &str = "zoho/tokens/";

impl Warm {
    /// Makes a store with this many tokens in its cache, and returns the AWS client behind it too.
    pub fn new(tokens: usize) -> (Self, Client) {
        let (warm, client) = Self::cold(tokens);
        warm.read_all();
        warm.find_all();
        (warm, client)
    }

    /// Makes a store of this many tokens that has read none of them.
    pub fn cold(tokens: usize) -> (Self, Client) {
        let client = super::client();
        (block_on(Self::stored(tokens, &client)), client)
    }

    async fn stored(number: usize, client: &Client) -> Self {
        // A process remembers for some time what it writes. The one that is measured only reads.
        let writer = store(client, None).await;
        let mut tokens = Vec::new();
        for number in 0..number {
            let saved = writer.save_token(&token(number)).await;
            tokens.push(saved.expect("the token is saved"));
        }
        let store = store(client, Some(2 * number as u64)).await;
        let provider = TokenProvider::builder(store.clone()).build();
        Warm {
            provider: provider.expect("a provider needs nothing else"),
            store,
            users: tokens.iter().map(user).collect(),
            refresh_tokens: tokens.iter().map(refresh_token).collect(),
            tokens,
        }
    }

    /// Reads every token by its id.
    pub fn read_all(&self) {
        block_on(async {
            for token in &self.tokens {
                let found = self.store.find_token_by_id(id(token)).await;
                assert_eq!(found.expect("it is found").as_ref(), Some(token));
            }
        });
    }

    /// Finds every token by its user and by its refresh token.
    pub fn find_all(&self) {
        block_on(async {
            for partial in self.users.iter().chain(&self.refresh_tokens) {
                let found = self.store.find_token(partial).await;
                assert!(found.expect("it is found").is_some());
            }
        });
    }

    /// A hit by id.
    pub fn by_id(&self, id: &str) -> OAuthToken {
        hit(TokenStore::find_token_by_id(&self.store, id))
    }

    /// A hit by user name.
    pub fn by_user(&self, number: usize) -> OAuthToken {
        hit(TokenStore::find_token(&self.store, &self.users[number]))
    }

    /// An access token by user name.
    pub fn access_token(&self, number: usize) -> AccessToken {
        let access = self.provider.access_token(&self.users[number]);
        let access = access.now_or_never().expect("a hit waits for nothing");
        access.expect("a hit is no error")
    }

    /// A hit by refresh token.
    pub fn by_refresh_token(&self, number: usize) -> OAuthToken {
        hit(TokenStore::find_token(
            &self.store,
            &self.refresh_tokens[number],
        ))
    }
}

/// Runs it to its end.
pub fn block_on<F: Future>(work: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime starts").block_on(work)
}

/// Returns the result of a lookup that waits for nothing.
fn hit(
    lookup: impl Future<Output = Result<Option<OAuthToken>, zoho_token_store::Error>>,
) -> OAuthToken {
    let answer = lookup.now_or_never().expect("a hit waits for nothing");
    answer.expect("a hit is no error").expect("it is there")
}

async fn store(client: &Client, cache_capacity: Option<u64>) -> SecretsManagerTokenStore {
    let builder = SecretsManagerTokenStore::builder()
        .prefix(PREFIX)
        .cache_capacity(cache_capacity)
        .cache_time_to_live(std::time::Duration::from_secs(86_400))
        .writes_per_second(None)
        .client(client.clone());
    builder.build().await.expect("the settings are good")
}

/// The id of a stored token.
pub fn id(token: &OAuthToken) -> &str {
    token.id().expect("a stored token has an id")
}

/// A token as long as Zoho's.
fn token(number: usize) -> OAuthToken {
    let token = OAuthToken::builder()
        .user_name(format!("user{number}@example.com:7"))
        .client_id("1000.ABCDEFGHIJKLMNOPQRSTUVWXYZ1234")
        .client_secret("0123456789abcdef0123456789abcdef0123456789")
        .refresh_token(format!("1000.{number:032x}.{number:032x}"))
        .access_token(format!("1000.{number:032x}.{number:032x}"))
        .expiry_time(4_000_000_000_000)
        .api_domain("https://www.zohoapis.eu");
    token.build().expect("the token is complete")
}

fn user(token: &OAuthToken) -> OAuthToken {
    let partial = OAuthToken::builder().user_name(token.user_name().unwrap_or_default());
    partial.build().expect("a user is enough")
}

fn refresh_token(token: &OAuthToken) -> OAuthToken {
    let value = |secret: Option<&zoho_token_store::SecretString>| {
        secret
            .map(|value| value.expose_secret().to_owned())
            .unwrap_or_default()
    };
    let partial = OAuthToken::builder()
        .client_id(token.client_id().unwrap_or_default())
        .client_secret(value(token.client_secret()))
        .refresh_token(value(token.refresh_token()));
    partial
        .build()
        .expect("a refresh token and its client are enough")
}
