//! The name of a table in a database.

use crate::failure::Failure;

/// Checks a table's name, which becomes a part of SQL.
pub fn checked(table: &str) -> Result<&str, Failure> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    match !table.is_empty() && table.chars().all(is_plain) {
        true => Ok(table),
        false => Err(Failure::Usage(
            "the table's name may have letters, digits and _ only".to_owned(),
        )),
    }
}
