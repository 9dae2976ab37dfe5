//! ListSecrets: each secret as it was some time ago.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::aws::actions::{Call, State};
use crate::aws::request::Outcome;
use crate::aws::secret::Secret;
use crate::support::aws_rules::{filters, paging};

/// ListSecrets returns at most this many secrets a page.
const PAGE: usize = 100;

impl State {
    pub fn list(&mut self, call: &mut Call<'_>) -> Outcome {
        let listed = self.listed(call).into_iter();
        let listed = listed.map(|secret| (secret.name.clone(), entry(&secret)));
        let pages = call.freedoms.short_pages.then_some(&mut call.random);
        let (entries, next) = paging::page(listed, &call.request.body, PAGE, pages)?;
        let mut page = json!({"SecretList": entries});
        if let Some(next) = next {
            page["NextToken"] = json!(next);
        }
        Ok(page)
    }

    /// The secrets that pass the filters, in the order of their names.
    pub fn listed(&self, call: &mut Call<'_>) -> Vec<Arc<Secret>> {
        let body = &call.request.body;
        let with_deleted = body["IncludePlannedDeletion"].as_bool() == Some(true);
        let view = &mut call.view;
        let names = self.secrets.names();
        let seen = names.filter_map(|name| self.secrets.at(name, view.of_list()));
        seen.filter(|secret| with_deleted || secret.deletion.is_none())
            .filter(|secret| filters::pass(secret.as_ref(), &body["Filters"]))
            .cloned()
            .collect()
    }
}

/// A description as lists have it.
fn entry(secret: &Secret) -> Value {
    let mut entry = secret.description();
    entry["SecretVersionsToStages"] = entry["VersionIdsToStages"].take();
    entry
}
