//! Reads of many secrets: from a list that lags, in pages.

use std::collections::BTreeMap;
use std::io;

use serde_json::{Value, json};

use crate::support::aws_rules::batch_get::MOST;
use crate::support::aws_rules::{filters, paging};
use crate::support::http::Response;

use super::service::{Call, Service};
use super::{batch_get, names, responses};

/// The most entries per page of ListSecrets.
const LIST_MOST: usize = 100;

impl Service {
    pub async fn list(&self, call: &Call) -> io::Result<Response> {
        let body = &call.request.body;
        let shown = self.shown(call).await?;
        let page = paging::page(shown, body, LIST_MOST, self.pages(call).as_mut());
        Ok(match page {
            Ok((entries, next)) => responses::page("SecretList", entries, next),
            Err(refusal) => refusal.into(),
        })
    }

    /// Returns the entries of the list that pass the filters.
    async fn shown(&self, call: &Call) -> io::Result<BTreeMap<String, Value>> {
        let body = &call.request.body;
        let mut actual = Vec::new();
        let all = body["Filters"].as_array().into_iter().flatten();
        // LocalStack evaluates filters with an exclamation mark wrongly.
        let of_names = |filter: &&Value| {
            let plain = |value: &Value| value.as_str().is_some_and(|text| !text.starts_with('!'));
            let values = filter["Values"].as_array();
            filter["Key"] == "name" && values.is_some_and(|values| values.iter().all(plain))
        };
        let by_name: Vec<_> = all.filter(of_names).collect();
        let mut next = Value::Null;
        loop {
            let mut asked = json!({"IncludePlannedDeletion": true, "MaxResults": LIST_MOST});
            if !by_name.is_empty() {
                asked["Filters"] = json!(by_name);
            }
            if !next.is_null() {
                asked["NextToken"] = next;
            }
            let response = call.request.instead("ListSecrets", asked).forward().await?;
            if !response.is_ok() {
                return Err(io::Error::other("LocalStack failed to list"));
            }
            let mut page = response.body();
            if let Some(entries) = page["SecretList"].as_array_mut() {
                actual.append(entries);
            }
            next = page["NextToken"].take();
            if next.is_null() {
                break;
            }
        }
        let mut shown = self.lists.shown(actual, call.now);
        let with_deleted = body["IncludePlannedDeletion"].as_bool() == Some(true);
        shown.retain(|_, secret| {
            (with_deleted || secret.get("DeletedDate").is_none())
                && filters::pass(secret, &body["Filters"])
        });
        Ok(shown)
    }

    fn pages(&self, call: &Call) -> Option<fastrand::Rng> {
        let Call { request, rules, .. } = call;
        rules
            .short_pages
            .then(|| self.chance.draw(rules.seed, "page", request))
    }

    pub async fn batch_get(&self, call: &Call) -> io::Result<Response> {
        let Call { request, now, .. } = call;
        if let Some(ids) = request.body["SecretIdList"].as_array() {
            for id in ids {
                let name = names::secret(&json!({"SecretId": id}));
                self.settle(request, &name, *now).await?;
            }
            return request.forward().await;
        }
        let shown = self.shown(call).await?;
        let page = paging::page(shown, &request.body, MOST, self.pages(call).as_mut());
        let (entries, next) = match page {
            Ok(page) => page,
            Err(refusal) => return Ok(refusal.into()),
        };
        if entries.is_empty() {
            return Ok(responses::page("SecretValues", entries, next));
        }
        let names = entries.iter().filter_map(|entry| entry["Name"].as_str());
        let names = names.map(str::to_owned).collect();
        let response = batch_get::of_names(request, names).forward().await?;
        let mut body = response.body();
        Ok(match next {
            Some(next) if response.is_ok() => {
                body["NextToken"] = json!(next);
                Response::new(200, &body)
            }
            _ => response,
        })
    }
}
