//! Text for people: times, durations, and values that may contain control characters.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

/// Escapes control characters. A user name with an escape sequence must not control the terminal, and
/// one with a tab or line break must not look like two columns or rows.
pub fn printable(text: &str) -> Cow<'_, str> {
    // Characters that change the direction of text can make it look like another one.
    let is_plain = |c: char| {
        !c.is_control()
            && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match is_plain(c) {
            true => escaped.push(c),
            false => escaped.extend(c.escape_default()),
        }
    }
    Cow::Owned(escaped)
}

/// A time in UTC, to the second.
pub fn utc(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}

/// How far away a time is, in its two largest units: `58m`, `3d 4h`, `-2h 10m`.
pub fn from_now(time: SystemTime, now: SystemTime) -> String {
    match time.duration_since(now) {
        Ok(left) => rough(left),
        Err(error) => format!("-{}", rough(error.duration())),
    }
}

fn rough(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let units = [
        (seconds / 86_400, "d"),
        (seconds / 3_600 % 24, "h"),
        (seconds / 60 % 60, "m"),
        (seconds % 60, "s"),
    ];
    let first = units.iter().position(|(number, _)| *number > 0);
    let Some(first) = first else {
        return "0s".to_owned();
    };
    // Seconds beside minutes change too fast to be read.
    let last = match first {
        2 => 2,
        _ => (first + 1).min(3),
    };
    let shown = units[first..=last].iter().filter(|(number, _)| *number > 0);
    let shown: Vec<_> = shown
        .map(|(number, unit)| format!("{number}{unit}"))
        .collect();
    shown.join(" ")
}

/// `1 record`, `2 records`.
pub fn counted(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(printable("ada@example.com:7"), "ada@example.com:7");
        assert_eq!(printable("a\u{1b}[2J\tb\n"), "a\\u{1b}[2J\\tb\\n");
        assert_eq!(printable("\u{202e}x"), "\\u{202e}x");
    }

    #[test]
    fn a_duration_has_its_two_largest_units() {
        for (seconds, shown) in [
            (0, "0s"),
            (59, "59s"),
            (61, "1m"),
            (3_600, "1h"),
            (7_800, "2h 10m"),
            (90_000, "1d 1h"),
            (86_400, "1d"),
        ] {
            assert_eq!(rough(Duration::from_secs(seconds)), shown);
        }
        let now = SystemTime::now();
        assert_eq!(from_now(now - Duration::from_secs(61), now), "-1m");
    }
}
