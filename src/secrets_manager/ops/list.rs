//! Listing the store's own secrets, page by page.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use futures::{Stream, StreamExt, stream};

use super::core::Core;
use crate::Error;
use crate::secrets_manager::format::tags::{MANAGED_BY, Tag, is_managed};

/// An id, and the tags that the list shows for its secret.
pub(crate) type Listed = (String, Vec<Tag>);

/// A list under way.
struct Listing {
    core: Arc<Core>,
    /// The page to read next; `None` after the last page.
    page: Option<Option<String>>,
    ready: VecDeque<Listed>,
    /// A list that changes while it is read may show a secret on two of its pages.
    seen: HashSet<String>,
}

/// The ids of all own secrets under the prefix, and of those that this process has written and the
/// list may not show yet.
pub(crate) fn ids(core: &Arc<Core>) -> impl Stream<Item = Result<String, Error>> + Send + use<> {
    listed(core).map(|listed| listed.map(|(id, _)| id))
}

/// The same ids, with tags. Secrets that the list does not show yet have no tags.
pub(crate) fn listed(core: &Arc<Core>) -> impl Stream<Item = Result<Listed, Error>> + Send + use<> {
    let listing = Listing {
        core: core.clone(),
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

impl Listing {
    async fn read(&mut self, page: Option<String>) -> Result<(), Error> {
        let core = &*self.core;
        let managed = vec![MANAGED_BY.1.to_owned()];
        let output = core.aws.list(core.names.prefix(), managed, page).await;
        let output = output.map_err(|failure| failure.error)?;

        let secrets = output.secrets.into_iter();
        let mut listed: Vec<Listed> = secrets
            .filter(|(_, tags)| is_managed(tags))
            .filter_map(|(name, tags)| Some((core.names.id_of(&name)?, tags)))
            .collect();
        self.page = output.next.map(Some);
        if self.page.is_none() {
            let recent = core.cache.recently_written().into_iter();
            listed.extend(recent.map(|id| (id, Vec::new())));
        }
        let seen = &mut self.seen;
        let new = listed.into_iter().filter(|(id, _)| seen.insert(id.clone()));
        self.ready.extend(new);
        Ok(())
    }
}
