//! Secrets that something other than this store wrote: documents that it reads and keeps, and
//! secrets that it reports and leaves alone.

mod documents;
mod foreign;
