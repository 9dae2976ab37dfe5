//! The store's warnings, for Python's `logging`.
//!
//! A thread keeps the events that the store reports while it runs a future, and passes them to Python
//! when it holds the GIL again. Logging at once would need the GIL while the store may hold a lock for
//! which another thread waits that has the GIL.

use std::cell::RefCell;
use std::fmt::{Debug, Write};

use pyo3::exceptions::{PyException, PyKeyboardInterrupt};
use pyo3::prelude::*;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// The most events that a thread keeps; of more it keeps the number.
const LIMIT: usize = 100;

/// Python's number of the level `WARNING`.
const WARNING: u8 = 30;

/// Python's number of the level `ERROR`.
const ERROR: u8 = 40;

/// The level in Python's numbers, and the text.
type Line = (u8, String);

/// The events of a thread, and how many more there were.
#[derive(Default)]
struct Lines {
    kept: Vec<Line>,
    left_out: usize,
}

thread_local! {
    static LINES: RefCell<Lines> = RefCell::default();
}

/// Makes this module the receiver of the events of this extension, and of no other one's.
pub(crate) fn install() {
    // It fails if the module is initialized a second time, when it is the receiver already.
    let _ = tracing::subscriber::set_global_default(Collector);
}

/// Passes the events of this thread to the logger `zoho_token_store`.
///
/// # Errors
///
/// What a signal's handler raised meanwhile, for example `KeyboardInterrupt`. An exception of the
/// program's logging, such as that of a filter, is none of the store's: Python reports it.
pub(crate) fn flush(py: Python<'_>) -> PyResult<()> {
    if LINES.with_borrow(|lines| lines.kept.is_empty()) {
        return Ok(());
    }
    let Lines { mut kept, left_out } = LINES.take();
    if left_out > 0 {
        kept.push((WARNING, format!("{left_out} more events are left out")));
    }
    kept.into_iter().try_for_each(|line| {
        let logged = log(py, line);
        logged.or_else(|error| match error.is_instance_of::<PyException>(py) {
            true => {
                error.write_unraisable(py, None);
                Ok(())
            }
            false => Err(error),
        })
    })
}

/// The same where there is a result, which must not be lost: what a signal's handler raised is raised
/// again a moment later.
pub(crate) fn flush_at_end(py: Python<'_>) {
    let Err(raised) = flush(py) else {
        return;
    };
    let again = match raised.is_instance_of::<PyKeyboardInterrupt>(py) {
        true => py
            .import("_thread")
            .and_then(|thread| thread.call_method0("interrupt_main"))
            .map(drop),
        false => Err(raised),
    };
    if let Err(error) = again {
        error.write_unraisable(py, None);
    }
}

fn log(py: Python<'_>, (level, text): Line) -> PyResult<()> {
    let logger = py
        .import("logging")?
        .call_method1("getLogger", ("zoho_token_store",))?;
    logger.call_method1("log", (level, "%s", text)).map(drop)
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
        let level = match *event.metadata().level() {
            Level::ERROR => ERROR,
            _ => WARNING,
        };
        let mut text = Text::default();
        event.record(&mut text);
        let line = (level, text.message + &text.fields);
        LINES.with_borrow_mut(|lines| match lines.kept.len() < LIMIT {
            true => lines.kept.push(line),
            false => lines.left_out += 1,
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
