//! A token store in memory, for tests and local development.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use uuid::Uuid;

use crate::token::builder::check_id;
use crate::{Error, OAuthToken, RecordVersion, RefreshCoordination, Swap, TokenStore, matching};

/// A [`TokenStore`] in memory, for tests: the contract without AWS.
///
/// Clones share their records, which are dropped with the last clone.
///
/// ```
/// use zoho_token_store::{Error, MemoryTokenStore, OAuthToken, TokenStore};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Error> {
/// let store = MemoryTokenStore::new();
/// let saved = store.save_token(&OAuthToken::builder().access_token("1000.aa").build()?).await?;
/// let id = saved.id().expect("a stored record has an id");
/// assert_eq!(store.find_token_by_id(id).await?, Some(saved.clone()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct MemoryTokenStore {
    records: Arc<Mutex<BTreeMap<String, Entry>>>,
}

/// A record with what [`RefreshCoordination`] needs of it.
#[derive(Debug)]
struct Entry {
    token: OAuthToken,
    lease: Option<String>,
    version: Uuid,
}

impl Entry {
    fn new(token: OAuthToken, lease: Option<String>) -> Self {
        let version = Uuid::new_v4();
        Entry {
            token,
            lease,
            version,
        }
    }

    fn version(&self) -> RecordVersion {
        RecordVersion::new(self.token.clone(), self.lease.clone(), self.version)
    }
}

impl MemoryTokenStore {
    /// Returns an empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn records(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        // Every change is one insert or remove: a panic elsewhere cannot have left half of one.
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl TokenStore for MemoryTokenStore {
    async fn find_token(&self, partial: &OAuthToken) -> Result<Option<OAuthToken>, Error> {
        let records = self.records();
        let tokens = records.values().map(|entry| &entry.token);
        Ok(matching::denoted(partial, tokens).map(|(_, record)| record.clone()))
    }

    async fn save_token(&self, token: &OAuthToken) -> Result<OAuthToken, Error> {
        let mut records = self.records();
        let tokens = records.values().map(|entry| &entry.token);
        let record = match matching::denoted(token, tokens) {
            Some((_, stored)) => matching::merged(stored, token)?,
            None => {
                matching::check_insertable(token).map_err(|error| error.during("save_token"))?;
                match token.id() {
                    Some(_) => token.clone(),
                    None => token.to_builder().id(Uuid::new_v4().to_string()).build()?,
                }
            }
        };
        let id = record.id().unwrap_or_default();
        let lease = records.get_mut(id).and_then(|old| {
            let keeps = |lease: &mut String| matching::keeps_lease(lease, &old.token, &record);
            old.lease.take_if(keeps)
        });
        records.insert(id.to_owned(), Entry::new(record.clone(), lease));
        Ok(record)
    }

    async fn delete_token(&self, id: &str) -> Result<(), Error> {
        check_id(id).map_err(|error| error.during("delete_token"))?;
        self.records().remove(id);
        Ok(())
    }

    async fn get_tokens(&self) -> Result<Vec<OAuthToken>, Error> {
        let records = self.records();
        Ok(records.values().map(|entry| entry.token.clone()).collect())
    }

    async fn delete_tokens(&self) -> Result<(), Error> {
        self.records().clear();
        Ok(())
    }

    async fn find_token_by_id(&self, id: &str) -> Result<Option<OAuthToken>, Error> {
        check_id(id).map_err(|error| error.during("find_token_by_id"))?;
        Ok(self.records().get(id).map(|entry| entry.token.clone()))
    }

    fn coordination(&self) -> Option<&dyn RefreshCoordination> {
        Some(self)
    }
}

#[async_trait]
impl RefreshCoordination for MemoryTokenStore {
    async fn read(&self, id: &str) -> Result<Option<RecordVersion>, Error> {
        Ok(self.records().get(id).map(Entry::version))
    }

    async fn swap(
        &self,
        current: &RecordVersion,
        token: &OAuthToken,
        lease: Option<&str>,
    ) -> Result<Swap, Error> {
        let mut records = self.records();
        let entry = current.token().id().and_then(|id| records.get_mut(id));
        match entry {
            Some(entry) if current.version::<Uuid>() == Some(&entry.version) => {
                *entry = Entry::new(token.clone(), lease.map(str::to_owned));
                Ok(Swap::Current(entry.version()))
            }
            _ => Ok(Swap::Refused),
        }
    }
}
