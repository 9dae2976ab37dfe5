//! The store's warnings, for Python's `logging`.
//!
//! A thread keeps the events that the store reports while it runs a future, and passes them to Python
//! when it holds the GIL again. Logging at once would need the GIL while the store may hold a lock for
//! which another thread waits that has the GIL.

use std::cell::RefCell;
use std::fmt::{Debug, Write};

use pyo3::exceptions::{PyException, PyKeyboardInterrupt};
use pyo3::prelude::*;
use pyo3::types::PyModule;
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
/// What a signal's handler raised, before or meanwhile, for example `KeyboardInterrupt`. An exception of
/// the program's logging, such as that of a filter, does not end an operation of the store: Python
/// reports it.
pub(crate) fn flush(py: Python<'_>) -> PyResult<()> {
    if LINES.with_borrow(|lines| lines.kept.is_empty()) {
        return Ok(());
    }
    // Here and not while a line is logged: the module `logging` hides what is raised in its handlers.
    let raised = py.check_signals();
    match (raised, log_all(py, LINES.take())) {
        (Err(raised), Err(later)) => {
            later.write_unraisable(py, None);
            Err(raised)
        }
        (raised, logged) => raised.and(logged),
    }
}

/// The same where there is a result, which must not be lost: what a signal's handler raised is raised
/// in the main thread after the result is returned.
pub(crate) fn flush_at_end(py: Python<'_>) {
    if let Err(raised) = flush(py)
        && raise_next(py, &raised).is_err()
    {
        raised.write_unraisable(py, None);
    }
}

/// Makes the main thread raise this before it runs any other code of Python: as a handler of SIGINT,
/// because that is how an exception gets there. Code of this module must not run Python code after it.
fn raise_next(py: Python<'_>, raised: &PyErr) -> PyResult<()> {
    let thread = py.import("_thread")?;
    // The program's own handler of SIGINT raises this one.
    if !raised.is_instance_of::<PyKeyboardInterrupt>(py) {
        signals(py)?.call_method1("raise_at_interrupt", (raised.value(py),))?;
    }
    thread.call_method0("interrupt_main").map(drop)
}

/// Logs all lines, but none after one during which a signal's handler has raised something.
fn log_all(py: Python<'_>, lines: Lines) -> PyResult<()> {
    let Lines { mut kept, left_out } = lines;
    if left_out > 0 {
        kept.push((WARNING, format!("{left_out} more events are left out")));
    }
    let signals = signals(py)?;
    let handlers = signals.call_method0("handlers")?;
    kept.into_iter().try_for_each(|line| {
        let Err(error) = log(py, line) else {
            return Ok(());
        };
        let is_of_signal = !error.is_instance_of::<PyException>(py)
            || signals
                .call_method1("is_raised_by", (error.traceback(py), &handlers))?
                .extract()?;
        if is_of_signal {
            return Err(error);
        }
        error.write_unraisable(py, None);
        Ok(())
    })
}

/// Returns the Python module that tells exceptions of signals' handlers from others.
fn signals(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    py.import("zoho_token_store._signals")
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
