//! Hits: an answer leads to the version of a record that is kept, and to no other.

use std::sync::atomic::{AtomicU64, Ordering};

use super::*;

#[test]
fn what_a_save_has_replaced_is_not_found_once_it_has_returned() {
    const SAVES: u64 = 5_000;
    let cache = cache();
    let saved = AtomicU64::new(0);
    let save = |version: u64| {
        let columns = format!("id=1 user_name=u access_token={version}");
        write(&cache, &columns, Some("id=1 user_name=u"));
        saved.store(version, Ordering::Release);
        // Now and then the new access token shares the counter of the user.
        answer(&cache, "user_name=u", Field::UserName, "1");
    };
    save(1);
    let read = || {
        let by_user = token("user_name=u");
        let mut hits = 0;
        while saved.load(Ordering::Acquire) < SAVES {
            let mut least = saved.load(Ordering::Acquire);
            let record = cache.record("1").map(|entry| entry.token.clone());
            let by_id = cache.token("1");
            assert!(
                record.is_some() && by_id.is_some(),
                "a save takes nothing out"
            );
            for found in [record, by_id, cache.find(&by_user)].into_iter().flatten() {
                let version = found.expose(Field::AccessToken).map(str::parse::<u64>);
                let version = version.unwrap().unwrap();
                assert!(version >= least, "{version} was found after {least}");
                least = version;
                hits += 1;
            }
        }
        hits
    };
    let hits: Vec<u64> = std::thread::scope(|scope| {
        let readers = [scope.spawn(read), scope.spawn(read)];
        (2..=SAVES).for_each(save);
        readers.map(|reader| reader.join().unwrap()).to_vec()
    });
    assert!(hits.iter().all(|hits| *hits > 0), "{hits:?}");
}

#[test]
fn an_outdated_token_is_dropped_though_answers_led_to_it() {
    let cache = cache();
    let held = token("id=1 user_name=u access_token=old");
    let entry = StoredRecord {
        token: held.clone(),
        ..entry("id=1")
    };
    cache.written(&Arc::new(entry), None);
    answer(&cache, "user_name=u", Field::UserName, "1");
    for _ in 0..2 {
        assert!(cache.find(&token("user_name=u")).is_some());
        assert!(cache.token("1").is_some());
    }
    assert_eq!(held.clones(), 2, "the record alone holds it");
    cache.forget("1");
    assert_eq!(held.clones(), 1);
}

#[test]
fn hits_keep_a_record_from_being_evicted() {
    let cache = Cache::new(entries(10), MINUTE, Duration::ZERO, Clock::default());
    load(&cache, "id=used");
    for number in 0..1_000 {
        (0..200).for_each(|_| drop(cache.token("used")));
        load(&cache, &format!("id={number}"));
    }
    assert!(version(&cache, "used").is_some());
}
