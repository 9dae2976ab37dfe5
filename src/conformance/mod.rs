//! The contract of a token store as a function, for the tests of your own implementation.
//!
//! ```
//! use zoho_token_store::{MemoryTokenStore, conformance};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), conformance::Deviations> {
//! conformance::check(async || MemoryTokenStore::new()).await
//! # }
//! ```
//!
//! The cases are sequences of operations in JSON, with their expected results. [`Sequence`] runs
//! sequences of your own.

use std::fmt;

use serde_json::{Map, Value};

use crate::TokenStore;

mod operation;
mod parse;
#[cfg(feature = "oauth")]
mod requests;
mod sequence;

pub use sequence::{Answer, Malformed, Sequence};

const CASES: &str = include_str!("contract.json");

/// Runs each case of the contract on a new store from `empty_store`.
///
/// # Errors
///
/// [`Deviations`] lists the operations that returned something else than expected.
pub async fn check<S: TokenStore>(
    mut empty_store: impl AsyncFnMut() -> S,
) -> Result<(), Deviations> {
    let mut deviations = Vec::new();
    let cases: Value = serde_json::from_str(CASES).unwrap_or_default();
    for case in cases.as_array().into_iter().flatten() {
        let name = case["name"].as_str().unwrap_or_default();
        let deviates = |what: String| format!("{name}: {what}");
        match Sequence::from_json(&case["ops"]) {
            Err(malformed) => deviations.push(deviates(malformed.to_string())),
            Ok(sequence) => {
                let answers = sequence.replay(&empty_store().await).await;
                deviations.extend(compare(&answers, &case["results"]).map(deviates));
            }
        }
    }
    if deviations.is_empty() {
        Ok(())
    } else {
        Err(Deviations(deviations))
    }
}

/// The deviations that [`check`] found.
#[derive(Debug)]
pub struct Deviations(Vec<String>);

impl fmt::Display for Deviations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} deviations from the contract of a token store:",
            self.0.len()
        )?;
        self.0
            .iter()
            .try_for_each(|deviation| write!(f, "\n  {deviation}"))
    }
}

impl std::error::Error for Deviations {}

/// Describes the answers that differ from the expected ones.
fn compare<'a>(
    answers: &'a [Answer],
    expected: &'a Value,
) -> impl Iterator<Item = String> + use<'a> {
    answers
        .iter()
        .enumerate()
        .filter_map(move |(number, answer)| {
            let (expected, answer) = (
                comparable(&expected[number], answers),
                comparable(&answer.to_json(), answers),
            );
            (expected != answer)
                .then(|| format!("operation {number} returned {answer} instead of {expected}"))
        })
}

/// Returns the result with references replaced by ids, records in a fixed order, and errors without
/// their messages.
fn comparable(result: &Value, answers: &[Answer]) -> Value {
    match result {
        Value::Array(records) => {
            let mut records: Vec<_> = records
                .iter()
                .map(|record| comparable(record, answers))
                .collect();
            records.sort_by_cached_key(Value::to_string);
            records.into()
        }
        Value::Object(members) => match members.get("ref").and_then(Value::as_u64) {
            Some(number) => {
                let answer = usize::try_from(number)
                    .ok()
                    .and_then(|number| answers.get(number));
                answer.and_then(Answer::id).into()
            }
            None => {
                let members = members.iter().filter(|(name, _)| *name != "message");
                members
                    .map(|(name, value)| (name.clone(), comparable(value, answers)))
                    .collect::<Map<_, _>>()
                    .into()
            }
        },
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Error, Field, MemoryTokenStore, OAuthToken};

    #[tokio::test]
    async fn the_store_in_memory_conforms() {
        check(async || MemoryTokenStore::new()).await.unwrap();
    }

    /// Ignores the client in lookups: a mistake that can return another user's token.
    #[derive(Debug)]
    struct Careless(MemoryTokenStore);

    #[async_trait::async_trait]
    impl TokenStore for Careless {
        async fn find_token(&self, partial: &OAuthToken) -> Result<Option<OAuthToken>, Error> {
            let all = self.0.get_tokens().await?;
            let field = crate::matching::identifying_fields(partial)
                .next()
                .unwrap_or(Field::Id);
            Ok(all
                .into_iter()
                .find(|record| record.expose(field) == partial.expose(field)))
        }
        async fn save_token(&self, token: &OAuthToken) -> Result<OAuthToken, Error> {
            self.0.save_token(token).await
        }
        async fn delete_token(&self, id: &str) -> Result<(), Error> {
            self.0.delete_token(id).await
        }
        async fn get_tokens(&self) -> Result<Vec<OAuthToken>, Error> {
            self.0.get_tokens().await
        }
        async fn delete_tokens(&self) -> Result<(), Error> {
            self.0.delete_tokens().await
        }
        async fn find_token_by_id(&self, id: &str) -> Result<Option<OAuthToken>, Error> {
            self.0.find_token_by_id(id).await
        }
    }

    #[tokio::test]
    async fn a_deviation_names_case_and_operation() {
        let deviations = check(async || Careless(MemoryTokenStore::new()))
            .await
            .unwrap_err()
            .to_string();
        assert!(
            deviations.contains("a token value of another client is no match: operation 2"),
            "{deviations}"
        );
    }
}
