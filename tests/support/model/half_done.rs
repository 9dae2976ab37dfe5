//! What can be stored after a failed operation, by the contract and by the guarantee that no record
//! is lost or duplicated.
//!
//! A failed operation may or may not have been applied: perhaps only its response was lost. So the
//! store holds the records from before, or those that the successful operation leaves;
//! `delete_tokens` may have deleted some of the records. When the operation is repeated, its result
//! and effect must be those of an operation that never failed: a save finds the record that it
//! created and changes nothing more, a deletion finds no record. The tests under faults check this.
//! Before the repetition, the store must also find only what is stored, not what it cached or tried
//! to write.

use zoho_token_store::{Field, OAuthToken};

use super::{Model, Operation, STRONGEST_FIRST, text, texts};
use crate::support::repeating::Seen;

impl Model {
    /// Returns what is wrong with the stored records after this operation failed.
    pub fn check_half_done(
        &self,
        operation: &Operation,
        Seen { stored, found }: &Seen,
    ) -> Result<(), String> {
        if let Some(found) = found.as_ref().filter(|found| !stored.contains(found)) {
            return Err(format!(
                "after the failure the store found {}, which is not stored",
                text(found)
            ));
        }
        let is = |records: &[OAuthToken]| texts(records) == texts(stored);
        let allowed = is(&self.records)
            || match operation {
                Operation::Save(token) => token.clone().build().is_ok_and(|token| {
                    stored.iter().any(|saved| {
                        let mut after = self.clone();
                        after.saved(&token, Ok(saved.clone())).is_ok() && is(&after.records)
                    })
                }),
                Operation::Delete(id) => {
                    let rest = self.records.iter().filter(|record| record.id() != Some(id));
                    is(&rest.cloned().collect::<Vec<_>>())
                }
                Operation::Clear => stored.iter().all(|record| self.records.contains(record)),
                Operation::Find(_) | Operation::FindById(_) | Operation::List => false,
            };
        match allowed {
            true => Ok(()),
            false => Err(format!(
                "after the failure {:?} was stored instead of {:?} or the operation's effect on that",
                texts(stored),
                texts(&self.records)
            )),
        }
    }

    /// Returns a lookup of each record by each of its keys, with its client and without.
    pub fn lookups(&self) -> Vec<Operation> {
        let mut lookups = vec![Operation::List];
        for field in STRONGEST_FIRST {
            for record in &self.records {
                let Some(value) = record.expose(field) else {
                    continue;
                };
                let lookup = OAuthToken::builder().field(field, value);
                let client = [Field::ClientId, Field::ClientSecret];
                let with_client = client.into_iter().fold(lookup.clone(), |token, field| {
                    match record.expose(field) {
                        Some(value) => token.field(field, value),
                        None => token,
                    }
                });
                lookups.push(Operation::Find(with_client));
                lookups.push(Operation::Find(lookup));
            }
        }
        lookups
    }
}
