//! What is displaced, and when.

use std::sync::Arc;

use super::*;

const NO_BOUND: u64 = u64::MAX;

fn bounded(entries: u64, bytes: u64) -> Bounded<Arc<str>> {
    Bounded::new(Bounds { entries, bytes }, |value| value.len() as u64)
}

fn put(map: &Bounded<Arc<str>>, key: u64, value: &str) {
    map.change(key, |_| Change::Put(value.into()));
}

fn keys(map: &Bounded<Arc<str>>) -> Vec<u64> {
    let guard = map.slots.guard();
    let mut keys: Vec<_> = map.slots.keys(&guard).copied().collect();
    keys.sort_unstable();
    keys
}

fn read(map: &Bounded<Arc<str>>, key: u64) -> Option<Arc<str>> {
    map.read(key, |value| Some(value.clone()))
}

#[test]
fn the_oldest_that_was_not_read_makes_room() {
    let map = bounded(3, NO_BOUND);
    for key in 1..=3 {
        put(&map, key, "v");
    }
    assert!(read(&map, 1).is_some());
    put(&map, 4, "v");
    assert_eq!(keys(&map), [1, 3, 4]);
    put(&map, 5, "v");
    assert_eq!(keys(&map), [1, 4, 5], "once read is once spared");
}

#[test]
fn a_newcomer_finds_room_though_all_others_are_read_all_the_time() {
    let map = bounded(3, NO_BOUND);
    for key in 1..=10 {
        put(&map, key, "v");
        for key in 1..=key {
            read(&map, key);
        }
        assert!(read(&map, key).is_some());
        assert_eq!(map.len(), key.min(3));
    }
}

#[test]
fn bytes_are_bounded_too_and_what_is_larger_is_not_kept() {
    let map = bounded(NO_BOUND, 10);
    put(&map, 1, "1234");
    put(&map, 2, "1234");
    put(&map, 3, "123456");
    assert_eq!(keys(&map), [2, 3]);
    put(&map, 2, "12345");
    assert_eq!(keys(&map), [2], "what replaces a value may need more room");
    put(&map, 2, "12345678901");
    assert_eq!(map.len(), 0, "nor is the value before it kept");
    put(&map, 4, "1234567890");
    assert_eq!(keys(&map), [4]);
}

#[test]
fn places_that_were_left_do_not_add_up() {
    let map = bounded(4, NO_BOUND);
    for number in 0..10_000 {
        put(&map, number % 3, "v");
        map.change(number % 2, |_| Change::Remove);
    }
    let queue = map.queue.lock().unwrap();
    assert!(queue.places.len() < 32, "{}", queue.places.len());
}

#[test]
fn what_is_taken_out_is_dropped_at_once() {
    let map = bounded(2, NO_BOUND);
    let value: Arc<str> = "v".into();
    for key in 1..=3 {
        map.change(key, |_| Change::Put(value.clone()));
    }
    assert_eq!(Arc::strong_count(&value), 3, "one was displaced");
    map.change(2, |_| Change::Put("w".into()));
    assert_eq!(Arc::strong_count(&value), 2, "one was replaced");
    map.change(3, |_| Change::Remove);
    assert_eq!(Arc::strong_count(&value), 1, "one was removed");
}

#[test]
fn shrinking_and_retaining_leave_what_they_should() {
    let map = bounded(NO_BOUND, NO_BOUND);
    for key in 1..=5 {
        put(&map, key, &"v".repeat(key as usize));
    }
    map.retain(|value| value.len() != 2);
    assert_eq!(keys(&map), [1, 3, 4, 5]);
    map.shrink(2);
    assert_eq!(keys(&map), [4, 5]);
}
