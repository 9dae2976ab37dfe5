//! Tokens from elsewhere, and to elsewhere: rows of files and databases.

pub mod file_store;
pub mod json_lines;
pub mod mysql;
pub mod row;
pub mod save;
pub mod source;
pub mod sqlite;
pub mod target;
