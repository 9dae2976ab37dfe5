//! The built program against LocalStack: what it prints, stores and returns.

mod deleting;
mod describing;
mod exporting;
mod failures;
mod interrupting;
mod large_imports;
mod listing;
mod mysql;
mod profiles;
mod reading;
mod refreshing;
mod support;
mod terminal;
mod transfers;
mod unsaved;
mod zoho;

/// Zoho's accounts server and API, made up.
#[path = "../../../examples/fake_zoho/mod.rs"]
mod fake_zoho;
