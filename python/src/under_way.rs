//! The engines with tasks that must not be lost: refreshes and logins, until they are done.
//!
//! A task's caller may be interrupted and its store freed, while Zoho has issued tokens that are not saved
//! yet. So what is here outlives its store, and is waited for at the end of the program.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use pyo3::prelude::*;

use crate::engine::Engine;
use crate::runtime::run;

/// How long such tasks are waited for, all together. Zoho is waited for 7 seconds.
const SETTLING: Duration = Duration::from_secs(10);

/// How long the tasks of one engine run before it is the next one's turn, and signals are looked at.
const TURN: Duration = Duration::from_millis(50);

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

/// Waits for the tasks of these engines. They take turns, because none of them runs by itself: one that
/// waits for a server in vain takes no time from the others.
pub(crate) fn settle(py: Python<'_>, engines: &[Arc<Engine>]) -> PyResult<()> {
    settle_since(py, engines, Instant::now())
}

fn settle_since(py: Python<'_>, engines: &[Arc<Engine>], begin: Instant) -> PyResult<()> {
    let deadline = begin + SETTLING;
    let is_unsettled = |engine: &&Arc<Engine>| engine.is_of_this_process() && !engine.is_settled();
    while engines.iter().any(|engine| is_unsettled(&engine)) && Instant::now() < deadline {
        for engine in engines.iter().filter(is_unsettled) {
            run(py, engine.runtime(), engine.settle(TURN))?;
            py.check_signals()?;
        }
    }
    Ok(())
}

/// Waits for the tasks of all engines. Called at exit, and twice in some processes of `multiprocessing`: the
/// second call does not begin to wait anew.
#[pyfunction]
pub(crate) fn settle_all(py: Python<'_>) -> PyResult<()> {
    static BEGIN: OnceLock<Instant> = OnceLock::new();
    let kept = engines().clone();
    let settled = settle_since(py, &kept, *BEGIN.get_or_init(Instant::now));
    drop(kept);
    release();
    settled
}

fn engines() -> MutexGuard<'static, Vec<Arc<Engine>>> {
    ENGINES.lock().unwrap_or_else(PoisonError::into_inner)
}
