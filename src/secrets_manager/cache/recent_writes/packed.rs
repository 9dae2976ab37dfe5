//! Ids and keys in few bytes.

use std::fmt;
use std::num::NonZeroU32;

use crate::secrets_manager::cache::short_time::ShortTime;

/// A record's id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Id {
    /// Of 64 hexadecimal digits, as the store derives ids.
    Derived([u8; 32]),
    Other(Box<str>),
}

impl From<&str> for Id {
    fn from(id: &str) -> Self {
        derived(id.as_bytes()).map_or_else(|| Id::Other(id.into()), Id::Derived)
    }
}

/// Returns the bytes that these digits stand for, if they are digits of a derived id.
fn derived(digits: &[u8]) -> Option<[u8; 32]> {
    let digits: &[u8; 64] = digits.try_into().ok()?;
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; 32];
    let (pairs, _) = digits.as_chunks::<2>();
    for (byte, &[high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = value(high)? << 4 | value(low)?;
    }
    Some(bytes)
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Id::Derived(bytes) => bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
            Id::Other(id) => f.write_str(id),
        }
    }
}

/// The hash of a lookup key, in four bytes. If two keys have the same, a record is read and verified
/// that does not have the key, which only costs a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key(NonZeroU32);

impl Key {
    /// Returns the key as a hash for a table.
    pub(super) fn hash(self) -> u64 {
        u64::from(self.0.get()).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }
}

impl From<u64> for Key {
    fn from(hash: u64) -> Self {
        let folded = (hash >> 32) as u32 ^ hash as u32;
        Key(NonZeroU32::new(folded).unwrap_or(NonZeroU32::MIN))
    }
}

/// A token has this many lookup keys.
const KEYS: usize = 4;

/// Of more keys than this, which many saves of unknown outcome may leave, the last ones are kept.
const MOST_KEYS: usize = 256;

/// Keys, and when each was learned.
pub(super) enum Keys {
    /// Learned at the same time.
    Alike {
        at: Option<ShortTime>,
        keys: [Option<Key>; KEYS],
    },
    Other(Box<[(Key, ShortTime)]>),
}

impl Default for Keys {
    fn default() -> Self {
        Keys::Alike {
            at: None,
            keys: [None; KEYS],
        }
    }
}

impl FromIterator<(Key, ShortTime)> for Keys {
    fn from_iter<I: IntoIterator<Item = (Key, ShortTime)>>(pairs: I) -> Self {
        let mut pairs: Vec<_> = pairs.into_iter().collect();
        pairs.drain(..pairs.len().saturating_sub(MOST_KEYS));
        let at = pairs.first().map(|&(_, at)| at);
        if pairs.len() > KEYS || pairs.iter().any(|&(_, other)| Some(other) != at) {
            return Keys::Other(pairs.into());
        }
        let mut keys = [None; KEYS];
        for (place, (key, _)) in keys.iter_mut().zip(pairs) {
            *place = Some(key);
        }
        Keys::Alike { at, keys }
    }
}

impl Keys {
    pub(super) fn iter(&self) -> impl Iterator<Item = (Key, ShortTime)> {
        let (at, alike, other): (_, &[_], &[_]) = match self {
            Keys::Alike { at, keys } => (*at, keys, &[]),
            Keys::Other(pairs) => (None, &[], pairs),
        };
        let alike = alike.iter().filter_map(move |key| Some(((*key)?, at?)));
        alike.chain(other.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::*;
    use crate::secrets_manager::cache::short_time::Start;

    #[test]
    fn an_id_is_the_same_after_it_was_packed() {
        let digits = "0f9a".repeat(16);
        assert!(matches!(Id::from(digits.as_str()), Id::Derived(_)));
        let upper_case = digits.to_uppercase();
        let long = format!("{digits}0");
        for id in [
            &digits,
            "",
            "1",
            &digits[1..],
            &long,
            &upper_case,
            &"é".repeat(32),
        ] {
            assert_eq!(Id::from(id).to_string(), id);
            assert_eq!(Id::from(id), Id::from(id));
            assert!(id == digits || matches!(Id::from(id), Id::Other(_)), "{id}");
        }
    }

    #[test]
    fn keys_stay_what_they_are() {
        let now = Instant::now();
        let start = Start::at(now);
        let key = |number: u64| Key::from(number);
        let time = |number| start.short(now + Duration::from_secs(number));
        let alike = |number| (1..=number).map(|n| (key(n), time(1))).collect::<Vec<_>>();
        let cases = [
            (vec![], true),
            (alike(1), true),
            (alike(4), true),
            (alike(5), false),
            (vec![(key(1), time(1)), (key(2), time(2))], false),
        ];
        for (pairs, is_alike) in cases {
            let keys: Keys = pairs.iter().copied().collect();
            assert_eq!(keys.iter().collect::<Vec<_>>(), pairs);
            assert_eq!(matches!(keys, Keys::Alike { .. }), is_alike);
        }
        assert_eq!(Key::from(0), Key::from(1), "no key is zero");
        let many = (1..300).map(|number| (key(number), time(number)));
        let keys: Keys = many.clone().collect();
        assert!(keys.iter().eq(many.skip(299 - MOST_KEYS)));
    }
}
