//! The fields of a JSON object, each of which may occur once.

use std::collections::HashSet;

use serde::de::{Deserialize, Deserializer, Error as _};

use crate::wiped_json::{Members, Value};

/// The fields of an object in their order, without duplicates.
pub(crate) struct UniqueFields(pub(crate) Vec<(String, Value)>);

impl UniqueFields {
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        let mut fields = self.0.iter();
        fields.find_map(|(known, value)| (known == name).then_some(value))
    }
}

impl<'de> Deserialize<'de> for UniqueFields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Members(fields) = Members::deserialize(deserializer)?;
        let mut names = HashSet::new();
        if !fields.iter().all(|(name, _)| names.insert(name.as_str())) {
            return Err(D::Error::custom("a field occurs twice"));
        }
        Ok(UniqueFields(fields))
    }
}
