//! Saving where CreateSecret refuses: a secret that is there already, on its way out, or empty.

use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;

use crate::secrets_manager::Core;
use crate::secrets_manager::aws::calls::is_managed;
use crate::secrets_manager::aws::failure::{Failure, Reason};
use crate::secrets_manager::format::version_id::Succession;
use crate::secrets_manager::ops::find::Slot;
use crate::secrets_manager::ops::save::Step;
use crate::{Error, ErrorKind, OAuthToken};

impl Core {
    /// What to do after CreateSecret has refused.
    pub(crate) async fn not_created(
        &self,
        name: &str,
        record: &OAuthToken,
        first_version: &str,
        failure: Failure,
        succession: &mut Succession,
    ) -> Result<Step, Error> {
        match failure.reason {
            Reason::Deleted => return self.restore_deleted(name, record, succession).await,
            Reason::Exists => {}
            Reason::Throttled => return Ok(Step::Wait(failure.error)),
            _ => return Err(failure.error),
        }
        match self.read_now(record.id().unwrap_or_default()).await? {
            // This creation itself, whose answer was lost.
            Slot::Record(entry) if entry.version == first_version => {
                self.cache.written(&entry, None);
                Ok(Step::Saved(entry.token.clone()))
            }
            Slot::Record(_) | Slot::Vacant { .. } => Ok(Step::Again),
            Slot::Deleted => Ok(Step::Wait(failure.error)),
            Slot::Absent => match self.described(name).await? {
                // A value that reads do not show yet, or a secret that is gone again.
                Some(secret) if current_version(&secret).is_some() => Ok(Step::Wait(failure.error)),
                None => Ok(Step::Wait(failure.error)),
                Some(_) => self.write_fresh(name, record, "", succession).await,
            },
        }
    }

    /// Brings back a secret that is marked for deletion, with a fresh record in it.
    ///
    /// The value is put onto the version that the deletion left, so that of two who restore_deleted it one
    /// writes and the other one notices. In between the secret holds that version: a tombstone, if
    /// this store deleted it.
    pub(crate) async fn restore_deleted(
        &self,
        name: &str,
        record: &OAuthToken,
        succession: &mut Succession,
    ) -> Result<Step, Error> {
        let in_the_way = Error::new(ErrorKind::Conflict, "the secret is being deleted")
            .about_secret(name)
            .advise("try again in a minute");
        let secret = self.described(name).await?;
        let Some(secret) = secret.filter(|secret| secret.deleted_date().is_some()) else {
            return Ok(Step::Wait(in_the_way));
        };
        match self.api.restore(name).await {
            Ok(()) => {
                let version = current_version(&secret).unwrap_or_default();
                let step = self.write_fresh(name, record, version, succession).await?;
                // The deletion took the replicas away.
                let replicated = self.api.replicate(name).await;
                replicated.map_err(|failure| failure.error)?;
                Ok(step)
            }
            // A deletion by force cannot be called off, only waited for.
            Err(Failure {
                reason: Reason::NotFound | Reason::Deleted | Reason::Throttled,
                error,
            }) => Ok(Step::Wait(error)),
            Err(failure) => Err(failure.error),
        }
    }

    /// The description of an own secret; none if there is no such secret.
    async fn described(&self, name: &str) -> Result<Option<DescribeSecretOutput>, Error> {
        match self.api.describe(name).await {
            Ok(secret) if is_managed(secret.tags()) => Ok(Some(secret)),
            Ok(_) => Err(foreign(name)),
            Err(failure) if failure.reason == Reason::NotFound => Ok(None),
            Err(failure) => Err(failure.error),
        }
    }
}

fn foreign(name: &str) -> Error {
    let problem = "a secret that is not this store's has the name of this record";
    Error::new(ErrorKind::Conflict, problem).about_secret(name).advise(
        "remove that secret, use another prefix, or give it the tag managed-by = zoho-token-store",
    )
}

/// The version that the secret's readers get.
pub(crate) fn current_version(secret: &DescribeSecretOutput) -> Option<&str> {
    let mut versions = secret.version_ids_to_stages()?.iter();
    let current = versions.find(|(_, stages)| stages.iter().any(|stage| stage == "AWSCURRENT"));
    current.map(|(version, _)| version.as_str())
}
