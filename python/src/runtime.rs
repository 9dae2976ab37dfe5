//! Runs a future for a Python caller: without releasing the GIL if it is ready at once, and with an
//! eye on signals if it is not.

use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use pyo3::prelude::*;
use tokio::runtime::Runtime;

use crate::log;

/// How long a future runs until signals are looked at: the longest that Ctrl-C waits.
const TICK: Duration = Duration::from_millis(100);

/// Runs a future to its end.
///
/// The first poll is under the GIL, which is all that a lookup takes if the store has the record
/// cached. After that the GIL is released, and taken again every [`TICK`] to run the handlers of
/// signals.
///
/// # Errors
///
/// What a signal's handler raised, for example `KeyboardInterrupt`. The future is dropped then. One that
/// has ended is never lost by that.
pub(crate) fn run<F>(py: Python<'_>, runtime: &Runtime, future: F) -> PyResult<F::Output>
where
    F: Future + Send,
    F::Output: Send,
{
    let mut future = pin!(future);
    if let Some(output) = at_once(py, runtime, future.as_mut()) {
        return Ok(output);
    }
    loop {
        let tick = crate::exit::detach(py, || {
            runtime.block_on(async { tokio::time::timeout(TICK, future.as_mut()).await.ok() })
        });
        if let Some(output) = tick {
            log::flush_at_end(py);
            return Ok(output);
        }
        log::flush(py)?;
        py.check_signals()?;
    }
}

/// Polls a future once, under the GIL, and returns its output if it is ready.
pub(crate) fn at_once<F: Future>(
    py: Python<'_>,
    runtime: &Runtime,
    future: Pin<&mut F>,
) -> Option<F::Output> {
    let polled = {
        let _context = runtime.enter();
        future.poll(&mut Context::from_waker(Waker::noop()))
    };
    match polled {
        Poll::Ready(output) => {
            log::flush_at_end(py);
            Some(output)
        }
        Poll::Pending => None,
    }
}
