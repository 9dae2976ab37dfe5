//! What the earlier rows of an import have done. It is kept as hashes: some bytes a row.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, Hash, RandomState};

use zoho_token_store::{Field, OAuthToken, matching};

use super::compare::TOKENS;

/// The rows of one import so far.
#[derive(Default)]
pub struct Earlier {
    hasher: RandomState,
    saved: RefCell<HashSet<u64>>,
    planned: RefCell<HashMap<u64, Planned>>,
    /// The ids of new records in a dry run, and whose they are.
    ids: RefCell<HashMap<u64, u64>>,
}

/// A record as it would be after the earlier rows, if this were no dry run.
#[derive(Clone)]
pub struct Planned {
    /// The hash of each column.
    columns: Box<[Option<u64>]>,
    expiry_time: Option<u64>,
}

impl Earlier {
    /// Remembers that the record with this id is as an earlier row says.
    pub fn saved(&self, id: Option<&str>) {
        self.saved.borrow_mut().insert(self.hash(&id));
    }

    /// Whether an earlier row was saved into the record with this id.
    pub fn has_saved(&self, id: Option<&str>) -> bool {
        self.saved.borrow().contains(&self.hash(&id))
    }

    /// The record of this row's user, or else token, that earlier rows would make.
    pub fn planned(&self, row: &OAuthToken) -> Option<Planned> {
        self.planned.borrow().get(&self.login(row)).cloned()
    }

    /// Remembers what a save of the row would make of the stored record, or of none.
    pub fn plan(&self, stored: Option<&OAuthToken>, row: &OAuthToken) {
        let stored = stored.map(|stored| self.as_planned(stored));
        self.plan_over(stored, row);
    }

    /// The same for a planned record.
    pub fn plan_over(&self, record: Option<Planned>, row: &OAuthToken) {
        let mut planned = self.as_planned(row);
        if let Some(record) = record {
            if planned.expiry_time.is_none() && self.has_access_token_of(&record, row) {
                planned.expiry_time = record.expiry_time;
            }
            for (column, former) in planned.columns.iter_mut().zip(record.columns) {
                *column = column.or(former);
            }
        }
        self.planned.borrow_mut().insert(self.login(row), planned);
    }

    /// Whether the planned record has all columns of a row.
    pub fn has_all(&self, record: &Planned, row: &OAuthToken) -> bool {
        let given = self.as_planned(row).columns;
        let mut columns = given.iter().zip(&record.columns);
        columns.all(|(given, planned)| given.is_none() || given == planned)
    }

    /// The tokens that a row gives and the planned record does not have.
    pub fn other_tokens(&self, record: &Planned, row: &OAuthToken) -> Vec<Field> {
        let given = self.as_planned(row).columns;
        let columns = Field::ALL.iter().zip(given.iter().zip(&record.columns));
        let others = columns.filter(|(_, (given, planned))| given.is_some() && given != planned);
        let others = others.map(|(&field, _)| field);
        others.filter(|field| TOKENS.contains(field)).collect()
    }

    /// Notes the id of a new record. Returns whether no other record has it.
    pub fn takes_id(&self, row: &OAuthToken) -> bool {
        if row.id().is_none() {
            return true;
        }
        let login = self.login(row);
        let mut ids = self.ids.borrow_mut();
        *ids.entry(self.hash(&row.id())).or_insert(login) == login
    }

    /// Whether a row has another access token than the planned record, which expires earlier.
    pub fn is_older(&self, row: &OAuthToken, record: &Planned) -> bool {
        let is_dated = row.expiry_time().is_some();
        is_dated
            && row.expiry_time() < record.expiry_time
            && (row.access_token().is_none() || !self.has_access_token_of(record, row))
    }

    /// Whether the row has no other access token.
    fn has_access_token_of(&self, record: &Planned, row: &OAuthToken) -> bool {
        let mut columns = Field::ALL.iter().zip(&record.columns);
        let planned =
            columns.find_map(|(&field, value)| (field == Field::AccessToken).then_some(*value));
        let given = self.value(row, Field::AccessToken);
        given.is_none() || Some(given) == planned
    }

    fn as_planned(&self, token: &OAuthToken) -> Planned {
        Planned {
            columns: Field::ALL
                .iter()
                .map(|&field| self.value(token, field))
                .collect(),
            expiry_time: token.expiry_time(),
        }
    }

    /// The hash of a column. A row's id does not count: the record may have another one.
    fn value(&self, token: &OAuthToken, field: Field) -> Option<u64> {
        let value = token.expose(field).filter(|_| field != Field::Id)?;
        Some(self.hash(&value))
    }

    /// The user and the client, or else the strongest token.
    pub fn login(&self, row: &OAuthToken) -> u64 {
        let strongest = matching::identifying_fields(row)
            .next()
            .unwrap_or(Field::Id);
        self.hash(&(strongest, row.expose(strongest), row.client_id()))
    }

    fn hash(&self, value: &impl Hash) -> u64 {
        self.hasher.hash_one(value)
    }
}
