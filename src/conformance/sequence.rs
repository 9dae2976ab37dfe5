//! Sequences of operations: read from JSON, run on a store or a provider, with their results as JSON.

use std::fmt;

use secrecy::SecretString;
use serde_json::{Map, Value, json};

#[cfg(feature = "oauth")]
use crate::TokenProvider;
use crate::{Error, ErrorKind, Field, OAuthToken, TokenStore};

/// Operations to run one after another on a store.
#[derive(Debug)]
pub struct Sequence {
    operations: Vec<Operation>,
}

#[derive(Debug)]
enum Operation {
    Save(Columns),
    Find(Columns),
    FindById(Id),
    Delete(Id),
    List,
    Clear,
    Request(Request, Columns),
}

/// What only a provider can do.
#[derive(Clone, Copy, Debug)]
enum Request {
    AccessToken,
    ExchangeGrant,
    Refused,
}

/// What the operations are run on.
#[derive(Clone, Copy)]
struct Target<'a> {
    store: &'a dyn TokenStore,
    #[cfg(feature = "oauth")]
    provider: Option<&'a TokenProvider>,
}

/// The columns of a token, which are checked when the operation is run.
#[derive(Debug)]
struct Columns {
    id: Option<Id>,
    others: Vec<(Field, SecretString)>,
}

#[derive(Clone, Debug)]
enum Id {
    Literal(String),
    /// The id in the record that this operation returned.
    AnswerOf(usize),
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
        let target = Target {
            store,
            #[cfg(feature = "oauth")]
            provider: None,
        };
        self.replay_on(target).await
    }

    /// Runs the operations on the provider and its store, one after the other.
    ///
    /// `access_token` and `exchange_grant` return the record with the token. `refused` tells the
    /// provider that Zoho has refused the record's access token, if it is the one that is given or
    /// none is given, and returns the record.
    #[cfg(feature = "oauth")]
    pub async fn replay_with(&self, provider: &TokenProvider) -> Vec<Answer> {
        let target = Target {
            store: provider.store(),
            provider: Some(provider),
        };
        self.replay_on(target).await
    }

    async fn replay_on(&self, target: Target<'_>) -> Vec<Answer> {
        let mut answers = Vec::with_capacity(self.operations.len());
        for operation in &self.operations {
            let answer = match run(operation, target, &answers).await {
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
    target: Target<'_>,
    answers: &[Answer],
) -> Result<Option<Answer>, Error> {
    let store = target.store;
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
            Answer::Record(Some(ask(*request, &token, target).await?))
        }
    }))
}

#[cfg(feature = "oauth")]
async fn ask(
    request: Request,
    token: &OAuthToken,
    target: Target<'_>,
) -> Result<OAuthToken, Error> {
    let provider = target.provider.ok_or_else(no_provider)?;
    match request {
        Request::AccessToken => Ok(provider.access_token(token).await?.record().clone()),
        Request::ExchangeGrant => provider.exchange_grant(token).await,
        Request::Refused => {
            let access = provider.access_token(token).await?;
            let given = token.expose(Field::AccessToken);
            if given.is_none() || given == access.record().expose(Field::AccessToken) {
                provider.refused(&access);
            }
            Ok(access.record().clone())
        }
    }
}

#[cfg(not(feature = "oauth"))]
async fn ask(_: Request, _: &OAuthToken, _: Target<'_>) -> Result<OAuthToken, Error> {
    Err(no_provider())
}

fn no_provider() -> Error {
    let problem = "the operation needs a provider, and the sequence is run on a store";
    Error::new(ErrorKind::InvalidConfig, problem)
}

fn parse_operation(number: usize, operation: &Value) -> Result<Operation, String> {
    let members = operation.as_object().ok_or("it is not an object")?;
    let argument = |name: &str| members.get(name).ok_or(format!("it has no `{name}`"));
    let (parsed, arguments) = match argument("op")?.as_str() {
        Some("save") => (
            Operation::Save(parse_columns(number, argument("token")?)?),
            1,
        ),
        Some("find") => (
            Operation::Find(parse_columns(number, argument("token")?)?),
            1,
        ),
        Some("find_by_id") => (Operation::FindById(parse_id(number, argument("id")?)?), 1),
        Some("delete") => (Operation::Delete(parse_id(number, argument("id")?)?), 1),
        Some(op @ ("access_token" | "exchange_grant" | "refused")) => {
            let request = match op {
                "access_token" => Request::AccessToken,
                "exchange_grant" => Request::ExchangeGrant,
                _ => Request::Refused,
            };
            let columns = parse_columns(number, argument("token")?)?;
            (Operation::Request(request, columns), 1)
        }
        Some("list") => (Operation::List, 0),
        Some("clear") => (Operation::Clear, 0),
        _ => {
            let ops = "save, find, find_by_id, delete, list, clear, access_token, exchange_grant, refused";
            return Err(format!("its `op` is none of {ops}"));
        }
    };
    if members.len() != 1 + arguments {
        return Err("it has members that do not belong to this operation".into());
    }
    Ok(parsed)
}

fn parse_columns(number: usize, token: &Value) -> Result<Columns, String> {
    let mut columns = Columns {
        id: None,
        others: Vec::new(),
    };
    for (name, value) in token.as_object().ok_or("its `token` is not an object")? {
        match name.parse().map_err(|error: Error| error.to_string())? {
            Field::Id => columns.id = Some(parse_id(number, value)?),
            field => {
                let value = value
                    .as_str()
                    .ok_or(format!("its token's `{field}` is not a string"))?;
                columns.others.push((field, value.into()));
            }
        }
    }
    Ok(columns)
}

fn parse_id(number: usize, id: &Value) -> Result<Id, String> {
    if let Some(id) = id.as_str() {
        return Ok(Id::Literal(id.to_owned()));
    }
    let reference = id
        .as_object()
        .filter(|members| members.len() == 1)
        .and_then(|members| members.get("ref")?.as_u64());
    let earlier = reference
        .and_then(|reference| usize::try_from(reference).ok())
        .filter(|&earlier| earlier < number);
    earlier
        .map(Id::AnswerOf)
        .ok_or_else(|| "its id is neither a string nor {\"ref\": n} of an earlier operation".into())
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
