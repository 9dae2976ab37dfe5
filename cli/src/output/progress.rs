//! Progress on standard error, if that is a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A counter on standard error. It disappears when it is dropped.
pub struct Progress(ProgressBar);

impl Progress {
    /// Counts up to a number, or without an end.
    pub fn new(what: &'static str, total: Option<u64>) -> Self {
        let template = match total {
            Some(_) => "{spinner} {msg}: {pos} of {len}, {per_sec}, {eta} left",
            None => "{spinner} {msg}: {pos}",
        };
        Progress::with(what, total, template)
    }

    /// Shows that something is done, of which nothing is counted.
    pub fn uncounted(what: &'static str) -> Self {
        Progress::with(what, None, "{spinner} {msg}")
    }

    fn with(what: &'static str, total: Option<u64>, template: &str) -> Self {
        let bar = match total {
            Some(total) => ProgressBar::new(total),
            None => ProgressBar::new_spinner(),
        };
        // A terminal at 10 Hz; nothing at all if standard error is not a terminal.
        bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(what);
        bar.enable_steady_tick(Duration::from_millis(200));
        Progress(bar)
    }

    pub fn set(&self, number: u64) {
        self.0.set_position(number);
    }

    pub fn add(&self, number: u64) {
        self.0.inc(number);
    }

    /// Prints while the counter is out of the way.
    pub fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        self.0.suspend(print)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
