//! Tokens from elsewhere, and to elsewhere: rows of files and databases.

pub mod channel;
pub mod compare;
pub mod csv_records;
pub mod earlier;
pub mod file_store;
pub mod json_lines;
pub mod location;
pub mod mysql;
pub mod mysql_rows;
pub mod row;
pub mod save;
pub mod source;
pub mod sqlite;
pub mod table_name;
pub mod target;
