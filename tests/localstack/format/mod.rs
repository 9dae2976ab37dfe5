//! Secrets that something other than the store wrote: the store reads and keeps documents it
//! understands, and reports all others without changing them.

mod documents;
mod foreign;
