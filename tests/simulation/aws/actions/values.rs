//! Values: CreateSecret, PutSecretValue, GetSecretValue and BatchGetSecretValue.

use serde_json::{Value, json};

use crate::aws::actions::{Call, State, tags};
use crate::aws::request::Outcome;
use crate::aws::secret::{CURRENT, Content, Secret};
use crate::support::aws_rules::limits::check_with;
use crate::support::aws_rules::{Refusal, batch_get, paging};

const ACCOUNT: &str = "arn:aws:secretsmanager:eu-central-1:000000000000:secret";

impl State {
    pub fn create(&mut self, call: &mut Call<'_>) -> Outcome {
        let body = &call.request.body;
        let name = body["Name"].as_str().unwrap_or_default();
        let content = Content::of(body);
        let token = request_token(body, &mut call.random);
        if let Some(secret) = self.secrets.now(name) {
            return match secret.deletion {
                Some(_) => Err(Refusal::scheduled()),
                None => created_before(secret, &token, content.as_ref()),
            };
        }
        check_with(body, None::<&Secret>)?;
        let suffix: String = (0..6).map(|_| call.random.alphanumeric()).collect();
        let member = |name: &str| body[name].as_str().map(str::to_owned);
        let replicas = body["AddReplicaRegions"].as_array().into_iter().flatten();
        let mut secret = Secret {
            name: name.to_owned(),
            arn: format!("{ACCOUNT}:{name}-{suffix}"),
            description: member("Description"),
            kms_key_id: member("KmsKeyId"),
            tags: tags::of(&body["Tags"]),
            versions: Vec::new(),
            replicas: replicas
                .filter_map(|one| Some(one["Region"].as_str()?.into()))
                .collect(),
            deletion: None,
            created: call.now,
            changed: call.now,
        };
        let mut created = json!({"ARN": secret.arn, "Name": name});
        if let Some(content) = content {
            let (stages, most) = ([CURRENT.to_owned()], call.freedoms.versions);
            secret.add_version(&token, content, &stages, call.now, most)?;
            created["VersionId"] = json!(token);
        }
        self.secrets.set(call.now, secret);
        Ok(created)
    }

    pub fn put_value(&mut self, call: &Call<'_>) -> Outcome {
        let body = &call.request.body;
        let mut secret = self.target(call)?;
        secret.check_not_marked()?;
        let content = Content::of(body)
            .ok_or_else(|| Refusal::invalid_parameter("You must provide a value."))?;
        let token = request_token(body, &mut call.random.clone());
        match secret.version(&token) {
            // A repetition has succeeded, whether or not the version is still the current one.
            Some(version) if version.content == content => {}
            Some(_) => return Err(token_in_use(&token, &secret.arn)),
            None => {
                check_with(body, Some(&secret))?;
                let stages = body["VersionStages"].as_array().into_iter().flatten();
                let mut stages: Vec<String> = stages
                    .filter_map(|stage| Some(stage.as_str()?.to_owned()))
                    .collect();
                if stages.is_empty() {
                    stages.push(CURRENT.to_owned());
                }
                secret.add_version(&token, content, &stages, call.now, call.freedoms.versions)?;
                self.secrets.set(call.now, secret.clone());
            }
        }
        let stages = secret.version(&token).map(|version| &version.stages);
        Ok(json!({
            "ARN": secret.arn, "Name": secret.name, "VersionId": token, "VersionStages": stages,
        }))
    }

    pub fn get_value(&mut self, call: &mut Call<'_>) -> Outcome {
        let body = &call.request.body;
        let id = body["SecretId"].as_str().unwrap_or_default();
        let secret = self
            .seen(id, &mut call.view)
            .ok_or_else(Refusal::not_found)?;
        secret.check_not_marked()?;
        let stage = body["VersionStage"].as_str();
        let version = match body["VersionId"].as_str() {
            Some(id) => secret.version(id),
            None => secret.staged(stage.unwrap_or(CURRENT)),
        };
        let version = version.filter(|version| match (&body["VersionId"], stage) {
            (Value::String(_), Some(stage)) => version.stages.contains(stage),
            _ => true,
        });
        match version {
            Some(version) => Ok(secret.value(version)),
            None => Err(Refusal::not_found()),
        }
    }

    pub fn batch_get(&mut self, call: &mut Call<'_>) -> Outcome {
        let body = &call.request.body;
        batch_get::check(body)?;
        let (ids, next) = match body["SecretIdList"].as_array() {
            Some(ids) => (ids.clone(), None),
            None => {
                let listed = self.listed(call).into_iter();
                let listed = listed.map(|secret| (secret.name.clone(), json!(secret.name)));
                let pages = call.freedoms.short_pages.then_some(&mut call.random);
                paging::page(listed, body, batch_get::MOST, pages)?
            }
        };
        let (mut values, mut errors) = (Vec::new(), Vec::new());
        for id in ids.iter().filter_map(Value::as_str) {
            let secret = self.seen(id, &mut call.view).ok_or_else(Refusal::not_found);
            let value = secret.and_then(|secret| {
                secret.check_not_marked()?;
                let version = secret.staged(CURRENT).ok_or_else(Refusal::not_found)?;
                Ok(secret.value(version))
            });
            match value {
                Ok(value) => values.push(value),
                Err(refusal) => errors.push(json!({
                    "SecretId": id, "ErrorCode": refusal.code, "Message": refusal.message,
                })),
            }
        }
        let mut answer = json!({"SecretValues": values, "Errors": errors});
        if let Some(next) = next {
            answer["NextToken"] = json!(next);
        }
        Ok(answer)
    }

    pub fn describe(&mut self, call: &mut Call<'_>) -> Outcome {
        let id = call.request.body["SecretId"].as_str().unwrap_or_default();
        let secret = self
            .seen(id, &mut call.view)
            .ok_or_else(Refusal::not_found)?;
        Ok(secret.description())
    }
}

/// A creation that is repeated has succeeded.
fn created_before(secret: &Secret, token: &str, content: Option<&Content>) -> Outcome {
    let same = secret
        .version(token)
        .filter(|version| Some(&version.content) == content);
    match same {
        Some(_) => Ok(json!({"ARN": secret.arn, "Name": secret.name, "VersionId": token})),
        None => Err(Refusal::new(
            "ResourceExistsException",
            "The operation failed because the secret already exists.",
        )),
    }
}

/// The version id that the caller chose, or one that AWS chooses.
fn request_token(body: &Value, random: &mut fastrand::Rng) -> String {
    let given = body["ClientRequestToken"].as_str().map(str::to_owned);
    given.unwrap_or_else(|| format!("{:032x}", random.u128(..)))
}

fn token_in_use(token: &str, arn: &str) -> Refusal {
    let message = format!(
        "You can't use ClientRequestToken {token} because that value is already in use for a \
         version of secret {arn}."
    );
    Refusal::new("ResourceExistsException", message)
}
