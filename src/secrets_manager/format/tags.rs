//! The tags of a secret: which store it belongs to, and the index of its lookup keys.
//!
//! The key of an index tag holds the id of the write that added it, so that writers never overwrite
//! each other's tags: tags have no compare-and-swap. A document names the tags that belong to it
//! ([`Index`]); all others are leftovers, which lookups verify and discard like any other hint.

use super::fingerprint::Fingerprints;
use super::write_id::WriteId;
use crate::{Field, OAuthToken};

/// The key and the value of a tag.
pub(crate) type Tag = (String, String);

/// The tag of every secret of this crate's stores.
pub(crate) const MANAGED_BY: (&str, &str) = ("managed-by", "zoho-token-store");

/// The number of tags that the store reserves for itself: [`MANAGED_BY`], two for each of the four
/// lookup keys of a record, and as many for each of two writes in progress.
pub(crate) const OWN_TAGS: usize = 25;

/// The keys of index tags begin with it.
pub(crate) const INDEX_PREFIX: &str = "zoho-token-store:";

const INDEXED: [(Field, &str); 4] = [
    (Field::UserName, "user"),
    (Field::AccessToken, "access"),
    (Field::GrantToken, "grant"),
    (Field::RefreshToken, "refresh"),
];

/// Marks the tag for the previous fingerprint key.
const FORMER: &str = "-former";

/// The index tags that belong to a document: for each indexed field the write that tagged it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Index(Vec<(Field, WriteId)>);

impl Index {
    /// Reads the form that [`to_text`](Self::to_text) writes. Parts that it cannot read are ignored:
    /// their fields count as not indexed. Of several parts with the same field, the first one counts.
    pub(crate) fn parse(text: &str) -> Self {
        let parts = text.split(' ').filter_map(|part| {
            let (name, write) = part.split_once(':')?;
            let (field, _) = INDEXED.iter().find(|(_, known)| *known == name)?;
            Some((*field, WriteId::parse(write)?))
        });
        let mut index = Index::default();
        for (field, write) in parts {
            if !index.has(field) {
                index.0.push((field, write));
            }
        }
        index
    }

    /// Returns the form that documents hold, such as `user:<write id> refresh:<write id>`.
    pub(crate) fn to_text(&self) -> String {
        let parts = self
            .0
            .iter()
            .map(|(field, write)| format!("{}:{}", name(*field), write.as_str()));
        parts.collect::<Vec<_>>().join(" ")
    }

    /// Returns the indexed fields of a record, each with this write.
    pub(crate) fn of_record(record: &OAuthToken, write: &WriteId) -> Self {
        let fields = INDEXED.iter().map(|&(field, _)| field);
        let given = fields.filter(|&field| record.expose(field).is_some());
        Index(given.map(|field| (field, write.clone())).collect())
    }

