//! Which records are found by which keys, for how long, and how many.

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn nothing_known() -> (RecentWrites, Instant) {
    (RecentWrites::new(), Instant::now())
}

fn found(recent: &RecentWrites, key: u64, now: Instant) -> Vec<String> {
    recent.with_keys([key].into_iter(), now)
}

#[test]
fn a_record_that_was_read_is_found_by_the_keys_that_it_has() {
    let (recent, now) = nothing_known();
    recent.learn("a", [1, 2].into_iter(), now);
    recent.learn("b", [1].into_iter(), now);
    recent.unlearn("a", [2, 3].into_iter(), now + SECOND);
    assert_eq!(found(&recent, 1, now), ["b"]);
    assert_eq!(found(&recent, 2, now), ["a"]);
    assert!(found(&recent, 3, now).is_empty(), "nobody said so");
}

#[test]
fn a_key_can_be_learned_again() {
    let (recent, now) = nothing_known();
    for _ in 0..2 {
        recent.learn("a", [1].into_iter(), now);
        assert_eq!(found(&recent, 1, now), ["a"]);
        recent.unlearn("a", [].into_iter(), now + SECOND);
        assert!(found(&recent, 1, now).is_empty());
    }
}

#[test]
fn a_read_that_began_before_a_key_was_learned_drops_nothing() {
    let (recent, asked) = nothing_known();
    recent.learn("a", [1].into_iter(), asked + SECOND);
    recent.unlearn("a", [2].into_iter(), asked);
    assert_eq!(found(&recent, 1, asked + SECOND), ["a"]);
    recent.unlearn("a", [2].into_iter(), asked + SECOND * 2);
    assert!(found(&recent, 1, asked + SECOND).is_empty());
}

#[test]
fn what_is_no_longer_recent_is_not_found() {
    let (recent, now) = nothing_known();
    recent.learn("a", [1].into_iter(), now);
    recent.written_here("a", now);
    for (age, found_then) in [(RECENT - SECOND, 1), (RECENT, 0)] {
        assert_eq!(found(&recent, 1, now + age).len(), found_then);
        assert_eq!(recent.all_written_here(now + age).len(), found_then);
    }
}

#[test]
fn what_was_written_here_is_in_order() {
    let (recent, now) = nothing_known();
    for id in ["c", "a", "b"] {
        recent.written_here(id, now);
    }
    assert_eq!(recent.all_written_here(now), ["a", "b", "c"]);
}

/// The id of one of many records, and its keys.
fn one_of_many(number: usize) -> (String, impl Iterator<Item = u64>) {
    let keys = (0..4).map(move |key| (number * 4 + key + 1) as u64);
    (format!("{number:064x}"), keys)
}

fn write(recent: &RecentWrites, number: usize, now: Instant) {
    let (id, keys) = one_of_many(number);
    recent.written_here(&id, now);
    recent.learn(&id, keys, now);
}

fn is_found(recent: &RecentWrites, number: usize, now: Instant) -> bool {
    let (id, keys) = one_of_many(number);
    let found = recent.with_keys(keys, now);
    assert!(found.is_empty() || found == [&*id; 4]);
    assert_eq!(
        recent.all_written_here(now).contains(&id),
        !found.is_empty()
    );
    !found.is_empty()
}

#[test]
fn what_is_older_than_50_000_records_is_forgotten_and_each_takes_about_400_bytes() {
    let (recent, now) = nothing_known();
    let learned = allocation_counter::measure(|| {
        for number in 0..RECORDS {
            write(&recent, number, now);
        }
    });
    let each = learned.bytes_current / RECORDS as i64;
    assert!(each <= 450, "{each} bytes");
    // The first one is written again, so the second one is the oldest.
    write(&recent, 0, now);
    write(&recent, RECORDS, now);
    let is_found = |number| is_found(&recent, number, now);
    assert_eq!([0, 1, 2, RECORDS].map(is_found), [true, false, true, true]);
    let records = recent.lock();
    assert_eq!(records.by_id.len(), RECORDS);
    assert_eq!(records.by_key.len(), 4 * RECORDS);
}

#[test]
fn what_is_no_longer_recent_takes_no_room() {
    let (recent, now) = nothing_known();
    for second in 0..2_000 {
        write(&recent, second as usize, now + SECOND * second);
    }
    let records = recent.lock();
    assert_eq!(records.by_id.len(), RECENT.as_secs() as usize);
    assert_eq!(records.by_key.len(), 4 * RECENT.as_secs() as usize);
}

#[test]
fn a_record_without_keys_that_was_not_written_here_takes_no_room() {
    let (recent, now) = nothing_known();
    for (id, is_written_here) in [("a", false), ("b", true)] {
        recent.learn(id, [1].into_iter(), now);
        if is_written_here {
            recent.written_here(id, now);
        }
        recent.unlearn(id, [].into_iter(), now + SECOND);
    }
    let records = recent.lock();
    assert!(records.by_key.is_empty());
    assert_eq!(records.by_id.len(), 1);
}

#[test]
fn a_key_that_was_learned_long_before_the_others_is_not_found() {
    let (recent, now) = nothing_known();
    recent.learn("a", [1].into_iter(), now);
    recent.learn("a", [2].into_iter(), now + SECOND);
    let later = now + RECENT;
    assert!(found(&recent, 1, later).is_empty());
    assert_eq!(found(&recent, 2, later), ["a"]);
}

#[test]
fn records_with_a_key_in_common_are_all_found_and_only_once() {
    let (recent, now) = nothing_known();
    let ids: Vec<String> = (0..100).map(|number| format!("{number:03}")).collect();
    for _ in 0..3 {
        for (id, other_key) in ids.iter().zip(2..) {
            recent.learn(id, [1, other_key].into_iter(), now);
        }
    }
    let mut all = found(&recent, 1, now);
    all.sort_unstable();
    assert_eq!(all, ids);
    recent.unlearn(&ids[50], [52].into_iter(), now + SECOND);
    assert_eq!(found(&recent, 1, now).len(), 99);
    assert_eq!(found(&recent, 52, now), [&*ids[50]]);
}
