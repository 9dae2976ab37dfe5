//! Operations, read from JSON.

use serde_json::Value;

use super::operation::{Columns, Id, Operation, Request};
use crate::{Error, Field};

/// Reads the operation of this number.
pub(super) fn parse_operation(number: usize, operation: &Value) -> Result<Operation, String> {
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
