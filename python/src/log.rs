//! The store's warnings, for Python's `logging`.
//!
//! A thread keeps the events that the store reports while it runs a future, and passes them to Python
//! when it holds the GIL again. Logging at once would need the GIL while the store may hold a lock for
//! which another thread waits that has the GIL.

use std::cell::RefCell;
use std::fmt::{Debug, Write};

use pyo3::prelude::*;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// The most events that a thread keeps; more are dropped.
const LIMIT: usize = 100;

/// The level in Python's numbers, and the text.
type Line = (u8, String);

thread_local! {
    static LINES: RefCell<Vec<Line>> = const { RefCell::new(Vec::new()) };
}

/// Makes this module the receiver of the events of this extension, and of no other one's.
pub(crate) fn install() {
    // It fails if the module is initialized a second time, when it is the receiver already.
    let _ = tracing::subscriber::set_global_default(Collector);
}

/// Passes the events of this thread to the logger `zoho_token_store`.
pub(crate) fn flush(py: Python<'_>) -> PyResult<()> {
    let lines = LINES.with(|lines| std::mem::take(&mut *lines.borrow_mut()));
    if lines.is_empty() {
        return Ok(());
    }
    let logger = py
        .import("logging")?
        .call_method1("getLogger", ("zoho_token_store",))?;
    for (level, text) in lines {
        logger.call_method1("log", (level, "%s", text))?;
    }
    Ok(())
}

struct Collector;

impl Subscriber for Collector {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event()
            && *metadata.level() <= Level::WARN
            && metadata.target().starts_with("zoho_token_store")
    }

    fn max_level_hint(&self) -> Option<tracing::level_filters::LevelFilter> {
        Some(tracing::level_filters::LevelFilter::WARN)
    }

    fn event(&self, event: &Event<'_>) {
        let level = if *event.metadata().level() == Level::ERROR {
            40
        } else {
            30
        };
        let mut text = Text::default();
        event.record(&mut text);
        let line = (level, text.message + &text.fields);
        LINES.with(|lines| {
            let mut lines = lines.borrow_mut();
            if lines.len() < LIMIT {
                lines.push(line);
            }
        });
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// An event as text: the message, then ` name=value` for each field.
#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Writing to a string does not fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}
