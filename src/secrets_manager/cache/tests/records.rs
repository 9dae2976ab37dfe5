//! What is kept of records, for how long, and who may overwrite what.

use std::time::SystemTime;

use super::*;
use crate::secrets_manager::cache::records::{EXPIRED_RECHECK, validity, weight};
use crate::secrets_manager::format::version_id;

fn of_version(version: &str) -> StoredRecord {
    StoredRecord {
        version: version.to_owned(),
        ..entry("id=1")
    }
}

fn successor(version: &str) -> String {
    version_id::successor(version)
}

#[test]
fn a_load_in_flight_never_overwrites_a_save() {
    let cache = cache();
    let (generation, old) = (cache.generation_of_record("1"), of_version("old"));
    let new = successor("old");
    cache.written(&Arc::new(of_version(&new)), None);
    cache.loaded(&Arc::new(old), generation);
    assert_eq!(version(&cache, "1"), Some(new));
}

#[test]
fn a_load_in_flight_brings_back_neither_a_deleted_nor_an_invalidated_record() {
    let cache = cache();
    let (generation, old) = (cache.generation_of_record("1"), entry("id=1"));
    cache.forget("1");
    cache.loaded(&Arc::new(old), generation);
    assert_eq!(version(&cache, "1"), None);

    let (generation, old) = (cache.generation_of_record("1"), entry("id=1"));
    cache.missing("1", cache.generation_of_record("1"));
    cache.loaded(&Arc::new(old), generation);
    assert_eq!(version(&cache, "1"), None);
}

#[test]
fn of_two_loads_at_the_same_time_the_later_version_stays_or_neither() {
    let later = successor("early");
    for (first, second, stays) in [
        ("early", later.as_str(), Some(later.as_str())),
        (&later, "early", Some(&later)),
        ("early", "of somebody else", None),
    ] {
        let cache = cache();
        let generation = cache.generation_of_record("1");
        let (first, second) = (of_version(first), of_version(second));
        let third = of_version(&first.version);
        cache.loaded(&Arc::new(first), generation);
        cache.loaded(&Arc::new(second), generation);
        assert_eq!(version(&cache, "1").as_deref(), stays);
        cache.loaded(&Arc::new(third), generation);
        assert_eq!(version(&cache, "1").as_deref(), stays, "of a third one");
    }
}

#[test]
fn of_two_loads_the_one_after_the_other_stays() {
    let cache = cache();
    load(&cache, "id=1 access_token=first");
    load(&cache, "id=1 access_token=second");
    let second = version(&cache, "1");
    assert_eq!(second.as_deref(), Some("id=1 access_token=second"));
}

#[test]
fn a_read_that_found_nothing_does_not_drop_what_was_written_since() {
    let cache = cache();
    let generation = cache.generation_of_record("1");
    write(&cache, "id=1", None);
    cache.missing("1", generation);
    assert!(version(&cache, "1").is_some());
}

#[test]
fn a_write_that_a_read_has_overtaken_is_not_kept() {
    let cache = cache();
    let put = entry("id=1 access_token=mine");
    load(&cache, "id=1 access_token=what-followed");
    cache.written(&Arc::new(put), None);
    assert_eq!(version(&cache, "1"), None);
}

#[test]
fn a_write_that_is_under_way_takes_nothing_out_yet() {
    let cache = cache();
    load(&cache, "id=1");
    let saved = token("id=1 access_token=a");
    let _unsettled = PendingWrite::save(&cache, &saved);
    assert!(version(&cache, "1").is_some());
}

#[test]
fn a_write_that_is_dropped_takes_the_record_out() {
    let cache = cache();
    load(&cache, "id=1");
    drop(PendingWrite::save(&cache, &token("id=1 access_token=a")));
    assert_eq!(version(&cache, "1"), None);
    PendingWrite::save(&cache, &token("id=1 access_token=a"))
        .acknowledged(&entry("id=1 access_token=a").into(), None);
    assert!(version(&cache, "1").is_some());
}

