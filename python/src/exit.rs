//! What threads do while the interpreter ends: those that would take the GIL stay where they are.
//!
//! A daemon thread that asks for the GIL of an interpreter that is ending is ended by Python on the
//! spot, up to version 3.13, and the frames of Rust on its stack are no place for that: the process
//! crashes. So before the end the threads that are on their way to the GIL are let in, and all others
//! stop for good when they have done their work without it.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pyo3::prelude::*;

/// Whether the interpreter has begun to end. No lock, because a fork could find it locked.
static ENDING: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// Whether this is the thread that ends the interpreter.
    static ENDS_IT: Cell<bool> = const { Cell::new(false) };
}

/// How many threads are on their way to the GIL.
static RETURNING: AtomicUsize = AtomicUsize::new(0);

/// Releases the GIL for some work, and takes it again; never returns if the interpreter is ending.
pub(crate) fn detach<T: Send>(py: Python<'_>, work: impl FnOnce() -> T + Send) -> T {
    let output = py.detach(|| {
        let output = work();
        // Counted before the check, so that `begin` either waits for this thread or stops it.
        RETURNING.fetch_add(1, Ordering::SeqCst);
        if ENDING.load(Ordering::SeqCst) && !ENDS_IT.get() {
            RETURNING.fetch_sub(1, Ordering::SeqCst);
            loop {
                thread::park();
            }
        }
        output
    });
    RETURNING.fetch_sub(1, Ordering::SeqCst);
    output
}

/// Stops all threads but this one at the end of their work without the GIL. Called at exit.
#[pyfunction]
pub(crate) fn begin_exit(py: Python<'_>) {
    ENDS_IT.set(true);
    ENDING.store(true, Ordering::SeqCst);
    py.detach(|| {
        let deadline = Instant::now() + Duration::from_secs(1);
        while RETURNING.load(Ordering::SeqCst) > 0 && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
    });
}

/// Forgets the threads of the parent, which do not exist in the child of a fork.
pub(crate) fn forget_threads() {
    RETURNING.store(0, Ordering::SeqCst);
}
