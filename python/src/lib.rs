//! The native module `zoho_token_store._native`: the Rust store, for the Python classes around it.
//!
//! `store` and `provider` are the classes that Python calls. They share `engines`, which has an `engine` for
//! each process; futures run on it with `runtime`. `token`, `access_token`, `error` and `report` convert,
//! `log` passes the store's warnings on, `counts` counts, `fork` tells processes apart, `under_way` has what must
//! be done before the end of the interpreter, and `exit` is for that end.

mod access_token;
mod counts;
mod engine;
mod engines;
mod error;
mod exit;
mod fork;
mod log;
mod provider;
mod provider_settings;
mod report;
mod returned;
mod runtime;
mod store;
mod token;
mod under_way;

use pyo3::prelude::*;

/// The native half of the package `zoho_token_store`. Its Python half is the public API.
// Builds of Python without the GIL are not supported: what `runtime` does after a fork relies on it.
#[pymodule(gil_used = true)]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    log::install();
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_function(wrap_pyfunction!(exit::begin_exit, module)?)?;
    module.add_function(wrap_pyfunction!(under_way::settle_all, module)?)?;
    module.add_function(wrap_pyfunction!(fork::after_fork, module)?)?;
    module.add_class::<store::Store>()?;
    module.add_class::<provider::Provider>()?;
    module.add_class::<access_token::AccessToken>()?;
    module.add_class::<report::Report>()?;
    module.add_class::<report::Check>()
}
