//! What the unit tests share.

use crate::OAuthToken;

/// A token from `column=value` pairs, separated by spaces.
pub(crate) fn token(columns: &str) -> OAuthToken {
    let mut token = OAuthToken::builder();
    for pair in columns.split_whitespace() {
        let (name, value) = pair.split_once('=').expect("a column and its value");
        token = token.field(name.parse().expect("the name of a column"), value);
    }
    token.build().expect("a valid token")
}
