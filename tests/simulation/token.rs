//! Tokens to simulate with.

use zoho_token_store::{Field, OAuthToken};

/// A token from `column=value` pairs, separated by spaces.
pub fn token(columns: &str) -> OAuthToken {
    let mut token = OAuthToken::builder();
    for pair in columns.split_whitespace() {
        let (name, value) = pair.split_once('=').expect("a column and its value");
        token = token.field(name.parse().expect("the name of a column"), value);
    }
    token.build().expect("a valid token")
}

/// The columns of a token but its id, as `column=value` pairs.
pub fn text(token: &OAuthToken) -> String {
    let columns = Field::ALL
        .into_iter()
        .filter(|&field| field != Field::Id)
        .filter_map(|field| Some(format!("{field}={}", token.expose(field)?)));
    columns.collect::<Vec<_>>().join(" ")
}

/// The id of a record that a store has returned.
pub fn id(record: &OAuthToken) -> String {
    record.id().expect("a stored record has an id").to_owned()
}
