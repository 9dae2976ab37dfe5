//! A partial token as the key of a shared lookup.

use std::hash::{Hash, Hasher};

use crate::{Field, OAuthToken, matching};

/// Two queries are equal if they agree in all fields that decide which record is meant.
#[derive(Clone)]
pub(crate) struct Query(pub(crate) OAuthToken);

impl Query {
    fn parts(&self) -> impl Iterator<Item = Option<&str>> {
        let fields = matching::IDENTIFYING_FIELDS.iter().copied();
        let fields = fields.chain([Field::ClientId]);
        fields.map(|field| self.0.expose(field))
    }
}

impl PartialEq for Query {
    fn eq(&self, other: &Self) -> bool {
        self.parts().eq(other.parts())
    }
}

impl Eq for Query {}

impl Hash for Query {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().for_each(|part| part.hash(state));
    }
}
