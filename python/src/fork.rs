//! Whether this is still the process that something belongs to, or a child of it.

use std::sync::atomic::{AtomicU32, Ordering};

use pyo3::prelude::*;

/// How many forks that Python knows of lie between the process that loaded this module and this one.
static FORKS: AtomicU32 = AtomicU32::new(0);

/// A process, compared with the present one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Process {
    /// C code can fork without Python's knowledge, as uWSGI does.
    id: u32,
    /// A grandchild can have the id of a process that has ended.
    forks: u32,
}

impl Process {
    /// Returns this process.
    pub(crate) fn current() -> Self {
        Process {
            id: std::process::id(),
            forks: FORKS.load(Ordering::Relaxed),
        }
    }
}

/// Makes this process another one than its parent. Python calls it in the child of each fork that it makes.
#[pyfunction]
pub(crate) fn after_fork() {
    FORKS.fetch_add(1, Ordering::Relaxed);
    crate::exit::forget_threads();
}
