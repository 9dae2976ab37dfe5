//! Compare and swap: a value put as the successor of the version it was made from.

use secrecy::SecretString;

use crate::secrets_manager::Core;
use crate::secrets_manager::aws::failure::{Failure, Reason};
use crate::secrets_manager::format::version_id::Succession;
use crate::secrets_manager::ops::restore::current_version;

impl Core {
    /// Puts a value as the successor of this version, and answers which version that is.
    ///
    /// Where another writer came first the reason of the failure is [`Reason::Exists`].
    pub(crate) async fn swap(
        &self,
        name: &str,
        document: &SecretString,
        version: &str,
        succession: &mut Succession,
    ) -> Result<String, Failure> {
        if succession.is_stuck(version) {
            let secret = self.api.describe(name).await?;
            if current_version(&secret) == Some(version) {
                succession.skip();
            }
        }
        let next = succession.next(version);
        let refused = match self.api.put(name, document, &next).await {
            Ok(true) => return Ok(next),
            // AWS takes a version that exists with this very content for a repetition, and changes
            // nothing. That is so after a lost answer; but also where that version is history.
            Ok(false) => {
                let secret = self.api.describe(name).await?;
                if current_version(&secret) == Some(&next) {
                    return Ok(next);
                }
                Failure::outrun(name)
            }
            Err(failure) => failure,
        };
        if refused.reason == Reason::Exists {
            succession.refused(version);
        }
        Err(refused)
    }
}
