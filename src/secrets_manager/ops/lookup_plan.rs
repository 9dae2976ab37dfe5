//! Which names a lookup reads next, and which record it has found: pure rules, without any call.

use std::collections::HashMap;
use std::sync::Arc;

use crate::secrets_manager::format::fingerprint::{self, Fingerprints};
use crate::secrets_manager::format::stored_record::{Slot, StoredRecord};
use crate::{Field, OAuthToken, matching};

/// A lookup under way: what was read so far, and what remains to be read.
pub(crate) struct LookupPlan<'a> {
    fingerprints: &'a Fingerprints,
    partial: &'a OAuthToken,
    slots: HashMap<String, Slot>,
}

/// The record that a partial token denotes, and the field that decided.
#[derive(Clone, Debug)]
pub(crate) struct Denoted {
    pub(crate) record: Arc<StoredRecord>,
    pub(crate) decided_by: Field,
}

impl<'a> LookupPlan<'a> {
    pub(crate) fn new(fingerprints: &'a Fingerprints, partial: &'a OAuthToken) -> Self {
        LookupPlan {
            fingerprints,
            partial,
            slots: HashMap::new(),
        }
    }

    /// Adds what was read under some ids.
    pub(crate) fn learn(&mut self, slots: Vec<(String, Slot)>) {
        self.slots.extend(slots);
    }

    pub(crate) fn has_read(&self, id: &str) -> bool {
        self.slots.contains_key(id)
    }

    /// Whether no secret was found under this id.
    pub(crate) fn is_missing(&self, id: &str) -> bool {
        matches!(self.slots.get(id), Some(Slot::Absent | Slot::Deleted))
    }

    pub(crate) fn into_slots(self) -> HashMap<String, Slot> {
        self.slots
    }

    /// The derived ids to read next, one for every given field and fingerprint key, the strongest
    /// field and the current key first.
    ///
    /// If another record has an id, or had it, the record may have the next id derived from the same
    /// value.
    pub(crate) fn next_derived(&self) -> Vec<String> {
        let next = |field, chain: &mut dyn Iterator<Item = String>| {
            for id in chain {
                match self.slots.get(&id) {
                    None => return Some(id),
                    Some(Slot::Absent) => return None,
                    Some(Slot::Record(record)) if self.suits(&record.token, field) => return None,
                    Some(Slot::Record(_) | Slot::Vacant { .. } | Slot::Deleted) => {}
                }
            }
            None
        };
        let mut ids = Vec::new();
        for field in matching::identifying_fields(self.partial) {
            let chains = self.fingerprints.chains(self.partial, field);
            ids.extend(chains.filter_map(|mut chain| next(field, &mut chain)));
        }
        ids
    }

    /// Whether nothing that is still unread could be a better match.
    pub(crate) fn is_decided(&self) -> bool {
        let Some(Denoted { record, decided_by }) = self.denoted() else {
            return false;
        };
        let strongest = matching::identifying_fields(self.partial).next();
        strongest == Some(decided_by)
            && self.suits(&record.token, decided_by)
            && self.derived_position(record.id()).is_some()
    }

    /// The record that the partial token denotes, among those read so far.
    ///
    /// Where the contract leaves a choice, derived ids come first, then the order of ids.
    pub(crate) fn denoted(&self) -> Option<Denoted> {
        let records = self.slots.values().filter_map(|slot| match slot {
            Slot::Record(record) => Some(record),
            Slot::Vacant { .. } | Slot::Deleted | Slot::Absent => None,
        });
        let mut records: Vec<_> = records.collect();
        records.sort_by_cached_key(|record| {
            (
                self.derived_position(record.id()).unwrap_or(usize::MAX),
                record.id().to_owned(),
            )
        });
        let tokens = records.iter().map(|record| &record.token);
        let (decided_by, token) = matching::denoted(self.partial, tokens)?;
        let record = records
            .iter()
            .find(|record| record.token.id() == token.id())?;
        Some(Denoted {
            record: Arc::clone(record),
            decided_by,
        })
    }

    /// Whether the record matches in this field and has the client that was given, if one was.
    fn suits(&self, record: &OAuthToken, field: Field) -> bool {
        let client = self.partial.client_id();
        matching::matches(self.partial, record, field)
            && (client.is_none() || client == record.client_id())
    }

    fn derived_position(&self, id: &str) -> Option<usize> {
        let field = matching::identifying_fields(self.partial).next()?;
        let mut ids = self.fingerprints.chains(self.partial, field).flatten();
        ids.position(|derived| derived == id)
    }
}

