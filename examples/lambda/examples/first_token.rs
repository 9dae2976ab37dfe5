//! The least there is to a lookup, for `cold-start` to time: a store from the environment, and one user's token.
//! No Lambda runtime, no log, no warm-up.

use std::env;
use std::io::{self, Read};

use zoho_token_store::{OAuthToken, SecretsManagerTokenStore, TokenStore};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let user_name = env::args().nth(1).ok_or("usage: first_token USER_NAME")?;
    let store = SecretsManagerTokenStore::from_env().await?;
    let asked = OAuthToken::builder().user_name(user_name).build()?;
    let found = store.find_token(&asked).await?;
    println!("{}", if found.is_some() { "found" } else { "none" });
    // Until standard input is closed: so that its memory can be looked at.
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
