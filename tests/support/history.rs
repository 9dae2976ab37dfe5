//! Histories of records that several writers use at once, and a check that they are possible: each
//! field of a record is a register whose history must be linearizable.
//!
//! All written values are different, so no search for an order is needed. A value and the reads
//! that returned it form a time zone; the history is linearizable if the zones fit together
//! (Gibbons and Korach, "Testing shared memories", theorem 4.1).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// One operation on a record.
#[derive(Clone, Debug)]
pub struct Event {
    pub process: String,
    /// The user whose record it is.
    pub user: String,
    /// In nanoseconds since 1970.
    pub began: u64,
    pub ended: u64,
    /// The written fields; empty for a read.
    pub wrote: BTreeMap<String, String>,
    /// The returned fields; `None` if the operation failed. A failed write may have been applied.
    pub returned: Option<BTreeMap<String, String>>,
    /// Whether the result can come from a cache.
    pub cached: bool,
}

/// A description of what is wrong with a history.
pub type Violation = String;

/// The time zone of a register's value: when it was written and read.
struct Zone<'a> {
    value: &'a str,
    first_end: u64,
    last_begin: u64,
}

impl Event {
    pub fn to_line(&self) -> String {
        json!({
            "process": self.process, "user": self.user, "began": self.began, "ended": self.ended,
            "wrote": self.wrote, "returned": self.returned, "cached": self.cached,
        })
        .to_string()
    }

    /// Returns `None` if the line is not an event.
    pub fn from_line(line: &str) -> Option<Self> {
        let event: Value = serde_json::from_str(line).ok()?;
        let texts = |fields: &Map<String, Value>| {
            let pairs = fields
                .iter()
                .filter_map(|(field, value)| Some((field.clone(), value.as_str()?.to_owned())));
            pairs.collect()
        };
        Some(Event {
            process: event["process"].as_str()?.to_owned(),
            user: event["user"].as_str()?.to_owned(),
            began: event["began"].as_u64()?,
            ended: event["ended"].as_u64()?,
            wrote: event["wrote"].as_object().map(texts)?,
            returned: event["returned"].as_object().map(texts),
            cached: event["cached"].as_bool()?,
        })
    }

    fn read(&self, field: &str) -> Option<&str> {
        let returned = self.returned.as_ref()?;
        returned.get(field).map(String::as_str)
    }
}

/// Returns everything that is wrong with a history. The first event of each record must write all
/// of its fields.
pub fn violations(events: &[Event]) -> Vec<Violation> {
    let mut registers: BTreeMap<(&str, &str), Vec<&Event>> = BTreeMap::new();
    for event in events {
        let of_returned = event.returned.iter().flat_map(BTreeMap::keys);
        let mut fields: Vec<&String> = event.wrote.keys().chain(of_returned).collect();
        fields.sort_unstable();
        fields.dedup();
        for field in fields {
            let register = registers.entry((&event.user, field)).or_default();
            register.push(event);
        }
    }
    let wrong = registers.iter().flat_map(|((user, field), events)| {
        let mut wrong = register_violations(field, events);
        wrong.extend(stale_reads(field, events));
        wrong
            .into_iter()
            .map(move |violation| format!("{user}, {field}: {violation}"))
    });
    wrong.collect()
}

fn writes<'a>(field: &str, events: &[&'a Event]) -> BTreeMap<&'a str, &'a Event> {
    let written = events
        .iter()
        .filter_map(|event| Some((event.wrote.get(field)?.as_str(), *event)));
    written.collect()
}

fn register_violations(field: &str, events: &[&Event]) -> Vec<Violation> {
    let mut wrong = Vec::new();
    let mut zones: BTreeMap<&str, Zone> = BTreeMap::new();
    let writes = writes(field, events);
    for (value, write) in &writes {
        if write.returned.is_some() {
            let (first_end, last_begin) = (write.ended, write.began);
            zones.insert(
                value,
                Zone {
                    value,
                    first_end,
                    last_begin,
                },
            );
        }
    }
    for event in events.iter().filter(|event| !event.cached) {
        let Some(value) = event.read(field) else {
            continue;
        };
        let Some(write) = writes.get(value) else {
            wrong.push(format!("{value} was read and never written"));
            continue;
        };
        if event.ended < write.began {
            wrong.push(format!("{value} was read before it was written"));
        }
        // A failed write whose value is read was applied at some time after it began.
        let zone = zones.entry(value).or_insert(Zone {
            value,
            first_end: u64::MAX,
            last_begin: write.began,
        });
        zone.first_end = zone.first_end.min(event.ended);
        zone.last_begin = zone.last_begin.max(event.began);
    }
    // During a forward zone the register cannot hold another value.
    let (mut forward, backward): (Vec<_>, Vec<_>) = zones
        .into_values()
        .partition(|zone| zone.first_end < zone.last_begin);
    forward.sort_unstable_by_key(|zone| zone.first_end);
    for pair in forward.windows(2) {
        if pair[1].first_end < pair[0].last_begin {
            wrong.push(format!(
                "{} and {} were current at the same time",
                pair[0].value, pair[1].value
            ));
        }
    }
    for lost in &backward {
        let within =
            |zone: &&Zone| zone.first_end < lost.last_begin && lost.first_end < zone.last_begin;
        if let Some(zone) = forward.iter().find(within) {
            wrong.push(format!(
                "{} is lost: {} was current before and after it",
                lost.value, zone.value
            ));
        }
    }
    wrong
}

/// Returns the reads of one process that return a value older than one that the process had read
/// before.
fn stale_reads(field: &str, events: &[&Event]) -> Vec<Violation> {
    let writes = writes(field, events);
    let mut wrong = Vec::new();
    for earlier in events {
        let later = events
            .iter()
            .filter(|later| later.process == earlier.process && later.began > earlier.ended);
        for later in later {
            let (Some(new), Some(old)) = (earlier.read(field), later.read(field)) else {
                continue;
            };
            let (Some(newer), Some(older)) = (writes.get(new), writes.get(old)) else {
                continue;
            };
            if older.returned.is_some() && older.ended < newer.began {
                wrong.push(format!(
                    "a process read {new} and then {old}, which is older: {}, then {}",
                    earlier.to_line(),
                    later.to_line()
                ));
            }
        }
    }
    wrong
}
