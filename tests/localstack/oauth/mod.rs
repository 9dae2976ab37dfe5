//! `TokenProvider` on secrets: processes that share a token refresh it once.

mod costs;
mod fleet;
mod processes;
mod zoho;
