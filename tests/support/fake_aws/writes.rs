//! Writes to a secret, one after another: refuses what AWS refuses, and records changes for the
//! lists.

use std::io;

use serde_json::{Value, json};

use crate::support::aws_rules::{Refusal, chance, limits};
use crate::support::http::Response;

use super::service::{Call, Service};
use super::{deletions, names};

impl Service {
    pub async fn write(&self, call: &Call) -> io::Result<Response> {
        let Call { request, rules, .. } = call;
        let name = names::secret(&request.body);
        let _turn = self.turn(&name).await;
        self.remove_if_due(request, &name, call.now).await?;
        let before = self.describe(request, &name).await?;
        if names::is_of_former_secret(&request.body, before.as_ref()) {
            return Ok(Refusal::not_found().into());
        }
        self.lists.begin(&name, before.as_ref());
        let described = before.as_ref().unwrap_or(&Value::Null);
        if let Err(refusal) = self.admit_write(call, &name, described) {
            return Ok(refusal.into());
        }
        let forced = request.action == "DeleteSecret"
            && deletions::is_forced(&request.body)
            && before.is_some();
        let response = match request.action.as_str() {
            "CreateSecret" => self.create(call, &name).await?,
            _ if forced => self.delete_by_force(call, &name, described).await?,
            _ => request.forward().await?,
        };
        if !response.is_ok() {
            return Ok(response);
        }
        if let Some(version) = response.body()["VersionId"].as_str() {
            self.versions.add(&name, version, call.now);
        }
        let after = match forced {
            true => None,
            false => self.describe(request, &name).await?,
        };
        let mut random = self.chance.draw(rules.seed, "list lag", request);
        let lag = chance::duration(&mut random, &rules.list_lag);
        self.lists
            .changed(&name, after.as_ref(), call.now.saturating_add(lag));
        Ok(response)
    }

    /// Refuses writes by the state of the secret.
    fn admit_write(&self, call: &Call, name: &str, described: &Value) -> Result<(), Refusal> {
        let Call {
            request,
            rules,
            now,
        } = call;
        let action = request.action.as_str();
        if self.deletions.is_under_way(name) {
            match action {
                "CreateSecret" => return Err(Refusal::scheduled()),
                "RestoreSecret" => return Err(Refusal::marked()),
                _ => {}
            }
        }
        let is_marked = described.get("DeletedDate").is_some();
        let ends_or_begins = ["CreateSecret", "DeleteSecret", "RestoreSecret"].contains(&action);
        if rules.refuse_marked && is_marked && !ends_or_begins {
            return Err(Refusal::marked());
        }
        if rules.limits {
            limits::check_with(&request.body, Some(described))?;
        }
        if action == "PutSecretValue" || action == "UpdateSecret" {
            let id = request.body["ClientRequestToken"].as_str();
            self.versions
                .check(name, id.unwrap_or_default(), rules.versions, *now)?;
        }
        Ok(())
    }

    /// Creates a secret; a repeated creation succeeds.
    async fn create(&self, call: &Call, name: &str) -> io::Result<Response> {
        let Call { request, rules, .. } = call;
        let response = request.forward().await?;
        if !rules.idempotent_create || response.code() != "ResourceExistsException" {
            return Ok(response);
        }
        let version = &request.body["ClientRequestToken"];
        let read = json!({"SecretId": name, "VersionId": version});
        let read = request.instead("GetSecretValue", read).forward().await?;
        let value = read.body();
        let is_same = |member| value.get(member) == request.body.get(member);
        if read.is_ok() && is_same("SecretString") && is_same("SecretBinary") {
            let created = json!({"ARN": value["ARN"], "Name": name, "VersionId": version});
            return Ok(Response::new(200, &created));
        }
        Ok(response)
    }

    async fn delete_by_force(
        &self,
        call: &Call,
        name: &str,
        described: &Value,
    ) -> io::Result<Response> {
        let Call {
            request,
            rules,
            now,
        } = call;
        let mut random = self.chance.draw(rules.seed, "forced deletion", request);
        let takes = chance::duration(&mut random, &rules.forced_deletion);
        self.versions.forget(name);
        if takes.is_zero() {
            return request.forward().await;
        }
        if described.get("DeletedDate").is_none() {
            let marked = deletions::marking(request, name).forward().await?;
            if !marked.is_ok() {
                return Ok(marked);
            }
        }
        self.deletions.add(name, now.saturating_add(takes));
        let after = self.describe(request, name).await?.unwrap_or_default();
        let deleted = json!({
            "ARN": described["ARN"], "Name": name, "DeletionDate": after["DeletedDate"],
        });
        Ok(Response::new(200, &deleted))
    }
}
