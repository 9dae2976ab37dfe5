//! Refreshing with a store that offers no compare-and-swap: leases hold within the process, and a
//! save looks first whether the record has changed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use crate::{Error, OAuthToken, RecordVersion, RefreshCoordination, Swap, TokenStore};

/// The operations of a refresh on any store.
#[derive(Debug)]
pub(crate) struct Uncoordinated {
    store: Arc<dyn TokenStore>,
    leases: Mutex<HashMap<String, String>>,
}

impl Uncoordinated {
    pub(crate) fn new(store: Arc<dyn TokenStore>) -> Self {
        Uncoordinated {
            store,
            leases: Mutex::default(),
        }
    }

    fn lease(&self, id: &str) -> Option<String> {
        let leases = self.leases.lock().unwrap_or_else(PoisonError::into_inner);
        leases.get(id).cloned()
    }

    fn set_lease(&self, id: &str, lease: Option<&str>) {
        let mut leases = self.leases.lock().unwrap_or_else(PoisonError::into_inner);
        match lease {
            Some(lease) => leases.insert(id.to_owned(), lease.to_owned()),
            None => leases.remove(id),
        };
    }
}

#[async_trait]
impl RefreshCoordination for Uncoordinated {
    async fn read(&self, id: &str) -> Result<Option<RecordVersion>, Error> {
        self.store.invalidate(id);
        let found = self.store.find_token_by_id(id).await?;
        let version = |token| RecordVersion::new(token, self.lease(id), ());
        if found.is_none() {
            self.set_lease(id, None);
        }
        Ok(found.map(version))
    }

    async fn swap(
        &self,
        current: &RecordVersion,
        token: &OAuthToken,
        lease: Option<&str>,
    ) -> Result<Swap, Error> {
        let id = current.token().id().unwrap_or_default();
        if self.lease(id).as_deref() != current.lease() {
            return Ok(Swap::Refused);
        }
        let token = if token == current.token() {
            token.clone()
        } else {
            match self.read(id).await? {
                Some(now) if now.token() == current.token() => self.store.save_token(token).await?,
                _ => return Ok(Swap::Refused),
            }
        };
        self.set_lease(id, lease);
        let lease = lease.map(str::to_owned);
        Ok(Swap::Current(RecordVersion::new(token, lease, ())))
    }
}
