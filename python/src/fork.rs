//! Whether this is still the process that something belongs to, or a child of it.

use std::sync::atomic::{AtomicU32, Ordering};

use pyo3::prelude::*;

/// How many forks lie between the process that loaded this module and this one.
static FORKS: AtomicU32 = AtomicU32::new(0);

/// A process, compared with the present one. Its id would tell the same, by a system call for each lookup.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Process(u32);

impl Process {
    /// Returns this process.
    pub(crate) fn current() -> Self {
        Process(FORKS.load(Ordering::Relaxed))
    }
}

/// Makes this process another one than its parent. Python calls it in the child of each fork, also of those
/// that C code makes: `PyOS_AfterFork_Child` is required of it.
#[pyfunction]
pub(crate) fn after_fork() {
    FORKS.fetch_add(1, Ordering::Relaxed);
    crate::exit::forget_threads();
}
