//! The rules against a second version of them, made from the contract's words: it goes through all
//! combinations and sorts, where the first one searches.

use std::cmp::Reverse;

use proptest::prelude::*;

use super::*;
use crate::testing::{any_token, for_all};

/// Few values, so that most tokens have something in common.
fn partial() -> impl Strategy<Value = OAuthToken> {
    any_token("[ab]").boxed()
}

fn records() -> impl Strategy<Value = Vec<OAuthToken>> {
    prop::collection::vec(partial(), 0..6).prop_map(|records| {
        let with_id = |(number, record): (usize, OAuthToken)| {
            let id = char::from(b'a' + u8::try_from(number).unwrap());
            record.to_builder().id(id).build().unwrap()
        };
        records.into_iter().enumerate().map(with_id).collect()
    })
}

/// The position of the record that is denoted, and the column that decides.
fn by_the_contract(partial: &OAuthToken, records: &[OAuthToken]) -> Option<(&'static str, usize)> {
    let column =
        |token: &OAuthToken, name: &str| token.expose(name.parse().unwrap()).map(str::to_owned);
    if let Some(id) = column(partial, "id") {
        let position = records
            .iter()
            .position(|record| column(record, "id") == Some(id.clone()));
        return position.map(|position| ("id", position));
    }
    let strongest_first = ["user_name", "access_token", "grant_token", "refresh_token"];
    let mut candidates = Vec::new();
    for (weakness, key) in strongest_first.into_iter().enumerate() {
        for (position, record) in records.iter().enumerate() {
            let contradicts = ["user_name", "client_id"].into_iter().any(|name| {
                let (given, stored) = (column(partial, name), column(record, name));
                given.is_some() && stored.is_some() && given != stored
            });
            let equal =
                column(partial, key).is_some() && column(partial, key) == column(record, key);
            if equal && !contradicts {
                let same_client = column(partial, "client_id").is_some()
                    && column(partial, "client_id") == column(record, "client_id");
                candidates.push((weakness, Reverse(same_client), position));
            }
        }
    }
    let (weakness, _, position) = candidates.into_iter().min()?;
    Some((strongest_first[weakness], position))
}

#[test]
fn the_denoted_record_is_the_one_that_the_contract_names() {
    for_all(1_000, (partial(), records()), |(partial, records)| {
        let expected = by_the_contract(&partial, &records)
            .map(|(column, position)| (column.parse().unwrap(), &records[position]));
        assert_eq!(denoted(&partial, &records), expected);
    });
}

#[test]
fn no_record_of_another_user_or_client_is_denoted() {
    for_all(1_000, (partial(), records()), |(partial, records)| {
        let Some((
            Field::UserName | Field::AccessToken | Field::GrantToken | Field::RefreshToken,
            record,
        )) = denoted(&partial, &records)
        else {
            return;
        };
        for (given, stored) in [
            (partial.user_name(), record.user_name()),
            (partial.client_id(), record.client_id()),
        ] {
            assert!(given.is_none() || stored.is_none() || given == stored);
        }
    });
}

#[test]
fn a_save_makes_of_a_record_what_is_given_and_else_what_was_there() {
    for_all(1_000, (partial(), partial()), |(stored, given)| {
        let record = merged(&stored, &given).unwrap();
        for &field in Field::ALL {
            let new_access_token = given.expose(Field::AccessToken).is_some()
                && given.expose(Field::AccessToken) != stored.expose(Field::AccessToken);
            let expected = match field {
                Field::Id => stored.expose(field),
                Field::ExpiryTime if new_access_token => given.expose(field),
                _ => given.expose(field).or(stored.expose(field)),
            };
            assert_eq!(record.expose(field), expected, "{field}");
        }
        assert_eq!(merged(&record, &given).unwrap(), record, "twice is once");
    });
}
