//! Helpers of the unit tests.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::{Field, OAuthToken};

/// Returns a token with these `column=value` pairs, which are separated by spaces.
pub(crate) fn token(columns: &str) -> OAuthToken {
    let mut token = OAuthToken::builder();
    for pair in columns.split_whitespace() {
        let (name, value) = pair.split_once('=').expect("a column and its value");
        token = token.field(name.parse().expect("the name of a column"), value);
    }
    token.build().expect("a valid token")
}

/// Checks a property for this number of random values, or for `PROPTEST_CASES` if that is set.
pub(crate) fn for_all<S: Strategy>(cases: u32, values: S, holds: impl Fn(S::Value)) {
    let mut config = Config {
        // A value that fails is printed, to be added to the code as a test of its own.
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

/// Any valid token whose columns have values from this strategy. If it has few values, many tokens
/// share them.
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