    /// Returns the part that has not changed with an update; nothing if the record has got another
    /// user or client.
    pub(crate) fn unchanged(&self, old: &OAuthToken, new: &OAuthToken) -> Self {
        let is_replaced = |field| {
            old.expose(field)
                .is_some_and(|value| new.expose(field) != Some(value))
        };
        if is_replaced(Field::UserName) || is_replaced(Field::ClientId) {
            return Index::default();
        }
        let kept = self.0.iter().filter(|(field, _)| !is_replaced(*field));
        Index(kept.cloned().collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn has(&self, field: Field) -> bool {
        self.of(field).is_some()
    }

    pub(crate) fn writes(&self) -> impl Iterator<Item = &WriteId> {
        self.0.iter().map(|(_, write)| write)
    }

    /// The size in memory, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.0.len() * (size_of::<(Field, WriteId)>() + 24)
    }

    /// The keys of the tags: of each field with the current and with the previous fingerprint key.
    pub(crate) fn tag_keys(&self) -> impl Iterator<Item = String> {
        self.0
            .iter()
            .flat_map(|(field, write)| [key(*field, "", write), key(*field, FORMER, write)])
    }

    fn of(&self, field: Field) -> Option<&WriteId> {
        let mut parts = self.0.iter();
        parts.find_map(|(known, write)| (*known == field).then_some(write))
    }
}

/// How the index of a record changes with a write.
#[derive(Debug, Default)]
pub(crate) struct IndexChange {
    /// The tags to add before the write.
    pub(crate) added: Vec<Tag>,
    /// The index of the record after the write.
    pub(crate) index: Index,
    /// What the write replaces, to be removed after it.
    pub(crate) replaced: Index,
}

/// Returns how the index changes if a write replaces a record.
///
/// Tags are added before the value is put. So the record is found under its old and its new keys
/// whichever value it holds, even if the writer stops in between.
pub(crate) fn change(
    fingerprints: &Fingerprints,
    record: &OAuthToken,
    replaced: Option<(&OAuthToken, &Index)>,
    write: &WriteId,
) -> IndexChange {
    let mut change = IndexChange::default();
    for (field, _) in INDEXED {
        let known = replaced.and_then(|(old, index)| Some((old, index.of(field)?)));
        match known {
            Some((old, known)) if old.expose(field) == record.expose(field) => {
                change.index.0.push((field, known.clone()));
                continue;
            }
            Some((_, known)) => change.replaced.0.push((field, known.clone())),
            None => {}
        }
        if record.expose(field).is_some() {
            change
                .added
                .extend(tags_of(fingerprints, record, field, write));
            change.index.0.push((field, write.clone()));
        }
    }
    change
}

/// Returns the index of a record that is written without tags: fields that change lose theirs.
pub(crate) fn change_without_tags(
    record: &OAuthToken,
    replaced: Option<(&OAuthToken, &Index)>,
) -> IndexChange {
    let mut change = IndexChange::default();
    if let Some((old, index)) = replaced {
        for (field, write) in &index.0 {
            let is_same = old.expose(*field) == record.expose(*field);
            let list = match is_same {
                true => &mut change.index,
                false => &mut change.replaced,
            };
            list.0.push((*field, write.clone()));
        }
    }
    change
}

/// Whether a secret with these tags belongs to one of this crate's stores.
pub(crate) fn is_managed(tags: &[Tag]) -> bool {
    tags.iter()
        .any(|(key, value)| key == MANAGED_BY.0 && value == MANAGED_BY.1)
}

/// The values of the index tags of a record with any of the token's lookup keys.
///
/// A value begins with the name of its field and has a fixed length. So AWS's prefix match on tag
/// values is an exact match, and it does not matter that a filter on keys and one on values may
/// match different tags.
pub(crate) fn lookup_values(fingerprints: &Fingerprints, partial: &OAuthToken) -> Vec<String> {
    let values = INDEXED.iter().flat_map(|&(field, _)| {
        let of_field = fingerprints.of_field(partial, field);
        of_field.map(move |fingerprint| value(field, &fingerprint))
    });
    values.collect()
}

/// Returns the index tags of a record as its document names them; `None` if the document does not
/// name one for each of its lookup keys.
pub(crate) fn expected(
    fingerprints: &Fingerprints,
    record: &OAuthToken,
    index: &Index,
) -> Option<Vec<Tag>> {
    let mut tags = Vec::new();
    for (field, _) in INDEXED {
        if record.expose(field).is_some() {
            tags.extend(tags_of(fingerprints, record, field, index.of(field)?));
        }
    }
    Some(tags)
}

/// Returns the keys of the index tags that no write needs any more, the oldest first: those that the
/// document does not name, added by a write that `is_over`, and those without a write id, of an
/// older layout.
pub(crate) fn leftovers(
    tags: &[Tag],
    index: &Index,
    is_over: impl Fn(&WriteId) -> bool,
) -> Vec<String> {
    let named: Vec<_> = index.tag_keys().collect();
    let unused = tags.iter().filter_map(|(key, _)| {
        let rest = key.strip_prefix(INDEX_PREFIX)?;
        let write = rest.split_once(':').map(|(_, write)| write);
        let write = write.and_then(WriteId::parse);
        let over = write.as_ref().is_none_or(&is_over);
        (over && !named.contains(key)).then(|| (write, key.clone()))
    });
    let mut unused: Vec<_> = unused.collect();
    unused.sort_unstable();
    unused.into_iter().map(|(_, key)| key).collect()
}

/// The keys of index tags in the layout without write ids, which the first versions wrote.
pub(crate) fn former_layout() -> impl Iterator<Item = String> {
    INDEXED.iter().flat_map(|(_, name)| {
        ["", "-before", "-former-key"].map(|suffix| format!("{INDEX_PREFIX}{name}{suffix}"))
    })
}

fn tags_of(
    fingerprints: &Fingerprints,
    record: &OAuthToken,
    field: Field,
    write: &WriteId,
) -> impl Iterator<Item = Tag> {
    let keys = [key(field, "", write), key(field, FORMER, write)];
    let of_field = fingerprints.of_field(record, field);
    keys.into_iter()
        .zip(of_field)
        .map(move |(key, fingerprint)| (key, value(field, &fingerprint)))
}

fn key(field: Field, suffix: &str, write: &WriteId) -> String {
    format!("{INDEX_PREFIX}{}{suffix}:{}", name(field), write.as_str())
}

fn name(field: Field) -> &'static str {
    let mut names = INDEXED.iter();
    names
        .find_map(|(known, name)| (*known == field).then_some(*name))
        .unwrap_or_default()
}

