//! Hits: an answer leads to the version of a record that is kept, and to no other.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use aws_smithy_async::time::{SharedTimeSource, TimeSource};

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
            // Held, so that an answer can still lead to this version after it was replaced.
            let held = cache.record("1");
            let record = held.as_ref().map(|entry| entry.token.clone());
            let by_id = cache.token("1");
            assert!(
                record.is_some() && by_id.is_some(),
                "a save takes nothing out"
            );
            let by_key = [cache.find(&by_user), cache.find(&by_user)];
            for found in [record, by_id].into_iter().chain(by_key).flatten() {
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
fn an_outdated_token_is_dropped_at_once_though_answers_led_to_it() {
    let changes: [fn(&Cache); 4] = [
        |cache| cache.forget("1"),
        |cache| cache.missing("1", cache.generation_of_record("1")),
        |cache| load(cache, "id=1 user_name=u access_token=new"),
        |cache| write(cache, "id=1 user_name=u access_token=new", None),
    ];
    for change in changes {
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
        assert_eq!(held.clones(), 3, "the record alone has it, twice");
        // As if another thread looked at moka's table.
        let _record = cache.records.get_with_generation(cache.hasher.of("1"));
        change(&cache);
        assert_eq!(held.clones(), 1);
    }
}

#[test]
fn what_was_replaced_is_not_found_though_somebody_holds_it() {
    for evicted in [false, true] {
        let cache = Cache::new(entries(1), MINUTE, Duration::ZERO, Clock::default());
        load(&cache, "id=1 user_name=u access_token=old");
        answer(&cache, "user_name=u", Field::UserName, "1");
        let held = cache.record("1");
        let access_token = || {
            let token = cache.find(&token("user_name=u"))?;
            token.expose(Field::AccessToken).map(str::to_owned)
        };
        for _ in 0..2 {
            assert_eq!(access_token().as_deref(), Some("old"));
        }
        if evicted {
            // As moka does it: nobody is told.
            cache.records.evict(cache.hasher.of("1"));
            assert_eq!(version(&cache, "1"), None);
        }
        load(&cache, "id=1 user_name=u access_token=new");
        for _ in 0..2 {
            assert_eq!(access_token().as_deref(), Some("new"));
        }
        drop(held);
    }
}

#[test]
fn a_load_beside_a_deletion_does_not_bring_the_record_back() {
    let cache = cache();
    let old = Arc::new(entry("id=1"));
    for round in 0..5_000 {
        let generation = cache.generation_of_record("1");
        let together = AtomicU64::new(0);
        let meet = || {
            together.fetch_add(1, Ordering::AcqRel);
            while together.load(Ordering::Acquire) < 2 {
                std::thread::yield_now();
            }
        };
        std::thread::scope(|scope| {
            scope.spawn(|| {
                meet();
                cache.loaded(&old, generation);
            });
            meet();
            cache.forget("1");
        });
        assert_eq!(version(&cache, "1"), None, "in round {round}");
    }
}

#[test]
fn an_answer_to_another_question_with_the_same_hash_finds_nothing() {
    let cache = cache();
    load(&cache, "id=1 user_name=u");
    answer(&cache, "user_name=u", Field::UserName, "1");
    let (asked, other) = (token("user_name=u"), token("user_name=v"));
    assert!(cache.find(&asked).is_some());
    let question = cache.answers.questions(&cache.hasher, &asked).next();
    let question = question.unwrap();
    let answer = cache.answers.get(&question).unwrap();
    for (partial, expected) in [(&asked, true), (&other, false)] {
        let seen = cache.seen(partial, &question, &answer);
        let looked_up = cache.looked_up(partial, &question, &answer);
        assert_eq!((seen.is_some(), looked_up.is_some()), (expected, expected));
    }
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

#[tokio::test(start_paused = true)]
async fn hits_by_a_key_keep_a_record_from_being_evicted() {
    // Ahead of the moments at which the records below are read.
    let wall = WallClock(Arc::new(Mutex::new(SystemTime::now() + MINUTE)));
    let clock = Clock::from(SharedTimeSource::new(wall));
    let cache = Cache::new(entries(10), MINUTE * 60, Duration::ZERO, clock);
    load(&cache, "id=used user_name=u");
    answer(&cache, "user_name=u", Field::UserName, "used");
    for number in 0..1_000 {
        (0..200).for_each(|_| drop(cache.find(&token("user_name=u"))));
        load(&cache, &format!("id={number}"));
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    assert!(version(&cache, "used").is_some());
}

#[tokio::test(start_paused = true)]
async fn moka_is_told_of_hits_by_a_key_once_a_second() {
    let cache = cache();
    load(&cache, "id=1 user_name=u");
    answer(&cache, "user_name=u", Field::UserName, "1");
    let asked = token("user_name=u");
    assert!(cache.find(&asked).is_some());
    let question = cache.answers.questions(&cache.hasher, &asked).next();
    let answer = cache.answers.get(&question.unwrap()).unwrap();
    let due = || cache.answers.is_report_due(&answer, cache.now());
    for _ in 0..3 {
        assert_eq!([due(), due(), due()], [true, false, false]);
        tokio::time::advance(Duration::from_secs(1)).await;
    }
}

/// A wall clock that stands still until it is set.
#[derive(Clone, Debug)]
struct WallClock(Arc<Mutex<SystemTime>>);

impl TimeSource for WallClock {
    fn now(&self) -> SystemTime {
        *self.0.lock().unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn a_hit_ends_with_the_time_to_live_by_either_clock() {
    let (ahead, none) = (MINUTE, Duration::ZERO);
    for (by_wall, by_monotonic, still) in [
        (none, none, true),
        (ahead, none, false),
        (none, ahead, false),
    ] {
        let wall = WallClock(Arc::new(Mutex::new(SystemTime::now())));
        let clock = Clock::from(SharedTimeSource::new(wall.clone()));
        let cache = Cache::new(entries(10), MINUTE, Duration::ZERO, clock.clone());
        let entry = StoredRecord {
            asked: clock.now(),
            ..entry("id=1 user_name=u")
        };
        cache.loaded(&Arc::new(entry), cache.generation_of_record("1"));
        answer(&cache, "user_name=u", Field::UserName, "1");
        assert!(cache.find(&token("user_name=u")).is_some());
        *wall.0.lock().unwrap() += by_wall;
        tokio::time::advance(by_monotonic).await;
        let found = [cache.token("1"), cache.find(&token("user_name=u"))];
        assert_eq!(found.map(|found| found.is_some()), [still, still]);
    }
}
