//! Sequences of operations, run on a store, with their results as JSON.

use std::fmt;

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::operation::{Columns, Id, Operation, Request};
use super::parse::parse_operation;
use crate::{Error, ErrorKind, Field, OAuthToken, TokenStore};

/// Operations to run one after another on a store.
#[derive(Debug)]
pub struct Sequence {
    operations: Vec<Operation>,
}

/// Who carries requests out, if the sequence is run on a provider.
#[async_trait]
pub(super) trait Requests: Sync {
    async fn request(&self, request: Request, token: &OAuthToken) -> Result<OAuthToken, Error>;
}

/// The result of an operation.
#[derive(Debug)]
#[non_exhaustive]
pub enum Answer {
    /// A record, or `None` if there is none or the operation returns nothing.
    Record(Option<OAuthToken>),
    /// All records.
    Records(Vec<OAuthToken>),
    /// The operation failed.
    Failed(Error),
    /// The operation refers to one that returned no record, and was not run.
    Skipped,
}

impl Sequence {
    /// Reads an array of operations: `{"op": "save" | "find", "token": {…}}`, `{"op": "find_by_id"
    /// | "delete", "id": …}`, `{"op": "list" | "clear"}`, and for a provider `{"op": "access_token" |
    /// "exchange_grant" | "refused", "token": {…}}`. An id is a string, or `{"ref": n}` for the id
    /// that operation `n` returned.
    ///
    /// # Errors
    ///
    /// [`Malformed`] names the operation and what is wrong with it.
    pub fn from_json(operations: &Value) -> Result<Self, Malformed> {
        let operations = operations
            .as_array()
            .ok_or_else(|| Malformed("a sequence is not an array".into()))?;
        let operations = operations.iter().enumerate().map(|(number, operation)| {
            parse_operation(number, operation)
                .map_err(|what| Malformed(format!("operation {number}: {what}")))
        });
        Ok(Sequence {
            operations: operations.collect::<Result<_, _>>()?,
        })
    }

    /// Runs the operations on the store, one after the other. Those for a provider fail.
    pub async fn replay(&self, store: &dyn TokenStore) -> Vec<Answer> {
        self.replay_on(store, None).await
    }

    pub(super) async fn replay_on(
        &self,
        store: &dyn TokenStore,
        requests: Option<&dyn Requests>,
    ) -> Vec<Answer> {
        let mut answers = Vec::with_capacity(self.operations.len());
        for operation in &self.operations {
            let answer = match run(operation, store, requests, &answers).await {
                Ok(Some(answer)) => answer,
                Ok(None) => Answer::Skipped,
                Err(error) => Answer::Failed(error),
            };
            answers.push(answer);
        }
        answers
    }
}

impl Answer {
    /// Returns the result as JSON: `{"ok": record | null | [records]}`, `{"error": {"kind": …,
    /// "message": …}}` or `{"skipped": true}`. It contains the token values.
    pub fn to_json(&self) -> Value {
        match self {
            Answer::Record(record) => json!({"ok": record.as_ref().map(record_to_json)}),
            Answer::Records(records) => {
                json!({"ok": records.iter().map(record_to_json).collect::<Vec<_>>()})
            }
            Answer::Failed(error) => {
                json!({"error": {"kind": error.kind().as_str(), "message": error.to_string()}})
            }
            Answer::Skipped => json!({"skipped": true}),
        }
    }

    pub(super) fn id(&self) -> Option<&str> {
        match self {
            Answer::Record(Some(record)) => record.id(),
            _ => None,
        }
    }
}

/// Why JSON is not a sequence of operations.
#[derive(Debug)]
pub struct Malformed(String);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Malformed {}

/// Runs one operation. Returns `None` if it refers to an operation that returned no record.
async fn run(
    operation: &Operation,
    store: &dyn TokenStore,
    requests: Option<&dyn Requests>,
    answers: &[Answer],
) -> Result<Option<Answer>, Error> {
    let resolve = |id: &Id| match id {
        Id::Literal(id) => Some(id.clone()),
        Id::AnswerOf(number) => answers.get(*number)?.id().map(str::to_owned),
    };
    let token = |columns: &Columns| {
        let mut token = OAuthToken::builder();
        if let Some(id) = &columns.id {
            let Some(id) = resolve(id) else {
                return Ok(None);
            };
            token = token.id(id);
        }
        columns
            .others
            .iter()
            .fold(token, |token, (field, value)| {
                token.secret(*field, value.clone())
            })
            .build()
            .map(Some)
    };
    Ok(Some(match operation {
        Operation::Save(columns) => {
            let Some(token) = token(columns)? else {
                return Ok(None);
            };
            Answer::Record(Some(store.save_token(&token).await?))
        }
        Operation::Find(columns) => {
            let Some(token) = token(columns)? else {
                return Ok(None);
            };
            Answer::Record(store.find_token(&token).await?)
        }
        Operation::FindById(id) => {
            let Some(id) = resolve(id) else {
                return Ok(None);
            };
            Answer::Record(store.find_token_by_id(&id).await?)
        }
        Operation::Delete(id) => {
            let Some(id) = resolve(id) else {
                return Ok(None);
            };
            store.delete_token(&id).await?;
            Answer::Record(None)
        }
        Operation::List => Answer::Records(store.get_tokens().await?),
        Operation::Clear => {
            store.delete_tokens().await?;
            Answer::Record(None)
        }
        Operation::Request(request, columns) => {
            let Some(token) = token(columns)? else {
                return Ok(None);
            };
            let requests = requests.ok_or_else(no_provider)?;
            Answer::Record(Some(requests.request(*request, &token).await?))
        }
    }))
}

fn no_provider() -> Error {
    let problem = "the operation needs a provider, and the sequence is run on a store";
    Error::new(ErrorKind::InvalidConfig, problem)
}

fn record_to_json(record: &OAuthToken) -> Value {
    let columns = Field::ALL
        .iter()
        .filter_map(|&field| Some((field.to_string(), record.expose(field)?.into())));
    Value::Object(columns.collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryTokenStore;

    #[test]
    fn malformed_operations_are_named() {
        let malformed = [
            json!({}),
            json!([1]),
            json!([{"op": "drop"}]),
            json!([{"op": "save"}]),
            json!([{"op": "list", "id": "1"}]),
            json!([{"op": "save", "token": {"colour": "red"}}]),
            json!([{"op": "save", "token": {"expiry_time": 1}}]),
            json!([{"op": "delete", "id": {"ref": 0}}]),
            json!([{"op": "list"}, {"op": "delete", "id": {"ref": -1}}]),
        ];
        for operations in malformed {
            assert!(Sequence::from_json(&operations).is_err(), "{operations}");
        }
    }

    #[tokio::test]
    async fn an_operation_that_refers_to_no_record_is_skipped() {
        let operations = json!([{"op": "list"}, {"op": "delete", "id": {"ref": 0}}, {"op": "find", "token": {"id": {"ref": 0}}}]);
        let answers = Sequence::from_json(&operations)
            .unwrap()
            .replay(&MemoryTokenStore::new())
            .await;
        let answers: Vec<_> = answers.iter().map(Answer::to_json).collect();
        assert_eq!(
            answers,
            [
                json!({"ok": []}),
                json!({"skipped": true}),
                json!({"skipped": true})
            ]
        );
    }
}
