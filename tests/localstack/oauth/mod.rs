//! `TokenProvider` on secrets: processes that share a token refresh it once.

mod costs;
mod daily;
mod documented;
mod fleet;
mod processes;
mod zoho;
