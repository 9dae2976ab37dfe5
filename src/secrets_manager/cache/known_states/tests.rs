//! Which states are believed after which others were learned.

use super::*;
use crate::secrets_manager::format::version_id::successor;

fn version(arn: &str, version: &str) -> State {
    State::Version {
        arn: arn.into(),
        version: version.into(),
        created: None,
    }
}

fn made_at(id: &str, second: u64) -> State {
    State::Version {
        arn: "a".into(),
        version: id.into(),
        created: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(second)),
    }
}

fn nothing_known() -> (KnownStates, Instant) {
    (KnownStates::new(), Instant::now())
}

/// Whether the last state is believed after the others were learned.
fn is_believed(states: &[State]) -> bool {
    let (known, now) = nothing_known();
    let (read, learned) = states.split_last().unwrap();
    for state in learned {
        match state {
            State::Version { .. } => known.learn("1", state, now),
            State::Gone => known.accept("1", state, now),
        }
    }
    known.judge("1", read, now) == Verdict::Believed
}

#[test]
fn an_older_version_is_not_believed_and_a_newer_one_is() {
    let second = successor("first");
    let third = successor(&second);
    let [first, second, third] = ["first", &second, &third].map(|id| version("a", id));
    assert!(!is_believed(&[second.clone(), first.clone()]));
    assert!(is_believed(&[second.clone(), second.clone()]));
    assert!(is_believed(&[second.clone(), third.clone()]));
    assert!(
        !is_believed(&[third, first.clone(), second]),
        "the latest counts"
    );
}

#[test]
fn versions_of_other_programs_are_ordered_by_their_creation() {
    let on_top = version("a", &successor("later"));
    for known in [&[made_at("later", 9)][..], &[made_at("later", 9), on_top]] {
        let believed = |second| is_believed(&[known, &[made_at("other", second)]].concat());
        assert!(!believed(8));
        assert!(believed(9) && believed(10));
    }
}

#[test]
fn not_found_is_not_believed_of_what_was_there_a_moment_ago() {
    let (known, now) = nothing_known();
    known.learn("1", &version("a", "first"), now);
    let later = now + CONSISTENT_AFTER;
    assert_ne!(known.judge("1", &State::Gone, now), Verdict::Believed);
    assert_eq!(known.judge("1", &State::Gone, later), Verdict::Believed);
    assert_eq!(known.judge("2", &State::Gone, now), Verdict::Believed);
}

#[test]
fn not_found_is_not_believed_of_what_was_written_a_moment_ago() {
    let (known, now) = nothing_known();
    known.learn("1", &version("a", "first"), now);
    // Others may have deleted and restored it before this write.
    let later = now + CONSISTENT_AFTER;
    known.written("1", &version("a", &successor("first")), later);
    assert_ne!(known.judge("1", &State::Gone, later), Verdict::Believed);
    let settled = later + SETTLING_TIME;
    assert_eq!(known.judge("1", &State::Gone, settled), Verdict::Believed);
}

#[test]
fn what_was_deleted_is_believed_only_if_it_was_written_or_created_again() {
    let (first, tombstone) = (version("a", "first"), version("a", &successor("first")));
    let again = version("a", &successor(&successor("first")));
    let deleted = [first.clone(), tombstone.clone(), State::Gone];
    let believed = |read: &State| is_believed(&[&deleted[..], std::slice::from_ref(read)].concat());
    assert!(believed(&State::Gone));
    assert!(!believed(&first) && !believed(&tombstone));
    assert!(believed(&again));
    let created_again = [&deleted[..], &[version("b", "new"), first]].concat();
    assert!(!is_believed(&created_again), "the secret before");
}

#[test]
fn a_state_of_unknown_order_is_not_believed_until_reads_have_settled() {
    let (known, now) = nothing_known();
    known.learn("1", &version("b", "first"), now);
    for other in [version("a", "first"), version("b", "of another program")] {
        assert_ne!(known.judge("1", &other, now), Verdict::Believed);
        let later = now + SETTLING_TIME;
        assert_eq!(known.judge("1", &other, later), Verdict::Believed);
    }
}

#[test]
fn after_a_deletion_another_secret_is_believed_once_reads_have_settled() {
    let (known, now) = nothing_known();
    known.learn("1", &version("a", "first"), now);
    known.accept("1", &State::Gone, now);
    let another = version("b", "first");
    assert_eq!(known.judge("1", &another, now), Verdict::Unsettled);
    // That it is still gone does not begin the time anew.
    let later = now + SETTLING_TIME;
    known.learn("1", &State::Gone, later);
    assert_eq!(known.judge("1", &another, later), Verdict::Believed);
}

#[test]
fn after_a_deletion_that_found_nothing_only_a_written_version_is_believed_at_once() {
    let (first, second) = (version("a", "first"), version("a", &successor("first")));
    for is_known in [false, true] {
        let (known, now) = nothing_known();
        if is_known {
            known.learn("1", &first, now);
        }
        known.found_gone("1", now);
        assert_eq!(known.judge("1", &State::Gone, now), Verdict::Believed);
        assert_eq!(known.judge("1", &second, now), Verdict::Unsettled);
        let later = now + SETTLING_TIME;
        assert_eq!(known.judge("1", &second, later), Verdict::Believed);
        known.written("1", &second, now);
        assert_eq!(known.judge("1", &second, now), Verdict::Believed);
    }
}

#[test]
fn an_accepted_state_replaces_a_later_one() {
    let (known, now) = nothing_known();
    let (first, second) = (version("a", "first"), version("a", &successor("first")));
    known.learn("1", &second, now);
    known.accept("1", &first, now);
    assert_eq!(known.judge("1", &first, now), Verdict::Believed);
}

/// The state of a record as AWS returns it, one of many.
fn usual(number: usize) -> (String, State) {
    let id = format!("{number:064x}");
    let beginning = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:zoho/tokens/";
    let state = State::Version {
        arn: format!("{beginning}{id}-AbCd9f").into(),
        version: format!("{number:08x}-6d3f-4d1c-9a53-8c1f4f0f8f3b").into(),
        created: number.is_multiple_of(2).then(SystemTime::now),
    };
    (id, state)
}

#[test]
fn what_is_older_than_50_000_records_is_forgotten_and_each_takes_about_150_bytes() {
    let (known, now) = nothing_known();
    let learned = allocation_counter::measure(|| {
        for number in 0..RECORDS {
            let (id, state) = usual(number);
            known.learn(&id, &state, now);
        }
    });
    let each = learned.bytes_current / RECORDS as i64;
    assert!(each <= 170, "{each} bytes");
    // The first one is learned again, so the second one is the oldest.
    let (first, state) = usual(0);
    known.learn(&first, &state, now);
    let more = allocation_counter::measure(|| {
        let (id, state) = usual(RECORDS);
        known.learn(&id, &state, now);
    });
    assert!(more.bytes_current <= 170, "the first one makes room");
    let is_known = |number| {
        let (id, state) = usual(number);
        let verdict = known.judge(&id, &State::Gone, now);
        if let (
            Verdict::Older { arn, version },
            State::Version {
                arn: is,
                version: of,
                ..
            },
        ) = (&verdict, &state)
        {
            assert_eq!((arn, version), (is, of));
        }
        verdict != Verdict::Believed
    };
    assert_eq!([0, 1, 2, RECORDS].map(is_known), [true, false, true, true]);
}