/// The first id derived for a new record that no other record has, and what is stored under it.
pub(crate) fn vacancy(
    slots: &HashMap<String, Slot>,
    token: &OAuthToken,
    fingerprints: &Fingerprints,
    occupied: &[String],
) -> Option<(String, Slot)> {
    let slot = |id: &str| slots.get(id).cloned().unwrap_or(Slot::Absent);
    if let Some(id) = token.id() {
        return Some((id.to_owned(), slot(id)));
    }
    fingerprints
        .derived_ids(token, fingerprint::id_source(token)?)
        .filter(|id| !occupied.contains(id))
        .map(|id| (slot(&id), id))
        .find(|(slot, _)| !matches!(slot, Slot::Record(_)))
        .map(|(slot, id)| (id, slot))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets_manager::format::stored_record::StoredRecord;
    use crate::testing::token;

    fn fingerprints() -> Fingerprints {
        Fingerprints::new(&[]).unwrap()
    }

    fn record(id: &str, columns: &str) -> (String, Slot) {
        let token = token(columns).to_builder().id(id).build().unwrap();
        let record = StoredRecord::just_read(token);
        (id.into(), Slot::Record(Arc::new(record)))
    }

    fn derived(columns: &str, field: Field, number: usize) -> String {
        fingerprints()
            .derived_ids(&token(columns), field)
            .nth(number)
            .unwrap()
    }

    #[test]
    fn each_given_field_has_a_name_to_read_and_the_strongest_comes_first() {
        let (prints, partial) = (
            fingerprints(),
            token("user_name=u refresh_token=r client_id=c"),
        );
        let plan = LookupPlan::new(&prints, &partial);
        let expected = [
            derived("user_name=u", Field::UserName, 0),
            prints.of(Field::RefreshToken, "r"),
        ];
        assert_eq!(plan.next_derived(), expected);
    }

    #[test]
    fn a_record_of_the_strongest_field_and_the_given_client_decides() {
        let prints = fingerprints();
        let own = derived("user_name=u", Field::UserName, 0);
        let cases = [
            ("user_name=u", "user_name=u client_id=c", true),
            ("user_name=u client_id=c", "user_name=u client_id=c", true),
            ("user_name=u client_id=c", "user_name=u", false),
            ("user_name=u client_id=c", "user_name=u client_id=d", false),
            ("user_name=u", "user_name=v", false),
        ];
        for (partial, stored, decided) in cases {
            let partial = token(partial);
            let mut plan = LookupPlan::new(&prints, &partial);
            plan.learn(vec![record(&own, stored)]);
            assert_eq!(plan.is_decided(), decided, "{stored}");
            assert_eq!(plan.next_derived().is_empty(), decided, "{stored}");
        }
        let partial = token("user_name=u");
        let mut plan = LookupPlan::new(&prints, &partial);
        plan.learn(vec![record("elsewhere", "user_name=u")]);
        assert!(!plan.is_decided(), "the derived id may hold another one");
    }

    #[test]
    fn behind_an_id_that_is_or_was_taken_comes_the_next_one() {
        let prints = fingerprints();
        let partial = token("user_name=u client_id=c");
        let ids: Vec<_> = prints
            .derived_ids(&partial, Field::UserName)
            .take(2)
            .collect();
        let taken = [
            record(&ids[0], "user_name=u client_id=d").1,
            Slot::Deleted,
            Slot::Vacant {
                arn: "a".into(),
                version: "1".into(),
            },
        ];
        for slot in taken {
            let mut plan = LookupPlan::new(&prints, &partial);
            plan.learn(vec![(ids[0].clone(), slot)]);
            assert_eq!(plan.next_derived(), [ids[1].clone()]);
        }
        let mut plan = LookupPlan::new(&prints, &partial);
        plan.learn(vec![(ids[0].clone(), Slot::Absent)]);
        assert!(plan.next_derived().is_empty());
    }

    #[test]
    fn a_new_record_takes_the_first_id_without_a_record() {
        let prints = fingerprints();
        let new = token("user_name=u client_id=c access_token=a");
        let ids: Vec<_> = prints.derived_ids(&new, Field::UserName).take(2).collect();
        let free = |slots: Vec<(String, Slot)>| {
            vacancy(&HashMap::from_iter(slots), &new, &prints, &[]).map(|(id, _)| id)
        };
        assert_eq!(free(vec![]), Some(ids[0].clone()));
        assert_eq!(
            free(vec![(ids[0].clone(), Slot::Deleted)]),
            Some(ids[0].clone())
        );
        assert_eq!(
            free(vec![record(&ids[0], "user_name=u client_id=d")]),
            Some(ids[1].clone())
        );
        let all = prints
            .derived_ids(&new, Field::UserName)
            .map(|id| record(&id, "user_name=v"));
        assert_eq!(free(all.collect()), None);
    }

    #[test]
    fn among_equals_the_derived_id_comes_first_then_the_lowest() {
        let prints = fingerprints();
        let own = derived("user_name=u", Field::UserName, 0);
        let partial = token("user_name=u");
        let mut plan = LookupPlan::new(&prints, &partial);
        plan.learn(vec![record("b", "user_name=u"), record("a", "user_name=u")]);
        assert_eq!(plan.denoted().unwrap().record.id(), "a");
        plan.learn(vec![record(&own, "user_name=u")]);
        assert_eq!(plan.denoted().unwrap().record.id(), own);
    }
}
