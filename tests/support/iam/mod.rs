//! Roles with the policies of the Terraform module in `infra`. LocalStack allows everything; the
//! servers in front of it refuse requests that the signing role does not allow, as AWS does.

pub mod batches;
pub mod needs;
pub mod policy;

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use aws_sdk_secretsmanager::config::Credentials;
use serde_json::{Value, json};
use uuid::Uuid;

use self::needs::{AwsRequest, REGION, depends_on_tags};
use self::policy::{Grant, Policy};
use super::http::{Request, Response};
use super::localstack;

/// The options that a policy was rendered with, each a file in `infra/tests/policies`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Options {
    Every,
    Fewest,
    Default,
}

/// A role of the module.
pub struct Role {
    access_key_id: String,
    policy: Policy,
    own_kms_key: bool,
    used: Mutex<BTreeSet<Grant>>,
}

/// The tokens' and the fingerprint key's places in the files.
const PREFIX: &str = ":secret:zoho/tokens/";
const FINGERPRINT_KEY: &str = ":secret:zoho/fingerprint-key-";

/// The replica region in the files.
pub const REPLICA_REGION: &str = "eu-west-1";

/// The prefix of the names of all secrets with a fingerprint key in these tests.
pub const FINGERPRINT_KEY_PREFIX: &str = "fingerprint-key-";

static ROLES: LazyLock<Mutex<HashMap<String, Arc<Role>>>> = LazyLock::new(Mutex::default);

impl Role {
    /// Returns the role of this name for the tokens under a prefix.
    pub fn new(name: &str, options: Options, prefix: &str) -> Arc<Self> {
        let file = match options {
            Options::Every => "every_option",
            Options::Fewest => "fewest_options",
            Options::Default => "defaults",
        };
        let root = env!("CARGO_MANIFEST_DIR");
        let path = format!("{root}/infra/tests/policies/{file}.json");
        let rendered = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{path} cannot be read: {error}"))
            .replace(PREFIX, &format!(":secret:{prefix}"))
            .replace(
                FINGERPRINT_KEY,
                &format!(":secret:{FINGERPRINT_KEY_PREFIX}*-"),
            );
        let documents: Value = serde_json::from_str(&rendered).expect("the file is JSON");
        let role = Arc::new(Role {
            access_key_id: Uuid::new_v4().to_string(),
            policy: Policy::new(&documents[name]),
            own_kms_key: options == Options::Every,
            used: Mutex::default(),
        });
        let mut roles = ROLES.lock().unwrap_or_else(PoisonError::into_inner);
        roles.insert(role.access_key_id.clone(), role.clone());
        role
    }

    pub fn credentials(&self) -> Credentials {
        Credentials::new(&self.access_key_id, "test", None, None, "tests")
    }

    /// Returns the grants that the role has not used.
    pub fn never_used(&self) -> BTreeSet<Grant> {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        &self.policy.grants() - &used
    }

    /// Returns the first permission that the request needs and the role lacks.
    fn refuses(&self, request: &AwsRequest<'_>) -> Option<policy::Need> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        request.needs().into_iter().find(|need| {
            let allowing = self.policy.allowing(need);
            let refused = allowing.is_empty();
            used.extend(allowing);
            refused
        })
    }
}

/// Returns AWS's refusal if the role that signed the request may not make it; `None` if it may, or
/// if no role signed it.
pub async fn refusal(request: &Request) -> io::Result<Option<Response>> {
    let Some((role, region)) = signer(request.header("authorization")) else {
        return Ok(None);
    };
    let tags = match depends_on_tags(&request.action) {
        true => tags_of(&request.body["SecretId"]).await?,
        false => Vec::new(),
    };
    let refused = role.refuses(&AwsRequest {
        action: &request.action,
        body: &request.body,
        region,
        tags: &tags,
        own_kms_key: role.own_kms_key,
    });
    let refusal = |need| Response::refusal(400, "AccessDeniedException", &not_authorized(&need));
    Ok(refused.map(refusal))
}

fn not_authorized(need: &policy::Need) -> String {
    let (action, resource) = (&need.action, &need.resource);
    format!(
        "User: arn:aws:sts::123456789012:assumed-role/tests/tests is not authorized to perform: \
         {action} on resource: {resource} because no identity-based policy allows the {action} \
         action"
    )
}

/// Returns the role that signed a request, and the request's region.
fn signer(authorization: &str) -> Option<(Arc<Role>, &str)> {
    let (_, scope) = authorization.split_once("Credential=")?;
    let mut scope = scope.split('/');
    let (access_key_id, region) = (scope.next()?, scope.nth(1)?);
    let roles = ROLES.lock().unwrap_or_else(PoisonError::into_inner);
    let role = roles.get(access_key_id)?.clone();
    // The files use another primary region than LocalStack.
    let primary = region == localstack::REGION;
    Some((role, if primary { REGION } else { region }))
}

/// Returns the tags of a secret; none if the secret does not exist.
async fn tags_of(secret: &Value) -> io::Result<Vec<(String, String)>> {
    let described = Request::new("DescribeSecret", json!({"SecretId": secret}));
    let described = described.forward().await?.body();
    let tags = described["Tags"].as_array().into_iter().flatten();
    let pairs = tags.filter_map(|tag| Some((tag["Key"].as_str()?, tag["Value"].as_str()?)));
    Ok(pairs
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect())
}
