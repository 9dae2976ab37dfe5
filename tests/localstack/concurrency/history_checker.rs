//! Tests of the checker of histories that the tests of [`super::histories`] rely on.

use std::collections::BTreeMap;

use crate::support::history::{Event, violations};

/// Parses an event: `process began..ended`, then `w=value` for a written and `r=value` for a
/// returned value.
fn parse(text: &str) -> Event {
    let mut words = text.split_whitespace();
    let process = words.next().expect("a process").to_owned();
    let times = words.next().and_then(|times| times.split_once(".."));
    let (began, ended) = times.expect("two times separated by `..`");
    let mut event = Event {
        process,
        user: "ada".to_owned(),
        began: began.parse().expect("a time"),
        ended: ended.parse().expect("a time"),
        wrote: BTreeMap::new(),
        returned: None,
        cached: false,
    };
    for word in words {
        let (what, value) = word.split_once('=').expect("a value");
        let field = BTreeMap::from([("field".to_owned(), value.to_owned())]);
        match what {
            "w" => event.wrote = field,
            _ => event.returned = Some(field),
        }
    }
    event
}

#[test]
fn the_checker_accepts_linearizable_histories_and_rejects_others() {
    let right: [&[&str]; 4] = [
        &["a 1..2 w=1 r=1", "a 3..4 w=2 r=2", "b 5..6 r=2"],
        // Concurrent, so either can come first.
        &[
            "a 1..2 w=1 r=1",
            "a 3..6 w=2 r=2",
            "b 4..5 r=1",
            "c 4..5 r=2",
        ],
        // A failed write can have been applied, even later.
        &["a 1..2 w=1 r=1", "a 3..4 w=2", "b 5..6 r=1", "b 7..8 r=2"],
        &["a 1..2 w=1 r=1", "a 3..4 w=2", "b 5..6 r=1"],
    ];
    for history in right {
        let events: Vec<_> = history.iter().map(|event| parse(event)).collect();
        assert_eq!(violations(&events), Vec::<String>::new(), "{history:?}");
    }
    let wrong: [&[&str]; 5] = [
        // The second write is lost.
        &["a 1..2 w=1 r=1", "a 3..4 w=2 r=2", "b 5..6 r=1"],
        // A value is read before it is written, or is never written.
        &["a 1..2 w=1 r=1", "b 3..4 r=2", "a 5..6 w=2 r=2"],
        &["a 1..2 w=1 r=1", "b 3..4 r=3"],
        // A read returns an older value than the read before it, while a write is in flight.
        &[
            "a 1..2 w=1 r=1",
            "a 3..9 w=2 r=2",
            "b 4..5 r=2",
            "c 6..7 r=1",
        ],
        // Two values are current at once.
        &[
            "a 1..2 w=1 r=1",
            "a 3..4 w=2 r=2",
            "b 5..6 w=3 r=3",
            "c 7..8 r=3",
            "c 9..10 r=2",
        ],
    ];
    for history in wrong {
        let events: Vec<_> = history.iter().map(|event| parse(event)).collect();
        assert!(!violations(&events).is_empty(), "{history:?}");
    }
    let cached = |text| Event {
        cached: true,
        ..parse(text)
    };
    let history = [parse("a 1..2 w=1 r=1"), parse("a 3..4 w=2 r=2")];
    let stale = [&history[..], &[cached("b 5..6 r=1"), cached("b 7..8 r=2")]].concat();
    assert_eq!(violations(&stale), Vec::<String>::new());
    let back = [&history[..], &[cached("b 5..6 r=2"), cached("b 7..8 r=1")]].concat();
    assert!(!violations(&back).is_empty());
}
