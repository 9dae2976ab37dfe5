//! The permissions of the role, each found out by a call that changes nothing.
//!
//! The calls that only read, delete or restore are for a secret that does not exist: AWS reports
//! that it does not exist only to those who may make the call. Policies often allow a write only if
//! the secret has the store's tag, which such a secret lacks. So the other writes are repetitions
//! of what a record already has, if there is a record; and if AWS denies a call for the secret that
//! does not exist, that proves nothing.

use secrecy::SecretString;
use uuid::Uuid;

use super::sample::Sample;
use crate::Error;
use crate::secrets_manager::aws::calls::Address;
use crate::secrets_manager::aws::failure::{Failure, Reason};
use crate::secrets_manager::ops::core::Core;
use crate::secrets_manager::report::{Check, Purpose};

const INDEX_OFF: &str = "the tag index is off, so the store does not make this call";

/// What it means that AWS denies a call.
#[derive(Clone, Copy)]
enum Denied {
    Failed,
    /// The policy may allow the call for secrets with the store's tag.
    Unknown,
}

pub(super) async fn check(
    core: &Core,
    read: Result<(), Failure>,
    unused_name: &str,
    sample: &Sample,
) -> Vec<Check> {
    let read = allowed("GetSecretValue", read, Denied::Failed);
    let mut checks = vec![read, list(core, sample), batch(core, unused_name).await];
    let writes = writes(core, unused_name, sample).await.into_iter();
    checks.extend(writes.map(|check| check.for_purpose(Purpose::Writing)));
    checks
}

fn list(core: &Core, sample: &Sample) -> Check {
    let name = "ListSecrets";
    match &sample.failure {
        _ if !core.tag_index => Check::skipped(name, INDEX_OFF),
        None => Check::passed(name, "allowed"),
        Some(failure) => Check::failed(name, failure.error.clone()),
    }
}

async fn batch(core: &Core, unused_name: &str) -> Check {
    let name = "BatchGetSecretValue";
    if !core.tag_index {
        return Check::skipped(name, INDEX_OFF);
    }
    let read = core.aws.batch_get(vec![unused_name.to_owned()]).await;
    match read.map(drop) {
        Err(failure) if failure.reason == Reason::Denied => Check::skipped(
            name,
            "not allowed, so get_tokens reads every record in a call of its own",
        ),
        read => allowed(name, read, Denied::Failed),
    }
}

async fn writes(core: &Core, unused_name: &str, sample: &Sample) -> Vec<Check> {
    let aws = &core.aws;
    let record = sample.records.first();
    let unused = Address {
        name: unused_name,
        arn: unused_name,
    };
    let (secret, denied) = match record {
        Some(record) => (record.address(), Denied::Failed),
        None => (unused, Denied::Unknown),
    };

    // The same value as the same version is no new version, says AWS's API reference.
    let put = match record {
        Some(record) => aws.put(secret, &record.text, &record.version).await,
        None => {
            let version = Uuid::new_v4().to_string();
            aws.put(secret, &SecretString::from("{}"), &version).await
        }
    };
    let describe = aws.describe(unused_name).await.map(drop);
    let create = "cannot be tried without creating a secret";
    let mut checks = vec![
        allowed("DescribeSecret", describe, Denied::Failed),
        Check::skipped("CreateSecret", create),
        allowed("TagResource", aws.try_tag(secret).await, denied),
        allowed("UntagResource", aws.try_untag(secret).await, denied),
        allowed("PutSecretValue", put.map(drop), denied),
        allowed(
            "DeleteSecret",
            aws.delete(unused, aws.deletion).await,
            Denied::Unknown,
        ),
        allowed("RestoreSecret", aws.restore(unused).await, Denied::Unknown),
    ];
    if !aws.replica_regions.is_empty() {
        let replicated = aws.replicate(unused).await;
        let regions = aws.replica_regions.clone();
        let removed = aws.remove_replicas(unused, regions).await;
        checks.extend([
            allowed("ReplicateSecretToRegions", replicated, Denied::Unknown),
            allowed("RemoveRegionsFromReplication", removed, Denied::Unknown),
        ]);
    }
    checks
}

/// Judges a call by how it failed: AWS checks the permission first.
fn allowed(name: &'static str, result: Result<(), Failure>, denied: Denied) -> Check {
    let error = match result {
        Ok(()) => return Check::passed(name, "allowed"),
        Err(Failure { reason, error }) => match (reason, denied) {
            (Reason::Denied, Denied::Failed) => error,
            (Reason::Denied, Denied::Unknown) => return unknown(name, &error),
            (
                Reason::NotFound
                | Reason::Deleted
                | Reason::Exists
                | Reason::Limit
                | Reason::Replicated,
                _,
            ) => return Check::passed(name, "allowed"),
            (Reason::Throttled | Reason::Busy | Reason::Other, _) => error,
        },
    };
    Check::failed(name, error)
}

fn unknown(name: &'static str, error: &Error) -> Check {
    let action = error.missing_action().unwrap_or(name);
    let reason =
        "denied for a secret that does not exist, which has no tags; not tried on a record";
    Check::skipped(name, reason).advise(format!(
        "make sure that the role allows {action} on secrets with the tag managed-by = zoho-token-store"
    ))
}