/// This much later, or earlier, by both clocks.
fn later(moment: Moment, time: Duration) -> Moment {
    Moment {
        monotonic: moment.monotonic + time,
        wall: moment.wall + time,
    }
}

#[test]
fn an_entry_lives_no_longer_than_its_time_and_its_access_token() {
    let now = Clock::default().now();
    let milliseconds = |time: SystemTime| {
        time.duration_since(SystemTime::UNIX_EPOCH)
            .unwrap()
            .as_millis()
    };
    let mut entry = entry(&format!(
        "id=1 expiry_time={}",
        milliseconds(now.wall + MINUTE / 2)
    ));
    entry.asked = now;
    let fresh_at = |after: Duration| validity(&entry, MINUTE).has(later(now, after));
    assert!(fresh_at(MINUTE / 3));
    assert!(
        !fresh_at(MINUTE / 2 + Duration::from_secs(1)),
        "the access token has expired"
    );
    let set_back = Moment {
        wall: now.wall - Duration::from_secs(1),
        ..now
    };
    assert!(
        !validity(&entry, MINUTE).has(set_back),
        "the clock was set back"
    );

    entry.token = token("id=1");
    let fresh_at = |after: Duration| validity(&entry, MINUTE).has(later(now, after));
    assert!(fresh_at(MINUTE - Duration::from_millis(1)));
    assert!(!fresh_at(MINUTE));
}

#[test]
fn a_record_that_is_stored_expired_is_read_again_after_seconds() {
    let entry = entry("id=1 expiry_time=1");
    let fresh_at = |after: Duration| validity(&entry, MINUTE).has(later(entry.asked, after));
    assert!(fresh_at(EXPIRED_RECHECK / 2));
    assert!(!fresh_at(EXPIRED_RECHECK));
}

#[test]
fn the_bound_is_in_records_or_in_bytes() {
    let each = weight(&entry("id=1"));
    let kept_of_9 = |bound| {
        let cache = Cache::new(Some(bound), MINUTE, Duration::ZERO, Clock::default());
        (1..=9).for_each(|id| load(&cache, &format!("id={id}")));
        (1..=9)
            .filter(|id| version(&cache, &id.to_string()).is_some())
            .count()
    };
    assert_eq!(kept_of_9(Bound::Bytes(4 * each + each / 2)), 4);
    assert_eq!(kept_of_9(Bound::Records(3)), 3);
    assert_eq!(kept_of_9(Bound::Bytes(each - 1)), 0);
    let long = format!("id=1 access_token={}", "x".repeat(1_000));
    assert!(weight(&entry(&long)) > each + 1_000);
}

#[test]
fn a_cache_that_is_off_keeps_nothing() {
    for bound in [None, entries(0), Some(Bound::Bytes(100))] {
        let cache = Cache::new(bound, MINUTE, MINUTE, Clock::default());
        assert!(cache.is_off());
        load(&cache, "id=1");
        write(&cache, "id=1 user_name=u", None);
        answer(&cache, "user_name=u", Field::UserName, "1");
        assert_eq!(
            (version(&cache, "1"), found(&cache, "user_name=u")),
            (None, None)
        );
        assert!(cache.last_known(&token("id=1")).is_none());
    }
}

#[test]
fn the_last_known_record_is_there_only_if_that_is_wanted() {
    let mut old = entry("id=1 user_name=u");
    old.asked.wall -= MINUTE * 2;
    let old = Arc::new(old);
    for (stale_for, expected) in [
        (Duration::ZERO, false),
        (MINUTE / 2, false),
        (MINUTE * 2, true),
    ] {
        let cache = Cache::new(entries(100), MINUTE, stale_for, Clock::default());
        cache.loaded(&old, cache.generation_of_record("1"));
        answer(&cache, "user_name=u", Field::UserName, "1");
        assert_eq!(found(&cache, "user_name=u"), None);
        assert_eq!(cache.last_known(&token("user_name=u")).is_some(), expected);
        assert_eq!(cache.last_known(&token("id=1")).is_some(), expected);
    }
}
