//! Sequences on a provider, which carries out the requests that a store cannot.

use async_trait::async_trait;

use super::operation::Request;
use super::sequence::{Answer, Requests, Sequence};
use crate::{Error, Field, OAuthToken, TokenProvider};

impl Sequence {
    /// Runs the operations on the provider and its store, one after the other.
    ///
    /// `access_token` and `exchange_grant` return the record with the token. `refused` tells the
    /// provider that Zoho has refused the record's access token, if it is the one that is given or
    /// none is given, and returns the record.
    pub async fn replay_with(&self, provider: &TokenProvider) -> Vec<Answer> {
        self.replay_on(provider.store(), Some(provider)).await
    }
}

#[async_trait]
impl Requests for TokenProvider {
    async fn request(&self, request: Request, token: &OAuthToken) -> Result<OAuthToken, Error> {
        match request {
            Request::AccessToken => Ok(self.access_token(token).await?.record().clone()),
            Request::ExchangeGrant => self.exchange_grant(token).await,
            Request::Refused => {
                let access = self.access_token(token).await?;
                let given = token.expose(Field::AccessToken);
                if given.is_none() || given == access.record().expose(Field::AccessToken) {
                    self.refused(&access);
                }
                Ok(access.record().clone())
            }
        }
    }
}
