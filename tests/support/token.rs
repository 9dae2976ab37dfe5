//! Tokens to test with.

use zoho_token_store::OAuthToken;

/// Returns a token from `field=value` pairs, separated by spaces.
pub fn token(columns: &str) -> OAuthToken {
    let mut token = OAuthToken::builder();
    for pair in columns.split_whitespace() {
        let (name, value) = pair.split_once('=').expect("a field and its value");
        token = token.field(name.parse().expect("the name of a field"), value);
    }
    token.build().expect("a valid token")
}

/// Returns a token as after a login, each value with the user's name in it, of the client `c`.
pub fn login(user: &str) -> OAuthToken {
    token(&format!(
        "user_name={user} client_id=c client_secret=s refresh_token=r-{user} \
         access_token=a-{user} grant_token=g-{user} expiry_time=4102444800000 \
         redirect_url=https://app.example/cb api_domain=https://www.zohoapis.eu"
    ))
}

/// The lookup keys in Ada's login.
pub const KEYS_OF_ADA: [&str; 4] = [
    "user_name=ada",
    "access_token=a-ada",
    "grant_token=g-ada",
    "refresh_token=r-ada",
];

/// Returns a partial token with a key and the client of all logins.
pub fn in_client(key: &str) -> OAuthToken {
    token(&format!("{key} client_id=c client_secret=s"))
}

/// Returns the id of a record that a store returned.
pub fn id(record: &OAuthToken) -> &str {
    record.id().expect("a stored record has an id")
}
