//! The list of the store's own secrets.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use aws_sdk_secretsmanager::types::Tag;
use futures::{Stream, StreamExt, stream};

use crate::Error;
use crate::secrets_manager::Core;
use crate::secrets_manager::aws::calls::is_managed;
use crate::secrets_manager::format::fingerprint::MANAGED_BY;

/// An id, and the tags that the list shows of its secret.
pub(crate) type Listed = (String, Vec<Tag>);

/// A list under way.
struct Listing {
    core: Arc<Core>,
    /// The page to ask for next; none when the last one has been read.
    page: Option<Option<String>>,
    ready: VecDeque<Listed>,
    /// A list that changes while it is read may name a secret on two of its pages.
    seen: HashSet<String>,
}

impl Core {
    /// The ids of all own secrets below the prefix, and of those written here that the list may
    /// not show yet.
    pub(crate) fn ids(
        self: &Arc<Self>,
    ) -> impl Stream<Item = Result<String, Error>> + Send + use<> {
        self.listed().map(|listed| listed.map(|(id, _)| id))
    }

    /// The same ids, with tags; those that the list does not show have none.
    pub(crate) fn listed(
        self: &Arc<Self>,
    ) -> impl Stream<Item = Result<Listed, Error>> + Send + use<> {
        let listing = Listing {
            core: self.clone(),
            page: Some(None),
            ready: VecDeque::new(),
            seen: HashSet::new(),
        };
        stream::unfold(Some(listing), |listing| async {
            let mut listing = listing?;
            loop {
                if let Some(listed) = listing.ready.pop_front() {
                    return Some((Ok(listed), Some(listing)));
                }
                let page = listing.page.take()?;
                if let Err(error) = listing.read(page).await {
                    return Some((Err(error), None));
                }
            }
        })
    }
}

impl Listing {
    async fn read(&mut self, page: Option<String>) -> Result<(), Error> {
        let Core {
            api, names, cache, ..
        } = &*self.core;
        let output = api
            .list(names.prefix(), vec![MANAGED_BY.1.to_owned()], page)
            .await;
        let output = output.map_err(|failure| failure.error)?;

        let secrets = output.secret_list.unwrap_or_default().into_iter();
        let mut listed: Vec<Listed> = secrets
            .filter(|secret| is_managed(secret.tags()))
            .filter_map(|secret| {
                Some((
                    names.id_of(secret.name()?)?,
                    secret.tags.unwrap_or_default(),
                ))
            })
            .collect();
        self.page = output.next_token.map(Some);
        if self.page.is_none() {
            listed.extend(
                cache
                    .recently_written()
                    .into_iter()
                    .map(|id| (id, Vec::new())),
            );
        }
        self.ready.extend(
            listed
                .into_iter()
                .filter(|(id, _)| self.seen.insert(id.clone())),
        );
        Ok(())
    }
}
