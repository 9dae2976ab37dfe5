//! Write ids: each write of a record has one of its own, in the document and in the keys of its tags.

use std::time::{Duration, SystemTime};

/// After this time, a write has ended, and its requests have been executed or never will be. Clocks
/// may differ by some minutes.
pub(crate) const LONGEST_WRITE: Duration = Duration::from_secs(3_600);

/// The id of one write: 8 hexadecimal digits of the time in seconds, and 16 random ones.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct WriteId(String);

impl WriteId {
    pub(crate) fn new(now: SystemTime, random: u64) -> Self {
        let seconds = now
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        WriteId(format!("{:08x}{random:016x}", seconds & 0xffff_ffff))
    }

    /// Returns `None` if the text is not a write id.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (text.len() == 24 && text.bytes().all(is_digit)).then(|| WriteId(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// How much later than another write it was started, by the clocks of the two writers.
    pub(crate) fn later_than(&self, other: &WriteId) -> Duration {
        let seconds = |id: &WriteId| u64::from_str_radix(&id.0[..8], 16).unwrap_or_default();
        Duration::from_secs(seconds(self).saturating_sub(seconds(other)))
    }

    /// Whether the write was started longer than `age` ago, by the writer's clock.
    pub(crate) fn is_older_than(&self, age: Duration, now: SystemTime) -> bool {
        let seconds = u64::from_str_radix(&self.0[..8], 16).unwrap_or(u64::MAX);
        let started = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        now.duration_since(started)
            .is_ok_and(|elapsed| elapsed > age)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_id_tells_when_the_write_was_started() {
        let started = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let id = WriteId::new(started, 7);
        assert_eq!(id.as_str(), "6553f1000000000000000007");
        assert_eq!(WriteId::parse(id.as_str()), Some(id.clone()));
        let hour = Duration::from_secs(3_600);
        assert!(id.is_older_than(hour, started + hour * 2));
        assert!(!id.is_older_than(hour, started + hour / 2));
        assert!(!id.is_older_than(hour, started - hour), "the clocks differ");
    }

    #[test]
    fn write_ids_tell_how_much_later_one_is() {
        let started = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let (first, second) = (
            WriteId::new(started, 9),
            WriteId::new(started + Duration::from_secs(90), 7),
        );
        assert_eq!(second.later_than(&first), Duration::from_secs(90));
        assert_eq!(first.later_than(&second), Duration::ZERO);
    }

    #[test]
    fn other_texts_are_no_write_ids() {
        for text in [
            "",
            "6553f100",
            "6553F1000000000000000007",
            "6553f100000000000000000g",
        ] {
            assert_eq!(WriteId::parse(text), None, "{text}");
        }
    }
}
