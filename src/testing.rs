//! What the unit tests share.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::{Field, OAuthToken};

/// A token from `column=value` pairs, separated by spaces.
pub(crate) fn token(columns: &str) -> OAuthToken {
    let mut token = OAuthToken::builder();
    for pair in columns.split_whitespace() {
        let (name, value) = pair.split_once('=').expect("a column and its value");
        token = token.field(name.parse().expect("the name of a column"), value);
    }
    token.build().expect("a valid token")
}

/// Checks what must hold for so many random values, or `PROPTEST_CASES` if that is set.
pub(crate) fn for_all<S: Strategy>(cases: u32, values: S, holds: impl Fn(S::Value)) {
    let mut config = Config {
        // A value that fails is printed: it becomes a test of its own, in the code.
        failure_persistence: None,
        ..Config::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = cases;
    }
    let checked = TestRunner::new(config).run(&values, |value| {
        holds(value);
        Ok(())
    });
    if let Err(error) = checked {
        panic!("{error}");
    }
}

/// Any token with an id and a key: columns with any text, or with few values, so that many are
/// alike.
pub(crate) fn any_token(
    value: impl Strategy<Value = String> + Clone + 'static,
) -> impl Strategy<Value = OAuthToken> {
    let column = |field| match field {
        Field::ExpiryTime => (0..=i64::MAX as u64)
            .prop_map(|time| time.to_string())
            .boxed(),
        _ => value.clone().boxed(),
    };
    let columns: Vec<_> = Field::ALL
        .iter()
        .map(|&field| prop::option::of(column(field)))
        .collect();
    columns.prop_filter_map("a token needs a key", |columns| {
        let given = Field::ALL.iter().copied().zip(columns);
        let mut token = OAuthToken::builder();
        for (field, value) in given {
            if let Some(value) = value {
                token = token.field(field, value);
            }
        }
        token.build().ok()
    })
}
