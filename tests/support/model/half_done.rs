//! What may be stored when an operation has failed: by the contract, and by the guarantee that
//! nothing is lost and nothing doubled.
//!
//! An operation that has failed was done or was not; nobody can tell, for the answer may be what was
//! lost. So what is stored then is what was stored before, or what an operation that succeeds
//! leaves. `delete_tokens` may have deleted some of the records. After that the operation is made
//! again, and what it then answers and leaves is what it would have, had it never failed: a save
//! finds the record that it has made and changes nothing more, a deletion finds none. This is what
//! the runs under faults check. The store that has failed may be asked before that, too: what it
//! finds is what is stored, not what it once knew or hoped to write.

use zoho_token_store::{Field, OAuthToken};

use super::{Model, Operation, STRONGEST_FIRST, text, texts};
use crate::support::repeating::Seen;

impl Model {
    /// Says what is wrong with what is stored when this operation has failed.
    pub fn check_half_done(
        &self,
        operation: &Operation,
        Seen { stored, found }: &Seen,
    ) -> Result<(), String> {
        if let Some(found) = found.as_ref().filter(|found| !stored.contains(found)) {
            return Err(format!(
                "when it had failed it found {}, which is not stored",
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
                "when it had failed there was {:?} instead of {:?} or what it makes of that",
                texts(stored),
                texts(&self.records)
            )),
        }
    }

    /// Questions for each record by each of its keys, with its client and without.
    pub fn questions(&self) -> Vec<Operation> {
        let mut questions = vec![Operation::List];
        for field in STRONGEST_FIRST {
            for record in &self.records {
                let Some(value) = record.expose(field) else {
                    continue;
                };
                let question = OAuthToken::builder().field(field, value);
                let client = [Field::ClientId, Field::ClientSecret];
                let with_client = client.into_iter().fold(question.clone(), |token, field| {
                    match record.expose(field) {
                        Some(value) => token.field(field, value),
                        None => token,
                    }
                });
                questions.push(Operation::Find(with_client));
                questions.push(Operation::Find(question));
            }
        }
        questions
    }
}
