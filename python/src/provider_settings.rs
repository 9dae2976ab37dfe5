//! What a provider is built with, besides its store.

use secrecy::SecretString;
use zoho_token_store::{DataCenter, Error, SecretsManagerTokenStore, TokenProvider};

use crate::counts::Counts;

/// The settings of a provider.
pub(crate) struct ProviderSettings {
    data_center: DataCenter,
    client: Option<(String, SecretString)>,
}

impl ProviderSettings {
    /// `servers` are the accounts server and the API server of a data centre that is not Zoho's.
    pub(crate) fn new(
        data_center: Option<&str>,
        servers: Option<(String, String)>,
        client: Option<(String, String)>,
    ) -> Result<Self, Error> {
        let data_center = match (servers, data_center) {
            (Some((accounts, api)), _) => DataCenter::custom(&accounts, &api)?,
            (None, Some(name)) => name.parse()?,
            (None, None) => DataCenter::Us,
        };
        Ok(ProviderSettings {
            data_center,
            client: client.map(|(id, secret)| (id, secret.into())),
        })
    }

    /// Returns the id and secret of the OAuth client.
    pub(crate) fn client(&self) -> Option<(&str, &SecretString)> {
        let client = self.client.as_ref();
        client.map(|(id, secret)| (id.as_str(), secret))
    }

    /// Returns a provider of the tokens in this store, which counts here what it does.
    pub(crate) fn build(
        &self,
        store: SecretsManagerTokenStore,
        counts: Counts,
    ) -> Result<TokenProvider, Error> {
        let builder = TokenProvider::builder(store)
            .data_center(self.data_center.clone())
            .metrics(counts);
        let builder = match &self.client {
            Some((id, secret)) => builder.client(id.clone(), secret.clone()),
            None => builder,
        };
        builder.build()
    }
}