fn value(field: Field, fingerprint: &str) -> String {
    format!("{field}:{fingerprint}")
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use secrecy::SecretSlice;

    use super::*;
    use crate::testing::token;

    fn fingerprints() -> Fingerprints {
        Fingerprints::new(&[]).unwrap()
    }

    fn write(number: u64) -> WriteId {
        WriteId::new(SystemTime::UNIX_EPOCH, number)
    }

    fn keys(tags: &[Tag]) -> Vec<&str> {
        tags.iter().map(|(key, _)| key.as_str()).collect()
    }

    #[test]
    fn a_change_adds_the_tags_of_the_keys_that_change_and_replaces_theirs() {
        let (old, new) = (
            token("user_name=ada access_token=old"),
            token("user_name=ada access_token=new refresh_token=r"),
        );
        let first = change(&fingerprints(), &old, None, &write(1));
        let user = "zoho-token-store:user:000000000000000000000001";
        let access = "zoho-token-store:access:000000000000000000000001";
        assert_eq!(keys(&first.added), [user, access]);
        assert!(first.replaced.is_empty());

        let second = change(&fingerprints(), &new, Some((&old, &first.index)), &write(2));
        let added = [
            "zoho-token-store:access:000000000000000000000002",
            "zoho-token-store:refresh:000000000000000000000002",
        ];
        assert_eq!(keys(&second.added), added);
        let replaced: Vec<_> = second.replaced.tag_keys().collect();
        assert_eq!(replaced[0], access);
        assert_eq!(second.index.of(Field::UserName), Some(&write(1)));
        assert_eq!(second.index.of(Field::AccessToken), Some(&write(2)));

        let none = change(
            &fingerprints(),
            &new,
            Some((&new, &second.index)),
            &write(3),
        );
        assert!(none.added.is_empty() && none.replaced.is_empty());
        assert_eq!(none.index, second.index);
        let plain = |(_, value): &Tag| {
            ["ada", "old", "new"]
                .iter()
                .any(|text| value.contains(text))
        };
        assert!(!first.added.iter().chain(&second.added).any(plain));
    }

    #[test]
    fn an_index_is_read_as_it_was_written_and_damage_is_no_index() {
        let index = change(
            &fingerprints(),
            &token("user_name=u access_token=a"),
            None,
            &write(5),
        )
        .index;
        assert_eq!(Index::parse(&index.to_text()), index);
        for damaged in [
            "",
            "user",
            "user:7",
            "nobody:000000000000000000000005",
            "user:",
        ] {
            assert!(Index::parse(damaged).is_empty(), "{damaged}");
        }
    }

    #[test]
    fn a_field_that_is_named_twice_is_written_once() {
        let twice = Index::parse(
            "user:000000000000000000000001 access:000000000000000000000001 \
             user:000000000000000000000002 access:000000000000000000000002",
        );
        let (old, new) = (
            token("user_name=ada access_token=old"),
            token("user_name=ada access_token=new"),
        );
        let change = change_without_tags(&new, Some((&old, &twice)));
        assert_eq!(change.index.to_text(), "user:000000000000000000000001");
        assert_eq!(change.replaced.to_text(), "access:000000000000000000000001");
    }

    #[test]
    fn what_is_unchanged_since_an_insertion_excludes_changes_of_user_and_client() {
        let inserted = token("user_name=u access_token=a refresh_token=r");
        let index = Index::of_record(&inserted, &write(1));
        let after = |columns| {
            let changed = crate::matching::merged(&inserted, &token(columns)).unwrap();
            index.unchanged(&inserted, &changed).to_text()
        };
        let id = write(1);
        let id = id.as_str();
        let all = format!("user:{id} access:{id} refresh:{id}");
        assert_eq!(after("user_name=u client_id=c client_secret=s"), all);
        assert_eq!(after("access_token=b"), format!("user:{id} refresh:{id}"));
        assert_eq!(after("access_token=a grant_token=g"), all);
        assert_eq!(after("user_name=v"), "");
        let in_client = token("access_token=a client_id=c");
        let index = Index::of_record(&in_client, &write(1));
        let other_client = token("access_token=a client_id=d");
        assert!(index.unchanged(&in_client, &other_client).is_empty());
    }

    #[test]
    fn without_a_tag_index_changed_keys_lose_their_tags() {
        let (old, new) = (
            token("user_name=ada access_token=old"),
            token("user_name=ada access_token=new"),
        );
        let index = change(&fingerprints(), &old, None, &write(1)).index;
        let change = change_without_tags(&new, Some((&old, &index)));
        assert_eq!(change.index.of(Field::UserName), Some(&write(1)));
        assert_eq!(change.index.of(Field::AccessToken), None);
        assert_eq!(change.replaced.of(Field::AccessToken), Some(&write(1)));
    }

    #[test]
    fn leftovers_are_the_tags_that_no_write_needs() {
        let record = token("user_name=u access_token=a");
        let current = change(&fingerprints(), &record, None, &write(1));
        let dead = change(&fingerprints(), &record, None, &write(2));
        let alive = change(&fingerprints(), &record, None, &write(3));
        let mut tags = [current.added, dead.added.clone(), alive.added].concat();
        tags.push(("zoho-token-store:user".into(), "user_name:x".into()));
        tags.push(("team".into(), "crm".into()));
        let leftovers = leftovers(&tags, &current.index, |other| *other == write(2));
        let mut expected = vec!["zoho-token-store:user"];
        let mut added = keys(&dead.added);
        added.sort_unstable();
        expected.extend(added);
        assert_eq!(leftovers, expected);
    }

    #[test]
    fn processes_with_the_previous_or_the_current_fingerprint_key_find_a_record() {
        let (old, new) = (
            SecretSlice::from(vec![1; 32]),
            SecretSlice::from(vec![2; 32]),
        );
        let before = Fingerprints::new(std::slice::from_ref(&old)).unwrap();
        let after = Fingerprints::new(&[new, old]).unwrap();
        let token = token("user_name=u access_token=a");
        let values = lookup_values(&after, &token);
        assert_eq!(values.len(), 4);
        let before = lookup_values(&before, &token);
        assert!(before.iter().all(|value| values.contains(value)));
        let tags = change(&after, &token, None, &write(1)).added.into_iter();
        let tags: Vec<_> = tags.map(|(_, value)| value).collect();
        assert!(values.iter().all(|value| tags.contains(value)));
    }
}
