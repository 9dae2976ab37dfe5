//! Which entries are in the map, and in which order.

use std::collections::HashMap;

use super::*;

fn keys(map: &AgingMap<u32, u32>) -> Vec<u32> {
    map.iter().map(|(key, _)| *key).collect()
}

fn remove(map: &mut AgingMap<u32, u32>, key: u32) -> Option<(u32, u32)> {
    let number = map.number_of(&key)?;
    map.remove(number)
}

#[test]
fn the_oldest_entry_goes_if_there_are_too_many() {
    let mut map = AgingMap::new(3);
    for key in 1..=3 {
        map.put(key, key * 10);
    }
    assert!(map.is_full());
    map.put(4, 40);
    assert_eq!(keys(&map), [2, 3, 4]);
    assert_eq!((map.get(&1), map.get(&4)), (None, Some(&40)));
}

#[test]
fn an_entry_that_is_put_again_is_the_youngest_and_one_that_is_replaced_is_not() {
    let mut map = AgingMap::new(3);
    for key in [1, 2, 3, 1] {
        map.put(key, key * 10);
    }
    let second = map.number_of(&2).unwrap();
    map.replace(second, 21);
    assert_eq!(keys(&map), [2, 3, 1]);
    assert_eq!(map.get(&2), Some(&21));
    map.put(4, 40);
    assert_eq!(keys(&map), [3, 1, 4]);
}

#[test]
fn a_removed_entry_makes_room_for_another_one() {
    let mut map = AgingMap::new(3);
    for key in 1..=3 {
        map.put(key, key * 10);
    }
    for (key, left) in [(2, vec![1, 3]), (1, vec![3]), (3, vec![])] {
        assert_eq!(remove(&mut map, key), Some((key, key * 10)));
        assert_eq!(remove(&mut map, key), None);
        assert_eq!(keys(&map), left);
    }
    assert_eq!(map.oldest(), None);
    for key in 4..=6 {
        map.put(key, key);
    }
    assert_eq!(keys(&map), [4, 5, 6]);
    assert_eq!(map.slots.len(), 3, "the places are used again");
}

#[test]
fn it_holds_what_a_simple_map_with_a_list_holds() {
    let (mut map, mut simple, mut order) = (AgingMap::new(50), HashMap::new(), Vec::new());
    fastrand::seed(7);
    for step in 0..20_000 {
        let key = fastrand::u32(..100);
        order.retain(|other| *other != key);
        if fastrand::u8(..4) == 0 {
            assert_eq!(remove(&mut map, key), simple.remove_entry(&key));
            continue;
        }
        map.put(key, step);
        simple.insert(key, step);
        order.push(key);
        if order.len() > 50 {
            simple.remove(&order.remove(0));
        }
        assert_eq!(keys(&map), order);
        assert_eq!(map.oldest(), map.number_of(&order[0]));
        assert!((0..100).all(|key| map.get(&key) == simple.get(&key)));
    }
    assert_eq!(map.slots.len(), 50);
}

#[test]
fn it_holds_more_than_one_chunk() {
    let number = 3 * CHUNK as u32 + 1;
    let mut map = AgingMap::new(number);
    for key in 0..=number {
        map.put(key, key);
    }
    assert!(keys(&map).into_iter().eq(1..=number));
    assert!((1..=number).all(|key| map.get(&key) == Some(&key)));
    assert_eq!(map.slots.len(), number as usize);
}
