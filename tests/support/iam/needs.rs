//! The permissions that a request to Secrets Manager needs, with the condition keys that IAM
//! evaluates. Sources: the service authorization reference, "Actions, resources, and condition keys
//! for AWS Secrets Manager", and the API reference's required permissions.

use serde_json::Value;

use super::policy::{Context, Need};

/// The account and region of the policies: the mocked AWS in `infra/tests/mocks`.
const ACCOUNT: &str = "123456789012";
pub const REGION: &str = "eu-central-1";
const KMS_KEY: &str = "1234abcd-12ab-44cd-86ef-1234567890ab";

/// The alias of the key in the policies that have a customer managed key.
pub const KMS_KEY_ALIAS: &str = "alias/tokens";

/// The placeholder for the ARN of a secret that does not exist yet.
const NEW_SECRET: &str = "RequestToValidateKeyAccess";

/// A request to Secrets Manager.
pub struct AwsRequest<'a> {
    pub action: &'a str,
    pub body: &'a Value,
    pub region: &'a str,
    /// The secret's tags, if the permissions depend on them.
    pub tags: &'a [(String, String)],
    /// Whether the secrets are encrypted with a customer managed KMS key.
    pub own_kms_key: bool,
}

/// Returns whether IAM evaluates the secret's tags for this action.
pub fn depends_on_tags(action: &str) -> bool {
    !matches!(
        action,
        "BatchGetSecretValue"
            | "CreateSecret"
            | "DescribeSecret"
            | "GetSecretValue"
            | "ListSecrets"
    )
}

impl AwsRequest<'_> {
    pub fn needs(&self) -> Vec<Need> {
        let one = |action: &str| vec![self.of_secret(action, self.secret())];
        match self.action {
            // The secrets that are read in a batch need permissions one by one.
            "ListSecrets" | "BatchGetSecretValue" => {
                vec![self.need(self.action, "*".to_owned(), Context::new())]
            }
            "GetSecretValue" => self.to_read(self.secret()),
            "PutSecretValue" => {
                let mut needs = one("PutSecretValue");
                needs.extend(self.to_encrypt(&self.arn(self.secret())));
                needs
            }
            "CreateSecret" => {
                let mut needs = one("CreateSecret");
                // CreateSecret with tags or replicas also needs these.
                if self.body.get("Tags").is_some() {
                    needs.extend(one("TagResource"));
                }
                if self.body.get("AddReplicaRegions").is_some() {
                    needs.extend(one("ReplicateSecretToRegions"));
                }
                needs.extend(self.to_encrypt(NEW_SECRET));
                needs.extend(self.to_encrypt(&self.arn(self.secret())));
                needs
            }
            action => one(action),
        }
    }

    fn secret(&self) -> &str {
        let id = self.body["SecretId"].as_str();
        id.or(self.body["Name"].as_str()).unwrap_or_default()
    }

    /// Returns the ARN for a secret's name, or for its ARN in LocalStack's account and region.
    fn arn(&self, secret: &str) -> String {
        let region = self.region;
        let named = match secret.split_once(":secret:") {
            Some((_, named)) => named.to_owned(),
            None => format!("{secret}-AbCdEf"),
        };
        format!("arn:aws:secretsmanager:{region}:{ACCOUNT}:secret:{named}")
    }

    fn to_read(&self, secret: &str) -> Vec<Need> {
        let mut needs = vec![self.of_secret("GetSecretValue", secret)];
        // Replicas are encrypted with an AWS managed key of their region.
        if self.own_kms_key && self.region == REGION {
            needs.push(self.of_kms("kms:Decrypt", &self.arn(secret)));
        }
        needs
    }

    fn to_encrypt(&self, secret_arn: &str) -> Vec<Need> {
        let actions = ["kms:GenerateDataKey", "kms:Decrypt"];
        let actions = actions.iter().filter(|_| self.own_kms_key);
        actions
            .map(|action| self.of_kms(action, secret_arn))
            .collect()
    }

    fn of_kms(&self, action: &str, secret_arn: &str) -> Need {
        let via = format!("secretsmanager.{}.amazonaws.com", self.region);
        let context = [
            ("kms:ViaService", via),
            ("kms:EncryptionContext:SecretARN", secret_arn.to_owned()),
        ];
        Need {
            action: action.to_owned(),
            resource: kms_key_arn(KMS_KEY_ALIAS),
            context: context
                .map(|(key, value)| (key.to_owned(), vec![value]))
                .into(),
        }
    }

    fn of_secret(&self, action: &str, secret: &str) -> Need {
        let mut context = Context::new();
        let mut put = |key: &str, values: Vec<String>| context.insert(key.to_owned(), values);
        for (key, value) in self.tags {
            put(&format!("aws:ResourceTag/{key}"), vec![value.clone()]);
        }
        if let Some(tags) = self.body["Tags"].as_array() {
            for tag in tags {
                put(
                    &format!("aws:RequestTag/{}", text(&tag["Key"])),
                    vec![text(&tag["Value"])],
                );
            }
            put(
                "aws:TagKeys",
                tags.iter().map(|tag| text(&tag["Key"])).collect(),
            );
        }
        if let Some(keys) = self.body["TagKeys"].as_array() {
            put("aws:TagKeys", keys.iter().map(text).collect());
        }
        if let Some(key) = self.body["KmsKeyId"].as_str() {
            put("secretsmanager:KmsKeyArn", vec![kms_key_arn(key)]);
        }
        if let Some(replicas) = self.body["AddReplicaRegions"].as_array() {
            let regions = replicas.iter().map(|replica| text(&replica["Region"]));
            put("secretsmanager:AddReplicaRegions", regions.collect());
        }
        for parameter in [
            "ForceDeleteWithoutRecovery",
            "ForceOverwriteReplicaSecret",
            "KmsKeyId",
            "RecoveryWindowInDays",
            "VersionId",
            "VersionStage",
        ] {
            if let Some(value) = self.body.get(parameter) {
                put(&format!("secretsmanager:{parameter}"), vec![text(value)]);
            }
        }
        self.need(action, self.arn(secret), context)
    }

    fn need(&self, action: &str, resource: String, mut context: Context) -> Need {
        context.insert(
            "aws:RequestedRegion".to_owned(),
            vec![self.region.to_owned()],
        );
        Need {
            action: format!("secretsmanager:{action}"),
            resource,
            context,
        }
    }
}

/// Returns the ARN of a KMS key, which Secrets Manager resolves from the id in the request.
fn kms_key_arn(id: &str) -> String {
    let key = if id == KMS_KEY_ALIAS { KMS_KEY } else { id };
    format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/{key}")
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
