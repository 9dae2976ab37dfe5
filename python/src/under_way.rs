//! The engines with tasks that must not be lost: refreshes and logins, until they are done.
//!
//! A task's caller may be interrupted and its store freed, while Zoho has issued tokens that are not saved
//! yet. So what is here outlives its store, and is waited for at the end of the program.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pyo3::prelude::*;

use crate::engine::Engine;
use crate::runtime::run;

/// How long such tasks are waited for. Zoho is waited for 7 seconds.
const SETTLING: Duration = Duration::from_secs(10);

/// Locked only by threads that hold the GIL, and never while Python code runs.
static ENGINES: Mutex<Vec<Arc<Engine>>> = Mutex::new(Vec::new());

/// Keeps an engine until its tasks are done.
pub(crate) fn keep(engine: &Arc<Engine>) {
    let mut engines = engines();
    if !engines.iter().any(|kept| Arc::ptr_eq(kept, engine)) {
        engines.push(Arc::clone(engine));
    }
}

/// Keeps the engines no longer whose tasks are done, or belong to the parent of a fork.
pub(crate) fn release() {
    let mut engines = engines();
    let (kept, released): (_, Vec<_>) = std::mem::take(&mut *engines)
        .into_iter()
        .partition(|engine| engine.is_of_this_process() && !engine.is_settled());
    *engines = kept;
    // The last owner of an engine closes it.
    drop(engines);
    drop(released);
}

/// Waits for the tasks of this engine.
pub(crate) fn settle(py: Python<'_>, engine: &Engine) -> PyResult<()> {
    if !engine.is_of_this_process() || engine.is_settled() {
        return Ok(());
    }
    run(py, engine.runtime(), engine.settle(SETTLING))
}

/// Waits for the tasks of all engines. Called at exit.
#[pyfunction]
pub(crate) fn settle_all(py: Python<'_>) -> PyResult<()> {
    let kept = engines().clone();
    let settled = kept.iter().try_for_each(|engine| settle(py, engine));
    drop(kept);
    release();
    settled
}

fn engines() -> MutexGuard<'static, Vec<Arc<Engine>>> {
    ENGINES.lock().unwrap_or_else(PoisonError::into_inner)
}
